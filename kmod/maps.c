// SPDX-License-Identifier: GPL-2.0-only
/*
 * Takes over BPF maps by descriptor. A wrong one would make the engine read
 * behind a value's end, so shapes are compared exactly.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/netlink.h>
#include <linux/slab.h>
#include <net/netlink.h>
#include "maps.h"

struct cx_map_shape {
	const char *name;
	enum bpf_map_type type;
	u32 key_size, value_size;
};

#define CX_ARRAY(value) BPF_MAP_TYPE_ARRAY, sizeof(u32), sizeof(value)
#define CX_PERCPU(value) BPF_MAP_TYPE_PERCPU_ARRAY, sizeof(u32), sizeof(value)
static const struct cx_map_shape cx_shapes[CX_MAP_A_END] = {
	[CX_MAP_A_LOCAL] = { "cx_local", BPF_MAP_TYPE_HASH, sizeof(struct cx_local_key), sizeof(u32) },
	[CX_MAP_A_LISTENER] = { "cx_listener", CX_ARRAY(struct cx_listener) },
	[CX_MAP_A_NETWORK] = { "cx_network", CX_ARRAY(struct cx_network) },
	[CX_MAP_A_SOURCE] = { "cx_source", BPF_MAP_TYPE_LPM_TRIE, sizeof(struct cx_lpm_key),
			      sizeof(struct cx_source) },
	[CX_MAP_A_DN] = { "cx_dn", BPF_MAP_TYPE_HASH, sizeof(struct cx_dn_key), sizeof(struct cx_dn) },
	[CX_MAP_A_DN_PREFIX] = { "cx_dn_prefix", BPF_MAP_TYPE_HASH, sizeof(struct cx_dn_key),
				 sizeof(struct cx_dn) },
	[CX_MAP_A_TABLE] = { "cx_table", CX_ARRAY(struct cx_table) },
	[CX_MAP_A_GROUP] = { "cx_group", CX_ARRAY(struct cx_group) },
	[CX_MAP_A_RING] = { "cx_ring", BPF_MAP_TYPE_ARRAY_OF_MAPS, sizeof(u32), sizeof(u32) },
	[CX_MAP_A_ELEMENT] = { "cx_element", CX_ARRAY(struct cx_element) },
	[CX_MAP_A_FLOW] = { "cx_flow", CX_ARRAY(struct cx_flow_set) },
	[CX_MAP_A_KEY] = { "cx_key", CX_ARRAY(struct cx_key) },
	[CX_MAP_A_META] = { "cx_meta", CX_ARRAY(struct cx_meta) },
	[CX_MAP_A_STAT_LISTEN] = { "cx_stat_listen", CX_PERCPU(struct cx_listener_stats) },
	[CX_MAP_A_STAT_ELEM] = { "cx_stat_elem", CX_PERCPU(struct cx_element_stats) },
};

/* Extended acknowledgements before 6.3 take constant texts only: the kernel's
 * log says more. */
static const char *const cx_refusals[CX_MAP_A_END] = {
#define CX_X(NAME, name) [CX_MAP_A_##NAME] = "map cx_" #name " is missing or of another shape",
	CX_GENL_MAPS(CX_X)
#undef CX_X
};

static int cx_map_refuse(enum cx_genl_map which, const char *why, struct netlink_ext_ack *extack)
{
	const struct cx_map_shape *shape = &cx_shapes[which];

	pr_warn_ratelimited("attach refused: map %s %s (wanted: type %u, key %u, value %u bytes)\n", shape->name,
			    why, shape->type, shape->key_size, shape->value_size);
	if (extack)
		extack->_msg = cx_refusals[which];
	return -EINVAL;
}

static int cx_map_check(const struct bpf_map *map, enum cx_genl_map which, struct netlink_ext_ack *extack)
{
	const struct cx_map_shape *shape = &cx_shapes[which];

	if (map->map_type != shape->type)
		return cx_map_refuse(which, "is of another type", extack);
	if (map->key_size != shape->key_size || map->value_size != shape->value_size)
		return cx_map_refuse(which, "has another key or value size", extack);
	if (which == CX_MAP_A_FLOW && !is_power_of_2(map->max_entries))
		return cx_map_refuse(which, "has a number of sets that is no power of two", extack);
	if (which == CX_MAP_A_RING &&
	    (!map->inner_map_meta || map->inner_map_meta->map_type != BPF_MAP_TYPE_ARRAY ||
	     map->inner_map_meta->key_size != sizeof(u32) ||
	     map->inner_map_meta->value_size != sizeof(struct cx_ring_slots)))
		return cx_map_refuse(which, "holds rings of another shape", extack);
	return 0;
}

static int cx_map_get(struct cx_maps *maps, enum cx_genl_map which, const struct nlattr *fd,
		      struct netlink_ext_ack *extack)
{
	struct bpf_map *map;

	if (!fd)
		return cx_map_refuse(which, "is missing", extack);
	map = bpf_map_get(nla_get_s32(fd));
	if (IS_ERR(map)) {
		NL_SET_ERR_MSG_MOD(extack, "a descriptor in CX_A_MAPS is no BPF map");
		return PTR_ERR(map);
	}
	maps->map[which] = map;
	return cx_map_check(map, which, extack);
}

/* Do their writer and this module mean the same by their contents? */
static int cx_maps_check_abi(const struct cx_maps *maps, struct netlink_ext_ack *extack)
{
	const struct cx_meta *meta;
	u32 zero = 0, abi;

	rcu_read_lock();
	meta = cx_maps_find(maps, CX_MAP_A_META, &zero);
	abi = meta ? READ_ONCE(meta->abi) : 0;
	rcu_read_unlock();
	if (abi == CX_ABI)
		return 0;
	pr_warn_ratelimited("attach refused: the maps are of ABI %u, this module of %u\n", abi, CX_ABI);
	NL_SET_ERR_MSG_MOD(extack, "the maps are of another ABI than the module");
	return -EINVAL;
}

static const struct nla_policy cx_maps_policy[CX_MAP_A_END] = {
#define CX_X(NAME, name) [CX_MAP_A_##NAME] = { .type = NLA_S32 },
	CX_GENL_MAPS(CX_X)
#undef CX_X
};

struct cx_maps *cx_maps_get(const struct nlattr *nest, struct netlink_ext_ack *extack)
{
	struct nlattr *fds[CX_MAP_A_END];
	struct cx_maps *maps;
	int which, err;

	err = nla_parse_nested(fds, CX_MAP_A_MAX, nest, cx_maps_policy, extack);
	if (err)
		return ERR_PTR(err);
	maps = kzalloc(sizeof(*maps), GFP_KERNEL);
	if (!maps)
		return ERR_PTR(-ENOMEM);
	for (which = CX_MAP_A_UNSPEC + 1; which < CX_MAP_A_END && !err; which++)
		err = cx_map_get(maps, which, fds[which], extack);
	if (!err)
		err = cx_maps_check_abi(maps, extack);
	if (err) {
		cx_maps_put(maps);
		return ERR_PTR(err);
	}
	maps->flow_mask = maps->map[CX_MAP_A_FLOW]->max_entries - 1;
	return maps;
}

void cx_maps_put(struct cx_maps *maps)
{
	int which;

	if (!maps)
		return;
	for (which = 0; which < CX_MAP_A_END; which++)
		if (maps->map[which])
			bpf_map_put(maps->map[which]);
	kfree(maps);
}
