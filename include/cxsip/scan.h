/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Scan, the engine's first step: where the lines and the values that routing
 * needs lie. Stages are functions of (struct cx_msg *) that leave offsets in
 * it and return a reason: CX_R_REQUEST (0) goes on, anything else ends the
 * engine's work on this datagram. Here: lines, header names, the start line.
 * values.h, via.h and route_values.h read what was found.
 *
 * Two ideas keep it fast and verifiable in BPF: line ends are found sixteen
 * bytes at a time with a constant stride, and what a loop carries over lives in
 * memory, so that the verifier forgets it from one round to the next.
 *
 * Strict where framing and routing depend on it; anything else is opaque
 * (RFC 3261 sections 7 and 25). Folding and odd spacing are recognised and
 * left to the daemon, which straightens them and comes back.
 */
#ifndef CXSIP_SCAN_H
#define CXSIP_SCAN_H

#include "text.h"

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
 * blank and no < may be anywhere in it. sips is a promise of TLS (26.2.2), which
 * nobody here can keep. */
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

/* All of it: what decide begins with. */
CX_INLINE int cx_scan(struct cx_msg *m)
{
	int reason = cx_scan_lines(m);

	if (reason)
		return reason;
	reason = cx_scan_start_line(m);
	return reason ? reason : cx_scan_headers(m);
}

#endif
