/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Name index and id assignment, see names.h. A sorted array instead of a hash
 * table: it is built once per configuration, read often, and needs no memory
 * besides itself.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"
#include "route/names.h"

static int compare(const void *a, const void *b)
{
	const struct cx_name_id *x = a, *y = b;
	int order = strncmp(x->name, y->name, CX_NAME_SIZE);

	if (order)
		return order;
	return x->id < y->id ? -1 : x->id > y->id;
}

int cx_name_index_build(struct cx_name_index *index, const void *first, size_t stride, size_t n)
{
	const char *name = first;
	size_t i;

	index->n = 0;
	index->entries = calloc(n ? n : 1, sizeof(*index->entries));
	if (!index->entries)
		return -ENOMEM;
	for (i = 0; i < n; i++, name += stride)
		if (name[0])
			index->entries[index->n++] = (struct cx_name_id){.name = name, .id = (uint32_t)i};
	qsort(index->entries, index->n, sizeof(*index->entries), compare);
	return 0;
}

uint32_t cx_name_index_find(const struct cx_name_index *index, const char *name)
{
	size_t low = 0, high = index->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strncmp(index->entries[middle].name, name, CX_NAME_SIZE) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < index->n && !strncmp(index->entries[low].name, name, CX_NAME_SIZE))
		return index->entries[low].id;
	return CX_NONE;
}

void cx_name_index_free(struct cx_name_index *index)
{
	free(index->entries);
	index->entries = NULL;
	index->n = 0;
}

void cx_ids_fill(uint8_t *held, uint32_t max, uint32_t *ids, size_t n)
{
	enum { NEVER = 0, TAKEN = 2 };
	uint32_t fresh = 0, freed = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (ids[i] < max && held[ids[i]] != TAKEN)
			held[ids[i]] = TAKEN;
		else
			ids[i] = CX_NONE;
	}
	for (i = 0; i < n; i++) {
		if (ids[i] != CX_NONE)
			continue;
		while (fresh < max && held[fresh] != NEVER)
			fresh++;
		while (fresh == max && freed < max && held[freed] == TAKEN)
			freed++;
		ids[i] = fresh < max ? fresh : freed;
		held[ids[i]] = TAKEN;
	}
}

int cx_ids_assign(const struct cx_name_index *old, const char *const *names, const uint32_t *settled,
		  const uint8_t *taken, size_t n, uint32_t max, uint32_t *ids)
{
	uint8_t *held = calloc(max ? max : 1, 1);
	size_t i;

	if (!held)
		return -ENOMEM;
	for (i = 0; i < old->n; i++)
		if (old->entries[i].id < max)
			held[old->entries[i].id] = 1;
	for (i = 0; i < n; i++) {
		ids[i] = settled ? settled[i] : CX_NONE;
		if (ids[i] != CX_NONE)
			continue;
		ids[i] = cx_name_index_find(old, names[i]);
		if (taken && ids[i] != CX_NONE && taken[ids[i]])
			ids[i] = CX_NONE;
	}
	cx_ids_fill(held, max, ids, n);
	free(held);
	return 0;
}

uint64_t cx_name_hash(const char *name, uint64_t seed)
{
	uint64_t h = cx_hash_fnv(CX_HASH_FNV ^ seed, name, strnlen(name, CX_NAME_SIZE));

	/* FNV leaves the high bits of short names alike: finish with a full avalanche. */
	h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9ull;
	h = (h ^ (h >> 27)) * 0x94d049bb133111ebull;
	return h ^ (h >> 31);
}
