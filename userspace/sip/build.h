/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages that a proxy makes from another one: a response to a request (RFC
 * 3261 8.2.6, 18.2.1; RFC 3581), the ACK for a failure response (17.1.1.3), a
 * CANCEL (9.1). Pure. What is copied is unfolded on the way, control characters
 * become blanks.
 *
 * All return the length, -ENOSPC, or -EINVAL: the message lacks what is needed.
 */
#ifndef CX_SIP_BUILD_H
#define CX_SIP_BUILD_H

#include "cxsip/abi.h"
#include "sip/message.h"

struct cx_response {
	uint16_t status;
	const char *reason;    /* NULL: cx_reason_phrase(status) */
	struct cx_text to_tag; /* put in where To has none; n = 0: none is (100) */
	const union cx_addr
	    *source; /* of the request: fills in received and rport of the topmost Via; NULL: leave it */
	uint16_t source_port;
	struct cx_text lines; /* more header lines, "Name: value\r\n" each */
	struct cx_text body;  /* its Content-Type is among the lines */
};

/*
 * Needs a CSeq and the sent-by of the topmost Via, by which a client matches it;
 * all else is copied as far as it is there. A topmost Via whose parameters
 * cannot be read is copied as it is.
 */
int cx_build_response(const struct cx_message *request, const struct cx_response *r, void *out, size_t max);

/* `invite` as it was sent; To of `response`. */
int cx_build_ack(const struct cx_message *invite, const struct cx_message *response, void *out, size_t max);
/* `request` as it was sent. lines: more header lines (Reason), or empty. */
int cx_build_cancel(const struct cx_message *request, struct cx_text lines, void *out, size_t max);

/* The phrase of RFC 3261 21 and extensions; of its class ("Client Error") if it is unknown. */
const char *cx_reason_phrase(unsigned int status);

#endif
