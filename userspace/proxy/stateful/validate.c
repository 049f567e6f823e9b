// SPDX-License-Identifier: GPL-2.0-only
/*
 * Request validation (RFC 3261 16.3) behind the checks of syntax, and loop
 * detection (RFC 5393 section 4).
 *
 * The loop hash covers all that routing looks at, and which node looked: another one
 * with the same keys is a hop of its own. It travels in the branch of our Via, so a
 * request that comes back with one of our Vias and the same hash
 * goes round in a loop; with another hash it spirals, which is no error.
 */
#include "base/hash.h"
#include "proxy/stateful/internal.h"

static uint64_t loop_hash(const struct cx_proxy *p, uint16_t in_listener)
{
	struct cx_values routes = cx_values_of(&p->m, CX_HEADER_ROUTE);
	struct cx_siphash s;
	struct cx_value v;

	cx_siphash_start(&s, &p->match_key);
	cx_siphash_word(&s, (uint64_t)p->world->meta.node << 32 | in_listener, 2);
	cx_hash_text(&s, p->m.uri.p, p->m.uri.n, 2);
	cx_hash_text(&s, p->e.call_id.p, p->e.call_id.n, 2);
	cx_hash_text(&s, p->e.from_tag.p, p->e.from_tag.n, 2);
	cx_hash_text(&s, p->e.to_tag.p, p->e.to_tag.n, 2);
	cx_siphash_word(&s, p->e.cseq.number, 2);
	while (cx_values_next(&routes, &v))
		cx_hash_text(&s, v.text.p, v.text.n, 2);
	return cx_siphash_end(&s, 4) & 0xffffffffffffULL;
}

static bool came_by(const struct cx_proxy *p, uint64_t loop)
{
	struct cx_values vias = cx_values_of(&p->m, CX_HEADER_VIA);
	struct cx_via_value via;
	struct cx_value v;
	uint64_t theirs;

	while (cx_values_next(&vias, &v))
		if (!cx_via_parse(v.text, &via) && cx_branch_loop(via.branch, &theirs) && theirs == loop)
			return true;
	return false;
}

int cx_validate(struct cx_proxy *p, uint16_t in_listener, uint64_t *loop)
{
	*loop = loop_hash(p, in_listener);
	if (p->e.uri.scheme == CX_SCHEME_OTHER || p->e.uri.scheme == CX_SCHEME_SIPS)
		return 416; /* there is no TLS to keep the promise of sips by (26.2.2) */
	if (p->e.max_forwards == 0)
		return 483;
	if (came_by(p, *loop))
		return 482;
	if (cx_message_has(&p->m, CX_HEADER_PROXY_REQUIRE))
		return 420;
	return p->m.method == CX_M_REGISTER ? 405 : 0;
}
