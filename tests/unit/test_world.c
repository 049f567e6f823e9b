/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live world, seen through a mirror that holds what the maps would hold
 * and checks after every single write that the fast path could go on from
 * there: no group that points beyond its ring, no ring without its elements.
 */
#include <errno.h>
#include "fixture.h"
#include "health/health.h"
#include "route/world.h"

#define GROUPS 64
#define ELEMENTS 2048

struct mirror {
	struct cx_element elements[ELEMENTS];
	struct cx_group groups[GROUPS];
	struct cx_ring *rings[GROUPS];
	struct cx_nexthop nexthops[8];
	struct cx_reach_entry reach[16];
	size_t n_reach;
	unsigned n_element, n_group, n_ring, n_reach_put, n_reach_del, n_key;
	int fail; /* what every write returns */
};

static struct mirror mirror;

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

static unsigned n_told;
static uint8_t told_state, told_reason;
static uint32_t told_element;

static void on_element(void *ctx, uint32_t element, uint8_t old_state, uint8_t old_reason)
{
	n_told++;
	told_element = element;
	told_state = old_state;
	told_reason = old_reason;
}

struct run {
	struct cx_config *config;
	struct cx_tables *tables;
	struct cx_world *world;
};

static struct cx_config *config_with(unsigned media, unsigned agents)
{
	struct cx_config *c = fixture_config();

	fixture_listener(fixture_network(c, "edge"), "192.0.2.1", 5060);
	fixture_elements(fixture_group(c, "media", 0), 1, media);
	if (agents)
		fixture_elements(fixture_group(c, "agents", 0), 2, agents);
	return c;
}

static void start(struct run *r, struct cx_config *c)
{
	uint32_t id;

	for (id = 0; id < GROUPS; id++)
		free(mirror.rings[id]);
	memset(&mirror, 0, sizeof(mirror));
	n_told = 0;
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

static void swap(struct run *r, struct cx_config *c)
{
	struct cx_tables *t = fixture_compile(c, r->world);

	put_tables(t);
	assert_int_equal(cx_world_swap(r->world, c, t), 0);
	cx_tables_free(r->tables);
	fixture_free(r->config);
	r->config = c;
	r->tables = t;
}

/* Memory and mirror must say the same. */
static void check_mirrored(const struct run *r)
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

static void end(struct run *r)
{
	check_mirrored(r);
	cx_world_free(r->world);
	cx_tables_free(r->tables);
	fixture_free(r->config);
}

static bool in_ring(const struct cx_world *w, uint32_t group, uint32_t element)
{
	uint32_t i;

	for (i = 0; w->rings[group] && i < 1u << w->rings[group]->bits; i++)
		if (w->rings[group]->slots[i] == element)
			return true;
	return false;
}

static void a_new_world_has_rings(void **state)
{
	struct run r;
	struct cx_config *c = config_with(3, 1);

	c->groups[1].elements[0].disabled = true;
	start(&r, c);
	assert_int_equal(r.world->groups[0].elements_up, 3);
	assert_int_equal(r.world->groups[0].flags, CX_GROUP_USED);
	assert_int_equal(r.world->groups[0].ring_bits, r.world->rings[0]->bits);
	assert_int_equal(r.world->groups[1].flags, CX_GROUP_USED | CX_GROUP_EMPTY);
	assert_null(r.world->rings[1]);
	assert_int_equal(r.world->elements[3].state, CX_ELEMENT_DISABLED);
	end(&r);
}

static void only_up_elements_are_in_the_ring(void **state)
{
	const uint8_t others[] = {CX_ELEMENT_DOWN, CX_ELEMENT_DRAINING, CX_ELEMENT_DISABLED};
	struct run r;
	size_t i;

	start(&r, config_with(3, 1));
	for (i = 0; i < 3; i++) {
		assert_int_equal(cx_world_set_element(r.world, 1, others[i], CX_ER_OPERATOR, 1000 + i), 0);
		assert_false(in_ring(r.world, 0, 1));
		assert_true(in_ring(r.world, 0, 0) && in_ring(r.world, 0, 2));
		assert_int_equal(r.world->groups[0].elements_up, 2);
		assert_int_equal(mirror.elements[1].since_ms, 1000 + i);
		assert_int_equal(mirror.groups[0].elements_up, 2);
	}
	assert_int_equal(mirror.n_ring, 1); /* from down to draining nothing moves */
	assert_int_equal(n_told, 3);
	assert_int_equal(cx_world_set_element(r.world, 1, CX_ELEMENT_UP, CX_ER_PROBE_OK, 5000), 0);
	assert_true(in_ring(r.world, 0, 1));
	assert_int_equal(told_element, 1);
	assert_int_equal(told_state, CX_ELEMENT_DISABLED);
	assert_int_equal(told_reason, CX_ER_OPERATOR);
	end(&r);
}

static void the_same_again_changes_nothing(void **state)
{
	struct run r;

	start(&r, config_with(2, 0));
	assert_int_equal(cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_ICMP, 1000), 0);
	mirror.n_element = 0;
	assert_int_equal(cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_ICMP, 2000), 0);
	assert_int_equal(mirror.n_element, 0);
	/* another reason is news, but the state is as old as it was */
	assert_int_equal(cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT, 3000), 0);
	assert_int_equal(mirror.elements[0].reason, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(mirror.elements[0].since_ms, 1000);
	assert_int_equal(n_told, 1);
	assert_int_equal(cx_world_set_element(r.world, 2, CX_ELEMENT_UP, 0, 0), -ENOENT);
	assert_int_equal(cx_world_set_element(r.world, CX_NONE, CX_ELEMENT_UP, 0, 0), -ENOENT);
	assert_int_equal(cx_world_set_element(r.world, 0, CX_ELEMENT_UNUSED, 0, 0), -EINVAL);
	end(&r);
}

