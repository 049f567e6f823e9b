// SPDX-License-Identifier: GPL-2.0-only
/* The timer wheel, see wheel.h. */
#include <string.h>
#include "txn/wheel.h"

#define CX_WHEEL_HORIZON (1ULL << (CX_WHEEL_LEVELS * CX_WHEEL_BITS))

void cx_wheel_init(struct cx_wheel *w, uint64_t now_ms)
{
	memset(w, 0, sizeof(*w));
	w->now_ms = now_ms;
	for (size_t level = 0; level < CX_WHEEL_LEVELS; level++)
		for (size_t slot = 0; slot < CX_WHEEL_SLOTS; slot++) {
			struct cx_timer *head = &w->slots[level][slot];

			head->next = head->prev = head;
		}
}

static unsigned level_of(uint64_t at_ms, uint64_t now_ms)
{
	uint64_t differ = at_ms ^ now_ms;

	return differ ? (63u - (unsigned)__builtin_clzll(differ)) / CX_WHEEL_BITS : 0;
}

static void put(struct cx_wheel *w, struct cx_timer *t)
{
	unsigned level = level_of(t->at_ms, w->now_ms);
	struct cx_timer *head;

	t->level = (uint8_t)level;
	t->slot = t->at_ms >> (level * CX_WHEEL_BITS) & (CX_WHEEL_SLOTS - 1);
	head = &w->slots[level][t->slot];
	t->next = head;
	t->prev = head->prev;
	head->prev->next = t;
	head->prev = t;
	w->used[level] |= 1ULL << t->slot;
}

static void take(struct cx_wheel *w, struct cx_timer *t)
{
	struct cx_timer *head = &w->slots[t->level][t->slot];

	t->prev->next = t->next;
	t->next->prev = t->prev;
	t->next = t->prev = NULL;
	if (head->next == head)
		w->used[t->level] &= ~(1ULL << t->slot);
}

void cx_timer_set(struct cx_wheel *w, struct cx_timer *t, uint64_t at_ms)
{
	uint64_t last = (w->now_ms | (CX_WHEEL_HORIZON - 1)); /* of what the levels can tell apart */

	cx_timer_stop(w, t);
	if (at_ms <= w->now_ms)
		at_ms = w->now_ms + 1;
	if (at_ms > last)
		at_ms = last > w->now_ms ? last : w->now_ms + 1;
	t->at_ms = at_ms;
	put(w, t);
	w->count++;
}

void cx_timer_stop(struct cx_wheel *w, struct cx_timer *t)
{
	if (!cx_timer_is_set(t))
		return;
	take(w, t);
	w->count--;
}

/* The first slot in use: its level, or CX_WHEEL_LEVELS if there is none. */
static unsigned first(const struct cx_wheel *w, unsigned *slot, uint64_t *begins_ms)
{
	for (unsigned level = 0; level < CX_WHEEL_LEVELS; level++) {
		unsigned shift = level * CX_WHEEL_BITS;

		if (!w->used[level])
			continue;
		*slot = (unsigned)__builtin_ctzll(w->used[level]);
		*begins_ms = (w->now_ms >> shift >> CX_WHEEL_BITS << CX_WHEEL_BITS | *slot) << shift;
		return level;
	}
	return CX_WHEEL_LEVELS;
}

uint64_t cx_wheel_next(const struct cx_wheel *w)
{
	uint64_t at_ms = CX_WHEEL_NEVER;
	unsigned slot;

	first(w, &slot, &at_ms);
	return at_ms;
}

/* Moves the timers of a slot whose time has come further down, all of them: one
 * that stayed would be overtaken by those of the levels below. */
static void spread(struct cx_wheel *w, unsigned level, unsigned slot)
{
	struct cx_timer *head = &w->slots[level][slot];

	while (head->next != head) {
		struct cx_timer *t = head->next;

		take(w, t);
		put(w, t);
	}
}

void cx_wheel_advance(struct cx_wheel *w, uint64_t now_ms, void (*fire)(void *ctx, struct cx_timer *t),
		      void *ctx)
{
	uint64_t begins_ms;
	unsigned slot, level;

	while ((level = first(w, &slot, &begins_ms)) < CX_WHEEL_LEVELS && begins_ms <= now_ms) {
		struct cx_timer *t = w->slots[level][slot].next;

		w->now_ms = begins_ms;
		if (level) {
			spread(w, level, slot);
			continue;
		}
		take(w, t);
		w->count--;
		fire(ctx, t);
	}
	if (now_ms > w->now_ms)
		w->now_ms = now_ms;
}
