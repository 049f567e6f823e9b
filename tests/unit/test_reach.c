/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Routes, links and neighbours of a network namespace of our own, with a
 * second namespace as the other side of its cables:
 *
 *   core0 10.9.0.1/24 fd09::1/64 --- peer0 10.9.0.2 fd09::2
 *   core1 10.8.0.1/24            --- peer1 10.8.0.254, behind it 10.100.0.0/16
 *
 * Devices that this kernel may not have (VLAN, bridge) are fed to the parser
 * as the messages that the kernel would send.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/addr.h"
#include "fastpath/plan.h"
#include "fastpath/reach.h"

#define WAIT_MS 5000

enum { DIRECT, DIRECT6, GATEWAY, NOWHERE, ELEMENTS };
static const char *const element_address[ELEMENTS] = {"10.9.0.2", "fd09::2", "10.100.0.5", "192.168.77.1"};

static pid_t far_side;
static const char *skip_why;
static struct cx_config config;
static struct cx_tables *tables;
static struct cx_world *world;
static struct cx_reach_watch *watch;
static uint32_t ids[ELEMENTS];

/* what the watch told */
static int told_reachable[ELEMENTS]; /* -1: nothing yet */
static char told_why[ELEMENTS][32];
static unsigned told_times[ELEMENTS];
static int interface_gone, interface_came;

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static void run_far(const char *command)
{
	char line[512];

	snprintf(line, sizeof(line), "nsenter -t %d -n %s", (int)far_side, command);
	run(line);
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void on_element(void *ctx, uint32_t element, bool reachable, const char *why)
{
	int i;

	for (i = 0; i < ELEMENTS; i++) {
		if (ids[i] != element)
			continue;
		told_reachable[i] = reachable;
		told_times[i]++;
		snprintf(told_why[i], sizeof(told_why[i]), "%s", why);
	}
}

static void on_interface(void *ctx, int ifindex, const char *ifname, bool present)
{
	if (present)
		interface_came = ifindex;
	else
		interface_gone = ifindex;
}

/* ---- conditions to wait for ---------------------------------------------------- */

static const uint8_t far_mac[6] = {2, 0, 0, 0, 0, 2}, far_mac2[6] = {2, 0, 0, 0, 0, 0x22},
		     gateway_mac[6] = {2, 0, 0, 0, 1, 2};

static const struct cx_nexthop *nexthop_of_element(int i)
{
	return &world->nexthops[world->elements[ids[i]].nexthop];
}

static bool resolved(int i, const uint8_t mac[6])
{
	const struct cx_nexthop *n = nexthop_of_element(i);

	return world->elements[ids[i]].nexthop && (n->flags & CX_NEXTHOP_OK) && !memcmp(n->dst_mac, mac, 6);
}

static bool direct_ok(void)
{
	return resolved(DIRECT, far_mac);
}
static bool direct_moved(void)
{
	return resolved(DIRECT, far_mac2);
}
static bool all_ok(void)
{
	return direct_ok() && resolved(DIRECT6, far_mac) && resolved(GATEWAY, gateway_mac);
}
static bool gateway_by_core0(void)
{
	return resolved(GATEWAY, far_mac);
}
static bool gateway_ok(void)
{
	return resolved(GATEWAY, gateway_mac);
}
static bool gateway_lost(void)
{
	return told_reachable[GATEWAY] == 0 && world->elements[ids[GATEWAY]].nexthop == 0;
}
static bool gateway_back(void)
{
	return told_reachable[GATEWAY] == 1 && gateway_ok();
}
static bool direct_lost(void)
{
	return told_reachable[DIRECT] == 0 && told_reachable[DIRECT6] == 0;
}
static bool direct_back(void)
{
	return told_reachable[DIRECT] == 1 && told_reachable[DIRECT6] == 1 && all_ok();
}
static bool direct_unresolved(void)
{
	return world->elements[ids[DIRECT]].nexthop == 0;
}
static bool core1_gone(void)
{
	return interface_gone != 0;
}
static bool core1_came(void)
{
	return interface_came != 0;
}

/* Meanwhile does what the daemon does: reads when there is something, refreshes else. */
static void wait_for(bool (*condition)(void), const char *what, int line)
{
	struct pollfd p = {.fd = cx_reach_fd(watch), .events = POLLIN};
	double end = now_ms() + WAIT_MS;

	while (!condition() && now_ms() < end) {
		if (poll(&p, 1, 200) > 0)
			assert_int_equal(cx_reach_read(watch), 0);
		else
			assert_int_equal(cx_reach_refresh(watch), 0);
	}
	if (!condition())
		fail_msg("line %d: %s did not come within %d ms", line, what, WAIT_MS);
}
#define wait_until(condition) wait_for(condition, #condition, __LINE__)

static const struct cx_reach_entry *reach(const char *text)
{
	union cx_addr addr;
	uint8_t family;

	assert_int_equal(cx_addr_parse(text, &addr, &family), 0);
	return cx_world_reach(world, &addr);
}

/* ---- set up -------------------------------------------------------------------- */

static void start_far_side(void)
{
	int ready[2];
	char c;

	assert_int_equal(pipe(ready), 0);
	far_side = fork();
	assert_true(far_side >= 0);
	if (far_side == 0) {
		/* must not outlive us: it would hold our output open */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || unshare(CLONE_NEWNET) != 0 || write(ready[1], "x", 1) != 1)
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
	run(line);
	snprintf(line, sizeof(line), "ip link set peer%d address 02:00:00:00:0%d:02 netns %d", n, n, (int)far_side);
	run(line);
	snprintf(line, sizeof(line), "ip link set core%d up", n);
	run(line);
	snprintf(line, sizeof(line), "ip link set peer%d up", n);
	run_far(line);
}

static void add_core1(void)
{
	add_cable(1);
	run("ip addr add 10.8.0.1/24 dev core1");
	run_far("ip addr add 10.8.0.254/24 dev peer1");
	run("ip route add 10.100.0.0/16 via 10.8.0.254 mtu 1400");
}

static void make_network(void)
{
	run("ip link set lo up");
	add_cable(0);
	run("ip addr add 10.9.0.1/24 dev core0 && ip -6 addr add fd09::1/64 dev core0 nodad");
	run_far("ip addr add 10.9.0.2/24 dev peer0");
	run_far("ip -6 addr add fd09::2/64 dev peer0 nodad");
	add_core1();
}

static void make_world(void)
{
	static struct cx_config_network network = {.name = "net", .table = "default"};
	static struct cx_config_listener listeners[2];
	static struct cx_config_element elements[ELEMENTS];
	static struct cx_config_group group = {.name = "media", .elements = elements, .n_elements = ELEMENTS};
	static char names[1][CX_NAME_SIZE] = {"default"};
	struct cx_names none = {0};
	struct cx_diag diag = {0};
	int i;

	cx_addr_parse("10.9.0.1", &listeners[0].addr, &listeners[0].family);
	cx_addr_parse("fd09::1", &listeners[1].addr, &listeners[1].family);
	listeners[0].port = listeners[1].port = 5060;
	network.listeners = listeners;
	network.n_listeners = 2;
	for (i = 0; i < ELEMENTS; i++) {
		snprintf(elements[i].name, sizeof(elements[i].name), "e%d", i);
		assert_int_equal(cx_addr_parse(element_address[i], &elements[i].addr, &elements[i].family), 0);
		elements[i].port = 5060;
		elements[i].weight = 1;
	}
	config = (struct cx_config){.networks = &network,
				    .n_networks = 1,
				    .tables = names,
				    .n_tables = 1,
				    .groups = &group,
				    .n_groups = 1,
				    .max_dns = 16,
				    .max_groups = 16,
				    .max_elements = 64,
				    .max_flows = 64};
	i = cx_tables_compile(&config, &none, &diag, &tables);
	cx_diag_print(&diag, stderr);
	cx_diag_clear(&diag);
	assert_int_equal(i, 0);
	assert_int_equal(cx_world_new(&config, tables, &world), 0);
	for (i = 0; i < ELEMENTS; i++) {
		ids[i] = cx_world_find_element(world, elements[i].name);
		assert_int_not_equal(ids[i], CX_NONE);
		told_reachable[i] = -1;
	}
}

static int set_up(void **state)
{
	struct cx_reach_ops ops = {.on_element = on_element, .on_interface = on_interface};

	if (skip_why)
		return 0;
	start_far_side();
	make_network();
	make_world();
	assert_int_equal(cx_reach_open(world, &ops, &watch), 0);
	assert_int_equal(told_times[NOWHERE], 0); /* nothing is told before open returns */
	wait_until(all_ok);
	return 0;
}

static int tear_down(void **state)
{
	if (skip_why)
		return 0;
	cx_reach_close(watch);
	cx_world_free(world);
	cx_tables_free(tables);
	kill(far_side, SIGKILL);
	waitpid(far_side, NULL, 0);
	return 0;
}

static void need_kernel(void)
{
	if (!skip_why)
		return;
	print_message("skipped: %s\n", skip_why);
	skip();
}

/* ---- tests ---------------------------------------------------------------------- */

static void test_resolved(void **state)
{
	int core0, core1;

	need_kernel();
	core0 = (int)if_nametoindex("core0");
	core1 = (int)if_nametoindex("core1");
	assert_int_equal(nexthop_of_element(DIRECT)->ifindex, core0);
	assert_int_equal(nexthop_of_element(DIRECT)->mtu, 1500);
	assert_int_equal(nexthop_of_element(DIRECT6)->ifindex, core0);
	assert_int_equal(nexthop_of_element(GATEWAY)->ifindex, core1);
	assert_int_equal(nexthop_of_element(GATEWAY)->mtu, 1400);
	/* gateway routes, neighbours, connected prefixes */
	assert_int_equal(reach("10.100.200.1")->nexthop, world->elements[ids[GATEWAY]].nexthop);
	assert_int_equal(reach("10.9.0.2")->nexthop, world->elements[ids[DIRECT]].nexthop);
	assert_int_equal(reach("fd09::2")->nexthop, world->elements[ids[DIRECT6]].nexthop);
	assert_int_equal(reach("10.9.0.77")->nexthop, 0);
	assert_int_equal(reach("fd09::77")->nexthop, 0);
	assert_null(reach("8.8.8.8"));
	assert_null(reach("2001:db8::1"));
}

static void test_local(void **state)
{
	static const char *const own[] = {"10.9.0.1", "10.8.0.1", "fd09::1", "127.1.2.3", "::1"};
	size_t i;

	need_kernel();
	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		const struct cx_reach_entry *e = reach(own[i]);

		assert_non_null(e);
		assert_int_equal(world->nexthops[e->nexthop].flags, CX_NEXTHOP_LOCAL);
	}
	assert_int_equal(reach("10.9.0.255")->nexthop, 0); /* broadcast */
}

