// SPDX-License-Identifier: GPL-2.0-only
/*
 * What comes in: requests find or start their server transaction, before any
 * policy is asked; responses find their client transaction by our branch.
 *
 * Requests that cannot be read or that lead nowhere are answered without state, and
 * so is everything when the table is full: nobody makes us remember anything by
 * sending rubbish, or repeat our refusal to a forged source (RFC 3261 8.2.7).
 */
#include <errno.h>
#include "proxy/stateful/internal.h"

static bool source_accepted(const struct cx_proxy *p, const struct cx_hop *from)
{
	const struct cx_listener *l = cx_listener_get(p, from->listener);
	const struct cx_source *source;

	if (l->flags & CX_LISTENER_ANY_SOURCE)
		return true;
	source = cx_tables_source(p->world->tables, &from->addr);
	return source && (source->networks >> l->network & 1);
}

static void refuse(struct cx_proxy *p, const struct cx_hop *from, int status, const char *reason,
		   uint32_t retry_after_s)
{
	struct cx_own own = {.status = status,
			     .reason = reason,
			     .retry_after_s = retry_after_s,
			     .request = &p->m,
			     .from = from};

	if (p->m.method != CX_M_ACK)
		cx_own_stateless(p, &own);
}

/* Until an INVITE gets a 100 (RFC 3261 17.2.1), or another request, which must wait
 * until Timer E of its client has come to T2 (RFC 4320 4.1). */
static uint32_t trying_ms(const struct cx_proxy *p, uint16_t listener, const struct cx_txn_timers *t)
{
	const struct cx_config_network *n = cx_network_policy(p, listener);
	uint32_t interval = t->t1_ms, sum = 0;

	if (p->m.method == CX_M_INVITE)
		return n ? n->trying_ms : 0;
	for (; interval < t->t2_ms; interval *= 2)
		sum += interval;
	return sum ? sum : t->t1_ms;
}

#define CX_RESERVE 16 /* a sixteenth of all room is for calls that are there already */

/* A new call must leave room for the requests of those that are there, above all for
 * what ends them: BYE and CANCEL. It needs a transaction on either side itself. */
static bool has_room(const struct cx_proxy *p)
{
	bool known = p->e.to_tag.n || p->m.method == CX_M_CANCEL;
	uint32_t size = p->txns.table.size, needed = known ? 1 : 2 + size / CX_RESERVE;
	uint64_t most = p->settings.memory_max;

	if (size < needed || p->txns.table.count > size - needed)
		return false;
	return !most || p->mem.bytes - p->base_bytes + p->m.n < most - (known ? 0 : most / CX_RESERVE);
}

static struct cx_server *start_server(struct cx_proxy *p, const struct cx_hop *from, uint64_t key)
{
	struct cx_server_start start = {.invite = p->m.method == CX_M_INVITE,
					.key = key,
					.hop = cx_reply_hop(from, &p->e.via),
					.timers = cx_timers_of(p, from->listener)};
	struct cx_server *s;

	start.trying_ms = trying_ms(p, from->listener, &start.timers);
	s = has_room(p) ? cx_server_new(&p->txns, &start) : NULL;
	if (!s)
		p->count.full++;
	return s;
}

/* Requests to the proxy itself: here it is a UAS, so the same request by another
 * way is a merged one (8.2.2.2). What is only forwarded may well be forked. */
static int answer_for_us(struct cx_proxy *p, struct cx_server *s)
{
	uint64_t key = cx_merge_key(&p->match_key, &p->e);

	if (!p->e.to_tag.n && cx_server_find_merge(&p->txns, key))
		return 482;
	cx_server_set_merge(&p->txns, s, key);
	return 200;
}

static bool needs_no_state(const struct cx_proxy *p, const struct cx_hop *from, const struct cx_way *way)
{
	struct cx_hop hop = way->hop;

	if (!p->settings.fast || from->transport != CX_UDP || way->core || way->from_route || way->strict)
		return false;
	if (way->group != CX_NONE) {
		const uint32_t *ids;

		if (!cx_tables_members(p->world->tables, way->group, &ids))
			return true;
		hop.transport = p->world->elements[ids[0]].transport;
	}
	return hop.transport == CX_UDP;
}

static void new_request(struct cx_proxy *p, const struct cx_hop *from, uint64_t key)
{
	struct cx_own own = {.request = &p->m, .from = from};
	struct cx_context *c;
	struct cx_server *s;
	struct cx_way way;
	uint64_t loop;

	if (p->draining && !p->e.to_tag.n) {
		refuse(p, from, 503, NULL, p->settings.retry_after_s);
		return;
	}
	own.status = cx_validate(p, from->listener, &loop);
	if (!own.status)
		own.status = cx_way_find(p, from->listener, &way);
	if (!own.status && needs_no_state(p, from, &way) &&
	    cx_pass_engine(p, from, (const uint8_t *)p->m.p, p->m.n))
		return;
	if (own.status && own.status != 200) {
		cx_own_stateless(p, &own);
		return;
	}
	s = start_server(p, from, key);
	if (!s) {
		refuse(p, from, 503, NULL, p->settings.retry_after_s);
		return;
	}
	if (own.status) {
		own.status = answer_for_us(p, s);
		cx_own_respond(p, s, &own);
		return;
	}
	c = cx_context_new(p, s, from, &way);
	if (!c) {
		own.status = 500;
		cx_own_respond(p, s, &own);
		return;
	}
	c->loop = loop;
	p->fresh = c;
	cx_context_check(p, c);
	p->fresh = NULL;
}

