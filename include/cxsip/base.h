/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the three bodies of the engine (BPF, kernel module, userspace) need
 * before anything else: fixed-width types, byte order, and the few words that
 * keep one C text acceptable to the BPF verifier and fast in native code.
 *
 * CX_FN marks an engine stage. In BPF it is a global function: the verifier
 * then checks it once, on its own, with unknown arguments, instead of once per
 * path that leads to it. Elsewhere it is plain static inline code.
 */
#ifndef CXSIP_BASE_H
#define CXSIP_BASE_H

#ifdef __bpf__
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#define CX_FN __attribute__((noinline))
#define CX_INLINE static __always_inline
#define cx_htons(x) bpf_htons(x)
#define cx_ntohs(x) bpf_ntohs(x)
#define cx_htonl(x) bpf_htonl(x)
#define cx_ntohl(x) bpf_ntohl(x)
#else
#include <linux/types.h>
#ifdef __KERNEL__
#include <linux/string.h>
#include <asm/byteorder.h>
#else
#include <string.h>
#include <arpa/inet.h>
#endif
#define CX_FN static inline __attribute__((unused))
#define CX_INLINE static inline __attribute__((always_inline, unused))
#define cx_htons(x) htons(x)
#define cx_ntohs(x) ntohs(x)
#define cx_htonl(x) htonl(x)
#define cx_ntohl(x) ntohl(x)
#endif

/* Bounds an index where the verifier sees it; clang would drop a plain mask
 * that it can prove redundant. mask is a constant. */
#ifdef __bpf__
#define CX_BOUND(var, mask) asm volatile("%0 &= %1" : "+r"(var) : "i"(mask))
#else
#define CX_BOUND(var, mask) ((var) &= (mask))
#endif
#ifdef __clang__
#define CX_UNROLL _Pragma("unroll")
#define CX_NO_UNROLL _Pragma("nounroll")
#else
#define CX_UNROLL _Pragma("GCC unroll 16")
#define CX_NO_UNROLL _Pragma("GCC unroll 1")
#endif
/* Hides where a value came from: clang would make a copying loop a call of
 * memcpy, which BPF has not. */
#define CX_OPAQUE(var) asm volatile("" : "+r"(var))
/* Forces results out of registers into memory, where the verifier treats them
 * as unknown scalars and its states prune. */
#define CX_BARRIER() asm volatile("" ::: "memory")

/* Unaligned words in little-endian order. */
CX_INLINE __u64 cx_get64(const void *p)
{
#ifdef __bpf__
	return *(const __u64 *)p;
#else
	__u64 w;

	memcpy(&w, p, sizeof(w));
	return w;
#endif
}

CX_INLINE __u32 cx_get32(const void *p)
{
#ifdef __bpf__
	return *(const __u32 *)p;
#else
	__u32 w;

	memcpy(&w, p, sizeof(w));
	return w;
#endif
}

CX_INLINE void cx_put64(void *p, __u64 w)
{
#ifdef __bpf__
	*(__u64 *)p = w;
#else
	memcpy(p, &w, sizeof(w));
#endif
}

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "The engine reads text as little-endian words: port cx_get64 and cx_put64 first"
#endif

#endif
