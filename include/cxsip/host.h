/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Numeric hosts of URIs: text to address and back (RFC 3261 25.1, RFC 5954,
 * RFC 5952). Names are the daemon's.
 */
#ifndef CXSIP_HOST_H
#define CXSIP_HOST_H

#include "text.h"

/* What a character is in an IPv6 address: 0..15, or 16. */
CX_INLINE __u32 cx_hex(__u32 c)
{
	if (c - '0' < 10)
		return c - '0';
	c |= 0x20;
	if (c - 'a' < 6)
		return c - 'a' + 10;
	return 16;
}

/* "192.0.2.1" at `from`; returns the offset behind it, or -1. */
CX_FN int cx_scan_ipv4(struct cx_msg *m, __u32 from)
{
	__u32 i;

	if (!m)
		return -1;
	m->acc = m->acc_digits = m->acc_index = 0;
	m->host.q[0] = 0;
	m->host.d[2] = cx_htonl(0xffff);
	for (i = 0; i < 16; i++) {
		__u32 c = cx_byte(m, from + i);

		CX_BARRIER();
		if (c - '0' < 10) {
			m->acc = m->acc * 10 + (c - '0');
			m->acc_digits++;
			if (m->acc_digits > 3 || m->acc > 255)
				return -1;
			continue;
		}
		if (!m->acc_digits)
			return -1;
		m->host.b[12 + (m->acc_index & 3)] = m->acc;
		if (m->acc_index == 3)
			return c == '.' ? -1 : (int)(from + i);
		if (c != '.')
			return -1;
		m->acc_index++;
		m->acc = m->acc_digits = 0;
	}
	return -1;
}

/* "[2001:db8::1]" at `from`; returns the offset behind the bracket, or -1.
 * Forms with an IPv4 tail are the daemon's. */
CX_FN int cx_scan_ipv6(struct cx_msg *m, __u32 from)
{
	__u32 i, n, gap, end;

	if (!m)
		return -1;
	m->acc = m->acc_digits = m->acc_index = 0;
	m->acc_gap = 8; /* groups in front of the "::"; 8: none seen */
	for (i = 1; i < 42; i++) {
		__u32 c = cx_byte(m, from + i), h = cx_hex(c);

		CX_BARRIER();
		if (h < 16) {
			if (++m->acc_digits > 4)
				return -1;
			m->acc = m->acc << 4 | h;
			continue;
		}
		if (c != ':' && c != ']')
			return -1;
		if (m->acc_digits) {
			if (m->acc_index >= 8)
				return -1;
			m->host_group[m->acc_index & 7] = m->acc;
			m->acc_index++;
			m->acc = m->acc_digits = 0;
			if (c == ']')
				break;
			if (cx_byte(m, from + i + 1) == ']')
				return -1; /* a single colon at the end */
			continue;
		}
		if (c == ']')
			break;
		/* a colon without digits before it: one half of "::" */
		if (i == 1) {
			if (cx_byte(m, from + 2) != ':')
				return -1;
			continue;
		}
		if (m->acc_gap != 8 || m->acc_index > 7)
			return -1;
		m->acc_gap = m->acc_index;
	}
	if (i >= 42)
		return -1;
	end = from + i + 1;
	CX_BARRIER();
	n = m->acc_index;
	gap = m->acc_gap;
	if (gap == 8 ? n != 8 : n > 7)
		return -1;
	m->host.q[0] = m->host.q[1] = 0;
	for (i = 0; i < 8; i++) {
		__u32 k = i < gap ? i : i + 8 - n;

		CX_BARRIER();
		if (i >= n)
			break;
		m->host.w[k & 7] = cx_htons(m->host_group[i]);
	}
	/* an IPv4-mapped address is no IPv6 destination */
	if (!m->host.q[0] && m->host.d[2] == cx_htonl(0xffff))
		return -1;
	return end;
}

/*
 * "host[:port]" at `from` of a URI that ends at `end`: m->host and
 * m->host_port. Returns the offset behind it, or -1: not numeric.
 */
