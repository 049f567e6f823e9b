/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where lines of the log go. A sink never blocks: what it cannot take at once
 * is lost and counted, and the next line that gets through is preceded by one
 * that says how many were lost.
 */
#ifndef CX_OBSERVE_SINK_H
#define CX_OBSERVE_SINK_H

#include <stdint.h>
#include "observe/line.h"

struct cx_sink_stderr {
	int enabled;
	int fd; /* of our own, does not block; -1: none, stderr itself is written to */
	int is_socket;
	int is_journal; /* systemd's stream: "<severity>" instead of a timestamp */
	uint64_t lost; /* since the last line that got through */
	uint64_t lost_total;
};

struct cx_sink_syslog {
	int enabled;
	int fd; /* -1: not connected */
	char path[108];
	char ident[32];
	uint64_t retry_ms; /* not connected: when to try again */
	uint64_t lost;
	uint64_t lost_total;
};

/* Looks at what stderr is (JOURNAL_STREAM, socket), once more if it was open. */
void cx_sink_stderr_open(struct cx_sink_stderr *s);
/* What comes after it is written to stderr itself. */
void cx_sink_stderr_close(struct cx_sink_stderr *s);
/* How many lines were lost, if it takes lines again. */
void cx_sink_stderr_report(struct cx_sink_stderr *s);
void cx_sink_stderr_write(struct cx_sink_stderr *s, enum cx_log_level level, const struct cx_line *line);
void cx_sink_syslog_open(struct cx_sink_syslog *s, const char *path, const char *ident);
void cx_sink_syslog_report(struct cx_sink_syslog *s, uint64_t now_ms);
void cx_sink_syslog_write(struct cx_sink_syslog *s, enum cx_log_level level, const struct cx_line *line,
			  uint64_t now_ms);
void cx_sink_syslog_close(struct cx_sink_syslog *s);

#endif
