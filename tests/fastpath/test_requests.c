// SPDX-License-Identifier: GPL-2.0-only
/*
 * Requests through the program: every method, every form of the headers that
 * routing reads, DNs and prefixes, Via, Max-Forwards, Record-Route.
 */
#include "exchange.h"

#define COOKIE4 24
#define COOKIE6 40

static void every_method(void **state)
{
	static const char *const methods[] = {"INVITE", "ACK",	"CANCEL", "BYE",     "PRACK",	"UPDATE",  "INFO",
					      "REFER",	"NOTIFY", "MESSAGE", "OPTIONS", "SUBSCRIBE", "PUBLISH", "X"};
	char call[32], start[32];
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		snprintf(call, sizeof(call), "method-%zu", i);
		put(&trunk, request(methods[i], "sip:1041@192.0.2.1", call, NULL));
		expect_sent(CORE_V4, "203.0.113.41", 5060);
		snprintf(start, sizeof(start), "%s sip:1041@", methods[i]);
		assert_memory_equal(sent.payload, start, strlen(start));
		expect_text("Max-Forwards: 69\r\n");
	}
	put(&trunk, request("REGISTER", "sip:1000@192.0.2.1", "method-register", NULL));
	expect_left(CX_R_REGISTER);
}

/* Ours on top, the rest of the message as it was but for Max-Forwards. */
static void only_via_is_new(void **state)
{
	const char *in = request_with("INVITE", "sip:1041@192.0.2.1", "whole", NULL, NULL, NULL, "v=0\r\n");
	const char *via = strstr(in, "Via:"), *out;
	char expected[2048];

	put(&trunk, in);
	expect_sent(CORE_V4, "203.0.113.41", 5060);
	out = sent_text();
	snprintf(expected, sizeof(expected), "%.*sVia: SIP/2.0/UDP 203.0.113.1:5060;branch=z9hG4bK", (int)(via - in), in);
	assert_memory_equal(out, expected, strlen(expected));
	out += strlen(expected);
	assert_int_equal(strspn(out, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-."), COOKIE4);
	snprintf(expected, sizeof(expected), "\r\n%s", via);
	memcpy(strstr(expected, "s: 70") + 3, "69", 2);
	assert_string_equal(out + COOKIE4, expected);
}

static void cookie_of_ipv6(void **state)
{
	const char *at;

	put(&trunk6, request("INVITE", "sip:1041@[2001:db8::1]", "six", NULL));
	expect_sent(CORE_V6, "2001:db8:200::41", 5060);
	at = strstr(sent_text(), "Via: SIP/2.0/UDP [2001:db8:200::1]:5060;branch=z9hG4bK");
	assert_non_null(at);
	assert_int_equal(strcspn(strstr(at, "z9hG4bK") + 7, "\r"), COOKIE6);
}

static void compact_and_reordered(void **state)
{
	put(&trunk, "INVITE sip:1041@192.0.2.1 SIP/2.0\r\nl: 3\r\ni:c1\r\nCSEQ:1 INVITE\r\nt:<sip:x@y>\r\n"
		    "f:<sip:a@b>;tag=1\r\nmax-forwards:5\r\nv:SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKc\r\n\r\nabc");
	expect_sent(CORE_V4, "203.0.113.41", 5060);
	expect_text("max-forwards:4\r\n");
	assert_non_null(strstr(sent_text(), "\r\n\r\nabc"));
	assert_memory_equal(strchr(sent_text(), '\n') + 1, "Via: SIP/2.0/UDP 203.0.113.1", 28);
}

static void several_vias(void **state)
{
	const char *two = "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa, SIP/2.0/TCP p.example.net;branch=z9hG4bKb";

	put(&trunk, request_with("INVITE", "sip:1041@192.0.2.1", "vias", two, NULL, "Via: SIP/2.0/WS x;branch=y\r\n", NULL));
	expect_sent(CORE_V4, "203.0.113.41", 5060);
	expect_text("\r\nVia: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa, SIP/2.0/TCP p.example.net;branch=z9hG4bKb\r\n");
	expect_text("\r\nVia: SIP/2.0/WS x;branch=y\r\n");
}

static void ways_to_write_a_number(void **state)
{
	static const char *const uris[] = {
		"sip:1041@192.0.2.1", "SIP:1041@anything.example", "tel:1041", "TEL:+1041;ext=5",
		"sip:+1041@h", "sip:%31041@h", "sip:10%34%31@h;user=phone", "sip:1-0.4(1)@h", "sip:1041;a=b;c@h",
		"sip:1041:password@h", "tel:1041;phone-context=example.com", "sip:1041@[2001:db8::1]:5060", "tel:+(10)41",
		"sip:1041@h?Subject=x",
	};
	char call[32];
	size_t i;

	for (i = 0; i < sizeof(uris) / sizeof(uris[0]); i++) {
		snprintf(call, sizeof(call), "uri-%zu", i);
		put(&trunk, request("MESSAGE", uris[i], call, NULL));
		expect_sent(CORE_V4, "203.0.113.41", 5060);
		assert_memory_equal(sent.payload + 8, uris[i], strlen(uris[i])); /* never rewritten */
	}
}

static void separators_count_where_a_network_says_so(void **state)
{
	put(&anybody, request("MESSAGE", "sip:100-200@192.0.2.3", "sep-1", NULL));
	assert_int_equal(rig->reason, CX_R_REQUEST);
	put(&anybody, request("MESSAGE", "sip:100200@192.0.2.3", "sep-2", NULL));
	expect_left(CX_R_NO_ROUTE);
	put(&anybody, request("MESSAGE", "sip:+1234@192.0.2.3", "sep-3", NULL));
	assert_int_equal(rig->reason, CX_R_REQUEST);
	put(&anybody, request("MESSAGE", "sip:1234@192.0.2.3", "sep-4", NULL));
	expect_left(CX_R_NO_ROUTE);
}

static void longest_prefix_wins(void **state)
{
	static const struct {
		const char *user, *to;
	} cases[] = {{"4930", "203.0.113.41"},	   {"49309999", "203.0.113.41"},  {"493012", "203.0.113.42"},
		     {"493012999", "203.0.113.42"}, {"493012345", "203.0.113.43"}, {"4930123456", "203.0.113.42"},
		     {"493", NULL},		   {"49", NULL},		   {"4", ""},
		     {"493012345678901234567890123456789012", "203.0.113.42"},	   {"+49-30-123-45", "203.0.113.43"}};
	char uri[80], call[32];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(uri, sizeof(uri), "sip:%s@192.0.2.1", cases[i].user);
		snprintf(call, sizeof(call), "prefix-%zu", i);
		put(&trunk, request("MESSAGE", uri, call, NULL));
		if (!cases[i].to)
			assert_int_equal(rig->reason, CX_R_REQUEST); /* any of "media" */
		else if (!*cases[i].to)
			expect_left(CX_R_NO_ROUTE);
		else
			expect_sent(CORE_V4, cases[i].to, 5060);
	}
}

static void longest_dn(void **state)
{
	put(&trunk, request("MESSAGE", "sip:abcdefghijklmnopqrstuvwxyz012@h", "dn-29", NULL));
	assert_int_equal(rig->reason, CX_R_REQUEST);
	put(&trunk, request("MESSAGE", "sip:abcdefghijklmnopqrstuvwxyz01@h", "dn-28", NULL));
	expect_left(CX_R_NO_ROUTE);
	put(&trunk, request("MESSAGE", "sip:abcdefghijklmnopqrstuvwxyz0123@h", "dn-30", NULL));
	expect_left(CX_R_NO_ROUTE);
}

static void max_forwards(void **state)
{
	static const char *const cases[][2] = {{"1", "0"},	 {"10", "09"},	 {"100", "099"}, {"255", "254"},
					       {"007", "006"}, {"200", "199"}, {"70", "69"}};
	char text[1024], line[64], *at;
	size_t i, k;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (k = 0; k < 2; k++) { /* in the rewritten head, and far behind it, at odd and even places */
			snprintf(text, sizeof(text), "%s", request("MESSAGE", "sip:1041@h", "mf", k ? "X: odd\r\n" : NULL));
			at = strstr(text, "70\r\n");
			memmove(at + strlen(cases[i][0]), at + 2, strlen(at + 2) + 1);
			memcpy(at, cases[i][0], strlen(cases[i][0]));
			put(&trunk, text);
			snprintf(line, sizeof(line), "\r\nMax-Forwards: %s\r\n", cases[i][1]);
			expect_text(line);
		}
	}
}

