/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Scan, the engine's first step: where the lines and the values that routing
 * needs lie. Stages are functions of (struct cx_msg *) that leave offsets in
 * it and return a reason: CX_R_REQUEST (0) goes on, anything else ends the
 * engine's work on this datagram.
 *
 * Two ideas keep it fast and verifiable in BPF: line ends are found eight bytes
 * at a time with a constant stride, and what a loop carries over lives in
 * memory, so that the verifier forgets it from one round to the next.
 *
 * Strict where framing and routing depend on it; anything else is opaque
 * (RFC 3261 sections 7 and 25). Folding and odd spacing are recognised and
 * left to the daemon, which straightens them and comes back.
 */
#ifndef CXSIP_SCAN_H
#define CXSIP_SCAN_H

#include "message.h"

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

/*
 * Notes the line ends of one word, `hits`, at offset i. 0: go on, 1: that was
 * the empty line, else a reason. Four fit: "\r\n\r\n" and a short line.
 */
CX_INLINE int cx_note_lines(struct cx_msg *m, __u32 i, __u64 hits)
{
	__u32 k;

	for (k = 0; k < 4; k++) {
		__u64 n = m->n_lines, before;
		__u32 end, w;

		end = i + cx_first(hits);
		if (n >= CX_LINES_MAX - 1)
			return CX_R_TOO_MANY_HEADERS;
		CX_BOUND(n, CX_LINES_MAX - 1);
		m->line[n + 1] = end;
		before = end - 4;
		CX_BOUND(before, CX_BUF_MASK);
		w = cx_get32(m->buf + before);
		if (w == CX_W4('\r', '\n', '\r', '\n')) {
			m->head_len = end;
			return 1;
		}
		if (w >> 16 != ('\r' | '\n' << 8))
			return CX_R_BARE_LF;
		m->n_lines = n + 1;
		CX_BARRIER();
		hits &= hits - 1;
		if (!hits)
			return 0;
	}
	return CX_R_BARE_LF;
}

/* Line ends, up to the empty line; sixteen bytes a step. */
CX_FN int cx_scan_lines(struct cx_msg *m)
{
	__u32 len, i;

	if (!m)
		return CX_R_BUG;
	len = m->len;
	if (len > CX_BUF_SIZE - 8)
		return CX_R_TOO_BIG;
	cx_put64(m->buf + len, 0);
	cx_put64(m->buf + len + 8, 0);
	m->n_lines = 0;
	m->line[0] = 0;
	m->flags = 0;
	if (m->buf[0] == '\r' && m->buf[1] == '\n')
		return CX_R_KEEPALIVE; /* empty lines first (RFC 3261 7.5), or nothing else */
	if (m->buf[0] == '\n')
		return CX_R_BARE_LF;
	for (i = 0; i < CX_BUF_SIZE; i += 16) {
		__u64 a, b;
		int found = 0;

		if (i >= len)
			break;
		a = cx_get64(m->buf + i);
		b = cx_get64(m->buf + i + 8);
		/* A borrow sets the top bit of a byte below 0x20, and of some that are
		 * none: cheap, and never missing a line feed. */
		if (!(((a - CX_LOWER) | (b - CX_LOWER)) & CX_REPEAT(0x80)))
			continue;
		a = cx_matches(a, CX_REPEAT('\n'));
		b = cx_matches(b, CX_REPEAT('\n'));
		if (a)
			found = cx_note_lines(m, i, a);
		if (b && !found)
			found = cx_note_lines(m, i + 8, b);
		if (found)
			return found == 1 ? 0 : found;
	}
	return CX_R_NO_HEADER_END;
}

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

/* Records a header that must be single: value from `at` to the line's end. */
CX_INLINE void cx_record(struct cx_msg *m, __u32 header, __u32 at, __u32 end)
{
	if (m->h[header].end)
		m->flags |= CX_F_DUPLICATE;
	m->h[header].at = at;
	m->h[header].end = end;
	CX_BARRIER();
}

/* 1: `length` characters of a name are followed by a colon, 0: by something
 * else; a blank there is noted as odd spacing. */
CX_INLINE int cx_colon(struct cx_msg *m, __u32 at)
{
	__u32 c = cx_byte(m, at);

	if (cx_is_blank(c)) {
		m->flags |= CX_F_FOLDED;
		CX_BARRIER();
	}
	return c == ':';
}

