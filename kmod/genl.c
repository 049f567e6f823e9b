// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands and events. Commands come one at a time (the family has no
 * parallel operations), in the context of the process that sent them, whose
 * descriptors CX_CMD_ATTACH names.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/module.h>
#include <net/genetlink.h>
#include <net/sock.h>
#include "body.h"
#include "genl.h"
#include "kfuncs.h"
#include "net.h"

#define CX_DROPPED_EVERY HZ

static struct genl_family cx_family;
static bool cx_silent; /* the family is going */

enum { CX_GROUP_EVENTS };

static const struct genl_multicast_group cx_groups[] = {
	[CX_GROUP_EVENTS] = { .name = CX_GENL_EVENTS, .flags = GENL_MCAST_CAP_NET_ADMIN },
};

static const struct nla_policy cx_policy[CX_A_MAX + 1] = {
	[CX_A_VERSION] = { .type = NLA_U32 },
	[CX_A_ABI] = { .type = NLA_U32 },
	[CX_A_MAPS] = { .type = NLA_NESTED },
};

/* ---- answers ---------------------------------------------------------------- */

static struct sk_buff *cx_answer_new(struct genl_info *info, size_t payload, void **head)
{
	struct sk_buff *skb = genlmsg_new(payload, GFP_KERNEL);

	if (!skb)
		return NULL;
	*head = genlmsg_put_reply(skb, info, &cx_family, 0, info->genlhdr->cmd);
	if (*head)
		return skb;
	nlmsg_free(skb);
	return NULL;
}

/* err: of filling it in */
static int cx_answer_send(struct sk_buff *skb, void *head, struct genl_info *info, int err)
{
	if (err) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, head);
	return genlmsg_reply(skb, info);
}

static u32 cx_capabilities(void)
{
	return CX_CAN_IPV4 | (IS_ENABLED(CONFIG_IPV6) ? CX_CAN_IPV6 : 0) | (cx_kfuncs_usable() ? CX_CAN_KFUNCS : 0);
}

/* Ids of the maps of the attachment, if there is one. */
static int cx_put_maps(struct sk_buff *skb, const struct cx_net *cn)
{
	const struct cx_maps *maps;
	struct nlattr *nest;
	int which, err = 0;

	rcu_read_lock();
	maps = rcu_dereference(cn->maps);
	if (!maps)
		goto out;
	nest = nla_nest_start(skb, CX_A_MAPS);
	err = nest ? 0 : -EMSGSIZE;
	for (which = CX_MAP_A_UNSPEC + 1; which < CX_MAP_A_END && !err; which++)
		err = nla_put_u32(skb, which, maps->map[which]->id);
	if (!err)
		nla_nest_end(skb, nest);
out:
	rcu_read_unlock();
	return err;
}

static int cx_do_get(struct sk_buff *request, struct genl_info *info)
{
	struct sk_buff *skb;
	void *head;
	int err;

	skb = cx_answer_new(info, NLMSG_DEFAULT_SIZE, &head);
	if (!skb)
		return -ENOMEM;
	err = nla_put_u32(skb, CX_A_VERSION, CX_GENL_VERSION);
	if (!err)
		err = nla_put_u32(skb, CX_A_ABI, CX_ABI);
	if (!err)
		err = nla_put_string(skb, CX_A_RELEASE, CX_VERSION);
	if (!err)
		err = nla_put_u32(skb, CX_A_CAPABILITIES, cx_capabilities());
	if (!err)
		err = cx_put_maps(skb, cx_net_of(genl_info_net(info)));
	return cx_answer_send(skb, head, info, err);
}

