/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An indexed binary heap, see due.h.
 *
 * Invariant: heap[position[id]] is id's own entry, for every id that has one.
 */
#include <stdlib.h>
#include "health/due.h"

#define NOWHERE UINT32_MAX

struct entry {
	uint64_t ms;
	uint32_t id;
};

struct cx_due {
	struct entry *heap;
	uint32_t *position;
	uint32_t n;
};

struct cx_due *cx_due_new(size_t ids)
{
	struct cx_due *d = calloc(1, sizeof(*d));
	size_t i;

	if (!d)
		return NULL;
	d->heap = calloc(ids + 1, sizeof(*d->heap));
	d->position = calloc(ids + 1, sizeof(*d->position));
	if (!d->heap || !d->position) {
		cx_due_free(d);
		return NULL;
	}
	for (i = 0; i < ids; i++)
		d->position[i] = NOWHERE;
	return d;
}

void cx_due_free(struct cx_due *d)
{
	if (!d)
		return;
	free(d->heap);
	free(d->position);
	free(d);
}

static void place(struct cx_due *d, uint32_t at, struct entry e)
{
	d->heap[at] = e;
	d->position[e.id] = at;
}

static void settle(struct cx_due *d, uint32_t at, struct entry e)
{
	while (at && d->heap[(at - 1) / 2].ms > e.ms) {
		place(d, at, d->heap[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
	for (;;) {
		uint32_t child = 2 * at + 1;

		if (child + 1 < d->n && d->heap[child + 1].ms < d->heap[child].ms)
			child++;
		if (child >= d->n || d->heap[child].ms >= e.ms)
			break;
		place(d, at, d->heap[child]);
		at = child;
	}
	place(d, at, e);
}

void cx_due_set(struct cx_due *d, uint32_t id, uint64_t ms)
{
	uint32_t at = d->position[id];

	if (ms != CX_DUE_NEVER) {
		settle(d, at == NOWHERE ? d->n++ : at, (struct entry){.ms = ms, .id = id});
		return;
	}
	if (at == NOWHERE)
		return;
	d->position[id] = NOWHERE;
	if (at != --d->n)
		settle(d, at, d->heap[d->n]);
}

uint64_t cx_due_first(const struct cx_due *d, uint32_t *id)
{
	if (!d->n)
		return CX_DUE_NEVER;
	*id = d->heap[0].id;
	return d->heap[0].ms;
}
