// SPDX-License-Identifier: GPL-2.0-only
/*
 * Edits of a message and messages made from another one: what comes out, byte by
 * byte; nothing else changes.
 */
#define _GNU_SOURCE
#include "sip_fixture.h"
#include <errno.h>
#include "base/addr.h"
#include "sip/address.h"
#include "sip/build.h"
#include "sip/cseq.h"
#include "sip/edit.h"
#include "sip/via.h"
#include "sip/writer.h"

static struct sip_fixture f;
static struct cx_edits e;

static void open_message(const char *text)
{
	sip_index(&f, text);
	cx_edits_init(&e, &f.m);
}

/* Both ways of taking the result, with exactly the room that they need. */
static void becomes(const char *expected)
{
	size_t n = strlen(expected), at = 0;
	char *out = malloc(n ? n : 1);
	struct iovec iov[CX_EDITS_IOV];
	int pieces, got = cx_edits_apply(&e, out, n);

	if (got != (int)n || memcmp(out, expected, n) || cx_edits_length(&e) != n)
		fail_msg("%d of %u bytes:\n%.*s\ninstead of\n%s", got, cx_edits_length(&e), got > 0 ? got : 0,
			 out, expected);
	if (n)
		assert_int_equal(cx_edits_apply(&e, out, n - 1), -ENOSPC);
	pieces = cx_edits_iov(&e, iov, CX_EDITS_IOV);
	assert_true(pieces >= 0);
	for (int i = 0; i < pieces; at += iov[i++].iov_len)
		assert_memory_equal(iov[i].iov_base, expected + at, iov[i].iov_len);
	assert_int_equal(at, n);
	if (pieces)
		assert_int_equal(cx_edits_iov(&e, iov, pieces - 1), -ENOSPC);
	free(out);
}

static uint32_t find(const char *text)
{
	const char *p = memmem(f.m.p, f.m.n, text, strlen(text));

	assert_non_null(p);
	return (uint32_t)(p - f.m.p);
}

#define START "OPTIONS sip:a SIP/2.0\r\n"

static void by_offset(void **state)
{
	open_message("\r\n\r\n" START "A: bcdefg\r\n\r\nbody");
	becomes(START "A: bcdefg\r\n\r\nbody"); /* empty lines in front are not the message's */
	assert_int_equal(cx_edit_insert(&e, find("bcd"), CX_TEXT("1")), 0);
	assert_int_equal(cx_edit_insert(&e, find("bcd"), CX_TEXT("2")), 0);
	assert_int_equal(cx_edit_remove(&e, find("bcd"), 1), 0);
	assert_int_equal(cx_edit_insert(&e, find("bcd"), CX_TEXT("3")), 0);
	assert_int_equal(cx_edit_replace(&e, find("cde"), 2, CX_TEXT("XYZ")), 0);
	assert_int_equal(cx_edit_insert(&e, f.m.n, CX_TEXT("!")), 0);
	assert_int_equal(cx_edit_insert(&e, f.m.start, CX_TEXT("~")), 0);
	assert_int_equal(cx_edit_replace(&e, find("g\r"), 0, CX_TEXT("")), 0); /* nothing */
	becomes("~" START "A: 123XYZefg\r\n\r\nbody!");
}

static void removals_join(void **state)
{
	open_message(START "A: bcdefg\r\n\r\n");
	assert_int_equal(cx_edit_remove(&e, find("bc"), 2), 0);
	assert_int_equal(cx_edit_remove(&e, find("de"), 2), 0); /* touches */
	assert_int_equal(e.n, 2);
	assert_int_equal(cx_edit_remove(&e, find("cd"), 2), 0); /* overlaps with both */
	assert_int_equal(e.n, 1);
	assert_int_equal(cx_edit_remove(&e, find("cd"), 1), 0); /* inside */
	becomes(START "A: fg\r\n\r\n");
}

