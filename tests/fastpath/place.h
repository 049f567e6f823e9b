/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A small world for tests: one configuration with every kind of network, group
 * and route, loaded and compiled by the real rooms. The kernel is not needed;
 * rig.h adds the fast path.
 *
 * Nexthops and reach are set by hand: no device has to exist for a test run.
 * Keys are fixed, so every run gives the same bytes.
 */
#ifndef CX_TESTS_PLACE_H
#define CX_TESTS_PLACE_H

#include "base/addr.h"
#include "route/world.h"

/* Ours */
#define TRUNKS_V4 "192.0.2.1"
#define TRUNKS_V6 "2001:db8::1"
#define AGENTS_V4 "192.0.2.2" /* port 5070, with Record-Route */
#define AGENTS_V6 "2001:db8::2"
#define OPEN_V4 "192.0.2.3" /* takes anybody, has table "plain": separators count */
#define OPEN_V6 "2001:db8::3"
#define CORE_V4 "203.0.113.1"
#define CORE_V6 "2001:db8:200::1"
/* IPv6 listeners of trunks and agents are networks of their own: "trunks6", "agents6" */
/* Theirs */
#define CALLER_V4 "198.51.100.7"
#define CALLER_V6 "2001:db8:100::7"
#define STRANGER_V4 "10.9.8.7"
#define STRANGER_V6 "2001:db8:bad::7"

enum place_nexthop {
	PLACE_PLAIN = 1,  /* interface 1: the one a test run comes in by */
	PLACE_OTHER,	  /* interface 2 */
	PLACE_VLAN,	  /* one tag: 100 */
	PLACE_QINQ,	  /* two tags: 200, 300 */
	PLACE_LOCAL,	  /* this host */
	PLACE_TINY,	  /* MTU 576 */
	PLACE_UNRESOLVED, /* no MAC yet */
	PLACE_NEXTHOPS
};

struct place {
	char dir[64]; /* temporary; removed by place_close() */
	struct cx_config *config;
	struct cx_tables *tables;
	struct cx_world *world;
};

/* pin_root: NULL: none of its own. 0, or -1 after saying why on stderr. */
int place_open(struct place *p, const char *pin_root);
/* Nexthops, reach, keys: once the mirror (if any) is in place. */
int place_furnish(struct place *p);
void place_close(struct place *p);

union cx_addr place_addr(const char *text);
/* id of our listener at that address; port 5060, or 5070 for the agents' */
uint16_t place_listener(const struct place *p, const char *addr);
uint32_t place_element(const struct place *p, const char *name);

extern const uint8_t place_mac_ours[6];
extern const uint8_t place_mac_theirs[6];

#endif
