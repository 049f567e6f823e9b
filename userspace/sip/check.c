// SPDX-License-Identifier: GPL-2.0-only
/*
 * What every message must have, see check.h.
 */
#include <errno.h>
#include "sip/check.h"

static int fault(struct cx_fault *f, enum cx_header_id header, uint32_t at, const char *what)
{
	*f = (struct cx_fault){400, (uint16_t)header, at, what};
	return -EINVAL;
}

/* Of a header that is there or not: where, for a fault. */
static uint32_t place(const struct cx_message *m, enum cx_header_id header)
{
	const struct cx_field *f = cx_message_field(m, header);

	return f ? f->value : m->fields_end;
}

static int check_via(const struct cx_message *m, struct cx_essentials *e, struct cx_fault *f)
{
	int err = cx_via_first(m, &e->via);

	if (!err)
		return 0;
	return fault(f, CX_HEADER_VIA, place(m, CX_HEADER_VIA), err == -ENOENT ? "Missing Via" : "Bad Via");
}

static int check_addresses(const struct cx_message *m, struct cx_essentials *e, struct cx_fault *f)
{
	struct cx_text from = cx_message_value(m, CX_HEADER_FROM), to = cx_message_value(m, CX_HEADER_TO);

	if (!from.p)
		return fault(f, CX_HEADER_FROM, m->fields_end, "Missing From");
	if (!to.p)
		return fault(f, CX_HEADER_TO, m->fields_end, "Missing To");
	if (cx_address_parse(from, &e->from) || e->from.star)
		return fault(f, CX_HEADER_FROM, place(m, CX_HEADER_FROM), "Bad From");
	if (cx_address_parse(to, &e->to) || e->to.star)
		return fault(f, CX_HEADER_TO, place(m, CX_HEADER_TO), "Bad To");
	e->from_tag = cx_address_tag(&e->from);
	e->to_tag = cx_address_tag(&e->to);
	return 0;
}

static int check_call_id(const struct cx_message *m, struct cx_essentials *e, struct cx_fault *f)
{
	struct cx_text rest = e->call_id = cx_message_value(m, CX_HEADER_CALL_ID);

	if (!rest.p)
		return fault(f, CX_HEADER_CALL_ID, m->fields_end, "Missing Call-ID");
	while (rest.n && !cx_char_is(*rest.p, CX_C_LWS))
		rest = cx_text_skip(rest, 1);
	if (!e->call_id.n || rest.n)
		return fault(f, CX_HEADER_CALL_ID, place(m, CX_HEADER_CALL_ID), "Bad Call-ID");
	return 0;
}

static int check_cseq(const struct cx_message *m, struct cx_essentials *e, struct cx_fault *f)
{
	int err = cx_cseq_of(m, &e->cseq);

	if (err)
		return fault(f, CX_HEADER_CSEQ, place(m, CX_HEADER_CSEQ),
			     err == -ENOENT ? "Missing CSeq" : "Bad CSeq");
	if (!m->status && !cx_text_equal(e->cseq.method_text, m->method_text))
		return fault(f, CX_HEADER_CSEQ, place(m, CX_HEADER_CSEQ), "CSeq Names Another Method");
	return 0;
}

/* RFC 3261 16.3 steps 1 to 3 */
static int check_request(const struct cx_message *m, struct cx_essentials *e, struct cx_fault *f)
{
	const char *why = NULL;
	uint32_t number;
	int err = cx_uri_parse(m->uri, &e->uri, &why);

	if (err)
		return fault(f, CX_HEADER_OTHER, (uint32_t)(m->uri.p - m->p), why);
	if (e->uri.scheme == CX_SCHEME_OTHER) {
		*f = (struct cx_fault){416, CX_HEADER_OTHER, (uint32_t)(m->uri.p - m->p),
				       "Unsupported URI Scheme"};
		return -EINVAL;
	}
	err = cx_message_number(m, CX_HEADER_MAX_FORWARDS, 255, &number);
	if (err == -ENOENT)
		return 0;
	if (err)
		return fault(f, CX_HEADER_MAX_FORWARDS, place(m, CX_HEADER_MAX_FORWARDS), "Bad Max-Forwards");
	e->max_forwards = (int)number;
	return 0;
}

int cx_message_check(const struct cx_message *m, struct cx_essentials *e, struct cx_fault *f)
{
	int err;

	*e = (struct cx_essentials){.max_forwards = -1};
	*f = (struct cx_fault){0};
	err = check_via(m, e, f);
	if (!err)
		err = check_addresses(m, e, f);
	if (!err)
		err = check_call_id(m, e, f);
	if (!err)
		err = check_cseq(m, e, f);
	if (!err && !m->status)
		err = check_request(m, e, f);
	return err;
}
