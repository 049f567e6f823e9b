/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bounded list of findings. Everything is counted, 100 entries are kept:
 * a file with a million wrong lines must not cost a million strings. Warnings
 * may take half of them, so that an error is always among what is shown.
 * Lack of memory loses the text of an entry, never the count of an error.
 */
#define _GNU_SOURCE 1 /* vasprintf */
#include "base/diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define ENTRIES_MAX 100
#define WARNINGS_MAX 50

static void entry_free(struct cx_diag_entry *e)
{
	free(e->file);
	free(e->text);
	free(e->hint);
	memset(e, 0, sizeof(*e));
}

static struct cx_diag_entry *entry_new(struct cx_diag *d)
{
	struct cx_diag_entry *grown;

	/* the array grows in powers of two: 8, 16, ... 128 */
	if (d->count == 0 || (d->count >= 8 && (d->count & (d->count - 1)) == 0)) {
		grown = realloc(d->entries, (d->count ? d->count * 2 : 8) * sizeof(*grown));
		if (!grown)
			return NULL;
		d->entries = grown;
	}
	memset(&d->entries[d->count], 0, sizeof(*grown));
	return &d->entries[d->count];
}

static void diag_add(struct cx_diag *d, int warning, const char *file, unsigned line, const char *hint,
		     const char *fmt, va_list args)
{
	struct cx_diag_entry *e;

	if (warning)
		d->warnings++;
	else
		d->errors++;
	if (d->count >= ENTRIES_MAX || (warning && d->warnings > WARNINGS_MAX))
		return;
	e = entry_new(d);
	if (!e)
		return;
	e->line = line;
	e->warning = warning;
	e->file = file ? strdup(file) : NULL;
	e->hint = hint ? strdup(hint) : NULL;
	if (vasprintf(&e->text, fmt, args) < 0)
		e->text = NULL; /* undefined after a failure */
	if (!e->text || (file && !e->file) || (hint && !e->hint)) {
		entry_free(e);
		return;
	}
	d->count++;
}

void cx_diag_error(struct cx_diag *d, const char *file, unsigned line, const char *hint, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_add(d, 0, file, line, hint, fmt, args);
	va_end(args);
}

void cx_diag_warn(struct cx_diag *d, const char *file, unsigned line, const char *hint, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	diag_add(d, 1, file, line, hint, fmt, args);
	va_end(args);
}

static int same_file(const struct cx_diag_entry *a, const struct cx_diag_entry *b)
{
	return a->file && b->file ? strcmp(a->file, b->file) == 0 : a->file == b->file;
}

void cx_diag_sort(struct cx_diag *d)
{
	struct cx_diag_entry entry;
	size_t file_of[ENTRIES_MAX]; /* the first entry of the same file */
	size_t i, to, file;

	for (i = 0; i < d->count; i++)
		for (file_of[i] = 0; !same_file(&d->entries[file_of[i]], &d->entries[i]); file_of[i]++)
			;
	for (i = 1; i < d->count; i++) { /* insertion: stable, and there are few */
		entry = d->entries[i];
		file = file_of[i];
		for (to = i; to > 0 && (file_of[to - 1] > file ||
					(file_of[to - 1] == file && d->entries[to - 1].line > entry.line));
		     to--) {
			d->entries[to] = d->entries[to - 1];
			file_of[to] = file_of[to - 1];
		}
		d->entries[to] = entry;
		file_of[to] = file;
	}
}

void cx_diag_print(const struct cx_diag *d, FILE *out)
{
	const struct cx_diag_entry *e;
	size_t seen = d->errors + d->warnings;

	for (size_t i = 0; i < d->count; i++) {
		e = &d->entries[i];
		if (e->file && e->line)
			fprintf(out, "%s:%u: ", e->file, e->line);
		else if (e->file)
			fprintf(out, "%s: ", e->file);
		fprintf(out, "%s: %s\n", e->warning ? "warning" : "error", e->text);
		if (e->hint)
			fprintf(out, "        hint: %s\n", e->hint);
	}
	if (seen > d->count)
		fprintf(out, "... and %zu more\n", seen - d->count);
}

void cx_diag_clear(struct cx_diag *d)
{
	for (size_t i = 0; i < d->count; i++)
		entry_free(&d->entries[i]);
	free(d->entries);
	memset(d, 0, sizeof(*d));
}
