// SPDX-License-Identifier: GPL-2.0-only
/*
 * Responses (RFC 3261 16.7, 16.11, 18.2; RFC 3581): our Via taken off, received
 * and rport filled in below it, sent where our cookie says, and nowhere if the
 * cookie is not ours, not valid or of another call.
 */
#include "exchange.h"

static const char *const statuses[] = {"100 Trying", "180 Ringing", "200 OK", "302 Moved", "486 Busy Here", "603 No"};

static struct entrance caller(const struct entrance *at, const char *source, uint16_t port)
{
	return (struct entrance){at->listener, at->port, source, port};
}

/* A request with this Via from there, answered; the Via that the caller gets. */
static const char *via_back(const struct entrance *from, const struct entrance *back, const char *via, const char *more,
			    const char *status)
{
	put(from, request_with("INVITE", "sip:1000@192.0.2.1", "answered", via, NULL, more, NULL));
	assert_int_equal(rig->reason, CX_R_REQUEST);
	put(back, response(status));
	expect_left(CX_R_RESPONSE);
	return sent_values("Via");
}

static void every_status(void **state)
{
	char line[64];
	size_t i;

	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		assert_string_equal(via_back(&trunk, &server, NULL, NULL, statuses[i]),
				    "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-answered");
		expect_sent(TRUNKS_V4, CALLER_V4, 5060);
		snprintf(line, sizeof(line), "SIP/2.0 %s\r\nVia: SIP/2.0/UDP 198.51.100.7", statuses[i]);
		assert_memory_equal(sent.payload, line, strlen(line));
	}
}

#define V4 "SIP/2.0/UDP "
static const struct {
	const char *source;
	uint16_t port;
	const char *via, *back;
	uint16_t to_port; /* to the source always */
} vias[] = {
	/* sent-by is the source: nothing to add */
	{CALLER_V4, 5060, V4 "198.51.100.7;branch=z9hG4bK1", V4 "198.51.100.7;branch=z9hG4bK1", 5060},
	{CALLER_V4, 999, V4 "198.51.100.7:5090;branch=z9hG4bK1", V4 "198.51.100.7:5090;branch=z9hG4bK1", 5090},
	/* another host, a name: received */
	{CALLER_V4, 5060, V4 "10.0.0.1:5090;branch=z9hG4bK1", V4 "10.0.0.1:5090;branch=z9hG4bK1;received=198.51.100.7", 5090},
	{CALLER_V4, 5060, V4 "198.51.100.77;branch=z9hG4bK1", V4 "198.51.100.77;branch=z9hG4bK1;received=198.51.100.7", 5060},
	{CALLER_V4, 5060, V4 "198.51.100.7.example;branch=z9hG4bK1",
	 V4 "198.51.100.7.example;branch=z9hG4bK1;received=198.51.100.7", 5060},
	{CALLER_V4, 5060, V4 "pc.example.net;branch=z9hG4bK1", V4 "pc.example.net;branch=z9hG4bK1;received=198.51.100.7", 5060},
	/* rport: filled in where it stands, with received beside it always (RFC 3581 4) */
	{CALLER_V4, 40001, V4 "198.51.100.7;rport;branch=z9hG4bK1",
	 V4 "198.51.100.7;rport=40001;received=198.51.100.7;branch=z9hG4bK1", 40001},
	{CALLER_V4, 1, V4 "10.0.0.1:5090;branch=z9hG4bK1;rport", V4 "10.0.0.1:5090;branch=z9hG4bK1;rport=1;received=198.51.100.7", 1},
	{CALLER_V4, 65535, V4 "10.0.0.1;RPORT;branch=z9hG4bK1;x=y",
	 V4 "10.0.0.1;RPORT=65535;received=198.51.100.7;branch=z9hG4bK1;x=y", 65535},
	{"198.51.100.255", 5060, V4 "10.0.0.1;rport;branch=z9hG4bK1",
	 V4 "10.0.0.1;rport=5060;received=198.51.100.255;branch=z9hG4bK1", 5060},
};

static void received_and_rport(void **state)
{
	struct entrance from;
	size_t i;

	for (i = 0; i < sizeof(vias) / sizeof(vias[0]); i++) {
		from = caller(&trunk, vias[i].source, vias[i].port);
		assert_string_equal(via_back(&from, &server, vias[i].via, NULL, "180 Ringing"), vias[i].back);
		expect_sent(TRUNKS_V4, vias[i].source, vias[i].to_port);
	}
}

