/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The live half of the world: what changes between two configurations. Every
 * change is made here in memory first and then told to the mirror, one thing
 * at a time; an error of the mirror is passed on but undoes nothing, because
 * the daemon itself goes by the memory.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "route/flow.h"
#include "route/live.h"

static size_t at_least(size_t a, size_t b)
{
	return a > b ? a : b;
}

static int allocate(struct cx_world *w)
{
	w->groups = calloc(w->max_groups + 1, sizeof(*w->groups));
	w->rings = calloc(w->max_groups + 1, sizeof(*w->rings));
	w->elements = calloc(w->max_elements + 1, sizeof(*w->elements));
	w->pauses = calloc(w->max_elements + 1, sizeof(*w->pauses));
	w->nexthops = calloc(w->max_nexthops, sizeof(*w->nexthops));
	w->flows = cx_flow_memory_new(w->config->max_flows);
	w->index = calloc(1, sizeof(*w->index));
	if (!w->groups || !w->rings || !w->elements || !w->pauses || !w->nexthops || !w->flows || !w->index)
		return -ENOMEM;
	w->index->dirty = calloc(w->max_groups + 1, sizeof(*w->index->dirty));
	w->index->dirty_list = calloc(w->max_groups + 1, sizeof(*w->index->dirty_list));
	return w->index->dirty && w->index->dirty_list ? 0 : -ENOMEM;
}

int cx_world_new(const struct cx_config *config, const struct cx_tables *tables, struct cx_world **out)
{
	struct cx_world *w = calloc(1, sizeof(*w));
	uint32_t id;
	int err = -ENOMEM;

	*out = NULL;
	if (!w)
		return err;
	w->config = config;
	w->tables = tables;
	w->max_groups = at_least(config->max_groups, tables->n_groups);
	w->max_elements = at_least(config->max_elements, tables->n_elements);
	w->max_nexthops = CX_NEXTHOPS_MAX;
	w->meta.abi = CX_ABI;
	w->meta.node = config->node;
	err = allocate(w);
	if (err)
		goto out;
	memcpy(w->groups, tables->groups, tables->n_groups * sizeof(*w->groups));
	memcpy(w->elements, tables->elements, tables->n_elements * sizeof(*w->elements));
	for (id = 0; id < tables->n_groups; id++)
		if (w->groups[id].flags & CX_GROUP_USED)
			cx_world_mark_dirty(w, id);
	err = cx_world_flush_rings(w);
	if (err)
		goto out;
	*out = w;
	w = NULL;
out:
	cx_world_free(w);
	return err;
}

void cx_world_free(struct cx_world *w)
{
	size_t i;

	if (!w)
		return;
	for (i = 0; w->rings && i < w->max_groups; i++)
		free(w->rings[i]);
	if (w->index) {
		free(w->index->dirty);
		free(w->index->dirty_list);
	}
	free(w->index);
	cx_flow_memory_free(w->flows);
	free(w->rings);
	free(w->groups);
	free(w->elements);
	free(w->pauses);
	free(w->nexthops);
	free(w->reach);
	free(w);
}

static struct cx_element *used_element(struct cx_world *w, uint32_t id)
{
	if (id >= w->max_elements || w->elements[id].state == CX_ELEMENT_UNUSED)
		return NULL;
	return &w->elements[id];
}

int cx_world_set_element(struct cx_world *w, uint32_t element, uint8_t state, uint8_t reason, uint64_t now_ms)
{
	struct cx_element *e = used_element(w, element);
	uint8_t old_state, old_reason;
	int err, ring_err = 0;

	if (!e)
		return -ENOENT;
	if (state == CX_ELEMENT_UNUSED || state >= CX_ELEMENT_STATES)
		return -EINVAL;
	old_state = e->state;
	old_reason = e->reason;
	if (old_state == state && old_reason == reason && e->since_ms)
		return 0;
	w->changed = true;
	e->state = state;
	e->reason = reason;
	if (old_state != state || !e->since_ms)
		e->since_ms = now_ms;
	err = cx_mirror_element(w, element);
	if ((old_state == CX_ELEMENT_UP) != (state == CX_ELEMENT_UP)) {
		w->groups[e->group].elements_up += state == CX_ELEMENT_UP ? 1 : -1u;
		cx_world_mark_dirty(w, e->group);
		if (!w->index->held)
			ring_err = cx_world_flush_rings(w);
	}
	if (old_state != state && w->on_element)
		w->on_element(w->on_element_ctx, element, old_state, old_reason);
	return err ? err : ring_err;
}

int cx_world_set_element_nexthop(struct cx_world *w, uint32_t element, uint32_t nexthop)
{
	struct cx_element *e = used_element(w, element);

	if (!e || nexthop >= w->max_nexthops)
		return -ENOENT;
	if (e->nexthop == nexthop)
		return 0;
	e->nexthop = nexthop;
	return cx_mirror_element(w, element);
}

int cx_world_set_pause(struct cx_world *w, uint32_t element, const struct cx_pause *pause)
{
	if (!used_element(w, element))
		return -ENOENT;
	w->pauses[element] = *pause;
	w->changed = true;
	return 0;
}

uint32_t cx_world_find_element(const struct cx_world *w, const char *name)
{
	return cx_name_index_find(&w->tables->index->element_names, name);
}

uint32_t cx_world_find_group(const struct cx_world *w, const char *name)
{
	return cx_name_index_find(&w->tables->index->group_names, name);
}

uint32_t cx_world_element_at(const struct cx_world *w, const union cx_addr *addr, uint16_t port)
{
	const uint32_t *ids;

	return cx_tables_elements_at(w->tables, addr, port, &ids) ? ids[0] : CX_NONE;
}

int cx_world_set_nexthop(struct cx_world *w, uint32_t id, const struct cx_nexthop *n)
{
	if (!id || id >= w->max_nexthops) /* 0 means "not resolved" */
		return -ENOENT;
	if (!memcmp(&w->nexthops[id], n, sizeof(*n)))
		return 0;
	w->nexthops[id] = *n;
	return w->mirror.put_nexthop ? w->mirror.put_nexthop(w->mirror.ctx, id, n) : 0;
}

int cx_world_set_key(struct cx_world *w, const struct cx_key *key)
{
	w->key = *key;
	w->changed = true;
	return w->mirror.put_key ? w->mirror.put_key(w->mirror.ctx, key) : 0;
}

int cx_world_get_flow(const struct cx_world *w, uint64_t call, struct cx_flow *flow)
{
	if (w->mirror.get_flow)
		return w->mirror.get_flow(w->mirror.ctx, call, flow);
	return cx_flow_memory_get(w->flows, call, flow);
}

int cx_world_put_flow(const struct cx_world *w, uint64_t call, const struct cx_flow *flow)
{
	if (w->mirror.put_flow)
		return w->mirror.put_flow(w->mirror.ctx, call, flow);
	cx_flow_memory_put(w->flows, call, flow);
	return 0;
}