#define CX_NAME_IS(w, n, word) (((w) & CX_FIRST(n)) == (word))

/* One header line: what it is, if routing cares. w: its first eight bytes. */
CX_INLINE void cx_scan_name(struct cx_msg *m, __u32 i, __u32 start, __u32 end, __u64 w)
{
	__u64 more;

	switch (w & 0xff) {
	case 'v':
		if (CX_NAME_IS(w, 3, CX_W4('v', 'i', 'a', 0)) ? cx_colon(m, start + 3) : cx_colon(m, start + 1)) {
			__u32 n = m->n_via_lines;

			if (n < 2)
				m->via_line[n & 1] = i;
			m->n_via_lines = n + 1;
			CX_BARRIER();
		}
		break;
	case 'm':
		more = cx_word(m, start + 8) | CX_LOWER;
		if (w == CX_W8('m', 'a', 'x', '-', 'f', 'o', 'r', 'w') &&
		    CX_NAME_IS(more, 4, CX_W4('a', 'r', 'd', 's')) && cx_colon(m, start + 12))
			cx_record(m, CX_H_MAX_FORWARDS, start + 13, end);
		break;
	case 'c':
		if (CX_NAME_IS(w, 4, CX_W4('c', 's', 'e', 'q'))) {
			if (cx_colon(m, start + 4))
				cx_record(m, CX_H_CSEQ, start + 5, end);
		} else if (CX_NAME_IS(w, 7, CX_W8('c', 'a', 'l', 'l', '-', 'i', 'd', 0))) {
			if (cx_colon(m, start + 7))
				cx_record(m, CX_H_CALL_ID, start + 8, end);
		} else if (w == CX_W8('c', 'o', 'n', 't', 'e', 'n', 't', '-')) {
			more = cx_word(m, start + 8) | CX_LOWER;
			if (CX_NAME_IS(more, 6, CX_W8('l', 'e', 'n', 'g', 't', 'h', 0, 0)) && cx_colon(m, start + 14))
				cx_record(m, CX_H_CONTENT_LENGTH, start + 15, end);
		}
		break;
	case 'i':
		if (cx_colon(m, start + 1))
			cx_record(m, CX_H_CALL_ID, start + 2, end);
		break;
	case 'f':
		if (CX_NAME_IS(w, 4, CX_W4('f', 'r', 'o', 'm'))) {
			if (cx_colon(m, start + 4))
				cx_record(m, CX_H_FROM, start + 5, end);
		} else if (cx_colon(m, start + 1)) {
			cx_record(m, CX_H_FROM, start + 2, end);
		}
		break;
	case 't':
		if (CX_NAME_IS(w, 2, CX_W4('t', 'o', 0, 0)) && cx_colon(m, start + 2))
			cx_record(m, CX_H_TO, start + 3, end);
		else if (cx_colon(m, start + 1))
			cx_record(m, CX_H_TO, start + 2, end);
		break;
	case 'l':
		if (cx_colon(m, start + 1))
			cx_record(m, CX_H_CONTENT_LENGTH, start + 2, end);
		break;
	case 'r':
		if (CX_NAME_IS(w, 5, CX_W8('r', 'o', 'u', 't', 'e', 0, 0, 0)) && cx_colon(m, start + 5)) {
			__u32 n = m->n_route_lines;

			if (n <= CX_ROUTES_MAX)
				m->route_line[n & 3] = i;
			m->n_route_lines = n + 1;
			CX_BARRIER();
		}
		break;
	case 'p':
		more = cx_word(m, start + 8) | CX_LOWER;
		if (w == CX_W8('p', 'r', 'o', 'x', 'y', '-', 'r', 'e') &&
		    CX_NAME_IS(more, 5, CX_W8('q', 'u', 'i', 'r', 'e', 0, 0, 0)) && cx_colon(m, start + 13))
			m->h[CX_H_PROXY_REQUIRE].end = end;
		break;
	}
}

#define CX_LETTER(c) (1u << ((c) - 'a'))
#define CX_LETTERS                                                                                 \
	(CX_LETTER('v') | CX_LETTER('m') | CX_LETTER('c') | CX_LETTER('i') | CX_LETTER('f') |      \
	 CX_LETTER('t') | CX_LETTER('l') | CX_LETTER('r') | CX_LETTER('p'))

