/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Decide, the engine's second step: where the message goes (RFC 3261 16.4 to
 * 16.6 and 16.11). Nothing of the message changes here. Look-ups go through
 * cx_lookup_*() and cx_flow_*(), which each body supplies before including this:
 *
 *   const struct cx_listener *cx_lookup_listener(m, id)
 *   const struct cx_network  *cx_lookup_network(m, id)
 *   const struct cx_table    *cx_lookup_table(m, id)
 *   const struct cx_group    *cx_lookup_group(m, id)
 *   const struct cx_element  *cx_lookup_element(m, id)
 *   const struct cx_key      *cx_lookup_key(m)
 *   const struct cx_meta     *cx_lookup_meta(m)
 *   __u32 cx_lookup_local(m, addr, port)            listener id or CX_NONE
 *   int   cx_lookup_source(m, addr, struct cx_source *)  0 or -1
 *   int   cx_lookup_dn(m, kind, const struct cx_dn_key *, struct cx_dn *)  0 or -1; kind 1 exact, 2 prefix
 *   __u32 cx_lookup_slot(m, group, slot)            element id or CX_NONE
 *   __u32 cx_lookup_reach(m, addr)                  nexthop id, 0: unknown
 *   int   cx_flow_get(m, struct cx_flow *)          0 or -1
 *   void  cx_flow_put(m, const struct cx_flow *)
 */
#ifndef CXSIP_DECIDE_H
#define CXSIP_DECIDE_H

#include "cookie.h"
#include "dn.h"
#include "flow.h"
#include "host.h"
#include "route_values.h"

CX_INLINE int cx_is_v4(const union cx_addr *a)
{
	return !a->q[0] && a->d[2] == cx_htonl(0xffff);
}

/* Index of the lowest bit that is set; mask is not 0. */
CX_INLINE __u32 cx_lowest_bit(__u64 mask)
{
	__u32 n = 0;

	if (!(mask & 0xffffffff)) {
		n += 32;
		mask >>= 32;
	}
	if (!(mask & 0xffff)) {
		n += 16;
		mask >>= 16;
	}
	if (!(mask & 0xff)) {
		n += 8;
		mask >>= 8;
	}
	if (!(mask & 0xf)) {
		n += 4;
		mask >>= 4;
	}
	if (!(mask & 3)) {
		n += 2;
		mask >>= 2;
	}
	return n + !(mask & 1);
}

/* Does the listener's network accept requests from m->source? */
CX_INLINE int cx_source_accepted(struct cx_msg *m, const struct cx_listener *l)
{
	struct cx_source source;

	if (l->flags & CX_LISTENER_ANY_SOURCE)
		return 1;
	return !cx_lookup_source(m, &m->source, &source) && (source.networks >> (l->network & 63) & 1);
}

/* Sends to m->element: address, our listener that faces it, how to reach it. */
CX_INLINE int cx_use_element(struct cx_msg *m)
{
	const struct cx_element *e = cx_lookup_element(m, m->element);

	if (!e || e->listener >= CX_LISTENERS_MAX)
		return CX_R_NO_ELEMENT;
	m->to = e->addr;
	m->to_port = e->port;
	m->out_listener = e->listener;
	m->nexthop = e->nexthop;
	return 0;
}

/* A method that can start something worth remembering. */
CX_INLINE int cx_starts_call(__u32 method)
{
	return method == CX_M_INVITE || method == CX_M_OTHER || method == CX_M_SUBSCRIBE || method == CX_M_REFER ||
	       method == CX_M_MESSAGE;
}

/*
 * The element of a routed request: that of the recent call where it still
 * counts, else the ring's. A retransmission, CANCEL and the ACK of a failure
 * share the INVITE's MAC (source, branch, Call-ID) and so its element; only an
 * INVITE whose element has died meanwhile moves on, which is what saves the call.
 */
