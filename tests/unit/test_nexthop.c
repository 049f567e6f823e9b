/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers of next hops: the same for the same hop, in another daemon and in another
 * order too.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "fastpath/nexthop.h"

static void test_nexthop_numbers(void **state)
{
	struct cx_nexthops a, b;
	struct cx_nexthop nh = {.mtu = 1500, .flags = CX_NEXTHOP_OK};
	union cx_addr addr = {0};
	uint32_t first[200];
	bool seen[256] = {false};
	uint32_t i, id;

	assert_int_equal(cx_nexthops_init(&a, 256), 0);
	assert_int_equal(cx_nexthops_init(&b, 256), 0);
	for (i = 0; i < 200; i++) {
		addr.b[15] = (uint8_t)i;
		first[i] = cx_nexthops_want(&a, 4, &addr, &nh);
		assert_true(first[i] > CX_NEXTHOP_ID_LOCAL && first[i] < 256);
		assert_false(seen[first[i]]);
		seen[first[i]] = true;
		id = cx_nexthops_want(&b, 4, &addr, &nh); /* another daemon, the same numbers */
		assert_int_equal(id, first[i]);
	}
	nh.mtu = 9000;
	addr.b[15] = 0;
	assert_int_equal(cx_nexthops_want(&a, 4, &addr, &nh), first[0]);
	assert_int_equal(a.slots->nexthop.mtu, 1500);
	for (; i < 256 - 2; i++) {
		addr.b[15] = (uint8_t)i;
		assert_int_not_equal(cx_nexthops_want(&a, 4, &addr, &nh), 0);
	}
	addr.b[14] = 1;
	assert_int_equal(cx_nexthops_want(&a, 4, &addr, &nh), 0); /* full */
	assert_int_equal(cx_nexthops_want_local(&a), CX_NEXTHOP_ID_LOCAL);
	cx_nexthops_free(&a);
	cx_nexthops_free(&b);
	/* met in another order, the numbers are the same */
	assert_int_equal(cx_nexthops_init(&a, CX_NEXTHOPS_MAX), 0);
	assert_int_equal(cx_nexthops_init(&b, CX_NEXTHOPS_MAX), 0);
	for (i = 0; i < 3; i++) {
		addr.b[15] = (uint8_t)i;
		first[i] = cx_nexthops_want(&a, 4, &addr, &nh);
	}
	for (i = 3; i-- > 0;) {
		addr.b[15] = (uint8_t)i;
		assert_int_equal(cx_nexthops_want(&b, 4, &addr, &nh), first[i]);
	}
	cx_nexthops_free(&a);
	cx_nexthops_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nexthop_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
