/* SPDX-License-Identifier: GPL-2.0-only */
/* The generic netlink family; include/cxsip/genl.h says what it speaks. */
#ifndef CX_KMOD_GENL_H
#define CX_KMOD_GENL_H

#include "cxsip/genl.h"
#include "cxsip/reason.h"

struct net;
struct cx_msg;

int cx_genl_init(void);
void cx_genl_exit(void);
/* CX_EVENT_ATTACHED, CX_EVENT_DETACHED; may sleep. */
void cx_genl_tell(struct net *net, enum cx_genl_event event);
/* CX_EVENT_DROPPED, at most one a second. */
void cx_genl_tell_dropped(struct net *net, const struct cx_msg *m, enum cx_reason reason);

#endif
