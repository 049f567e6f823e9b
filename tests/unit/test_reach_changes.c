/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The watch while neighbours, routes and links come and go: the reach follows, is
 * told once, and nothing is left over when all is as it was.
 */
#include <linux/if_ether.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdio.h>
#include <sys/socket.h>
#include "reach_run.h"

static const uint8_t far_mac2[6] = {2, 0, 0, 0, 0, 0x22};

static bool direct_ok(void)
{
	return run_resolved(DIRECT, far_mac);
}

static bool direct_moved(void)
{
	return run_resolved(DIRECT, far_mac2);
}

static bool gateway_by_core0(void)
{
	return run_resolved(GATEWAY, far_mac);
}

static bool gateway_ok(void)
{
	return run_resolved(GATEWAY, gateway_mac);
}

static bool gateway_lost(void)
{
	return run.told[GATEWAY].reachable == 0 && run_nexthop_id(GATEWAY) == 0;
}

static bool gateway_back(void)
{
	return run.told[GATEWAY].reachable == 1 && gateway_ok();
}

static bool direct_lost(void)
{
	return run.told[DIRECT].reachable == 0 && run.told[DIRECT6].reachable == 0;
}

static bool direct_back(void)
{
	return run.told[DIRECT].reachable == 1 && run.told[DIRECT6].reachable == 1 && run_all_ok();
}

static bool direct_unresolved(void)
{
	return run_nexthop_id(DIRECT) == 0;
}

static bool core1_gone(void)
{
	return run.interface_gone != 0;
}

static bool core1_came(void)
{
	return run.interface_came != 0;
}

/* As the kernel would learn it: one message, no program to start. */
static void set_neighbour(const char *device, const uint8_t ip[4], const uint8_t mac[6], uint16_t state)
{
	struct nl_sock *s = nl_socket_alloc();
	struct ndmsg body = {
	    .ndm_family = AF_INET, .ndm_ifindex = (int)if_nametoindex(device), .ndm_state = state};
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

	kernel_or_skip();
	id = run_nexthop_id(DIRECT);
	for (i = 0; i < 100; i++) {
		double start = now_ms(), took;

		set_neighbour("core0", ip, i % 2 ? far_mac : far_mac2, NUD_REACHABLE);
		wait_until(i % 2 ? direct_ok : direct_moved);
		took = now_ms() - start;
		sum += took;
		worst = took > worst ? took : worst;
		assert_int_equal(run_nexthop_id(DIRECT), id); /* the number stays */
	}
	print_message("neighbour event to nexthop: mean %.3f ms, worst %.3f ms\n", sum / 100, worst);
}

static void test_neighbour_lost(void **state)
{
	kernel_or_skip();
	shell("ip neigh flush dev core0 && ip neigh del 10.9.0.2 dev core0 2>/dev/null || true");
	/* we ask for it at once, and the kernel finds it again */
	wait_until(run_all_ok);
	run_far("ip addr del 10.9.0.2/24 dev peer0");
	shell("ip neigh replace 10.9.0.2 lladdr 02:00:00:00:00:02 nud failed dev core0");
	wait_until(direct_unresolved);
	assert_int_equal(run.told[DIRECT].reachable, -1); /* there is a way, only nobody answers */
	assert_int_equal(run_reach("10.9.0.2")->nexthop, 0);
	run_far("ip addr add 10.9.0.2/24 dev peer0");
	wait_until(direct_ok);
}

static void test_route_withdrawn(void **state)
{
	uint32_t id;

	kernel_or_skip();
	id = run_nexthop_id(GATEWAY);
	shell("ip route del 10.100.0.0/16");
	wait_until(gateway_lost);
	assert_string_equal(run.told[GATEWAY].why, "no route");
	assert_null(run_reach("10.100.0.5"));
	shell("ip route add 10.100.0.0/16 via 10.8.0.254 mtu 1400");
	wait_until(gateway_back);
	assert_int_equal(run_nexthop_id(GATEWAY), id); /* a hash of who it is */
	shell("ip route add blackhole 10.100.0.5/32");
	wait_until(gateway_lost);
	assert_int_equal(run_reach("10.100.0.6")->nexthop, id);
	assert_int_equal(run_reach("10.100.0.5")->nexthop, 0);
	shell("ip route del blackhole 10.100.0.5/32");
	wait_until(gateway_back);
}

