// SPDX-License-Identifier: GPL-2.0-only
/*
 * A TCP connection that is read no more, but on which something is still to be said.
 *
 * What cannot be framed is answered if its head can be read. Closing then means to
 * write that, to end our side, and to read on without looking until the peer ends its
 * own: a socket that is closed with bytes unread resets, and the answer would be lost on
 * the way.
 */
#include <errno.h>
#include <sys/socket.h>
#include "net/tcp_internal.h"

void cx_conn_all_said(struct cx_conn *c)
{
	if (!c->awaits && (c->deaf || !c->said))
		cx_conn_end(c, ECONNRESET);
	else if (c->said)
		shutdown(c->fd, SHUT_WR);
}

/* No further message can be read. An answer that says why leaves first; if the
 * message is another worker's, it has yet to come. What waits for the peer hears
 * of it now. */
void cx_conn_close_bad(struct cx_conn *c, const uint8_t *p)
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
	cx_conn_tell(c, ECONNRESET);
	cx_conn_make_dirty(c); /* ended by the flush, if nothing is to be said */
	cx_conn_want(c);
	cx_conn_set_timer(c);
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
