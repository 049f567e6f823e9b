/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The engine's limits in the bodies that take any UDP datagram, the daemon's
 * worker and the kernel module: the same numbers, so that what both forward
 * they forward alike. To be included before the engine.
 */
#ifndef CXSIP_WIDE_H
#define CXSIP_WIDE_H

#define CX_BUF_BITS 16
#define CX_LINES_MAX 1024
#define CX_HEAD_MAX 16384
#define CX_VALUE_MAX 1024
#define CX_FIND_MAX 65536
#define CX_METHOD_MAX 256

#endif
