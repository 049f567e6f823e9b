/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One line of the log: "level event key=value key="two words"". Pure.
 */
#ifndef CX_OBSERVE_LINE_H
#define CX_OBSERVE_LINE_H

#include <stddef.h>
#include "observe/log.h"

#define CX_LINE_SIZE 3072 /* below PIPE_BUF, so that a write to a pipe is whole or not at all */

struct cx_line {
	char text[CX_LINE_SIZE]; /* NUL-terminated, no newline */
	size_t length;
	int cut; /* did not fit: the text ends in "..." */
};

const char *cx_log_level_text(enum cx_log_level level);
void cx_line_begin(struct cx_line *line, enum cx_log_level level, const char *event);
/* A NULL value is written as -. */
void cx_line_pair(struct cx_line *line, const char *key, const char *value);

#endif
