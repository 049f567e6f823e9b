/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A keyed hash of several texts, each absorbed with its length, so that no two
 * lists of texts look alike. The words are absorbed as the engine does it: of one
 * text, 1-3 rounds give the engine's hash of a Call-ID.
 *
 * And FNV-1a, for what must be the same on every node and in every run.
 */
#ifndef CX_BASE_HASH_H
#define CX_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>
#include "cxsip/siphash.h"

/* rounds is a constant: 1 or 2 */
static inline void cx_hash_text(struct cx_siphash *s, const void *p, size_t n, int rounds)
{
	const __u8 *b = p;
	__u64 last = (__u64)n << 56;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8)
		cx_siphash_word(s, cx_get64(b + i), rounds);
	for (size_t k = 0; i + k < n; k++)
		last |= (__u64)b[i + k] << (8 * k);
	cx_siphash_word(s, last, rounds);
}

/* Of a Call-ID: picks ring slot and flow, as cx_hash_call() does. */
static inline __u64 cx_hash_of_call(const struct cx_siphash_key *key, const void *p, size_t n)
{
	struct cx_siphash s;

	cx_siphash_start(&s, key);
	cx_hash_text(&s, p, n, 1);
	return cx_siphash_end(&s, 3);
}

#define CX_HASH_FNV 0xcbf29ce484222325ull /* to start with */

static inline uint64_t cx_hash_fnv(uint64_t so_far, const void *p, size_t n)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		so_far = (so_far ^ b[i]) * 0x100000001b3ull;
	return so_far;
}

#endif