/* One reason's sums over all CPUs. */
static int cx_put_count(struct sk_buff *skb, const struct cx_net *cn, u32 reason)
{
	const struct cx_count *c;
	u64 packets = 0, bytes = 0;
	struct nlattr *nest;
	int cpu;

	for_each_possible_cpu(cpu) {
		c = &per_cpu_ptr(cn->counts, cpu)->reason[reason];
		packets += READ_ONCE(c->packets);
		bytes += READ_ONCE(c->bytes);
	}
	if (!packets)
		return 0;
	nest = nla_nest_start(skb, CX_A_COUNT);
	if (!nest || nla_put_u32(skb, CX_COUNT_A_REASON, reason) ||
	    nla_put_u64_64bit(skb, CX_COUNT_A_PACKETS, packets, CX_COUNT_A_PAD) ||
	    nla_put_u64_64bit(skb, CX_COUNT_A_BYTES, bytes, CX_COUNT_A_PAD))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int cx_do_stats(struct sk_buff *request, struct genl_info *info)
{
	const struct cx_net *cn = cx_net_of(genl_info_net(info));
	struct nlattr *nest;
	struct sk_buff *skb;
	u32 reason;
	void *head;
	int err;

	skb = cx_answer_new(info, NLMSG_GOODSIZE, &head);
	if (!skb)
		return -ENOMEM;
	nest = nla_nest_start(skb, CX_A_COUNTS);
	err = nest ? 0 : -EMSGSIZE;
	for (reason = 0; reason < CX_REASON_COUNT && !err; reason++)
		err = cx_put_count(skb, cn, reason);
	if (!err)
		nla_nest_end(skb, nest);
	return cx_answer_send(skb, head, info, err);
}

/* ---- orders ------------------------------------------------------------------ */

static int cx_do_attach(struct sk_buff *request, struct genl_info *info)
{
	struct cx_maps *maps;
	int err;

	if (GENL_REQ_ATTR_CHECK(info, CX_A_VERSION) || GENL_REQ_ATTR_CHECK(info, CX_A_ABI) ||
	    GENL_REQ_ATTR_CHECK(info, CX_A_MAPS))
		return -EINVAL;
	if (nla_get_u32(info->attrs[CX_A_VERSION]) != CX_GENL_VERSION ||
	    nla_get_u32(info->attrs[CX_A_ABI]) != CX_ABI) {
		pr_warn_ratelimited("attach refused: sender speaks version %u, ABI %u; this module %u, %u\n",
				    nla_get_u32(info->attrs[CX_A_VERSION]), nla_get_u32(info->attrs[CX_A_ABI]),
				    CX_GENL_VERSION, CX_ABI);
		GENL_SET_ERR_MSG(info, "sender and module are of different versions or ABIs");
		return -EINVAL;
	}
	maps = cx_maps_get(info->attrs[CX_A_MAPS], info->extack);
	if (IS_ERR(maps))
		return PTR_ERR(maps);
	err = cx_net_attach(genl_info_net(info), maps, info->extack);
	if (err)
		cx_maps_put(maps);
	return err;
}

static int cx_do_detach(struct sk_buff *request, struct genl_info *info)
{
	return cx_net_detach(genl_info_net(info));
}

/* ---- events ------------------------------------------------------------------- */

static void *cx_event_new(struct sk_buff **skb, struct net *net, enum cx_genl_event event, gfp_t gfp)
{
	void *head = NULL;

	if (READ_ONCE(cx_silent) || !genl_has_listeners(&cx_family, net, CX_GROUP_EVENTS))
		return NULL;
	*skb = genlmsg_new(256, gfp);
	if (*skb)
		head = genlmsg_put(*skb, 0, 0, &cx_family, 0, CX_CMD_EVENT);
	if (head && !nla_put_u32(*skb, CX_A_EVENT, event))
		return head;
	nlmsg_free(*skb);
	return NULL;
}

static void cx_event_send(struct sk_buff *skb, void *head, struct net *net, gfp_t gfp)
{
	genlmsg_end(skb, head);
	genlmsg_multicast_netns(&cx_family, net, skb, 0, CX_GROUP_EVENTS, gfp);
}

void cx_genl_tell(struct net *net, enum cx_genl_event event)
{
	struct sk_buff *skb;
	void *head = cx_event_new(&skb, net, event, GFP_KERNEL);

	if (head)
		cx_event_send(skb, head, net, GFP_KERNEL);
}

void cx_genl_tell_dropped(struct net *net, const struct cx_msg *m, enum cx_reason reason)
{
	struct cx_net *cn = cx_net_of(net);
	unsigned long told = READ_ONCE(cn->dropped_told);
	struct sk_buff *skb;
	void *head;

	atomic64_inc(&cn->dropped_since);
	if (time_before(jiffies, told + CX_DROPPED_EVERY) || cmpxchg(&cn->dropped_told, told, jiffies) != told)
		return;
	head = cx_event_new(&skb, net, CX_EVENT_DROPPED, GFP_ATOMIC);
	if (!head)
		return;
	if (nla_put_u32(skb, CX_A_REASON, reason) || nla_put_u32(skb, CX_A_LISTENER, m->in_listener) ||
	    nla_put(skb, CX_A_SOURCE, sizeof(m->source), &m->source) ||
	    nla_put_u16(skb, CX_A_SOURCE_PORT, m->source_port) ||
	    nla_put_u64_64bit(skb, CX_A_COUNT_SINCE, atomic64_xchg(&cn->dropped_since, 0), CX_A_PAD)) {
		nlmsg_free(skb);
		return;
	}
	cx_event_send(skb, head, net, GFP_ATOMIC);
}

/* ---- family --------------------------------------------------------------------- */

static const struct genl_small_ops cx_ops[] = {
	{ .cmd = CX_CMD_GET, .doit = cx_do_get },
	{ .cmd = CX_CMD_ATTACH, .doit = cx_do_attach, .flags = GENL_ADMIN_PERM },
	{ .cmd = CX_CMD_DETACH, .doit = cx_do_detach, .flags = GENL_ADMIN_PERM },
	{ .cmd = CX_CMD_STATS, .doit = cx_do_stats, .flags = GENL_UNS_ADMIN_PERM },
};

static struct genl_family cx_family __ro_after_init = {
	.name = CX_GENL_NAME,
	.version = CX_GENL_VERSION,
	.maxattr = CX_A_MAX,
	.policy = cx_policy,
	.netnsok = true,
	.module = THIS_MODULE,
	.small_ops = cx_ops,
	.n_small_ops = ARRAY_SIZE(cx_ops),
	.resv_start_op = CX_CMD_GET,
	.mcgrps = cx_groups,
	.n_mcgrps = ARRAY_SIZE(cx_groups),
};

int cx_genl_init(void)
{
	return genl_register_family(&cx_family);
}

/* Hooks may be at work still: they must not tell anything through a group whose
 * number belongs to somebody else the moment it is given back. */
void cx_genl_exit(void)
{
	WRITE_ONCE(cx_silent, true);
	synchronize_net();
	genl_unregister_family(&cx_family);
}
