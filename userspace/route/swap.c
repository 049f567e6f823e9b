/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From one set of tables to the next, while calls go on.
 *
 * An element that keeps its id and address keeps its state, reason, since
 * and nexthop: it is the same server. One whose address changed is a new one
 * under an old name, for which only the operator's orders still count. "disabled" in
 * the configuration counts when it is new: what the operator enabled since then stays
 * enabled. So does leaving DNS, and coming back.
 *
 * Order for the mirror: elements, rings and groups, then elements that are gone
 * (no DN leads to a group that is gone any more: put_tables() saw to it). The
 * mirror may have written elements and groups from the tables in put_tables()
 * just now, so everything in which the tables differ is told again.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "health/health.h"
#include "route/live.h"

struct swap {
	const struct cx_tables *old, *new;
	struct cx_element *elements; /* what the live ones will be; n = max_elements */
};

static bool same_server(const struct cx_element *a, const struct cx_element *b)
{
	return a->state != CX_ELEMENT_UNUSED && b->state != CX_ELEMENT_UNUSED &&
	       !memcmp(&a->addr, &b->addr, sizeof(a->addr)) &&
	       a->port == b->port && a->family == b->family && a->transport == b->transport;
}

static bool configured_disabled(const struct cx_tables *t, uint32_t id)
{
	return id < t->n_elements && t->element_config[id] && t->element_config[id]->disabled;
}

/* The name is known, the server is not: what the operator said was about the name. */
static void carry_order(struct cx_element *e, const struct cx_element *live)
{
	bool ordered = (live->state == CX_ELEMENT_DRAINING || live->state == CX_ELEMENT_DISABLED) &&
		       live->reason == CX_ER_OPERATOR;

	if (!ordered || memcmp(e->name, live->name, sizeof(e->name)) != 0)
		return;
	e->state = live->state;
	e->reason = live->reason;
	e->since_ms = live->since_ms;
}

static void carry(struct cx_element *e, const struct cx_element *live, bool was_disabled, bool is_disabled)
{
	e->nexthop = live->nexthop;
	if (is_disabled && !was_disabled) {
		e->state = CX_ELEMENT_DISABLED;
		e->reason = CX_ER_CONFIG;
		e->since_ms = live->state == CX_ELEMENT_DISABLED ? live->since_ms : 0;
		return;
	}
	if (was_disabled && !is_disabled && live->state == CX_ELEMENT_DISABLED &&
	    live->reason == CX_ER_CONFIG)
		return; /* up, as the new tables say */
	if ((e->reason == CX_ER_LEFT_DNS) != (live->reason == CX_ER_LEFT_DNS) && live->state != CX_ELEMENT_DISABLED &&
	    live->reason != CX_ER_OPERATOR)
		return; /* draining or up, as the new tables say */
	e->state = live->state;
	e->reason = live->reason;
	e->since_ms = live->since_ms;
}

static uint32_t q_of(const struct cx_tables *t, uint32_t id)
{
	return id < t->n_elements && t->element_config[id] ? t->element_config[id]->q : 0;
}

/* Whether a ring that held one as it was holds the other as it is. */
static bool same_in_ring(const struct swap *s, uint32_t id, const struct cx_element *a, const struct cx_element *b)
{
	bool a_up = a->state == CX_ELEMENT_UP, b_up = b->state == CX_ELEMENT_UP;

	if (a_up != b_up)
		return false;
	return !a_up ||
	       (a->group == b->group && a->weight == b->weight && !memcmp(a->name, b->name, sizeof(a->name)) &&
		q_of(s->old, id) == q_of(s->new, id));
}

static const struct cx_element *table_element(const struct cx_tables *t, uint32_t id)
{
	static const struct cx_element none;

	return id < t->n_elements ? &t->elements[id] : &none;
}

static const struct cx_group *table_group(const struct cx_tables *t, uint32_t id)
{
	static const struct cx_group none;

	return id < t->n_groups ? &t->groups[id] : &none;
}

static void plan_elements(const struct cx_world *w, struct swap *s)
{
	uint32_t id;

	for (id = 0; id < s->new->n_elements; id++) {
		struct cx_element *e = &s->elements[id];

		*e = s->new->elements[id];
		if (same_server(e, &w->elements[id]))
			carry(e, &w->elements[id], configured_disabled(s->old, id),
			      configured_disabled(s->new, id));
		else if (e->state != CX_ELEMENT_UNUSED)
			carry_order(e, &w->elements[id]);
	}
}

