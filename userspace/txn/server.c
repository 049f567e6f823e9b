// SPDX-License-Identifier: GPL-2.0-only
/*
 * Server transactions (RFC 3261 17.2, RFC 6026 section 7.1, RFC 4320).
 *
 *   INVITE      Proceeding --300..699--> Completed --ACK--> Confirmed --I--> end
 *                    |                       `--H--> end
 *                    `--2xx--> Accepted --L--> end
 *   non-INVITE  Trying --100--> Proceeding --final--> Completed --J--> end
 *                    `--- 65 * T1 without a final response --> end, in silence
 *
 * A non-INVITE that nobody answered is not answered by us either (RFC 4320 4.2):
 * its client has given up by then.
 */
#include <errno.h>
#include "txn/txn.h"

struct cx_server *cx_server_new(struct cx_txns *x, const struct cx_server_start *start)
{
	enum cx_txn_kind kind = start->invite ? CX_INVITE_SERVER : CX_OTHER_SERVER;
	struct cx_server *s = cx_mem_alloc(x->mem, sizeof(*s));
	struct cx_txn *t;

	if (!s) {
		x->no_memory++;
		return NULL;
	}
	t = &s->txn;
	t->handle = cx_txn_table_add(&x->table, s);
	if (!t->handle) {
		cx_mem_free(x->mem, s);
		return NULL;
	}
	cx_txn_start(x, t, kind, &start->timers, start->hop.transport);
	s->hop = start->hop;
	cx_txn_table_link(&x->table, &s->by_request, start->key);
	/* a little later than Timer F of the client transactions that it waits for */
	cx_txn_end_at(x, t,
		      start->invite ? t->death_ms : cx_txns_now(x) + 65 * (uint64_t)start->timers.t1_ms);
	if (start->trying_ms)
		cx_timer_set(&x->wheel, &t->retry, cx_txns_now(x) + start->trying_ms);
	return s;
}

static struct cx_server *of_link(struct cx_txn_link *link, size_t at)
{
	return link ? (struct cx_server *)((char *)link - at) : NULL;
}

struct cx_server *cx_server_find(const struct cx_txns *x, uint64_t key)
{
	return of_link(cx_txn_table_find(&x->table, key), offsetof(struct cx_server, by_request));
}

void cx_server_set_merge(struct cx_txns *x, struct cx_server *s, uint64_t key)
{
	cx_txn_table_link(&x->merges, &s->by_merge, key);
}

struct cx_server *cx_server_find_merge(const struct cx_txns *x, uint64_t key)
{
	return of_link(cx_txn_table_find(&x->merges, key), offsetof(struct cx_server, by_merge));
}

void cx_server_end(struct cx_txns *x, struct cx_server *s)
{
	x->user->server_over(x->ctx, s);
	cx_txn_table_unlink(&x->table, &s->by_request);
	cx_txn_table_unlink(&x->merges, &s->by_merge);
	cx_txn_forget(x, &s->txn);
	cx_buffer_drop(x->mem, &s->response);
	cx_mem_free(x->mem, s);
}

static int send_response(struct cx_txns *x, struct cx_server *s, const struct iovec *iov, int n_iov)
{
	return x->user->send(x->ctx, &s->hop, iov, n_iov, s->txn.handle);
}

static void send_again(struct cx_txns *x, struct cx_server *s)
{
	struct iovec iov;

	if (!s->response)
		return;
	iov = (struct iovec){s->response->p, s->response->n};
	send_response(x, s, &iov, 1);
}

/* Once: the response by a connection to the port that the client listens on. */
void cx_server_failed(struct cx_txns *x, struct cx_server *s)
{
	if (!s->txn.reliable || s->moved || !s->hop.return_port)
		return;
	s->moved = true;
	s->hop.port = s->hop.return_port;
	s->hop.connection = CX_NO_CONNECTION;
	s->hop.generation = 0;
	send_again(x, s);
}

