/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the watch makes of the kernel's tables as it finds them: next hops, our own
 * addresses, what has no route.
 */
#include <net/if.h>
#include "reach_run.h"

static void test_resolved(void **state)
{
	int core0, core1;

	kernel_or_skip();
	core0 = (int)if_nametoindex("core0");
	core1 = (int)if_nametoindex("core1");
	assert_int_equal(run_nexthop(DIRECT)->ifindex, core0);
	assert_int_equal(run_nexthop(DIRECT)->mtu, 1500);
	assert_int_equal(run_nexthop(DIRECT6)->ifindex, core0);
	assert_int_equal(run_nexthop(GATEWAY)->ifindex, core1);
	assert_int_equal(run_nexthop(GATEWAY)->mtu, 1400);
	/* gateway routes, neighbours, connected prefixes */
	assert_int_equal(run_reach("10.100.200.1")->nexthop, run_nexthop_id(GATEWAY));
	assert_int_equal(run_reach("10.9.0.2")->nexthop, run_nexthop_id(DIRECT));
	assert_int_equal(run_reach("fd09::2")->nexthop, run_nexthop_id(DIRECT6));
	assert_int_equal(run_reach("10.9.0.77")->nexthop, 0);
	assert_int_equal(run_reach("fd09::77")->nexthop, 0);
	assert_null(run_reach("8.8.8.8"));
	assert_null(run_reach("2001:db8::1"));
}

static void test_local(void **state)
{
	static const char *const own[] = {"10.9.0.1", "10.8.0.1", "fd09::1", "127.1.2.3", "::1"};
	size_t i;

	kernel_or_skip();
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		const struct cx_reach_entry *e = run_reach(own[i]);

		assert_non_null(e);
		assert_int_equal(run.world->nexthops[e->nexthop].flags, CX_NEXTHOP_LOCAL);
	}
	assert_int_equal(run_reach("10.9.0.255")->nexthop, 0); /* broadcast */
}

static void test_interfaces(void **state)
{
	int got[8];

	kernel_or_skip();
	assert_int_equal(cx_reach_interfaces(run.watch, got, 8), 2);
	assert_true(got[0] != got[1]);
	assert_true(got[0] == (int)if_nametoindex("core0") || got[1] == (int)if_nametoindex("core0"));
	assert_true(got[0] == (int)if_nametoindex("core1") || got[1] == (int)if_nametoindex("core1"));
}

static void test_no_route(void **state)
{
	unsigned times;

	kernel_or_skip();
	assert_int_equal(run.told[NOWHERE].reachable, 0);
	assert_string_equal(run.told[NOWHERE].why, "no route");
	times = run.told[NOWHERE].times;
	assert_int_equal(cx_reach_refresh(run.watch), 0);
	assert_int_equal(run.told[NOWHERE].times, times); /* once is enough */
	assert_int_equal(run.told[DIRECT].reachable, -1);
}

static void test_ipv6_default_is_not_for_ipv4(void **state)
{
	const struct cx_reach_entry *e;

	kernel_or_skip();
	shell("ip -6 route add default via fd09::2");
	assert_int_equal(cx_reach_read(run.watch), 0);
	e = run_reach("2001:db8::1");
	assert_non_null(e);
	assert_int_equal(e->nexthop, run_nexthop_id(DIRECT6));
	e = run_reach("8.8.8.8");
	assert_true(!e || e->nexthop == 0);
	assert_int_equal(run_nexthop_id(NOWHERE), 0);
	assert_int_equal(run.told[NOWHERE].reachable, 0);
	shell("ip -6 route del default");
	assert_int_equal(cx_reach_read(run.watch), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_resolved),
	    cmocka_unit_test(test_local),
	    cmocka_unit_test(test_interfaces),
	    cmocka_unit_test(test_no_route),
	    cmocka_unit_test(test_ipv6_default_is_not_for_ipv4),
	};

	run_begin();
	return cmocka_run_group_tests(tests, run_set_up, run_tear_down);
}
