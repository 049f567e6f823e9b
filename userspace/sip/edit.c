// SPDX-License-Identifier: GPL-2.0-only
/*
 * The edit list, see edit.h. Sorted by offset; at one offset, inserts come
 * before the edit that takes bytes away. Lists are short, so inserting shifts.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include "sip/edit.h"

void cx_edits_init(struct cx_edits *e, const struct cx_message *m)
{
	e->m = m;
	e->n = 0;
	e->err = 0;
	e->room_n = 0;
}

static int fail(struct cx_edits *e, int err)
{
	if (!e->err)
		e->err = err;
	return err;
}

struct cx_text cx_edits_text(struct cx_edits *e, const char *format, ...)
{
	uint32_t left = CX_EDITS_ROOM - e->room_n;
	char *p = e->room + e->room_n;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(p, left, format, args);
	va_end(args);
	if (n < 0 || (uint32_t)n >= left) {
		fail(e, -ENOSPC);
		return (struct cx_text){NULL, 0};
	}
	e->room_n += (uint32_t)n;
	return (struct cx_text){p, (uint32_t)n};
}

/* ---- by offset ----------------------------------------------------------------- */

int cx_edit_replace(struct cx_edits *e, uint32_t at, uint32_t n, struct cx_text text)
{
	uint32_t i = 0;

	if (!n && !text.n)
		return 0;
	if (at < e->m->start || at > e->m->n || n > e->m->n - at)
		return fail(e, -EINVAL);
	if (e->n == CX_EDITS_MAX)
		return fail(e, -ENOSPC);
	while (i < e->n && (e->list[i].at < at || (e->list[i].at == at && !e->list[i].n)))
		i++;
	if ((i && e->list[i - 1].at + e->list[i - 1].n > at) || (i < e->n && at + n > e->list[i].at))
		return fail(e, -EINVAL);
	memmove(&e->list[i + 1], &e->list[i], (e->n - i) * sizeof(e->list[0]));
	e->list[i] = (struct cx_edit){at, n, text};
	e->n++;
	return 0;
}

int cx_edit_insert(struct cx_edits *e, uint32_t at, struct cx_text text)
{
	return cx_edit_replace(e, at, 0, text);
}

struct range {
	uint32_t from, to;
};

/* Takes removals that overlap with r (or touch it) off the list and into r. */
static void absorb(struct cx_edits *e, struct range *r, bool touching)
{
	for (uint32_t i = 0; i < e->n;) {
		const struct cx_edit *edit = &e->list[i];
		uint32_t from = edit->at, to = edit->at + edit->n;

		if (!edit->n || edit->text.n || from + !touching > r->to || to < r->from + !touching) {
			i++;
			continue;
		}
		r->from = from < r->from ? from : r->from;
		r->to = to > r->to ? to : r->to;
		e->n--;
		memmove(&e->list[i], &e->list[i + 1], (e->n - i) * sizeof(e->list[0]));
		i = 0; /* r has grown */
	}
}

int cx_edit_remove(struct cx_edits *e, uint32_t at, uint32_t n)
{
	struct range r = {at, at + n};

	if (at > e->m->n || n > e->m->n - at)
		return fail(e, -EINVAL);
	absorb(e, &r, false);
	return cx_edit_replace(e, r.from, r.to - r.from, (struct cx_text){NULL, 0});
}

/* ---- by header ------------------------------------------------------------------ */

int cx_edit_request_uri(struct cx_edits *e, struct cx_text uri)
{
	if (e->m->status)
		return fail(e, -EINVAL);
	return cx_edit_replace(e, (uint32_t)(e->m->uri.p - e->m->p), e->m->uri.n, uri);
}

int cx_edit_prepend(struct cx_edits *e, enum cx_header_id id, struct cx_text lines)
{
	const struct cx_field *f = cx_message_field(e->m, id);

	return cx_edit_insert(e, f ? f->at : e->m->fields_at, lines);
}

int cx_edit_append(struct cx_edits *e, struct cx_text lines)
{
	return cx_edit_insert(e, e->m->fields_end, lines);
}

int cx_edit_set_value(struct cx_edits *e, const struct cx_field *field, struct cx_text value)
{
	return cx_edit_replace(e, field->value, field->value_n, value);
}

int cx_edit_remove_field(struct cx_edits *e, const struct cx_field *field)
{
	return cx_edit_remove(e, field->at, field->end - field->at);
}

