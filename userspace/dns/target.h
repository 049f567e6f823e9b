/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a SIP name stands for (RFC 3263): where one of its servers is, and how it
 * is chosen among the others.
 */
#ifndef CX_DNS_TARGET_H
#define CX_DNS_TARGET_H

#include <stdbool.h>
#include <string.h>
#include "cxsip/abi.h"

#define CX_TARGETS_MAX 256 /* of a name */

struct cx_target {
	union cx_addr addr;
	uint16_t port;
	uint8_t family;
	uint8_t transport; /* CX_UDP or CX_TCP */
	uint16_t priority; /* of its SRV record: lower ones are tried first; 0 without */
	uint16_t weight;   /* of its SRV record; 0 without */
	uint16_t shares;   /* the addresses of its SRV record, which share the weight; at least 1 */
	bool by_srv;
	bool gone;	  /* has left the answer, and dialogs may still need it */
	uint64_t gone_ms; /* when */
	uint64_t host;	  /* a hash of the name that has the address */
};

/* The same server: whatever its priority and weight. */
static inline bool cx_target_same(const struct cx_target *a, const struct cx_target *b)
{
	return !memcmp(&a->addr, &b->addr, sizeof(a->addr)) && a->port == b->port &&
	       a->transport == b->transport;
}

#endif
