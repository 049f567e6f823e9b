/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Aligned tables of plain text. Widths count characters as a terminal shows
 * them, not bytes; what is no printable UTF-8 is shown as "?".
 */
#ifndef CX_CXCTL_TABLE_H
#define CX_CXCTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum cxctl_style { CXCTL_PLAIN, CXCTL_GOOD, CXCTL_POOR, CXCTL_BAD, CXCTL_HEAD };

struct cxctl_column {
	const char *title;
	bool right; /* numbers */
};

struct cxctl_table;

/* columns must stay valid. Out of memory ends the program. */
struct cxctl_table *cxctl_table_new(const struct cxctl_column *columns, size_t n);
/* The next cell, row by row. */
void cxctl_cell(struct cxctl_table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void cxctl_cell_styled(struct cxctl_table *t, enum cxctl_style style, const char *text);
size_t cxctl_table_rows(const struct cxctl_table *t);
/* Prints titles and rows, each line indented, without blanks at its end. Styles
 * show only on a terminal (and not with NO_COLOR set). */
void cxctl_table_print(const struct cxctl_table *t, unsigned indent, FILE *out);
void cxctl_table_free(struct cxctl_table *t);

/* Columns that the text takes on a terminal, after cleaning. */
size_t cxctl_width(const char *text);
/* Prints text with control characters and broken UTF-8 as "?". */
void cxctl_print_clean(const char *text, FILE *out);
/* Escape sequence that starts a style, "" if out shows none. */
const char *cxctl_style_on(enum cxctl_style style, FILE *out);
const char *cxctl_style_off(FILE *out);

#endif
