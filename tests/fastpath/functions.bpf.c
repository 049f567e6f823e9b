/* SPDX-License-Identifier: GPL-2.0-only */
/* Calls the kernel module's functions over memory (cxsip/kfuncs.h) for test_kfuncs. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "cxsip/kfuncs.h"
#include "functions.h"

extern __u64 cx_kfunc_siphash(const void *data, __u32 data__sz, struct cx_kfunc_opts *opts, __u32 opts__sz) __ksym;
extern __u32 cx_kfunc_sum(const void *data, __u32 data__sz, struct cx_kfunc_opts *opts, __u32 opts__sz) __ksym;

struct functions_call call;

SEC("xdp")
int functions(struct xdp_md *ctx)
{
	struct cx_kfunc_opts opts = {.error = -1};
	__u32 n = call.n & (FUNCTIONS_MAX - 1);

	opts.key = call.key;
	call.hash = cx_kfunc_siphash(call.data, n, &opts, sizeof(opts));
	call.hash_error = opts.error;
	opts.error = -1;
	call.sum = cx_kfunc_sum(call.data, n, &opts, sizeof(opts));
	call.sum_error = opts.error;
	/* options of another size: refused, and nothing written */
	opts.error = -1;
	call.refused = cx_kfunc_sum(call.data, n, &opts, sizeof(opts) - 8);
	call.refused_error = opts.error;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
