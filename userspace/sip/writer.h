/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Appends to a bounded buffer. What does not fit sets `full`, and then nothing
 * more is written: one check at the end is enough.
 */
#ifndef CX_SIP_WRITER_H
#define CX_SIP_WRITER_H

#include "sip/text.h"

struct cx_writer {
	char *p;
	uint32_t n, max;
	bool full;
};

void cx_put(struct cx_writer *w, struct cx_text t);
void cx_put_string(struct cx_writer *w, const char *string);
void cx_put_number(struct cx_writer *w, uint32_t number);
/* A value on one line: a fold with the blanks behind it becomes one blank (7.3.1). */
void cx_put_joined(struct cx_writer *w, struct cx_text t);
/* The same for a message of ours: other control characters become blanks, too, so that no
 * header in it can be of the sender's making. */
void cx_put_unfolded(struct cx_writer *w, struct cx_text t);
/* "Name: value\r\n" with the value unfolded. */
void cx_put_field(struct cx_writer *w, struct cx_text name, struct cx_text value);

#endif
