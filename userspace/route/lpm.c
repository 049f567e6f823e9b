/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Longest-prefix match, see lpm.h.
 */
#include <string.h>
#include "route/lpm.h"

#define V4_PREFIX 96

static const uint8_t v4_space[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

static void mask(uint8_t addr[16], uint32_t prefixlen)
{
	uint32_t whole = prefixlen / 8;

	if (whole >= 16)
		return;
	addr[whole] &= (uint8_t)(0xff00 >> (prefixlen % 8));
	memset(addr + whole + 1, 0, 15 - whole);
}

int cx_lpm_key_compare(const void *a, const void *b)
{
	const struct cx_lpm_key *x = a, *y = b;

	if (x->prefixlen != y->prefixlen)
		return x->prefixlen > y->prefixlen ? -1 : 1;
	return memcmp(x->addr, y->addr, sizeof(x->addr));
}

void cx_lpm_key_set(struct cx_lpm_key *key, const union cx_addr *addr, uint32_t prefixlen)
{
	key->prefixlen = prefixlen > 128 ? 128 : prefixlen;
	memcpy(key->addr, addr->b, sizeof(key->addr));
	mask(key->addr, key->prefixlen);
}

static const struct cx_lpm_key *key_at(const struct cx_lpm_array *array, size_t i)
{
	return (const void *)((const char *)array->entries + i * array->stride);
}

void cx_lpm_index_build(struct cx_lpm_index *index, const struct cx_lpm_array *array)
{
	size_t i;

	memset(index, 0, sizeof(*index));
	for (i = 0; i < array->n; i++) {
		uint32_t prefixlen = key_at(array, i)->prefixlen;

		if (!index->n_lengths || index->lengths[index->n_lengths - 1] != prefixlen) {
			index->start[index->n_lengths] = (uint32_t)i;
			index->lengths[index->n_lengths++] = (uint8_t)prefixlen;
		}
	}
	index->start[index->n_lengths] = (uint32_t)array->n;
}

static const struct cx_lpm_key *find_among(const struct cx_lpm_array *array, size_t low, size_t high,
					   const uint8_t masked[16])
{
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct cx_lpm_key *key = key_at(array, middle);
		int order = memcmp(key->addr, masked, sizeof(key->addr));

		if (!order)
			return key;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const void *cx_lpm_find(const struct cx_lpm_index *index, const struct cx_lpm_array *array,
			const uint8_t addr[16], uint32_t longest)
{
	uint8_t masked[16];
	unsigned k;

	memcpy(masked, addr, sizeof(masked));
	for (k = 0; k < index->n_lengths; k++) {
		const struct cx_lpm_key *key;

		if (index->lengths[k] > longest)
			continue;
		mask(masked, index->lengths[k]); /* ever shorter, so it can go on from the last */
		key = find_among(array, index->start[k], index->start[k + 1], masked);
		if (key)
			return key;
	}
	return NULL;
}

bool cx_lpm_key_is_v4(const struct cx_lpm_key *key)
{
	return key->prefixlen >= V4_PREFIX && !memcmp(key->addr, v4_space, V4_PREFIX / 8);
}

bool cx_lpm_key_covers_v4(const struct cx_lpm_key *key)
{
	uint8_t masked[16];

	if (key->prefixlen >= V4_PREFIX)
		return false;
	memcpy(masked, v4_space, sizeof(masked));
	mask(masked, key->prefixlen);
	return !memcmp(masked, key->addr, sizeof(masked));
}

void cx_lpm_key_any_v4(struct cx_lpm_key *key)
{
	key->prefixlen = V4_PREFIX;
	memcpy(key->addr, v4_space, sizeof(key->addr));
}