/* Header lines. */
CX_FN int cx_scan_headers(struct cx_msg *m)
{
	__u32 i;

	if (!m)
		return CX_R_BUG;
	for (i = 0; i < CX_HEADERS; i++)
		m->h[i].at = m->h[i].end = 0;
	m->n_via_lines = 0;
	m->n_route_lines = 0;
	for (i = 1; i < CX_LINES_MAX; i++) {
		__u32 start, end;
		__u64 w;

		if (i >= m->n_lines)
			break;
		start = cx_line(m, i);
		w = cx_word(m, start);
		if (cx_is_blank(w & 0xff)) {
			m->flags |= CX_F_FOLDED;
			CX_BARRIER();
			continue;
		}
		w |= CX_LOWER;
		if (!((CX_LETTERS >> ((w - 'a') & 31)) & 1))
			continue;
		end = cx_line_end(m, i);
		cx_scan_name(m, i, start, end, w);
	}
	if (m->flags & CX_F_FOLDED)
		return CX_R_FOLDED;
	return 0;
}

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
		if (i >= digits || (i == 9 && value > 214748363))
			return -1; /* RFC 3261 8.1.1.5: below 2**31 */
		value = value * 10 + c;
	}
	m->pos = at + i;
	m->acc = value;
	return i ? (int)value : -1;
}

/* What is wrong with a start line that does not end in " SIP/2.0". */
CX_FN int cx_bad_version(struct cx_msg *m, __u32 end)
{
	__u32 i;

	if (!m)
		return CX_R_BUG;
	if (cx_is_blank(cx_byte(m, end - 1)))
		return CX_R_BAD_URI; /* blanks at its end */
	for (i = 1; i < 16; i++) /* "METHOD uri SIP/x.y" */
		if (cx_byte(m, end - i) == ' ')
			return (cx_word(m, end - i + 1) & CX_FIRST(4)) == CX_W4('S', 'I', 'P', '/') ? CX_R_VERSION
												     : CX_R_NOT_SIP;
	return CX_R_NOT_SIP;
}

/*
 * The same for the usual case, up to three digits and the line's end or a blank
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

/* Response status, or the request's method and version (RFC 3261 7.1, 7.2). */
CX_FN int cx_scan_start_line(struct cx_msg *m)
{
	__u32 end;
	__u64 w;
	int at;

	if (!m)
		return CX_R_BUG;
	m->response = 0;
	m->method = CX_M_OTHER;
	m->user.end = 0;
	m->uri_host = 0;
	if (!m->n_lines)
		return CX_R_NOT_SIP;
	end = cx_line_end(m, 0);
	w = cx_word(m, 0);
	if (w == CX_W8('S', 'I', 'P', '/', '2', '.', '0', ' ')) {
		int code = cx_scan_number(m, 8, 3);

		if (code < 100 || code > 699 || m->pos != 11 || cx_byte(m, 11) != ' ')
			return CX_R_BAD_RESPONSE;
		m->response = code;
		return 0;
	}
	if ((w & CX_FIRST(4)) == CX_W4('S', 'I', 'P', '/'))
		return CX_R_VERSION;
	if ((w & CX_FIRST(7)) == CX_W8('I', 'N', 'V', 'I', 'T', 'E', ' ', 0)) {
		at = 6;
	} else {
		at = cx_find(m, 0, end, CX_CHARS(' ', ' ', '\t'));
		if (at == CX_NOT_FOUND || (__u32)at >= end || at == 0 || cx_byte(m, at) != ' ')
			return CX_R_NOT_SIP;
	}
	m->method_len = at;
	m->uri.at = at + 1;
	m->uri.end = end - 8;
	w = cx_word(m, end - 8);
	if (w == CX_W8(' ', 'S', 'I', 'P', '/', '2', '.', '0') && m->uri.at < end - 8)
		return 0;
	return cx_bad_version(m, end);
}