CX_FN int cx_pick_element(struct cx_msg *m)
{
	struct cx_flow flow = {}, now = {};
	const struct cx_element *e;
	int known, same, initial, state = CX_ELEMENT_UNUSED;
	__u32 bits = 0;

	if (!m)
		return CX_R_BUG;
	initial = !m->in_dialog && m->method != CX_M_ACK && m->method != CX_M_CANCEL;
	known = !cx_flow_get(m, &flow);
	if (known) {
		e = cx_lookup_element(m, flow.element);
		known = e && e->group == m->group;
		if (known)
			state = e->state;
	}
	same = known && flow.transaction == ((__u32)m->cookie_mac & CX_FLOW_MASK);
	if (known && state != CX_ELEMENT_UNUSED &&
	    (!initial || state == CX_ELEMENT_UP ||
	     (same && (state == CX_ELEMENT_DRAINING || state == CX_ELEMENT_PAUSED)))) {
		m->element = flow.element;
		m->from_flow = 1;
	} else {
		if (m->acc_index & CX_GROUP_EMPTY)
			return CX_R_NO_ELEMENT;
		bits = m->acc_digits & 31;
		m->slot = m->call_hash >> (64 - bits);
		m->element = cx_lookup_slot(m, m->group, m->slot);
		if (m->element == CX_NONE)
			return CX_R_NO_ELEMENT;
	}
	m->new_call = initial && m->method == CX_M_INVITE && !same;
	if (initial && cx_starts_call(m->method) && (!same || flow.element != m->element)) {
		now.element = m->element;
		now.transaction = (__u32)m->cookie_mac & CX_FLOW_MASK;
		cx_flow_put(m, &now);
	}
	return cx_use_element(m);
}

/*
 * Sends to the address m->host, if a group or a trusted network knows it.
 * 0, UNKNOWN_TARGET.
 */
CX_INLINE int cx_use_address(struct cx_msg *m)
{
	const struct cx_listener *l;
	const struct cx_network *n;
	struct cx_source source;
	__u32 id;

	if (cx_lookup_source(m, &m->host, &source) || !source.egress)
		return CX_R_UNKNOWN_TARGET;
	id = CX_NO_LISTENER;
	if (m->routes_popped) { /* the last of our Record-Routes names the side */
		l = cx_lookup_listener(m, m->out_listener);
		if (l && (source.egress >> (l->network & 63) & 1) && cx_is_v4(&l->addr) == cx_is_v4(&m->host))
			id = m->out_listener;
	}
	if (id == CX_NO_LISTENER) {
		n = cx_lookup_network(m, cx_lowest_bit(source.egress));
		if (!n)
			return CX_R_BUG;
		id = cx_is_v4(&m->host) ? n->listener_v4 : n->listener_v6;
	}
	if (id >= CX_LISTENERS_MAX)
		return CX_R_UNKNOWN_TARGET;
	m->out_listener = id;
	m->to = m->host;
	m->to_port = m->host_port;
	m->nexthop = m->fast ? cx_lookup_reach(m, &m->host) : 0;
	return 0;
}

/*
 * Route (RFC 3261 16.4 and 16.12): our own values on top are popped; two after
 * each other are one doubled Record-Route. m->acc_index: 1 if a Route is left.
 */
CX_FN int cx_pop_routes(struct cx_msg *m)
{
	__u32 i, id;
	int reason;

	if (!m)
		return CX_R_BUG;
	m->routes_popped = 0;
	reason = cx_scan_routes(m);
	if (reason)
		return reason;
	for (i = 0; i < 2; i++) {
		struct cx_route_value *r = &m->route[i];

		if (i >= m->n_routes)
			break;
		if (cx_scan_uri_host(m, r->uri, r->uri_end) < 0)
			break;
		id = cx_lookup_local(m, &m->host, m->host_port);
		if (id == CX_NONE)
			break;
		m->out_listener = id;
		m->routes_popped = i + 1;
		CX_BARRIER();
	}
	m->acc_index = m->routes_popped < m->n_routes;
	return 0;
}

