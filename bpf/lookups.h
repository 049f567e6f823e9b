/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The engine's look-ups in the fast path: one map each (decide.h lists them).
 * Keys are copied to the stack: 6.1's verifier takes no key from the memory
 * argument of a global function.
 */
#ifndef CX_BPF_LOOKUPS_H
#define CX_BPF_LOOKUPS_H

#include "maps.h"
#include "cxsip/flow.h"
#include "cxsip/message.h"

CX_INLINE const struct cx_listener *cx_lookup_listener(struct cx_msg *m, __u32 id)
{
	return bpf_map_lookup_elem(&cx_listener, &id);
}

CX_INLINE const struct cx_network *cx_lookup_network(struct cx_msg *m, __u32 id)
{
	return bpf_map_lookup_elem(&cx_network, &id);
}

CX_INLINE const struct cx_table *cx_lookup_table(struct cx_msg *m, __u32 id)
{
	return bpf_map_lookup_elem(&cx_table, &id);
}

CX_INLINE const struct cx_group *cx_lookup_group(struct cx_msg *m, __u32 id)
{
	return bpf_map_lookup_elem(&cx_group, &id);
}

CX_INLINE const struct cx_element *cx_lookup_element(struct cx_msg *m, __u32 id)
{
	return bpf_map_lookup_elem(&cx_element, &id);
}

CX_INLINE const struct cx_key *cx_lookup_key(struct cx_msg *m)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&cx_key, &zero);
}

CX_INLINE const struct cx_meta *cx_lookup_meta(struct cx_msg *m)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&cx_meta, &zero);
}

CX_INLINE __u32 cx_lookup_local(struct cx_msg *m, const union cx_addr *addr, __u32 port)
{
	__u64 family = !addr->q[0] && addr->d[2] == cx_htonl(0xffff) ? CX_IPV4 : CX_IPV6;
	struct cx_local_key key;
	__u32 *id;

	key.addr.q[0] = addr->q[0];
	key.addr.q[1] = addr->q[1];
	/* port, family, transport in one store: the hash reads whole words */
	cx_put64(&key.port, (port & 0xffff) | family << 16 | (__u64)CX_UDP << 24);
	id = bpf_map_lookup_elem(&cx_local, &key);
	return id ? *id : CX_NONE;
}

CX_INLINE void cx_lpm_key_of(struct cx_lpm_key *key, const union cx_addr *addr)
{
	__u32 *words = (__u32 *)key->addr;

	key->prefixlen = 128;
	words[0] = addr->d[0];
	words[1] = addr->d[1];
	words[2] = addr->d[2];
	words[3] = addr->d[3];
}

CX_INLINE int cx_lookup_source(struct cx_msg *m, const union cx_addr *addr, struct cx_source *source)
{
	struct cx_lpm_key key;
	struct cx_source *found;

	cx_lpm_key_of(&key, addr);
	found = bpf_map_lookup_elem(&cx_source, &key);
	if (!found)
		return -1;
	*source = *found;
	return 0;
}

CX_INLINE __u32 cx_lookup_reach(struct cx_msg *m, const union cx_addr *addr)
{
	struct cx_lpm_key key;
	struct cx_reach *found;

	cx_lpm_key_of(&key, addr);
	found = bpf_map_lookup_elem(&cx_reach, &key);
	return found ? found->nexthop : 0;
}

CX_INLINE int cx_lookup_dn(struct cx_msg *m, int kind, const struct cx_dn_key *dn, struct cx_dn *out)
{
	struct cx_dn_key key;
	struct cx_dn *found;

	cx_put64(&key, cx_get64(dn));
	cx_put64((__u8 *)&key + 8, cx_get64((const __u8 *)dn + 8));
	cx_put64((__u8 *)&key + 16, cx_get64((const __u8 *)dn + 16));
	cx_put64((__u8 *)&key + 24, cx_get64((const __u8 *)dn + 24));
	found = kind == 1 ? bpf_map_lookup_elem(&cx_dn, &key) : bpf_map_lookup_elem(&cx_dn_prefix, &key);
	if (!found)
		return -1;
	*out = *found;
	return 0;
}

CX_INLINE __u32 cx_lookup_slot(struct cx_msg *m, __u32 group, __u32 slot)
{
	void *ring = bpf_map_lookup_elem(&cx_ring, &group);
	__u32 pair = slot >> 1;
	struct cx_ring_slots *slots;

	if (!ring)
		return CX_NONE;
	slots = bpf_map_lookup_elem(ring, &pair);
	if (!slots)
		return CX_NONE;
	return slot & 1 ? slots->element[1] : slots->element[0];
}

/* Number of sets less one; their number is a power of two. Set before loading. */
const volatile __u32 cx_flow_set_mask = CX_FLOWS_MAX / CX_FLOW_WAYS - 1;

CX_INLINE struct cx_flow_set *cx_lookup_flow_set(struct cx_msg *m)
{
	__u32 index = m->call_hash & cx_flow_set_mask;

	return bpf_map_lookup_elem(&cx_flow, &index);
}

CX_INLINE int cx_flow_get(struct cx_msg *m, struct cx_flow *flow)
{
	struct cx_flow_set *set = cx_lookup_flow_set(m);

	return set ? cx_flow_find(set, m->call_hash, flow) : -1;
}

CX_INLINE void cx_flow_put(struct cx_msg *m, const struct cx_flow *flow)
{
	struct cx_flow_set *set = cx_lookup_flow_set(m);

	if (set)
		cx_flow_store(set, m->call_hash, flow);
}

#endif
