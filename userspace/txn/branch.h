/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The branch of our Via in a request that a transaction sent (RFC 3261 8.1.1.7,
 * 16.6 step 8): it names the client transaction, so a response is found by index,
 * and carries what loop detection needs (16.3 step 4, RFC 5393).
 *
 *   z9hG4bK T head(8) generation, MAC(16) loop(8)
 *
 * in the alphabet of the stateless cookie (cxsip/cookie.h), six bits a character.
 * head has worker, node, key and generation of the daemon where the cookie's
 * head has them, so that a response is steered to its worker alike:
 *   version 2 | 0 1 | key 1 | daemon's generation 2 | worker 10 | node 8 | 0 2 | slot 22
 * MAC = SipHash-2-4(key, head | slot's generation | loop | Call-ID).
 */
#ifndef CX_TXN_BRANCH_H
#define CX_TXN_BRANCH_H

#include "cxsip/abi.h"
#include "sip/text.h"
#include "txn/table.h"

#define CX_BRANCH_SIZE 40 /* with the 7 of the magic cookie; not terminated */

struct cx_branch_place {
	uint32_t worker, node, generation; /* this core's, for what it sends */
};

void cx_branch_write(char out[CX_BRANCH_SIZE], const struct cx_key *key, const struct cx_branch_place *place,
		     uint64_t handle, uint64_t loop, struct cx_text call_id);
/* Reads one and verifies it. 0; -ENOENT: none of ours; -EBADMSG: forged, or the
 * key is gone. Of a branch that another worker wrote, *worker is not ours. */
int cx_branch_read(struct cx_text branch, const struct cx_key *key, struct cx_text call_id, uint64_t *handle,
		   uint32_t *worker);
/* The loop hash alone (48 bits), not verified. False: none of ours. */
bool cx_branch_loop(struct cx_text branch, uint64_t *loop);

#endif
