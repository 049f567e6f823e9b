/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A hop: where a message came from, or goes to. Plain data that the pure rooms
 * pass around and only net/ acts on; equal bytes are equal hops, so it has no
 * hidden padding.
 *
 * A connection is named by index and generation, never by a pointer: a handle
 * that outlives its connection goes nowhere, and says so (-ENOTCONN).
 */
#ifndef CX_BASE_HOP_H
#define CX_BASE_HOP_H

#include "cxsip/abi.h"

#define CX_NO_CONNECTION 0xffffffffu /* any connection to that address, opened if there is none */

struct cx_hop {
	union cx_addr addr; /* the peer's */
	uint16_t port;	    /* host order */
	uint16_t listener;  /* ours: its id names our address and the network */
	uint8_t transport;  /* enum cx_transport */
	uint8_t any_length; /* of a datagram: it goes by UDP however long it is (18.1.1); 0 or 1 */
	/* of a response: when its connection is gone, one to this port of the peer's takes
	 * its place (RFC 3261 18.2.2); 0: there is no other way */
	uint16_t return_port;
	uint32_t connection; /* of a stream transport, else CX_NO_CONNECTION */
	uint32_t generation;
};

#endif
