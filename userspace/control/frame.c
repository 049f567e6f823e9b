/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Framing of the control protocol. Input is bounded: a line by CX_FRAME_MAX,
 * nesting and sizes within it by jansson's own limits; keys given twice are
 * refused, because two readers might see two orders in one line.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "control/control.h"
#include "control/frame.h"

/* Makes room behind what is not consumed yet. */
static int reserve(struct cx_line_frame *f, size_t n)
{
	size_t size = f->size ? f->size : 4096;
	char *bytes;

	if (f->start) {
		memmove(f->bytes, f->bytes + f->start, f->n - f->start);
		f->n -= f->start;
		f->scanned -= f->start;
		f->start = 0;
	}
	while (size < f->n + n)
		size *= 2;
	if (size == f->size)
		return 0;
	bytes = realloc(f->bytes, size);
	if (!bytes)
		return -ENOMEM;
	f->bytes = bytes;
	f->size = size;
	return 0;
}

int cx_line_frame_add(struct cx_line_frame *f, const char *p, size_t n)
{
	int rc;

	if (n > 2 * CX_FRAME_MAX)
		return -EMSGSIZE;
	rc = reserve(f, n);
	if (rc)
		return rc;
	memcpy(f->bytes + f->n, p, n);
	f->n += n;
	if (f->n > CX_FRAME_MAX && !memchr(f->bytes + f->scanned, '\n', CX_FRAME_MAX - f->scanned))
		return -EMSGSIZE;
	return 0;
}

int cx_line_frame_next(struct cx_line_frame *f, const char **line, size_t *n)
{
	while (f->start < f->n) {
		char *at = f->bytes + f->start;
		char *newline = memchr(f->bytes + f->scanned, '\n', f->n - f->scanned);
		size_t length;

		if (!newline) {
			f->scanned = f->n;
			return 0;
		}
		length = (size_t)(newline - at);
		f->start += length + 1;
		f->scanned = f->start;
		if (length && at[length - 1] == '\r')
			length--;
		if (!length)
			continue;
		*line = at;
		*n = length;
		return 1;
	}
	f->n = f->start = f->scanned = 0;
	return 0;
}

void cx_line_frame_free(struct cx_line_frame *f)
{
	free(f->bytes);
	memset(f, 0, sizeof(*f));
}

static int refuse(const char **code, const char *value, char *text, size_t text_size, const char *why)
{
	*code = value;
	snprintf(text, text_size, "%s", why);
	return -EINVAL;
}

int cx_envelope_parse(const char *line, size_t n, struct cx_envelope *e, const char **code, char *text,
		      size_t text_size)
{
	json_error_t error;
	json_t *version;

	memset(e, 0, sizeof(*e));
	e->root = json_loadb(line, n, JSON_REJECT_DUPLICATES, &error);
	if (!e->root) {
		*code = "bad_json";
		snprintf(text, text_size, "the line is not JSON: %s (column %d)", error.text, error.column);
		return -EINVAL;
	}
	if (!json_is_object(e->root))
		return refuse(code, "bad_request", text, text_size, "the line is not a JSON object");
	version = json_object_get(e->root, "v");
	if (!json_is_integer(version))
		return refuse(code, "bad_version", text, text_size,
			      "\"v\", the version of the protocol, is missing");
	if (json_integer_value(version) != CX_CONTROL_VERSION) {
		*code = "bad_version";
		snprintf(text, text_size, "version %lld of the protocol is not spoken here, version %d is",
			 (long long)json_integer_value(version), CX_CONTROL_VERSION);
		return -EINVAL;
	}
	e->cmd = json_string_value(json_object_get(e->root, "cmd"));
	if (!e->cmd)
		return refuse(code, "bad_request", text, text_size, "\"cmd\" is missing or no string");
	e->args = json_object_get(e->root, "args");
	if (!e->args) {
		e->args = json_object();
		if (!e->args || json_object_set_new(e->root, "args", e->args))
			return refuse(code, "failed", text, text_size, "out of memory");
	}
	if (!json_is_object(e->args))
		return refuse(code, "bad_request", text, text_size, "\"args\" is no object");
	return 0;
}

void cx_envelope_free(struct cx_envelope *e)
{
	json_decref(e->root);
	memset(e, 0, sizeof(*e));
}
