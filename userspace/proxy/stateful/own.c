// SPDX-License-Identifier: GPL-2.0-only
/*
 * Responses of our own (RFC 3261 8.2.6, 16.7, 18.2; RFC 3581). They go to the
 * source of the request always (maddr is ignored), so that a forged Via cannot
 * aim them at somebody else.
 */
#include <stdio.h>
#include "proxy/reply.h"
#include "proxy/stateful/internal.h"
#include "sip/writer.h"

#define CX_ALLOW                                                                                             \
	"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS, PRACK, UPDATE, INFO, REFER, NOTIFY, SUBSCRIBE, MESSAGE, " \
	"PUBLISH\r\n"

struct cx_hop cx_reply_hop(const struct cx_hop *from, const struct cx_via_value *via)
{
	struct cx_hop hop = *from;

	if (hop.transport != CX_UDP)
		hop.return_port = cx_via_port(via);
	else if (!via->rport)
		hop.port = cx_via_port(via);
	return hop;
}

bool cx_own_acked(const struct cx_proxy *p)
{
	char tag[CX_REPLY_TAG];

	return p->e.to_tag.n == CX_REPLY_TAG - 1 &&
	       cx_text_equal(p->e.to_tag, cx_reply_tag(p->settings.seed, &p->m, &p->e.via, tag));
}

/* RFC 3261 16.3 step 5: all that was asked for, since no extension is known. */
static void put_unsupported(struct cx_writer *w, const struct cx_message *request)
{
	const struct cx_field *f = cx_message_field(request, CX_HEADER_PROXY_REQUIRE);

	for (; f; f = cx_field_next(request, f))
		cx_put_field(w, CX_TEXT("Unsupported"), cx_field_value(request, f));
}

static void put_lines(struct cx_proxy *p, struct cx_writer *w, const struct cx_own *own)
{
	bool options =
	    own->status == 200 && own->request->method == CX_M_OPTIONS; /* 200 ends a CANCEL, too */

	if (options || own->status == 405)
		cx_put_string(w, CX_ALLOW);
	if (options)
		cx_put_string(w, "Accept: application/sdp\r\nSupported:\r\n");
	if (own->status == 420)
		put_unsupported(w, own->request);
	if (own->retry_after_s) {
		cx_put_string(w, "Retry-After: ");
		cx_put_number(w, own->retry_after_s);
		cx_put_string(w, "\r\n");
	}
	if (p->settings.server[0] && own->status >= 200)
		cx_put_field(w, CX_TEXT("Server"), cx_text_of(p->settings.server));
	cx_put(w, own->lines);
}

int cx_own_build(struct cx_proxy *p, const struct cx_own *own)
{
	struct cx_response r = {.status = (uint16_t)own->status,
				.reason = own->reason,
				.source = &own->from->addr,
				.source_port = own->from->port};
	char lines[4096], tag[CX_REPLY_TAG];
	struct cx_writer w = {.p = lines, .max = sizeof(lines)};
	struct cx_via_value via = {0};

	cx_via_first(own->request, &via); /* as far as it goes: what is missing is the builder's to say */
	if (own->status > 100)
		r.to_tag = cx_reply_tag(p->settings.seed, own->request, &via, tag);
	put_lines(p, &w, own);
	r.lines = w.full ? (struct cx_text){NULL, 0} : (struct cx_text){w.p, w.n};
	return cx_build_response(own->request, &r, p->text, sizeof(p->text));
}

void cx_own_respond(struct cx_proxy *p, struct cx_server *s, const struct cx_own *own)
{
	struct iovec iov = {.iov_base = p->text};
	int n = cx_own_build(p, own);

	if (n <= 0) {
		p->count.bad++;
		return;
	}
	iov.iov_len = (size_t)n;
	p->count.answered++;
	if (cx_server_respond(&p->txns, s, own->status, &iov, 1))
		p->count.send_failed++;
}

void cx_own_stateless(struct cx_proxy *p, const struct cx_own *own)
{
	struct iovec iov = {.iov_base = p->text};
	struct cx_via_value via = {0};
	struct cx_hop hop;
	int n = cx_own_build(p, own);

	if (n <= 0) {
		p->count.bad++;
		return;
	}
	cx_via_first(own->request, &via);
	hop = cx_reply_hop(own->from, &via);
	iov.iov_len = (size_t)n;
	p->count.answered++;
	if (p->ops.send(p->ctx, &hop, &iov, 1, CX_PROXY_NO_TOKEN))
		p->count.send_failed++;
}
