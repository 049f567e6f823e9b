/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Edits of a message: a list sorted by offset, applied in one copy. Bytes that no
 * edit names come out identical.
 *
 * - An edit replaces `n` bytes at `at` by a text: n = 0 inserts, no text removes.
 * - Inserts at one offset come out in the order in which they were made.
 * - Removed ranges may overlap and are joined; a replacement must not overlap
 *   with anything (-EINVAL).
 * - Texts must live until the edits are applied; cx_edits_text() keeps one in the
 *   list's own room.
 * - A failed edit is remembered: applying then fails with the same error.
 */
#ifndef CX_SIP_EDIT_H
#define CX_SIP_EDIT_H

#include <sys/uio.h>
#include "sip/message.h"

#define CX_EDITS_MAX 64
#define CX_EDITS_ROOM 8192
#define CX_EDITS_IOV (2 * CX_EDITS_MAX + 1)

struct cx_edit {
	uint32_t at, n;
	struct cx_text text;
};

struct cx_edits {
	const struct cx_message *m;
	struct cx_edit list[CX_EDITS_MAX];
	uint32_t n;
	int err; /* the first that went wrong */
	uint32_t room_n;
	char room[CX_EDITS_ROOM];
};

/* Starts an empty list for a message, which must outlive it. */
void cx_edits_init(struct cx_edits *e, const struct cx_message *m);
/* printf into the list's room. p = NULL (and e->err): it is full. */
struct cx_text cx_edits_text(struct cx_edits *e, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* All return 0, -EINVAL (range, overlap) or -ENOSPC (too many edits). */
int cx_edit_replace(struct cx_edits *e, uint32_t at, uint32_t n, struct cx_text text);
int cx_edit_insert(struct cx_edits *e, uint32_t at, struct cx_text text);
int cx_edit_remove(struct cx_edits *e, uint32_t at, uint32_t n);

/* By header. Whole lines are texts like "Via: ...\r\n". */
int cx_edit_request_uri(struct cx_edits *e, struct cx_text uri);
/* In front of the first field of that header, else in front of all fields. */
int cx_edit_prepend(struct cx_edits *e, enum cx_header_id id, struct cx_text lines);
/* Behind the last field. */
int cx_edit_append(struct cx_edits *e, struct cx_text lines);
int cx_edit_set_value(struct cx_edits *e, const struct cx_field *field, struct cx_text value);
int cx_edit_remove_field(struct cx_edits *e, const struct cx_field *field);
/* All fields of a header. */
int cx_edit_remove_header(struct cx_edits *e, enum cx_header_id id);
/* One value of a list with its comma; with the last one left, the field goes. */
int cx_edit_remove_value(struct cx_edits *e, const struct cx_value *value);
/* The first `count` values of a list header, over its fields (popping Route or Via). */
int cx_edit_pop(struct cx_edits *e, enum cx_header_id id, uint32_t count);
/* Another body: its bytes and Content-Length (added where it is missing). */
int cx_edit_body(struct cx_edits *e, struct cx_text body);

/* Length of the result. */
uint32_t cx_edits_length(const struct cx_edits *e);
/* The result in one buffer: its length; e->err; -ENOSPC: max is too small. */
int cx_edits_apply(const struct cx_edits *e, void *out, size_t max);
/* The result as pieces of the message and of the texts: how many; e->err; -ENOSPC.
 * CX_EDITS_IOV always suffice. */
int cx_edits_iov(const struct cx_edits *e, struct iovec *iov, int max);

#endif
