// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reading what the IP layers have put together. Nothing of the skb changes
 * but what checking its checksum notes in it.
 */
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/ipv6.h>
#include <net/xfrm.h>
#include "packet.h"

static void cx_addr_of_v4(union cx_addr *addr, __be32 v4)
{
	addr->q[0] = 0;
	addr->d[2] = cx_htonl(0xffff);
	addr->d[3] = (__force u32)v4;
}

/* Offset of the UDP header, 0: there is none. */
static u32 cx_packet_read_v4(const struct sk_buff *skb, struct cx_datagram *d)
{
	const struct iphdr *ip = ip_hdr(skb);

	if (ip->protocol != IPPROTO_UDP || ip_is_fragment(ip))
		return 0;
	cx_addr_of_v4(&d->source, ip->saddr);
	cx_addr_of_v4(&d->destination, ip->daddr);
	d->plain = ip->ihl == 5;
	return skb_network_offset(skb) + ip->ihl * 4;
}

static u32 cx_packet_read_v6(const struct sk_buff *skb, struct cx_datagram *d)
{
	const struct ipv6hdr *ip = ipv6_hdr(skb);
	u8 next = ip->nexthdr;
	__be16 frag_off = 0;
	int at = skb_network_offset(skb) + sizeof(*ip);

	d->plain = next == IPPROTO_UDP;
	if (!d->plain)
		at = ipv6_skip_exthdr(skb, at, &next, &frag_off);
	if (at < 0 || next != IPPROTO_UDP || frag_off)
		return 0;
	memcpy(&d->source, &ip->saddr, sizeof(d->source));
	memcpy(&d->destination, &ip->daddr, sizeof(d->destination));
	return at;
}

bool cx_packet_read(const struct sk_buff *skb, const struct nf_hook_state *state, struct cx_datagram *d)
{
	const struct udphdr *udp;
	struct udphdr buffer;

	if (skb->pkt_type != PACKET_HOST || skb_is_gso(skb))
		return false;
	d->udp_at = state->pf == NFPROTO_IPV4 ? cx_packet_read_v4(skb, d) : cx_packet_read_v6(skb, d);
	if (!d->udp_at)
		return false;
	udp = skb_header_pointer(skb, d->udp_at, sizeof(buffer), &buffer);
	if (!udp)
		return false;
	d->source_port = ntohs(udp->source);
	d->destination_port = ntohs(udp->dest);
	d->udp_len = ntohs(udp->len);
	return true;
}

/* As udp_rcv() would find it, which does not see what is taken here. */
static bool cx_packet_checksum_ok(struct sk_buff *skb, const struct nf_hook_state *state,
				  const struct cx_datagram *d)
{
	struct udphdr buffer;
	const struct udphdr *udp = skb_header_pointer(skb, d->udp_at, sizeof(buffer), &buffer);

	if (!udp)
		return false;
	if (!udp->check)
		return state->pf == NFPROTO_IPV4;
	return !nf_checksum(skb, state->hook, d->udp_at, IPPROTO_UDP, state->pf);
}

/* IPsec: a host that asks for it on these ports asks the socket, which this is not. */
static bool cx_packet_policy_ok(struct sk_buff *skb, const struct nf_hook_state *state)
{
	return state->pf == NFPROTO_IPV4 ? xfrm4_policy_check(NULL, XFRM_POLICY_IN, skb) :
					   xfrm6_policy_check(NULL, XFRM_POLICY_IN, skb);
}

enum cx_reason cx_packet_copy(struct sk_buff *skb, const struct nf_hook_state *state,
			      const struct cx_datagram *d, u8 *to, u32 max, u32 *len)
{
	*len = 0;
	if (d->udp_len < sizeof(struct udphdr) || d->udp_at + d->udp_len != skb->len)
		return CX_R_BAD_PACKET;
	*len = d->udp_len - sizeof(struct udphdr);
	if (!d->plain)
		return CX_R_IP_OPTIONS;
	if (*len > max)
		return CX_R_TOO_BIG;
	if (!cx_packet_policy_ok(skb, state) || !cx_packet_checksum_ok(skb, state, d))
		return CX_R_BAD_PACKET;
	if (*len < 16)
		memset(to, 0, 16);
	if (skb_copy_bits(skb, d->udp_at + sizeof(struct udphdr), to, *len))
		return CX_R_BAD_PACKET;
	return 0;
}
