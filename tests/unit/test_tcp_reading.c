// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes in by TCP: framing in any pieces, keep-alives, a reader that nobody
 * has room for.
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(framing),
	    cmocka_unit_test(back_pressure),
	    cmocka_unit_test(held_to_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
