/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `explain`: sends one message through the live XDP program (a test run: no
 * frame leaves) and through the daemon's own body of the engine, and tells
 * what each did and why.
 *
 * The daemon runs first, with its memory of recent calls held read-only: so the
 * kernel decides on its own and cannot just repeat the daemon's pick. None of
 * the daemon's counters move; the kernel program counts the packet as any
 * other, and remembers its Call-ID.
 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/addr.h"
#include "control/edits.h"
#include "control/explain_core.h"
#include "control/json.h"
#include "control/probe_frame.h"
#include "control/summary.h"
#include "control/totals.h"
#include "proxy/reply.h"

#define NOTED_ELEMENTS_MAX 10
#define FRAME_MAX (CX_PROBE_MESSAGE_MAX + CX_PROBE_FRAME_HEADERS + 512)

struct explained {
	struct cx_probe probe;
	struct cx_stateless_result core; /* its iov is not valid any more: */
	uint8_t *out;			 /* what the daemon would send, malloc'd */
	size_t out_len;
	int reply;    /* status the daemon would answer, 0: none */
	bool planned; /* it is the proxy core's: */
	struct cx_preview plan;
	struct cx_stateless_result engine; /* what the engine said before the core was asked */
	bool kernel_ran;
	char kernel_error[160];
	int xdp;	/* XDP_* */
	uint8_t *frame; /* behind the program, malloc'd */
	size_t frame_len;
	struct cx_probe_frame seen; /* frame, read */
	bool agree;
	char differs[200]; /* where not */
};

/* ---- the daemon's body ----------------------------------------------------- */

static int forget_flow(void *ctx, uint64_t call, const struct cx_flow *flow)
{
	return 0;
}

/* What the core would send to the first that it asks takes the place of what the
 * stateless engine would. */
static void take_plan(struct explained *x)
{
	const struct cx_preview *v = &x->plan;
	struct cx_stateless_result *r = &x->core;

	r->group = v->group;
	r->slot = v->slot;
	r->in_dialog = v->in_dialog;
	if (!v->n_tries) {
		r->verdict = CX_UP;
		x->reply = v->status;
		return;
	}
	r->verdict = CX_FORWARD;
	r->reason = CX_R_REQUEST;
	r->element = v->tries[0].element;
	r->from_flow = v->remembered != CX_NONE && v->remembered == r->element;
	r->listener = v->tries[0].hop.listener;
	r->to = v->tries[0].hop.addr;
	r->to_port = v->tries[0].hop.port;
	r->nexthop = 0;
	r->record_routed = v->record_routes > 0;
}

static int keep_forwarded(struct explained *x, const void *head, size_t n_head, const void *tail,
			  size_t n_tail)
{
	x->out_len = n_head + n_tail;
	x->out = malloc(x->out_len + 1);
	if (!x->out)
		return -ENOMEM;
	memcpy(x->out, head, n_head);
	if (n_tail)
		memcpy(x->out + n_head, tail, n_tail);
	return 0;
}

static int ask_core(struct cx_daemon *d, struct explained *x)
{
	int rc = cx_explain_ask_core(d, &x->probe, &x->plan);

	if (rc == -EINVAL) /* a response: the engine's word stands */
		return 0;
	if (rc)
		return rc;
	x->planned = true;
	x->engine = x->core;
	take_plan(x);
	return x->plan.n_tries ? keep_forwarded(x, x->plan.sent, x->plan.n_sent, NULL, 0) : 0;
}

static int run_daemon(struct cx_daemon *d, struct explained *x)
{
	int (*put_flow)(void *, uint64_t, const struct cx_flow *) = d->world->mirror.put_flow;
	const struct cx_probe *p = &x->probe;
	uint8_t *copy = malloc(p->n + CX_PROBE_ROOM);
	struct cx_stateless_result *r = &x->core;
	int rc = 0;

	if (!copy)
		return -ENOMEM;
	memcpy(copy, p->message, p->n);
	memset(copy + p->n, 0, CX_PROBE_ROOM);
	d->world->mirror.put_flow = forget_flow;
	cx_stateless_explain(d->stateless, d->world, (uint16_t)p->listener, &p->source, p->source_port, copy,
			     p->n, r);
	d->world->mirror.put_flow = put_flow;
	if (r->verdict == CX_UP)
		x->reply = cx_reply_status(r->reason, p->message, p->n);
	if (cx_explain_is_core(d, p, r))
		rc = ask_core(d, x);
	else if (r->verdict == CX_FORWARD)
		rc = keep_forwarded(x, r->iov[0].iov_base, r->iov[0].iov_len, r->iov[1].iov_base,
				    r->iov[1].iov_len);
	free(copy);
	return rc;
}