CX_FN int cx_scan_host(struct cx_msg *m, __u32 from, __u32 end)
{
	int at, port;
	__u32 c;

	if (!m)
		return -1;
	m->host_port = 5060;
	at = cx_byte(m, from) == '[' ? cx_scan_ipv6(m, from) : cx_scan_ipv4(m, from);
	if (at < 0 || (__u32)at > end)
		return -1;
	if ((__u32)at == end)
		return at;
	c = cx_byte(m, at);
	if (c == ':') {
		port = cx_scan_number(m, at + 1, 5);
		if (port <= 0 || port > 65535 || m->pos > end)
			return -1;
		m->host_port = port;
		at = m->pos;
		c = cx_byte(m, at);
	}
	return (__u32)at == end || c == ';' || c == '?' ? at : -1;
}

#define CX_URI_TRANSPORT 1 /* another one than UDP */
#define CX_URI_MADDR 2
#define CX_URI_UNCLEAR (CX_URI_TRANSPORT | CX_URI_MADDR)

/* What a URI's parameters in [at, end) say about where it leads, beside host and port:
 * CX_URI_*. That is the daemon's then. Most have none, and are too short for one. */
CX_FN int cx_scan_elsewhere(struct cx_msg *m, __u32 at, __u32 end)
{
	__u32 i;

	if (!m)
		return CX_URI_UNCLEAR;
	if (at + sizeof(";maddr=") > end)
		return 0;
	m->acc = 0;
	m->pos = at;
	for (i = 0; i < 8; i++) {
		__u64 w;
		int p;

		CX_BARRIER();
		p = cx_find(m, m->pos, end, CX_CHARS(';', ';', ';'));
		if (p == CX_NOT_FOUND)
			return CX_URI_UNCLEAR;
		if ((__u32)p >= end)
			return m->acc;
		w = cx_word(m, p + 1) | CX_LOWER;
		if ((w & CX_FIRST(6)) == CX_W8('m', 'a', 'd', 'd', 'r', '=', 0, 0))
			m->acc |= CX_URI_MADDR;
		else if (w == CX_W8('t', 'r', 'a', 'n', 's', 'p', 'o', 'r') &&
			 ((cx_word(m, p + 9) | CX_LOWER) & CX_FIRST(2)) == CX_W4('t', '=', 0, 0) &&
			 ((cx_word(m, p + 11) | CX_LOWER) & CX_FIRST(3)) != CX_W4('u', 'd', 'p', 0))
			m->acc |= CX_URI_TRANSPORT;
		m->pos = p + 1;
	}
	return CX_URI_UNCLEAR;
}

/* Does the Request-URI have a maddr (RFC 3261 16.4, 16.5)? Most end within a few words,
 * without any parameter. */
CX_INLINE int cx_has_maddr(struct cx_msg *m)
{
	__u32 at = m->uri_host, end = m->uri.end, i;

	if (!at)
		return 0;
	for (i = 0; i < 32; i += 8) {
		if (at + i >= end)
			return 0;
		if (cx_matches(cx_word(m, at + i), CX_REPEAT(';')))
			break;
	}
	return cx_scan_elsewhere(m, at, end) & CX_URI_MADDR;
}

/* The same for a whole "sip:" URI in [from, end): user part skipped. -1 also where
 * it is not for UDP, or has a maddr. */
CX_FN int cx_scan_uri_host(struct cx_msg *m, __u32 from, __u32 end)
{
	int at;

	if (!m || ((cx_word(m, from) | CX_LOWER) & CX_FIRST(4)) != CX_W4('s', 'i', 'p', ':'))
		return -1;
	from += 4;
	at = cx_find(m, from, end, CX_CHARS('@', '@', '@'));
	if (at == CX_NOT_FOUND)
		return -1;
	if ((__u32)at < end)
		from = at + 1;
	at = cx_scan_host(m, from, end);
	return at >= 0 && cx_scan_elsewhere(m, at, end) ? -1 : at;
}

