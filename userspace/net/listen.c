// SPDX-License-Identifier: GPL-2.0-only
/*
 * TCP sockets: their options, and listening ones. Each worker listens by itself
 * (SO_REUSEPORT); the kernel shares out connections by addresses, and messages are
 * handed to the worker of their Call-ID afterwards.
 *
 * Without descriptors nothing can be accepted, and the socket would wake its loop
 * for ever: it is left alone for a moment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/addr.h"
#include "net/tcp_internal.h"

#define BACKLOG 1024
#define ACCEPTS_A_TURN 64
#define PAUSE_MS 100

#ifndef IP_FREEBIND
#define IP_FREEBIND 15
#endif
#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif
#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

struct cx_tcp_listen {
	struct cx_tcp *t;
	int fd;
	uint16_t listener;
	uint8_t family, dscp;
	uv_poll_t poll;
	uv_timer_t pause;
	unsigned handles;
};

static int set_int(int fd, int level, int name, int value)
{
	return setsockopt(fd, level, name, &value, sizeof(value)) ? -errno : 0;
}

static int open_socket(uint8_t family, int *fd)
{
	int err;

	*fd = socket(family == CX_IPV4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
		     IPPROTO_TCP);
	if (*fd < 0)
		return -errno;
	if (family == CX_IPV4) {
		err = set_int(*fd, IPPROTO_IP, IP_FREEBIND, 1);
	} else {
		err = set_int(*fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		if (!err)
			err = set_int(*fd, IPPROTO_IPV6, IPV6_FREEBIND, 1);
	}
	return err;
}

static int bind_to(int fd, const struct cx_listener *listener, uint16_t port)
{
	struct sockaddr_storage ss;
	socklen_t n = cx_addr_to_sockaddr(&listener->addr, port, &ss);

	return bind(fd, (struct sockaddr *)&ss, n) ? -errno : 0;
}

/* Bound to the listener's address; the port is chosen when it connects. */
int cx_tcp_socket(const struct cx_listener *listener, int *fd)
{
	int err = open_socket(listener->family, fd);

	if (*fd < 0)
		return err;
	if (!err)
		err = set_int(*fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
	if (!err)
		err = bind_to(*fd, listener, 0);
	if (err) {
		close(*fd);
		*fd = -1;
	}
	return err;
}

int cx_tcp_options(int fd, uint8_t family, uint8_t dscp, uint32_t unacked_ms)
{
	int field = (dscp & 0x3f) << 2, err;

	err = family == CX_IPV4 ? set_int(fd, IPPROTO_IP, IP_TOS, field)
				: set_int(fd, IPPROTO_IPV6, IPV6_TCLASS, field);
	if (!err)
		err = set_int(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	if (!err)
		err = set_int(fd, SOL_SOCKET, SO_KEEPALIVE, 1); /* finds peers that vanished without a word */
	if (!err)
		err = set_int(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)unacked_ms);
	return err;
}

int cx_tcp_listen_open(const struct cx_listener *listener, bool join, struct cx_tcp_listen **out)
{
	struct cx_tcp_listen *l = calloc(1, sizeof(*l));
	int err;

	*out = NULL;
	if (!l)
		return -ENOMEM;
	l->listener = listener->id;
	l->family = listener->family;
	l->dscp = listener->dscp;
	err = open_socket(listener->family, &l->fd);
	if (!err)
		err = set_int(l->fd, SOL_SOCKET, SO_REUSEADDR,
			      1); /* connections of an earlier daemon that linger */
	if (!err && join)
		err = set_int(l->fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!err)
		err = bind_to(l->fd, listener, listener->port);
	if (!err && !join)
		err = set_int(l->fd, SOL_SOCKET, SO_REUSEPORT, 1);
	if (!err && listen(l->fd, BACKLOG))
		err = -errno;
	if (err) {
		if (l->fd >= 0)
			close(l->fd);
		free(l);
	} else {
		*out = l;
	}
	return err;
}

void cx_tcp_listen_set(struct cx_tcp_listen *l, uint16_t listener, uint8_t dscp)
{
	l->listener = listener;
	l->dscp = dscp;
}

/* With a reset: no TIME_WAIT for who is not wanted. */
static void turn_away(int fd, uint64_t *counter)
{
	struct linger linger = {.l_onoff = 1};

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	close(fd);
	cx_tcp_count(counter, 1);
}

static void accepted(struct cx_tcp_listen *l, int fd, const struct sockaddr_storage *ss)
{
	struct cx_hop peer = {.listener = l->listener, .transport = CX_TCP};
	struct cx_tcp *t = l->t;
	struct cx_source_count *source;
	struct cx_conn *c;
	uint8_t family;
	int err;

	if (cx_addr_from_sockaddr((const struct sockaddr *)ss, &peer.addr, &peer.port, &family) ||
	    !t->ops.may_connect(t->ops.ctx, l->listener, &peer.addr)) {
		turn_away(fd, &t->stats.refused_source);
		return;
	}
	source = cx_source_take(t, &peer.addr);
	c = source ? cx_conn_new(t, fd, &peer, true, &err) : NULL;
	if (!c) {
		cx_source_give(t, source);
		turn_away(fd, &t->stats.refused_limit);
		return;
	}
	c->source = source;
	cx_tcp_options(fd, l->family, l->dscp, t->settings.unacked_ms);
	if (!cx_conn_start(c, false))
		cx_tcp_count(&t->stats.accepted, 1);
}

static void on_listen(uv_poll_t *poll, int status, int events);

static void on_pause_over(uv_timer_t *timer)
{
	struct cx_tcp_listen *l = timer->data;

	uv_poll_start(&l->poll, UV_READABLE, on_listen);
}

static void on_listen(uv_poll_t *poll, int status, int events)
{
	struct cx_tcp_listen *l = poll->data;

	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		struct sockaddr_storage ss;
		socklen_t n = sizeof(ss);
		int fd = accept4(l->fd, (struct sockaddr *)&ss, &n, SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (fd >= 0) {
			accepted(l, fd, &ss);
			continue;
		}
		cx_tcp_count(&l->t->stats.no_descriptors, errno == EMFILE || errno == ENFILE);
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			uv_poll_stop(&l->poll);
			uv_timer_start(&l->pause, on_pause_over, PAUSE_MS, 0);
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

int cx_tcp_listen_start(struct cx_tcp *t, struct cx_tcp_listen *l)
{
	int err = uv_poll_init(t->loop, &l->poll, l->fd);

	if (err)
		return err;
	l->t = t;
	uv_timer_init(t->loop, &l->pause);
	l->poll.data = l->pause.data = l;
	l->handles = 2;
	return uv_poll_start(&l->poll, UV_READABLE, on_listen);
}

static void on_closed(uv_handle_t *handle)
{
	struct cx_tcp_listen *l = handle->data;

	if (!--l->handles)
		free(l);
}

void cx_tcp_listen_close(struct cx_tcp_listen *l)
{
	if (!l)
		return;
	if (!l->handles) { /* never started */
		close(l->fd);
		free(l);
		return;
	}
	uv_close((uv_handle_t *)&l->poll, on_closed);
	uv_close((uv_handle_t *)&l->pause, on_closed);
	close(l->fd);
}
