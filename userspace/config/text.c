/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files as bytes, and a first look at the main file before libconfig sees it.
 *
 * libconfig 1.5 takes four things in silence, or worse, that would turn a
 * slip of the pen into another configuration: a whole number beyond 32 bits
 * is cut off, a comment or string without end swallows the rest, a NUL byte
 * ends the file, and an @include of a directory ends the process. So they are
 * found here, with the line on which they begin. Only tokens are looked at;
 * the grammar stays libconfig's.
 */
#define _GNU_SOURCE 1 /* memmem */
#include "config/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEXT_MAX (1u << 30)

static int read_all(int fd, size_t expected, struct cx_text *text)
{
	size_t size = expected + 1;
	char *grown;
	ssize_t got;

	text->p = malloc(size + 1);
	if (!text->p)
		return -ENOMEM;
	for (;;) {
		if (text->n == size) {
			if (size > TEXT_MAX)
				return -EFBIG;
			grown = realloc(text->p, size * 2 + 1);
			if (!grown)
				return -ENOMEM;
			text->p = grown;
			size *= 2;
		}
		got = read(fd, text->p + text->n, size - text->n);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		text->n += (size_t)got;
	}
	text->p[text->n] = '\0';
	return 0;
}

static const char *read_hint(int err)
{
	switch (err) {
	case -ENOENT:
		return "check the path";
	case -EACCES:
		return "the user that runs this needs read permission, and search permission on the "
		       "directories";
	case -EISDIR:
		return "give a file, not a directory";
	case -EFBIG:
		return "split it: a file may have 1 GB";
	default:
		return NULL;
	}
}

/* First line, counted from 1, of the byte at p. */
static unsigned line_at(const struct cx_text *text, const char *p)
{
	unsigned line = 1;

	for (const char *q = text->p; (q = memchr(q, '\n', (size_t)(p - q))); q++)
		line++;
	return line;
}

int cx_text_read(const char *path, struct cx_diag *diag, struct cx_text *text)
{
	struct stat st;
	const char *nul;
	int fd, err = 0;

	memset(text, 0, sizeof(*text));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	else if (st.st_size > TEXT_MAX)
		err = -EFBIG;
	else
		err = read_all(fd, S_ISREG(st.st_mode) ? (size_t)st.st_size : 4096, text);
	if (err) {
		cx_diag_error(diag, path, 0, read_hint(err), "cannot read this file: %s", strerror(-err));
		goto out;
	}
	nul = memchr(text->p, '\0', text->n);
	if (nul) {
		cx_diag_error(diag, path, line_at(text, nul), "is it a text file?",
			      "there is a NUL byte in the file");
		err = -EINVAL;
	}
out:
	if (fd >= 0)
		close(fd);
	if (err)
		cx_text_free(text);
	return err;
}

void cx_text_free(struct cx_text *text)
{
	free(text->p);
	free(text->line_start);
	memset(text, 0, sizeof(*text));
}

static int index_lines(struct cx_text *text)
{
	const char *p = text->p, *end = p + text->n;
	size_t n = 1;

	for (const char *q = p; (q = memchr(q, '\n', (size_t)(end - q))); q++)
		n++;
	text->line_start = malloc(n * sizeof(*text->line_start));
	if (!text->line_start)
		return -ENOMEM;
	text->line_start[0] = 0;
	for (const char *q = p; (q = memchr(q, '\n', (size_t)(end - q))); q++)
		text->line_start[++text->n_lines] = (uint32_t)(q + 1 - p);
	text->n_lines = n;
	return 0;
}

unsigned cx_text_line_of(const struct cx_text *text, unsigned line, const char *value)
{
	size_t n = strlen(value);

	for (size_t i = line; i > 0 && i <= text->n_lines; i--) {
		const char *p = text->p + text->line_start[i - 1];
		const char *end = text->p + (i < text->n_lines ? text->line_start[i] : text->n);

		for (; (p = memmem(p, (size_t)(end - p), value, n)); p++) {
			if (p > text->p && p[-1] == '"' && p + n < end && p[n] == '"')
				return (unsigned)i;
		}
	}
	return line;
}

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

int cx_text_check(struct cx_text *text, const char *path, struct cx_diag *diag)
{
	const char *p = text->p, *next, *wrong = NULL, *hint = NULL;

	if (index_lines(text)) {
		cx_diag_error(diag, path, 0, NULL, "out of memory");
		return -ENOMEM;
	}
	for (; *p && !wrong; p = next) {
		next = p + 1;
		if (*p == '"') {
			next = skip_string(p);
			wrong = next ? NULL : "this text has no end";
			hint = "a closing \" is missing on this line";
		} else if (*p == '#' || (*p == '/' && (p[1] == '/' || p[1] == '*'))) {
			next = skip_comment(p);
			wrong = next ? NULL : "this comment has no end";
			hint = "close it with */";
		} else if (strncmp(p, "@include", 8) == 0) {
			wrong = "@include is not supported";
			hint = "routes may be kept in files of their own: see routes_dir";
		} else if (is_name_char(*p) && *p != '-') {
			next = skip_word(p);
			wrong = *p >= '0' && *p <= '9' && number_too_big(p, next) ? "this number is too big"
										  : NULL;
			hint = "no setting takes a number beyond 2147483647";
		}
		if (wrong)
			break;
	}
	if (!wrong)
		return 0;
	cx_diag_error(diag, path, line_at(text, p), hint, "%s", wrong);
	return -EINVAL;
}
