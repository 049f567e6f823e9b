/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * URIs: sip and sips (RFC 3261 19.1, 25.1; RFC 5954), tel (RFC 3966); any other
 * scheme is kept whole. Parts point into the text and stay escaped.
 */
#ifndef CX_SIP_URI_H
#define CX_SIP_URI_H

#include "cxsip/abi.h"
#include "sip/text.h"

enum cx_scheme { CX_SCHEME_OTHER, CX_SCHEME_SIP, CX_SCHEME_SIPS, CX_SCHEME_TEL };

enum cx_host_kind { CX_HOST_NAME, CX_HOST_IPV4, CX_HOST_IPV6 };

struct cx_uri {
	struct cx_text text; /* whole */
	struct cx_text scheme_text;
	struct cx_text user; /* with its own ;parameters (RFC 3261 19.1.6), or a tel number; n = 0: none */
	struct cx_text password; /* p = NULL: none */
	struct cx_text host;	 /* an IPv6 reference with its brackets; n = 0 for tel and other schemes */
	struct cx_text params;	 /* ";..." for cx_params_next() */
	struct cx_text headers;	 /* behind the "?", p = NULL: none */
	uint16_t port;		 /* 0: not written */
	uint8_t scheme;		 /* enum cx_scheme */
	uint8_t host_kind;	 /* enum cx_host_kind */
	union cx_addr addr;	 /* of a numeric host */
};

/*
 * 0; -EINVAL: *why says what is wrong ("Bad Host in URI"), static. A scheme that
 * is none of ours is no error: scheme is CX_SCHEME_OTHER. why may be NULL.
 */
int cx_uri_parse(struct cx_text text, struct cx_uri *uri, const char **why);

/* A URI parameter, case-insensitive; value->p = NULL: it has no value. */
static inline bool cx_uri_param(const struct cx_uri *uri, const char *name, struct cx_text *value)
{
	return cx_params_find(uri->params, name, value);
}

/* 16.4: a loose router. */
bool cx_uri_is_loose(const struct cx_uri *uri);
/* The URI with the place to send to as its host: ;maddr, if it has one that says something
 * (19.1.1; RFC 3263 4). */
struct cx_uri cx_uri_target(const struct cx_uri *uri);
bool cx_uri_has_maddr(const struct cx_uri *uri);
/* Of ;transport=, or the scheme's (sip: UDP, sips: TLS); -EINVAL: another one. RFC 3261 18.1.1, 26.2.2 */
int cx_uri_transport(const struct cx_uri *uri);
/* The port to send to: as written, else 5061 for sips, else the transport's. */
uint16_t cx_uri_port(const struct cx_uri *uri);
/* Does it say the port of its scheme, or none? */
static inline bool cx_uri_port_is_default(const struct cx_uri *uri)
{
	return !uri->port || uri->port == (uri->scheme == CX_SCHEME_SIPS ? 5061 : 5060);
}
/* The digits of a user part or tel number (up to its parameters), as written. RFC 3261 19.1.6 */
struct cx_text cx_uri_user_part(const struct cx_uri *uri);

/* RFC 3261 19.1.4, RFC 3966 4. Other schemes: equal but for the scheme's case. */
bool cx_uri_equal(const struct cx_uri *a, const struct cx_uri *b);

/* Writes the text without %-escapes. Returns the length, or -ENOSPC; -EINVAL: a bad escape. */
int cx_text_unescape(struct cx_text t, char *out, uint32_t max);
/* Equal when unescaped; a reserved character is not its escape (19.1.4). */
bool cx_text_equal_escaped(struct cx_text a, struct cx_text b, bool nocase);

/* A numeric host ("192.0.2.1", "[2001:db8::1]"; Via also has IPv6 without brackets). */
enum cx_host_kind cx_host_parse(struct cx_text host, union cx_addr *addr);
/* Takes "host[:port]" off *t; *port is 0 without one. 0 or -EINVAL. */
int cx_host_take(struct cx_text *t, struct cx_text *host, uint16_t *port);

/* "UDP", "tcp", ... -> enum cx_transport, or -EINVAL. */
int cx_transport_of_name(struct cx_text name);
/* "UDP" */
struct cx_text cx_transport_name(enum cx_transport transport);
/* Its default port; 5060 for one that is not known (a negative number). */
uint16_t cx_transport_port(int transport);

#endif
