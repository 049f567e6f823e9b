/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the proxy core share. Private to proxy/stateful/.
 *
 * - A request that is proxied has a context (16.7's "response context") until
 *   its final response has gone upstream. A context belongs to one server
 *   transaction, and has a branch for each try.
 * - A branch is a client transaction. When the context ends, branches that still
 *   live are detached: they only absorb, cancel, and let late 2xx through.
 * - The scratch members hold the message that is being handled; nothing of them
 *   survives the event.
 */
#ifndef CX_PROXY_STATEFUL_INTERNAL_H
#define CX_PROXY_STATEFUL_INTERNAL_H

#include "proxy/core.h"
#include "sip/build.h"
#include "sip/check.h"
#include "sip/edit.h"
#include "txn/branch.h"
#include "txn/txn.h"

#define CX_TRIES_MAX 16	   /* branches of one request */
#define CX_CONTACTS_MAX 8  /* followed from 3xx responses */
#define CX_RECURSION_MAX 3 /* 3xx after 3xx */
#define CX_BREADTH 60	   /* Max-Breadth where none is given (RFC 5393 5.3.3) */
#define CX_WAITING_HEADS 256
#define CX_PROXY_FIELDS 128
#define CX_TOLD_MAX 16 /* pauses that the world does not know yet */

enum cx_try_end {
	CX_TRY_OPEN,
	CX_TRY_TIMEOUT,
	CX_TRY_REFUSED,
	CX_TRY_NOT_SENT,
	CX_TRY_CODE,
	CX_TRY_CANCELLED
};

struct cx_try {
	uint32_t element; /* CX_NONE: an address that no group knows */
	uint16_t status;  /* of CX_TRY_CODE */
	uint8_t end;	  /* enum cx_try_end */
	uint8_t again;	  /* how often the transport failed and it was tried once more */
};

/* Where a request may go, as its Route and Request-URI say (16.4 to 16.6). */
struct cx_way {
	uint32_t group;	   /* CX_NONE: to `hop` alone */
	struct cx_hop hop; /* of an address */
	uint32_t element;  /* at that address, CX_NONE: none */
	uint16_t side;	   /* our listener that the last popped Route names, CX_NO_LISTENER */
	uint8_t pop;	   /* our own Route values on top */
	bool from_route;   /* Request-URI was ours: the last Route value is the real one (16.4) */
	bool strict;	   /* the next hop is a strict router (16.6 step 6) */
	bool strip_maddr;  /* of the Request-URI: it is ours (16.4) */
	bool core;	   /* route or group says mode = core */
	bool in_dialog;
};

struct cx_contact { /* of a 3xx, to be tried */
	struct cx_hop hop;
	struct cx_buffer *uri;
	uint32_t element;
	uint16_t q;
};

struct cx_context;

struct cx_branch {
	struct cx_client client;		   /* first: the transaction is the branch */
	struct cx_context *context;		   /* NULL: detached */
	struct cx_branch *next;			   /* of the context */
	struct cx_branch *waiting_next, **waiting; /* for a first response from its hop */
	uint64_t server;			   /* handle: where 2xx go */
	uint32_t element, group;
	uint8_t try;	       /* index into context->tries */
	bool final, abandoned; /* over; given up for another one, but may come back */
	bool provisional;      /* above 100 */
	bool diverted;	       /* by TCP, only because it is too long for a datagram */
	bool overdue;	       /* its time for a try is over, but there was no reason to move on */
};

struct cx_context {
	struct cx_server *server; /* lives as long as the context does */
	struct cx_branch *branches;
	struct cx_buffer *request; /* as received */
	struct {		   /* in it */
		uint32_t at, n;
	} call_id, method;
	struct cx_hop from;
	struct cx_way way;
	struct cx_try tries[CX_TRIES_MAX];
	uint8_t n_tries;
	struct cx_contact *contacts; /* CX_CONTACTS_MAX of them, NULL: none */
	uint8_t n_contacts, recursions;
	uint16_t breadth;	/* Max-Breadth, what is not given to a branch */
	bool cancelled, enough; /* by the caller; no more tries (6xx, an answer) */
	bool exhausted;		/* every element has failed */
	uint64_t call_hash, loop;
	uint64_t since_ms;
	uint16_t best_status;	      /* 0: none yet */
	struct cx_buffer *best;	      /* that response as it came, NULL: an own one */
	struct cx_buffer *challenges; /* lines of other 401 and 407 (16.7 step 7) */
};

/* What an element has said to this core, until the world says it to all. */
struct cx_told {
	uint32_t element;
	struct cx_pause pause;
};

struct cx_proxy {
	struct cx_proxy_settings settings;
	struct cx_proxy_ops ops;
	void *ctx;
	struct cx_world *world;
	struct cx_mem mem;
	struct cx_txns txns;
	struct cx_siphash_key match_key;
	struct cx_proxy_stats count; /* counters alone */
	uint64_t contexts;
	uint64_t base_bytes; /* of what lives as long as the core */
	uint64_t asked_ms;   /* for which the timer was asked last */
	bool draining;
	struct cx_told told[CX_TOLD_MAX]; /* oldest first */
	unsigned n_told;
	struct cx_branch *waiting[CX_WAITING_HEADS];
	struct cx_stateless *stateless;
	/* -- scratch */
	struct cx_field fields[CX_PROXY_FIELDS], request_fields[CX_PROXY_FIELDS];
	struct cx_message m;	   /* what came in */
	struct cx_essentials e;	   /* of m */
	struct cx_context *fresh;  /* its request is m, and e is read from it */
	struct cx_message request; /* of a context */
	struct cx_essentials request_e;
	struct cx_edits edits;
	struct iovec iov[CX_EDITS_IOV];
	char text[65536 + 2048]; /* an own response, a datagram for the engine */
};

static inline uint64_t cx_now(const struct cx_proxy *p)
{
	return cx_txns_now(&p->txns);
}

/* ---- settings of the configuration ------------------------------------------- */

const struct cx_listener *cx_listener_get(const struct cx_proxy *p, uint32_t id);	 /* NULL: unused */
const struct cx_config_group *cx_group_policy(const struct cx_proxy *p, uint32_t group); /* NULL: none */
const struct cx_config_network *cx_network_policy(const struct cx_proxy *p, uint32_t listener);
struct cx_txn_timers cx_timers_of(const struct cx_proxy *p, uint32_t listener);
/* Our listener of a network for a family and transport, CX_NO_LISTENER. */
uint16_t cx_listener_for(const struct cx_proxy *p, uint32_t network, bool v4, uint8_t transport);
uint16_t cx_listener_at(const struct cx_proxy *p, const union cx_addr *addr, uint16_t port, int transport);
/* Is this URI, or host and port, one of ours? Its listener, or CX_NO_LISTENER;
 * network: whose aliases count. */
uint16_t cx_uri_is_ours(const struct cx_proxy *p, const struct cx_uri *uri, uint16_t in_listener);

/* ---- way.c: where a request goes ---------------------------------------------- */

/* For p->m and p->e. 0, or the status of the refusal. */
int cx_way_find(struct cx_proxy *p, uint16_t in_listener, struct cx_way *way);
/* A URI whose host or maddr is an address that a group or a trusted network knows, or the
 * host name of an element: one of its servers, by the Call-ID of p->m. 0 or -ENOENT. */
int cx_way_to_uri(const struct cx_proxy *p, const struct cx_uri *uri, uint16_t side, struct cx_hop *hop,
		  uint32_t *element);
/* The element at that address, by that transport; CX_NONE. */
uint32_t cx_way_element(const struct cx_proxy *p, const struct cx_hop *hop);
/* dn.c: the group of a number, CX_NONE: no route. */
uint32_t cx_route_find(const struct cx_proxy *p, uint16_t in_listener, struct cx_text user, bool *core);

/* ---- pick.c: the next element of a group ---------------------------------------- */

/* CX_NONE: none is left. `same_q`: of the q of the last one alone (parallel forking). */
uint32_t cx_pick_element(struct cx_proxy *p, const struct cx_context *c, int *q);
/* Whom it looks at first: the call's own element (*known), or that of its slot in the ring. */
uint32_t cx_pick_guess(const struct cx_proxy *p, const struct cx_context *c, bool *known);
void cx_pick_remember(struct cx_proxy *p, const struct cx_context *c, uint32_t element);
int cx_hop_of_element(const struct cx_proxy *p, uint32_t element, struct cx_hop *hop);

/* ---- pause.c: elements that asked to be left alone -------------------------------- */

/* The last word about it. */
const struct cx_pause *cx_pause_of(const struct cx_proxy *p, uint32_t element);
/* It said Retry-After: so many seconds, in a response of that status. */
void cx_pause_element(struct cx_proxy *p, uint32_t element, int status, uint32_t seconds);
/* Seconds until the first of a group's elements may be asked again, at least 1; the
 * group's retry_after_s if none is paused. */
uint32_t cx_pause_left(const struct cx_proxy *p, uint32_t group, uint64_t now_ms);

/* ---- receive.c, validate.c ------------------------------------------------------ */

/* The status with which a request is refused before it is routed (16.3), 0: it is well. */
int cx_validate(struct cx_proxy *p, uint16_t in_listener, uint64_t *loop);
void cx_receive_response(struct cx_proxy *p, const struct cx_hop *from);
/* Says to the owner when a tick is wanted, if that is sooner than it knows. */
void cx_proxy_ask(struct cx_proxy *p);
/* pass.c: an ACK or a CANCEL without a transaction, and what the engine forwards. */
void cx_pass_ack(struct cx_proxy *p, const struct cx_hop *from);
bool cx_pass_response(struct cx_proxy *p, const struct cx_branch_id *id);
bool cx_pass_engine(struct cx_proxy *p, const struct cx_hop *from, const uint8_t *bytes, size_t n);

/* ---- own.c: responses of our own ------------------------------------------------- */

struct cx_own {
	int status;
	const char *reason; /* NULL: the usual phrase */
	uint32_t retry_after_s;
	const struct cx_message *request;
	const struct cx_hop *from;
	struct cx_text lines; /* more header lines */
};
/* Into p->text; the length, or < 0: it cannot be answered. */
int cx_own_build(struct cx_proxy *p, const struct cx_own *own);
void cx_own_respond(struct cx_proxy *p, struct cx_server *s, const struct cx_own *own);
void cx_own_stateless(struct cx_proxy *p, const struct cx_own *own);
/* Is p->m, an ACK, that of a response which we made without state? Its To tag says so. */
bool cx_own_acked(const struct cx_proxy *p);
/* Where responses to a request that came from there go (18.2.2, RFC 3581). */
struct cx_hop cx_reply_hop(const struct cx_hop *from, const struct cx_via_value *via);

/* ---- context.c, forward.c, edit.c, failover.c ------------------------------------ */

/* For p->m; NULL: no memory. */
struct cx_context *cx_context_new(struct cx_proxy *p, struct cx_server *s, const struct cx_hop *from,
				  const struct cx_way *way);
/* The final response has gone, or never will. */
void cx_context_end(struct cx_proxy *p, struct cx_context *c);
/* Starts what is next, or answers when nothing is left: after every change. May
 * end the context. */
void cx_context_check(struct cx_proxy *p, struct cx_context *c);
void cx_context_cancel(struct cx_proxy *p, struct cx_context *c, struct cx_text reason_lines);
/* p->request and p->request_e of the context. 0 or -EINVAL. */
int cx_context_open(struct cx_proxy *p, struct cx_context *c);

/* One try: 0; -errno: it failed at once, and that is noted. */
int cx_forward(struct cx_proxy *p, struct cx_context *c, const struct cx_hop *hop, uint32_t element,
	       struct cx_text uri, uint16_t breadth);
/* How long an element may stay silent; 0: as long as the transaction may. */
uint32_t cx_try_ms(const struct cx_proxy *p, uint32_t group, const struct cx_hop *hop,
		   const struct cx_txn_timers *timers);
/* 18.1.1: too long for a datagram. -EMSGSIZE: there is no other way. */
int cx_hop_over_tcp(const struct cx_proxy *p, struct cx_hop *hop);
/* And back, however long it is. False: there is no UDP. */
bool cx_hop_over_udp(const struct cx_proxy *p, struct cx_hop *hop);
/* The edits of 16.6 on `m` for p->edits. 0 or an error of them. */
struct cx_forwarding {
	const struct cx_message *m;
	const struct cx_essentials *e;
	const struct cx_hop *from, *to;
	const struct cx_way *way;
	struct cx_text branch;
	struct cx_text uri; /* n = 0: as it is */
	uint16_t breadth;   /* 0: leave Max-Breadth as it is */
};
int cx_forward_edit(struct cx_proxy *p, const struct cx_forwarding *f);
/* Content-Length where the next hop cannot do without. */
void cx_edit_length(struct cx_edits *e, const struct cx_message *m, uint8_t transport);

/* The branch of a client transaction whose response is wanted `back` there. */
struct cx_text cx_branch_of(const struct cx_proxy *p, char out[CX_BRANCH_MAX], uint64_t handle, uint64_t loop,
			    const struct cx_hop *back, struct cx_text call_id);

/* failover.c: what happened to a branch */
void cx_branch_over(struct cx_proxy *p, struct cx_branch *b, enum cx_try_end end, uint16_t status);
void cx_branch_failed(struct cx_proxy *p, struct cx_branch *b, int errnum);
/* An answer is there: whoever has said nothing yet is not waited for. */
void cx_abandon_silent(struct cx_proxy *p, struct cx_context *c);
/* Nobody but the overdue is left to wait for: if there is somewhere else to go, it is
 * time. */
void cx_abandon_overdue(struct cx_proxy *p, struct cx_context *c);
void cx_try_over(void *ctx, struct cx_client *c);
void cx_no_answer(void *ctx, struct cx_client *c);
void cx_client_expired(void *ctx, struct cx_client *c);
/* waiting.c: for a first response from its hop */
void cx_waiting_add(struct cx_proxy *p, struct cx_branch *b);
void cx_waiting_remove(struct cx_branch *b);
void cx_sign(struct cx_proxy *p, uint32_t element, enum cx_proxy_sign sign);
bool cx_is_failover_code(const struct cx_proxy *p, uint32_t group, int status);

/* best.c, answer.c: what goes upstream (16.7) */
void cx_answer_offer(struct cx_proxy *p, struct cx_context *c, int status, const struct cx_message *m);
void cx_answer_best(struct cx_proxy *p, struct cx_context *c);
int cx_answer_forward(struct cx_proxy *p, struct cx_server *s, const struct cx_message *m,
		      struct cx_text lines);

/* note.c */
struct cx_text cx_tried_reason(struct cx_proxy *p, const struct cx_context *c, int status, char *out,
			       size_t max);
void cx_note(struct cx_proxy *p, const struct cx_context *c, int status);

#endif