/* The next Route value: a loose router at a known address. */
CX_FN int cx_use_route(struct cx_msg *m)
{
	__u32 i, at, end;
	int behind;

	if (!m)
		return CX_R_BUG;
	i = m->routes_popped;
	if (i >= CX_ROUTES_MAX)
		return CX_R_BAD_ROUTE;
	at = m->route[i].uri;
	end = m->route[i].uri_end;
	behind = cx_scan_uri_host(m, at, end);
	if (behind < 0)
		return CX_R_UNKNOWN_TARGET;
	if (!cx_scan_lr(m, behind, end))
		return CX_R_BAD_ROUTE;
	return cx_use_address(m);
}

/* The Request-URI: by address inside a dialog, by DN otherwise. */
CX_FN int cx_use_request_uri(struct cx_msg *m)
{
	int reason, at = 0, numeric = 0, ours = 0;

	if (!m)
		return CX_R_BUG;
	if (m->uri_host && (m->in_dialog || m->routes_popped || !m->user.end)) {
		at = cx_scan_host(m, m->uri_host, m->uri.end);
		numeric = at >= 0;
		ours = numeric && cx_lookup_local(m, &m->host, m->host_port) != CX_NONE;
		if (numeric && !ours && (m->in_dialog || m->routes_popped)) {
			struct cx_flow flow = {};

			/* The ACK of a failure goes where its INVITE went (16.11): by DN. */
			if (m->routes_popped || m->method != CX_M_ACK || cx_flow_get(m, &flow) ||
			    flow.transaction != ((__u32)m->cookie_mac & CX_FLOW_MASK)) {
				if (cx_scan_elsewhere(m, at, m->uri.end))
					return CX_R_UNKNOWN_TARGET;
				reason = cx_use_address(m);
				if (!reason || !m->user.end)
					return reason;
			}
		}
	}
	if (!m->user.end)
		return CX_R_FOR_US;
	reason = cx_find_route(m);
	if (reason)
		return reason;
	return cx_pick_element(m);
}

/* Checks of RFC 3261 16.3, in its order. */
CX_FN int cx_check_request(struct cx_msg *m)
{
	int reason;

	if (!m)
		return CX_R_BUG;
	if (m->flags & CX_F_DUPLICATE)
		return CX_R_DUPLICATE_HEADER;
	if (!m->n_via_lines || !m->h[CX_H_CALL_ID].end || !m->h[CX_H_FROM].end || !m->h[CX_H_TO].end ||
	    !m->h[CX_H_CSEQ].end || !cx_trim(m, CX_H_CALL_ID) || cx_is_empty(m, CX_H_FROM) || cx_is_empty(m, CX_H_TO))
		return CX_R_MISSING_HEADER;
	reason = cx_scan_cseq(m);
	if (reason)
		return reason;
	reason = cx_scan_content_length(m);
	if (reason)
		return reason;
	reason = cx_scan_uri(m);
	if (reason)
		return reason;
	reason = cx_scan_max_forwards(m);
	if (reason)
		return reason;
	if (m->h[CX_H_PROXY_REQUIRE].end)
		return CX_R_PROXY_REQUIRE;
	if (m->method == CX_M_REGISTER)
		return CX_R_REGISTER;
	if (m->flags & CX_F_FOLDED)
		return CX_R_FOLDED;
	return 0;
}

/* Where responses to this request go (RFC 3261 18.2.2, RFC 3581), as the cookie
 * will say, and its MAC. */
CX_FN int cx_make_cookie(struct cx_msg *m)
{
	const struct cx_key *key;
	const struct cx_meta *meta;
	struct cx_via *v;
	int port;

	if (!m)
		return CX_R_BUG;
	v = &m->via[0];
	key = cx_lookup_key(m);
	meta = cx_lookup_meta(m);
	if (!key || !meta)
		return CX_R_BUG;
	if (!(v->flags & CX_V_BRANCH) && m->fast)
		return CX_R_NO_BRANCH;
	if (v->flags & CX_V_MADDR && m->fast)
		return CX_R_BAD_VIA;
	port = m->source_port;
	if (!(v->flags & (CX_V_RPORT | CX_V_RPORT_VALUE))) {
		port = cx_scan_sent_by_port(m, v->host, v->host_end);
		if (port < 0)
			return CX_R_BAD_VIA;
	}
	m->cookie_addr = m->source;
	m->cookie_head = cx_cookie_head(!cx_is_v4(&m->source), key->signing, meta->generation, meta->node,
					m->in_listener, port);
	return cx_mac(m, 0);
}

