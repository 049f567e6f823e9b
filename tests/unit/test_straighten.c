// SPDX-License-Identifier: GPL-2.0-only
/*
 * Straightening: each liberty that RFC 3261 grants in writing a message, and
 * the plain form that becomes of it; what the engine does not read stays.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "proxy/straighten.h"

#define START "INVITE sip:1@h SIP/2.0\r\n"
#define REST "Max-Forwards: 70\r\n"

static char *const aliases[] = {"sip.example.com", "proxy"};
static const struct cx_straighten_names names = {.aliases = aliases, .n_aliases = 2, .endpoint = "192.0.2.1:5060"};
static uint8_t out[70000];

static size_t run(const char *in, size_t n, size_t max)
{
	uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees a byte too far */
	size_t length;

	memcpy(exact, in, n);
	memset(out, 0, sizeof(out));
	length = cx_straighten(&names, exact, n, out, max);
	free(exact);
	return length;
}

/* in and out are header lines between the start line and Max-Forwards. */
static void becomes(const char *in, const char *expected)
{
	char from[2048], to[2048];
	size_t n;

	snprintf(from, sizeof(from), START "%s" REST "\r\nbody", in);
	snprintf(to, sizeof(to), START "%s" REST "\r\nbody", expected);
	n = run(from, strlen(from), sizeof(out));
	if (n != strlen(to) || memcmp(out, to, n))
		fail_msg("%s became\n%.*s\ninstead of\n%s", from, (int)n, out, to);
	/* what is straight already stays as it is */
	n = run(to, strlen(to), sizeof(out));
	if (n != strlen(to) || memcmp(out, to, n))
		fail_msg("%s did not stay", to);
}

static void folds(void **state)
{
	becomes("Subject: one\r\n two\r\n\tthree\r\n", "Subject: one two three\r\n");
	becomes("Via: SIP/2.0/UDP h\r\n ;branch=z9hG4bKa\r\n", "Via: SIP/2.0/UDP h;branch=z9hG4bKa\r\n");
	becomes("To:\r\n <sip:a@b>\r\n", "To: <sip:a@b>\r\n");
	becomes("CSeq: 1\r\n  INVITE\r\n", "CSeq: 1 INVITE\r\n");
	becomes("Subject:\r\n \r\n", "Subject: \r\n");
}

static void blanks(void **state)
{
	becomes("To : <sip:a@b>\r\n", "To: <sip:a@b>\r\n");
	becomes("To\t \t:\t<sip:a@b> \t\r\n", "To: <sip:a@b>\r\n");
	becomes("CSeq:   0009    INVITE  \r\n", "CSeq: 9 INVITE\r\n");
	becomes("Subject:  a  b  \r\n", "Subject: a  b\r\n");
}

static void vias(void **state)
{
	becomes("v:  SIP  / 2.0  / TCP     s.example.com   ;  branch  =   z9hG4bK9ikj8  ,  SIP  /    2.0   / UDP  192.0.2.7   ; branch= z\r\n",
		"v: SIP/2.0/TCP s.example.com;branch=z9hG4bK9ikj8,SIP/2.0/UDP 192.0.2.7;branch=z\r\n");
	becomes("Via: SIP/2.0/UDP h : 5060;branch=a\r\n", "Via: SIP/2.0/UDP h:5060;branch=a\r\n");
	becomes("Via: SIP/2.0/UDP h;x=\"a b ; c\";branch=a\r\n", "Via: SIP/2.0/UDP h;x=\"a b ; c\";branch=a\r\n");
}

