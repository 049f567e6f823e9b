/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the next message of a stream ends (RFC 3261 18.3, RFC 5626 4.4.1). The
 * owner keeps a struct cx_frame a connection, and calls cx_frame_next() with
 * the bytes that are not yet consumed, as often as more arrive; no byte is
 * scanned twice.
 */
#ifndef CX_SIP_FRAME_H
#define CX_SIP_FRAME_H

#include "sip/fault.h"
#include "sip/text.h"

enum cx_frame_kind {
	CX_FRAME_MESSAGE,
	CX_FRAME_LINE, /* an empty line: a pong, or the first half of a ping */
	CX_FRAME_PING, /* the second one in a row: to be answered with CRLF */
};

struct cx_frame {
	/* -- limits, of cx_frame_init() */
	uint32_t head_max; /* start line, headers, empty line */
	uint32_t size_max; /* with the body */
	/* -- state */
	uint32_t scanned;	/* bytes of this frame that were read */
	uint32_t line;		/* where the line begins that is being read */
	uint32_t field;		/* where the field begins that is being read */
	uint32_t head_n;	/* 0: the empty line has not come yet */
	uint32_t total;		/* with the body */
	int64_t content_length; /* -1: not seen */
	int length_err;
	bool line_before;      /* the frame before was an empty line */
	struct cx_fault fault; /* of the last error */
};

void cx_frame_init(struct cx_frame *f, uint32_t head_max, uint32_t size_max);

/*
 * > 0: bytes of the frame at p, of *kind. 0: incomplete. < 0: the stream cannot
 * be read any further and is to be closed; f->fault says why. If f->head_n is
 * not 0, the head is whole and can be answered first.
 *   -EPROTO    this is no SIP
 *   -EBADMSG   Content-Length missing, given twice with different values, or no number
 *   -EMSGSIZE  head or message beyond the limits
 */
int cx_frame_next(struct cx_frame *f, const void *p, size_t n, enum cx_frame_kind *kind);

#endif
