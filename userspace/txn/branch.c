// SPDX-License-Identifier: GPL-2.0-only
/* Branches of transactions, see branch.h. */
#define _GNU_SOURCE
#include <endian.h>
#include <errno.h>
#include <string.h>
#include "base/hash.h"
#include "cxsip/alphabet.h"
#include "txn/branch.h"

#define CX_MAGIC "z9hG4bK"
#define CX_MAGIC_N 7
#define CX_GROUP_BITS 0xffffffffffffULL
#define CX_NO_GROUP UINT64_MAX
#define CX_BACK_MAX 4

/* The parts: offsets in the branch. */
enum {
	HEAD_AT = CX_MAGIC_N + 1,
	WHO_AT = HEAD_AT + 8,
	MAC_AT = WHO_AT + 8,
	LOOP_AT = MAC_AT + 8,
	BACK_AT = LOOP_AT + 8
};

/* ---- where the response is wanted --------------------------------------------- */

static bool is_v4(const union cx_addr *a)
{
	return !a->q[0] && a->d[2] == htonl(0xffff);
}

/* The groups of it: two or four. */
static uint32_t pack_back(const struct cx_hop *hop, uint64_t back[CX_BACK_MAX])
{
	uint64_t first = (uint64_t)(hop->listener & 0xff) << 40 | (uint64_t)hop->port << 16;
	uint64_t high = be64toh(hop->addr.q[0]), low = be64toh(hop->addr.q[1]);

	if (is_v4(&hop->addr)) {
		back[0] = first | (low >> 16 & 0xffff);
		back[1] = (low & 0xffff) << 32;
		return 2;
	}
	back[0] = first | 1ULL << 39 | high >> 48;
	back[1] = high & CX_GROUP_BITS;
	back[2] = low >> 16;
	back[3] = (low & 0xffff) << 32;
	return 4;
}

static void unpack_back(const uint64_t back[CX_BACK_MAX], struct cx_hop *hop)
{
	*hop = (struct cx_hop){.listener = (uint16_t)(back[0] >> 40),
			       .port = (uint16_t)(back[0] >> 16),
			       .connection = CX_NO_CONNECTION};
	if (back[0] >> 39 & 1) {
		hop->addr.q[0] = htobe64((back[0] & 0xffff) << 48 | back[1]);
		hop->addr.q[1] = htobe64(back[2] << 16 | back[3] >> 32);
	} else {
		hop->addr.q[1] = htobe64(0xffff00000000ULL | (back[0] & 0xffff) << 16 | back[1] >> 32);
	}
}

/* ---- all of it ------------------------------------------------------------------ */

struct parts {
	uint64_t head, generation, loop, mac, back[CX_BACK_MAX];
	uint32_t n_back;
};

static uint64_t mac_of(const struct cx_key *key, const struct parts *p, struct cx_text call_id)
{
	struct cx_siphash s;

	cx_siphash_start(&s, &key->mac[p->head >> 44 & 1]);
	cx_siphash_word(&s, p->head, 2);
	cx_siphash_word(&s, p->generation, 2);
	cx_siphash_word(&s, p->loop, 2);
	for (uint32_t i = 0; i < p->n_back; i++)
		cx_siphash_word(&s, p->back[i], 2);
	cx_hash_text(&s, call_id.p, call_id.n, 2);
	return cx_siphash_end(&s, 4);
}

static void put_group(char *out, uint64_t bits)
{
	cx_put64(out, cx_encode48(bits & CX_GROUP_BITS));
}

static uint64_t get_group(const char *p)
{
	uint64_t w = cx_get64(p), bits = cx_decode48(w);

	return cx_encode48(bits) == w ? bits : CX_NO_GROUP;
}

