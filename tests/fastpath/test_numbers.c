/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The proxy core reads a number like the engine does: every odd spelling of a user
 * part leads both to the same group, at every listener. And it hashes a Call-ID to
 * the same slot.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/hash.h"
#include "place.h"
#include "proxy/body.h"
#include "proxy/stateful/internal.h"

static const char *const users[] = {
    "1000",
    "1006",
    "1041",
    "10-41",
    "1.0.4.1",
    "(10)41",
    "+1041",
    "1+041",
    "%31041",
    "10%341",
    "%2B1041",
    "1041%2d",
    "1",
    "10",
    "104",
    "10410",
    "999",
    "44",
    "440",
    "4420",
    "44-20",
    "490",
    "493099",
    "1061",
    "1060",
    "1070",
    "----",
    "+",
    "1041;x=y",
    "user",
    "12345678901234567890123456789",
    "123456789012345678901234567890",
    "441234567890123456789012345678901234567890",
};
static const char *const listeners[] = {TRUNKS_V4, AGENTS_V4, OPEN_V4};

static struct place place;

static uint32_t by_engine(struct cx_body *engine, uint16_t listener, const char *user)
{
	union cx_addr from = place_addr(CALLER_V4);
	struct cx_stateless_result r;
	char text[1024];
	int n = snprintf(text, sizeof(text),
			 "INVITE sip:%s@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK1\r\n"
			 "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: %s\r\n"
			 "CSeq: 1 INVITE\r\n\r\n",
			 user, CALLER_V4, user);

	cx_core_run(engine, place.world, listener, &from, 5060, (uint8_t *)text, (size_t)n, &r);
	return r.group;
}

static void numbers_lead_to_the_same_group(void **state)
{
	static struct cx_proxy p;
	struct cx_body *engine = cx_core_new();
	unsigned found = 0;

	assert_non_null(engine);
	p.world = place.world;
	for (size_t k = 0; k < sizeof(listeners) / sizeof(listeners[0]); k++)
		for (size_t i = 0; i < sizeof(users) / sizeof(users[0]); i++) {
			uint16_t listener = place_listener(&place, listeners[k]);
			char uri_text[256];
			struct cx_uri uri;
			uint32_t group = CX_NONE;
			bool core;

			snprintf(uri_text, sizeof(uri_text), "sip:%s@192.0.2.1", users[i]);
			if (!cx_uri_parse(cx_text_of(uri_text), &uri, NULL))
				group = cx_route_find(&p, listener, cx_uri_user_part(&uri), &core);
			if (group != by_engine(engine, listener, users[i]))
				fail_msg("%s at %s: the core says %d, the engine %d", users[i], listeners[k],
					 (int)group, (int)by_engine(engine, listener, users[i]));
			found += group != CX_NONE;
		}
	assert_true(found > 20);
	free(engine);
}

static void calls_hash_alike(void **state)
{
	struct cx_stateless_result r;
	struct cx_body *engine = cx_core_new();
	union cx_addr from = place_addr(CALLER_V4);
	char text[1024], call_id[64];

	assert_non_null(engine);
	for (int i = 0; i < 40; i++) {
		uint64_t hash;
		int n;

		snprintf(call_id, sizeof(call_id), "%.*s", i + 1,
			 "abcdefghijklmnopqrstuvwxyz0123456789@example.com");
		n = snprintf(text, sizeof(text),
			     "INVITE sip:1000@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK1\r\n"
			     "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: %s\r\n"
			     "CSeq: 1 INVITE\r\n\r\n",
			     CALLER_V4, call_id);
		cx_core_run(engine, place.world, place_listener(&place, TRUNKS_V4), &from, 5060,
			    (uint8_t *)text, (size_t)n, &r);
		assert_int_not_equal(r.group, CX_NONE);
		hash = cx_hash_of_call(&place.world->key.hash, call_id, strlen(call_id));
		assert_int_equal(r.slot, hash >> (64 - place.world->rings[r.group]->bits));
	}
	free(engine);
}

static int open_place(void **state)
{
	return place_open(&place, NULL) || place_furnish(&place);
}

static int close_place(void **state)
{
	place_close(&place);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(numbers_lead_to_the_same_group),
	    cmocka_unit_test(calls_hash_alike),
	};

	return cmocka_run_group_tests(tests, open_place, close_place);
}
