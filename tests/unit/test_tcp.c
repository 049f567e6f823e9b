// SPDX-License-Identifier: GPL-2.0-only
/*
 * The TCP transport over the loopback, against plain sockets: framing in any
 * pieces, keep-alives, re-use, handles that outlive their connection, refusals,
 * timers, limits, a peer that does not read.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/addr.h"
#include "net/accepted.h"
#include "net/tcp.h"

#define LISTENER 7
#define WORKER 3
#define WAIT_MS 5000

struct rig {
	uv_loop_t loop;
	uv_timer_t end;
	bool over;
	struct cx_tcp *tcp;
	struct cx_tcp_listen *listen;
	struct cx_listener listener;
	/* what was told */
	unsigned messages, failures, unreachable;
	struct cx_hop from;
	uint8_t last[70000];
	size_t last_n;
	uint64_t token;
	int errnum;
	bool refuse, answers;
	bool full;	       /* nobody has room for a message */
	unsigned out_of_order; /* Call-IDs that were not counted up from 0 */
	int peer_listen, peer; /* plain sockets */
};

static int send_text(struct rig *r, const struct cx_hop *hop, const char *text, uint64_t token)
{
	struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};

	return cx_tcp_send(r->tcp, hop, &r->listener, &iov, 1, token);
}

static unsigned number_of(const uint8_t *p, size_t n)
{
	const char *call_id = memmem(p, n, "Call-ID: ", 9);

	return call_id ? (unsigned)strtoul(call_id + 9, NULL, 10) : 0;
}

static bool on_message(void *ctx, const struct cx_hop *from, uint8_t *p, size_t n)
{
	struct rig *r = ctx;

	if (r->full)
		return false;
	r->out_of_order += number_of(p, n) != r->messages;
	r->messages++;
	r->from = *from;
	memcpy(r->last, p, n);
	r->last_n = n;
	if (r->answers)
		assert_int_equal(send_text(r, from, "answer", 0), 0);
	return true;
}

static void on_failed(void *ctx, uint64_t token, int errnum)
{
	struct rig *r = ctx;

	r->failures++;
	r->token = token;
	r->errnum = errnum;
}

static void on_unreachable(void *ctx, const struct cx_hop *hop, int errnum)
{
	struct rig *r = ctx;

	r->unreachable++;
	assert_int_equal(errnum, r->errnum);
	assert_int_equal(hop->transport, CX_TCP);
}

static bool may_connect(void *ctx, uint16_t listener, const union cx_addr *from)
{
	struct rig *r = ctx;

	assert_int_equal(listener, LISTENER);
	return !r->refuse;
}

static void on_end(uv_timer_t *timer)
{
	struct rig *r = timer->data;

	r->over = true;
}

/* Turns the loop until the condition holds; false: it does not within WAIT_MS. */
#define UNTIL(r, condition)                                                                                  \
	({                                                                                                   \
		(r)->over = false;                                                                           \
		uv_timer_start(&(r)->end, on_end, WAIT_MS, 0);                                               \
		cx_tcp_flush((r)->tcp);                                                                      \
		while (!(condition) && !(r)->over) {                                                         \
			uv_run(&(r)->loop, UV_RUN_ONCE);                                                     \
			cx_tcp_flush((r)->tcp);                                                              \
		}                                                                                            \
		uv_timer_stop(&(r)->end);                                                                    \
		!(r)->over;                                                                                  \
	})

static struct cx_tcp_stats stats_of(const struct rig *r)
{
	struct cx_tcp_stats s;

	cx_tcp_stats(r->tcp, &s);
	return s;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in a;
	socklen_t n = sizeof(a);

	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &n), 0);
	return ntohs(a.sin_port);
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
	    .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static int plain_listen(int backlog)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = loopback(0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, backlog), 0);
	return fd;
}

