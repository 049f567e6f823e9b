// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the proxy core would do with a request, told as JSON. Who is asked in which
 * order is the core's own word (proxy/preview.h); here it is only described.
 */
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "control/explain_core.h"
#include "control/json.h"
#include "control/summary.h"
#include "net/owner.h"

static const struct cx_listener *arrival(const struct cx_daemon *d, const struct cx_probe *p)
{
	return &d->tables->listeners[p->listener];
}

bool cx_explain_is_core(const struct cx_daemon *d, const struct cx_probe *p,
			const struct cx_stateless_result *engine)
{
	if (engine->verdict == CX_DROP)
		return false;
	return cx_stateless_for_core(engine) || arrival(d, p)->transport != CX_UDP;
}

static uint32_t worker_of(const struct cx_daemon *d, const struct cx_probe *p)
{
	return cx_owner(&d->world->key.hash, p->message, p->n, d->n_workers);
}

int cx_explain_ask_core(struct cx_daemon *d, const struct cx_probe *p, struct cx_preview *out)
{
	struct cx_hop from = {.addr = p->source,
			      .port = p->source_port,
			      .listener = (uint16_t)p->listener,
			      .transport = arrival(d, p)->transport,
			      .connection = CX_NO_CONNECTION};

	return cx_preview(d->world, worker_of(d, p), &from, p->message, p->n, cx_monotonic_ms(), out);
}

/* ---- why it is the core's ------------------------------------------------------- */

static json_t *why_json(const struct cx_daemon *d, const struct cx_probe *p,
			const struct cx_stateless_result *engine, const struct cx_preview *v)
{
	const struct cx_config_group *group =
	    v->group < d->tables->n_groups ? d->tables->group_config[v->group] : NULL;
	json_t *why = json_array();

	if (arrival(d, p)->transport != CX_UDP)
		json_array_append_new(why, json_string("it came over TCP, and a connection is state"));
	if (engine->dn && engine->dn->value.flags & CX_DN_CORE)
		json_array_append_new(why, json_string("its route says mode = \"core\""));
	if (group && group->core)
		json_array_append_new(why, json_string("its group says mode = \"core\""));
	else if (group && d->world->groups[v->group].flags & CX_GROUP_CORE)
		json_array_append_new(why, json_string("its group has an element over TCP"));
	if (cx_stateless_for_core(engine) && engine->reason != CX_R_CORE_ROUTE)
		json_array_append_new(why, json_string("its Route or Request-URI is not for the engine"));
	return why;
}

/* ---- whom it asks ----------------------------------------------------------------- */

/* What decides about an element: state, pause, q and weight. */
static json_t *brief_json(struct cx_daemon *d, uint32_t id)
{
	const struct cx_element *e = &d->world->elements[id];
	const struct cx_config_element *configured = d->tables->element_config[id];
	char why[CX_WHY_SIZE];

	return json_pack("{s:o, s:s, s:s, s:s, s:i, s:i, s:o}", "element", cx_json_name(e->name), "uri",
			 configured ? configured->uri : "", "state", cx_element_state_text(e->state),
			 "reason", cx_element_why(d, id, why), "q",
			 configured ? (int)configured->q : 0, "weight", (int)e->weight, "pause",
			 cx_json_pause(d, id));
}

static json_t *tries_json(struct cx_daemon *d, const struct cx_preview *v)
{
	json_t *list = json_array();

	for (unsigned i = 0; list && i < v->n_tries; i++) {
		const struct cx_preview_try *t = &v->tries[i];
		json_t *one = t->element < d->tables->n_elements ? brief_json(d, t->element) : json_object();

		json_object_set_new(one, "to", cx_json_endpoint(&t->hop.addr, t->hop.port));
		json_object_set_new(one, "transport", json_string(cx_transport_text(t->hop.transport)));
		json_object_set_new(one, "from", cx_explain_listener(d->tables, t->hop.listener));
		json_object_set_new(one, "try_ms", json_integer(t->try_ms));
		json_array_append_new(list, one);
	}
	return list;
}

