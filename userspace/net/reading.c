// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one TCP connection receives: framed into messages, which are offered to the
 * owner as they come.
 *
 * - Bytes are read into a buffer that all connections of the worker share; only
 *   what is left of an incomplete message is kept, so an idle connection has no
 *   buffer at all.
 * - A message that nobody has room for stays, and the connection is held: read no
 *   further until cx_conn_resume().
 */
#include <errno.h>
#include <sys/socket.h>
#include "net/tcp_internal.h"

#define PONG "\r\n"

bool cx_conn_asks(const uint8_t *p, size_t n)
{
	return n > 4 && memcmp(p, "SIP/", 4) != 0 && memcmp(p, "ACK ", 4) != 0;
}

/* The peer has to wait: what it goes on sending fills its window. */
static void hold(struct cx_conn *c)
{
	struct cx_tcp *t = c->t;

	*t->held_last = c;
	t->held_last = &c->next_held;
	t->n_held++;
	c->next_held = NULL;
	c->held = true;
	cx_tcp_count(&t->stats.held, 1);
	cx_conn_want(c);
}

/* Before it is offered: its answer may come while it is. */
static bool offer(struct cx_conn *c, uint8_t *p, size_t n)
{
	uint32_t asked = cx_conn_asks(p, n);

	c->heard = true;
	c->owed += asked;
	if (!c->t->ops.on_message(c->t->ops.ctx, &c->hop, p, n)) {
		c->owed -= asked;
		return false;
	}
	c->messages_in++;
	return true;
}

/* Takes whole messages off the front of p, until there is no room for one. How many
 * bytes, or -1: the connection is not to be read any further. */
static ssize_t take_frames(struct cx_conn *c, uint8_t *p, size_t n)
{
	static const struct iovec pong = {(void *)(uintptr_t)PONG, 2};
	enum cx_frame_kind kind;
	size_t at = 0;
	int got;

	while ((got = cx_frame_next(&c->frame, p + at, n - at, &kind)) > 0) {
		if (kind == CX_FRAME_MESSAGE) {
			if (!offer(c, p + at, (size_t)got)) {
				hold(c);
				return (ssize_t)at;
			}
		} else if (kind == CX_FRAME_PING) {
			cx_tcp_count(&c->t->stats.pings, 1);
			c->heard = true;
			cx_conn_queue(c, &pong, 1, 0);
		}
		at += (size_t)got;
	}
	if (got < 0) {
		cx_conn_close_bad(c, p + at);
		return -1;
	}
	return (ssize_t)at;
}

/* What is left in c->in is not whole, or waits. used: bytes of messages before it. */
static void rest(struct cx_conn *c, size_t used)
{
	if (!cx_bytes_n(&c->in))
		cx_bytes_free(&c->in);
	if (!cx_bytes_n(&c->in) || c->held) {
		c->partial_since_ms = 0;
	} else if (used || !c->partial_since_ms) { /* another message than before */
		c->partial_since_ms = uv_now(c->t->loop);
		cx_conn_set_timer(c);
	}
}

void cx_conn_resume(struct cx_conn *c)
{
	ssize_t used = take_frames(c, c->in.p + c->in.at, cx_bytes_n(&c->in));

	if (used < 0)
		return;
	cx_bytes_consume(&c->in, (size_t)used);
	rest(c, (size_t)used);
	if (!c->held)
		cx_conn_want(c);
}

/* n bytes have come into the shared buffer. 0, -1: stop reading. */
static int take(struct cx_conn *c, size_t n)
{
	struct iovec iov = {c->t->read, n};
	ssize_t used;

	if (cx_bytes_n(&c->in)) { /* behind what was left over */
		if (cx_bytes_add(&c->in, &iov, 1, n)) {
			cx_conn_broke(c, ENOMEM);
			return -1;
		}
		used = take_frames(c, c->in.p + c->in.at, cx_bytes_n(&c->in));
		if (used < 0)
			return -1;
		cx_bytes_consume(&c->in, (size_t)used);
	} else {
		used = take_frames(c, c->t->read, n);
		if (used < 0)
			return -1;
		iov.iov_base = c->t->read + used;
		iov.iov_len = n - (size_t)used;
		if (iov.iov_len && cx_bytes_add(&c->in, &iov, 1, iov.iov_len)) {
			cx_conn_broke(c, ENOMEM);
			return -1;
		}
	}
	rest(c, (size_t)used);
	return c->held ? -1 : 0;
}

void cx_conn_read(struct cx_conn *c)
{
	for (int i = 0; i < CX_TCP_READS_A_TURN; i++) {
		ssize_t n = recv(c->fd, c->t->read, CX_TCP_READ_SIZE, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return;
		if (n <= 0) {
			if (n < 0)
				cx_conn_broke(c, errno);
			else
				cx_conn_peer_ended(c);
			return;
		}
		c->active_ms = uv_now(c->t->loop);
		if (take(c, (size_t)n) || (size_t)n < CX_TCP_READ_SIZE)
			return;
	}
}