static void refused(void **state)
{
	char out[512];
	struct iovec iov[CX_EDITS_IOV];

	open_message("\r\n" START "A: bcdefg\r\n\r\n");
	assert_int_equal(cx_edit_replace(&e, find("cde"), 3, CX_TEXT("x")), 0);
	assert_int_equal(e.err, 0);
	assert_int_equal(cx_edit_insert(&e, find("de"), CX_TEXT("x")), -EINVAL);
	assert_int_equal(cx_edits_apply(&e, out, sizeof(out)), -EINVAL); /* remembered */
	assert_int_equal(cx_edits_iov(&e, iov, CX_EDITS_IOV), -EINVAL);
	e.err = 0;
	assert_int_equal(cx_edit_replace(&e, find("bc"), 2, CX_TEXT("x")), -EINVAL);
	assert_int_equal(cx_edit_replace(&e, find("efg"), 3, CX_TEXT("x")), -EINVAL);
	assert_int_equal(cx_edit_replace(&e, find("cd"), 1, CX_TEXT("x")), -EINVAL);
	assert_int_equal(cx_edit_remove(&e, find("de"), 1), -EINVAL);
	assert_int_equal(cx_edit_remove(&e, f.m.n, 1), -EINVAL);
	assert_int_equal(cx_edit_remove(&e, 5, UINT32_MAX - 2), -EINVAL);
	assert_int_equal(cx_edit_replace(&e, 5, UINT32_MAX - 2, CX_TEXT("x")), -EINVAL);
	assert_int_equal(cx_edit_insert(&e, f.m.n + 1, CX_TEXT("x")), -EINVAL);
	assert_int_equal(cx_edit_insert(&e, 0, CX_TEXT("x")), -EINVAL); /* in front of the start line */
	e.err = 0;
	becomes(START "A: bxfg\r\n\r\n");
	while (e.n < CX_EDITS_MAX)
		assert_int_equal(cx_edit_insert(&e, f.m.n, CX_TEXT("x")), 0);
	assert_int_equal(cx_edit_insert(&e, f.m.n, CX_TEXT("x")), -ENOSPC);
	cx_edits_init(&e, &f.m);
	while (!e.err)
		cx_edit_insert(&e, f.m.n, cx_edits_text(&e, "%1000d", 5));
	assert_int_equal(e.err, -ENOSPC);
	assert_int_equal(e.n, CX_EDITS_ROOM / 1000);
	open_message("SIP/2.0 200 OK\r\n\r\n");
	assert_int_equal(cx_edit_request_uri(&e, CX_TEXT("sip:b")), -EINVAL);
}

static void by_header(void **state)
{
	struct cx_text text;

	open_message(START "Subject: x\r\nv: SIP/2.0/UDP a\r\nA: 1\r\nA: 2\r\nTo: y\r\nSubject: z\r\n\r\n");
	assert_int_equal(cx_edit_request_uri(&e, CX_TEXT("sip:b@c")), 0);
	assert_int_equal(cx_edit_prepend(&e, CX_HEADER_VIA, CX_TEXT("Via: SIP/2.0/UDP b\r\n")), 0);
	assert_int_equal(cx_edit_prepend(&e, CX_HEADER_RECORD_ROUTE, CX_TEXT("Record-Route: <sip:r;lr>\r\n")),
			 0);
	text = cx_edits_text(&e, "Max-Forwards: %d\r\n", 69);
	assert_int_equal(cx_edit_append(&e, text), 0);
	assert_int_equal(cx_edit_set_value(&e, cx_message_field(&f.m, CX_HEADER_TO), CX_TEXT("z;tag=1")), 0);
	assert_int_equal(cx_edit_remove_header(&e, CX_HEADER_SUBJECT), 0);
	assert_int_equal(cx_edit_remove_header(&e, CX_HEADER_FROM), 0); /* none */
	becomes("OPTIONS sip:b@c SIP/2.0\r\nRecord-Route: <sip:r;lr>\r\nVia: SIP/2.0/UDP b\r\nv: SIP/2.0/UDP "
		"a\r\n"
		"A: 1\r\nA: 2\r\nTo: z;tag=1\r\nMax-Forwards: 69\r\n\r\n");
}

/* Removes the values whose numbers (from 0, over all fields) are in `which`, in that order. */
static void without(const char *routes, const char *which, const char *expected)
{
	char text[512], out[512];

	snprintf(text, sizeof(text), START "%sA: 1\r\n\r\n", routes);
	snprintf(out, sizeof(out), START "%sA: 1\r\n\r\n", expected);
	open_message(text);
	for (; *which; which++) {
		struct cx_values it = cx_values_of(&f.m, CX_HEADER_ROUTE);
		struct cx_value value;

		for (int i = 0; i <= *which - '0'; i++)
			assert_true(cx_values_next(&it, &value));
		if (cx_edit_remove_value(&e, &value))
			fail_msg("%s: %c: %d", routes, *which, e.err);
	}
	becomes(out);
}

