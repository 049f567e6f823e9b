/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Bounds the size of a copy, which is not 0: Linux 6.1 does not conclude that from
 * a comparison, and its helpers refuse a size that may be 0. mask: see CX_BOUND().
 */
#ifndef CX_BPF_BOUND_H
#define CX_BPF_BOUND_H

#include "cxsip/base.h"

#define CX_BOUND_SIZE(var, mask)                                                                             \
	do {                                                                                                 \
		(var)--;                                                                                     \
		CX_BOUND(var, mask);                                                                         \
		(var)++;                                                                                     \
	} while (0)

#endif
