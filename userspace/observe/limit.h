/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How often one event name may be written: so many lines a second, the rest is
 * counted. Pure: the caller gives the time.
 */
#ifndef CX_OBSERVE_LIMIT_H
#define CX_OBSERVE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#define CX_LIMIT_LINES 20
#define CX_LIMIT_WINDOW_MS 1000
#define CX_LIMIT_EVENTS 128

struct cx_limit_event {
	char name[40]; /* "": free */
	uint64_t window_ms; /* when the running second began */
	uint32_t lines; /* written in it */
	uint64_t suppressed; /* not written since the last report */
};

struct cx_limit {
	struct cx_limit_event events[CX_LIMIT_EVENTS];
	uint64_t pending; /* sum of suppressed */
};

/* True if a line of this event may be written now. When the table is full,
 * further names share its last entry. */
bool cx_limit_pass(struct cx_limit *limit, const char *event, uint64_t now_ms);
/* An event whose second is over with lines suppressed, whose count is thereby
 * taken; NULL: none. all: even if its second is not over. */
const struct cx_limit_event *cx_limit_report(struct cx_limit *limit, uint64_t now_ms, bool all, uint64_t *suppressed);

#endif
