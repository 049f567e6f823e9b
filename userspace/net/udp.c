// SPDX-License-Identifier: GPL-2.0-only
/*
 * UDP sockets of the listeners.
 *
 * - recvmmsg() into one batch a worker, which all its sockets share: a datagram
 *   is done with before the next batch is filled. What is to be sent meanwhile
 *   is gathered in the same batch, as long as it goes out by the same socket,
 *   and leaves with one sendmmsg() before the next read.
 * - The first socket of a listener binds alone and lets others join only then
 *   (SO_REUSEPORT): a port that another program has stays an error.
 * - DF stays clear (RFC 3261 18.1.1 leaves no other way for a UDP message that
 *   does not fit): a path MTU that shrinks must not lose calls.
 * - IP_RECVERR: an ICMP error names the destination that refused, which an
 *   unconnected socket would not learn otherwise. It also sets the socket's
 *   pending error, which the next sendmsg() to anybody returns: such a send is
 *   tried again, or one dead server would cost another one's message.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <linux/errqueue.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/in6.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/addr.h"
#include "net/udp.h"

#define CX_BATCH 32
#define CX_DATAGRAM_MAX 65535
#define CX_DATAGRAM_SPARE 64
#define CX_READ_MAX 256	  /* datagrams a call: other sockets have their turn */
#define CX_ERRORS_MAX 256 /* ICMP errors a call */
#define CX_QUOTED_MAX 1280 /* of the datagram in one: all that IPv6 lets it have (RFC 4443 2.4) */
#define CX_BUFFER_BYTES (4 << 20)
#define CX_SEND_TRIES 3
#define CX_QUEUED_MAX 2048 /* a longer datagram is not copied, but sent at once */

#ifndef IP_FREEBIND
#define IP_FREEBIND 15
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

struct cx_udp {
	int fd;
	uint16_t listener;
	uint8_t family; /* enum cx_family */
	struct cx_udp_ops ops;
};

struct cx_udp_batch {
	/* in */
	uint8_t bytes[CX_BATCH][CX_DATAGRAM_MAX + CX_DATAGRAM_SPARE];
	struct sockaddr_storage from[CX_BATCH];
	struct iovec iov[CX_BATCH];
	struct mmsghdr m[CX_BATCH];
	int n_in; /* of the last read: what is to be made ready anew */
	/* out: n_out datagrams that wait for out_socket */
	struct cx_udp *out_socket;
	int n_out;
	struct mmsghdr out[CX_BATCH];
	struct iovec out_iov[CX_BATCH];
	struct sockaddr_storage out_to[CX_BATCH];
	struct cx_udp_tag out_tag[CX_BATCH];
	uint8_t out_bytes[CX_BATCH][CX_QUEUED_MAX];
};

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

static int set_family_options(int fd, uint8_t family)
{
	int err;

	if (family == CX_IPV4) {
		err = set_int(fd, IPPROTO_IP, IP_FREEBIND, 1);
		if (!err)
			err = set_int(fd, IPPROTO_IP, IP_RECVERR, 1);
		if (!err)
			err = set_int(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DONT);
		return err;
	}
	err = set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
	if (!err)
		err = set_int(fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	if (!err)
		err = set_int(fd, IPPROTO_IPV6, IPV6_RECVERR, 1);
	if (!err)
		err = set_int(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DONT);
	return err;
}

/* FORCE passes net.core.rmem_max, with CAP_NET_ADMIN; less is no reason to refuse. */
static void set_buffers(int fd)
{
	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, CX_BUFFER_BYTES))
		set_int(fd, SOL_SOCKET, SO_RCVBUF, CX_BUFFER_BYTES);
	if (set_int(fd, SOL_SOCKET, SO_SNDBUFFORCE, CX_BUFFER_BYTES))
		set_int(fd, SOL_SOCKET, SO_SNDBUF, CX_BUFFER_BYTES);
}

int cx_udp_set_dscp(struct cx_udp *u, uint8_t dscp)
{
	int field = (dscp & 0x3f) << 2;

	return u->family == CX_IPV4 ? set_int(u->fd, IPPROTO_IP, IP_TOS, field)
				    : set_int(u->fd, IPPROTO_IPV6, IPV6_TCLASS, field);
}

struct cx_udp_batch *cx_udp_batch_new(void)
{
	/* pages that are never needed are never there */
	struct cx_udp_batch *b = calloc(1, sizeof(*b));

	if (b)
		b->n_in = CX_BATCH;
	return b;
}

void cx_udp_batch_free(struct cx_udp_batch *b)
{
	free(b);
}

static int open_socket(const struct cx_listener *listener, const struct cx_udp_ops *ops, bool join,
		       struct cx_udp **out)
{
	struct sockaddr_storage ss;
	socklen_t len = cx_addr_to_sockaddr(&listener->addr, listener->port, &ss);
	struct cx_udp *u;
	int err;

