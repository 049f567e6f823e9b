// SPDX-License-Identifier: GPL-2.0-only
/*
 * Replies of the proxy: which status a reason gives, and what is on the wire.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/addr.h"
#include "proxy/reply.h"

#define HEAD(method) method " sip:4940123@192.0.2.1 SIP/2.0\r\n"
#define VIA "Via: SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bKabc;rport\r\n"
#define REST                                                                                                 \
	"Max-Forwards: 70\r\n"                                                                               \
	"From: \"A\" <sip:a@198.51.100.7>;tag=1\r\n"                                                         \
	"To: <sip:4940123@192.0.2.1;tag=nottag>\r\n"                                                         \
	"Call-ID: c1@198.51.100.7\r\n"

static char out[4096];
static uint16_t to_port;

static struct cx_reply_context context(enum cx_reason reason)
{
	struct cx_reply_context ctx = {
	    .source_port = 40000, .reason = reason, .tag_key = 42, .server = "cxsip"};
	uint8_t family;

	assert_int_equal(cx_addr_parse("198.51.100.7", &ctx.source, &family), 0);
	return ctx;
}

static size_t build(const struct cx_reply_context *ctx, int status, const char *msg)
{
	/* exact size on the heap: a read behind the end is seen by ASan */
	size_t len = strlen(msg);
	uint8_t *copy = malloc(len ? len : 1);
	size_t n;

	memcpy(copy, msg, len);
	n = cx_reply_build(ctx, status, copy, len, (uint8_t *)out, sizeof(out) - 1, &to_port);
	out[n] = '\0';
	free(copy);
	return n;
}

static int status(enum cx_reason reason, const char *msg)
{
	return cx_reply_status(reason, (const uint8_t *)msg, strlen(msg));
}

static void has(const char *text)
{
	if (!strstr(out, text))
		fail_msg("\"%s\" is not in:\n%s", text, out);
}

static void has_not(const char *text)
{
	if (strstr(out, text))
		fail_msg("\"%s\" is in:\n%s", text, out);
}

static void begins(const char *text)
{
	if (strncmp(out, text, strlen(text)))
		fail_msg("\"%s\" is not at the start of:\n%s", text, out);
}

