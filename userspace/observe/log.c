/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The log: one process-wide object, because a log line may be due anywhere and
 * must not need a handle passed down to it. The mutex is held only while a
 * line is formatted and handed to sinks that do not block, so a thread that
 * compiles a configuration cannot hold up the one that serves SIP.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "observe/limit.h"
#include "observe/line.h"
#include "observe/log.h"
#include "observe/sink.h"

static struct {
	pthread_mutex_t lock;
	enum cx_log_level level;
	struct cx_limit limit;
	struct cx_sink_stderr on_stderr;
	struct cx_sink_syslog on_syslog;
} the_log = {
    .lock = PTHREAD_MUTEX_INITIALIZER,
    .level = CX_WARN,
    .on_stderr = {.enabled = 1, .fd = -1},
    .on_syslog = {.fd = -1},
};

/* The rest of this file runs with the lock held, but for the entry points. */

static void emit(enum cx_log_level level, const struct cx_line *line, uint64_t now)
{
	cx_sink_stderr_write(&the_log.on_stderr, level, line);
	cx_sink_syslog_write(&the_log.on_syslog, level, line, now);
}

static void report_suppressed(uint64_t now, bool all)
{
	const struct cx_limit_event *event;
	struct cx_line line;
	uint64_t suppressed;
	char count[24];

	while ((event = cx_limit_report(&the_log.limit, now, all, &suppressed))) {
		snprintf(count, sizeof(count), "%llu", (unsigned long long)suppressed);
		cx_line_begin(&line, CX_WARN, "suppressed");
		cx_line_pair(&line, "event", event->name);
		cx_line_pair(&line, "lines", count);
		emit(CX_WARN, &line, now);
	}
}

static bool admit(enum cx_log_level level, const char *event, uint64_t now)
{
	if (level > the_log.level)
		return false;
	report_suppressed(now, false);
	return cx_limit_pass(&the_log.limit, event, now);
}

void cx_log_open(const struct cx_log_options *options)
{
	pthread_mutex_lock(&the_log.lock);
	cx_sink_syslog_close(&the_log.on_syslog);
	the_log.level = options->level;
	the_log.on_stderr.enabled = options->to_stderr;
	cx_sink_stderr_open(&the_log.on_stderr);
	the_log.on_syslog.enabled =
	    options->to_syslog && !(options->to_stderr && the_log.on_stderr.is_journal);
	cx_sink_syslog_open(&the_log.on_syslog, options->syslog_path ? options->syslog_path : "/dev/log",
			    options->ident ? options->ident : "cxsip");
	pthread_mutex_unlock(&the_log.lock);
}

void cx_log(enum cx_log_level level, const char *event, ...)
{
	const char *key, *value;
	uint64_t now = cx_monotonic_ms();
	struct cx_line line;
	va_list ap;

	pthread_mutex_lock(&the_log.lock);
	if (admit(level, event, now)) {
		cx_line_begin(&line, level, event);
		va_start(ap, event);
		while ((key = va_arg(ap, const char *))) {
			value = va_arg(ap, const char *);
			cx_line_pair(&line, key, value);
		}
		va_end(ap);
		emit(level, &line, now);
	}
	pthread_mutex_unlock(&the_log.lock);
}

void cx_logf(enum cx_log_level level, const char *event, const char *fmt, ...)
{
	uint64_t now = cx_monotonic_ms();
	char text[CX_LINE_SIZE];
	struct cx_line line;
	va_list ap;

	pthread_mutex_lock(&the_log.lock);
	if (admit(level, event, now)) {
		va_start(ap, fmt);
		vsnprintf(text, sizeof(text), fmt, ap);
		va_end(ap);
		cx_line_begin(&line, level, event);
		cx_line_pair(&line, "msg", text);
		emit(level, &line, now);
	}
	pthread_mutex_unlock(&the_log.lock);
}

void cx_log_tick(void)
{
	uint64_t now = cx_monotonic_ms();

	pthread_mutex_lock(&the_log.lock);
	report_suppressed(now, false);
	cx_sink_stderr_report(&the_log.on_stderr);
	cx_sink_syslog_report(&the_log.on_syslog, now);
	pthread_mutex_unlock(&the_log.lock);
}

uint64_t cx_log_dropped(void)
{
	uint64_t dropped;

	pthread_mutex_lock(&the_log.lock);
	dropped = the_log.on_stderr.lost_total + the_log.on_syslog.lost_total;
	pthread_mutex_unlock(&the_log.lock);
	return dropped;
}

void cx_log_close(void)
{
	pthread_mutex_lock(&the_log.lock);
	report_suppressed(cx_monotonic_ms(), true);
	cx_sink_stderr_close(&the_log.on_stderr);
	cx_sink_syslog_close(&the_log.on_syslog);
	pthread_mutex_unlock(&the_log.lock);
}
