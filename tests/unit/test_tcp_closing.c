// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP connections that are read no more: what can be framed no longer, and peers that
 * end their side. What they are owed is still said.
 */
#include "unit/tcp_run.h"

#define OPTIONS "OPTIONS sip:x SIP/2.0\r\nCall-ID: 1\r\nl: 0\r\n\r\n"
#define RINGING "SIP/2.0 180 Ringing\r\n\r\n"

static void ask(struct rig *r, const char *text)
{
	r->messages = 0;
	r->peer = dial(r);
	put(r->peer, text, strlen(text));
	assert_true(UNTIL(r, r->messages == 1));
}

static bool gets(struct rig *r, const char *text)
{
	char in[256];

	return UNTIL(r, recv(r->peer, in, sizeof(in), MSG_DONTWAIT) == (ssize_t)strlen(text)) &&
	       !memcmp(in, text, strlen(text));
}

static bool closing(struct rig *r)
{
	struct cx_tcp_view v;
	uint32_t next = 0;

	return cx_tcp_list(r->tcp, &next, &v, 1) == 1 && v.state == CX_TCP_CLOSING;
}

/* ---- a peer that ends its side ------------------------------------------------------ */

/* shutdown(SHUT_WR) behind a request: what answers it arrives, then our end; nobody
 * hears that it broke, for it did not. */
static void half_closed(void **state)
{
	struct rig *r = rig_default();

	(void)state;
	ask(r, OPTIONS);
	shutdown(r->peer, SHUT_WR);
	assert_true(UNTIL(r, closing(r)));
	assert_int_equal(send_text(r, &r->from, RINGING, 5), 0);
	assert_true(gets(r, RINGING));
	assert_int_equal(send_text(r, &r->from, ANSWER, 5), 0);
	assert_true(gets(r, ANSWER));
	assert_true(gets(r, "")); /* the end */
	assert_int_equal(send_text(r, &r->from, ANSWER, 6), -ENOTCONN);
	assert_true(UNTIL(r, stats_of(r).open == 0));
	assert_int_equal(r->failures, 0);
	assert_int_equal(stats_of(r).broken, 0);
	close(r->peer);
	r->peer = -1;
	rig_free(r);
}

/* It is not used for anything new. */
static void not_asked_any_more(void **state)
{
	struct rig *r = rig_default();
	struct cx_hop hop;

	(void)state;
	ask(r, OPTIONS);
	hop = hop_to(port_of(r->peer));
	assert_int_equal(send_text(r, &r->from, RINGING, 5), 0);
	assert_int_equal(send_text(r, &hop, OPTIONS, 6), 0);
	assert_true(UNTIL(r, r->failures == 0 && cx_tcp_has(r->tcp, &hop)));
	shutdown(r->peer, SHUT_WR);
	assert_true(UNTIL(r, r->failures == 1));
	assert_int_equal(r->token, 6); /* nobody can answer that */
	assert_int_equal(r->errnum, ECONNRESET);
	assert_false(cx_tcp_has(r->tcp, &hop));
	assert_int_equal(stats_of(r).open, 1);
	rig_free(r);
}

/* A peer that has closed looks the same, until something is written. */
static void closed(void **state)
{
	struct rig *r = rig_default();

	(void)state;
	ask(r, OPTIONS);
	close(r->peer);
	assert_true(UNTIL(r, closing(r)));
	assert_int_equal(send_text(r, &r->from, RINGING, 7), 0);
	assert_true(UNTIL(r, r->failures == 1)); /* at once: before anything else is said */
	assert_int_equal(r->token, 7);
	assert_int_equal(stats_of(r).open, 0);
	/* and with the last word */
	ask(r, OPTIONS);
	close(r->peer);
	r->peer = -1;
	assert_true(UNTIL(r, closing(r)));
	assert_int_equal(send_text(r, &r->from, ANSWER, 8), 0);
	assert_true(UNTIL(r, r->failures == 2));
	assert_int_equal(r->token, 8);
	assert_int_equal(stats_of(r).open, 0);
	rig_free(r);
}

/* Nothing is owed: it ends there and then. So it does with a peer that we have dialled. */
static void nothing_owed(void **state)
{
	static const char ack[] = "ACK sip:x SIP/2.0\r\nCall-ID: 1\r\nl: 0\r\n\r\n",
			  response[] = "SIP/2.0 200 OK\r\nCall-ID: 1\r\nl: 0\r\n\r\n";
	struct rig *r = rig_default();
	struct cx_hop hop;

	(void)state;
	ask(r, ack);
	put(r->peer, response, strlen(response));
	assert_true(UNTIL(r, r->messages == 2));
	shutdown(r->peer, SHUT_WR);
	assert_true(UNTIL(r, stats_of(r).open == 0));
	close(r->peer);
	ask(r, OPTIONS);
	assert_int_equal(send_text(r, &r->from, ANSWER, 0), 0);
	assert_true(gets(r, ANSWER));
	shutdown(r->peer, SHUT_WR);
	assert_true(UNTIL(r, stats_of(r).open == 0));
	close(r->peer);
	r->peer_listen = plain_listen(5);
	hop = hop_to(port_of(r->peer_listen));
	assert_int_equal(send_text(r, &hop, "x", 0), 0);
	assert_true(UNTIL(r, stats_of(r).connected == 1));
	r->peer = accept(r->peer_listen, NULL, NULL);
	put(r->peer, OPTIONS, strlen(OPTIONS));
	assert_true(UNTIL(r, r->messages == 2));
	shutdown(r->peer, SHUT_WR);
	assert_true(UNTIL(r, stats_of(r).open == 0));
	rig_free(r);
}

