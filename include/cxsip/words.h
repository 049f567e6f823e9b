/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Eight characters at a time in a 64-bit word (SWAR), in little-endian order as
 * cx_get64() reads them.
 */
#ifndef CXSIP_WORDS_H
#define CXSIP_WORDS_H

#include "base.h"

#define CX_REPEAT(c) (0x0101010101010101ULL * (__u8)(c))
#define CX_LOWER 0x2020202020202020ULL
#define CX_FIRST(n) (((n) >= 8) ? ~0ULL : ((1ULL << ((n) * 8)) - 1))

/* Text of up to eight characters as a word. */
#define CX_W4(a, b, c, d)                                                                          \
	((__u64)(__u8)(a) | (__u64)(__u8)(b) << 8 | (__u64)(__u8)(c) << 16 | (__u64)(__u8)(d) << 24)
#define CX_W8(a, b, c, d, e, f, g, h) (CX_W4(a, b, c, d) | CX_W4(e, f, g, h) << 32)

/* 0x80 in every byte of w that equals the byte repeated in `pattern`; exact. */
CX_INLINE __u64 cx_matches(__u64 w, __u64 pattern)
{
	__u64 x = w ^ pattern;

	return ~(((x & CX_REPEAT(0x7f)) + CX_REPEAT(0x7f)) | x | CX_REPEAT(0x7f));
}

/* Bytes up to and with the first marked one. */
CX_INLINE __u32 cx_first(__u64 marks)
{
	return ((((marks - 1) & ~marks) & CX_REPEAT(1)) * CX_REPEAT(1)) >> 56;
}

#endif
