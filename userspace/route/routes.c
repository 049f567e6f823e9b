/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DN routes of a configuration as sorted arrays of map keys: exact DNs and
 * prefixes apart, as the maps have them.
 *
 * A million routes arrive sorted by (table, prefix, user); the order wanted is
 * that of memcmp over the key, (table id, length, user). So a stable distribution
 * over (table, length) does it in one pass each, and no sort is needed.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "route/tables.h"

#define BUCKETS (CX_TABLES_MAX * (CX_DN_SIZE + 1))

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct cx_dn_key));
}

static size_t bucket_of(const struct cx_config_route *r, const struct cx_ids *ids)
{
	return (size_t)ids->tables[r->table] * (CX_DN_SIZE + 1) + r->len;
}

static const char *what_is_wrong(const struct cx_config *config, const struct cx_config_route *r)
{
	if (!r->len)
		return "an empty DN";
	if (r->len > CX_DN_SIZE)
		return "a DN of more than 29 characters";
	if (r->table >= config->n_tables)
		return "an unknown table";
	if (r->group >= config->n_groups && !r->core)
		return "an unknown group";
	return NULL;
}

static int check(const struct cx_config *config, const struct cx_ids *ids, size_t count[2][BUCKETS],
		 struct cx_diag *diag)
{
	size_t i;

	for (i = 0; i < config->n_routes; i++) {
		const struct cx_config_route *r = &config->routes[i];
		const char *wrong = what_is_wrong(config, r);

		if (wrong) {
			cx_diag_error(diag, r->file < config->n_files ? config->files[r->file] : NULL,
				      r->line, NULL, "a route with %s", wrong);
			return -EINVAL;
		}
		count[r->prefix][bucket_of(r, ids)]++;
	}
	return 0;
}

static size_t to_positions(size_t *count)
{
	size_t i, sum = 0;

	for (i = 0; i < BUCKETS; i++) {
		size_t here = count[i];

		count[i] = sum;
		sum += here;
	}
	return sum;
}

static void place(const struct cx_config *config, size_t i, const struct cx_ids *ids, struct cx_dn_entry *e)
{
	const struct cx_config_route *r = &config->routes[i];

	e->key.table = (uint8_t)ids->tables[r->table];
	e->key.len = r->len;
	memcpy(e->key.user, r->user, r->len);
	e->value.group = r->group < config->n_groups ? ids->groups[r->group] : CX_NONE;
	e->value.flags = r->core ? CX_DN_CORE : 0;
	e->route = (uint32_t)i;
}

/* Costs one comparison a route where the configuration kept its word. */
static void ensure_sorted(struct cx_dn_entry *entries, size_t n)
{
	size_t i;

	for (i = 1; i < n; i++) {
		if (compare(&entries[i - 1], &entries[i]) > 0) {
			qsort(entries, n, sizeof(*entries), compare);
			return;
		}
	}
}

static int check_sizes(const struct cx_tables *t, struct cx_diag *diag)
{
	const struct cx_config *config = t->config;

	if (t->n_dn > config->max_dns) {
		cx_diag_error(diag, config->path, 0,
			      "raise limits.dns; that needs `cxctl fastpath detach` and a restart",
			      "%zu exact DNs, at most %u are possible", t->n_dn, config->max_dns);
		return -E2BIG;
	}
	if (t->n_prefix > CX_PREFIXES_MAX) {
		cx_diag_error(diag, config->path, 0, "join prefixes that lead to the same group",
			      "%zu prefix routes, at most %d are possible", t->n_prefix, CX_PREFIXES_MAX);
		return -E2BIG;
	}
	return 0;
}

int cx_routes_compile(struct cx_tables *t, const struct cx_ids *ids, struct cx_diag *diag)
{
	const struct cx_config *config = t->config;
	size_t(*position)[BUCKETS] = calloc(2, sizeof(*position));
	size_t i;
	int err = -ENOMEM;

	if (!position)
		return err;
	err = check(config, ids, position, diag);
	if (err)
		goto out;
	t->n_dn = to_positions(position[false]);
	t->n_prefix = to_positions(position[true]);
	err = check_sizes(t, diag);
	if (err)
		goto out;
	err = -ENOMEM;
	t->dn = calloc(t->n_dn ? t->n_dn : 1, sizeof(*t->dn));
	t->prefix = calloc(t->n_prefix ? t->n_prefix : 1, sizeof(*t->prefix));
	if (!t->dn || !t->prefix)
		goto out;
	for (i = 0; i < config->n_routes; i++) {
		const struct cx_config_route *r = &config->routes[i];

		place(config, i, ids,
		      &(r->prefix ? t->prefix : t->dn)[position[r->prefix][bucket_of(r, ids)]++]);
		if (r->prefix)
			t->table[ids->tables[r->table]].prefix_lengths |= 1u << r->len;
	}
	ensure_sorted(t->dn, t->n_dn);
	ensure_sorted(t->prefix, t->n_prefix);
	err = 0;
out:
	free(position);
	return err;
}
