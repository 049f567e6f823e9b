// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stateless responses of the proxy (RFC 3261 8.2.6, 8.2.7, 16.3, 18.2; RFC 3581).
 *
 * - Everything is computed from the request and a key, so a retransmission gets
 *   the same bytes again and nothing needs to be remembered.
 * - What is copied from the request is unfolded on the way, control characters
 *   become blanks: no header of the reply can be of the sender's making.
 * - It goes to the source address always (maddr is ignored), so that a forged
 *   Via cannot aim it at somebody else.
 */
#include <errno.h>
#include <stdio.h>
#include "cxsip/siphash.h"
#include "proxy/reply.h"
#include "sip/build.h"
#include "sip/via.h"
#include "sip/writer.h"

#define CX_FIELDS 1024 /* as many lines as the engine takes in the daemon */
#define CX_REPLY_LINES 2048 /* bytes of headers of our own; a request that asks for more is not answered */
#define CX_ALLOW                                                                                             \
	"INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, SUBSCRIBE, MESSAGE, PUBLISH"

/* ---- status ------------------------------------------------------------- */

static int status_of(enum cx_reason reason, uint16_t method)
{
	switch (reason) {
	case CX_R_FOR_US:
		return method == CX_M_OPTIONS ? 200 : 404;
	case CX_R_VERSION:
		return 505;
	case CX_R_BAD_SCHEME:
		return 416;
	case CX_R_PROXY_REQUIRE:
		return 420;
	case CX_R_MAX_FORWARDS:
		return 483;
	case CX_R_REGISTER:
		return 405;
	case CX_R_NO_ROUTE:
	case CX_R_UNKNOWN_TARGET:
		return 404;
	case CX_R_NO_ELEMENT:
		return 503;
	case CX_R_TOO_BIG:
	case CX_R_HEAD_TOO_BIG:
		return 513;
	case CX_R_TOO_MANY_HEADERS:
	case CX_R_LONG_VALUE:
	case CX_R_NO_HEADER_END:
	case CX_R_BARE_LF:
	case CX_R_FOLDED:
	case CX_R_MISSING_HEADER:
	case CX_R_DUPLICATE_HEADER:
	case CX_R_BAD_URI:
	case CX_R_BAD_VIA:
	case CX_R_BAD_CSEQ:
	case CX_R_BAD_LENGTH:
	case CX_R_BAD_TO:
	case CX_R_BAD_ROUTE:
	case CX_R_NO_BRANCH:
	case CX_R_BAD_MAX_FORWARDS:
		return 400;
	case CX_R_REQUEST:
	case CX_R_RESPONSE:
	case CX_R_KEEPALIVE:
	case CX_R_NOT_SIP:
	case CX_R_TRANSACTION:
	case CX_R_SOURCE_DENIED:
	case CX_R_FORGED_RESPONSE:
	case CX_R_BAD_COOKIE:
	case CX_R_BAD_RESPONSE:
	case CX_R_SEND_FAILED:
		return 0;
	default: /* a valid request that no body forwards, for want of a way out */
		return 500;
	}
}

/* Room for the index of a message that need not be well-formed. */
struct request {
	struct cx_message m;
	struct cx_field fields[CX_FIELDS];
};

/* A request that may be answered at all: not an ACK (RFC 3261 8.2.6 with 17.2). */
static bool read_request(struct request *r, const uint8_t *msg, size_t n)
{
	cx_message_init(&r->m, r->fields, CX_FIELDS, CX_MESSAGE_SIZE_DEFAULT);
	return cx_message_index(&r->m, msg, n, CX_DATAGRAM) != -EPROTO && !r->m.status &&
	       r->m.method != CX_M_ACK;
}

int cx_reply_status(enum cx_reason reason, const uint8_t *msg, size_t n)
{
	struct request r;

	return read_request(&r, msg, n) ? status_of(reason, r.m.method) : 0;
}

/* ---- reason phrases ------------------------------------------------------- */

static const char *missing_phrase(const struct cx_message *m)
{
	if (!cx_message_value(m, CX_HEADER_FROM).n)
		return "Missing From";
	if (!cx_message_value(m, CX_HEADER_TO).n)
		return "Missing To";
	if (!cx_message_value(m, CX_HEADER_CALL_ID).n)
		return "Missing Call-ID";
	return "Missing Header";
}

