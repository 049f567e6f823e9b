// SPDX-License-Identifier: GPL-2.0-only
/*
 * The torture messages of RFC 4475 and RFC 5118 through the daemon's stateless
 * path: what a proxy that routes by DN has to do with each, and why. Legal
 * messages are forwarded, however odd; what is refused gets the status that
 * the RFC names; a response that is not to one of our requests is dropped. Our
 * own messages follow, for what the fast path leaves to the daemon.
 *
 * REGISTER is answered 405: there is no registrar here.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "corpus.h"
#include "place.h"
#include "proxy/reply.h"
#include "proxy/stateless.h"

#define FORWARD 1
#define DROP 0
#define SILENT (-1) /* up, refused, but nothing in it that a reply could go by */

static const struct {
	const char *name;
	int what; /* or the status of the reply */
	const char *why;
} expected[] = {
	/* RFC 4475 3.1.1: valid messages */
	{"wsinv.dat", FORWARD, "folding, blanks, zeros in front of numbers, an unknown header: all legal"},
	{"intmeth.dat", FORWARD, "a method and a user part of every legal character"},
	{"esc01.dat", FORWARD, "%3A and %40 in the user part are no delimiters"},
	{"escnull.dat", 405, "%00 is legal; REGISTER"},
	{"esc02.dat", 404, "an escaped method is another method, not REGISTER; no user part to route by"},
	{"lwsdisp.dat", FORWARD, "no blank between display name and <"},
	{"longreq.dat", FORWARD, "long values, 34 Via lines, compact and mixed-case names"},
	{"dblreq.dat", 405, "bytes behind Content-Length are no second request over UDP; REGISTER"},
	{"semiuri.dat", FORWARD, "; in the user part: its parameters belong to the user"},
	{"transports.dat", FORWARD, "unknown transports in lower Via values are opaque"},
	{"mpart01.dat", 400, "its Route names a strict router, which this proxy does not serve"},
	{"unreason.dat", DROP, "a response, but not to us"},
	{"noreason.dat", DROP, "a response, but not to us"},
	/* 3.1.2: invalid messages */
	{"badinv01.dat", 400, "Via with empty parameters"},
	{"clerr.dat", 400, "Content-Length beyond the datagram (18.3)"},
	{"ncl.dat", 400, "negative Content-Length"},
	{"scalar02.dat", 400, "CSeq beyond 2**32"},
	{"scalarlg.dat", DROP, "a response, but not to us"},
	{"quotbal.dat", 400, "unbalanced quote in To"},
	{"ltgtruri.dat", 400, "<> around the Request-URI"},
	{"lwsruri.dat", 400, "a blank in the Request-URI"},
	{"lwsstart.dat", 400, "more than one blank in the request line"},
	{"trws.dat", 400, "blanks behind the request line"},
	{"escruri.dat", FORWARD, "headers in the Request-URI mean nothing to a proxy, and are not obeyed"},
	{"baddate.dat", FORWARD, "Date is not the proxy's to read"},
	{"regbadct.dat", 405, "Contact is not the proxy's to read; REGISTER"},
	{"badaspec.dat", FORWARD, "a proxy needs of To only whether there is a tag"},
	{"baddn.dat", FORWARD, "the same"},
	{"badvers.dat", 505, "SIP/7.0"},
	{"mismatch01.dat", 400, "CSeq names another method"},
	{"mismatch02.dat", 400, "CSeq names another method, the request's is unknown"},
	{"bigcode.dat", DROP, "status code beyond 699"},
	/* 3.2 to 3.4 */
	{"badbranch.dat", FORWARD, "a branch of nothing but the magic cookie says as little as none"},
	{"insuf.dat", 400, "no From, To, Call-ID, CSeq"},
	{"unkscm.dat", 416, "unknown URI scheme"},
	{"novelsc.dat", 416, "a scheme that is known, but not to SIP"},
	{"unksm2.dat", 405, "schemes in To and Contact are not the proxy's to read; REGISTER"},
	{"bext01.dat", 420, "Proxy-Require"},
	{"invut.dat", FORWARD, "the body's type is not the proxy's to read"},
	{"regaut01.dat", 405, "unknown authorization scheme; REGISTER"},
	{"multi01.dat", 400, "several values where one may be"},
	{"mcl01.dat", 400, "two Content-Lengths that differ"},
	{"bcast.dat", DROP, "a response, but not to us; nothing is sent to a broadcast address"},
	{"zeromf.dat", 483, "Max-Forwards: 0, with OPTIONS to a user"},
	{"cparam01.dat", 405, "REGISTER"},
	{"cparam02.dat", 405, "REGISTER"},
	{"regescrt.dat", 405, "REGISTER"},
	{"sdp01.dat", FORWARD, "the body is not the proxy's to read"},
	{"inv2543.dat", FORWARD, "an RFC 2543 request: no branch, no Max-Forwards; forwarded with ours"},
	/* RFC 5118 */
	{"ipv6-good", 405, "REGISTER"},
	{"ipv6-bad", 405, "REGISTER, whatever its URI"},
	{"port-ambiguous", 405, "REGISTER"},
	{"port-unambiguous", 405, "REGISTER"},
	{"via-received-param-with-delim", 404, "in a dialog, to an address that no group and no network knows"},
	{"via-received-param-no-delim", 200, "OPTIONS without a user part: for the proxy (and received in [] is opaque)"},
	{"ipv6-in-sdp", FORWARD, "the body is not the proxy's to read"},
	{"mult-ip-in-sdp", FORWARD, "the body is not the proxy's to read"},
	{"mult-ip-in-header", FORWARD, "Via of both families; routed by DN, as its host is a name"},
	{"ipv4-mapped-ipv6", FORWARD, "IPv4-mapped addresses in Contact and Via"},
	{"ipv6-bug-abnf-3-colons", FORWARD, "three colons: what RFC 3261's grammar says; routed by DN"},
	{"ipv6-correct-abnf-2-colons", FORWARD, "and what it means"},
	/* ours: left alone by the kernel, forwarded by the daemon */
	{"folded-via.sip", FORWARD, "folding (7.3.1)"},
	{"folded-subject.sip", FORWARD, "folding (7.3.1)"},
	{"spaces-before-colon.sip", FORWARD, "blanks in front of the colon (7.3.1)"},
	{"via-blanks.sip", FORWARD, "blanks around / ; and = (25.1)"},
	{"leading-lines.sip", FORWARD, "empty lines in front (7.5)"},
	{"length-short.sip", FORWARD, "bytes behind Content-Length are cut (18.3)"},
	{"mf-missing.sip", FORWARD, "Max-Forwards is added (16.6 step 3)"},
	{"route-alias.sip", FORWARD, "a name of ours in Route"},
	{"route-display.sip", FORWARD, "a display name in Route"},
	{"via-no-branch.sip", FORWARD, "RFC 2543"},
	{"via-old-branch.sip", FORWARD, "RFC 2543"},
	{"branch-empty.sip", FORWARD, "nothing but the magic cookie"},
	{"via-maddr.sip", FORWARD, "maddr is for those below"},
	{"many-headers.sip", FORWARD, "more lines than the kernel takes"},
	{"long-call-id.sip", FORWARD, "a longer Call-ID than the kernel takes"},
	{"long-user.sip", FORWARD, "a longer URI than the kernel takes"},
	{"user-too-long.sip", FORWARD, "a prefix matches a user part longer than any DN"},
	{"dn-1006.sip", FORWARD, "to the other address family"},
	{"dn-1060.sip", FORWARD, "a group of the daemon"},
	{"dn-1061.sip", FORWARD, "a route of the daemon"},
	{"dn-1071.sip", FORWARD, "a next hop that the kernel does not know yet"},
	{"dn-1073.sip", FORWARD, "a small MTU"},
	{"tel.sip", FORWARD, "tel URI with separators and parameters"},
	/* and refused */
	{"dn-1070.sip", 503, "no element is up"},
	{"user-unknown.sip", 404, "no route"},
	{"route-name.sip", 404, "a name that is not ours"},
	{"route-strict.sip", 400, "a strict router"},
	{"user-missing.sip", 200, "OPTIONS to the proxy"},
	{"via-bare-comma.sip", 400, "an empty Via value"},
	{"bare-lf.sip", 400, "a line that ends without CR"},
	{"to-quote-open.sip", 400, "unbalanced quote"},
	{"cseq-big.sip", 400, "CSeq of 2**31"},
	{"cseq-largest.sip", FORWARD, "CSeq of 2**31 - 1"},
	{"user-bad-hex.sip", 400, "%zz"},
	{"not-sip.sip", SILENT, "HTTP"},
	{"keepalive.sip", SILENT, "a keep-alive"},
	{"nothing-but-lines.sip", SILENT, "keep-alives"},
	{"response-forged.sip", DROP, "a cookie that is none"},
};

