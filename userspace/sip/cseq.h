/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Headers with a number: CSeq (RFC 3261 20.16), RAck (RFC 3262 7.2),
 * Max-Forwards, Content-Length, Retry-After and their like.
 */
#ifndef CX_SIP_CSEQ_H
#define CX_SIP_CSEQ_H

#include "sip/message.h"

struct cx_cseq {
	uint32_t number; /* below 2**31 (8.1.1.5) */
	enum cx_method method;
	struct cx_text number_text; /* as written */
	struct cx_text method_text;
};
/* 0 or -EINVAL. */
int cx_cseq_parse(struct cx_text value, struct cx_cseq *cseq);
/* Of a message. 0, -ENOENT or -EINVAL. */
int cx_cseq_of(const struct cx_message *m, struct cx_cseq *cseq);

struct cx_rack {
	uint32_t rseq;
	struct cx_cseq cseq;
};
int cx_rack_parse(struct cx_text value, struct cx_rack *rack);

/* The number of a header that is nothing but one. 0, -ENOENT, -EINVAL, -ERANGE: above max. */
int cx_message_number(const struct cx_message *m, enum cx_header_id id, uint32_t max, uint32_t *value);
/* Retry-After in seconds, without its comment and parameters (20.33). 0, -ENOENT or -EINVAL. */
int cx_retry_after(const struct cx_message *m, uint32_t *seconds);

#endif
