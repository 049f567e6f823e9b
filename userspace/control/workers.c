// SPDX-License-Identifier: GPL-2.0-only
/*
 * `workers`, `transactions` and `connections`: what the threads that handle SIP
 * are at. The first reads what they publish; the others ask each worker between
 * two of its events, for a copy.
 */
#include "control/command.h"
#include "control/json.h"
#include "cxsipd/daemon.h"

static json_t *tcp_json(const struct cx_tcp_stats *s)
{
	json_t *object = json_object();

#define CX_X(name, text)                                                                                     \
	if (object)                                                                                          \
		json_object_set_new(object, #name, json_integer((json_int_t)s->name));
	CX_TCP_COUNTERS(CX_X)
#undef CX_X
	return object;
}

static json_t *core_json(const struct cx_proxy_stats *s)
{
	json_t *object = json_object();

#define CX_X(name, text)                                                                                     \
	if (object)                                                                                          \
		json_object_set_new(object, #name, json_integer((json_int_t)s->name));
	CX_PROXY_GAUGES(CX_X)
	CX_PROXY_COUNTERS(CX_X)
#undef CX_X
	return object;
}

static uint64_t sum_of(const struct cx_count *reasons)
{
	uint64_t n = 0;

	for (size_t i = 0; i < CX_REASON_COUNT; i++)
		n += __atomic_load_n(&reasons[i].packets, __ATOMIC_RELAXED);
	return n;
}

static json_t *worker_json(struct cx_daemon *d, unsigned worker)
{
	struct cx_worker_view v;

	cx_daemon_worker(d, worker, &v);
	return json_pack("{s:i, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "worker", (int)worker, "place",
			 v.state.place, "stuck_ms", (json_int_t)v.state.stuck_ms, "stalls",
			 (json_int_t)v.state.stalls, "turns", (json_int_t)v.state.turns, "cpu_us",
			 (json_int_t)v.state.busy_us, "datagrams",
			 (json_int_t)sum_of(d->counters[worker]->reasons), "datagrams_lost",
			 (json_int_t)v.lost, "hand_overs_refused",
			 (json_int_t)v.refused, "tcp", tcp_json(&v.tcp));
}

void cx_command_workers(struct cx_request *rq)
{
	json_t *list = json_array();

	for (unsigned i = 0; list && i < rq->d->n_workers; i++)
		json_array_append_new(list, worker_json(rq->d, i));
	cx_answer_data(rq, json_pack("{s:o, s:b}", "workers", list, "steered", rq->d->steered));
}

void cx_command_transactions(struct cx_request *rq)
{
	json_t *list = json_array();

	for (unsigned i = 0; list && i < rq->d->n_workers; i++) {
		struct cx_proxy_stats s;

		cx_daemon_transactions(rq->d, i, &s);
		json_array_append_new(list, json_pack("{s:i, s:o}", "worker", (int)i, "core", core_json(&s)));
	}
	cx_answer_data(rq, json_pack("{s:o}", "workers", list));
}

static json_t *connection_json(const struct cx_daemon *d, const struct cx_tcp_view *v)
{
	static const char *const states[] = {"connecting", "open", "closing"};
	const struct cx_listener *l = &d->tables->listeners[v->hop.listener];

	return json_pack(
	    "{s:i, s:o, s:o, s:o, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "worker",
	    (int)cx_tcp_worker_of(v->hop.connection), "peer", cx_json_endpoint(&v->hop.addr, v->hop.port),
	    "listener", cx_json_endpoint(&l->addr, l->port), "network", cx_json_name(l->name), "state",
	    states[v->state], "opened_by", v->accepted ? "peer" : "us", "age_ms", (json_int_t)v->age_ms,
	    "idle_ms", (json_int_t)v->idle_ms, "messages_in", (json_int_t)v->messages_in, "messages_out",
	    (json_int_t)v->messages_out, "queued", (json_int_t)v->queued, "partial", (json_int_t)v->partial);
}

/* "from" and "next" name worker and slot: worker << 32 | slot. */
void cx_command_connections(struct cx_request *rq)
{
	struct cx_tcp_view views[CX_PAGE_MAX];
	json_t *list = json_array();
	bool ok = true;
	uint64_t from = cx_arg_number(rq, "from", 0, INT64_MAX, &ok);
	unsigned worker = (unsigned)(from >> 32);
	uint32_t slot = (uint32_t)from;
	size_t n;

	if (!ok) {
		json_decref(list);
		return;
	}
	for (; list && worker < rq->d->n_workers && json_array_size(list) < CX_PAGE_MAX;
	     worker += slot == 0) {
		n = cx_daemon_connections(rq->d, worker, &slot, views, CX_PAGE_MAX - json_array_size(list));
		for (size_t i = 0; i < n; i++)
			json_array_append_new(list, connection_json(rq->d, &views[i]));
		slot = slot == CX_NO_CONNECTION ? 0 : slot;
	}
	cx_answer_data(rq, json_pack("{s:o, s:o}", "connections", list, "next",
				     worker < rq->d->n_workers
					 ? json_integer((json_int_t)((uint64_t)worker << 32 | slot))
					 : json_null()));
}
