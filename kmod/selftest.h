/* SPDX-License-Identifier: GPL-2.0-only */
/* Tests at load, of a module built with DEBUG=1. */
#ifndef CX_KMOD_SELFTEST_H
#define CX_KMOD_SELFTEST_H

#ifdef CX_DEBUG
/* With the bodies in place. 0, or -EINVAL: the log says which test failed, and the module does not load. */
int cx_selftest(void);
#else
static inline int cx_selftest(void)
{
	return 0;
}
#endif

#endif
