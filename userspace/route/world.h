/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world the engine looks things up in, as the daemon holds it in memory.
 * The BPF maps are a mirror of it: whatever changes here is announced through
 * struct cx_world_mirror, which fastpath/ implements (NULL: no fast path).
 *
 * Two halves:
 * - tables: compiled from one configuration; immutable; swapped whole.
 * - live: element states, rings, nexthops, reach, keys; changed one by one.
 *
 * Ids of groups, elements, networks and tables follow their names, those of
 * listeners address, port and transport, from one world to the next, so flows,
 * cookies and pinned maps stay right over reloads and restarts. Owned by the
 * daemon's main thread; compiling a successor may run on another. Other threads
 * read it through views (route/view.h).
 */
#ifndef CX_ROUTE_WORLD_H
#define CX_ROUTE_WORLD_H

#include "config/config.h"
#include "cxsip/abi.h"
#include "route/pause.h"

struct cx_dn_entry {
	struct cx_dn_key key;
	struct cx_dn value;
	uint32_t route; /* index into config->routes */
};

struct cx_source_entry {
	struct cx_lpm_key key;
	struct cx_source value;
};

struct cx_tables {
	const struct cx_config *config; /* borrowed: outlives the tables */
	struct cx_listener listeners[CX_LISTENERS_MAX];
	const struct cx_config_listener *listener_config[CX_LISTENERS_MAX]; /* NULL: unused id */
	size_t n_listeners; /* highest id + 1; sparse: CX_LISTENER_USED tells */
	struct cx_network networks[CX_NETWORKS_MAX];
	const struct cx_config_network *network_config[CX_NETWORKS_MAX]; /* NULL: unused id */
	struct cx_table table[CX_TABLES_MAX]; /* name empty: unused id */
	struct cx_dn_entry *dn, *prefix; /* each sorted by memcmp of the key */
	size_t n_dn, n_prefix;
	struct cx_source_entry *sources; /* sorted, longest prefix first */
	size_t n_sources;
	/* by id; sparse: CX_GROUP_USED and state tell */
	struct cx_group *groups;
	const struct cx_config_group **group_config;
	size_t n_groups; /* highest id + 1 */
	struct cx_element *elements; /* as configured: state UP or DISABLED */
	const struct cx_config_element **element_config;
	size_t n_elements; /* highest id + 1 */
	struct cx_tables_index *index; /* private to route/ */
};

/* What already has an id (of the running world, or read back from pinned
 * maps), each by id. NULL arrays: none. */
struct cx_names {
	const struct cx_group *groups;
	size_t n_groups;
	const struct cx_element *elements;
	size_t n_elements;
	const struct cx_listener *listeners;
	size_t n_listeners;
	const struct cx_network *networks;
	size_t n_networks;
	const struct cx_table *tables;
	size_t n_tables;
};

/* Compiles. 0; -E2BIG with a diag entry when a map size is exceeded; -ENOMEM. */
int cx_tables_compile(const struct cx_config *config, const struct cx_names *names,
		      struct cx_diag *diag, struct cx_tables **out);
void cx_tables_free(struct cx_tables *t);

struct cx_ring {
	uint16_t bits;
	uint32_t slots[]; /* 1 << bits element ids */
};

/* Maglev (Eisenbud et al., NSDI 2016, section 3.4) with weights: each element
 * takes turns in proportion to its weight. Preference lists come from hashes
 * of names, so nodes with the same configuration build the same ring.
 * NULL when no member has weight or on lack of memory (errno tells: 0 or ENOMEM). */
struct cx_ring_member {
	uint32_t element;
	uint32_t weight;
	const char *name;
};
struct cx_ring *cx_ring_build(const struct cx_ring_member *members, size_t n, uint16_t bits);
/* log2 of the slots for n members (members of unequal weight count as more):
 * one of a few sizes, at least 512 slots a member, which keeps weights within
 * 1 % and disruption low. */
uint16_t cx_ring_bits_for(size_t n_members);

struct cx_reach_entry {
	struct cx_lpm_key key;
	uint32_t nexthop; /* 0: known but unresolved */
};

struct cx_world_mirror {
	/* Each writes one thing to its map; 0 or -errno (logged by the callee). */
	int (*put_element)(void *ctx, uint32_t id, const struct cx_element *e);
	int (*put_group)(void *ctx, uint32_t id, const struct cx_group *g);
	int (*put_ring)(void *ctx, uint32_t id, const struct cx_ring *r); /* whole, atomically */
	int (*put_nexthop)(void *ctx, uint32_t id, const struct cx_nexthop *n);
	int (*put_reach)(void *ctx, const struct cx_reach_entry *e);
	int (*del_reach)(void *ctx, const struct cx_lpm_key *key);
	int (*put_key)(void *ctx, const struct cx_key *k);
	/* From old (may be NULL: unknown map contents, replace all) to new. Order:
	 * elements, rings, groups, listeners, then DNs, then removals, so that no
	 * message meets a DN whose group is not there. May run on another thread. */
	int (*put_tables)(void *ctx, const struct cx_tables *old, const struct cx_tables *new);
	/* Recent calls: the map, or memory when there is no fast path. */
	int (*get_flow)(void *ctx, uint64_t call, struct cx_flow *flow);
	int (*put_flow)(void *ctx, uint64_t call, const struct cx_flow *flow);
	void *ctx;
};

