/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One UDP socket a listener: bound to its address, DSCP set, errors of ICMP
 * read from the error queue (IP_RECVERR), many datagrams a system call.
 * One thread reads: the receive buffers are shared by all sockets.
 */
#ifndef CX_NET_UDP_H
#define CX_NET_UDP_H

#include <stdint.h>
#include <stddef.h>
#include <sys/uio.h>
#include "cxsip/abi.h"

struct cx_udp;

struct cx_udp_ops {
	/* One datagram; p stays valid during the call, has room for 64 more bytes
	 * behind it, and may be changed in place. */
	void (*on_datagram)(void *ctx, uint16_t listener, const union cx_addr *from, uint16_t port,
			    uint8_t *p, size_t n);
	/* ICMP said that a datagram to addr:port could not be delivered. */
	void (*on_unreachable)(void *ctx, uint16_t listener, const union cx_addr *addr, uint16_t port,
			       int errnum);
	void *ctx;
};

/* Binds (IP_FREEBIND, no SO_REUSEPORT). 0, or -errno (-EADDRINUSE...). The
 * error queue raises POLLPRI: poll for POLLIN | POLLPRI, then cx_udp_read(). */
int cx_udp_open(const struct cx_listener *listener, const struct cx_udp_ops *ops, struct cx_udp **out);
int cx_udp_fd(const struct cx_udp *u);
void cx_udp_read(struct cx_udp *u); /* until empty, at most 256 datagrams a call */
/* Gathers iov into one datagram. DF is clear, so the stack fragments. 0 or -errno. */
int cx_udp_send(struct cx_udp *u, const union cx_addr *to, uint16_t port, const struct iovec *iov, size_t n);
int cx_udp_set_dscp(struct cx_udp *u, uint8_t dscp);
/* The socket's listener has another id from now on (after a reload). */
void cx_udp_set_listener(struct cx_udp *u, uint16_t listener);
void cx_udp_close(struct cx_udp *u);

#endif
