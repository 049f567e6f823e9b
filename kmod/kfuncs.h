/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module offers to XDP programs besides the reassembled path. */
#ifndef CX_KMOD_KFUNCS_H
#define CX_KMOD_KFUNCS_H

#include <linux/types.h>

/* Are they registered, and does the kernel know their types? */
static inline bool cx_kfuncs_usable(void)
{
	return false;
}

#endif