	*out = NULL;
	u = calloc(1, sizeof(*u));
	if (!u)
		return -ENOMEM;
	u->listener = listener->id;
	u->family = listener->family;
	u->ops = *ops;
	u->fd = socket(ss.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);
	if (u->fd < 0) {
		err = -errno;
		goto out;
	}
	err = set_family_options(u->fd, listener->family);
	if (!err)
		err = set_int(u->fd, SOL_SOCKET, SO_SELECT_ERR_QUEUE, 1);
	if (!err)
		err = cx_udp_set_dscp(u, listener->dscp);
	if (!err && join)
		err = set_int(u->fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (err)
		goto out;
	set_buffers(u->fd);
	if (bind(u->fd, (struct sockaddr *)&ss, len))
		err = -errno;
	if (!err && !join)
		err = set_int(u->fd, SOL_SOCKET, SO_REUSEPORT, 1);
out:
	if (err)
		cx_udp_close(u);
	else
		*out = u;
	return err;
}

int cx_udp_open(const struct cx_listener *listener, const struct cx_udp_ops *ops, struct cx_udp **out)
{
	return open_socket(listener, ops, false, out);
}

int cx_udp_join(const struct cx_listener *listener, const struct cx_udp_ops *ops, struct cx_udp **out)
{
	return open_socket(listener, ops, true, out);
}

int cx_udp_fd(const struct cx_udp *u)
{
	return u->fd;
}

uint32_t cx_udp_lost(const struct cx_udp *u)
{
	uint32_t info[SK_MEMINFO_VARS] = {0};
	socklen_t n = sizeof(info);

	return getsockopt(u->fd, SOL_SOCKET, SO_MEMINFO, info, &n) ? 0 : info[SK_MEMINFO_DROPS];
}

void cx_udp_set_listener(struct cx_udp *u, uint16_t listener)
{
	u->listener = listener;
}

void cx_udp_close(struct cx_udp *u)
{
	if (!u)
		return;
	if (u->fd >= 0)
		close(u->fd);
	free(u);
}

/* Only what says "nobody is there": "fragmentation needed" and "packet too
 * big" are about the path, time exceeded about routing. */
static int is_unreachable(const struct sock_extended_err *e)
{
	if (e->ee_origin == SO_EE_ORIGIN_ICMP)
		return e->ee_type == ICMP_DEST_UNREACH && e->ee_code != ICMP_FRAG_NEEDED;
	if (e->ee_origin == SO_EE_ORIGIN_ICMP6)
		return e->ee_type == ICMPV6_DEST_UNREACH;
	return 0;
}

static const struct sock_extended_err *find_error(struct msghdr *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
		if ((c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_RECVERR) ||
		    (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_RECVERR))
			return (const struct sock_extended_err *)(const void *)CMSG_DATA(c);
	}
	return NULL;
}

static void read_errors(struct cx_udp *u)
{
	char control[512] __attribute__((aligned(8)));
	char quoted[CX_QUOTED_MAX];
	struct sockaddr_storage to;
	uint8_t family;
	uint16_t none;

	for (int i = 0; i < CX_ERRORS_MAX; i++) {
		struct iovec iov = {.iov_base = quoted, .iov_len = sizeof(quoted)};
		struct msghdr m = {.msg_name = &to,
				   .msg_namelen = sizeof(to),
				   .msg_iov = &iov,
				   .msg_iovlen = 1,
				   .msg_control = control,
				   .msg_controllen = sizeof(control)};
		struct cx_udp_bounce bounce = {.quoted = quoted};
		const struct sock_extended_err *e;
		ssize_t n = recvmsg(u->fd, &m, MSG_ERRQUEUE | MSG_DONTWAIT);

		if (n < 0)
			return;
		e = find_error(&m);
		if (!e || !is_unreachable(e))
			continue;
		bounce.errnum = (int)e->ee_errno;
		bounce.n = (size_t)n;
		if (!cx_addr_from_sockaddr((struct sockaddr *)&to, &bounce.to, &bounce.port, &family) &&
		    !cx_addr_from_sockaddr(SO_EE_OFFENDER(e), &bounce.by, &none, &family))
			u->ops.on_unreachable(u->ops.ctx, u->listener, &bounce);
	}
}

static int read_batch(struct cx_udp *u, struct cx_udp_batch *b)
{
	int n;

	for (int i = 0; i < b->n_in; i++) {
		b->iov[i] = (struct iovec){.iov_base = b->bytes[i], .iov_len = CX_DATAGRAM_MAX};
		b->m[i].msg_hdr = (struct msghdr){.msg_name = &b->from[i],
						  .msg_namelen = sizeof(b->from[i]),
						  .msg_iov = &b->iov[i],
						  .msg_iovlen = 1};
	}
	n = recvmmsg(u->fd, b->m, CX_BATCH, MSG_DONTWAIT, NULL);
	b->n_in = n < 1 ? 1 : n;
	for (int i = 0; i < n; i++) {
		union cx_addr from;
		uint16_t port;
		uint8_t family;

		if (cx_addr_from_sockaddr((struct sockaddr *)&b->from[i], &from, &port, &family))
			continue;
		u->ops.on_datagram(u->ops.ctx, u->listener, &from, port, b->bytes[i], b->m[i].msg_len);
	}
	return n < 0 ? -errno : n;
}

