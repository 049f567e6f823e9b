// SPDX-License-Identifier: GPL-2.0-only
/*
 * From a composed message to packets. The datagram is a new skb: what came in
 * is a chain of fragments whose heads nobody wants to move, and is left alone
 * until it is known that the new one exists.
 *
 * Do-not-fragment is off and ignore_df is on: a SIP message that does not fit
 * the path is sent in fragments (RFC 3261 18.1.1 would want TCP, which is the
 * daemon's to decide by its networks' policy).
 */
#include <net/addrconf.h>
#include <net/ip.h>
#include <net/ip6_checksum.h>
#include <net/ip6_route.h>
#include <net/ipv6.h>
#include <net/route.h>
#include <net/udp.h>
#include "compat.h"
#include "send.h"

#define CX_LINEAR_MAX 2048 /* more than that lies in page fragments: no large allocation */
#define CX_DSFIELD(listener) ((u8)((listener)->dscp << 2))

static struct in6_addr cx_in6(const union cx_addr *addr)
{
	struct in6_addr a;

	memcpy(&a, addr, sizeof(a));
	return a;
}

static enum cx_reason cx_route4(struct net *net, const struct cx_msg *m, const struct cx_listener *from,
				struct dst_entry **dst)
{
	struct flowi4 flow = {
		.daddr = (__force __be32)m->to.d[3],
		.saddr = (__force __be32)from->addr.d[3],
		.flowi4_proto = IPPROTO_UDP,
		.fl4_sport = htons(from->port),
		.fl4_dport = htons(m->to_port),
	};
	struct rtable *rt;

	cx_flow4_set_dsfield(&flow, CX_DSFIELD(from));
	rt = ip_route_output_key(net, &flow); /* refuses a source address that is not ours */
	if (IS_ERR(rt))
		return CX_R_NO_NEXTHOP;
	if (rt->rt_type != RTN_UNICAST) {
		enum cx_reason reason = rt->rt_type == RTN_LOCAL ? CX_R_LOCAL : CX_R_NO_NEXTHOP;

		ip_rt_put(rt);
		return reason;
	}
	*dst = &rt->dst;
	return 0;
}

static enum cx_reason cx_route6(struct net *net, const struct cx_msg *m, const struct cx_listener *from,
				struct dst_entry **dst)
{
	struct flowi6 flow = {
		.daddr = cx_in6(&m->to),
		.saddr = cx_in6(&from->addr),
		.flowi6_proto = IPPROTO_UDP,
		.flowlabel = ip6_make_flowinfo(CX_DSFIELD(from), 0),
		.fl6_sport = htons(from->port),
		.fl6_dport = htons(m->to_port),
	};
	struct dst_entry *d;

	/* A link-local address means nothing without its interface, which no cookie names. */
	if (!(ipv6_addr_type(&flow.daddr) & IPV6_ADDR_UNICAST) ||
	    ipv6_addr_type(&flow.daddr) & IPV6_ADDR_LINKLOCAL || !ipv6_chk_addr(net, &flow.saddr, NULL, 0))
		return CX_R_NO_NEXTHOP;
	d = ip6_route_output(net, NULL, &flow);
	if (d->error || d->dev->flags & IFF_LOOPBACK) {
		enum cx_reason reason = d->error ? CX_R_NO_NEXTHOP : CX_R_LOCAL;

		dst_release(d);
		return reason;
	}
	*dst = d;
	return 0;
}

enum cx_reason cx_send_route(struct net *net, const struct cx_msg *m, const struct cx_listener *from,
			     struct dst_entry **dst)
{
	if (cx_body_is_v4(&m->to) != cx_body_is_v4(&from->addr))
		return CX_R_OTHER_FAMILY;
	return cx_body_is_v4(&m->to) ? cx_route4(net, m, from, dst) : cx_route6(net, m, from, dst);
}

