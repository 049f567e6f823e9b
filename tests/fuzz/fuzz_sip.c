// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arbitrary bytes as a message, and all that is made of one: index, check,
 * values, edits, answers. The first byte picks how it is framed and what is
 * edited.
 *
 * What must hold for any bytes: no memory error; offsets in order and inside; no
 * edit changes what it does not name; what is built from a message can be
 * indexed again without a fault in its lines.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "must.h"
#include "sip/build.h"
#include "sip/check.h"
#include "sip/edit.h"

#define OUT_MAX (1 << 18)

static char out[OUT_MAX];
static struct cx_edits edits;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool inside(const struct cx_message *m, struct cx_text t)
{
	return !t.n || (t.p >= m->p && t.p + t.n <= m->p + m->n);
}

static void check_index(const struct cx_message *m, size_t size)
{
	uint32_t at = m->fields_at, chained = 0;

	MUST(m->start <= m->fields_at && m->fields_at <= m->fields_end && m->fields_end <= m->body);
	MUST(m->body + m->body_n == m->n && m->n <= size);
	MUST(inside(m, m->uri) && inside(m, m->method_text) && inside(m, m->reason));
	for (uint32_t i = 0; i < m->n_fields; i++) {
		const struct cx_field *f = &m->fields[i];

		MUST(f->at >= at && f->at + f->name_n < f->value && f->value + f->value_n <= f->end);
		MUST(f->name_n && f->id < CX_HEADER_COUNT && f->end <= m->fields_end);
		MUST(cx_header_id_of(cx_field_name(m, f)) == f->id);
		at = f->end;
	}
	for (int id = 0; id < CX_HEADER_COUNT; id++)
		for (const struct cx_field *f = cx_message_field(m, id); f; f = cx_field_next(m, f))
			chained++;
	MUST(chained == m->n_fields);
}

static void read_values(const struct cx_message *m)
{
	for (int id = 0; id < CX_HEADER_COUNT; id++) {
		struct cx_values it = cx_values_of(m, id);
		struct cx_value v;

		for (uint32_t n = 0; cx_values_next(&it, &v); n++) {
			struct cx_via_value via;
			struct cx_address address;
			struct cx_rack rack;
			struct cx_uri uri;

			MUST(n <= m->n && v.text.n && inside(m, v.text));
			if (!cx_via_parse(v.text, &via)) {
				MUST(via.host.n && inside(m, via.host) && inside(m, via.params));
				MUST(cx_via_same_sent_by(&via, &via));
			}
			if (!cx_address_parse_uri(v.text, &address, &uri)) {
				MUST(inside(m, address.uri) && inside(m, address.params));
				MUST(cx_address_q(&address) <= 1000);
				MUST(cx_uri_equal(&uri, &uri));
			}
			cx_rack_parse(v.text, &rack);
		}
	}
}

static int reindex(const char *p, int n, struct cx_message *m, struct cx_field *fields)
{
	cx_message_init(m, fields, CX_FIELDS_DEFAULT, OUT_MAX);
	return cx_message_index(m, p, (size_t)n, CX_DATAGRAM);
}

static void answer(const struct cx_message *m)
{
	static const union cx_addr source = {.b = {[10] = 0xff, 0xff, 192, 0, 2, 1}};
	struct cx_response r = {
	    .status = 400, .to_tag = CX_TEXT("tag"), .source = &source, .source_port = 5060};
	struct cx_field fields[CX_FIELDS_DEFAULT];
	struct cx_message built;
	int n = cx_build_response(m, &r, out, OUT_MAX);

	if (n > 0) {
		MUST(!m->status);
		reindex(out, n, &built, fields);
		MUST(built.status == 400 && !built.broken && built.body_n == 0 && built.n == (uint32_t)n);
	}
	n = cx_build_cancel(m, CX_TEXT(""), out, OUT_MAX);
	if (n > 0) {
		reindex(out, n, &built, fields);
		MUST(built.method == CX_M_CANCEL && !built.broken && built.n == (uint32_t)n);
	}
	cx_build_ack(m, m, out, OUT_MAX);
}

/* Edits as a proxy makes them; then the same message again without its edits. */
static void edit(const struct cx_message *m, unsigned int what)
{
	static const char via[] = "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKx\r\n";
	struct cx_values it = cx_values_of(m, CX_HEADER_CONTACT);
	struct cx_value v;
	int n;

	cx_edits_init(&edits, m);
	MUST(cx_edits_apply(&edits, out, OUT_MAX) == (int)(m->n - m->start));
	MUST(!memcmp(out, m->p + m->start, m->n - m->start));
	cx_edit_prepend(&edits, CX_HEADER_VIA, CX_TEXT(via));
	MUST(!edits.err);
	if (what & 1)
		cx_edit_pop(&edits, CX_HEADER_ROUTE, 1 + (what >> 1) % 4);
	if (what & 8)
		cx_edit_remove_header(&edits, CX_HEADER_FROM);
	if (what & 16)
		cx_edit_body(&edits, CX_TEXT("v=0\r\n"));
	for (unsigned int k = what >> 5; cx_values_next(&it, &v); k = k * 5 + 1)
		if (k & 2)
			cx_edit_remove_value(&edits, &v);
	n = cx_edits_apply(&edits, out, OUT_MAX);
	MUST(n == (edits.err ? edits.err : (int)cx_edits_length(&edits)));
	MUST(n < 0 || memmem(out, (size_t)n, via, sizeof(via) - 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cx_field fields[CX_FIELDS_DEFAULT];
	struct cx_message m;
	struct cx_essentials e;
	struct cx_fault fault;
	int err;

	if (size < 1)
		return 0;
	cx_message_init(&m, fields, data[0] & 64 ? 8 : CX_FIELDS_DEFAULT, 1 << 16);
	err = cx_message_index(&m, data + 1, size - 1, data[0] & 128 ? CX_STREAM : CX_DATAGRAM);
	if (err == -EPROTO)
		return 0;
	MUST(!err == !m.fault.status && m.fault.at <= size);
	check_index(&m, size - 1);
	err = cx_message_check(&m, &e, &fault);
	MUST(!err == !fault.status && (!err || (fault.what && fault.at <= m.n)));
	read_values(&m);
	answer(&m);
	edit(&m, data[0]);
	return 0;
}
