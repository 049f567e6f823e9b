/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What core.c and fast.c have in common: one run of the engine. Included once
 * by each, behind its limits.
 */
#include <stdlib.h>
#include "proxy/body.h"
#include "proxy/lookups.h"
#include "cxsip/engine.h"

struct cx_body {
	struct cx_msg m;
};

static struct cx_body *body_new(uint32_t fast)
{
	struct cx_body *b = calloc(1, sizeof(*b));

	if (b)
		b->m.fast = fast;
	return b;
}

/* DN entries have the same order in all lookups, so the route is found again by its key. */
static const struct cx_dn_entry *route_of(const struct cx_world *w, const struct cx_msg *m)
{
	struct cx_dn_key key = m->dn_key;

	if (m->dn_kind == 1)
		return cx_tables_find_dn(w->tables, &key);
	for (; m->dn_kind == 2 && key.len; key.user[--key.len] = 0) {
		const struct cx_dn_entry *e = cx_tables_find_prefix(w->tables, &key);

		if (e)
			return e;
	}
	return NULL;
}

static void describe(const struct cx_msg *m, const struct cx_world *w, enum cx_reason reason,
		     struct cx_stateless_result *r)
{
	memset(r, 0, sizeof(*r));
	r->verdict = cx_reason_verdict(reason);
	r->reason = reason;
	r->listener = (uint16_t)m->out_listener;
	r->to = m->to;
	r->to_port = (uint16_t)m->to_port;
	r->element = m->element;
	r->group = m->group;
	r->slot = m->slot;
	r->nexthop = m->nexthop;
	r->dn = route_of(w, m);
	r->request = !m->response;
	r->in_dialog = m->in_dialog;
	r->initial = !m->response && !m->in_dialog;
	r->from_flow = m->from_flow;
	r->new_call = m->new_call;
	r->routes_popped = (uint8_t)m->routes_popped;
	r->record_routed = m->do_flags & CX_DO_RECORD_ROUTE;
	if (r->verdict != CX_FORWARD)
		return;
	r->iov[0].iov_base = (void *)(m->out + CX_FRAME_ROOM);
	r->iov[0].iov_len = m->head_n;
	r->iov[1].iov_base = (void *)(m->buf + m->tail_at);
	r->iov[1].iov_len = m->len - m->tail_at;
}

static void body_run(struct cx_body *b, struct cx_world *w, uint16_t listener, const union cx_addr *from,
		     uint16_t from_port, const uint8_t *p, size_t n, struct cx_stateless_result *r,
		     enum cx_reason (*can_send)(const struct cx_msg *m, const struct cx_world *w))
{
	struct cx_msg *m = &b->m;
	enum cx_reason reason = CX_R_TOO_BIG, why;

	m->body = w;
	m->in_listener = listener;
	m->source = *from;
	m->source_port = from_port;
	m->len = (uint32_t)n;
	m->out_listener = m->element = m->group = m->slot = CX_NONE;
	m->dn_kind = 0;
	if (n > CX_BUF_SIZE - 8)
		goto out;
	if (n < 16)
		memset(m->buf, 0, 16);
	memcpy(m->buf, p, n);
	reason = cx_decide(m);
	if (cx_reason_verdict(reason) != CX_FORWARD)
		goto out;
	why = can_send(m, w);
	if (!why)
		why = cx_compose(m);
	if (why)
		reason = why;
out:
	describe(m, w, reason, r);
}