static void cx_udp_header(struct sk_buff *skb, const struct cx_msg *m, const struct cx_listener *from, bool v4)
{
	struct udphdr *udp = skb_push(skb, sizeof(*udp));

	skb_reset_transport_header(skb);
	udp->source = htons(from->port);
	udp->dest = htons(m->to_port);
	udp->len = htons(skb->len);
	udp->check = 0;
	if (v4) {
		udp_set_csum(false, skb, (__force __be32)from->addr.d[3], (__force __be32)m->to.d[3], skb->len);
	} else {
		struct in6_addr source = cx_in6(&from->addr), destination = cx_in6(&m->to);

		udp6_set_csum(false, skb, &source, &destination, skb->len);
	}
}

static void cx_ip_header(struct net *net, struct sk_buff *skb, const struct cx_msg *m,
			 const struct cx_listener *from)
{
	struct iphdr *ip = skb_push(skb, sizeof(*ip));

	skb_reset_network_header(skb);
	memset(ip, 0, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = CX_DSFIELD(from);
	ip->tot_len = htons(skb->len);
	ip->ttl = ip4_dst_hoplimit(skb_dst(skb));
	ip->protocol = IPPROTO_UDP;
	ip->saddr = (__force __be32)from->addr.d[3];
	ip->daddr = (__force __be32)m->to.d[3];
	ip_select_ident(net, skb, NULL);
	skb->protocol = htons(ETH_P_IP);
}

static void cx_ip6_header(struct sk_buff *skb, const struct cx_msg *m, const struct cx_listener *from)
{
	struct ipv6hdr *ip;
	u32 payload = skb->len;

	ip = skb_push(skb, sizeof(*ip));
	skb_reset_network_header(skb);
	ip6_flow_hdr(ip, CX_DSFIELD(from), 0);
	ip->payload_len = htons(payload);
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = ip6_dst_hoplimit(skb_dst(skb));
	ip->saddr = cx_in6(&from->addr);
	ip->daddr = cx_in6(&m->to);
	skb->protocol = htons(ETH_P_IPV6);
}

/* An skb with room for headers in front and the message in it. */
static struct sk_buff *cx_send_message(const struct cx_msg *m, const struct dst_entry *dst)
{
	u32 tail = m->len - m->tail_at, n = m->head_n + tail, linear = min_t(u32, n, CX_LINEAR_MAX);
	u32 room = LL_RESERVED_SPACE(dst->dev) + dst->header_len + sizeof(struct ipv6hdr) + sizeof(struct udphdr);
	struct sk_buff *skb;
	int err;

	skb = alloc_skb_with_frags(room + linear, n - linear, 0, &err, GFP_ATOMIC | __GFP_NOWARN);
	if (!skb)
		return NULL;
	skb_reserve(skb, room);
	skb_put(skb, linear);
	skb->data_len = n - linear;
	skb->len = n;
	if (skb_store_bits(skb, 0, m->out + CX_FRAME_ROOM, m->head_n) ||
	    skb_store_bits(skb, m->head_n, m->buf + m->tail_at, tail)) {
		kfree_skb(skb);
		return NULL;
	}
	return skb;
}

struct sk_buff *cx_send_build(struct net *net, const struct cx_msg *m, const struct cx_listener *from,
			      struct dst_entry *dst)
{
	bool v4 = cx_body_is_v4(&m->to);
	struct sk_buff *skb = cx_send_message(m, dst);

	if (!skb) {
		dst_release(dst);
		return NULL;
	}
	skb_dst_set(skb, dst);
	skb->ignore_df = 1;
	skb->priority = rt_tos2priority(CX_DSFIELD(from));
	cx_udp_header(skb, m, from, v4);
	if (v4)
		cx_ip_header(net, skb, m, from);
	else
		cx_ip6_header(skb, m, from);
	return skb;
}

int cx_send(struct net *net, struct sk_buff *skb)
{
	int err = skb->protocol == htons(ETH_P_IP) ? ip_local_out(net, NULL, skb) : ip6_local_out(net, NULL, skb);

	return net_xmit_eval(err);
}
