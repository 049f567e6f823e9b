// SPDX-License-Identifier: GPL-2.0-only
/* What is told of a response at a glance: whether it belongs to a transaction of the daemon. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "proxy/stateless.h"

#define STATUS "SIP/2.0 180 Ringing\r\n"
#define OURS "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKT0123"
#define REST "\r\nCall-ID: a\r\n\r\n"

static bool at_a_glance(const char *text)
{
	size_t n = strlen(text);
	uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees a byte too far */
	bool found;

	memcpy(exact, text, n);
	found = cx_stateless_is_transaction(exact, n);
	free(exact);
	return found;
}

static void the_first_via_says_it(void **state)
{
	assert_true(at_a_glance(STATUS "Via: " OURS REST));
	assert_true(at_a_glance(STATUS "v:" OURS ";received=192.0.2.1" REST));
	assert_true(at_a_glance(STATUS "VIA: " OURS ", SIP/2.0/UDP 198.51.100.7;branch=z9hG4bKx" REST));
}

static void other_branches_are_the_engines(void **state)
{
	assert_false(at_a_glance(STATUS "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK0123" REST));
	assert_false(at_a_glance(STATUS "Via: SIP/2.0/UDP 192.0.2.1:5060" REST));
	assert_false(at_a_glance(STATUS "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK0, " OURS REST));
	assert_false(at_a_glance(STATUS "Via: SIP/2.0/UDP 192.0.2.1, " OURS REST));
	assert_false(at_a_glance(STATUS "Via: SIP/2.0/UDP h;x=\";branch=z9hG4bKT\";branch=z9hG4bK0" REST));
	assert_false(at_a_glance(STATUS "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK0\r\nVia: " OURS REST));
}

static void what_is_not_in_its_usual_place_is_the_engines(void **state)
{
	assert_false(at_a_glance(STATUS "Call-ID: a\r\nVia: " OURS "\r\n\r\n"));
	assert_false(at_a_glance(STATUS "Via: SIP/2.0/UDP 192.0.2.1:5060 ; branch = z9hG4bKT0123" REST));
	assert_false(at_a_glance("INVITE sip:1@h SIP/2.0\r\nVia: " OURS REST));
}

static void any_cut(void **state)
{
	static const char whole[] = STATUS "Via: " OURS "\r\n";
	char text[sizeof(whole)];

	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		memcpy(text, whole, n);
		text[n] = '\0';
		assert_false(at_a_glance(text));
	}
	assert_true(at_a_glance(whole));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_first_via_says_it),
	    cmocka_unit_test(other_branches_are_the_engines),
	    cmocka_unit_test(what_is_not_in_its_usual_place_is_the_engines),
	    cmocka_unit_test(any_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
