/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Memory with a count of what is out, for machines that must give all of it
 * back: one struct cx_mem a machine, used by one thread. A test can let the n-th
 * allocation fail, for every n, and see that nothing is lost.
 *
 * Sizes are what the allocator really set aside, so that `bytes` is what the
 * process pays.
 */
#ifndef CX_BASE_MEM_H
#define CX_BASE_MEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cx_mem {
	uint64_t bytes, objects; /* out now */
	uint64_t allocations;	 /* asked for, ever */
	uint64_t fail_at;	 /* that many-th allocation from the start fails; 0: none */
};

/* Zeroed. NULL: no memory. */
void *cx_mem_alloc(struct cx_mem *m, size_t n);
/* NULL is nothing to free. */
void cx_mem_free(struct cx_mem *m, void *p);

/* Bytes that own themselves. */
struct cx_buffer {
	uint32_t n;
	uint8_t p[];
};
/* n bytes, not zeroed, to be filled in. NULL: no memory. */
struct cx_buffer *cx_buffer_new(struct cx_mem *m, size_t n);
struct cx_buffer *cx_buffer_copy(struct cx_mem *m, const void *p, size_t n);
/* Frees and forgets. */
void cx_buffer_drop(struct cx_mem *m, struct cx_buffer **b);

#endif
