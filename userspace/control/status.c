/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `status` and `version`: what this daemon is, whether the kernel does the
 * work, and what somebody should look at.
 */
#include <unistd.h>
#include "base/clock.h"
#include "control/command.h"
#include "control/control.h"
#include "control/json.h"
#include "control/summary.h"
#include "control/totals.h"
#include "observe/log.h"

static json_t *listener_json(struct cx_daemon *d, uint32_t id)
{
	const struct cx_listener *l = &d->tables->listeners[id];

	return json_pack("{s:i, s:o, s:o, s:i, s:s, s:b, s:b, s:b}", "id", (int)id, "network",
			 cx_json_name(l->name), "address", cx_json_address(&l->addr), "port", (int)l->port,
			 "transport", cx_transport_text(d->tables->listener_config[id]->transport),
			 "record_route", (l->flags & CX_LISTENER_RECORD_ROUTE) != 0, "any_source",
			 (l->flags & CX_LISTENER_ANY_SOURCE) != 0, "open", d->listening[id]);
}

static json_t *listeners_json(struct cx_daemon *d)
{
	json_t *list = json_array();

	for (uint32_t id = 0; list && id < CX_LISTENERS_MAX; id++)
		if (d->tables->listener_config[id])
			json_array_append_new(list, listener_json(d, id));
	return list;
}

static json_t *element_states_json(struct cx_daemon *d)
{
	size_t by_state[CX_ELEMENT_STATES] = {0};

	for (uint32_t id = 0; id < d->tables->n_elements; id++)
		if (d->world->elements[id].state < CX_ELEMENT_STATES)
			by_state[d->world->elements[id].state]++;
	return json_pack("{s:i, s:i, s:i, s:i, s:i}", "up", (int)by_state[CX_ELEMENT_UP], "down",
			 (int)by_state[CX_ELEMENT_DOWN], "draining", (int)by_state[CX_ELEMENT_DRAINING],
			 "disabled", (int)by_state[CX_ELEMENT_DISABLED], "paused",
			 (int)by_state[CX_ELEMENT_PAUSED]);
}

static json_t *config_json(struct cx_daemon *d)
{
	return json_pack("{s:o, s:i, s:I, s:i, s:i, s:i, s:i, s:i, s:s, s:s}", "path",
			 cx_json_string(d->config_path), "files", (int)d->config->n_files, "loaded_ms",
			 (json_int_t)d->config_loaded_ms, "networks", (int)d->config->n_networks, "groups",
			 (int)d->config->n_groups, "routes", (int)d->config->n_routes, "routes_exact",
			 (int)d->tables->n_dn, "routes_prefix", (int)d->tables->n_prefix, "pin_root",
			 d->config->pin_root, "runtime_dir", d->config->runtime_dir);
}

static json_t *reach_json(struct cx_daemon *d)
{
	size_t unresolved = 0, entries = d->reach ? cx_reach_count(d->reach, &unresolved) : 0;

	return json_pack("{s:i, s:i}", "entries", (int)entries, "neighbours_unresolved", (int)unresolved);
}

static json_t *reload_json(struct cx_daemon *d)
{
	return json_pack("{s:b, s:I, s:I, s:o}", "running", d->reloading, "done", (json_int_t)d->reloads,
			 "refused", (json_int_t)d->reloads_refused, "last_error",
			 cx_json_string(d->last_reload_error));
}

static void problem(json_t *list, const char *kind, const char *name, const char *text)
{
	json_array_append_new(list, json_pack("{s:s, s:o, s:o}", "kind", kind, "name", cx_json_string(name),
					      "text", cx_json_string(text)));
}

static json_t *problems_json(struct cx_daemon *d)
{
	json_t *list = json_array();
	char endpoint[CX_ENDPOINT_TEXT];

	if (!list)
		return NULL;
	if (d->fastpath_why[0] && d->config->fastpath != CX_FASTPATH_OFF)
		problem(list, "fastpath", "", d->fastpath_why);
	if (d->module_why[0] && d->config->module != CX_MODULE_OFF)
		problem(list, "module", "", d->module_why);
	if (d->last_reload_error[0])
		problem(list, "reload", "", d->last_reload_error);
	for (uint32_t id = 0; id < CX_LISTENERS_MAX; id++) {
		const struct cx_listener *l = &d->tables->listeners[id];

		if (d->tables->listener_config[id] && !d->listening[id])
			problem(list, "listener", (const char *)l->name, "the socket is not open");
		else if (d->tables->listener_config[id] && cx_world_is_elsewhere(d->world, &l->addr))
			problem(list, "address", cx_endpoint_format(&l->addr, l->port, endpoint),
				"this host does not have the listener's address");
	}
	for (uint32_t id = 0; id < d->tables->n_elements && json_array_size(list) < 100; id++) {
		char why[CX_WHY_SIZE];

		if (d->world->elements[id].reason == CX_ER_DNS && d->world->elements[id].state == CX_ELEMENT_DOWN)
			problem(list, "element", (const char *)d->world->elements[id].name,
				cx_element_why(d, id, why));
	}
	for (uint32_t id = 0; id < d->tables->n_groups && json_array_size(list) < 100; id++) {
		const struct cx_group *g = &d->world->groups[id];

		if ((g->flags & CX_GROUP_USED) && !g->elements_up)
			problem(list, "group", (const char *)g->name, "no element takes new calls");
	}
	return list;
}

void cx_command_status(struct cx_request *rq)
{
	struct cx_daemon *d = rq->d;
	uint64_t now = cx_wall_ms();
	struct cx_totals totals;

	cx_totals_get(d, &totals);
	cx_answer_data(
	    rq,
	    json_pack("{s:s, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, s:o}",
		      "version", CX_VERSION, "abi", CX_ABI, "pid", (int)getpid(), "node",
		      (int)d->config->node, "generation", (json_int_t)d->world->meta.generation, "now_ms",
		      (json_int_t)now, "started_ms", (json_int_t)d->started_ms, "uptime_ms",
		      (json_int_t)(now > d->started_ms ? now - d->started_ms : 0), "config", config_json(d),
		      "fastpath", cx_json_fastpath(d), "module", cx_json_module(d), "listeners", listeners_json(d), "elements",
		      element_states_json(d), "messages", cx_json_messages(&totals), "reach", reach_json(d),
		      "reload", reload_json(d), "log_dropped", (json_int_t)cx_log_dropped(), "problems",
		      problems_json(d)));
}

void cx_command_version(struct cx_request *rq)
{
	cx_answer_data(rq, json_pack("{s:s, s:i, s:i, s:i}", "version", CX_VERSION, "abi", CX_ABI, "protocol",
				     CX_CONTROL_VERSION, "pid", (int)getpid()));
}
