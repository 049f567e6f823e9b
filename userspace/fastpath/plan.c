/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which nexthop each destination has.
 *
 * - Of the routes to one prefix the local table's comes first, then the lowest
 *   metric; a next hop that the kernel calls dead does not count. Among several
 *   usable hops the first with a known neighbour is taken, always the same one.
 * - A connected prefix is unresolved; each neighbour known in it is an entry
 *   of its own, if that prefix is indeed the kernel's way to it.
 * - XDP needs a device with Ethernet addresses that can be handed frames. On a
 *   bridge, a tunnel, a macvlan it cannot: unresolved, so the daemon sends.
 * - ::/0 and other short IPv6 prefixes would swallow IPv4 (mapped) in the one
 *   trie: then 0.0.0.0/0 gets an entry that says no.
 */
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdlib.h>
#include <string.h>
#include "fastpath/plan.h"
#include "observe/log.h"

#define STACKED_MAX 2

static bool usable(const struct cx_net_link *l)
{
	return l && (l->flags & IFF_UP) && (l->flags & IFF_RUNNING);
}

bool cx_plan_link_down(const struct cx_net *net, int ifindex)
{
	return !usable(cx_net_find_link(net, ifindex));
}

int cx_plan_lower(const struct cx_net *net, int ifindex)
{
	const struct cx_net_link *l = cx_net_find_link(net, ifindex);
	int depth;

	for (depth = 0; l && !strcmp(l->kind, "vlan"); depth++) {
		if (l->lower_elsewhere || depth == 8)
			return 0;
		l = cx_net_find_link(net, l->lower);
	}
	return l ? l->ifindex : 0;
}

/* Devices whose driver takes frames from XDP. Others have no way in for them:
 * the kernel would drop what we redirect. */
static bool takes_frames(const struct cx_net_link *l)
{
	static const char *const kinds[] = {"", "veth", "bond", "tun"};
	size_t i;

	if (l->type != ARPHRD_ETHER || !l->has_mac)
		return false;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (!strcmp(l->kind, kinds[i]))
			return true;
	return false;
}

static void tell_once(struct cx_net_link *l)
{
	if (l->told || (l->flags & IFF_LOOPBACK))
		return;
	l->told = true;
	cx_log(CX_NOTICE, "interface_not_for_xdp", "interface", l->name, "kind", l->kind[0] ? l->kind : "no Ethernet",
	       "effect", "the daemon forwards what leaves there", NULL);
}

/* What the program pushes: 802.1Q, below an 802.1ad tag if there are two. */
static bool tags_fit(const uint16_t *protocol, int depth)
{
	return depth == 0 || (protocol[0] == ETH_P_8021Q && (depth == 1 || protocol[1] == ETH_P_8021AD));
}

/* Interface, tags, source MAC and MTU of what leaves by the device. */
static bool device(struct cx_net *net, int ifindex, struct cx_nexthop *out)
{
	struct cx_net_link *top = cx_net_find_link(net, ifindex), *l = top;
	uint16_t tci[STACKED_MAX], protocol[STACKED_MAX];
	int i, depth = 0;

	if (!top)
		return false;
	memset(out, 0, sizeof(*out));
	while (l && !strcmp(l->kind, "vlan")) {
		if (!usable(l))
			return false;
		if (depth == STACKED_MAX || l->lower_elsewhere) {
			tell_once(top);
			return false;
		}
		protocol[depth] = l->vlan_protocol;
		tci[depth++] = l->vlan_id;
		l = cx_net_find_link(net, l->lower);
	}
	if (!l || !usable(l))
		return false;
	if (!takes_frames(l) || !top->has_mac || !tags_fit(protocol, depth)) {
		tell_once(top);
		return false;
	}
	out->ifindex = (uint32_t)l->ifindex;
	out->mtu = top->mtu > 65535 ? 65535 : (uint16_t)top->mtu;
	out->vlans = (uint8_t)depth;
	for (i = 0; i < depth; i++)
		out->vlan_tci[i] = tci[depth - 1 - i];
	memcpy(out->src_mac, top->mac, 6);
	return true;
}

static uint32_t nexthop_of(struct cx_net *net, struct cx_nexthops *nexthops, int ifindex, const union cx_addr *addr,
			   uint32_t route_mtu)
{
	const struct cx_net_neighbour *n = cx_net_find_neighbour(net, ifindex, addr);
	struct cx_nexthop nh;

	if (!cx_net_neighbour_valid(n) || !device(net, ifindex, &nh))
		return 0;
	if (route_mtu && route_mtu < nh.mtu)
		nh.mtu = (uint16_t)route_mtu;
	nh.flags = CX_NEXTHOP_OK;
	memcpy(nh.dst_mac, n->mac, 6);
	nh.neighbour = *addr;
	return cx_nexthops_want(nexthops, ifindex, addr, &nh);
}

static bool is_zero(const union cx_addr *addr)
{
	return addr->q[0] == 0 && addr->q[1] == 0;
}

/* True when p is settled; false: every hop is dead, ask the next route. */
static bool choose_hop(struct cx_net *net, struct cx_nexthops *nexthops, const struct cx_net_route *r,
		       struct cx_planned *p)
{
	bool down = false, found = false;
	int i;

