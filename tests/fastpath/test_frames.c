// SPDX-License-Identifier: GPL-2.0-only
/*
 * Frames around the datagram: VLAN tags in and out, checksums of every kind,
 * fragments, options, lengths that do not fit, padding, other people's packets.
 * What was not forwarded left as it came: put_plan() checks that.
 */
#include "exchange.h"

static const char *invite(const char *user)
{
	static char uri[64];

	snprintf(uri, sizeof(uri), "sip:%s@192.0.2.1", user);
	return request_with("INVITE", uri, "frames", NULL, NULL, NULL, "v=0\r\n");
}

static void send_plan(const struct packet_plan *plan, const char *text)
{
	put_plan(plan, text, strlen(text));
}

/* Any number of tags in, any out, with and without growing headers. */
static void vlan_tags(void **state)
{
	static const char *const users[] = {"1000", "1041", "1042"}; /* 0, 1 and 2 tags to push */
	static const struct entrance *const ways[] = {&trunk, &trunk6};
	struct packet_plan plan;
	unsigned in, out, way;

	for (in = 0; in <= 2; in++) {
		for (out = 0; out <= 2; out++) {
			for (way = 0; way < (out == 2 ? 1 : 2); way++) {
				plan = plan_of(ways[way]);
				plan.vlans = in;
				send_plan(&plan, invite(users[out]));
				expect_left(CX_R_REQUEST);
				assert_int_equal(sent.vlans, out);
				if (out == 1)
					assert_int_equal(sent.tag[0], 100);
				if (out == 1)
					assert_int_equal(sent.tag_type[0], 0x8100);
				if (out == 2) { /* IEEE 802.1ad outside */
					assert_int_equal(sent.tag[0], 200);
					assert_int_equal(sent.tag[1], 300);
					assert_int_equal(sent.tag_type[0], 0x88a8);
					assert_int_equal(sent.tag_type[1], 0x8100);
				}
			}
		}
	}
	plan = plan_of(&trunk);
	plan.vlans = 3;
	send_plan(&plan, invite("1041"));
	assert_int_equal(rig->reason, CX_REASON_COUNT); /* not looked into, not counted */
}

static void checksums(void **state)
{
	static const struct entrance *const ways[] = {&trunk, &trunk6};
	struct packet_plan plan;
	struct packet_view v;
	size_t i;

	for (i = 0; i < 2; i++) {
		plan = plan_of(ways[i]);
		send_plan(&plan, invite("1041"));
		assert_int_not_equal(sent.udp_check, 0);
		plan.checksum = PACKET_PARTIAL;
		send_plan(&plan, invite("1041"));
		assert_int_not_equal(sent.udp_check, 0);
		/* what came damaged must not be made whole */
		plan.checksum = PACKET_WRONG;
		{
			static uint8_t frame[PACKET_MAX];
			const char *text = invite("1041");

			rig_run(rig, frame, packet_build(&plan, text, strlen(text), frame), CX_R_REQUEST);
			expect_left(CX_R_REQUEST);
			assert_string_equal(packet_check(rig->out, rig->out_n, &v), "UDP checksum is wrong");
		}
	}
	plan = plan_of(&trunk);
	plan.checksum = PACKET_ZERO;
	send_plan(&plan, invite("1041"));
	expect_left(CX_R_REQUEST);
	assert_int_equal(sent.udp_check, 0);
	plan = plan_of(&trunk6);
	plan.checksum = PACKET_ZERO; /* RFC 8200 8.1: not over IPv6 */
	send_plan(&plan, invite("1041"));
	expect_left(CX_R_BAD_PACKET);
}

/* A response loses a line: the same the other way round. */
static void checksums_of_responses(void **state)
{
	static const enum packet_checksum kinds[] = {PACKET_FULL, PACKET_PARTIAL, PACKET_ZERO};
	char via[96], text[3000];
	struct packet_plan plan;
	size_t i, k;

	for (i = 0; i < 24; i++) {
		snprintf(via, sizeof(via), "SIP/2.0/UDP 10.0.0.%zu;rport;x=%.*s;branch=z9hG4bKa", i, (int)i,
			 "xxxxxxxxxxxxxxxxxxxxxxxx");
		put(&trunk, request_with("INVITE", "sip:1041@h", "sums", via, NULL, NULL, NULL));
		snprintf(text, sizeof(text), "%s", response("183 Session Progress"));
		for (k = 0; k < 3; k++) {
			plan = plan_of(&server);
			plan.checksum = kinds[k];
			send_plan(&plan, text);
			expect_sent(TRUNKS_V4, CALLER_V4, 5060);
			assert_int_equal(!sent.udp_check, kinds[k] == PACKET_ZERO);
		}
	}
}

/* The sum of the result folds to zero now and then: it has to be sent as 0xffff. */
static void a_sum_of_zero(void **state)
{
	struct packet_plan plan = plan_of(&trunk);
	char call[32];
	unsigned i, ones = 0;

	for (i = 0; i < 200000 && !ones; i++) {
		snprintf(call, sizeof(call), "zero-%u", i);
		send_plan(&plan, request("OPTIONS", "sip:1041@h", call, NULL));
		assert_int_not_equal(sent.udp_check, 0);
		ones += sent.udp_check == 0xffff;
	}
	assert_true(ones);
}