static struct place place;
static struct corpus corpus;
static size_t rfc_messages;
static struct cx_stateless *stateless;
static uint8_t message[65536 + 64], reply[65536];

static void run(const uint8_t *p, size_t n, struct cx_stateless_result *r)
{
	union cx_addr from = place_addr(CALLER_V4);

	memcpy(message, p, n);
	cx_stateless_run(stateless, place.world, place_listener(&place, TRUNKS_V4), &from, 5060, message, n, r);
}

static size_t answer(const struct cx_stateless_result *r, const uint8_t *p, size_t n, int *status)
{
	struct cx_reply_context ctx = {.source = place_addr(CALLER_V4), .source_port = 5060, .reason = r->reason};
	uint16_t port;

	*status = cx_reply_status(r->reason, p, n);
	return *status ? cx_reply_build(&ctx, *status, p, n, reply, sizeof(reply), &port) : 0;
}

static void check_reply(const char *name, int status, size_t n)
{
	char line[16];

	snprintf(line, sizeof(line), "SIP/2.0 %d ", status);
	if (n < strlen(line) || memcmp(reply, line, strlen(line)))
		fail_msg("%s: the reply does not start with %s", name, line);
}

static void check_forwarded(const char *name, const struct cx_stateless_result *r)
{
	const struct cx_listener *l = &place.tables->listeners[r->listener];
	const uint8_t *p = r->iov[0].iov_base, *line = memchr(p, '\n', r->iov[0].iov_len);

	if (!line || memcmp(line + 1, l->via_text, l->via_len))
		fail_msg("%s: our Via is not on top", name);
	assert_true(r->to_port && cx_addr_is_v4(&r->to) == (l->family == CX_IPV4));
}

