// SPDX-License-Identifier: GPL-2.0-only
/*
 * Route and requests inside a dialog (RFC 3261 16.4, 16.12; RFC 5658): our own
 * values on top are popped, one or two, in one line or several; then the next
 * Route or the Request-URI says where, if a group or a trusted network knows
 * that address.
 */
#include "exchange.h"

#define DIALOG "<sip:1000@192.0.2.1>;tag=there"

static const char *in_dialog(const char *method, const char *uri, const char *more)
{
	return request_with(method, uri, "dialog", NULL, DIALOG, more, NULL);
}

/* Route lines in, what is left of them, and where it goes by that. */
static const struct {
	const char *routes;
	const char *left;
	const char *to;
	uint16_t port;
} cases[] = {
	/* none, then one of ours */
	{"", "", "203.0.113.99", 5099},
	{"Route: <sip:192.0.2.1;lr>\r\n", "", "203.0.113.99", 5099},
	{"Route: <sip:192.0.2.1:5060;lr>\r\n", "", "203.0.113.99", 5099},
	{"ROUTE:<sip:someone@192.0.2.1;lr=on;x=y>;p=q\r\n", "", "203.0.113.99", 5099},
	/* one of ours, another below */
	{"Route: <sip:192.0.2.1;lr>, <sip:203.0.113.12;lr>\r\n", "<sip:203.0.113.12;lr>", "203.0.113.12", 5060},
	{"Route: <sip:192.0.2.1;lr>,<sip:203.0.113.12:5071;lr>\r\n", "<sip:203.0.113.12:5071;lr>", "203.0.113.12", 5071},
	{"Route: <sip:192.0.2.1;lr>\r\nRoute: <sip:203.0.113.12;lr>\r\n", "<sip:203.0.113.12;lr>", "203.0.113.12", 5060},
	{"Route: <sip:192.0.2.1;lr>\r\nX: y\r\nRoute: <sip:203.0.113.12;lr>, <sip:h;lr>\r\n",
	 "<sip:203.0.113.12;lr>, <sip:h;lr>", "203.0.113.12", 5060},
	/* two of ours: a doubled Record-Route */
	{"Route: <sip:203.0.113.1;lr>, <sip:192.0.2.1;lr>\r\n", "", "203.0.113.99", 5099},
	{"Route: <sip:192.0.2.1;lr>,<sip:203.0.113.1;lr>\r\n", "", "203.0.113.99", 5099},
	{"Route: <sip:192.0.2.1;lr>\r\nRoute: <sip:203.0.113.1;lr>\r\n", "", "203.0.113.99", 5099},
	{"Route: <sip:192.0.2.1;lr>\r\nSubject: between\r\nRoute: <sip:203.0.113.1;lr>\r\n", "", "203.0.113.99", 5099},
	/* two of ours and a third */
	{"Route: <sip:192.0.2.1;lr>, <sip:203.0.113.1;lr>, <sip:203.0.113.12;lr>\r\n", "<sip:203.0.113.12;lr>",
	 "203.0.113.12", 5060},
	{"Route: <sip:192.0.2.1;lr>, <sip:203.0.113.1;lr>\r\nRoute: <sip:203.0.113.12;lr>\r\n", "<sip:203.0.113.12;lr>",
	 "203.0.113.12", 5060},
	{"Route: <sip:192.0.2.1;lr>\r\nRoute: <sip:203.0.113.1;lr>, <sip:203.0.113.12;lr>\r\n", "<sip:203.0.113.12;lr>",
	 "203.0.113.12", 5060},
	{"Route: <sip:192.0.2.1;lr>\r\nRoute: <sip:203.0.113.1;lr>\r\nRoute: <sip:203.0.113.12;lr>\r\n",
	 "<sip:203.0.113.12;lr>", "203.0.113.12", 5060},
	{"Route: <sip:192.0.2.1;lr>\r\nRoute: <sip:203.0.113.1;lr>,   <sip:203.0.113.12;lr>,<sip:b;lr>\r\nRoute: <sip:c>\r\n",
	 "<sip:203.0.113.12;lr>,<sip:b;lr>|<sip:c>", "203.0.113.12", 5060},
	/* none of ours */
	{"Route: <sip:203.0.113.12;lr>\r\n", "<sip:203.0.113.12;lr>", "203.0.113.12", 5060},
};

static void our_routes_are_popped(void **state)
{
	const char *text, *subject = "Subject: between";
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text = in_dialog("BYE", "sip:7@203.0.113.99:5099", cases[i].routes);
		put(&trunk, text);
		if (rig->reason != CX_R_REQUEST)
			print_error("%s\n", cases[i].routes);
		expect_sent(CORE_V4, cases[i].to, cases[i].port);
		if (strcmp(sent_values("Route"), cases[i].left))
			fail_msg("left of %s is %s", cases[i].routes, sent_values("Route"));
		if (strstr(cases[i].routes, subject))
			expect_text(subject);
		assert_string_equal(sent_values("Content-Length"), "0");
		assert_string_equal(sent_values("Call-ID"), "dialog");
		assert_memory_equal(sent.payload, "BYE sip:7@203.0.113.99:5099 SIP/2.0", 35);
	}
}

