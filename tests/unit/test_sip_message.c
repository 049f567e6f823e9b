// SPDX-License-Identifier: GPL-2.0-only
/*
 * The index of a message: what is found where, which liberties of RFC 3261 7 are
 * taken as they come, and what each fault is called.
 */
#include "sip_fixture.h"
#include <ctype.h>
#include <errno.h>
#include <time.h>
#include "sip/check.h"

static struct sip_fixture f;

static void request(void **state)
{
	assert_int_equal(sip_index(&f, INVITE_WITH("X-Any: thing\r\n")), 0);
	assert_int_equal(f.m.status, 0);
	assert_int_equal(f.m.method, CX_M_INVITE);
	assert_text(f.m.method_text, "INVITE");
	assert_text(f.m.uri, "sip:1006@example.com");
	assert_int_equal(f.m.n_fields, 8);
	assert_text(cx_message_value(&f.m, CX_HEADER_CALL_ID), "call@example.com");
	assert_text(cx_message_value(&f.m, CX_HEADER_CSEQ), "7 INVITE");
	assert_null(cx_message_value(&f.m, CX_HEADER_ROUTE).p);
	assert_false(cx_message_has(&f.m, CX_HEADER_ROUTE));
	assert_text(cx_message_body(&f.m), "body");
	assert_text(cx_field_value(&f.m, cx_message_find(&f.m, CX_TEXT("x-aNY"))), "thing");
	assert_text(cx_field_name(&f.m, cx_message_find(&f.m, CX_TEXT("x-aNY"))), "X-Any");
	assert_null(cx_message_find(&f.m, CX_TEXT("X-Other")));
	assert_text(cx_field_value(&f.m, cx_message_find(&f.m, CX_TEXT("i"))), "call@example.com");
	/* fields lie one behind the other, from the start line to the empty line */
	for (uint32_t i = 0, at = f.m.fields_at; i < f.m.n_fields; at = f.m.fields[i++].end)
		assert_int_equal(f.m.fields[i].at, at);
	assert_int_equal(f.m.fields[f.m.n_fields - 1].end, f.m.fields_end);
	assert_int_equal(f.m.fields_end + 2, f.m.body);
}

static void response(void **state)
{
	assert_int_equal(sip_index(&f, "SIP/2.0 180 \r\nVia: x\r\n\r\n"), 0);
	assert_int_equal(f.m.status, 180);
	assert_text(f.m.reason, "");
	assert_int_equal(sip_index(&f, "sip/2.0 699 \xd0\x9f Any\r\n\r\n"), 0);
	assert_int_equal(f.m.status, 699);
	assert_text(f.m.reason, "\xd0\x9f Any");
}

/* A start line and the fault it makes: NULL: none. */
static void start(const char *line, int err, uint16_t status, const char *what)
{
	char text[512];

	snprintf(text, sizeof(text), "%s\r\n\r\n", line);
	if (sip_index(&f, text) != err || f.m.fault.status != status ||
	    (what && (!f.m.fault.what || strcmp(f.m.fault.what, what))))
		fail_msg("%s: %u %s", line, f.m.fault.status, f.m.fault.what);
}

