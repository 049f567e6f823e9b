/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Verdicts and reasons: why the fast path, or the daemon's stateless path, did
 * what it did with a datagram. Every datagram for a listener is counted under
 * exactly one reason a body. The numbers are map indexes and part of the ABI:
 * append, never reorder.
 *
 * X(NAME, name, verdict, text)
 */
#ifndef CXSIP_REASON_H
#define CXSIP_REASON_H

#include "base.h"

enum cx_verdict {
	CX_FORWARD = 0, /* composed and sent on */
	CX_UP = 1,      /* untouched, to the daemon (in the daemon: answered or handled there) */
	CX_DROP = 2,    /* dropped and counted */
};

#define CX_REASONS(X)                                                                              \
	X(REQUEST, request, FORWARD, "request forwarded")                                          \
	X(RESPONSE, response, FORWARD, "response forwarded")                                       \
	X(KEEPALIVE, keepalive, UP, "keep-alive (CRLF or empty datagram)")                         \
	X(NOT_SIP, not_sip, UP, "start line is neither a SIP/2.0 request nor a response")          \
	X(VERSION, version, UP, "SIP version other than 2.0")                                      \
	X(TOO_BIG, too_big, UP, "message longer than this body's buffer")                          \
	X(TOO_MANY_HEADERS, too_many_headers, UP, "more header lines than this body's index")      \
	X(LONG_VALUE, long_value, UP, "a value that routing needs is longer than this body takes")  \
	X(NO_HEADER_END, no_header_end, UP, "no empty line after the headers")                     \
	X(BARE_LF, bare_lf, UP, "a line ends without CR")                                          \
	X(FOLDED, folded, UP, "a header that routing needs is folded or oddly spaced")             \
	X(MISSING_HEADER, missing_header, UP, "a mandatory header is missing")                     \
	X(DUPLICATE_HEADER, duplicate_header, UP, "a header that must be single appears twice")    \
	X(BAD_URI, bad_uri, UP, "the Request-URI cannot be parsed")                                \
	X(BAD_SCHEME, bad_scheme, UP, "the Request-URI's scheme is not sip or tel; sips needs TLS") \
	X(BAD_VIA, bad_via, UP, "the topmost Via cannot be parsed")                                \
	X(BAD_CSEQ, bad_cseq, UP, "CSeq is malformed or names another method")                     \
	X(BAD_LENGTH, bad_length, UP, "Content-Length does not fit the datagram")                  \
	X(BAD_TO, bad_to, UP, "To cannot be parsed")                                               \
	X(BAD_ROUTE, bad_route, UP, "Route cannot be parsed, or names a strict router")            \
	X(NO_BRANCH, no_branch, UP, "topmost Via without an RFC 3261 branch")                      \
	X(BAD_MAX_FORWARDS, bad_max_forwards, UP, "Max-Forwards is not a number from 0 to 255")    \
	X(MAX_FORWARDS, max_forwards, UP, "Max-Forwards has reached 0")                            \
	X(NO_MAX_FORWARDS, no_max_forwards, UP, "no Max-Forwards: the daemon adds one")            \
	X(PROXY_REQUIRE, proxy_require, UP, "Proxy-Require asks for an extension")                 \
	X(FOR_US, for_us, UP, "addressed to the proxy itself")                                     \
	X(REGISTER, register, UP, "REGISTER is the daemon's")                                      \
	X(NO_ROUTE, no_route, UP, "no route for this DN")                                          \
	X(NO_ELEMENT, no_element, UP, "no element of the group is up")                             \
	X(CORE_ROUTE, core_route, UP, "the route or group asks for the daemon")                    \
	X(UNKNOWN_TARGET, unknown_target, UP, "next hop is no address of a group or trusted network") \
	X(OTHER_FAMILY, other_family, UP, "next hop is of the other address family")               \
	X(FRAGMENT, fragment, UP, "IP fragment")                                                   \
	X(IP_OPTIONS, ip_options, UP, "IP options or extension headers")                           \
	X(BAD_PACKET, bad_packet, UP, "IP or UDP length does not fit the frame")                   \
	X(PARTIAL_CSUM, partial_csum, UP, "checksum left to hardware that is not there")           \
	X(MTU, mtu, UP, "result does not fit the next hop's MTU")                                  \
	X(HEADROOM, headroom, UP, "no room in front of the frame")                                 \
	X(HEAD_TOO_BIG, head_too_big, UP, "the part to rewrite is longer than this body's buffer") \
	X(NO_NEXTHOP, no_nexthop, UP, "no route or no resolved neighbour for the next hop")        \
	X(LOCAL, local, UP, "next hop is this host")                                               \
	X(TRANSACTION, transaction, UP, "response to a transaction of the daemon")                 \
	X(BUG, bug, UP, "an engine invariant did not hold")                                        \
	X(SOURCE_DENIED, source_denied, DROP, "source address is in no CIDR of the network")       \
	X(FORGED_RESPONSE, forged_response, DROP, "response without a branch of ours")             \
	X(BAD_COOKIE, bad_cookie, DROP, "branch of ours with a wrong MAC, key or listener")        \
	X(BAD_RESPONSE, bad_response, DROP, "malformed response")                                  \
	X(SEND_FAILED, send_failed, DROP, "the kernel refused to send it")

enum cx_reason {
#define CX_X(NAME, name, verdict, text) CX_R_##NAME,
	CX_REASONS(CX_X)
#undef CX_X
	CX_REASON_COUNT
};

_Static_assert(CX_REASON_COUNT <= 64, "cx_reason_verdict() has a bit for each reason");

/* As the table says. Masks, because a BPF program has no table to look into. */
CX_INLINE enum cx_verdict cx_reason_verdict(__u32 reason)
{
#define CX_X(NAME, name, verdict, text) | (__u64)(CX_##verdict == CX_DROP) << CX_R_##NAME
	const __u64 drop = 0 CX_REASONS(CX_X);
#undef CX_X
#define CX_X(NAME, name, verdict, text) | (__u64)(CX_##verdict == CX_FORWARD) << CX_R_##NAME
	const __u64 forward = 0 CX_REASONS(CX_X);
#undef CX_X

	if (drop >> (reason & 63) & 1)
		return CX_DROP;
	return forward >> (reason & 63) & 1 ? CX_FORWARD : CX_UP;
}

#endif
