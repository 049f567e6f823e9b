// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a request looks like when it leaves (RFC 3261 16.6 steps 1 to 8, 18.2.1), as
 * edits of what was received. Bytes that no rule names pass intact.
 */
#include "proxy/stateful/internal.h"

#define CX_MAX_FORWARDS 70

/* 16.6 step 4: requests that may start a dialog, and NOTIFY, which RFC 6665 lets do so. */
static bool record_routes(const struct cx_message *m, const struct cx_way *way, const struct cx_listener *in,
			  const struct cx_listener *out)
{
	if (!((in->flags | out->flags) & CX_LISTENER_RECORD_ROUTE))
		return false;
	switch (m->method) {
	case CX_M_NOTIFY:
		return true;
	case CX_M_INVITE:
	case CX_M_SUBSCRIBE:
	case CX_M_REFER:
	case CX_M_OTHER:
		return !way->in_dialog;
	default:
		return false;
	}
}

static struct cx_text record_route(struct cx_edits *e, const struct cx_listener *l)
{
	struct cx_text name = cx_transport_name(l->transport);
	char endpoint[CX_ENDPOINT_TEXT], lower[8] = "";

	if (l->rr_len)
		return (struct cx_text){(const char *)l->rr_text, l->rr_len};
	for (uint32_t i = 0; i < name.n && i < sizeof(lower) - 1; i++)
		lower[i] = (char)cx_char_lower(name.p[i]);
	cx_endpoint_format(&l->addr, l->port, endpoint);
	return cx_edits_text(e, "Record-Route: <sip:%s;transport=%s;lr>\r\n", endpoint, lower);
}

/* Steps 4 and 8: our Via on top, then Record-Route for one side or both, the side
 * that the request leaves by first (RFC 5658). */
static void put_via(struct cx_proxy *p, const struct cx_forwarding *f)
{
	const struct cx_listener *out = cx_listener_get(p, f->to->listener);
	const struct cx_listener *in = cx_listener_get(p, f->from->listener);
	struct cx_edits *e = &p->edits;
	uint32_t prefix_n = out->via_len - 7; /* the branch brings its own z9hG4bK */

	cx_edit_insert(e, f->m->fields_at,
		       cx_edits_text(e, "%.*s%.*s\r\n", (int)prefix_n, (const char *)out->via_text,
				     (int)f->branch.n, f->branch.p));
	if (!in || !record_routes(f->m, f->way, in, out))
		return;
	cx_edit_insert(e, f->m->fields_at, record_route(e, out));
	if (in != out)
		cx_edit_insert(e, f->m->fields_at, record_route(e, in));
}

static uint32_t offset_of(const struct cx_message *m, const char *p)
{
	return (uint32_t)(p - m->p);
}

/* 18.2.1, RFC 3581: received and rport are ours to say, whatever they claimed. */
static void mark_received(struct cx_proxy *p, const struct cx_forwarding *f)
{
	const struct cx_via_value *via = &f->e->via;
	struct cx_text rest = via->params;
	struct cx_edits *e = &p->edits;
	char text[CX_ADDR_TEXT];
	struct cx_param param;
	union cx_addr addr;
	bool written = false, same;

	cx_addr_format(&f->from->addr, text);
	same =
	    cx_host_parse(via->host, &addr) != CX_HOST_NAME && !memcmp(&addr, &f->from->addr, sizeof(addr));
	while (cx_params_next(&rest, &param)) {
		uint32_t name = offset_of(f->m, param.name.p), value = offset_of(f->m, param.value.p);

		if (cx_text_is_nocase(param.name, "received") && param.value.p) {
			cx_edit_replace(e, value, param.value.n, cx_edits_text(e, "%s", text));
			written = true;
		} else if (cx_text_is_nocase(param.name, "rport")) {
			if (param.value.p)
				cx_edit_replace(e, value, param.value.n,
						cx_edits_text(e, "%u", f->from->port));
			else
				cx_edit_insert(e, name + param.name.n,
					       cx_edits_text(e, "=%u", f->from->port));
		}
	}
	if (!written && (via->rport || !same))
		cx_edit_insert(e, offset_of(f->m, via->text.p) + via->text.n,
			       cx_edits_text(e, ";received=%s", text));
}

static void count_down(struct cx_proxy *p, const struct cx_forwarding *f)
{
	const struct cx_field *field = cx_message_field(f->m, CX_HEADER_MAX_FORWARDS);

	if (field)
		cx_edit_set_value(&p->edits, field, cx_edits_text(&p->edits, "%d", f->e->max_forwards - 1));
	else
		cx_edit_append(&p->edits, cx_edits_text(&p->edits, "Max-Forwards: %d\r\n", CX_MAX_FORWARDS));
}