static void start_lines(void **state)
{
	start("OPTIONS sip:a SIP/2.0", 0, 0, NULL);
	start("OPTIONS sip:a sip/2.0", 0, 0, NULL);
	start("!%*_+`'~.-aZ09 sip:a SIP/2.0", 0, 0, NULL);
	assert_int_equal(f.m.method, CX_M_OTHER);
	start("options sip:a SIP/2.0", 0, 0, NULL);
	assert_int_equal(f.m.method, CX_M_OTHER); /* case-sensitive */
	start("OPTIONS  sip:a SIP/2.0", -EINVAL, 400, "Bad Request Line");
	assert_text(f.m.uri, "sip:a");
	start("OPTIONS sip:a  SIP/2.0", -EINVAL, 400, "Bad Request Line");
	start("OPTIONS sip:a SIP/2.0 ", -EINVAL, 400, "Bad Request Line");
	start("OPTIONS sip:a\tSIP/2.0", -EINVAL, 400, "Bad Request Line");
	start("OPTIONS sip:a; lr SIP/2.0", -EINVAL, 400, "Bad Request Line");
	start("OPTIONS SIP/2.0", -EINVAL, 400, "Bad Request Line");
	start("OPTIONS sip:a SIP/7.0", -EINVAL, 505, "Version Not Supported");
	assert_text(f.m.uri, "sip:a");
	assert_int_equal(f.m.fault.at, 14);
	start("OPTIONS sip:a HTTP/1.1", -EPROTO, 0, NULL);
	start("OPTIONS sip:a", -EPROTO, 0, NULL);
	start("OPTIONS", -EPROTO, 0, NULL);
	start("(OPTIONS) sip:a SIP/2.0", -EPROTO, 0, NULL);
	start("OPTIONS/sip:a SIP/2.0", -EPROTO, 0, NULL);
	start("SIP/2.0 200", -EINVAL, 400, "Bad Status Line");
	start("SIP/2.0 2000 OK", -EINVAL, 400, "Bad Status Line");
	start("SIP/2.0 099 OK", -EINVAL, 400, "Bad Status Line");
	start("SIP/2.0 700 OK", -EINVAL, 400, "Bad Status Line");
	start("SIP/2.0 4294967301 OK", -EINVAL, 400, "Bad Status Line");
	start("SIP/2.0  200 OK", -EINVAL, 400, "Bad Status Line");
	assert_int_equal(f.m.status, 999);
	start("SIP/3.0 200 OK now", -EINVAL, 505, "Version Not Supported");
	assert_int_equal(sip_index(&f, ""), -EPROTO);
	assert_int_equal(sip_index(&f, "\r\n\r\n"), -EPROTO);
	assert_int_equal(sip_index(&f, "\r\n\r\nOPTIONS sip:a SIP/2.0\r\n\r\n"), 0);
	assert_int_equal(f.m.start, 4);
}

/* Lines between start line and empty line; the fault, NULL: none. */
static void lines(const char *text, const char *what)
{
	char message[1024];
	int err;

	snprintf(message, sizeof(message), "OPTIONS sip:a SIP/2.0\r\n%s\r\n", text);
	err = sip_index(&f, message);
	if (err != (what ? -EINVAL : 0) || (what && strcmp(f.m.fault.what, what)))
		fail_msg("%s: %d %s", text, err, f.m.fault.what);
}

static void liberties(void **state)
{
	lines("Subject: one\r\n two\r\n\tthree\r\n", NULL); /* folds */
	assert_text(cx_message_value(&f.m, CX_HEADER_SUBJECT), "one\r\n two\r\n\tthree");
	lines("Subject:\r\n \r\n", NULL);
	assert_text(cx_message_value(&f.m, CX_HEADER_SUBJECT), "");
	lines("SUBJECT \t :value \t\r\n", NULL); /* blanks around the colon */
	assert_text(cx_message_value(&f.m, CX_HEADER_SUBJECT), "value");
	lines("s:\r\n", NULL);
	assert_text(cx_message_value(&f.m, CX_HEADER_SUBJECT), "");
	assert_int_equal(f.m.fields[0].value_n, 0);
	lines("Subject: a\x01"
	      "b\x7f\tc\xff: d\r\n",
	      NULL); /* opaque */
	assert_int_equal(sip_index_n(&f, "OPTIONS sip:a SIP/2.0\r\ns: \"\\\0\"\r\n\r\n", 34, CX_DATAGRAM), 0);
	lines("", NULL);
	assert_int_equal(f.m.n_fields, 0);
}

