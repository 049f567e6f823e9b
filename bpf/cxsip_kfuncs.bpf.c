/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The fast path once more, with calls of the kernel module's functions. Its own
 * object and not only a constant, because a program holds the module whose
 * function it calls from the moment it is loaded, even if the verifier then
 * finds the call to be dead: the form in cxsip.bpf.c must hold nothing.
 */
#include <linux/bpf.h>
#include "kfuncs.h"
#include "cxsip.bpf.c"