uint32_t cx_branch_write(char out[CX_BRANCH_MAX], const struct cx_key *key, const struct cx_branch_id *id,
			 struct cx_text call_id)
{
	struct parts p = {.head = (uint64_t)(key->signing & 1) << 44 | (uint64_t)(id->generation & 3) << 42 |
				  (uint64_t)(id->worker & 0x3ff) << 32 | (uint64_t)(id->node & 0xff) << 24 |
				  cx_handle_slot(id->handle),
			  .generation = cx_handle_generation(id->handle),
			  .loop = id->loop & CX_GROUP_BITS};

	p.n_back = pack_back(&id->back, p.back);
	p.mac = mac_of(key, &p, call_id);
	memcpy(out, CX_MAGIC, CX_MAGIC_N);
	out[CX_MAGIC_N] = CX_COOKIE_TRANSACTION;
	put_group(out + HEAD_AT, p.head);
	put_group(out + WHO_AT, p.generation << 16 | p.mac >> 48);
	put_group(out + MAC_AT, p.mac);
	put_group(out + LOOP_AT, p.loop);
	for (uint32_t i = 0; i < p.n_back; i++)
		put_group(out + BACK_AT + 8 * i, p.back[i]);
	return BACK_AT + 8 * p.n_back;
}

static bool is_ours(struct cx_text branch)
{
	return (branch.n == BACK_AT + 16 || branch.n == BACK_AT + 32) &&
	       !memcmp(branch.p, CX_MAGIC, CX_MAGIC_N) && branch.p[CX_MAGIC_N] == CX_COOKIE_TRANSACTION;
}

/* False: some group is none of the alphabet, or not as we would write it. */
static bool split(struct cx_text branch, struct parts *p)
{
	uint64_t who = get_group(branch.p + WHO_AT), bad = who >> 48;

	p->head = get_group(branch.p + HEAD_AT);
	p->generation = who >> 16;
	p->mac = get_group(branch.p + MAC_AT);
	p->loop = get_group(branch.p + LOOP_AT);
	bad |= p->head >> 45 | p->mac >> 48 | p->loop >> 48;
	p->n_back = (branch.n - BACK_AT) / 8;
	for (uint32_t i = 0; i < p->n_back; i++) {
		p->back[i] = get_group(branch.p + BACK_AT + 8 * i);
		bad |= p->back[i] >> 48;
	}
	p->mac |= (who & 0xffff) << 48;
	return !bad && (p->back[0] >> 39 & 1) == (p->n_back == 4);
}

static void read_parts(const struct parts *p, struct cx_branch_id *id)
{
	id->handle = (p->head & (CX_TXN_SLOTS_MAX - 1)) | p->generation << 32;
	id->loop = p->loop;
	id->worker = p->head >> 32 & 0x3ff;
	id->node = p->head >> 24 & 0xff;
	id->generation = p->head >> 42 & 3;
	unpack_back(p->back, &id->back);
}

int cx_branch_read(struct cx_text branch, const struct cx_key *key, struct cx_text call_id,
		   struct cx_branch_id *id)
{
	struct parts p;

	if (!is_ours(branch) || !split(branch, &p))
		return -ENOENT;
	if (p.mac != mac_of(key, &p, call_id))
		return -EBADMSG;
	read_parts(&p, id);
	return 0;
}

bool cx_branch_claims(struct cx_text branch, struct cx_branch_id *id)
{
	struct parts p;

	if (!is_ours(branch) || !split(branch, &p))
		return false;
	read_parts(&p, id);
	return true;
}

struct cx_text cx_branch_in(struct cx_text bytes)
{
	const char *at = memmem(bytes.p, bytes.n, CX_MAGIC, CX_MAGIC_N), *end = bytes.p + bytes.n;
	struct cx_text branch = {at, 0};

	while (at && at + branch.n < end && cx_char_is(at[branch.n], CX_C_TOKEN))
		branch.n++;
	if (!at || at + branch.n == end) /* it may go on */
		branch.n = 0;
	return branch;
}

bool cx_branch_loop(struct cx_text branch, uint64_t *loop)
{
	if (!is_ours(branch))
		return false;
	*loop = get_group(branch.p + LOOP_AT);
	return *loop != CX_NO_GROUP;
}
