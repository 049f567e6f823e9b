/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hierarchical timer wheel: setting, moving and stopping a timer costs the
 * same however many there are. Time is in ms and only goes forward.
 *
 * Six levels of 64 slots. A timer is on the level of the highest group of six
 * bits in which its time differs from now, in the slot that these bits say; so
 * the first slot in use on the lowest level in use is always the next, and a
 * timer moves down at most five times before it fires, at its very ms. Pure.
 *
 * Timers are embedded in what they wake; a kind says which of its timers it is.
 * Timers of the same ms that were set for the same slot fire in the order in
 * which they were set.
 */
#ifndef CX_TXN_WHEEL_H
#define CX_TXN_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CX_WHEEL_LEVELS 6
#define CX_WHEEL_BITS 6
#define CX_WHEEL_SLOTS (1u << CX_WHEEL_BITS)
#define CX_WHEEL_NEVER UINT64_MAX

struct cx_timer {
	struct cx_timer *next, *prev; /* NULL: not set */
	uint64_t at_ms;
	uint8_t level, slot; /* where it is, while set */
	uint8_t kind;	     /* the owner's */
};

struct cx_wheel {
	uint64_t now_ms;
	uint64_t used[CX_WHEEL_LEVELS];				/* a bit for each slot that has timers */
	struct cx_timer slots[CX_WHEEL_LEVELS][CX_WHEEL_SLOTS]; /* heads of rings */
	size_t count;
};

void cx_wheel_init(struct cx_wheel *w, uint64_t now_ms);
/* Sets or moves. What is due already fires with the next advance that moves time
 * on by at least 1 ms, so that no callback can keep an advance from ending. */
void cx_timer_set(struct cx_wheel *w, struct cx_timer *t, uint64_t at_ms);
void cx_timer_stop(struct cx_wheel *w, struct cx_timer *t); /* not set: nothing happens */
static inline bool cx_timer_is_set(const struct cx_timer *t)
{
	return t->next != NULL;
}

/* Moves time on and calls fire() for each timer that is due, which is stopped
 * by then; fire() may set, stop and free any timer. */
void cx_wheel_advance(struct cx_wheel *w, uint64_t now_ms, void (*fire)(void *ctx, struct cx_timer *t),
		      void *ctx);
/* No timer fires before that time (one may fire later: the slot's beginning is
 * known, not each timer in it). CX_WHEEL_NEVER: none is set. */
uint64_t cx_wheel_next(const struct cx_wheel *w);

#endif
