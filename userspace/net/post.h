/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Post between threads: from each party to each other a ring of bytes, written
 * by one and read by one, so without a lock. What is handed over is copied: no
 * pointer crosses a thread. A ring that is full refuses and counts; nobody waits.
 * Who can leave what it has where it is, as TCP can, asks for room first, and is
 * woken when there is some.
 *
 * The receiver is woken through an event loop's uv_async_t.
 */
#ifndef CX_NET_POST_H
#define CX_NET_POST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <uv.h>

#define CX_POST_SPARE 64 /* bytes behind a letter that its reader may write to */

struct cx_post;

/* parties: numbered from 0. bytes: of each ring, rounded up to a power of two. */
struct cx_post *cx_post_new(unsigned parties, size_t bytes);
void cx_post_free(struct cx_post *p);
/* Who wakes party: an async of its loop whose callback calls cx_post_read(). */
void cx_post_attach(struct cx_post *p, unsigned party, uv_async_t *wake);
/* A letter of the gathered pieces. 0; -ENOBUFS: the ring is full; -EMSGSIZE. */
int cx_post_send(struct cx_post *p, unsigned from, unsigned to, uint32_t kind, const struct iovec *iov,
		 size_t n);
/* Would a letter of n bytes be taken? If not, `from` is woken as soon as the ring is
 * half empty, and cx_post_relieved() says so once. */
bool cx_post_has_room(struct cx_post *p, unsigned from, unsigned to, size_t n);
bool cx_post_relieved(struct cx_post *p, unsigned from);
/* from wants to be woken by nobody any more. */
void cx_post_unwant(struct cx_post *p, unsigned from);
/* Wakes everybody that from has sent to since it last did. Letters are seen
 * no later than this; a party does it once at the end of its turn. */
void cx_post_wake(struct cx_post *p, unsigned from);
/* Hands over what has come in for `to`, at most max letters; letter is aligned to
 * 8 bytes, may be changed and is gone when the callback returns. How many. */
size_t cx_post_read(struct cx_post *p, unsigned to, size_t max,
		    void (*on_letter)(void *ctx, unsigned from, uint32_t kind, void *letter, size_t n),
		    void *ctx);
/* Letters that from could not send, since the start. */
uint64_t cx_post_refused(const struct cx_post *p, unsigned from);

#endif
