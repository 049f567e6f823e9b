/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ways into compiled tables, made once per configuration: names, members of a
 * group, addresses of elements; and the look-ups that use them. These are the
 * engine's look-ups in the daemon: all are O(log n) or better and allocate
 * nothing.
 */
#define _GNU_SOURCE /* qsort_r */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "route/tables.h"

/* A ring of more slots than this many times its members' is not worth its
 * memory, however small the smallest weight is. */
#define SPREAD_MAX 8

static int build_members(const struct cx_tables *t, struct cx_tables_index *x)
{
	uint32_t *next;
	size_t i;

	x->members = calloc(t->n_elements + 1, sizeof(*x->members));
	x->member_start = calloc(t->n_groups + 2, sizeof(*x->member_start));
	if (!x->members || !x->member_start)
		return -ENOMEM;
	/* Counted two places ahead: after filling, start[g] is where g begins. */
	next = x->member_start + 1;
	for (i = 0; i < t->n_elements; i++)
		if (t->elements[i].state != CX_ELEMENT_UNUSED)
			x->member_start[t->elements[i].group + 2]++;
	for (i = 1; i <= t->n_groups; i++)
		x->member_start[i + 1] += x->member_start[i];
	for (i = 0; i < t->n_elements; i++)
		if (t->elements[i].state != CX_ELEMENT_UNUSED)
			x->members[next[t->elements[i].group]++] = (uint32_t)i;
	return 0;
}

/* As many members as there would be if all had the smallest weight. */
static size_t members_by_weight(const struct cx_tables *t, const struct cx_tables_index *x, size_t group)
{
	size_t n = x->member_start[group + 1] - x->member_start[group], count, i;
	uint32_t smallest = UINT32_MAX;
	uint64_t sum = 0;

	for (i = x->member_start[group]; i < x->member_start[group + 1]; i++) {
		uint32_t weight = t->elements[x->members[i]].weight;

		sum += weight;
		if (weight && weight < smallest)
			smallest = weight;
	}
	count = (size_t)((sum + smallest - 1) / smallest);
	return count < n * SPREAD_MAX ? count : n * SPREAD_MAX;
}

static int build_ring_bits(const struct cx_tables *t, struct cx_tables_index *x)
{
	size_t i;

	x->ring_bits = calloc(t->n_groups + 1, sizeof(*x->ring_bits));
	if (!x->ring_bits)
		return -ENOMEM;
	for (i = 0; i < t->n_groups; i++)
		x->ring_bits[i] = cx_ring_bits_for(members_by_weight(t, x, i));
	return 0;
}

static int compare_hosts(const void *a, const void *b, void *configs)
{
	const struct cx_config_element *const *config = configs;
	const uint32_t *x = a, *y = b;
	int order = strcmp(config[*x]->host, config[*y]->host);

	return order ? order : *x < *y ? -1 : *x > *y;
}

static int build_hosts(const struct cx_tables *t, struct cx_tables_index *x)
{
	size_t i;

	x->by_host = calloc(t->n_elements + 1, sizeof(*x->by_host));
	if (!x->by_host)
		return -ENOMEM;
	for (i = 0; i < t->n_elements; i++)
		if (t->element_config[i] && t->element_config[i]->host[0] && t->elements[i].family)
			x->by_host[x->n_by_host++] = (uint32_t)i;
	qsort_r(x->by_host, x->n_by_host, sizeof(*x->by_host), compare_hosts, t->element_config);
	return 0;
}

static struct cx_lpm_array source_array(const struct cx_tables *t)
{
	return (struct cx_lpm_array){.entries = t->sources, .n = t->n_sources, .stride = sizeof(*t->sources)};
}

