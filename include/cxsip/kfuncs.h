/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What cxsip.ko lends to XDP programs: the engine's work on memory at native
 * speed. Each does what the BPF code does without it, bit for bit.
 *
 * Every function takes its options with their size, so that either side may
 * know more of them than the other: a size of another version is refused with
 * -EINVAL, as is a memory of another size than the layouts agree on, and the
 * program goes on by itself.
 */
#ifndef CXSIP_KFUNCS_H
#define CXSIP_KFUNCS_H

#include "abi.h"

struct cx_kfunc_opts {
	__s32 error;		  /* out: 0, or why nothing was done (-errno) */
	__u32 layout;		  /* CX_KFUNC_LAYOUT of the caller's struct cx_msg */
	struct cx_siphash_key key; /* of cx_kfunc_siphash() */
};

/* Two translations that agree on this and on the size of struct cx_msg have one
 * layout: the limits say how much of it there is, the offsets where. */
#define CX_KFUNC_LAYOUT                                                                            \
	((__u32)__builtin_offsetof(struct cx_msg, buf) << 16 ^                                     \
	 (__u32)__builtin_offsetof(struct cx_msg, line) << 4 ^ CX_LINES_MAX << 20 ^ CX_FIND_MAX ^ CX_METHOD_MAX)

#endif
