/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The proxy core: a transaction-stateful SIP proxy (RFC 3261 sections 16 and
 * 17) as one pure machine, (event, now) -> calls of ops. It has no socket, no
 * clock and no thread of its own, so everything it does can be replayed.
 *
 * Invariants
 * - One core belongs to one worker, which alone calls it. Everything of one
 *   Call-ID belongs to one worker.
 * - now_ms is monotonic and never goes back from one call to the next.
 * - ops are called from within the functions below and must not call back into
 *   the core. What they are given is theirs until they return.
 * - Nothing in the core points into a received message or into the world after
 *   the function that was given it has returned: the world may be swapped
 *   between any two calls (cx_proxy_use()).
 */
#ifndef CX_PROXY_CORE_H
#define CX_PROXY_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include "base/hop.h"
#include "route/world.h"
#include "sip/text.h"

struct cx_proxy;

#define CX_PROXY_NEVER UINT64_MAX
#define CX_PROXY_NO_TOKEN 0 /* nobody wants to hear how the sending went */

/* What passing traffic says about an element; for health/. */
enum cx_proxy_sign {
	CX_SIGN_ANSWERED, /* any response but a listed failover code */
	CX_SIGN_SILENT,	  /* a try ended without any response */
	CX_SIGN_REFUSED,  /* the transport failed: ICMP, RST, no connection */
	CX_SIGN_FAILED,	  /* it answered with a listed failover code */
};

/* What became of a request, for the log and for call records: one for each
 * server transaction, when its final response is known. */
struct cx_proxy_note {
	const char *call_id; /* not terminated; n bytes */
	uint32_t call_id_n;
	const char *method;
	uint32_t method_n;
	int status;	   /* of the response that was sent upstream; 0: none was */
	const char *tried; /* "ms1 timeout, ms2 503, ms3 200": terminated */
	unsigned tries;
	uint32_t group, element; /* of the last try; CX_NONE */
	uint64_t took_ms;
};

struct cx_proxy_ops {
	/* Sends one whole message. hop->connection names the connection that it
	 * must go by; CX_NO_CONNECTION leaves the choice: an open one to that
	 * address and port is used again, or one is opened. So it is with
	 * hop->return_port when the one that is named is gone. The bytes are copied or
	 * sent before it returns.
	 * 0: sent, or queued until the connection is up. -errno: it will not be
	 * sent, known at once (-ENOTCONN: that connection is gone, -ECONNREFUSED,
	 * -EHOSTUNREACH, -ENOBUFS: its queue is full ...). Of a request over UDP
	 * that is longer than its network lets datagrams be: -EFBIG if it is to go
	 * by TCP instead (18.1.1), -EMSGSIZE if it is to be refused (513); not where
	 * hop->any_length says that there is no other way.
	 * token: whom to tell by cx_proxy_failed() when it turns out later that the
	 * message did not arrive (connecting failed, the connection broke with the
	 * message in its queue or while no response to it has come).
	 * CX_PROXY_NO_TOKEN: nobody. */
	int (*send)(void *ctx, const struct cx_hop *hop, const struct iovec *iov, int n_iov, uint64_t token);
	/* The core wants cx_proxy_tick() no later than at_ms: called whenever that
	 * becomes earlier than what it asked for last. */
	void (*timer)(void *ctx, uint64_t at_ms);
	/* Called often: hands it on to health/, which may live on another thread.
	 * May be NULL. */
	void (*sign)(void *ctx, uint32_t element, enum cx_proxy_sign sign);
	/* The element asked to be left alone: for everybody's world, by health/. Until the
	 * core is given a world that has it, it goes by its own memory. May be NULL. */
	void (*pause)(void *ctx, uint32_t element, const struct cx_pause *pause);
	/* May be NULL. */
	void (*note)(void *ctx, const struct cx_proxy_note *note);
};

/* What send() says of a datagram that is to leave by that listener (18.1.1): 0, or
 * -EFBIG or -EMSGSIZE as above. */
int cx_proxy_fits_udp(const struct cx_world *w, uint16_t listener, const struct iovec *iov, int n_iov);

struct cx_proxy_settings {
	uint32_t worker;	   /* 0..1023: into the branch, so that responses find this worker */
	uint32_t transactions_max; /* live and lingering; more are answered 503. At most 1 << 22 */
	uint64_t memory_max;	   /* bytes of all of them; more are answered 503, too. 0: no limit */
	uint32_t lifetime_ms;	   /* of a transaction, whatever happens: 3600000 */
	uint32_t retry_after_s;	   /* in a 503 for want of room: 5 */
	bool fast;		   /* what needs no state (UDP, groups that are not mode = core) goes by the
				    * stateless engine, as the kernel would send it: for a daemon with a fast path */
	uint64_t seed;		   /* secret: To tags and the order of hash tables */
	char server[32];	   /* Server header of own responses; "": none */
};
#define CX_PROXY_SETTINGS_DEFAULT                                                                             \
	(struct cx_proxy_settings)                                                                            \
	{                                                                                                    \
		.transactions_max = 1u << 20, .lifetime_ms = 3600000, .retry_after_s = 5                     \
	}

