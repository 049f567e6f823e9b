/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may come in: the CIDRs of all networks and the addresses of all
 * elements, as entries for one longest-prefix match.
 *
 * Invariants
 * - One look-up tells all: an entry holds the networks of every shorter prefix
 *   that covers it, too.
 * - An element is always known to the network of its group: responses and
 *   in-dialog requests come from it, and in-dialog requests may be sent to it
 *   whether its network is trusted or not.
 * - No IPv6 prefix speaks for IPv4: where one is short enough to cover
 *   ::ffff:0:0/96, an entry of the IPv4 space stops it.
 * - An entry that says the same as its nearest shorter one is left out, so
 *   that 65,536 elements in a listed network cost nothing.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "route/tables.h"

static int compare(const void *a, const void *b)
{
	const struct cx_source_entry *x = a, *y = b;

	return cx_lpm_key_compare(&x->key, &y->key);
}

static size_t count_sources(const struct cx_config *config)
{
	size_t i, n = 1; /* the IPv4 space */

	for (i = 0; i < config->n_networks; i++)
		n += config->networks[i].n_sources;
	for (i = 0; i < config->n_groups; i++)
		n += config->groups[i].n_elements;
	return n;
}

static bool has_listener(const struct cx_tables *t, uint32_t network, const struct cx_source_entry *e)
{
	uint8_t family = cx_lpm_key_is_v4(&e->key) ? CX_IPV4 : CX_IPV6;

	return cx_network_listener(&t->networks[network], family) != CX_NO_LISTENER;
}

/* may_send: requests may leave for it, given a listener of its family. */
static void fill(const struct cx_tables *t, struct cx_source_entry *e, const union cx_addr *addr,
		 uint32_t prefixlen, uint32_t network, bool may_send)
{
	cx_lpm_key_set(&e->key, addr, prefixlen);
	e->value.networks = 1ull << network;
	if (may_send && has_listener(t, network, e))
		e->value.egress = 1ull << network;
}

static size_t collect(const struct cx_tables *t, const struct cx_ids *ids, struct cx_source_entry *entries)
{
	const struct cx_config *config = t->config;
	bool v4_covered = false;
	size_t i, k, n = 0;

	for (i = 0; i < config->n_networks; i++) {
		for (k = 0; k < config->networks[i].n_sources; k++, n++) {
			const struct cx_config_cidr *cidr = &config->networks[i].sources[k];

			fill(t, &entries[n], &cidr->addr, cidr->prefixlen, ids->networks[i],
			     config->networks[i].trusted);
			v4_covered |= cx_lpm_key_covers_v4(&entries[n].key);
		}
	}
	for (i = 0; i < config->n_groups; i++) {
		const struct cx_config_group *g = &config->groups[i];

		for (k = 0; k < g->n_elements; k++)
			if (g->elements[k].family)
				fill(t, &entries[n++], &g->elements[k].addr, 128, ids->networks[g->network], true);
	}
	if (v4_covered)
		cx_lpm_key_any_v4(&entries[n++].key);
	return n;
}

static void add(struct cx_source *to, const struct cx_source *more)
{
	to->networks |= more->networks;
	to->egress |= more->egress;
}

static size_t merge_equal(struct cx_source_entry *entries, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		if (kept && !compare(&entries[kept - 1], &entries[i]))
			add(&entries[kept - 1].value, &entries[i].value);
		else
			entries[kept++] = entries[i];
	}
	return kept;
}

/* From the shortest prefix to the longest, so that the nearest shorter one
 * already holds what it inherited itself. Returns how many entries are left. */
static size_t inherit(struct cx_source_entry *entries, size_t n, bool *redundant)
{
	struct cx_lpm_array array = {.entries = entries, .n = n, .stride = sizeof(*entries)};
	struct cx_lpm_index index;
	size_t i, kept = 0;

	cx_lpm_index_build(&index, &array);
	for (i = n; i-- > 0;) {
		struct cx_source_entry *e = &entries[i];
		const struct cx_source_entry *cover = NULL;

		if (e->key.prefixlen)
			cover = cx_lpm_find(&index, &array, e->key.addr, e->key.prefixlen - 1);
		if (!cover || cx_lpm_key_is_v4(&e->key) != cx_lpm_key_is_v4(&cover->key))
			continue;
		add(&e->value, &cover->value);
		redundant[i] = !memcmp(&e->value, &cover->value, sizeof(e->value));
	}
	for (i = 0; i < n; i++)
		if (!redundant[i])
			entries[kept++] = entries[i];
	return kept;
}

int cx_sources_compile(struct cx_tables *t, const struct cx_ids *ids, struct cx_diag *diag)
{
	size_t n = count_sources(t->config);
	bool *redundant = calloc(n, sizeof(*redundant));
	int err = -ENOMEM;

	t->sources = calloc(n, sizeof(*t->sources));
	if (!t->sources || !redundant)
		goto out;
	n = collect(t, ids, t->sources);
	qsort(t->sources, n, sizeof(*t->sources), compare);
	n = merge_equal(t->sources, n);
	t->n_sources = inherit(t->sources, n, redundant);
	err = 0;
	if (t->n_sources > CX_SOURCES_MAX) {
		cx_diag_error(diag, t->config->path, 0,
			      "list a network's sources as CIDRs that hold its elements",
			      "%zu source prefixes, at most %d are possible", t->n_sources, CX_SOURCES_MAX);
		err = -E2BIG;
	}
out:
	free(redundant);
	return err;
}
