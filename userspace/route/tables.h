/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of this room share about compiled tables. Private to route/.
 */
#ifndef CX_ROUTE_TABLES_H
#define CX_ROUTE_TABLES_H

#include "route/lpm.h"
#include "route/names.h"
#include "route/places.h"
#include "route/world.h"

/* Ways into struct cx_tables; immutable like it. */
struct cx_tables_index {
	struct cx_name_index group_names, element_names;
	struct cx_lpm_index sources;
	/* element ids of group g: members[member_start[g]] up to member_start[g + 1] */
	uint32_t *members, *member_start;
	uint16_t *ring_bits; /* by group id: fixed by the configuration, not by who is up */
	struct cx_places places;
	uint32_t *by_host; /* ids of the servers of host names, sorted by name and id */
	size_t n_by_host;
};

int cx_tables_index_build(struct cx_tables *t);
void cx_tables_index_free(struct cx_tables_index *index);

/* Positions in the configuration -> ids; listeners of all networks and elements
 * of all groups in turn. Only compiling needs it: compiled tables speak in ids. */
struct cx_ids {
	uint32_t listeners[CX_LISTENERS_MAX], networks[CX_NETWORKS_MAX], tables[CX_TABLES_MAX];
	uint32_t *groups, *elements;
	size_t n_elements;
};

/* ids.c: n_elements is set; the configuration fits the limits. 0 or -ENOMEM;
 * free it either way. */
int cx_ids_of_config(const struct cx_config *config, const struct cx_names *names, struct cx_ids *ids);
void cx_ids_free(struct cx_ids *ids);

/* The parts of cx_tables_compile(). */
int cx_listeners_compile(struct cx_tables *t, const struct cx_ids *ids, struct cx_diag *diag);
int cx_sources_compile(struct cx_tables *t, const struct cx_ids *ids, struct cx_diag *diag);
int cx_routes_compile(struct cx_tables *t, const struct cx_ids *ids, struct cx_diag *diag);
/* The network's listener of that family, or CX_NO_LISTENER. */
uint16_t cx_network_listener(const struct cx_network *network, uint8_t family);
/* The first listener of the network with that family and transport, or CX_NO_LISTENER. */
uint16_t cx_listener_facing(const struct cx_tables *t, uint32_t network, uint8_t family, uint8_t transport);

#endif