static void values(void **state)
{
	static const char *const orders[] = {"012", "021", "102", "120", "201", "210"};

	without("Route: a\r\n", "0", "");
	without("Route: a, b\r\n", "0", "Route: b\r\n");
	without("Route: a, b\r\n", "1", "Route: a\r\n");
	without("Route: a\r\nRoute: b\r\nRoute: c\r\n", "1", "Route: a\r\nRoute: c\r\n");
	without("Route: a ,\r\n b , c\r\n", "1", "Route: a ,\r\n c\r\n");
	without("Route: a ,\r\n b , c\r\n", "12", "Route: a\r\n");
	without("Route: a ,\r\n b , c\r\n", "21", "Route: a\r\n");
	without("Route: a ,\r\n b , c\r\n", "02", "Route: b\r\n");
	without("Route: a ,\r\n b , c\r\n", "20", "Route: b\r\n");
	without("Route: a,b,c\r\n", "01", "Route: c\r\n");
	without("Route: a,b,c\r\n", "10", "Route: c\r\n");
	without("Route: a,b,c,\r\n", "2", "Route: a,b\r\n");
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		without("Route: a, b , c\r\n", orders[i], "");
		without("Route: a, b , c\r\nRoute: d\r\n", orders[i], "Route: d\r\n");
	}
	without("Route: a, b\r\n", "0010", ""); /* twice is once */
}

static void popped(const char *routes, uint32_t count, const char *expected)
{
	char text[512], out[512];

	snprintf(text, sizeof(text), START "%sA: 1\r\n\r\n", routes);
	snprintf(out, sizeof(out), START "%sA: 1\r\n\r\n", expected);
	open_message(text);
	assert_int_equal(cx_edit_pop(&e, CX_HEADER_ROUTE, count), 0);
	becomes(out);
}

static void popping(void **state)
{
	popped("Route: a, b\r\nX: y\r\nRoute: c\r\n", 0, "Route: a, b\r\nX: y\r\nRoute: c\r\n");
	popped("Route: a, b\r\nX: y\r\nRoute: c\r\n", 1, "Route: b\r\nX: y\r\nRoute: c\r\n");
	popped("Route: a, b\r\nX: y\r\nRoute: c\r\n", 2, "X: y\r\nRoute: c\r\n");
	popped("Route: a, b\r\nX: y\r\nRoute: c\r\n", 3, "X: y\r\n");
	popped("Route: a, b\r\nX: y\r\nRoute: c\r\n", 9, "X: y\r\n");
	popped("Route: <sip:a,b>,c\r\n", 1, "Route: c\r\n");
	popped("", 1, "");
}

static void bodies(void **state)
{
	open_message(START "l: 0004\r\n\r\nbody");
	assert_int_equal(cx_edit_body(&e, CX_TEXT("another")), 0);
	becomes(START "l: 7\r\n\r\nanother");
	open_message(START "A: 1\r\n\r\n");
	assert_int_equal(cx_edit_body(&e, CX_TEXT("new")), 0);
	becomes(START "A: 1\r\nContent-Length: 3\r\n\r\nnew");
	open_message(START "l: 4\r\n\r\nbody");
	assert_int_equal(cx_edit_body(&e, CX_TEXT("")), 0);
	becomes(START "l: 0\r\n\r\n");
}

/* ---- messages made of others -------------------------------------------------- */

static char out[4096];

static void built(int n, const char *expected)
{
	if (n != (int)strlen(expected) || memcmp(out, expected, (size_t)n))
		fail_msg("%d:\n%.*s\ninstead of\n%s", n, n > 0 ? n : 0, out, expected);
}

static union cx_addr source(const char *text)
{
	union cx_addr addr;
	uint8_t family;

	assert_int_equal(cx_addr_parse(text, &addr, &family), 0);
	return addr;
}

