/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The BPF maps of an attachment: the same ones that the XDP program reads and
 * the daemon writes, held by reference. Their contents change at any time;
 * what is looked up holds, as for a BPF program, until the end of the RCU
 * read-side section.
 */
#ifndef CX_KMOD_MAPS_H
#define CX_KMOD_MAPS_H

#include <linux/bpf.h>
#include "cxsip/abi.h"
#include "cxsip/genl.h"

struct netlink_ext_ack;
struct nlattr;

struct cx_maps {
	struct bpf_map *map[CX_MAP_A_END]; /* [CX_MAP_A_UNSPEC] stays NULL */
	u32 flow_mask;			   /* number of sets of cx_flow, less one */
};

/* From CX_A_MAPS of the current process. Every map is checked for type, key
 * and value size, and cx_meta for the ABI that its writer spoke. */
struct cx_maps *cx_maps_get(const struct nlattr *nest, struct netlink_ext_ack *extack);
/* No look-up may be under way. */
void cx_maps_put(struct cx_maps *maps);

/* A pointer into map memory, NULL: no such key. */
static inline void *cx_maps_find(const struct cx_maps *maps, enum cx_genl_map which, const void *key)
{
	struct bpf_map *map = maps->map[which];

	return map->ops->map_lookup_elem(map, (void *)key);
}

#endif
