/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reach table of the live world: any destination -> nexthop.
 *
 * Invariant: no IPv6 route speaks for an IPv4 destination. Where one is short
 * enough to cover ::ffff:0:0/96 (::/0 is) and IPv4 has no default route of its
 * own, an unresolved entry of the IPv4 space stops it, in the fast path's trie
 * too.
 */
#include <errno.h>
#include <stdlib.h>
#include "route/live.h"

static int compare(const void *a, const void *b)
{
	const struct cx_reach_entry *x = a, *y = b;

	return cx_lpm_key_compare(&x->key, &y->key);
}

static struct cx_lpm_array array_of(const struct cx_reach_entry *entries, size_t n)
{
	return (struct cx_lpm_array){.entries = entries, .n = n, .stride = sizeof(*entries)};
}

/* Sorts fully, keeps the first of equal keys and adds the stop. `entries` has
 * room for one more. Returns how many there are. */
static size_t normalise(struct cx_reach_entry *entries, size_t n)
{
	bool covered = false;
	size_t i, kept = 0;

	for (i = 0; i < n; i++)
		covered |= cx_lpm_key_covers_v4(&entries[i].key);
	if (covered) {
		entries[n].nexthop = 0;
		cx_lpm_key_any_v4(&entries[n].key);
		for (i = 0; i < n && compare(&entries[i], &entries[n]); i++)
			;
		n += i == n;
	}
	qsort(entries, n, sizeof(*entries), compare);
	for (i = 0; i < n; i++)
		if (!kept || compare(&entries[kept - 1], &entries[i]))
			entries[kept++] = entries[i];
	return kept;
}

static int put(struct cx_world *w, const struct cx_reach_entry *e)
{
	return w->mirror.put_reach ? w->mirror.put_reach(w->mirror.ctx, e) : 0;
}

static int del(struct cx_world *w, const struct cx_reach_entry *e)
{
	return w->mirror.del_reach ? w->mirror.del_reach(w->mirror.ctx, &e->key) : 0;
}

/* One walk along both sorted lists: with `remove` what is only in the old one,
 * without it what is new or leads elsewhere. */
static int tell_difference(struct cx_world *w, const struct cx_reach_entry *old, size_t n_old,
			   const struct cx_reach_entry *new, size_t n_new, bool remove)
{
	size_t i = 0, k = 0;
	int err = 0;

	while (i < n_old || k < n_new) {
		int order = i == n_old ? 1 : k == n_new ? -1 : compare(&old[i], &new[k]);
		int one = 0;

		if (order < 0 && remove)
			one = del(w, &old[i]);
		else if (!remove && (order > 0 || (!order && old[i].nexthop != new[k].nexthop)))
			one = put(w, &new[k]);
		if (one && !err)
			err = one;
		i += order <= 0;
		k += order >= 0;
	}
	return err;
}

int cx_world_set_reach(struct cx_world *w, struct cx_reach_entry *entries, size_t n)
{
	struct cx_reach_entry *old = w->reach, *room = realloc(entries, (n + 1) * sizeof(*entries));
	size_t n_old = w->n_reach;
	struct cx_lpm_array array;
	int err, remove_err;

	if (!room) {
		free(entries);
		return -ENOMEM;
	}
	w->reach = room;
	w->n_reach = normalise(room, n);
	array = array_of(w->reach, w->n_reach);
	cx_lpm_index_build(&w->index->reach, &array);
	/* Add before removing: no destination is without an answer in between. */
	err = tell_difference(w, old, n_old, w->reach, w->n_reach, false);
	remove_err = tell_difference(w, old, n_old, w->reach, w->n_reach, true);
	free(old);
	return err ? err : remove_err;
}

const struct cx_reach_entry *cx_world_reach(const struct cx_world *w, const union cx_addr *addr)
{
	struct cx_lpm_array array = array_of(w->reach, w->n_reach);

	return cx_lpm_find(&w->index->reach, &array, addr->b, 128);
}

bool cx_world_is_elsewhere(const struct cx_world *w, const union cx_addr *addr)
{
	const struct cx_reach_entry *e = cx_world_reach(w, addr);

	return w->n_reach &&
	       (!e || e->nexthop >= w->max_nexthops || !(w->nexthops[e->nexthop].flags & CX_NEXTHOP_LOCAL));
}
