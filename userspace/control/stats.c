/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `stats`: every reason of all bodies, the answers that the daemon gave, and
 * counters by listener; those by element come in pages ("from", "next").
 */
#include <stdio.h>
#include "control/command.h"
#include "control/json.h"
#include "control/summary.h"
#include "control/totals.h"
#include "observe/log.h"

static json_t *count_json(const struct cx_count *count)
{
	return json_pack("{s:I, s:I}", "packets", (json_int_t)count->packets, "bytes",
			 (json_int_t)count->bytes);
}

static json_t *reasons_json(const struct cx_totals *t)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < CX_REASON_COUNT; i++)
		json_array_append_new(
		    list, json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "reason", cx_reason_name(i), "text",
				    cx_reason_text(i), "verdict", cx_verdict_name(cx_reason_verdict(i)),
				    "fast", count_json(&t->fast[i]), "module", count_json(&t->module[i]),
				    "core", count_json(&t->core[i])));
	return list;
}

static json_t *listener_stats_json(const struct cx_listener_stats *s)
{
	return json_pack("{s:I, s:I, s:I, s:I}", "requests", (json_int_t)s->requests, "responses",
			 (json_int_t)s->responses, "up", (json_int_t)s->up, "dropped",
			 (json_int_t)s->dropped);
}

static json_t *listeners_json(struct cx_daemon *d)
{
	struct cx_listener_stats fast, core;
	json_t *list = json_array();

	for (uint32_t id = 0; list && id < CX_LISTENERS_MAX; id++) {
		const struct cx_listener *l = &d->tables->listeners[id];

		if (!d->tables->listener_config[id])
			continue;
		cx_totals_listener(d, id, &fast, &core);
		json_array_append_new(
		    list, json_pack("{s:i, s:o, s:o, s:o, s:o}", "id", (int)id, "network",
				    cx_json_name(l->name), "listener", cx_json_endpoint(&l->addr, l->port),
				    "fast", listener_stats_json(&fast), "core", listener_stats_json(&core)));
	}
	return list;
}

static json_t *element_stats_json(const struct cx_element_stats *s)
{
	return json_pack("{s:I, s:I, s:I}", "calls", (json_int_t)s->calls, "requests",
			 (json_int_t)s->requests, "bytes", (json_int_t)s->bytes);
}

static json_t *elements_json(struct cx_daemon *d, uint32_t from, json_t **next)
{
	struct cx_element_stats fast, core;
	json_t *list = json_array();
	uint32_t id;

	for (id = from; list && id < d->tables->n_elements && json_array_size(list) < CX_PAGE_MAX; id++) {
		const struct cx_element *e = &d->world->elements[id];

		if (e->state == CX_ELEMENT_UNUSED)
			continue;
		cx_totals_element(d, id, &fast, &core);
		json_array_append_new(list, json_pack("{s:i, s:o, s:o, s:o, s:o}", "id", (int)id, "element",
						      cx_json_name(e->name), "group",
						      cx_json_name(d->world->groups[e->group].name), "fast",
						      element_stats_json(&fast), "core",
						      element_stats_json(&core)));
	}
	*next = id < d->tables->n_elements ? json_integer(id) : json_null();
	return list;
}

static json_t *replies_json(const struct cx_daemon *d)
{
	json_t *object = json_object();
	char code[12];

	for (int i = 100; object && i < 700; i++) {
		uint64_t n = cx_totals_replies(d, i);

		if (!n)
			continue;
		snprintf(code, sizeof(code), "%d", i);
		json_object_set_new(object, code, json_integer((json_int_t)n));
	}
	return object;
}

void cx_command_stats(struct cx_request *rq)
{
	json_t *elements, *next;
	struct cx_totals totals;
	bool ok = true;
	uint64_t from = cx_arg_number(rq, "from", 0, CX_NONE, &ok);

	if (!ok)
		return;
	cx_totals_get(rq->d, &totals);
	elements = elements_json(rq->d, (uint32_t)from, &next);
	cx_answer_data(rq, json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "messages",
				     cx_json_messages(&totals), "reasons", reasons_json(&totals), "replies",
				     replies_json(rq->d), "listeners", listeners_json(rq->d), "elements",
				     elements, "log_dropped", (json_int_t)cx_log_dropped(), "next", next));
}
