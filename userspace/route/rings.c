/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rings of the live world: built from the elements that are up and have the highest q
 * of these, and brought to the mirror in an order that never lets the fast path look
 * outside a ring.
 *
 * A group's record says how many slots its ring has. So a ring that grows goes
 * first, a ring that shrinks goes last, and a group without a ring says so
 * before anything else.
 */
#include <errno.h>
#include <stdlib.h>
#include "route/live.h"

int cx_mirror_element(struct cx_world *w, uint32_t id)
{
	return w->mirror.put_element ? w->mirror.put_element(w->mirror.ctx, id, &w->elements[id]) : 0;
}

int cx_mirror_group(struct cx_world *w, uint32_t id)
{
	return w->mirror.put_group ? w->mirror.put_group(w->mirror.ctx, id, &w->groups[id]) : 0;
}

static int mirror_ring(struct cx_world *w, uint32_t id)
{
	return w->mirror.put_ring ? w->mirror.put_ring(w->mirror.ctx, id, w->rings[id]) : 0;
}

/* The highest q of the group's elements that are up. */
static uint32_t highest_q(const struct cx_world *w, uint32_t first, uint32_t end)
{
	const uint32_t *members = w->tables->index->members;
	uint32_t q = 0;

	for (uint32_t i = first; i < end; i++)
		if (w->elements[members[i]].state == CX_ELEMENT_UP && w->tables->element_config[members[i]]->q > q)
			q = w->tables->element_config[members[i]]->q;
	return q;
}

/* Builds from the members that take new calls. NULL: none, or -ENOMEM in *err. */
static struct cx_ring *build(const struct cx_world *w, uint32_t group, uint32_t *n_up, int *err)
{
	const struct cx_tables_index *x = w->tables->index;
	uint32_t i, first = x->member_start[group], end = x->member_start[group + 1];
	struct cx_ring_member *members = calloc(end - first + 1, sizeof(*members));
	uint32_t q = highest_q(w, first, end), n = 0;
	struct cx_ring *ring = NULL;

	*n_up = 0;
	*err = -ENOMEM;
	if (!members)
		return NULL;
	for (i = first; i < end; i++) {
		const struct cx_element *e = &w->elements[x->members[i]];

		*n_up += e->state == CX_ELEMENT_UP;
		if (e->state == CX_ELEMENT_UP && w->tables->element_config[x->members[i]]->q == q)
			members[n++] = (struct cx_ring_member){
			    .element = x->members[i], .weight = e->weight, .name = (const char *)e->name};
	}
	ring = cx_ring_build(members, n, x->ring_bits[group]);
	*err = ring ? 0 : -errno;
	free(members);
	return ring;
}

static int rebuild(struct cx_world *w, uint32_t id)
{
	struct cx_group *g = &w->groups[id];
	bool shrinks, had_ring = !(g->flags & CX_GROUP_EMPTY);
	uint16_t old_bits = g->ring_bits;
	uint32_t n_up;
	int err, group_err, ring_err = 0;
	struct cx_ring *ring = build(w, id, &n_up, &err);

	cx_world_drop_ring(w, w->rings[id]);
	w->rings[id] = ring;
	g->elements_up = n_up;
	if (!ring) { /* out of memory, too: the old ring may name elements that are gone */
		g->flags |= CX_GROUP_EMPTY;
		group_err = cx_mirror_group(w, id);
		return err ? err : group_err;
	}
	g->flags &= ~(uint32_t)CX_GROUP_EMPTY;
	g->ring_bits = ring->bits;
	shrinks = had_ring && ring->bits < old_bits;
	if (!shrinks)
		ring_err = mirror_ring(w, id);
	group_err = cx_mirror_group(w, id);
	if (shrinks)
		ring_err = mirror_ring(w, id);
	return ring_err ? ring_err : group_err;
}

void cx_world_drop_ring(struct cx_world *w, struct cx_ring *ring)
{
	w->changed = true;
	if (ring && w->retire)
		w->retire(w->retire_ctx, free, ring);
	else
		free(ring);
}

void cx_world_mark_dirty(struct cx_world *w, uint32_t group)
{
	if (w->index->dirty[group])
		return;
	w->index->dirty[group] = 1;
	w->index->dirty_list[w->index->n_dirty++] = group;
}

int cx_world_flush_rings(struct cx_world *w)
{
	struct cx_world_index *x = w->index;
	int err = 0;
	size_t i;

	for (i = 0; i < x->n_dirty; i++) {
		uint32_t group = x->dirty_list[i];
		int one = 0;

		x->dirty[group] = 0;
		if (w->groups[group].flags & CX_GROUP_USED)
			one = rebuild(w, group);
		if (one && !err)
			err = one;
	}
	x->n_dirty = 0;
	return err;
}

void cx_world_hold(struct cx_world *w)
{
	w->index->held++;
}

int cx_world_release(struct cx_world *w)
{
	if (w->index->held && --w->index->held)
		return 0;
	return cx_world_flush_rings(w);
}
