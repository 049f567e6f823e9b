// SPDX-License-Identifier: GPL-2.0-only
/*
 * See straighten.h. Each header field of the index is mended by what it is, and
 * appended. Lines that are no fields stay as they are: the engine judges them.
 */
#include "proxy/straighten.h"
#include "sip/address.h"
#include "sip/writer.h"

#define CX_FIELDS 1024 /* as many lines as the engine takes in the daemon */

static bool separates(char c)
{
	return c == '/' || c == ';' || c == '=' || c == ',' || c == ':';
}

/* A Via value without blanks but the one in front of sent-by. Quoted strings
 * keep theirs. */
static void put_via(struct cx_writer *w, struct cx_text v)
{
	while (v.n) {
		struct cx_text text = v;
		char last, next;
		uint32_t n = cx_text_take_quoted(&v).n;

		while (!n && v.n && *v.p != '"' && !cx_char_is(*v.p, CX_C_LWS))
			cx_text_take(&v, 1);
		if (v.n == text.n) /* a quote without its end */
			cx_text_take(&v, v.n);
		text.n -= v.n;
		cx_put(w, text);
		last = text.p[text.n - 1];
		next = v.n ? *v.p : ',';
		v = cx_text_skip_lws(v);
		/* only a blank between two words separates: protocol and sent-by */
		if (v.n && cx_char_is(next, CX_C_LWS) && !separates(last) && !separates(*v.p))
			cx_put(w, CX_TEXT(" "));
	}
}

static bool is_alias(const struct cx_straighten_names *names, struct cx_text host)
{
	for (size_t i = 0; i < names->n_aliases; i++)
		if (cx_text_is_nocase(host, names->aliases[i]))
			return true;
	return false;
}

/* "<uri>params" without a display name, an alias replaced with its port. */
static void put_route(struct cx_writer *w, const struct cx_straighten_names *names, struct cx_text value)
{
	struct cx_address address;
	struct cx_uri uri;

	if (cx_address_parse(value, &address) || !address.brackets) {
		cx_put_joined(w, value);
		return;
	}
	cx_put(w, CX_TEXT("<"));
	if (!cx_uri_parse(address.uri, &uri, NULL) && is_alias(names, uri.host)) {
		uint32_t before = (uint32_t)(uri.host.p - address.uri.p),
			 behind = (uint32_t)(uri.params.p - address.uri.p);

		cx_put(w, (struct cx_text){address.uri.p, before});
		cx_put_string(w, names->endpoint);
		cx_put(w, cx_text_skip(address.uri, behind));
	} else {
		cx_put_joined(w, address.uri);
	}
	cx_put(w, CX_TEXT(">"));
	cx_put_joined(w, address.params);
}

static void put_routes(struct cx_writer *w, const struct cx_straighten_names *names,
		       const struct cx_message *m, const struct cx_field *f)
{
	struct cx_values it = cx_values_of_field(m, f);
	struct cx_value value;

	for (bool first = true; cx_values_next(&it, &value); first = false) {
		if (!first)
			cx_put(w, CX_TEXT(", "));
		put_route(w, names, value.text);
	}
}

/* "1   INVITE" -> "1 INVITE" */
static void put_words(struct cx_writer *w, struct cx_text v)
{
	while (v.n) {
		uint32_t n = 0;

		while (n < v.n && !cx_char_is(v.p[n], CX_C_LWS))
			n++;
		cx_put(w, cx_text_take(&v, n));
		if (v.n)
			cx_put(w, CX_TEXT(" "));
		v = cx_text_skip_lws(v);
	}
}

/* "0068" -> "68": as many zeros in front as one likes are legal (25.1) */
static struct cx_text without_zeros(struct cx_text v)
{
	while (v.n > 1 && v.p[0] == '0' && cx_char_is(v.p[1], CX_C_DIGIT))
		v = cx_text_skip(v, 1);
	return v;
}

static void put_field(struct cx_writer *w, const struct cx_straighten_names *names,
		      const struct cx_message *m, const struct cx_field *f)
{
	struct cx_text value = cx_field_value(m, f);

	cx_put(w, cx_field_name(m, f));
	cx_put(w, CX_TEXT(": "));
	switch (f->id) {
	case CX_HEADER_VIA:
		put_via(w, value);
		break;
	case CX_HEADER_ROUTE:
		put_routes(w, names, m, f);
		break;
	case CX_HEADER_CSEQ:
		put_words(w, without_zeros(value));
		break;
	case CX_HEADER_MAX_FORWARDS:
	case CX_HEADER_CONTENT_LENGTH:
		value = without_zeros(value);
		/* fall through */
	default:
		cx_put_joined(w, value);
	}
	cx_put(w, CX_TEXT("\r\n"));
}

size_t cx_straighten(const struct cx_straighten_names *names, const uint8_t *in, size_t n, uint8_t *out,
		     size_t max)
{
	struct cx_writer w = {.p = (char *)out, .max = max < INT32_MAX ? (uint32_t)max : INT32_MAX};
	struct cx_field fields[CX_FIELDS];
	struct cx_message m;
	uint32_t at;

	cx_message_init(&m, fields, CX_FIELDS, INT32_MAX);
	cx_message_index(&m, in, n, CX_DATAGRAM);
	if (!m.n || m.broken) /* no message, or nobody knows where its lines end */
		return 0;
	cx_put(&w, (struct cx_text){m.p + m.start, m.fields_at - m.start});
	if (!m.status && !cx_message_has(&m, CX_HEADER_MAX_FORWARDS))
		cx_put(&w, CX_TEXT("Max-Forwards: 71\r\n")); /* the engine takes one off */
	at = m.fields_at;
	for (uint32_t i = 0; i < m.n_fields; i++) {
		cx_put(&w, (struct cx_text){m.p + at, fields[i].at - at});
		put_field(&w, names, &m, &fields[i]);
		at = fields[i].end;
	}
	cx_put(&w, (struct cx_text){m.p + at, m.n - at});
	return w.full ? 0 : w.n;
}
