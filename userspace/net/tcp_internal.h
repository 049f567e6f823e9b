/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the TCP transport share. Private to net/.
 *
 * tcp.c has the table and the way in and out of it, listen.c the listening sockets; of
 * one connection, connection.c has its life, reading.c what comes in, writing.c what goes
 * out, closing.c what is still to be said when nothing is read any more.
 */
#ifndef CX_NET_TCP_INTERNAL_H
#define CX_NET_TCP_INTERNAL_H

#include "net/bytes.h"
#include "net/tcp.h"
#include "sip/frame.h"

#define CX_TCP_READ_SIZE 65536
#define CX_TCP_INDEX_BITS 24
#define CX_TCP_READS_A_TURN 8
#define CX_TCP_CLOSING_MS 2000

struct cx_conn_token {
	uint64_t token;
	bool response;
};

struct cx_conn {
	struct cx_tcp *t;
	struct cx_hop hop; /* the peer, our listener, index and generation */
	int fd;
	uint8_t state;				      /* enum cx_tcp_state */
	bool accepted, writable_wanted, dirty, heard; /* heard: a whole message has come */
	bool held;				      /* a message in `in` waits for room */
	/* Closing: something was queued; the peer has ended its side; we have ended ours */
	bool said, deaf, shut;
	uint32_t owed; /* requests that came and have had no final response by it */
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned handles; /* that are not closed yet */
	uint64_t opened_ms, active_ms, partial_since_ms, close_at_ms;
	uint64_t stuck_since_ms; /* `out` waits, and nothing of it has gone since; 0: nothing waits */
	uint64_t messages_in, messages_out;
	struct cx_frame frame;
	struct cx_bytes in, out;
	/* of messages that were sent last, the oldest first to go */
	struct cx_conn_token *tokens;
	uint32_t n_tokens, tokens_size, tokens_at; /* a ring */
	struct cx_conn *next_dirty;
	struct cx_conn *next_held;
	struct cx_conn *next_same; /* in its bucket by address */
	struct cx_source_count *source;
};

/* How many accepted connections one source has. */
struct cx_source_count {
	struct cx_source_count *next;
	union cx_addr addr; /* of the /64 where it is IPv6 */
	uint32_t n;
};

struct cx_tcp {
	uv_loop_t *loop;
	unsigned worker;
	struct cx_tcp_settings settings;
	struct cx_tcp_ops ops;
	uint64_t hash_key[2];
	/* by index; free slots are chained through free_next */
	struct slot {
		struct cx_conn *conn;
		uint32_t generation, free_next;
	} * slots;
	uint32_t n_slots, first_free;
	struct cx_conn **by_address; /* buckets: a power of two */
	struct cx_source_count **by_source;
	uint32_t buckets;
	struct cx_conn *dirty;
	struct cx_conn *held, **held_last; /* longest first */
	uint32_t n_held;
	bool closing;
	uint32_t alive; /* connections whose handles are not closed */
	struct cx_tcp_stats stats;
	uint8_t read[CX_TCP_READ_SIZE];
};

static inline void cx_tcp_count(uint64_t *counter, int64_t n)
{
	__atomic_store_n(counter, *counter + (uint64_t)n, __ATOMIC_RELAXED);
}

/* tcp.c. A slot, an entry by address, a struct with its fields set; no handles
 * yet. fd is the connection's on success. NULL: -EMFILE or -ENOMEM in *err. */
struct cx_conn *cx_conn_new(struct cx_tcp *t, int fd, const struct cx_hop *peer, bool accepted, int *err);
/* Out of the table: handles of others go nowhere from now on. */
void cx_conn_unlink(struct cx_conn *c);
/* The last handle is closed. */
void cx_conn_free(struct cx_conn *c);
/* Counts one more of that source; NULL: that would be too many. */
struct cx_source_count *cx_source_take(struct cx_tcp *t, const union cx_addr *addr);
void cx_source_give(struct cx_tcp *t, struct cx_source_count *s); /* NULL: nothing */

/* connection.c. Starts polling; connecting: until it is up. */
int cx_conn_start(struct cx_conn *c, bool connecting);
/* Ends it and tells of its tokens; errnum 0: nobody is told. */
void cx_conn_end(struct cx_conn *c, int errnum);
void cx_conn_broke(struct cx_conn *c, int errnum); /* the same, and counts it */
/* Polls for what it waits for now. */
void cx_conn_want(struct cx_conn *c);
/* For the earliest of what may be due. */
void cx_conn_set_timer(struct cx_conn *c);

/* reading.c. Does this message want a final response? */
bool cx_conn_asks(const uint8_t *p, size_t n);
/* What there is, as far as there is room for it. May end it. */
void cx_conn_read(struct cx_conn *c);
/* Offers what it has, and reads on unless it is held again. */
void cx_conn_resume(struct cx_conn *c);

/* writing.c */
int cx_conn_queue(struct cx_conn *c, const struct iovec *iov, int n, uint64_t token);
/* It is flushed at the end of this turn. */
void cx_conn_make_dirty(struct cx_conn *c);
void cx_conn_flush(struct cx_conn *c); /* may end it */
/* Whoever sent something by it hears that it broke; or a request alone. */
void cx_conn_tell(struct cx_conn *c, int errnum);
void cx_conn_tell_requests(struct cx_conn *c, int errnum);

/* closing.c. p: what cannot be framed. */
void cx_conn_close_bad(struct cx_conn *c, const uint8_t *p);
/* The peer has ended its side. */
void cx_conn_peer_ended(struct cx_conn *c);
/* Closing: what still comes is of no use. */
void cx_conn_discard(struct cx_conn *c);
/* Closing, and all is written. */
void cx_conn_all_said(struct cx_conn *c);

/* listen.c */
int cx_tcp_socket(const struct cx_listener *listener, int *fd);
int cx_tcp_options(int fd, uint8_t family, uint8_t dscp, uint32_t unacked_ms);

#endif
