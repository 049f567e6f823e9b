/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What transactions and routing read of every message, parsed once (RFC 3261
 * 16.3 step 1, 8.1.1, 17): a message that passes can be forwarded and answered.
 */
#ifndef CX_SIP_CHECK_H
#define CX_SIP_CHECK_H

#include "sip/address.h"
#include "sip/cseq.h"
#include "sip/via.h"

struct cx_essentials {
	struct cx_via_value via; /* the topmost */
	struct cx_address from, to;
	struct cx_text from_tag, to_tag; /* n = 0: none */
	struct cx_text call_id;
	struct cx_cseq cseq;
	int max_forwards;  /* -1: none */
	struct cx_uri uri; /* Request-URI of a request */
};

/*
 * Reads them from an indexed message. 0, or -EINVAL: *fault says what is wrong
 * (400 with "Missing To", "Bad CSeq", "CSeq Names Another Method", ...; 416 for a
 * Request-URI whose scheme is none of ours), and e is filled as far as it goes.
 * Start with m->fault: this does not repeat it.
 */
int cx_message_check(const struct cx_message *m, struct cx_essentials *e, struct cx_fault *fault);

#endif
