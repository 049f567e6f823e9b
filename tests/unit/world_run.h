/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A world under test, seen through a mirror that holds what the maps would hold
 * and checks after every single write that the fast path could go on from
 * there: no group that points beyond its ring, no ring without its elements.
 */
#ifndef CX_TESTS_WORLD_RUN_H
#define CX_TESTS_WORLD_RUN_H

#include "fixture.h"
#include "route/world.h"

#define GROUPS 64
#define ELEMENTS 2048

/* One at a time: run_start() begins it anew. */
struct mirror {
	struct cx_element elements[ELEMENTS];
	struct cx_group groups[GROUPS];
	struct cx_ring *rings[GROUPS];
	struct cx_nexthop nexthops[8];
	struct cx_reach_entry reach[16];
	size_t n_reach;
	unsigned n_element, n_group, n_ring, n_reach_put, n_reach_del, n_key; /* writes */
	int fail;							      /* what every write returns */
};
extern struct mirror mirror;

/* What on_element() told last: the element, and what it was before. */
struct told {
	unsigned n;
	uint32_t element;
	uint8_t state, reason;
};
extern struct told told;

struct run {
	struct cx_config *config;
	struct cx_tables *tables;
	struct cx_world *world;
};

/* Groups "media" and, if there are any, "agents" of so many elements. */
struct cx_config *run_config(unsigned media, unsigned agents);

/* These take the configuration over. */
void run_start(struct run *r, struct cx_config *c);
void run_swap(struct run *r, struct cx_config *c);

/* Memory and mirror must say the same. */
void run_check(const struct run *r);
void run_end(struct run *r);

bool run_in_ring(const struct cx_world *w, uint32_t group, uint32_t element);

#endif
