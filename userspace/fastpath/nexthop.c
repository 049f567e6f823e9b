/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * See nexthop.h. A changed MAC is written over the old one in place: an entry
 * keeps its meaning (this neighbour) for as long as its number is in use.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "fastpath/nexthop.h"

int cx_nexthops_init(struct cx_nexthops *t, size_t max)
{
	memset(t, 0, sizeof(*t));
	t->used = calloc(max, sizeof(*t->used));
	t->max = max;
	return t->used ? 0 : -ENOMEM;
}

void cx_nexthops_free(struct cx_nexthops *t)
{
	struct cx_nexthop_slot *s, *next;

	HASH_ITER(hh, t->slots, s, next)
	{
		HASH_DEL(t->slots, s);
		free(s);
	}
	free(t->used);
	t->used = NULL;
}

void cx_nexthops_begin(struct cx_nexthops *t)
{
	struct cx_nexthop_slot *s, *next;

	HASH_ITER(hh, t->slots, s, next)
	{
		s->wanted = false;
	}
}

/* The same in every run, which is all that is asked of it. */
static uint32_t first_choice(const struct cx_nexthop_key *key, size_t max)
{
	uint64_t h = cx_hash_fnv(CX_HASH_FNV, key, sizeof(*key));

	return (uint32_t)(CX_NEXTHOP_ID_LOCAL + 1 + (h ^ h >> 32) % (max - CX_NEXTHOP_ID_LOCAL - 1));
}

static uint32_t free_id(const struct cx_nexthops *t, const struct cx_nexthop_key *key)
{
	uint32_t id;

	if (t->max < CX_NEXTHOP_ID_LOCAL + 2 || t->n >= t->max - CX_NEXTHOP_ID_LOCAL - 1)
		return 0;
	for (id = first_choice(key, t->max); t->used[id];)
		if (++id == t->max)
			id = CX_NEXTHOP_ID_LOCAL + 1;
	return id;
}

static struct cx_nexthop_slot *find_or_add(struct cx_nexthops *t, const struct cx_nexthop_key *key, uint32_t fixed_id)
{
	struct cx_nexthop_slot *s;
	uint32_t id;

	HASH_FIND(hh, t->slots, key, sizeof(*key), s);
	if (s)
		return s;
	id = fixed_id ? fixed_id : free_id(t, key);
	s = id ? calloc(1, sizeof(*s)) : NULL;
	if (!s)
		return NULL;
	s->key = *key;
	s->id = id;
	t->used[id] = true;
	t->n += !fixed_id;
	HASH_ADD(hh, t->slots, key, sizeof(s->key), s);
	return s;
}

uint32_t cx_nexthops_want(struct cx_nexthops *t, int ifindex, const union cx_addr *neighbour,
			  const struct cx_nexthop *nexthop)
{
	struct cx_nexthop_key key;
	struct cx_nexthop_slot *s;
	uint16_t mtu = nexthop->mtu;

	memset(&key, 0, sizeof(key));
	key.ifindex = ifindex;
	key.neighbour = *neighbour;
	s = find_or_add(t, &key, 0);
	if (!s)
		return 0;
	if (s->wanted && s->nexthop.mtu < mtu)
		mtu = s->nexthop.mtu;
	s->nexthop = *nexthop;
	s->nexthop.mtu = mtu;
	s->wanted = true;
	return s->id;
}

uint32_t cx_nexthops_want_local(struct cx_nexthops *t)
{
	struct cx_nexthop_key key;
	struct cx_nexthop_slot *s;

	memset(&key, 0, sizeof(key));
	s = find_or_add(t, &key, CX_NEXTHOP_ID_LOCAL);
	if (!s)
		return 0;
	s->nexthop = (struct cx_nexthop){.flags = CX_NEXTHOP_LOCAL};
	s->wanted = true;
	return s->id;
}

int cx_nexthops_put(struct cx_nexthops *t, struct cx_world *w)
{
	struct cx_nexthop_slot *s, *next;
	int err = 0, r;

	HASH_ITER(hh, t->slots, s, next)
	{
		if (!s->wanted || memcmp(&w->nexthops[s->id], &s->nexthop, sizeof(s->nexthop)) == 0)
			continue;
		r = cx_world_set_nexthop(w, s->id, &s->nexthop);
		if (r && !err)
			err = r;
	}
	return err;
}

void cx_nexthops_sweep(struct cx_nexthops *t, struct cx_world *w)
{
	static const struct cx_nexthop none;
	struct cx_nexthop_slot *s, *next;

	HASH_ITER(hh, t->slots, s, next)
	{
		if (s->wanted)
			continue;
		cx_world_set_nexthop(w, s->id, &none);
		t->used[s->id] = false;
		t->n -= s->id != CX_NEXTHOP_ID_LOCAL;
		HASH_DEL(t->slots, s);
		free(s);
	}
}