static void an_empty_group_says_so_and_comes_back(void **state)
{
	struct run r;

	start(&r, config_with(1, 0));
	cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_ICMP, 1000);
	assert_true(mirror.groups[0].flags & CX_GROUP_EMPTY);
	assert_int_equal(mirror.groups[0].elements_up, 0);
	assert_null(r.world->rings[0]);
	assert_int_equal(mirror.n_ring, 0);
	cx_world_set_element(r.world, 0, CX_ELEMENT_UP, CX_ER_PROBE_OK, 2000);
	assert_false(mirror.groups[0].flags & CX_GROUP_EMPTY);
	assert_int_equal(mirror.n_ring, 1);
	end(&r);
}

static void held_changes_build_a_ring_once(void **state)
{
	struct run r;
	uint32_t i;

	start(&r, config_with(50, 1));
	cx_world_hold(r.world);
	cx_world_hold(r.world);
	for (i = 0; i < 20; i++)
		cx_world_set_element(r.world, i, CX_ELEMENT_DOWN, CX_ER_LINK_DOWN, 1000);
	assert_int_equal(cx_world_release(r.world), 0);
	assert_int_equal(mirror.n_ring, 0);
	assert_int_equal(mirror.n_element, 20);
	assert_int_equal(r.world->groups[0].elements_up, 30);
	assert_int_equal(cx_world_release(r.world), 0);
	assert_int_equal(mirror.n_ring, 1);
	assert_int_equal(mirror.groups[0].elements_up, 30);
	end(&r);
}

static void an_error_of_the_mirror_is_passed_on(void **state)
{
	struct run r;

	start(&r, config_with(2, 0));
	mirror.fail = -ENOSPC;
	assert_int_equal(cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_ICMP, 1000), -ENOSPC);
	assert_false(in_ring(r.world, 0, 0));
	swap(&r, config_with(1, 1)); /* does not fail */
	mirror.fail = 0;
	end(&r);
}

static void a_swap_carries_what_stays(void **state)
{
	struct cx_config *c;
	struct run r;

	start(&r, config_with(4, 1));
	cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT, 1000);
	cx_world_set_element(r.world, 1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR, 2000);
	cx_world_set_element(r.world, 2, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT, 3000);
	cx_world_set_element_nexthop(r.world, 0, 7);
	cx_world_set_element_nexthop(r.world, 2, 7);
	c = config_with(4, 1);
	c->groups[0].elements[2].port = 5070; /* another server under the old name */
	mirror.n_ring = n_told = 0;
	swap(&r, c);
	assert_int_equal(r.world->elements[0].state, CX_ELEMENT_DOWN);
	assert_int_equal(r.world->elements[0].reason, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(r.world->elements[0].since_ms, 1000);
	assert_int_equal(r.world->elements[0].nexthop, 7);
	assert_int_equal(r.world->elements[1].state, CX_ELEMENT_DRAINING);
	assert_int_equal(r.world->elements[2].state, CX_ELEMENT_UP);
	assert_int_equal(r.world->elements[2].nexthop, 0);
	assert_true(in_ring(r.world, 0, 2) && in_ring(r.world, 0, 3));
	assert_false(in_ring(r.world, 0, 0) || in_ring(r.world, 0, 1));
	assert_int_equal(mirror.n_ring, 1); /* "agents" stayed as it was */
	end(&r);
}