static void routes(void **state)
{
	becomes("Route: \"A, <b>\" <sip:192.0.2.1;lr>\r\n", "Route: <sip:192.0.2.1;lr>\r\n");
	becomes("Route: Bob <sip:192.0.2.1;lr> , <sip:x;lr>\r\n", "Route: <sip:192.0.2.1;lr>, <sip:x;lr>\r\n");
	becomes("Route: <sip:SIP.example.com;lr>\r\n", "Route: <sip:192.0.2.1:5060;lr>\r\n");
	becomes("Route: <sip:u@proxy:5070;lr>;p, <sip:proxy.not;lr>\r\n", "Route: <sip:u@192.0.2.1:5060;lr>;p, <sip:proxy.not;lr>\r\n");
	becomes("Route: <sip:proxy>\r\n", "Route: <sip:192.0.2.1:5060>\r\n");
}

static void untouched(void **state)
{
	becomes("X-Odd: \"a\\\" ; , <\r\n", "X-Odd: \"a\\\" ; , <\r\n");
	becomes("no colon here\r\n", "no colon here\r\n");
	becomes("Contact: \"x\" <sip:proxy>\r\n", "Contact: \"x\" <sip:proxy>\r\n");
}

static void numbers(void **state)
{
	static const char in[] = START "MaX-fOrWaRdS: 0068\r\nl: 004\r\n\r\nbody+extra";
	static const char expected[] = START "MaX-fOrWaRdS: 68\r\nl: 4\r\n\r\nbody";
	size_t n = run(in, sizeof(in) - 1, sizeof(out));

	assert_int_equal(n, sizeof(expected) - 1);
	assert_memory_equal(out, expected, n);
}

static void max_forwards_is_added(void **state)
{
	static const char in[] = START "To: x\r\n\r\n";
	static const char expected[] = START "Max-Forwards: 71\r\nTo: x\r\n\r\n";
	static const char answer[] = "SIP/2.0 200 OK\r\nTo: x\r\n\r\n";
	size_t n = run(in, sizeof(in) - 1, sizeof(out)), max;

	assert_int_equal(n, sizeof(expected) - 1);
	assert_memory_equal(out, expected, n);
	n = run(answer, sizeof(answer) - 1, sizeof(out)); /* to a request only */
	assert_int_equal(n, sizeof(answer) - 1);
	assert_memory_equal(out, answer, n);
	for (max = 0; max < sizeof(expected) - 1; max++) {
		assert_int_equal(run(in, sizeof(in) - 1, max), 0);
		assert_int_equal(out[max], 0);
	}
}

static void empty_lines_in_front(void **state)
{
	static const char in[] = "\r\n\r\n\r\n" START REST "\r\n";
	size_t n = run(in, sizeof(in) - 1, sizeof(out));

	assert_int_equal(n, sizeof(in) - 7);
	assert_memory_equal(out, in + 6, n);
}

static void beyond_help(void **state)
{
	static const char *const cases[] = {"", "\r\n", "\r\n\r\n\r\n", "x", START, START REST, START "To: x"};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(run(cases[i], strlen(cases[i]), sizeof(out)), 0);
}

/* Cut anywhere and with any byte changed: nothing but a shorter or a refused message. */
static void any_cut(void **state)
{
	static const char in[] = START "Via : SIP / 2.0/UDP h\r\n ;branch=a\r\nRoute: \"q\\\"\" <sip:proxy;lr>, x\r\nl: 4\r\n\r\nbody";
	char copy[sizeof(in)];
	size_t i, k;

	for (i = 0; i < sizeof(in); i++)
		assert_true(run(in, i, sizeof(out)) <= i + 64);
	for (i = 0; i < sizeof(in) - 1; i++) {
		for (k = 0; k < 256; k++) {
			memcpy(copy, in, sizeof(in));
			copy[i] = (char)k;
			assert_true(run(copy, sizeof(in) - 1, sizeof(out)) <= sizeof(in) + 64);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(folds),   cmocka_unit_test(blanks),  cmocka_unit_test(vias),
		cmocka_unit_test(routes),  cmocka_unit_test(untouched), cmocka_unit_test(numbers),
		cmocka_unit_test(max_forwards_is_added), cmocka_unit_test(empty_lines_in_front),
		cmocka_unit_test(beyond_help), cmocka_unit_test(any_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
