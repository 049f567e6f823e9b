// SPDX-License-Identifier: GPL-2.0-only
/* Branches of transactions, see branch.h. */
#include <errno.h>
#include "base/hash.h"
#include "cxsip/alphabet.h"
#include "txn/branch.h"

#define CX_MAGIC "z9hG4bK"
#define CX_MAGIC_N 7
#define CX_GROUP_BITS 0xffffffffffffULL
#define CX_NO_GROUP UINT64_MAX

/* The parts: offsets in the branch. */
enum { HEAD_AT = CX_MAGIC_N + 1, WHO_AT = HEAD_AT + 8, MAC_AT = WHO_AT + 8, LOOP_AT = MAC_AT + 8 };

static uint64_t mac_of(const struct cx_key *key, uint64_t head, uint64_t generation, uint64_t loop,
		       struct cx_text call_id)
{
	struct cx_siphash s;

	cx_siphash_start(&s, &key->mac[head >> 44 & 1]);
	cx_siphash_word(&s, head, 2);
	cx_siphash_word(&s, generation, 2);
	cx_siphash_word(&s, loop, 2);
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

void cx_branch_write(char out[CX_BRANCH_SIZE], const struct cx_key *key, const struct cx_branch_place *place,
		     uint64_t handle, uint64_t loop, struct cx_text call_id)
{
	uint64_t head = (uint64_t)(key->current & 1) << 44 | (uint64_t)(place->generation & 3) << 42 |
			(uint64_t)(place->worker & 0x3ff) << 32 | (uint64_t)(place->node & 0xff) << 24 |
			cx_handle_slot(handle);
	uint64_t generation = cx_handle_generation(handle), mac;

	loop &= CX_GROUP_BITS;
	mac = mac_of(key, head, generation, loop, call_id);
	memcpy(out, CX_MAGIC, CX_MAGIC_N);
	out[CX_MAGIC_N] = CX_COOKIE_TRANSACTION;
	put_group(out + HEAD_AT, head);
	put_group(out + WHO_AT, generation << 16 | mac >> 48);
	put_group(out + MAC_AT, mac);
	put_group(out + LOOP_AT, loop);
}

static bool is_ours(struct cx_text branch)
{
	return branch.n == CX_BRANCH_SIZE && !memcmp(branch.p, CX_MAGIC, CX_MAGIC_N) &&
	       branch.p[CX_MAGIC_N] == CX_COOKIE_TRANSACTION;
}

int cx_branch_read(struct cx_text branch, const struct cx_key *key, struct cx_text call_id, uint64_t *handle,
		   uint32_t *worker)
{
	uint64_t head, who, mac, loop;

	if (!is_ours(branch))
		return -ENOENT;
	head = get_group(branch.p + HEAD_AT);
	who = get_group(branch.p + WHO_AT);
	mac = get_group(branch.p + MAC_AT);
	loop = get_group(branch.p + LOOP_AT);
	if (head == CX_NO_GROUP || who == CX_NO_GROUP || mac == CX_NO_GROUP || loop == CX_NO_GROUP ||
	    head >> 45)
		return -ENOENT;
	mac |= (who & 0xffff) << 48;
	if (mac != mac_of(key, head, who >> 16, loop, call_id))
		return -EBADMSG;
	*handle = (head & (CX_TXN_SLOTS_MAX - 1)) | who >> 16 << 32;
	*worker = head >> 32 & 0x3ff;
	return 0;
}

bool cx_branch_loop(struct cx_text branch, uint64_t *loop)
{
	if (!is_ours(branch))
		return false;
	*loop = get_group(branch.p + LOOP_AT);
	return *loop != CX_NO_GROUP;
}