static const char *bad_request_phrase(enum cx_reason reason, const struct cx_message *m)
{
	switch (reason) {
	case CX_R_TOO_MANY_HEADERS:
		return "Too Many Headers";
	case CX_R_LONG_VALUE:
		return "Header Value Too Long";
	case CX_R_NO_HEADER_END:
		return "No Empty Line After Headers";
	case CX_R_BARE_LF:
		return "Line Ends Without CR";
	case CX_R_FOLDED:
		return "Header Oddly Folded";
	case CX_R_MISSING_HEADER:
		return missing_phrase(m);
	case CX_R_DUPLICATE_HEADER:
		return "Duplicate Header";
	case CX_R_BAD_URI:
		return "Bad Request-URI";
	case CX_R_BAD_VIA:
		return "Bad Via";
	case CX_R_BAD_CSEQ:
		return "Bad CSeq";
	case CX_R_BAD_LENGTH:
		return "Bad Content-Length";
	case CX_R_BAD_TO:
		return "Bad To";
	case CX_R_BAD_ROUTE:
		return "Bad Route";
	case CX_R_NO_BRANCH:
		return "Via Without Branch";
	case CX_R_BAD_MAX_FORWARDS:
		return "Bad Max-Forwards";
	default:
		return "Bad Request";
	}
}

/* ---- what is added --------------------------------------------------------- */

static uint64_t mix(uint64_t key, uint64_t so_far, struct cx_text t)
{
	const __u64 k[2] = {key, so_far};

	return cx_siphash24(k, (const uint8_t *)(t.p ? t.p : ""), t.n);
}

struct cx_text cx_reply_tag(uint64_t key, const struct cx_message *m, const struct cx_via_value *via,
			    char text[CX_REPLY_TAG])
{
	uint64_t tag = mix(key, 0, via->branch);

	tag = mix(key, tag, cx_message_value(m, CX_HEADER_CALL_ID));
	tag = mix(key, tag, cx_message_value(m, CX_HEADER_FROM));
	snprintf(text, CX_REPLY_TAG, "%016llx", (unsigned long long)tag);
	return (struct cx_text){text, CX_REPLY_TAG - 1};
}

/* RFC 3261 16.3 step 5: all that was asked for, since no extension is known. */
static void put_unsupported(struct cx_writer *w, const struct cx_message *m)
{
	struct cx_values it = cx_values_of(m, CX_HEADER_PROXY_REQUIRE);
	struct cx_value value;
	bool any = false;

	for (; cx_values_next(&it, &value); any = true) {
		cx_put_string(w, any ? ", " : "Unsupported: ");
		cx_put_unfolded(w, value.text);
	}
	if (any)
		cx_put_string(w, "\r\n");
}

static void put_lines(struct cx_writer *w, const struct cx_reply_context *ctx, int status,
		      const struct cx_message *m)
{
	if (status == 200 || status == 405)
		cx_put_string(w, "Allow: " CX_ALLOW "\r\n");
	if (status == 200)
		cx_put_string(w, "Accept: application/sdp\r\nSupported:\r\n");
	if (status == 420)
		put_unsupported(w, m);
	if (status == 503 && ctx->retry_after_s) {
		cx_put_string(w, "Retry-After: ");
		cx_put_number(w, ctx->retry_after_s);
		cx_put_string(w, "\r\n");
	}
	if (ctx->server) {
		cx_put_string(w, "Server: ");
		cx_put_string(w, ctx->server);
		cx_put_string(w, "\r\n");
	}
}

size_t cx_reply_build(const struct cx_reply_context *ctx, int status, const uint8_t *msg, size_t n,
		      uint8_t *out, size_t max, uint16_t *to_port)
{
	char lines[CX_REPLY_LINES], tag[CX_REPLY_TAG];
	struct cx_writer w = {.p = lines, .max = sizeof(lines)};
	struct cx_via_value via = {0};
	struct request r;
	int length;

	if (!read_request(&r, msg, n))
		return 0;
	cx_via_first(&r.m, &via); /* as far as it can be read */
	put_lines(&w, ctx, status, &r.m);
	length = cx_build_response(&r.m,
				   &(struct cx_response){
				       .status = (uint16_t)status,
				       .reason = status == 400 ? bad_request_phrase(ctx->reason, &r.m) : NULL,
				       .to_tag = cx_reply_tag(ctx->tag_key, &r.m, &via, tag),
				       .source = &ctx->source,
				       .source_port = ctx->source_port,
				       .lines = {lines, w.n},
				   },
				   out, max);
	*to_port = via.rport ? ctx->source_port : cx_via_port(&via);
	return length > 0 && !w.full ? (size_t)length : 0;
}
