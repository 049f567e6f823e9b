// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views of the world, see view.h. What is retired carries the number of the view
 * that was in force then: it may go when a later one is, and every reader that
 * reads reads a later one.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "route/view.h"

struct view {
	struct cx_world world; /* first: what a reader gets */
	uint64_t number;
};

struct retired {
	struct retired *next;
	void (*release)(void *p);
	void *p;
	uint64_t number;
};

/* A cache line of its own: written at every turn of a reader. */
struct reader {
	struct view *reading __attribute__((aligned(64))); /* NULL: none */
};

struct cx_views {
	struct view *current;
	uint64_t number;
	struct retired *first, **last;
	unsigned n_readers;
	struct reader readers[];
};

struct cx_views *cx_views_new(unsigned readers)
{
	size_t n = sizeof(struct cx_views) + readers * sizeof(struct reader);
	struct cx_views *v = aligned_alloc(64, n);

	if (!v)
		return NULL;
	memset(v, 0, n);
	v->n_readers = readers;
	v->last = &v->first;
	return v;
}

static void view_free(void *p)
{
	struct view *view = p;

	free(view->world.groups);
	free(view->world.rings);
	free(view->world.elements);
	free(view->world.pauses);
	free(view);
}

static void *copy(const void *p, size_t n, size_t size)
{
	void *to = calloc(n + 1, size);

	if (to && n)
		memcpy(to, p, n * size);
	return to;
}

static struct view *view_of(const struct cx_world *w)
{
	struct view *view = calloc(1, sizeof(*view));
	struct cx_world *to;

	if (!view)
		return NULL;
	to = &view->world;
	to->config = w->config;
	to->tables = w->tables;
	to->max_groups = w->tables->n_groups;
	to->max_elements = w->tables->n_elements;
	to->groups = copy(w->groups, to->max_groups, sizeof(*to->groups));
	to->rings = copy(w->rings, to->max_groups, sizeof(*to->rings));
	to->elements = copy(w->elements, to->max_elements, sizeof(*to->elements));
	to->pauses = copy(w->pauses, to->max_elements, sizeof(*to->pauses));
	to->key = w->key;
	to->meta = w->meta;
	to->flows = w->flows;
	to->mirror = (struct cx_world_mirror){
	    .get_flow = w->mirror.get_flow, .put_flow = w->mirror.put_flow, .ctx = w->mirror.ctx};
	if (to->groups && to->rings && to->elements && to->pauses)
		return view;
	view_free(view);
	return NULL;
}

/* The lowest number that a reader, now or later, can still see. */
static uint64_t oldest(const struct cx_views *v)
{
	uint64_t number = v->number;

	for (unsigned i = 0; i < v->n_readers; i++) {
		const struct view *view = __atomic_load_n(&v->readers[i].reading, __ATOMIC_SEQ_CST);

		if (view && view->number < number)
			number = view->number;
	}
	return number;
}

bool cx_views_collect(struct cx_views *v)
{
	uint64_t seen = v->first ? oldest(v) : 0;

	while (v->first && v->first->number < seen) {
		struct retired *r = v->first;

		v->first = r->next;
		if (!v->first)
			v->last = &v->first;
		r->release(r->p);
		free(r);
	}
	return !v->first;
}

void cx_views_retire(struct cx_views *v, void (*release)(void *p), void *p)
{
	struct retired *r = malloc(sizeof(*r));

	if (!r)
		return; /* lost, but never freed under a reader */
	*r = (struct retired){.release = release, .p = p, .number = v->number};
	*v->last = r;
	v->last = &r->next;
}

int cx_views_publish(struct cx_views *v, struct cx_world *w)
{
	struct view *view = view_of(w), *old = v->current;

	if (!view)
		return -ENOMEM;
	if (old)
		cx_views_retire(v, view_free, old);
	view->number = ++v->number;
	__atomic_store_n(&v->current, view, __ATOMIC_SEQ_CST);
	w->changed = false;
	cx_views_collect(v);
	return 0;
}

struct cx_world *cx_views_enter(struct cx_views *v, unsigned reader)
{
	struct view **reading = &v->readers[reader].reading, *view;

	/* said, then looked again: whoever frees it has seen the word, or this
	 * sees that it is not the latest any more */
	do {
		view = __atomic_load_n(&v->current, __ATOMIC_SEQ_CST);
		__atomic_store_n(reading, view, __ATOMIC_SEQ_CST);
	} while (view != __atomic_load_n(&v->current, __ATOMIC_SEQ_CST));
	return &view->world;
}

void cx_views_leave(struct cx_views *v, unsigned reader)
{
	__atomic_store_n(&v->readers[reader].reading, NULL, __ATOMIC_SEQ_CST);
}

void cx_views_free(struct cx_views *v)
{
	if (!v)
		return;
	v->number++;
	cx_views_collect(v);
	if (v->current)
		view_free(v->current);
	free(v);
}
