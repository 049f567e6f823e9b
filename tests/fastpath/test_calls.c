// SPDX-License-Identifier: GPL-2.0-only
/*
 * Same request in, same branch and element out (RFC 3261 16.11): over
 * retransmissions, CANCEL and the ACK of a failure, and while elements go
 * down, drain and come back.
 */
#include "exchange.h"

#define BRANCH_SIZE 64

static const char *const names[] = {"ms1", "ms2", "ms3"};
static const uint16_t ports[] = {5060, 5080, 5060};

static void set_state(const char *name, uint8_t state)
{
	assert_int_equal(cx_world_set_element(rig->place.world, place_element(&rig->place, name), state, 0, 1), 0);
	rig_settle(rig);
}

static int all_up(void **state)
{
	size_t i;

	for (i = 0; i < 3; i++)
		set_state(names[i], CX_ELEMENT_UP);
	rig_forget(rig);
	return 0;
}

/* Which of ms1 to ms3 got the last packet */
static int element_of_sent(void)
{
	int last = sent.destination.b[15];

	assert_int_equal(rig->reason, CX_R_REQUEST);
	assert_in_range(last, 11, 13);
	assert_int_equal(sent.destination_port, ports[last - 11]);
	return last - 11;
}

static const char *branch_of_sent(char out[BRANCH_SIZE])
{
	const char *at = strstr(sent_text(), "branch=") + 7;

	snprintf(out, BRANCH_SIZE, "%.*s", (int)strcspn(at, "\r"), at);
	return out;
}

static int send_call(const char *method, const char *call)
{
	put(&trunk, request(method, "sip:1000@192.0.2.1", call, NULL));
	return element_of_sent();
}

/* The ACK of a failure: the To tag of the response, the INVITE's branch. */
static int send_ack_of_failure(const char *uri, const char *call)
{
	put(&trunk, request_with("ACK", uri, call, NULL, "<sip:1000@192.0.2.1>;tag=busy", NULL, NULL));
	return element_of_sent();
}

static void everything_of_a_transaction(void **state)
{
	char call[32], branch[BRANCH_SIZE], other[BRANCH_SIZE];
	int i, element, seen = 0;

	for (i = 0; i < 40; i++) {
		snprintf(call, sizeof(call), "transaction-%d", i);
		element = send_call("INVITE", call);
		seen |= 1 << element;
		branch_of_sent(branch);
		assert_int_equal(send_call("INVITE", call), element);
		assert_string_equal(branch_of_sent(other), branch);
		assert_int_equal(send_call("CANCEL", call), element);
		assert_string_equal(branch_of_sent(other), branch);
		assert_int_equal(send_ack_of_failure("sip:1000@192.0.2.1", call), element);
		assert_string_equal(branch_of_sent(other), branch);
		/* where the Request-URI has an address, too: it is the INVITE's that counts */
		assert_int_equal(send_ack_of_failure("sip:1000@203.0.113.77", call), element);
		/* and without the memory of recent calls */
		rig_forget(rig);
		assert_int_equal(send_call("CANCEL", call), element);
		assert_string_equal(branch_of_sent(other), branch);
	}
	assert_int_equal(seen, 7); /* calls are spread */
}

static void branches_differ(void **state)
{
	char a[BRANCH_SIZE], b[BRANCH_SIZE];
	const char *via = "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-other";

	send_call("INVITE", "differ-1");
	branch_of_sent(a);
	send_call("INVITE", "differ-2");
	assert_string_not_equal(branch_of_sent(b), a);
	put(&trunk, request_with("INVITE", "sip:1000@192.0.2.1", "differ-1", via, NULL, NULL, NULL));
	assert_string_not_equal(branch_of_sent(b), a);
	put(&agent, request("INVITE", "sip:1000@192.0.2.1", "differ-1", NULL));
	assert_string_not_equal(branch_of_sent(b), a);
}

static void a_dead_element(void **state)
{
	int element = send_call("INVITE", "dead"), moved;

	set_state(names[element], CX_ELEMENT_DOWN);
	assert_int_equal(send_call("CANCEL", "dead"), element);	/* belongs to the INVITE that was sent there */
	assert_int_equal(send_ack_of_failure("sip:1000@192.0.2.1", "dead"), element);
	moved = send_call("INVITE", "dead"); /* this one saves the call */
	assert_int_not_equal(moved, element);
	assert_int_equal(send_call("CANCEL", "dead"), moved);
	set_state(names[element], CX_ELEMENT_UP);
	assert_int_equal(send_call("INVITE", "dead"), moved); /* does not jump back */
	assert_int_equal(send_call("CANCEL", "dead"), moved);
}

/* What it has goes on there; nothing new does. */
static void takes_no_new_calls(uint8_t how)
{
	const char *again = "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-again";
	char call[32];
	int element = send_call("INVITE", "drain"), i;

	set_state(names[element], how);
	assert_int_equal(send_call("INVITE", "drain"), element); /* a retransmission */
	assert_int_equal(send_call("CANCEL", "drain"), element);
	assert_int_equal(send_ack_of_failure("sip:1000@192.0.2.1", "drain"), element);
	for (i = 0; i < 60; i++) {
		snprintf(call, sizeof(call), "drain-%d", i);
		assert_int_not_equal(send_call("INVITE", call), element);
	}
	/* another attempt of the same call is a new request */
	put(&trunk, request_with("INVITE", "sip:1000@192.0.2.1", "drain", again, NULL, NULL, NULL));
	assert_int_not_equal(element_of_sent(), element);
}