int cx_edit_remove_header(struct cx_edits *e, enum cx_header_id id)
{
	int err = 0;

	for (const struct cx_field *f = cx_message_field(e->m, id); f && !err; f = cx_field_next(e->m, f))
		err = cx_edit_remove_field(e, f);
	return err;
}

static bool lws_at(const struct cx_edits *e, uint32_t at)
{
	return cx_char_is(e->m->p[at], CX_C_LWS);
}

int cx_edit_remove_value(struct cx_edits *e, const struct cx_value *value)
{
	const struct cx_field *f = value->field;
	uint32_t end = f->value + f->value_n;
	struct range r = {(uint32_t)(value->text.p - e->m->p), 0};

	r.to = r.from + value->text.n;
	while (r.to < end && lws_at(e, r.to))
		r.to++;
	if (r.to < end) /* the comma behind it, up to the next value */
		for (r.to++; r.to < end && lws_at(e, r.to); r.to++)
			;
	absorb(e, &r, true);
	if (r.to == end) { /* no value is left behind it: the comma in front goes, too */
		while (r.from > f->value && (lws_at(e, r.from - 1) || e->m->p[r.from - 1] == ','))
			r.from--;
	}
	if (r.from == f->value && r.to == end)
		return cx_edit_remove_field(e, f);
	return cx_edit_remove(e, r.from, r.to - r.from);
}

int cx_edit_pop(struct cx_edits *e, enum cx_header_id id, uint32_t count)
{
	const struct cx_field *f = cx_message_field(e->m, id);
	int err = 0;

	for (; f && count && !err; f = cx_field_next(e->m, f)) {
		struct cx_values it = cx_values_of_field(e->m, f);
		struct cx_value value = {0};
		bool kept = false;

		while (!kept && cx_values_next(&it, &value)) {
			kept = !count;
			count -= !kept;
		}
		err = kept ? cx_edit_remove(e, f->value, (uint32_t)(value.text.p - e->m->p) - f->value)
			   : cx_edit_remove_field(e, f);
	}
	return err;
}

int cx_edit_body(struct cx_edits *e, struct cx_text body)
{
	const struct cx_field *f = cx_message_field(e->m, CX_HEADER_CONTENT_LENGTH);
	struct cx_text length = cx_edits_text(e, f ? "%u" : "Content-Length: %u\r\n", body.n);
	int err = f ? cx_edit_set_value(e, f, length) : cx_edit_append(e, length);

	return err ? err : cx_edit_replace(e, e->m->body, e->m->body_n, body);
}

/* ---- the result --------------------------------------------------------------------- */

uint32_t cx_edits_length(const struct cx_edits *e)
{
	uint32_t n = e->m->n - e->m->start;

	for (uint32_t i = 0; i < e->n; i++)
		n += e->list[i].text.n - e->list[i].n;
	return n;
}

static int piece(struct iovec *iov, int *n, int max, struct cx_text text)
{
	if (!text.n)
		return 0;
	if (*n >= max)
		return -ENOSPC;
	iov[(*n)++] = (struct iovec){(void *)text.p, text.n};
	return 0;
}

int cx_edits_iov(const struct cx_edits *e, struct iovec *iov, int max)
{
	const struct cx_message *m = e->m;
	uint32_t at = m->start;
	int n = 0, err = e->err;

	for (uint32_t i = 0; i < e->n && !err; i++) {
		const struct cx_edit *edit = &e->list[i];

		err = piece(iov, &n, max, (struct cx_text){m->p + at, edit->at - at});
		if (!err)
			err = piece(iov, &n, max, edit->text);
		at = edit->at + edit->n;
	}
	if (!err)
		err = piece(iov, &n, max, (struct cx_text){m->p + at, m->n - at});
	return err ? err : n;
}

int cx_edits_apply(const struct cx_edits *e, void *out, size_t max)
{
	struct iovec iov[CX_EDITS_IOV];
	int n = cx_edits_iov(e, iov, CX_EDITS_IOV);
	char *p = out;

	if (n < 0)
		return n;
	if (cx_edits_length(e) > max)
		return -ENOSPC;
	for (int i = 0; i < n; i++) {
		memcpy(p, iov[i].iov_base, iov[i].iov_len);
		p += iov[i].iov_len;
	}
	return (int)(p - (char *)out);
}