	for (i = 0; i < r->n_hops && !p->nexthop; i++) {
		const struct cx_net_hop *h = &r->hops[i];
		uint32_t id = 0;

		if ((h->flags & RTNH_F_DEAD) || !cx_net_find_link(net, h->ifindex))
			continue;
		if ((h->flags & RTNH_F_LINKDOWN) || cx_plan_link_down(net, h->ifindex)) {
			if (!found)
				p->ifindex = h->ifindex;
			down = true;
			continue;
		}
		if (!is_zero(&h->gateway) && !h->encapsulated)
			id = nexthop_of(net, nexthops, h->ifindex, &h->gateway, r->mtu);
		if (found && !id)
			continue;
		if (!found) {
			p->first_ifindex = h->ifindex;
			p->first_gateway = h->gateway;
		}
		found = true;
		p->ifindex = h->ifindex;
		p->gateway = h->gateway;
		p->nexthop = id;
		p->mtu = r->mtu;
		p->kind = is_zero(&h->gateway) ? CX_PATH_CONNECTED : CX_PATH_GATEWAY;
	}
	if (!found && down)
		p->kind = CX_PATH_DOWN;
	return found || down;
}

static void choose(struct cx_net *net, struct cx_nexthops *nexthops, const struct cx_net_route *routes, size_t n,
		   struct cx_planned *p)
{
	size_t i;

	memset(p, 0, sizeof(*p));
	p->key = routes[0].key;
	for (i = 0; i < n; i++) {
		switch (routes[i].type) {
		case RTN_LOCAL:
		case RTN_ANYCAST:
			p->kind = CX_PATH_LOCAL;
			p->ifindex = routes[i].n_hops ? routes[i].hops[0].ifindex : 0;
			p->nexthop = cx_nexthops_want_local(nexthops);
			return;
		case RTN_UNICAST:
			if (choose_hop(net, nexthops, &routes[i], p))
				return;
			break;
		default: /* blackhole, unreachable, prohibit, broadcast, ... */
			return;
		}
	}
}

static void index_plan(struct cx_plan *plan)
{
	struct cx_lpm_array a = {.entries = plan->entries, .n = plan->n, .stride = sizeof(*plan->entries)};

	cx_lpm_index_build(&plan->index, &a);
}

const struct cx_planned *cx_plan_find(const struct cx_plan *plan, const union cx_addr *addr)
{
	struct cx_lpm_array a = {.entries = plan->entries, .n = plan->n, .stride = sizeof(*plan->entries)};

	return cx_lpm_find(&plan->index, &a, addr->b, 128);
}

static void plan_prefixes(struct cx_net *net, struct cx_nexthops *nexthops, struct cx_plan *plan)
{
	bool covered = false, any_v4 = false;
	size_t i = 0, same;

	while (i < net->n_routes) {
		const struct cx_lpm_key *key = &net->routes[i].key;

		for (same = 1; i + same < net->n_routes; same++)
			if (cx_lpm_key_compare(key, &net->routes[i + same].key) != 0)
				break;
		choose(net, nexthops, &net->routes[i], same, &plan->entries[plan->n++]);
		covered |= cx_lpm_key_covers_v4(key);
		any_v4 |= key->prefixlen == 96 && cx_lpm_key_is_v4(key);
		i += same;
	}
	if (covered && !any_v4) {
		struct cx_planned *p = &plan->entries[plan->n++];

		memset(p, 0, sizeof(*p));
		cx_lpm_key_any_v4(&p->key);
		p->kind = CX_PATH_NONE;
	}
}

static int compare_planned(const void *a, const void *b)
{
	return cx_lpm_key_compare(&((const struct cx_planned *)a)->key, &((const struct cx_planned *)b)->key);
}

/* One entry for each neighbour that the kernel would reach directly. */
static size_t plan_hosts(struct cx_net *net, struct cx_nexthops *nexthops, struct cx_plan *plan,
			 struct cx_planned *hosts)
{
	struct cx_net_neighbour *n, *next;
	size_t count = 0;

	HASH_ITER(hh, net->neighbours, n, next)
	{
		struct cx_planned *p;
		uint32_t id;

		if (!cx_net_neighbour_valid(n))
			continue;
		p = (struct cx_planned *)cx_plan_find(plan, &n->key.addr);
		if (!p || p->kind != CX_PATH_CONNECTED || p->ifindex != n->key.ifindex)
			continue;
		id = nexthop_of(net, nexthops, n->key.ifindex, &n->key.addr, p->mtu);
		if (!id)
			continue;
		if (p->key.prefixlen == 128) { /* a host route to the neighbour itself */
			p->nexthop = id;
			continue;
		}
		hosts[count] = *p;
		cx_lpm_key_set(&hosts[count].key, &n->key.addr, 128);
		hosts[count++].nexthop = id;
	}
	return count;
}

int cx_plan_make(struct cx_net *net, struct cx_nexthops *nexthops, struct cx_plan *plan)
{
	size_t neighbours = HASH_COUNT(net->neighbours), hosts;

	memset(plan, 0, sizeof(*plan));
	plan->entries = calloc(net->n_routes + neighbours + 1, sizeof(*plan->entries));
	if (!plan->entries)
		return -ENOMEM;
	plan_prefixes(net, nexthops, plan);
	qsort(plan->entries, plan->n, sizeof(*plan->entries), compare_planned);
	index_plan(plan);
	hosts = plan_hosts(net, nexthops, plan, plan->entries + plan->n);
	plan->n += hosts;
	qsort(plan->entries, plan->n, sizeof(*plan->entries), compare_planned);
	index_plan(plan);
	return 0;
}

void cx_plan_free(struct cx_plan *plan)
{
	free(plan->entries);
	memset(plan, 0, sizeof(*plan));
}