static void a_draining_element(void **state)
{
	takes_no_new_calls(CX_ELEMENT_DRAINING);
}

static void a_paused_element(void **state)
{
	takes_no_new_calls(CX_ELEMENT_PAUSED);
}

static void a_disabled_element(void **state)
{
	int element = send_call("INVITE", "disabled"), i;
	char call[32];

	set_state(names[element], CX_ELEMENT_DISABLED);
	for (i = 0; i < 60; i++) {
		snprintf(call, sizeof(call), "disabled-%d", i);
		assert_int_not_equal(send_call("INVITE", call), element);
	}
}

static void nobody_left(void **state)
{
	int element = send_call("INVITE", "last"), i;

	for (i = 0; i < 3; i++)
		set_state(names[i], CX_ELEMENT_DOWN);
	put(&trunk, request("INVITE", "sip:1000@192.0.2.1", "last", NULL));
	expect_left(CX_R_NO_ELEMENT);
	put(&trunk, request("INVITE", "sip:1000@192.0.2.1", "new", NULL));
	expect_left(CX_R_NO_ELEMENT);
	assert_int_equal(send_call("CANCEL", "last"), element);
	set_state("ms2", CX_ELEMENT_UP);
	assert_int_equal(send_call("INVITE", "last"), 1);
	assert_int_equal(send_call("INVITE", "new"), 1);
}

/* A removed element moves its own calls only; all come back with it. */
static void little_disruption(void **state)
{
	int before[300], element, i, stayed = 0, others = 0;
	char call[32];

	for (i = 0; i < 300; i++) {
		snprintf(call, sizeof(call), "disruption-%d", i);
		before[i] = send_call("MESSAGE", call);
	}
	rig_forget(rig);
	set_state("ms1", CX_ELEMENT_DOWN);
	for (i = 0; i < 300; i++) {
		snprintf(call, sizeof(call), "disruption-%d", i);
		element = send_call("MESSAGE", call);
		others += before[i] != 0;
		stayed += before[i] != 0 && element == before[i];
		assert_int_not_equal(element, 0);
	}
	assert_true(stayed * 100 > others * 85);
	rig_forget(rig);
	set_state("ms1", CX_ELEMENT_UP);
	for (i = 0; i < 300; i++) {
		snprintf(call, sizeof(call), "disruption-%d", i);
		assert_int_equal(send_call("MESSAGE", call), before[i]);
	}
}

static void weights(void **state)
{
	int got[3] = {0}, i;
	char call[32];

	for (i = 0; i < 6000; i++) {
		snprintf(call, sizeof(call), "%d@weights", i * 7919);
		got[send_call("OPTIONS", call)]++;
	}
	/* 1:1:2; three sigma of 6000 draws are 101 and 116, and 1 % for the ring */
	assert_in_range(got[0], 1340, 1660);
	assert_in_range(got[1], 1340, 1660);
	assert_in_range(got[2], 2830, 3170);
}

static void calls_are_counted_once(void **state)
{
	struct cx_element_stats before, after;
	uint32_t id = place_element(&rig->place, "v1");
	struct cx_listener_stats listener, then;

	assert_int_equal(cx_fastpath_element_stats(rig->fp, id, &before), 0);
	assert_int_equal(cx_fastpath_listener_stats(rig->fp, place_listener(&rig->place, TRUNKS_V4), &listener), 0);
	put(&trunk, request("INVITE", "sip:1041@h", "counted", NULL));
	put(&trunk, request("INVITE", "sip:1041@h", "counted", NULL));
	put(&trunk, request("CANCEL", "sip:1041@h", "counted", NULL));
	put(&trunk, request("MESSAGE", "sip:1041@h", "counted-2", NULL));
	put(&trunk, request("INVITE", "sip:999@h", "counted-3", NULL));
	assert_int_equal(cx_fastpath_element_stats(rig->fp, id, &after), 0);
	assert_int_equal(after.calls - before.calls, 1);
	assert_int_equal(after.requests - before.requests, 4);
	assert_true(after.bytes - before.bytes > 4 * 200);
	assert_int_equal(cx_fastpath_listener_stats(rig->fp, place_listener(&rig->place, TRUNKS_V4), &then), 0);
	assert_int_equal(then.requests - listener.requests, 4);
	assert_int_equal(then.up - listener.up, 1);
	assert_int_equal(then.responses - listener.responses, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(everything_of_a_transaction, all_up),
		cmocka_unit_test_setup(branches_differ, all_up),
		cmocka_unit_test_setup(a_dead_element, all_up),
		cmocka_unit_test_setup(a_draining_element, all_up),
		cmocka_unit_test_setup(a_paused_element, all_up),
		cmocka_unit_test_setup(a_disabled_element, all_up),
		cmocka_unit_test_setup(nobody_left, all_up),
		cmocka_unit_test_setup(little_disruption, all_up),
		cmocka_unit_test_setup(weights, all_up),
		cmocka_unit_test_setup(calls_are_counted_once, all_up),
	};

	if (!exchange_possible())
		return 0;
	return cmocka_run_group_tests(tests, exchange_open, exchange_close);
}