static void test_interfaces(void **state)
{
	int got[8];

	need_kernel();
	assert_int_equal(cx_reach_interfaces(watch, got, 8), 2);
	assert_true(got[0] != got[1]);
	assert_true(got[0] == (int)if_nametoindex("core0") || got[1] == (int)if_nametoindex("core0"));
	assert_true(got[0] == (int)if_nametoindex("core1") || got[1] == (int)if_nametoindex("core1"));
}

static void test_no_route(void **state)
{
	unsigned times;

	need_kernel();
	assert_int_equal(told_reachable[NOWHERE], 0);
	assert_string_equal(told_why[NOWHERE], "no route");
	times = told_times[NOWHERE];
	assert_int_equal(cx_reach_refresh(watch), 0);
	assert_int_equal(told_times[NOWHERE], times); /* once is enough */
	assert_int_equal(told_reachable[DIRECT], -1);
}

/* As the kernel would learn it: one message, no program to start. */
static void set_neighbour(const char *device, const uint8_t ip[4], const uint8_t mac[6], uint16_t state)
{
	struct nl_sock *s = nl_socket_alloc();
	struct ndmsg body = {.ndm_family = AF_INET, .ndm_ifindex = (int)if_nametoindex(device), .ndm_state = state};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE);

	assert_int_equal(nl_connect(s, NETLINK_ROUTE), 0);
	nlmsg_append(msg, &body, sizeof(body), NLMSG_ALIGNTO);
	nla_put(msg, NDA_DST, 4, ip);
	nla_put(msg, NDA_LLADDR, 6, mac);
	assert_true(nl_send_auto(s, msg) > 0);
	nlmsg_free(msg);
	nl_socket_free(s);
}

