/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * struct cx_world_mirror over the pinned maps: one system call a change.
 *
 * A failed write is logged (once a second and map) and reported; the rest of
 * the world goes on, and the daemon's own copy stays right, so traffic that
 * misses something in a map is handled by the daemon.
 *
 * Reach entries of an earlier daemon stay in force until this one has read
 * the kernel's routes; what it has not spoken about by the next heartbeat is
 * stale and is removed then.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "base/clock.h"
#include "fastpath/internal.h"
#include "observe/log.h"
#include "route/flow.h"

struct cx_stale_reach {
	struct cx_lpm_key key; /* first: sorted and searched by it */
	bool live;
};

const char *const cx_map_names[CX_MAP_COUNT] = {
#define CX_X(NAME, name) [CX_MAP_##NAME] = name,
	CX_PINNED_MAPS(CX_X)
#undef CX_X
};

int cx_map_failed(struct cx_fastpath *fp, enum cx_map map, const char *what, int err)
{
	uint64_t now = cx_monotonic_ms(), last = __atomic_load_n(&fp->reported_ms[map], __ATOMIC_RELAXED);
	bool full = err == -E2BIG || err == -ENOSPC;

	if (last && now - last < 1000)
		return err;
	__atomic_store_n(&fp->reported_ms[map], now, __ATOMIC_RELAXED);
	cx_log(CX_ERROR, full ? "map_full" : "map_update_failed", "map", cx_map_names[map], "what", what, "error",
	       strerror(-err), "effect", "the daemon handles what the kernel cannot find", NULL);
	return err;
}

static int put(void *ctx, enum cx_map map, const char *what, const void *key, const void *value)
{
	struct cx_fastpath *fp = ctx;
	int err = bpf_map_update_elem(fp->map[map], key, value, BPF_ANY);

	return err ? cx_map_failed(fp, map, what, err) : 0;
}

static int put_element(void *ctx, uint32_t id, const struct cx_element *e)
{
	return put(ctx, CX_MAP_ELEMENT, "put element", &id, e);
}

static int put_group(void *ctx, uint32_t id, const struct cx_group *g)
{
	int err = cx_rings_put_group(ctx, id, g);

	return err ? cx_map_failed(ctx, CX_MAP_GROUP, "put group", err) : 0;
}

static int put_ring(void *ctx, uint32_t id, const struct cx_ring *r)
{
	int err = cx_rings_put(ctx, id, r);

	return err ? cx_map_failed(ctx, CX_MAP_RING, "put ring", err) : 0;
}

static int put_nexthop(void *ctx, uint32_t id, const struct cx_nexthop *n)
{
	return put(ctx, CX_MAP_NEXTHOP, "put nexthop", &id, n);
}

static int compare_stale(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct cx_lpm_key));
}

static void spoken(struct cx_fastpath *fp, const struct cx_lpm_key *key)
{
	struct cx_stale_reach *s;

	fp->reach_spoken = true;
	if (!fp->n_stale)
		return;
	s = bsearch(key, fp->stale, fp->n_stale, sizeof(*fp->stale), compare_stale);
	if (s)
		s->live = true;
}

static int put_reach(void *ctx, const struct cx_reach_entry *e)
{
	struct cx_reach value = {.nexthop = e->nexthop};

	spoken(ctx, &e->key);
	return put(ctx, CX_MAP_REACH, "put route", &e->key, &value);
}

static int del_reach(void *ctx, const struct cx_lpm_key *key)
{
	struct cx_fastpath *fp = ctx;
	int err;

	spoken(fp, key);
	err = bpf_map_delete_elem(fp->map[CX_MAP_REACH], key);
	return err && err != -ENOENT ? cx_map_failed(fp, CX_MAP_REACH, "remove route", err) : 0;
}

static int put_key(void *ctx, const struct cx_key *k)
{
	uint32_t zero = 0;

	return put(ctx, CX_MAP_KEY, "put key", &zero, k);
}

static size_t flows_bytes(const struct cx_fastpath *fp)
{
	return fp->max_entries[CX_MAP_FLOW] * sizeof(struct cx_flow_set);
}

/* Every call of the core asks for its flow and leaves one. By system calls that
 * would be five a call, so the daemon has the map in its own memory. */
int cx_flows_open(struct cx_fastpath *fp)
{
	uint32_t sets = fp->max_entries[CX_MAP_FLOW];
	void *p = mmap(NULL, flows_bytes(fp), PROT_READ | PROT_WRITE, MAP_SHARED, fp->map[CX_MAP_FLOW], 0);

	if (p == MAP_FAILED)
		return -errno;
	fp->flow_sets = p;
	fp->flows = cx_flow_memory_over(p, sets);
	return fp->flows ? 0 : -ENOMEM;
}

void cx_flows_close(struct cx_fastpath *fp)
{
	cx_flow_memory_free(fp->flows);
	if (fp->flow_sets)
		munmap(fp->flow_sets, flows_bytes(fp));
}

static int get_flow(void *ctx, uint64_t call, struct cx_flow *flow)
{
	const struct cx_fastpath *fp = ctx;

	return cx_flow_memory_get(fp->flows, call, flow);
}

static int put_flow(void *ctx, uint64_t call, const struct cx_flow *flow)
{
	const struct cx_fastpath *fp = ctx;

	cx_flow_memory_put(fp->flows, call, flow);
	return 0;
}

static int put_tables(void *ctx, const struct cx_tables *old, const struct cx_tables *new)
{
	return cx_tables_put(ctx, old, new);
}

void cx_fastpath_mirror(struct cx_fastpath *fp, struct cx_world_mirror *mirror)
{
	*mirror = (struct cx_world_mirror){
		.put_element = put_element,
		.put_group = put_group,
		.put_ring = put_ring,
		.put_nexthop = put_nexthop,
		.put_reach = put_reach,
		.del_reach = del_reach,
		.put_key = put_key,
		.put_tables = put_tables,
		.get_flow = get_flow,
		.put_flow = put_flow,
		.ctx = fp,
	};
}

int cx_stale_reach_load(struct cx_fastpath *fp)
{
	struct cx_records r;
	uint8_t *memory;
	size_t i;
	int err;

	err = cx_records_dump(fp->map[CX_MAP_REACH], sizeof(struct cx_lpm_key), sizeof(struct cx_reach), &r, &memory);
	if (err || !r.n)
		return err;
	fp->stale = calloc(r.n, sizeof(*fp->stale));
	if (!fp->stale) {
		free(memory);
		return -ENOMEM;
	}
	for (i = 0; i < r.n; i++)
		memcpy(&fp->stale[i].key, memory + i * r.stride, sizeof(struct cx_lpm_key));
	fp->n_stale = r.n;
	free(memory);
	return 0;
}

void cx_stale_reach_sweep(struct cx_fastpath *fp)
{
	size_t i;

	if (!fp->stale || !fp->reach_spoken)
		return;
	for (i = 0; i < fp->n_stale; i++)
		if (!fp->stale[i].live)
			bpf_map_delete_elem(fp->map[CX_MAP_REACH], &fp->stale[i].key);
	free(fp->stale);
	fp->stale = NULL;
	fp->n_stale = 0;
}
