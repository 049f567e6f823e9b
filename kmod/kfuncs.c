// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine for XDP programs, compiled once more with their limits: struct
 * cx_msg here is theirs, not that of body.h.
 *
 * A kfunc gets memory that the verifier has measured, and nothing about it is
 * trusted but its size. No SIMD: saving the FPU's state would cost more than it
 * could gain on one message.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/bpf.h>
#include <linux/module.h>
#include <net/checksum.h>
#include "cxsip/scan.h"
#include "cxsip/siphash.h"
#include "cxsip/kfuncs.h"
#include "compat.h"
#include "kfuncs.h"

__bpf_kfunc_start_defs();

/*
 * Scans the message in msg, a struct cx_msg with `len` and `buf` filled in.
 * Returns the reason; opts->error tells whether there was a scan.
 */
__bpf_kfunc u32 cx_kfunc_scan(void *msg, u32 msg__sz, struct cx_kfunc_opts *opts, u32 opts__sz)
{
	struct cx_msg *m = msg;

	if (opts__sz != sizeof(*opts))
		return CX_R_BUG;
	if (msg__sz != sizeof(*m) || opts->layout != CX_KFUNC_LAYOUT) {
		opts->error = -EINVAL;
		return CX_R_BUG;
	}
	opts->error = 0;
	return cx_scan(m);
}

/* SipHash-2-4 with opts->key. */
__bpf_kfunc u64 cx_kfunc_siphash(const void *data, u32 data__sz, struct cx_kfunc_opts *opts, u32 opts__sz)
{
	if (opts__sz != sizeof(*opts))
		return 0;
	opts->error = 0;
	return cx_siphash24(opts->key.k, data, data__sz);
}

/* The ones' complement sum (RFC 1071) of the memory, folded to 16 bits. */
__bpf_kfunc u32 cx_kfunc_sum(const void *data, u32 data__sz, struct cx_kfunc_opts *opts, u32 opts__sz)
{
	if (opts__sz != sizeof(*opts))
		return 0;
	opts->error = 0;
	return (__force u16)~csum_fold(csum_partial(data, data__sz, 0));
}

__bpf_kfunc_end_defs();

BTF_KFUNCS_START(cx_kfunc_ids)
BTF_ID_FLAGS(func, cx_kfunc_scan)
BTF_ID_FLAGS(func, cx_kfunc_siphash)
BTF_ID_FLAGS(func, cx_kfunc_sum)
BTF_KFUNCS_END(cx_kfunc_ids)

static const struct btf_kfunc_id_set cx_kfunc_set = {
	.owner = THIS_MODULE,
	.set = &cx_kfunc_ids,
};

bool cx_kfuncs_usable(void)
{
#ifdef CONFIG_DEBUG_INFO_BTF_MODULES
	return THIS_MODULE->btf_data_size && cx_kfunc_ids.cnt && cx_kfunc_ids.pairs[0].id;
#else
	return false;
#endif
}

int cx_kfuncs_init(void)
{
	int err = register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &cx_kfunc_set);

	if (!cx_kfuncs_usable())
		pr_notice("built without type information: XDP programs cannot use its functions\n");
	return err;
}
