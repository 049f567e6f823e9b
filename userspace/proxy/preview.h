/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the proxy core would do with a message, for `explain`: which elements it
 * would ask, in which order, and what it would send to the first.
 *
 * It is not told again by rules of its own: the message goes through a core that
 * exists for this question alone, in which every try fails at once, so that the
 * next one follows. Nothing is sent, and nothing of the world changes.
 */
#ifndef CX_PROXY_PREVIEW_H
#define CX_PROXY_PREVIEW_H

#include "base/hop.h"
#include "route/world.h"
#include "txn/txn.h"

#define CX_PREVIEW_TRIES 16

struct cx_preview_try {
	uint32_t element;  /* CX_NONE: an address that no group knows */
	struct cx_hop hop; /* of which `listener` is ours that it leaves by */
	uint32_t try_ms;   /* without any response the next one follows; 0: the transaction's own time */
};

struct cx_preview {
	uint32_t group;	     /* CX_NONE: by address, or refused */
	uint32_t slot;	     /* of the Call-ID in the group's ring; CX_NONE: no ring */
	uint32_t remembered; /* element of an earlier request of this Call-ID; CX_NONE */
	bool in_dialog;
	bool stateless; /* passed on without a transaction, like an ACK: no other is tried */
	struct cx_preview_try tries[CX_PREVIEW_TRIES];
	uint8_t n_tries;
	struct cx_txn_timers timers; /* of the network that the first one leaves by */
	uint8_t *sent;		     /* to the first; malloc'd */
	size_t n_sent;
	unsigned record_routes; /* that the core added to it: 2 if in and out differ (RFC 5658) */
	int status;		/* that the caller gets if all tries fail, or there is none; 0: nothing */
	uint32_t retry_after_s; /* with it */
};

/* A request that came from there, as it would fare with this worker's core.
 * 0; -ENOMEM; -EINVAL: it is no request. cx_preview_free() in all cases. */
int cx_preview(struct cx_world *w, uint32_t worker, const struct cx_hop *from, const uint8_t *p, size_t n,
	       uint64_t now_ms, struct cx_preview *out);
void cx_preview_free(struct cx_preview *preview);

#endif
