/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Routes, links and neighbours of a network namespace of our own, with a
 * second namespace as the other side of its cables:
 *
 *   core0 10.9.0.1/24 fd09::1/64 --- peer0 10.9.0.2 fd09::2
 *   core1 10.8.0.1/24            --- peer1 10.8.0.254, behind it 10.100.0.0/16
 *
 * A watch keeps the reach of a world with four elements; what it tells is kept.
 */
#ifndef CX_TESTS_REACH_RUN_H
#define CX_TESTS_REACH_RUN_H

#include <stdbool.h>
#include <sys/types.h>
#include "fastpath/reach.h"
#include "kernel.h"

enum { DIRECT, DIRECT6, GATEWAY, NOWHERE, ELEMENTS };

/* The one there is, for all tests of a program. */
struct run {
	pid_t far_side;
	struct cx_config *config;
	struct cx_tables *tables;
	struct cx_world *world;
	struct cx_reach_watch *watch;
	uint32_t ids[ELEMENTS];
	/* what the watch told */
	struct {
		int reachable; /* -1: nothing yet */
		char why[32];
		unsigned times;
	} told[ELEMENTS];
	int interface_gone, interface_came;
};
extern struct run run;

extern const uint8_t far_mac[6], gateway_mac[6];

/* What is missing, and into the namespace: before the group of tests. */
void run_begin(void);
/* The group's. */
int run_set_up(void **state);
int run_tear_down(void **state);

/* Of the far side's namespace. */
void run_far(const char *command);
/* The second cable, with its addresses and the route behind it. */
void run_add_core1(void);

/* The next hop of an element; number 0: none. */
uint32_t run_nexthop_id(int i);
const struct cx_nexthop *run_nexthop(int i);
bool run_resolved(int i, const uint8_t mac[6]);
/* Every element that there is a way to is resolved as in the beginning. */
bool run_all_ok(void);
/* The world's entry for an address. */
const struct cx_reach_entry *run_reach(const char *text);

/* Meanwhile does what the daemon does: reads when there is something, refreshes else. */
void run_wait(bool (*condition)(void), const char *what, int line);
#define wait_until(condition) run_wait(condition, #condition, __LINE__)

#endif