void cx_server_again(struct cx_txns *x, struct cx_server *s)
{
	x->came_again++;
	if (s->txn.state == CX_ACCEPTED || s->txn.state == CX_CONFIRMED || !s->response)
		return;
	x->sent_again++;
	send_again(x, s);
}

bool cx_server_ack(struct cx_txns *x, struct cx_server *s)
{
	struct cx_txn *t = &s->txn;

	if (t->state == CX_ACCEPTED)
		return true;
	if (t->kind == CX_INVITE_SERVER && t->state == CX_COMPLETED) {
		cx_buffer_drop(x->mem, &s->response);
		cx_txn_linger(x, t, CX_CONFIRMED, t->reliable ? 0 : t->timers.t4_ms); /* Timer I */
	}
	return false;
}

static void complete(struct cx_txns *x, struct cx_server *s, int status)
{
	struct cx_txn *t = &s->txn;
	uint64_t long_ms = 64 * (uint64_t)t->timers.t1_ms;

	if (t->kind == CX_OTHER_SERVER) {
		cx_txn_linger(x, t, CX_COMPLETED, t->reliable ? 0 : long_ms); /* Timer J */
	} else if (status < 300) {
		cx_txn_linger(x, t, CX_ACCEPTED, long_ms); /* Timer L */
	} else {
		cx_txn_linger(x, t, CX_COMPLETED, long_ms); /* Timer H */
		t->interval_ms = t->timers.t1_ms;
		if (!t->reliable)
			cx_timer_set(&x->wheel, &t->retry, cx_txns_now(x) + t->interval_ms); /* Timer G */
	}
}

/* The response may have to be sent again: over UDP, but for a 2xx to INVITE,
 * which its UAS repeats; over a connection, when it breaks. */
static void remember(struct cx_txns *x, struct cx_server *s, int status, const struct iovec *iov, int n_iov)
{
	bool again = !(s->txn.kind == CX_INVITE_SERVER && status >= 200 && status < 300);

	cx_buffer_drop(x->mem, &s->response);
	if (again && (!s->txn.reliable || (s->txn.kind == CX_INVITE_SERVER && status >= 300)))
		s->response = cx_txn_gather(x, iov, n_iov); /* without it, it is not repeated */
}

int cx_server_respond(struct cx_txns *x, struct cx_server *s, int status, const struct iovec *iov, int n_iov)
{
	struct cx_txn *t = &s->txn;
	bool accepted = t->kind == CX_INVITE_SERVER && status >= 200 && status < 300;

	if (cx_server_answered(s))
		return accepted ? send_response(x, s, iov, n_iov) : 0;
	s->status = (uint16_t)status;
	cx_timer_stop(&x->wheel, &t->retry); /* no 100 any more */
	remember(x, s, status, iov, n_iov);
	if (status >= 200)
		complete(x, s, status);
	else
		t->state = CX_PROCEEDING;
	return send_response(x, s, iov, n_iov);
}

static void fire_retry(struct cx_txns *x, struct cx_server *s)
{
	struct cx_txn *t = &s->txn;

	if (!cx_server_answered(s)) {
		x->user->server_due(x->ctx, s);
		return;
	}
	t->interval_ms = 2 * t->interval_ms < t->timers.t2_ms ? 2 * t->interval_ms : t->timers.t2_ms;
	cx_timer_set(&x->wheel, &t->retry, cx_txns_now(x) + t->interval_ms);
	x->sent_again++;
	send_again(x, s);
}

void cx_server_fire(struct cx_txns *x, struct cx_server *s, bool end)
{
	uint64_t handle = s->txn.handle;

	if (!end) {
		fire_retry(x, s);
		return;
	}
	if (s->txn.kind == CX_INVITE_SERVER && !cx_server_answered(s)) {
		x->expired++;
		x->user->server_expired(x->ctx, s);
		s = cx_server_get(x, handle);
		if (!s || cx_server_answered(s))
			return;
	}
	cx_server_end(x, s);
}
