/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rate limit by event name. Fixed windows of a second are enough here: the aim
 * is that a storm of one event neither fills the disk nor hides the others.
 */
#include <stdio.h>
#include <string.h>
#include "observe/limit.h"

static struct cx_limit_event *find(struct cx_limit *limit, const char *event)
{
	struct cx_limit_event *e = NULL;
	uint32_t hash = 2166136261u;

	/* names are literals of ours: no keyed hash needed */
	for (const char *p = event; *p; p++)
		hash = (hash ^ (unsigned char)*p) * 16777619u;
	for (uint32_t i = 0; i < CX_LIMIT_EVENTS - 1; i++) {
		e = &limit->events[(hash + i) % (CX_LIMIT_EVENTS - 1)];
		if (!strncmp(e->name, event, sizeof(e->name) - 1))
			return e;
		if (!e->name[0]) {
			snprintf(e->name, sizeof(e->name), "%s", event);
			return e;
		}
	}
	e = &limit->events[CX_LIMIT_EVENTS - 1];
	snprintf(e->name, sizeof(e->name), "other");
	return e;
}

bool cx_limit_pass(struct cx_limit *limit, const char *event, uint64_t now_ms)
{
	struct cx_limit_event *e = find(limit, event);

	if (now_ms - e->window_ms >= CX_LIMIT_WINDOW_MS) {
		e->window_ms = now_ms;
		e->lines = 0;
	}
	if (e->lines < CX_LIMIT_LINES) {
		e->lines++;
		return true;
	}
	e->suppressed++;
	limit->pending++;
	return false;
}

const struct cx_limit_event *cx_limit_report(struct cx_limit *limit, uint64_t now_ms, bool all,
					     uint64_t *suppressed)
{
	if (!limit->pending)
		return NULL;
	for (size_t i = 0; i < CX_LIMIT_EVENTS; i++) {
		struct cx_limit_event *e = &limit->events[i];

		if (!e->suppressed || (!all && now_ms - e->window_ms < CX_LIMIT_WINDOW_MS))
			continue;
		*suppressed = e->suppressed;
		limit->pending -= e->suppressed;
		e->suppressed = 0;
		return e;
	}
	return NULL;
}
