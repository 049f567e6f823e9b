/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The transactions of one worker: by handle, and by what a message says.
 *
 * - A handle is a slot and that slot's generation, never a pointer: one that
 *   outlives its transaction finds nothing. Never 0.
 * - Server transactions are found by a keyed 64-bit hash of what RFC 3261 17.2.3
 *   compares. Only the hash is kept: without the key nobody can make two
 *   messages share one, and by chance it happens once in 2^44 lookups at the
 *   largest size of the table.
 * - Size and memory of the table are fixed when it is made.
 */
#ifndef CX_TXN_TABLE_H
#define CX_TXN_TABLE_H

#include "base/mem.h"

#define CX_TXN_SLOT_BITS 22
#define CX_TXN_SLOTS_MAX (1u << CX_TXN_SLOT_BITS)

static inline uint32_t cx_handle_slot(uint64_t handle)
{
	return (uint32_t)handle;
}

static inline uint32_t cx_handle_generation(uint64_t handle)
{
	return (uint32_t)(handle >> 32);
}

/* In a hash chain; embedded in what is found by a key. */
struct cx_txn_link {
	struct cx_txn_link *next;
	uint64_t key;
	bool in; /* a chain */
};

struct cx_txn_slot {
	void *object; /* NULL: free */
	uint32_t generation;
	uint32_t next; /* free slot */
};

struct cx_txn_table {
	struct cx_txn_slot *slots;
	struct cx_txn_link **chains;		/* a power of two of them */
	uint32_t size, used;			/* used: slots that were ever taken */
	uint32_t first_free, last_free, n_free; /* oldest first: a slot rests before it is taken again */
	uint32_t count;
	uint32_t chain_mask;
};

/* 0, -ENOMEM or -EINVAL. */
int cx_txn_table_init(struct cx_txn_table *t, struct cx_mem *mem, uint32_t size);
void cx_txn_table_free(struct cx_txn_table *t, struct cx_mem *mem);

/* A handle for an object; 0: the table is full. */
uint64_t cx_txn_table_add(struct cx_txn_table *t, void *object);
void cx_txn_table_remove(struct cx_txn_table *t, uint64_t handle);
/* NULL: it is gone. */
void *cx_txn_table_get(const struct cx_txn_table *t, uint64_t handle);

void cx_txn_table_link(struct cx_txn_table *t, struct cx_txn_link *link, uint64_t key);
void cx_txn_table_unlink(struct cx_txn_table *t, struct cx_txn_link *link); /* not in: nothing happens */
struct cx_txn_link *cx_txn_table_find(const struct cx_txn_table *t, uint64_t key);

#endif
