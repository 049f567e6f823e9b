/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The fast path: the engine's first body. A UDP datagram for one of our
 * listeners is copied into a per-CPU scratch value, the engine decides, and
 * only when element, nexthop, MTU and headroom are all known is the packet
 * touched. On any doubt it goes up to the daemon as it came; a packet that was
 * changed is never passed.
 */
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "bound.h"
#include "maps.h"
#include "lookups.h"
#include "frame.h"
#include "cxsip/engine.h"

struct cx_scratch_value {
	struct cx_msg m;
	struct cx_frame f;
};
CX_MAP(cx_scratch, BPF_MAP_TYPE_PERCPU_ARRAY, __u32, struct cx_scratch_value, 1, 0);

CX_INLINE void cx_count(__u32 reason, __u32 bytes)
{
	struct cx_count *c = bpf_map_lookup_elem(&cx_stats, &reason);

	if (c) {
		c->packets++;
		c->bytes += bytes;
	}
}

/* Leaves the packet alone: up to the daemon, or dropped. A function of its own,
 * out of the way of the code that every forwarded packet takes. */
CX_FN int cx_leave(struct cx_msg *m, __u32 reason)
{
	struct cx_listener_stats *l;
	__u32 listener;

	if (!m)
		return XDP_PASS;
	listener = m->in_listener;
	l = bpf_map_lookup_elem(&cx_stat_listen, &listener);
	cx_count(reason, m->len);
	if (cx_reason_verdict(reason) == CX_DROP) {
		if (l)
			l->dropped++;
		return XDP_DROP;
	}
	if (l)
		l->up++;
	return XDP_PASS;
}

CX_INLINE void cx_count_forwarded(struct cx_msg *m)
{
	struct cx_listener_stats *l = bpf_map_lookup_elem(&cx_stat_listen, &m->in_listener);
	struct cx_element_stats *e;

	cx_count(m->response ? CX_R_RESPONSE : CX_R_REQUEST, m->len);
	if (l) {
		if (m->response)
			l->responses++;
		else
			l->requests++;
	}
	if (m->element == CX_NONE)
		return;
	e = bpf_map_lookup_elem(&cx_stat_elem, &m->element);
	if (e) {
		e->requests++;
		e->calls += m->new_call;
		e->bytes += m->len;
	}
}

/* Can XDP send it? 0 or the reason why not. */
CX_INLINE __u32 cx_can_send(struct cx_msg *m, const struct cx_nexthop *n, __u32 family)
{
	if (cx_is_v4(&m->to) != (family == CX_IPV4))
		return CX_R_OTHER_FAMILY;
	if (!n || !(n->flags & CX_NEXTHOP_OK))
		return n && (n->flags & CX_NEXTHOP_LOCAL) ? CX_R_LOCAL : CX_R_NO_NEXTHOP;
	return 0;
}

/* The new Max-Forwards digits into the tail, which is still in the packet. */
CX_INLINE int cx_max_forwards_write(struct cx_msg *m, __u8 *to)
{
	__u32 digits = m->max_forwards_digits;

	to[0] = cx_byte(m, m->max_forwards_at);
	if (digits > 1)
		to[1] = cx_byte(m, m->max_forwards_at + 1);
	if (digits > 2)
		to[2] = cx_byte(m, m->max_forwards_at + 2);
	return digits > 3;
}

/* Puts the composed message on the wire. */
CX_INLINE int cx_send(struct xdp_md *ctx, struct cx_msg *m, struct cx_frame *f, const struct cx_nexthop *n)
{
	const struct cx_listener *from = cx_lookup_listener(m, m->out_listener);
	__u32 header_len, ifindex = n->ifindex;
	__u64 start, length, at;
	long delta;

	if (!from)
		return cx_leave(m, CX_R_BUG);
	header_len = (f->family == CX_IPV4 ? 20 : 40) + 8;
	if (m->head_n + (m->len - m->tail_at) + header_len > n->mtu)
		return cx_leave(m, CX_R_MTU);
	header_len = cx_frame_write(f, m, from, n);
	delta = (long)header_len + m->head_n - f->payload_at - m->tail_at;
	if (bpf_xdp_adjust_head(ctx, -delta))
		return cx_leave(m, CX_R_HEADROOM);
	start = CX_FRAME_ROOM - header_len;
	length = header_len + m->head_n;
	CX_BOUND(start, 127);
	CX_BOUND_SIZE(length, 0x7ff);
	if (bpf_xdp_store_bytes(ctx, 0, m->out + start, length)) {
		cx_count(CX_R_BUG, m->len);
		return XDP_DROP;
	}
	if (!m->response && m->max_forwards_at >= m->tail_at) {
		__u8 *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

		at = length + m->max_forwards_at - m->tail_at;
		CX_BOUND(at, 0xfff);
		data += at;
		if (data + 3 > end || cx_max_forwards_write(m, data)) {
			cx_count(CX_R_BUG, m->len);
			return XDP_DROP;
		}
	}
	cx_count_forwarded(m);
	return ifindex == ctx->ingress_ifindex ? XDP_TX : bpf_redirect(ifindex, 0);
}

SEC("xdp")
int cx_xdp(struct xdp_md *ctx)
{
	const struct cx_nexthop *n;
	struct cx_scratch_value *s;
	struct cx_frame *f;
	struct cx_msg *m;
	__u32 zero = 0, reason, len;

	s = bpf_map_lookup_elem(&cx_scratch, &zero);
	if (!s)
		return XDP_PASS;
	m = &s->m;
	f = &s->f;
	if (cx_frame_read(ctx, f) == CX_NOT_OURS)
		return XDP_PASS;
	m->in_listener = cx_lookup_local(m, &f->destination, f->destination_port);
	if (m->in_listener == CX_NONE)
		return XDP_PASS;
	len = f->payload_len;
	m->len = len;
	m->fast = 1;
	m->source = f->source;
	m->source_port = f->source_port;
	if (f->reason)
		return cx_leave(m, f->reason);
	if (len > CX_BUF_SIZE - 8)
		return cx_leave(m, CX_R_TOO_BIG);
	if (len < 16)
		cx_put64(m->buf, 0);
	if (len > 0) {
		CX_BOUND_SIZE(len, CX_BUF_MASK);
		if (bpf_xdp_load_bytes(ctx, f->payload_at, m->buf, len))
			return cx_leave(m, CX_R_BAD_PACKET);
	}
	reason = cx_decide(m);
	if (reason != CX_R_REQUEST && reason != CX_R_RESPONSE)
		return cx_leave(m, reason);
	n = bpf_map_lookup_elem(&cx_nexthop, &m->nexthop);
	reason = cx_can_send(m, n, f->family);
	if (reason || !n)
		return cx_leave(m, reason);
	cx_frame_sum(f, m);
	reason = cx_compose(m);
	if (reason)
		return cx_leave(m, reason);
	return cx_send(ctx, m, f, n);
}

char _license[] SEC("license") = "GPL";
