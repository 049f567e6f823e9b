// SPDX-License-Identifier: GPL-2.0-only
/*
 * Framing of a stream, see frame.h. What ends a line and the head is the same as
 * in message.c: a LF, with or without CR (which is a fault there), so that both
 * always agree on where a message ends.
 *
 * A field is looked at when the line behind it has begun, because only then is
 * it known whether it goes on (7.3.1).
 */
#include <errno.h>
#include "sip/frame.h"
#include "sip/header.h"

static void start(struct cx_frame *f)
{
	f->scanned = f->line = f->field = f->head_n = f->total = 0;
	f->length_err = 0;
	f->content_length = -1;
}

void cx_frame_init(struct cx_frame *f, uint32_t head_max, uint32_t size_max)
{
	*f = (struct cx_frame){.head_max = head_max, .size_max = size_max};
	start(f);
}

static int fail(struct cx_frame *f, int err, uint16_t status, uint32_t at, const char *what)
{
	f->fault =
	    (struct cx_fault){status, err == -EBADMSG ? CX_HEADER_CONTENT_LENGTH : CX_HEADER_OTHER, at, what};
	return err;
}

/* The field in [f->field, f->line), if it is Content-Length. */
static int read_length(struct cx_frame *f, const char *p)
{
	struct cx_text rest = {p + f->field, f->line - f->field}, name;
	uint32_t length;

	if (!f->field) /* the start line */
		return 0;
	name = cx_text_take_while(&rest, CX_C_TOKEN);
	if (cx_header_id_of(name) != CX_HEADER_CONTENT_LENGTH || !cx_text_take_char(&rest, ':'))
		return 0;
	if (cx_text_number(cx_text_trim(rest), INT32_MAX, &length))
		return fail(f, -EBADMSG, 400, f->field, "Bad Content-Length");
	if (f->content_length >= 0 && f->content_length != length)
		return fail(f, -EBADMSG, 400, f->field, "Duplicate Content-Length");
	f->content_length = length;
	return 0;
}

/* The line in [f->line, end) is whole. 1: it was the empty one. */
static int end_line(struct cx_frame *f, const char *p, uint32_t end)
{
	uint32_t n = end - f->line;
	int err;

	if (p[f->line] != ' ' && p[f->line] != '\t') {
		err = read_length(f, p);
		if (err && !f->length_err)
			f->length_err = err;
		f->field = f->line;
	}
	if (n == 1 || (n == 2 && p[f->line] == '\r')) {
		f->head_n = end;
		return 1;
	}
	f->line = end;
	return 0;
}

/* Reads on from where it was. 1: the head is whole, 0: more is to come. */
static int read_head(struct cx_frame *f, const char *p, uint32_t n)
{
	while (f->scanned < n) {
		const char *lf = memchr(p + f->scanned, '\n', n - f->scanned);

		f->scanned = lf ? (uint32_t)(lf - p) + 1 : n;
		if (f->scanned > f->head_max)
			break;
		if (lf && end_line(f, p, f->scanned))
			return 1;
	}
	return f->scanned > f->head_max ? fail(f, -EMSGSIZE, 513, f->head_max, "Header Too Large") : 0;
}

static int measure(struct cx_frame *f)
{
	if (f->length_err)
		return f->length_err;
	if (f->content_length < 0)
		return fail(f, -EBADMSG, 400, f->head_n, "Missing Content-Length");
	if (f->content_length > (int64_t)f->size_max - f->head_n)
		return fail(f, -EMSGSIZE, 513, f->head_n, "Message Too Large");
	f->total = f->head_n + (uint32_t)f->content_length;
	return 0;
}

/* An empty line between messages. */
static int read_line(struct cx_frame *f, const char *p, uint32_t n, enum cx_frame_kind *kind)
{
	if (n < 2)
		return 0;
	if (p[1] != '\n')
		return fail(f, -EPROTO, 400, 0, "Not SIP");
	*kind = f->line_before ? CX_FRAME_PING : CX_FRAME_LINE;
	f->line_before = !f->line_before;
	return 2;
}

int cx_frame_next(struct cx_frame *f, const void *bytes, size_t size, enum cx_frame_kind *kind)
{
	uint32_t n = size < INT32_MAX ? (uint32_t)size : INT32_MAX;
	const char *p = bytes;
	int err;

	if (!n)
		return 0;
	if (*p == '\r')
		return read_line(f, p, n, kind);
	if (!cx_char_is(*p, CX_C_TOKEN))
		return fail(f, -EPROTO, 400, 0, "Not SIP");
	f->line_before = false;
	if (!f->head_n) {
		err = read_head(f, p, n);
		if (err <= 0)
			return err;
	}
	if (!f->total) {
		err = measure(f);
		if (err)
			return err;
	}
	if (n < f->total)
		return 0;
	n = f->total;
	start(f);
	*kind = CX_FRAME_MESSAGE;
	return (int)n;
}
