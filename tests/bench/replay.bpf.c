/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Drives the fast path with live frames (BPF_F_TEST_XDP_LIVE_FRAMES): the
 * kernel recycles its pages without writing the packet anew, so this restores
 * the frame, varies what the run asks for, and tail-calls the program under
 * test. What it costs itself is measured with a bare XDP_TX behind it and
 * taken off.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

#define FRAME_MAX 2048

struct replay_frame {
	__u32 len;
	__u32 digits_at; /* offset of seven digits to vary, 0: none */
	__u32 digits_max; /* numbers 0..max-1 */
	__u32 call_at;	  /* offset of eight characters of the Call-ID to vary, 0: none */
	__u8 bytes[FRAME_MAX];
};

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

static __always_inline void put_decimal(__u8 *to, __u32 value)
{
	int i;

#pragma unroll
	for (i = 6; i >= 0; i--) {
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
		at = f->digits_at & 1023;
		put_decimal(f->bytes + at, bpf_get_prandom_u32() % (f->digits_max ? f->digits_max : 1));
	}
	if (f->call_at) {
		at = f->call_at & 1023;
		put_decimal(f->bytes + at, bpf_get_prandom_u32() % 10000000);
	}
	len = *(volatile __u32 *)&f->len;
	if (!len || len > FRAME_MAX || bpf_xdp_store_bytes(ctx, 0, f->bytes, len))
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
int sink(struct xdp_md *ctx)
{
	return XDP_DROP;
}

char _license[] SEC("license") = "GPL";
