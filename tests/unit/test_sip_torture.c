// SPDX-License-Identifier: GPL-2.0-only
/*
 * The torture messages of RFC 4475 and RFC 5118: what the RFC says of each, as far
 * as a proxy has to see it in the syntax. Most of what only a registrar or a
 * user agent has to refuse passes.
 *
 * Over TCP, the same messages: each is one frame, unless Content-Length forbids.
 */
#include "sip_fixture.h"
#include <errno.h>
#include "fastpath/corpus.h"
#include "sip/build.h"
#include "sip/check.h"
#include "sip/frame.h"

static const struct {
	const char *name;
	const char *fault; /* reason phrase of the answer, NULL: valid for a proxy */
	uint16_t status;
	const char *why;
} expected[] = {
	/* RFC 4475 3.1.1: valid */
	{"wsinv.dat", NULL, 0, "3.1.1.1 folding and blanks wherever they may be"},
	{"intmeth.dat", NULL, 0, "3.1.1.2 every character that is legal"},
	{"esc01.dat", NULL, 0, "3.1.1.3 escapes"},
	{"escnull.dat", NULL, 0, "3.1.1.4 %00"},
	{"esc02.dat", NULL, 0, "3.1.1.5 % in places that have no escapes"},
	{"lwsdisp.dat", NULL, 0, "3.1.1.6 no blank in front of <"},
	{"longreq.dat", NULL, 0, "3.1.1.7 long values"},
	{"dblreq.dat", NULL, 0, "3.1.1.8 bytes behind Content-Length"},
	{"semiuri.dat", NULL, 0, "3.1.1.9 ; in a user part"},
	{"transports.dat", NULL, 0, "3.1.1.10 unknown transports in Via"},
	{"mpart01.dat", NULL, 0, "3.1.1.11 a binary body"},
	{"unreason.dat", NULL, 0, "3.1.1.12 UTF-8 in the reason phrase"},
	{"noreason.dat", NULL, 0, "3.1.1.13 no reason phrase"},
	/* 3.1.2: invalid */
	{"badinv01.dat", "Bad Via", 400, "3.1.2.1 empty parameters"},
	{"clerr.dat", "Body Shorter Than Content-Length", 400, "3.1.2.2"},
	{"ncl.dat", "Bad Content-Length", 400, "3.1.2.3 negative"},
	{"scalar02.dat", "Bad CSeq", 400, "3.1.2.4 numbers beyond their range"},
	{"scalarlg.dat", "Bad CSeq", 400, "3.1.2.5 the same in a response: dropped"},
	{"quotbal.dat", "Bad To", 400, "3.1.2.6 an open quote"},
	{"ltgtruri.dat", "Bad URI", 400, "3.1.2.7 <> around the Request-URI"},
	{"lwsruri.dat", "Bad Request Line", 400, "3.1.2.8 a blank in the Request-URI"},
	{"lwsstart.dat", "Bad Request Line", 400, "3.1.2.9 several blanks in the request line"},
	{"trws.dat", "Bad Request Line", 400, "3.1.2.10 blanks behind the request line"},
	{"escruri.dat", NULL, 0, "3.1.2.11 headers in the Request-URI: not obeyed"},
	{"baddate.dat", NULL, 0, "3.1.2.12 Date is not the proxy's to read"},
	{"regbadct.dat", NULL, 0, "3.1.2.13 Contact is the registrar's to refuse"},
	{"badaspec.dat", NULL, 0, "3.1.2.14 blanks inside <>: what it means is clear"},
	{"baddn.dat", NULL, 0, "3.1.2.15 a comma in a display name: the same"},
	{"badvers.dat", "Version Not Supported", 505, "3.1.2.16"},
	{"mismatch01.dat", "CSeq Names Another Method", 400, "3.1.2.17"},
	{"mismatch02.dat", "CSeq Names Another Method", 400, "3.1.2.18"},
	{"bigcode.dat", "Bad Status Line", 400, "3.1.2.19: dropped"},
	/* 3.2 to 3.4 */
	{"badbranch.dat", NULL, 0, "3.2.1 a branch of nothing but the magic cookie"},
	{"insuf.dat", "Missing From", 400, "3.3.1"},
	{"unkscm.dat", "Unsupported URI Scheme", 416, "3.3.2"},
	{"novelsc.dat", "Unsupported URI Scheme", 416, "3.3.3"},
	{"unksm2.dat", NULL, 0, "3.3.4 schemes in To and Contact are the registrar's"},
	{"bext01.dat", NULL, 0, "3.3.5 420 is for whoever knows the extensions"},
	{"invut.dat", NULL, 0, "3.3.6"},
	{"regaut01.dat", NULL, 0, "3.3.7"},
	{"multi01.dat", "Duplicate CSeq", 400, "3.3.8"},
	{"mcl01.dat", "Duplicate Content-Length", 400, "3.3.9"},
	{"bcast.dat", NULL, 0, "3.3.10 broadcast addresses in Via"},
	{"zeromf.dat", NULL, 0, "3.3.11 483 is for whoever routes it"},
	{"cparam01.dat", NULL, 0, "3.3.12"},
	{"cparam02.dat", NULL, 0, "3.3.13"},
	{"regescrt.dat", NULL, 0, "3.3.14"},
	{"sdp01.dat", NULL, 0, "3.3.15"},
	{"inv2543.dat", NULL, 0, "3.4.1 no branch, no Max-Forwards"},
	/* RFC 5118 */
	{"ipv6-good", NULL, 0, "4.1"},
	{"ipv6-bad", "Bad Host in URI", 400, "4.2 no brackets"},
	{"port-ambiguous", NULL, 0, "4.3 the port became part of the address"},
	{"port-unambiguous", NULL, 0, "4.4"},
	{"via-received-param-with-delim", NULL, 0, "4.5 received with brackets"},
	{"via-received-param-no-delim", NULL, 0, "4.5 received without"},
	{"ipv6-in-sdp", NULL, 0, "4.6"},
	{"mult-ip-in-header", NULL, 0, "4.7 both families in Via"},
	{"mult-ip-in-sdp", NULL, 0, "4.8"},
	{"ipv4-mapped-ipv6", NULL, 0, "4.9"},
	{"ipv6-bug-abnf-3-colons", NULL, 0, "4.10 three colons, as RFC 3261's grammar has them"},
	{"ipv6-correct-abnf-2-colons", NULL, 0, "4.10 and two"},
	/* ours, for the same points */
	{"folded-via.sip", NULL, 0, "folding"},
	{"spaces-before-colon.sip", NULL, 0, "blanks in front of a colon"},
	{"via-blanks.sip", NULL, 0, "blanks inside Via"},
	{"leading-lines.sip", NULL, 0, "empty lines in front"},
	{"length-short.sip", NULL, 0, "bytes behind Content-Length"},
	{"length-long.sip", "Body Shorter Than Content-Length", 400, "bytes missing"},
	{"many-headers.sip", NULL, 0, "more fields than the kernel takes"},
	{"long-call-id.sip", NULL, 0, "a long value"},
	{"user-too-long.sip", NULL, 0, "a long user part"},
	{"user-escaped.sip", NULL, 0, "escapes"},
	{"user-bad-hex.sip", "Bad Escape in URI", 400, "%zz"},
	{"user-parameters.sip", NULL, 0, "; in a user part"},
	{"tel.sip", NULL, 0, "separators and parameters"},
	{"via-no-branch.sip", NULL, 0, "RFC 2543"},
	{"branch-empty.sip", NULL, 0, "nothing but the magic cookie"},
	{"mf-missing.sip", NULL, 0, "Max-Forwards may be missing"},
	{"mf-256.sip", "Bad Max-Forwards", 400, "beyond 255"},
	{"mf-twice.sip", "Duplicate Max-Forwards", 400, "a single header twice"},
	{"two-call-ids.sip", "Duplicate Call-ID", 400, "a single header twice"},
	{"via-bare-comma.sip", "Bad Via", 400, "an empty Via value"},
	{"bare-lf.sip", "Line Ends Without CR", 400, "a line that ends without CR"},
	{"no-end.sip", "No Empty Line After Headers", 400, "no empty line"},
	{"to-quote-open.sip", "Bad To", 400, "an open quote"},
	{"cseq-big.sip", "Bad CSeq", 400, "2**31"},
	{"cseq-largest.sip", NULL, 0, "2**31 - 1"},
	{"cseq-other-method.sip", "CSeq Names Another Method", 400, "another method"},
	{"uri-brackets.sip", "Bad URI", 400, "<> around the Request-URI"},
	{"uri-blank.sip", "Bad Request Line", 400, "a blank in the Request-URI"},
	{"http.sip", "Unsupported URI Scheme", 416, "another scheme"},
	{"not-sip.sip", "Not SIP", 0, "another protocol"},
};

