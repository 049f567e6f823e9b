/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `groups`, `elements` and the operator's orders about elements. Lists come in
 * pages: "from" is the id to start at, "next" the one to go on with.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "control/command.h"
#include "control/json.h"
#include "control/summary.h"
#include "control/totals.h"
#include "observe/log.h"

json_t *cx_json_nexthop(struct cx_daemon *d, uint32_t id)
{
	const struct cx_nexthop *n;
	char name[IF_NAMESIZE] = "";
	json_t *vlans;

	if (!id || id >= d->world->max_nexthops)
		return json_null();
	n = &d->world->nexthops[id];
	vlans = json_array();
	for (size_t i = 0; vlans && i < n->vlans && i < 2; i++)
		json_array_append_new(vlans, json_integer(n->vlan_tci[i] & 0xfff));
	if (n->ifindex)
		if_indextoname(n->ifindex, name);
	return json_pack("{s:i, s:s, s:i, s:s, s:o, s:o, s:i, s:o, s:o}", "id", (int)id, "state",
			 n->flags & CX_NEXTHOP_LOCAL ? "local"
			 : n->flags & CX_NEXTHOP_OK  ? "resolved"
						     : "unresolved",
			 "ifindex", (int)n->ifindex, "interface", name, "mac", cx_json_mac(n->dst_mac),
			 "source_mac", cx_json_mac(n->src_mac), "mtu", (int)n->mtu, "vlans", vlans,
			 "neighbour", cx_json_address(&n->neighbour));
}

static json_t *health_json(struct cx_daemon *d, uint32_t id)
{
	struct cx_health_view view = {0};

	cx_health_view(d->health, id, &view); /* zeros if it is not judged */
	return json_pack("{s:I, s:i, s:I, s:I, s:I, s:I}", "rtt_us", (json_int_t)view.last_rtt_us,
			 "last_code", view.last_code, "last_answer_ms", (json_int_t)view.last_answer_ms,
			 "probes", (json_int_t)view.probes, "answers", (json_int_t)view.answers, "misses",
			 (json_int_t)view.misses);
}

json_t *cx_json_pause(const struct cx_daemon *d, uint32_t id)
{
	const struct cx_pause *p = &d->world->pauses[id];
	uint64_t now_ms = cx_monotonic_ms(), left_ms = p->until_ms > now_ms ? p->until_ms - now_ms : 0;

	if (now_ms >= p->full_ms)
		return json_null();
	return json_pack("{s:i, s:I, s:I, s:I, s:f}", "status", (int)p->status, "retry_after_s",
			 (json_int_t)p->asked_s, "left_s", (json_int_t)((left_ms + 999) / 1000),
			 "slow_start_left_s", (json_int_t)((p->full_ms - now_ms - left_ms + 999) / 1000),
			 "share", (double)cx_pause_share(p, now_ms) / CX_PAUSE_WHOLE);
}

const char *cx_element_why(struct cx_daemon *d, uint32_t id, char buf[CX_WHY_SIZE])
{
	const struct cx_element *e = &d->world->elements[id];
	const struct cx_config_element *configured = d->tables->element_config[id];
	struct cx_host_view view;
	char text[256];

	if (e->reason != CX_ER_DNS || !configured ||
	    !cx_daemon_host(d, d->tables->group_config[e->group], configured, &view))
		return cx_element_reason_text(e->reason);
	cx_daemon_host_text(d, &view, true, text, sizeof(text));
	snprintf(buf, CX_WHY_SIZE, "dns: %s", text[0] ? text : "none of its servers can be an element: see the log");
	return buf;
}

