// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP connections: re-use, handles that outlive their connection, refusals, timers,
 * limits, a peer that does not read.
 */
#include "unit/tcp_run.h"

/* Another worker finds whose connection a peer opened, as long as it is there. */
static void told_to_the_others(void **state)
{
	struct cx_tcp_settings s = CX_TCP_SETTINGS_DEFAULT;
	struct cx_tcp_ops none = {0};
	struct cx_tcp *other;
	struct cx_hop hop;
	struct rig *r;

	(void)state;
	s.accepted = cx_accepted_new(100, 42);
	r = rig_new(&s);
	assert_int_equal(cx_tcp_new(&r->loop, WORKER + 1, 42, &s, &none, &other), 0);
	r->peer = dial(r);
	hop = hop_to(port_of(r->peer));
	assert_true(UNTIL(r, stats_of(r).accepted == 1));
	assert_int_equal(cx_tcp_worker_for(r->tcp, &hop), WORKER);
	assert_int_equal(cx_tcp_worker_for(other, &hop), WORKER);
	assert_true(cx_tcp_has(r->tcp, &hop));
	assert_false(cx_tcp_has(other, &hop));
	close(r->peer);
	assert_true(UNTIL(r, stats_of(r).open == 0));
	assert_int_equal(cx_tcp_worker_for(other, &hop), WORKER + 1);
	/* one that we opened is nobody else's business */
	r->peer_listen = plain_listen(5);
	hop = hop_to(port_of(r->peer_listen));
	assert_int_equal(send_text(r, &hop, "one", 0), 0);
	assert_true(cx_tcp_has(r->tcp, &hop));
	assert_int_equal(cx_tcp_worker_for(other, &hop), WORKER + 1);
	r->peer = -1;
	cx_tcp_close(other);
	rig_free(r);
	cx_accepted_free(s.accepted);
}

static void reuse_and_handles(void **state)
{
	struct rig *r = rig_default();
	struct cx_hop hop, first;
	char text[100];

	(void)state;
	r->peer_listen = plain_listen(5);
	hop = hop_to(port_of(r->peer_listen));
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(send_text(r, &hop, "one", 0), 0);
	assert_int_equal(stats_of(r).connecting, 1);
	assert_true(UNTIL(r, stats_of(r).connected == 1));
	r->peer = accept(r->peer_listen, NULL, NULL);
	assert_int_equal(recv(r->peer, text, 9, MSG_WAITALL), 9);
	assert_memory_equal(text, "oneoneone", 9);
	put(r->peer, "OPTIONS sip:x SIP/2.0\r\nl: 0\r\n\r\n", 31);
	assert_true(UNTIL(r, r->messages == 1));
	first = r->from;
	assert_int_equal(first.port, hop.port);
	assert_int_equal(send_text(r, &first, "two", 11), 0);
	assert_true(UNTIL(r, recv(r->peer, text, sizeof(text), MSG_DONTWAIT) == 3));
	assert_int_equal(stats_of(r).open, 1);

	close(r->peer); /* behind a message that waits for its answer */
	assert_true(UNTIL(r, r->failures == 1));
	assert_int_equal(r->token, 11);
	assert_int_equal(r->errnum, ECONNRESET);
	assert_int_equal(send_text(r, &first, "x", 12), -ENOTCONN);
	/* the slot is used again, the old handle still goes nowhere */
	assert_int_equal(send_text(r, &hop, "three", 0), 0);
	assert_true(UNTIL(r, stats_of(r).connected == 2));
	assert_int_equal(send_text(r, &first, "x", 12), -ENOTCONN);
	r->peer = accept(r->peer_listen, NULL, NULL);
	assert_int_equal(recv(r->peer, text, 5, MSG_WAITALL), 5);
	assert_int_equal(r->failures, 1);
	rig_free(r);
}

/* RFC 3261 18.2.2: the response to a connection that has gone opens one to the port
 * that the client said it listens on. */
static void goes_back_by_another(void **state)
{
	struct rig *r = rig_default();
	struct cx_hop back;
	char in[64];
	int again;

	(void)state;
	r->peer_listen = plain_listen(5);
	r->peer = dial(r);
	put(r->peer, "OPTIONS sip:x SIP/2.0\r\nCall-ID: 1\r\nl: 0\r\n\r\n", 43);
	assert_true(UNTIL(r, r->messages == 1));
	back = r->from;
	assert_int_equal(back.return_port, 0);
	back.return_port = port_of(r->peer_listen);
	assert_int_equal(send_text(r, &back, ANSWER, 0), 0);
	assert_true(UNTIL(r, recv(r->peer, in, sizeof(in), MSG_DONTWAIT) == sizeof(ANSWER) - 1));
	close(r->peer);
	assert_true(UNTIL(r, stats_of(r).open == 0));
	assert_int_equal(send_text(r, &r->from, "nowhere", 0), -ENOTCONN);
	assert_int_equal(send_text(r, &back, "again", 0), 0);
	assert_true(UNTIL(r, stats_of(r).connected == 1));
	again = accept(r->peer_listen, NULL, NULL);
	assert_true(UNTIL(r, recv(again, in, sizeof(in), MSG_DONTWAIT) == 5));
	assert_int_equal(send_text(r, &back, "more", 0), 0); /* by the same */
	assert_true(UNTIL(r, recv(again, in, sizeof(in), MSG_DONTWAIT) == 4));
	assert_int_equal(stats_of(r).connected, 1);
	r->peer = again;
	rig_free(r);
}

