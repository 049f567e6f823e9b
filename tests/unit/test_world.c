/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live world while states of elements change: what is in the rings, what is
 * written to the mirror, what is told.
 */
#include <errno.h>
#include "health/health.h"
#include "world_run.h"

static void a_new_world_has_rings(void **state)
{
	struct run r;
	struct cx_config *c = run_config(3, 1);

	c->groups[1].elements[0].disabled = true;
	run_start(&r, c);
	assert_int_equal(r.world->groups[0].elements_up, 3);
	assert_int_equal(r.world->groups[0].flags, CX_GROUP_USED);
	assert_int_equal(r.world->groups[0].ring_bits, r.world->rings[0]->bits);
	assert_int_equal(r.world->groups[1].flags, CX_GROUP_USED | CX_GROUP_EMPTY);
	assert_null(r.world->rings[1]);
	assert_int_equal(r.world->elements[3].state, CX_ELEMENT_DISABLED);
	run_end(&r);
}

static void only_up_elements_are_in_the_ring(void **state)
{
	const uint8_t others[] = {CX_ELEMENT_DOWN, CX_ELEMENT_DRAINING, CX_ELEMENT_DISABLED};
	struct run r;
	size_t i;

	run_start(&r, run_config(3, 1));
	for (i = 0; i < 3; i++) {
		assert_int_equal(cx_world_set_element(r.world, 1, others[i], CX_ER_OPERATOR, 1000 + i), 0);
		assert_false(run_in_ring(r.world, 0, 1));
		assert_true(run_in_ring(r.world, 0, 0) && run_in_ring(r.world, 0, 2));
		assert_int_equal(r.world->groups[0].elements_up, 2);
		assert_int_equal(mirror.elements[1].since_ms, 1000 + i);
		assert_int_equal(mirror.groups[0].elements_up, 2);
	}
	assert_int_equal(mirror.n_ring, 1); /* from down to draining nothing moves */
	assert_int_equal(told.n, 3);
	assert_int_equal(cx_world_set_element(r.world, 1, CX_ELEMENT_UP, CX_ER_PROBE_OK, 5000), 0);
	assert_true(run_in_ring(r.world, 0, 1));
	assert_int_equal(told.element, 1);
	assert_int_equal(told.state, CX_ELEMENT_DISABLED);
	assert_int_equal(told.reason, CX_ER_OPERATOR);
	run_end(&r);
}

/* Lower ones take over when none of the highest is up, and give back. */
static void the_ring_has_the_highest_q(void **state)
{
	struct cx_config *c = run_config(3, 0);
	struct run r;

	c->groups[0].elements[0].q = 1000;
	c->groups[0].elements[1].q = 1000;
	c->groups[0].elements[2].q = 999;
	run_start(&r, c);
	assert_true(run_in_ring(r.world, 0, 0) && run_in_ring(r.world, 0, 1) && !run_in_ring(r.world, 0, 2));
	assert_int_equal(r.world->groups[0].elements_up, 3); /* it would take calls */
	cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_ICMP, 1000);
	assert_true(run_in_ring(r.world, 0, 1) && !run_in_ring(r.world, 0, 2));
	cx_world_set_element(r.world, 1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR, 1000);
	assert_true(!run_in_ring(r.world, 0, 1) && run_in_ring(r.world, 0, 2));
	cx_world_set_element(r.world, 0, CX_ELEMENT_UP, CX_ER_PROBE_OK, 2000);
	assert_true(run_in_ring(r.world, 0, 0) && !run_in_ring(r.world, 0, 2));
	run_check(&r);
	/* another q alone is another ring */
	c = run_config(3, 0);
	c->groups[0].elements[0].q = 1;
	c->groups[0].elements[2].q = 2;
	run_swap(&r, c);
	assert_true(!run_in_ring(r.world, 0, 0) && run_in_ring(r.world, 0, 2));
	run_check(&r);
	run_end(&r);
}

static void the_same_again_changes_nothing(void **state)
{
	struct run r;

	run_start(&r, run_config(2, 0));
	assert_int_equal(cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_ICMP, 1000), 0);
	mirror.n_element = 0;
	assert_int_equal(cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_ICMP, 2000), 0);
	assert_int_equal(mirror.n_element, 0);
	/* another reason is news, but the state is as old as it was */
	assert_int_equal(cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT, 3000), 0);
	assert_int_equal(mirror.elements[0].reason, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(mirror.elements[0].since_ms, 1000);
	assert_int_equal(told.n, 1);
	assert_int_equal(cx_world_set_element(r.world, 2, CX_ELEMENT_UP, 0, 0), -ENOENT);
	assert_int_equal(cx_world_set_element(r.world, CX_NONE, CX_ELEMENT_UP, 0, 0), -ENOENT);
	assert_int_equal(cx_world_set_element(r.world, 0, CX_ELEMENT_UNUSED, 0, 0), -EINVAL);
	run_end(&r);
}

static void an_empty_group_says_so_and_comes_back(void **state)
{
	struct run r;

	run_start(&r, run_config(1, 0));
	cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_ICMP, 1000);
	assert_true(mirror.groups[0].flags & CX_GROUP_EMPTY);
	assert_int_equal(mirror.groups[0].elements_up, 0);
	assert_null(r.world->rings[0]);
	assert_int_equal(mirror.n_ring, 0);
	cx_world_set_element(r.world, 0, CX_ELEMENT_UP, CX_ER_PROBE_OK, 2000);
	assert_false(mirror.groups[0].flags & CX_GROUP_EMPTY);
	assert_int_equal(mirror.n_ring, 1);
	run_end(&r);
}

static void held_changes_build_a_ring_once(void **state)
{
	struct run r;
	uint32_t i;

	run_start(&r, run_config(50, 1));
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
	run_end(&r);
}

static void an_error_of_the_mirror_is_passed_on(void **state)
{
	struct run r;

	run_start(&r, run_config(2, 0));
	mirror.fail = -ENOSPC;
	assert_int_equal(cx_world_set_element(r.world, 0, CX_ELEMENT_DOWN, CX_ER_ICMP, 1000), -ENOSPC);
	assert_false(run_in_ring(r.world, 0, 0));
	run_swap(&r, run_config(1, 1)); /* does not fail */
	mirror.fail = 0;
	run_end(&r);
}

static void a_state_never_changes_the_size_of_a_ring(void **state)
{
	struct run r;
	uint32_t i;

	run_start(&r, run_config(30, 0));
	for (i = 0; i < 29; i++) {
		cx_world_set_element(r.world, i, CX_ELEMENT_DOWN, CX_ER_ICMP, 1000);
		assert_int_equal(mirror.groups[0].ring_bits, cx_ring_bits_for(30));
	}
	run_end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_new_world_has_rings),
	    cmocka_unit_test(only_up_elements_are_in_the_ring),
	    cmocka_unit_test(the_ring_has_the_highest_q),
	    cmocka_unit_test(the_same_again_changes_nothing),
	    cmocka_unit_test(an_empty_group_says_so_and_comes_back),
	    cmocka_unit_test(held_changes_build_a_ring_once),
	    cmocka_unit_test(an_error_of_the_mirror_is_passed_on),
	    cmocka_unit_test(a_state_never_changes_the_size_of_a_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