static void a_swap_honours_what_is_newly_disabled(void **state)
{
	struct cx_config *c;
	struct run r;

	start(&r, config_with(3, 0));
	c = config_with(3, 0);
	c->groups[0].elements[0].disabled = true;
	c->groups[0].elements[1].disabled = true;
	swap(&r, c);
	assert_int_equal(r.world->elements[0].state, CX_ELEMENT_DISABLED);
	assert_int_equal(r.world->elements[0].reason, CX_ER_CONFIG);
	assert_int_equal(n_told, 2);
	/* the operator enables one; the same configuration again does not undo that */
	cx_world_set_element(r.world, 0, CX_ELEMENT_UP, CX_ER_PROBE_OK, 4000);
	c = config_with(3, 0);
	c->groups[0].elements[0].disabled = true;
	swap(&r, c);
	assert_int_equal(r.world->elements[0].state, CX_ELEMENT_UP);
	assert_int_equal(r.world->elements[1].state, CX_ELEMENT_UP); /* not disabled any more */
	assert_true(in_ring(r.world, 0, 0) && in_ring(r.world, 0, 1));
	end(&r);
}

static void rings_grow_and_shrink_safely(void **state)
{
	const unsigned sizes[] = {1, 30, 2, 100, 17, 300, 3};
	struct run r;
	size_t i;

	start(&r, config_with(1, 0));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		swap(&r, config_with(sizes[i], 0));
		assert_int_equal(mirror.groups[0].elements_up, sizes[i]);
		assert_int_equal(mirror.groups[0].ring_bits, cx_ring_bits_for(sizes[i]));
		assert_int_equal(mirror.rings[0]->bits, cx_ring_bits_for(sizes[i]));
		check_mirrored(&r);
	}
	end(&r);
}

static void a_state_never_changes_the_size_of_a_ring(void **state)
{
	struct run r;
	uint32_t i;

	start(&r, config_with(30, 0));
	for (i = 0; i < 29; i++) {
		cx_world_set_element(r.world, i, CX_ELEMENT_DOWN, CX_ER_ICMP, 1000);
		assert_int_equal(mirror.groups[0].ring_bits, cx_ring_bits_for(30));
	}
	end(&r);
}

static void groups_come_and_go(void **state)
{
	struct cx_config *c;
	struct run r;

	start(&r, config_with(2, 3));
	assert_int_equal(cx_world_find_group(r.world, "agents"), 1);
	swap(&r, config_with(2, 0));
	assert_int_equal(r.world->groups[1].flags, 0);
	assert_null(r.world->rings[1]);
	assert_int_equal(mirror.elements[4].state, CX_ELEMENT_UNUSED);
	assert_int_equal(cx_world_find_group(r.world, "agents"), CX_NONE);
	assert_int_equal(cx_world_find_element(r.world, "agents-1"), CX_NONE);
	swap(&r, config_with(2, 3));
	assert_int_equal(r.world->groups[1].elements_up, 3);
	/* elements move to another group, and with them their rings */
	c = config_with(2, 0);
	fixture_elements(fixture_group(c, "agents", 0), 2, 1);
	fixture_element(&c->groups[0], "agents-2", "10.2.0.3", 5060, 1);
	swap(&r, c);
	assert_int_equal(r.world->groups[0].elements_up, 3);
	assert_int_equal(r.world->groups[1].elements_up, 1);
	end(&r);
}

static void too_much_for_the_world_changes_nothing(void **state)
{
	struct cx_config *c = config_with(2, 0), *big = config_with(6, 0);
	struct cx_tables *t;
	struct run r;

	c->max_elements = 4;
	start(&r, c);
	t = fixture_compile(big, r.world);
	assert_int_equal(cx_world_swap(r.world, big, t), -E2BIG);
	assert_ptr_equal(r.world->tables, r.tables);
	cx_tables_free(t);
	fixture_free(big);
	end(&r);
}

