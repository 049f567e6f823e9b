/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's links, addresses, routes and neighbours, as plain tables that
 * netlink events keep true. Private to this room.
 *
 * - Links, addresses and neighbours follow their events one by one.
 * - Routes are read anew after any event that may touch them: the kernel takes
 *   IPv4 routes away with their link or address without a word, and tells of
 *   IPv6 multipath in pieces.
 * - Lost events (ENOBUFS) mean reading everything again.
 * - IPv6 link-local and multicast destinations are left out: elements and
 *   callers have no zone.
 */
#ifndef CX_FASTPATH_NETLINK_H
#define CX_FASTPATH_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>
#include <uthash.h>
#include "cxsip/abi.h"

#define CX_HOPS_MAX 8

struct cx_net_link {
	int ifindex; /* key */
	char name[16];
	char kind[16]; /* "" for a driver of hardware */
	uint32_t flags; /* IFF_* */
	uint32_t mtu;
	uint16_t type; /* ARPHRD_* */
	uint8_t mac[6];
	bool has_mac;
	int lower; /* 0: none */
	bool lower_elsewhere; /* in another network namespace */
	uint16_t vlan_id, vlan_protocol; /* kind "vlan" */
	bool told; /* the log has it that XDP cannot send here */
	UT_hash_handle hh;
};

struct cx_net_address {
	int ifindex;
	union cx_addr addr;
};

struct cx_net_neighbour_key {
	int ifindex;
	union cx_addr addr;
};

struct cx_net_neighbour {
	struct cx_net_neighbour_key key;
	uint16_t state; /* NUD_*; 0: the kernel has none */
	uint8_t mac[6];
	bool has_mac;
	bool wanted; /* a gateway or element depends on it */
	uint64_t used_ms; /* when the kernel was last asked to resolve it */
	UT_hash_handle hh;
};

struct cx_net_hop {
	int ifindex;
	union cx_addr gateway; /* all zero: connected */
	uint8_t flags; /* RTNH_F_* */
	bool encapsulated; /* MPLS, SRv6, ...: nothing XDP can do */
};

struct cx_net_route {
	struct cx_lpm_key key; /* first */
	uint8_t type; /* RTN_* */
	uint8_t n_hops;
	bool local; /* of the local table */
	uint32_t priority;
	uint32_t mtu; /* 0: the device's */
	struct cx_net_hop hops[CX_HOPS_MAX];
};

struct nl_sock;

struct cx_net {
	struct nl_sock *events, *query, *orders;
	struct cx_net_link *links;
	struct cx_net_neighbour *neighbours;
	struct cx_net_address *addresses;
	size_t n_addresses, room_addresses;
	struct cx_net_route *routes; /* sorted: key, local table first, priority */
	size_t n_routes;
	struct cx_net_route *reading; /* while a dump runs */
	size_t n_reading, room_reading;
	bool changed; /* something that reach depends on */
	bool routes_stale, lost;
	int failed; /* -errno of a callback */
	uint64_t routes_read_us, routes_cost_us;
};

int cx_net_open(struct cx_net **out); /* reads everything */
void cx_net_close(struct cx_net *net);
int cx_net_fd(const struct cx_net *net);
/* Reads what events there are. net->changed tells whether anything came of it. */
int cx_net_read(struct cx_net *net);
/* Asks the kernel to resolve or confirm a neighbour. */
int cx_net_use(struct cx_net *net, int ifindex, const union cx_addr *addr);
uint64_t cx_net_now_ms(void);

/* netparse.c: one message of the kernel into the tables; 0 or -errno. */
int cx_net_apply(struct cx_net *net, struct nlmsghdr *h);
void cx_net_routes_begin(struct cx_net *net);
void cx_net_routes_end(struct cx_net *net, bool complete); /* swaps what was read in, if it is all */
void cx_net_forget(struct cx_net *net); /* all but the routes */
struct cx_net_link *cx_net_find_link(const struct cx_net *net, int ifindex);
struct cx_net_neighbour *cx_net_find_neighbour(const struct cx_net *net, int ifindex, const union cx_addr *addr);
struct cx_net_neighbour *cx_net_want(struct cx_net *net, int ifindex, const union cx_addr *addr);
bool cx_net_neighbour_valid(const struct cx_net_neighbour *n);

#endif
