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
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include "base/addr.h"
#include "cxsip/siphash.h"
#include "proxy/fields.h"
#include "proxy/reply.h"

#define CX_SIP_PORT 5060
#define CX_ALLOW                                                                                             \
	"INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, SUBSCRIBE, MESSAGE, PUBLISH"

struct writer {
	uint8_t *p;
	size_t n, max;
	bool full;
};

static void put_bytes(struct writer *w, const void *p, size_t n)
{
	if (w->full || n > w->max - w->n) {
		w->full = true;
		return;
	}
	memcpy(w->p + w->n, p, n);
	w->n += n;
}

static void put(struct writer *w, const char *text)
{
	put_bytes(w, text, strlen(text));
}

/* A fold becomes one blank, and so does any other control character. */
static void put_text(struct writer *w, struct cx_text t)
{
	for (size_t i = 0; i < t.n; i++) {
		bool control = t.p[i] < ' ' || t.p[i] == 0x7f;

		if (!control)
			put_bytes(w, t.p + i, 1);
		else if (!i || t.p[i - 1] >= ' ')
			put(w, " ");
	}
}

static void put_field(struct writer *w, const char *name, struct cx_text value)
{
	put(w, name);
	put(w, ": ");
	put_text(w, value);
	put(w, "\r\n");
}

/* ---- status ------------------------------------------------------------- */

static int status_for_us(struct cx_text method)
{
	return cx_text_is(method, "OPTIONS") ? 200 : 404;
}

