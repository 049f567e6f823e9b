/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Via values (RFC 3261 18.2, 20.42; RFC 3581). Strict about what responses are
 * routed and matched by, opaque about other parameters.
 */
#ifndef CX_SIP_VIA_H
#define CX_SIP_VIA_H

#include "sip/message.h"
#include "sip/uri.h"

struct cx_via_value {
	struct cx_text text;	 /* whole value, trimmed */
	struct cx_text protocol; /* "SIP/2.0/UDP", may hold blanks */
	struct cx_text transport_text;
	int transport;	       /* enum cx_transport, -EINVAL: another one */
	struct cx_text host;   /* sent-by without its port */
	uint16_t port;	       /* of sent-by, 0: not written */
	bool rport;	       /* asked for or filled in */
	bool magic;	       /* the branch is one of RFC 3261 (8.1.1.7) */
	uint16_t rport_value;  /* 0: none yet */
	struct cx_text params; /* ";branch=...", for cx_params_next() */
	struct cx_text branch; /* p = NULL: none */
	struct cx_text received;
	struct cx_text maddr;
	struct cx_text ttl;
};

/* One value (as cx_values_next() gives it). 0; -EINVAL: filled in as far as it could be read. */
int cx_via_parse(struct cx_text value, struct cx_via_value *via);
/* The topmost value of a message. 0, -ENOENT: no Via, -EINVAL. */
int cx_via_first(const struct cx_message *m, struct cx_via_value *via);
/* The port of sent-by, by default that of the transport (18.2.2). */
uint16_t cx_via_port(const struct cx_via_value *via);
/* Same sent-by: host (case-insensitive; addresses by value) and port (17.2.3). */
bool cx_via_same_sent_by(const struct cx_via_value *a, const struct cx_via_value *b);

#endif