static void statuses(void **state)
{
	const char *invite = HEAD("INVITE") VIA REST "CSeq: 1 INVITE\r\n\r\n";
	const char *options = HEAD("OPTIONS") VIA REST "CSeq: 1 OPTIONS\r\n\r\n";
	static const struct {
		enum cx_reason reason;
		int status;
	} table[] = {
	    {CX_R_BAD_URI, 400},	  {CX_R_BAD_VIA, 400},
	    {CX_R_BAD_CSEQ, 400},	  {CX_R_BAD_LENGTH, 400},
	    {CX_R_BAD_TO, 400},		  {CX_R_BAD_ROUTE, 400},
	    {CX_R_BARE_LF, 400},	  {CX_R_MISSING_HEADER, 400},
	    {CX_R_DUPLICATE_HEADER, 400}, {CX_R_NO_HEADER_END, 400},
	    {CX_R_BAD_MAX_FORWARDS, 400}, {CX_R_TOO_MANY_HEADERS, 400},
	    {CX_R_BAD_SCHEME, 416},	  {CX_R_VERSION, 505},
	    {CX_R_PROXY_REQUIRE, 420},	  {CX_R_MAX_FORWARDS, 483},
	    {CX_R_NO_ROUTE, 404},	  {CX_R_NO_ELEMENT, 503},
	    {CX_R_UNKNOWN_TARGET, 404},	  {CX_R_REGISTER, 405},
	    {CX_R_FOR_US, 404},		  {CX_R_BUG, 500},
	    {CX_R_KEEPALIVE, 0},	  {CX_R_TRANSACTION, 0},
	    {CX_R_SOURCE_DENIED, 0},	  {CX_R_BAD_COOKIE, 0},
	    {CX_R_FORGED_RESPONSE, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		assert_int_equal(status(table[i].reason, invite), table[i].status);
	assert_int_equal(status(CX_R_FOR_US, options), 200);
}

static void never_answered(void **state)
{
	struct cx_reply_context ctx = context(CX_R_BAD_URI);
	const char *ack = HEAD("ACK") VIA REST "CSeq: 1 ACK\r\n\r\n";
	const char *response = "SIP/2.0 200 OK\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n";
	const char *other_version = "SIP/3.0 200 OK\r\n" VIA REST "CSeq: 1 INVITE\r\n\r\n";

	(void)state;
	for (int reason = 0; reason < CX_REASON_COUNT; reason++) {
		assert_int_equal(status(reason, ack), 0);
		assert_int_equal(status(reason, response), 0);
		assert_int_equal(status(reason, other_version), 0);
		assert_int_equal(status(reason, ""), 0);
		assert_int_equal(status(reason, "\r\n\r\n"), 0);
		assert_int_equal(status(reason, "\x80\x01rtp"), 0);
	}
	assert_int_equal(build(&ctx, 400, ack), 0);
	assert_int_equal(build(&ctx, 400, response), 0);
	assert_int_equal(build(&ctx, 400, other_version), 0);
}

static void too_broken(void **state)
{
	struct cx_reply_context ctx = context(CX_R_MISSING_HEADER);

	(void)state;
	assert_int_equal(build(&ctx, 400, HEAD("INVITE") REST "CSeq: 1 INVITE\r\n\r\n"), 0);
	assert_int_equal(build(&ctx, 400, HEAD("INVITE") VIA REST "\r\n"), 0);
	assert_int_equal(build(&ctx, 400, HEAD("INVITE") "Via: nonsense\r\n" REST "CSeq: 1 INVITE\r\n\r\n"),
			 0);
	assert_int_equal(
	    build(&ctx, 400, HEAD("INVITE") "Via: SIP/2.0/UDP h:99999\r\nCSeq: 1 INVITE\r\n\r\n"), 0);
	assert_int_equal(
	    build(&ctx, 400, HEAD("INVITE") "Via: SIP/2.0/UDP ;branch=z\r\nCSeq: 1 INVITE\r\n\r\n"), 0);
}

static void missing_is_named(void **state)
{
	struct cx_reply_context ctx = context(CX_R_MISSING_HEADER);

	(void)state;
	assert_true(build(&ctx, 400,
			  HEAD("INVITE") VIA "From: <sip:a@b>\r\nTo: <sip:c@d>\r\nCSeq: 1 INVITE\r\n\r\n"));
	has("SIP/2.0 400 Missing Call-ID\r\n");
	assert_true(
	    build(&ctx, 400, HEAD("INVITE") VIA "Call-ID: x\r\nFrom: <sip:a@b>\r\nCSeq: 1 INVITE\r\n\r\n"));
	has("SIP/2.0 400 Missing To\r\n");
	has_not("tag=");
}

static void copies_and_fills(void **state)
{
	struct cx_reply_context ctx = context(CX_R_BAD_CSEQ);
	char first[sizeof(out)];

	(void)state;
	assert_true(build(&ctx, 400,
			  HEAD("INVITE") VIA "v:SIP/2.0/UDP two;branch=z9hG4bK2 , SIP/2.0/TCP three\r\n" REST
					     "CSeq: 1 BYE\r\n\r\nVia: body\r\n"));
	begins("SIP/2.0 400 Bad CSeq\r\n"
	       "Via: SIP/2.0/UDP 198.51.100.7:5062;branch=z9hG4bKabc"
	       ";received=198.51.100.7;rport=40000\r\n"
	       "Via: SIP/2.0/UDP two;branch=z9hG4bK2 , SIP/2.0/TCP three\r\n"
	       "From: \"A\" <sip:a@198.51.100.7>;tag=1\r\n"
	       "To: <sip:4940123@192.0.2.1;tag=nottag>;tag=");
	has("\r\nCall-ID: c1@198.51.100.7\r\nCSeq: 1 BYE\r\nServer: cxsip\r\nContent-Length: 0\r\n\r\n");
	has_not("body");
	assert_int_equal(to_port, 40000);
	memcpy(first, out, sizeof(out));
	assert_true(build(&ctx, 400,
			  HEAD("INVITE") VIA "v:SIP/2.0/UDP two;branch=z9hG4bK2 , SIP/2.0/TCP three\r\n" REST
					     "CSeq: 1 BYE\r\n\r\n"));
	assert_string_equal(first, out); /* the same tag for the same request */
	ctx.tag_key++;
	assert_true(build(&ctx, 400, HEAD("INVITE") VIA REST "CSeq: 1 BYE\r\n\r\n"));
	assert_string_not_equal(first, out);
}

static void goes_to(const char *via, const char *expected, uint16_t port)
{
	struct cx_reply_context ctx = context(CX_R_NO_ROUTE);
	char msg[1024];
	size_t n = 0;
	const char *parts[] = {HEAD("INVITE"), "Via: ", via, "\r\n", REST, "CSeq: 1 INVITE\r\n\r\n"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		memcpy(msg + n, parts[i], strlen(parts[i]));
		n += strlen(parts[i]);
	}
	msg[n] = '\0';
	assert_true(build(&ctx, 404, msg));
	has(expected);
	assert_int_equal(to_port, port);
}

static void via_forms(void **state)
{
	(void)state;
	goes_to("SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1",
		"Via: SIP/2.0/UDP 198.51.100.7;branch=z9hG4bK1\r\n", 5060);
	goes_to("SIP/2.0/UDP 198.51.100.7:5070;branch=z9hG4bK1", ":5070;branch=z9hG4bK1\r\n", 5070);
	goes_to("SIP/2.0/UDP a.example;branch=z9hG4bK1",
		"a.example;branch=z9hG4bK1;received=198.51.100.7\r\n", 5060);
	goes_to("SIP/2.0/UDP a.example;received=203.0.113.9;maddr=203.0.113.9;branch=z9hG4bK1",
		"a.example;maddr=203.0.113.9;branch=z9hG4bK1;received=198.51.100.7\r\n", 5060);
	goes_to("SIP/2.0/UDP a.example:5070;rport=1;branch=z9hG4bK1",
		"a.example:5070;branch=z9hG4bK1;received=198.51.100.7;rport=40000\r\n", 40000);
	goes_to("SIP / 2.0 / UDP  [2001:db8::9]:5070 ; branch = z9hG4bK1",
		"Via: SIP / 2.0 / UDP [2001:db8::9]:5070;branch=z9hG4bK1;received=198.51.100.7\r\n", 5070);
	goes_to("SIP/2.0/UDP a.example\r\n ;branch=z9hG4bK1;x=\"a,b;c\\\"d\"",
		"a.example;branch=z9hG4bK1;x=\"a,b;c\\\"d\";received=198.51.100.7\r\n", 5060);
}

static void has_to_tag(const char *to, int expected)
{
	struct cx_reply_context ctx = context(CX_R_NO_ROUTE);
	char msg[1024];
	size_t n = 0;
	const char *parts[] = {HEAD("BYE") VIA "f: <sip:a@b>\r\ni: x\r\nt: ", to, "\r\nCSeq: 2 BYE\r\n\r\n"};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		memcpy(msg + n, parts[i], strlen(parts[i]));
		n += strlen(parts[i]);
	}
	msg[n] = '\0';
	assert_true(build(&ctx, 404, msg));
	has(to);
	n = 0;
	for (const char *p = out; (p = strstr(p, ";tag=")); p++)
		n++;
	assert_int_equal(n, expected);
}

static void to_tags(void **state)
{
	(void)state;
	has_to_tag("<sip:c@d>;tag=x", 1);
	has_to_tag("sip:c@d;tag=x", 1);
	has_to_tag("<sip:c@d;tag=x>", 2);		 /* the URI's own */
	has_to_tag("\";tag=q <\" <sip:c@d>", 2);	 /* in the display name */
	has_to_tag("\"a\\\";\" <sip:c@d> ; TAG = x", 0); /* has one, and it stays as written */
}

static void per_status_headers(void **state)
{
	struct cx_reply_context ctx = context(CX_R_PROXY_REQUIRE);

	(void)state;
	ctx.retry_after_s = 5;
	assert_true(build(&ctx, 420,
			  HEAD("INVITE") VIA REST "Proxy-Require: foo,\r\n bar\r\nCSeq: 1 INVITE\r\n"
						  "proxy-require: baz\r\n\r\n"));
	has("SIP/2.0 420 Bad Extension\r\n");
	has("\r\nUnsupported: foo, bar, baz\r\n");
	has_not("Retry-After");
	assert_true(build(&ctx, 503, HEAD("INVITE") VIA REST "CSeq: 1 INVITE\r\n\r\n"));
	has("SIP/2.0 503 Service Unavailable\r\n");
	has("\r\nRetry-After: 5\r\n");
	assert_true(build(&ctx, 405, HEAD("REGISTER") VIA REST "CSeq: 1 REGISTER\r\n\r\n"));
	has("\r\nAllow: INVITE, ");
	assert_true(build(&ctx, 200, HEAD("OPTIONS") VIA REST "CSeq: 1 OPTIONS\r\n\r\n"));
	has("SIP/2.0 200 OK\r\n");
	has("\r\nAllow: ");
	has("\r\nAccept: ");
	has("\r\nSupported:");
}

/* A bare CR, a NUL or a fold cannot start a header of the reply. */
static void no_injection(void **state)
{
	struct cx_reply_context ctx = context(CX_R_BARE_LF);

	(void)state;
	assert_true(build(&ctx, 400,
			  HEAD("INVITE") VIA "From: <sip:a@b>\rEvil: 1\r\n Evil: 2\nTo: <sip:c@d>\n"
					     "Call-ID: x\nCSeq: 1 INVITE\n\n"));
	has("\r\nFrom: <sip:a@b> Evil: 1 Evil: 2\r\n");
	has_not("\nEvil");
	has_not("\rEvil");
}

static void small_buffer(void **state)
{
	struct cx_reply_context ctx = context(CX_R_NO_ROUTE);
	const char *msg = HEAD("INVITE") VIA REST "CSeq: 1 INVITE\r\n\r\n";
	uint8_t *small;
	size_t full = build(&ctx, 404, msg);

	(void)state;
	for (size_t max = 0; max <= full; max++) {
		small = malloc(max ? max : 1);
		assert_int_equal(
		    cx_reply_build(&ctx, 404, (const uint8_t *)msg, strlen(msg), small, max, &to_port),
		    max < full ? 0 : full);
		free(small);
	}
}

/* Every prefix and every single changed byte: no read out of bounds (ASan). */
static void mutations(void **state)
{
	struct cx_reply_context ctx = context(CX_R_BAD_URI);
	const char *msg =
	    HEAD("INVITE") "v: SIP/2.0/UDP [2001:db8::1]:5060;branch=\"z\\\"\";rport, SIP/2.0/UDP b\r\n" REST
			   "CSeq: 1 INVITE\r\nProxy-Require: x\r\n\r\n";
	static const char bytes[] = "\r\n\":;,<>\\ []=\x80/";
	size_t n = strlen(msg);
	char *copy = strdup(msg);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		for (size_t b = 0; b < sizeof(bytes); b++) {
			copy[i] = bytes[b];
			build(&ctx, 420, copy);
		}
		copy[i] = '\0';
		build(&ctx, 420, copy);
		copy[i] = msg[i];
	}
	free(copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(statuses),		cmocka_unit_test(never_answered),
	    cmocka_unit_test(too_broken),	cmocka_unit_test(missing_is_named),
	    cmocka_unit_test(copies_and_fills), cmocka_unit_test(via_forms),
	    cmocka_unit_test(to_tags),		cmocka_unit_test(per_status_headers),
	    cmocka_unit_test(no_injection),	cmocka_unit_test(small_buffer),
	    cmocka_unit_test(mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
