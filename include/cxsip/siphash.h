/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * SipHash (Aumasson and Bernstein, 2012). The state is absorbed word by word
 * so that fixed fields and message text can be mixed without copying them
 * together first: 1-3 rounds where a keyed hash picks a slot, 2-4 where the
 * result is a MAC.
 */
#ifndef CXSIP_SIPHASH_H
#define CXSIP_SIPHASH_H

#include "abi.h"

struct cx_siphash {
	__u64 v0, v1, v2, v3;
};

#define CX_ROTL(x, b) (((x) << (b)) | ((x) >> (64 - (b))))

CX_INLINE void cx_siphash_round(struct cx_siphash *s)
{
	s->v0 += s->v1;
	s->v1 = CX_ROTL(s->v1, 13);
	s->v1 ^= s->v0;
	s->v0 = CX_ROTL(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = CX_ROTL(s->v3, 16);
	s->v3 ^= s->v2;
	s->v0 += s->v3;
	s->v3 = CX_ROTL(s->v3, 21);
	s->v3 ^= s->v0;
	s->v2 += s->v1;
	s->v1 = CX_ROTL(s->v1, 17);
	s->v1 ^= s->v2;
	s->v2 = CX_ROTL(s->v2, 32);
}

CX_INLINE void cx_siphash_start(struct cx_siphash *s, const struct cx_siphash_key *key)
{
	s->v0 = key->k[0] ^ 0x736f6d6570736575ULL;
	s->v1 = key->k[1] ^ 0x646f72616e646f6dULL;
	s->v2 = key->k[0] ^ 0x6c7967656e657261ULL;
	s->v3 = key->k[1] ^ 0x7465646279746573ULL;
}

/* rounds is a constant: 1 or 2 */
CX_INLINE void cx_siphash_word(struct cx_siphash *s, __u64 w, int rounds)
{
	s->v3 ^= w;
	cx_siphash_round(s);
	if (rounds == 2)
		cx_siphash_round(s);
	s->v0 ^= w;
}

/* rounds: 3 or 4. A loop that stays one: code that is out of the instruction cache
 * costs more than the rounds. */
CX_INLINE __u64 cx_siphash_end(struct cx_siphash *s, int rounds)
{
	int i;

	s->v2 ^= 0xff;
	CX_NO_UNROLL
	for (i = 0; i < rounds; i++)
		cx_siphash_round(s);
	return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

#ifndef __bpf__
/* SipHash-2-4 of n bytes, as published. */
static inline __attribute__((unused)) __u64 cx_siphash24(const __u64 key[2], const void *p, unsigned long n)
{
	const struct cx_siphash_key k = {.k = {key[0], key[1]}};
	const __u8 *b = p;
	struct cx_siphash s;
	__u64 last = (__u64)n << 56;
	unsigned long i;

	cx_siphash_start(&s, &k);
	for (; n >= 8; n -= 8, b += 8)
		cx_siphash_word(&s, cx_get64(b), 2);
	for (i = 0; i < n; i++)
		last |= (__u64)b[i] << (8 * i);
	cx_siphash_word(&s, last, 2);
	return cx_siphash_end(&s, 4);
}
#endif

#endif
