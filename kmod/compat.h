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

/* dsfield: DSCP << 2 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
#include <net/inet_dscp.h>
#define cx_flow4_set_dsfield(flow, dsfield) ((flow)->flowi4_dscp = inet_dsfield_to_dscp(dsfield))
#else
#define cx_flow4_set_dsfield(flow, dsfield) ((flow)->flowi4_tos = (dsfield))
#endif

#endif