/* 16.4: a maddr of ours goes, and with it the transport and a port other than the default. */
static struct cx_text without_maddr(struct cx_edits *e, struct cx_text text)
{
	struct cx_text out, rest;
	struct cx_param param;
	struct cx_uri uri;

	if (cx_uri_parse(text, &uri, NULL))
		return text;
	out = cx_edits_text(e, "%.*s", (int)(uri.host.p + uri.host.n - text.p), text.p);
	if (uri.port && cx_uri_port_is_default(&uri))
		out.n += cx_edits_text(e, ":%u", uri.port).n;
	rest = uri.params;
	while (cx_params_next(&rest, &param))
		if (!cx_text_is_nocase(param.name, "maddr") && !cx_text_is_nocase(param.name, "transport"))
			out.n += cx_edits_text(e, ";%.*s%s%.*s", (int)param.name.n, param.name.p,
					       param.value.p ? "=" : "", (int)param.value.n, param.value.p)
				     .n;
	if (uri.headers.p)
		out.n += cx_edits_text(e, "?%.*s", (int)uri.headers.n, uri.headers.p).n;
	return out;
}

/* Around strict routers (16.4, 16.6 step 6) the Route set is written anew: without
 * what we pop, without its last value if that becomes the Request-URI, without
 * its first if the next hop wants to see itself there, and then with the
 * Request-URI at its end. */
static void turn_routes(struct cx_proxy *p, const struct cx_forwarding *f)
{
	struct cx_values it = cx_values_of(f->m, CX_HEADER_ROUTE);
	struct cx_edits *e = &p->edits;
	struct cx_address address;
	struct cx_text uri = f->uri.n ? f->uri : f->m->uri, last = uri, first = {NULL, 0};
	struct cx_value v, held = {0};
	uint32_t i = 0;

	cx_edit_remove_header(e, CX_HEADER_ROUTE);
	while (cx_values_next(&it, &v)) {
		if (held.text.n)
			cx_edit_append(e, cx_edits_text(e, "Route: %.*s\r\n", (int)held.text.n, held.text.p));
		held.text.n = 0;
		if (cx_address_parse(v.text, &address))
			continue;
		last = address.uri;
		if (i == f->way->pop && f->way->strict)
			first = address.uri;
		else if (i >= f->way->pop)
			held = v;
		i++;
	}
	if (f->way->from_route)
		uri = last;
	else if (held.text.n)
		cx_edit_append(e, cx_edits_text(e, "Route: %.*s\r\n", (int)held.text.n, held.text.p));
	if (f->way->strip_maddr && !f->uri.n)
		uri = without_maddr(e, uri);
	if (f->way->strict) {
		cx_edit_append(e, cx_edits_text(e, "Route: <%.*s>\r\n", (int)uri.n, uri.p));
		uri = first;
	}
	cx_edit_request_uri(e, uri);
}

static void share_breadth(struct cx_proxy *p, const struct cx_forwarding *f)
{
	const struct cx_field *field = cx_message_field(f->m, CX_HEADER_MAX_BREADTH);

	if (field)
		cx_edit_set_value(&p->edits, field, cx_edits_text(&p->edits, "%u", f->breadth));
	else
		cx_edit_append(&p->edits, cx_edits_text(&p->edits, "Max-Breadth: %u\r\n", f->breadth));
}

/* 18.4, 20.14: a stream needs it, a datagram may go without. */
void cx_edit_length(struct cx_edits *e, const struct cx_message *m, uint8_t transport)
{
	if (transport != CX_UDP && !cx_message_has(m, CX_HEADER_CONTENT_LENGTH))
		cx_edit_append(e, cx_edits_text(e, "Content-Length: %u\r\n", m->body_n));
}

int cx_forward_edit(struct cx_proxy *p, const struct cx_forwarding *f)
{
	cx_edits_init(&p->edits, f->m);
	cx_edit_length(&p->edits, f->m, f->to->transport);
	put_via(p, f);
	mark_received(p, f);
	count_down(p, f);
	if (f->way->from_route || f->way->strict) {
		turn_routes(p, f);
	} else {
		if (f->way->pop)
			cx_edit_pop(&p->edits, CX_HEADER_ROUTE, f->way->pop);
		if (f->uri.n)
			cx_edit_request_uri(&p->edits, f->uri);
		else if (f->way->strip_maddr)
			cx_edit_request_uri(&p->edits, without_maddr(&p->edits, f->m->uri));
	}
	if (f->breadth)
		share_breadth(p, f);
	return p->edits.err;
}
