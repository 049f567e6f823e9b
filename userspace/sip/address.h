/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * name-addr and addr-spec: From, To, Contact, Route, Record-Route, Refer-To and
 * their like (RFC 3261 20.10, 25.1). Without angle brackets all parameters are
 * the header's, not the URI's.
 */
#ifndef CX_SIP_ADDRESS_H
#define CX_SIP_ADDRESS_H

#include "sip/message.h"
#include "sip/uri.h"

struct cx_address {
	struct cx_text text;	/* whole value, trimmed */
	struct cx_text display; /* with its quotes; n = 0: none */
	struct cx_text uri;	/* not parsed */
	struct cx_text params;	/* ";tag=..." of the header, for cx_params_next() */
	bool brackets;		/* <> were there */
	bool star;		/* Contact: * */
};

/* One value. 0; -EINVAL: unbalanced quotes or brackets, no URI, odd characters behind it. */
int cx_address_parse(struct cx_text value, struct cx_address *address);
/* The tag of a From or To value; n = 0: none (RFC 2543) */
struct cx_text cx_address_tag(const struct cx_address *address);
/* Both at once: the address and its URI. */
int cx_address_parse_uri(struct cx_text value, struct cx_address *address, struct cx_uri *uri);
/* q of a Contact in thousandths (RFC 3261 25.1); 1000 without one; -EINVAL: none of the grammar. */
int cx_address_q(const struct cx_address *address);

#endif
