/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rtnetlink messages into tables. No sockets: fed by dumps, events and tests
 * alike. libnl checks lengths and walks attributes; its object caches are not
 * used, as they cost ten times the memory and hide when nothing changed.
 */
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <stdlib.h>
#include <string.h>
#include "fastpath/netlink.h"
#include "route/lpm.h"

#define NUD_VALID_STATES (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP)

struct cx_net_link *cx_net_find_link(const struct cx_net *net, int ifindex)
{
	struct cx_net_link *l;

	HASH_FIND_INT(net->links, &ifindex, l);
	return l;
}

static void neighbour_key(struct cx_net_neighbour_key *key, int ifindex, const union cx_addr *addr)
{
	memset(key, 0, sizeof(*key));
	key->ifindex = ifindex;
	key->addr = *addr;
}

struct cx_net_neighbour *cx_net_find_neighbour(const struct cx_net *net, int ifindex, const union cx_addr *addr)
{
	struct cx_net_neighbour_key key;
	struct cx_net_neighbour *n;

	neighbour_key(&key, ifindex, addr);
	HASH_FIND(hh, net->neighbours, &key, sizeof(key), n);
	return n;
}

static struct cx_net_neighbour *have_neighbour(struct cx_net *net, int ifindex, const union cx_addr *addr)
{
	struct cx_net_neighbour *n = cx_net_find_neighbour(net, ifindex, addr);

	if (n)
		return n;
	n = calloc(1, sizeof(*n));
	if (!n)
		return NULL;
	neighbour_key(&n->key, ifindex, addr);
	HASH_ADD(hh, net->neighbours, key, sizeof(n->key), n);
	return n;
}

struct cx_net_neighbour *cx_net_want(struct cx_net *net, int ifindex, const union cx_addr *addr)
{
	struct cx_net_neighbour *n = have_neighbour(net, ifindex, addr);

	if (n)
		n->wanted = true;
	return n;
}

bool cx_net_neighbour_valid(const struct cx_net_neighbour *n)
{
	return n && n->has_mac && (n->state & NUD_VALID_STATES);
}

/* An attribute of an address as 16 bytes. */
static bool address_of(const void *p, int len, int family, union cx_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	if (family == AF_INET && len == 4) {
		addr->w[5] = 0xffff;
		memcpy(&addr->b[12], p, 4);
		return true;
	}
	if (family == AF_INET6 && len == 16) {
		memcpy(addr->b, p, 16);
		return true;
	}
	return false;
}

static bool attribute_address(struct nlattr *a, int family, union cx_addr *addr)
{
	return a && address_of(nla_data(a), nla_len(a), family, addr);
}

/* fe80::/10, ff00::/8 */
static bool out_of_scope(const union cx_addr *addr)
{
	return addr->b[0] == 0xff || (addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80);
}

static void parse_link_info(struct nlattr *info, struct cx_net_link *l)
{
	struct nlattr *tb[IFLA_INFO_MAX + 1], *vlan[IFLA_VLAN_MAX + 1];

	if (nla_parse_nested(tb, IFLA_INFO_MAX, info, NULL) < 0 || !tb[IFLA_INFO_KIND])
		return;
	nla_strlcpy(l->kind, tb[IFLA_INFO_KIND], sizeof(l->kind));
	if (strcmp(l->kind, "vlan") != 0 || !tb[IFLA_INFO_DATA] ||
	    nla_parse_nested(vlan, IFLA_VLAN_MAX, tb[IFLA_INFO_DATA], NULL) < 0)
		return;
	if (vlan[IFLA_VLAN_ID] && nla_len(vlan[IFLA_VLAN_ID]) >= 2)
		l->vlan_id = nla_get_u16(vlan[IFLA_VLAN_ID]);
	l->vlan_protocol = ETH_P_8021Q;
	if (vlan[IFLA_VLAN_PROTOCOL] && nla_len(vlan[IFLA_VLAN_PROTOCOL]) >= 2)
		l->vlan_protocol = ntohs(nla_get_u16(vlan[IFLA_VLAN_PROTOCOL]));
}

