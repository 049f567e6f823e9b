/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Longest-prefix match over a sorted array whose elements begin with a struct
 * cx_lpm_key: one binary search for each prefix length in use. Real tables use
 * a handful of lengths, so this beats a trie, and the array stays plain data
 * that others can walk. Private to route/. Pure.
 *
 * Invariant: keys are sorted by cx_lpm_key_compare() (longest prefix first, then
 * by address), unique, and have no host bits.
 */
#ifndef CX_ROUTE_LPM_H
#define CX_ROUTE_LPM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cxsip/abi.h"

#define CX_LPM_LENGTHS 129 /* 0..128 */

struct cx_lpm_index {
	uint32_t start[CX_LPM_LENGTHS + 1]; /* of the k-th length in use; one more as the end */
	uint8_t lengths[CX_LPM_LENGTHS];    /* in use, longest first */
	uint8_t n_lengths;
};

struct cx_lpm_array {
	const void *entries;
	size_t n;
	size_t stride;
};

int cx_lpm_key_compare(const void *a, const void *b); /* for qsort; of two keys */
void cx_lpm_key_set(struct cx_lpm_key *key, const union cx_addr *addr,
		    uint32_t prefixlen); /* clears host bits */
void cx_lpm_index_build(struct cx_lpm_index *index, const struct cx_lpm_array *array);
/* The entry with the longest prefix of at most `longest` bits that covers addr, or NULL. */
const void *cx_lpm_find(const struct cx_lpm_index *index, const struct cx_lpm_array *array,
			const uint8_t addr[16], uint32_t longest);
/* The IPv4 space is ::ffff:0:0/96; no IPv6 prefix may speak for it. */
bool cx_lpm_key_is_v4(const struct cx_lpm_key *key);
/* An IPv6 prefix that is short enough to cover the IPv4 space. */
bool cx_lpm_key_covers_v4(const struct cx_lpm_key *key);
void cx_lpm_key_any_v4(struct cx_lpm_key *key);

#endif
