// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes in by TCP: framing in any pieces, keep-alives, a reader that nobody
 * has room for, and what happens when it can be framed no more.
 */
#include "unit/tcp_run.h"

/* One connection, messages in pieces of every size, several in a segment. */
static void framing(void **state)
{
	static char text[200000];
	struct rig *r = rig_default();
	size_t n = 0;
	char one[8];

	(void)state;
	r->peer = dial(r);
	n = message(text, sizeof(text), 1, 0);
	for (size_t i = 0; i < n; i++) { /* byte by byte */
		put(r->peer, text + i, 1);
		assert_int_equal(r->messages, 0);
		uv_run(&r->loop, UV_RUN_NOWAIT);
	}
	assert_true(UNTIL(r, r->messages == 1));
	assert_int_equal(r->last_n, n);
	assert_memory_equal(r->last, text, n);
	assert_int_equal(r->from.listener, LISTENER);
	assert_int_equal(r->from.transport, CX_TCP);
	assert_int_equal(r->from.port, port_of(r->peer));
	assert_int_equal(cx_tcp_worker_of(r->from.connection), WORKER);
	n = 0;
	for (unsigned i = 0; i < 20; i++) /* many at once, the last one later */
		n += message(text + n, sizeof(text) - n, i, i * 300);
	put(r->peer, text, n - 100);
	assert_true(UNTIL(r, r->messages == 20));
	put(r->peer, text + n - 100, 100);
	assert_true(UNTIL(r, r->messages == 21));
	n = message(text, sizeof(text), 9, 65000); /* as long as it may be */
	put(r->peer, text, n);
	assert_true(UNTIL(r, r->messages == 22));
	assert_int_equal(r->last_n, n);
	put(r->peer, "\r\n\r\n", 4); /* RFC 5626 4.4.1 */
	assert_true(UNTIL(r, recv(r->peer, one, sizeof(one), MSG_DONTWAIT) == 2));
	assert_memory_equal(one, "\r\n", 2);
	assert_int_equal(stats_of(r).pings, 1);
	assert_int_equal(send_text(r, &r->from, "SIP/2.0 200 OK\r\n\r\n", 0), 0);
	assert_true(UNTIL(r, recv(r->peer, text, sizeof(text), MSG_DONTWAIT) == 18));
	rig_free(r);
}

#define MANY 2000 /* messages, more than sockets hold */

/* Goes on sending where it stopped, as far as it goes now. */
static bool all_sent(int fd, const char *text, size_t n, size_t *at)
{
	ssize_t sent = send(fd, text + *at, n - *at, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent > 0)
		*at += (size_t)sent;
	return *at == n;
}

/* Nobody has room: the peer waits, and all that it has sent comes in its order. */
static void back_pressure(void **state)
{
	static char text[MANY * 6200];
	struct rig *r = rig_default();
	size_t n = 0, at = 0, before;

	(void)state;
	for (unsigned i = 0; i < MANY; i++)
		n += message(text + n, sizeof(text) - n, i, 6000);
	r->peer = dial(r);
	r->full = true;
	do {
		before = at;
		all_sent(r->peer, text, n, &at);
		uv_run(&r->loop, UV_RUN_NOWAIT);
	} while (at > before);
	assert_true(at < n);
	assert_int_equal(stats_of(r).held, 1);
	cx_tcp_resume(r->tcp); /* there still is no room */
	uv_run(&r->loop, UV_RUN_NOWAIT);
	assert_int_equal(stats_of(r).held, 2);
	assert_int_equal(r->messages, 0);
	r->full = false;
	cx_tcp_resume(r->tcp);
	assert_true(UNTIL(r, all_sent(r->peer, text, n, &at) && r->messages == MANY));
	assert_int_equal(r->out_of_order, 0);
	assert_int_equal(stats_of(r).held, 2);
	rig_free(r);
}

/* What is held may end: by its timer, or with the transport. */
static void held_to_the_end(void **state)
{
	struct cx_tcp_settings s = CX_TCP_SETTINGS_DEFAULT;
	struct rig *r;
	char text[200];
	size_t n = message(text, sizeof(text), 0, 10);
	int other;

	(void)state;
	s.idle_ms = 100;
	r = rig_new(&s);
	r->full = true;
	r->peer = dial(r);
	other = dial(r);
	put(r->peer, text, n);
	put(other, text, n);
	assert_true(UNTIL(r, stats_of(r).held == 2));
	assert_true(UNTIL(r, stats_of(r).open == 0));
	cx_tcp_resume(r->tcp); /* nobody is there any more */
	close(other);
	other = dial(r);
	put(other, text, n);
	assert_true(UNTIL(r, stats_of(r).held == 3));
	close(other);
	rig_free(r);
}

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
	char in[16];

	(void)state;
	for (int later = 0; later < 2; later++) {
		r->answers = !later; /* later: it is another worker's to answer */
		r->messages = 0;
		r->peer = dial(r);
		put(r->peer, "OPTIONS sip:x SIP/2.0\r\nCall-ID: 1\r\nl: 999999\r\n\r\n", 48);
		put(r->peer, more, sizeof(more));
		assert_true(UNTIL(r, r->messages == 1));
		if (later)
			assert_int_equal(send_text(r, &r->from, "answer", 0), 0);
		put(r->peer, more, sizeof(more));
		assert_true(UNTIL(r, recv(r->peer, in, sizeof(in), MSG_DONTWAIT) == 6));
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
	    cmocka_unit_test(framing),
	    cmocka_unit_test(back_pressure),
	    cmocka_unit_test(held_to_the_end),
	    cmocka_unit_test(garbage),
	    cmocka_unit_test(answer_before_the_end),
	    cmocka_unit_test(garbage_from_a_server),
	    cmocka_unit_test(reset_while_closing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