static void record_route_where_a_network_asks(void **state)
{
	put(&trunk, request("INVITE", "sip:1041@h", "rr-none", NULL));
	assert_string_equal(sent_values("Record-Route"), "");
	/* both sides, the one it leaves by on top (RFC 5658) */
	put(&agent, request("INVITE", "sip:1041@h", "rr-two", "Record-Route: <sip:x;lr>\r\n"));
	expect_sent(CORE_V4, "203.0.113.41", 5060);
	assert_string_equal(sent_values("Record-Route"),
			    "<sip:203.0.113.1:5060;lr>|<sip:192.0.2.2:5070;lr>|<sip:x;lr>");
	/* one side: in and out by the same listener */
	put(&agent, request("INVITE", "sip:1050@h", "rr-one", NULL));
	expect_sent(AGENTS_V4, "198.51.100.51", 5062);
	assert_string_equal(sent_values("Record-Route"), "<sip:192.0.2.2:5070;lr>");
	put(&agent6, request("INVITE", "sip:1050@h", "rr-six", NULL));
	expect_sent(AGENTS_V6, "2001:db8:100::51", 5062);
	assert_string_equal(sent_values("Record-Route"), "<sip:[2001:db8::2]:5070;lr>");
	put(&agent, request("SUBSCRIBE", "sip:1041@h", "rr-sub", NULL));
	assert_true(*sent_values("Record-Route"));
}