struct cx_world {
	const struct cx_config *config;
	const struct cx_tables *tables;
	/* live copies by id; n = capacity from config */
	struct cx_group *groups;
	struct cx_ring **rings;
	struct cx_element *elements;
	struct cx_pause *pauses; /* of elements; health/ owns them */
	struct cx_nexthop *nexthops;
	size_t max_groups, max_elements, max_nexthops;
	struct cx_reach_entry *reach; /* sorted, longest prefix first */
	size_t n_reach;
	struct cx_key key;
	struct cx_meta meta;
	struct cx_flow_memory *flows; /* used while mirror.get_flow is NULL */
	struct cx_world_index *index; /* private to route/ */
	struct cx_world_mirror mirror; /* all NULL: no fast path */
	/* For views: something that they show has changed since it was last cleared;
	 * who frees a ring that they may still show (NULL: freed at once). */
	bool changed;
	void (*retire)(void *ctx, void (*release)(void *p), void *p);
	void *retire_ctx;
	/* Told after any change of an element's state (may be NULL). */
	void (*on_element)(void *ctx, uint32_t element, uint8_t old_state, uint8_t old_reason);
	void *on_element_ctx;
};

int cx_world_new(const struct cx_config *config, const struct cx_tables *tables, struct cx_world **out);
void cx_world_free(struct cx_world *w);

/* Takes over new tables after mirror.put_tables() has run: carries the states
 * of elements that stay, rebuilds rings that changed, tells the mirror. 0; or
 * -E2BIG (more groups or elements than the world was made for) or -ENOMEM, and
 * nothing has changed. Errors of the mirror do not fail it: they are logged
 * there, and the daemon itself goes by the memory. */
int cx_world_swap(struct cx_world *w, const struct cx_config *config, const struct cx_tables *tables);

/* State changes rebuild the group's ring and mirror it before returning.
 * now_ms: wall clock. 0, or -ENOENT, or the mirror's error. */
int cx_world_set_element(struct cx_world *w, uint32_t element, uint8_t state, uint8_t reason, uint64_t now_ms);
int cx_world_set_element_nexthop(struct cx_world *w, uint32_t element, uint32_t nexthop);
/* What the element, or the operator, said last. Its state is the caller's. -ENOENT. */
int cx_world_set_pause(struct cx_world *w, uint32_t element, const struct cx_pause *pause);
/* Around many state changes at once (a link goes down): each element is told to
 * the mirror at once, each ring is built once, at the outermost release. */
void cx_world_hold(struct cx_world *w);
int cx_world_release(struct cx_world *w);
/* id by name, CX_NONE if there is none */
uint32_t cx_world_find_element(const struct cx_world *w, const char *name);
uint32_t cx_world_find_group(const struct cx_world *w, const char *name);
/* id of the element at that address, the lowest of several; CX_NONE if there is none */
uint32_t cx_world_element_at(const struct cx_world *w, const union cx_addr *addr, uint16_t port);
/* Nexthops and reach are replaced by fastpath/reach.c */
int cx_world_set_nexthop(struct cx_world *w, uint32_t id, const struct cx_nexthop *n);
/* Takes ownership of entries (malloc'd, sorted longest prefix first); mirrors the difference. */
int cx_world_set_reach(struct cx_world *w, struct cx_reach_entry *entries, size_t n);
int cx_world_set_key(struct cx_world *w, const struct cx_key *key);

/* The engine's look-ups (proxy/stateless.c calls them) and `explain`. */
const struct cx_dn_entry *cx_tables_find_dn(const struct cx_tables *t, const struct cx_dn_key *key);
const struct cx_dn_entry *cx_tables_find_prefix(const struct cx_tables *t, const struct cx_dn_key *key);
const struct cx_source *cx_tables_source(const struct cx_tables *t, const union cx_addr *addr); /* or NULL */
/* Is it to be believed when `by` says by ICMP that `gone` cannot be reached from that
 * listener? Anybody can send such a thing about anybody. */
bool cx_tables_may_report(const struct cx_tables *t, uint32_t listener, const union cx_addr *gone,
			  const union cx_addr *by);
/* All elements at that address (of several groups): *ids points into the tables. */
size_t cx_tables_elements_at(const struct cx_tables *t, const union cx_addr *addr, uint16_t port,
			     const uint32_t **ids);
/* All servers of elements whose URI has that host name, which is in lower case. */
size_t cx_tables_elements_named(const struct cx_tables *t, const char *host, const uint32_t **ids);
/* The elements of a group: *ids points into the tables. */
size_t cx_tables_members(const struct cx_tables *t, uint32_t group, const uint32_t **ids);
uint32_t cx_tables_listener_at(const struct cx_tables *t, const union cx_addr *addr, uint16_t port); /* or CX_NONE */
const struct cx_reach_entry *cx_world_reach(const struct cx_world *w, const union cx_addr *addr); /* or NULL */
/* Is it known that this address is none of this host's? */
bool cx_world_is_elsewhere(const struct cx_world *w, const union cx_addr *addr);
int cx_world_get_flow(const struct cx_world *w, uint64_t call, struct cx_flow *flow); /* 0 or -ENOENT */
int cx_world_put_flow(const struct cx_world *w, uint64_t call, const struct cx_flow *flow);

#endif
