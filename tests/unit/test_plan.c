/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Devices that this kernel may not have (VLAN, bridge), fed to the parser as the
 * messages that the kernel would send, and the next hops planned from them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "fastpath/plan.h"

static void apply(struct cx_net *net, struct nl_msg *msg)
{
	assert_int_equal(cx_net_apply(net, nlmsg_hdr(msg)), 0);
	nlmsg_free(msg);
}

static void feed_link(struct cx_net *net, int ifindex, const char *kind, int lower, uint16_t vlan,
		      uint16_t protocol, uint8_t mac5)
{
	struct ifinfomsg body = {
	    .ifi_index = ifindex, .ifi_type = ARPHRD_ETHER, .ifi_flags = IFF_UP | IFF_RUNNING};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	uint8_t mac[6] = {2, 0, 0, 0, 9, mac5};
	struct nlattr *info, *data;
	char name[16];

	snprintf(name, sizeof(name), "if%d", ifindex);
	nlmsg_append(msg, &body, sizeof(body), NLMSG_ALIGNTO);
	nla_put_string(msg, IFLA_IFNAME, name);
	nla_put_u32(msg, IFLA_MTU, 1500);
	nla_put(msg, IFLA_ADDRESS, 6, mac);
	if (lower)
		nla_put_u32(msg, IFLA_LINK, (uint32_t)lower);
	if (kind) {
		info = nla_nest_start(msg, IFLA_LINKINFO);
		nla_put_string(msg, IFLA_INFO_KIND, kind);
		if (vlan) {
			data = nla_nest_start(msg, IFLA_INFO_DATA);
			nla_put_u16(msg, IFLA_VLAN_ID, vlan);
			nla_put_u16(msg, IFLA_VLAN_PROTOCOL, htons(protocol));
			nla_nest_end(msg, data);
		}
		nla_nest_end(msg, info);
	}
	apply(net, msg);
}

static void feed_neighbour(struct cx_net *net, int ifindex, uint8_t last)
{
	struct ndmsg body = {.ndm_family = AF_INET, .ndm_ifindex = ifindex, .ndm_state = NUD_REACHABLE};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWNEIGH, 0);
	uint8_t ip[4] = {10, 7, (uint8_t)ifindex, last}, mac[6] = {2, 0, 0, 0, 8, last};

	nlmsg_append(msg, &body, sizeof(body), NLMSG_ALIGNTO);
	nla_put(msg, NDA_DST, 4, ip);
	nla_put(msg, NDA_LLADDR, 6, mac);
	apply(net, msg);
}

static void feed_route(struct cx_net *net, int ifindex)
{
	struct rtmsg body = {
	    .rtm_family = AF_INET, .rtm_dst_len = 24, .rtm_table = RT_TABLE_MAIN, .rtm_type = RTN_UNICAST};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWROUTE, 0);
	uint8_t ip[4] = {10, 7, (uint8_t)ifindex, 0};

	nlmsg_append(msg, &body, sizeof(body), NLMSG_ALIGNTO);
	nla_put(msg, RTA_DST, 4, ip);
	nla_put_u32(msg, RTA_OIF, (uint32_t)ifindex);
	apply(net, msg);
}

static const struct cx_nexthop *planned(const struct cx_plan *plan, const struct cx_nexthops *nexthops,
					int ifindex)
{
	static struct cx_nexthop found;
	const struct cx_planned *p;
	struct cx_nexthop_slot *s, *next;
	union cx_addr addr = {.w = {[5] = 0xffff}};

	addr.b[12] = 10;
	addr.b[13] = 7;
	addr.b[14] = (uint8_t)ifindex;
	addr.b[15] = 2;
	p = cx_plan_find(plan, &addr);
	assert_non_null(p);
	memset(&found, 0, sizeof(found));
	HASH_ITER (hh, nexthops->slots, s, next) {
		if (s->id == p->nexthop)
			found = s->nexthop;
	}
	return &found;
}

static void test_vlans_and_bridges(void **state)
{
	enum { PHYSICAL = 1, VLAN, QINQ_OUTER, QINQ, SAME_TAGS, TRIPLE, BRIDGE, MACVLAN, LAST };
	struct cx_net net = {0};
	struct cx_nexthops nexthops;
	struct cx_plan plan;
	const struct cx_nexthop *n;
	int i;

	feed_link(&net, PHYSICAL, NULL, 0, 0, 0, 1);
	feed_link(&net, VLAN, "vlan", PHYSICAL, 100, ETH_P_8021Q, 2);
	feed_link(&net, QINQ_OUTER, "vlan", PHYSICAL, 200, ETH_P_8021AD, 3);
	feed_link(&net, QINQ, "vlan", QINQ_OUTER, 300, ETH_P_8021Q, 4);
	feed_link(&net, SAME_TAGS, "vlan", VLAN, 400, ETH_P_8021Q, 5);
	feed_link(&net, TRIPLE, "vlan", QINQ, 500, ETH_P_8021Q, 6);
	feed_link(&net, BRIDGE, "bridge", 0, 0, 0, 7);
	feed_link(&net, MACVLAN, "macvlan", PHYSICAL, 0, 0, 8);
	cx_net_routes_begin(&net);
	for (i = PHYSICAL; i < LAST; i++) {
		feed_neighbour(&net, i, 2);
		feed_route(&net, i);
	}
	cx_net_routes_end(&net, true);
	assert_int_equal(cx_nexthops_init(&nexthops, CX_NEXTHOPS_MAX), 0);
	cx_nexthops_begin(&nexthops);
	assert_int_equal(cx_plan_make(&net, &nexthops, &plan), 0);
	n = planned(&plan, &nexthops, PHYSICAL);
	assert_int_equal(n->ifindex, PHYSICAL);
	assert_int_equal(n->vlans, 0);
	n = planned(&plan, &nexthops, VLAN);
	assert_int_equal(n->ifindex, PHYSICAL);
	assert_int_equal(n->vlans, 1);
	assert_int_equal(n->vlan_tci[0], 100);
	assert_int_equal(n->src_mac[5], 2); /* of the VLAN device */
	n = planned(&plan, &nexthops, QINQ);
	assert_int_equal(n->ifindex, PHYSICAL);
	assert_int_equal(n->vlans, 2);
	assert_int_equal(n->vlan_tci[0], 200);
	assert_int_equal(n->vlan_tci[1], 300);
	for (i = PHYSICAL; i < LAST; i++)
		if (i == QINQ_OUTER || i >= SAME_TAGS)
			assert_int_equal(planned(&plan, &nexthops, i)->flags, 0);
	assert_int_equal(cx_plan_lower(&net, QINQ), PHYSICAL);
	assert_int_equal(cx_plan_lower(&net, BRIDGE), BRIDGE);
	cx_plan_free(&plan);
	cx_nexthops_free(&nexthops);
	cx_net_forget(&net);
	free(net.routes);
	free(net.addresses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_vlans_and_bridges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
