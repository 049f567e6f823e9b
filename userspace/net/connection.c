// SPDX-License-Identifier: GPL-2.0-only
/*
 * One TCP connection: comes up, is polled, timed, ended. What it reads is in reading.c,
 * what it writes in writing.c, and how it stops being read while something is still to
 * be said in closing.c.
 *
 * - One timer a connection. It is set for the earliest thing that may be due and
 *   looks again when it fires, so traffic does not touch it.
 * - Who broke it hears nothing; whoever sent a message lately hears that it broke.
 */
#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include "net/tcp_internal.h"

static void on_poll(uv_poll_t *poll, int status, int events);

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
		cx_conn_tell(c, errnum);
}

static int error_of(const struct cx_conn *c)
{
	socklen_t n = sizeof(int);
	int err = 0;

	return getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &n) ? errno : err;
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
		return c->close_at_ms;
	due = c->active_ms + s->idle_ms;
	if (c->accepted && !c->heard && c->opened_ms + s->half_open_ms < due)
		due = c->opened_ms + s->half_open_ms;
	if (c->partial_since_ms && c->partial_since_ms + s->half_open_ms < due)
		due = c->partial_since_ms + s->half_open_ms;
	if (c->stuck_since_ms && c->stuck_since_ms + s->unacked_ms < due)
		due = c->stuck_since_ms + s->unacked_ms;
	return due;
}

static void did_not_come_up(struct cx_conn *c, int errnum)
{
	struct cx_hop hop = c->hop;

	cx_tcp_count(&c->t->stats.failed_connects, 1);
	cx_conn_end(c, errnum);
	c->t->ops.on_unreachable(c->t->ops.ctx, &hop, errnum);
}

void cx_conn_set_timer(struct cx_conn *c)
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
		cx_conn_set_timer(c);
		return;
	}
	if (c->state == CX_TCP_CONNECTING) {
		did_not_come_up(c, ETIMEDOUT);
		return;
	}
	if (c->state != CX_TCP_CLOSING)
		cx_tcp_count(&c->t->stats.timed_out, 1);
	cx_conn_end(c, c->deaf && c->shut ? error_of(c) : ETIMEDOUT);
}

void cx_conn_broke(struct cx_conn *c, int errnum)
{
	cx_tcp_count(&c->t->stats.broken, 1);
	cx_conn_end(c, errnum);
}

/* ---- polled ----------------------------------------------------------------------------- */

void cx_conn_want(struct cx_conn *c)
{
	int events = c->held ? 0 : UV_READABLE | UV_DISCONNECT;

	if (c->deaf) /* its end is known; of errors libuv tells who waits for something */
		events = c->shut ? 0 : UV_PRIORITIZED;
	c->writable_wanted = c->state == CX_TCP_CONNECTING || cx_bytes_n(&c->out);
	if (c->writable_wanted)
		events |= UV_WRITABLE;
	uv_poll_start(&c->poll, events, on_poll);
}

static void on_connected(struct cx_conn *c)
{
	int err = error_of(c);

	if (err) {
		did_not_come_up(c, err);
		return;
	}
	cx_tcp_count(&c->t->stats.connecting, -1);
	cx_tcp_count(&c->t->stats.connected, 1);
	c->state = CX_TCP_OPEN;
	c->active_ms = uv_now(c->t->loop);
	cx_conn_set_timer(c);
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
		cx_conn_broke(c, ECONNRESET);
	} else if (c->fd >= 0 && c->deaf && (status < 0 || events & UV_PRIORITIZED)) {
		cx_conn_broke(c, ECONNRESET);
	} else if (c->fd >= 0 && !c->held && (status < 0 || events & (UV_READABLE | UV_DISCONNECT))) {
		if (c->state == CX_TCP_OPEN)
			cx_conn_read(c);
		else if (c->state == CX_TCP_CLOSING)
			cx_conn_discard(c);
	}
	if (c->fd >= 0 && status < 0) /* libuv has stopped polling */
		cx_conn_want(c);
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
	cx_conn_set_timer(c);
	cx_conn_want(c);
	return 0;
}
