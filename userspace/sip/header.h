/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The headers that some rule of the proxy names (RFC 3261 20 and extensions).
 * Headers that are not here are CX_HEADER_OTHER: opaque, and passed on intact.
 *
 *   X(ID, name, compact form or 0, shape)
 *
 * SINGLE  may be there once, and framing, matching or routing depends on it: a
 *         second one is a 400 (RFC 4475 3.3.8)
 * LIST    values separated by commas, in one field or several (RFC 3261 7.3.1)
 * OPAQUE  the proxy neither splits nor counts it
 */
#ifndef CX_SIP_HEADER_H
#define CX_SIP_HEADER_H

#include "sip/text.h"

enum cx_header_shape { CX_SINGLE, CX_LIST, CX_OPAQUE };

#define CX_HEADER_TABLE(X)                                                                                   \
	X(VIA, "Via", 'v', LIST)                                                                             \
	X(FROM, "From", 'f', SINGLE)                                                                         \
	X(TO, "To", 't', SINGLE)                                                                             \
	X(CALL_ID, "Call-ID", 'i', SINGLE)                                                                   \
	X(CSEQ, "CSeq", 0, SINGLE)                                                                           \
	X(MAX_FORWARDS, "Max-Forwards", 0, SINGLE)                                                           \
	X(CONTENT_LENGTH, "Content-Length", 'l', SINGLE)                                                     \
	X(CONTENT_TYPE, "Content-Type", 'c', OPAQUE)                                                         \
	X(CONTENT_ENCODING, "Content-Encoding", 'e', LIST)                                                   \
	X(CONTACT, "Contact", 'm', LIST)                                                                     \
	X(ROUTE, "Route", 0, LIST)                                                                           \
	X(RECORD_ROUTE, "Record-Route", 0, LIST)                                                             \
	X(PATH, "Path", 0, LIST)                                                                             \
	X(SERVICE_ROUTE, "Service-Route", 0, LIST)                                                           \
	X(REQUIRE, "Require", 0, LIST)                                                                       \
	X(PROXY_REQUIRE, "Proxy-Require", 0, LIST)                                                           \
	X(SUPPORTED, "Supported", 'k', LIST)                                                                 \
	X(UNSUPPORTED, "Unsupported", 0, LIST)                                                               \
	X(ALLOW, "Allow", 0, LIST)                                                                           \
	X(ALLOW_EVENTS, "Allow-Events", 'u', LIST)                                                           \
	X(EVENT, "Event", 'o', OPAQUE)                                                                       \
	X(EXPIRES, "Expires", 0, OPAQUE)                                                                     \
	X(MIN_EXPIRES, "Min-Expires", 0, OPAQUE)                                                             \
	X(SESSION_EXPIRES, "Session-Expires", 'x', OPAQUE)                                                   \
	X(MIN_SE, "Min-SE", 0, OPAQUE)                                                                       \
	X(RETRY_AFTER, "Retry-After", 0, OPAQUE)                                                             \
	X(RACK, "RAck", 0, OPAQUE)                                                                           \
	X(RSEQ, "RSeq", 0, OPAQUE)                                                                           \
	X(MAX_BREADTH, "Max-Breadth", 0, SINGLE)                                                             \
	X(REASON, "Reason", 0, LIST)                                                                         \
	X(REFER_TO, "Refer-To", 'r', OPAQUE)                                                                 \
	X(REFERRED_BY, "Referred-By", 'b', OPAQUE)                                                           \
	X(REPLACES, "Replaces", 0, OPAQUE)                                                                   \
	X(JOIN, "Join", 0, OPAQUE)                                                                           \
	X(TARGET_DIALOG, "Target-Dialog", 0, OPAQUE)                                                         \
	X(SUBSCRIPTION_STATE, "Subscription-State", 0, OPAQUE)                                               \
	X(SUBJECT, "Subject", 's', OPAQUE)                                                                   \
	X(IDENTITY, "Identity", 'y', OPAQUE)                                                                 \
	X(ACCEPT_CONTACT, "Accept-Contact", 'a', LIST)                                                       \
	X(REJECT_CONTACT, "Reject-Contact", 'j', LIST)                                                       \
	X(REQUEST_DISPOSITION, "Request-Disposition", 'd', LIST)                                             \
	X(AUTHORIZATION, "Authorization", 0, OPAQUE)                                                         \
	X(WWW_AUTHENTICATE, "WWW-Authenticate", 0, OPAQUE)                                                   \
	X(PROXY_AUTHORIZATION, "Proxy-Authorization", 0, OPAQUE)                                             \
	X(PROXY_AUTHENTICATE, "Proxy-Authenticate", 0, OPAQUE)                                               \
	X(P_ASSERTED_IDENTITY, "P-Asserted-Identity", 0, LIST)                                               \
	X(P_PREFERRED_IDENTITY, "P-Preferred-Identity", 0, LIST)                                             \
	X(REMOTE_PARTY_ID, "Remote-Party-ID", 0, LIST)                                                       \
	X(PRIVACY, "Privacy", 0, OPAQUE)                                                                     \
	X(DIVERSION, "Diversion", 0, LIST)                                                                   \
	X(HISTORY_INFO, "History-Info", 0, LIST)                                                             \
	X(TIMESTAMP, "Timestamp", 0, OPAQUE)                                                                 \
	X(WARNING, "Warning", 0, LIST)                                                                       \
	X(DATE, "Date", 0, OPAQUE)                                                                           \
	X(SERVER, "Server", 0, OPAQUE)                                                                       \
	X(USER_AGENT, "User-Agent", 0, OPAQUE)                                                               \
	X(FLOW_TIMER, "Flow-Timer", 0, OPAQUE)

enum cx_header_id {
	CX_HEADER_OTHER,
#define CX_X(ID, name, compact, shape) CX_HEADER_##ID,
	CX_HEADER_TABLE(CX_X)
#undef CX_X
	    CX_HEADER_COUNT
};

/* What a field's name, a token, stands for; case-insensitive, compact forms too. */
enum cx_header_id cx_header_id_of(struct cx_text name);
/* The long name ("" for CX_HEADER_OTHER). */
struct cx_text cx_header_name(enum cx_header_id id);
enum cx_header_shape cx_header_shape_of(enum cx_header_id id);

#endif
