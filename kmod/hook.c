// SPDX-License-Identifier: GPL-2.0-only
/*
 * NF_INET_LOCAL_IN, behind the filter: a datagram for this host, reassembled,
 * that the input rules have let in. One for a listener goes through the engine
 * and is sent on, dropped, or left to the socket as it came.
 *
 * XDP has seen most of them before and has counted why it let them go; here
 * they are counted once more, under what this body made of them.
 */
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include "body.h"
#include "genl.h"
#include "hook.h"
#include "net.h"
#include "packet.h"
#include "send.h"

/* The shared per-CPU maps: by listener and element, what the kernel has done. */
static void cx_hook_count_forwarded(const struct cx_maps *maps, const struct cx_msg *m)
{
	struct cx_listener_stats *l = cx_maps_find(maps, CX_MAP_A_STAT_LISTEN, &m->in_listener);
	struct cx_element_stats *e;

	if (l) {
		if (m->response)
			l->responses++;
		else
			l->requests++;
	}
	e = m->element == CX_NONE ? NULL : cx_maps_find(maps, CX_MAP_A_STAT_ELEM, &m->element);
	if (e) {
		e->requests++;
		e->calls += m->new_call;
		e->bytes += m->len;
	}
}

static void cx_hook_count_dropped(struct net *net, const struct cx_maps *maps, const struct cx_msg *m,
				  enum cx_reason reason)
{
	struct cx_listener_stats *l = cx_maps_find(maps, CX_MAP_A_STAT_LISTEN, &m->in_listener);

	if (l)
		l->dropped++;
	cx_genl_tell_dropped(net, m, reason);
}

/* Decides, composes and builds. 0: *out is to be sent; else why not. */
static enum cx_reason cx_hook_work(struct net *net, struct cx_msg *m, struct sk_buff **out)
{
	const struct cx_listener *from;
	struct dst_entry *dst = NULL;
	enum cx_reason reason = cx_body_decide(m);

	if (cx_reason_verdict(reason) != CX_FORWARD)
		return reason;
	from = cx_body_listener(m, m->out_listener);
	if (!from)
		return CX_R_BUG;
	reason = cx_send_route(net, m, from, &dst);
	if (reason)
		return reason;
	reason = cx_body_compose(m);
	if (!reason && m->head_n + (m->len - m->tail_at) + sizeof(struct udphdr) + sizeof(struct iphdr) > IP_MAX_MTU)
		reason = CX_R_MTU;
	if (reason) {
		dst_release(dst);
		return reason;
	}
	*out = cx_send_build(net, m, from, dst);
	return *out ? 0 : CX_R_HEADROOM;
}

/* With the scratch memory of this CPU. */
static enum cx_reason cx_hook_run(struct net *net, const struct cx_maps *maps, struct sk_buff *skb,
				  const struct nf_hook_state *state, const struct cx_datagram *d)
{
	struct cx_msg *m = cx_body_get(maps);
	struct cx_net *cn = cx_net_of(net);
	struct sk_buff *out = NULL;
	enum cx_reason reason;
	u32 len;

	m->in_listener = cx_body_listener_at(m, &d->destination, d->destination_port);
	if (m->in_listener == CX_NONE)
		return CX_R_FOR_US; /* not counted: no listener's */
	m->source = d->source;
	m->source_port = d->source_port;
	reason = cx_packet_copy(skb, state, d, m->buf, CX_BUF_SIZE - 8, &len);
	m->len = len;
	if (!reason)
		reason = cx_hook_work(net, m, &out);
	if (out) {
		reason = m->response ? CX_R_RESPONSE : CX_R_REQUEST;
		cx_hook_count_forwarded(maps, m);
		/* m is free for others from here on */
		if (cx_send(net, out))
			reason = CX_R_SEND_FAILED;
	} else if (cx_reason_verdict(reason) == CX_DROP) {
		cx_hook_count_dropped(net, maps, m, reason);
	}
	cx_net_count(cn, reason, len);
	return reason;
}

static unsigned int cx_hook(void *priv, struct sk_buff *skb, const struct nf_hook_state *state)
{
	const struct cx_maps *maps = rcu_dereference(cx_net_of(state->net)->maps);
	struct cx_datagram d;
	enum cx_reason reason;

	if (!maps || !cx_packet_read(skb, state, &d))
		return NF_ACCEPT;
	local_bh_disable(); /* a queued packet comes back in process context */
	reason = cx_hook_run(state->net, maps, skb, state, &d);
	local_bh_enable();
	switch (cx_reason_verdict(reason)) {
	case CX_FORWARD:
		consume_skb(skb);
		return NF_STOLEN;
	case CX_DROP:
		return NF_DROP;
	default:
		return NF_ACCEPT;
	}
}

/* Behind filter, security tables and NAT; in front of connection tracking's
 * confirmation, which what is taken here does not need. */
static const struct nf_hook_ops cx_hook_ops[] = {
	{
		.hook = cx_hook,
		.pf = NFPROTO_IPV4,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP_PRI_NAT_SRC + 1,
	},
	{
		.hook = cx_hook,
		.pf = NFPROTO_IPV6,
		.hooknum = NF_INET_LOCAL_IN,
		.priority = NF_IP6_PRI_NAT_SRC + 1,
	},
};

int cx_hooks_register(struct net *net)
{
	return nf_register_net_hooks(net, cx_hook_ops, ARRAY_SIZE(cx_hook_ops));
}

void cx_hooks_unregister(struct net *net)
{
	nf_unregister_net_hooks(net, cx_hook_ops, ARRAY_SIZE(cx_hook_ops));
}
