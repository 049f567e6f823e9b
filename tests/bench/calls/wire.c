/* SPDX-License-Identifier: GPL-2.0-only */
#define _GNU_SOURCE
#include "wire.h"
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define SOCKETS_MAX 4
#define LINKS_MAX 64
#define STREAM_MAX (1 << 20)

/* One connection: bytes that are no whole message yet, and those not written yet. */
struct link {
	int fd;
	size_t in_n, out_n;
	char in[STREAM_MAX];
	char out[STREAM_MAX];
};

struct wire {
	bool tcp;
	int sockets[SOCKETS_MAX]; /* bound: of datagrams, or listening */
	int n_sockets;
	char own[SOCKETS_MAX][64];
	struct link *links[LINKS_MAX];
	int n_links;
	unsigned queued;
	struct wire_peer to[BATCH];
	size_t length[BATCH];
	char text[BATCH][WIRE_MESSAGE_MAX];
};

void wire_die(const char *what)
{
	fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
	exit(1);
}

uint64_t wire_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static socklen_t address_of(const char *text, uint16_t port, struct sockaddr_storage *out)
{
	struct sockaddr_in *v4 = (void *)out;
	struct sockaddr_in6 *v6 = (void *)out;

	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port);
		return sizeof(*v6);
	}
	errno = EINVAL;
	wire_die(text);
}

static int new_socket(const struct wire *w, const char *own, uint16_t port)
{
	int one = 1, size = 64 << 20, fd;
	struct sockaddr_storage address;
	socklen_t n = address_of(own, port, &address);

	fd = socket(address.ss_family, (w->tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC, 0);
	if (fd < 0)
		wire_die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (w->tcp) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	} else {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
		setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	}
	if (bind(fd, (struct sockaddr *)&address, n))
		wire_die(own);
	return fd;
}

void wire_listen(struct wire *w, const char *own)
{
	int fd;

	if (w->n_sockets == SOCKETS_MAX) {
		errno = E2BIG;
		wire_die(own);
	}
	fd = new_socket(w, own, WIRE_PORT);
	if (w->tcp && listen(fd, LINKS_MAX))
		wire_die(own);
	snprintf(w->own[w->n_sockets], sizeof(w->own[0]), "%s", own);
	w->sockets[w->n_sockets++] = fd;
}

struct wire *wire_open(const char *own, bool tcp)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (!w)
		wire_die("memory");
	w->tcp = tcp;
	wire_listen(w, own);
	return w;
}

void wire_close(struct wire *w)
{
	int i;

	for (i = 0; i < w->n_sockets; i++)
		close(w->sockets[i]);
	for (i = 0; i < w->n_links; i++) {
		if (w->links[i]->fd >= 0)
			close(w->links[i]->fd);
		free(w->links[i]);
	}
	free(w);
}

static int add_link(struct wire *w, int fd)
{
	struct link *l = w->n_links < LINKS_MAX ? calloc(1, sizeof(*l)) : NULL;

	if (!l) {
		errno = ENOBUFS;
		wire_die("connections");
	}
	l->fd = fd;
	w->links[w->n_links] = l;
	return w->n_links++;
}

struct wire_peer wire_reach(struct wire *w, const char *address)
{
	struct wire_peer p = {.link = -1};
	int fd;

	p.size = address_of(address, WIRE_PORT, &p.address);
	if (!w->tcp)
		return p;
	fd = new_socket(w, w->own[0], 0);
	if (connect(fd, (struct sockaddr *)&p.address, p.size))
		wire_die(address);
	p.link = add_link(w, fd);
	return p;
}

/* ---- out ---------------------------------------------------------------------- */

static void write_link(struct link *l)
{
	size_t done = 0;
	ssize_t n;

	while (done < l->out_n) {
		n = send(l->fd, l->out + done, l->out_n - done, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0)
			break;
		done += (size_t)n;
	}
	if (done < l->out_n && errno != EAGAIN) /* broken: the calls on it fail, and are counted */
		done = l->out_n;
	memmove(l->out, l->out + done, l->out_n - done);
	l->out_n -= done;
}

static void send_datagrams(struct wire *w)
{
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	unsigned i, k;
	int done;

	for (i = 0; i < w->queued; i++) {
		parts[i] = (struct iovec){w->text[i], w->length[i]};
		messages[i] = (struct mmsghdr){.msg_hdr = {.msg_name = &w->to[i].address,
							   .msg_namelen = w->to[i].size,
							   .msg_iov = &parts[i],
							   .msg_iovlen = 1}};
	}
	for (i = 0; i < w->queued; i += (unsigned)done) {
		for (k = i + 1; k < w->queued && w->to[k].socket == w->to[i].socket; k++)
			;
		done = sendmmsg(w->sockets[w->to[i].socket], messages + i, k - i, 0);
		if (done < 0 && errno != ECONNREFUSED)
			wire_die("send");
		if (done < 0)
			done = 0; /* an ICMP error of an earlier one: once more */
	}
	w->queued = 0;
}

