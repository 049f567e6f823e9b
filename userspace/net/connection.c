// SPDX-License-Identifier: GPL-2.0-only
/*
 * One TCP connection: comes up, is read and framed, written, timed, ended.
 *
 * - Bytes are read into a buffer that all connections of the worker share; only
 *   what is left of an incomplete message is kept, so an idle connection has no
 *   buffer at all.
 * - One timer a connection. It is set for the earliest thing that may be due and
 *   looks again when it fires, so traffic does not touch it.
 * - Who broke it hears nothing; whoever sent a message lately hears that it broke.
 * - What cannot be framed is answered if its head can be read. Closing then means
 *   to write that, to end our side, and to read on without looking until the
 *   peer ends its own: a socket that is closed with bytes unread resets, and the
 *   answer would be lost on the way.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net/tcp_internal.h"

#define READS_A_TURN 8
#define CLOSING_MS 2000
#define PONG "\r\n"

static void on_poll(uv_poll_t *poll, int status, int events);

/* ---- tokens ---------------------------------------------------------------------- */

static void remember(struct cx_conn *c, uint64_t token)
{
	if (!token)
		return;
	if (c->n_tokens == c->tokens_size && c->tokens_size < CX_TCP_TOKENS_MAX) {
		uint32_t size = c->tokens_size ? c->tokens_size * 2 : 16;
		uint64_t *more = malloc(size * sizeof(*more));

		if (more) {
			for (uint32_t i = 0; i < c->n_tokens; i++)
				more[i] = c->tokens[(c->tokens_at + i) % c->tokens_size];
			free(c->tokens);
			c->tokens = more;
			c->tokens_size = size;
			c->tokens_at = 0;
		}
	}
	if (!c->tokens_size)
		return;
	c->tokens[(c->tokens_at + c->n_tokens) % c->tokens_size] = token;
	if (c->n_tokens < c->tokens_size)
		c->n_tokens++;
	else
		c->tokens_at = (c->tokens_at + 1) % c->tokens_size;
}

static void tell(struct cx_conn *c, int errnum)
{
	for (uint32_t i = 0; i < c->n_tokens; i++)
		c->t->ops.on_failed(c->t->ops.ctx, c->tokens[(c->tokens_at + i) % c->tokens_size], errnum);
	c->n_tokens = 0;
}

/* ---- end ------------------------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle)
{
	struct cx_conn *c = handle->data;

	if (!--c->handles)
		cx_conn_free(c);
}

void cx_conn_end(struct cx_conn *c, int errnum)
{
	bool up = c->state != CX_TCP_CONNECTING;

	if (!up)
		cx_tcp_count(&c->t->stats.connecting, -1);
	cx_conn_unlink(c);
	uv_close((uv_handle_t *)&c->poll, on_closed);
	uv_close((uv_handle_t *)&c->timer, on_closed);
	close(c->fd);
	c->fd = -1;
	if (errnum)
		tell(c, errnum);
}

/* ---- time ----------------------------------------------------------------------------- */

static void on_timer(uv_timer_t *timer);

static uint64_t due_ms(const struct cx_conn *c)
{
	const struct cx_tcp_settings *s = &c->t->settings;
	uint64_t due;

	if (c->state == CX_TCP_CONNECTING)
		return c->opened_ms + s->connect_ms;
	if (c->state == CX_TCP_CLOSING)
		return c->closing_ms + CLOSING_MS;
	due = c->active_ms + s->idle_ms;
	if (c->accepted && !c->heard && c->opened_ms + s->half_open_ms < due)
		due = c->opened_ms + s->half_open_ms;
	if (c->partial_since_ms && c->partial_since_ms + s->half_open_ms < due)
		due = c->partial_since_ms + s->half_open_ms;
	return due;
}

static void did_not_come_up(struct cx_conn *c, int errnum)
{
	struct cx_hop hop = c->hop;

	cx_tcp_count(&c->t->stats.failed_connects, 1);
	cx_conn_end(c, errnum);
	c->t->ops.on_unreachable(c->t->ops.ctx, &hop, errnum);
}

