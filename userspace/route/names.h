/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of what has an id: found by bsearch, and given ids that stay with them.
 * Private to route/ (health/ and proxy/ borrow the hash). Pure.
 *
 * A name is at most CX_NAME_SIZE bytes, NUL-padded; the bytes behind its first
 * NUL never matter.
 */
#ifndef CX_ROUTE_NAMES_H
#define CX_ROUTE_NAMES_H

#include <stddef.h>
#include <stdint.h>
#include "cxsip/abi.h"

struct cx_name_id {
	const char *name; /* borrowed */
	uint32_t id;
};

struct cx_name_index {
	struct cx_name_id *entries; /* sorted by name, then by id */
	size_t n;
};

/* Indexes the names of an array by their position; empty names are left out.
 * `first` is the name within element 0. 0 or -ENOMEM. */
int cx_name_index_build(struct cx_name_index *index, const void *first, size_t stride, size_t n);
/* id, or CX_NONE; of equal names the lowest id. */
uint32_t cx_name_index_find(const struct cx_name_index *index, const char *name);
void cx_name_index_free(struct cx_name_index *index);

/* Gives each of n things that has none yet (CX_NONE, or not below max) an id
 * below max: the lowest that nothing held; only when those are used up, one
 * whose holder is gone. So a flow or cookie that still remembers an id does not
 * meet a stranger behind it. held: by id, n = max, not 0 if something old has
 * it; scratch afterwards. Of equal ids the first keeps it. n <= max. */
void cx_ids_fill(uint8_t *held, uint32_t max, uint32_t *ids, size_t n);
/* The same for names: those that are in old keep their ids. Before that come those of
 * `settled` (CX_NONE: not settled); ids of old that are `taken` are nobody's by name.
 * Both may be NULL. 0 or -ENOMEM. */
int cx_ids_assign(const struct cx_name_index *old, const char *const *names, const uint32_t *settled,
		  const uint8_t *taken, size_t n, uint32_t max, uint32_t *ids);

/* Not keyed on purpose: every node that has the same names gets the same value. */
uint64_t cx_name_hash(const char *name, uint64_t seed);

#endif
