/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The heap of what is due next.
 */
#include "fixture.h"
#include "health/due.h"

static void the_heap_gives_back_in_order(void **state)
{
	enum { N = 500 };
	struct cx_due *d = cx_due_new(N);
	uint64_t due[N], last = 0;
	uint32_t id, left = 0;
	unsigned i;

	assert_non_null(d);
	assert_true(cx_due_first(d, &id) == CX_DUE_NEVER);
	srand(7);
	for (i = 0; i < N; i++)
		due[i] = CX_DUE_NEVER;
	for (i = 0; i < 20 * N; i++) {
		id = (uint32_t)rand() % N;
		due[id] = rand() % 4 ? (uint64_t)rand() % 1000 : CX_DUE_NEVER;
		cx_due_set(d, id, due[id]);
	}
	for (i = 0; i < N; i++)
		left += due[i] != CX_DUE_NEVER;
	for (; left; left--) {
		uint64_t ms = cx_due_first(d, &id);

		assert_true(ms >= last && ms == due[id]);
		last = ms;
		cx_due_set(d, id, CX_DUE_NEVER);
	}
	assert_true(cx_due_first(d, &id) == CX_DUE_NEVER);
	cx_due_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_heap_gives_back_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
