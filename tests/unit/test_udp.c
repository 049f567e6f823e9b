// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP sockets over the loopback: datagrams of any size, ICMP refusals by
 * destination, DSCP on the wire, the send that meets somebody else's error.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/addr.h"
#include "net/udp.h"

#define LISTENER 7
#define ERROR_QUEUE_POLL (POLLIN | POLLPRI)

static struct cx_udp_batch *batch;

struct seen {
	unsigned datagrams, unreachable, failed;
	uint32_t tag;
	uint16_t listener, port, unreachable_port;
	union cx_addr from;
	struct cx_udp_bounce bounce;
	char quoted[2000];
	int errnum;
	size_t n;
	uint8_t first, last;
};

static void on_datagram(void *ctx, uint16_t listener, const union cx_addr *from, uint16_t port, uint8_t *p,
			size_t n)
{
	struct seen *seen = ctx;

	seen->datagrams++;
	seen->listener = listener;
	seen->from = *from;
	seen->port = port;
	seen->n = n;
	seen->first = n ? p[0] : 0;
	seen->last = n ? p[n - 1] : 0;
	memset(p + n, 0, 64); /* promised room */
}

static void on_unreachable(void *ctx, uint16_t listener, const struct cx_udp_bounce *bounce)
{
	struct seen *seen = ctx;

	seen->unreachable++;
	seen->listener = listener;
	seen->bounce = *bounce;
	memcpy(seen->quoted, bounce->quoted, bounce->n);
	seen->unreachable_port = bounce->port;
	seen->errnum = bounce->errnum;
}

static void on_send_failed(void *ctx, uint16_t listener, const union cx_addr *to, uint16_t port, int err,
			   struct cx_udp_tag tag)
{
	struct seen *seen = ctx;

	seen->failed++;
	seen->unreachable_port = port;
	seen->errnum = err;
	assert_int_equal(tag.token, tag.kind + 1ull * 0x100000000);
	seen->tag = tag.kind;
}

/* A socket of ours on a free port; the port the kernel chose goes into *port. */
static struct cx_udp *open_any(const char *address, struct seen *seen, uint16_t *port)
{
	struct cx_udp_ops ops = {.on_datagram = on_datagram,
				 .on_unreachable = on_unreachable,
				 .on_send_failed = on_send_failed,
				 .ctx = seen};
	struct cx_listener listener = {.id = LISTENER, .dscp = 24};
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct cx_udp *u = NULL;
	union cx_addr addr;
	uint8_t family;

