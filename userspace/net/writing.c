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

static void remember(struct cx_conn *c, uint64_t token, bool response)
{
	if (!token)
		return;
	if (c->n_tokens == c->tokens_size && c->tokens_size < TOKENS_MAX) {
		uint32_t size = c->tokens_size ? c->tokens_size * 2 : 16;
		struct cx_conn_token *more = malloc(size * sizeof(*more));

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
	c->tokens[(c->tokens_at + c->n_tokens) % c->tokens_size] =
	    (struct cx_conn_token){.token = token, .response = response};
	if (c->n_tokens < c->tokens_size)
		c->n_tokens++;
	else
		c->tokens_at = (c->tokens_at + 1) % c->tokens_size;
}

/* Each that is there now leaves the ring first: what is told may send by this connection. */
static void tell(struct cx_conn *c, int errnum, bool responses)
{
	for (uint32_t n = c->n_tokens; n; n--) {
		struct cx_conn_token token = c->tokens[c->tokens_at];

		c->tokens_at = (c->tokens_at + 1) % c->tokens_size;
		c->n_tokens--;
		if (token.response && !responses)
			remember(c, token.token, true);
		else
			c->t->ops.on_failed(c->t->ops.ctx, token.token, errnum);
	}
}

void cx_conn_tell(struct cx_conn *c, int errnum)
{
	tell(c, errnum, true);
}

void cx_conn_tell_requests(struct cx_conn *c, int errnum)
{
	tell(c, errnum, false);
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

/* Of the first piece of a message: the class of its status, 0: it is a request. */
static int status_class(const struct iovec *iov)
{
	const char *p = iov->iov_base;

	return iov->iov_len > 8 && !memcmp(p, "SIP/2.0 ", 8) ? p[8] - '0' : 0;
}

int cx_conn_queue(struct cx_conn *c, const struct iovec *iov, int n, uint64_t token)
{
	int class = n ? status_class(iov) : 0, err;
	size_t total = 0;

	for (int i = 0; i < n; i++)
		total += iov[i].iov_len;
	if (cx_bytes_n(&c->out) + total > c->t->settings.queue_max) {
		cx_tcp_count(&c->t->stats.queue_full, 1);
		return -ENOBUFS;
	}
	err = cx_bytes_add(&c->out, iov, n, total);
	if (err)
		return err;
	remember(c, token, class != 0);
	c->messages_out++;
	if (class >= 2 && c->owed)
		c->owed--;
	c->said |= c->state == CX_TCP_CLOSING;
	if (c->state != CX_TCP_CONNECTING && !c->writable_wanted)
		cx_conn_make_dirty(c);
	return 0;
}

/* The kernel breaks a connection whose peer says nothing any more (TCP_USER_TIMEOUT). A peer
 * that has closed its window and goes on sending says enough for that, so it is timed here. */
static void time_what_waits(struct cx_conn *c, bool some_went)
{
	if (!cx_bytes_n(&c->out)) {
		c->stuck_since_ms = 0;
	} else if (some_went || !c->stuck_since_ms) {
		c->stuck_since_ms = uv_now(c->t->loop);
		cx_conn_set_timer(c);
	}
}

void cx_conn_flush(struct cx_conn *c)
{
	bool some_went = false;

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
		some_went = true;
	}
	time_what_waits(c, some_went);
	if (!cx_bytes_n(&c->out)) {
		if (c->out.size > 65536)
			cx_bytes_free(&c->out);
	}
	if (c->writable_wanted != (cx_bytes_n(&c->out) != 0))
		cx_conn_want(c);
	if (c->state == CX_TCP_CLOSING && !cx_bytes_n(&c->out))
		cx_conn_all_said(c);
}