static bool is_tried(const struct cx_preview *v, uint32_t element)
{
	for (unsigned i = 0; i < v->n_tries; i++)
		if (v->tries[i].element == element)
			return true;
	return false;
}

/* Of its group, whom it would not ask. */
static json_t *left_out_json(struct cx_daemon *d, const struct cx_preview *v)
{
	const uint32_t *ids;
	size_t n = v->in_dialog || v->stateless ? 0 : cx_tables_members(d->tables, v->group, &ids);
	json_t *list = json_array();

	for (size_t i = 0; list && i < n && json_array_size(list) < CX_PAGE_RICH; i++)
		if (!is_tried(v, ids[i]))
			json_array_append_new(list, brief_json(d, ids[i]));
	return list;
}

static json_t *policy_json(const struct cx_daemon *d, uint32_t group)
{
	static const char *const fork[] = {"off", "serial", "parallel"};
	const struct cx_config_group *g = group < d->tables->n_groups ? d->tables->group_config[group] : NULL;
	json_t *codes;

	if (!g)
		return json_null();
	codes = json_array();
	for (size_t i = 0; codes && i < g->n_failover_codes; i++)
		json_array_append_new(codes, json_integer(g->failover_codes[i]));
	return json_pack("{s:o, s:s, s:b, s:i, s:{s:i, s:i}, s:i, s:i}", "failover_codes", codes, "fork",
			 fork[g->fork % 3], "recurse", g->recurse, "try_timeout_ms", (int)g->try_timeout_ms,
			 "element_retries", "udp", (int)g->retries[CX_UDP], "tcp", (int)g->retries[CX_TCP],
			 "pause_max_s", (int)g->pause_max_s, "slow_start_s", (int)g->slow_start_s);
}

static json_t *timers_json(const struct cx_preview *v)
{
	const struct cx_txn_timers *t = &v->timers;

	if (!v->n_tries || v->stateless)
		return json_null();
	return json_pack("{s:i, s:i, s:i, s:I, s:i}", "t1_ms", (int)t->t1_ms, "t2_ms", (int)t->t2_ms, "t4_ms",
			 (int)t->t4_ms, "b_ms", (json_int_t)t->t1_ms * 64, "c_ms", (int)t->c_ms);
}

/* The side that it leaves by first, as in the message. */
static json_t *record_route_json(const struct cx_daemon *d, const struct cx_probe *p,
				 const struct cx_preview *v)
{
	json_t *list = json_array();

	if (list && v->record_routes)
		json_array_append_new(list, cx_explain_listener(d->tables, v->tries[0].hop.listener));
	if (list && v->record_routes > 1)
		json_array_append_new(list, cx_explain_listener(d->tables, p->listener));
	return list;
}

json_t *cx_explain_listener(const struct cx_tables *t, uint32_t id)
{
	const struct cx_listener *l;

	if (id >= CX_LISTENERS_MAX || !t->listener_config[id])
		return json_null();
	l = &t->listeners[id];
	return json_pack("{s:i, s:o, s:o, s:s, s:s}", "id", (int)id, "network", cx_json_name(l->name),
			 "listener", cx_json_endpoint(&l->addr, l->port), "transport",
			 cx_transport_text(t->listener_config[id]->transport), "table",
			 (const char *)t->table[l->table].name);
}

json_t *cx_explain_plan(struct cx_daemon *d, const struct cx_probe *p,
			const struct cx_stateless_result *engine, const struct cx_preview *v)
{
	json_t *answer =
	    v->status ? json_pack("{s:i, s:i}", "status", v->status, "retry_after_s", (int)v->retry_after_s)
		      : json_null();

	return json_pack("{s:o, s:i, s:o, s:o, s:o, s:o, s:o, s:o}", "why", why_json(d, p, engine, v),
			 "worker", (int)worker_of(d, p), "tries", tries_json(d, v), "left_out",
			 left_out_json(d, v), "policy", policy_json(d, v->stateless ? CX_NONE : v->group),
			 "timers", timers_json(v), "record_route", record_route_json(d, p, v), "answer",
			 answer);
}
