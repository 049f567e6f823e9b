/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names to numbers, and the nearest known name to a wrong one.
 *
 * The index is an open-addressed table at most half full. Its keys come from
 * the operator's own files, so an unkeyed hash (FNV-1a) will do.
 *
 * "Did you mean" uses the optimal string alignment distance: insertions,
 * deletions, substitutions and swaps of neighbours each cost one.
 */
#include "config/internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 48

static uint32_t name_hash(const char *name)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	return h ^ (h >> 15);
}

/* The slot that has the name, or the free one where it belongs. */
static struct cx_name_slot *name_slot(struct cx_name_slot *slots, size_t size, const char *name)
{
	size_t i = name_hash(name) & (size - 1);

	while (slots[i].name && strcmp(slots[i].name, name) != 0)
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static int index_grow(struct cx_config_names *index)
{
	size_t size = index->size ? index->size * 2 : 64;
	struct cx_name_slot *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < index->size; i++) {
		if (index->slots[i].name)
			*name_slot(slots, size, index->slots[i].name) = index->slots[i];
	}
	free(index->slots);
	index->slots = slots;
	index->size = size;
	return 0;
}

int cx_config_names_add(struct cx_config_names *index, const char *name, uint32_t *value)
{
	struct cx_name_slot *slot;
	int err;

	if (index->count * 2 >= index->size) {
		err = index_grow(index);
		if (err)
			return err;
	}
	slot = name_slot(index->slots, index->size, name);
	if (slot->name) {
		*value = slot->value;
		return -EEXIST;
	}
	slot->name = name;
	slot->value = *value;
	index->count++;
	return 0;
}

int cx_config_names_find(const struct cx_config_names *index, const char *name, uint32_t *value)
{
	const struct cx_name_slot *slot;

	if (!index->size)
		return -ENOENT;
	slot = name_slot(index->slots, index->size, name);
	if (!slot->name)
		return -ENOENT;
	*value = slot->value;
	return 0;
}

void cx_config_names_free(struct cx_config_names *index)
{
	free(index->slots);
	memset(index, 0, sizeof(*index));
}

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned m = a < b ? a : b;

	return m < c ? m : c;
}

static unsigned edit_distance(const char *a, size_t n, const char *b, size_t m)
{
	unsigned row[3][WORD_MAX + 1];
	unsigned *before = row[0], *last = row[1], *this = row[2], *swap;

	for (size_t j = 0; j <= m; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= n; i++) {
		this[0] = (unsigned)i;
		for (size_t j = 1; j <= m; j++) {
			int ca = tolower((unsigned char)a[i - 1]), cb = tolower((unsigned char)b[j - 1]);

			this[j] = min3(last[j] + 1, this[j - 1] + 1, last[j - 1] + (ca != cb));
			if (i > 1 && j > 1 && ca == tolower((unsigned char)b[j - 2]) &&
			    cb == tolower((unsigned char)a[i - 2]) && before[j - 2] + 1 < this[j])
				this[j] = before[j - 2] + 1;
		}
		swap = before;
		before = last;
		last = this;
		this = swap;
	}
	return last[m];
}

void cx_nearest_try(struct cx_nearest *nearest, const char *candidate)
{
	size_t n = strlen(nearest->word), m = strlen(candidate);
	size_t limit = n < 3 ? 1 : 1 + n / 4; /* beyond that it is another word */
	unsigned distance;

	if (n > WORD_MAX || m > WORD_MAX || n == 0 || n > m + limit || m > n + limit)
		return;
	distance = edit_distance(nearest->word, n, candidate, m);
	if (distance <= limit && distance < n && (!nearest->best || distance < nearest->distance)) {
		nearest->best = candidate;
		nearest->distance = distance;
	}
}

const char *cx_nearest_hint(const struct cx_nearest *nearest, const char *otherwise, char buf[CX_HINT_SIZE])
{
	if (!nearest->best)
		return otherwise;
	snprintf(buf, CX_HINT_SIZE, "did you mean \"%s\"?", nearest->best);
	return buf;
}