int cx_tables_index_build(struct cx_tables *t)
{
	struct cx_tables_index *x = calloc(1, sizeof(*x));
	struct cx_lpm_array sources = source_array(t);
	int err;

	t->index = x;
	if (!x)
		return -ENOMEM;
	cx_lpm_index_build(&x->sources, &sources);
	err = cx_name_index_build(&x->group_names, t->groups->name, sizeof(*t->groups), t->n_groups);
	if (!err)
		err = cx_name_index_build(&x->element_names, t->elements->name, sizeof(*t->elements),
					  t->n_elements);
	if (!err)
		err = build_members(t, x);
	if (!err)
		err = build_ring_bits(t, x);
	if (!err)
		err = cx_places_build(&x->places, t->elements, t->n_elements);
	if (!err)
		err = build_hosts(t, x);
	return err;
}

void cx_tables_index_free(struct cx_tables_index *x)
{
	if (!x)
		return;
	cx_name_index_free(&x->group_names);
	cx_name_index_free(&x->element_names);
	free(x->members);
	free(x->member_start);
	free(x->ring_bits);
	cx_places_free(&x->places);
	free(x->by_host);
	free(x);
}

static int compare_dn(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct cx_dn_key));
}

const struct cx_dn_entry *cx_tables_find_dn(const struct cx_tables *t, const struct cx_dn_key *key)
{
	return bsearch(key, t->dn, t->n_dn, sizeof(*t->dn), compare_dn);
}

const struct cx_dn_entry *cx_tables_find_prefix(const struct cx_tables *t, const struct cx_dn_key *key)
{
	return bsearch(key, t->prefix, t->n_prefix, sizeof(*t->prefix), compare_dn);
}

const struct cx_source *cx_tables_source(const struct cx_tables *t, const union cx_addr *addr)
{
	struct cx_lpm_array sources = source_array(t);
	const struct cx_source_entry *e = cx_lpm_find(&t->index->sources, &sources, addr->b, 128);

	return e ? &e->value : NULL;
}

/* The host itself, our own (no neighbour, no route), and whoever may send to the
 * network: its routers are there, too. Where anybody may send, that says nothing. */
bool cx_tables_may_report(const struct cx_tables *t, uint32_t listener, const union cx_addr *gone,
			  const union cx_addr *by)
{
	const struct cx_listener *l = listener < t->n_listeners ? &t->listeners[listener] : NULL;
	const struct cx_source *source = cx_tables_source(t, by);

	if (!l || !(l->flags & CX_LISTENER_USED))
		return false;
	return !memcmp(by, gone, sizeof(*by)) || !memcmp(by, &l->addr, sizeof(*by)) ||
	       (!(l->flags & CX_LISTENER_ANY_SOURCE) && source && (source->networks >> l->network & 1));
}

uint32_t cx_tables_listener_at(const struct cx_tables *t, const union cx_addr *addr, uint16_t port)
{
	size_t i;

	for (i = 0; i < t->n_listeners; i++)
		if (t->listeners[i].flags & CX_LISTENER_USED && t->listeners[i].transport == CX_UDP &&
		    t->listeners[i].port == port && !memcmp(&t->listeners[i].addr, addr, sizeof(*addr)))
			return (uint32_t)i;
	return CX_NONE;
}

size_t cx_tables_elements_at(const struct cx_tables *t, const union cx_addr *addr, uint16_t port,
			     const uint32_t **ids)
{
	return cx_places_find(&t->index->places, addr, port, ids);
}

size_t cx_tables_elements_named(const struct cx_tables *t, const char *host, const uint32_t **ids)
{
	const struct cx_tables_index *x = t->index;
	size_t low = 0, high = x->n_by_host, n = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(t->element_config[x->by_host[middle]]->host, host) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ids = x->by_host + low;
	while (low + n < x->n_by_host && !strcmp(t->element_config[x->by_host[low + n]]->host, host))
		n++;
	return n;
}

size_t cx_tables_members(const struct cx_tables *t, uint32_t group, const uint32_t **ids)
{
	const struct cx_tables_index *x = t->index;

	if (group >= t->n_groups)
		return 0;
	*ids = x->members + x->member_start[group];
	return x->member_start[group + 1] - x->member_start[group];
}
