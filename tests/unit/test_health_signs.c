/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What says without a probe that an element cannot be reached: ICMP errors, and
 * routes and links that go (judge.h).
 */
#include <errno.h>
#include "health_run.h"

static void icmp_counts_at_once(void **state)
{
	run_start(2);
	run_pass(2000);
	run.answers[0] = false;
	run_icmp(0, ECONNREFUSED);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_ICMP);
	assert_element(1, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	assert_int_equal(run.world->groups[0].elements_up, 1);
	run_end();
}

static void a_stray_icmp_costs_one_round_trip(void **state)
{
	run_start(1);
	run_pass(2300);
	run_icmp(0, EHOSTUNREACH);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_ICMP);
	run_pass(0);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_end();
}

static void a_refusing_element_is_not_hammered(void **state)
{
	unsigned sent, i;

	run_start(1);
	run.answers[0] = false;
	run_pass(1000);
	for (i = 0; i < 100; i++)
		run_icmp(0, ECONNREFUSED); /* of calls that were on the way */
	run.refuses_by_icmp = true;
	run_pass(10);
	sent = run.sent[0];
	run_pass(10000);
	assert_in_range(run.sent[0] - sent, 9, 11);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_ICMP);
	run.refuses_by_icmp = false;
	run.answers[0] = true;
	run_pass(1000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_end();
}

static void icmp_about_the_path_or_a_stranger_is_ignored(void **state)
{
	union cx_addr stranger = fixture_addr("203.0.113.1");

	run_start(1);
	run_icmp(0, EMSGSIZE);
	run_icmp(0, EPROTO);
	cx_health_unreachable(run.health, &stranger, 5060, CX_UDP, ECONNREFUSED);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	run_end();
}

/* Element 0 by UDP and element 1 by TCP, both at one address. */
static void run_start_both_transports(void)
{
	struct cx_config *c = run_config(2);
	struct cx_config_network *edge = &c->networks[0];

	fixture_listener(edge, "192.0.2.1", 5060);
	edge->listeners[1].transport = CX_TCP;
	c->groups[0].elements[1].addr = c->groups[0].elements[0].addr;
	c->groups[0].elements[1].transport = CX_TCP;
	probe_of(c)->enabled = false;
	run_start_config(c);
}

static void a_port_that_is_closed_is_that_of_a_transport(void **state)
{
	run_start_both_transports();
	run_icmp(1, ECONNREFUSED);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_element(1, CX_ELEMENT_DOWN, CX_ER_REFUSED);
	run_pass(5000);
	assert_element(1, CX_ELEMENT_UP, CX_ER_CONFIG);
	run_icmp(0, ECONNREFUSED);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_ICMP);
	assert_element(1, CX_ELEMENT_UP, CX_ER_CONFIG);
	run_end();
}

static void a_host_that_is_gone_is_gone_for_all_transports(void **state)
{
	run_start_both_transports();
	run_icmp(1, EHOSTUNREACH);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_ICMP);
	assert_element(1, CX_ELEMENT_DOWN, CX_ER_ICMP);
	run_end();
}

static void icmp_without_probing_pauses_for_five_seconds(void **state)
{
	struct cx_config *c = run_config(1);

	probe_of(c)->enabled = false;
	run_start_config(c);
	run_pass(5000);
	assert_int_equal(run.sent[0], 0);
	run_icmp(0, ECONNREFUSED);
	run_pass(3000);
	run_icmp(0, ECONNREFUSED);
	run_pass(4999);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_ICMP);
	run_pass(1);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_int_equal(run.sent[0], 0);
	run_end();
}

static void no_route_is_down_until_probes_say_otherwise(void **state)
{
	unsigned sent;

	run_start(1);
	run_pass(2000);
	run.answers[0] = false;
	cx_health_reachable(run.health, 0, false, "no route");
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_NO_ROUTE);
	cx_health_reachable(run.health, 0, false, "link down");
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_LINK_DOWN);
	sent = run.sent[0];
	run_icmp(0, ENETUNREACH);
	run_pass(5000);
	assert_int_equal(run.sent[0], sent);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_LINK_DOWN);
	cx_health_reachable(run.health, 0, true, "");
	assert_int_equal(run_state(0), CX_ELEMENT_DOWN);
	cx_health_tick(run.health);
	assert_int_equal(run.sent[0], sent + 1);
	assert_int_equal(run_state(0), CX_ELEMENT_DOWN);
	run_answer(0, 200);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	cx_health_reachable(run.health, 0, true, ""); /* it was all the time */
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_end();
}

static void without_probing_reachability_decides(void **state)
{
	struct cx_config *c = run_config(1);

	probe_of(c)->enabled = false;
	run_start_config(c);
	cx_health_reachable(run.health, 0, false, "no route");
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_NO_ROUTE);
	run_pass(20000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_NO_ROUTE);
	cx_health_reachable(run.health, 0, true, "");
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	run_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(icmp_counts_at_once),
	    cmocka_unit_test(a_stray_icmp_costs_one_round_trip),
	    cmocka_unit_test(a_refusing_element_is_not_hammered),
	    cmocka_unit_test(icmp_about_the_path_or_a_stranger_is_ignored),
	    cmocka_unit_test(a_port_that_is_closed_is_that_of_a_transport),
	    cmocka_unit_test(a_host_that_is_gone_is_gone_for_all_transports),
	    cmocka_unit_test(icmp_without_probing_pauses_for_five_seconds),
	    cmocka_unit_test(no_route_is_down_until_probes_say_otherwise),
	    cmocka_unit_test(without_probing_reachability_decides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
