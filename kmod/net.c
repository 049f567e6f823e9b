// SPDX-License-Identifier: GPL-2.0-only
/*
 * Attachments. The hooks of a namespace are registered while it is attached
 * and at no other time, so the module costs nothing elsewhere.
 *
 * cx_attach_lock covers every change; hooks read under RCU. The end of a
 * namespace takes two steps, as the core offers them: hooks away, a grace
 * period, then maps and counters.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/mutex.h>
#include <linux/netdevice.h>
#include <linux/netlink.h>
#include <net/netfilter/ipv6/nf_defrag_ipv6.h>
#include <net/netns/generic.h>
#include "genl.h"
#include "hook.h"
#include "net.h"

static unsigned int cx_net_id __read_mostly;
static DEFINE_MUTEX(cx_attach_lock);

struct cx_net *cx_net_of(const struct net *net)
{
	return net_generic(net, cx_net_id);
}

static struct cx_maps *cx_net_maps(struct cx_net *cn)
{
	return rcu_dereference_protected(cn->maps, lockdep_is_held(&cx_attach_lock));
}

/* IPv4 reassembles what is for this host in front of LOCAL_IN by itself; IPv6
 * only behind it, unless its defragmentation hook is on. */
static int cx_net_hooks_on(struct net *net)
{
	int err = nf_defrag_ipv6_enable(net);

	if (err)
		return err;
	err = cx_hooks_register(net);
	if (err)
		nf_defrag_ipv6_disable(net);
	return err;
}

static void cx_net_hooks_off(struct net *net)
{
	cx_hooks_unregister(net);
	nf_defrag_ipv6_disable(net);
}

int cx_net_attach(struct net *net, struct cx_maps *maps, struct netlink_ext_ack *extack)
{
	struct cx_net *cn = cx_net_of(net);
	struct cx_maps *old;
	int err = 0;

	mutex_lock(&cx_attach_lock);
	old = cx_net_maps(cn);
	rcu_assign_pointer(cn->maps, maps);
	if (!old)
		err = cx_net_hooks_on(net);
	if (err)
		RCU_INIT_POINTER(cn->maps, NULL);
	mutex_unlock(&cx_attach_lock);
	if (err) {
		NL_SET_ERR_MSG_MOD(extack, "cannot hook into this namespace's input");
		synchronize_net();
		return err;
	}
	if (old) {
		synchronize_net();
		cx_maps_put(old);
	}
	cx_genl_tell(net, CX_EVENT_ATTACHED);
	return 0;
}

int cx_net_detach(struct net *net)
{
	struct cx_net *cn = cx_net_of(net);
	struct cx_maps *old;

	mutex_lock(&cx_attach_lock);
	old = cx_net_maps(cn);
	if (old) {
		RCU_INIT_POINTER(cn->maps, NULL);
		cx_net_hooks_off(net);
	}
	mutex_unlock(&cx_attach_lock);
	if (!old)
		return -ENOENT;
	synchronize_net();
	cx_maps_put(old);
	cx_genl_tell(net, CX_EVENT_DETACHED);
	return 0;
}

static int __net_init cx_net_init(struct net *net)
{
	struct cx_net *cn = cx_net_of(net);

	RCU_INIT_POINTER(cn->maps, NULL);
	atomic64_set(&cn->dropped_since, 0);
	cn->dropped_told = jiffies - HZ;
	cn->counts = alloc_percpu(struct cx_counts);
	return cn->counts ? 0 : -ENOMEM;
}

static void __net_exit cx_net_pre_exit(struct net *net)
{
	mutex_lock(&cx_attach_lock);
	if (cx_net_maps(cx_net_of(net)))
		cx_net_hooks_off(net);
	mutex_unlock(&cx_attach_lock);
}

static void __net_exit cx_net_exit(struct net *net)
{
	struct cx_net *cn = cx_net_of(net);

	cx_maps_put(rcu_dereference_protected(cn->maps, true));
	free_percpu(cn->counts);
}

static struct pernet_operations cx_net_ops = {
	.init = cx_net_init,
	.pre_exit = cx_net_pre_exit,
	.exit = cx_net_exit,
	.id = &cx_net_id,
	.size = sizeof(struct cx_net),
};

int cx_nets_init(void)
{
	return register_pernet_subsys(&cx_net_ops);
}

void cx_nets_exit(void)
{
	unregister_pernet_subsys(&cx_net_ops);
}