	memset(seen, 0, sizeof(*seen));
	assert_int_equal(cx_addr_parse(address, &listener.addr, &listener.family), 0);
	assert_int_equal(cx_udp_open(&listener, &ops, &u), 0);
	assert_int_equal(getsockname(cx_udp_fd(u), (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(cx_addr_from_sockaddr((struct sockaddr *)&ss, &addr, port, &family), 0);
	return u;
}

static void wait_for(struct cx_udp *u)
{
	struct pollfd p = {.fd = cx_udp_fd(u), .events = ERROR_QUEUE_POLL};

	assert_int_equal(poll(&p, 1, 5000), 1);
	cx_udp_read(u, batch, true);
}

static int send_to(struct cx_udp *u, const char *address, uint16_t port, const void *a, size_t n,
		   const void *b, size_t m)
{
	struct iovec iov[2] = {{(void *)(uintptr_t)a, n}, {(void *)(uintptr_t)b, m}};
	union cx_addr addr;
	uint8_t family;

	assert_int_equal(cx_addr_parse(address, &addr, &family), 0);
	return cx_udp_send(u, &addr, port, iov, 2);
}

static void datagrams_over(const char *address)
{
	static uint8_t big[60000];
	struct seen a_seen, b_seen;
	uint16_t a_port, b_port;
	struct cx_udp *a = open_any(address, &a_seen, &a_port);
	struct cx_udp *b = open_any(address, &b_seen, &b_port);
	char text[CX_ADDR_TEXT];

	assert_int_equal(send_to(a, address, b_port, "head", 4, "tail!", 5), 0);
	wait_for(b);
	assert_int_equal(b_seen.datagrams, 1);
	assert_int_equal(b_seen.listener, LISTENER);
	assert_int_equal(b_seen.n, 9);
	assert_int_equal(b_seen.first, 'h');
	assert_int_equal(b_seen.last, '!');
	assert_int_equal(b_seen.port, a_port);
	assert_string_equal(cx_addr_format(&b_seen.from, text), address);

	big[0] = 1;
	big[sizeof(big) - 1] = 2;
	assert_int_equal(send_to(a, address, b_port, big, 1000, big + 1000, sizeof(big) - 1000), 0);
	wait_for(b);
	assert_int_equal(b_seen.n, sizeof(big));
	assert_int_equal(b_seen.last, 2);

	assert_int_equal(send_to(a, address, b_port, "", 0, "", 0), 0);
	cx_udp_set_listener(b, 9);
	wait_for(b);
	assert_int_equal(b_seen.n, 0);
	assert_int_equal(b_seen.listener, 9);

	for (int i = 0; i < 100; i++)
		assert_int_equal(send_to(b, address, a_port, "x", 1, "y", 1), 0);
	wait_for(a);
	assert_int_equal(a_seen.datagrams, 100);
	cx_udp_close(a);
	cx_udp_close(b);
}

static void datagrams_v4(void **state)
{
	(void)state;
	datagrams_over("127.0.0.1");
}

static void datagrams_v6(void **state)
{
	(void)state;
	datagrams_over("::1");
}

static void refused_over(const char *address)
{
	static const char big[5000];
	struct seen seen, gone_seen, peer_seen;
	uint16_t port, gone, peer_port;
	struct cx_udp *u = open_any(address, &seen, &port);
	struct cx_udp *peer = open_any(address, &peer_seen, &peer_port);
	char text[CX_ADDR_TEXT];

	cx_udp_close(open_any(address, &gone_seen, &gone)); /* a port that nobody has */
	assert_int_equal(send_to(u, address, gone, "x", 1, "", 0), 0);
	/* the pending error is not the next destination's */
	assert_int_equal(send_to(u, address, peer_port, "y", 1, "", 0), 0);
	wait_for(u);
	assert_int_equal(seen.unreachable, 1);
	assert_int_equal(seen.unreachable_port, gone);
	assert_int_equal(seen.errnum, ECONNREFUSED);
	assert_int_equal(seen.listener, LISTENER);
	assert_string_equal(cx_addr_format(&seen.bounce.to, text), address);
	assert_string_equal(cx_addr_format(&seen.bounce.by, text), address);
	assert_int_equal(seen.bounce.n, 1);
	assert_int_equal(seen.quoted[0], 'x');
	wait_for(peer);
	assert_int_equal(peer_seen.datagrams, 1);

	/* errors in the way of a datagram: both are seen, and nothing is left to spin on */
	assert_int_equal(send_to(u, address, gone, "x", 1, "", 0), 0);
	assert_int_equal(send_to(peer, address, port, "z", 1, "", 0), 0);
	wait_for(u);
	assert_int_equal(seen.unreachable, 2);
	assert_int_equal(seen.datagrams, 1);
	assert_int_equal(poll(&(struct pollfd){.fd = cx_udp_fd(u), .events = ERROR_QUEUE_POLL}, 1, 0), 0);
	/* a long one is quoted as far as it goes */
	assert_int_equal(send_to(u, address, gone, "INVITE", 6, big, sizeof(big)), 0);
	wait_for(u);
	assert_true(seen.bounce.n >= 500 && seen.bounce.n <= 1280);
	assert_memory_equal(seen.quoted, "INVITE", 6);
	cx_udp_close(u);
	cx_udp_close(peer);
}

static void refused_v4(void **state)
{
	(void)state;
	refused_over("127.0.0.1");
}

static void refused_v6(void **state)
{
	(void)state;
	refused_over("::1");
}

/* The field of the datagram as a receiver sees it. */
static int received_dscp(int family, const char *address)
{
	int fd = socket(family, SOCK_DGRAM, 0), one = 1, field = -1;
	char control[64], byte;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {
	    .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
	struct sockaddr_storage ss;
	socklen_t len;
	union cx_addr addr;
	struct seen seen;
	uint16_t port;
	uint8_t f;
	struct cx_udp *u = open_any(address, &seen, &port);

	assert_int_equal(cx_addr_parse(address, &addr, &f), 0);
	len = cx_addr_to_sockaddr(&addr, 0, &ss);
	assert_int_equal(bind(fd, (struct sockaddr *)&ss, len), 0);
	assert_int_equal(setsockopt(fd, family == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
				    family == AF_INET ? IP_RECVTOS : IPV6_RECVTCLASS, &one, sizeof(one)),
			 0);
	len = sizeof(ss);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&ss, &len), 0);
	assert_int_equal(cx_addr_from_sockaddr((struct sockaddr *)&ss, &addr, &port, &f), 0);
	assert_int_equal(cx_udp_set_dscp(u, 46), 0);
	assert_int_equal(send_to(u, address, port, "x", 1, "", 0), 0);
	assert_int_equal(recvmsg(fd, &m, 0), 1);
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&m); c; c = CMSG_NXTHDR(&m, c)) {
		if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_TOS)
			field = *CMSG_DATA(c);
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_TCLASS)
			memcpy(&field, CMSG_DATA(c), sizeof(field));
	}
	close(fd);
	cx_udp_close(u);
	return field >> 2;
}

