/* SPDX-License-Identifier: GPL-2.0-only */
/* The netfilter hooks of an attached namespace. */
#ifndef CX_KMOD_HOOK_H
#define CX_KMOD_HOOK_H

struct net;

int cx_hooks_register(struct net *net);
/* Does not wait for hooks that are running. */
void cx_hooks_unregister(struct net *net);

#endif
