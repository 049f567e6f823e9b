/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Probes under a virtual clock: the request on the wire, which answers count, how
 * many misses and hits move an element (judge.h).
 */
#include <errno.h>
#include "health_run.h"

static void elements_start_up_and_are_probed_within_an_interval(void **state)
{
	run_start(3);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_int_equal(run.world->elements[0].since_ms, run_ops.wall_ms(NULL));
	run_pass(1000);
	assert_int_equal(run.sent[0], 1);
	assert_int_equal(run.sent[1], 1);
	assert_int_equal(run.sent[2], 1);
	/* spread, not all at once */
	assert_true(run.sent_ms[0] != run.sent_ms[1] && run.sent_ms[1] != run.sent_ms[2]);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_pass(10000);
	assert_int_equal(run.sent[0], 11);
	assert_int_equal(run_view(0).answers, 11);
	assert_int_equal(run_view(0).last_code, 200);
	assert_int_equal(run_view(0).hits_in_row, 11);
	assert_true(run_view(0).last_rtt_us > 0);
	run_end();
}

static void a_silent_element_is_down_within_two_and_a_half_seconds(void **state)
{
	uint64_t silent;

	run_start(2);
	run_pass(3000);
	while (run.sent_ms[0] != run.now_ms)
		run_pass(1); /* silent right after a good answer */
	run.answers[0] = false;
	silent = run.now_ms;
	while (run_state(0) == CX_ELEMENT_UP)
		run_pass(1);
	print_message("silent element down after %u ms\n", (unsigned)(run.now_ms - silent));
	assert_true(run.now_ms - silent <= 2500);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(run.world->groups[0].elements_up, 1);
	assert_element(1, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_end();
}

static void fall_misses_take_it_down_and_one_answer_starts_over(void **state)
{
	struct cx_config *c = run_config(1);

	probe_of(c)->fall = 3;
	run_start_config(c);
	run_pass(2000);
	while (run.sent_ms[0] != run.now_ms)
		run_pass(1);
	run.answers[0] = false;
	run_pass(1000 + 2 * 500 + 499); /* the third is under way */
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	assert_int_equal(run_view(0).misses_in_row, 2);
	assert_int_equal(run_view(0).hits_in_row, 0);
	run_answer(0, 200);
	assert_int_equal(run_view(0).misses_in_row, 0);
	run_pass(501 + 3 * 500 - 1);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_pass(1);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(run_view(0).misses_in_row, 3);
	run_end();
}

static void rise_answers_bring_it_back(void **state)
{
	struct cx_config *c = run_config(1);
	unsigned sent;

	probe_of(c)->rise = 3;
	probe_of(c)->down_interval_ms = 200;
	probe_of(c)->timeout_ms = 100;
	run_start_config(c);
	run.answers[0] = false;
	run_pass(2000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	sent = run.sent[0];
	run_pass(1000);
	assert_int_equal(run.sent[0] - sent, 5); /* the interval of those that are down */
	run.answers[0] = true;
	sent = run.sent[0];
	while (run_state(0) == CX_ELEMENT_DOWN)
		run_pass(1);
	assert_int_equal(run.sent[0] - sent, 3);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	sent = run.sent[0];
	run_pass(5000);
	assert_int_equal(run.sent[0] - sent, 5);
	run_end();
}

static void a_late_answer_is_noted_but_moves_nothing(void **state)
{
	char late[64];

	run_start(1);
	run.answers[0] = false;
	run_pass(1000);
	snprintf(late, sizeof(late), "%s", run.branch[0]);
	run_pass(3000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(cx_health_response(run.health, late, strlen(late), 200),
			 -ENOENT); /* too old to be known */
	while (run.sent_ms[0] != run.now_ms)
		run_pass(1);
	run_pass(510);
	assert_int_equal(run_answer(0, 200), 0);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(run_view(0).answers, 1);
	assert_int_equal(run_view(0).hits_in_row, 0);
	assert_int_equal(run_answer(0, 200), 0); /* a retransmission */
	assert_int_equal(run_view(0).answers, 1);
	run_end();
}

static void any_code_means_alive_unless_listed(void **state)
{
	struct cx_config *c = run_config(2);

	run_start_config(c);
	run.code = 503;
	run_pass(3000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_end();
	c = run_config(2);
	probe_of(c)->down_codes[0] = 500;
	probe_of(c)->down_codes[1] = 503;
	probe_of(c)->n_down_codes = 2;
	run_start_config(c);
	run.code = 404;
	run_pass(3000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run.code = 503;
	run_pass(2000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_CODE);
	assert_int_equal(run_view(0).last_code, 503);
	run.code = 200;
	run_pass(1000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_end();
}

static void a_listed_code_does_not_use_up_fall_at_once(void **state)
{
	struct cx_config *c = run_config(1);

	probe_of(c)->down_codes[0] = 503;
	probe_of(c)->n_down_codes = 1;
	run_start_config(c);
	run.code = 503;
	while (!run.sent[0])
		run_pass(1);
	run_pass(499);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	run_pass(1);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_CODE);
	run_end();
}

static void a_provisional_answer_waits_for_the_code(void **state)
{
	struct cx_config *c = run_config(1);

	probe_of(c)->down_codes[0] = 503;
	probe_of(c)->n_down_codes = 1;
	run_start_config(c);
	run.answers[0] = false;
	while (!run.sent[0])
		run_pass(1);
	assert_int_equal(run_answer(0, 100), 0);
	assert_int_equal(run_view(0).answers, 0);
	assert_int_equal(run_answer(0, 503), 0);
	assert_int_equal(run_view(0).misses_in_row, 1);
	run_end();
}

static void what_cannot_be_sent_is_a_miss(void **state)
{
	run_start(1);
	run.answers[0] = false;
	run.send_error[0] = -EPERM;
	run_pass(1000);
	assert_int_equal(run_state(0), CX_ELEMENT_UP);
	run_pass(1000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_SEND_FAILED);
	run_end();
}

static void a_full_send_buffer_is_not_the_elements_fault(void **state)
{
	run_start(1);
	run.answers[0] = false;
	run.send_error[0] = -ENOBUFS;
	run_pass(5000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_int_equal(run_view(0).misses, 0);
	run.send_error[0] = 0;
	run.answers[0] = true;
	run_pass(100);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_end();
}

static void an_element_without_a_listener_is_down(void **state)
{
	struct cx_config *c = run_config(1);

	fixture_element(&c->groups[0], "six", "2001:db8::9", 5060, 1);
	run_start_config(c);
	run_pass(3000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	assert_element(1, CX_ELEMENT_DOWN, CX_ER_SEND_FAILED);
	run_end();
}

static void the_request_is_complete(void **state)
{
	const char *const needed[] = {
	    "OPTIONS sip:10.1.0.2:5060 SIP/2.0\r\n",
	    "\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKT",
	    "\r\nMax-Forwards: 70\r\n",
	    "\r\nFrom: <sip:cxsip@192.0.2.1:5060>;tag=",
	    "\r\nTo: <sip:10.1.0.2:5060>\r\n",
	    "\r\nCall-ID: ",
	    "\r\nCSeq: 1 OPTIONS\r\n",
	    "\r\nContact: <sip:192.0.2.1:5060>\r\n",
	    "\r\nAccept: application/sdp\r\n",
	    "\r\nContent-Length: 0\r\n\r\n",
	};
	size_t i;

	run_start(1);
	run_pass(1000);
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		assert_non_null(strstr(run.last, needed[i]));
	assert_int_equal(strncmp(run.last, needed[0], strlen(needed[0])), 0);
	assert_int_equal(
	    strspn(run.branch[0], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
	    strlen(run.branch[0]));
	run_end();
}

static void only_our_own_branches_count(void **state)
{
	char branch[64], first[64];
	size_t i, n;

	run_start(2);
	run.answers[0] = false;
	while (!run.sent[0])
		run_pass(1);
	snprintf(first, sizeof(first), "%s", run.branch[0]);
	n = strlen(first);
	for (i = 0; i < n; i++) {
		snprintf(branch, sizeof(branch), "%s", first);
		branch[i] = branch[i] == '1' ? '2' : '1';
		assert_int_equal(cx_health_response(run.health, branch, n, 200), -ENOENT);
	}
	assert_int_equal(cx_health_response(run.health, first, n - 1, 200), -ENOENT);
	assert_int_equal(cx_health_response(run.health, "", 0, 200), -ENOENT);
	assert_int_equal(cx_health_response(run.health, "T0000000000000000000000000", 25, 200), -ENOENT);
	assert_int_equal(run_view(0).answers, 0);
	assert_int_equal(cx_health_response(run.health, first, n, 200), 0);
	assert_int_equal(run_view(0).answers, 1);
	while (run.sent[0] < 2)
		run_pass(1);
	assert_string_not_equal(first, run.branch[0]);
	run_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(elements_start_up_and_are_probed_within_an_interval),
	    cmocka_unit_test(a_silent_element_is_down_within_two_and_a_half_seconds),
	    cmocka_unit_test(fall_misses_take_it_down_and_one_answer_starts_over),
	    cmocka_unit_test(rise_answers_bring_it_back),
	    cmocka_unit_test(a_late_answer_is_noted_but_moves_nothing),
	    cmocka_unit_test(any_code_means_alive_unless_listed),
	    cmocka_unit_test(a_listed_code_does_not_use_up_fall_at_once),
	    cmocka_unit_test(a_provisional_answer_waits_for_the_code),
	    cmocka_unit_test(what_cannot_be_sent_is_a_miss),
	    cmocka_unit_test(a_full_send_buffer_is_not_the_elements_fault),
	    cmocka_unit_test(an_element_without_a_listener_is_down),
	    cmocka_unit_test(the_request_is_complete),
	    cmocka_unit_test(only_our_own_branches_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