static bool same_link(const struct cx_net_link *a, const struct cx_net_link *b)
{
	const uint32_t mask = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;

	return a->ifindex == b->ifindex && !strcmp(a->name, b->name) && !strcmp(a->kind, b->kind) &&
	       (a->flags & mask) == (b->flags & mask) && a->mtu == b->mtu && a->type == b->type &&
	       !memcmp(a->mac, b->mac, 6) && a->has_mac == b->has_mac && a->lower == b->lower &&
	       a->lower_elsewhere == b->lower_elsewhere && a->vlan_id == b->vlan_id &&
	       a->vlan_protocol == b->vlan_protocol;
}

static void drop_link(struct cx_net *net, int ifindex)
{
	struct cx_net_link *l = cx_net_find_link(net, ifindex);

	if (!l)
		return;
	HASH_DEL(net->links, l);
	free(l);
	net->changed = net->routes_stale = true;
}

static int apply_link(struct cx_net *net, struct nlmsghdr *h)
{
	struct nlattr *tb[IFLA_MAX + 1];
	struct ifinfomsg *msg = nlmsg_data(h);
	struct cx_net_link l = {0}, *known;

	if (nlmsg_parse(h, sizeof(*msg), tb, IFLA_MAX, NULL) < 0 || msg->ifi_family != AF_UNSPEC)
		return 0; /* AF_BRIDGE: a port's bridge side, not the link */
	if (h->nlmsg_type == RTM_DELLINK) {
		drop_link(net, msg->ifi_index);
		return 0;
	}
	l.ifindex = msg->ifi_index;
	l.flags = msg->ifi_flags;
	l.type = msg->ifi_type;
	if (tb[IFLA_IFNAME])
		nla_strlcpy(l.name, tb[IFLA_IFNAME], sizeof(l.name));
	if (tb[IFLA_MTU] && nla_len(tb[IFLA_MTU]) >= 4)
		l.mtu = nla_get_u32(tb[IFLA_MTU]);
	if (tb[IFLA_ADDRESS] && nla_len(tb[IFLA_ADDRESS]) == 6) {
		memcpy(l.mac, nla_data(tb[IFLA_ADDRESS]), 6);
		l.has_mac = true;
	}
	if (tb[IFLA_LINK] && nla_len(tb[IFLA_LINK]) >= 4)
		l.lower = (int)nla_get_u32(tb[IFLA_LINK]);
	l.lower_elsewhere = tb[IFLA_LINK_NETNSID] != NULL;
	if (tb[IFLA_LINKINFO])
		parse_link_info(tb[IFLA_LINKINFO], &l);
	known = cx_net_find_link(net, l.ifindex);
	if (known && same_link(known, &l))
		return 0;
	if (!known) {
		known = calloc(1, sizeof(*known));
		if (!known)
			return -ENOMEM;
		known->ifindex = l.ifindex;
		HASH_ADD_INT(net->links, ifindex, known);
	}
	l.told = known->told && !strcmp(known->kind, l.kind);
	l.hh = known->hh;
	*known = l;
	net->changed = net->routes_stale = true;
	return 0;
}

static int apply_address(struct cx_net *net, struct nlmsghdr *h)
{
	struct nlattr *tb[IFA_MAX + 1];
	struct ifaddrmsg *msg = nlmsg_data(h);
	struct cx_net_address a = {0}, *grown;
	size_t i;

	if (nlmsg_parse(h, sizeof(*msg), tb, IFA_MAX, NULL) < 0)
		return 0;
	a.ifindex = (int)msg->ifa_index;
	if (!attribute_address(tb[IFA_LOCAL], msg->ifa_family, &a.addr) &&
	    !attribute_address(tb[IFA_ADDRESS], msg->ifa_family, &a.addr))
		return 0;
	if (out_of_scope(&a.addr))
		return 0;
	for (i = 0; i < net->n_addresses; i++)
		if (net->addresses[i].ifindex == a.ifindex &&
		    !memcmp(&net->addresses[i].addr, &a.addr, sizeof(a.addr)))
			break;
	if (h->nlmsg_type == RTM_NEWADDR && i == net->n_addresses) {
		if (i == net->room_addresses) {
			grown = reallocarray(net->addresses, i ? i * 2 : 16, sizeof(*grown));
			if (!grown)
				return -ENOMEM;
			net->addresses = grown;
			net->room_addresses = i ? i * 2 : 16;
		}
		net->addresses[net->n_addresses++] = a;
		net->changed = net->routes_stale = true;
	} else if (h->nlmsg_type == RTM_DELADDR && i < net->n_addresses) {
		net->addresses[i] = net->addresses[--net->n_addresses];
		net->changed = net->routes_stale = true;
	}
	return 0;
}