static int status_of(enum cx_reason reason, struct cx_text method)
{
	switch (reason) {
	case CX_R_FOR_US:
		return status_for_us(method);
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

/* A request that may be answered at all: not an ACK (RFC 3261 8.2.6 with 17.2). */
static bool answerable(const uint8_t *msg, size_t n, struct cx_start_line *start)
{
	return !cx_start_line_parse(msg, n, start) && !start->status && !cx_text_is(start->method, "ACK");
}

int cx_reply_status(enum cx_reason reason, const uint8_t *msg, size_t n)
{
	struct cx_start_line start;

	return answerable(msg, n, &start) ? status_of(reason, start.method) : 0;
}

/* ---- reason phrases ------------------------------------------------------- */

/* What of the request the reply needs; n = 0: not there. */
struct parts {
	struct cx_via_value via;
	struct cx_text from, to, call_id, cseq;
};

static const char *missing_phrase(const struct parts *parts)
{
	if (!parts->from.n)
		return "Missing From";
	if (!parts->to.n)
		return "Missing To";
	if (!parts->call_id.n)
		return "Missing Call-ID";
	return "Missing Header";
}

static const char *bad_request_phrase(enum cx_reason reason, const struct parts *parts)
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
		return missing_phrase(parts);
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

static const char *phrase(int status, enum cx_reason reason, const struct parts *parts)
{
	switch (status) {
	case 200:
		return "OK";
	case 400:
		return bad_request_phrase(reason, parts);
	case 404:
		return "Not Found";
	case 405:
		return "Method Not Allowed";
	case 416:
		return "Unsupported URI Scheme";
	case 420:
		return "Bad Extension";
	case 483:
		return "Too Many Hops";
	case 503:
		return "Service Unavailable";
	case 505:
		return "Version Not Supported";
	case 513:
		return "Message Too Large";
	default:
		return "Server Internal Error";
	}
}

/* ---- Via ------------------------------------------------------------------ */

static bool is_source(struct cx_text host, const union cx_addr *source)
{
	char text[CX_ADDR_TEXT + 2];
	union cx_addr addr;
	uint8_t family;

	if (host.n >= sizeof(text))
		return false;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return !cx_addr_parse(text, &addr, &family) && !memcmp(&addr, source, sizeof(addr));
}

/* The topmost value: received and rport are ours to say, whatever it claimed. */
static void put_top_via(struct writer *w, const struct cx_reply_context *ctx, const struct cx_via_value *via)
{
	struct cx_text rest = via->params;
	struct cx_param param;
	char text[CX_ADDR_TEXT + 32], addr[CX_ADDR_TEXT];

	put(w, "Via: ");
	put_text(w, via->protocol);
	put(w, " ");
	put_text(w, via->host);
	if (via->port) {
		snprintf(text, sizeof(text), ":%u", via->port);
		put(w, text);
	}
	while (cx_param_next(&rest, &param)) {
		if (cx_text_is_nocase(param.name, "received") || cx_text_is_nocase(param.name, "rport"))
			continue;
		put(w, ";");
		put_text(w, param.name);
		if (param.has_value) {
			put(w, "=");
			put_text(w, param.value);
		}
	}
	if (via->rport || !is_source(via->host, &ctx->source)) {
		snprintf(text, sizeof(text), ";received=%s", cx_addr_format(&ctx->source, addr));
		put(w, text);
	}
	if (via->rport) {
		snprintf(text, sizeof(text), ";rport=%u", ctx->source_port);
		put(w, text);
	}
	put(w, "\r\n");
	if (via->rest.n)
		put_field(w, "Via", via->rest);
}

static void put_vias(struct writer *w, const struct cx_reply_context *ctx, const struct parts *parts,
		     const uint8_t *msg, size_t n)
{
	struct cx_field_reader r;
	struct cx_field field;
	bool first = true;

	if (cx_field_reader_open(&r, msg, n))
		return;
	while (cx_field_next(&r, &field)) {
		if (!cx_field_is(&field, "Via", 'v'))
			continue;
		if (first)
			put_top_via(w, ctx, &parts->via);
		else
			put_field(w, "Via", field.value);
		first = false;
	}
}

/* ---- To ------------------------------------------------------------------- */

/* RFC 3261 20.10: without <>, all parameters belong to the header. */
static bool has_tag(struct cx_text to)
{
	bool quoted = false, angle = false;

	for (size_t i = 0; i < to.n; i++) {
		struct cx_text rest = {to.p + i, to.n - i};
		struct cx_param param;

		if (quoted && to.p[i] == '\\')
			i++;
		else if (to.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && to.p[i] == '<')
			angle = true;
		else if (!quoted && to.p[i] == '>')
			angle = false;
		else if (!quoted && !angle && to.p[i] == ';' && cx_param_next(&rest, &param) &&
			 cx_text_is_nocase(param.name, "tag"))
			return true;
	}
	return false;
}

static uint64_t mix(uint64_t key, uint64_t so_far, struct cx_text t)
{
	const __u64 k[2] = {key, so_far};

	return cx_siphash24(k, t.p ? t.p : (const uint8_t *)"", t.n);
}

/* RFC 3261 8.2.7: the same tag for the same request, and no other's to guess. */
static void put_to(struct writer *w, const struct cx_reply_context *ctx, const struct parts *parts)
{
	uint64_t tag = mix(ctx->tag_key, 0, parts->via.branch);
	char text[32];

	put(w, "To: ");
	put_text(w, parts->to);
	if (!has_tag(parts->to)) {
		tag = mix(ctx->tag_key, tag, parts->call_id);
		tag = mix(ctx->tag_key, tag, parts->from);
		snprintf(text, sizeof(text), ";tag=%016llx", (unsigned long long)tag);
		put(w, text);
	}
	put(w, "\r\n");
}

/* ---- the rest ------------------------------------------------------------- */

/* RFC 3261 16.3 step 5: all that was asked for, since no extension is known. */
static void put_unsupported(struct writer *w, const uint8_t *msg, size_t n)
{
	struct cx_field_reader r;
	struct cx_field field;
	bool any = false;

	if (cx_field_reader_open(&r, msg, n))
		return;
	while (cx_field_next(&r, &field)) {
		if (!cx_field_is(&field, "Proxy-Require", 0) || !field.value.n)
			continue;
		put(w, any ? ", " : "Unsupported: ");
		put_text(w, field.value);
		any = true;
	}
	if (any)
		put(w, "\r\n");
}

static void put_status_fields(struct writer *w, const struct cx_reply_context *ctx, int status,
			      const uint8_t *msg, size_t n)
{
	char text[40];

	if (status == 200 || status == 405)
		put(w, "Allow: " CX_ALLOW "\r\n");
	if (status == 200)
		put(w, "Accept: application/sdp\r\nSupported:\r\n");
	if (status == 420)
		put_unsupported(w, msg, n);
	if (status == 503 && ctx->retry_after_s) {
		snprintf(text, sizeof(text), "Retry-After: %u\r\n", ctx->retry_after_s);
		put(w, text);
	}
	if (ctx->server) {
		put(w, "Server: ");
		put(w, ctx->server);
		put(w, "\r\n");
	}
}

static bool read_parts(const uint8_t *msg, size_t n, struct parts *parts)
{
	*parts = (struct parts){0};
	if (cx_via_top(msg, n, &parts->via))
		return false;
	cx_field_find(msg, n, "From", 'f', &parts->from);
	cx_field_find(msg, n, "To", 't', &parts->to);
	cx_field_find(msg, n, "Call-ID", 'i', &parts->call_id);
	cx_field_find(msg, n, "CSeq", 0, &parts->cseq);
	return parts->cseq.n != 0;
}

size_t cx_reply_build(const struct cx_reply_context *ctx, int status, const uint8_t *msg, size_t n,
		      uint8_t *out, size_t max, uint16_t *to_port)
{
	struct writer w = {.p = out, .max = max};
	struct cx_start_line start;
	struct parts parts;
	char text[32];

	if (!answerable(msg, n, &start) || !read_parts(msg, n, &parts))
		return 0;
	snprintf(text, sizeof(text), "SIP/2.0 %d ", status);
	put(&w, text);
	put(&w, phrase(status, ctx->reason, &parts));
	put(&w, "\r\n");
	put_vias(&w, ctx, &parts, msg, n);
	if (parts.from.n)
		put_field(&w, "From", parts.from);
	if (parts.to.n)
		put_to(&w, ctx, &parts);
	if (parts.call_id.n)
		put_field(&w, "Call-ID", parts.call_id);
	put_field(&w, "CSeq", parts.cseq);
	put_status_fields(&w, ctx, status, msg, n);
	put(&w, "Content-Length: 0\r\n\r\n");
	*to_port = parts.via.rport ? ctx->source_port : parts.via.port ? parts.via.port : CX_SIP_PORT;
	return w.full ? 0 : w.n;
}
