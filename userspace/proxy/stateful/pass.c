// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is forwarded without a transaction: the ACK of a 2xx, which is a request
 * of its own to the one who answered (RFC 3261 13.2.2.4, 16.11), and what belongs
 * to requests that went by the stateless engine.
 *
 * The branch of such an ACK is a function of the one it came with, so that its
 * retransmissions are the same; it names no transaction (generation 0).
 */
#include <errno.h>
#include "base/hash.h"
#include "proxy/stateful/internal.h"
#include "proxy/stateless.h"

bool cx_pass_engine(struct cx_proxy *p, const struct cx_hop *from, const uint8_t *bytes, size_t n)
{
	struct cx_stateless_result r;
	struct cx_hop to = {.transport = CX_UDP, .connection = CX_NO_CONNECTION};
	const struct cx_listener *out;

	if (from->transport != CX_UDP || n + 64 > sizeof(p->text))
		return false;
	memcpy(p->text, bytes, n);
	cx_stateless_run(p->stateless, p->world, from->listener, &from->addr, from->port, (uint8_t *)p->text,
			 n, &r);
	out = r.verdict == CX_FORWARD ? cx_listener_get(p, r.listener) : NULL;
	if (!out || out->transport != CX_UDP)
		return false;
	to.addr = r.to;
	to.port = r.to_port;
	to.listener = r.listener;
	p->count.stateless++;
	if (p->ops.send(p->ctx, &to, r.iov, 2, CX_PROXY_NO_TOKEN))
		p->count.send_failed++;
	return true;
}

/* Where its INVITE went, if that was by DN: the element of the call. */
static bool find_hop(struct cx_proxy *p, const struct cx_way *way, struct cx_hop *hop)
{
	struct cx_context c = {.way = *way};
	uint32_t element;
	int q = -1;

	if (way->group == CX_NONE) {
		*hop = way->hop;
		return true;
	}
	c.way.in_dialog = true; /* in whatever state that element is */
	c.call_hash = cx_hash_of_call(&p->world->key.hash, p->e.call_id.p, p->e.call_id.n);
	element = cx_pick_element(p, &c, &q);
	return element != CX_NONE && !cx_hop_of_element(p, element, hop);
}

static struct cx_text write_branch(const struct cx_proxy *p, char branch[CX_BRANCH_MAX],
				   const struct cx_hop *from)
{
	struct cx_siphash s;

	cx_siphash_start(&s, &p->match_key);
	cx_hash_text(&s, p->e.via.text.p, p->e.via.text.n, 2);
	return cx_branch_of(p, branch, cx_siphash_end(&s, 4) & (CX_TXN_SLOTS_MAX - 1), 0, from, p->e.call_id);
}

/* 0; < 0: what the edits or send() said. */
static int send_ack(struct cx_proxy *p, const struct cx_forwarding *f)
{
	int n = cx_forward_edit(p, f);

	if (!n)
		n = cx_edits_iov(&p->edits, p->iov, CX_EDITS_IOV);
	return n < 0 ? n : p->ops.send(p->ctx, f->to, p->iov, n, CX_PROXY_NO_TOKEN);
}

void cx_pass_ack(struct cx_proxy *p, const struct cx_hop *from)
{
	char branch[CX_BRANCH_MAX];
	struct cx_way way;
	struct cx_hop hop;
	struct cx_forwarding f = {.m = &p->m, .e = &p->e, .from = from, .to = &hop, .way = &way};
	int err;

	if (p->e.max_forwards == 0 || cx_way_find(p, from->listener, &way))
		return;
	if (way.group != CX_NONE && cx_pass_engine(p, from, (const uint8_t *)p->m.p, p->m.n))
		return;
	if (!find_hop(p, &way, &hop))
		return;
	f.branch = write_branch(p, branch, from);
	p->count.stateless++;
	err = send_ack(p, &f);
	if (err == -EFBIG && !(err = cx_hop_over_tcp(p, &hop)))
		err = send_ack(p, &f);
	if (err == -EMSGSIZE) { /* an ACK cannot be refused */
		hop.any_length = 1;
		err = send_ack(p, &f);
	}
	if (err)
		p->count.send_failed++;
}

/* The daemon that had the transaction is gone, and this one holds its keys: what
 * was on its way goes where our Via says (16.11), so that calls that ring outlive
 * a restart. Of our own generation a response without a transaction is a stray. */
bool cx_pass_response(struct cx_proxy *p, const struct cx_branch_id *id)
{
	const struct cx_listener *l = cx_listener_get(p, id->back.listener);
	struct cx_hop hop = id->back;
	int n;

	if (id->generation == (p->world->meta.generation & 3) || !l || !cx_handle_generation(id->handle))
		return false;
	hop.transport = l->transport;
	cx_edits_init(&p->edits, &p->m);
	cx_edit_pop(&p->edits, CX_HEADER_VIA, 1);
	cx_edit_length(&p->edits, &p->m, hop.transport);
	n = cx_edits_iov(&p->edits, p->iov, CX_EDITS_IOV);
	if (n < 0)
		return false;
	p->count.stateless++;
	if (p->ops.send(p->ctx, &hop, p->iov, n, CX_PROXY_NO_TOKEN))
		p->count.send_failed++;
	return true;
}
