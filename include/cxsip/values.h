/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Values of headers that must be single: CSeq, To, Max-Forwards, Content-Length.
 */
#ifndef CXSIP_VALUES_H
#define CXSIP_VALUES_H

#include "scan.h"

/* Trims the recorded value of a header: no blanks at either end. */
CX_INLINE int cx_trim(struct cx_msg *m, __u32 header)
{
	__u32 at = cx_skip_blank(m, m->h[header].at), end = m->h[header].end;

	if (cx_is_blank(cx_byte(m, end - 1)))
		m->flags |= CX_F_FOLDED; /* the daemon cuts blanks at line ends */
	m->h[header].at = at;
	return at < end;
}

/* Nothing but blanks? */
CX_INLINE int cx_is_empty(struct cx_msg *m, __u32 header)
{
	return m->h[header].at + 1 >= m->h[header].end && cx_skip_blank(m, m->h[header].at) >= m->h[header].end;
}

/* CSeq: a number below 2**31 and the start line's method (RFC 3261 20.16). */
CX_FN int cx_scan_cseq(struct cx_msg *m)
{
	__u32 i, at, n;

	if (!m)
		return CX_R_BUG;
	if (!cx_trim(m, CX_H_CSEQ) || cx_scan_short_number(m, m->h[CX_H_CSEQ].at, 10) < 0)
		return CX_R_BAD_CSEQ;
	at = m->pos;
	if (!cx_is_blank(cx_byte(m, at)))
		return CX_R_BAD_CSEQ;
	at = cx_skip_blank(m, at);
	n = m->method_len;
	if (at + n != m->h[CX_H_CSEQ].end)
		return m->flags & CX_F_FOLDED ? CX_R_FOLDED : CX_R_BAD_CSEQ;
	if (n > CX_METHOD_MAX)
		return CX_R_LONG_VALUE;
	for (i = 0; i < CX_METHOD_MAX; i += 8) {
		if (i >= n)
			break;
		if ((cx_word(m, i) ^ cx_word(m, at + i)) & CX_FIRST(n - i))
			return CX_R_BAD_CSEQ;
	}
	return 0;
}

/* Is the character at `at` escaped: an odd number of backslashes before it? */
CX_INLINE int cx_is_escaped(const struct cx_msg *m, __u32 at)
{
	__u32 i;

	for (i = 1; i < 8; i++)
		if (cx_byte(m, at - i) != '\\')
			break;
	return !(i & 1);
}

/* Does To carry a tag? Only parameters behind the last > count. */
CX_FN int cx_scan_to(struct cx_msg *m)
{
	__u32 end, i;

	if (!m)
		return CX_R_BUG;
	end = m->h[CX_H_TO].end;
	m->pos = cx_skip_blank(m, m->h[CX_H_TO].at);
	/* "<uri>" and nothing behind it: a request that starts something */
	if (cx_byte(m, m->pos) == '<' && cx_byte(m, end - 1) == '>')
		return 0;
	m->acc_index = 0; /* inside a quoted string */
	for (i = 0; i < 16; i++) {
		__u32 c, quoted = m->acc_index;
		int at = m->pos;

		if ((__u32)at < end)
			at = cx_find(m, at, end, CX_CHARS(';', '"', '>'));
		if (at == CX_NOT_FOUND)
			return CX_R_LONG_VALUE;
		if ((__u32)at >= end)
			return quoted ? CX_R_BAD_TO : 0;
		c = cx_byte(m, at);
		if (c == '"') {
			if (!quoted || !cx_is_escaped(m, at))
				m->acc_index = !quoted;
		} else if (!quoted && c == '>') {
			m->flags &= ~CX_F_TO_TAG;
		} else if (!quoted && c == ';') {
			__u32 p = cx_skip_blank(m, at + 1);
			__u64 w = cx_word(m, p) | CX_LOWER;

			if ((w & CX_FIRST(3)) == CX_W4('t', 'a', 'g', 0) &&
			    (cx_byte(m, p + 3) == '=' || cx_is_blank(cx_byte(m, p + 3))))
				m->flags |= CX_F_TO_TAG;
		}
		m->pos = at + 1;
		CX_BARRIER();
	}
	return CX_R_BAD_TO;
}

/* Max-Forwards: 0..255 (RFC 3261 20.22); the digits' place is kept. */
CX_INLINE int cx_scan_max_forwards(struct cx_msg *m)
{
	int value;

	if (!m->h[CX_H_MAX_FORWARDS].end)
		return CX_R_NO_MAX_FORWARDS;
	if (!cx_trim(m, CX_H_MAX_FORWARDS))
		return CX_R_BAD_MAX_FORWARDS;
	value = cx_scan_short_number(m, m->h[CX_H_MAX_FORWARDS].at, 3);
	if (value < 0 || value > 255 || m->pos != m->h[CX_H_MAX_FORWARDS].end)
		return m->flags & CX_F_FOLDED ? CX_R_FOLDED : CX_R_BAD_MAX_FORWARDS;
	m->max_forwards_at = m->h[CX_H_MAX_FORWARDS].at;
	m->max_forwards_digits = m->h[CX_H_MAX_FORWARDS].end - m->h[CX_H_MAX_FORWARDS].at;
	m->max_forwards = value;
	return value ? 0 : CX_R_MAX_FORWARDS;
}

/* Content-Length over UDP: what the datagram holds (RFC 3261 18.3). */
CX_INLINE int cx_scan_content_length(struct cx_msg *m)
{
	int value;

	if (!m->h[CX_H_CONTENT_LENGTH].end)
		return 0;
	if (!cx_trim(m, CX_H_CONTENT_LENGTH))
		return CX_R_BAD_LENGTH;
	value = cx_scan_short_number(m, m->h[CX_H_CONTENT_LENGTH].at, 9);
	if (value < 0 || m->pos != m->h[CX_H_CONTENT_LENGTH].end)
		return m->flags & CX_F_FOLDED ? CX_R_FOLDED : CX_R_BAD_LENGTH;
	return (__u32)value == m->len - m->head_len ? 0 : CX_R_BAD_LENGTH;
}

#endif