static void test_neighbour_moves(void **state)
{
	static const uint8_t ip[4] = {10, 9, 0, 2};
	double sum = 0, worst = 0;
	uint32_t id;
	int i;

	need_kernel();
	id = world->elements[ids[DIRECT]].nexthop;
	for (i = 0; i < 100; i++) {
		double start = now_ms(), took;

		set_neighbour("core0", ip, i % 2 ? far_mac : far_mac2, NUD_REACHABLE);
		wait_until(i % 2 ? direct_ok : direct_moved);
		took = now_ms() - start;
		sum += took;
		worst = took > worst ? took : worst;
		assert_int_equal(world->elements[ids[DIRECT]].nexthop, id); /* the number stays */
	}
	print_message("neighbour event to nexthop: mean %.3f ms, worst %.3f ms\n", sum / 100, worst);
}

static void test_neighbour_lost(void **state)
{
	need_kernel();
	run("ip neigh flush dev core0 && ip neigh del 10.9.0.2 dev core0 2>/dev/null || true");
	/* we ask for it at once, and the kernel finds it again */
	wait_until(all_ok);
	run_far("ip addr del 10.9.0.2/24 dev peer0");
	run("ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 nud failed dev core0");
	wait_until(direct_unresolved);
	assert_int_equal(told_reachable[DIRECT], -1); /* there is a way, only nobody answers */
	assert_int_equal(reach("10.9.0.2")->nexthop, 0);
	run_far("ip addr add 10.9.0.2/24 dev peer0");
	wait_until(direct_ok);
}

