/* SPDX-License-Identifier: GPL-2.0-only */
#define _GNU_SOURCE
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fixture.h"
#include "reach_run.h"

#define WAIT_MS 5000

static const char *const element_address[ELEMENTS] = {"10.9.0.2", "fd09::2", "10.100.0.5", "192.168.77.1"};

struct run run;
const uint8_t far_mac[6] = {2, 0, 0, 0, 0, 2}, gateway_mac[6] = {2, 0, 0, 0, 1, 2};

void run_far(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "nsenter -t %d -n %s", (int)run.far_side, command);
	shell(line);
}

static void on_element(void *ctx, uint32_t element, bool reachable, const char *why)
{
	int i;

	for (i = 0; i < ELEMENTS; i++) {
		if (run.ids[i] != element)
			continue;
		run.told[i].reachable = reachable;
		run.told[i].times++;
		snprintf(run.told[i].why, sizeof(run.told[i].why), "%s", why);
	}
}

static void on_interface(void *ctx, int ifindex, const char *ifname, bool present)
{
	if (present)
		run.interface_came = ifindex;
	else
		run.interface_gone = ifindex;
}

uint32_t run_nexthop_id(int i)
{
	return run.world->elements[run.ids[i]].nexthop;
}

const struct cx_nexthop *run_nexthop(int i)
{
	return &run.world->nexthops[run_nexthop_id(i)];
}

bool run_resolved(int i, const uint8_t mac[6])
{
	const struct cx_nexthop *n = run_nexthop(i);

	return run_nexthop_id(i) && (n->flags & CX_NEXTHOP_OK) && !memcmp(n->dst_mac, mac, 6);
}

bool run_all_ok(void)
{
	return run_resolved(DIRECT, far_mac) && run_resolved(DIRECT6, far_mac) &&
	       run_resolved(GATEWAY, gateway_mac);
}

const struct cx_reach_entry *run_reach(const char *text)
{
	union cx_addr addr;
	uint8_t family;

	assert_int_equal(cx_addr_parse(text, &addr, &family), 0);
	return cx_world_reach(run.world, &addr);
}

void run_wait(bool (*condition)(void), const char *what, int line)
{
	struct pollfd p = {.fd = cx_reach_fd(run.watch), .events = POLLIN};
	double end = now_ms() + WAIT_MS;

	while (!condition() && now_ms() < end) {
		if (poll(&p, 1, 200) > 0)
			assert_int_equal(cx_reach_read(run.watch), 0);
		else
			assert_int_equal(cx_reach_refresh(run.watch), 0);
	}
	if (!condition())
		fail_msg("line %d: %s did not come within %d ms", line, what, WAIT_MS);
}

static void start_far_side(void)
{
	int ready[2];
	char c;

	assert_int_equal(pipe(ready), 0);
	run.far_side = fork();
	assert_true(run.far_side >= 0);
	if (run.far_side == 0) {
		/* must not outlive us: it would hold our output open */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || unshare(CLONE_NEWNET) != 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	assert_int_equal(read(ready[0], &c, 1), 1);
	close(ready[0]);
}

static void add_cable(int n)
{
	char line[256];

	snprintf(line, sizeof(line), "ip link add core%d type veth peer name peer%d", n, n);
	shell(line);
	snprintf(line, sizeof(line), "ip link set peer%d address 02:00:00:00:0%d:02 netns %d", n, n,
		 (int)run.far_side);
	shell(line);
	snprintf(line, sizeof(line), "ip link set core%d up", n);
	shell(line);
	snprintf(line, sizeof(line), "ip link set peer%d up", n);
	run_far(line);
}

void run_add_core1(void)
{
	add_cable(1);
	shell("ip addr add 10.8.0.1/24 dev core1");
	run_far("ip addr add 10.8.0.254/24 dev peer1");
	shell("ip route add 10.100.0.0/16 via 10.8.0.254 mtu 1400");
}

static void make_network(void)
{
	shell("ip link set lo up");
	add_cable(0);
	shell("ip addr add 10.9.0.1/24 dev core0 && ip -6 addr add fd09::1/64 dev core0 nodad");
	run_far("ip addr add 10.9.0.2/24 dev peer0");
	run_far("ip -6 addr add fd09::2/64 dev peer0 nodad");
	run_add_core1();
}

static void make_world(void)
{
	struct cx_config *c = fixture_config();
	struct cx_config_network *network = fixture_network(c, "net");
	struct cx_config_group *group = fixture_group(c, "media", 0);
	char name[CX_NAME_SIZE];
	int i;

	fixture_listener(network, "10.9.0.1", 5060);
	fixture_listener(network, "fd09::1", 5060);
	for (i = 0; i < ELEMENTS; i++) {
		snprintf(name, sizeof(name), "e%d", i);
		fixture_element(group, name, element_address[i], 5060, 1);
	}
	run.config = c;
	run.tables = fixture_compile(c, NULL);
	assert_int_equal(cx_world_new(c, run.tables, &run.world), 0);
	for (i = 0; i < ELEMENTS; i++) {
		run.ids[i] = cx_world_find_element(run.world, group->elements[i].name);
		assert_int_not_equal(run.ids[i], CX_NONE);
		run.told[i].reachable = -1;
	}
}

int run_set_up(void **state)
{
	struct cx_reach_ops ops = {.on_element = on_element, .on_interface = on_interface};

	if (kernel_missing)
		return 0;
	start_far_side();
	make_network();
	make_world();
	assert_int_equal(cx_reach_open(run.world, &ops, &run.watch), 0);
	assert_int_equal(run.told[NOWHERE].times, 0); /* nothing is told before open returns */
	wait_until(run_all_ok);
	return 0;
}

int run_tear_down(void **state)
{
	if (kernel_missing)
		return 0;
	cx_reach_close(run.watch);
	cx_world_free(run.world);
	cx_tables_free(run.tables);
	fixture_free(run.config);
	kill(run.far_side, SIGKILL);
	waitpid(run.far_side, NULL, 0);
	return 0;
}

void run_begin(void)
{
	if (system("ip link help >/dev/null 2>&1; command -v ip nsenter >/dev/null") != 0)
		kernel_missing = "no ip or nsenter";
	kernel_begin();
}
