/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files as bytes: read whole, with the places where lines begin.
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
#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* some editors write it; it says nothing of UTF-8 */

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

unsigned cx_text_line_at(const struct cx_text *text, const char *p)
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
	if (text->n >= 3 && memcmp(text->p, BYTE_ORDER_MARK, 3) == 0) {
		text->n -= 3;
		memmove(text->p, text->p + 3, text->n + 1);
	}
	nul = memchr(text->p, '\0', text->n);
	if (nul) {
		cx_diag_error(diag, path, cx_text_line_at(text, nul), "is it a text file?",
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

int cx_text_index(struct cx_text *text)
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
