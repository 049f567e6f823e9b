/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of a worker's stateful side share. Private to them: stateful.c (the
 * core's life and what goes into it), core_ops.c (what the core asks for), streams.c
 * (connections), unreachable.c (who cannot be reached).
 */
#ifndef CX_CXSIPD_STATEFUL_H
#define CX_CXSIPD_STATEFUL_H

#include "cxsipd/parts.h"
#include "txn/branch.h"

/* Between workers. */
struct cx_letter_message { /* then its bytes */
	struct cx_hop from;
};
struct cx_letter_failed {
	uint64_t token;
	int errnum;
};
struct cx_letter_bounced {
	struct cx_letter_unreachable gone;
	uint32_t n;
	char branch[CX_BRANCH_MAX]; /* quoted */
};

/* stateful.c */
static inline uint64_t cx_sip_now(const struct cx_sip *sip)
{
	return uv_now(cx_worker_loop(sip->worker));
}
/* A letter of two pieces; what finds no room is lost, and the log says so. */
void cx_sip_post(struct cx_sip *sip, unsigned to, uint32_t kind, const void *head, size_t head_n,
		 const void *p, size_t n);
/* The core, with the world of this turn. */
struct cx_proxy *cx_sip_core(struct cx_sip *sip);
/* Whose the message is, by its Call-ID. */
unsigned cx_sip_owner(struct cx_sip *sip, const uint8_t *p, size_t n);
void cx_sip_to_core_of(struct cx_sip *sip, unsigned owner, const struct cx_hop *from, const uint8_t *p,
		       size_t n);

/* core_ops.c */
extern const struct cx_proxy_ops cx_sip_core_ops; /* ctx: struct cx_sip */
void cx_sip_on_core_timer(uv_timer_t *timer);

/* streams.c */
int cx_sip_start_tcp(struct cx_sip *sip);
/* Another thread's message, by a connection of this worker's. */
void cx_sip_send_for(struct cx_sip *sip, unsigned from, const struct cx_letter_send *letter, size_t n);

/* unreachable.c. Another thread has told; or asks whether this one's core wrote that. */
void cx_sip_told_unreachable(struct cx_sip *sip, const struct cx_letter_unreachable *gone);
void cx_sip_told_bounced(struct cx_sip *sip, const struct cx_letter_bounced *bounced);

#endif
