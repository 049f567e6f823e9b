/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the kernel's tables to what the reach map shall say. Private to this
 * room.
 */
#ifndef CX_FASTPATH_PLAN_H
#define CX_FASTPATH_PLAN_H

#include "fastpath/netlink.h"
#include "fastpath/nexthop.h"
#include "route/lpm.h"

enum cx_path_kind {
	CX_PATH_NONE, /* the kernel refuses to send there, or we made it up to shield IPv4 from ::/0 */
	CX_PATH_DOWN, /* its link has no carrier */
	CX_PATH_CONNECTED,
	CX_PATH_GATEWAY,
	CX_PATH_LOCAL,
};

struct cx_planned {
	struct cx_lpm_key key; /* first: sorted by cx_lpm_key_compare() */
	uint32_t nexthop; /* 0: unresolved */
	enum cx_path_kind kind;
	int ifindex; /* of the route's device */
	union cx_addr gateway;
	/* The hop that would have been taken, were its neighbour known: kept
	 * warm too. The same as above if it is. */
	int first_ifindex;
	union cx_addr first_gateway;
	uint32_t mtu;
};

struct cx_plan {
	struct cx_planned *entries;
	size_t n;
	struct cx_lpm_index index;
};

/* Asks nexthops for the numbers it needs. 0 or -ENOMEM. */
int cx_plan_make(struct cx_net *net, struct cx_nexthops *nexthops, struct cx_plan *plan);
const struct cx_planned *cx_plan_find(const struct cx_plan *plan, const union cx_addr *addr);
void cx_plan_free(struct cx_plan *plan);

/* The device below any VLAN device; 0 if there is none. */
int cx_plan_lower(const struct cx_net *net, int ifindex);
bool cx_plan_link_down(const struct cx_net *net, int ifindex);

#endif