static void faults(void **state)
{
	lines("Subject\r\nCSeq: 1 OPTIONS\r\n", "Bad Header Line");
	assert_int_equal(f.m.fault.at, 23);
	assert_text(cx_message_value(&f.m, CX_HEADER_CSEQ), "1 OPTIONS"); /* it goes on */
	lines(": x\r\n", "Bad Header Line");
	lines("A B: x\r\n", "Bad Header Line");
	lines(" A: x\r\n", "Bad Header Line");
	lines("Subject: a\nCSeq: 1 OPTIONS\r\n", "Line Ends Without CR");
	assert_text(cx_message_value(&f.m, CX_HEADER_CSEQ), "1 OPTIONS");
	lines("Subject: a\rCSeq: 1 OPTIONS\r\n", "CR Without LF");
	assert_false(cx_message_has(&f.m, CX_HEADER_CSEQ));
	lines("Content-Length: 1\r\n", "Body Shorter Than Content-Length");
	assert_int_equal(f.m.fault.header, CX_HEADER_CONTENT_LENGTH);
	lines("Content-Length: -1\r\n", "Bad Content-Length");
	lines("Content-Length:\r\n", "Bad Content-Length");
	lines("Content-Length: 0x1\r\n", "Bad Content-Length");
	lines("Content-Length: 99999999999999999999\r\n", "Bad Content-Length");
	lines("Content-Length: 2147483648\r\n", "Bad Content-Length");
	lines("Content-Length: 0\r\nl: 0\r\n", "Duplicate Content-Length");
	lines("f: a\r\nFrom: a\r\n", "Duplicate From");
	lines("t: a\r\nTo: a\r\n", "Duplicate To");
	lines("i: a\r\nCALL-id: a\r\n", "Duplicate Call-ID");
	lines("CSeq: a\r\nCSeq: a\r\n", "Duplicate CSeq");
	lines("Max-Forwards: 1\r\nMax-Forwards: 1\r\n", "Duplicate Max-Forwards");
	assert_int_equal(f.m.fault.at, 23 + 17);
	assert_int_equal(f.m.fault.header, CX_HEADER_MAX_FORWARDS);
	lines("Via: a\r\nVia: a\r\nSubject: a\r\nSubject: a\r\n", NULL);
	assert_int_equal(sip_index(&f, "OPTIONS sip:a SIP/2.0\r\nVia: x\r\n"), -EINVAL);
	assert_string_equal(f.m.fault.what, "No Empty Line After Headers");
	assert_text(cx_message_value(&f.m, CX_HEADER_VIA), "x");
	assert_int_equal(sip_index(&f, "OPTIONS sip:a SIP/2.0\r\nVia: x"), -EINVAL);
	assert_string_equal(f.m.fault.what, "Line Without End");
	assert_int_equal(sip_index(&f, "OPTIONS sip:a SIP/2.0"), -EINVAL);
	assert_int_equal(sip_index(&f, "OPTIONS sip:a SIP/2.0\r\n\r"), -EINVAL);
}

static void framing(void **state)
{
	static const char text[] = "OPTIONS sip:a SIP/2.0\r\nl: 0002\r\n\r\nbody";

	assert_int_equal(sip_index(&f, text), 0);
	assert_text(cx_message_body(&f.m), "bo"); /* what is behind it is cut */
	assert_int_equal(f.m.n, sizeof(text) - 3);
	assert_int_equal(sip_index(&f, "OPTIONS sip:a SIP/2.0\r\n\r\nbody"), 0);
	assert_text(cx_message_body(&f.m), "body");
	assert_int_equal(sip_index_n(&f, "OPTIONS sip:a SIP/2.0\r\n\r\n", 25, CX_STREAM), -EINVAL);
	assert_string_equal(f.m.fault.what, "Missing Content-Length");
	assert_int_equal(sip_index_n(&f, text, sizeof(text) - 1, CX_STREAM), 0);
	/* of a message that is too long for us the head alone is read */
	assert_int_equal(sip_index_n(&f, "OPTIONS sip:a SIP/2.0\r\nl: 65536\r\n\r\n", 35, CX_STREAM), -EINVAL);
	assert_int_equal(f.m.fault.status, 513);
	assert_int_equal(sip_index_n(&f, "OPTIONS sip:a SIP/2.0\r\nl: 1000\r\n\r\n", 34, CX_STREAM), -EINVAL);
	assert_int_equal(f.m.fault.status, 400);
}