/* Are the first n (at most eight) characters of w digits? */
CX_INLINE int cx_all_digits(__u64 w, __u32 n)
{
	w = (w & CX_FIRST(n)) | (CX_REPEAT('0') & ~CX_FIRST(n));
	return !(((w ^ CX_REPEAT(0x30)) | ((w + CX_REPEAT(6)) ^ CX_REPEAT(0x30))) & CX_REPEAT(0xf0));
}

/* Which method: RFC 3261 and its extensions; names are case-sensitive. */
CX_INLINE __u32 cx_method_of(__u64 w, __u32 length)
{
	w &= CX_FIRST(length);
	switch (length) {
	case 3:
		return w == CX_W4('A', 'C', 'K', 0) ? CX_M_ACK : w == CX_W4('B', 'Y', 'E', 0) ? CX_M_BYE : CX_M_OTHER;
	case 4:
		return w == CX_W4('I', 'N', 'F', 'O') ? CX_M_INFO : CX_M_OTHER;
	case 5:
		if (w == CX_W8('P', 'R', 'A', 'C', 'K', 0, 0, 0))
			return CX_M_PRACK;
		return w == CX_W8('R', 'E', 'F', 'E', 'R', 0, 0, 0) ? CX_M_REFER : CX_M_OTHER;
	case 6:
		if (w == CX_W8('I', 'N', 'V', 'I', 'T', 'E', 0, 0))
			return CX_M_INVITE;
		if (w == CX_W8('C', 'A', 'N', 'C', 'E', 'L', 0, 0))
			return CX_M_CANCEL;
		if (w == CX_W8('U', 'P', 'D', 'A', 'T', 'E', 0, 0))
			return CX_M_UPDATE;
		return w == CX_W8('N', 'O', 'T', 'I', 'F', 'Y', 0, 0) ? CX_M_NOTIFY : CX_M_OTHER;
	case 7:
		if (w == CX_W8('O', 'P', 'T', 'I', 'O', 'N', 'S', 0))
			return CX_M_OPTIONS;
		return w == CX_W8('M', 'E', 'S', 'S', 'A', 'G', 'E', 0) ? CX_M_MESSAGE : CX_M_OTHER;
	case 8:
		return w == CX_W8('R', 'E', 'G', 'I', 'S', 'T', 'E', 'R') ? CX_M_REGISTER : CX_M_OTHER;
	}
	return CX_M_OTHER;
}

/* Scheme, user and host of the Request-URI (RFC 3261 19.1.1, RFC 3966). No
 * blank and no < may be anywhere in it. */
