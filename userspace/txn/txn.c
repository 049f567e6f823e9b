// SPDX-License-Identifier: GPL-2.0-only
/* What all transactions have in common: their table, their two timers, their end. */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "txn/txn.h"

enum { RETRY, END };

#define CX_MERGES_MAX 65536 /* chains: short ones even where all of the table is OPTIONS to us */

int cx_txns_init(struct cx_txns *x, struct cx_mem *mem, uint32_t size, uint32_t lifetime_ms,
		 const struct cx_txn_user *user, void *ctx, uint64_t now_ms)
{
	int err;

	memset(x, 0, sizeof(*x));
	x->mem = mem;
	x->user = user;
	x->ctx = ctx;
	x->lifetime_ms = lifetime_ms;
	cx_wheel_init(&x->wheel, now_ms);
	cx_wheel_init(&x->ends, now_ms);
	err = cx_txn_table_init(&x->table, mem, size);
	if (err)
		return err;
	err = cx_txn_table_init(&x->merges, mem, size < CX_MERGES_MAX ? size : CX_MERGES_MAX);
	if (err)
		cx_txn_table_free(&x->table, mem);
	return err;
}

void cx_txns_free(struct cx_txns *x)
{
	for (uint32_t i = 0; i < x->table.used; i++) {
		struct cx_txn *t = x->table.slots[i].object;

		if (t && cx_txn_is_server(t))
			cx_server_end(x, (struct cx_server *)t);
		else if (t)
			cx_client_end(x, (struct cx_client *)t);
	}
	cx_txn_table_free(&x->merges, x->mem);
	cx_txn_table_free(&x->table, x->mem);
}

static void fire(void *ctx, struct cx_timer *timer)
{
	struct cx_txns *x = ctx;
	bool end = timer->kind == END;
	size_t at = end ? offsetof(struct cx_txn, end) : offsetof(struct cx_txn, retry);
	struct cx_txn *t = (struct cx_txn *)((char *)timer - at);

	if (cx_txn_is_server(t))
		cx_server_fire(x, (struct cx_server *)t, end);
	else
		cx_client_fire(x, (struct cx_client *)t, end);
}

/* The wheel that is cx_txns_now() first: an end may make the user start something. */
void cx_txns_advance(struct cx_txns *x, uint64_t now_ms)
{
	cx_wheel_advance(&x->wheel, now_ms, fire, x);
	cx_wheel_advance(&x->ends, now_ms, fire, x);
}

uint64_t cx_txns_next(const struct cx_txns *x)
{
	uint64_t next_ms = cx_wheel_next(&x->wheel), end_ms = cx_wheel_next(&x->ends);

	if (end_ms != CX_WHEEL_NEVER && end_ms + CX_LINGER_SLACK_MS < next_ms)
		return end_ms + CX_LINGER_SLACK_MS;
	return next_ms;
}

struct cx_server *cx_server_get(const struct cx_txns *x, uint64_t handle)
{
	struct cx_txn *t = cx_txn_table_get(&x->table, handle);

	return t && cx_txn_is_server(t) ? (struct cx_server *)t : NULL;
}

struct cx_client *cx_client_get(const struct cx_txns *x, uint64_t handle)
{
	struct cx_txn *t = cx_txn_table_get(&x->table, handle);

	return t && !cx_txn_is_server(t) ? (struct cx_client *)t : NULL;
}

void cx_txn_start(struct cx_txns *x, struct cx_txn *t, enum cx_txn_kind kind,
		  const struct cx_txn_timers *timers, uint8_t transport)
{
	t->kind = kind;
	t->state = kind == CX_INVITE_CLIENT   ? CX_CALLING
		   : kind == CX_INVITE_SERVER ? CX_PROCEEDING
					      : CX_TRYING;
	t->timers = *timers;
	t->reliable = transport != CX_UDP;
	t->death_ms = cx_txns_now(x) + x->lifetime_ms;
	t->retry.kind = RETRY;
	t->end.kind = END;
	x->live[kind]++;
}

static struct cx_wheel *wheel_of_end(struct cx_txns *x, const struct cx_txn *t)
{
	return t->lingers ? &x->ends : &x->wheel;
}

void cx_txn_end_at(struct cx_txns *x, struct cx_txn *t, uint64_t at_ms)
{
	cx_timer_set(wheel_of_end(x, t), &t->end, at_ms < t->death_ms ? at_ms : t->death_ms);
}

void cx_txn_linger(struct cx_txns *x, struct cx_txn *t, enum cx_txn_state state, uint64_t for_ms)
{
	t->state = state;
	cx_timer_stop(wheel_of_end(x, t), &t->end);
	if (!t->lingers) {
		t->lingers = true;
		x->lingering++;
		x->live[t->kind]--;
	}
	t->death_ms = cx_txns_now(x) + for_ms;
	cx_timer_stop(&x->wheel, &t->retry);
	cx_timer_set(&x->ends, &t->end, t->death_ms);
}

void cx_txn_forget(struct cx_txns *x, struct cx_txn *t)
{
	cx_timer_stop(&x->wheel, &t->retry);
	cx_timer_stop(wheel_of_end(x, t), &t->end);
	cx_txn_table_remove(&x->table, t->handle);
	if (t->lingers)
		x->lingering--;
	else
		x->live[t->kind]--;
}

struct cx_buffer *cx_txn_gather(struct cx_txns *x, const struct iovec *iov, int n_iov)
{
	struct cx_buffer *b;
	size_t n = 0, at = 0;

	for (int i = 0; i < n_iov; i++)
		n += iov[i].iov_len;
	b = cx_buffer_new(x->mem, n);
	if (!b) {
		x->no_memory++;
		return NULL;
	}
	for (int i = 0; i < n_iov; i++) {
		memcpy(b->p + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	return b;
}

int cx_txn_send(struct cx_txns *x, const struct cx_hop *hop, const struct cx_buffer *b, uint64_t token)
{
	struct iovec iov = {.iov_base = (void *)b->p, .iov_len = b->n};

	return x->user->send(x->ctx, hop, &iov, 1, token);
}
