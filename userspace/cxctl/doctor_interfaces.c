/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl doctor`: the interfaces that SIP comes in and goes out by. Driver mode,
 * offloads that hide VLAN tags or hand over unfinished checksums, reverse path
 * filter, and what the counters say went wrong.
 */
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include "cxctl/doctor.h"

#define INTERFACES_MAX 64

struct interfaces {
	char name[INTERFACES_MAX][IF_NAMESIZE];
	char mode[INTERFACES_MAX][16]; /* "": no XDP program of ours */
	bool vlans[INTERFACES_MAX];    /* VLAN devices stand on it, or elements lie behind tags */
	size_t n;
};

static size_t find_or_add(struct interfaces *all, const char *name)
{
	size_t i;

	for (i = 0; i < all->n; i++)
		if (!strcmp(all->name[i], name))
			return i;
	if (i == INTERFACES_MAX)
		return INTERFACES_MAX - 1;
	snprintf(all->name[i], IF_NAMESIZE, "%s", name);
	all->n++;
	return i;
}

/* "eth0.12  | 12  | eth0" */
static void add_vlan_devices(struct interfaces *all)
{
	FILE *in = fopen("/proc/net/vlan/config", "re");
	char line[256], parent[IF_NAMESIZE];

	while (in && fgets(line, sizeof(line), in)) {
		if (sscanf(line, "%*s | %*d | %15s", parent) != 1)
			continue;
		for (size_t i = 0; i < all->n; i++)
			all->vlans[i] |= !strcmp(all->name[i], parent);
	}
	if (in)
		fclose(in);
}

static void collect(const struct doctor *d, struct interfaces *all)
{
	const json_t *l, *e;
	size_t i;

	json_array_foreach(cxctl_object(cxctl_object(d->status, "fastpath"), "interfaces"), i, l)
	{
		size_t at = find_or_add(all, cxctl_text(l, "interface"));

		snprintf(all->mode[at], sizeof(all->mode[at]), "%s", cxctl_text(l, "mode"));
	}
	json_array_foreach(cxctl_object(d->elements, "elements"), i, e)
	{
		const json_t *hop = cxctl_object(e, "nexthop");

		if (!strcmp(cxctl_text(hop, "state"), "resolved") && cxctl_text(hop, "interface")[0])
			all->vlans[find_or_add(all, cxctl_text(hop, "interface"))] |=
			    json_array_size(cxctl_object(hop, "vlans")) > 0;
	}
	add_vlan_devices(all);
}

static int ethtool(const char *name, void *command)
{
	struct ifreq request = {0};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), rc;

	if (fd < 0)
		return -1;
	memcpy(request.ifr_name, name, strnlen(name, IF_NAMESIZE - 1));
	request.ifr_data = command;
	rc = ioctl(fd, SIOCETHTOOL, &request);
	close(fd);
	return rc;
}

static void driver_name(const char *name, char driver[33])
{
	struct ethtool_drvinfo info = {.cmd = ETHTOOL_GDRVINFO};

	snprintf(driver, 33, "%s", ethtool(name, &info) ? "unknown" : info.driver);
}

static void check_mode(struct doctor *d, const char *name, const char *mode)
{
	const char *configured = cxctl_text(cxctl_object(d->status, "fastpath"), "configured");
	char driver[33];

	driver_name(name, driver);
	if (!strcmp(configured, "off"))
		doctor_say(d, "xdp", DOCTOR_OK, NULL, "%s (driver %s): the fast path is off by configuration",
			   name, driver);
	else if (!mode[0])
		doctor_say(d, "xdp", DOCTOR_WARN,
			   "name it in `fastpath_interfaces`, or leave that empty; veth needs a program on "
			   "the peer, too",
			   "%s (driver %s) leads to elements, but has no XDP program of ours", name, driver);
	else if (!strcmp(mode, "generic") && strcmp(configured, "generic"))
		doctor_say(
		    d, "xdp", DOCTOR_WARN,
		    "the driver, its MTU or its queues do not allow native XDP: fastpath = \"native\" makes "
		    "the log tell the cause",
		    "%s (driver %s) runs the program in generic mode, after the kernel has built its buffers",
		    name, driver);
	else
		doctor_say(d, "xdp", DOCTOR_OK, NULL, "%s (driver %s) runs the program in %s mode", name,
			   driver, mode);
}

static void check_offloads(struct doctor *d, const char *name, bool vlans)
{
	struct ethtool_value flags = {.cmd = ETHTOOL_GFLAGS};
	char hint[96];

	if (ethtool(name, &flags))
		return; /* nothing that could be switched */
	if (flags.data & ETH_FLAG_LRO) {
		snprintf(hint, sizeof(hint), "ethtool -K %s lro off", name);
		doctor_say(d, "offload", DOCTOR_WARN, hint,
			   "%s merges packets (LRO), which XDP does not see apart", name);
	}
	if (!(flags.data & ETH_FLAG_RXVLAN))
		return;
	snprintf(hint, sizeof(hint), "ethtool -K %s rxvlan off", name);
	if (vlans)
		doctor_say(d, "offload", DOCTOR_WARN, hint,
			   "%s strips VLAN tags in hardware: XDP takes tagged packets for untagged ones",
			   name);
	else
		doctor_say(d, "offload", DOCTOR_OK, NULL,
			   "%s strips VLAN tags in hardware; no VLAN is used on it (else: %s)", name, hint);
}

/* Strict filtering drops what goes up to the daemon if the way back is by another interface. */
static void check_rp_filter(struct doctor *d, const struct interfaces *all)
{
	char path[128], own[8] = "0", every[8] = "0", hint[128];

	if (all->n < 2)
		return;
	doctor_read("/proc/sys/net/ipv4/conf/all/rp_filter", every, sizeof(every));
	for (size_t i = 0; i < all->n; i++) {
		snprintf(path, sizeof(path), "/proc/sys/net/ipv4/conf/%s/rp_filter", all->name[i]);
		if (!doctor_read(path, own, sizeof(own)))
			continue;
		if (strcmp(own, "2") && strcmp(every, "2") && (!strcmp(own, "1") || !strcmp(every, "1"))) {
			snprintf(hint, sizeof(hint),
				 "sysctl -w net.ipv4.conf.%s.rp_filter=2 if routes are asymmetric",
				 all->name[i]);
			doctor_say(d, "rp-filter", DOCTOR_WARN, hint,
				   "%s filters strictly by the way back: the fast path is not filtered, the "
				   "daemon's share is",
				   all->name[i]);
		}
	}
}

static void check_counters(struct doctor *d)
{
	int64_t partial = doctor_fast_count(d, "partial_csum"), headroom = doctor_fast_count(d, "headroom");
	int64_t mtu = doctor_fast_count(d, "mtu"), fragments = doctor_fast_count(d, "fragment");

	if (!d->stats)
		return;
	if (partial)
		doctor_say(
		    d, "checksums", DOCTOR_WARN,
		    "on the sending side of a virtual link: ethtool -K INTERFACE tx off",
		    "%lld messages came with a checksum left to hardware: the daemon had to serve them",
		    (long long)partial);
	else
		doctor_say(d, "checksums", DOCTOR_OK, NULL, "no message came with an unfinished checksum");
	if (headroom)
		doctor_say(d, "headroom", DOCTOR_WARN,
			   "the driver leaves less than the nominal 256 bytes; shorter names of networks and "
			   "hosts shorten Via",
			   "%lld messages found no room in front for what the proxy inserts",
			   (long long)headroom);
	else
		doctor_say(d, "headroom", DOCTOR_OK, NULL,
			   "every message had room for what the proxy inserts");
	if (mtu || fragments)
		doctor_say(d, "size", DOCTOR_WARN,
			   "a larger MTU towards the elements, or fewer and shorter headers",
			   "%lld messages were too big for the next hop's MTU, %lld fragments came in: the "
			   "daemon served them",
			   (long long)mtu, (long long)fragments);
}

void doctor_check_interfaces(struct doctor *d)
{
	struct interfaces all = {.n = 0};

	if (!d->status)
		return;
	collect(d, &all);
	for (size_t i = 0; i < all.n; i++) {
		check_mode(d, all.name[i], all.mode[i]);
		check_offloads(d, all.name[i], all.vlans[i]);
	}
	check_rp_filter(d, &all);
	check_counters(d);
}
