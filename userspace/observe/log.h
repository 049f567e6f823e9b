/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Structured log: one event a line, "level event key=value ..." on stderr and
 * the same to syslog/journald. Never blocks: a full or dead sink drops lines
 * and counts them.
 *
 *   cx_log(CX_INFO, "element_state", "element", "ms1", "state", "down", "reason", "icmp", NULL);
 *   cx_logf(CX_WARN, "reload_refused", "%s", text);
 */
#ifndef CX_OBSERVE_LOG_H
#define CX_OBSERVE_LOG_H

#include <stddef.h>
#include <stdint.h>

enum cx_log_level { CX_ERROR = 3, CX_WARN = 4, CX_NOTICE = 5, CX_INFO = 6, CX_DEBUG = 7 }; /* syslog severities */

struct cx_log_options {
	enum cx_log_level level;
	int to_stderr;
	int to_syslog; /* the local /dev/log datagram socket */
	const char *ident; /* "cxsipd" */
	const char *syslog_path; /* NULL: /dev/log */
};

/* May be called again to change the options. Before the first call, warnings
 * and errors go to stderr. When stderr is the journal's own socket, nothing is
 * sent to syslog as well: both end in the same journal. Safe from any thread. */
void cx_log_open(const struct cx_log_options *options);
/* Pairs of strings key, value up to a NULL key. Values with blanks are quoted,
 * control bytes and broken UTF-8 are escaped: what came from the wire cannot
 * forge a line. Of one event name at most 20 lines a second are written, then a
 * "suppressed" line tells how many more there were. */
void cx_log(enum cx_log_level level, const char *event, ...) __attribute__((sentinel));
/* One free text as msg="...". */
void cx_logf(enum cx_log_level level, const char *event, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Call it once a second: tells what was suppressed or lost even if nothing else is
 * logged any more. */
void cx_log_tick(void);
/* Lines that a sink could not take since the start. */
uint64_t cx_log_dropped(void);
void cx_log_close(void);

#endif
