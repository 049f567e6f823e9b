/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Reading text in struct cx_msg: eight bytes at a time where it pays (SWAR),
 * with loops whose bounds and offsets a BPF verifier can follow. Nothing here
 * knows SIP but for what a blank is.
 */
#ifndef CXSIP_TEXT_H
#define CXSIP_TEXT_H

#include "message.h"
#include "words.h"

#define CX_NOT_FOUND 0x10000

/*
 * The first of three characters (packed: a | b << 8 | c << 16) in [from, to).
 * Returns its offset, `to` if none is there, CX_NOT_FOUND if the range is
 * longer than this body searches.
 */
CX_FN int cx_find(struct cx_msg *m, __u32 from, __u32 to, __u32 chars)
{
	__u64 a = CX_REPEAT(chars), b = CX_REPEAT(chars >> 8), c = CX_REPEAT(chars >> 16);
	__u32 i;

	if (!m)
		return CX_NOT_FOUND;
	for (i = 0; i < CX_FIND_MAX; i += 8) {
		__u64 w, marks;

		if (from + i >= to)
			return to;
		w = cx_word(m, from + i);
		marks = cx_matches(w, a) | cx_matches(w, b) | cx_matches(w, c);
		if (marks) {
			__u32 at = from + i + cx_first(marks) - 1;

			return at < to ? at : to;
		}
	}
	return from + i >= to ? to : CX_NOT_FOUND;
}
#define CX_CHARS(a, b, c) ((__u8)(a) | (__u8)(b) << 8 | (__u8)(c) << 16)

/* Behind blanks; more than a few of them is for the daemon to straighten. */
CX_INLINE __u32 cx_skip_blank(struct cx_msg *m, __u32 at)
{
	__u32 i;

	for (i = 0; i < 4; i++) {
		if (!cx_is_blank(cx_byte(m, at)))
			return at;
		at++;
	}
	if (cx_is_blank(cx_byte(m, at)))
		m->flags |= CX_F_FOLDED;
	return at;
}

/* Are the first n (at most eight) characters of w digits? */
CX_INLINE int cx_all_digits(__u64 w, __u32 n)
{
	w = (w & CX_FIRST(n)) | (CX_REPEAT('0') & ~CX_FIRST(n));
	return !(((w ^ CX_REPEAT(0x30)) | ((w + CX_REPEAT(6)) ^ CX_REPEAT(0x30))) & CX_REPEAT(0xf0));
}

/*
 * A decimal number of at most `digits` digits at `at`; m->pos is left behind
 * it. Returns the value, or -1 if no digit is there or there are more.
 */
CX_FN int cx_scan_number(struct cx_msg *m, __u32 at, __u32 digits)
{
	__u32 i, value = 0;

	if (!m)
		return -1;
	for (i = 0; i < 10; i++) {
		__u32 c = cx_byte(m, at + i) - '0';

		if (c > 9)
			break;
		if (i >= digits || (i == 9 && (value > 214748364 || (value == 214748364 && c > 7))))
			return -1; /* RFC 3261 8.1.1.5: below 2**31 */
		value = value * 10 + c;
	}
	m->pos = at + i;
	m->acc = value;
	return i ? (int)value : -1;
}

/*
 * cx_scan_number() for the usual case, up to three digits and the line's end or a blank
 * behind them, without a loop.
 */
CX_INLINE int cx_scan_short_number(struct cx_msg *m, __u32 at, __u32 digits)
{
	__u64 w = cx_word(m, at);
	__u32 a = (w & 0xff) - '0', b = (w >> 8 & 0xff) - '0', c = (w >> 16 & 0xff) - '0', value = a, n = 1;

	if (a < 10 && b < 10) {
		value = a * 10 + b;
		n = 2;
		if (c < 10) {
			value = value * 10 + c;
			n = 3;
		}
	}
	if (a > 9 || (w >> 8 * n & 0xff) - '0' < 10)
		return cx_scan_number(m, at, digits);
	m->pos = at + n;
	m->acc = value;
	return value;
}

#endif
