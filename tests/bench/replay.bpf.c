/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Drives the fast path with live frames (BPF_F_TEST_XDP_LIVE_FRAMES): the
 * kernel recycles its pages without writing the packet anew, so this restores
 * the frame, varies what the run asks for, and tail-calls the program under
 * test. What it costs itself is measured with a bare XDP_TX behind it and
 * taken off.
 *
 * `floor` is what no program that forwards SIP by its text in BPF can do without: the
 * message copied to where a verifier lets it be read, its line ends found, two
 * SipHashes (Call-ID; a MAC). It decides nothing and sends the frame back as it is.
 *
 * The sink, on the peer device, counts what really arrives: a bare XDP_TX into
 * a full ring is dropped, and a drop is cheap.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "replay.h"
#include "cxsip/scan.h"
#include "cxsip/siphash.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct replay_frame);
} frames SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} target SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} arrived SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cx_msg);
} scratch SEC(".maps");

static __always_inline void put_decimal(__u8 *to, __u32 value)
{
	int i;

#pragma unroll
	for (i = REPLAY_DIGITS - 1; i >= 0; i--) {
		to[i] = '0' + value % 10;
		value /= 10;
	}
}

SEC("xdp")
int replay(struct xdp_md *ctx)
{
	__u32 zero = 0, at, len;
	struct replay_frame *f = bpf_map_lookup_elem(&frames, &zero);

	if (!f)
		return XDP_ABORTED;
	if (f->digits_at) {
		at = f->digits_at & (REPLAY_FRAME_MAX / 2 - 1);
		put_decimal(f->bytes + at, bpf_get_prandom_u32() % (f->digits_max ? f->digits_max : 1));
	}
	if (f->call_at) {
		at = f->call_at & (REPLAY_FRAME_MAX / 2 - 1);
		put_decimal(f->bytes + at, bpf_get_prandom_u32() % (f->call_max ? f->call_max : 1));
	}
	len = *(volatile __u32 *)&f->len;
	if (!len || len > REPLAY_FRAME_MAX || bpf_xdp_store_bytes(ctx, 0, f->bytes, len))
		return XDP_ABORTED;
	bpf_tail_call(ctx, &target, 0);
	return XDP_ABORTED;
}

SEC("xdp")
int bare_tx(struct xdp_md *ctx)
{
	return XDP_TX;
}

#define FLOOR_HASHED 40 /* bytes of a usual Call-ID, and of what a MAC is over */

SEC("xdp")
int floor_tx(struct xdp_md *ctx)
{
	static const struct cx_siphash_key key = {{1, 2}};
	__u32 zero = 0, len = ctx->data_end - ctx->data - REPLAY_SIP_AT, i;
	struct cx_msg *m = bpf_map_lookup_elem(&scratch, &zero);
	struct cx_siphash call, mac;

	CX_BOUND(len, CX_BUF_MASK);
	if (!m || !len || bpf_xdp_load_bytes(ctx, REPLAY_SIP_AT, m->buf, len))
		return XDP_ABORTED;
	m->len = len;
	if (cx_scan_lines(m))
		return XDP_ABORTED;
	cx_siphash_start(&call, &key);
	cx_siphash_start(&mac, &key);
	for (i = 0; i < FLOOR_HASHED; i += 8)
		cx_siphash_word(&call, cx_get64(m->buf + i), 1);
	m->call_hash = cx_siphash_end(&call, 3);
	cx_siphash_word(&mac, m->call_hash, 2);
	for (i = 0; i < FLOOR_HASHED; i += 8)
		cx_siphash_word(&mac, cx_get64(m->buf + i), 2);
	m->cookie_mac = cx_siphash_end(&mac, 4);
	return XDP_TX;
}

SEC("xdp")
int bare_drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int sink(struct xdp_md *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&arrived, &zero);

	if (n)
		++*n;
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
