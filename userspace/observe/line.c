/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Builds one line of the log.
 *
 * Values may come from the wire. Whatever could end the line, close a quote or
 * steer a terminal is written as an escape, so that one event stays one line
 * and a reader can split it at blanks outside quotes. A line that is too long
 * is cut at a whole character or escape and says so; a closing quote always
 * finds room.
 */
#include <stdio.h>
#include <string.h>
#include "observe/line.h"
#include "observe/utf8.h"

#define TAIL 6 /* two quotes, "..." and NUL */

const char *cx_log_level_text(enum cx_log_level level)
{
	switch (level) {
	case CX_ERROR:
		return "error";
	case CX_WARN:
		return "warn";
	case CX_NOTICE:
		return "notice";
	case CX_INFO:
		return "info";
	case CX_DEBUG:
		return "debug";
	}
	return "error";
}

/* All of p or nothing. */
static void append(struct cx_line *line, const char *p, size_t n)
{
	if (line->cut)
		return;
	if (line->length + n + TAIL > sizeof(line->text)) {
		line->cut = 1;
		return;
	}
	memcpy(line->text + line->length, p, n);
	line->length += n;
	line->text[line->length] = '\0';
}

/* May use the room that append() keeps. */
static void append_tail(struct cx_line *line, const char *p, size_t n)
{
	if (line->length + n >= sizeof(line->text))
		return;
	memcpy(line->text + line->length, p, n);
	line->length += n;
	line->text[line->length] = '\0';
}

void cx_line_begin(struct cx_line *line, enum cx_log_level level, const char *event)
{
	const char *text = cx_log_level_text(level);

	line->length = 0;
	line->cut = 0;
	append(line, text, strlen(text));
	append(line, " ", 1);
	append(line, event, strlen(event));
}

/* Escapes the byte or character at p; returns how many bytes it took. */
static size_t append_escaped(struct cx_line *line, const char *p, size_t n)
{
	size_t len = cx_utf8_printable(p, n);
	char hex[5];

	if (len == 1 && (*p == '"' || *p == '\\')) {
		char pair[2] = {'\\', *p};

		append(line, pair, 2);
	} else if (len) {
		append(line, p, len);
	} else if (*p == '\n') {
		append(line, "\\n", 2);
	} else if (*p == '\r') {
		append(line, "\\r", 2);
	} else if (*p == '\t') {
		append(line, "\\t", 2);
	} else {
		snprintf(hex, sizeof(hex), "\\x%02x", (unsigned char)*p);
		append(line, hex, 4);
	}
	return len ? len : 1;
}

static int needs_quotes(const char *value, size_t n)
{
	size_t len;

	if (!n)
		return 1;
	for (size_t i = 0; i < n; i += len) {
		len = cx_utf8_printable(value + i, n - i);
		if (!len || strchr(" \"\\=", value[i]))
			return 1;
	}
	return 0;
}

void cx_line_pair(struct cx_line *line, const char *key, const char *value)
{
	int was_cut = line->cut, quotes;
	size_t n;

	if (was_cut)
		return;
	value = value ? value : "-";
	n = strlen(value);
	quotes = needs_quotes(value, n);
	append(line, " ", 1);
	append(line, key, strlen(key));
	append(line, "=", 1);
	if (quotes && !line->cut) {
		append_tail(line, "\"", 1);
		for (size_t i = 0; i < n && !line->cut;)
			i += append_escaped(line, value + i, n - i);
		append_tail(line, "\"", 1);
	} else {
		append(line, value, n);
	}
	if (line->cut)
		append_tail(line, "...", 3);
}
