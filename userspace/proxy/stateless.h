/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's third body: one datagram in, what to do with it out. Look-ups
 * go to the world. Pure but for the world's flow table.
 */
#ifndef CX_PROXY_STATELESS_H
#define CX_PROXY_STATELESS_H

#include <sys/uio.h>
#include "route/world.h"

struct cx_stateless; /* scratch: 150 KB, one a thread */

struct cx_stateless_result {
	enum cx_verdict verdict;
	enum cx_reason reason;
	/* FORWARD: send these two pieces, from this listener, there */
	struct iovec iov[2];
	uint16_t listener;
	union cx_addr to;
	uint16_t to_port;
	/* for explain and counters; CX_NONE where they do not apply */
	uint32_t element, group, slot;
	uint32_t nexthop;
	const struct cx_dn_entry *dn; /* NULL: not by DN */
	bool request, initial, in_dialog, from_flow, new_call;
	uint8_t routes_popped; /* how many of our Route values were removed */
	bool record_routed, normalised;
	/* cx_stateless_explain() only: what the XDP program would say to the same
	 * datagram; CX_R_REQUEST or CX_R_RESPONSE if it would forward it */
	enum cx_reason fast_reason;
};

/* A response whose topmost Via, right behind the status line, has the branch of a
 * transaction of the daemon: what the engine calls CX_R_TRANSACTION, at a glance. The
 * rest of it is not looked at, which the core does. False: the engine tells. */
bool cx_stateless_is_transaction(const uint8_t *p, size_t n);

struct cx_stateless *cx_stateless_new(void);
/* For a body beside the stateful core: a request of a route or group in mode core
 * is not forwarded, but goes UP as CX_R_CORE_ROUTE. */
void cx_stateless_leave_core(struct cx_stateless *s);
void cx_stateless_free(struct cx_stateless *s);
/* With cx_stateless_leave_core(): is it for the stateful core? What its route or group
 * asks for, and what goes to places that only the core can reach: so may a dialog's request
 * without a number of ours, by the host name in its Request-URI. */
static inline bool cx_stateless_for_core(const struct cx_stateless_result *r)
{
	if ((r->reason == CX_R_NO_ROUTE || r->reason == CX_R_FOR_US) && (r->in_dialog || r->routes_popped))
		return true;
	return r->reason == CX_R_CORE_ROUTE || r->reason == CX_R_UNKNOWN_TARGET ||
	       r->reason == CX_R_BAD_ROUTE;
}
/* p has 64 bytes of room behind it and may be changed in place; the result
 * points into it and into s until the next call. */
void cx_stateless_run(struct cx_stateless *s, struct cx_world *w, uint16_t listener,
		      const union cx_addr *from, uint16_t from_port, uint8_t *p, size_t n,
		      struct cx_stateless_result *r);

/* The same, and what the fast path would do. A new call's flow is remembered by
 * either run, as for any datagram. */
void cx_stateless_explain(struct cx_stateless *s, struct cx_world *w, uint16_t listener,
			  const union cx_addr *from, uint16_t from_port, uint8_t *p, size_t n,
			  struct cx_stateless_result *r);

#endif
