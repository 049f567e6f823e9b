/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transactions: RFC 3261 section 17 with the Accepted state of RFC 6026 and the
 * rules for non-INVITE of RFC 4320, as a transaction user (the proxy core) needs
 * them. Pure: time comes with cx_txns_advance(), messages go through
 * struct cx_txn_user.
 *
 * Invariants
 * - Between two events a transaction is named by its handle. A pointer is good
 *   within one event only, and there until the transaction is ended.
 * - Ending takes effect at once in cx_client_end() and cx_server_end(), and by
 *   timer otherwise, never within cx_server_respond() or cx_client_receive():
 *   what lasts no time over a reliable transport (J, K, D, I) lasts 1 ms.
 * - Everything ends: each state has a timer, and none runs beyond death_ms.
 * - A message is kept only while it may have to be sent again, or while ACK and
 *   CANCEL are made of it; then of an INVITE only the fields that these copy.
 *
 *   timer  what it does                                  state
 *   A, E   sends the request again, over UDP             Calling, Trying, Proceeding (E)
 *   B, F   no final response                             Calling; Trying and Proceeding
 *   C      no final response after a provisional one     Proceeding (INVITE)
 *   D, K   absorbs response retransmissions              Completed (client)
 *   G      sends the failure response again, over UDP    Completed (INVITE server)
 *   H      no ACK                                        Completed (INVITE server)
 *   I      absorbs ACKs                                  Confirmed
 *   J      absorbs request retransmissions               Completed (non-INVITE server)
 *   L      absorbs INVITEs after a 2xx (RFC 6026)        Accepted (server)
 *   M      lets further 2xx through (RFC 6026)           Accepted (client)
 */
#ifndef CX_TXN_TXN_H
#define CX_TXN_TXN_H

#include <sys/uio.h>
#include "base/hop.h"
#include "base/mem.h"
#include "sip/message.h"
#include "txn/table.h"
#include "txn/wheel.h"

struct cx_txn_timers {
	uint32_t t1_ms; /* 500: round trip */
	uint32_t t2_ms; /* 4000: longest interval of retransmissions */
	uint32_t t4_ms; /* 5000: how long a message lives in the network */
	uint32_t c_ms;	/* 185000: Timer C, more than 3 minutes */
};
#define CX_TXN_TIMERS_DEFAULT ((struct cx_txn_timers){500, 4000, 5000, 185000})
#define CX_TXN_D_MS 32000 /* Timer D: at least 32 s */
/* Nobody sees the end of what lingers. A thread with little to do wakes up once for
 * many of them; one that is busy has each of them with some message. */
#define CX_LINGER_SLACK_MS 128

enum cx_txn_kind { CX_INVITE_SERVER, CX_OTHER_SERVER, CX_INVITE_CLIENT, CX_OTHER_CLIENT, CX_TXN_KINDS };

enum cx_txn_state {
	CX_CALLING,    /* INVITE client: nothing has come yet */
	CX_TRYING,     /* the same for others, and a non-INVITE server without a response */
	CX_PROCEEDING, /* a provisional response */
	CX_COMPLETED,  /* a final one */
	CX_CONFIRMED,  /* and its ACK */
	CX_ACCEPTED,   /* a 2xx to INVITE */
};

struct cx_txn {
	uint64_t handle;
	struct cx_timer retry, end;
	uint64_t death_ms; /* whatever happens */
	struct cx_txn_timers timers;
	uint32_t interval_ms; /* of retransmissions: the last one */
	uint8_t kind;	      /* enum cx_txn_kind */
	uint8_t state;	      /* enum cx_txn_state */
	bool reliable;	      /* the hop's transport */
	bool lingers;	      /* over; only here for retransmissions */
};

struct cx_server {
	struct cx_txn txn;
	struct cx_txn_link by_request; /* key: what cx_match_key() made of the request */
	struct cx_txn_link by_merge;   /* see cx_merge_key(); not linked if we only forward */
	struct cx_hop hop;	       /* where responses go (18.2.2) */
	uint16_t status;	       /* of the last response, 0: none yet */
	bool moved;		       /* the connection broke: hop names no particular one now */
	struct cx_buffer *response;    /* for retransmissions, NULL: none is needed */
	void *user;		       /* the transaction user's */
};

