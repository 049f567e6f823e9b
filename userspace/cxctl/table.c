/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Aligned tables.
 *
 * Cells may hold names from configurations and text from messages: everything
 * is cleaned on its way out, so that nothing in a SIP message can steer the
 * operator's terminal.
 */
#define _XOPEN_SOURCE 700 /* wcwidth */
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>
#include "cxctl/table.h"
#include "observe/utf8.h"

struct cell {
	char *text;
	enum cxctl_style style;
};

struct cxctl_table {
	const struct cxctl_column *columns;
	size_t n_columns;
	struct cell *cells;
	size_t n, size;
};

static void *must(void *p)
{
	if (!p) {
		fputs("cxctl: out of memory\n", stderr);
		exit(2);
	}
	return p;
}

struct cxctl_table *cxctl_table_new(const struct cxctl_column *columns, size_t n)
{
	struct cxctl_table *t = must(calloc(1, sizeof(*t)));

	t->columns = columns;
	t->n_columns = n;
	return t;
}

static void add(struct cxctl_table *t, enum cxctl_style style, char *text)
{
	if (t->n == t->size) {
		t->size = t->size ? 2 * t->size : 64;
		t->cells = must(realloc(t->cells, t->size * sizeof(*t->cells)));
	}
	t->cells[t->n].text = must(text);
	t->cells[t->n++].style = style;
}

void cxctl_cell(struct cxctl_table *t, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	add(t, CXCTL_PLAIN, strdup(text));
}

void cxctl_cell_styled(struct cxctl_table *t, enum cxctl_style style, const char *text)
{
	add(t, style, strdup(text));
}

size_t cxctl_table_rows(const struct cxctl_table *t)
{
	return t->n / t->n_columns;
}

/* The character at p: its bytes, and the columns it takes. 0 bytes: not printable. */
static size_t character(const char *p, size_t n, size_t *columns)
{
	size_t len = cx_utf8_printable(p, n);
	const unsigned char *b = (const unsigned char *)p;
	unsigned code;
	int width;

	*columns = 1;
	if (len < 2)
		return len;
	code = b[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++)
		code = code << 6 | (b[i] & 0x3f);
	width = wcwidth((wchar_t)code);
	*columns = width < 0 ? 1 : (size_t)width;
	return len;
}

size_t cxctl_width(const char *text)
{
	size_t n = strlen(text), width = 0, columns, len;

	for (size_t i = 0; i < n; i += len ? len : 1) {
		len = character(text + i, n - i, &columns);
		width += columns;
	}
	return width;
}

void cxctl_print_clean(const char *text, FILE *out)
{
	size_t n = strlen(text), columns, len;

	for (size_t i = 0; i < n; i += len ? len : 1) {
		len = character(text + i, n - i, &columns);
		if (len)
			fwrite(text + i, 1, len, out);
		else
			fputc('?', out);
	}
}

static bool styled(FILE *out)
{
	return isatty(fileno(out)) && !getenv("NO_COLOR");
}

const char *cxctl_style_on(enum cxctl_style style, FILE *out)
{
	static const char *const sequences[] = {"", "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[1m"};

	return style != CXCTL_PLAIN && styled(out) ? sequences[style] : "";
}

const char *cxctl_style_off(FILE *out)
{
	return styled(out) ? "\x1b[0m" : "";
}

static void print_cell(const char *text, enum cxctl_style style, size_t width, bool right, bool last,
		       FILE *out)
{
	size_t own = cxctl_width(text), blanks = width > own ? width - own : 0;

	if (right)
		fprintf(out, "%*s", (int)blanks, "");
	if (style != CXCTL_PLAIN) {
		fputs(cxctl_style_on(style, out), out);
		cxctl_print_clean(text, out);
		fputs(cxctl_style_off(out), out);
	} else {
		cxctl_print_clean(text, out);
	}
	if (!right && !last)
		fprintf(out, "%*s", (int)blanks, "");
	fputs(last ? "\n" : "  ", out);
}

/* Blank cells at the end of a row are not printed at all. */
static size_t used_columns(const struct cxctl_table *t, size_t row)
{
	size_t n = t->n_columns;

	while (n > 1 && !t->cells[row * t->n_columns + n - 1].text[0])
		n--;
	return n;
}

void cxctl_table_print(const struct cxctl_table *t, unsigned indent, FILE *out)
{
	size_t *widths = must(calloc(t->n_columns, sizeof(*widths))), titles;

	setlocale(LC_CTYPE, "C.UTF-8");
	for (size_t i = 0; i < t->n_columns; i++)
		widths[i] = cxctl_width(t->columns[i].title);
	for (size_t i = 0; i < t->n; i++) {
		size_t width = cxctl_width(t->cells[i].text), *column = &widths[i % t->n_columns];

		*column = width > *column ? width : *column;
	}
	titles = t->n_columns;
	while (titles > 1 && !t->columns[titles - 1].title[0])
		titles--;
	fprintf(out, "%*s", (int)indent, "");
	for (size_t i = 0; i < titles; i++)
		print_cell(t->columns[i].title, CXCTL_HEAD, widths[i], t->columns[i].right, i + 1 == titles,
			   out);
	for (size_t row = 0; row < cxctl_table_rows(t); row++) {
		size_t used = used_columns(t, row);

		fprintf(out, "%*s", (int)indent, "");
		for (size_t i = 0; i < used; i++) {
			const struct cell *cell = &t->cells[row * t->n_columns + i];

			print_cell(cell->text, cell->style, widths[i], t->columns[i].right, i + 1 == used,
				   out);
		}
	}
	free(widths);
}

void cxctl_table_free(struct cxctl_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t);
}
