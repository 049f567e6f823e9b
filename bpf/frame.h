/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Frames: from Ethernet (up to two VLAN tags) over IPv4 or IPv6 to UDP and
 * back. Checksums follow RFC 1624: the tail's sum is what is left of the old
 * checksum once everything in front of it is taken off, so the tail is never
 * read; it is swapped where the tail moves to the other byte parity.
 */
#ifndef CX_BPF_FRAME_H
#define CX_BPF_FRAME_H

#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include "cxsip/scan.h"

struct cx_vlan_header {
	__be16 tci;
	__be16 proto;
};

/* Ethernet pads frames to 60 bytes, tags apart: keep-alives, nothing to forward. */
#define CX_PADDED_MAX 68

/* Why not even the listener could be looked for: the packet is none of ours. */
#define CX_NOT_OURS (-1)

/* What the frame said; kept in scratch memory during the engine's work. */
struct cx_frame {
	union cx_addr source, destination;
	__u16 source_port, destination_port; /* host order */
	__u16 payload_at;
	__u16 payload_len;
	__u16 udp_check; /* as on the wire */
	__u8 family;
	__u8 reason; /* 0, or why XDP cannot take it though it is for us */
	__u32 payload_sum; /* ones' complement sum of the payload, folded */
	__u32 no_check;	   /* sender did not fill in a checksum */
};

CX_INLINE __u64 cx_sum_address(const union cx_addr *a)
{
	return (__u64)a->d[0] + a->d[1] + a->d[2] + a->d[3];
}

/* Pseudo-header (RFC 768, RFC 8200 8.1). An IPv4-mapped address would add
 * 0xffff, which is zero in ones' complement. */
CX_INLINE __u64 cx_sum_pseudo(const union cx_addr *a, const union cx_addr *b, __u32 udp_len)
{
	return cx_sum_address(a) + cx_sum_address(b) + cx_htons(17) + cx_htons(udp_len);
}

/* Sum of buf[0, n), zero-padded. */
CX_FN int cx_sum_message(struct cx_msg *m, __u32 n)
{
	__u64 sum = 0;
	__u32 i;

	if (!m)
		return 0;
	for (i = 0; i + 8 <= CX_BUF_SIZE; i += 8) {
		if (i + 8 > n)
			break;
		sum += cx_sum_word(cx_get64(m->buf + i));
	}
	return cx_fold(sum + cx_sum_word(cx_word(m, i) & CX_FIRST(n - i)));
}

/* Reads the headers. 0: f is filled in; CX_NOT_OURS. */
CX_INLINE int cx_frame_read(struct xdp_md *ctx, struct cx_frame *f)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct cx_vlan_header *vlan;
	struct udphdr *udp;
	__u32 ip_len, frame_len = end - data, udp_len;
	int behind;
	void *l3;
	__be16 proto;
	int i;

	if ((void *)(eth + 1) > end)
		return CX_NOT_OURS;
	proto = eth->h_proto;
	l3 = eth + 1;
	CX_UNROLL
	for (i = 0; i < 2; i++) {
		if (proto != cx_htons(ETH_P_8021Q) && proto != cx_htons(ETH_P_8021AD))
			break;
		vlan = l3;
		if ((void *)(vlan + 1) > end)
			return CX_NOT_OURS;
		proto = vlan->proto;
		l3 = vlan + 1;
	}
	f->reason = 0;
	if (proto == cx_htons(ETH_P_IP)) {
		struct iphdr *ip = l3;

		if ((void *)(ip + 1) > end || ip->protocol != IPPROTO_UDP || ip->version != 4)
			return CX_NOT_OURS;
		if (ip->frag_off & cx_htons(0x1fff))
			return CX_NOT_OURS; /* a later fragment has no port */
		if (ip->frag_off & cx_htons(0x2000))
			f->reason = CX_R_FRAGMENT;
		if (ip->ihl < 5)
			return CX_NOT_OURS;
		if (ip->ihl != 5)
			f->reason = CX_R_IP_OPTIONS;
		f->family = CX_IPV4;
		f->source.q[0] = f->destination.q[0] = 0;
		f->source.q[1] = (__u64)ip->saddr << 32 | cx_htonl(0xffff);
		f->destination.q[1] = (__u64)ip->daddr << 32 | cx_htonl(0xffff);
		ip_len = cx_ntohs(ip->tot_len) - ip->ihl * 4;
		udp = l3 + ip->ihl * 4;
	} else if (proto == cx_htons(ETH_P_IPV6)) {
		struct ipv6hdr *ip = l3;
		__u32 *source, *destination;

		if ((void *)(ip + 1) > end || ip->nexthdr != IPPROTO_UDP)
			return CX_NOT_OURS;
		source = (__u32 *)&ip->saddr;
		destination = (__u32 *)&ip->daddr;
		f->family = CX_IPV6;
		CX_UNROLL
		for (i = 0; i < 2; i++) {
			f->source.q[i] = source[2 * i] | (__u64)source[2 * i + 1] << 32;
			f->destination.q[i] = destination[2 * i] | (__u64)destination[2 * i + 1] << 32;
		}
		ip_len = cx_ntohs(ip->payload_len);
		udp = (void *)(ip + 1);
	} else {
		return CX_NOT_OURS;
	}
	if ((void *)(udp + 1) > end)
		return CX_NOT_OURS;
	f->source_port = cx_ntohs(udp->source);
	f->destination_port = cx_ntohs(udp->dest);
	f->udp_check = udp->check;
	f->payload_at = (void *)(udp + 1) - data;
	udp_len = cx_ntohs(udp->len);
	f->payload_len = udp_len - 8;
	behind = frame_len - f->payload_at - f->payload_len;
	if (!f->reason && (udp_len < 8 || udp_len != ip_len || behind < 0 || (behind && frame_len > CX_PADDED_MAX) ||
			   (f->family == CX_IPV6 && !udp->check)))
		f->reason = CX_R_BAD_PACKET;
	return 0;
}

