// SPDX-License-Identifier: GPL-2.0-only
/*
 * Post between threads, see post.h. A ring's positions only grow; the writer owns
 * `written`, the reader `read`, and each publishes its own with release order.
 * A letter never wraps: where it does not fit the end, a mark sends the reader
 * to the start.
 *
 * Who wants room says so (`wanted`) and looks once more; the reader makes room and
 * then looks at `wanted`. Both by read-modify-write of that one word, so one of
 * them comes later and sees the other.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "net/post.h"

#define WRAP UINT32_MAX

struct head {
	uint32_t n; /* bytes of the letter, or WRAP */
	uint32_t kind;
};

struct ring {
	uint64_t written __attribute__((aligned(64)));
	uint64_t read __attribute__((aligned(64)));
	uint64_t relieved; /* the reader's: `read` when it looked at `wanted` last */
	uint32_t wanted; /* room, by the writer: 1 */
	uint8_t *bytes;
};

struct party {
	uv_async_t *wake;
	bool *to_wake; /* by party: written to since the last cx_post_wake() */
	bool *waits;   /* by party: has been told that there is no room */
	uint64_t refused;
};

struct cx_post {
	unsigned parties;
	size_t size;
	struct party *party;
	struct ring *rings; /* [to * parties + from] */
};

struct cx_post *cx_post_new(unsigned parties, size_t bytes)
{
	struct cx_post *p = calloc(1, sizeof(*p));
	size_t size = 4096;

	if (!p)
		return NULL;
	while (size < bytes)
		size *= 2;
	p->parties = parties;
	p->size = size;
	p->party = calloc(parties, sizeof(*p->party));
	p->rings = aligned_alloc(64, parties * parties * sizeof(*p->rings));
	if (!p->party || !p->rings)
		goto fail;
	memset(p->rings, 0, parties * parties * sizeof(*p->rings));
	for (unsigned i = 0; i < parties * parties; i++) {
		if (i / parties == i % parties)
			continue;
		p->rings[i].bytes = calloc(1, size);
		if (!p->rings[i].bytes)
			goto fail;
	}
	for (unsigned i = 0; i < parties; i++) {
		p->party[i].to_wake = calloc(parties, sizeof(bool));
		p->party[i].waits = calloc(parties, sizeof(bool));
		if (!p->party[i].to_wake || !p->party[i].waits)
			goto fail;
	}
	return p;
fail:
	cx_post_free(p);
	return NULL;
}

void cx_post_free(struct cx_post *p)
{
	if (!p)
		return;
	for (unsigned i = 0; p->rings && i < p->parties * p->parties; i++)
		free(p->rings[i].bytes);
	for (unsigned i = 0; p->party && i < p->parties; i++) {
		free(p->party[i].to_wake);
		free(p->party[i].waits);
	}
	free(p->rings);
	free(p->party);
	free(p);
}

void cx_post_attach(struct cx_post *p, unsigned party, uv_async_t *wake)
{
	p->party[party].wake = wake;
}

static int refuse(struct cx_post *p, unsigned from, int err)
{
	struct party *party = &p->party[from];

	__atomic_store_n(&party->refused, party->refused + 1, __ATOMIC_RELAXED);
	return err;
}

/* Where n bytes may be written, or NULL: no room. Marks the wrap. */
static uint8_t *room_for(const struct cx_post *p, struct ring *r, size_t n, uint64_t *written)
{
	uint64_t read = __atomic_load_n(&r->read, __ATOMIC_ACQUIRE);
	size_t at = *written & (p->size - 1), to_end = p->size - at;

	if (to_end < n) {
		if (*written + to_end + n - read > p->size)
			return NULL;
		((struct head *)(void *)(r->bytes + at))->n =
		    WRAP; /* at least a head fits: all is in eights */
		*written += to_end;
		at = 0;
	}
	return *written + n - read > p->size ? NULL : r->bytes + at;
}

static size_t whole_of(size_t length)
{
	return (sizeof(struct head) + length + CX_POST_SPARE + 7) & ~(size_t)7;
}

bool cx_post_has_room(struct cx_post *p, unsigned from, unsigned to, size_t n)
{
	struct ring *r = &p->rings[to * p->parties + from];
	uint64_t written = r->written;

	if (whole_of(n) > p->size / 2 || room_for(p, r, whole_of(n), &written))
		return true; /* or it never will be: sending says so */
	__atomic_exchange_n(&r->wanted, 1, __ATOMIC_ACQ_REL);
	written = r->written;
	if (room_for(p, r, whole_of(n), &written)) {
		__atomic_store_n(&r->wanted, 0, __ATOMIC_RELEASE);
		return true;
	}
	p->party[from].waits[to] = true;
	return false;
}