static void test_route_withdrawn(void **state)
{
	uint32_t id;

	need_kernel();
	id = world->elements[ids[GATEWAY]].nexthop;
	run("ip route del 10.100.0.0/16");
	wait_until(gateway_lost);
	assert_string_equal(told_why[GATEWAY], "no route");
	assert_null(reach("10.100.0.5"));
	run("ip route add 10.100.0.0/16 via 10.8.0.254 mtu 1400");
	wait_until(gateway_back);
	assert_int_equal(world->elements[ids[GATEWAY]].nexthop, id); /* a hash of who it is */
	run("ip route add blackhole 10.100.0.5/32");
	wait_until(gateway_lost);
	assert_int_equal(reach("10.100.0.6")->nexthop, id);
	assert_int_equal(reach("10.100.0.5")->nexthop, 0);
	run("ip route del blackhole 10.100.0.5/32");
	wait_until(gateway_back);
}

static void test_metric_and_multipath(void **state)
{
	need_kernel();
	run("ip route add 10.100.0.0/16 via 10.9.0.2 metric 50"); /* worse than the one without metric */
	assert_int_equal(cx_reach_read(watch), 0);
	assert_true(gateway_ok());
	run("ip route del 10.100.0.0/16 via 10.8.0.254");
	wait_until(gateway_by_core0);
	run("ip route del 10.100.0.0/16 metric 50");
	wait_until(gateway_lost);
	run("ip route add 10.100.0.0/16 mtu 1400 nexthop via 10.8.0.254 dev core1 nexthop via 10.9.0.2 dev core0");
	wait_until(gateway_back);
	run_far("ip link set peer1 down");
	wait_until(gateway_by_core0);
	run_far("ip link set peer1 up");
	wait_until(gateway_ok);
	run("ip route replace 10.100.0.0/16 via 10.8.0.254 mtu 1400");
	wait_until(gateway_ok);
}

