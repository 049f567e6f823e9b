/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The branch of our Via: "z9hG4bK" and a cookie that says where the response
 * goes, so that no state is needed (RFC 3261 16.11), with a MAC, so that only
 * responses to requests that we forwarded go anywhere.
 *
 * In bits, most significant first, six to a character:
 *   head    48  version, family, key, generation, worker, node, listener, port
 *   IPv6:   96  first three words of the address
 *   word    32  (last word of) the address
 *   MAC     64
 * 144 bits and 24 characters for IPv4, 240 and 40 for IPv6. A branch of the
 * daemon's own transactions starts with 'T', which no head does.
 *
 * MAC = SipHash-2-4(key, hash(Call-ID) | head | address | next Via's branch).
 */
#ifndef CXSIP_COOKIE_H
#define CXSIP_COOKIE_H

#include "alphabet.h"
#include "via.h"
#include "siphash.h"

#define CX_COOKIE_IPV4 24
#define CX_COOKIE_IPV6 40

/* head: version 2 = 0 | IPv6 1 | key 1 | generation 2 | worker 10 | node 8 | listener 8 | port 16 */
CX_INLINE __u64 cx_cookie_head(__u32 ipv6, __u32 key, __u32 generation, __u32 node, __u32 listener, __u32 port)
{
	return (__u64)(ipv6 & 1) << 45 | (__u64)(key & 1) << 44 | (__u64)(generation & 3) << 42 |
	       (__u64)(node & 0xff) << 24 | (__u64)(listener & 0xff) << 16 | (port & 0xffff);
}
#define CX_HEAD_VERSION(h) ((__u32)((h) >> 46 & 3))
#define CX_HEAD_IPV6(h) ((__u32)((h) >> 45 & 1))
#define CX_HEAD_KEY(h) ((__u32)((h) >> 44 & 1))
#define CX_HEAD_LISTENER(h) ((__u32)((h) >> 16 & 0xff))
#define CX_HEAD_PORT(h) ((__u32)((h) & 0xffff))

/* Absorbs [from, to) of the message; 0, or -1 if it is too long. */
CX_INLINE int cx_siphash_text(struct cx_siphash *s, const struct cx_msg *m, __u32 from, __u32 to, int rounds)
{
	__u32 n = to - from, i;

	if (n > CX_VALUE_MAX)
		return -1;
	for (i = 0; i + 8 <= CX_VALUE_MAX; i += 8) {
		if (i + 8 > n)
			break;
		cx_siphash_word(s, cx_word(m, from + i), rounds);
	}
	cx_siphash_word(s, (cx_word(m, from + i) & CX_FIRST(n - i)) | (__u64)n << 56, rounds);
	return 0;
}

/* m->call_hash: picks ring slot and flow; the same on all nodes that share keys. */
CX_FN int cx_hash_call(struct cx_msg *m)
{
	const struct cx_key *key;
	struct cx_siphash s;

	if (!m)
		return CX_R_BUG;
	key = cx_lookup_key(m);
	if (!key)
		return CX_R_BUG;
	cx_siphash_start(&s, &key->hash);
	if (cx_siphash_text(&s, m, m->h[CX_H_CALL_ID].at, m->h[CX_H_CALL_ID].end, 1))
		return CX_R_LONG_VALUE;
	m->call_hash = cx_siphash_end(&s, 3);
	return 0;
}

/*
 * m->cookie_mac over m->call_hash, m->cookie_head, m->cookie_addr and the
 * branch of via[k]. Without the magic cookie a branch says little: then the
 * CSeq number counts, too (RFC 3261 16.11).
 */
CX_FN int cx_mac(struct cx_msg *m, __u32 k)
{
	const struct cx_key *key;
	struct cx_siphash s;
	struct cx_via *v;
	__u64 words[4];
	__u32 i, n = 3;

	if (!m)
		return CX_R_BUG;
	v = &m->via[k & 1];
	key = cx_lookup_key(m);
	if (!key)
		return CX_R_BUG;
	if (!cx_has_magic(m, v)) {
		if (m->fast)
			return CX_R_NO_BRANCH;
		if (cx_scan_number(m, m->h[CX_H_CSEQ].at, 10) < 0)
			return CX_R_BAD_CSEQ;
	} else {
		m->acc = 0;
	}
	words[0] = m->call_hash;
	words[1] = m->cookie_head | (__u64)m->acc << 48;
	if (CX_HEAD_IPV6(m->cookie_head)) {
		words[2] = m->cookie_addr.q[0];
		words[3] = m->cookie_addr.q[1];
		n = 4;
	} else {
		words[2] = (__u64)m->acc << 32 | m->cookie_addr.d[3];
	}
	cx_siphash_start(&s, &key->mac[CX_HEAD_KEY(m->cookie_head)]);
	CX_NO_UNROLL
	for (i = 0; i < 4; i++) {
		if (i >= n)
			break;
		cx_siphash_word(&s, words[i], 2);
	}
	if (cx_siphash_text(&s, m, v->branch, v->branch_end, 2))
		return CX_R_LONG_VALUE;
	m->cookie_mac = cx_siphash_end(&s, 4);
	return 0;
}

/* One group of eight characters at `at`: 48 bits, or all ones if none of ours. */
CX_INLINE __u64 cx_cookie_group(const struct cx_msg *m, __u32 at)
{
	__u64 w = cx_word(m, at), x = cx_decode48(w);

	return cx_encode48(x) == w ? x : ~0ULL;
}

/*
 * Reads and verifies the cookie in the branch of via[0]. 0: it is ours;
 * m->cookie_* are what it says. TRANSACTION, FORGED_RESPONSE or BAD_COOKIE.
 */
CX_FN int cx_cookie_read(struct cx_msg *m)
{
	__u64 a = 0, b = 0, c, d, mac;
	__u32 at, n;
	int reason;

	if (!m)
		return CX_R_BUG;
	at = m->via[0].branch;
	n = m->via[0].branch_end - at;
	if (!cx_has_magic(m, &m->via[0]))
		return CX_R_FORGED_RESPONSE;
	at += 7;
	n -= 7;
	if (cx_byte(m, at) == CX_COOKIE_TRANSACTION)
		return CX_R_TRANSACTION;
	if (n != CX_COOKIE_IPV4 && n != CX_COOKIE_IPV6)
		return CX_R_FORGED_RESPONSE;
	m->cookie_head = cx_cookie_group(m, at);
	m->cookie_addr.q[0] = 0;
	m->cookie_addr.d[2] = cx_htonl(0xffff);
	if (n == CX_COOKIE_IPV6) {
		a = cx_cookie_group(m, at + 8);
		b = cx_cookie_group(m, at + 16);
		at += 16;
		m->cookie_addr.d[0] = cx_htonl(a >> 16);
		m->cookie_addr.d[1] = cx_htonl((a & 0xffff) << 16 | (b >> 32 & 0xffff));
		m->cookie_addr.d[2] = cx_htonl(b);
	}
	c = cx_cookie_group(m, at + 8);
	d = cx_cookie_group(m, at + 16);
	if (((m->cookie_head | a | b | c | d) >> 48) || CX_HEAD_VERSION(m->cookie_head) ||
	    CX_HEAD_IPV6(m->cookie_head) != (n == CX_COOKIE_IPV6))
		return CX_R_FORGED_RESPONSE;
	m->cookie_addr.d[3] = cx_htonl(c >> 16);
	mac = (c & 0xffff) << 48 | d;
	reason = cx_mac(m, 1);
	if (reason)
		return reason;
	return m->cookie_mac == mac ? 0 : CX_R_BAD_COOKIE;
}

#endif
