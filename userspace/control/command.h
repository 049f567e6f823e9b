/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a command of the control socket gets and how it answers. A command runs
 * on the daemon's main thread between two events, so it must be short: lists
 * come in pages.
 */
#ifndef CX_CONTROL_COMMAND_H
#define CX_CONTROL_COMMAND_H

#include <stdbool.h>
#include <jansson.h>
#include "base/diag.h"
#include "cxsipd/daemon.h"

#define CX_PAGE_MAX 250 /* entries of a list in one answer */
#define CX_PAGE_RICH 50 /* the same, where an entry has many fields: 2 ms of work a page */

struct cx_control;

struct cx_request {
	struct cx_daemon *d;
	struct cx_control *control;
	uint64_t client;
	json_t *args;
	/* the answer: data or error */
	json_t *data;
	json_t *error;
	bool later; /* cx_control_answer() will be called for this client */
};

typedef void (*cx_command_fn)(struct cx_request *rq);

/* Takes data over; NULL means out of memory. */
void cx_answer_data(struct cx_request *rq, json_t *data);
/* code: bad_request, unknown_command, not_found, busy, invalid, failed. hint
 * may be NULL. */
void cx_answer_error(struct cx_request *rq, const char *code, const char *hint, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* Adds "findings": [{file, line, warning, text, hint}] to the error. */
void cx_answer_findings(struct cx_request *rq, const struct cx_diag *diag);
/* The answer of a request that was put off; the client may have gone. */
void cx_control_answer(struct cx_control *c, uint64_t client, struct cx_request *rq);
/* "uid 0 pid 4711", for the log. */
void cx_control_who(struct cx_control *c, uint64_t client, char text[64]);

/* The string argument, or NULL if it is absent; another type is answered with
 * bad_request and *ok = false. */
const char *cx_arg_string(struct cx_request *rq, const char *name, bool *ok);
/* A whole number from 0 to max, or missing. */
uint64_t cx_arg_number(struct cx_request *rq, const char *name, uint64_t missing, uint64_t max, bool *ok);

void cx_command_status(struct cx_request *rq);
void cx_command_version(struct cx_request *rq);
void cx_command_groups(struct cx_request *rq);
void cx_command_elements(struct cx_request *rq);
void cx_command_routes(struct cx_request *rq);
void cx_command_stats(struct cx_request *rq);
void cx_command_workers(struct cx_request *rq);
void cx_command_transactions(struct cx_request *rq);
void cx_command_connections(struct cx_request *rq);
void cx_command_drain(struct cx_request *rq);
void cx_command_undrain(struct cx_request *rq);
void cx_command_disable(struct cx_request *rq);
void cx_command_enable(struct cx_request *rq);
void cx_command_reload(struct cx_request *rq);
/* The control socket closes: a reload under way has nobody to tell. */
void cx_command_reload_forget(struct cx_control *c);
void cx_command_explain(struct cx_request *rq);
void cx_command_fastpath(struct cx_request *rq);
void cx_command_module(struct cx_request *rq);
void cx_command_dns(struct cx_request *rq);

#endif