static struct corpus corpus;
static struct sip_fixture f;

static struct cx_fault read_message(const struct corpus_message *m, enum cx_framing framing)
{
	struct cx_essentials e;
	struct cx_fault fault = {0};
	int err = sip_index_n(&f, m->p, m->n, framing);

	if (err == -EPROTO)
		return (struct cx_fault){.what = "Not SIP"};
	if (err)
		return f.m.fault;
	cx_message_check(&f.m, &e, &fault);
	return fault;
}

/* Every fault of a request can be answered by what its client matches. */
static void check_answer(const char *name)
{
	struct cx_response r = {.status = f.m.fault.status, .reason = f.m.fault.what, .to_tag = CX_TEXT("x")};
	char out[8192];
	int n = cx_build_response(&f.m, &r, out, sizeof(out));

	if (cx_message_has(&f.m, CX_HEADER_CSEQ) ? n <= 0 : n != -EINVAL)
		fail_msg("%s: answer of %d", name, n);
}

static void datagrams(void **state)
{
	size_t i, checked = 0, rfc = 0;

	for (i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const struct corpus_message *m = corpus_find(&corpus, expected[i].name);
		struct cx_fault fault;

		if (!m)
			continue;
		checked++;
		rfc += !strstr(m->name, ".sip");
		fault = read_message(m, CX_DATAGRAM);
		if (fault.status != expected[i].status || !fault.what != !expected[i].fault ||
		    (fault.what && strcmp(fault.what, expected[i].fault)))
			fail_msg("%s: %u %s at %u instead of %u %s (%s)", m->name, fault.status, fault.what,
				 fault.at, expected[i].status, expected[i].fault, expected[i].why);
		if (fault.status && !f.m.status)
			check_answer(m->name);
	}
	if (!rfc)
		print_message("# SKIP: no RFC 4475 and RFC 5118 messages here (CXSIP_CORPORA)\n");
	else
		assert_int_equal(rfc, 61);
	assert_true(checked - rfc >= 30);
}