static struct rig *rig_new(const struct cx_tcp_settings *settings)
{
	struct cx_tcp_ops ops = {.on_message = on_message,
				 .on_failed = on_failed,
				 .on_unreachable = on_unreachable,
				 .may_connect = may_connect};
	struct rig *r = calloc(1, sizeof(*r));
	int probe = plain_listen(1);

	assert_non_null(r);
	ops.ctx = r;
	r->peer = r->peer_listen = -1;
	uv_loop_init(&r->loop);
	uv_timer_init(&r->loop, &r->end);
	r->end.data = r;
	assert_int_equal(cx_tcp_new(&r->loop, WORKER, 42, settings, &ops, &r->tcp), 0);
	assert_int_equal(cx_addr_parse("127.0.0.1", &r->listener.addr, &r->listener.family), 0);
	r->listener.id = LISTENER;
	r->listener.port = port_of(probe);
	r->listener.transport = CX_TCP;
	close(probe);
	assert_int_equal(cx_tcp_listen_open(&r->listener, false, &r->listen), 0);
	assert_int_equal(cx_tcp_listen_start(r->tcp, r->listen), 0);
	return r;
}

static struct rig *rig_default(void)
{
	struct cx_tcp_settings s = CX_TCP_SETTINGS_DEFAULT;

	return rig_new(&s);
}

static void rig_free(struct rig *r)
{
	cx_tcp_listen_close(r->listen);
	cx_tcp_close(r->tcp);
	uv_close((uv_handle_t *)&r->end, NULL);
	uv_run(&r->loop, UV_RUN_DEFAULT);
	assert_int_equal(uv_loop_close(&r->loop), 0);
	if (r->peer >= 0)
		close(r->peer);
	if (r->peer_listen >= 0)
		close(r->peer_listen);
	free(r);
}

static int dial(struct rig *r)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr_in a = loopback(r->listener.port);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

static void put(int fd, const char *text, size_t n)
{
	assert_int_equal(send(fd, text, n, MSG_NOSIGNAL), n);
}

static size_t message(char *text, size_t size, unsigned number, size_t body)
{
	size_t n = (size_t)snprintf(text, size, "OPTIONS sip:x SIP/2.0\r\nCall-ID: %u\r\nl: %zu\r\n\r\n",
				    number, body);

	memset(text + n, 'b', body);
	return n + body;
}

static struct cx_hop hop_to(uint16_t port)
{
	struct cx_hop hop = {
	    .listener = LISTENER, .transport = CX_TCP, .connection = CX_NO_CONNECTION, .port = port};
	uint8_t family;

	assert_int_equal(cx_addr_parse("127.0.0.1", &hop.addr, &family), 0);
	return hop;
}

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
	char in[16];
	int again;

	(void)state;
	r->peer_listen = plain_listen(5);
	r->peer = dial(r);
	put(r->peer, "OPTIONS sip:x SIP/2.0\r\nCall-ID: 1\r\nl: 0\r\n\r\n", 43);
	assert_true(UNTIL(r, r->messages == 1));
	back = r->from;
	assert_int_equal(back.return_port, 0);
	back.return_port = port_of(r->peer_listen);
	assert_int_equal(send_text(r, &back, "first", 0), 0);
	assert_true(UNTIL(r, recv(r->peer, in, sizeof(in), MSG_DONTWAIT) == 5));
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
	    cmocka_unit_test(framing),
	    cmocka_unit_test(garbage),
	    cmocka_unit_test(reuse_and_handles),
	    cmocka_unit_test(told_to_the_others),
	    cmocka_unit_test(refused),
	    cmocka_unit_test(black_hole),
	    cmocka_unit_test(does_not_read),
	    cmocka_unit_test(timers),
	    cmocka_unit_test(limits),
	    cmocka_unit_test(listing),
	    cmocka_unit_test(back_pressure),
	    cmocka_unit_test(held_to_the_end),
	    cmocka_unit_test(answer_before_the_end),
	    cmocka_unit_test(garbage_from_a_server),
	    cmocka_unit_test(reset_while_closing),
	    cmocka_unit_test(goes_back_by_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
