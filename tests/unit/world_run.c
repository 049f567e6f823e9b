/* SPDX-License-Identifier: GPL-2.0-only */
#include "world_run.h"

struct mirror mirror;
struct told told;

static void check_group(uint32_t id)
{
	const struct cx_group *g = &mirror.groups[id];
	const struct cx_ring *r = mirror.rings[id];
	uint32_t i;

	if (!(g->flags & CX_GROUP_USED) || g->flags & CX_GROUP_EMPTY)
		return;
	assert_non_null(r);
	assert_true(g->ring_bits <= r->bits);
	for (i = 0; i < 1u << g->ring_bits; i++) {
		assert_true(r->slots[i] < ELEMENTS);
		assert_int_not_equal(mirror.elements[r->slots[i]].state, CX_ELEMENT_UNUSED);
	}
}

static void check_all(void)
{
	uint32_t i;

	for (i = 0; i < GROUPS; i++)
		check_group(i);
}

static int put_element(void *ctx, uint32_t id, const struct cx_element *e)
{
	bool gone = e->state == CX_ELEMENT_UNUSED;

	mirror.elements[id] = *e;
	mirror.n_element++;
	if (gone)
		check_all();
	return mirror.fail;
}

static int put_group(void *ctx, uint32_t id, const struct cx_group *g)
{
	mirror.groups[id] = *g;
	mirror.n_group++;
	check_group(id);
	return mirror.fail;
}

static int put_ring(void *ctx, uint32_t id, const struct cx_ring *r)
{
	size_t bytes = sizeof(*r) + (sizeof(uint32_t) << r->bits);

	free(mirror.rings[id]);
	mirror.rings[id] = malloc(bytes);
	assert_non_null(mirror.rings[id]);
	memcpy(mirror.rings[id], r, bytes);
	mirror.n_ring++;
	check_group(id);
	return mirror.fail;
}

static int put_nexthop(void *ctx, uint32_t id, const struct cx_nexthop *n)
{
	mirror.nexthops[id] = *n;
	return mirror.fail;
}

static size_t reach_at(const struct cx_lpm_key *key)
{
	size_t i;

	for (i = 0; i < mirror.n_reach; i++)
		if (!memcmp(&mirror.reach[i].key, key, sizeof(*key)))
			break;
	return i;
}

static int put_reach(void *ctx, const struct cx_reach_entry *e)
{
	size_t i = reach_at(&e->key);

	mirror.reach[i] = *e;
	mirror.n_reach += i == mirror.n_reach;
	mirror.n_reach_put++;
	return mirror.fail;
}

static int del_reach(void *ctx, const struct cx_lpm_key *key)
{
	size_t i = reach_at(key);

	assert_true(i < mirror.n_reach);
	mirror.reach[i] = mirror.reach[--mirror.n_reach];
	mirror.n_reach_del++;
	return mirror.fail;
}

static int put_key(void *ctx, const struct cx_key *k)
{
	mirror.n_key++;
	return mirror.fail;
}

/* What put_tables() of the fast path does: new groups and elements only. */
static void put_tables(const struct cx_tables *t)
{
	uint32_t id;

	for (id = 0; id < t->n_elements; id++)
		if (mirror.elements[id].state == CX_ELEMENT_UNUSED)
			mirror.elements[id] = t->elements[id];
	for (id = 0; id < t->n_groups; id++)
		if (!(mirror.groups[id].flags & CX_GROUP_USED))
			mirror.groups[id] = t->groups[id];
}

static const struct cx_world_mirror functions = {
    .put_element = put_element,
    .put_group = put_group,
    .put_ring = put_ring,
    .put_nexthop = put_nexthop,
    .put_reach = put_reach,
    .del_reach = del_reach,
    .put_key = put_key,
};

static void on_element(void *ctx, uint32_t element, uint8_t old_state, uint8_t old_reason)
{
	told.n++;
	told.element = element;
	told.state = old_state;
	told.reason = old_reason;
}

struct cx_config *run_config(unsigned media, unsigned agents)
{
	struct cx_config *c = fixture_config();

	fixture_listener(fixture_network(c, "edge"), "192.0.2.1", 5060);
	fixture_elements(fixture_group(c, "media", 0), 1, media);
	if (agents)
		fixture_elements(fixture_group(c, "agents", 0), 2, agents);
	return c;
}

static void forget_mirror(void)
{
	uint32_t id;

	for (id = 0; id < GROUPS; id++)
		free(mirror.rings[id]);
	memset(&mirror, 0, sizeof(mirror));
}

void run_start(struct run *r, struct cx_config *c)
{
	uint32_t id;

	forget_mirror();
	told = (struct told){0};
	r->config = c;
	r->tables = fixture_compile(c, NULL);
	assert_int_equal(cx_world_new(c, r->tables, &r->world), 0);
	r->world->mirror = functions;
	r->world->on_element = on_element;
	memcpy(mirror.elements, r->world->elements, r->tables->n_elements * sizeof(struct cx_element));
	for (id = 0; id < r->tables->n_groups; id++) {
		if (r->world->rings[id])
			put_ring(NULL, id, r->world->rings[id]);
		put_group(NULL, id, &r->world->groups[id]);
	}
	mirror.n_ring = mirror.n_group = mirror.n_element = 0;
}

void run_swap(struct run *r, struct cx_config *c)
{
	struct cx_tables *t = fixture_compile(c, r->world);

	put_tables(t);
	assert_int_equal(cx_world_swap(r->world, c, t), 0);
	cx_tables_free(r->tables);
	fixture_free(r->config);
	r->config = c;
	r->tables = t;
}

void run_check(const struct run *r)
{
	uint32_t id;

	check_all();
	assert_memory_equal(mirror.elements, r->world->elements,
			    r->world->max_elements * sizeof(struct cx_element));
	assert_memory_equal(mirror.groups, r->world->groups, r->world->max_groups * sizeof(struct cx_group));
	for (id = 0; id < r->world->max_groups; id++) {
		const struct cx_ring *ring = r->world->rings[id];

		assert_true(!ring == !(r->world->groups[id].flags & CX_GROUP_USED) ||
			    r->world->groups[id].flags & CX_GROUP_EMPTY);
		if (!ring)
			continue;
		assert_int_equal(ring->bits, mirror.rings[id]->bits);
		assert_memory_equal(ring->slots, mirror.rings[id]->slots, sizeof(uint32_t) << ring->bits);
	}
}

void run_end(struct run *r)
{
	run_check(r);
	cx_world_free(r->world);
	cx_tables_free(r->tables);
	fixture_free(r->config);
	forget_mirror();
}

bool run_in_ring(const struct cx_world *w, uint32_t group, uint32_t element)
{
	uint32_t i;

	for (i = 0; w->rings[group] && i < 1u << w->rings[group]->bits; i++)
		if (w->rings[group]->slots[i] == element)
			return true;
	return false;
}