void cx_udp_read(struct cx_udp *u, struct cx_udp_batch *b, bool errors)
{
	int n, total = 0;

	if (errors)
		read_errors(u);
	while (total < CX_READ_MAX) {
		n = read_batch(u, b);
		if (n == -EAGAIN || n == -EWOULDBLOCK)
			return;
		/* a pending ICMP error: reading it has cleared it, its cause is in the queue */
		if (n < 0) {
			read_errors(u);
			total++;
			continue;
		}
		cx_udp_flush(b);
		total += n;
		if (n < CX_BATCH)
			return;
	}
}

/* Errors that may belong to an earlier datagram to somebody else. */
static int may_be_pending(int err)
{
	return err == -ECONNREFUSED || err == -EHOSTUNREACH || err == -ENETUNREACH || err == -EPROTO ||
	       err == -ENOPROTOOPT || err == -EACCES || err == -EMSGSIZE || err == -EOPNOTSUPP ||
	       err == -EHOSTDOWN;
}

static int send_one(const struct cx_udp *u, const struct msghdr *m)
{
	int err = 0;

	for (int i = 0; i < CX_SEND_TRIES; i++) {
		err = sendmsg(u->fd, m, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
		if (!err || (err != -EINTR && !may_be_pending(err)))
			return err;
	}
	return err;
}

int cx_udp_send(const struct cx_udp *u, const union cx_addr *to, uint16_t port, const struct iovec *iov,
		size_t n)
{
	struct sockaddr_storage ss;
	struct msghdr m = {.msg_name = &ss, .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = n};

	if (cx_addr_is_v4(to) != (u->family == CX_IPV4))
		return -EAFNOSUPPORT;
	m.msg_namelen = cx_addr_to_sockaddr(to, port, &ss);
	return send_one(u, &m);
}

static void tell_failure(const struct cx_udp *u, const struct sockaddr_storage *ss, int err,
			 struct cx_udp_tag tag)
{
	union cx_addr to;
	uint16_t port;
	uint8_t family;

	if (!cx_addr_from_sockaddr((const struct sockaddr *)ss, &to, &port, &family))
		u->ops.on_send_failed(u->ops.ctx, u->listener, &to, port, err, tag);
}

void cx_udp_flush(struct cx_udp_batch *b)
{
	struct cx_udp *u = b->out_socket;
	int n = b->n_out, at = 0;

	b->n_out = 0; /* a callback may queue anew only when this is over: it does not */
	while (at < n) {
		int sent = sendmmsg(u->fd, b->out + at, (unsigned)(n - at), MSG_DONTWAIT | MSG_NOSIGNAL), err;

		if (sent > 0) {
			at += sent;
			continue;
		}
		/* the first of them, or an error that was pending: once more by itself */
		err = send_one(u, &b->out[at].msg_hdr);
		if (err)
			tell_failure(u, &b->out_to[at], err, b->out_tag[at]);
		at++;
	}
}

int cx_udp_queue(struct cx_udp_batch *b, struct cx_udp *u, const union cx_addr *to, uint16_t port,
		 const struct iovec *iov, size_t n, struct cx_udp_tag tag)
{
	size_t length = 0;
	int i = b->n_out;

	for (size_t k = 0; k < n; k++)
		length += iov[k].iov_len;
	if (length > CX_QUEUED_MAX || cx_addr_is_v4(to) != (u->family == CX_IPV4)) {
		cx_udp_flush(b);
		return cx_udp_send(u, to, port, iov, n);
	}
	if (i == CX_BATCH || (i && b->out_socket != u)) {
		cx_udp_flush(b);
		i = 0;
	}
	b->out_socket = u;
	length = 0;
	for (size_t k = 0; k < n; k++) {
		memcpy(b->out_bytes[i] + length, iov[k].iov_base, iov[k].iov_len);
		length += iov[k].iov_len;
	}
	b->out_iov[i] = (struct iovec){.iov_base = b->out_bytes[i], .iov_len = length};
	b->out[i].msg_hdr =
	    (struct msghdr){.msg_name = &b->out_to[i], .msg_iov = &b->out_iov[i], .msg_iovlen = 1};
	b->out[i].msg_hdr.msg_namelen = cx_addr_to_sockaddr(to, port, &b->out_to[i]);
	b->out_tag[i] = tag;
	b->n_out = i + 1;
	return 0;
}
