/* SPDX-License-Identifier: GPL-2.0-only */
/* What the module offers to XDP programs: include/cxsip/kfuncs.h. */
#ifndef CX_KMOD_KFUNCS_H
#define CX_KMOD_KFUNCS_H

#include <linux/types.h>

int cx_kfuncs_init(void);
/* Are they registered, and does the kernel know their types? Registering says
 * 0 in any case, also for a module whose type information was left out. */
bool cx_kfuncs_usable(void);

#endif
