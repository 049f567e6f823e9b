/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live world while one configuration follows another: what stays as it was,
 * and that the mirror is right after every write on the way.
 */
#include <errno.h>
#include "health/health.h"
#include "world_run.h"

static void a_swap_carries_what_stays(void **state)
{
	struct cx_config *c;
	struct run r;

	run_start(&r, run_config(4, 1));
	cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT, 1000);
	cx_world_set_element(r.world, 1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR, 2000);
	cx_world_set_element(r.world, 2, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT, 3000);
	cx_world_set_element_nexthop(r.world, 0, 7);
	cx_world_set_element_nexthop(r.world, 2, 7);
	c = run_config(4, 1);
	c->groups[0].elements[2].port = 5070; /* another server under the old name */
	mirror.n_ring = told.n = 0;
	run_swap(&r, c);
	assert_int_equal(r.world->elements[0].state, CX_ELEMENT_DOWN);
	assert_int_equal(r.world->elements[0].reason, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(r.world->elements[0].since_ms, 1000);
	assert_int_equal(r.world->elements[0].nexthop, 7);
	assert_int_equal(r.world->elements[1].state, CX_ELEMENT_DRAINING);
	assert_int_equal(r.world->elements[2].state, CX_ELEMENT_UP);
	assert_int_equal(r.world->elements[2].nexthop, 0);
	assert_true(run_in_ring(r.world, 0, 2) && run_in_ring(r.world, 0, 3));
	assert_false(run_in_ring(r.world, 0, 0) || run_in_ring(r.world, 0, 1));
	assert_int_equal(mirror.n_ring, 1); /* "agents" stayed as it was */
	run_end(&r);
}

static void a_swap_honours_what_is_newly_disabled(void **state)
{
	struct cx_config *c;
	struct run r;

	run_start(&r, run_config(3, 0));
	c = run_config(3, 0);
	c->groups[0].elements[0].disabled = true;
	c->groups[0].elements[1].disabled = true;
	run_swap(&r, c);
	assert_int_equal(r.world->elements[0].state, CX_ELEMENT_DISABLED);
	assert_int_equal(r.world->elements[0].reason, CX_ER_CONFIG);
	assert_int_equal(told.n, 2);
	/* the operator enables one; the same configuration again does not undo that */
	cx_world_set_element(r.world, 0, CX_ELEMENT_UP, CX_ER_PROBE_OK, 4000);
	c = run_config(3, 0);
	c->groups[0].elements[0].disabled = true;
	run_swap(&r, c);
	assert_int_equal(r.world->elements[0].state, CX_ELEMENT_UP);
	assert_int_equal(r.world->elements[1].state, CX_ELEMENT_UP); /* not disabled any more */
	assert_true(run_in_ring(r.world, 0, 0) && run_in_ring(r.world, 0, 1));
	run_end(&r);
}

/* A server of a host name is the same under another name; when it leaves DNS it drains,
 * and when it comes back it is up. */
static void a_server_that_leaves_dns_drains(void **state)
{
	struct cx_config *c = run_config(2, 0);
	struct run r;

	c->groups[0].elements[0].expanded = true;
	run_start(&r, c);
	cx_world_set_element(r.world, 0, CX_ELEMENT_UP, CX_ER_PROBE_OK, 1000);
	cx_world_set_element_nexthop(r.world, 0, 7);
	c = run_config(2, 0);
	fixture_name(c->groups[0].elements[0].name, "other");
	c->groups[0].elements[0].expanded = true;
	run_swap(&r, c);
	assert_int_equal(cx_world_find_element(r.world, "other"), 0);
	assert_int_equal(r.world->elements[0].since_ms, 1000);
	assert_int_equal(r.world->elements[0].nexthop, 7);
	run_check(&r);
	for (int twice = 0; twice < 2; twice++) {
		c = run_config(2, 0);
		c->groups[0].elements[0].expanded = c->groups[0].elements[0].gone = true;
		run_swap(&r, c);
		assert_int_equal(r.world->elements[0].state, CX_ELEMENT_DRAINING);
		assert_int_equal(r.world->elements[0].reason, CX_ER_LEFT_DNS);
		assert_int_equal(r.world->elements[0].nexthop, 7);
		assert_false(run_in_ring(r.world, 0, 0));
		run_check(&r);
	}
	run_swap(&r, run_config(2, 0));
	assert_int_equal(r.world->elements[0].state, CX_ELEMENT_UP);
	assert_true(run_in_ring(r.world, 0, 0));
	/* an order is about the name, not about the address */
	cx_world_set_element(r.world, 1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR, 2000);
	c = run_config(2, 0);
	c->groups[0].elements[1].port = 5070;
	run_swap(&r, c);
	assert_int_equal(r.world->elements[1].state, CX_ELEMENT_DRAINING);
	assert_int_equal(r.world->elements[1].reason, CX_ER_OPERATOR);
	run_end(&r);
}

static void rings_grow_and_shrink_safely(void **state)
{
	const unsigned sizes[] = {1, 30, 2, 100, 17, 300, 3};
	struct run r;
	size_t i;

	run_start(&r, run_config(1, 0));
	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		run_swap(&r, run_config(sizes[i], 0));
		assert_int_equal(mirror.groups[0].elements_up, sizes[i]);
		assert_int_equal(mirror.groups[0].ring_bits, cx_ring_bits_for(sizes[i]));
		assert_int_equal(mirror.rings[0]->bits, cx_ring_bits_for(sizes[i]));
		run_check(&r);
	}
	run_end(&r);
}

static void groups_come_and_go(void **state)
{
	struct cx_config *c;
	struct run r;

	run_start(&r, run_config(2, 3));
	assert_int_equal(cx_world_find_group(r.world, "agents"), 1);
	run_swap(&r, run_config(2, 0));
	assert_int_equal(r.world->groups[1].flags, 0);
	assert_null(r.world->rings[1]);
	assert_int_equal(mirror.elements[4].state, CX_ELEMENT_UNUSED);
	assert_int_equal(cx_world_find_group(r.world, "agents"), CX_NONE);
	assert_int_equal(cx_world_find_element(r.world, "agents-1"), CX_NONE);
	run_swap(&r, run_config(2, 3));
	assert_int_equal(r.world->groups[1].elements_up, 3);
	/* elements move to another group, and with them their rings */
	c = run_config(2, 0);
	fixture_elements(fixture_group(c, "agents", 0), 2, 1);
	fixture_element(&c->groups[0], "agents-2", "10.2.0.3", 5060, 1);
	run_swap(&r, c);
	assert_int_equal(r.world->groups[0].elements_up, 3);
	assert_int_equal(r.world->groups[1].elements_up, 1);
	run_end(&r);
}

static void too_much_for_the_world_changes_nothing(void **state)
{
	struct cx_config *c = run_config(2, 0), *big = run_config(6, 0);
	struct cx_tables *t;
	struct run r;

	c->max_elements = 4;
	run_start(&r, c);
	t = fixture_compile(big, r.world);
	assert_int_equal(cx_world_swap(r.world, big, t), -E2BIG);
	assert_ptr_equal(r.world->tables, r.tables);
	cx_tables_free(t);
	fixture_free(big);
	run_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_swap_carries_what_stays),
	    cmocka_unit_test(a_swap_honours_what_is_newly_disabled),
	    cmocka_unit_test(a_server_that_leaves_dns_drains),
	    cmocka_unit_test(rings_grow_and_shrink_safely),
	    cmocka_unit_test(groups_come_and_go),
	    cmocka_unit_test(too_much_for_the_world_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
