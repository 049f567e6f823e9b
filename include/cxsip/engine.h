/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The engine: scan, decide and compose for one datagram (DESIGN: a stateless
 * proxy, RFC 3261 16.11). A body includes this behind its look-ups, fills the
 * "given by the body" part of struct cx_msg and calls
 *
 *   reason = cx_decide(m);          nothing has changed
 *   ... may this body forward it? ...
 *   reason = cx_compose(m);         Max-Forwards in buf, the new head in out
 *
 * 0 (CX_R_REQUEST) or CX_R_RESPONSE is forwarded; any other reason says why not.
 */
#ifndef CXSIP_ENGINE_H
#define CXSIP_ENGINE_H

#include "compose.h"

/* A body may have another way to scan, with the same result. */
#ifndef CX_SCAN
#define CX_SCAN(m) cx_scan(m)
#endif

/* Is it a response? Asked before anything is known. */
CX_INLINE int cx_looks_like_response(const struct cx_msg *m)
{
	return cx_get64(m->buf) == CX_W8('S', 'I', 'P', '/', '2', '.', '0', ' ');
}

/* Keep-alives of RFC 5626 and of habit: nothing but CRLF, NUL, blanks. */
CX_INLINE int cx_is_keepalive(const struct cx_msg *m)
{
	__u64 w = cx_get64(m->buf);

	return m->len <= 4 && ((w & CX_FIRST(m->len)) == 0 ||
			       (w & CX_FIRST(m->len)) == (CX_W4('\r', '\n', '\r', '\n') & CX_FIRST(m->len)));
}

CX_INLINE int cx_decide(struct cx_msg *m)
{
	const struct cx_listener *l;
	int reason;

	m->element = m->group = m->slot = CX_NONE;
	m->dn_kind = m->from_flow = m->new_call = 0;
	m->do_flags = m->routes_popped = m->in_dialog = 0;
	m->nexthop = 0;
	m->response = 0;
	m->out_listener = CX_NONE;
	CX_BARRIER();
	if (cx_is_keepalive(m))
		return CX_R_KEEPALIVE;
	if (!cx_looks_like_response(m)) {
		l = cx_lookup_listener(m, m->in_listener);
		if (!l)
			return CX_R_BUG;
		if (!cx_source_accepted(m, l))
			return CX_R_SOURCE_DENIED;
	}
	reason = CX_SCAN(m);
	if (reason)
		return reason;
	if (m->response) {
		reason = cx_decide_response(m);
		return reason ? reason : CX_R_RESPONSE;
	}
	return cx_decide_request(m);
}

CX_INLINE int cx_compose(struct cx_msg *m)
{
	return m->response ? cx_compose_response(m) : cx_compose_request(m);
}

#endif