json_t *cx_json_element(struct cx_daemon *d, uint32_t id)
{
	const struct cx_element *e = &d->world->elements[id];
	const struct cx_config_element *configured = d->tables->element_config[id];
	char reason[CX_WHY_SIZE];
	struct cx_element_stats fast, core;

	cx_totals_element(d, id, &fast, &core);
	return json_pack(
	    "{s:i, s:o, s:o, s:s, s:o, s:i, s:s, s:i, s:i, s:s, s:s, s:I, s:o, s:o, s:I, s:I, s:I, s:f, s:o}",
	    "id", (int)id, "element", cx_json_name(e->name), "group",
	    cx_json_name(d->world->groups[e->group].name), "uri", configured ? configured->uri : "",
	    "address", e->family ? cx_json_address(&e->addr) : json_string(""), "port", (int)e->port, "transport",
	    cx_transport_text(e->transport), "weight", (int)e->weight, "q",
	    configured ? (int)configured->q : 0, "state",
	    cx_element_state_text(e->state), "reason", cx_element_why(d, id, reason), "since_ms",
	    (json_int_t)e->since_ms, "pause", cx_json_pause(d, id), "health", health_json(d, id), "calls",
	    (json_int_t)(fast.calls + core.calls), "requests", (json_int_t)(fast.requests + core.requests),
	    "bytes", (json_int_t)(fast.bytes + core.bytes), "calls_per_s",
	    d->element_rate_mcps ? (double)d->element_rate_mcps[id] / 1000 : 0.0, "nexthop",
	    cx_json_nexthop(d, e->nexthop));
}

void cx_command_elements(struct cx_request *rq)
{
	struct cx_daemon *d = rq->d;
	bool ok = true;
	const char *group_name = cx_arg_string(rq, "group", &ok);
	uint64_t from = cx_arg_number(rq, "from", 0, CX_NONE, &ok);
	uint32_t id, group = CX_NONE;
	json_t *list;

	if (!ok)
		return;
	if (group_name) {
		group = cx_world_find_group(d->world, group_name);
		if (group == CX_NONE) {
			cx_answer_error(rq, "not_found", "`cxctl groups` lists them", "no group \"%s\"",
					group_name);
			return;
		}
	}
	list = json_array();
	for (id = (uint32_t)from; list && id < d->tables->n_elements && json_array_size(list) < CX_PAGE_RICH;
	     id++) {
		const struct cx_element *e = &d->world->elements[id];

		if (e->state != CX_ELEMENT_UNUSED && (!group_name || e->group == group))
			json_array_append_new(list, cx_json_element(d, id));
	}
	cx_answer_data(rq, json_pack("{s:o, s:o}", "elements", list, "next",
				     id < d->tables->n_elements ? json_integer(id) : json_null()));
}

struct group_sum {
	size_t by_state[CX_ELEMENT_STATES];
	size_t unresolved; /* of those that are down: host names without a server */
	uint64_t calls, rate_mcps;
};

static void sum_elements(struct cx_daemon *d, uint32_t from, struct group_sum *sums)
{
	struct cx_element_stats fast, core;

	for (uint32_t id = 0; id < d->tables->n_elements; id++) {
		const struct cx_element *e = &d->world->elements[id];
		struct group_sum *sum;

		if (e->state == CX_ELEMENT_UNUSED || e->state >= CX_ELEMENT_STATES || e->group < from ||
		    e->group - from >= CX_PAGE_RICH)
			continue;
		sum = &sums[e->group - from];
		sum->by_state[e->state]++;
		sum->unresolved += e->state == CX_ELEMENT_DOWN && e->reason == CX_ER_DNS;
		cx_totals_element(d, id, &fast, &core);
		sum->calls += fast.calls + core.calls;
		sum->rate_mcps += d->element_rate_mcps ? d->element_rate_mcps[id] : 0;
	}
}

static json_t *probe_json(const struct cx_config_probe *p)
{
	return json_pack("{s:b, s:i, s:i, s:i, s:i, s:i}", "enabled", p->enabled, "interval_ms",
			 (int)p->interval_ms, "down_interval_ms", (int)p->down_interval_ms, "timeout_ms",
			 (int)p->timeout_ms, "rise", (int)p->rise, "fall", (int)p->fall);
}

