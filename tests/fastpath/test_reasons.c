// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every reason of the table that a packet can reach: what brings it about, that
 * it is counted once under that reason, and that the packet goes up (or is
 * dropped) as it came. put() checks the packet and the counter.
 */
#include "exchange.h"

#define START "sip:1041@192.0.2.1"

/* A request with one thing changed: `what` becomes `with`. */
static void changed(const struct entrance *e, const char *what, const char *with, enum cx_reason reason)
{
	static char text[4000];
	const char *in = request("INVITE", START, "reason", "Subject: x\r\n"), *at = strstr(in, what);

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - in), in, with, at + strlen(what));
	put(e, text);
	if (rig->reason != reason)
		fail_msg("\"%s\" instead of \"%s\": %s instead of %s", with, what, rig_reason_name(rig->reason),
			 rig_reason_name(reason));
}

static void framing(void **state)
{
	static const struct {
		const char *what, *with;
		enum cx_reason reason;
	} cases[] = {
		{" SIP/2.0\r\n", " SIP/2.1\r\n", CX_R_VERSION},
		{" SIP/2.0\r\n", " SIP/1.0\r\n", CX_R_VERSION},
		{" SIP/2.0\r\n", " sip/2.0\r\n", CX_R_NOT_SIP},
		{" SIP/2.0\r\n", "\r\n", CX_R_NOT_SIP},
		{" SIP/2.0\r\n", " HTTP/1.1\r\n", CX_R_NOT_SIP},
		{"INVITE " START " SIP/2.0", "GET / HTTP/1.1", CX_R_NOT_SIP},
		{"INVITE " START, "INVITE", CX_R_VERSION},
		{"INVITE", "", CX_R_NOT_SIP},
		{"INVITE sip:", "\r\n\r\nINVITE sip:", CX_R_KEEPALIVE}, /* the daemon skips them */
		{"\r\n\r\n", "\r\n", CX_R_NO_HEADER_END},
		{"Subject: x\r\n", "Subject: x\n", CX_R_BARE_LF},
		{"Subject: x\r\n", "Subject: x\n\n\n\n\n\n\r\n", CX_R_BARE_LF},
		{"Subject: x\r\n", "Subject: x\r\n folded\r\n", CX_R_FOLDED},
		{"Subject: x\r\n", "Subject: x\r\n\tfolded\r\n", CX_R_FOLDED},
		{"Via: ", "Via : ", CX_R_FOLDED},
		{"Max-Forwards: ", "Max-Forwards\t: ", CX_R_FOLDED},
		{"CSeq: 1 ", "CSeq: 1       ", CX_R_FOLDED},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		changed(&trunk, cases[i].what, cases[i].with, cases[i].reason);
}

static void headers(void **state)
{
	static const struct {
		const char *what, *with;
		enum cx_reason reason;
	} cases[] = {
		{"Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-reason\r\n", "", CX_R_MISSING_HEADER},
		{"From: <sip:7@198.51.100.7>;tag=f\r\n", "", CX_R_MISSING_HEADER},
		{"To: <sip:1000@192.0.2.1>\r\n", "", CX_R_MISSING_HEADER},
		{"Call-ID: reason\r\n", "", CX_R_MISSING_HEADER},
		{"Call-ID: reason\r\n", "Call-ID:\r\n", CX_R_MISSING_HEADER},
		{"CSeq: 1 INVITE\r\n", "", CX_R_MISSING_HEADER},
		{"Subject: x\r\n", "i: other\r\n", CX_R_DUPLICATE_HEADER},
		{"Subject: x\r\n", "Max-Forwards: 3\r\n", CX_R_DUPLICATE_HEADER},
		{"Subject: x\r\n", "f: <sip:x>\r\n", CX_R_DUPLICATE_HEADER},
		{"Subject: x\r\n", "l: 0\r\n", CX_R_DUPLICATE_HEADER},
		{"Subject: x\r\n", "CSeq: 1 INVITE\r\n", CX_R_DUPLICATE_HEADER},
		{"CSeq: 1 INVITE", "CSeq: 1 BYE", CX_R_BAD_CSEQ},
		{"CSeq: 1 INVITE", "CSeq: x INVITE", CX_R_BAD_CSEQ},
		{"CSeq: 1 INVITE", "CSeq: 1INVITE", CX_R_BAD_CSEQ},
		{"CSeq: 1 INVITE", "CSeq: 2147483648 INVITE", CX_R_BAD_CSEQ},
		{"CSeq: 1 INVITE", "CSeq: 12345678901 INVITE", CX_R_BAD_CSEQ},
		{"CSeq: 1 INVITE", "CSeq: 1 INVITES", CX_R_BAD_CSEQ},
		{"CSeq: 1 INVITE", "CSeq: 1 invite", CX_R_BAD_CSEQ},
		{"CSeq: 1 INVITE", "CSeq: 2147483647 INVITE", CX_R_REQUEST},
		{"Content-Length: 0", "Content-Length: 1", CX_R_BAD_LENGTH},
		{"Content-Length: 0", "Content-Length: -1", CX_R_BAD_LENGTH},
		{"Content-Length: 0", "Content-Length:", CX_R_BAD_LENGTH},
		{"Content-Length: 0", "Content-Length: 0x0", CX_R_BAD_LENGTH},
		{"Content-Length: 0", "Content-Length: 0000", CX_R_REQUEST},
		{"Max-Forwards: 70\r\n", "", CX_R_NO_MAX_FORWARDS},
		{"Max-Forwards: 70", "Max-Forwards: 0", CX_R_MAX_FORWARDS},
		{"Max-Forwards: 70", "Max-Forwards: 256", CX_R_BAD_MAX_FORWARDS},
		{"Max-Forwards: 70", "Max-Forwards: 0070", CX_R_BAD_MAX_FORWARDS}, /* legal: the daemon's */
		{"Max-Forwards: 70", "Max-Forwards: many", CX_R_BAD_MAX_FORWARDS},
		{"Subject: x", "Proxy-Require: foo", CX_R_PROXY_REQUIRE},
		{"Subject: x", "proxy-require:", CX_R_PROXY_REQUIRE},
		{"To: <sip", "To: \"open <sip", CX_R_BAD_TO},
		{"To: <sip", "To: \"closed \\\" ;\" <sip", CX_R_REQUEST},
		{"Subject: x", "Route: sip:203.0.113.11", CX_R_BAD_ROUTE},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		changed(&trunk, cases[i].what, cases[i].with, cases[i].reason);
}

static void via(void **state)
{
	static const struct {
		const char *with;
		enum cx_reason reason;
	} cases[] = {
		{"SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKx", CX_R_REQUEST},
		{"SIP/2.0/TLS-SCTP 198.51.100.7;branch=z9hG4bKx", CX_R_REQUEST},
		{"SIP/2.0/UDP 198.51.100.7", CX_R_NO_BRANCH},
		{"SIP/2.0/UDP 198.51.100.7;branch=x", CX_R_NO_BRANCH},
		{"SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK", CX_R_NO_BRANCH},
		{"SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKx;branch=z9hG4bKy", CX_R_BAD_VIA},
		{"SIP/2.0/UDP 198.51.100.7;maddr=224.0.0.1;branch=z9hG4bKx", CX_R_BAD_VIA},
		{"SIP/1.0/UDP 198.51.100.7;branch=z9hG4bKx", CX_R_BAD_VIA},
		{"SIP/2.0/ 198.51.100.7;branch=z9hG4bKx", CX_R_BAD_VIA},
		{"SIP/2.0/UDP", CX_R_BAD_VIA},
		{"SIP/2.0/UDP ;branch=z9hG4bKx", CX_R_BAD_VIA},
		{"SIP/2.0/UDP 198.51.100.7 ;branch=z9hG4bKx", CX_R_BAD_VIA},
		{"SIP/2.0/UDP 198.51.100.7;;branch=z9hG4bKx", CX_R_BAD_VIA},
		{"SIP/2.0/UDP 198.51.100.7;x=\"q\";branch=z9hG4bKx", CX_R_BAD_VIA},
		{"SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKx,", CX_R_BAD_VIA},
		{"SIP/2.0/UDP 198.51.100.7:99999;branch=z9hG4bKx", CX_R_BAD_VIA},
		{"SIP/2.0/UDP 198.51.100.7:0;branch=z9hG4bKx", CX_R_BAD_VIA},
		{"SIP/2.0/UDP 198.51.100.7:99999;rport;branch=z9hG4bKx", CX_R_REQUEST}, /* then the source port counts */
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		changed(&trunk, "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-reason", cases[i].with, cases[i].reason);
}

static void request_uri(void **state)
{
	static const struct {
		const char *with;
		enum cx_reason reason;
	} cases[] = {
		{"http://h/", CX_R_BAD_SCHEME},	     {"sips:1041@h", CX_R_BAD_SCHEME}, {"mailto:a@b", CX_R_BAD_SCHEME}, {"1041", CX_R_BAD_SCHEME},
		{"<sip:1041@h>", CX_R_BAD_URI},	     {"sip:1041@h; lr", CX_R_BAD_URI}, {" sip:1041@h", CX_R_BAD_URI},
		{"sip:1041@h ", CX_R_BAD_URI},	     {"sip:@h", CX_R_BAD_URI},	      {"sip:1041@", CX_R_BAD_URI},
		{"sip:", CX_R_BAD_URI},		     {"tel:", CX_R_BAD_URI},	      {"tel:;x", CX_R_BAD_URI},
		{"sip::x@h", CX_R_BAD_URI},	     {"sip:10%4@h", CX_R_BAD_URI},    {"sip:10%4g1@h", CX_R_BAD_URI},
		{"sip:192.0.2.1", CX_R_FOR_US},	     {"sip:sip.example.com", CX_R_FOR_US}, {"sip:-@h", CX_R_NO_ROUTE},
		{"sip:+@h", CX_R_NO_ROUTE},	     {"sip:104@h", CX_R_NO_ROUTE},    {"sip:10410@h", CX_R_NO_ROUTE},
		{"sip:1060@h", CX_R_CORE_ROUTE},     {"sip:1061@h", CX_R_CORE_ROUTE}, {"sip:1070@h", CX_R_NO_ELEMENT},
		{"sip:1071@h", CX_R_NO_NEXTHOP},     {"sip:1072@h", CX_R_LOCAL},      {"sip:1006@h", CX_R_OTHER_FAMILY},
		{"sip:1041@h", CX_R_REQUEST},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		changed(&trunk, START, cases[i].with, cases[i].reason);
	changed(&trunk, "INVITE " START, "REGISTER sip:192.0.2.1", CX_R_BAD_CSEQ);
	put(&trunk, request("REGISTER", "sip:192.0.2.1", "register", NULL));
	expect_left(CX_R_REGISTER);
}

static void limits(void **state)
{
	static char text[3000];
	char more[2000] = "";
	size_t i;

	for (i = 0; i < 62; i++)
		strcat(more, "X: y\r\n");
	put(&trunk, request("INVITE", START, "limits", more));
	expect_left(CX_R_TOO_MANY_HEADERS);
	more[6 * 50] = '\0';
	put(&trunk, request("INVITE", START, "limits", more));
	expect_left(CX_R_REQUEST);
	memset(more, 'c', sizeof(more));
	more[128] = '\0';
	snprintf(text, sizeof(text), "Call-ID: %s\r\n", more);
	changed(&trunk, "Call-ID: reason\r\n", text, CX_R_REQUEST);
	more[128] = 'c';
	more[129] = '\0';
	snprintf(text, sizeof(text), "Call-ID: %s\r\n", more);
	changed(&trunk, "Call-ID: reason\r\n", text, CX_R_LONG_VALUE);
	snprintf(text, sizeof(text), "z9hG4bK%s", more);
	changed(&trunk, "z9hG4bK-reason", text, CX_R_LONG_VALUE);
	memset(more, 'p', 600);
	more[600] = '\0';
	snprintf(text, sizeof(text), "sip:1041;%s@h", more);
	changed(&trunk, START, text, CX_R_LONG_VALUE);
	put(&trunk, request("A-METHOD-OF-THIRTY-TWO-LETTERS32", START, "method", NULL));
	expect_left(CX_R_REQUEST);
	put(&trunk, request("A-METHOD-OF-THIRTY-THREE-LETTERS3", START, "method", NULL));
	expect_left(CX_R_LONG_VALUE);
	memset(text, 'b', 2200);
	text[2200] = '\0';
	put(&trunk, request_with("INVITE", START, "big", NULL, NULL, NULL, text));
	expect_left(CX_R_TOO_BIG);
	text[1600] = '\0';
	put(&trunk, request_with("INVITE", START, "big", NULL, NULL, NULL, text));
	expect_left(CX_R_REQUEST);
	put(&trunk, request_with("INVITE", "sip:1073@h", "mtu", NULL, NULL, NULL, text));
	expect_left(CX_R_MTU);
	put(&trunk, request_with("INVITE", "sip:1043@h", "mtu", NULL, NULL, NULL, text));
	expect_left(CX_R_MTU); /* 1500 */
}

/* The head may be rewritten over CX_HEAD_MAX bytes, no further. */
static void a_route_far_down(void **state)
{
	char more[1200], route[1300];

	memset(more, 'x', sizeof(more));
	more[1100] = '\0';
	snprintf(route, sizeof(route), "X: %s\r\nRoute: <sip:192.0.2.1;lr>\r\n", more);
	put(&trunk, request("INVITE", START, "far", route));
	expect_left(CX_R_HEAD_TOO_BIG);
	snprintf(route, sizeof(route), "X: %.500s\r\nRoute: <sip:192.0.2.1;lr>\r\n", more);
	put(&trunk, request("INVITE", START, "far", route));
	expect_sent(CORE_V4, "203.0.113.41", 5060);
}

static void mtu_to_the_byte(void **state)
{
	char body[600];
	size_t i, last = 0;

	for (i = 1; i < 500; i++) {
		memset(body, 'b', i);
		body[i] = '\0';
		put(&trunk, request_with("INVITE", "sip:1073@h", "tiny", NULL, NULL, NULL, body));
		if (rig->reason == CX_R_MTU)
			break;
		last = rig->out_n;
	}
	expect_left(CX_R_MTU);
	assert_in_range(last, 576 + 14 - 1, 576 + 14); /* Content-Length may grow by a digit */
}

static void keepalives(void **state)
{
	static const struct {
		const char *p;
		size_t n;
	} cases[] = {{"", 0}, {"\r\n", 2}, {"\r\n\r\n", 4}, {"\0", 1}, {"\0\0\0\0", 4}, {"\r", 1}, {"\r\n\r", 3}};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		put_bytes(&trunk, cases[i].p, cases[i].n);
		expect_left(CX_R_KEEPALIVE);
	}
	put_bytes(&trunk, "x", 1);
	expect_left(CX_R_NO_HEADER_END);
	put_bytes(&trunk, "hello\r\n", 7);
	expect_left(CX_R_NO_HEADER_END);
}

static void sources(void **state)
{
	static const char *const denied[] = {"198.51.101.1", "198.51.99.255", "10.1.1.1", "192.0.2.1", "203.0.113.11"};
	static const char *const denied6[] = {"2001:db8:101::1", "2001:db8:ff::1", "::1", "2001:db8:200::11"};
	struct entrance e = trunk;
	size_t i;

	for (i = 0; i < sizeof(denied) / sizeof(denied[0]); i++) {
		e.source = denied[i];
		put(&e, request("INVITE", START, "denied", NULL));
		expect_left(CX_R_SOURCE_DENIED);
		put(&e, "garbage");
		expect_left(CX_R_SOURCE_DENIED);
	}
	for (i = 0, e = trunk6; i < sizeof(denied6) / sizeof(denied6[0]); i++) {
		e.source = denied6[i];
		put(&e, request("INVITE", START, "denied", NULL));
		expect_left(CX_R_SOURCE_DENIED);
	}
	e = trunk;
	e.source = "198.51.100.255";
	put(&e, request("INVITE", START, "accepted", NULL));
	expect_left(CX_R_REQUEST);
	e = anybody;
	e.source = "8.8.8.8";
	put(&e, request("INVITE", "sip:1000@h", "anybody", NULL));
	expect_left(CX_R_REQUEST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(framing, exchange_forget),
		cmocka_unit_test_setup(headers, exchange_forget),
		cmocka_unit_test_setup(via, exchange_forget),
		cmocka_unit_test_setup(request_uri, exchange_forget),
		cmocka_unit_test_setup(limits, exchange_forget),
		cmocka_unit_test_setup(a_route_far_down, exchange_forget),
		cmocka_unit_test_setup(mtu_to_the_byte, exchange_forget),
		cmocka_unit_test_setup(keepalives, exchange_forget),
		cmocka_unit_test_setup(sources, exchange_forget),
	};

	if (!exchange_possible())
		return 0;
	return cmocka_run_group_tests(tests, exchange_open, exchange_close);
}