/* An answer that never comes is not waited for for ever. */
static void owed_for_too_long(void **state)
{
	struct cx_tcp_settings s = CX_TCP_SETTINGS_DEFAULT;
	struct rig *r;

	(void)state;
	s.idle_ms = 200;
	r = rig_new(&s);
	ask(r, OPTIONS);
	shutdown(r->peer, SHUT_WR);
	assert_true(UNTIL(r, closing(r)));
	assert_true(gets(r, ""));
	assert_int_equal(stats_of(r).open, 0);
	rig_free(r);
}

/* ---- what cannot be framed ------------------------------------------------------------ */

static void garbage(void **state)
{
	struct rig *r = rig_default();
	struct cx_hop old;
	char c;

	(void)state;
	r->peer = dial(r);
	put(r->peer, "\x16\x03\x01\x02\x00", 5); /* TLS on the wrong port */
	assert_true(UNTIL(r, stats_of(r).open == 0 && stats_of(r).bad_frames == 1));
	assert_int_equal(recv(r->peer, &c, 1, 0), 0);
	assert_int_equal(r->messages, 0);
	close(r->peer);
	/* a head that cannot be framed is answered before the end */
	r->peer = dial(r);
	put(r->peer, "OPTIONS sip:x SIP/2.0\r\nCall-ID: 1\r\n\r\n", 37);
	assert_true(UNTIL(r, r->messages == 1));
	old = r->from;
	assert_true(UNTIL(r, stats_of(r).open == 0));
	assert_int_equal(send_text(r, &old, "x", 0), -ENOTCONN);
	rig_free(r);
}

/* Whoever sends what cannot be framed and goes on sending hears why, instead of a
 * reset that overtakes the answer. */
static void answer_before_the_end(void **state)
{
	static char more[400000];
	struct rig *r = rig_default();
	char in[64];

	(void)state;
	for (int later = 0; later < 2; later++) {
		r->answers = !later; /* later: it is another worker's to answer */
		r->messages = 0;
		r->peer = dial(r);
		put(r->peer, "OPTIONS sip:x SIP/2.0\r\nCall-ID: 1\r\nl: 999999\r\n\r\n", 48);
		put(r->peer, more, sizeof(more));
		assert_true(UNTIL(r, r->messages == 1));
		if (later)
			assert_int_equal(send_text(r, &r->from, ANSWER, 0), 0);
		put(r->peer, more, sizeof(more));
		assert_true(UNTIL(r, recv(r->peer, in, sizeof(in), MSG_DONTWAIT) == sizeof(ANSWER) - 1));
		assert_int_equal(send_text(r, &r->from, "no more", 0), -ENOTCONN);
		assert_true(UNTIL(r, recv(r->peer, in, sizeof(in), MSG_DONTWAIT) == 0));
		close(r->peer);
		assert_true(UNTIL(r, stats_of(r).open == 0));
	}
	r->peer = -1;
	rig_free(r);
}

/* A peer that turns out not to speak SIP: what was asked of it is told at once. */
static void garbage_from_a_server(void **state)
{
	struct rig *r = rig_default();
	struct cx_hop hop;

	(void)state;
	r->peer_listen = plain_listen(5);
	hop = hop_to(port_of(r->peer_listen));
	assert_int_equal(send_text(r, &hop, "x", 77), 0);
	assert_true(UNTIL(r, stats_of(r).connected == 1));
	r->peer = accept(r->peer_listen, NULL, NULL);
	put(r->peer, "<html>", 6);
	assert_true(UNTIL(r, r->failures == 1));
	assert_int_equal(r->token, 77);
	assert_int_equal(r->errnum, ECONNRESET);
	rig_free(r);
}

/* Garbage, with an answer still to be written, and then a reset: it ends there and
 * then, not after a time in which the loop turns in vain. */
static void reset_while_closing(void **state)
{
	struct linger at_once = {.l_onoff = 1};
	static char text[8000];
	struct rig *r = rig_default();
	unsigned i = 0;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	r->peer = dial(r);
	put(r->peer, "OPTIONS sip:x SIP/2.0\r\nCall-ID: 1\r\nl: 0\r\n\r\n", 43);
	assert_true(UNTIL(r, r->messages == 1));
	while (!send_text(r, &r->from, text, 0)) {
		if (i++ % 10)
			continue;
		uv_run(&r->loop, UV_RUN_NOWAIT);
		cx_tcp_flush(r->tcp);
	}
	put(r->peer, "<html>", 6);
	assert_true(UNTIL(r, stats_of(r).bad_frames == 1));
	assert_int_equal(stats_of(r).open, 1);
	setsockopt(r->peer, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(r->peer);
	r->peer = -1;
	assert_true(UNTIL(r, stats_of(r).open == 0));
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(half_closed),
	    cmocka_unit_test(not_asked_any_more),
	    cmocka_unit_test(closed),
	    cmocka_unit_test(nothing_owed),
	    cmocka_unit_test(owed_for_too_long),
	    cmocka_unit_test(garbage),
	    cmocka_unit_test(answer_before_the_end),
	    cmocka_unit_test(garbage_from_a_server),
	    cmocka_unit_test(reset_while_closing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
