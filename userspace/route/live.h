/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of this room share about the live half of the world. Private
 * to route/.
 */
#ifndef CX_ROUTE_LIVE_H
#define CX_ROUTE_LIVE_H

#include "route/tables.h"

struct cx_world_index {
	struct cx_lpm_index reach;
	uint8_t *dirty;	      /* by group id: its ring must be built anew */
	uint32_t *dirty_list; /* those groups */
	size_t n_dirty;
	unsigned held;
};

/* Tells the mirror, where there is one. */
int cx_mirror_element(struct cx_world *w, uint32_t id);
int cx_mirror_group(struct cx_world *w, uint32_t id);

/* The ring is not the world's any more. */
void cx_world_drop_ring(struct cx_world *w, struct cx_ring *ring);
void cx_world_mark_dirty(struct cx_world *w, uint32_t group);
/* Builds the rings of all dirty groups. The first error, after trying all. */
int cx_world_flush_rings(struct cx_world *w);

#endif
