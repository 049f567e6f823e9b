/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `fastpath attach|detach|show`: the XDP program under the operator's hand.
 */
#include <errno.h>
#include <string.h>
#include "control/command.h"
#include "control/json.h"
#include "control/summary.h"
#include "observe/log.h"

#define LINKS_MAX 256

static const char *const mode_names[] = {"off", "generic", "native", "auto"};

static json_t *links_json(struct cx_daemon *d, size_t *n_native, size_t *n_links)
{
	struct cx_fastpath_link links[LINKS_MAX];
	json_t *list = json_array();

	*n_native = 0;
	*n_links = d->fastpath ? cx_fastpath_links(d->fastpath, links, LINKS_MAX) : 0;
	for (size_t i = 0; list && i < *n_links; i++) {
		*n_native += !strcmp(links[i].mode, "native");
		json_array_append_new(list, json_pack("{s:s, s:i, s:s}", "interface", links[i].ifname,
						      "ifindex", links[i].ifindex, "mode", links[i].mode));
	}
	return list;
}

static json_t *program_json(struct cx_daemon *d)
{
	struct cx_fastpath_info info;

	if (!d->fastpath || cx_fastpath_get_info(d->fastpath, &info))
		return json_null();
	return json_pack("{s:i, s:s, s:i, s:I, s:I, s:i, s:I}", "id", (int)info.program_id, "tag", info.tag,
			 "verified_instructions", (int)info.verified_insns, "runs",
			 (json_int_t)info.run_count, "run_time_ns", (json_int_t)info.run_time_ns,
			 "dn_entries_max", (int)info.dn_entries_max, "map_memory_bytes",
			 (json_int_t)info.map_memory_bytes);
}

json_t *cx_json_fastpath(struct cx_daemon *d)
{
	size_t n_native, n_links;
	json_t *links = links_json(d, &n_native, &n_links);
	const char *mode = "off";

	if (n_links)
		mode = n_native == n_links ? "native" : n_native ? "mixed" : "generic";
	return json_pack("{s:s, s:s, s:o, s:o, s:o, s:s, s:i}", "mode", mode, "configured",
			 mode_names[d->config->fastpath], "why", cx_json_string(d->fastpath_why),
			 "interfaces", links, "program", program_json(d), "pin_root", d->config->pin_root,
			 "abi", CX_ABI);
}

static void change(struct cx_request *rq, bool attach)
{
	struct cx_diag diag = {0};
	char who[64];
	json_t *data;
	int rc;

	cx_control_who(rq->control, rq->client, who);
	cx_log(CX_NOTICE, "operator", "order", attach ? "fastpath attach" : "fastpath detach", "by", who,
	       NULL);
	rc = cx_daemon_fastpath(rq->d, attach, &diag);
	if (rc) {
		cx_answer_error(rq, rc == -EBUSY ? "busy" : "failed", "`cxctl doctor` looks for the cause",
				"%s: %s", attach ? "not attached" : "not detached", strerror(-rc));
		cx_answer_findings(rq, &diag);
	} else {
		data = cx_json_fastpath(rq->d);
		if (data)
			json_object_set_new(data, "findings", cx_json_findings(&diag));
		cx_answer_data(rq, data);
	}
	cx_diag_clear(&diag);
}

void cx_command_fastpath(struct cx_request *rq)
{
	bool ok = true;
	const char *action = cx_arg_string(rq, "action", &ok);

	if (!ok)
		return;
	if (!action || !strcmp(action, "show"))
		cx_answer_data(rq, cx_json_fastpath(rq->d));
	else if (!strcmp(action, "attach"))
		change(rq, true);
	else if (!strcmp(action, "detach"))
		change(rq, false);
	else
		cx_answer_error(rq, "bad_request", NULL, "action must be attach, detach or show, not \"%s\"",
				action);
}
