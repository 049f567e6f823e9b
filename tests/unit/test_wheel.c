/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The timer wheel against a plain list of times; counted memory.
 */
#include "fixture.h"
#include "base/mem.h"
#include "txn/wheel.h"

#define TIMERS 2000

static struct cx_wheel wheel;
static struct cx_timer timers[TIMERS];
static uint64_t wanted[TIMERS]; /* 0: not set */
static uint64_t fired, last_ms;
static uint64_t seed = 88172645463325252ULL;

static uint64_t number(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return seed;
}

static void fire(void *ctx, struct cx_timer *t)
{
	size_t i = (size_t)(t - timers);

	assert_true(wanted[i] && wanted[i] == wheel.now_ms);
	assert_true(wheel.now_ms >= last_ms);
	assert_false(cx_timer_is_set(t));
	last_ms = wheel.now_ms;
	wanted[i] = 0;
	fired++;
}

static void start(uint64_t now_ms)
{
	memset(timers, 0, sizeof(timers));
	memset(wanted, 0, sizeof(wanted));
	fired = last_ms = 0;
	cx_wheel_init(&wheel, now_ms);
}

static uint64_t earliest(void)
{
	uint64_t min = CX_WHEEL_NEVER;

	for (size_t i = 0; i < TIMERS; i++)
		if (wanted[i] && wanted[i] < min)
			min = wanted[i];
	return min;
}

static void every_timer_fires_at_its_ms(void **state)
{
	uint64_t starts[] = {0, 1, 63, 64, 4095, 1700000000000ULL};

	for (size_t k = 0; k < sizeof(starts) / sizeof(starts[0]); k++) {
		start(starts[k]);
		for (int round = 0; round < 20000; round++) {
			size_t i = number() % TIMERS;
			uint64_t in_ms = number() % (1ULL << (number() % 27));

			if (number() % 5 == 0) {
				cx_timer_stop(&wheel, &timers[i]);
				wanted[i] = 0;
			} else {
				cx_timer_set(&wheel, &timers[i], wheel.now_ms + in_ms);
				wanted[i] = wheel.now_ms + (in_ms ? in_ms : 1);
			}
			if (number() % 8 == 0) {
				uint64_t to = wheel.now_ms + number() % (1ULL << (number() % 20));

				cx_wheel_advance(&wheel, to, fire, NULL);
				assert_true(wheel.now_ms == to && earliest() > to);
				assert_true(cx_wheel_next(&wheel) <= earliest() &&
					    cx_wheel_next(&wheel) > to);
			}
		}
		assert_true(fired > 1000);
		cx_wheel_advance(&wheel, wheel.now_ms + (1ULL << 30), fire, NULL);
		assert_int_equal(wheel.count, 0);
		assert_true(earliest() == CX_WHEEL_NEVER && cx_wheel_next(&wheel) == CX_WHEEL_NEVER);
	}
}

static void what_is_due_waits_for_the_next_ms(void **state)
{
	start(1000);
	cx_timer_set(&wheel, &timers[0], 5);
	wanted[0] = 1001;
	cx_wheel_advance(&wheel, 1000, fire, NULL);
	assert_int_equal(fired, 0);
	cx_wheel_advance(&wheel, 1001, fire, NULL);
	assert_int_equal(fired, 1);
}

static void times_behind_the_horizon_are_kept(void **state)
{
	start(1000);
	cx_timer_set(&wheel, &timers[0], UINT64_MAX);
	assert_true(cx_timer_is_set(&timers[0]));
	cx_wheel_advance(&wheel, 1000000, fire, NULL);
	assert_int_equal(wheel.count, 1);
	cx_timer_stop(&wheel, &timers[0]);
	cx_timer_stop(&wheel, &timers[0]);
	assert_int_equal(wheel.count, 0);
}

static void again(void *ctx, struct cx_timer *t)
{
	unsigned *times = ctx;

	++*times;
	cx_timer_set(&wheel, t, wheel.now_ms); /* at once, for ever */
	cx_timer_stop(&wheel, &timers[1]);     /* due in the same ms */
}

static void firing_may_set_and_stop(void **state)
{
	unsigned times = 0;

	start(0);
	cx_timer_set(&wheel, &timers[0], 10);
	cx_timer_set(&wheel, &timers[1], 10);
	cx_wheel_advance(&wheel, 20, again, &times);
	assert_int_equal(times, 11); /* 10, 11 ... 20 */
	assert_int_equal(wheel.count, 1);
}

static void memory_is_counted_and_fails_when_told(void **state)
{
	struct cx_mem m = {.fail_at = 3};
	struct cx_buffer *b = cx_buffer_copy(&m, "text", 4);
	uint8_t *p = cx_mem_alloc(&m, 100);

	assert_true(b && b->n == 4 && !memcmp(b->p, "text", 4));
	assert_true(p && !p[0] && !p[99]);
	assert_true(m.objects == 2 && m.bytes >= 104);
	assert_null(cx_mem_alloc(&m, 1));
	assert_int_equal(m.objects, 2);
	cx_mem_free(&m, p);
	cx_buffer_drop(&m, &b);
	cx_buffer_drop(&m, &b);
	assert_null(b);
	assert_true(m.objects == 0 && m.bytes == 0 && m.allocations == 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_timer_fires_at_its_ms),
	    cmocka_unit_test(what_is_due_waits_for_the_next_ms),
	    cmocka_unit_test(times_behind_the_horizon_are_kept),
	    cmocka_unit_test(firing_may_set_and_stop),
	    cmocka_unit_test(memory_is_counted_and_fails_when_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
