/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * UDP sockets of a listener, one a worker: bound to its address, DSCP set,
 * errors of ICMP read from the error queue (IP_RECVERR), many datagrams a
 * system call in both directions.
 *
 * A socket is read, and its queue filled, by one thread; cx_udp_send() may be
 * called from any.
 */
#ifndef CX_NET_UDP_H
#define CX_NET_UDP_H

#include <stdbool.h>
#include <stdint.h>
#include <stddef.h>
#include <sys/uio.h>
#include "cxsip/abi.h"

struct cx_udp;
struct cx_udp_batch; /* a worker's datagrams in work; 2 MB of address space */

/* What a queued datagram was, in the words of who queued it. */
struct cx_udp_tag {
	uint32_t kind;
	uint64_t token;
};

struct cx_udp_bounce {
	union cx_addr to, by; /* by: who says so */
	uint16_t port;
	int errnum;
	const char *quoted; /* how the datagram began, as that one says */
	size_t n;
};

struct cx_udp_ops {
	/* One datagram; p stays valid during the call, has room for 64 more bytes
	 * behind it, and may be changed in place. */
	void (*on_datagram)(void *ctx, uint16_t listener, const union cx_addr *from, uint16_t port,
			    uint8_t *p, size_t n);
	/* ICMP said that a datagram to addr:port could not be delivered. The kernel does
	 * not ask whether there ever was such a datagram. */
	void (*on_unreachable)(void *ctx, uint16_t listener, const struct cx_udp_bounce *bounce);
	/* A queued datagram could not be sent (-errno). Must not queue. */
	void (*on_send_failed)(void *ctx, uint16_t listener, const union cx_addr *to, uint16_t port, int err,
			       struct cx_udp_tag tag);
	void *ctx;
};

struct cx_udp_batch *cx_udp_batch_new(void);
void cx_udp_batch_free(struct cx_udp_batch *b); /* what is queued in it is lost */

/* Binds (IP_FREEBIND) alone: -EADDRINUSE if anybody has the port. Then others may
 * join. 0, or -errno. The error queue raises POLLPRI: poll for POLLIN | POLLPRI,
 * then cx_udp_read(). */
int cx_udp_open(const struct cx_listener *listener, const struct cx_udp_ops *ops, struct cx_udp **out);
/* A further socket of the same port, which the kernel shares out among them. */
int cx_udp_join(const struct cx_listener *listener, const struct cx_udp_ops *ops, struct cx_udp **out);
int cx_udp_fd(const struct cx_udp *u);
/* Datagrams that the kernel had no room for in the socket, or whose checksum was wrong, since
 * it was opened. Any thread. */
uint32_t cx_udp_lost(const struct cx_udp *u);
/* Until empty, at most 256 datagrams a call; sends what was queued meanwhile.
 * errors: POLLPRI said that there are some. */
void cx_udp_read(struct cx_udp *u, struct cx_udp_batch *b, bool errors);
/* Gathers iov into one datagram. DF is clear, so the stack fragments. 0 or -errno. */
int cx_udp_send(const struct cx_udp *u, const union cx_addr *to, uint16_t port, const struct iovec *iov,
		size_t n);
/* The same at the next flush, which may be now. 0, or -errno where it was sent
 * at once; errors of later come by on_send_failed() with the tag. */
int cx_udp_queue(struct cx_udp_batch *b, struct cx_udp *u, const union cx_addr *to, uint16_t port,
		 const struct iovec *iov, size_t n, struct cx_udp_tag tag);
void cx_udp_flush(struct cx_udp_batch *b);
int cx_udp_set_dscp(struct cx_udp *u, uint8_t dscp);
/* The socket's listener has another id from now on (after a reload). */
void cx_udp_set_listener(struct cx_udp *u, uint16_t listener);
void cx_udp_close(struct cx_udp *u); /* flush first */

#endif