static void test_ipv6_default_is_not_for_ipv4(void **state)
{
	const struct cx_reach_entry *e;

	need_kernel();
	run("ip -6 route add default via fd09::2");
	assert_int_equal(cx_reach_read(watch), 0);
	e = reach("2001:db8::1");
	assert_non_null(e);
	assert_int_equal(e->nexthop, world->elements[ids[DIRECT6]].nexthop);
	e = reach("8.8.8.8");
	assert_true(!e || e->nexthop == 0);
	assert_int_equal(world->elements[ids[NOWHERE]].nexthop, 0);
	assert_int_equal(told_reachable[NOWHERE], 0);
	run("ip -6 route del default");
	assert_int_equal(cx_reach_read(watch), 0);
}

static void test_carrier(void **state)
{
	double start;

	need_kernel();
	run_far("ip link set peer0 down");
	start = now_ms();
	wait_until(direct_lost);
	print_message("carrier lost, told %.3f ms after the command\n", now_ms() - start);
	assert_string_equal(told_why[DIRECT], "link down");
	assert_string_equal(told_why[DIRECT6], "link down");
	assert_int_equal(world->elements[ids[DIRECT]].nexthop, 0);
	run_far("ip link set peer0 up");
	run_far("ip -6 addr replace fd09::2/64 dev peer0 nodad");
	wait_until(direct_back);
}

/* The kernel takes IPv4 routes away with their link and does not say so. */
static void test_admin_down(void **state)
{
	need_kernel();
	run("echo 1 > /proc/sys/net/ipv6/conf/core1/disable_ipv6"); /* whose routes it does talk about */
	assert_int_equal(cx_reach_read(watch), 0);
	run("ip link set core1 down");
	wait_until(gateway_lost);
	assert_string_equal(told_why[GATEWAY], "no route");
	assert_null(reach("10.100.0.5"));
	run("ip link set core1 up && ip route add 10.100.0.0/16 via 10.8.0.254 mtu 1400");
	wait_until(gateway_back);
}

static void test_link_removed(void **state)
{
	int core1;

	need_kernel();
	core1 = (int)if_nametoindex("core1");
	interface_gone = interface_came = 0;
	run("ip link del core1");
	wait_until(core1_gone);
	assert_int_equal(interface_gone, core1);
	wait_until(gateway_lost);
	add_core1();
	wait_until(core1_came);
	assert_int_equal(interface_came, if_nametoindex("core1"));
	wait_until(gateway_back);
}

static void test_lost_events(void **state)
{
	int size = 1, i;
	FILE *f;

	need_kernel();
	setsockopt(cx_reach_fd(watch), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	f = popen("ip -batch -", "w");
	assert_non_null(f);
	for (i = 10; i < 210; i++)
		fprintf(f, "neigh replace 10.9.0.%d lladdr 02:00:00:00:03:%02x nud permanent dev core0\n", i, i);
	assert_int_equal(pclose(f), 0);
	assert_int_equal(cx_reach_read(watch), 0);
	size = 1 << 20;
	setsockopt(cx_reach_fd(watch), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (i = 10; i < 210; i++) {
		const struct cx_reach_entry *e;
		char text[32];

		snprintf(text, sizeof(text), "10.9.0.%d", i);
		e = reach(text);
		assert_non_null(e);
		assert_int_not_equal(e->nexthop, 0);
		assert_int_equal(world->nexthops[e->nexthop].dst_mac[5], i);
	}
	run("ip neigh flush all nud permanent dev core0");
	assert_int_equal(cx_reach_read(watch), 0);
	wait_until(all_ok);
	assert_int_equal(reach("10.9.0.10")->nexthop, 0);
}

static void test_counts(void **state)
{
	size_t unresolved = 99;

	need_kernel();
	assert_true(cx_reach_count(watch, &unresolved) > 5);
	assert_int_equal(unresolved, 0);
}

/* ---- devices as messages ------------------------------------------------------------ */

static void apply(struct cx_net *net, struct nl_msg *msg)
{
	assert_int_equal(cx_net_apply(net, nlmsg_hdr(msg)), 0);
	nlmsg_free(msg);
}

static void feed_link(struct cx_net *net, int ifindex, const char *kind, int lower, uint16_t vlan, uint16_t protocol,
		      uint8_t mac5)
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
	struct rtmsg body = {.rtm_family = AF_INET,
			     .rtm_dst_len = 24,
			     .rtm_table = RT_TABLE_MAIN,
			     .rtm_type = RTN_UNICAST};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWROUTE, 0);
	uint8_t ip[4] = {10, 7, (uint8_t)ifindex, 0};

	nlmsg_append(msg, &body, sizeof(body), NLMSG_ALIGNTO);
	nla_put(msg, RTA_DST, 4, ip);
	nla_put_u32(msg, RTA_OIF, (uint32_t)ifindex);
	apply(net, msg);
}

