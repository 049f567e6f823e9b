/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the live world knows of where messages go: elements by name and address,
 * reach, next hops, keys, and the flows of recent calls.
 */
#include <errno.h>
#include "world_run.h"

static void elements_are_found(void **state)
{
	union cx_addr a = fixture_addr("10.1.0.2");
	struct run r;

	run_start(&r, run_config(3, 1));
	assert_int_equal(cx_world_find_element(r.world, "media-2"), 1);
	assert_int_equal(cx_world_find_element(r.world, "agents-1"), 3);
	assert_int_equal(cx_world_find_element(r.world, "nobody"), CX_NONE);
	assert_int_equal(cx_world_element_at(r.world, &a, 5060), 0);
	assert_int_equal(cx_world_element_at(r.world, &a, 5061), CX_NONE);
	run_end(&r);
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

	run_start(&r, run_config(1, 0));
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
	run_end(&r);
}

static void an_address_of_ours_is_known_by_its_nexthop(void **state)
{
	const struct cx_nexthop here = {.flags = CX_NEXTHOP_LOCAL}, there = {.ifindex = 3, .flags = CX_NEXTHOP_OK};
	const struct cx_reach_entry known[] = {reach("192.0.2.1/32", 1), reach("192.0.2.0/24", 2)};
	const union cx_addr ours = fixture_addr("192.0.2.1"), theirs = fixture_addr("192.0.2.2"),
			    far = fixture_addr("198.51.100.1");
	struct run r;

	run_start(&r, run_config(1, 0));
	assert_false(cx_world_is_elsewhere(r.world, &ours)); /* nothing is known yet */
	cx_world_set_nexthop(r.world, 1, &here);
	cx_world_set_nexthop(r.world, 2, &there);
	set_reach(r.world, known, 2);
	assert_false(cx_world_is_elsewhere(r.world, &ours));
	assert_true(cx_world_is_elsewhere(r.world, &theirs));
	assert_true(cx_world_is_elsewhere(r.world, &far));
	run_end(&r);
}

static void nexthops_and_keys_are_mirrored_when_they_change(void **state)
{
	struct cx_nexthop n = {.ifindex = 3, .flags = CX_NEXTHOP_OK};
	struct cx_key key = {.signing = 1};
	struct run r;

	run_start(&r, run_config(1, 0));
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
	run_end(&r);
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

	run_start(&r, run_config(1, 0)); /* max_flows = 1024 */
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
	run_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(elements_are_found),
	    cmocka_unit_test(reach_is_looked_up_and_mirrored_by_difference),
	    cmocka_unit_test(an_address_of_ours_is_known_by_its_nexthop),
	    cmocka_unit_test(nexthops_and_keys_are_mirrored_when_they_change),
	    cmocka_unit_test(flows_are_remembered_and_the_oldest_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