/* Record-Route where a network asks for it: on requests that may start a
 * dialog; doubled where the request changes sides (RFC 5658). */
CX_INLINE void cx_decide_record_route(struct cx_msg *m)
{
	const struct cx_listener *in = cx_lookup_listener(m, m->in_listener);
	const struct cx_listener *out = cx_lookup_listener(m, m->out_listener);

	if (!in || !out || m->in_dialog || !((in->flags | out->flags) & CX_LISTENER_RECORD_ROUTE))
		return;
	if (m->method != CX_M_INVITE && m->method != CX_M_SUBSCRIBE && m->method != CX_M_REFER && m->method != CX_M_OTHER)
		return;
	m->do_flags = CX_DO_RECORD_ROUTE;
	if (m->in_listener != m->out_listener)
		m->do_flags |= CX_DO_RECORD_ROUTE_TWICE;
}

CX_INLINE int cx_decide_request(struct cx_msg *m)
{
	int reason = cx_check_request(m);

	if (reason)
		return reason;
	reason = cx_scan_vias(m);
	if (reason)
		return reason;
	reason = cx_scan_to(m);
	if (reason)
		return reason;
	m->in_dialog = !!(m->flags & CX_F_TO_TAG);
	reason = cx_hash_call(m);
	if (reason)
		return reason;
	reason = cx_make_cookie(m);
	if (reason)
		return reason;
	if (cx_has_maddr(m))
		return CX_R_UNKNOWN_TARGET;
	m->routes_popped = 0;
	m->acc_index = 0;
	if (m->n_route_lines) {
		reason = cx_pop_routes(m);
		if (reason)
			return reason;
	}
	reason = m->acc_index ? cx_use_route(m) : cx_use_request_uri(m);
	if (reason)
		return reason;
	cx_decide_record_route(m);
	return 0;
}

/* A response (RFC 3261 16.7 and 16.11): sent where our cookie says. */
CX_INLINE int cx_decide_response(struct cx_msg *m)
{
	const struct cx_listener *l;
	int reason;

	if (m->flags & CX_F_DUPLICATE || !m->n_via_lines || !m->h[CX_H_CALL_ID].end || !cx_trim(m, CX_H_CALL_ID))
		return CX_R_BAD_RESPONSE;
	if (!m->h[CX_H_CSEQ].end || !cx_trim(m, CX_H_CSEQ))
		return CX_R_BAD_RESPONSE;
	reason = cx_scan_content_length(m);
	if (reason)
		return reason;
	m->via[1].branch_end = 0;
	reason = cx_scan_vias(m);
	if (reason)
		return reason;
	if (m->flags & CX_F_FOLDED)
		return CX_R_FOLDED;
	reason = cx_hash_call(m);
	if (reason)
		return reason;
	if (m->n_via_lines < 2 && !m->via[0].next) /* the last one: it has to be the daemon's own */
		return cx_byte(m, m->via[0].branch + 7) == CX_COOKIE_TRANSACTION ? CX_R_TRANSACTION
										: CX_R_FORGED_RESPONSE;
	reason = cx_cookie_read(m);
	if (reason)
		return reason;
	m->out_listener = CX_HEAD_LISTENER(m->cookie_head);
	l = cx_lookup_listener(m, m->out_listener);
	if (!l || !(l->flags & CX_LISTENER_USED))
		return CX_R_BAD_COOKIE;
	m->to = m->cookie_addr;
	m->to_port = CX_HEAD_PORT(m->cookie_head);
	m->nexthop = m->fast ? cx_lookup_reach(m, &m->to) : 0;
	return 0;
}

#endif
