/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of this room share: the open fast path, where its pins are,
 * and how a map is reached by number.
 *
 * Invariants
 * - Map descriptors are fixed from open to close, so any thread may use them.
 * - The recent calls may be read and written by any thread until close.
 * - links[] is the main thread's alone; so is the reach bookkeeping.
 */
#ifndef CX_FASTPATH_INTERNAL_H
#define CX_FASTPATH_INTERNAL_H

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "fastpath/fastpath.h"

#define CX_PIN_PATH 256
#define CX_LINKS_MAX 64

/* Every map that is pinned and that the daemon works with. */
#define CX_PINNED_MAPS(X)                                                                                    \
	X(LOCAL, "cx_local")                                                                                 \
	X(LISTENER, "cx_listener")                                                                           \
	X(NETWORK, "cx_network")                                                                             \
	X(SOURCE, "cx_source")                                                                               \
	X(DN, "cx_dn")                                                                                       \
	X(DN_PREFIX, "cx_dn_prefix")                                                                         \
	X(TABLE, "cx_table")                                                                                 \
	X(GROUP, "cx_group")                                                                                 \
	X(RING, "cx_ring")                                                                                   \
	X(ELEMENT, "cx_element")                                                                             \
	X(NEXTHOP, "cx_nexthop")                                                                             \
	X(REACH, "cx_reach")                                                                                 \
	X(FLOW, "cx_flow")                                                                                   \
	X(KEY, "cx_key")                                                                                     \
	X(META, "cx_meta")                                                                                   \
	X(STATS, "cx_stats")                                                                                 \
	X(STAT_LISTEN, "cx_stat_listen")                                                                     \
	X(STAT_ELEM, "cx_stat_elem")

enum cx_map {
#define CX_X(NAME, name) CX_MAP_##NAME,
	CX_PINNED_MAPS(CX_X)
#undef CX_X
	CX_MAP_COUNT
};
extern const char *const cx_map_names[CX_MAP_COUNT];

struct cx_xdp_bpf;
struct cx_kfuncs_bpf;
struct cx_ring_publisher;

struct cx_attached {
	struct cx_fastpath_link shown;
	int fd;
};

struct cx_fastpath {
	struct cx_xdp_bpf *skeleton;
	struct cx_kfuncs_bpf *with_kfuncs; /* the form that calls the module, when it is in place */
	char pin_root[128];
	int map[CX_MAP_COUNT];
	uint32_t max_entries[CX_MAP_COUNT];
	uint32_t reused; /* bit n: map n was pinned before */
	struct cx_flow_set *flow_sets; /* the map cx_flow, in our memory */
	struct cx_flow_memory *flows;  /* over it */
	int program;
	uint32_t program_id;
	int possible_cpus;
	struct cx_attached links[CX_LINKS_MAX];
	size_t n_links;
	struct cx_ring_publisher *rings;
	/* Reach entries that an earlier daemon left: sorted; `live` once this
	 * daemon has spoken about one. The rest goes at the first heartbeat
	 * after the routes were read. */
	struct cx_stale_reach *stale;
	size_t n_stale;
	bool reach_spoken;
	uint64_t reported_ms[CX_MAP_COUNT]; /* rate limit of error messages */
};

/* pin.c: pin_root/v<CX_ABI>/<kind>/<name>; name NULL: the directory. */
int cx_pin_path(char path[CX_PIN_PATH], const char *pin_root, const char *kind, const char *name);
/* Makes the directories, mounting the BPF file system where it is missing. */
int cx_pin_prepare(const char *pin_root, struct cx_diag *diag);
/* An interface's name as a pin's: the BPF file system refuses dots. */
void cx_pin_link_name(const char *ifname, char name[16]);

/* mirror.c: says once a second and map what went wrong. Returns err. */
int cx_map_failed(struct cx_fastpath *fp, enum cx_map map, const char *what, int err);
int cx_flows_open(struct cx_fastpath *fp);
void cx_flows_close(struct cx_fastpath *fp);
int cx_stale_reach_load(struct cx_fastpath *fp);
void cx_stale_reach_sweep(struct cx_fastpath *fp);

/* program.c: makes it the one that is pinned and attached from now on. */
int cx_fastpath_set_program(struct cx_fastpath *fp, int program);

/* kfuncs.c: gives the other form's descriptors back; what is attached stays. */
void cx_kfuncs_close(struct cx_fastpath *fp);

/* ring.c */
int cx_rings_open(struct cx_fastpath *fp, int btf_fd, uint32_t key_type, uint32_t value_type);
int cx_rings_put(struct cx_fastpath *fp, uint32_t group, const struct cx_ring *ring);
/* Writes a group behind its ring when that is still under way. */
int cx_rings_put_group(struct cx_fastpath *fp, uint32_t id, const struct cx_group *group);
void cx_rings_close(struct cx_fastpath *fp); /* finishes what is under way */

/* tables.c */
int cx_tables_put(struct cx_fastpath *fp, const struct cx_tables *old, const struct cx_tables *new);

/* batch.c: a set of (key, value) records in memory, sorted by memcmp of the key. */
struct cx_records {
	const uint8_t *base;
	size_t n, stride;
	uint32_t key_size, value_size, value_offset;
};
/* Everything a hash or trie holds, malloc'd in *memory. */
int cx_records_dump(int fd, uint32_t key_size, uint32_t value_size, struct cx_records *out, uint8_t **memory);
void cx_records_sort(uint8_t *memory, struct cx_records *r);
/* How many records of new are not in old by key. */
size_t cx_records_added(const struct cx_records *old, const struct cx_records *new);
/* Writes what is new or changed; deletes what is only in old. */
int cx_records_put(int fd, const struct cx_records *old, const struct cx_records *new);
int cx_records_remove(int fd, const struct cx_records *old, const struct cx_records *new);
/* All n values of an array map, in one go. */
int cx_array_read(int fd, uint32_t n, uint32_t value_size, void *values);

#endif
