/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Drives the fast path with live frames (BPF_F_TEST_XDP_LIVE_FRAMES): the
 * kernel recycles its pages without writing the packet anew, so this restores
 * the frame, varies what the run asks for, and tail-calls the program under
 * test. What it costs itself is measured with a bare XDP_TX behind it and
 * taken off.
 *
 * The sink, on the peer device, counts what really arrives: a bare XDP_TX into
 * a full ring is dropped, and a drop is cheap.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "replay.h"

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
