/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Steering: which worker's socket of a listener gets a datagram (SK_REUSEPORT).
 * The engine's scan finds the Call-ID; its keyed hash names the worker. What
 * cannot be read so far is left to the kernel's own choice by addresses: the
 * daemon looks again, and hands over what reached the wrong worker.
 *
 * One program for all listeners: a socket's cookie says where the sockets of
 * its listener begin in steer_sockets, ordered by worker.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "bound.h"
#include "cxsip/abi.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cx_key);
} steer_key SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_REUSEPORT_SOCKARRAY);
	__uint(max_entries, 1); /* daemon */
	__type(key, __u32);
	__type(value, __u64);
} steer_sockets SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1); /* daemon */
	__type(key, __u64);
	__type(value, __u32);
} steer_first SEC(".maps");

const volatile __u32 steer_workers = 1;

#include "cxsip/message.h"

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct cx_msg);
} steer_scratch SEC(".maps");

/* Look-ups of the parts of the engine that are compiled in. */
CX_INLINE const struct cx_key *cx_lookup_key(struct cx_msg *m)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&steer_key, &zero);
}

#include "cxsip/scan.h"
#include "cxsip/values.h"
#include "cxsip/cookie.h"
#include "cxsip/steer.h"

#define UDP_HEADER 8

/* m->call_hash of the datagram; 0, or -1: no Call-ID within reach. */
CX_INLINE int cx_steer_hash(struct sk_reuseport_md *ctx, struct cx_msg *m)
{
	__u64 n = ctx->len;

	if (n <= UDP_HEADER)
		return -1;
	n -= UDP_HEADER;
	if (n > CX_BUF_SIZE - 16)
		n = CX_BUF_SIZE - 16;
	CX_BOUND_SIZE(n, CX_BUF_MASK);
	if (bpf_skb_load_bytes(ctx, UDP_HEADER, m->buf, n))
		return -1;
	m->len = n;
	if (n < 16)
		return -1;
	/* headers that end later, or are odd, do not keep it from being found */
	cx_scan_lines(m);
	cx_scan_headers(m);
	if (!m->h[CX_H_CALL_ID].end || !cx_trim(m, CX_H_CALL_ID))
		return -1;
	return cx_hash_call(m);
}

SEC("sk_reuseport")
int cx_steer(struct sk_reuseport_md *ctx)
{
	struct bpf_sock *sk = ctx->sk;
	__u32 zero = 0, at, *first;
	struct cx_msg *m;
	__u64 cookie;

	if (!sk)
		return SK_PASS;
	cookie = bpf_get_socket_cookie(sk);
	first = bpf_map_lookup_elem(&steer_first, &cookie);
	m = bpf_map_lookup_elem(&steer_scratch, &zero);
	if (!first || !m || cx_steer_hash(ctx, m))
		return SK_PASS;
	at = *first + cx_worker_of_hash(m->call_hash, steer_workers);
	bpf_sk_select_reuseport(ctx, &steer_sockets, &at, 0); /* an error leaves the choice to the kernel */
	return SK_PASS;
}

char _license[] SEC("license") = "GPL";
