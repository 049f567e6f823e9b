/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control protocol's framing: bytes in, lines out, and the envelope of a
 * request. Pure.
 */
#ifndef CX_CONTROL_FRAME_H
#define CX_CONTROL_FRAME_H

#include <stddef.h>
#include <jansson.h>

#define CX_FRAME_MAX (1024 * 1024) /* bytes of a line */

struct cx_line_frame {
	char *bytes;
	size_t n, size;
	size_t start;	/* of the line under way */
	size_t scanned; /* no newline in bytes[start..scanned) */
};

/* 0; -EMSGSIZE: a line longer than CX_FRAME_MAX; -ENOMEM. */
int cx_line_frame_add(struct cx_line_frame *f, const char *p, size_t n);
/* The next whole line, without its newline (and CR), valid until the next
 * cx_line_frame_add(). 1; 0: none yet. Empty lines are skipped. */
int cx_line_frame_next(struct cx_line_frame *f, const char **line, size_t *n);
void cx_line_frame_free(struct cx_line_frame *f);

struct cx_envelope {
	json_t *root; /* owns the rest */
	const char *cmd;
	json_t *args; /* an object, maybe empty */
};

/* 0, or -EINVAL with what is wrong: code for programs, text for people.
 * cx_envelope_free() in both cases. */
int cx_envelope_parse(const char *line, size_t n, struct cx_envelope *e, const char **code, char *text,
		      size_t text_size);
void cx_envelope_free(struct cx_envelope *e);

#endif
