/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters: the kernel keeps one value a possible CPU, nobody writes them but
 * the program, and a sum taken while it runs is true for some moment between
 * the first and the last read.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "fastpath/internal.h"

/* Adds up a value that is nothing but n 64-bit counters. */
static int sum(struct cx_fastpath *fp, enum cx_map map, uint32_t id, uint64_t *out, size_t n)
{
	uint64_t *values;
	size_t i, cpu;
	int err;

	memset(out, 0, n * sizeof(*out));
	if (id >= fp->max_entries[map])
		return -ENOENT;
	values = calloc((size_t)fp->possible_cpus * n, sizeof(*values));
	if (!values)
		return -ENOMEM;
	err = bpf_map_lookup_elem(fp->map[map], &id, values);
	for (cpu = 0; !err && cpu < (size_t)fp->possible_cpus; cpu++)
		for (i = 0; i < n; i++)
			out[i] += values[cpu * n + i];
	free(values);
	return err;
}

int cx_fastpath_stats(struct cx_fastpath *fp, struct cx_count counts[CX_REASON_COUNT])
{
	uint64_t v[2];
	uint32_t id;
	int err = 0;

	for (id = 0; id < CX_REASON_COUNT && !err; id++) {
		err = sum(fp, CX_MAP_STATS, id, v, 2);
		counts[id] = (struct cx_count){.packets = v[0], .bytes = v[1]};
	}
	return err;
}

int cx_fastpath_listener_stats(struct cx_fastpath *fp, uint32_t id, struct cx_listener_stats *out)
{
	uint64_t v[4];
	int err = sum(fp, CX_MAP_STAT_LISTEN, id, v, 4);

	*out = (struct cx_listener_stats){.requests = v[0], .responses = v[1], .up = v[2], .dropped = v[3]};
	return err;
}

int cx_fastpath_element_stats(struct cx_fastpath *fp, uint32_t id, struct cx_element_stats *out)
{
	uint64_t v[3];
	int err = sum(fp, CX_MAP_STAT_ELEM, id, v, 3);

	*out = (struct cx_element_stats){.calls = v[0], .requests = v[1], .bytes = v[2]};
	return err;
}