static void test_metric_and_multipath(void **state)
{
	kernel_or_skip();
	shell("ip route add 10.100.0.0/16 via 10.9.0.2 metric 50"); /* worse than the one without metric */
	assert_int_equal(cx_reach_read(run.watch), 0);
	assert_true(gateway_ok());
	shell("ip route del 10.100.0.0/16 via 10.8.0.254");
	wait_until(gateway_by_core0);
	shell("ip route del 10.100.0.0/16 metric 50");
	wait_until(gateway_lost);
	shell("ip route add 10.100.0.0/16 mtu 1400 nexthop via 10.8.0.254 dev core1 "
	      "nexthop via 10.9.0.2 dev core0");
	wait_until(gateway_back);
	run_far("ip link set peer1 down");
	wait_until(gateway_by_core0);
	run_far("ip link set peer1 up");
	wait_until(gateway_ok);
	shell("ip route replace 10.100.0.0/16 via 10.8.0.254 mtu 1400");
	wait_until(gateway_ok);
}

static void test_carrier(void **state)
{
	double start;

	kernel_or_skip();
	run_far("ip link set peer0 down");
	start = now_ms();
	wait_until(direct_lost);
	print_message("carrier lost, told %.3f ms after the command\n", now_ms() - start);
	assert_string_equal(run.told[DIRECT].why, "link down");
	assert_string_equal(run.told[DIRECT6].why, "link down");
	assert_int_equal(run_nexthop_id(DIRECT), 0);
	run_far("ip link set peer0 up");
	run_far("ip -6 addr replace fd09::2/64 dev peer0 nodad");
	wait_until(direct_back);
}

/* The kernel takes IPv4 routes away with their link and does not say so. */
static void test_admin_down(void **state)
{
	kernel_or_skip();
	shell("echo 1 > /proc/sys/net/ipv6/conf/core1/disable_ipv6"); /* whose routes it does talk about */
	assert_int_equal(cx_reach_read(run.watch), 0);
	shell("ip link set core1 down");
	wait_until(gateway_lost);
	assert_string_equal(run.told[GATEWAY].why, "no route");
	assert_null(run_reach("10.100.0.5"));
	shell("ip link set core1 up && ip route add 10.100.0.0/16 via 10.8.0.254 mtu 1400");
	wait_until(gateway_back);
}

static void test_link_removed(void **state)
{
	int core1;

	kernel_or_skip();
	core1 = (int)if_nametoindex("core1");
	run.interface_gone = run.interface_came = 0;
	shell("ip link del core1");
	wait_until(core1_gone);
	assert_int_equal(run.interface_gone, core1);
	wait_until(gateway_lost);
	run_add_core1();
	wait_until(core1_came);
	assert_int_equal(run.interface_came, if_nametoindex("core1"));
	wait_until(gateway_back);
}

static void test_lost_events(void **state)
{
	int size = 1, i;
	FILE *f;

	kernel_or_skip();
	setsockopt(cx_reach_fd(run.watch), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	f = popen("ip -batch -", "w");
	assert_non_null(f);
	for (i = 10; i < 210; i++)
		fprintf(f, "neigh replace 10.9.0.%d lladdr 02:00:00:00:03:%02x nud permanent dev core0\n", i,
			i);
	assert_int_equal(pclose(f), 0);
	assert_int_equal(cx_reach_read(run.watch), 0);
	size = 1 << 20;
	setsockopt(cx_reach_fd(run.watch), SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	for (i = 10; i < 210; i++) {
		const struct cx_reach_entry *e;
		char text[32];

		snprintf(text, sizeof(text), "10.9.0.%d", i);
		e = run_reach(text);
		assert_non_null(e);
		assert_int_not_equal(e->nexthop, 0);
		assert_int_equal(run.world->nexthops[e->nexthop].dst_mac[5], i);
	}
	shell("ip neigh flush all nud permanent dev core0");
	assert_int_equal(cx_reach_read(run.watch), 0);
	wait_until(run_all_ok);
	assert_int_equal(run_reach("10.9.0.10")->nexthop, 0);
}

static void test_counts(void **state)
{
	size_t unresolved = 99;

	kernel_or_skip();
	assert_true(cx_reach_count(run.watch, &unresolved) > 5);
	assert_int_equal(unresolved, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_neighbour_moves), cmocka_unit_test(test_neighbour_lost),
	    cmocka_unit_test(test_route_withdrawn), cmocka_unit_test(test_metric_and_multipath),
	    cmocka_unit_test(test_carrier),	    cmocka_unit_test(test_admin_down),
	    cmocka_unit_test(test_link_removed),    cmocka_unit_test(test_lost_events),
	    cmocka_unit_test(test_counts),
	};

	run_begin();
	return cmocka_run_group_tests(tests, run_set_up, run_tear_down);
}
