// SPDX-License-Identifier: GPL-2.0-only
/* Elements that asked to be left alone, as the health room has them: whose word
 * counts, what is stronger, and when it is over. */
#include <errno.h>
#include "health_run.h"

static void told(uint32_t element, uint64_t said_ms, uint32_t seconds)
{
	struct cx_pause pause = {.said_ms = said_ms,
				 .until_ms = said_ms + seconds * 1000,
				 .full_ms = said_ms + seconds * 1000 + 4000,
				 .asked_s = seconds,
				 .status = 503};

	cx_health_pause(run.health, element, &pause);
}

static bool in_ring(uint32_t element)
{
	const struct cx_ring *ring = run.world->rings[0];

	for (uint32_t i = 0; ring && i < 1u << ring->bits; i++)
		if (ring->slots[i] == element)
			return true;
	return false;
}

static void it_ends_by_the_clock(void **state)
{
	unsigned sent;

	run_start(2);
	run_pass(3000);
	run.world->changed = false;
	told(0, run.now_ms, 20);
	assert_element(0, CX_ELEMENT_PAUSED, CX_ER_RETRY_AFTER);
	assert_true(run.world->changed); /* a view of it is due */
	assert_false(in_ring(0));
	assert_int_equal(run.world->groups[0].elements_up, 1);
	sent = run.sent[0];
	run_pass(19999);
	assert_element(0, CX_ELEMENT_PAUSED, CX_ER_RETRY_AFTER);
	assert_true(run.sent[0] - sent >= 19); /* is probed all the while */
	assert_int_equal(run_view(0).misses, 0);
	run_pass(1);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	assert_true(in_ring(0));
	assert_int_equal(cx_pause_share(&run.world->pauses[0], run.now_ms + 1000), CX_PAUSE_WHOLE / 4);
	run_pass(10000);
	assert_int_equal(run_view(0).misses, 0); /* nor was its end taken for one */
	run_end();
}

static void without_probes_as_well(void **state)
{
	struct cx_config *c = run_config(2);

	probe_of(c)->enabled = false;
	run_start_config(c);
	run_pass(1);
	told(0, run.now_ms, 3);
	run_pass(2999);
	assert_element(0, CX_ELEMENT_PAUSED, CX_ER_RETRY_AFTER);
	run_pass(1);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	run_end();
}

static void the_later_word_counts(void **state)
{
	run_start(1);
	run_pass(3000);
	told(0, run.now_ms - 10, 20);
	told(0, run.now_ms - 11, 60); /* comes late, by another worker */
	told(0, run.now_ms - 10, 60);
	run_pass(19990);
	assert_int_equal(run_state(0), CX_ELEMENT_UP);
	told(0, run.now_ms, 60);
	run_pass(1000);
	told(0, run.now_ms, 2);
	run_pass(1999);
	assert_int_equal(run_state(0), CX_ELEMENT_PAUSED);
	run_pass(1);
	assert_int_equal(run_state(0), CX_ELEMENT_UP);
	told(7, run.now_ms, 20); /* there is none */
	told(CX_NONE, run.now_ms, 20);
	run_end();
}

static void an_order_to_enable_ends_it(void **state)
{
	uint64_t before;

	run_start(1);
	run_pass(3000);
	told(0, run.now_ms, 20);
	run_pass(1000);
	before = run.now_ms - 1;
	assert_int_equal(cx_health_order(run.health, 0, CX_ENABLE), 0);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	assert_int_equal(cx_pause_share(&run.world->pauses[0], run.now_ms),
			 CX_PAUSE_WHOLE); /* no slow start */
	told(0, before, 20);		  /* was on its way */
	assert_int_equal(run_state(0), CX_ELEMENT_UP);
	told(0, run.now_ms + 1, 20);
	assert_int_equal(run_state(0), CX_ELEMENT_PAUSED);
	run_end();
}

static void what_is_stronger(void **state)
{
	run_start(1);
	run_pass(3000);
	told(0, run.now_ms, 20);
	cx_health_order(run.health, 0, CX_DRAIN);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	cx_health_order(run.health, 0, CX_UNDRAIN);
	assert_element(0, CX_ELEMENT_PAUSED, CX_ER_RETRY_AFTER);
	run_icmp(0, ECONNREFUSED);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_ICMP);
	run_pass(2000); /* probes bring it back */
	assert_element(0, CX_ELEMENT_PAUSED, CX_ER_RETRY_AFTER);
	run.answers[0] = false;
	run_pass(5000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	run_pass(20000);
	run.answers[0] = true;
	run_pass(3000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_end();
}

static void it_belongs_to_the_server(void **state)
{
	struct cx_config *c;
	uint64_t before;

	run_start(2);
	run_pass(3000);
	told(0, run.now_ms, 20);
	before = run.now_ms;
	run_pass(1000);
	run_swap(run_config(2));
	assert_element(0, CX_ELEMENT_PAUSED, CX_ER_RETRY_AFTER);
	c = run_config(2);
	c->groups[0].elements[0].addr = fixture_addr("10.9.9.9");
	run_swap(c);
	assert_int_equal(run_state(0), CX_ELEMENT_UP);
	told(0, before, 20); /* about the one that had the name before */
	assert_int_equal(run_state(0), CX_ELEMENT_UP);
	run_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(it_ends_by_the_clock),  cmocka_unit_test(without_probes_as_well),
	    cmocka_unit_test(the_later_word_counts), cmocka_unit_test(an_order_to_enable_ends_it),
	    cmocka_unit_test(what_is_stronger),	     cmocka_unit_test(it_belongs_to_the_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