/* ---- the kernel's body ----------------------------------------------------- */

static void run_kernel(struct cx_daemon *d, struct explained *x)
{
	const struct cx_listener *l = &d->tables->listeners[x->probe.listener];
	struct cx_probe_frame f = {.source = x->probe.source,
				   .source_port = x->probe.source_port,
				   .destination = l->addr,
				   .destination_port = l->port,
				   .family = l->family,
				   .source_mac = {0x02, 0, 0, 0, 0, 1},
				   .destination_mac = {0x02, 0, 0, 0, 0, 2},
				   .payload = x->probe.message,
				   .payload_len = x->probe.n};
	uint8_t *in;
	size_t n;
	int rc;

	if (!d->fastpath) {
		snprintf(x->kernel_error, sizeof(x->kernel_error), "no XDP program is loaded");
		return;
	}
	if (l->transport != CX_UDP) {
		snprintf(x->kernel_error, sizeof(x->kernel_error), "XDP leaves TCP alone");
		return;
	}
	in = malloc(FRAME_MAX);
	x->frame = malloc(FRAME_MAX);
	n = in && x->frame ? cx_probe_frame_build(&f, in, FRAME_MAX) : 0;
	if (!n) {
		snprintf(x->kernel_error, sizeof(x->kernel_error), "the message does not fit a datagram");
		goto out;
	}
	x->frame_len = FRAME_MAX;
	rc = cx_fastpath_test_run(d->fastpath, in, n, &x->xdp, x->frame, &x->frame_len);
	if (rc)
		snprintf(x->kernel_error, sizeof(x->kernel_error), "the kernel refused the test run: %s%s",
			 strerror(-rc), n > 3000 ? " (a test run takes one page at most)" : "");
	else
		x->kernel_ran = true;
out:
	free(in);
}

static void differ(struct explained *x, const char *text)
{
	x->agree = false;
	snprintf(x->differs, sizeof(x->differs), "%s", text);
}

static void compare_forwarded(struct cx_daemon *d, struct explained *x)
{
	const struct cx_listener *out = &d->tables->listeners[x->core.listener % CX_LISTENERS_MAX];
	size_t n = x->seen.payload_len < x->out_len ? x->seen.payload_len : x->out_len, at = 0;

	while (at < n && x->seen.payload[at] == x->out[at])
		at++;
	if (at < n || x->seen.payload_len != x->out_len) {
		x->agree = false;
		snprintf(x->differs, sizeof(x->differs),
			 "messages differ from byte %zu on (kernel %zu bytes, daemon %zu)", at,
			 x->seen.payload_len, x->out_len);
	} else if (memcmp(&x->seen.destination, &x->core.to, sizeof(x->core.to)) ||
		   x->seen.destination_port != x->core.to_port) {
		differ(x, "they send it to different addresses");
	} else if (memcmp(&x->seen.source, &out->addr, sizeof(out->addr)) ||
		   x->seen.source_port != out->port) {
		differ(x, "they send it from different addresses");
	} else if (!x->seen.checksums_ok) {
		differ(x, "the kernel's result has a wrong checksum");
	}
}

/* The hop that the kernel would take; 0: none resolved. */
static uint32_t nexthop_of(struct cx_daemon *d, const struct explained *x)
{
	const struct cx_reach_entry *reach;

	if (x->core.verdict != CX_FORWARD)
		return 0;
	if (x->core.nexthop && x->core.nexthop < d->world->max_nexthops)
		return x->core.nexthop;
	reach = cx_world_reach(d->world, &x->core.to);
	return reach && reach->nexthop < d->world->max_nexthops ? reach->nexthop : 0;
}

/* The daemon's prediction looks at the message; the size of the packet that
 * would leave is seen here. */
static void consider_mtu(struct cx_daemon *d, struct explained *x)
{
	size_t headers = cx_addr_is_v4(&x->core.to) ? 28 : 48;
	uint32_t nexthop = nexthop_of(d, x);

	if (nexthop && cx_reason_verdict(x->core.fast_reason) == CX_FORWARD &&
	    x->out_len + headers > d->world->nexthops[nexthop].mtu)
		x->core.fast_reason = CX_R_MTU;
}

