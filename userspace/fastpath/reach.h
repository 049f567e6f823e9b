/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Follows the kernel's links, addresses, routes and neighbours (libnl) and
 * keeps the world's reach table, nexthops and every element's nexthop true:
 * which interface (and VLAN tags), which MACs, which MTU.
 *
 * - one unicast route of the main table -> one reach entry; local addresses ->
 *   CX_NEXTHOP_LOCAL; a connected prefix itself is unresolved (nexthop 0) and
 *   each valid neighbour in it is a /32 or /128 of its own.
 * - nexthop ids are stable by (interface, neighbour).
 * - neighbours of gateways and elements are kept warm (NTF_USE).
 * - an element without route, or whose link has lost its carrier, is told to
 *   health through on_unreachable (reason in words), and when it is back.
 */
#ifndef CX_FASTPATH_REACH_H
#define CX_FASTPATH_REACH_H

#include "route/world.h"

struct cx_reach_watch;

struct cx_reach_ops {
	/* element lost (reachable = false) or got back its way out; why: "no route", "link down" */
	void (*on_element)(void *ctx, uint32_t element, bool reachable, const char *why);
	/* an interface that listeners or elements need appeared or vanished */
	void (*on_interface)(void *ctx, int ifindex, const char *ifname, bool present);
	void *ctx;
};

/* Opens the netlink sockets in the caller's network namespace and reads all once.
 * No callback is made before it returns: what is to be told comes with the next
 * cx_reach_read() or cx_reach_refresh(). */
int cx_reach_open(struct cx_world *w, const struct cx_reach_ops *ops, struct cx_reach_watch **out);
int cx_reach_fd(const struct cx_reach_watch *r); /* poll for reading, then: */
int cx_reach_read(struct cx_reach_watch *r);     /* applies events; cheap when nothing changed */
/* After the world's tables changed, or once a second for warmth. */
int cx_reach_refresh(struct cx_reach_watch *r);
/* Interfaces that own a listener's address or lead to an element (ifindexes; the
 * device below any VLAN device). Returns how many. */
size_t cx_reach_interfaces(struct cx_reach_watch *r, int *ifindexes, size_t max);
/* For `cxctl explain` and `doctor`. */
size_t cx_reach_count(const struct cx_reach_watch *r, size_t *neighbours_unresolved);
void cx_reach_close(struct cx_reach_watch *r);

#endif
