/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From the Request-URI's user part to a group: the DN, normalised as the network
 * says, looked up exactly and then by its longest prefix. RFC 3966 5.1.1 names
 * the visual separators; escapes are those of RFC 3261 19.1.2.
 */
#ifndef CXSIP_DN_H
#define CXSIP_DN_H

#include "host.h"

/* Characters of a user part that the network says do not count. */
CX_INLINE int cx_is_ignored(__u32 c, __u32 position, __u32 flags)
{
	if (c == '+')
		return position == 0 && (flags & CX_LISTENER_IGNORE_PLUS);
	return (flags & CX_LISTENER_IGNORE_SEPARATORS) && (c == '-' || c == '.' || c == '(' || c == ')');
}

/* The DN's digits one by one: separators, a leading + and escapes handled. Of a
 * user part that is longer than any DN, the beginning, and len says so. */
CX_FN int cx_build_dn_slow(struct cx_msg *m, __u32 flags)
{
	__u32 i, at, end;

	if (!m)
		return CX_R_BUG;
	end = m->user.end;
	m->acc = 0; /* length so far */
	m->acc_digits = flags; /* in memory: a register would remember which bits were tested */
	m->pos = m->user.at;
	for (i = 0; i < 48; i++) {
		__u32 c;
		__u64 n;

		CX_BARRIER();
		at = m->pos;
		if (at >= end)
			break;
		m->acc_index = cx_byte(m, at++);
		if (m->acc_index == '%') {
			c = cx_hex(cx_byte(m, at + 1)); /* 16: no digit; then bit 8 is set */
			m->acc_index = cx_hex(cx_byte(m, at)) << 4 | c | (c & 16) << 4;
			at += 2;
			if (at > end)
				return CX_R_BAD_URI;
		}
		m->pos = at;
		CX_BARRIER();
		c = m->acc_index;
		if (c > 0xff)
			return CX_R_BAD_URI; /* not hexadecimal */
		if (cx_is_ignored(c, i, m->acc_digits))
			continue;
		n = m->acc;
		m->acc = n + 1;
		if (n >= CX_DN_SIZE)
			break; /* longer than any DN: a prefix may match yet */
		CX_BOUND(n, 31);
		if (n < CX_DN_SIZE)
			m->dn_key.user[n] = c;
	}
	CX_BARRIER();
	if (m->pos < end && m->acc <= CX_DN_SIZE)
		return CX_R_NO_ROUTE;
	m->dn_key.len = m->acc;
	return 0;
}

/* m->dn_key from the Request-URI's user part. Plain digits, the common case,
 * eight at a time and in whole words (narrow stores would stall the look-up). */
CX_INLINE int cx_build_dn(struct cx_msg *m, const struct cx_listener *l)
{
	__u32 at = m->user.at, n = m->user.end - at;
	__u64 a = cx_word(m, at) & CX_FIRST(n), b = 0;
	__u8 *key = (__u8 *)&m->dn_key;

	if (n > 8)
		b = cx_word(m, at + 8) & CX_FIRST(n - 8);
	if (n > 16 || !cx_all_digits(a, n) || (n > 8 && !cx_all_digits(b, n - 8))) {
		cx_put64(key, l->table);
		cx_put64(key + 8, 0);
		cx_put64(key + 16, 0);
		cx_put64(key + 24, 0);
		return cx_build_dn_slow(m, l->flags);
	}
	cx_put64(key, l->table | (__u64)n << 16 | a << 24);
	cx_put64(key + 8, a >> 40 | b << 24);
	cx_put64(key + 16, b >> 40);
	cx_put64(key + 24, 0);
	return 0;
}

/* The longest prefix of m->dn_key that has a route. */
CX_FN int cx_find_prefix(struct cx_msg *m)
{
	const struct cx_table *t;
	struct cx_dn_key key;
	struct cx_dn dn;
	__u32 lengths, l;

	if (!m)
		return CX_R_BUG;
	t = cx_lookup_table(m, m->dn_key.table);
	if (!t)
		return CX_R_NO_ROUTE;
	lengths = t->prefix_lengths & ((2u << (m->dn_key.len & 31)) - 1);
	for (l = CX_DN_SIZE; l > 0; l--) {
		__u8 *k = (__u8 *)&key;
		const __u8 *from = (const __u8 *)&m->dn_key;
		__u32 n = l + 3;

		if (!(lengths >> l & 1))
			continue;
		cx_put64(k, cx_get64(from) & CX_FIRST(n));
		cx_put64(k + 8, n > 8 ? cx_get64(from + 8) & CX_FIRST(n - 8) : 0);
		cx_put64(k + 16, n > 16 ? cx_get64(from + 16) & CX_FIRST(n - 16) : 0);
		cx_put64(k + 24, n > 24 ? cx_get64(from + 24) & CX_FIRST(n - 24) : 0);
		key.len = l;
		if (!cx_lookup_dn(m, 2, &key, &dn)) {
			m->group = dn.group;
			m->acc = dn.flags;
			m->dn_kind = 2;
			return 0;
		}
	}
	return CX_R_NO_ROUTE;
}

/* m->group by DN: exact first, then the longest prefix. */
CX_FN int cx_find_route(struct cx_msg *m)
{
	const struct cx_listener *l;
	const struct cx_group *g;
	struct cx_dn dn;
	int reason, whole;

	if (!m)
		return CX_R_BUG;
	l = cx_lookup_listener(m, m->in_listener);
	if (!l)
		return CX_R_BUG;
	reason = cx_build_dn(m, l);
	if (reason)
		return reason;
	if (!m->dn_key.len)
		return CX_R_NO_ROUTE;
	whole = m->dn_key.len <= CX_DN_SIZE;
	if (!whole)
		m->dn_key.len = CX_DN_SIZE;
	if (whole && !cx_lookup_dn(m, 1, &m->dn_key, &dn)) {
		m->group = dn.group;
		m->acc = dn.flags;
		m->dn_kind = 1;
	} else {
		reason = cx_find_prefix(m);
		if (reason)
			return reason;
	}
	g = cx_lookup_group(m, m->group);
	if (!g)
		return CX_R_BUG;
	if ((m->fast || m->leave_core) && ((m->acc & CX_DN_CORE) || (g->flags & CX_GROUP_CORE)))
		return CX_R_CORE_ROUTE;
	m->acc_digits = g->ring_bits;
	m->acc_index = g->flags;
	return 0;
}

#endif