/* The same, with the Route lines in front of Via and Max-Forwards. */
static void routes_first(void **state)
{
	char text[2048], rest[2048];
	const char *line;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(rest, sizeof(rest), "%s", in_dialog("BYE", "sip:7@203.0.113.99:5099", NULL));
		line = strchr(rest, '\n') + 1;
		snprintf(text, sizeof(text), "%.*s%s%s", (int)(line - rest), rest, cases[i].routes, line);
		put(&trunk, text);
		expect_sent(CORE_V4, cases[i].to, cases[i].port);
		if (strcmp(sent_values("Route"), cases[i].left))
			fail_msg("left of %s is %s", cases[i].routes, sent_values("Route"));
		expect_text("\r\nMax-Forwards: 69\r\n");
	}
}

static void both_ways(void **state)
{
	put(&server, in_dialog("BYE", "sip:7@198.51.100.9:5066", "Route: <sip:203.0.113.1;lr>, <sip:192.0.2.1;lr>\r\n"));
	expect_sent(TRUNKS_V4, "198.51.100.9", 5066);
	put(&server, in_dialog("BYE", "sip:198.51.100.9", NULL));
	expect_sent(TRUNKS_V4, "198.51.100.9", 5060);
	/* the last of our Record-Routes names the side, where two networks know the address */
	put(&server, in_dialog("BYE", "sip:7@198.51.100.9", "Route: <sip:203.0.113.1;lr>, <sip:192.0.2.2:5070;lr>\r\n"));
	expect_sent(AGENTS_V4, "198.51.100.9", 5060);
	put(&server6, in_dialog("BYE", "sip:7@[2001:db8:100::9]:5066",
				"Route: <sip:[2001:db8:200::1];lr>,<sip:[2001:db8::2]:5070;lr>\r\n"));
	expect_sent(AGENTS_V6, "2001:db8:100::9", 5066);
}

static void a_route_before_the_dialog(void **state)
{
	/* pre-loaded with ours: by DN where the Request-URI is ours */
	put(&trunk, request("INVITE", "sip:1041@192.0.2.1", "pre-1", "Route: <sip:192.0.2.1;lr>\r\n"));
	expect_sent(CORE_V4, "203.0.113.41", 5060);
	assert_string_equal(sent_values("Route"), "");
	/* or a name */
	put(&trunk, request("INVITE", "sip:1041@example.org", "pre-2", "Route: <sip:192.0.2.1;lr>\r\n"));
	expect_sent(CORE_V4, "203.0.113.41", 5060);
	/* to the next Route, whatever the DN */
	put(&trunk, request("INVITE", "sip:1041@192.0.2.1", "pre-3", "Route: <sip:192.0.2.1;lr>,<sip:203.0.113.12;lr>\r\n"));
	expect_sent(CORE_V4, "203.0.113.12", 5060);
}

