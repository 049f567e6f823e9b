/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Compose, the engine's third step: the new head of the message, everything up
 * to the last edit, is written to m->out + CX_FRAME_ROOM (m->head_n bytes); the
 * tail, buf[m->tail_at, len), never moves. Max-Forwards is counted down in
 * place with as many digits as it had (m->mf_old keeps the old ones, for the
 * checksum), so it needs no part in the head.
 */
#ifndef CXSIP_COMPOSE_H
#define CXSIP_COMPOSE_H

#include "decide.h"

CX_INLINE __u8 *cx_out(struct cx_msg *m, __u64 at)
{
	CX_BOUND(at, CX_OUT_SIZE - 1);
	return m->out + CX_FRAME_ROOM + at;
}

/* Takes a piece of `n` bytes with this sum into the head that ends at head_n. */
CX_INLINE void cx_head_grow(struct cx_msg *m, __u32 n, __u64 sum)
{
	__u32 folded = cx_fold(sum);

	m->head_sum += m->head_n & 1 ? cx_swap16(folded) : folded;
	m->head_n += n;
	CX_BARRIER();
}

/* Appends buf[from, to) to the head. */
CX_FN int cx_head_copy(struct cx_msg *m, __u32 from, __u32 to)
{
	__u32 i, n, at;
	__u64 sum = 0, w;

	if (!m)
		return CX_R_BUG;
	at = m->head_n;
	n = to - from;
	if (to < from || at + n > CX_HEAD_MAX)
		return CX_R_HEAD_TOO_BIG;
	for (i = 0; i + 8 <= CX_HEAD_MAX; i += 8) {
		if (i + 8 > n)
			break;
		w = cx_word(m, from + i);
		CX_OPAQUE(w);
		cx_put64(cx_out(m, at + i), w);
		sum += cx_sum_word(w);
	}
	w = cx_word(m, from + i) & CX_FIRST(n - i);
	cx_put64(cx_out(m, at + i), w);
	cx_head_grow(m, n, sum + cx_sum_word(w));
	return 0;
}

/* Appends `length` bytes of a zero-padded text of `size` (at most 96) bytes. */
#define CX_HEAD_TEXT(m, text, size, length)                                                        \
	do {                                                                                       \
		__u64 cx_sum = 0, cx_w;                                                            \
		__u32 cx_i;                                                                        \
		CX_NO_UNROLL for (cx_i = 0; cx_i < (size); cx_i += 8)                  \
		{                                                                                  \
			cx_w = cx_get64((text) + cx_i);                                            \
			CX_OPAQUE(cx_w);                                                           \
			cx_put64(cx_out(m, (m)->head_n) + cx_i, cx_w);                             \
			cx_sum += cx_sum_word(cx_w);                                               \
		}                                                                                  \
		cx_head_grow(m, length, cx_sum);                                                   \
	} while (0)

CX_INLINE void cx_head_word(struct cx_msg *m, __u64 w, __u32 n)
{
	cx_put64(cx_out(m, m->head_n), w);
	cx_head_grow(m, n, cx_sum_word(w));
}

/* Appends the cookie and the end of the line. */
CX_INLINE void cx_head_cookie(struct cx_msg *m)
{
	__u64 a, b, c, d = cx_ntohl(m->cookie_addr.d[3]);

	cx_head_word(m, cx_encode48(m->cookie_head), 8);
	if (CX_HEAD_IPV6(m->cookie_head)) {
		a = cx_ntohl(m->cookie_addr.d[0]);
		b = cx_ntohl(m->cookie_addr.d[1]);
		c = cx_ntohl(m->cookie_addr.d[2]);
		cx_head_word(m, cx_encode48(a << 16 | b >> 16), 8);
		cx_head_word(m, cx_encode48((b & 0xffff) << 32 | c), 8);
	}
	cx_head_word(m, cx_encode48(d << 16 | m->cookie_mac >> 48), 8);
	cx_head_word(m, cx_encode48(m->cookie_mac & 0xffffffffffffULL), 8);
	cx_head_word(m, '\r' | '\n' << 8, 2);
}

/* Our Via, and Record-Route for one side or both: the side that the request
 * leaves by on top (RFC 5658). */
CX_FN int cx_head_via(struct cx_msg *m)
{
	const struct cx_listener *l;

	if (!m)
		return CX_R_BUG;
	l = cx_lookup_listener(m, m->out_listener);
	if (!l || l->via_len > CX_VIA_TEXT_SIZE || l->rr_len > CX_RR_TEXT_SIZE || m->head_n > CX_HEAD_MAX)
		return CX_R_HEAD_TOO_BIG;
	CX_HEAD_TEXT(m, l->via_text, CX_VIA_TEXT_SIZE, l->via_len);
	cx_head_cookie(m);
	if (!(m->do_flags & CX_DO_RECORD_ROUTE))
		return 0;
	CX_HEAD_TEXT(m, l->rr_text, CX_RR_TEXT_SIZE, l->rr_len);
	if (!(m->do_flags & CX_DO_RECORD_ROUTE_TWICE))
		return 0;
	l = cx_lookup_listener(m, m->in_listener);
	if (!l || l->rr_len > CX_RR_TEXT_SIZE)
		return CX_R_HEAD_TOO_BIG;
	CX_HEAD_TEXT(m, l->rr_text, CX_RR_TEXT_SIZE, l->rr_len);
	return 0;
}