/* Is ;lr among the parameters in [at, end)? (RFC 3261 16.4) */
CX_FN int cx_scan_lr(struct cx_msg *m, __u32 at, __u32 end)
{
	__u32 i;

	if (!m)
		return 0;
	m->pos = at;
	for (i = 0; i < 8; i++) {
		__u32 c;
		int p;

		CX_BARRIER();
		p = cx_find(m, m->pos, end, CX_CHARS(';', ';', ';'));
		if (p == CX_NOT_FOUND || (__u32)p >= end)
			return 0;
		c = cx_byte(m, p + 3);
		if (((cx_word(m, p + 1) | CX_LOWER) & CX_FIRST(2)) == CX_W4('l', 'r', 0, 0) &&
		    ((__u32)p + 3 == end || c == ';' || c == '=' || c == '?'))
			return 1;
		m->pos = p + 1;
	}
	return 0;
}

/* Appends to m->text. */
CX_INLINE void cx_text_char(struct cx_msg *m, __u8 c)
{
	__u64 n = m->text_n;

	CX_BOUND(n, 127);
	m->text[n] = c;
	m->text_n = n + 1;
	CX_BARRIER();
}

/* Zeros behind the text, up to its 80 bytes and a little more. */
CX_INLINE void cx_text_end(struct cx_msg *m)
{
	__u64 at = m->text_n;
	__u32 i;

	for (i = 0; i < 10; i++) {
		__u64 k = at + 8 * i;

		if (k > 80)
			break;
		CX_BOUND(k, 127);
		cx_put64(m->text + k, 0);
	}
	CX_BARRIER();
}

CX_INLINE void cx_text_decimal(struct cx_msg *m, __u32 v)
{
	if (v >= 10000)
		cx_text_char(m, '0' + v / 10000 % 10);
	if (v >= 1000)
		cx_text_char(m, '0' + v / 1000 % 10);
	if (v >= 100)
		cx_text_char(m, '0' + v / 100 % 10);
	if (v >= 10)
		cx_text_char(m, '0' + v / 10 % 10);
	cx_text_char(m, '0' + v % 10);
}

CX_FN int cx_text_port(struct cx_msg *m, __u32 port)
{
	if (!m)
		return 0;
	cx_text_decimal(m, port & 0xffff);
	return 0;
}

CX_FN int cx_text_ipv4(struct cx_msg *m)
{
	__u32 i;

	if (!m)
		return 0;
	for (i = 0; i < 4; i++) {
		if (i)
			cx_text_char(m, '.');
		cx_text_decimal(m, m->host.b[12 + (i & 3)]);
	}
	return 0;
}

/* RFC 5952: lower case, no leading zeros, the longest run of two or more zero
 * groups (the first of equals) as "::". */
CX_FN int cx_text_ipv6(struct cx_msg *m)
{
	__u32 i, best, best_n;

	if (!m)
		return 0;
	m->acc = 0;	  /* length of the run that ends here */
	m->acc_digits = 0; /* best length */
	m->acc_index = 8; /* where it starts */
	for (i = 0; i < 8; i++) {
		CX_BARRIER();
		m->acc = m->host.w[i & 7] ? 0 : m->acc + 1;
		if (m->acc > m->acc_digits) {
			m->acc_digits = m->acc;
			m->acc_index = i + 1 - m->acc;
		}
	}
	CX_BARRIER();
	best = m->acc_index;
	best_n = m->acc_digits;
	if (best_n < 2)
		best = 8;
	for (i = 0; i < 8; i++) {
		__u32 v = cx_ntohs(m->host.w[i & 7]), k;

		if (i >= best && i < best + best_n) {
			if (i == best)
				cx_text_char(m, ':');
			if (i == 7)
				cx_text_char(m, ':');
			continue;
		}
		if (i)
			cx_text_char(m, ':');
		m->acc = 0;
		for (k = 0; k < 4; k++) {
			__u32 d = v >> (12 - 4 * k) & 15;

			CX_BARRIER();
			if (d || m->acc || k == 3) {
				cx_text_char(m, d < 10 ? '0' + d : 'a' + d - 10);
				m->acc = 1;
			}
		}
	}
	return 0;
}

#endif
