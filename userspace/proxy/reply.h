/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Stateless answers of the proxy itself (RFC 3261 sections 8.2.6, 16.3, 16.5):
 * what a reason of the engine means on the wire. Pure.
 */
#ifndef CX_PROXY_REPLY_H
#define CX_PROXY_REPLY_H

#include <stdint.h>
#include <stddef.h>
#include "cxsip/abi.h"
#include "sip/via.h"

struct cx_reply_context {
	union cx_addr source;
	uint16_t source_port;
	enum cx_reason reason;	/* a 400 says what is bad in its phrase; CX_R_REQUEST: just "Bad Request" */
	uint32_t retry_after_s; /* for 503, 0: none */
	uint64_t tag_key;	/* secret: the To tag is a keyed hash, the same for a retransmission */
	const char *server;	/* Server header value, NULL: none */
};

/* The status for a reason (400, 404, 405, 416, 420, 483, 503, 505, 513; 200 for
 * an OPTIONS to the proxy; 500 where the proxy itself is at its wits' end), or
 * 0: nothing is to be sent (ACK, responses, keep-alives, what was dropped, a
 * message without what a reply needs). */
int cx_reply_status(enum cx_reason reason, const uint8_t *msg, size_t n);
/* Writes the response. Via copied with received and rport filled in (RFC 3581),
 * From, To with tag, Call-ID, CSeq copied; 420 gets Unsupported, 405 and the
 * 200 get Allow, 200 Accept and Supported. Returns the length, or 0 if the
 * request is too broken to be answered (no readable Via or no CSeq: a client
 * matches responses by these), or is an ACK or a response, or max is too
 * small. Where it is to be sent (RFC 3261 18.2.2, RFC 3581): *to_port on the
 * source address. */
size_t cx_reply_build(const struct cx_reply_context *ctx, int status, const uint8_t *msg, size_t n,
		      uint8_t *out, size_t max, uint16_t *to_port);
/* The To tag of answers of our own: the same for a request, its retransmissions and its
 * CANCEL (RFC 3261 8.2.7, 9.2), and no other's to guess. The ACK of such an answer has
 * it, too. */
#define CX_REPLY_TAG 17
struct cx_text cx_reply_tag(uint64_t key, const struct cx_message *m, const struct cx_via_value *via,
			    char text[CX_REPLY_TAG]);

#endif