/* What the daemon says that XDP would do, against what it did. */
static void compare(struct cx_daemon *d, struct explained *x)
{
	enum cx_verdict expected = cx_reason_verdict(x->core.fast_reason);
	bool forwarded = x->xdp == XDP_TX || x->xdp == XDP_REDIRECT;
	enum cx_verdict did = forwarded ? CX_FORWARD : x->xdp == XDP_PASS ? CX_UP : CX_DROP;

	x->agree = true;
	if (cx_probe_frame_parse(x->frame, x->frame_len, &x->seen)) {
		differ(x, "the kernel's result is no IP/UDP frame");
	} else if (did != expected) {
		x->agree = false;
		snprintf(x->differs, sizeof(x->differs),
			 "the daemon expects \"%s\" (%s), the kernel did \"%s\"", cx_verdict_name(expected),
			 cx_reason_name(x->core.fast_reason), cx_verdict_name(did));
	} else if (forwarded) {
		compare_forwarded(d, x);
	} else if (did == CX_UP && (x->seen.payload_len != x->probe.n ||
				    memcmp(x->seen.payload, x->probe.message, x->probe.n))) {
		differ(x, "the kernel passed a message on that it had changed");
	}
}

/* ---- the answer -------------------------------------------------------------- */

static json_t *message_json(const struct explained *x)
{
	const uint8_t *start = x->probe.message;
	size_t n = x->probe.n, call_id_len = 0, line_len, method_len;
	const uint8_t *end = memchr(start, '\n', n);
	const uint8_t *call_id = cx_probe_header(start, n, "Call-ID", "i", &call_id_len), *blank;

	line_len = end ? (size_t)(end - start) : n;
	if (line_len && start[line_len - 1] == '\r')
		line_len--;
	blank = memchr(start, ' ', line_len);
	method_len = blank ? (size_t)(blank - start) : line_len;
	return json_pack("{s:b, s:b, s:i, s:o, s:o, s:o, s:o}", "made_up", x->probe.made_up,
			 "made_up_call_id", x->probe.made_up_call_id, "bytes", (int)n, "start_line",
			 cx_json_text(start, line_len), "method", cx_json_text(start, method_len), "call_id",
			 call_id ? cx_json_text(call_id, call_id_len) : json_null(), "text",
			 cx_json_text(start, n));
}

static json_t *choice_json(struct cx_daemon *d, const struct explained *x)
{
	const struct cx_stateless_result *r = &x->core;
	json_t *route = r->dn ? cx_json_route(d, r->dn) : json_null();
	bool group = r->group < d->tables->n_groups, element = r->element < d->tables->n_elements;

	return json_pack("{s:o, s:o, s:o, s:o, s:b, s:b, s:o}", "route", route, "group",
			 group ? cx_json_name(d->world->groups[r->group].name) : json_null(), "slot",
			 r->slot != CX_NONE ? json_integer(r->slot) : json_null(), "ring_slots",
			 group ? json_integer(1 << d->world->groups[r->group].ring_bits) : json_null(),
			 "from_recent_call", r->from_flow, "in_dialog", r->in_dialog, "element",
			 element ? cx_json_element(d, r->element) : json_null());
}

static json_t *sent_json(struct cx_daemon *d, const struct explained *x)
{
	const struct cx_stateless_result *r = &x->core;

	if (r->verdict != CX_FORWARD)
		return json_null();
	return json_pack(
	    "{s:o, s:o, s:o, s:o, s:i, s:b, s:b, s:o}", "to", cx_json_endpoint(&r->to, r->to_port), "from",
	    cx_explain_listener(d->tables, r->listener), "nexthop", cx_json_nexthop(d, nexthop_of(d, x)),
	    "edits", cx_edits(x->probe.message, x->probe.n, x->out, x->out_len), "routes_popped",
	    (int)r->routes_popped, "record_routed", r->record_routed, "normalised", r->normalised, "text",
	    cx_json_text(x->out, x->out_len));
}

static json_t *verdict_json(enum cx_verdict verdict, enum cx_reason reason)
{
	return json_pack("{s:s, s:s, s:s}", "verdict", cx_verdict_name(verdict), "reason",
			 cx_reason_name(reason), "text", cx_reason_text(reason));
}

static json_t *kernel_json(const struct explained *x)
{
	static const char *const names[] = {"ABORTED", "DROP", "PASS", "TX", "REDIRECT"};

	if (!x->kernel_ran)
		return json_pack("{s:b, s:s}", "ran", 0, "why", x->kernel_error);
	return json_pack("{s:b, s:s, s:b, s:s, s:o, s:i, s:i, s:b}", "ran", 1, "verdict",
			 x->xdp >= 0 && x->xdp <= XDP_REDIRECT ? names[x->xdp] : "unknown", "agrees",
			 x->agree, "differs", x->differs, "mac", cx_json_mac(x->seen.destination_mac), "ttl",
			 (int)x->seen.ttl, "dscp", (int)x->seen.dscp, "checksums_ok", x->seen.checksums_ok);
}