static const struct {
	const char *source, *via, *back;
	uint16_t to_port;
} vias6[] = {
	{"2001:db8:100::7", V4 "[2001:db8:100::7];branch=z9hG4bK1", V4 "[2001:db8:100::7];branch=z9hG4bK1", 5060},
	{"2001:db8:100::7", V4 "[2001:db8:100::7]:5090;branch=z9hG4bK1", V4 "[2001:db8:100::7]:5090;branch=z9hG4bK1", 5090},
	{"2001:db8:100::7", V4 "[2001:db8:100::77];branch=z9hG4bK1",
	 V4 "[2001:db8:100::77];branch=z9hG4bK1;received=2001:db8:100::7", 5060},
	{"2001:db8:100:0:1::", V4 "a;rport;branch=z9hG4bK1", V4 "a;rport=5061;received=2001:db8:100:0:1::;branch=z9hG4bK1", 5061},
	{"2001:db8:100:1:2:3:4:5", V4 "a;branch=z9hG4bK1", V4 "a;branch=z9hG4bK1;received=2001:db8:100:1:2:3:4:5", 5060},
	{"2001:db8:100:0:ffff::", V4 "a:1;branch=z9hG4bK1", V4 "a:1;branch=z9hG4bK1;received=2001:db8:100:0:ffff::", 1},
};

static void received_and_rport_ipv6(void **state)
{
	struct entrance from;
	size_t i;

	for (i = 0; i < sizeof(vias6) / sizeof(vias6[0]); i++) {
		from = caller(&trunk6, vias6[i].source, 5061);
		assert_string_equal(via_back(&from, &server6, vias6[i].via, NULL, "200 OK"), vias6[i].back);
		expect_sent(TRUNKS_V6, vias6[i].source, vias6[i].to_port);
	}
}

static void more_values(void **state)
{
	const char *two = "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa, SIP/2.0/TCP p.example.net;branch=z9hG4bKb";
	const char *behind = "Via: SIP/2.0/UDP 9.9.9.9;branch=z9hG4bKc\r\n";
	assert_string_equal(via_back(&trunk, &server, two, behind, "200 OK"),
			    "SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKa, SIP/2.0/TCP p.example.net;branch=z9hG4bKb|"
			    "SIP/2.0/UDP 9.9.9.9;branch=z9hG4bKc");
	assert_string_equal(via_back(&trunk, &server, "SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKa;rport,  SIP/2.0/TCP h", NULL,
				     "200 OK"),
			    "SIP/2.0/UDP 10.1.1.1;branch=z9hG4bKa;rport=5060;received=198.51.100.7,  SIP/2.0/TCP h");
}

/* The server joined all Vias into one line. */
static void vias_in_one_line(void **state)
{
	char text[2048], *via, *second;

	put(&trunk, request_with("INVITE", "sip:1000@192.0.2.1", "joined", "SIP/2.0/UDP 10.1.1.1;rport;branch=z9hG4bKa", NULL, NULL, NULL));
	snprintf(text, sizeof(text), "%s", response("200 OK"));
	via = strstr(text, "Via: ");
	second = strstr(via + 5, "Via: ");
	memmove(second, second + 3, strlen(second + 3) + 1); /* "\r\nVia: " -> ", " */
	memmove(second - 2, second, strlen(second) + 1);
	second[-2] = ',';
	put(&server, text);
	expect_sent(TRUNKS_V4, CALLER_V4, 5060);
	assert_string_equal(sent_values("Via"), "SIP/2.0/UDP 10.1.1.1;rport=5060;received=198.51.100.7;branch=z9hG4bKa");
}

static void from_any_listener(void **state)
{
	struct entrance elsewhere = {CORE_V4, 5060, "10.66.66.66", 1234};

	/* the cookie is what counts, not who sends it */
	put(&agent, request("INVITE", "sip:1041@h", "anywhere", NULL));
	put(&elsewhere, response("200 OK"));
	expect_sent(AGENTS_V4, CALLER_V4, 5060);
	assert_string_equal(sent_values("Record-Route"), "<sip:203.0.113.1:5060;lr>|<sip:192.0.2.2:5070;lr>");
}