/* 16.10 */
static void receive_cancel(struct cx_proxy *p, const struct cx_hop *from)
{
	struct cx_server *invite = cx_server_find(&p->txns, cx_match_key(&p->match_key, &p->m, &p->e, true));
	uint64_t key = cx_match_key(&p->match_key, &p->m, &p->e, false);
	struct cx_own own = {.status = 200, .request = &p->m, .from = from};
	struct cx_server *s = cx_server_find(&p->txns, key);
	const struct cx_field *f;
	char lines[512];
	uint32_t n = 0;

	if (s) {
		cx_server_again(&p->txns, s);
		return;
	}
	if (!invite || invite->txn.kind != CX_INVITE_SERVER) {
		/* its INVITE may have gone by the engine */
		if (!p->settings.fast || !cx_pass_engine(p, from, (const uint8_t *)p->m.p, p->m.n))
			refuse(p, from, 481, NULL, 0);
		return;
	}
	s = start_server(p, from, key);
	if (s)
		cx_own_respond(p, s, &own);
	else /* it is done all the same, and once more if it comes again */
		cx_own_stateless(p, &own);
	if (!invite->user)
		return;
	for (f = cx_message_field(&p->m, CX_HEADER_REASON); f && n + f->end - f->at <= sizeof(lines);
	     f = cx_field_next(&p->m, f)) {
		memcpy(lines + n, p->m.p + f->at, f->end - f->at); /* RFC 3326: it goes along */
		n += f->end - f->at;
	}
	cx_context_cancel(p, invite->user, (struct cx_text){lines, n});
}

static void receive_request(struct cx_proxy *p, const struct cx_hop *from, bool whole)
{
	struct cx_fault fault = p->m.fault;
	struct cx_server *s;
	uint64_t key;

	p->count.requests++;
	if (!source_accepted(p, from)) {
		p->count.denied++;
		return;
	}
	if (!whole || cx_message_check(&p->m, &p->e, &fault)) {
		refuse(p, from, fault.status ? fault.status : 400, fault.what, 0);
		return;
	}
	if (p->m.method == CX_M_CANCEL) {
		receive_cancel(p, from);
		return;
	}
	key = cx_match_key(&p->match_key, &p->m, &p->e, false);
	s = cx_server_find(&p->txns, key);
	if (p->m.method == CX_M_ACK) {
		if (s ? cx_server_ack(&p->txns, s) : !cx_own_acked(p))
			cx_pass_ack(p, from);
	} else if (s) {
		cx_server_again(&p->txns, s);
	} else {
		new_request(p, from, key);
	}
}

void cx_proxy_ask(struct cx_proxy *p)
{
	uint64_t at_ms = cx_txns_next(&p->txns);

	if (at_ms >= p->asked_ms)
		return;
	p->asked_ms = at_ms;
	p->ops.timer(p->ctx, at_ms);
}

void cx_proxy_receive(struct cx_proxy *p, const struct cx_hop *from, const uint8_t *bytes, size_t n,
		      uint64_t now_ms)
{
	int err;

	cx_txns_advance(&p->txns, now_ms);
	cx_message_init(&p->m, p->fields, CX_PROXY_FIELDS, CX_MESSAGE_SIZE_DEFAULT);
	err = cx_message_index(&p->m, bytes, n,
			       from->transport == CX_TCP || from->transport == CX_TLS ? CX_STREAM
										      : CX_DATAGRAM);
	if (err == -EPROTO || !cx_listener_get(p, from->listener)) {
		p->count.bad++;
	} else if (!p->m.status) {
		receive_request(p, from, !err);
	} else if (err) {
		p->count.bad++;
	} else {
		p->count.responses++;
		cx_receive_response(p, from);
	}
	cx_proxy_ask(p);
}

uint64_t cx_proxy_tick(struct cx_proxy *p, uint64_t now_ms)
{
	p->asked_ms = 0; /* what is asked for is said by the return value */
	cx_txns_advance(&p->txns, now_ms);
	p->asked_ms = cx_txns_next(&p->txns);
	return p->asked_ms;
}

void cx_proxy_failed(struct cx_proxy *p, uint64_t token, int errnum, uint64_t now_ms)
{
	struct cx_server *s;
	struct cx_client *c;

	cx_txns_advance(&p->txns, now_ms);
	s = cx_server_get(&p->txns, token);
	c = cx_client_get(&p->txns, token);
	if (s)
		cx_server_failed(&p->txns, s);
	else if (c && c->is_cancel)
		cx_client_cancel_failed(&p->txns, c);
	else if (c)
		cx_branch_failed(p, (struct cx_branch *)c, errnum);
	cx_proxy_ask(p);
}
