/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One configuration compiled into what the engine looks up. Nothing here
 * changes afterwards; the world keeps live copies of what does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "health/health.h"
#include "route/tables.h"

static int too_many(struct cx_diag *diag, const struct cx_config *config, const char *hint, const char *what,
		    size_t n, size_t max)
{
	if (n <= max)
		return 0;
	cx_diag_error(diag, config->path, 0, hint, "%zu %s, at most %zu are possible", n, what, max);
	return -E2BIG;
}

static int check_sizes(const struct cx_config *config, size_t n_elements, struct cx_diag *diag)
{
	int err = too_many(diag, config, NULL, "networks", config->n_networks, CX_NETWORKS_MAX);

	if (!err)
		err = too_many(diag, config, NULL, "listeners", cx_config_count_listeners(config), CX_LISTENERS_MAX);
	if (!err)
		err = too_many(diag, config, NULL, "route tables", config->n_tables, CX_TABLES_MAX);
	if (!err)
		err = too_many(diag, config, "raise limits.groups; that needs `cxctl fastpath detach` and a restart", "groups", config->n_groups,
			       config->max_groups);
	if (!err)
		err = too_many(diag, config, "raise limits.elements; that needs `cxctl fastpath detach` and a restart", "elements", n_elements,
			       config->max_elements);
	return err;
}

static size_t end_of(const uint32_t *ids, size_t n)
{
	size_t i, end = 0;

	for (i = 0; i < n; i++)
		if (ids[i] >= end)
			end = ids[i] + 1;
	return end;
}

static int allocate(struct cx_tables *t, const struct cx_ids *ids)
{
	t->n_groups = end_of(ids->groups, t->config->n_groups);
	t->n_elements = end_of(ids->elements, ids->n_elements);
	t->groups = calloc(t->n_groups + 1, sizeof(*t->groups));
	t->group_config = calloc(t->n_groups + 1, sizeof(*t->group_config));
	t->elements = calloc(t->n_elements + 1, sizeof(*t->elements));
	t->element_config = calloc(t->n_elements + 1, sizeof(*t->element_config));
	return t->groups && t->group_config && t->elements && t->element_config ? 0 : -ENOMEM;
}

static void compile_group(struct cx_tables *t, uint32_t id, const struct cx_config_group *from,
			  uint32_t network)
{
	struct cx_group *g = &t->groups[id];

	t->group_config[id] = from;
	g->flags = CX_GROUP_USED | CX_GROUP_EMPTY; /* until the world has made a ring */
	g->network = (uint8_t)network;
	g->elements = (uint32_t)from->n_elements;
	memcpy(g->name, from->name, strnlen(from->name, sizeof(g->name) - 1));
	if (from->core)
		g->flags |= CX_GROUP_CORE;
}

static void compile_element(struct cx_tables *t, uint32_t id, const struct cx_config_element *from,
			    uint32_t group, struct cx_diag *diag)
{
	const struct cx_network *network = &t->networks[t->groups[group].network];
	struct cx_element *e = &t->elements[id];

	t->element_config[id] = from;
	e->addr = from->addr;
	e->port = from->port;
	e->family = from->family;
	e->transport = from->transport;
	e->state = from->disabled ? CX_ELEMENT_DISABLED : CX_ELEMENT_UP;
	e->reason = CX_ER_CONFIG;
	if (!from->disabled && (from->gone || !from->family)) {
		e->state = from->gone ? CX_ELEMENT_DRAINING : CX_ELEMENT_DOWN;
		e->reason = from->gone ? CX_ER_LEFT_DNS : CX_ER_DNS;
	}
	e->listener = cx_listener_facing(t, t->groups[group].network, from->family, from->transport);
	if (from->transport != CX_UDP) /* the fast path speaks UDP alone, and a connection is state */
		t->groups[group].flags |= CX_GROUP_CORE;
	e->group = group;
	e->weight = from->weight;
	memcpy(e->name, from->name, strnlen(from->name, sizeof(e->name) - 1));
	if (e->listener == CX_NO_LISTENER && e->family)
		cx_diag_warn(
		    diag, from->at.file, from->at.line, "give the network a listener of that family",
		    "element \"%s\": its network \"%s\" has no IPv%d listener, so no call can go there",
		    from->name, (const char *)network->name, from->family);
}

static int compile_groups(struct cx_tables *t, const struct cx_ids *ids, struct cx_diag *diag)
{
	const struct cx_config *config = t->config;
	size_t i, k, n = 0;

	for (i = 0; i < config->n_groups; i++) {
		const struct cx_config_group *group = &config->groups[i];

		if (group->network >= config->n_networks) {
			cx_diag_error(diag, group->at.file, group->at.line, NULL,
				      "group \"%s\": unknown network", group->name);
			return -EINVAL;
		}
		compile_group(t, ids->groups[i], group, ids->networks[group->network]);
		for (k = 0; k < group->n_elements; k++)
			compile_element(t, ids->elements[n++], &group->elements[k], ids->groups[i], diag);
	}
	return 0;
}

static int compile(struct cx_tables *t, const struct cx_names *names, struct cx_ids *ids,
		   struct cx_diag *diag)
{
	int err = cx_ids_of_config(t->config, names, ids);

	if (!err)
		err = allocate(t, ids);
	if (!err)
		err = cx_listeners_compile(t, ids, diag);
	if (!err)
		err = compile_groups(t, ids, diag);
	if (!err)
		err = cx_sources_compile(t, ids, diag);
	if (!err)
		err = cx_routes_compile(t, ids, diag);
	if (!err)
		err = cx_tables_index_build(t);
	return err;
}

int cx_tables_compile(const struct cx_config *config, const struct cx_names *names, struct cx_diag *diag,
		      struct cx_tables **out)
{
	static const struct cx_names none;
	struct cx_ids ids = {0};
	struct cx_tables *t = NULL;
	size_t i;
	int err;

	*out = NULL;
	for (i = 0; i < config->n_groups; i++)
		ids.n_elements += config->groups[i].n_elements;
	err = check_sizes(config, ids.n_elements, diag);
	if (err)
		goto out;
	err = -ENOMEM;
	t = calloc(1, sizeof(*t));
	if (!t)
		goto out;
	t->config = config;
	err = compile(t, names ? names : &none, &ids, diag);
	if (err)
		goto out;
	*out = t;
	t = NULL;
out:
	cx_ids_free(&ids);
	cx_tables_free(t);
	return err;
}

void cx_tables_free(struct cx_tables *t)
{
	if (!t)
		return;
	cx_tables_index_free(t->index);
	free(t->dn);
	free(t->prefix);
	free(t->sources);
	free(t->groups);
	free(t->group_config);
	free(t->elements);
	free(t->element_config);
	free(t);
}
