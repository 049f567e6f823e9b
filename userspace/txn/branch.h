/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The branch of our Via in a request that a transaction sent (RFC 3261 8.1.1.7,
 * 16.6 step 8): it names the client transaction, so a response is found by index;
 * it carries what loop detection needs (16.3 step 4, RFC 5393); and it says where
 * the response is wanted, so that a daemon that was started since then can still
 * pass it on.
 *
 *   z9hG4bK T head(8) generation, MAC(16) loop(8) back(16 IPv4, 32 IPv6)
 *
 * in the alphabet of the stateless cookie (cxsip/cookie.h), six bits a character.
 * head has worker, node, key and generation of the daemon where the cookie's
 * head has them:
 *   version 2 | 0 1 | key 1 | daemon's generation 2 | worker 10 | node 8 | 0 2 | slot 22
 * back: listener 8 | IPv6 1 | 0 7 | port 16 | address 32 or 128, padded with 0.
 * MAC = SipHash-2-4(key, head | slot's generation | loop | back | Call-ID).
 */
#ifndef CX_TXN_BRANCH_H
#define CX_TXN_BRANCH_H

#include "base/hop.h"
#include "sip/text.h"
#include "txn/table.h"

#define CX_BRANCH_MAX 72 /* with the 7 of the magic cookie; not terminated */

struct cx_branch_id {
	uint64_t handle;		   /* of the client transaction */
	uint64_t loop;			   /* 48 bits */
	uint32_t worker, node, generation; /* the core's that sent it; generation: 2 bits */
	struct cx_hop back;		   /* listener, address and port alone */
};

/* Returns the length. */
uint32_t cx_branch_write(char out[CX_BRANCH_MAX], const struct cx_key *key, const struct cx_branch_id *id,
			 struct cx_text call_id);
/* Reads one and verifies it. 0; -ENOENT: none of ours; -EBADMSG: forged, or the
 * key is gone. */
int cx_branch_read(struct cx_text branch, const struct cx_key *key, struct cx_text call_id,
		   struct cx_branch_id *id);
/* The first in some bytes that may be cut off anywhere; n = 0: there is no whole one. */
struct cx_text cx_branch_in(struct cx_text bytes);
/* What one claims, not verified. False: none of ours. */
bool cx_branch_claims(struct cx_text branch, struct cx_branch_id *id);
/* The loop hash alone, not verified. False: none of ours. */
bool cx_branch_loop(struct cx_text branch, uint64_t *loop);

#endif