static void refused(void **state)
{
	struct rig *r = rig_default();
	int gone = plain_listen(1);
	struct cx_hop hop = hop_to(port_of(gone));

	(void)state;
	close(gone);
	assert_int_equal(send_text(r, &hop, "x", 5), 0); /* or refused at once */
	assert_true(UNTIL(r, r->failures == 1));
	assert_int_equal(r->token, 5);
	assert_int_equal(r->errnum, ECONNREFUSED);
	assert_int_equal(stats_of(r).open, 0);
	hop.addr = (union cx_addr){.b = {[15] = 1}};
	assert_int_equal(send_text(r, &hop, "x", 6), -EAFNOSUPPORT);
	rig_free(r);
}

/* A listening socket whose backlog is full drops SYNs: a black hole. Meanwhile
 * another connection works. */
static void black_hole(void **state)
{
	struct cx_tcp_settings s = CX_TCP_SETTINGS_DEFAULT;
	struct sockaddr_in a;
	int fillers[8], hole = plain_listen(0);
	struct cx_hop hop = hop_to(port_of(hole)), other;
	struct rig *r;
	char text[4];

	(void)state;
	s.connect_ms = 200;
	r = rig_new(&s);
	a = loopback(hop.port);
	for (int i = 0; i < 8; i++) {
		fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fillers[i], (struct sockaddr *)&a, sizeof(a));
	}
	r->peer_listen = plain_listen(5);
	other = hop_to(port_of(r->peer_listen));
	assert_int_equal(send_text(r, &hop, "x", 5), 0);
	assert_int_equal(send_text(r, &hop, "y", 6), 0);
	assert_int_equal(send_text(r, &other, "ok", 7), 0);
	assert_true(UNTIL(r, stats_of(r).connected == 1));
	assert_int_equal(r->failures, 0);
	r->peer = accept(r->peer_listen, NULL, NULL);
	assert_int_equal(recv(r->peer, text, 2, MSG_WAITALL), 2);
	assert_true(UNTIL(r, r->failures == 2));
	assert_int_equal(r->errnum, ETIMEDOUT);
	assert_int_equal(r->token, 6);
	assert_int_equal(stats_of(r).failed_connects, 1);
	assert_int_equal(r->unreachable, 1);
	for (int i = 0; i < 8; i++)
		close(fillers[i]);
	close(hole);
	rig_free(r);
}

/* A peer that does not read: its queue fills and refuses, nothing else waits; when
 * it reads at last, nothing was lost. */
static void does_not_read(void **state)
{
	static char text[8000], in[65536];
	struct rig *r = rig_default();
	size_t sent = 0, got = 0;
	struct cx_hop hop;
	int err = 0;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	r->peer_listen = plain_listen(5);
	hop = hop_to(port_of(r->peer_listen));
	for (int i = 0; i < 100000 && !err; i++) {
		err = send_text(r, &hop, text, 0);
		sent += err ? 0 : strlen(text);
		if (i % 10 == 0) {
			uv_run(&r->loop, UV_RUN_NOWAIT);
			cx_tcp_flush(r->tcp);
		}
	}
	assert_int_equal(err, -ENOBUFS);
	assert_int_equal(stats_of(r).queue_full, 1);
	r->peer = accept(r->peer_listen, NULL, NULL);
	while (got < sent) {
		struct pollfd readable = {.fd = r->peer, .events = POLLIN};
		ssize_t n;

		uv_run(&r->loop, UV_RUN_NOWAIT);
		assert_int_equal(poll(&readable, 1, WAIT_MS), 1);
		n = recv(r->peer, in, sizeof(in), MSG_DONTWAIT);
		assert_true(n > 0);
		got += (size_t)n;
	}
	assert_int_equal(got, sent);
	rig_free(r);
}