struct cx_client {
	struct cx_txn txn;
	struct cx_hop hop;
	struct cx_buffer *request;	/* as it was sent, or what ACK and CANCEL need of it */
	struct cx_buffer *ack;		/* Completed: for retransmitted failure responses */
	struct cx_buffer *cancel_lines; /* header lines for the CANCEL that is due */
	struct cx_client *cancel;	/* the CANCEL's own transaction */
	uint64_t answered_ms;		/* when the first response came, 0: none yet that counts */
	bool pared;			/* request holds just what ACK and CANCEL need */
	bool cancel_due;		/* as soon as a provisional response allows it (9.1) */
	bool cancelled;			/* the CANCEL is sent */
	bool cancelled_again;		/* and once more, since its connection broke */
	bool trying;			/* the per-try timer runs in `end` */
	bool is_cancel;
	uint64_t b_ms; /* when Timer B or F ends it */
};

struct cx_txn_user {
	/* As in proxy/core.h; token: a handle. */
	int (*send)(void *ctx, const struct cx_hop *hop, const struct iovec *iov, int n_iov, uint64_t token);
	/* The time for a 100 has come and no response was sent yet. */
	void (*server_due)(void *ctx, struct cx_server *s);
	/* An INVITE server transaction without a final response is at the end of its
	 * life: now one is sent, or it ends. */
	void (*server_expired)(void *ctx, struct cx_server *s);
	/* It is about to be freed. */
	void (*server_over)(void *ctx, struct cx_server *s);
	/* No response within the time for this try; the transaction goes on. */
	void (*try_over)(void *ctx, struct cx_client *c);
	/* Timer C, or the end of its life: to be cancelled, or it ends. */
	void (*client_expired)(void *ctx, struct cx_client *c);
	/* No final response (B, F, or after a CANCEL): it is freed afterwards. */
	void (*no_answer)(void *ctx, struct cx_client *c);
	/* It is about to be freed. */
	void (*client_over)(void *ctx, struct cx_client *c);
};

#define CX_TXN_FIELDS 160 /* what the core takes, and what it adds */

struct cx_txns {
	struct cx_mem *mem;
	const struct cx_txn_user *user;
	void *ctx;
	struct cx_wheel wheel;	    /* all timers but */
	struct cx_wheel ends;	    /* those by which what lingers goes */
	struct cx_txn_table table;  /* handles; by_request */
	struct cx_txn_table merges; /* by_merge: its chains alone are used */
	uint32_t lifetime_ms;
	/* -- gauges and counters */
	uint64_t live[CX_TXN_KINDS], lingering;
	uint64_t sent_again, came_again, expired, no_memory;
	/* -- scratch */
	struct cx_field fields[CX_TXN_FIELDS];
	char text[65536 + 2048]; /* an ACK or CANCEL: hardly longer than its INVITE */
};

/* 0, -ENOMEM or -EINVAL. */
int cx_txns_init(struct cx_txns *x, struct cx_mem *mem, uint32_t size, uint32_t lifetime_ms,
		 const struct cx_txn_user *user, void *ctx, uint64_t now_ms);
/* Ends every transaction: server_over() and client_over() are called. */
void cx_txns_free(struct cx_txns *x);
/* Moves time on: timers fire. */
void cx_txns_advance(struct cx_txns *x, uint64_t now_ms);
/* When it wants to be moved on next, CX_WHEEL_NEVER: not at all. What lingers goes on
 * time whenever something happens, but is no reason to wake up within CX_LINGER_SLACK_MS. */
uint64_t cx_txns_next(const struct cx_txns *x);
static inline uint64_t cx_txns_now(const struct cx_txns *x)
{
	return x->wheel.now_ms;
}

static inline bool cx_txn_is_server(const struct cx_txn *t)
{
	return t->kind <= CX_OTHER_SERVER;
}

/* NULL: it is gone, or of the other kind. */
struct cx_server *cx_server_get(const struct cx_txns *x, uint64_t handle);
struct cx_client *cx_client_get(const struct cx_txns *x, uint64_t handle);

/* ---- server transactions (17.2): server.c ---------------------------------- */

struct cx_server_start {
	bool invite;
	uint64_t key;
	struct cx_hop hop;
	struct cx_txn_timers timers;
	uint32_t trying_ms; /* server_due() after this time; 0: never */
};
/* NULL: no memory, or the table is full. */
struct cx_server *cx_server_new(struct cx_txns *x, const struct cx_server_start *start);
struct cx_server *cx_server_find(const struct cx_txns *x, uint64_t key);
/* Makes it the one that a merged request is told by (8.2.2.2). */
void cx_server_set_merge(struct cx_txns *x, struct cx_server *s, uint64_t key);
struct cx_server *cx_server_find_merge(const struct cx_txns *x, uint64_t key);
/* The same request again: the last response once more, if there is one. */
void cx_server_again(struct cx_txns *x, struct cx_server *s);
/* An ACK with this transaction's branch. True: it belongs to a 2xx and is to be
 * forwarded. */
