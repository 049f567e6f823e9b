/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's look-ups in the daemon: the world in memory (decide.h lists
 * them). m->body is the struct cx_world. Included once by each body, behind
 * the limits it sets.
 */
#ifndef CX_PROXY_LOOKUPS_H
#define CX_PROXY_LOOKUPS_H

#include "cxsip/message.h"
#include "route/world.h"

static inline struct cx_world *cx_world_of(const struct cx_msg *m)
{
	return m->body;
}

static inline const struct cx_listener *cx_lookup_listener(struct cx_msg *m, uint32_t id)
{
	return id < CX_LISTENERS_MAX ? &cx_world_of(m)->tables->listeners[id] : NULL;
}

static inline const struct cx_network *cx_lookup_network(struct cx_msg *m, uint32_t id)
{
	return id < CX_NETWORKS_MAX ? &cx_world_of(m)->tables->networks[id] : NULL;
}

static inline const struct cx_table *cx_lookup_table(struct cx_msg *m, uint32_t id)
{
	return id < CX_TABLES_MAX ? &cx_world_of(m)->tables->table[id] : NULL;
}

static inline const struct cx_group *cx_lookup_group(struct cx_msg *m, uint32_t id)
{
	return id < cx_world_of(m)->max_groups ? &cx_world_of(m)->groups[id] : NULL;
}

static inline const struct cx_element *cx_lookup_element(struct cx_msg *m, uint32_t id)
{
	return id < cx_world_of(m)->max_elements ? &cx_world_of(m)->elements[id] : NULL;
}

static inline const struct cx_key *cx_lookup_key(struct cx_msg *m)
{
	return &cx_world_of(m)->key;
}

static inline const struct cx_meta *cx_lookup_meta(struct cx_msg *m)
{
	return &cx_world_of(m)->meta;
}

static inline uint32_t cx_lookup_local(struct cx_msg *m, const union cx_addr *addr, uint32_t port)
{
	return cx_tables_listener_at(cx_world_of(m)->tables, addr, (uint16_t)port);
}

static inline int cx_lookup_source(struct cx_msg *m, const union cx_addr *addr, struct cx_source *source)
{
	const struct cx_source *found = cx_tables_source(cx_world_of(m)->tables, addr);

	if (!found)
		return -1;
	*source = *found;
	return 0;
}

static inline uint32_t cx_lookup_reach(struct cx_msg *m, const union cx_addr *addr)
{
	const struct cx_reach_entry *found = cx_world_reach(cx_world_of(m), addr);

	return found ? found->nexthop : 0;
}

static inline int cx_lookup_dn(struct cx_msg *m, int kind, const struct cx_dn_key *key, struct cx_dn *out)
{
	const struct cx_tables *t = cx_world_of(m)->tables;
	const struct cx_dn_entry *found = kind == 1 ? cx_tables_find_dn(t, key) : cx_tables_find_prefix(t, key);

	if (!found)
		return -1;
	*out = found->value;
	return 0;
}

static inline uint32_t cx_lookup_slot(struct cx_msg *m, uint32_t group, uint32_t slot)
{
	const struct cx_world *w = cx_world_of(m);
	const struct cx_ring *ring = group < w->max_groups ? w->rings[group] : NULL;

	return ring && slot < 1u << ring->bits ? ring->slots[slot] : CX_NONE;
}

static inline int cx_flow_get(struct cx_msg *m, struct cx_flow *flow)
{
	return cx_world_get_flow(cx_world_of(m), m->call_hash, flow);
}

static inline void cx_flow_put(struct cx_msg *m, const struct cx_flow *flow)
{
	cx_world_put_flow(cx_world_of(m), m->call_hash, flow);
}

#endif