/* It asks and asks, and its window stays closed: that is no sign of life. */
static void asks_and_does_not_read(void **state)
{
	static const char question[] = "OPTIONS sip:x SIP/2.0\r\nl: 0\r\n\r\n";
	struct cx_tcp_settings s = CX_TCP_SETTINGS_DEFAULT;
	static char text[8000];
	struct rig *r;
	int fd;

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	s.unacked_ms = 300;
	r = rig_new(&s);
	fd = dial(r);
	put(fd, question, sizeof(question) - 1);
	assert_true(UNTIL(r, r->messages == 1));
	while (!send_text(r, &r->from, text, 0)) {
		uv_run(&r->loop, UV_RUN_NOWAIT);
		cx_tcp_flush(r->tcp);
	}
	assert_true(UNTIL(r, (send(fd, question, sizeof(question) - 1, MSG_DONTWAIT | MSG_NOSIGNAL),
			      stats_of(r).open == 0)));
	assert_int_equal(stats_of(r).timed_out, 1);
	close(fd);
	rig_free(r);
}

static void timers(void **state)
{
	struct cx_tcp_settings s = CX_TCP_SETTINGS_DEFAULT;
	struct rig *r;
	int silent, partial, talker;

	(void)state;
	s.half_open_ms = 100;
	s.idle_ms = 400;
	r = rig_new(&s);
	silent = dial(r);
	partial = dial(r);
	talker = dial(r);
	put(talker, "OPTIONS sip:x SIP/2.0\r\nl: 0\r\n\r\n", 31);
	put(partial, "OPTIONS sip:x SIP/2.0\r\nl: 0\r\n\r\nOPTIO", 36);
	assert_true(UNTIL(r, stats_of(r).timed_out == 2)); /* silent and partial */
	assert_int_equal(stats_of(r).open, 1);
	assert_true(UNTIL(r, stats_of(r).timed_out == 3)); /* idle */
	assert_int_equal(stats_of(r).open, 0);
	close(silent);
	close(partial);
	close(talker);
	rig_free(r);
}

/* Who keeps within a limit is not refused by a worker that happens to get more of it. */
static void shares(void **state)
{
	static const uint32_t limits[] = {1, 3, 10, 64, 1000};

	(void)state;
	srandom(1);
	assert_int_equal(cx_tcp_chance_share(1024, 1), 1024);
	assert_int_equal(cx_tcp_chance_share(1024, 2), 603);
	for (unsigned workers = 2; workers < 9; workers++) {
		for (int i = 0; i < 5 * 200; i++) {
			uint32_t all = limits[i % 5], most = cx_tcp_chance_share(all, workers), has[8] = {0};

			assert_in_range(most, 1, all);
			for (uint32_t n = 0; n < all; n++)
				assert_true(++has[(unsigned)random() % workers] <= most);
		}
	}
}

static void limits(void **state)
{
	struct cx_tcp_settings s = CX_TCP_SETTINGS_DEFAULT;
	struct rig *r;
	int fds[4];

	(void)state;
	s.per_source_max = 3;
	r = rig_new(&s);
	for (int i = 0; i < 4; i++)
		fds[i] = dial(r);
	assert_true(UNTIL(r, stats_of(r).refused_limit == 1));
	assert_int_equal(stats_of(r).open, 3);
	close(fds[0]);
	assert_true(UNTIL(r, stats_of(r).open == 2));
	fds[0] = dial(r);
	assert_true(UNTIL(r, stats_of(r).open == 3));
	r->refuse = true;
	close(fds[1]);
	assert_true(UNTIL(r, stats_of(r).open == 2));
	fds[1] = dial(r);
	assert_true(UNTIL(r, stats_of(r).refused_source == 1));
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	rig_free(r);
	s.per_source_max = 100;
	s.connections_max = 2;
	r = rig_new(&s);
	for (int i = 0; i < 3; i++)
		fds[i] = dial(r);
	assert_true(UNTIL(r, stats_of(r).refused_limit == 1));
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	rig_free(r);
}

static void listing(void **state)
{
	struct cx_tcp_view v[2];
	struct rig *r = rig_default();
	uint32_t next = 0;
	int fds[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		fds[i] = dial(r);
	assert_true(UNTIL(r, stats_of(r).open == 3));
	assert_int_equal(cx_tcp_list(r->tcp, &next, v, 2), 2);
	assert_true(v[0].accepted);
	assert_int_equal(v[0].state, CX_TCP_OPEN);
	assert_int_equal(cx_tcp_list(r->tcp, &next, v, 2), 1);
	assert_int_equal(next, CX_NO_CONNECTION);
	for (int i = 0; i < 3; i++)
		close(fds[i]);
	rig_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(told_to_the_others),
	    cmocka_unit_test(reuse_and_handles),
	    cmocka_unit_test(goes_back_by_another),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(black_hole),
	    cmocka_unit_test(does_not_read),
	    cmocka_unit_test(asks_and_does_not_read),
	    cmocka_unit_test(timers),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(shares),
	    cmocka_unit_test(listing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