static json_t *group_json(struct cx_daemon *d, uint32_t id, const struct group_sum *sum)
{
	const struct cx_group *g = &d->world->groups[id];
	const struct cx_config_group *configured = d->tables->group_config[id];

	return json_pack(
	    "{s:i, s:o, s:s, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:i, s:b, s:I, s:f, s:i, s:o}", "id", (int)id,
	    "group", cx_json_name(g->name), "network",
	    configured ? d->config->networks[configured->network].name : "", "elements", (int)g->elements,
	    "up", (int)sum->by_state[CX_ELEMENT_UP], "down", (int)sum->by_state[CX_ELEMENT_DOWN], "draining",
	    (int)sum->by_state[CX_ELEMENT_DRAINING], "disabled", (int)sum->by_state[CX_ELEMENT_DISABLED],
	    "unresolved", (int)sum->unresolved, "paused", (int)sum->by_state[CX_ELEMENT_PAUSED], "ring_slots", 1 << g->ring_bits, "core",
	    g->flags & CX_GROUP_CORE, "calls", (json_int_t)sum->calls, "calls_per_s",
	    (double)sum->rate_mcps / 1000, "retry_after_s", configured ? (int)configured->retry_after_s : 0,
	    "probe", configured ? probe_json(&configured->probe) : json_null());
}

void cx_command_groups(struct cx_request *rq)
{
	struct group_sum sums[CX_PAGE_RICH] = {0};
	struct cx_daemon *d = rq->d;
	bool ok = true;
	uint64_t from = cx_arg_number(rq, "from", 0, CX_NONE, &ok), end = from + CX_PAGE_RICH;
	json_t *list;

	if (!ok)
		return;
	if (end > d->tables->n_groups)
		end = d->tables->n_groups;
	sum_elements(d, (uint32_t)from, sums);
	list = json_array();
	for (uint64_t id = from; list && id < end; id++)
		if (d->world->groups[id].flags & CX_GROUP_USED)
			json_array_append_new(list, group_json(d, (uint32_t)id, &sums[id - from]));
	cx_answer_data(rq,
		       json_pack("{s:o, s:o}", "groups", list, "next",
				 end < d->tables->n_groups ? json_integer((json_int_t)end) : json_null()));
}

/* The element of that name, or the first of the *n that its host name stands for. */
static uint32_t find_named(struct cx_daemon *d, const char *name, size_t *n)
{
	uint32_t first = cx_world_find_element(d->world, name);

	*n = first != CX_NONE;
	for (uint32_t i = 0; i < d->tables->n_elements; i++) {
		const struct cx_config_element *e = d->tables->element_config[i];

		if (!e || !e->expanded || i == first || strcmp(e->written, name))
			continue;
		first = first == CX_NONE ? i : first;
		++*n;
	}
	return first;
}

static void order(struct cx_request *rq, const char *verb, enum cx_health_order what)
{
	bool ok = true;
	const char *name = cx_arg_string(rq, "element", &ok);
	json_t *element;
	char who[64];
	uint32_t id;
	size_t n;
	int rc;

	if (!ok)
		return;
	if (!name) {
		cx_answer_error(rq, "bad_request", NULL, "argument \"element\" is missing");
		return;
	}
	rc = cx_daemon_order(rq->d, name, what);
	id = find_named(rq->d, name, &n);
	if (rc == -ENOENT || (!rc && id == CX_NONE)) {
		cx_answer_error(rq, "not_found", "`cxctl elements` lists them", "no element \"%s\"", name);
		return;
	}
	if (rc) {
		cx_answer_error(rq, "failed", NULL, "%s %s: %s", verb, name, strerror(-rc));
		return;
	}
	cx_control_who(rq->control, rq->client, who);
	cx_log(CX_NOTICE, "operator", "order", verb, "element", name, "by", who, NULL);
	element = cx_json_element(rq->d, id);
	if (element) {
		json_object_set_new(element, "ordered", cx_json_string(name));
		json_object_set_new(element, "servers", json_integer((json_int_t)n));
	}
	cx_answer_data(rq, element);
}

void cx_command_drain(struct cx_request *rq)
{
	order(rq, "drain", CX_DRAIN);
}

void cx_command_undrain(struct cx_request *rq)
{
	order(rq, "undrain", CX_UNDRAIN);
}

void cx_command_disable(struct cx_request *rq)
{
	order(rq, "disable", CX_DISABLE);
}

void cx_command_enable(struct cx_request *rq)
{
	order(rq, "enable", CX_ENABLE);
}