static void elements_are_found(void **state)
{
	union cx_addr a = fixture_addr("10.1.0.2");
	struct run r;

	start(&r, config_with(3, 1));
	assert_int_equal(cx_world_find_element(r.world, "media-2"), 1);
	assert_int_equal(cx_world_find_element(r.world, "agents-1"), 3);
	assert_int_equal(cx_world_find_element(r.world, "nobody"), CX_NONE);
	assert_int_equal(cx_world_element_at(r.world, &a, 5060), 0);
	assert_int_equal(cx_world_element_at(r.world, &a, 5061), CX_NONE);
	end(&r);
}

static struct cx_reach_entry reach(const char *cidr, uint32_t nexthop)
{
	struct cx_reach_entry e = {.nexthop = nexthop};
	union cx_addr addr;
	uint8_t family;

	assert_int_equal(cx_cidr_parse(cidr, &addr, &e.key.prefixlen, &family), 0);
	memcpy(e.key.addr, addr.b, sizeof(e.key.addr));
	return e;
}

static void set_reach(struct cx_world *w, const struct cx_reach_entry *entries, size_t n)
{
	struct cx_reach_entry *copy = malloc(n * sizeof(*copy) + 1);

	assert_non_null(copy);
	if (n)
		memcpy(copy, entries, n * sizeof(*copy));
	mirror.n_reach_put = mirror.n_reach_del = 0;
	assert_int_equal(cx_world_set_reach(w, copy, n), 0);
	assert_int_equal(w->n_reach, mirror.n_reach);
}

static uint32_t nexthop_of(const struct cx_world *w, const char *text)
{
	union cx_addr a = fixture_addr(text);
	const struct cx_reach_entry *e = cx_world_reach(w, &a);

	return e ? e->nexthop : CX_NONE;
}

static void reach_is_looked_up_and_mirrored_by_difference(void **state)
{
	const struct cx_reach_entry first[] = {reach("10.1.2.3/32", 1), reach("10.1.0.0/16", 2),
					       reach("10.0.0.0/8", 3), reach("2001:db8::/32", 4),
					       reach("::/0", 5)};
	const struct cx_reach_entry second[] = {reach("10.1.0.0/16", 9), reach("10.0.0.0/8", 3),
						reach("0.0.0.0/0", 6)};
	struct run r;

	start(&r, config_with(1, 0));
	assert_int_equal(nexthop_of(r.world, "10.1.2.3"), CX_NONE);
	set_reach(r.world, first, 5);
	assert_int_equal(nexthop_of(r.world, "10.1.2.3"), 1);
	assert_int_equal(nexthop_of(r.world, "10.1.2.4"), 2);
	assert_int_equal(nexthop_of(r.world, "10.9.9.9"), 3);
	assert_int_equal(nexthop_of(r.world, "2001:db8:1::1"), 4);
	assert_int_equal(nexthop_of(r.world, "2001:db9::1"), 5);
	/* the IPv6 default route is none for IPv4, in the mirror either */
	assert_int_equal(nexthop_of(r.world, "192.0.2.1"), 0);
	assert_int_equal(mirror.n_reach, 6);
	set_reach(r.world, second, 3);
	assert_int_equal(mirror.n_reach_put, 2);
	assert_int_equal(mirror.n_reach_del, 3);
	assert_int_equal(nexthop_of(r.world, "10.1.2.3"), 9);
	assert_int_equal(nexthop_of(r.world, "192.0.2.1"), 6);
	assert_int_equal(nexthop_of(r.world, "2001:db8:1::1"), CX_NONE);
	set_reach(r.world, NULL, 0);
	assert_int_equal(mirror.n_reach, 0);
	end(&r);
}

