/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of all bodies. A packet that goes up is counted twice or more, by the
 * kernel as "up" and by the daemon under what became of it: shares
 * are therefore taken of what was forwarded, not of sums of everything.
 */
#include <string.h>
#include "control/totals.h"
#include "fastpath/module.h"

static const struct {
	const char *name, *text;
} reasons[CX_REASON_COUNT] = {
#define CX_X(NAME, label, outcome, words) {#label, words},
    CX_REASONS(CX_X)
#undef CX_X
};

const char *cx_reason_name(enum cx_reason reason)
{
	return reason < CX_REASON_COUNT ? reasons[reason].name : "unknown";
}

const char *cx_reason_text(enum cx_reason reason)
{
	return reason < CX_REASON_COUNT ? reasons[reason].text : "a reason of another version";
}

const char *cx_verdict_name(enum cx_verdict verdict)
{
	static const char *const names[] = {"forward", "up", "drop"};

	return names[verdict <= CX_DROP ? verdict : CX_DROP];
}

/* Adds a worker's counters, bytes of them, which it goes on counting. */
static void sum(void *to, const void *counters, size_t bytes)
{
	uint64_t *out = to;
	const uint64_t *in = counters;

	for (size_t i = 0; i < bytes / sizeof(*in); i++)
		out[i] += __atomic_load_n(&in[i], __ATOMIC_RELAXED);
}

void cx_totals_get(struct cx_daemon *d, struct cx_totals *t)
{
	memset(t->fast, 0, sizeof(t->fast));
	if (d->fastpath && cx_fastpath_stats(d->fastpath, t->fast))
		memset(t->fast, 0, sizeof(t->fast));
	memset(t->core, 0, sizeof(t->core));
	for (unsigned i = 0; i < d->n_workers; i++)
		sum(t->core, d->counters[i]->reasons, sizeof(t->core));
	memset(t->module, 0, sizeof(t->module));
	if (d->module_attached && cx_module_stats(t->module))
		memset(t->module, 0, sizeof(t->module));
}

uint64_t cx_totals_verdict(const struct cx_count counts[CX_REASON_COUNT], enum cx_verdict verdict)
{
	uint64_t packets = 0;

	for (size_t i = 0; i < CX_REASON_COUNT; i++)
		if (cx_reason_verdict(i) == verdict)
			packets += counts[i].packets;
	return packets;
}

json_t *cx_json_messages(const struct cx_totals *t)
{
	uint64_t fast = cx_totals_verdict(t->fast, CX_FORWARD), core = cx_totals_verdict(t->core, CX_FORWARD);
	uint64_t module = cx_totals_verdict(t->module, CX_FORWARD), kernel = fast + module;
	uint64_t handled = cx_totals_verdict(t->core, CX_UP);
	uint64_t dropped = cx_totals_verdict(t->fast, CX_DROP) + cx_totals_verdict(t->module, CX_DROP) +
			   cx_totals_verdict(t->core, CX_DROP);
	json_t *share = kernel + core ? json_real((double)kernel / (double)(kernel + core)) : json_null();

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "forwarded_fast", (json_int_t)fast,
			 "forwarded_module", (json_int_t)module, "forwarded_core", (json_int_t)core, "handled_core", (json_int_t)handled, "dropped",
			 (json_int_t)dropped, "share_fast", share);
}

uint64_t cx_totals_replies(const struct cx_daemon *d, int status)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < d->n_workers; i++)
		sum(&n, &d->counters[i]->replies[status], sizeof(n));
	return n;
}

void cx_totals_listener(struct cx_daemon *d, uint32_t id, struct cx_listener_stats *fast,
			struct cx_listener_stats *core)
{
	memset(fast, 0, sizeof(*fast));
	if (d->fastpath && cx_fastpath_listener_stats(d->fastpath, id, fast))
		memset(fast, 0, sizeof(*fast));
	memset(core, 0, sizeof(*core));
	for (unsigned i = 0; i < d->n_workers; i++)
		sum(core, &d->counters[i]->listeners[id], sizeof(*core));
}

void cx_totals_element(struct cx_daemon *d, uint32_t id, struct cx_element_stats *fast,
		       struct cx_element_stats *core)
{
	memset(fast, 0, sizeof(*fast));
	if (d->fastpath && cx_fastpath_element_stats(d->fastpath, id, fast))
		memset(fast, 0, sizeof(*fast));
	memset(core, 0, sizeof(*core));
	for (unsigned i = 0; i < d->n_workers; i++)
		sum(core, &d->counters[i]->elements[id], sizeof(*core));
}
