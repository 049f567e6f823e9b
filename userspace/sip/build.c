// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages made from another one, see build.h. Only what is read here is taken
 * over, so a broken message can be answered as well.
 */
#include <errno.h>
#include "base/addr.h"
#include "sip/address.h"
#include "sip/build.h"
#include "sip/cseq.h"
#include "sip/via.h"
#include "sip/writer.h"

static int result(const struct cx_writer *w)
{
	return w->full ? -ENOSPC : (int)w->n;
}

static struct cx_writer writer(void *out, size_t max)
{
	return (struct cx_writer){.p = out, .max = max < INT32_MAX ? (uint32_t)max : INT32_MAX};
}

static void put_header(struct cx_writer *w, const struct cx_message *m, enum cx_header_id id)
{
	const struct cx_field *f;

	for (f = cx_message_field(m, id); f; f = cx_field_next(m, f))
		cx_put_field(w, cx_header_name(id), cx_field_value(m, f));
}

/* ---- responses -------------------------------------------------------------------- */

/* Does sent-by say where it came from? Only then received may be left out (18.2.1). */
static bool is_source(struct cx_text host, const union cx_addr *source)
{
	union cx_addr addr;

	return cx_host_parse(host, &addr) != CX_HOST_NAME && !memcmp(&addr, source, sizeof(addr));
}

/* The topmost value: received and rport are ours to say, whatever it claimed. */
static void put_top_via(struct cx_writer *w, const struct cx_via_value *via, const struct cx_response *r)
{
	struct cx_text rest = via->params;
	struct cx_param param;
	char text[CX_ADDR_TEXT];

	cx_put_unfolded(w, via->protocol);
	cx_put(w, CX_TEXT(" "));
	cx_put(w, via->host);
	if (via->port) {
		cx_put(w, CX_TEXT(":"));
		cx_put_number(w, via->port);
	}
	while (cx_params_next(&rest, &param)) {
		if (cx_text_is_nocase(param.name, "received") || cx_text_is_nocase(param.name, "rport"))
			continue;
		cx_put(w, CX_TEXT(";"));
		cx_put(w, param.name);
		if (param.value.p) {
			cx_put(w, CX_TEXT("="));
			cx_put_unfolded(w, param.value);
		}
	}
	if (via->rport || !is_source(via->host, r->source)) {
		cx_put(w, CX_TEXT(";received="));
		cx_put_string(w, cx_addr_format(r->source, text));
	}
	if (via->rport) {
		cx_put(w, CX_TEXT(";rport="));
		cx_put_number(w, r->source_port);
	}
}

/* All of them, in order; of the first field the first value is mended, if it can be read to its end. */
static void put_vias(struct cx_writer *w, const struct cx_message *m, const struct cx_via_value *via,
		     bool bad, const struct cx_response *r)
{
	const struct cx_field *f = cx_message_field(m, CX_HEADER_VIA);
	struct cx_text value = cx_field_value(m, f);
	uint32_t top = (uint32_t)(via->text.p - value.p) + via->text.n;

	cx_put(w, CX_TEXT("Via: "));
	if (r->source && !bad)
		put_top_via(w, via, r);
	else
		cx_put_unfolded(w, via->text);
	cx_put_unfolded(w, cx_text_skip(value, top)); /* ", ..." */
	cx_put(w, CX_TEXT("\r\n"));
	while ((f = cx_field_next(m, f)))
		cx_put_field(w, cx_header_name(CX_HEADER_VIA), cx_field_value(m, f));
}

static void put_to(struct cx_writer *w, struct cx_text to, struct cx_text tag)
{
	struct cx_address address;

	if (!to.n)
		return;
	cx_put(w, CX_TEXT("To: "));
	cx_put_unfolded(w, to);
	cx_address_parse(to, &address); /* as far as it goes */
	if (tag.n && !cx_address_tag(&address).n) {
		cx_put(w, CX_TEXT(";tag="));
		cx_put(w, tag);
	}
	cx_put(w, CX_TEXT("\r\n"));
}

int cx_build_response(const struct cx_message *request, const struct cx_response *r, void *out, size_t max)
{
	struct cx_writer w = writer(out, max);
	struct cx_via_value via = {0};
	bool bad = cx_via_first(request, &via);

	if (request->status || !via.host.n || !cx_message_value(request, CX_HEADER_CSEQ).n)
		return -EINVAL;
	cx_put(&w, CX_TEXT("SIP/2.0 "));
	cx_put_number(&w, r->status);
	cx_put(&w, CX_TEXT(" "));
	cx_put_string(&w, r->reason ? r->reason : cx_reason_phrase(r->status));
	cx_put(&w, CX_TEXT("\r\n"));
	put_vias(&w, request, &via, bad, r);
	put_header(&w, request, CX_HEADER_FROM);
	put_to(&w, cx_message_value(request, CX_HEADER_TO), r->to_tag);
	put_header(&w, request, CX_HEADER_CALL_ID);
	put_header(&w, request, CX_HEADER_CSEQ);
	if (r->status == 100)
		put_header(&w, request, CX_HEADER_TIMESTAMP);
	cx_put(&w, r->lines);
	cx_put(&w, CX_TEXT("Content-Length: "));
	cx_put_number(&w, r->body.n);
	cx_put(&w, CX_TEXT("\r\n\r\n"));
	cx_put(&w, r->body);
	return result(&w);
}

/* ---- requests of the hop ------------------------------------------------------------ */

/* What ACK and CANCEL have in common: To is taken from `to`. */
static int build_request(const struct cx_message *m, const struct cx_message *to, const char *method,
			 struct cx_text lines, struct cx_writer *w)
{
	struct cx_via_value via;
	struct cx_cseq cseq;

	if (m->status || cx_via_first(m, &via) || cx_cseq_of(m, &cseq) ||
	    !cx_message_has(m, CX_HEADER_FROM) || !cx_message_has(to, CX_HEADER_TO) ||
	    !cx_message_has(m, CX_HEADER_CALL_ID))
		return -EINVAL;
	cx_put_string(w, method);
	cx_put(w, CX_TEXT(" "));
	cx_put_unfolded(w, m->uri);
	cx_put(w, CX_TEXT(" SIP/2.0\r\n"));
	cx_put_field(w, cx_header_name(CX_HEADER_VIA), via.text);
	cx_put(w, CX_TEXT("Max-Forwards: 70\r\n"));
	put_header(w, m, CX_HEADER_ROUTE);
	put_header(w, m, CX_HEADER_FROM);
	put_header(w, to, CX_HEADER_TO);
	put_header(w, m, CX_HEADER_CALL_ID);
	cx_put(w, CX_TEXT("CSeq: "));
	cx_put(w, cseq.number_text);
	cx_put(w, CX_TEXT(" "));
	cx_put_string(w, method);
	cx_put(w, CX_TEXT("\r\n"));
	cx_put(w, lines);
	cx_put(w, CX_TEXT("Content-Length: 0\r\n\r\n"));
	return result(w);
}

int cx_build_ack(const struct cx_message *invite, const struct cx_message *response, void *out, size_t max)
{
	struct cx_writer w = writer(out, max);

	return build_request(invite, response, "ACK", (struct cx_text){NULL, 0}, &w);
}

int cx_build_cancel(const struct cx_message *request, struct cx_text lines, void *out, size_t max)
{
	struct cx_writer w = writer(out, max);

	return build_request(request, request, "CANCEL", lines, &w);
}
