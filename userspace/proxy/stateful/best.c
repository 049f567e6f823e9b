// SPDX-License-Identifier: GPL-2.0-only
/*
 * The best response (RFC 3261 16.7 steps 6 to 9): kept while branches are open,
 * sent when none is.
 *
 * - A 503 is not passed on as such (step 6) but from a group whose elements have
 *   all been asked: then we know that the next request would fare no better.
 * - No 408 to a non-INVITE (RFC 4320).
 */
#include <errno.h>
#include "proxy/stateful/internal.h"
#include "sip/writer.h"

/* Lower is better: 6xx before all, then by class, and within 4xx what the caller
 * can do something about. */
static int rank(int status)
{
	if (status >= 600)
		return 0;
	switch (status) {
	case 401:
	case 407:
		return 400;
	case 415:
	case 420:
	case 484:
		return 401;
	case 408:
		return 499;
	case 503:
		return 599;
	default:
		return status / 100 * 100 + 50;
	}
}

static bool is_challenge(int status)
{
	return status == 401 || status == 407;
}

/* 16.7 step 7: the challenges of all branches, in one response. */
static void keep_challenges(struct cx_proxy *p, struct cx_context *c, const struct cx_message *m)
{
	static const enum cx_header_id ids[] = {CX_HEADER_WWW_AUTHENTICATE, CX_HEADER_PROXY_AUTHENTICATE};
	struct cx_buffer *old = c->challenges, *more;
	uint32_t n = old ? old->n : 0, at = n;

	for (int i = 0; i < 2; i++)
		for (const struct cx_field *f = cx_message_field(m, ids[i]); f; f = cx_field_next(m, f))
			n += f->end - f->at;
	more = n > at ? cx_buffer_new(&p->mem, n) : NULL;
	if (!more)
		return;
	if (old)
		memcpy(more->p, old->p, old->n);
	for (int i = 0; i < 2; i++)
		for (const struct cx_field *f = cx_message_field(m, ids[i]); f; f = cx_field_next(m, f)) {
			memcpy(more->p + at, m->p + f->at, f->end - f->at);
			at += f->end - f->at;
		}
	cx_buffer_drop(&p->mem, &c->challenges);
	c->challenges = more;
}

void cx_answer_offer(struct cx_proxy *p, struct cx_context *c, int status, const struct cx_message *m)
{
	if (c->best_status && rank(c->best_status) <= rank(status)) {
		if (m && is_challenge(status) && is_challenge(c->best_status))
			keep_challenges(p, c, m);
		return;
	}
	c->best_status = (uint16_t)status;
	cx_buffer_drop(&p->mem, &c->best);
	if (m)
		c->best = cx_buffer_copy(&p->mem, m->p, m->n); /* without memory: an own one of that status */
}

static int own_status(const struct cx_context *c)
{
	if (c->cancelled && (!c->best || c->best_status == 503))
		return 487;
	if (!c->best_status)
		return 503;
	if (c->best_status == 503 && !c->exhausted)
		return 500;
	return c->best_status;
}

static bool as_it_came(const struct cx_context *c)
{
	return c->best && c->best_status != 503;
}

/* RFC 3326: one value a protocol. */
static bool has_reason(const struct cx_message *m)
{
	struct cx_values it = cx_values_of(m, CX_HEADER_REASON);
	struct cx_value v;

	while (cx_values_next(&it, &v))
		if (v.text.n >= 3 && cx_text_is_nocase((struct cx_text){v.text.p, 3}, "SIP"))
			return true;
	return false;
}

/* The best response of a branch, with the challenges of the others and what was
 * tried. -EINVAL: it cannot be sent. */
static int forward_best(struct cx_proxy *p, struct cx_context *c, struct cx_text tried)
{
	const struct cx_buffer *challenges = c->challenges;
	char lines[2048];
	struct cx_writer w = {.p = lines, .max = sizeof(lines)};

	cx_message_init(&p->request, p->request_fields, CX_PROXY_FIELDS, CX_MESSAGE_SIZE_DEFAULT);
	if (cx_message_index(&p->request, c->best->p, c->best->n, CX_DATAGRAM))
		return -EINVAL;
	if (challenges)
		cx_put(&w, (struct cx_text){(const char *)challenges->p, challenges->n});
	if (!has_reason(&p->request))
		cx_put(&w, tried);
	return cx_answer_forward(p, c->server, &p->request, (struct cx_text){lines, w.full ? 0 : w.n});
}

void cx_answer_best(struct cx_proxy *p, struct cx_context *c)
{
	char reason[256];
	struct cx_own own = {.status = own_status(c), .request = &p->request, .from = &c->from};
	bool silent = own.status == 408 && c->server->txn.kind == CX_OTHER_SERVER; /* RFC 4320 4.2 */
	struct cx_text tried = {NULL, 0};

	if (c->n_tries > 1 || !as_it_came(c))
		tried = cx_tried_reason(p, c, own.status, reason, sizeof(reason));
	cx_note(p, c, silent ? 0 : own.status);
	if (silent || (as_it_came(c) && !forward_best(p, c, tried)))
		goto out;
	if (as_it_came(c))
		own.status = 500;
	if (own.status == 503)
		own.retry_after_s = cx_pause_left(p, c->way.group, cx_now(p));
	own.lines = tried;
	if (!cx_context_open(p, c))
		cx_own_respond(p, c->server, &own);
out:
	cx_context_end(p, c);
}