static void nexthops_and_keys_are_mirrored_when_they_change(void **state)
{
	struct cx_nexthop n = {.ifindex = 3, .flags = CX_NEXTHOP_OK};
	struct cx_key key = {.signing = 1};
	struct run r;

	start(&r, config_with(1, 0));
	assert_int_equal(cx_world_set_nexthop(r.world, 0, &n), -ENOENT);
	assert_int_equal(cx_world_set_nexthop(r.world, 2, &n), 0);
	assert_int_equal(mirror.nexthops[2].ifindex, 3);
	mirror.fail = -EIO;
	assert_int_equal(cx_world_set_nexthop(r.world, 2, &n), 0); /* nothing to tell */
	mirror.fail = 0;
	mirror.n_element = 0;
	assert_int_equal(cx_world_set_element_nexthop(r.world, 0, 2), 0);
	assert_int_equal(cx_world_set_element_nexthop(r.world, 0, 2), 0);
	assert_int_equal(mirror.n_element, 1);
	assert_int_equal(cx_world_set_element_nexthop(r.world, 1, 2), -ENOENT);
	assert_int_equal(cx_world_set_key(r.world, &key), 0);
	assert_int_equal(mirror.n_key, 1);
	assert_int_equal(r.world->key.signing, 1);
	end(&r);
}

/* A keyed hash of a Call-ID, as it were. */
static uint64_t hash_of(uint64_t n)
{
	n = (n + 1) * 0x9e3779b97f4a7c15ull;
	return (n ^ n >> 29) * 0xbf58476d1ce4e5b9ull;
}

static void flows_are_remembered_and_the_oldest_go(void **state)
{
	struct cx_flow flow = {.element = 0}, found;
	struct run r;
	uint64_t call;
	unsigned kept = 0, set;

	start(&r, config_with(1, 0)); /* max_flows = 1024 */
	assert_int_equal(cx_world_get_flow(r.world, 0, &found), -ENOENT);
	for (call = 0; call < 400; call++) {
		flow.element = (uint32_t)call + 1;
		flow.transaction = (uint32_t)call * 3;
		assert_int_equal(cx_world_put_flow(r.world, hash_of(call), &flow), 0);
		assert_int_equal(cx_world_get_flow(r.world, hash_of(call), &found), 0);
		assert_memory_equal(&found, &flow, sizeof(flow));
	}
	for (call = 0; call < 400; call++)
		kept += !cx_world_get_flow(r.world, hash_of(call), &found) && found.element == call + 1;
	assert_in_range(kept, 390, 400); /* a set that is hit more than eight times loses its oldest */
	/* one set, nine calls: one goes, and that is not the first, as it was written again */
	for (set = 0; set < 9; set++) {
		flow.element = 100 + set;
		cx_world_put_flow(r.world, (uint64_t)(set + 1) << 41 | 7, &flow);
		if (set == 4) {
			flow.element = 1000;
			cx_world_put_flow(r.world, 1ull << 41 | 7, &flow);
			assert_int_equal(cx_world_get_flow(r.world, 1ull << 41 | 7, &found), 0);
			assert_int_equal(found.element, 1000);
		}
	}
	assert_int_equal(cx_world_get_flow(r.world, 1ull << 41 | 7, &found), 0);
	assert_int_equal(found.element, 1000);
	assert_int_equal(cx_world_get_flow(r.world, 2ull << 41 | 7, &found), -ENOENT);
	for (set = 2; set < 9; set++) {
		assert_int_equal(cx_world_get_flow(r.world, (uint64_t)(set + 1) << 41 | 7, &found), 0);
		assert_int_equal(found.element, 100 + set);
	}
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_world_has_rings),
	    cmocka_unit_test(only_up_elements_are_in_the_ring),
	    cmocka_unit_test(the_same_again_changes_nothing),
	    cmocka_unit_test(an_empty_group_says_so_and_comes_back),
	    cmocka_unit_test(held_changes_build_a_ring_once),
	    cmocka_unit_test(an_error_of_the_mirror_is_passed_on),
	    cmocka_unit_test(a_swap_carries_what_stays),
	    cmocka_unit_test(a_swap_honours_what_is_newly_disabled),
	    cmocka_unit_test(rings_grow_and_shrink_safely),
	    cmocka_unit_test(a_state_never_changes_the_size_of_a_ring),
	    cmocka_unit_test(groups_come_and_go),
	    cmocka_unit_test(too_much_for_the_world_changes_nothing),
	    cmocka_unit_test(elements_are_found),
	    cmocka_unit_test(reach_is_looked_up_and_mirrored_by_difference),
	    cmocka_unit_test(nexthops_and_keys_are_mirrored_when_they_change),
	    cmocka_unit_test(flows_are_remembered_and_the_oldest_go),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	uint32_t id;

	for (id = 0; id < GROUPS; id++)
		free(mirror.rings[id]);
	return failed;
}
