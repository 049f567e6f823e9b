/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `module show|attach|release`: the kernel module as this daemon sees it.
 */
#include <errno.h>
#include <string.h>
#include "control/command.h"
#include "control/json.h"
#include "control/summary.h"
#include "fastpath/module.h"
#include "observe/log.h"

static const char *const mode_names[] = {"off", "path", "auto"};

json_t *cx_json_module(struct cx_daemon *d)
{
	struct cx_module_info info;
	bool loaded = !cx_module_info(&info);

	return json_pack(
	    "{s:b, s:b, s:b, s:s, s:s, s:i, s:i, s:b, s:b, s:s}", "loaded", loaded, "attached",
	    loaded && info.attached, "ours", loaded && d->fastpath && cx_module_is_ours(d->fastpath, &info),
	    "configured", mode_names[d->config->module], "release", info.release, "version",
	    (int)info.version, "abi", (int)info.abi, "kfuncs", (info.capabilities & CX_CAN_KFUNCS) != 0,
	    "kfuncs_used", d->fastpath && cx_fastpath_uses_kfuncs(d->fastpath) &&
			     !cx_fastpath_kfuncs_declined(d->fastpath),
			 "why", d->module_why);
}

static void change(struct cx_request *rq, bool attach)
{
	char who[64];
	int err;

	cx_control_who(rq->control, rq->client, who);
	cx_log(CX_NOTICE, "operator", "order", attach ? "module attach" : "module release", "by", who, NULL);
	err = cx_daemon_module(rq->d, attach);
	if (err == -ENOENT)
		cx_answer_error(rq, "not_found", "`cxctl module load` loads it", "cxsip.ko is not loaded");
	else if (err)
		cx_answer_error(rq, "failed", NULL, "%s",
				rq->d->module_why[0] ? rq->d->module_why : strerror(-err));
	else
		cx_answer_data(rq, cx_json_module(rq->d));
}

void cx_command_module(struct cx_request *rq)
{
	bool ok = true;
	const char *action = cx_arg_string(rq, "action", &ok);

	if (!ok)
		return;
	if (!action || !strcmp(action, "show"))
		cx_answer_data(rq, cx_json_module(rq->d));
	else if (!strcmp(action, "attach"))
		change(rq, true);
	else if (!strcmp(action, "release"))
		change(rq, false);
	else
		cx_answer_error(rq, "bad_request", NULL, "action must be attach, release or show, not \"%s\"",
				action);
}
