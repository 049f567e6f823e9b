/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A queue of bytes: appended at the end, consumed at the front. Grows by
 * doubling up to a limit that the owner keeps, and is given back when empty.
 */
#ifndef CX_NET_BYTES_H
#define CX_NET_BYTES_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>

struct cx_bytes {
	uint8_t *p;
	size_t at, end, size; /* the bytes are p[at..end) */
};

static inline size_t cx_bytes_n(const struct cx_bytes *b)
{
	return b->end - b->at;
}

static inline void cx_bytes_free(struct cx_bytes *b)
{
	free(b->p);
	*b = (struct cx_bytes){0};
}

static inline void cx_bytes_consume(struct cx_bytes *b, size_t n)
{
	b->at += n;
	if (b->at == b->end)
		b->at = b->end = 0;
}

/* Room for n more behind b->end. 0 or -ENOMEM. */
static inline int cx_bytes_room(struct cx_bytes *b, size_t n)
{
	size_t have = cx_bytes_n(b), size = b->size ? b->size : 1024;
	uint8_t *p;

	if (b->size - b->end >= n)
		return 0;
	if (b->at && b->size - have >= n && b->at >= have) { /* moving is cheaper than growing */
		memcpy(b->p, b->p + b->at, have);
		b->at = 0;
		b->end = have;
		return 0;
	}
	while (size < have + n)
		size *= 2;
	p = malloc(size);
	if (!p)
		return -ENOMEM;
	if (have)
		memcpy(p, b->p + b->at, have);
	free(b->p);
	*b = (struct cx_bytes){.p = p, .end = have, .size = size};
	return 0;
}

static inline int cx_bytes_add(struct cx_bytes *b, const struct iovec *iov, int n, size_t total)
{
	int err = cx_bytes_room(b, total);

	for (int i = 0; i < n && !err; i++) {
		if (iov[i].iov_len)
			memcpy(b->p + b->end, iov[i].iov_base, iov[i].iov_len);
		b->end += iov[i].iov_len;
	}
	return err;
}

#endif
