// SPDX-License-Identifier: GPL-2.0-only
/*
 * The values of a header over its fields (RFC 3261 7.3.1), see message.h.
 * An open quote or bracket takes the rest of its field: whoever parses the
 * value then finds it.
 */
#include "sip/message.h"

/* Length of the value that begins t: up to its comma, or all. */
static uint32_t value_length(struct cx_text t)
{
	bool angle = false;

	for (uint32_t i = 0; i < t.n; i++) {
		struct cx_text rest;
		uint32_t quoted;

		if (!cx_char_is(t.p[i], CX_C_LIST))
			continue;
		switch (t.p[i]) {
		case '"':
			rest = cx_text_skip(t, i);
			quoted = cx_text_take_quoted(&rest).n;
			if (!quoted)
				return t.n;
			i += quoted - 1;
			break;
		case '<':
			angle = true;
			break;
		case '>':
			angle = false;
			break;
		default:
			if (!angle)
				return i;
		}
	}
	return t.n;
}

struct cx_values cx_values_of_field(const struct cx_message *m, const struct cx_field *f)
{
	return (struct cx_values){.m = m, .field = f, .at = f ? f->value : 0, .alone = true};
}

struct cx_values cx_values_of(const struct cx_message *m, enum cx_header_id id)
{
	struct cx_values it = cx_values_of_field(m, cx_message_field(m, id));

	it.alone = false;
	return it;
}

bool cx_values_next(struct cx_values *it, struct cx_value *value)
{
	while (it->field) {
		const struct cx_field *f = it->field;
		uint32_t end = f->value + f->value_n;
		struct cx_text rest = {it->m->p + it->at, end - it->at};
		uint32_t n = value_length(rest);

		*value = (struct cx_value){cx_text_trim((struct cx_text){rest.p, n}), f};
		it->at += n + 1; /* behind the comma */
		if (it->at > end) {
			it->field = it->alone ? NULL : cx_field_next(it->m, f);
			it->at = it->field ? it->field->value : 0;
		}
		if (value->text.n)
			return true;
		it->empty = true;
	}
	return false;
}

bool cx_values_have(const struct cx_message *m, enum cx_header_id id, struct cx_text token)
{
	struct cx_values it = cx_values_of(m, id);
	struct cx_value value;

	while (cx_values_next(&it, &value))
		if (cx_text_equal_nocase(value.text, token))
			return true;
	return false;
}
