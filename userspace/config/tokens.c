/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A first look at the main file, before libconfig sees it.
 *
 * libconfig 1.5 takes four things in silence, or worse, that would turn a
 * slip of the pen into another configuration: a whole number beyond 32 bits
 * is cut off, a comment or string without end swallows the rest, a NUL byte
 * ends the file, and an @include of a directory ends the process. So they are
 * found here, with the line on which they begin (the NUL byte in text.c); and so
 * are texts without quotes or in wrong ones, of which libconfig would only say
 * "syntax error". Only tokens are looked at; the grammar stays libconfig's.
 */
#define _GNU_SOURCE 1 /* strchrnul */
#include "config/internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
	       c == '*' || c == '-';
}

/* Each skips one token and returns its end, or NULL if it has none. */
static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '\n'; p++) {
		if (*p == '"')
			return p + 1;
		if (*p == '\\' && p[1] && p[1] != '\n')
			p++;
	}
	return NULL;
}

static const char *skip_comment(const char *p)
{
	const char *end;

	if (*p == '/' && p[1] == '*') {
		end = strstr(p + 2, "*/");
		return end ? end + 2 : NULL;
	}
	return strchrnul(p, '\n');
}

/* True if libconfig would cut the number off. */
static bool number_too_big(const char *p, const char *end)
{
	unsigned long long value;
	char *stop;

	if (end[-1] == 'L' || end[-1] == 'l')
		return false; /* said to be 64 bits: read whole, then checked against its range */
	errno = 0;
	value = strtoull(p, &stop, p[0] == '0' && (p[1] == 'x' || p[1] == 'X') ? 16 : 10);
	if (stop != end && *stop != '.')
		return false; /* a fraction or no number */
	return errno == ERANGE || value > INT32_MAX;
}

static const char *skip_word(const char *p)
{
	while (is_name_char(*p) || *p == '.')
		p++;
	return p;
}

/* Is it a number, true or false? Or what libconfig had better judge: a name, which = follows. */
static bool may_be_bare(const char *p, const char *end)
{
	size_t n = (size_t)(end - p);
	char *stop;

	if ((n == 4 && strncasecmp(p, "true", 4) == 0) || (n == 5 && strncasecmp(p, "false", 5) == 0))
		return true;
	if (*p >= '0' && *p <= '9') {
		if (strtod(p, &stop), stop == end)
			return true;
		if (stop < end && (*stop == 'L' || *stop == 'l') && stop + strspn(stop, "Ll") == end)
			return true;
	}
	end += strspn(end, " \t\r\n");
	return *end && strchr("=:#/", *end);
}

/* What is wrong with a token, and what to do about it. */
struct slip {
	const char *what, *hint; /* what: NULL if nothing is */
	const char *word;	 /* n bytes of the file that stand before `what` */
	int n;
};

static void slipped(struct slip *slip, const char *what, const char *hint)
{
	slip->what = what;
	slip->hint = hint;
}

static bool is_comment(const char *p)
{
	return *p == '#' || (*p == '/' && (p[1] == '/' || p[1] == '*'));
}

/* A word or number, which stands behind `before`. Returns its end. */
static const char *check_word(const char *p, char before, struct slip *slip)
{
	const char *end = skip_word(p);

	if (*p >= '0' && *p <= '9' && number_too_big(p, end)) {
		slipped(slip, "this number is too big", "no setting takes a number beyond 2147483647");
	} else if (strchr("=:[(,", before) && !may_be_bare(p, end)) {
		slipped(slip, " is neither a number nor true or false",
			"a text needs double quotes on both sides; a number stands alone");
		slip->word = p;
		slip->n = (int)(end - p);
	}
	return end;
}

/* Any token; `before` is the first byte of the last one. Returns its end. */
static const char *check_token(const char *p, char before, struct slip *slip)
{
	const char *end = p + 1;

	if (*p == '"') {
		end = skip_string(p);
		if (!end)
			slipped(slip, "this text has no end", "a closing \" is missing on this line");
	} else if (is_comment(p)) {
		end = skip_comment(p);
		if (!end)
			slipped(slip, "this comment has no end", "close it with */");
	} else if (strncmp(p, "@include", 8) == 0) {
		slipped(slip, "@include is not supported",
			"routes may be kept in files of their own: see routes_dir");
	} else if (*p == '\'') {
		slipped(slip, "a text stands in double quotes, not in single ones", NULL);
	} else if ((unsigned char)*p >= 0x80) {
		slipped(slip, "a character that is not ASCII stands outside of a text in quotes",
			"write plain blanks, and \" for quotes");
	} else if (is_name_char(*p) && *p != '-') {
		end = check_word(p, before, slip);
	}
	return end;
}

int cx_text_check(struct cx_text *text, const char *path, struct cx_diag *diag)
{
	struct slip slip = {0};
	const char *p, *next;
	char before = ';';

	if (cx_text_index(text)) {
		cx_diag_error(diag, path, 0, NULL, "out of memory");
		return -ENOMEM;
	}
	for (p = text->p; *p; p = next) {
		next = check_token(p, before, &slip);
		if (slip.what)
			break;
		if (!is_comment(p) && !strchr(" \t\r\n", *p))
			before = *p;
	}
	if (!slip.what)
		return 0;
	cx_diag_error(diag, path, cx_text_line_at(text, p), slip.hint, "%.*s%s", slip.n,
		      slip.n ? slip.word : "", slip.what);
	return -EINVAL;
}
