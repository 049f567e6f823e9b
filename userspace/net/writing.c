// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one TCP connection sends: a queue of bytes that a flush at the end of the
 * worker's turn writes, as far as the peer takes them; and the tokens of the messages
 * that were sent last, of whom somebody wants to hear if the connection breaks.
 */
#include <errno.h>
#include <sys/socket.h>
#include "net/tcp_internal.h"

#define TOKENS_MAX 4096

/* ---- tokens ---------------------------------------------------------------------- */

static void remember(struct cx_conn *c, uint64_t token)
{
	if (!token)
		return;
	if (c->n_tokens == c->tokens_size && c->tokens_size < TOKENS_MAX) {
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

void cx_conn_tell(struct cx_conn *c, int errnum)
{
	for (uint32_t i = 0; i < c->n_tokens; i++)
		c->t->ops.on_failed(c->t->ops.ctx, c->tokens[(c->tokens_at + i) % c->tokens_size], errnum);
	c->n_tokens = 0;
}

/* ---- the queue --------------------------------------------------------------------- */

void cx_conn_make_dirty(struct cx_conn *c)
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
		cx_conn_make_dirty(c);
	return 0;
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
			cx_conn_broke(c, errno);
			return;
		}
		c->active_ms = uv_now(c->t->loop);
		cx_bytes_consume(&c->out, (size_t)n);
	}
	if (!cx_bytes_n(&c->out)) {
		if (c->out.size > 65536)
			cx_bytes_free(&c->out);
		if (c->state == CX_TCP_CLOSING)
			cx_conn_all_said(c);
		if (c->fd < 0)
			return;
	}
	if (c->writable_wanted != (cx_bytes_n(&c->out) != 0))
		cx_conn_want(c);
}
