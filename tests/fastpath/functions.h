/* SPDX-License-Identifier: GPL-2.0-only */
/* What functions.bpf.c gets and gives. */
#ifndef CX_TESTS_FUNCTIONS_H
#define CX_TESTS_FUNCTIONS_H

#include "cxsip/abi.h"

#define FUNCTIONS_MAX 2048

struct functions_call {
	struct cx_siphash_key key;
	__u64 hash;
	__u32 n, sum, refused;
	__s32 hash_error, sum_error, refused_error;
	__u8 data[FUNCTIONS_MAX];
};

#endif
