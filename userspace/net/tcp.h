/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIP over TCP: a worker's connections (RFC 3261 section 18, RFC 5626 4.4.1).
 *
 * Invariants
 * - A connection belongs to one worker for life. Others name it by index and
 *   generation (base/hop.h); the index says whose it is.
 * - Nothing blocks: connecting has a timer of its own, a queue that is full
 *   refuses, a peer that does not read keeps only its own messages waiting.
 * - ops are never called from within cx_tcp_send(): what it can say at once it
 *   returns, the rest is told later.
 */
#ifndef CX_NET_TCP_H
#define CX_NET_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/uio.h>
#include <uv.h>
#include "base/hop.h"

struct cx_accepted;
struct cx_tcp;	      /* a worker's connections */
struct cx_tcp_listen; /* a listening socket of a worker */

struct cx_tcp_ops {
	/* One whole message; p may be changed during the call. False: there is no room for
	 * it now, and it is as it was. Then the connection is read no further until
	 * cx_tcp_resume(), which offers it again: the peer waits, nothing is lost. */
	bool (*on_message)(void *ctx, const struct cx_hop *from, uint8_t *p, size_t n);
	/* A message that was sent with this token did not arrive, or its connection
	 * broke behind it. errnum: positive. */
	void (*on_failed)(void *ctx, uint64_t token, int errnum);
	/* Connecting to hop has failed, whoever wanted it. */
	void (*on_unreachable)(void *ctx, const struct cx_hop *hop, int errnum);
	/* May this address connect to the listener? */
	bool (*may_connect)(void *ctx, uint16_t listener, const union cx_addr *from);
	void *ctx;
};

struct cx_tcp_settings {
	uint32_t connect_ms;	      /* until connecting has failed: 1000 */
	uint32_t idle_ms;	      /* without a byte either way: 240000 */
	uint32_t half_open_ms;	      /* from connecting to the first whole message, and from a
					 message's first byte to its last: 10000 */
	uint32_t unacked_ms;	      /* until what the peer does not acknowledge, or does not take,
					 breaks it: 10000 */
	uint32_t queue_max;	      /* bytes that wait for one connection: 262144 */
	uint32_t connections_max;     /* of this worker: 16384 */
	uint32_t per_source_max;      /* accepted ones of one IPv4 address or IPv6 /64: 1024 */
	uint32_t message_max;	      /* bytes: 65535 */
	struct cx_accepted *accepted; /* what all workers have (net/accepted.h); NULL: this is the only one */
};
#define CX_TCP_SETTINGS_DEFAULT                                                                              \
	(struct cx_tcp_settings)                                                                             \
	{                                                                                                    \
		.connect_ms = 1000, .idle_ms = 240000, .half_open_ms = 10000, .unacked_ms = 10000,           \
		.queue_max = 262144, .connections_max = 16384, .per_source_max = 1024, .message_max = 65535  \
	}

/* worker: 0..63, into the index of each connection. hash_key: secret. 0 or -ENOMEM. */
int cx_tcp_new(uv_loop_t *loop, unsigned worker, uint64_t hash_key, const struct cx_tcp_settings *settings,
	       const struct cx_tcp_ops *ops, struct cx_tcp **out);
/* Closes all connections without a word. The loop must run on until their handles
 * are closed; then the struct frees itself. Listening sockets come first. */
void cx_tcp_close(struct cx_tcp *t);

/* A worker's part of a limit of connections, which the kernel shares out among the workers by
 * chance: its share and four standard deviations, so that who keeps within the limit is not
 * refused because one worker has more of it than another. */
uint32_t cx_tcp_chance_share(uint32_t all, unsigned workers);

/* Whose connection that is. */
unsigned cx_tcp_worker_of(uint32_t connection);
/* Who is to send to hop: the worker whose connection it names; without a name, one that
 * has a connection to its address, if the peer opened it; else this one. */
unsigned cx_tcp_worker_for(struct cx_tcp *t, const struct cx_hop *hop);
/* A connection from that listener to hop's address and port, whoever opened it. */
bool cx_tcp_has(struct cx_tcp *t, const struct cx_hop *hop);

/*
 * Queues one message for hop->connection, or with CX_NO_CONNECTION for any
 * connection from that listener to hop's address and port; if there is none, one
 * is opened from the listener's address. It leaves at the next flush.
 * Where hop->connection is gone and there is a hop->return_port, that is the port.
 * token: told by on_failed(), 0: nobody is told.
 * 0; -ENOTCONN: that connection is gone; -ENOBUFS: its queue is full; -EMFILE: no
 * more connections; or the errno of connect(2), negative.
 */
int cx_tcp_send(struct cx_tcp *t, const struct cx_hop *hop, const struct cx_listener *from,
		const struct iovec *iov, int n, uint64_t token);
/* Writes what is queued; the owner calls it at the end of each turn. */
void cx_tcp_flush(struct cx_tcp *t);

/* There may be room again: connections that were not read any further go on, in the
 * order in which they stopped. */
void cx_tcp_resume(struct cx_tcp *t);

/* Binds and listens (IP_FREEBIND); join as with cx_udp_join(). Any thread. */
int cx_tcp_listen_open(const struct cx_listener *listener, bool join, struct cx_tcp_listen **out);
/* On the worker's thread. */
int cx_tcp_listen_start(struct cx_tcp *t, struct cx_tcp_listen *l);
void cx_tcp_listen_set(struct cx_tcp_listen *l, uint16_t listener, uint8_t dscp);
/* Of one that was started: on the worker's thread. */
void cx_tcp_listen_close(struct cx_tcp_listen *l);

#define CX_TCP_COUNTERS(X)                                                                                   \
	X(open, "connections")                                                                               \
	X(connecting, "of them not yet up")                                                                  \
	X(accepted, "connections that peers opened")                                                         \
	X(connected, "connections that we opened")                                                           \
	X(refused_source, "closed at once: no source of ours")                                               \
	X(refused_limit, "closed at once: a limit")                                                          \
	X(failed_connects, "connections that did not come up")                                               \
	X(no_descriptors, "connections not opened or accepted for want of file descriptors")                 \
	X(broken, "closed by an error")                                                                      \
	X(timed_out, "closed by a timer: idle, half open, takes nothing")                                    \
	X(bad_frames, "closed because no message could be read")                                             \
	X(pings, "keep-alives answered")                                                                     \
	X(queue_full, "messages refused by a full queue")                                                    \
	X(held, "times that reading stopped until another worker had room")

struct cx_tcp_stats {
#define CX_X(name, text) uint64_t name;
	CX_TCP_COUNTERS(CX_X)
#undef CX_X
};
/* From any thread. */
void cx_tcp_stats(const struct cx_tcp *t, struct cx_tcp_stats *out);

enum cx_tcp_state { CX_TCP_CONNECTING, CX_TCP_OPEN, CX_TCP_CLOSING };

struct cx_tcp_view {
	struct cx_hop hop;
	uint8_t state; /* enum cx_tcp_state */
	bool accepted;
	uint64_t age_ms, idle_ms;
	uint64_t messages_in, messages_out;
	uint32_t queued, partial; /* bytes */
};
/* Connections from *next on, at most max; *next: where to go on, CX_NO_CONNECTION:
 * that was all. On the worker's thread. */
size_t cx_tcp_list(const struct cx_tcp *t, uint32_t *next, struct cx_tcp_view *out, size_t max);

#endif
