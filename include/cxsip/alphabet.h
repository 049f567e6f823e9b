/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bits as token characters, for what our branches carry: six bits a character,
 * 0-9 A-Z a-z - . in this order, as arithmetic on eight lanes at once.
 */
#ifndef CXSIP_ALPHABET_H
#define CXSIP_ALPHABET_H

#include "words.h"

/* In front of the branch of a transaction of the daemon's; no stateless cookie begins with it. */
#define CX_COOKIE_TRANSACTION 'T'

/* 1 in the low bit of each byte of v (all below 0x80) that is at least n. */
#define CX_AT_LEAST(v, n) ((((v) + CX_REPEAT(0x80 - (n))) >> 7) & CX_REPEAT(1))

/* 48 bits to eight characters, the first in the lowest byte. */
CX_INLINE __u64 cx_encode48(__u64 x)
{
	__u64 v = x >> 24 | (x & 0xffffff) << 32;

	v = (v >> 12 & 0x00000fff00000fffULL) | (v & 0x00000fff00000fffULL) << 16;
	v = (v >> 6 & 0x003f003f003f003fULL) | (v & 0x003f003f003f003fULL) << 8;
	return v + CX_REPEAT(0x30) + CX_AT_LEAST(v, 10) * 7 + CX_AT_LEAST(v, 36) * 6 - CX_AT_LEAST(v, 62) * 0x4e;
}

/* Back again. Garbage in, garbage out: the caller encodes once more and compares. */
CX_INLINE __u64 cx_decode48(__u64 c)
{
	__u64 v;

	c &= CX_REPEAT(0x7f);
	v = c + CX_REPEAT(0x11) - CX_AT_LEAST(c, 0x30) * 0x41 - CX_AT_LEAST(c, 0x41) * 7 - CX_AT_LEAST(c, 0x61) * 6;
	v = (v & 0x003f003f003f003fULL) << 6 | (v >> 8 & 0x003f003f003f003fULL);
	v = (v & 0x00000fff00000fffULL) << 12 | (v >> 16 & 0x00000fff00000fffULL);
	return (v & 0xffffff) << 24 | v >> 32;
}

#endif
