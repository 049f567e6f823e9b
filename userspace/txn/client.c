// SPDX-License-Identifier: GPL-2.0-only
/*
 * Client transactions (RFC 3261 17.1, RFC 6026 section 7.2).
 *
 *   INVITE      Calling --1xx--> Proceeding --300..699--> Completed --D--> end
 *                  |`--B--> end      |`--C--> CANCEL, then 64 * T1
 *                  `-------2xx-------`--> Accepted --M--> end
 *   non-INVITE  Trying --1xx--> Proceeding --final--> Completed --K--> end
 *                  `--F--> end <----`
 *
 * The timer of the try runs in the same timer as B and F, which come later. Both run
 * once more in Proceeding when the connection breaks behind a 100.
 */
#include <errno.h>
#include "sip/build.h"
#include "txn/txn.h"

static bool is_invite(const struct cx_client *c)
{
	return c->txn.kind == CX_INVITE_CLIENT;
}

struct cx_client *cx_client_new(struct cx_txns *x, bool invite, size_t size, const struct cx_hop *hop,
				const struct cx_txn_timers *timers)
{
	struct cx_client *c = cx_mem_alloc(x->mem, size);

	if (!c) {
		x->no_memory++;
		return NULL;
	}
	c->txn.handle = cx_txn_table_add(&x->table, c);
	if (!c->txn.handle) {
		cx_mem_free(x->mem, c);
		return NULL;
	}
	cx_txn_start(x, &c->txn, invite ? CX_INVITE_CLIENT : CX_OTHER_CLIENT, timers, hop->transport);
	c->hop = *hop;
	return c;
}

void cx_client_end(struct cx_txns *x, struct cx_client *c)
{
	if (c->is_cancel)
		c->cancel->cancel = NULL; /* the INVITE's transaction lets go of it */
	else
		x->user->client_over(x->ctx, c);
	if (!c->is_cancel && c->cancel)
		cx_client_end(x, c->cancel);
	cx_txn_forget(x, &c->txn);
	cx_buffer_drop(x->mem, &c->request);
	cx_buffer_drop(x->mem, &c->ack);
	cx_buffer_drop(x->mem, &c->cancel_lines);
	cx_mem_free(x->mem, c);
}

/* Until b_ms, or try_over() first. */
static void start_try(struct cx_txns *x, struct cx_client *c, uint32_t try_ms)
{
	uint64_t now_ms = cx_txns_now(x);

	c->trying = try_ms && now_ms + try_ms < c->b_ms;
	cx_txn_end_at(x, &c->txn, c->trying ? now_ms + try_ms : c->b_ms);
}

int cx_client_send(struct cx_txns *x, struct cx_client *c, const struct iovec *iov, int n_iov,
		   uint32_t try_ms)
{
	struct cx_txn *t = &c->txn;
	uint64_t now_ms = cx_txns_now(x);
	int err;

	if (is_invite(c) || !t->reliable) {
		c->request = cx_txn_gather(x, iov, n_iov);
		if (!c->request)
			return -ENOMEM;
		err = cx_txn_send(x, &c->hop, c->request, t->handle);
	} else {
		err = x->user->send(x->ctx, &c->hop, iov, n_iov, t->handle);
	}
	if (err)
		return err;
	c->b_ms = now_ms + 64 * (uint64_t)t->timers.t1_ms;
	start_try(x, c, try_ms);
	t->interval_ms = t->timers.t1_ms;
	if (!t->reliable)
		cx_timer_set(&x->wheel, &t->retry, now_ms + t->interval_ms); /* Timer A or E */
	return 0;
}

void cx_client_silence(struct cx_txns *x, struct cx_client *c)
{
	cx_timer_stop(&x->wheel, &c->txn.retry);
	if (is_invite(c))
		cx_client_pare(x, c);
	else
		cx_buffer_drop(x->mem, &c->request);
}

void cx_client_lost(struct cx_txns *x, struct cx_client *c, uint32_t try_ms)
{
	c->answered_ms = 0;
	if (is_invite(c)) /* F has never stopped */
		c->b_ms = cx_txns_now(x) + 64 * (uint64_t)c->txn.timers.t1_ms;
	start_try(x, c, try_ms);
}

/* ---- responses -------------------------------------------------------------- */

static void send_ack(struct cx_txns *x, struct cx_client *c)
{
	if (c->ack)
		cx_txn_send(x, &c->hop, c->ack, 0);
}

/* 17.1.1.3. Without memory for it the UAS repeats its response, and goes without. */
static void make_ack(struct cx_txns *x, struct cx_client *c, const struct cx_message *response)
{
	struct cx_message invite;
	int n;

	if (!c->request)
		return;
	cx_message_init(&invite, x->fields, CX_TXN_FIELDS, CX_MESSAGE_SIZE_DEFAULT);
	if (cx_message_index(&invite, c->request->p, c->request->n, CX_DATAGRAM))
		return;
	n = cx_build_ack(&invite, response, x->text, sizeof(x->text));
	if (n <= 0)
		return;
	c->ack = cx_buffer_copy(x->mem, x->text, (size_t)n);
	if (!c->ack)
		x->no_memory++;
	send_ack(x, c);
}

