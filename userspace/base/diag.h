/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is wrong with somebody's input, and what to do about it: a list of
 * "file:line: error: text" with a hint each, kept in the order found.
 */
#ifndef CX_BASE_DIAG_H
#define CX_BASE_DIAG_H

#include <stddef.h>
#include <stdio.h>

struct cx_diag_entry {
	char *file; /* may be NULL */
	unsigned line; /* 0: none */
	int warning; /* 1: does not refuse the input */
	char *text;
	char *hint; /* may be NULL */
};

struct cx_diag {
	struct cx_diag_entry *entries;
	size_t count; /* of stored entries; at most 100 are stored */
	size_t errors; /* all that were seen, stored or not */
	size_t warnings;
};

void cx_diag_error(struct cx_diag *d, const char *file, unsigned line, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
void cx_diag_warn(struct cx_diag *d, const char *file, unsigned line, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* By line within each file; the files stay in the order in which they were met first. */
void cx_diag_sort(struct cx_diag *d);
/* "cxsip.cfg:12: error: text\n        hint: ...\n" for each. */
void cx_diag_print(const struct cx_diag *d, FILE *out);
void cx_diag_clear(struct cx_diag *d); /* frees all, leaves it usable */

#endif