CX_FN int cx_scan_uri(struct cx_msg *m)
{
	__u32 start, end, user_end;
	__u64 w;
	int at;

	if (!m)
		return CX_R_BUG;
	m->method = cx_method_of(cx_word(m, 0), m->method_len);
	start = m->uri.at;
	end = m->uri.end;
	w = cx_word(m, start) | CX_LOWER;
	if ((w & CX_FIRST(4)) == CX_W4('s', 'i', 'p', ':') || (w & CX_FIRST(4)) == CX_W4('t', 'e', 'l', ':'))
		start += 4;
	else if ((w & CX_FIRST(5)) == CX_W8('s', 'i', 'p', 's', ':', 0, 0, 0))
		start += 5;
	else
		return cx_find(m, start, end, CX_CHARS(' ', '<', '\t')) < (int)end ? CX_R_BAD_URI : CX_R_BAD_SCHEME;
	at = cx_find(m, start, end, CX_CHARS('@', '<', ' '));
	if (at == CX_NOT_FOUND)
		return CX_R_LONG_VALUE;
	user_end = at;
	if (user_end < end && cx_byte(m, at) == '@') {
		at = cx_find(m, at, end, CX_CHARS('\t', '<', ' '));
		if (at == CX_NOT_FOUND)
			return CX_R_LONG_VALUE;
		m->uri_host = user_end + 1;
		if (user_end == start || user_end + 1 >= end)
			return CX_R_BAD_URI;
	}
	if ((__u32)at < end || start >= end)
		return CX_R_BAD_URI;
	if ((w & 0xff) == 't') {
		m->uri_host = 0;
	} else if (!m->uri_host) {
		m->uri_host = start;
		return 0;
	}
	/* plain digits have no parameters and no password behind them */
	m->user.at = start;
	m->user.end = user_end;
	if (user_end - start <= 8 && cx_all_digits(cx_word(m, start), user_end - start))
		return 0;
	at = cx_find(m, start, user_end, CX_CHARS(';', ':', ':'));
	m->user.end = at;
	return (__u32)at > start ? 0 : CX_R_BAD_URI;
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
	m->pos = m->h[CX_H_TO].at;
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

/* One Via value at `at` (RFC 3261 20.42, RFC 3581). k: 0 or 1. */
CX_FN int cx_scan_via(struct cx_msg *m, __u32 k, __u32 at, __u32 end)
{
	struct cx_via *v;
	__u32 i, last;
	__u64 w;
	int p;

	if (!m)
		return CX_R_BUG;
	v = &m->via[k & 1];
	at = cx_skip_blank(m, at);
	v->at = at;
	v->next = 0;
	v->branch = v->branch_end = 0;
	v->rport_end = 0;
	v->flags = 0;
	w = cx_word(m, at);
	if ((w | CX_LOWER) != (CX_W8('s', 'i', 'p', '/', '2', '.', '0', '/') | CX_LOWER) || (w >> 24 & 0xff) != '/')
		return CX_R_BAD_VIA;
	p = at + 11;
	if ((cx_word(m, at + 8) & CX_FIRST(4)) != CX_W4('U', 'D', 'P', ' ')) {
		p = cx_find(m, at + 8, end, CX_CHARS(' ', ';', ','));
		if (p == CX_NOT_FOUND || (__u32)p >= end || cx_byte(m, p) != ' ' || (__u32)p == at + 8)
			return CX_R_BAD_VIA;
	}
	at = cx_skip_blank(m, p);
	v->host = at;
	p = cx_find(m, at, end, CX_CHARS(';', ',', '"'));
	if (p == CX_NOT_FOUND)
		return CX_R_LONG_VALUE;
	if ((__u32)p == at || cx_is_blank(cx_byte(m, p - 1)))
		return CX_R_BAD_VIA;
	v->host_end = p;
	m->pos = p;
	CX_BARRIER();
	for (i = 0; i <= CX_VIA_PARAMS_MAX; i++) {
		__u32 c, q;

		last = m->pos;
		c = cx_byte(m, last);
		if (last >= end) {
			v->end = end;
			return 0;
		}
		if (c == ',') {
			v->end = last;
			v->next = cx_skip_blank(m, last + 1);
			return v->next < end && !(m->flags & CX_F_FOLDED) ? 0 : CX_R_BAD_VIA;
		}
		if (c != ';')
			return CX_R_BAD_VIA;
		q = last + 1;
		w = cx_word(m, q) | CX_LOWER;
		p = q + 5;
		if ((w & CX_FIRST(5)) != CX_W8('r', 'p', 'o', 'r', 't', 0, 0, 0) || cx_byte(m, p) != ';') {
			p = cx_find(m, q, end, CX_CHARS(';', ',', '"'));
			if (p == CX_NOT_FOUND)
				return CX_R_LONG_VALUE;
		}
		if ((__u32)p == q || cx_is_blank(cx_byte(m, q)) || cx_is_blank(cx_byte(m, p - 1)))
			return CX_R_BAD_VIA;
		if ((w & CX_FIRST(7)) == CX_W8('b', 'r', 'a', 'n', 'c', 'h', '=', 0)) {
			if (v->flags & CX_V_BRANCH)
				return CX_R_BAD_VIA;
			v->flags |= CX_V_BRANCH;
			v->branch = q + 7;
			v->branch_end = p;
		} else if ((w & CX_FIRST(5)) == CX_W8('r', 'p', 'o', 'r', 't', 0, 0, 0)) {
			if (q + 5 == (__u32)p) {
				v->flags |= CX_V_RPORT;
				v->rport_end = p;
			} else if (cx_byte(m, q + 5) == '=') {
				v->flags |= CX_V_RPORT_VALUE;
			}
		} else if (w == CX_W8('r', 'e', 'c', 'e', 'i', 'v', 'e', 'd') && cx_byte(m, q + 8) == '=') {
			v->flags |= CX_V_RECEIVED;
		} else if ((w & CX_FIRST(6)) == CX_W8('m', 'a', 'd', 'd', 'r', '=', 0, 0)) {
			v->flags |= CX_V_MADDR;
		}
		m->pos = p;
		CX_BARRIER();
	}
	return CX_R_BAD_VIA;
}

/* Does the branch start with the magic cookie of RFC 3261 8.1.1.7? */
CX_INLINE int cx_has_magic(const struct cx_msg *m, const struct cx_via *v)
{
	return (cx_word(m, v->branch) & CX_FIRST(7)) == CX_W8('z', '9', 'h', 'G', '4', 'b', 'K', 0) &&
	       v->branch + 7 < v->branch_end;
}

/* Port of a Via's sent-by: digits behind the last colon, else 5060. */
CX_FN int cx_scan_sent_by_port(struct cx_msg *m, __u32 from, __u32 to)
{
	__u32 i;

	if (!m)
		return -1;
	for (i = 1; i <= 6; i++) {
		__u32 c = cx_byte(m, to - i);

		if (to - i <= from)
			break;
		if (c == ':') {
			int port = i > 1 ? cx_scan_number(m, to - i + 1, 5) : -1;

			return port > 0 && port < 65536 && m->pos == to ? port : -1;
		}
		if (c < '0' || c > '9')
			break;
	}
	return 5060;
}

/*
 * The values of Via lines: k = 0 the topmost one, and for a response k = 1 the
 * one below, in the same line or the next.
 */
CX_INLINE int cx_scan_vias(struct cx_msg *m)
{
	__u32 line = m->via_line[0], colon = (cx_byte(m, cx_line(m, line) + 1) == ':') ? 2 : 4;
	int reason = cx_scan_via(m, 0, cx_line(m, line) + colon, cx_line_end(m, line));

	if (reason)
		return reason;
	m->via[0].line = line;
	if (!m->response)
		return 0;
	if (m->via[0].next) {
		m->via[1].line = line;
		return cx_scan_via(m, 1, m->via[0].next, cx_line_end(m, line));
	}
	if (m->n_via_lines < 2)
		return 0;
	line = m->via_line[1];
	colon = (cx_byte(m, cx_line(m, line) + 1) == ':') ? 2 : 4;
	m->via[1].line = line;
	return cx_scan_via(m, 1, cx_line(m, line) + colon, cx_line_end(m, line));
}

/*
 * The first CX_ROUTES_MAX Route values, over lines and commas (RFC 3261 20.34):
 * [display-name] <uri> [;parameters].
 */
CX_FN int cx_scan_routes(struct cx_msg *m)
{
	__u32 i;

	if (!m)
		return CX_R_BUG;
	m->n_routes = 0;
	m->acc_index = 0; /* which Route line */
	m->pos = 0;	  /* next value in it, 0: at its start */
	for (i = 0; i < CX_ROUTES_MAX; i++) {
		struct cx_route_value *r = &m->route[i];
		__u32 line, end, at;
		int p;

		CX_BARRIER();
		if (m->acc_index >= m->n_route_lines)
			return 0;
		line = m->route_line[m->acc_index & 3];
		end = cx_line_end(m, line);
		at = m->pos ? m->pos : cx_skip_blank(m, cx_line(m, line) + 6);
		r->at = at;
		r->line = line;
		p = cx_find(m, at, end, CX_CHARS('<', '"', ','));
		if (p == CX_NOT_FOUND)
			return CX_R_LONG_VALUE;
		if ((__u32)p >= end || cx_byte(m, p) != '<')
			return CX_R_BAD_ROUTE;
		r->uri = p + 1;
		p = cx_find(m, r->uri, end, CX_CHARS('>', '>', '>'));
		if (p == CX_NOT_FOUND)
			return CX_R_LONG_VALUE;
		if ((__u32)p >= end)
			return CX_R_BAD_ROUTE;
		r->uri_end = p;
		p = cx_find(m, p, end, CX_CHARS(',', ',', '"'));
		if (p == CX_NOT_FOUND)
			return CX_R_LONG_VALUE;
		if ((__u32)p >= end) {
			r->next = 0;
			m->acc_index++;
			m->pos = 0;
		} else if (cx_byte(m, p) == ',') {
			r->next = cx_skip_blank(m, p + 1);
			m->pos = r->next;
		} else {
			return CX_R_BAD_ROUTE;
		}
		m->n_routes = i + 1;
	}
	return 0;
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