/* Removes buf[from, to), the last that was appended, from the head. */
CX_INLINE void cx_head_take_back(struct cx_msg *m, __u32 from, __u32 to)
{
	__u32 i, n = to - from, sum = 0;

	m->head_n -= n;
	for (i = 0; i < 16; i++) { /* a name, a colon and a few blanks */
		if (i >= n)
			break;
		sum += cx_byte(m, from + i) << ((m->head_n + i) & 1 ? 8 : 0);
	}
	m->head_sum += ~cx_fold(sum) & 0xffff;
	CX_BARRIER();
}

/* Copies what lies between m->tail_at and the popped Route value k and leaves
 * that value out: its whole line if nothing else is in it. */
CX_FN int cx_head_pop(struct cx_msg *m, __u32 k)
{
	struct cx_route_value *r;
	__u32 start, first;
	int reason;

	if (!m)
		return CX_R_BUG;
	r = &m->route[k & 1];
	first = cx_line(m, r->line);
	/* alone, or the rest of a line whose other values went before: from the line's start */
	start = r->next ? r->at : first;
	if (m->tail_at < start) {
		reason = cx_head_copy(m, m->tail_at, start);
		if (reason)
			return reason;
	} else if (!r->next && m->tail_at > first) {
		/* the line's beginning, "Route: ", is already in the head: take it back */
		cx_head_take_back(m, first, m->route[0].at);
	}
	m->tail_at = r->next ? r->next : cx_line(m, r->line + 1);
	return 0;
}

CX_FN int cx_compose_request(struct cx_msg *m)
{
	__u32 value, i;
	__u64 at;
	int reason;

	if (!m)
		return CX_R_BUG;
	m->head_n = m->head_sum = 0;
	m->tail_at = cx_line(m, 1);
	value = m->max_forwards - 1;
	for (i = 0; i < 3; i++) {
		__u32 digits = m->max_forwards_digits;

		if (i >= digits)
			break;
		at = m->max_forwards_at + digits - 1 - i;
		CX_BOUND(at, CX_BUF_MASK);
		m->mf_old[(digits - 1 - i) & 3] = m->buf[at];
		m->buf[at] = '0' + value % 10;
		value /= 10;
	}
	reason = cx_head_copy(m, 0, m->tail_at);
	if (reason)
		return reason;
	m->tail_sum = m->head_sum; /* what is in front of the tail, unless a Route goes, too */
	reason = cx_head_via(m);
	if (reason)
		return reason;
	for (i = 0; i < 2; i++) {
		if (i >= m->routes_popped)
			break;
		reason = cx_head_pop(m, i);
		if (reason)
			return reason;
	}
	return 0;
}

/* m->text: what goes into the Via below ours: "=port" behind an empty rport,
 * ";received=address" with it or where sent-by names another host. */
CX_FN int cx_received_text(struct cx_msg *m)
{
	struct cx_via *v;
	__u32 rport, start, i;

	if (!m)
		return CX_R_BUG;
	v = &m->via[1];
	rport = v->flags & CX_V_RPORT;
	m->text_n = 0;
	if (rport) {
		cx_text_char(m, '=');
		cx_text_port(m, m->to_port);
	}
	if (v->flags & CX_V_RECEIVED)
		return 0;
	start = m->text_n;
	m->host = m->to;
	cx_put64(m->text + (start & 15), CX_W8(';', 'r', 'e', 'c', 'e', 'i', 'v', 'e'));
	cx_put64(m->text + (start & 15) + 8, CX_W4('d', '=', 0, 0));
	m->text_n = start + 10;
	if (cx_is_v4(&m->host))
		cx_text_ipv4(m);
	else
		cx_text_ipv6(m);
	if (!rport) {
		/* compare with sent-by's host; an IPv6 one is in brackets */
		__u32 host = v->host, n = m->text_n - start - 10, same = 1;

		if (cx_byte(m, host) == '[')
			host++;
		for (i = 0; i < 46; i++) {
			__u64 t = start + 10 + i;

			if (i >= n)
				break;
			CX_BOUND(t, 127);
			if (cx_byte(m, host + i) != m->text[t]) {
				same = 0;
				break;
			}
		}
		if (same) {
			__u32 c = cx_byte(m, host + n);

			if (host + n == v->host_end || c == ':' || c == ']')
				m->text_n = start;
		}
	}
	return 0;
}

CX_FN int cx_compose_response(struct cx_msg *m)
{
	struct cx_via *ours, *v;
	__u32 line, from, behind, at;
	int reason;

	if (!m)
		return CX_R_BUG;
	ours = &m->via[0];
	v = &m->via[1];
	line = cx_line(m, ours->line);
	from = ours->next ? ours->at : line;
	behind = ours->next ? ours->next : cx_line(m, ours->line + 1);
	m->head_n = m->head_sum = 0;
	m->do_flags = 0;
	reason = cx_head_copy(m, 0, from);
	if (reason)
		return reason;
	reason = cx_received_text(m);
	if (reason)
		return reason;
	m->tail_at = behind;
	if (m->text_n) {
		at = v->rport_end ? v->rport_end : v->end;
		reason = cx_head_copy(m, behind, at);
		if (reason)
			return reason;
		cx_text_end(m);
		CX_HEAD_TEXT(m, m->text, 80, m->text_n);
		m->tail_at = at;
	}
	return 0;
}

#endif
