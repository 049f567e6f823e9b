// SPDX-License-Identifier: GPL-2.0-only
/* The table of transactions, see table.h. */
#include <errno.h>
#include "txn/table.h"

#define CX_NO_SLOT UINT32_MAX
#define CX_SLOTS_AT_REST                                                                                     \
	1024 /* so many free ones are kept before they are used again, if there are others                   \
	      */

int cx_txn_table_init(struct cx_txn_table *t, struct cx_mem *mem, uint32_t size)
{
	uint32_t chains = 16;

	*t = (struct cx_txn_table){0};
	if (!size || size > CX_TXN_SLOTS_MAX)
		return -EINVAL;
	while (chains < size)
		chains *= 2;
	t->slots = cx_mem_alloc(mem, size * sizeof(*t->slots));
	t->chains = cx_mem_alloc(mem, chains * sizeof(struct cx_txn_link *));
	if (!t->slots || !t->chains) {
		cx_txn_table_free(t, mem);
		return -ENOMEM;
	}
	t->size = size;
	t->chain_mask = chains - 1;
	t->first_free = t->last_free = CX_NO_SLOT;
	return 0;
}

void cx_txn_table_free(struct cx_txn_table *t, struct cx_mem *mem)
{
	cx_mem_free(mem, t->slots);
	cx_mem_free(mem, t->chains);
	*t = (struct cx_txn_table){0};
}

uint64_t cx_txn_table_add(struct cx_txn_table *t, void *object)
{
	uint32_t i;

	if (t->used < t->size && t->n_free < CX_SLOTS_AT_REST) {
		i = t->used++;
	} else {
		i = t->first_free;
		if (i == CX_NO_SLOT)
			return 0;
		t->n_free--;
		t->first_free = t->slots[i].next;
		if (t->first_free == CX_NO_SLOT)
			t->last_free = CX_NO_SLOT;
	}
	t->slots[i].object = object;
	if (!++t->slots[i].generation)
		t->slots[i].generation = 1;
	t->count++;
	return i | (uint64_t)t->slots[i].generation << 32;
}

void cx_txn_table_remove(struct cx_txn_table *t, uint64_t handle)
{
	uint32_t i = cx_handle_slot(handle);

	if (!cx_txn_table_get(t, handle))
		return;
	t->slots[i].object = NULL;
	t->slots[i].next = CX_NO_SLOT;
	if (t->last_free == CX_NO_SLOT)
		t->first_free = i;
	else
		t->slots[t->last_free].next = i;
	t->last_free = i;
	t->n_free++;
	t->count--;
}

void *cx_txn_table_get(const struct cx_txn_table *t, uint64_t handle)
{
	uint32_t i = cx_handle_slot(handle);

	if (i >= t->used || t->slots[i].generation != cx_handle_generation(handle))
		return NULL;
	return t->slots[i].object;
}

static struct cx_txn_link **chain_of(const struct cx_txn_table *t, uint64_t key)
{
	return &t->chains[key & t->chain_mask];
}

void cx_txn_table_link(struct cx_txn_table *t, struct cx_txn_link *link, uint64_t key)
{
	struct cx_txn_link **chain = chain_of(t, key);

	link->key = key;
	link->next = *chain;
	link->in = true;
	*chain = link;
}

void cx_txn_table_unlink(struct cx_txn_table *t, struct cx_txn_link *link)
{
	struct cx_txn_link **p = chain_of(t, link->key);

	if (!link->in)
		return;
	while (*p != link)
		p = &(*p)->next;
	*p = link->next;
	link->next = NULL;
	link->in = false;
}

struct cx_txn_link *cx_txn_table_find(const struct cx_txn_table *t, uint64_t key)
{
	struct cx_txn_link *link = *chain_of(t, key);

	while (link && link->key != key)
		link = link->next;
	return link;
}