static void responses(void **state)
{
	union cx_addr from = source("192.0.2.1"), nat = source("2001:db8::1");
	struct cx_response r = {
	    .status = 404, .to_tag = CX_TEXT("xyz"), .source = &from, .source_port = 4444};
	static const char request[] = "INVITE sip:a SIP/2.0\r\n"
				      "v: SIP / 2.0/UDP\r\n 192.0.2.1;rport=1 ;\r\n "
				      "branch=z9hG4bKa;received=9.9.9.9;x, SIP/2.0/UDP b;i=\"\t\"\r\n"
				      "f: <sip:a>;tag=1\r\nt: <sip:b>\r\nVia: SIP/2.0/TCP c\r\nTimestamp: "
				      "5\r\ni: 1\r\nCSeq: 1\r\n INVITE\r\n\r\n";

	sip_index(&f, request);
	built(cx_build_response(&f.m, &r, out, sizeof(out)),
	      "SIP/2.0 404 Not Found\r\n"
	      "Via: SIP / 2.0/UDP 192.0.2.1;branch=z9hG4bKa;x;received=192.0.2.1;rport=4444, SIP/2.0/UDP "
	      "b;i=\" \"\r\n"
	      "Via: SIP/2.0/TCP c\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>;tag=xyz\r\nCall-ID: 1\r\nCSeq: 1 "
	      "INVITE\r\n"
	      "Content-Length: 0\r\n\r\n");
	r = (struct cx_response){
	    .status = 100, .reason = "Wait", .lines = CX_TEXT("A: b\r\n"), .body = CX_TEXT("body")};
	built(
	    cx_build_response(&f.m, &r, out, sizeof(out)),
	    "SIP/2.0 100 Wait\r\n"
	    "Via: SIP / 2.0/UDP 192.0.2.1;rport=1 ; branch=z9hG4bKa;received=9.9.9.9;x, SIP/2.0/UDP b;i=\" "
	    "\"\r\n"
	    "Via: SIP/2.0/TCP c\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n"
	    "Timestamp: 5\r\nA: b\r\nContent-Length: 4\r\n\r\nbody");
	r = (struct cx_response){.status = 200, .to_tag = CX_TEXT("new"), .source = &nat, .source_port = 1};
	sip_index(&f, START
		  "Via: SIP/2.0/UDP h:9;a=\"q\"\r\nTo: \"x\" <sip:b>;tag=old\r\nCSeq: 1 OPTIONS\r\n\r\n");
	built(cx_build_response(&f.m, &r, out, sizeof(out)),
	      "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h:9;a=\"q\";received=2001:db8::1\r\nTo: \"x\" "
	      "<sip:b>;tag=old\r\n"
	      "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
	r.source = &from; /* sent-by says where it came from: received is not needed */
	sip_index(&f, START "Via: SIP/2.0/UDP 192.0.2.1\r\nTo: \"x\r\nCSeq: 1 OPTIONS\r\n\r\n");
	built(cx_build_response(&f.m, &r, out, sizeof(out)),
	      "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1\r\nTo: \"x;tag=new\r\nCSeq: 1 OPTIONS\r\n"
	      "Content-Length: 0\r\n\r\n");
	sip_index(&f, START
		  "Via: SIP/2.0/UDP h:9;;rport, SIP/2.0/UDP i\r\nCSeq: 1 OPTIONS\r\n\r\n"); /* as it is */
	built(cx_build_response(&f.m, &r, out, sizeof(out)),
	      "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h:9;;rport, SIP/2.0/UDP i\r\nCSeq: 1 OPTIONS\r\n"
	      "Content-Length: 0\r\n\r\n");
	assert_int_equal(cx_build_response(&f.m, &r, out, 20), -ENOSPC);
}

static void not_answerable(void **state)
{
	struct cx_response r = {.status = 400};

	sip_index(&f, START "CSeq: 1 OPTIONS\r\n\r\n");
	assert_int_equal(cx_build_response(&f.m, &r, out, sizeof(out)), -EINVAL);
	sip_index(&f, START "Via: x\r\nCSeq: 1 OPTIONS\r\n\r\n");
	assert_int_equal(cx_build_response(&f.m, &r, out, sizeof(out)), -EINVAL);
	sip_index(&f, START "Via: SIP/2.0/UDP h\r\n\r\n");
	assert_int_equal(cx_build_response(&f.m, &r, out, sizeof(out)), -EINVAL);
	sip_index(&f, "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h\r\nCSeq: 1 OPTIONS\r\n\r\n");
	assert_int_equal(cx_build_response(&f.m, &r, out, sizeof(out)), -EINVAL);
}

static void hop_requests(void **state)
{
	struct sip_fixture response = {0};

	sip_index(&f, INVITE_WITH("Route: <sip:r;lr>\r\nRoute: <sip:s;lr>\r\nv: SIP/2.0/UDP below\r\n"));
	sip_index(&response, "SIP/2.0 486 Busy\r\nTo: <sip:1006@example.com>;tag=\r\n b\r\n\r\n");
	built(cx_build_ack(&f.m, &response.m, out, sizeof(out)),
	      "ACK sip:1006@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKa;rport\r\n"
	      "Max-Forwards: 70\r\nRoute: <sip:r;lr>\r\nRoute: <sip:s;lr>\r\nFrom: \"A\" "
	      "<sip:a@example.com>;tag=1\r\n"
	      "To: <sip:1006@example.com>;tag= b\r\nCall-ID: call@example.com\r\nCSeq: 7 "
	      "ACK\r\nContent-Length: 0\r\n\r\n");
	built(
	    cx_build_cancel(&f.m, CX_TEXT("Reason: SIP;cause=200\r\n"), out, sizeof(out)),
	    "CANCEL sip:1006@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKa;rport\r\n"
	    "Max-Forwards: 70\r\nRoute: <sip:r;lr>\r\nRoute: <sip:s;lr>\r\nFrom: \"A\" "
	    "<sip:a@example.com>;tag=1\r\n"
	    "To: <sip:1006@example.com>\r\nCall-ID: call@example.com\r\nCSeq: 7 CANCEL\r\nReason: "
	    "SIP;cause=200\r\n"
	    "Content-Length: 0\r\n\r\n");
	assert_int_equal(cx_build_cancel(&f.m, CX_TEXT(""), out, 30), -ENOSPC);
	assert_int_equal(cx_build_cancel(&response.m, CX_TEXT(""), out, sizeof(out)), -EINVAL);
	sip_index(&response, "SIP/2.0 486 Busy\r\n\r\n");
	assert_int_equal(cx_build_ack(&f.m, &response.m, out, sizeof(out)), -EINVAL);
	sip_index(&f, START "Via: SIP/2.0/UDP h\r\nFrom: a\r\nTo: b\r\nCall-ID: 1\r\n\r\n");
	assert_int_equal(cx_build_cancel(&f.m, CX_TEXT(""), out, sizeof(out)), -EINVAL);
	sip_fixture_free(&response);
}

static void phrases(void **state)
{
	assert_string_equal(cx_reason_phrase(487), "Request Terminated");
	assert_string_equal(cx_reason_phrase(100), "Trying");
	assert_string_equal(cx_reason_phrase(199), "Early Dialog Terminated");
	assert_string_equal(cx_reason_phrase(499), "Client Error");
	assert_string_equal(cx_reason_phrase(699), "Global Failure");
	assert_string_equal(cx_reason_phrase(0), "Unknown");
	assert_string_equal(cx_reason_phrase(1000), "Unknown");
}

static void writers(void **state)
{
	struct cx_writer w = {.p = out, .max = 12};

	cx_put_number(&w, 0);
	cx_put_number(&w, UINT32_MAX);
	assert_false(w.full);
	built((int)w.n, "04294967295");
	cx_put(&w, CX_TEXT("ab"));
	assert_true(w.full);
	cx_put(&w, CX_TEXT("a")); /* nothing more */
	assert_int_equal(w.n, 11);
	w = (struct cx_writer){.p = out, .max = 3};
	cx_put(&w, CX_TEXT("abc")); /* to the last byte */
	assert_false(w.full);
	w = (struct cx_writer){.p = out, .max = 64};
	cx_put_unfolded(&w, CX_TEXT("\r\n a\r\nb\x7f\xff\tc\r\n"));
	built((int)w.n, " a b \xff c ");
	w.n = 0;
	cx_put_joined(&w, CX_TEXT("a\r\n\t b \x07\x7f\r\n c"));
	built((int)w.n, "a b \x07\x7f c");
}

static int teardown(void **state)
{
	sip_fixture_free(&f);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(by_offset),    cmocka_unit_test(removals_join), cmocka_unit_test(refused),
	    cmocka_unit_test(by_header),    cmocka_unit_test(values),	     cmocka_unit_test(popping),
	    cmocka_unit_test(bodies),	    cmocka_unit_test(responses),     cmocka_unit_test(not_answerable),
	    cmocka_unit_test(hop_requests), cmocka_unit_test(phrases),	     cmocka_unit_test(writers),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
