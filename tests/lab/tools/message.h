/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * As much SIP as the lab's media servers need to answer a call: find a header,
 * read a parameter, write a response. Deliberately not the proxy's own code: a
 * test that shares the parser of what it tests shares its mistakes.
 *
 * Text is a view into the datagram; nothing is copied or NUL-terminated.
 * Compact header names count (RFC 3261 7.3.3); folded lines do not occur in
 * what the lab sends.
 */
#ifndef LAB_MESSAGE_H
#define LAB_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct text {
	const char *p;
	size_t n;
};

bool text_is(struct text t, const char *word);	       /* exact */
bool text_begins(struct text t, const char *word);     /* exact */

/* First word of the request line; empty for a response or anything else. */
struct text message_method(struct text msg);
/* User part of the Request-URI, empty if there is none. */
struct text message_user(struct text msg);
/* Value of the nth (from 0) header of that name, long or compact; n = 0 length if absent. */
struct text message_header(struct text msg, const char *name, char compact, unsigned nth);
/* The CSeq's number, 0 if it cannot be read. */
uint32_t message_cseq(struct text msg);

struct answer {
	int status;
	const char *reason;
	const char *to_tag;	  /* added to To when it has none; NULL: never */
	const char *contact_host; /* "10.2.1.2:5060" or "[fd00::2]:5060" */
	bool sdp;
	const char *retry_after; /* NULL: none */
};

/* Writes a response to msg (RFC 3261 8.2.6): every Via, From, To, Call-ID, CSeq
 * and Record-Route copied. Returns its length, or 0 if it does not fit. */
size_t message_answer(struct text msg, const struct answer *a, char *out, size_t max);
/* Where a response goes (RFC 3261 18.2.2, RFC 3581): to the address that the
 * request came from, at its port for rport, else at the topmost Via's. */
void message_response_port(struct text msg, struct sockaddr_storage *peer);

#endif
