/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who may come in: the CIDRs of all networks and the addresses of all
 * elements, as entries for one longest-prefix match.
 *
 * Invariants
 * - One look-up tells all: an entry holds the networks of every shorter prefix
 *   that covers it, too.
 * - An element is always known to the network of its group: responses and
 *   in-dialog requests come from it.
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

static size_t collect(const struct cx_config *config, struct cx_source_entry *entries)
{
	bool v4_covered = false;
	size_t i, k, n = 0;

	for (i = 0; i < config->n_networks; i++) {
		for (k = 0; k < config->networks[i].n_sources; k++, n++) {
			const struct cx_config_cidr *cidr = &config->networks[i].sources[k];

			cx_lpm_key_set(&entries[n].key, &cidr->addr, cidr->prefixlen);
			entries[n].value.networks = 1ull << i;
			v4_covered |= cx_lpm_key_covers_v4(&entries[n].key);
		}
	}
	for (i = 0; i < config->n_groups; i++) {
		for (k = 0; k < config->groups[i].n_elements; k++, n++) {
			cx_lpm_key_set(&entries[n].key, &config->groups[i].elements[k].addr, 128);
			entries[n].value.networks = 1ull << config->groups[i].network;
		}
	}
	if (v4_covered)
		cx_lpm_key_any_v4(&entries[n++].key);
	return n;
}

static size_t merge_equal(struct cx_source_entry *entries, size_t n)
{
	size_t i, kept = 0;

	for (i = 0; i < n; i++) {
		if (kept && !compare(&entries[kept - 1], &entries[i]))
			entries[kept - 1].value.networks |= entries[i].value.networks;
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
		e->value.networks |= cover->value.networks;
		redundant[i] = e->value.networks == cover->value.networks;
	}
	for (i = 0; i < n; i++)
		if (!redundant[i])
			entries[kept++] = entries[i];
	return kept;
}

/* The networks of a mask that may send to an address of this family. */
static uint64_t egress_of(const struct cx_tables *t, uint64_t networks, bool v4)
{
	uint64_t egress = 0;
	size_t i;

	for (i = 0; i < t->config->n_networks; i++) {
		const struct cx_network *n = &t->networks[i];

		if ((networks >> i & 1) && (n->flags & CX_NETWORK_TRUSTED) &&
		    (v4 ? n->listener_v4 : n->listener_v6) != CX_NO_LISTENER)
			egress |= 1ull << i;
	}
	return egress;
}

int cx_sources_compile(struct cx_tables *t, struct cx_diag *diag)
{
	size_t n = count_sources(t->config), i;
	bool *redundant = calloc(n, sizeof(*redundant));
	int err = -ENOMEM;

	t->sources = calloc(n, sizeof(*t->sources));
	if (!t->sources || !redundant)
		goto out;
	n = collect(t->config, t->sources);
	qsort(t->sources, n, sizeof(*t->sources), compare);
	n = merge_equal(t->sources, n);
	t->n_sources = inherit(t->sources, n, redundant);
	for (i = 0; i < t->n_sources; i++) {
		struct cx_source_entry *e = &t->sources[i];

		e->value.egress = egress_of(t, e->value.networks, cx_lpm_key_is_v4(&e->key));
	}
	err = 0;
	if (t->n_sources > CX_SOURCES_MAX) {
		cx_diag_error(diag, t->config->path, 0, "list a network's sources as CIDRs that hold its elements",
			      "%zu source prefixes, at most %d are possible", t->n_sources, CX_SOURCES_MAX);
		err = -E2BIG;
	}
out:
	free(redundant);
	return err;
}