/* f->payload_sum, from the checksum on the wire or, where hardware was to fill
 * it in (veth and other virtual links), from the payload itself. */
CX_INLINE void cx_frame_sum(struct cx_frame *f, struct cx_msg *m)
{
	__u32 udp_len = f->payload_len + 8;
	__u64 pseudo = cx_sum_pseudo(&f->source, &f->destination, udp_len);

	f->no_check = !f->udp_check;
	if (f->no_check)
		return;
	if (f->udp_check == cx_fold(pseudo)) {
		f->payload_sum = cx_sum_message(m, m->len);
		return;
	}
	pseudo += cx_htons(f->source_port) + cx_htons(f->destination_port) + cx_htons(udp_len);
	f->payload_sum = cx_fold((__u64)(~f->udp_check & 0xffff) + (~cx_fold(pseudo) & 0xffff));
}

/* Change of the sum by the Max-Forwards digits, which are edited in place. */
CX_INLINE __u64 cx_sum_max_forwards(struct cx_msg *m)
{
	__u64 sum = 0;
	__u32 i;

	CX_UNROLL
	for (i = 0; i < 3; i++) {
		__u32 was, is;

		if (i >= m->max_forwards_digits)
			break;
		was = m->mf_old[i];
		is = cx_byte(m, m->max_forwards_at + i);
		if ((m->max_forwards_at + i) & 1) {
			was <<= 8;
			is <<= 8;
		}
		sum += is + (~was & 0xffff);
	}
	return sum;
}

/* The new UDP checksum, without its pseudo-header and header: the payload's sum. */
CX_INLINE __u64 cx_sum_payload(struct cx_frame *f, struct cx_msg *m)
{
	__u64 sum = f->payload_sum;
	__u32 tail, front;

	if (!m->response)
		sum += cx_sum_max_forwards(m);
	front = m->response || m->routes_popped ? cx_sum_message(m, m->tail_at) : cx_fold(m->tail_sum);
	tail = cx_fold(sum + (~front & 0xffff));
	if ((m->head_n ^ m->tail_at) & 1)
		tail = cx_swap16(tail);
	return (__u64)tail + m->head_sum;
}

/*
 * Writes Ethernet, VLAN, IP and UDP headers in front of the new head.
 * Returns their length. `from` is the listener that sends.
 */
CX_INLINE __u32 cx_frame_write(struct cx_frame *f, struct cx_msg *m, const struct cx_listener *from,
			       const struct cx_nexthop *to)
{
	__u32 udp_len = m->head_n + (m->len - m->tail_at) + 8, ip_size, vlans = to->vlans;
	struct udphdr *udp = (void *)(m->out + CX_FRAME_ROOM - sizeof(*udp));
	__be16 proto;
	__u8 *link;

	udp->source = cx_htons(from->port);
	udp->dest = cx_htons(m->to_port);
	udp->len = cx_htons(udp_len);
	udp->check = 0;
	if (!f->no_check) {
		__u64 sum = cx_sum_pseudo(&from->addr, &m->to, udp_len) + udp->source + udp->dest + udp->len;
		__u32 check = ~cx_fold(sum + cx_sum_payload(f, m)) & 0xffff;

		udp->check = check ? check : 0xffff;
	}
	if (f->family == CX_IPV4) {
		/* in words, and the checksum from what they are made of: reading
		 * back what was written in pieces would stall */
		__u32 *words = (__u32 *)((void *)udp - 20);
		__u32 first = cx_htonl(0x45000000 | (__u32)from->dscp << 18 | (udp_len + 20));
		__u32 id = (__u16)m->cookie_mac; /* DF is clear: a fragment needs some id (RFC 6864) */
		__u32 ttl = 64 | IPPROTO_UDP << 8;
		__u32 check = ~cx_fold((__u64)first + id + ttl + from->addr.d[3] + m->to.d[3]) & 0xffff;

		words[0] = first;
		words[1] = id;
		words[2] = ttl | check << 16;
		words[3] = from->addr.d[3];
		words[4] = m->to.d[3];
		ip_size = 20;
		proto = cx_htons(ETH_P_IP);
	} else {
		__u32 *words = (__u32 *)((void *)udp - 40);
		int i;

		words[0] = cx_htonl(6u << 28 | (__u32)from->dscp << 22);
		words[1] = cx_htons(udp_len) | IPPROTO_UDP << 16 | 64 << 24;
		CX_UNROLL
		for (i = 0; i < 4; i++) {
			words[2 + i] = from->addr.d[i];
			words[6 + i] = m->to.d[i];
		}
		ip_size = 40;
		proto = cx_htons(ETH_P_IPV6);
	}
	link = (__u8 *)udp - (ip_size == 20 ? 20 : 40);
	link -= 2;
	*(__be16 *)link = proto;
	if (vlans > 1) {
		link -= 4;
		*(__be16 *)(link + 2) = cx_htons(to->vlan_tci[1]);
		*(__be16 *)link = cx_htons(ETH_P_8021Q);
	}
	if (vlans > 0) {
		link -= 4;
		*(__be16 *)(link + 2) = cx_htons(to->vlan_tci[0]);
		*(__be16 *)link = cx_htons(vlans > 1 ? ETH_P_8021AD : ETH_P_8021Q);
	}
	link -= 12;
	cx_put64(link, cx_get64(to->dst_mac)); /* src_mac follows */
	*(__u32 *)(link + 8) = cx_get32((const __u8 *)to->dst_mac + 8);
	return 8 + ip_size + 14 + 4 * vlans;
}

#endif