/* The world is borrowed: until the core is freed or given another one. Only its
 * element states are read while others may change them. -ENOMEM, -EINVAL. */
int cx_proxy_new(const struct cx_proxy_settings *settings, const struct cx_proxy_ops *ops, void *ctx,
		struct cx_world *world, uint64_t now_ms, struct cx_proxy **out);
/* Forgets every transaction without a word to anybody. */
void cx_proxy_free(struct cx_proxy *proxy);
/* Another world with the same ids (or the same one with other tables). */
void cx_proxy_use(struct cx_proxy *proxy, struct cx_world *world);

/* One whole message that came from there: a datagram, or a message framed out of
 * a stream. p is read only and may be of any length up to 64 KB. */
void cx_proxy_receive(struct cx_proxy *proxy, const struct cx_hop *from, const uint8_t *p, size_t n, uint64_t now_ms);
/* Runs what is due. Returns when it wants to be called next, CX_PROXY_NEVER: not
 * before something else happens. */
uint64_t cx_proxy_tick(struct cx_proxy *proxy, uint64_t now_ms);
/* A message that was sent with this token did not arrive. Tokens of transactions
 * that are gone are ignored. errnum: positive. */
void cx_proxy_failed(struct cx_proxy *proxy, uint64_t token, int errnum, uint64_t now_ms);
/* Nothing listens there (ICMP; IP_RECVERR names the address): every try that
 * waits for a first response from it moves on at once. */
void cx_proxy_unreachable(struct cx_proxy *proxy, const union cx_addr *addr, uint16_t port, uint8_t transport, int errnum,
			 uint64_t now_ms);

/* Did a transaction of this core write that branch, in a request to there that waits for
 * its first response? Nobody else can know it: it has a MAC (txn/branch.h). */
bool cx_proxy_wrote(const struct cx_proxy *proxy, struct cx_text branch, const union cx_addr *addr, uint16_t port,
		    uint8_t transport);

/* Seconds after which a caller that is refused for want of an element should come
 * again: until the first of the group's pauses is over, else the group's setting. */
uint32_t cx_proxy_retry_after(const struct cx_proxy *proxy, uint32_t group, uint64_t now_ms);

/* Stopping gracefully: new requests are answered 503, what is under way goes on. */
void cx_proxy_drain(struct cx_proxy *proxy, bool draining);

#define CX_PROXY_GAUGES(X)                                                                 \
	X(invite_server, "live INVITE server transactions")                              \
	X(other_server, "live non-INVITE server transactions")                           \
	X(invite_client, "live INVITE client transactions")                              \
	X(other_client, "live non-INVITE client transactions")                           \
	X(contexts, "requests that still wait for their final response")                 \
	X(lingering, "transactions that are over and only absorb retransmissions")      \
	X(bytes, "memory that all of it takes")

#define CX_PROXY_COUNTERS(X)                                                               \
	X(requests, "requests received")                                                 \
	X(responses, "responses received")                                               \
	X(forwarded, "requests sent on, each try counted")                               \
	X(answered, "responses that the proxy made itself")                              \
	X(retransmissions_in, "requests and final responses that came again")            \
	X(retransmissions_out, "messages sent again by a timer")                         \
	X(stateless, "messages without a transaction that were sent on")         \
	X(stray, "responses that belong to nothing")                                     \
	X(bad, "messages that could not be read or answered")                            \
	X(denied, "requests from where the network has no source")                       \
	X(failovers, "tries that moved on to the next element")                          \
	X(timeouts, "tries that ended without an answer")                                \
	X(pauses, "times that an element asked to be left alone (Retry-After)")          \
	X(full, "requests refused for want of room")                                     \
	X(send_failed, "messages that could not be sent")                                \
	X(expired, "transactions that came to the end of their lifetime")                \
	X(no_memory, "requests or responses given up for want of memory")

struct cx_proxy_stats {
#define CX_X(name, text) uint64_t name;
	CX_PROXY_GAUGES(CX_X)
	CX_PROXY_COUNTERS(CX_X)
#undef CX_X
};
void cx_proxy_stats(const struct cx_proxy *proxy, struct cx_proxy_stats *out);

#endif