bool cx_server_ack(struct cx_txns *x, struct cx_server *s);
/* Sends a response of the transaction user's. Provisional ones after a final one
 * are not sent; further 2xx to INVITE are (RFC 6026). 0 or what send() said. */
int cx_server_respond(struct cx_txns *x, struct cx_server *s, int status, const struct iovec *iov, int n_iov);
/* The transport failed for a response: once, another connection is tried. */
void cx_server_failed(struct cx_txns *x, struct cx_server *s);
void cx_server_end(struct cx_txns *x, struct cx_server *s);
static inline bool cx_server_answered(const struct cx_server *s)
{
	return s->status >= 200;
}

/* ---- client transactions (17.1): client.c, cancel.c -------------------------- */

/* For an object of `size` bytes that begins with a struct cx_client. It has its
 * handle, but nothing is sent yet. NULL: no memory, or the table is full. */
struct cx_client *cx_client_new(struct cx_txns *x, bool invite, size_t size, const struct cx_hop *hop,
				const struct cx_txn_timers *timers);
/* Sends the request. try_ms: try_over() if nothing came by then; 0: never.
 * 0; -ENOMEM; what send() said: then nothing runs, and the caller ends it. */
int cx_client_send(struct cx_txns *x, struct cx_client *c, const struct iovec *iov, int n_iov,
		   uint32_t try_ms);
/* A response with this transaction's branch (m may be that to its CANCEL: `method`
 * is that of CSeq). True: it is new, and for the transaction user. The ACK of a
 * failure response is sent here. */
bool cx_client_receive(struct cx_txns *x, struct cx_client *c, const struct cx_message *m,
		       enum cx_method method);
/* Cancels an INVITE: at once if a provisional response has come, else when one
 * does. lines: more header lines (Reason), or empty. Once is enough. */
void cx_client_cancel(struct cx_txns *x, struct cx_client *c, struct cx_text lines);
/* The transport failed for a CANCEL: once, it is sent again by another connection. */
void cx_client_cancel_failed(struct cx_txns *x, struct cx_client *cancel);
/* Its connection broke when it had seen nothing but 100: that does not count any more,
 * and from now on it has the time that a request without a response has: try_ms and
 * Timer B as with cx_client_send(). A CANCEL may be sent all the same. */
void cx_client_lost(struct cx_txns *x, struct cx_client *c, uint32_t try_ms);
/* Sends nothing again; goes on listening. */
void cx_client_silence(struct cx_txns *x, struct cx_client *c);
/* Timer C starts anew: a provisional response above 100 (16.7 step 2). */
void cx_client_restart_c(struct cx_txns *x, struct cx_client *c);
void cx_client_end(struct cx_txns *x, struct cx_client *c);

/* ---- matching (17.2.3): match.c ---------------------------------------------- */

struct cx_essentials;
/* The key of the server transaction that a request starts or belongs to. An ACK
 * has that of its INVITE; a CANCEL its own, or with `of_invite` that of the
 * request which it cancels. */
uint64_t cx_match_key(const struct cx_siphash_key *key, const struct cx_message *m,
		      const struct cx_essentials *e, bool of_invite);
/* Of From tag, Call-ID and CSeq: requests that came by different ways (8.2.2.2). */
uint64_t cx_merge_key(const struct cx_siphash_key *key, const struct cx_essentials *e);

/* ---- private to this room ----------------------------------------------------- */

void cx_txn_start(struct cx_txns *x, struct cx_txn *t, enum cx_txn_kind kind,
		  const struct cx_txn_timers *timers, uint8_t transport);
void cx_txn_end_at(struct cx_txns *x, struct cx_txn *t, uint64_t at_ms); /* no later than death_ms */
void cx_txn_linger(struct cx_txns *x, struct cx_txn *t, enum cx_txn_state state, uint64_t for_ms);
void cx_txn_forget(struct cx_txns *x, struct cx_txn *t);
void cx_server_fire(struct cx_txns *x, struct cx_server *s, bool end);
void cx_client_fire(struct cx_txns *x, struct cx_client *c, bool end);
void cx_client_pare(struct cx_txns *x, struct cx_client *c);
void cx_client_send_cancel(struct cx_txns *x, struct cx_client *c);
/* The pieces as one buffer. NULL: no memory. */
struct cx_buffer *cx_txn_gather(struct cx_txns *x, const struct iovec *iov, int n_iov);
int cx_txn_send(struct cx_txns *x, const struct cx_hop *hop, const struct cx_buffer *b, uint64_t token);

#endif
