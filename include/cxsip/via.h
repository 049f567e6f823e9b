/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Via values (RFC 3261 20.42, RFC 3581): the topmost one of a request; ours and
 * the one below it of a response.
 */
#ifndef CXSIP_VIA_H
#define CXSIP_VIA_H

#include "values.h"

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

#endif
