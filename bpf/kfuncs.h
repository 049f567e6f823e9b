/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The kernel module's functions, for the form of the program that calls them.
 * The daemon sets cx_use_kfuncs before loading it, when module and kernel have
 * them; with it off the verifier takes the calls for dead code, so that the
 * object can be checked on a host without the module.
 */
#ifndef CX_BPF_KFUNCS_H
#define CX_BPF_KFUNCS_H

#include "cxsip/scan.h"
#include "cxsip/kfuncs.h"

extern __u32 cx_kfunc_scan(void *msg, __u32 msg__sz, struct cx_kfunc_opts *opts, __u32 opts__sz) __ksym __weak;

const volatile __u32 cx_use_kfuncs = 0;
__u32 cx_kfuncs_declined; /* 1: the module is of another layout */

/* A module of another layout declines, and the program scans by itself. */
CX_INLINE int cx_scan_any(struct cx_msg *m)
{
	if (cx_use_kfuncs) {
		struct cx_kfunc_opts opts = {.error = -1, .layout = CX_KFUNC_LAYOUT};
		__u32 reason = cx_kfunc_scan(m, sizeof(*m), &opts, sizeof(opts));

		if (!opts.error)
			return reason;
		cx_kfuncs_declined = 1;
	}
	return cx_scan(m);
}
#define CX_SCAN(m) cx_scan_any(m)

#endif