static void note(json_t *notes, const char *text)
{
	json_array_append_new(notes, json_string(text));
}

/* Nobody takes the call: who is in the group, and why not. */
static void note_elements(struct cx_daemon *d, const struct explained *x, json_t *notes)
{
	char why[CX_WHY_SIZE], text[400];
	const uint32_t *ids;
	size_t n;

	if (x->core.reason != CX_R_NO_ELEMENT || x->core.group >= d->tables->n_groups)
		return;
	n = cx_tables_members(d->tables, x->core.group, &ids);
	for (size_t i = 0; i < n && i < NOTED_ELEMENTS_MAX; i++) {
		const struct cx_element *e = &d->world->elements[ids[i]];

		snprintf(text, sizeof(text), "element %.*s is %s: %s", CX_NAME_SIZE, (const char *)e->name,
			 cx_element_state_text(e->state), cx_element_why(d, ids[i], why));
		json_array_append_new(notes, cx_json_string(text));
	}
}

static json_t *notes_json(struct cx_daemon *d, const struct explained *x)
{
	const struct cx_probe *p = &x->probe;
	json_t *notes = json_array();
	bool remembers = x->kernel_ran && !x->planned && x->core.verdict == CX_FORWARD && x->core.request &&
			 !x->core.in_dialog;

	if (!notes)
		return NULL;
	note_elements(d, x, notes);
	if (!p->made_up && remembers)
		note(notes, "the message was taken as it is, its Call-ID too: the kernel now remembers that "
			    "Call-ID's element");
	else if (!p->made_up_call_id && remembers)
		note(notes, "the Call-ID was given: the kernel now remembers its element");
	if (!p->source_given)
		note(notes, "the source was chosen by explain: --source sets it");
	if (p->n + 48 > 1500)
		note(notes,
		     "on an Ethernet link this message comes in IP fragments, which the daemon handles");
	if (x->core.reason == CX_R_BARE_LF)
		note(notes, "a file with Unix line ends? SIP lines end with CR LF (unix2dos converts)");
	return notes;
}

static json_t *answer(struct cx_daemon *d, const struct explained *x)
{
	const struct cx_listener *l = &d->tables->listeners[x->probe.listener];
	const struct cx_source *source = cx_tables_source(d->tables, &x->probe.source);
	bool accepted = source && (source->networks >> l->network & 1);
	bool fast = x->planned	    ? false
		    : x->kernel_ran ? x->xdp == XDP_TX || x->xdp == XDP_REDIRECT
				    : d->fastpath && cx_reason_verdict(x->core.fast_reason) == CX_FORWARD;
	bool ok = x->core.verdict == CX_FORWARD || (x->reply >= 200 && x->reply < 300);

	return json_pack("{s:b, s:o, s:o, s:{s:o, s:b}, s:o, s:o, s:s, s:o, s:o, s:i, s:o, s:o, s:o}", "ok",
			 ok, "message", message_json(x), "arrived",
			 cx_explain_listener(d->tables, x->probe.listener), "source", "address",
			 cx_json_endpoint(&x->probe.source, x->probe.source_port), "accepted", accepted,
			 "choice", choice_json(d, x), "sent", sent_json(d, x), "path", fast ? "fast" : "core",
			 "fast", verdict_json(cx_reason_verdict(x->core.fast_reason), x->core.fast_reason),
			 "core", verdict_json(x->core.verdict, x->core.reason), "reply", x->reply, "kernel",
			 kernel_json(x), "notes", notes_json(d, x), "plan",
			 x->planned ? cx_explain_plan(d, &x->probe, &x->engine, &x->plan) : json_null());
}

void cx_command_explain(struct cx_request *rq)
{
	struct explained x = {0};

	if (cx_probe_from_args(rq, &x.probe))
		goto out;
	if (run_daemon(rq->d, &x)) {
		cx_answer_error(rq, "failed", NULL, "out of memory");
		goto out;
	}
	consider_mtu(rq->d, &x);
	run_kernel(rq->d, &x);
	if (x.kernel_ran)
		compare(rq->d, &x);
	cx_answer_data(rq, answer(rq->d, &x));
out:
	cx_probe_free(&x.probe);
	cx_preview_free(&x.plan);
	free(x.out);
	free(x.frame);
}
