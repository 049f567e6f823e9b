/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cxctl: what its commands share. Each command is a function over the words
 * behind its name; main.c holds the table of them.
 *
 * Exit codes: 0 done, or yes; 1 the answer is no, or a fault was found; 2 the
 * command line is wrong, or there is no daemon to ask.
 */
#ifndef CX_CXCTL_CXCTL_H
#define CX_CXCTL_CXCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <jansson.h>

#define CXCTL_OK 0
#define CXCTL_NO 1
#define CXCTL_USAGE 2

#define CXCTL_SOCKET "/run/cxsip/control.sock"
#define CXCTL_PIN_ROOT "/sys/fs/bpf/cxsip"
#define CXCTL_CONFIG "/etc/cxsip/cxsip.cfg"

struct cxctl_command;

struct cxctl {
	const char *socket;
	const char *pin_root;
	bool json;
	const struct cxctl_command *command; /* the one that runs */
};

struct cxctl_command {
	const char *name;
	const char *arguments; /* for the usage line */
	const char *summary;
	const char *help;
	int (*run)(struct cxctl *c, int argc, char **argv); /* argv[0]: first word behind the name */
};

/* ---- the command line */

struct cxctl_option {
	const char *name;    /* "--all" */
	const char **value;  /* takes a value, or */
	bool *flag;	     /* is one */
};
/* Takes options out of argv, wherever they stand, and leaves the other words
 * in order; "--" ends them. options end with a NULL name. The count of words
 * left, or -1 with the error printed. */
int cxctl_options(struct cxctl *c, const struct cxctl_option *options, int argc, char **argv);
/* For a command that takes no other words: 0, or CXCTL_USAGE with the error printed. */
int cxctl_options_only(struct cxctl *c, const struct cxctl_option *options, int argc, char **argv);
/* Prints the text and the command's usage line; returns CXCTL_USAGE. */
int cxctl_usage(const struct cxctl *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "cxctl: text" and, if there is one, the hint; on stderr. */
void cxctl_error(const char *hint, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* A whole number; false: it is none, or above max. */
bool cxctl_number(const char *text, uint64_t max, uint64_t *value);

/* ---- asking the daemon (client.c) */

/* Asks, takes args over (NULL: none). 0 and *data (to be json_decref'd), or
 * the exit code with the error printed. */
int cxctl_ask(struct cxctl *c, const char *cmd, json_t *args, json_t **data);
/* The same, but follows "next" until the whole list is there. */
int cxctl_ask_all(struct cxctl *c, const char *cmd, json_t *args, const char *list, json_t **data);
/* 0 and *data if there is a daemon that answers; -errno, nothing printed. */
int cxctl_try(struct cxctl *c, const char *cmd, json_t *args, json_t **data);
/* With --json prints data, as it is. False: print a table. */
bool cxctl_json(const struct cxctl *c, const json_t *data);
/* Most commands: asks (list: all pages of it; NULL: it has none), prints the data as JSON
 * or by print(). The exit code. */
int cxctl_show(struct cxctl *c, const char *cmd, json_t *args, const char *list,
	       void (*print)(const json_t *data));

/* ---- values out of answers: never NULL, zero where there is nothing */

const char *cxctl_text(const json_t *object, const char *key);
int64_t cxctl_integer(const json_t *object, const char *key);
double cxctl_real(const json_t *object, const char *key);
bool cxctl_bool(const json_t *object, const char *key);
json_t *cxctl_object(const json_t *object, const char *key); /* borrowed; NULL if absent */
/* Of an element or a server of a name: "192.0.2.1:5060", "[2001:db8::1]:5060 tcp"; "-": it has no address. */
#define CXCTL_PLACE 96
const char *cxctl_place(const json_t *server, char text[CXCTL_PLACE]);
/* Why an element is in its state: a pause says what was asked for and what is left. */
#define CXCTL_REASON 128
const char *cxctl_reason(const json_t *element, char text[CXCTL_REASON]);
/* [{file, line, warning, text, hint}] on stderr. */
void cxctl_print_findings(const json_t *findings);

/* ---- commands */

int cxctl_status(struct cxctl *c, int argc, char **argv);
int cxctl_version(struct cxctl *c, int argc, char **argv);
int cxctl_groups(struct cxctl *c, int argc, char **argv);
int cxctl_elements(struct cxctl *c, int argc, char **argv);
int cxctl_order(struct cxctl *c, int argc, char **argv);
int cxctl_routes(struct cxctl *c, int argc, char **argv);
int cxctl_stats(struct cxctl *c, int argc, char **argv);
int cxctl_workers(struct cxctl *c, int argc, char **argv);
int cxctl_transactions(struct cxctl *c, int argc, char **argv);
int cxctl_connections(struct cxctl *c, int argc, char **argv);
int cxctl_reload(struct cxctl *c, int argc, char **argv);
int cxctl_check(struct cxctl *c, int argc, char **argv);
int cxctl_explain(struct cxctl *c, int argc, char **argv);
int cxctl_fastpath(struct cxctl *c, int argc, char **argv);
int cxctl_module(struct cxctl *c, int argc, char **argv);
int cxctl_dns(struct cxctl *c, int argc, char **argv);
int cxctl_doctor(struct cxctl *c, int argc, char **argv);

#endif
