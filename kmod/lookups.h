/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's look-ups in the module: the XDP program's maps, by their own
 * operations (decide.h lists what is asked for). m->body is the struct cx_maps.
 */
#ifndef CX_KMOD_LOOKUPS_H
#define CX_KMOD_LOOKUPS_H

#include "maps.h"
#include "cxsip/flow.h"
#include "cxsip/message.h"

static inline void *cx_lookup(const struct cx_msg *m, enum cx_genl_map which, const void *key)
{
	return cx_maps_find(m->body, which, key);
}

static inline const struct cx_listener *cx_lookup_listener(struct cx_msg *m, u32 id)
{
	return cx_lookup(m, CX_MAP_A_LISTENER, &id);
}

static inline const struct cx_network *cx_lookup_network(struct cx_msg *m, u32 id)
{
	return cx_lookup(m, CX_MAP_A_NETWORK, &id);
}

static inline const struct cx_table *cx_lookup_table(struct cx_msg *m, u32 id)
{
	return cx_lookup(m, CX_MAP_A_TABLE, &id);
}

static inline const struct cx_group *cx_lookup_group(struct cx_msg *m, u32 id)
{
	return cx_lookup(m, CX_MAP_A_GROUP, &id);
}

static inline const struct cx_element *cx_lookup_element(struct cx_msg *m, u32 id)
{
	return cx_lookup(m, CX_MAP_A_ELEMENT, &id);
}

static inline const struct cx_key *cx_lookup_key(struct cx_msg *m)
{
	u32 zero = 0;

	return cx_lookup(m, CX_MAP_A_KEY, &zero);
}

static inline const struct cx_meta *cx_lookup_meta(struct cx_msg *m)
{
	u32 zero = 0;

	return cx_lookup(m, CX_MAP_A_META, &zero);
}

static inline u32 cx_lookup_local(struct cx_msg *m, const union cx_addr *addr, u32 port)
{
	struct cx_local_key key = {
		.addr = *addr,
		.port = port,
		.family = !addr->q[0] && addr->d[2] == cx_htonl(0xffff) ? CX_IPV4 : CX_IPV6,
		.transport = CX_UDP,
	};
	const u32 *id = cx_lookup(m, CX_MAP_A_LOCAL, &key);

	return id ? *id : CX_NONE;
}

static inline int cx_lookup_source(struct cx_msg *m, const union cx_addr *addr, struct cx_source *source)
{
	const struct cx_source *found;
	struct cx_lpm_key key = { .prefixlen = 128 };

	memcpy(key.addr, addr, sizeof(key.addr));
	found = cx_lookup(m, CX_MAP_A_SOURCE, &key);
	if (!found)
		return -1;
	*source = *found;
	return 0;
}

/* Routes and neighbours are the host's own here. */
static inline u32 cx_lookup_reach(struct cx_msg *m, const union cx_addr *addr)
{
	return 0;
}

static inline int cx_lookup_dn(struct cx_msg *m, int kind, const struct cx_dn_key *key, struct cx_dn *out)
{
	const struct cx_dn *found = cx_lookup(m, kind == 1 ? CX_MAP_A_DN : CX_MAP_A_DN_PREFIX, key);

	if (!found)
		return -1;
	*out = *found;
	return 0;
}

static inline u32 cx_lookup_slot(struct cx_msg *m, u32 group, u32 slot)
{
	struct bpf_map *ring = cx_lookup(m, CX_MAP_A_RING, &group);
	const struct cx_ring_slots *slots;
	u32 pair = slot >> 1;

	slots = ring ? ring->ops->map_lookup_elem(ring, &pair) : NULL;
	return slots ? slots->element[slot & 1] : CX_NONE;
}

static inline struct cx_flow_set *cx_lookup_flow_set(const struct cx_msg *m)
{
	const struct cx_maps *maps = m->body;
	u32 index = m->call_hash & maps->flow_mask;

	return cx_lookup(m, CX_MAP_A_FLOW, &index);
}

static inline int cx_flow_get(struct cx_msg *m, struct cx_flow *flow)
{
	struct cx_flow_set *set = cx_lookup_flow_set(m);

	return set ? cx_flow_find(set, m->call_hash, flow) : -1;
}

static inline void cx_flow_put(struct cx_msg *m, const struct cx_flow *flow)
{
	struct cx_flow_set *set = cx_lookup_flow_set(m);

	if (set)
		cx_flow_store(set, m->call_hash, flow);
}

#endif