static void mark_rings(struct cx_world *w, const struct swap *s)
{
	uint32_t id;

	for (id = 0; id < w->max_elements; id++) {
		const struct cx_element *was = &w->elements[id], *is = &s->elements[id];

		if (was->state == CX_ELEMENT_UNUSED && is->state == CX_ELEMENT_UNUSED)
			continue;
		if (same_in_ring(s, id, was, is))
			continue;
		if (was->state != CX_ELEMENT_UNUSED)
			cx_world_mark_dirty(w, was->group);
		if (is->state != CX_ELEMENT_UNUSED)
			cx_world_mark_dirty(w, is->group);
	}
	for (id = 0; id < s->new->n_groups; id++) {
		const struct cx_group *was = &w->groups[id], *is = &s->new->groups[id];

		if (!(is->flags & CX_GROUP_USED))
			continue;
		if (memcmp(was->name, is->name, sizeof(is->name)) || !(was->flags & CX_GROUP_USED) ||
		    (!(was->flags & CX_GROUP_EMPTY) && was->ring_bits != s->new->index->ring_bits[id]))
			cx_world_mark_dirty(w, id);
	}
}

/* Elements that are there; those that are gone wait until no ring has them. */
static void put_elements(struct cx_world *w, const struct swap *s, bool gone)
{
	uint32_t id;

	for (id = 0; id < w->max_elements; id++) {
		const struct cx_element was = w->elements[id], *is = &s->elements[id];
		bool told = !memcmp(&was, is, sizeof(was)) &&
			    !memcmp(table_element(s->old, id), table_element(s->new, id), sizeof(was));

		if (told || (is->state == CX_ELEMENT_UNUSED) != gone)
			continue;
		if (gone && was.state == CX_ELEMENT_UNUSED)
			continue;
		w->elements[id] = *is;
		cx_mirror_element(w, id);
	}
}

/* Live parts (ring size, who is up) stay until the ring is built anew. */
static void put_groups(struct cx_world *w, const struct swap *s)
{
	uint32_t id;

	for (id = 0; id < s->new->n_groups; id++) {
		struct cx_group was = w->groups[id], *g = &w->groups[id];

		if (!(s->new->groups[id].flags &CX_GROUP_USED))
			continue;
		*g = s->new->groups[id];
		g->flags &= ~(uint32_t)CX_GROUP_EMPTY;
		g->flags |= was.flags & CX_GROUP_USED ? was.flags & CX_GROUP_EMPTY : CX_GROUP_EMPTY;
		g->ring_bits = was.ring_bits;
		g->elements_up = was.elements_up;
		if (!w->index->dirty[id] &&
		    (memcmp(g, &was, sizeof(was)) ||
		     memcmp(table_group(s->old, id), table_group(s->new, id), sizeof(was))))
			cx_mirror_group(w, id);
	}
}

static void remove_groups(struct cx_world *w, const struct swap *s)
{
	uint32_t id;

	for (id = 0; id < w->max_groups; id++) {
		if (!(w->groups[id].flags & CX_GROUP_USED) || table_group(s->new, id)->flags & CX_GROUP_USED)
			continue;
		memset(&w->groups[id], 0, sizeof(w->groups[id]));
		cx_mirror_group(w, id);
		cx_world_drop_ring(w, w->rings[id]);
		w->rings[id] = NULL;
	}
}

static void tell_changes(struct cx_world *w, const struct cx_element *before)
{
	uint32_t id;

	for (id = 0; id < w->max_elements && w->on_element; id++)
		if (same_server(&before[id], &w->elements[id]) && before[id].state != w->elements[id].state)
			w->on_element(w->on_element_ctx, id, before[id].state, before[id].reason);
}

int cx_world_swap(struct cx_world *w, const struct cx_config *config, const struct cx_tables *tables)
{
	struct swap s = {.old = w->tables, .new = tables};
	struct cx_element *before;
	int err = -ENOMEM;

	if (tables->n_groups > w->max_groups || tables->n_elements > w->max_elements)
		return -E2BIG;
	s.elements = calloc(w->max_elements, sizeof(*s.elements));
	before = malloc(w->max_elements * sizeof(*before));
	if (!s.elements || !before)
		goto out;
	memcpy(before, w->elements, w->max_elements * sizeof(*before));
	plan_elements(w, &s);
	w->config = config;
	w->tables = tables;
	w->changed = true;
	mark_rings(w, &s);
	put_elements(w, &s, false);
	remove_groups(w, &s);
	put_groups(w, &s);
	cx_world_flush_rings(w);
	put_elements(w, &s, true);
	tell_changes(w, before);
	err = 0;
out:
	free(s.elements);
	free(before);
	return err;
}