static void dscp(void **state)
{
	(void)state;
	assert_int_equal(received_dscp(AF_INET, "127.0.0.1"), 46);
	assert_int_equal(received_dscp(AF_INET6, "::1"), 46);
}

static void opening(void **state)
{
	struct cx_udp_ops ops = {.on_datagram = on_datagram};
	struct cx_listener listener = {.id = 1};
	struct seen seen;
	uint16_t port;
	struct cx_udp *first = open_any("127.0.0.1", &seen, &port), *second = first;

	(void)state;
	assert_int_equal(cx_addr_parse("127.0.0.1", &listener.addr, &listener.family), 0);
	listener.port = port;
	assert_int_equal(cx_udp_open(&listener, &ops, &second), -EADDRINUSE);
	assert_null(second);
	cx_udp_close(first);
	/* an address that is not here yet */
	assert_int_equal(cx_addr_parse("192.0.2.77", &listener.addr, &listener.family), 0);
	assert_int_equal(cx_udp_open(&listener, &ops, &second), 0);
	assert_int_equal(send_to(second, "2001:db8::1", 5060, "x", 1, "", 0), -EAFNOSUPPORT);
	cx_udp_close(second);
	assert_int_equal(cx_addr_parse("2001:db8::77", &listener.addr, &listener.family), 0);
	assert_int_equal(cx_udp_open(&listener, &ops, &second), 0);
	cx_udp_close(second);
}

static int queue_to(struct cx_udp *u, const char *address, uint16_t port, const void *p, size_t n,
		    uint32_t tag)
{
	struct iovec iov = {(void *)(uintptr_t)p, n};
	union cx_addr addr;
	uint8_t family;

	assert_int_equal(cx_addr_parse(address, &addr, &family), 0);
	return cx_udp_queue(batch, u, &addr, port, &iov, 1,
			    (struct cx_udp_tag){.kind = tag, .token = tag + 1ull * 0x100000000});
}

/* Queued datagrams arrive in order, whatever makes the queue leave early: it is
 * full, another socket's turn comes, a datagram is too long for it. */
/* What nobody reads in time is counted. */
static void lost(void **state)
{
	static uint8_t big[60000];
	struct seen a_seen, b_seen;
	uint16_t a_port, b_port;
	struct cx_udp *a = open_any("127.0.0.1", &a_seen, &a_port);
	struct cx_udp *b = open_any("127.0.0.1", &b_seen, &b_port);
	unsigned sent = 0;

	(void)state;
	assert_int_equal(cx_udp_lost(b), 0);
	for (; sent < 1000 && !cx_udp_lost(b); sent++)
		queue_to(a, "127.0.0.1", b_port, big, sizeof(big), 0);
	assert_in_range(cx_udp_lost(b), 1, sent);
	assert_int_equal(cx_udp_lost(a), 0);
	cx_udp_close(a);
	cx_udp_close(b);
}

