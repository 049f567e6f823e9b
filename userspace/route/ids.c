/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which id each thing of a configuration gets. Ids are in cookies of calls that
 * are under way, in flows, and in maps that an earlier daemon left and that are
 * rewritten while traffic flows: so whoever was there keeps its id wherever the
 * new configuration puts it. Groups, elements, networks and tables are known by
 * name, listeners by what they listen on. Elements that a host name stands for are known
 * by where they are: their names change with their number.
 *
 * Invariant: the route table "default" is 0. It is the first of a configuration,
 * so the first one that was ever compiled gave it that, and the others keep it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "route/tables.h"

/* Names in an array of structs: the first one and the distance to the next. */
struct names {
	const void *first; /* NULL: none */
	size_t stride, n;
};

/* by_place and taken: ids that are settled already (of things, by id), or NULL. */
static int by_name(struct names old, const char *const *wanted, const uint32_t *by_place,
		   const uint8_t *taken, size_t n, uint32_t max, uint32_t *ids)
{
	struct cx_name_index index = {0};
	int err = 0;

	if (old.first)
		err = cx_name_index_build(&index, old.first, old.stride, old.n);
	if (!err)
		err = cx_ids_assign(&index, wanted, by_place, taken, n, max, ids);
	cx_name_index_free(&index);
	return err;
}

static int of_array(struct names old, struct names new, uint32_t max, uint32_t *ids)
{
	const char **wanted = calloc(new.n + 1, sizeof(*wanted));
	int err = -ENOMEM;
	size_t i;

	if (!wanted)
		return err;
	for (i = 0; i < new.n; i++)
		wanted[i] = (const char *)new.first + i *new.stride;
	err = by_name(old, wanted, NULL, NULL, new.n, max, ids);
	free(wanted);
	return err;
}

static int of_groups(const struct cx_config *config, const struct cx_names *names, uint32_t *ids)
{
	struct names old = {names->groups ? names->groups->name : NULL, sizeof(*names->groups),
			    names->n_groups};
	struct names new = {config->n_groups ? config->groups->name : NULL, sizeof(*config->groups),
			    config->n_groups};

	return of_array(old, new, config->max_groups, ids);
}

static int of_networks(const struct cx_config *config, const struct cx_names *names, uint32_t *ids)
{
	struct names old = {names->networks ? names->networks->name : NULL, sizeof(*names->networks),
			    names->n_networks};
	struct names new = {config->n_networks ? config->networks->name : NULL, sizeof(*config->networks),
			    config->n_networks};

	return of_array(old, new, CX_NETWORKS_MAX, ids);
}

static int of_tables(const struct cx_config *config, const struct cx_names *names, uint32_t *ids)
{
	struct names old = {names->tables ? names->tables->name : NULL, sizeof(*names->tables),
			    names->n_tables};
	struct names new = {config->tables, sizeof(*config->tables), config->n_tables};

	/* pinned, but never filled: nothing is known by it */
	if (old.first && strncmp(old.first, config->tables[0], CX_NAME_SIZE) != 0)
		old.first = NULL;
	return of_array(old, new, CX_TABLES_MAX, ids);
}

/* The old element of the group at that place. */
static uint32_t find_server(const struct cx_names *names, const struct cx_places *places,
			    const struct cx_config_group *group, const struct cx_config_element *e)
{
	const uint32_t *ids;
	size_t n = cx_places_find(places, &e->addr, e->port, &ids);

	for (size_t i = 0; i < n; i++) {
		const struct cx_element *old = &names->elements[ids[i]];

		if (old->transport == e->transport && old->group < names->n_groups &&
		    !strncmp((const char *)names->groups[old->group].name, group->name, CX_NAME_SIZE))
			return ids[i];
	}
	return CX_NONE;
}

/* Those that a name stands for, by place; the names of elements at these ids do not count. */
static int of_servers(const struct cx_config *config, const struct cx_names *names, uint32_t *ids,
		      uint8_t *taken)
{
	struct cx_places places;
	size_t i, k, n = 0;
	int err;

	if (!names->elements || !names->groups)
		return 0;
	err = cx_places_build(&places, names->elements, names->n_elements);
	for (i = 0; !err && i < config->n_groups; i++)
		for (k = 0; k < config->groups[i].n_elements; k++, n++) {
			const struct cx_config_element *e = &config->groups[i].elements[k];

			if (!e->expanded)
				continue;
			ids[n] = find_server(names, &places, &config->groups[i], e);
			if (ids[n] != CX_NONE)
				taken[ids[n]] = 1;
		}
	cx_places_free(&places);
	return err;
}

static int of_elements(const struct cx_config *config, const struct cx_names *names, uint32_t *ids,
		       size_t n_elements)
{
	struct names old = {names->elements ? names->elements->name : NULL, sizeof(*names->elements),
			    names->n_elements};
	const char **wanted = calloc(n_elements + 1, sizeof(*wanted));
	uint8_t *taken = calloc(names->n_elements + 1, 1);
	uint32_t *by_place = malloc((n_elements + 1) * sizeof(*by_place));
	int err = -ENOMEM;
	size_t i, k, n = 0;

	if (!wanted || !taken || !by_place)
		goto out;
	memset(by_place, 0xff, (n_elements + 1) * sizeof(*by_place));
	err = of_servers(config, names, by_place, taken);
	if (err)
		goto out;
	for (i = 0; i < config->n_groups; i++)
		for (k = 0; k < config->groups[i].n_elements; k++)
			wanted[n++] = config->groups[i].elements[k].name;
	err = by_name(old, wanted, by_place, taken, n, config->max_elements, ids);
out:
	free(wanted);
	free(taken);
	free(by_place);
	return err;
}

static uint32_t find_listener(const struct cx_names *names, const struct cx_config_listener *l)
{
	uint32_t id;

	for (id = 0; id < names->n_listeners; id++) {
		const struct cx_listener *old = &names->listeners[id];

		if (old->flags & CX_LISTENER_USED && old->port == l->port && old->transport == l->transport &&
		    !memcmp(&old->addr, &l->addr, sizeof(l->addr)))
			return id;
	}
	return CX_NONE;
}

static void of_listeners(const struct cx_config *config, const struct cx_names *names, uint32_t *ids)
{
	uint8_t held[CX_LISTENERS_MAX] = {0};
	size_t i, k, n = 0;

	for (i = 0; i < names->n_listeners && i < CX_LISTENERS_MAX; i++)
		held[i] = names->listeners[i].flags & CX_LISTENER_USED;
	for (i = 0; i < config->n_networks; i++)
		for (k = 0; k < config->networks[i].n_listeners; k++)
			ids[n++] = find_listener(names, &config->networks[i].listeners[k]);
	cx_ids_fill(held, CX_LISTENERS_MAX, ids, n);
}

int cx_ids_of_config(const struct cx_config *config, const struct cx_names *names, struct cx_ids *ids)
{
	int err;

	ids->groups = calloc(config->n_groups + 1, sizeof(*ids->groups));
	ids->elements = calloc(ids->n_elements + 1, sizeof(*ids->elements));
	if (!ids->groups || !ids->elements)
		return -ENOMEM;
	of_listeners(config, names, ids->listeners);
	err = of_networks(config, names, ids->networks);
	if (!err)
		err = of_tables(config, names, ids->tables);
	if (!err)
		err = of_groups(config, names, ids->groups);
	if (!err)
		err = of_elements(config, names, ids->elements, ids->n_elements);
	return err;
}

void cx_ids_free(struct cx_ids *ids)
{
	free(ids->groups);
	free(ids->elements);
	ids->groups = ids->elements = NULL;
}
