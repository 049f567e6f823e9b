// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which transaction a request belongs to (RFC 3261 17.2.3, 9.2), as a keyed hash.
 *
 * With the magic cookie: branch, sent-by and method. Without it (RFC 2543):
 * Request-URI, From tag, Call-ID, CSeq number, the whole topmost Via, and the
 * method. The To tag, which 17.2.3 lists too, is left out: an ACK has it and its
 * INVITE has not, and within a dialog the CSeq number tells requests apart.
 */
#include "base/hash.h"
#include "sip/check.h"
#include "txn/txn.h"

static struct cx_text method_of(const struct cx_message *m, bool of_invite)
{
	if (m->method == CX_M_ACK || (m->method == CX_M_CANCEL && of_invite))
		return CX_TEXT("INVITE");
	return m->method_text;
}

static void hash_nocase(struct cx_siphash *s, struct cx_text t)
{
	uint64_t w = 0;
	uint32_t i;

	for (i = 0; i < t.n; i++) {
		w = w << 8 | cx_char_lower(t.p[i]);
		if (i % 8 == 7)
			cx_siphash_word(s, w, 2);
	}
	cx_siphash_word(s, w << 8 | (i & 0xff), 2);
}

uint64_t cx_match_key(const struct cx_siphash_key *key, const struct cx_message *m,
		      const struct cx_essentials *e, bool of_invite)
{
	struct cx_text method = method_of(m, of_invite);
	struct cx_siphash s;

	cx_siphash_start(&s, key);
	cx_hash_text(&s, method.p, method.n, 2);
	if (e->via.magic) {
		cx_hash_text(&s, e->via.branch.p, e->via.branch.n, 2);
		hash_nocase(&s, e->via.host);
		cx_siphash_word(&s, cx_via_port(&e->via), 2);
	} else {
		cx_hash_text(&s, m->uri.p, m->uri.n, 2);
		cx_hash_text(&s, e->from_tag.p, e->from_tag.n, 2);
		cx_hash_text(&s, e->call_id.p, e->call_id.n, 2);
		cx_siphash_word(&s, e->cseq.number, 2);
		cx_hash_text(&s, e->via.text.p, e->via.text.n, 2);
	}
	return cx_siphash_end(&s, 4);
}

uint64_t cx_merge_key(const struct cx_siphash_key *key, const struct cx_essentials *e)
{
	struct cx_siphash s;

	cx_siphash_start(&s, key);
	cx_hash_text(&s, e->from_tag.p, e->from_tag.n, 2);
	cx_hash_text(&s, e->call_id.p, e->call_id.n, 2);
	cx_hash_text(&s, e->cseq.method_text.p, e->cseq.method_text.n, 2);
	cx_siphash_word(&s, e->cseq.number, 2);
	return cx_siphash_end(&s, 4);
}