static void set_timer(struct cx_conn *c)
{
	uint64_t now = uv_now(c->t->loop), due = due_ms(c);

	uv_timer_start(&c->timer, on_timer, due > now ? due - now : 0, 0);
}

/* Bytes of the peer's must not put off the end of a message that never ends, so
 * what can come sooner than the timer is set for must set it. */
static void on_timer(uv_timer_t *timer)
{
	struct cx_conn *c = timer->data;

	if (due_ms(c) > uv_now(c->t->loop)) {
		set_timer(c);
		return;
	}
	if (c->state == CX_TCP_CONNECTING) {
		did_not_come_up(c, ETIMEDOUT);
		return;
	}
	if (c->state != CX_TCP_CLOSING)
		cx_tcp_count(&c->t->stats.timed_out, 1);
	cx_conn_end(c, ETIMEDOUT);
}

/* ---- write ------------------------------------------------------------------------------ */

static void want(struct cx_conn *c)
{
	int events = c->deaf || c->held ? 0 : UV_READABLE | UV_DISCONNECT;

	c->writable_wanted = c->state == CX_TCP_CONNECTING || cx_bytes_n(&c->out);
	if (c->writable_wanted)
		events |= UV_WRITABLE;
	uv_poll_start(&c->poll, events, on_poll);
}

static void make_dirty(struct cx_conn *c)
{
	if (c->dirty)
		return;
	c->dirty = true;
	c->next_dirty = c->t->dirty;
	c->t->dirty = c;
}

int cx_conn_queue(struct cx_conn *c, const struct iovec *iov, int n, uint64_t token)
{
	size_t total = 0;
	int err;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (cx_bytes_n(&c->out) + total > c->t->settings.queue_max) {
		cx_tcp_count(&c->t->stats.queue_full, 1);
		return -ENOBUFS;
	}
	err = cx_bytes_add(&c->out, iov, n, total);
	if (err)
		return err;
	remember(c, token);
	c->messages_out++;
	if (c->state == CX_TCP_CLOSING) {
		c->said = true;
		c->awaits = false;
	}
	if (c->state != CX_TCP_CONNECTING && !c->writable_wanted)
		make_dirty(c);
	return 0;
}

/* Closing, and all is written. */
static void all_said(struct cx_conn *c)
{
	if (!c->awaits && (c->deaf || !c->said))
		cx_conn_end(c, ECONNRESET);
	else if (c->said)
		shutdown(c->fd, SHUT_WR);
}

static void broke(struct cx_conn *c, int errnum)
{
	cx_tcp_count(&c->t->stats.broken, 1);
	cx_conn_end(c, errnum);
}

void cx_conn_flush(struct cx_conn *c)
{
	while (cx_bytes_n(&c->out)) {
		ssize_t n =
		    send(c->fd, c->out.p + c->out.at, cx_bytes_n(&c->out), MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0) {
			broke(c, errno);
			return;
		}
		c->active_ms = uv_now(c->t->loop);
		cx_bytes_consume(&c->out, (size_t)n);
	}
	if (!cx_bytes_n(&c->out)) {
		if (c->out.size > 65536)
			cx_bytes_free(&c->out);
		if (c->state == CX_TCP_CLOSING)
			all_said(c);
		if (c->fd < 0)
			return;
	}
	if (c->writable_wanted != (cx_bytes_n(&c->out) != 0))
		want(c);
}

/* ---- read --------------------------------------------------------------------------------- */

/* No further message can be read. An answer that says why leaves first; if the
 * message is another worker's, it has yet to come. What waits for the peer hears
 * of it now. */
static void close_bad(struct cx_conn *c, const uint8_t *p)
{
	bool heard = false;

	cx_tcp_count(&c->t->stats.bad_frames, 1);
	if (c->frame.head_n) {
		c->messages_in++;
		heard =
		    c->t->ops.on_message(c->t->ops.ctx, &c->hop, (uint8_t *)(uintptr_t)p, c->frame.head_n);
	}
	c->state = CX_TCP_CLOSING;
	c->closing_ms = uv_now(c->t->loop);
	c->said = cx_bytes_n(&c->out) != 0;
	c->awaits = !c->said && heard;
	cx_bytes_free(&c->in);
	tell(c, ECONNRESET);
	make_dirty(c); /* ended by the flush, if nothing is to be said */
	want(c);
	set_timer(c);
}