static const struct cx_nexthop *planned(const struct cx_plan *plan, const struct cx_nexthops *nexthops, int ifindex)
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
	HASH_ITER(hh, nexthops->slots, s, next)
	{
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

static void test_nexthop_numbers(void **state)
{
	struct cx_nexthops a, b;
	struct cx_nexthop nh = {.mtu = 1500, .flags = CX_NEXTHOP_OK};
	union cx_addr addr = {0};
	uint32_t first[200];
	bool seen[256] = {false};
	uint32_t i, id;

	assert_int_equal(cx_nexthops_init(&a, 256), 0);
	assert_int_equal(cx_nexthops_init(&b, 256), 0);
	for (i = 0; i < 200; i++) {
		addr.b[15] = (uint8_t)i;
		first[i] = cx_nexthops_want(&a, 4, &addr, &nh);
		assert_true(first[i] > CX_NEXTHOP_ID_LOCAL && first[i] < 256);
		assert_false(seen[first[i]]);
		seen[first[i]] = true;
		id = cx_nexthops_want(&b, 4, &addr, &nh); /* another daemon, the same numbers */
		assert_int_equal(id, first[i]);
	}
	nh.mtu = 9000;
	addr.b[15] = 0;
	assert_int_equal(cx_nexthops_want(&a, 4, &addr, &nh), first[0]);
	assert_int_equal(a.slots->nexthop.mtu, 1500);
	for (; i < 256 - 2; i++) {
		addr.b[15] = (uint8_t)i;
		assert_int_not_equal(cx_nexthops_want(&a, 4, &addr, &nh), 0);
	}
	addr.b[14] = 1;
	assert_int_equal(cx_nexthops_want(&a, 4, &addr, &nh), 0); /* full */
	assert_int_equal(cx_nexthops_want_local(&a), CX_NEXTHOP_ID_LOCAL);
	cx_nexthops_free(&a);
	cx_nexthops_free(&b);
	/* met in another order, the numbers are the same */
	assert_int_equal(cx_nexthops_init(&a, CX_NEXTHOPS_MAX), 0);
	assert_int_equal(cx_nexthops_init(&b, CX_NEXTHOPS_MAX), 0);
	for (i = 0; i < 3; i++) {
		addr.b[15] = (uint8_t)i;
		first[i] = cx_nexthops_want(&a, 4, &addr, &nh);
	}
	for (i = 3; i-- > 0;) {
		addr.b[15] = (uint8_t)i;
		assert_int_equal(cx_nexthops_want(&b, 4, &addr, &nh), first[i]);
	}
	cx_nexthops_free(&a);
	cx_nexthops_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vlans_and_bridges),
		cmocka_unit_test(test_nexthop_numbers),
		cmocka_unit_test(test_resolved),
		cmocka_unit_test(test_local),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_no_route),
		cmocka_unit_test(test_neighbour_moves),
		cmocka_unit_test(test_neighbour_lost),
		cmocka_unit_test(test_route_withdrawn),
		cmocka_unit_test(test_metric_and_multipath),
		cmocka_unit_test(test_ipv6_default_is_not_for_ipv4),
		cmocka_unit_test(test_carrier),
		cmocka_unit_test(test_admin_down),
		cmocka_unit_test(test_link_removed),
		cmocka_unit_test(test_lost_events),
		cmocka_unit_test(test_counts),
	};

	if (geteuid() != 0)
		skip_why = "not root";
	else if (system("ip link help >/dev/null 2>&1; command -v ip nsenter >/dev/null") != 0)
		skip_why = "no ip or nsenter";
	else if (unshare(CLONE_NEWNET) != 0)
		skip_why = "no network namespace of our own";
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
