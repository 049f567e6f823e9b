/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables in the maps, one swapped for another: by difference, with room for both or
 * without.
 */
#include <errno.h>
#include "fastpath_run.h"
#include "fastpath_tables.h"

#define BIG_DNS 100000u

static void swap_and_check(const struct cx_world_mirror *m, const struct cx_tables *old,
			   const struct cx_tables *new)
{
	assert_int_equal(m->put_tables(m->ctx, old, new), 0);
	tables_check(new);
}

static void test_tables(void **state)
{
	struct cx_tables *a = tables_make(0, 400, 1, 0, 4), *b = tables_make(100, 500, 2, 1, 6),
			 *c = tables_make(5000, 900, 1, 2, 2);
	struct cx_world_mirror m;
	struct cx_fastpath *fp;
	struct cx_element e;
	struct cx_group g;
	uint32_t id;

	kernel_or_skip();
	fp = run_open_fresh(DNS);
	cx_fastpath_mirror(fp, &m);
	swap_and_check(&m, NULL, a);
	for (id = 0; id < 4; id++) { /* new: nobody may look at a ring that is not there */
		assert_true(run_lookup("cx_group", &id, &g));
		assert_int_equal(g.flags, CX_GROUP_USED | CX_GROUP_EMPTY);
	}
	g = a->groups[0];
	id = 0;
	assert_int_equal(m.put_group(m.ctx, 0, &g), 0); /* live now */
	swap_and_check(&m, a, b);
	assert_true(run_lookup("cx_group", &id, &g));
	assert_int_equal(g.flags, CX_GROUP_USED);
	id = 5;
	assert_true(run_lookup("cx_group", &id, &g));
	assert_int_equal(g.flags, CX_GROUP_USED | CX_GROUP_EMPTY);
	assert_true(run_lookup("cx_element", &id, &e));
	assert_int_equal(e.state, CX_ELEMENT_UP);
	/* 500 + 900 do not fit into 1,000: the old ones have to make room */
	swap_and_check(&m, b, c);
	swap_and_check(&m, c, a);
	swap_and_check(&m, a, a);
	/* contents unknown, ids beyond those in use: cleared */
	swap_and_check(&m, NULL, c);
	id = 3;
	assert_true(run_lookup("cx_group", &id, &g));
	assert_int_equal(g.flags, 0);
	assert_true(run_lookup("cx_element", &id, &e));
	assert_int_equal(e.state, CX_ELEMENT_UNUSED);
	cx_fastpath_close(fp);
	tables_free(a);
	tables_free(b);
	tables_free(c);
}

static void test_tables_full(void **state)
{
	struct cx_tables *big = tables_make(0, 1200, 1, 0, 4);
	struct cx_listener l;
	struct cx_world_mirror m;
	struct cx_fastpath *fp;
	uint32_t id = 1;

	kernel_or_skip();
	fp = run_open_fresh(DNS);
	cx_fastpath_mirror(fp, &m);
	assert_int_equal(m.put_tables(m.ctx, NULL, big), -E2BIG);
	/* the rest went on */
	assert_true(run_lookup("cx_listener", &id, &l));
	assert_int_equal(l.flags, CX_LISTENER_USED);
	cx_fastpath_close(fp);
	tables_free(big);
}

static void test_big_swap(void **state)
{
	struct cx_tables *a = tables_make(0, BIG_DNS, 1, 0, 16), *b = tables_make(0, BIG_DNS, 1, 1, 16),
			 *c = tables_make(BIG_DNS, BIG_DNS, 1, 2, 16);
	struct cx_world_mirror m;
	struct cx_fastpath *fp;
	double start, load, change, replace;

	kernel_or_skip();
	fp = run_open_fresh(2 * BIG_DNS);
	cx_fastpath_mirror(fp, &m);
	start = now_ms();
	assert_int_equal(m.put_tables(m.ctx, NULL, a), 0);
	load = now_ms() - start;
	start = now_ms();
	assert_int_equal(m.put_tables(m.ctx, a, b), 0);
	change = now_ms() - start;
	start = now_ms();
	assert_int_equal(m.put_tables(m.ctx, b, c), 0);
	replace = now_ms() - start;
	print_message("100,000 DNs: load %.0f ms, every value changed %.0f ms, every DN replaced %.0f ms\n",
		      load, change, replace);
	tables_check(c);
	cx_fastpath_close(fp);
	tables_free(a);
	tables_free(b);
	tables_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_tables, run_tear_down),
	    cmocka_unit_test_teardown(test_tables_full, run_tear_down),
	    cmocka_unit_test_teardown(test_big_swap, run_tear_down),
	};

	run_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