static void what_a_route_must_not_do(void **state)
{
	put(&trunk, in_dialog("BYE", "sip:7@203.0.113.99", "Route: <sip:10.1.1.1;lr>\r\n"));
	expect_left(CX_R_UNKNOWN_TARGET); /* no open relay */
	put(&trunk, in_dialog("BYE", "sip:7@10.1.1.1", NULL));
	expect_left(CX_R_NO_ROUTE); /* nor by the Request-URI: then it is the DN's turn */
	put(&trunk, in_dialog("BYE", "sip:10.1.1.1", NULL));
	expect_left(CX_R_UNKNOWN_TARGET);
	put(&trunk, in_dialog("BYE", "sip:7@203.0.113.99", "Route: <sip:203.0.113.12>\r\n"));
	expect_left(CX_R_BAD_ROUTE); /* a strict router */
	put(&trunk, in_dialog("BYE", "sip:7@203.0.113.99", "Route: <sip:proxy.example.net;lr>\r\n"));
	expect_left(CX_R_UNKNOWN_TARGET);
	put(&trunk, in_dialog("BYE", "sip:7@203.0.113.99", "Route: \"x\" <sip:192.0.2.1;lr>\r\n"));
	expect_left(CX_R_BAD_ROUTE);
	put(&trunk, in_dialog("BYE", "sip:7@203.0.113.99", "Route: <sip:192.0.2.1;lr\r\n"));
	expect_left(CX_R_BAD_ROUTE);
	/* another transport is the daemon's */
	put(&trunk, in_dialog("BYE", "sip:7@203.0.113.99;transport=tcp", NULL));
	expect_left(CX_R_UNKNOWN_TARGET);
	put(&trunk, in_dialog("BYE", "sip:7@203.0.113.99:5060;x;y=z;Transport=TLS", NULL));
	expect_left(CX_R_UNKNOWN_TARGET);
	put(&trunk, in_dialog("BYE", "sip:7@203.0.113.99", "Route: <sip:192.0.2.1;lr>, <sip:203.0.113.1;transport=tcp;lr>\r\n"));
	expect_left(CX_R_UNKNOWN_TARGET);
	put(&trunk, in_dialog("BYE", "sip:7@203.0.113.99", "Route: <sip:192.0.2.1;transport=tcp;lr>\r\n"));
	expect_left(CX_R_UNKNOWN_TARGET);
	/* and so is a maddr, outside of a dialog, too */
	put(&trunk, in_dialog("BYE", "sip:7@203.0.113.99;maddr=203.0.113.12", NULL));
	expect_left(CX_R_UNKNOWN_TARGET);
	put(&trunk, request("INVITE", "sip:1041@192.0.2.1;user=phone;MAddr=203.0.113.12", "maddr-1", NULL));
	expect_left(CX_R_UNKNOWN_TARGET);
	put(&trunk, request("INVITE", "sip:1041@h;maddr=x", "maddr-2", NULL));
	expect_left(CX_R_UNKNOWN_TARGET);
	put(&trunk, request("INVITE", "sip:1041@192.0.2.1;transport=udp;maddr=x", "maddr-3", "Route: <sip:203.0.113.12;lr>\r\n"));
	expect_left(CX_R_UNKNOWN_TARGET);
	put(&trunk, in_dialog("BYE", "sip:7@203.0.113.99", "Route: <sip:192.0.2.1;lr>, <sip:203.0.113.12;lr;maddr=203.0.113.11>\r\n"));
	expect_left(CX_R_UNKNOWN_TARGET);
	put(&trunk, in_dialog("BYE", "sip:7@203.0.113.99", "Route: <sip:192.0.2.1;maddr=203.0.113.11;lr>\r\n"));
	expect_left(CX_R_UNKNOWN_TARGET);
	/* in the user part it is somebody else's word */
	put(&trunk, request("INVITE", "sip:1041;maddr=x@192.0.2.1;xmaddr=y;lr", "maddr-4", NULL));
	expect_sent(CORE_V4, "203.0.113.41", 5060);
	put(&anybody, in_dialog("BYE", "sip:7@8.8.8.8", "Route: <sip:192.0.2.3;lr>\r\n"));
	expect_left(CX_R_NO_ROUTE); /* the untrusted network's sources are anybody */
}

static void by_address_in_a_dialog(void **state)
{
	static const char *const methods[] = {"INVITE", "ACK", "BYE", "PRACK", "UPDATE", "INFO", "REFER", "NOTIFY"};
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		put(&trunk, in_dialog(methods[i], "sip:1000@203.0.113.77:5077;transport=udp", NULL));
		expect_sent(CORE_V4, "203.0.113.77", 5077);
		put(&trunk6, in_dialog(methods[i], "sip:1000@[2001:db8:200::77]:5077", NULL));
		expect_sent(CORE_V6, "2001:db8:200::77", 5077);
		put(&trunk6, in_dialog(methods[i], "sip:[2001:DB8:200:0:0:0:0:78]", NULL));
		expect_sent(CORE_V6, "2001:db8:200::78", 5060);
	}
	/* with our address there: by DN */
	put(&trunk, in_dialog("BYE", "sip:1041@192.0.2.1", NULL));
	expect_sent(CORE_V4, "203.0.113.41", 5060);
	put(&trunk, in_dialog("BYE", "sip:1041@example.org", NULL));
	expect_sent(CORE_V4, "203.0.113.41", 5060);
	put(&trunk, in_dialog("BYE", "sip:1041@203.0.113.77:70000", NULL));
	expect_sent(CORE_V4, "203.0.113.41", 5060); /* no port: no address */
	put(&trunk, in_dialog("BYE", "sip:1000@[2001:db8:200::77]", NULL));
	expect_left(CX_R_OTHER_FAMILY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(our_routes_are_popped, exchange_forget),
		cmocka_unit_test_setup(routes_first, exchange_forget),
		cmocka_unit_test_setup(both_ways, exchange_forget),
		cmocka_unit_test_setup(a_route_before_the_dialog, exchange_forget),
		cmocka_unit_test_setup(what_a_route_must_not_do, exchange_forget),
		cmocka_unit_test_setup(by_address_in_a_dialog, exchange_forget),
	};

	if (!exchange_possible())
		return 0;
	return cmocka_run_group_tests(tests, exchange_open, exchange_close);
}