static void requests(void **state)
{
	size_t i, checked = 0, ours = 0;

	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const struct corpus_message *m = corpus_find(&corpus, expected[i].name);
		struct cx_stateless_result r;
		int status = 0, got;
		size_t n;

		if (!m)
			continue;
		if (m - corpus.messages < (ptrdiff_t)rfc_messages)
			checked++;
		else
			ours++;
		run(m->p, m->n, &r);
		n = r.verdict == CX_UP ? answer(&r, m->p, m->n, &status) : 0;
		got = r.verdict == CX_FORWARD ? FORWARD : r.verdict == CX_DROP ? DROP : n ? status : SILENT;
		if (got != expected[i].what)
			fail_msg("%s: %d (reason %d), expected %d: %s", m->name, got, r.reason, expected[i].what,
				 expected[i].why);
		if (got == FORWARD)
			check_forwarded(m->name, &r);
		else if (got > FORWARD)
			check_reply(m->name, status, n);
	}
	if (!checked)
		print_message("# SKIP: no RFC 4475 and RFC 5118 messages here (CXSIP_CORPORA)\n");
	else
		print_message("%zu messages\n", checked);
	assert_int_equal(checked, rfc_messages); /* none without an expectation */
	assert_true(ours > 35);
}

/* ---- the responses, as answers to requests of ours ---------------------------------- */

/* Our Via for a request with the same Call-ID and the same Via below: the only
 * way to get a branch that is valid for the response. */
static size_t our_via(const struct corpus_message *m, uint8_t *out)
{
	static const char start[] = "OPTIONS sip:user@192.0.2.1 SIP/2.0\r\nMax-Forwards: 9\r\n";
	uint8_t request[8192];
	const uint8_t *line, *end;
	struct cx_stateless_result r;
	size_t n = corpus_answer(m->p, m->n, start, request, sizeof(request));
	uint8_t *cseq = memmem(request, n, "INVITE\r\n", 8);

	if (cseq) {
		memmove(cseq + 7, cseq + 6, n - (size_t)(cseq + 6 - request));
		memcpy(cseq, "OPTIONS", 7);
		n++;
	}
	run(request, n, &r);
	assert_int_equal(r.verdict, CX_FORWARD);
	line = (const uint8_t *)memchr(r.iov[0].iov_base, '\n', r.iov[0].iov_len) + 1;
	end = (const uint8_t *)memchr(line, '\n', 200) + 1;
	memcpy(out, line, (size_t)(end - line));
	return (size_t)(end - line);
}

static void responses(void **state)
{
	static const char *const names[] = {"unreason.dat", "noreason.dat", "bcast.dat"};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct corpus_message *m = corpus_find(&corpus, names[i]);
		uint8_t response[8192];
		const uint8_t *headers;
		struct cx_stateless_result r;
		size_t start, via;

		if (!m)
			continue;
		headers = (const uint8_t *)memchr(m->p, '\n', m->n) + 1;
		start = (size_t)(headers - m->p);
		memcpy(response, m->p, start);
		via = our_via(m, response + start);
		memcpy(response + start + via, headers, m->n - start);
		run(response, m->n + via, &r);
		if (r.reason != CX_R_RESPONSE)
			fail_msg("%s behind our Via: reason %d", m->name, r.reason);
		assert_int_equal(r.to_port, 5060);
		assert_memory_equal(r.iov[0].iov_base, m->p, start); /* the reason phrase is kept */
		response[start + via - 4] ^= 1; /* within the MAC */
		run(response, m->n + via, &r);
		assert_int_equal(r.verdict, CX_DROP);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests),
		cmocka_unit_test(responses),
	};
	int failed;

	if (place_open(&place, NULL) || place_furnish(&place))
		return 1;
	stateless = cx_stateless_new();
	rfc_messages = (size_t)corpus_load_rfcs(&corpus);
	corpus_load(&corpus, "tests/fastpath/messages");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	cx_stateless_free(stateless);
	corpus_free(&corpus);
	place_close(&place);
	return failed;
}
