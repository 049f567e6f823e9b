/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers for nexthops: stable by (interface of the route, neighbour), and the
 * same after a restart, because they start from a hash of both: the entries a
 * new daemon finds in pinned maps then mean what it means. Private to this room.
 *
 * One pass: begin, want each that is needed, put (before reach and elements
 * point there), sweep (after none points there any more).
 */
#ifndef CX_FASTPATH_NEXTHOP_H
#define CX_FASTPATH_NEXTHOP_H

#include <uthash.h>
#include "route/world.h"

#define CX_NEXTHOP_ID_LOCAL 1 /* this host; 0 is "unresolved" */

struct cx_nexthop_key {
	int ifindex;
	union cx_addr neighbour;
};

struct cx_nexthop_slot {
	struct cx_nexthop_key key;
	uint32_t id;
	bool wanted;
	struct cx_nexthop nexthop;
	UT_hash_handle hh;
};

struct cx_nexthops {
	struct cx_nexthop_slot *slots;
	bool *used; /* by id */
	size_t max;
	size_t n;
};

int cx_nexthops_init(struct cx_nexthops *t, size_t max);
void cx_nexthops_free(struct cx_nexthops *t);
void cx_nexthops_begin(struct cx_nexthops *t);
/* The id, or 0 when there is no room. Of several MTUs the smallest counts. */
uint32_t cx_nexthops_want(struct cx_nexthops *t, int ifindex, const union cx_addr *neighbour,
			  const struct cx_nexthop *nexthop);
uint32_t cx_nexthops_want_local(struct cx_nexthops *t);
int cx_nexthops_put(struct cx_nexthops *t, struct cx_world *w);
void cx_nexthops_sweep(struct cx_nexthops *t, struct cx_world *w);

#endif