bool cx_post_relieved(struct cx_post *p, unsigned from)
{
	bool relieved = false;

	for (unsigned to = 0; to < p->parties; to++) {
		struct ring *r = &p->rings[to * p->parties + from];

		if (!p->party[from].waits[to] || __atomic_load_n(&r->wanted, __ATOMIC_ACQUIRE))
			continue;
		p->party[from].waits[to] = false;
		relieved = true;
	}
	return relieved;
}

void cx_post_unwant(struct cx_post *p, unsigned from)
{
	for (unsigned to = 0; to < p->parties; to++)
		__atomic_store_n(&p->rings[to * p->parties + from].wanted, 0, __ATOMIC_RELEASE);
}

/* Behind the last read: whoever waits for room in what is half empty now. Where nothing
 * was read since the last look there is no more room than then: whoever has come to want
 * some meanwhile has seen what there is. */
static void relieve(struct cx_post *p, unsigned to)
{
	for (unsigned from = 0; from < p->parties; from++) {
		struct ring *r = &p->rings[to * p->parties + from];

		if (r->read == r->relieved)
			continue;
		r->relieved = r->read;
		if (!__atomic_fetch_add(&r->wanted, 0, __ATOMIC_ACQ_REL) ||
		    __atomic_load_n(&r->written, __ATOMIC_RELAXED) - r->read > p->size / 2)
			continue;
		if (__atomic_exchange_n(&r->wanted, 0, __ATOMIC_ACQ_REL))
			uv_async_send(p->party[from].wake);
	}
}

int cx_post_send(struct cx_post *p, unsigned from, unsigned to, uint32_t kind, const struct iovec *iov,
		 size_t n)
{
	struct ring *r = &p->rings[to * p->parties + from];
	uint64_t written = r->written;
	size_t length = 0, whole;
	uint8_t *at;

	for (size_t i = 0; i < n; i++)
		length += iov[i].iov_len;
	whole = whole_of(length);
	if (length >= WRAP || whole > p->size / 2)
		return refuse(p, from, -EMSGSIZE);
	at = room_for(p, r, whole, &written);
	if (!at)
		return refuse(p, from, -ENOBUFS);
	*(struct head *)(void *)at = (struct head){.n = (uint32_t)length, .kind = kind};
	at += sizeof(struct head);
	for (size_t i = 0; i < n; i++) {
		if (iov[i].iov_len)
			memcpy(at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	__atomic_store_n(&r->written, written + whole, __ATOMIC_RELEASE);
	p->party[from].to_wake[to] = true;
	return 0;
}

void cx_post_wake(struct cx_post *p, unsigned from)
{
	bool *to_wake = p->party[from].to_wake;

	for (unsigned to = 0; to < p->parties; to++) {
		if (!to_wake[to])
			continue;
		to_wake[to] = false;
		uv_async_send(p->party[to].wake);
	}
}

static bool read_one(struct cx_post *p, struct ring *r, unsigned from,
		     void (*on_letter)(void *, unsigned, uint32_t, void *, size_t), void *ctx)
{
	uint64_t written = __atomic_load_n(&r->written, __ATOMIC_ACQUIRE), read = r->read;
	struct head *head;

	if (read == written)
		return false;
	head = (void *)(r->bytes + (read & (p->size - 1)));
	if (head->n == WRAP) {
		read = (read | (p->size - 1)) + 1;
		head = (void *)r->bytes;
	}
	on_letter(ctx, from, head->kind, head + 1, head->n);
	read += whole_of(head->n);
	__atomic_store_n(&r->read, read, __ATOMIC_RELEASE);
	return true;
}

size_t cx_post_read(struct cx_post *p, unsigned to, size_t max,
		    void (*on_letter)(void *, unsigned, uint32_t, void *, size_t), void *ctx)
{
	size_t n = 0, before;

	do {
		before = n;
		for (unsigned from = 0; from < p->parties && n < max; from++) {
			struct ring *r = &p->rings[to * p->parties + from];

			n += r->bytes && read_one(p, r, from, on_letter, ctx);
		}
	} while (n > before && n < max);
	relieve(p, to);
	if (n == max) /* others of the loop have their turn before the rest */
		uv_async_send(p->party[to].wake);
	return n;
}

uint64_t cx_post_refused(const struct cx_post *p, unsigned from)
{
	return __atomic_load_n(&p->party[from].refused, __ATOMIC_RELAXED);
}
