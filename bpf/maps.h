/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The maps of the fast path. Sizes marked "daemon" are set from the
 * configuration before loading; all but cx_scratch are pinned by the daemon.
 */
#ifndef CX_BPF_MAPS_H
#define CX_BPF_MAPS_H

#include "cxsip/abi.h"

#define CX_MAP(name, map_type, key_type, value_type, entries, flags)                               \
	struct {                                                                                   \
		__uint(type, map_type);                                                            \
		__uint(max_entries, entries);                                                      \
		__uint(map_flags, flags);                                                          \
		__type(key, key_type);                                                             \
		__type(value, value_type);                                                         \
	} name SEC(".maps")

CX_MAP(cx_local, BPF_MAP_TYPE_HASH, struct cx_local_key, __u32, CX_LISTENERS_MAX, 0);
CX_MAP(cx_listener, BPF_MAP_TYPE_ARRAY, __u32, struct cx_listener, CX_LISTENERS_MAX, 0);
CX_MAP(cx_network, BPF_MAP_TYPE_ARRAY, __u32, struct cx_network, CX_NETWORKS_MAX, 0);
CX_MAP(cx_source, BPF_MAP_TYPE_LPM_TRIE, struct cx_lpm_key, struct cx_source, CX_SOURCES_MAX, BPF_F_NO_PREALLOC);
CX_MAP(cx_dn, BPF_MAP_TYPE_HASH, struct cx_dn_key, struct cx_dn, CX_DNS_MAX, BPF_F_NO_PREALLOC); /* daemon */
CX_MAP(cx_dn_prefix, BPF_MAP_TYPE_HASH, struct cx_dn_key, struct cx_dn, CX_PREFIXES_MAX, BPF_F_NO_PREALLOC);
CX_MAP(cx_table, BPF_MAP_TYPE_ARRAY, __u32, struct cx_table, CX_TABLES_MAX, 0);
CX_MAP(cx_group, BPF_MAP_TYPE_ARRAY, __u32, struct cx_group, CX_GROUPS_MAX, 0); /* daemon */
CX_MAP(cx_element, BPF_MAP_TYPE_ARRAY, __u32, struct cx_element, CX_ELEMENTS_MAX, 0); /* daemon */
CX_MAP(cx_nexthop, BPF_MAP_TYPE_ARRAY, __u32, struct cx_nexthop, CX_NEXTHOPS_MAX, 0);
CX_MAP(cx_reach, BPF_MAP_TYPE_LPM_TRIE, struct cx_lpm_key, struct cx_reach, CX_REACH_MAX, BPF_F_NO_PREALLOC);
CX_MAP(cx_flow, BPF_MAP_TYPE_ARRAY, __u32, struct cx_flow_set, CX_FLOWS_MAX / CX_FLOW_WAYS,
       BPF_F_MMAPABLE); /* daemon */
CX_MAP(cx_key, BPF_MAP_TYPE_ARRAY, __u32, struct cx_key, 1, 0);
CX_MAP(cx_meta, BPF_MAP_TYPE_ARRAY, __u32, struct cx_meta, 1, 0);
CX_MAP(cx_stats, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct cx_count, CX_REASON_COUNT, 0);
CX_MAP(cx_stat_listen, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct cx_listener_stats, CX_LISTENERS_MAX, 0);
CX_MAP(cx_stat_elem, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct cx_element_stats, CX_ELEMENTS_MAX, 0); /* daemon */

/* clang leaves a struct that only an inner map names out of BTF: name it once more. */
const volatile struct cx_ring_slots cx_ring_slots_btf = {};

/* A group's ring: replaced whole. Inner maps differ in size (BPF_F_INNER_MAP, 5.10). */
struct cx_ring_inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1 << (CX_RING_BITS_MIN - 1));
	__uint(map_flags, BPF_F_INNER_MAP);
	__type(key, __u32);
	__type(value, struct cx_ring_slots);
};
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, CX_GROUPS_MAX); /* daemon */
	__type(key, __u32);
	__array(values, struct cx_ring_inner);
} cx_ring SEC(".maps");

#endif
