/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `reload`: the answer comes when the new configuration is in force or has
 * been refused. The client may be gone by then, or the socket closed: what is
 * kept in between is one small struct that outlives both.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "control/command.h"
#include "control/json.h"
#include "observe/log.h"

struct pending {
	struct cx_control *control; /* NULL: closed meanwhile */
	uint64_t client;
};

/* One reload at a time (the daemon answers -EBUSY to a second). */
static struct pending *under_way;

static void answer(struct cx_request *rq, const struct cx_reload_result *result)
{
	if (result->err) {
		cx_answer_error(rq, result->err == -EINVAL ? "invalid" : "failed",
				"nothing was changed: the running configuration stays in force",
				"the new configuration was refused (%zu error%s)", result->diag.errors,
				result->diag.errors == 1 ? "" : "s");
		cx_answer_findings(rq, &result->diag);
		return;
	}
	cx_answer_data(rq, json_pack("{s:i, s:I, s:I, s:I, s:o}", "routes", (int)result->n_routes, "load_ms",
				     (json_int_t)result->load_ms, "compile_ms",
				     (json_int_t)result->compile_ms, "swap_ms", (json_int_t)result->swap_ms,
				     "findings", cx_json_findings(&result->diag)));
}

static void on_done(void *ctx, const struct cx_reload_result *result)
{
	struct pending *p = ctx;
	struct cx_request rq = {0};

	if (under_way == p)
		under_way = NULL;
	if (p->control) {
		answer(&rq, result);
		cx_control_answer(p->control, p->client, &rq);
	}
	free(p);
}

void cx_command_reload(struct cx_request *rq)
{
	struct pending *p = calloc(1, sizeof(*p));
	char who[64];
	int rc;

	if (!p) {
		cx_answer_error(rq, "failed", NULL, "out of memory");
		return;
	}
	p->control = rq->control;
	p->client = rq->client;
	cx_control_who(rq->control, rq->client, who);
	cx_log(CX_NOTICE, "operator", "order", "reload", "by", who, NULL);
	rq->later = true;
	under_way = under_way ? under_way : p;
	rc = cx_daemon_reload(rq->d, on_done, p);
	if (!rc)
		return;
	rq->later = false;
	if (under_way == p)
		under_way = NULL;
	free(p);
	if (rc == -EBUSY)
		cx_answer_error(rq, "busy", "try again when it is done", "a reload is already under way");
	else
		cx_answer_error(rq, "failed", NULL, "the reload could not be started: %s", strerror(-rc));
}

void cx_command_reload_forget(struct cx_control *c)
{
	if (under_way && under_way->control == c)
		under_way->control = NULL;
}
