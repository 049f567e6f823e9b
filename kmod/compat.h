/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Differences between the kernels that this module is built for (6.1 to 6.18).
 * All of them are here, so that everything else reads like one kernel's code.
 */
#ifndef CX_KMOD_COMPAT_H
#define CX_KMOD_COMPAT_H

#include <linux/version.h>
#include <net/flow.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 1, 0)
#error "cxsip needs Linux 6.1 or newer"
#endif
#if BITS_PER_LONG != 64
#error "cxsip counts in words of 64 bits"
#endif

/* bpf_map_get() and bpf_map_put() are in a symbol namespace since 6.15, and in
 * stable kernels that took that over; on others the import means nothing. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define CX_IMPORT_BPF() MODULE_IMPORT_NS("BPF_INTERNAL")
#else
#define CX_IMPORT_BPF() MODULE_IMPORT_NS(BPF_INTERNAL)
#endif

/* Sets of kfuncs have a flag of their own since 6.9, the words around their
 * definitions are from 6.3 and 6.7. */
#include <linux/btf.h>
#include <linux/btf_ids.h>
#ifndef BTF_KFUNCS_START
#define BTF_KFUNCS_START(name) BTF_SET8_START(name)
#define BTF_KFUNCS_END(name) BTF_SET8_END(name)
#endif
#ifndef __bpf_kfunc
#define __bpf_kfunc __used noinline
#endif
#ifndef __bpf_kfunc_start_defs
#define __bpf_kfunc_start_defs() __diag_push(); __diag_ignore_all("-Wmissing-prototypes", "called by BPF programs")
#define __bpf_kfunc_end_defs() __diag_pop()
#endif

/* dsfield: DSCP << 2 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#include <net/inet_dscp.h>
#define cx_flow4_set_dsfield(flow, dsfield) ((flow)->flowi4_dscp = inet_dsfield_to_dscp(dsfield))
#else
#define cx_flow4_set_dsfield(flow, dsfield) ((flow)->flowi4_tos = (dsfield))
#endif

#endif
