// SPDX-License-Identifier: GPL-2.0-only
/*
 * See accepted.h. A word is the upper 57 bits of the key's hash, one that is always
 * set, and the worker; 0 is empty. The set comes from the hash, too.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include "cxsip/siphash.h"
#include "net/accepted.h"

#define SET 8
#define TAG (~(uint64_t)0x7f)
#define USED 0x40ULL
#define WORKER 0x3fULL

struct cx_accepted {
	uint64_t key[2];
	uint32_t sets; /* a power of two */
	uint64_t (*words)[SET];
};

struct cx_accepted *cx_accepted_new(uint32_t connections, uint64_t key)
{
	struct cx_accepted *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->key[0] = key;
	a->key[1] = ~key;
	a->sets = 64;
	while (a->sets < 1u << 24 && a->sets * (SET / 2) < connections)
		a->sets *= 2; /* half full at most, so that few are lost */
	a->words = aligned_alloc(64, a->sets * sizeof(*a->words));
	if (!a->words) {
		free(a);
		return NULL;
	}
	for (uint32_t i = 0; i < a->sets; i++)
		for (unsigned k = 0; k < SET; k++)
			a->words[i][k] = 0;
	return a;
}

void cx_accepted_free(struct cx_accepted *a)
{
	if (!a)
		return;
	free(a->words);
	free(a);
}

static uint64_t *set_of(const struct cx_accepted *a, const struct cx_hop *peer, uint64_t *tag)
{
	struct {
		union cx_addr addr;
		uint16_t port, listener;
		uint32_t gap;
	} key = {.addr = peer->addr, .port = peer->port, .listener = peer->listener};
	uint64_t hash = cx_siphash24((const __u64 *)a->key, &key, sizeof(key));

	*tag = (hash & TAG) | USED;
	return a->words[(hash >> 32) & (a->sets - 1)];
}

void cx_accepted_put(struct cx_accepted *a, const struct cx_hop *peer, unsigned worker)
{
	uint64_t tag, *set = set_of(a, peer, &tag), word, empty;

	for (unsigned i = 0; i < SET; i++) {
		word = __atomic_load_n(&set[i], __ATOMIC_RELAXED);
		empty = 0;
		if ((word & ~WORKER) == tag) {
			__atomic_store_n(&set[i], tag | worker, __ATOMIC_RELAXED);
			return;
		}
		if (!word && __atomic_compare_exchange_n(&set[i], &empty, tag | worker, false,
							 __ATOMIC_RELAXED, __ATOMIC_RELAXED))
			return;
	}
	__atomic_store_n(&set[peer->port % SET], tag | worker, __ATOMIC_RELAXED);
}

void cx_accepted_drop(struct cx_accepted *a, const struct cx_hop *peer, unsigned worker)
{
	uint64_t tag, *set = set_of(a, peer, &tag), word;

	for (unsigned i = 0; i < SET; i++) {
		word = tag | worker;
		__atomic_compare_exchange_n(&set[i], &word, 0, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
	}
}

int cx_accepted_find(const struct cx_accepted *a, const struct cx_hop *peer)
{
	uint64_t tag, word;
	const uint64_t *set = set_of(a, peer, &tag);

	for (unsigned i = 0; i < SET; i++) {
		word = __atomic_load_n(&set[i], __ATOMIC_RELAXED);
		if ((word & ~WORKER) == tag)
			return (int)(word & WORKER);
	}
	return -ENOENT;
}
