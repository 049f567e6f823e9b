/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the module keeps for a network namespace: its attachment, if any, and
 * its counters, which outlast attachments.
 */
#ifndef CX_KMOD_NET_H
#define CX_KMOD_NET_H

#include <linux/percpu.h>
#include <net/net_namespace.h>
#include "maps.h"

struct cx_counts {
	struct cx_count reason[CX_REASON_COUNT];
};

struct cx_net {
	struct cx_maps __rcu *maps; /* NULL: not attached, and no hook is registered */
	struct cx_counts __percpu *counts;
	unsigned long dropped_told; /* jiffies of the last CX_EVENT_DROPPED */
	atomic64_t dropped_since;   /* and how many since then */
};

int cx_nets_init(void);
void cx_nets_exit(void);
struct cx_net *cx_net_of(const struct net *net);

/* Takes maps over when it returns 0. */
int cx_net_attach(struct net *net, struct cx_maps *maps, struct netlink_ext_ack *extack);
/* -ENOENT: not attached. On return no datagram is under way with the old maps. */
int cx_net_detach(struct net *net);

/* Bottom halves are off. */
static inline void cx_net_count(struct cx_net *cn, enum cx_reason reason, u32 bytes)
{
	struct cx_count *c = &this_cpu_ptr(cn->counts)->reason[reason];

	WRITE_ONCE(c->packets, c->packets + 1);
	WRITE_ONCE(c->bytes, c->bytes + bytes);
}

#endif