static void limits(void **state)
{
	struct cx_field fields[2];
	struct cx_message m;
	static const char three[] = "OPTIONS sip:a SIP/2.0\r\nA: 1\r\nB: 2\r\nC: 3\r\n\r\n";
	static const char two[] = "OPTIONS sip:a SIP/2.0\r\nA: 1\r\nB: 2\r\n\r\n";

	cx_message_init(&m, fields, 2, sizeof(two) - 1);
	assert_int_equal(cx_message_index(&m, two, sizeof(two) - 1, CX_DATAGRAM), 0);
	assert_int_equal(m.n_fields, 2);
	assert_int_equal(cx_message_index(&m, three, sizeof(three) - 1, CX_DATAGRAM), -EINVAL);
	assert_int_equal(m.fault.status, 513);
	assert_string_equal(m.fault.what, "Message Too Large");
	m.size_max = sizeof(three);
	assert_int_equal(cx_message_index(&m, three, sizeof(three) - 1, CX_DATAGRAM), -EINVAL);
	assert_string_equal(m.fault.what, "Too Many Headers");
	assert_int_equal(m.n_fields, 2);
	cx_message_init(&m, fields, 1u << 20, 10);
	assert_true(m.fields_max < CX_NO_FIELD);
	assert_int_equal(cx_message_index(&m, three, (size_t)INT32_MAX + 1, CX_DATAGRAM), -EPROTO);
}

static void names(void **state)
{
	static const struct {
		enum cx_header_id id;
		const char *name;
		char compact;
	} all[] = {
#define CX_X(ID, name, compact, shape) {CX_HEADER_##ID, name, compact},
	    CX_HEADER_TABLE(CX_X)
#undef CX_X
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		char text[64] = {0};

		assert_int_equal(cx_header_id_of(cx_text_of(all[i].name)), all[i].id);
		assert_text(cx_header_name(all[i].id), all[i].name);
		for (size_t k = 0; all[i].name[k]; k++) /* any case */
			text[k] = (char)(k % 2 ? toupper(all[i].name[k]) : tolower(all[i].name[k]));
		assert_int_equal(cx_header_id_of(cx_text_of(text)), all[i].id);
		text[1] = '\0';
		if (all[i].compact)
			assert_int_equal(cx_header_id_of((struct cx_text){&all[i].compact, 1}), all[i].id);
	}
	assert_int_equal(cx_header_id_of(CX_TEXT("V")), CX_HEADER_VIA);
	assert_int_equal(cx_header_id_of(CX_TEXT("z")), CX_HEADER_OTHER);
	assert_int_equal(cx_header_id_of(CX_TEXT("")), CX_HEADER_OTHER);
	assert_int_equal(cx_header_id_of(CX_TEXT("Vla")), CX_HEADER_OTHER);
	/* same length, first and last letter as one of the table */
	assert_int_equal(cx_header_id_of(CX_TEXT("Content-Lemgth")), CX_HEADER_OTHER);
	assert_int_equal(cx_header_id_of(CX_TEXT("Max-Forwards")), CX_HEADER_MAX_FORWARDS);
	assert_int_equal(cx_header_id_of(CX_TEXT("Max-Forwirds")), CX_HEADER_OTHER);
	assert_int_equal(cx_header_id_of(CX_TEXT("CSxq")), CX_HEADER_OTHER);
	assert_int_equal(cx_method_of_name(CX_TEXT("SUBSCRIBE")), CX_M_SUBSCRIBE);
	assert_int_equal(cx_method_of_name(CX_TEXT("PUBLISH")), CX_M_PUBLISH);
	assert_text(cx_method_name(CX_M_ACK), "ACK");
	assert_int_equal(cx_method_name(CX_M_OTHER).n, 0);
	assert_int_equal(cx_method_name((enum cx_method)99).n, 0);
}

/* All values of Route, with "|" between them. */
static void routes(const char *text, const char *expected)
{
	char message[1024], got[1024] = "";
	struct cx_values it;
	struct cx_value v;
	size_t n = 0;

	snprintf(message, sizeof(message), "OPTIONS sip:a SIP/2.0\r\n%s\r\n", text);
	assert_int_equal(sip_index(&f, message), 0);
	it = cx_values_of(&f.m, CX_HEADER_ROUTE);
	while (cx_values_next(&it, &v)) {
		assert_true(v.text.p >= f.m.p + v.field->value);
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%.*s|", (int)v.text.n, v.text.p);
	}
	assert_string_equal(got, expected);
	assert_false(cx_values_next(&it, &v));
}

