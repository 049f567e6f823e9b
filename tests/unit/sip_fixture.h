/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the tests of userspace/sip share: messages in exact copies on the heap, so
 * that a sanitizer sees a read behind the end, and texts to compare with.
 */
#ifndef CX_TESTS_SIP_FIXTURE_H
#define CX_TESTS_SIP_FIXTURE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "sip/message.h"

/* An INVITE as it is, with room for more lines in front of CSeq. */
#define INVITE_WITH(lines)                                                                                   \
	"INVITE sip:1006@example.com SIP/2.0\r\n"                                                            \
	"Via: SIP/2.0/UDP 192.0.2.1:5061;branch=z9hG4bKa;rport\r\n"                                          \
	"Max-Forwards: 70\r\n"                                                                               \
	"From: \"A\" <sip:a@example.com>;tag=1\r\n"                                                          \
	"To: <sip:1006@example.com>\r\n"                                                                     \
	"Call-ID: call@example.com\r\n" lines "CSeq: 7 INVITE\r\n"                                           \
	"Content-Length: 4\r\n"                                                                              \
	"\r\n"                                                                                               \
	"body"

struct sip_fixture {
	struct cx_message m;
	struct cx_field fields[CX_FIELDS_DEFAULT];
	char *copy;
};

static inline int sip_index_n(struct sip_fixture *f, const void *p, size_t n, enum cx_framing framing)
{
	free(f->copy);
	f->copy = malloc(n ? n : 1);
	memcpy(f->copy, p, n);
	cx_message_init(&f->m, f->fields, CX_FIELDS_DEFAULT, CX_MESSAGE_SIZE_DEFAULT);
	return cx_message_index(&f->m, f->copy, n, framing);
}

static inline int sip_index(struct sip_fixture *f, const char *text)
{
	return sip_index_n(f, text, strlen(text), CX_DATAGRAM);
}

static inline void sip_fixture_free(struct sip_fixture *f)
{
	free(f->copy);
	f->copy = NULL;
}

#define assert_text(t, expected)                                                                             \
	do {                                                                                                 \
		struct cx_text got_ = (t);                                                                   \
		if (got_.n != strlen(expected) || memcmp(got_.n ? got_.p : "", expected, got_.n))            \
			fail_msg("%s: '%.*s' instead of '%s'", #t, (int)got_.n, got_.n ? got_.p : "",        \
				 expected);                                                                  \
	} while (0)

#endif