static void no_record_route_without_a_dialog(void **state)
{
	static const char *const methods[] = {"MESSAGE", "OPTIONS", "BYE", "ACK", "CANCEL", "INFO", "NOTIFY"};
	char call[32];
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		snprintf(call, sizeof(call), "rr-%zu", i);
		put(&agent, request(methods[i], "sip:1041@h", call, NULL));
		assert_string_equal(sent_values("Record-Route"), "");
	}
	put(&agent, request_with("INVITE", "sip:1041@h", "rr-re", NULL, "<sip:1041@h>;tag=t", NULL, NULL));
	assert_string_equal(sent_values("Record-Route"), "");
}

/* The insertion shifts the rest by odd and even amounts, from odd and even
 * places; checksums are recomputed in full for each. */
static void any_length(void **state)
{
	static const enum packet_checksum kinds[] = {PACKET_FULL, PACKET_PARTIAL, PACKET_ZERO};
	const struct entrance *const ways[] = {&trunk, &trunk6, &agent, &agent6};
	char user[64], uri[96], body[80];
	size_t i, k, w;

	for (i = 0; i < 40; i++) {
		memset(user, 'p', i);
		snprintf(user + i, sizeof(user) - i, "@h");
		snprintf(uri, sizeof(uri), "sip:1041;%s", user);
		memset(body, 0xff - (int)i, i);
		body[i] = '\0';
		for (k = 0; k < 3; k++) {
			for (w = 0; w < 4; w++) {
				struct packet_plan plan = plan_of(ways[w]);
				const char *text = request_with("INVITE", uri, "length", NULL, NULL, NULL, body);

				plan.checksum = kinds[k] == PACKET_ZERO && w % 2 ? PACKET_FULL : kinds[k];
				put_plan(&plan, text, strlen(text));
				assert_int_equal(rig->reason, CX_R_REQUEST);
				assert_int_equal(!sent.udp_check, plan.checksum == PACKET_ZERO);
				assert_true(!i || strstr(sent_text(), body));
			}
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_method, exchange_forget),
		cmocka_unit_test_setup(only_via_is_new, exchange_forget),
		cmocka_unit_test_setup(cookie_of_ipv6, exchange_forget),
		cmocka_unit_test_setup(compact_and_reordered, exchange_forget),
		cmocka_unit_test_setup(several_vias, exchange_forget),
		cmocka_unit_test_setup(ways_to_write_a_number, exchange_forget),
		cmocka_unit_test_setup(separators_count_where_a_network_says_so, exchange_forget),
		cmocka_unit_test_setup(longest_prefix_wins, exchange_forget),
		cmocka_unit_test_setup(longest_dn, exchange_forget),
		cmocka_unit_test_setup(max_forwards, exchange_forget),
		cmocka_unit_test_setup(record_route_where_a_network_asks, exchange_forget),
		cmocka_unit_test_setup(no_record_route_without_a_dialog, exchange_forget),
		cmocka_unit_test_setup(any_length, exchange_forget),
	};

	if (!exchange_possible())
		return 0;
	return cmocka_run_group_tests(tests, exchange_open, exchange_close);
}