void wire_flush(struct wire *w)
{
	int i;

	if (w->queued)
		send_datagrams(w);
	for (i = 0; i < w->n_links; i++)
		if (w->links[i]->out_n)
			write_link(w->links[i]);
}

void wire_send(struct wire *w, const struct wire_peer *to, const char *text, size_t n)
{
	struct link *l = to->link >= 0 ? w->links[to->link] : NULL;

	if (n > WIRE_MESSAGE_MAX || (l && l->out_n + n > STREAM_MAX))
		return; /* the proxy takes nothing more: that call fails */
	if (l) {
		memcpy(l->out + l->out_n, text, n);
		l->out_n += n;
		return;
	}
	memcpy(w->text[w->queued], text, n);
	w->length[w->queued] = n;
	w->to[w->queued] = *to;
	if (++w->queued == BATCH)
		send_datagrams(w);
}

/* ---- in ----------------------------------------------------------------------- */

static void take_datagrams(const struct wire *w, int socket, wire_message *take, void *context)
{
	static char text[BATCH][WIRE_MESSAGE_MAX];
	static struct wire_peer from[BATCH];
	static struct mmsghdr messages[BATCH];
	static struct iovec parts[BATCH];
	static int used = BATCH; /* of the last read: what it left behind */
	int i, n;

	for (i = 0; i < used; i++) {
		parts[i] = (struct iovec){text[i], WIRE_MESSAGE_MAX};
		messages[i].msg_hdr = (struct msghdr){.msg_name = &from[i].address,
						      .msg_namelen = sizeof(from[i].address),
						      .msg_iov = &parts[i],
						      .msg_iovlen = 1};
	}
	n = recvmmsg(w->sockets[socket], messages, BATCH, MSG_DONTWAIT, NULL);
	used = n > 0 ? n : 0;
	for (i = 0; i < n; i++) {
		from[i].size = messages[i].msg_hdr.msg_namelen;
		from[i].socket = socket;
		from[i].link = -1;
		take(context, &from[i], text[i], messages[i].msg_len);
	}
}

/* Bytes of the first message in [p, p + n), 0 if it is not whole yet. */
static size_t whole_message(const char *p, size_t n)
{
	const char *end = memmem(p, n, "\r\n\r\n", 4), *length;
	size_t head, body = 0;

	if (!end)
		return 0;
	head = (size_t)(end - p) + 4;
	length = memmem(p, head, "\r\nContent-Length:", 17);
	if (length)
		body = strtoul(length + 17, NULL, 10);
	return head + body <= n ? head + body : 0;
}

static void take_stream(struct wire *w, int k, wire_message *take, void *context)
{
	struct link *l = w->links[k];
	struct wire_peer from = {.link = k};
	ssize_t got = recv(l->fd, l->in + l->in_n, STREAM_MAX - l->in_n, MSG_DONTWAIT);
	size_t at = 0, n;

	if (got < 0 && errno == EAGAIN)
		return;
	if (got <= 0) { /* by the proxy: the calls on it fail, and are counted */
		fprintf(stderr, "calls: a connection ended%s%s\n", got ? ": " : "",
			got ? strerror(errno) : "");
		close(l->fd);
		l->fd = -1;
		return;
	}
	l->in_n += (size_t)got;
	for (;;) {
		while (at < l->in_n && (l->in[at] == '\r' || l->in[at] == '\n'))
			at++;
		n = whole_message(l->in + at, l->in_n - at);
		if (!n)
			break;
		take(context, &from, l->in + at, n);
		at += n;
	}
	memmove(l->in, l->in + at, l->in_n - at);
	l->in_n -= at;
}

void wire_turn(struct wire *w, int64_t wait_ns, wire_message *take, void *context)
{
	struct pollfd fds[SOCKETS_MAX + LINKS_MAX];
	struct timespec wait = {wait_ns / 1000000000, wait_ns % 1000000000};
	int i, n_links = w->n_links, fd;

	for (i = 0; i < w->n_sockets; i++)
		fds[i] = (struct pollfd){.fd = w->sockets[i], .events = POLLIN};
	for (i = 0; i < n_links; i++)
		fds[w->n_sockets + i] = (struct pollfd){
		    .fd = w->links[i]->fd, .events = (short)(POLLIN | (w->links[i]->out_n ? POLLOUT : 0))};
	if (ppoll(fds, (nfds_t)(w->n_sockets + n_links), &wait, NULL) <= 0)
		return;
	for (i = 0; i < n_links; i++)
		if (fds[w->n_sockets + i].revents & ~POLLOUT)
			take_stream(w, i, take, context);
	for (i = 0; i < w->n_sockets; i++) {
		if (!fds[i].revents)
			continue;
		if (!w->tcp) {
			take_datagrams(w, i, take, context);
			continue;
		}
		fd = accept4(fds[i].fd, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0) {
			int one = 1;

			setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
			add_link(w, fd);
		}
	}
	wire_flush(w);
}