static void values(void **state)
{
	routes("Route: <sip:a>\r\n", "<sip:a>|");
	routes("Route: <sip:a>,<sip:b>\r\nSubject: x\r\nRoute: <sip:c>\r\n", "<sip:a>|<sip:b>|<sip:c>|");
	routes("Route: <sip:a,b>;x=1 ,\r\n \"a,\\\",b\" <sip:b>\r\n", "<sip:a,b>;x=1|\"a,\\\",b\" <sip:b>|");
	routes("Route: ,, <sip:a> , ,\r\n", "<sip:a>|");
	routes("Route:\r\nRoute: a\r\n", "a|");
	routes("Route: \"a,b\r\nRoute: c\r\n", "\"a,b|c|");
	routes("Route: <a,b\r\nRoute: c\r\n", "<a,b|c|");
	routes("Route: \"a\\\r\n", "\"a\\|");
	routes("Subject: x\r\n", "");
	lines("Supported: 100rel,  Path\r\nk: timer\r\n", NULL);
	assert_true(cx_values_have(&f.m, CX_HEADER_SUPPORTED, CX_TEXT("path")));
	assert_true(cx_values_have(&f.m, CX_HEADER_SUPPORTED, CX_TEXT("timer")));
	assert_false(cx_values_have(&f.m, CX_HEADER_SUPPORTED, CX_TEXT("time")));
}