static void queue(void **state)
{
	static uint8_t big[5000];
	struct seen a_seen, b_seen, c_seen;
	uint16_t a_port, b_port, c_port;
	struct cx_udp *a = open_any("127.0.0.1", &a_seen, &a_port);
	struct cx_udp *b = open_any("127.0.0.1", &b_seen, &b_port);
	struct cx_udp *c = open_any("127.0.0.1", &c_seen, &c_port);
	char byte;

	(void)state;
	for (int i = 0; i < 100; i++) {
		byte = (char)i;
		assert_int_equal(queue_to(a, "127.0.0.1", c_port, &byte, 1, 0), 0);
	}
	wait_for(c); /* three full queues, then what reading itself sends */
	assert_in_range(c_seen.datagrams, 96, 100);
	if (c_seen.datagrams < 100)
		wait_for(c);
	assert_int_equal(c_seen.datagrams, 100);
	assert_int_equal(c_seen.last, 99);
	assert_int_equal(queue_to(a, "127.0.0.1", c_port, "a", 1, 0), 0);
	assert_int_equal(queue_to(b, "127.0.0.1", c_port, "b", 1, 0), 0);
	assert_int_equal(queue_to(b, "127.0.0.1", c_port, big, sizeof(big), 0), 0);
	wait_for(c);
	assert_int_equal(c_seen.datagrams, 103);
	assert_int_equal(c_seen.n, sizeof(big));
	cx_udp_close(a);
	cx_udp_close(b);
	cx_udp_close(c);
}

/* One destination's error is told with its tag and costs no other one's datagram. */
static void queue_errors(void **state)
{
	struct seen seen, gone_seen, peer_seen;
	uint16_t port, gone, peer_port;
	struct cx_udp *u = open_any("127.0.0.1", &seen, &port);
	struct cx_udp *peer = open_any("127.0.0.1", &peer_seen, &peer_port);

	(void)state;
	cx_udp_close(open_any("127.0.0.1", &gone_seen, &gone));
	assert_int_equal(queue_to(u, "2001:db8::1", 5060, "x", 1, 1), -EAFNOSUPPORT);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(queue_to(u, "127.0.0.1", gone, "x", 1, 2), 0);
		assert_int_equal(queue_to(u, "127.0.0.1", peer_port, "y", 1, 3), 0);
		assert_int_equal(queue_to(u, "255.255.255.255", 9, "z", 1, 4), 0); /* EACCES, always */
	}
	cx_udp_flush(batch);
	assert_int_equal(seen.failed, 10);
	assert_int_equal(seen.tag, 4);
	assert_int_equal(seen.unreachable_port, 9);
	assert_int_equal(seen.errnum, -EACCES);
	wait_for(peer);
	assert_int_equal(peer_seen.datagrams, 10);
	wait_for(u);
	assert_int_equal(seen.unreachable, 10);
	cx_udp_close(u);
	cx_udp_close(peer);
}

/* A second socket of a port that is ours gets its share. */
static void join(void **state)
{
	struct cx_udp_ops ops = {.on_datagram = on_datagram, .on_unreachable = on_unreachable};
	struct cx_listener listener = {.id = 1};
	struct seen seen, more_seen = {0}, sender_seen;
	uint16_t port, sender_port;
	struct cx_udp *first = open_any("127.0.0.1", &seen, &port), *second, *sender;

	(void)state;
	assert_int_equal(cx_addr_parse("127.0.0.1", &listener.addr, &listener.family), 0);
	listener.port = port;
	ops.ctx = &more_seen;
	assert_int_equal(cx_udp_join(&listener, &ops, &second), 0);
	for (int i = 0; i < 64; i++) {
		sender = open_any("127.0.0.1", &sender_seen, &sender_port);
		assert_int_equal(send_to(sender, "127.0.0.1", port, "x", 1, "", 0), 0);
		cx_udp_close(sender);
	}
	wait_for(first);
	wait_for(second);
	assert_int_equal(seen.datagrams + more_seen.datagrams, 64);
	assert_in_range(more_seen.datagrams, 1, 63);
	/* and still nobody can take the port alone */
	assert_int_equal(cx_udp_open(&listener, &ops, &sender), -EADDRINUSE);
	cx_udp_close(first);
	cx_udp_close(second);
}

static int batch_new(void **state)
{
	batch = cx_udp_batch_new();
	return batch ? 0 : -1;
}

static int batch_free(void **state)
{
	cx_udp_batch_free(batch);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(datagrams_v4), cmocka_unit_test(datagrams_v6), cmocka_unit_test(refused_v4),
	    cmocka_unit_test(refused_v6),   cmocka_unit_test(dscp),	    cmocka_unit_test(opening),
	    cmocka_unit_test(queue),	    cmocka_unit_test(lost),	    cmocka_unit_test(queue_errors), cmocka_unit_test(join),
	};

	return cmocka_run_group_tests(tests, batch_new, batch_free);
}