static void fragments_and_options(void **state)
{
	struct packet_plan plan = plan_of(&trunk);

	plan.fragment = 0x2000; /* the first of several */
	send_plan(&plan, invite("1041"));
	expect_left(CX_R_FRAGMENT);
	plan.fragment = 0x2010; /* a later one has no ports */
	send_plan(&plan, invite("1041"));
	assert_int_equal(rig->reason, CX_REASON_COUNT);
	plan.fragment = 0x0010; /* the last one */
	send_plan(&plan, invite("1041"));
	assert_int_equal(rig->reason, CX_REASON_COUNT);
	plan.fragment = 0x4000; /* don't fragment: whole */
	send_plan(&plan, invite("1041"));
	expect_left(CX_R_REQUEST);
	plan.fragment = 0;
	for (plan.option_words = 1; plan.option_words <= 10; plan.option_words++) {
		send_plan(&plan, invite("1041"));
		expect_left(CX_R_IP_OPTIONS);
	}
	plan = plan_of(&trunk6);
	plan.next_header = 44; /* fragment header */
	send_plan(&plan, invite("1041"));
	assert_int_equal(rig->reason, CX_REASON_COUNT);
	plan.next_header = 6;
	send_plan(&plan, invite("1041"));
	assert_int_equal(rig->reason, CX_REASON_COUNT);
}

static void lengths_that_do_not_fit(void **state)
{
	static const struct entrance *const ways[] = {&trunk, &trunk6};
	static const int errors[] = {-1, 1, -9, 100, -200};
	struct packet_plan plan;
	size_t i, k;

	for (k = 0; k < 2; k++) {
		for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
			plan = plan_of(ways[k]);
			plan.ip_length_error = errors[i];
			send_plan(&plan, invite("1041"));
			expect_left(CX_R_BAD_PACKET);
			plan = plan_of(ways[k]);
			plan.udp_length_error = errors[i];
			send_plan(&plan, invite("1041"));
			expect_left(CX_R_BAD_PACKET);
		}
		plan = plan_of(ways[k]);
		plan.ip_length_error = plan.udp_length_error = 5; /* agree, but the frame is shorter */
		send_plan(&plan, invite("1041"));
		expect_left(CX_R_BAD_PACKET);
		plan = plan_of(ways[k]);
		plan.padding = 4; /* layer 2 padding, or a trailer */
		send_plan(&plan, invite("1041"));
		expect_left(CX_R_BAD_PACKET);
	}
}

/* Keep-alives are shorter than the shortest frame. */
static void padded_keepalives(void **state)
{
	struct packet_plan plan = plan_of(&trunk);

	for (plan.vlans = 0; plan.vlans <= 2; plan.vlans++) {
		plan.padding = 60 - 14 - 28 - 4;
		send_plan(&plan, "\r\n\r\n");
		expect_left(CX_R_KEEPALIVE);
		plan.padding = 100;
		send_plan(&plan, "\r\n\r\n");
		expect_left(CX_R_BAD_PACKET);
	}
}

/* Cut off everywhere: never forwarded, never changed, no crash. */
static void truncated(void **state)
{
	static const struct entrance *const ways[] = {&trunk, &trunk6};
	const char *text = invite("1041");
	struct packet_plan plan;
	size_t k, frame_n;

	for (k = 0; k < 2; k++) {
		frame_n = 14 + (k ? 40 : 20) + 8 + strlen(text);
		plan = plan_of(ways[k]);
		for (plan.cut = 1; frame_n - plan.cut >= 14; plan.cut++) {
			put_plan(&plan, text, strlen(text));
			assert_true(rig->reason == CX_R_BAD_PACKET || rig->reason == CX_REASON_COUNT);
		}
	}
}

static void none_of_ours(void **state)
{
	struct packet_plan plan = plan_of(&trunk);

	plan.destination_port = 5061;
	send_plan(&plan, invite("1041"));
	assert_int_equal(rig->reason, CX_REASON_COUNT);
	plan = plan_of(&trunk);
	plan.destination = place_addr("192.0.2.9");
	send_plan(&plan, invite("1041"));
	assert_int_equal(rig->reason, CX_REASON_COUNT);
	plan = plan_of(&trunk6);
	plan.destination = place_addr("2001:db8::9");
	send_plan(&plan, invite("1041"));
	assert_int_equal(rig->reason, CX_REASON_COUNT);
}

static void big_messages(void **state)
{
	static char body[2048];
	const char *text;
	size_t i, forwarded = 0, up = 0;

	for (i = 1400; i < 2000; i += 7) {
		memset(body, 'b', i);
		body[i] = '\0';
		text = request_with("INVITE", "sip:1041@192.0.2.1", "big", NULL, NULL, NULL, body);
		put(&trunk, text);
		expect_left(strlen(text) <= 2040 ? CX_R_REQUEST : CX_R_TOO_BIG);
		forwarded += rig->reason == CX_R_REQUEST;
		up += rig->reason == CX_R_TOO_BIG;
		if (rig->reason == CX_R_REQUEST)
			assert_non_null(strstr(sent_text(), body));
	}
	assert_true(forwarded > 10 && up > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(vlan_tags, exchange_forget),
		cmocka_unit_test_setup(checksums, exchange_forget),
		cmocka_unit_test_setup(checksums_of_responses, exchange_forget),
		cmocka_unit_test_setup(a_sum_of_zero, exchange_forget),
		cmocka_unit_test_setup(fragments_and_options, exchange_forget),
		cmocka_unit_test_setup(lengths_that_do_not_fit, exchange_forget),
		cmocka_unit_test_setup(padded_keepalives, exchange_forget),
		cmocka_unit_test_setup(truncated, exchange_forget),
		cmocka_unit_test_setup(none_of_ours, exchange_forget),
		cmocka_unit_test_setup(big_messages, exchange_forget),
	};

	if (!exchange_possible())
		return 0;
	return cmocka_run_group_tests(tests, exchange_open, exchange_close);
}
