/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of this room share about compiled tables. Private to route/.
 */
#ifndef CX_ROUTE_TABLES_H
#define CX_ROUTE_TABLES_H

#include "route/lpm.h"
#include "route/names.h"
#include "route/world.h"

/* Ways into struct cx_tables; immutable like it. */
struct cx_tables_index {
	struct cx_name_index group_names, element_names;
	struct cx_lpm_index sources;
	/* element ids of group g: members[member_start[g]] up to member_start[g + 1] */
	uint32_t *members, *member_start;
	uint16_t *ring_bits;  /* by group id: fixed by the configuration, not by who is up */
	uint32_t *by_address; /* element ids, sorted by address, port and id */
	size_t n_by_address;
};

int cx_tables_index_build(struct cx_tables *t);
void cx_tables_index_free(struct cx_tables_index *index);

/* The parts of cx_tables_compile(). group_ids and element_ids translate the
 * order of the configuration (elements: of all groups in turn) into ids. */
int cx_listeners_compile(struct cx_tables *t, struct cx_diag *diag);
int cx_sources_compile(struct cx_tables *t, struct cx_diag *diag);
int cx_routes_compile(struct cx_tables *t, const uint32_t *group_ids, struct cx_diag *diag);
/* The network's listener of that family, or CX_NO_LISTENER. */
uint16_t cx_network_listener(const struct cx_network *network, uint8_t family);

#endif
