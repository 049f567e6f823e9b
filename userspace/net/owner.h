/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which worker a message belongs to: everything of one Call-ID is one worker's.
 * The same rule as that of the steering program (cxsip/steer.h). Pure.
 */
#ifndef CX_NET_OWNER_H
#define CX_NET_OWNER_H

#include <stddef.h>
#include <stdint.h>
#include "cxsip/abi.h"

/* The Call-ID's value in a message: *at and *n; -1: there is none. The first one
 * counts, up to the end of its field, without blanks around it: an answer need not be
 * folded as its request was. */
int cx_owner_call_id(const uint8_t *p, size_t length, size_t *at, size_t *n);
/* Number of the worker, of so many; without a Call-ID the first. */
unsigned cx_owner(const struct cx_siphash_key *hash, const uint8_t *p, size_t n, unsigned workers);

#endif