/* lines replaces what begins with `from` in an INVITE that is fine; what: NULL: still fine */
static void check(const char *from, const char *to, const char *what)
{
	char message[2048];
	const char *text = INVITE_WITH(""), *at = strstr(text, from);
	struct cx_essentials e;
	struct cx_fault fault;
	int err;

	assert_non_null(at);
	snprintf(message, sizeof(message), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	assert_int_equal(sip_index(&f, message), 0);
	err = cx_message_check(&f.m, &e, &fault);
	if (err != (what ? -EINVAL : 0) || (what && strcmp(fault.what, what)))
		fail_msg("%s -> %s: %d %s", from, to, err, fault.what);
	assert_int_equal(fault.status, !what ? 0 : strcmp(what, "Unsupported URI Scheme") ? 400 : 416);
}

static void essentials(void **state)
{
	struct cx_essentials e;
	struct cx_fault fault;

	assert_int_equal(sip_index(&f, INVITE_WITH("")), 0);
	assert_int_equal(cx_message_check(&f.m, &e, &fault), 0);
	assert_text(e.from_tag, "1");
	assert_int_equal(e.to_tag.n, 0);
	assert_int_equal(e.cseq.number, 7);
	assert_int_equal(e.max_forwards, 70);
	assert_text(e.via.branch, "z9hG4bKa");
	assert_text(e.uri.user, "1006");
	assert_text(e.call_id, "call@example.com");
	check("Max-Forwards: 70\r\n", "", NULL);
	check("Max-Forwards: 70", "Max-Forwards: 000255", NULL);
	check("Max-Forwards: 70", "Max-Forwards: 256", "Bad Max-Forwards");
	check("Max-Forwards: 70", "Max-Forwards: x", "Bad Max-Forwards");
	check("Via: SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKa;rport\r\n", "", "Missing Via");
	check("Via: SIP", "Via: , SIP", "Bad Via");
	check("Via: SIP/2.0/UDP", "Via: UDP", "Bad Via");
	check("From: \"A\" <sip:a@example.com>;tag=1\r\n", "", "Missing From");
	check("From: \"A", "From: A", "Bad From");
	check("From: \"A\" <sip:a@example.com>;tag=1", "From: *", "Bad From");
	check("To: <sip:1006@example.com>\r\n", "", "Missing To");
	check("To: <sip:1006@example.com>", "To: <sip:1006@example.com", "Bad To");
	check("To: <sip:1006@example.com>", "To: *", "Bad To");
	check("Call-ID: call@example.com\r\n", "", "Missing Call-ID");
	check("Call-ID: call@example.com", "Call-ID:", "Bad Call-ID");
	check("Call-ID: call@", "Call-ID: call @", "Bad Call-ID");
	check("CSeq: 7 INVITE\r\n", "", "Missing CSeq");
	check("CSeq: 7 INVITE", "CSeq: 7", "Bad CSeq");
	check("CSeq: 7 INVITE", "CSeq: 7 INVITED", "CSeq Names Another Method");
	check("INVITE sip:1006@example.com", "INVITE <sip:1006@example.com>", "Bad URI");
	check("INVITE sip:1006@example.com", "INVITE sip:1006@[::1", "Bad Host in URI");
	check("INVITE sip:1006@example.com", "INVITE http://example.com", "Unsupported URI Scheme");
	assert_int_equal(
	    sip_index(&f, "SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a\r\nf: sip:a;tag=1\r\nt: sip:b;tag=2\r\n"
			  "i: 1\r\nCSeq: 1 BYE\r\n\r\n"),
	    0);
	assert_int_equal(cx_message_check(&f.m, &e, &fault), 0);
	assert_text(e.to_tag, "2");
	assert_int_equal(e.cseq.method, CX_M_BYE);
}

/* A figure for people, not a limit: the machine may be busy. */
static void speed(void **state)
{
	static const char invite[] =
		"INVITE sip:493012345678@198.51.100.10:5060;transport=udp SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bK-524287-1---4f6c9c1b2a;rport\r\n"
		"Max-Forwards: 70\r\n"
		"From: \"Salesxxxx\" <sip:caller@192.0.2.17:5060>;tag=8f2c1a7b\r\n"
		"To: <sip:493012345678@198.51.100.10:5060>\r\n"
		"Call-ID: 1-2287@192.0.2.17-a84b4c76e66710\r\n"
		"CSeq: 1 INVITE\r\n"
		"Contact: <sip:caller@192.0.2.17:5060;transport=udp>\r\n"
		"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY\r\n"
		"Supported: 100rel, timer, replaces\r\n"
		"User-Agent: Example Phone 4.2.1\r\n"
		"Session-Expires: 1800;refresher=uac\r\n"
		"Content-Type: application/sdp\r\n"
		"Content-Length: 211\r\n"
		"\r\n"
		"v=0\r\n"
		"o=user1 53655765 2353687637 IN IP4 192.0.2.17\r\n"
		"s=-\r\n"
		"c=IN IP4 192.0.2.17\r\n"
		"t=0 0\r\n"
		"m=audio 6000 RTP/AVP 8 0 101\r\n"
		"a=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:0 PCMU/8000\r\n"
		"a=rtpmap:101 telephone-event/8000\r\n"
		"a=fmtp:101 0-15\r\n";
	struct timespec from, to;
	double best = 1e9;

	assert_int_equal(sizeof(invite) - 1, 826);
	sip_index(&f, invite);
	for (int round = 0; round < 10; round++) {
		clock_gettime(CLOCK_MONOTONIC, &from);
		for (int i = 0; i < 2000; i++)
			assert_int_equal(cx_message_index(&f.m, f.copy, 826, CX_DATAGRAM), 0);
		clock_gettime(CLOCK_MONOTONIC, &to);
		double ns = ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / 2000;

		best = ns < best ? ns : best;
	}
	print_message("# figure index: %.0f ns for an INVITE of 826 bytes and %u headers\n", best, f.m.n_fields);
}

static int teardown(void **state)
{
	sip_fixture_free(&f);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(request),	  cmocka_unit_test(response), cmocka_unit_test(start_lines),
	    cmocka_unit_test(liberties),  cmocka_unit_test(faults),   cmocka_unit_test(framing),
	    cmocka_unit_test(limits),	  cmocka_unit_test(names),    cmocka_unit_test(values),
	    cmocka_unit_test(essentials), cmocka_unit_test(speed),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