/* What the framing says of each: the size of its first frame, or an error. */
static int frame_of(const struct corpus_message *m, size_t step)
{
	struct cx_frame frame;
	enum cx_frame_kind kind;
	size_t to = 0;
	int n = 0;

	cx_frame_init(&frame, 16384, 65536);
	while (!n && to < m->n) {
		char *exact;

		to = to + step < m->n ? to + step : m->n;
		exact = malloc(to);
		memcpy(exact, m->p, to);
		n = cx_frame_next(&frame, exact, to, &kind);
		free(exact);
	}
	return n;
}

static void streams(void **state)
{
	for (size_t i = 0; i < corpus.n; i++) {
		const struct corpus_message *m = &corpus.messages[i];
		int n = frame_of(m, m->n), slow = frame_of(m, 1);
		struct cx_fault fault = read_message(m, CX_STREAM);

		if (n != slow)
			fail_msg("%s: %d at once, %d byte by byte", m->name, n, slow);
		if (n > 0 && !f.m.start && f.m.n_fields && f.m.n != (uint32_t)n)
			fail_msg("%s: a frame of %d, a message of %u", m->name, n, f.m.n);
		if (!n && !fault.what)
			fail_msg("%s: a whole message, but no frame", m->name);
		if (n == -EBADMSG && strcmp(fault.what, "Not SIP") && !strstr(fault.what, "Content-Length"))
			fail_msg("%s: no frame for its Content-Length, but %s", m->name, fault.what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(datagrams),
	    cmocka_unit_test(streams),
	};
	int failed;

	corpus_load_rfcs(&corpus);
	corpus_load(&corpus, "tests/fastpath/messages");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	corpus_free(&corpus);
	sip_fixture_free(&f);
	return failed;
}
