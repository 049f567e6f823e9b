/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The netlink sockets: one that is subscribed to events, one for dumps, one
 * for orders to the kernel ("resolve this neighbour").
 *
 * The subscription comes before the first dump, so nothing falls in between;
 * events that a dump has already shown are harmless, as applying one twice
 * changes nothing and the last one wins.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "fastpath/netlink.h"
#include "observe/log.h"

#define EVENT_BUFFER (4 << 20)
#define DUMP_TRIES 5
#define DATAGRAMS_A_READ 1024
#define DISCARD_MAX 100000

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t cx_net_now_ms(void)
{
	return now_us() / 1000;
}

static int errno_of(int nl_error)
{
	switch (-nl_error) {
	case 0:
		return 0;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_DUMP_INTR:
		return -EINTR;
	default:
		return -EIO;
	}
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct cx_net *net = arg;
	int err = cx_net_apply(net, nlmsg_hdr(msg));

	if (err && !net->failed)
		net->failed = err;
	return NL_OK;
}

static int dump_once(struct cx_net *net, int type)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg body; /* the longest of the kinds; all zero: every family */
	} request = {.header = {.nlmsg_len = sizeof(request),
				.nlmsg_type = (uint16_t)type,
				.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP}};
	struct nl_msg *msg = nlmsg_convert(&request.header);
	int err;

	if (!msg)
		return -ENOMEM;
	net->failed = 0;
	err = nl_send_auto(net->query, msg);
	nlmsg_free(msg);
	if (err >= 0)
		err = nl_recvmsgs_default(net->query);
	return err < 0 ? errno_of(err) : net->failed;
}

/* A dump that the kernel's tables moved under is repeated. */
static int dump(struct cx_net *net, int type)
{
	int err = -EINTR, tries;

	for (tries = 0; tries < DUMP_TRIES && err == -EINTR; tries++) {
		if (type == RTM_GETROUTE)
			cx_net_routes_begin(net);
		err = dump_once(net, type);
		/* after the last try an interrupted dump is still the best there is */
		if (type == RTM_GETROUTE)
			cx_net_routes_end(net, !err || (err == -EINTR && tries == DUMP_TRIES - 1));
	}
	return err == -EINTR ? 0 : err;
}

static int read_routes(struct cx_net *net)
{
	uint64_t start = now_us();
	int err;

	/* Large tables that flap must not take more than a tenth of our time;
	 * cx_reach_refresh() comes back to it. */
	if (net->routes_read_us && start - net->routes_read_us < 10 * net->routes_cost_us)
		return 0;
	err = dump(net, RTM_GETROUTE);
	net->routes_read_us = now_us();
	net->routes_cost_us = net->routes_read_us - start;
	if (net->routes_cost_us < 2000)
		net->routes_cost_us = 0;
	return err;
}

static int read_all(struct cx_net *net)
{
	static const int types[] = {RTM_GETLINK, RTM_GETADDR, RTM_GETNEIGH};
	size_t i;
	int err = 0;

	cx_net_forget(net);
	for (i = 0; i < sizeof(types) / sizeof(types[0]) && !err; i++)
		err = dump(net, types[i]);
	net->routes_read_us = 0;
	return err ? err : read_routes(net);
}

static struct nl_sock *open_socket(struct cx_net *net)
{
	struct nl_sock *s = nl_socket_alloc();

	if (!s)
		return NULL;
	nl_socket_disable_auto_ack(s);
	nl_socket_disable_seq_check(s);
	if (nl_connect(s, NETLINK_ROUTE) < 0 ||
	    nl_socket_modify_cb(s, NL_CB_VALID, NL_CB_CUSTOM, on_message, net) < 0) {
		nl_socket_free(s);
		return NULL;
	}
	return s;
}

int cx_net_open(struct cx_net **out)
{
	struct cx_net *net = calloc(1, sizeof(*net));
	int err = -ENOMEM, size = EVENT_BUFFER;

	if (!net)
		return -ENOMEM;
	net->events = open_socket(net);
	net->query = open_socket(net);
	net->orders = open_socket(net);
	if (!net->events || !net->query || !net->orders)
		goto out;
	if (setsockopt(nl_socket_get_fd(net->events), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		nl_socket_set_buffer_size(net->events, size, 0);
	nl_socket_set_nonblocking(net->events);
	nl_socket_set_nonblocking(net->orders);
	err = errno_of(nl_socket_add_memberships(net->events, RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
						 RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE, RTNLGRP_NEIGH, 0));
	if (!err)
		err = read_all(net);
	if (err)
		goto out;
	*out = net;
	net = NULL;
out:
	cx_net_close(net);
	return err;
}

void cx_net_close(struct cx_net *net)
{
	if (!net)
		return;
	cx_net_forget(net);
	nl_socket_free(net->events);
	nl_socket_free(net->query);
	nl_socket_free(net->orders);
	free(net->addresses);
	free(net->routes);
	free(net->reading);
	free(net);
}

int cx_net_fd(const struct cx_net *net)
{
	return nl_socket_get_fd(net->events);
}

/* What still waits is older than the dump that follows: applied after it, it
 * would bring back what is gone. */
static void discard_events(struct cx_net *net)
{
	char buffer[8192];
	int i, fd = nl_socket_get_fd(net->events);

	for (i = 0; i < DISCARD_MAX; i++)
		if (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) < 0 && errno != ENOBUFS && errno != EINTR)
			break;
}

int cx_net_read(struct cx_net *net)
{
	int i, err = 0;

	net->failed = 0;
	for (i = 0; i < DATAGRAMS_A_READ && !err; i++)
		err = errno_of(nl_recvmsgs_default(net->events));
	if (err == -EAGAIN)
		err = 0;
	if (err == -ENOMEM || net->failed) { /* ENOBUFS */
		cx_logf(CX_NOTICE, "netlink_resync", "events of the kernel were lost: reading all again");
		net->lost = true;
		err = 0;
	}
	if (net->lost) {
		discard_events(net);
		err = read_all(net);
		net->lost = err != 0;
	} else if (!err && net->routes_stale) {
		err = read_routes(net);
	}
	return err;
}

/* Without an acknowledgement the kernel answers errors only; nobody waits for
 * them, as the next event or the next second tells all the same. */
static void discard_answers(int fd)
{
	char buffer[4096];

	while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) > 0)
		;
}

int cx_net_use(struct cx_net *net, int ifindex, const union cx_addr *addr)
{
	bool v4 = addr->q[0] == 0 && addr->w[4] == 0 && addr->w[5] == 0xffff;
	struct ndmsg body = {.ndm_family = v4 ? AF_INET : AF_INET6,
			     .ndm_ifindex = ifindex,
			     .ndm_flags = NTF_USE,
			     .ndm_state = NUD_NONE};
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWNEIGH, NLM_F_REQUEST | NLM_F_CREATE);
	int err = -NLE_NOMEM;

	if (!msg)
		return -ENOMEM;
	discard_answers(nl_socket_get_fd(net->orders));
	if (nlmsg_append(msg, &body, sizeof(body), NLMSG_ALIGNTO) == 0 &&
	    nla_put(msg, NDA_DST, v4 ? 4 : 16, v4 ? &addr->b[12] : addr->b) == 0)
		err = nl_send_auto(net->orders, msg);
	nlmsg_free(msg);
	return err < 0 ? errno_of(err) : 0;
}
