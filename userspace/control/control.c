/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket: takes lines from the server, finds the command, sends
 * its answer. Every order that changes something is logged with who gave it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "control/command.h"
#include "control/control.h"
#include "control/frame.h"
#include "control/json.h"
#include "control/server.h"
#include "observe/log.h"

struct cx_control {
	struct cx_daemon *d;
	struct cx_server *server;
};

static const struct {
	const char *name;
	cx_command_fn run;
} commands[] = {
    {"status", cx_command_status},     {"version", cx_command_version}, {"groups", cx_command_groups},
    {"elements", cx_command_elements}, {"routes", cx_command_routes},	{"stats", cx_command_stats},
    {"drain", cx_command_drain},       {"undrain", cx_command_undrain}, {"disable", cx_command_disable},
    {"enable", cx_command_enable},     {"reload", cx_command_reload},	{"explain", cx_command_explain},
    {"fastpath", cx_command_fastpath}, {"workers", cx_command_workers},
    {"transactions", cx_command_transactions}, {"connections", cx_command_connections},
    {"module", cx_command_module},	       {"dns", cx_command_dns},
};

void cx_answer_data(struct cx_request *rq, json_t *data)
{
	if (!data) {
		cx_answer_error(rq, "failed", NULL, "out of memory");
		return;
	}
	json_decref(rq->data);
	rq->data = data;
}

void cx_answer_error(struct cx_request *rq, const char *code, const char *hint, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	json_decref(rq->error);
	rq->error = json_pack("{s:s, s:o}", "code", code, "text", cx_json_text(text, strlen(text)));
	if (rq->error && hint)
		json_object_set_new(rq->error, "hint", cx_json_text(hint, strlen(hint)));
}

void cx_answer_findings(struct cx_request *rq, const struct cx_diag *diag)
{
	if (rq->error)
		json_object_set_new(rq->error, "findings", cx_json_findings(diag));
}

const char *cx_arg_string(struct cx_request *rq, const char *name, bool *ok)
{
	json_t *value = json_object_get(rq->args, name);

	if (!value || json_is_null(value))
		return NULL;
	if (!json_is_string(value)) {
		cx_answer_error(rq, "bad_request", NULL, "argument \"%s\" must be a string", name);
		*ok = false;
		return NULL;
	}
	return json_string_value(value);
}

uint64_t cx_arg_number(struct cx_request *rq, const char *name, uint64_t missing, uint64_t max, bool *ok)
{
	json_t *value = json_object_get(rq->args, name);
	json_int_t number;

	if (!value || json_is_null(value))
		return missing;
	number = json_is_integer(value) ? json_integer_value(value) : -1;
	if (number < 0 || (uint64_t)number > max) {
		cx_answer_error(rq, "bad_request", NULL, "argument \"%s\" must be a number from 0 to %llu",
				name, (unsigned long long)max);
		*ok = false;
		return missing;
	}
	return (uint64_t)number;
}

static void send_answer(struct cx_control *c, uint64_t client, const struct cx_request *rq)
{
	static const char no_memory[] =
	    "{\"v\":1,\"ok\":false,\"error\":{\"code\":\"failed\",\"text\":\"out of memory\"}}";
	json_t *root;
	char *text;

	if (rq->error || !rq->data)
		root = json_pack("{s:i, s:b, s:O?}", "v", CX_CONTROL_VERSION, "ok", 0, "error", rq->error);
	else
		root = json_pack("{s:i, s:b, s:O}", "v", CX_CONTROL_VERSION, "ok", 1, "data", rq->data);
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	if (!text)
		text = strdup(no_memory);
	if (text)
		cx_server_reply(c->server, client, text, strlen(text));
}

void cx_control_answer(struct cx_control *c, uint64_t client, struct cx_request *rq)
{
	send_answer(c, client, rq);
	json_decref(rq->data);
	json_decref(rq->error);
	rq->data = rq->error = NULL;
}

void cx_control_who(struct cx_control *c, uint64_t client, char text[64])
{
	uid_t uid;
	pid_t pid;

	cx_server_peer(c->server, client, &uid, &pid);
	snprintf(text, 64, "uid %d pid %d", (int)uid, (int)pid);
}

static void dispatch(struct cx_request *rq, const char *name)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (!strcmp(commands[i].name, name)) {
			commands[i].run(rq);
			return;
		}
	}
	cx_answer_error(rq, "unknown_command",
			"cxctl and cxsipd may be of different versions: see `cxctl version`",
			"unknown command \"%s\"", name);
}

static void on_line(void *ctx, uint64_t client, const char *line, size_t n)
{
	struct cx_control *c = ctx;
	struct cx_request rq = {.d = c->d, .control = c, .client = client};
	struct cx_envelope e;
	const char *code;
	char text[256];

	if (cx_envelope_parse(line, n, &e, &code, text, sizeof(text))) {
		cx_answer_error(&rq, code, "one JSON object a line: {\"v\":1,\"cmd\":\"status\",\"args\":{}}",
				"%s", text);
	} else {
		rq.args = e.args;
		dispatch(&rq, e.cmd);
	}
	if (!rq.later)
		cx_control_answer(c, client, &rq);
	cx_envelope_free(&e);
}

int cx_control_open(struct cx_daemon *d, struct cx_control **out)
{
	struct cx_server_ops ops = {.on_line = on_line};
	struct cx_control *c;
	char path[256];
	int rc;

	c = calloc(1, sizeof(*c));
	if (!c)
		return -ENOMEM;
	c->d = d;
	ops.ctx = c;
	snprintf(path, sizeof(path), "%s/%s", d->config->runtime_dir, CX_CONTROL_SOCKET);
	rc = cx_server_open(d->loop, path, d->config->control_group, &ops, &c->server);
	if (rc) {
		free(c);
		return rc;
	}
	*out = c;
	return 0;
}

void cx_control_close(struct cx_control *c)
{
	if (!c)
		return;
	cx_command_reload_forget(c);
	cx_server_close(c->server);
	free(c);
}
