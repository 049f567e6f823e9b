// SPDX-License-Identifier: GPL-2.0-only
/*
 * `dns`: the host names of elements, what they stand for, until when, and what went
 * wrong; and the order to ask anew.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "control/command.h"
#include "control/json.h"
#include "control/summary.h"
#include "observe/log.h"

/* Of the resolver's clock -> wall clock; 0 stays 0. */
static json_int_t wall(uint64_t ms)
{
	return ms ? (json_int_t)(cx_wall_ms() - cx_monotonic_ms() + ms) : 0;
}

static json_t *targets_json(const struct cx_host_view *view)
{
	json_t *list = json_array();

	for (size_t i = 0; list && i < view->n + view->n_gone; i++) {
		const struct cx_target *t = &view->targets[i];

		json_array_append_new(list, json_pack("{s:o, s:i, s:s, s:i, s:i, s:b, s:b}", "address",
						      cx_json_address(&t->addr), "port", (int)t->port,
						      "transport", cx_transport_text(t->transport),
						      "priority", (int)t->priority, "weight", (int)t->weight,
						      "by_srv", t->by_srv, "gone", t->gone));
	}
	return list;
}

static json_t *name_json(struct cx_daemon *d, const struct cx_config_group *group,
			 const struct cx_config_element *e)
{
	struct cx_host_view view;
	uint64_t now = cx_monotonic_ms();
	const char *state = "not resolved yet";
	char text[512];

	if (!cx_daemon_host(d, group, e, &view))
		return NULL;
	if (view.settled && cx_dns_is_failure(view.status))
		state = view.n ? "stale" : "failed";
	else if (view.settled)
		state = view.n ? view.answered_ms && view.expires_ms >= now ? "good" : "stale" : "none";
	return json_pack("{s:s, s:s, s:s, s:i, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:i, s:o, s:b, s:b}",
			 "name", e->host, "element", e->name, "group", group->name, "asked_port",
			 (int)e->port, "asked_transport",
			 e->said_transport ? cx_transport_text(e->transport) : "", "state", state, "error",
			 cx_json_string(cx_daemon_host_text(d, &view, false, text, sizeof(text))), "ttl_ms",
			 (json_int_t)(view.expires_ms > now ? view.expires_ms - now : 0), "next_ms",
			 (json_int_t)(view.next_ms > now ? view.next_ms - now : 0), "answered_ms",
			 wall(view.answered_ms), "changed_ms", wall(view.changed_ms), "failed_ms",
			 wall(view.failed_ms), "left_out", (int)view.left_out, "targets", targets_json(&view),
			 "asking", view.under_way, "without_naptr", view.without_naptr);
}

static json_t *list(struct cx_daemon *d, uint64_t from, json_t **next)
{
	const struct cx_config *config = d->config->written;
	json_t *names = json_array();
	uint64_t number = 0;

	*next = json_null();
	for (size_t i = 0; names && i < config->n_groups; i++)
		for (size_t k = 0; k < config->groups[i].n_elements; k++, number++) {
			const struct cx_config_element *e = &config->groups[i].elements[k];

			if (number < from || !e->host[0])
				continue;
			if (json_array_size(names) == CX_PAGE_RICH) {
				*next = json_integer((json_int_t)number);
				return names;
			}
			json_array_append_new(names, name_json(d, &config->groups[i], e));
		}
	return names;
}

static void refresh(struct cx_request *rq, const char *name)
{
	char who[64];

	if (cx_daemon_dns_refresh(rq->d, name)) {
		if (name)
			cx_answer_error(rq, "not_found", "`cxctl dns` lists them",
					"no element has the host name \"%s\"", name);
		else
			cx_answer_error(rq, "not_found", NULL, "no element has a host name");
		return;
	}
	cx_control_who(rq->control, rq->client, who);
	cx_log(CX_NOTICE, "operator", "order", "dns refresh", "name", name ? name : "all", "by", who, NULL);
	cx_answer_data(rq, json_pack("{s:b}", "asked", 1));
}

void cx_command_dns(struct cx_request *rq)
{
	bool ok = true;
	const char *order = cx_arg_string(rq, "order", &ok), *name = cx_arg_string(rq, "name", &ok);
	uint64_t from = cx_arg_number(rq, "from", 0, CX_NONE, &ok);
	char servers[256];
	json_t *next, *names;

	if (!ok)
		return;
	if (order && !strcmp(order, "refresh")) {
		refresh(rq, name);
		return;
	}
	if (order) {
		cx_answer_error(rq, "bad_request", NULL, "unknown order \"%s\"", order);
		return;
	}
	names = list(rq->d, from, &next);
	cx_answer_data(rq, json_pack("{s:o, s:s, s:I, s:o}", "names", names, "servers",
				     cx_daemon_dns_servers(rq->d, servers, sizeof(servers)), "changes",
				     (json_int_t)rq->d->name_changes, "next", next));
}