static int apply_neighbour(struct cx_net *net, struct nlmsghdr *h)
{
	struct nlattr *tb[NDA_MAX + 1];
	struct ndmsg *msg = nlmsg_data(h);
	struct cx_net_neighbour *n, was;
	union cx_addr addr;

	if (nlmsg_parse(h, sizeof(*msg), tb, NDA_MAX, NULL) < 0 || (msg->ndm_flags & NTF_PROXY) ||
	    !attribute_address(tb[NDA_DST], msg->ndm_family, &addr) || addr.b[0] == 0xff)
		return 0;
	n = h->nlmsg_type == RTM_DELNEIGH ? cx_net_find_neighbour(net, msg->ndm_ifindex, &addr) :
					    have_neighbour(net, msg->ndm_ifindex, &addr);
	if (!n)
		return h->nlmsg_type == RTM_DELNEIGH ? 0 : -ENOMEM;
	was = *n;
	n->state = h->nlmsg_type == RTM_DELNEIGH ? NUD_NONE : msg->ndm_state;
	n->has_mac = n->state && tb[NDA_LLADDR] && nla_len(tb[NDA_LLADDR]) == 6;
	if (n->has_mac)
		memcpy(n->mac, nla_data(tb[NDA_LLADDR]), 6);
	if (cx_net_neighbour_valid(&was) != cx_net_neighbour_valid(n) ||
	    (cx_net_neighbour_valid(n) && memcmp(was.mac, n->mac, 6) != 0))
		net->changed = true;
	if (!n->state && !n->wanted) {
		HASH_DEL(net->neighbours, n);
		free(n);
	}
	return 0;
}

static bool parse_gateway(struct nlattr *gateway, struct nlattr *via, int family, struct cx_net_hop *hop)
{
	if (gateway)
		return attribute_address(gateway, family, &hop->gateway);
	if (via && nla_len(via) >= (int)sizeof(struct rtvia)) { /* IPv4 by way of an IPv6 router */
		struct rtvia *v = nla_data(via);

		return address_of(v->rtvia_addr, nla_len(via) - (int)sizeof(*v), v->rtvia_family, &hop->gateway);
	}
	return true;
}

static void parse_multipath(struct nlattr *a, int family, struct cx_net_route *r)
{
	struct rtnexthop *nh = nla_data(a);
	int left = nla_len(a);

	/* RTNH_OK() reads the length before it asks whether there is one */
	for (; left >= (int)sizeof(*nh) && RTNH_OK(nh, left) && r->n_hops < CX_HOPS_MAX;
	     left -= (int)NLMSG_ALIGN(nh->rtnh_len), nh = RTNH_NEXT(nh)) {
		struct cx_net_hop hop = {.ifindex = nh->rtnh_ifindex, .flags = nh->rtnh_flags};
		struct nlattr *tb[RTA_MAX + 1];

		if (nla_parse(tb, RTA_MAX, (struct nlattr *)RTNH_DATA(nh), nh->rtnh_len - (int)sizeof(*nh), NULL) < 0)
			continue;
		hop.encapsulated = tb[RTA_ENCAP] != NULL;
		if (parse_gateway(tb[RTA_GATEWAY], tb[RTA_VIA], family, &hop))
			r->hops[r->n_hops++] = hop;
	}
}

