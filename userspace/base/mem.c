// SPDX-License-Identifier: GPL-2.0-only
/*
 * Counted memory, see mem.h. The allocator knows the size of what it gave, so no
 * header of our own is needed; CX_MEM_OVERHEAD is glibc's own word beside it.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define CX_MEM_OVERHEAD 8

static void *get(struct cx_mem *m, size_t n, bool zeroed)
{
	void *p;

	if (++m->allocations == m->fail_at)
		return NULL;
	p = zeroed ? calloc(1, n) : malloc(n);
	if (!p)
		return NULL;
	m->objects++;
	m->bytes += malloc_usable_size(p) + CX_MEM_OVERHEAD;
	return p;
}

void *cx_mem_alloc(struct cx_mem *m, size_t n)
{
	return get(m, n, true);
}

void cx_mem_free(struct cx_mem *m, void *p)
{
	if (!p)
		return;
	m->objects--;
	m->bytes -= malloc_usable_size(p) + CX_MEM_OVERHEAD;
	free(p);
}

struct cx_buffer *cx_buffer_new(struct cx_mem *m, size_t n)
{
	struct cx_buffer *b;

	if (n > UINT32_MAX)
		return NULL;
	b = get(m, sizeof(*b) + n, false);
	if (b)
		b->n = (uint32_t)n;
	return b;
}

struct cx_buffer *cx_buffer_copy(struct cx_mem *m, const void *p, size_t n)
{
	struct cx_buffer *b = cx_buffer_new(m, n);

	if (b && n)
		memcpy(b->p, p, n);
	return b;
}

void cx_buffer_drop(struct cx_mem *m, struct cx_buffer **b)
{
	cx_mem_free(m, *b);
	*b = NULL;
}
