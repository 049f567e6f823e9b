/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From one set of compiled tables to the next, in the maps, while traffic
 * runs. May run beside the main thread, which goes on changing live state
 * (elements, rings, nexthops); so this writes only what the tables own, and of
 * elements and groups only those that did not exist.
 *
 * Order: what is pointed to before what points there, removals last.
 * - A new group starts as CX_GROUP_EMPTY: its requests go to the daemon until
 *   the world has put its ring.
 * - A prefix length is announced before its first prefix and withdrawn after
 *   its last one.
 * - DNs come before the addresses (cx_local) that would look them up.
 * - A DN map without room for old and new together loses the old ones first:
 *   a DN that is missing for a moment is the daemon's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fastpath/internal.h"

/* What the maps hold now, as far as the swap must know it. */
struct state {
	struct cx_records dn, prefix, source, local;
	uint8_t *memory[4];
	struct cx_table table[CX_TABLES_MAX];
	struct cx_listener *listeners; /* CX_LISTENERS_MAX */
	struct cx_network networks[CX_NETWORKS_MAX];
	struct cx_group *groups;
	size_t n_groups;
	struct cx_element *elements;
	size_t n_elements;
	bool own_arrays;
};

static void state_free(struct state *s)
{
	size_t i;

	for (i = 0; i < 4; i++)
		free(s->memory[i]);
	free(s->listeners);
	if (s->own_arrays) {
		free(s->groups);
		free(s->elements);
	}
	memset(s, 0, sizeof(*s));
}

static void view_dn(const struct cx_dn_entry *entries, size_t n, struct cx_records *out)
{
	*out = (struct cx_records){.base = (const uint8_t *)entries,
				   .n = n,
				   .stride = sizeof(*entries),
				   .key_size = sizeof(struct cx_dn_key),
				   .value_size = sizeof(struct cx_dn),
				   .value_offset = offsetof(struct cx_dn_entry, value)};
}

/* The tables hold them longest prefix first; the merge wants them by key. */
static int view_sources(const struct cx_tables *t, struct cx_records *out, uint8_t **memory)
{
	size_t stride = sizeof(struct cx_lpm_key) + sizeof(struct cx_source), i;

	*out = (struct cx_records){.n = t->n_sources,
				   .stride = stride,
				   .key_size = sizeof(struct cx_lpm_key),
				   .value_size = sizeof(struct cx_source),
				   .value_offset = sizeof(struct cx_lpm_key)};
	*memory = malloc(t->n_sources ? t->n_sources * stride : 1);
	if (!*memory)
		return -ENOMEM;
	for (i = 0; i < t->n_sources; i++) {
		memcpy(*memory + i * stride, &t->sources[i].key, sizeof(struct cx_lpm_key));
		memcpy(*memory + i * stride + sizeof(struct cx_lpm_key), &t->sources[i].value,
		       sizeof(struct cx_source));
	}
	out->base = *memory;
	cx_records_sort(*memory, out);
	return 0;
}

static int view_local(const struct cx_tables *t, struct cx_records *out, uint8_t **memory)
{
	size_t stride = sizeof(struct cx_local_key) + sizeof(uint32_t);
	uint32_t id;

	*out = (struct cx_records){.stride = stride,
				   .key_size = sizeof(struct cx_local_key),
				   .value_size = sizeof(uint32_t),
				   .value_offset = sizeof(struct cx_local_key)};
	*memory = malloc(CX_LISTENERS_MAX * stride);
	if (!*memory)
		return -ENOMEM;
	for (id = 0; id < CX_LISTENERS_MAX; id++) {
		const struct cx_listener *l = &t->listeners[id];
		struct cx_local_key key = {
			.addr = l->addr, .port = l->port, .family = l->family, .transport = CX_UDP};

		if (!(l->flags & CX_LISTENER_USED))
			continue;
		if (l->transport != CX_UDP)
			continue; /* only datagrams meet the fast path */
		memcpy(*memory + out->n * stride, &key, sizeof(key));
		memcpy(*memory + out->n * stride + sizeof(key), &id, sizeof(id));
		out->n++;
	}
	out->base = *memory;
	cx_records_sort(*memory, out);
	return 0;
}