static bool parse_route(struct nlmsghdr *h, struct cx_net_route *r)
{
	struct nlattr *tb[RTA_MAX + 1], *metrics[RTAX_MAX + 1];
	struct rtmsg *msg = nlmsg_data(h);
	union cx_addr addr = {0};
	uint32_t table;

	if (nlmsg_parse(h, sizeof(*msg), tb, RTA_MAX, NULL) < 0 || (msg->rtm_flags & RTM_F_CLONED) || msg->rtm_tos ||
	    msg->rtm_src_len || (msg->rtm_family != AF_INET && msg->rtm_family != AF_INET6))
		return false;
	table = tb[RTA_TABLE] && nla_len(tb[RTA_TABLE]) >= 4 ? nla_get_u32(tb[RTA_TABLE]) : msg->rtm_table;
	if (table != RT_TABLE_MAIN && table != RT_TABLE_LOCAL)
		return false;
	if (msg->rtm_family == AF_INET)
		addr.w[5] = 0xffff;
	if (tb[RTA_DST] && !attribute_address(tb[RTA_DST], msg->rtm_family, &addr))
		return false;
	cx_lpm_key_set(&r->key, &addr, msg->rtm_dst_len + (msg->rtm_family == AF_INET ? 96u : 0u));
	if (r->key.prefixlen > 128 || (msg->rtm_family == AF_INET6 && (out_of_scope(&addr) || cx_lpm_key_is_v4(&r->key))))
		return false;
	r->local = table == RT_TABLE_LOCAL;
	r->type = msg->rtm_type;
	if (tb[RTA_PRIORITY] && nla_len(tb[RTA_PRIORITY]) >= 4)
		r->priority = nla_get_u32(tb[RTA_PRIORITY]);
	if (tb[RTA_METRICS] && nla_parse_nested(metrics, RTAX_MAX, tb[RTA_METRICS], NULL) == 0 && metrics[RTAX_MTU] &&
	    nla_len(metrics[RTAX_MTU]) >= 4)
		r->mtu = nla_get_u32(metrics[RTAX_MTU]);
	if (tb[RTA_MULTIPATH]) {
		parse_multipath(tb[RTA_MULTIPATH], msg->rtm_family, r);
	} else if (tb[RTA_OIF] && nla_len(tb[RTA_OIF]) >= 4) {
		r->hops[0] = (struct cx_net_hop){.ifindex = (int)nla_get_u32(tb[RTA_OIF]),
						 .flags = (uint8_t)msg->rtm_flags,
						 .encapsulated = tb[RTA_ENCAP] != NULL};
		r->n_hops = parse_gateway(tb[RTA_GATEWAY], tb[RTA_VIA], msg->rtm_family, &r->hops[0]);
	}
	return true;
}

static int collect_route(struct cx_net *net, struct nlmsghdr *h)
{
	struct cx_net_route r, *grown;

	memset(&r, 0, sizeof(r)); /* compared as bytes */
	if (!parse_route(h, &r))
		return 0;
	if (net->n_reading == net->room_reading) {
		size_t room = net->room_reading ? net->room_reading * 2 : 64;

		grown = reallocarray(net->reading, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		net->reading = grown;
		net->room_reading = room;
	}
	memcpy(&net->reading[net->n_reading++], &r, sizeof(r));
	return 0;
}

int cx_net_apply(struct cx_net *net, struct nlmsghdr *h)
{
	switch (h->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		return apply_link(net, h);
	case RTM_NEWADDR:
	case RTM_DELADDR:
		return apply_address(net, h);
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		return apply_neighbour(net, h);
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		if (net->reading)
			return collect_route(net, h);
		net->routes_stale = true;
		return 0;
	default:
		return 0;
	}
}

static int compare_routes(const void *a, const void *b)
{
	const struct cx_net_route *x = a, *y = b;
	int order = cx_lpm_key_compare(&x->key, &y->key);

	if (!order)
		order = (int)y->local - (int)x->local;
	if (!order)
		order = x->priority < y->priority ? -1 : x->priority > y->priority;
	return order ? order : memcmp(x, y, sizeof(*x));
}

void cx_net_routes_begin(struct cx_net *net)
{
	free(net->reading);
	net->reading = calloc(64, sizeof(*net->reading));
	net->room_reading = net->reading ? 64 : 0;
	net->n_reading = 0;
}

void cx_net_routes_end(struct cx_net *net, bool complete)
{
	if (complete && net->reading) {
		qsort(net->reading, net->n_reading, sizeof(*net->reading), compare_routes);
		if (net->n_reading != net->n_routes ||
		    (net->n_routes && memcmp(net->reading, net->routes, net->n_routes * sizeof(*net->routes)) != 0)) {
			free(net->routes);
			net->routes = net->reading;
			net->n_routes = net->n_reading;
			net->reading = NULL;
			net->changed = true;
		}
		net->routes_stale = false;
	}
	free(net->reading);
	net->reading = NULL;
	net->n_reading = net->room_reading = 0;
}

void cx_net_forget(struct cx_net *net)
{
	struct cx_net_link *l, *next_link;
	struct cx_net_neighbour *n, *next;

	HASH_ITER(hh, net->links, l, next_link)
	{
		HASH_DEL(net->links, l);
		free(l);
	}
	HASH_ITER(hh, net->neighbours, n, next)
	{
		HASH_DEL(net->neighbours, n);
		free(n);
	}
	net->n_addresses = 0;
	net->changed = net->routes_stale = true;
}