static void start_c(struct cx_txns *x, struct cx_client *c)
{
	if (!c->cancelled)
		cx_txn_end_at(x, &c->txn, cx_txns_now(x) + c->txn.timers.c_ms);
}

void cx_client_restart_c(struct cx_txns *x, struct cx_client *c)
{
	if (c->txn.state == CX_PROCEEDING && is_invite(c))
		start_c(x, c);
}

/* first: nothing has come yet that counts. */
static bool receive_invite(struct cx_txns *x, struct cx_client *c, const struct cx_message *m, bool first)
{
	struct cx_txn *t = &c->txn;

	if (t->state == CX_COMPLETED) {
		if (m->status < 300)
			return false;
		x->came_again++;
		x->sent_again++;
		send_ack(x, c);
		return false;
	}
	if (t->state == CX_ACCEPTED)
		return m->status >= 200 && m->status < 300;
	if (m->status < 200) {
		t->state = CX_PROCEEDING;
		cx_timer_stop(&x->wheel, &t->retry);
		if (first) {
			start_c(x, c);
			cx_client_pare(x, c);
		}
		if (c->cancel_due)
			cx_client_send_cancel(x, c);
	} else if (m->status < 300) {
		cx_buffer_drop(x->mem, &c->request);
		cx_txn_linger(x, t, CX_ACCEPTED, 64 * (uint64_t)t->timers.t1_ms); /* Timer M */
	} else {
		make_ack(x, c, m);
		cx_buffer_drop(x->mem, &c->request);
		cx_txn_linger(x, t, CX_COMPLETED, t->reliable ? 0 : CX_TXN_D_MS);
	}
	return true;
}

static bool receive_other(struct cx_txns *x, struct cx_client *c, const struct cx_message *m)
{
	struct cx_txn *t = &c->txn;

	if (t->state == CX_COMPLETED) {
		x->came_again++;
		return false;
	}
	if (m->status < 200) {
		t->state = CX_PROCEEDING;
		return true;
	}
	cx_buffer_drop(x->mem, &c->request);
	cx_txn_linger(x, t, CX_COMPLETED, t->reliable ? 0 : t->timers.t4_ms); /* Timer K */
	return true;
}

bool cx_client_receive(struct cx_txns *x, struct cx_client *c, const struct cx_message *m,
		       enum cx_method method)
{
	bool first = !c->answered_ms;

	if (method == CX_M_CANCEL && is_invite(c)) {
		if (c->cancel)
			receive_other(x, c->cancel, m);
		return false;
	}
	if ((method == CX_M_INVITE) != is_invite(c))
		return false;
	if (first)
		c->answered_ms = cx_txns_now(x);
	if (c->trying) {
		c->trying = false;
		cx_txn_end_at(x, &c->txn, c->b_ms);
	}
	return is_invite(c) ? receive_invite(x, c, m, first) : receive_other(x, c, m);
}

/* ---- timers ----------------------------------------------------------------- */

static void fire_retry(struct cx_txns *x, struct cx_client *c)
{
	struct cx_txn *t = &c->txn;

	t->interval_ms *= 2;
	if (!is_invite(c) && (t->state == CX_PROCEEDING || t->interval_ms > t->timers.t2_ms))
		t->interval_ms = t->timers.t2_ms;
	cx_timer_set(&x->wheel, &t->retry, cx_txns_now(x) + t->interval_ms);
	if (!c->request)
		return;
	x->sent_again++;
	cx_txn_send(x, &c->hop, c->request, t->handle);
}

static void fire_end(struct cx_txns *x, struct cx_client *c)
{
	struct cx_txn *t = &c->txn;
	uint64_t handle = t->handle;

	if (c->trying) {
		c->trying = false;
		cx_txn_end_at(x, t, c->b_ms);
		x->user->try_over(x->ctx, c);
		return;
	}
	if (t->lingers || c->is_cancel) {
		cx_client_end(x, c);
		return;
	}
	if (is_invite(c) && t->state == CX_PROCEEDING && !c->cancelled) {
		t->death_ms = UINT64_MAX; /* what is left is the CANCEL's time */
		x->user->client_expired(x->ctx, c);
		c = cx_client_get(x, handle);
		if (!c || cx_timer_is_set(&c->txn.end))
			return;
	}
	x->user->no_answer(x->ctx, c);
	c = cx_client_get(x, handle);
	if (c)
		cx_client_end(x, c);
}

void cx_client_fire(struct cx_txns *x, struct cx_client *c, bool end)
{
	if (end)
		fire_end(x, c);
	else
		fire_retry(x, c);
}
