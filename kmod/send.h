/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sends what the engine has composed the way a local socket would: by the
 * host's routes and neighbours, through its output filter, in fragments where
 * it does not fit.
 */
#ifndef CX_KMOD_SEND_H
#define CX_KMOD_SEND_H

#include <net/dst.h>
#include "body.h"

struct net;

/* Where m->to is from this listener's address: 0 and *dst with a reference, or
 * the reason why this module does not send there. */
enum cx_reason cx_send_route(struct net *net, const struct cx_msg *m, const struct cx_listener *from,
			     struct dst_entry **dst);
/* The composed message as a packet on that way; takes the reference over in
 * any case. NULL: no memory. */
struct sk_buff *cx_send_build(struct net *net, const struct cx_msg *m, const struct cx_listener *from,
			      struct dst_entry *dst);
/* 0, or -errno: refused by a filter, a queue, a link. The skb is gone. */
int cx_send(struct net *net, struct sk_buff *skb);

#endif