/* Closing: what still comes is of no use. */
static void discard(struct cx_conn *c)
{
	for (int i = 0; i < READS_A_TURN; i++) {
		ssize_t n = recv(c->fd, c->t->read, CX_TCP_READ_SIZE, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return;
		if (n < 0) {
			broke(c, errno);
			return;
		}
		if (!n) {
			c->deaf = true;
			make_dirty(c);
			want(c);
			return;
		}
	}
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
	want(c);
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
			c->heard = true;
			if (!c->t->ops.on_message(c->t->ops.ctx, &c->hop, p + at, (size_t)got)) {
				hold(c);
				return (ssize_t)at;
			}
			c->messages_in++;
		} else if (kind == CX_FRAME_PING) {
			cx_tcp_count(&c->t->stats.pings, 1);
			c->heard = true;
			cx_conn_queue(c, &pong, 1, 0);
		}
		at += (size_t)got;
	}
	if (got < 0) {
		close_bad(c, p + at);
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
		set_timer(c);
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
		want(c);
}

/* n bytes have come into the shared buffer. 0, -1: stop reading. */
static int take(struct cx_conn *c, size_t n)
{
	struct iovec iov = {c->t->read, n};
	ssize_t used;

	if (cx_bytes_n(&c->in)) { /* behind what was left over */
		if (cx_bytes_add(&c->in, &iov, 1, n)) {
			broke(c, ENOMEM);
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
			broke(c, ENOMEM);
			return -1;
		}
	}
	rest(c, (size_t)used);
	return c->held ? -1 : 0;
}

static void read_all(struct cx_conn *c)
{
	for (int i = 0; i < READS_A_TURN; i++) {
		ssize_t n = recv(c->fd, c->t->read, CX_TCP_READ_SIZE, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return;
		if (n <= 0) {
			if (n < 0)
				broke(c, errno);
			else
				cx_conn_end(c, ECONNRESET); /* the peer has closed it */
			return;
		}
		c->active_ms = uv_now(c->t->loop);
		if (take(c, (size_t)n) || (size_t)n < CX_TCP_READ_SIZE)
			return;
	}
}

/* ---- comes up ------------------------------------------------------------------------------- */

static void on_connected(struct cx_conn *c)
{
	socklen_t n = sizeof(int);
	int err = 0;

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &n))
		err = errno;
	if (err) {
		did_not_come_up(c, err);
		return;
	}
	cx_tcp_count(&c->t->stats.connecting, -1);
	cx_tcp_count(&c->t->stats.connected, 1);
	c->state = CX_TCP_OPEN;
	c->active_ms = uv_now(c->t->loop);
	set_timer(c);
	cx_conn_flush(c);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct cx_conn *c = poll->data;

	if (c->state == CX_TCP_CONNECTING) {
		on_connected(c);
	} else if (events & UV_WRITABLE && c->writable_wanted) {
		cx_conn_flush(c);
	}
	if (c->fd >= 0 && c->held && status < 0) { /* it will not come to reading any more */
		broke(c, ECONNRESET);
	} else if (c->fd >= 0 && !c->held && (status < 0 || events & (UV_READABLE | UV_DISCONNECT))) {
		if (c->state == CX_TCP_OPEN)
			read_all(c);
		else if (c->state == CX_TCP_CLOSING)
			discard(c);
	}
	if (c->fd >= 0 && status < 0) /* libuv has stopped polling */
		want(c);
}

int cx_conn_start(struct cx_conn *c, bool connecting)
{
	int err = uv_poll_init(c->t->loop, &c->poll, c->fd);

	if (err) { /* never polled: only the slot has to go */
		cx_conn_unlink(c);
		close(c->fd);
		cx_conn_free(c);
		return err;
	}
	uv_timer_init(c->t->loop, &c->timer);
	c->poll.data = c->timer.data = c;
	c->handles = 2;
	c->state = connecting ? CX_TCP_CONNECTING : CX_TCP_OPEN;
	if (connecting)
		cx_tcp_count(&c->t->stats.connecting, 1);
	set_timer(c);
	want(c);
	return 0;
}