static void compact_and_reordered(void **state)
{
	char text[2048], via[128];

	put(&trunk, request("INVITE", "sip:1041@h", "reordered", NULL));
	snprintf(via, sizeof(via), "%.*s", (int)strcspn(sent_values("Via"), "|"), sent_values("Via"));
	snprintf(text, sizeof(text),
		 "SIP/2.0 200 OK\r\nl: 2\r\nCSeq: 1 INVITE\r\ni: reordered\r\nt: <sip:x>;tag=1\r\nv: %s\r\nX: y\r\n"
		 "v: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-reordered\r\nf: <sip:y>\r\n\r\nab",
		 via);
	put(&server, text);
	expect_sent(TRUNKS_V4, CALLER_V4, 5060);
	assert_string_equal(sent_values("v"), "SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-reordered");
	assert_non_null(strstr(sent_text(), "X: y\r\n"));
	assert_non_null(strstr(sent_text(), "\r\n\r\nab"));
}

/* ---- what goes nowhere ------------------------------------------------------------- */

static void every_changed_character(void **state)
{
	static const struct entrance *const ways[][2] = {{&trunk, &server}, {&trunk6, &server6}};
	char text[2048], *cookie;
	size_t i, k, n;

	for (k = 0; k < 2; k++) {
		put(ways[k][0], request("INVITE", "sip:1041@h", "forged", NULL));
		snprintf(text, sizeof(text), "%s", response("200 OK"));
		cookie = strstr(text, "z9hG4bK") + 7;
		n = strcspn(cookie, "\r");
		assert_int_equal(n, k ? 40 : 24);
		for (i = 0; i < n; i++) {
			char was = cookie[i];

			cookie[i] = was == '0' ? '1' : '0';
			put(ways[k][1], text);
			assert_int_equal(rig->verdict, 1); /* XDP_DROP */
			assert_true(rig->reason == CX_R_BAD_COOKIE || rig->reason == CX_R_FORGED_RESPONSE);
			cookie[i] = was;
		}
		put(ways[k][1], text);
		expect_left(CX_R_RESPONSE);
	}
}

static void changed(const char *in, const char *what, const char *with, enum cx_reason reason)
{
	char text[2048];
	const char *at = strstr(in, what);

	assert_non_null(at);
	snprintf(text, sizeof(text), "%.*s%s%s", (int)(at - in), in, with, at + strlen(what));
	put(&server, text);
	expect_left(reason);
}

static void replayed_with_changes(void **state)
{
	char text[2048];

	put(&trunk, request("INVITE", "sip:1041@h", "replayed", NULL));
	snprintf(text, sizeof(text), "%s", response("200 OK"));
	changed(text, "Call-ID: replayed", "Call-ID: another", CX_R_BAD_COOKIE);
	changed(text, "branch=z9hG4bK-replayed", "branch=z9hG4bK-another", CX_R_BAD_COOKIE);
	changed(text, "branch=z9hG4bK-replayed", "branch=z9hG4bK-replayed2", CX_R_BAD_COOKIE);
	changed(text, ";branch=z9hG4bK-replayed", "", CX_R_NO_BRANCH); /* then CSeq counts: the daemon's */
	changed(text, "branch=z9hG4bK", "branch=z9hG4bk", CX_R_FORGED_RESPONSE);
	changed(text, "branch=z9hG4bK1", "branch=z9hG4bK11", CX_R_FORGED_RESPONSE);
	changed(text, "branch=z9hG4bK1", "branch=z9hG4bK", CX_R_FORGED_RESPONSE);
	changed(text, "branch=z9hG4bK1", "branch=z9hG4bKT", CX_R_TRANSACTION);
	changed(text, "CSeq: 1 INVITE\r\n", "", CX_R_BAD_RESPONSE);
	changed(text, "Call-ID: replayed\r\n", "", CX_R_BAD_RESPONSE);
	changed(text, "Call-ID:", "Call-ID: x\r\nCall-ID:", CX_R_BAD_RESPONSE);
	changed(text, "SIP/2.0 200", "SIP/2.0 20", CX_R_BAD_RESPONSE);
	changed(text, "SIP/2.0 200", "SIP/2.0 700", CX_R_BAD_RESPONSE);
	changed(text, "SIP/2.0 200", "SIP/2.0 0200", CX_R_BAD_RESPONSE);
	changed(text, "SIP/2.0 200", "SIP/3.0 200", CX_R_VERSION);
	changed(text, "SIP/2.0 200 OK", "SIP/2.0 299 ", CX_R_RESPONSE);
	changed(text, "Content-Length: 0", "Content-Length: 1", CX_R_BAD_LENGTH);
	changed(text, "Content-Length: 0\r\n", "", CX_R_RESPONSE);
	/* nothing below ours: it would have to be the daemon's own */
	changed(text, "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-replayed\r\n", "", CX_R_FORGED_RESPONSE);
}