static int state_of_tables(const struct cx_tables *t, struct state *s)
{
	int err;

	view_dn(t->dn, t->n_dn, &s->dn);
	view_dn(t->prefix, t->n_prefix, &s->prefix);
	memcpy(s->table, t->table, sizeof(s->table));
	memcpy(s->networks, t->networks, sizeof(s->networks));
	s->listeners = malloc(sizeof(t->listeners));
	if (!s->listeners)
		return -ENOMEM;
	memcpy(s->listeners, t->listeners, sizeof(t->listeners));
	s->groups = t->groups;
	s->n_groups = t->n_groups;
	s->elements = t->elements;
	s->n_elements = t->n_elements;
	err = view_sources(t, &s->source, &s->memory[2]);
	return err ? err : view_local(t, &s->local, &s->memory[3]);
}

static int state_of_maps(struct cx_fastpath *fp, struct state *s)
{
	int err;

	s->own_arrays = true;
	s->n_groups = fp->max_entries[CX_MAP_GROUP];
	s->n_elements = fp->max_entries[CX_MAP_ELEMENT];
	s->groups = calloc(s->n_groups, sizeof(*s->groups));
	s->elements = calloc(s->n_elements, sizeof(*s->elements));
	s->listeners = calloc(CX_LISTENERS_MAX, sizeof(*s->listeners));
	if (!s->groups || !s->elements || !s->listeners)
		return -ENOMEM;
	err = cx_records_dump(fp->map[CX_MAP_DN], sizeof(struct cx_dn_key), sizeof(struct cx_dn), &s->dn,
			      &s->memory[0]);
	if (!err)
		err = cx_records_dump(fp->map[CX_MAP_DN_PREFIX], sizeof(struct cx_dn_key), sizeof(struct cx_dn),
				      &s->prefix, &s->memory[1]);
	if (!err)
		err = cx_records_dump(fp->map[CX_MAP_SOURCE], sizeof(struct cx_lpm_key), sizeof(struct cx_source),
				      &s->source, &s->memory[2]);
	if (!err)
		err = cx_records_dump(fp->map[CX_MAP_LOCAL], sizeof(struct cx_local_key), sizeof(uint32_t), &s->local,
				      &s->memory[3]);
	if (!err)
		err = cx_array_read(fp->map[CX_MAP_TABLE], CX_TABLES_MAX, sizeof(struct cx_table), s->table);
	if (!err)
		err = cx_array_read(fp->map[CX_MAP_NETWORK], CX_NETWORKS_MAX, sizeof(struct cx_network), s->networks);
	if (!err)
		err = cx_array_read(fp->map[CX_MAP_LISTENER], CX_LISTENERS_MAX, sizeof(struct cx_listener),
				    s->listeners);
	if (!err)
		err = cx_array_read(fp->map[CX_MAP_GROUP], (uint32_t)s->n_groups, sizeof(struct cx_group), s->groups);
	if (!err)
		err = cx_array_read(fp->map[CX_MAP_ELEMENT], (uint32_t)s->n_elements, sizeof(struct cx_element),
				    s->elements);
	return err;
}

/* Remembers the first error, says each, and lets the rest go on. */
static void note(struct cx_fastpath *fp, enum cx_map map, const char *what, int err, int *first)
{
	if (!err)
		return;
	cx_map_failed(fp, map, what, err);
	if (!*first)
		*first = err;
}

static void put_index(struct cx_fastpath *fp, enum cx_map map, uint32_t id, const void *value, int *first)
{
	note(fp, map, "put", bpf_map_update_elem(fp->map[map], &id, value, BPF_ANY), first);
}

static void put_new_elements(struct cx_fastpath *fp, const struct state *s, const struct cx_tables *new, int *first)
{
	uint32_t id;

	for (id = 0; id < new->n_elements; id++) {
		const struct cx_element *e = &new->elements[id];

		/* An id that another element had is put by the world, which
		 * takes it out of the old rings first. */
		if (e->state == CX_ELEMENT_UNUSED ||
		    (id < s->n_elements && s->elements[id].state != CX_ELEMENT_UNUSED))
			continue;
		put_index(fp, CX_MAP_ELEMENT, id, e, first);
	}
}

static void put_new_groups(struct cx_fastpath *fp, const struct state *s, const struct cx_tables *new, int *first)
{
	uint32_t id;

	for (id = 0; id < new->n_groups; id++) {
		struct cx_group g = new->groups[id];

		if (!(g.flags & CX_GROUP_USED))
			continue;
		if (id < s->n_groups && (s->groups[id].flags & CX_GROUP_USED) &&
		    memcmp(s->groups[id].name, g.name, sizeof(g.name)) == 0)
			continue;
		g.flags |= CX_GROUP_EMPTY;
		g.elements_up = 0;
		put_index(fp, CX_MAP_GROUP, id, &g, first);
	}
}

