/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The probe on the wire: one OPTIONS request (RFC 3261 section 11.1), and the
 * branch by which its response is known. Pure.
 *
 * Behind "z9hG4bK" the branch is CX_PROBE_MODE, the element and a nonce. The
 * mode is what tells both bodies of the engine that the response belongs to
 * the daemon; the branch of a forwarded request never has it.
 */
#ifndef CX_HEALTH_OPTIONS_H
#define CX_HEALTH_OPTIONS_H

#include "cxsip/abi.h"
#include <stddef.h>
#include <stdint.h>

#define CX_PROBE_MODE 'T'
#define CX_PROBE_BRANCH 26 /* 'T', 8 + 16 hexadecimal digits, NUL */
#define CX_PROBE_MAX 1024

struct cx_probe {
	uint32_t element;
	uint32_t sequence; /* of CSeq: 1 .. 2**31 - 1 */
	uint64_t nonce;	   /* not to be guessed */
};

/* The request from this listener to this URI. Returns its length, at most
 * CX_PROBE_MAX, or 0 if it would be longer. */
size_t cx_options_build(const struct cx_probe *probe, const struct cx_listener *listener, const char *uri,
			char out[CX_PROBE_MAX]);
/* Reads what follows "z9hG4bK". 0, or -EINVAL: not of a probe. */
int cx_options_branch(const char *branch, size_t n, uint32_t *element, uint64_t *nonce);

#endif
