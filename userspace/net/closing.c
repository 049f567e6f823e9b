// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCP connection that is read no more, but on which something is still to be said.
 *
 * - What cannot be framed is answered if its head can be read. Closing then means to
 *   write that, to end our side, and to read on without looking until the peer ends its
 *   own: a socket that is closed with bytes unread resets, and the answer would be lost
 *   on the way.
 * - A peer that ends its side may have closed, or may only have no more to say
 *   (shutdown(2)): nobody can tell before something is written. Nothing can be asked of
 *   it any more. What it has asked for is still answered, if the connection is its own; a
 *   reset says that it has closed, and the transactions go another way (RFC 3261 18.2.2).
 */
#include <errno.h>
#include <sys/socket.h>
#include "net/tcp_internal.h"

void cx_conn_all_said(struct cx_conn *c)
{
	if (c->owed)
		return;
	if (!c->said || (c->shut && c->deaf)) {
		cx_conn_end(c, ECONNRESET);
		return;
	}
	if (c->shut)
		return;
	c->shut = true;
	shutdown(c->fd, SHUT_WR);
	if (c->deaf) { /* a reset, if one comes, comes soon */
		c->close_at_ms = uv_now(c->t->loop) + CX_TCP_CLOSING_MS;
		cx_conn_set_timer(c);
		cx_conn_want(c);
	}
}

static void start(struct cx_conn *c, uint32_t for_ms)
{
	c->state = CX_TCP_CLOSING;
	c->close_at_ms = uv_now(c->t->loop) + for_ms;
	c->said = cx_bytes_n(&c->out) != 0;
	cx_bytes_free(&c->in);
	cx_conn_make_dirty(c); /* ended by the flush, if nothing is to be said */
	cx_conn_want(c);
	cx_conn_set_timer(c);
}

/* No further message can be read. An answer that says why leaves first; if the
 * message is another worker's, it has yet to come. What waits for the peer hears
 * of it now. */
void cx_conn_close_bad(struct cx_conn *c, const uint8_t *p)
{
	uint32_t n = c->frame.head_n, asked = n && cx_conn_asks(p, n);

	cx_tcp_count(&c->t->stats.bad_frames, 1);
	if (n) {
		c->messages_in++;
		c->owed += asked;
		if (!c->t->ops.on_message(c->t->ops.ctx, &c->hop, (uint8_t *)(uintptr_t)p, n))
			c->owed -= asked;
	}
	start(c, CX_TCP_CLOSING_MS);
	cx_conn_tell(c, ECONNRESET);
}

void cx_conn_peer_ended(struct cx_conn *c)
{
	if (!c->accepted || (!c->owed && !cx_bytes_n(&c->out))) {
		cx_conn_end(c, ECONNRESET);
		return;
	}
	c->deaf = true;
	start(c, c->t->settings.idle_ms);
	cx_conn_tell_requests(c, ECONNRESET);
}

void cx_conn_discard(struct cx_conn *c)
{
	for (int i = 0; i < CX_TCP_READS_A_TURN; i++) {
		ssize_t n = recv(c->fd, c->t->read, CX_TCP_READ_SIZE, MSG_DONTWAIT);

		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			return;
		if (n < 0) {
			cx_conn_broke(c, errno);
			return;
		}
		if (!n) {
			c->deaf = true;
			cx_conn_make_dirty(c);
			cx_conn_want(c);
			return;
		}
	}
}