static void other_peoples_responses(void **state)
{
	put(&server, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK12\r\nVia: SIP/2.0/UDP x;branch=z9hG4bKa\r\n"
		     "Call-ID: x\r\nCSeq: 1 INVITE\r\n\r\n");
	expect_left(CX_R_FORGED_RESPONSE);
	put(&server, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKTprobe\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n");
	expect_left(CX_R_TRANSACTION);
	put(&server, "SIP/2.0 200 OK\r\nCall-ID: x\r\nCSeq: 1 OPTIONS\r\n\r\n");
	expect_left(CX_R_BAD_RESPONSE);
}

static void keys_rotate(void **state)
{
	struct cx_key key = rig->place.world->key;
	const struct cx_key before = key;
	char old[2048], of_today[2048];

	put(&trunk, request("INVITE", "sip:1041@h", "rotation", NULL));
	snprintf(old, sizeof(old), "%s", response("200 OK"));
	key.signing = 1;
	assert_int_equal(cx_world_set_key(rig->place.world, &key), 0);
	put(&trunk, request("INVITE", "sip:1041@h", "rotation", NULL));
	snprintf(of_today, sizeof(of_today), "%s", response("200 OK"));
	assert_string_not_equal(of_today, old);
	put(&server, old); /* both live */
	expect_sent(TRUNKS_V4, CALLER_V4, 5060);
	put(&server, of_today);
	expect_sent(TRUNKS_V4, CALLER_V4, 5060);
	key.mac[0].k[0]++; /* and now the old one is gone */
	assert_int_equal(cx_world_set_key(rig->place.world, &key), 0);
	put(&server, old);
	expect_left(CX_R_BAD_COOKIE);
	put(&server, of_today);
	expect_left(CX_R_RESPONSE);
	assert_int_equal(cx_world_set_key(rig->place.world, &before), 0);
}

static void no_way_back(void **state)
{
	static const struct {
		const char *source;
		enum cx_reason reason;
	} to[] = {{"198.51.100.99", CX_R_NO_NEXTHOP}, {"198.51.100.98", CX_R_LOCAL}, {"198.51.100.97", CX_R_NO_NEXTHOP}};
	struct entrance from;
	size_t i;

	for (i = 0; i < 3; i++) {
		from = caller(&trunk, to[i].source, 5060);
		put(&from, request("INVITE", "sip:1041@h", "no-way", NULL));
		put(&server, response("200 OK"));
		expect_left(to[i].reason);
	}
	put(&trunk, request("INVITE", "sip:1041@h", "no-way-6", NULL));
	put(&server6, response("200 OK")); /* came in over IPv6, would leave over IPv4 */
	expect_left(CX_R_OTHER_FAMILY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_status, exchange_forget),
		cmocka_unit_test_setup(received_and_rport, exchange_forget),
		cmocka_unit_test_setup(received_and_rport_ipv6, exchange_forget),
		cmocka_unit_test_setup(more_values, exchange_forget),
		cmocka_unit_test_setup(vias_in_one_line, exchange_forget),
		cmocka_unit_test_setup(from_any_listener, exchange_forget),
		cmocka_unit_test_setup(compact_and_reordered, exchange_forget),
		cmocka_unit_test_setup(every_changed_character, exchange_forget),
		cmocka_unit_test_setup(replayed_with_changes, exchange_forget),
		cmocka_unit_test_setup(other_peoples_responses, exchange_forget),
		cmocka_unit_test_setup(keys_rotate, exchange_forget),
		cmocka_unit_test_setup(no_way_back, exchange_forget),
	};

	if (!exchange_possible())
		return 0;
	return cmocka_run_group_tests(tests, exchange_open, exchange_close);
}