/* On the way in: all that is used. On the way out: what is no longer. */
static void put_arrays(struct cx_fastpath *fp, const struct state *s, const struct cx_tables *new, bool in,
		       int *first)
{
	uint32_t id;

	for (id = 0; id < CX_TABLES_MAX; id++) {
		struct cx_table t = new->table[id];

		if (in)
			t.prefix_lengths |= s->table[id].prefix_lengths;
		if (memcmp(&t, &s->table[id], sizeof(t)) != 0 || !in)
			put_index(fp, CX_MAP_TABLE, id, &t, first);
	}
	for (id = 0; id < CX_NETWORKS_MAX; id++)
		if (!!(new->networks[id].flags & CX_NETWORK_USED) == in &&
		    memcmp(&new->networks[id], &s->networks[id], sizeof(s->networks[id])) != 0)
			put_index(fp, CX_MAP_NETWORK, id, &new->networks[id], first);
	for (id = 0; id < CX_LISTENERS_MAX; id++)
		if (!!(new->listeners[id].flags & CX_LISTENER_USED) == in &&
		    memcmp(&new->listeners[id], &s->listeners[id], sizeof(s->listeners[id])) != 0)
			put_index(fp, CX_MAP_LISTENER, id, &new->listeners[id], first);
}

static void swap_records(struct cx_fastpath *fp, enum cx_map map, const struct cx_records *old,
			 const struct cx_records *new, int *first)
{
	if (old->n + cx_records_added(old, new) > fp->max_entries[map])
		note(fp, map, "remove", cx_records_remove(fp->map[map], old, new), first);
	note(fp, map, "put", cx_records_put(fp->map[map], old, new), first);
}

static void remove_records(struct cx_fastpath *fp, enum cx_map map, const struct cx_records *old,
			   const struct cx_records *new, int *first)
{
	note(fp, map, "remove", cx_records_remove(fp->map[map], old, new), first);
}

/* After a restart with another configuration: ids that nobody knows any more.
 * The world never heard of them, so nobody else would clear them. */
static void clear_unknown(struct cx_fastpath *fp, const struct state *s, const struct cx_tables *new, int *first)
{
	static const struct cx_group no_group;
	static const struct cx_element no_element;
	uint32_t id;

	for (id = 0; id < s->n_groups; id++)
		if ((s->groups[id].flags & CX_GROUP_USED) &&
		    (id >= new->n_groups || !(new->groups[id].flags & CX_GROUP_USED)))
			note(fp, CX_MAP_GROUP, "remove", cx_rings_put_group(fp, id, &no_group), first);
	for (id = 0; id < s->n_elements; id++)
		if (s->elements[id].state != CX_ELEMENT_UNUSED &&
		    (id >= new->n_elements || new->elements[id].state == CX_ELEMENT_UNUSED))
			put_index(fp, CX_MAP_ELEMENT, id, &no_element, first);
}

int cx_tables_put(struct cx_fastpath *fp, const struct cx_tables *old, const struct cx_tables *new)
{
	struct state was = {0}, next = {0};
	int err, first = 0;

	err = old ? state_of_tables(old, &was) : state_of_maps(fp, &was);
	if (!err)
		err = state_of_tables(new, &next);
	if (err)
		goto out;
	put_new_elements(fp, &was, new, &first);
	put_new_groups(fp, &was, new, &first);
	put_arrays(fp, &was, new, true, &first);
	swap_records(fp, CX_MAP_SOURCE, &was.source, &next.source, &first);
	swap_records(fp, CX_MAP_DN, &was.dn, &next.dn, &first);
	swap_records(fp, CX_MAP_DN_PREFIX, &was.prefix, &next.prefix, &first);
	swap_records(fp, CX_MAP_LOCAL, &was.local, &next.local, &first);
	remove_records(fp, CX_MAP_LOCAL, &was.local, &next.local, &first);
	remove_records(fp, CX_MAP_DN, &was.dn, &next.dn, &first);
	remove_records(fp, CX_MAP_DN_PREFIX, &was.prefix, &next.prefix, &first);
	remove_records(fp, CX_MAP_SOURCE, &was.source, &next.source, &first);
	put_arrays(fp, &was, new, false, &first);
	if (!old)
		clear_unknown(fp, &was, new, &first);
	err = first;
out:
	state_free(&was);
	state_free(&next);
	return err;
}
