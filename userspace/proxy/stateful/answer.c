// SPDX-License-Identifier: GPL-2.0-only
/*
 * Response processing (RFC 3261 16.7): what comes back on a branch, and what of it
 * goes upstream. Provisional responses and 2xx to INVITE at once, of all others
 * the best when no branch is open any more.
 *
 * - A 503 is not passed on as such (16.7 step 6) but from a group whose elements
 *   have all been asked: then we know that the next request would fare no better.
 * - No provisional response but 100, and no 408, to a non-INVITE (RFC 4320).
 * - Responses of branches that no context waits for go nowhere (RFC 6026 8.9),
 *   but for 2xx to INVITE.
 */
#include <errno.h>
#include <stdio.h>
#include "proxy/stateful/internal.h"
#include "sip/cseq.h"

int cx_answer_forward(struct cx_proxy *p, struct cx_server *s, const struct cx_message *m, struct cx_text lines)
{
	int n;

	cx_edits_init(&p->edits, m);
	cx_edit_pop(&p->edits, CX_HEADER_VIA, 1);
	cx_edit_length(&p->edits, m, s->hop.transport);
	if (lines.n)
		cx_edit_append(&p->edits, lines);
	n = cx_edits_iov(&p->edits, p->iov, CX_EDITS_IOV);
	if (n < 0)
		return n;
	if (cx_server_respond(&p->txns, s, m->status, p->iov, n))
		p->count.send_failed++;
	return 0;
}

/* ---- the best response (16.7 step 6) -------------------------------------------- */

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

void cx_answer_best(struct cx_proxy *p, struct cx_context *c)
{
	char reason[256], lines[2048];
	struct cx_own own = {.status = own_status(c), .request = &p->request, .from = &c->from};
	struct cx_text tried = {NULL, 0};

	if (c->n_tries > 1 || !as_it_came(c))
		tried = cx_tried_reason(p, c, own.status, reason, sizeof(reason));
	cx_note(p, c, own.status == 408 && c->server->txn.kind == CX_OTHER_SERVER ? 0 : own.status);
	if (as_it_came(c)) {
		int n = snprintf(lines, sizeof(lines), "%.*s%.*s", (int)(c->challenges ? c->challenges->n : 0),
				 c->challenges ? (const char *)c->challenges->p : "", (int)tried.n, tried.p ? tried.p : "");

		cx_message_init(&p->request, p->request_fields, CX_PROXY_FIELDS, CX_MESSAGE_SIZE_DEFAULT);
		if (n > 0 && (size_t)n >= sizeof(lines))
			n = 0;
		if (!cx_message_index(&p->request, c->best->p, c->best->n, CX_DATAGRAM) &&
		    !cx_answer_forward(p, c->server, &p->request, (struct cx_text){lines, (uint32_t)n}))
			goto out;
		own.status = 500;
		own.request = &p->request;
	}
	if (own.status == 408 && c->server->txn.kind == CX_OTHER_SERVER)
		goto out; /* RFC 4320 4.2 */
	if (own.status == 503)
		own.retry_after_s = cx_pause_left(p, c->way.group);
	own.lines = tried;
	if (!cx_context_open(p, c))
		cx_own_respond(p, c->server, &own);
out:
	cx_context_end(p, c);
}

/* ---- what comes in on a branch ---------------------------------------------------- */

static void cancel_others(struct cx_proxy *p, struct cx_context *c, const struct cx_branch *but, int status)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "Reason: SIP;cause=%d;text=\"Call completed elsewhere\"\r\n", status);
	struct cx_text lines = {line, status == 200 ? (uint32_t)n : 0};

	for (struct cx_branch *b = c->branches; b; b = b->next)
		if (b != but)
			cx_client_cancel(&p->txns, &b->client, lines);
}

/* What follows in this call finds its element, by number too. */
static void remember(struct cx_proxy *p, const struct cx_branch *b)
{
	const struct cx_context *c = b->context;

	if (c->way.group != CX_NONE && b->element != CX_NONE && !c->way.in_dialog)
		cx_pick_remember(p, c, b->element);
}

static void receive_success(struct cx_proxy *p, struct cx_branch *b, struct cx_server *s)
{
	struct cx_context *c = b->context;

	if (!c) {
		if (s && b->client.txn.kind == CX_INVITE_CLIENT)
			cx_answer_forward(p, s, &p->m, (struct cx_text){NULL, 0});
		else
			p->count.stray++;
		return;
	}
	cx_branch_over(p, b, CX_TRY_CODE, p->m.status);
	cx_answer_forward(p, c->server, &p->m, (struct cx_text){NULL, 0});
	cx_note(p, c, p->m.status);
	remember(p, b);
	cancel_others(p, c, b, 200);
	cx_context_end(p, c);
}

static void receive_provisional(struct cx_proxy *p, struct cx_branch *b)
{
	struct cx_context *c = b->context;

	if (!c || p->m.status == 100 || b->client.txn.kind != CX_INVITE_CLIENT)
		return;
	if (b->abandoned) {
		cx_client_cancel(&p->txns, &b->client, (struct cx_text){NULL, 0});
		return;
	}
	if (!b->provisional)
		remember(p, b);
	b->provisional = true;
	cx_client_restart_c(&p->txns, &b->client);
	cx_answer_forward(p, c->server, &p->m, (struct cx_text){NULL, 0});
}

static void pause_for(struct cx_proxy *p, const struct cx_branch *b)
{
	const struct cx_config_group *policy = cx_group_policy(p, b->group);
	uint32_t seconds;

	if (b->element != CX_NONE && !cx_retry_after(&p->m, &seconds))
		cx_pause_element(p, b->element, seconds, policy ? policy->slow_start_s : 0);
}

/* 16.5, 16.7 step 4: the contacts of a 3xx become targets. False: none of them can. */
static bool follow(struct cx_proxy *p, struct cx_context *c)
{
	struct cx_values it = cx_values_of(&p->m, CX_HEADER_CONTACT);
	struct cx_address address;
	struct cx_value v;
	struct cx_uri uri;
	uint8_t added = 0;

	if (c->recursions >= CX_RECURSION_MAX)
		return false;
	if (!c->contacts)
		c->contacts = cx_mem_alloc(&p->mem, CX_CONTACTS_MAX * sizeof(*c->contacts));
	while (c->contacts && c->n_contacts < CX_CONTACTS_MAX && cx_values_next(&it, &v)) {
		struct cx_contact *contact = &c->contacts[c->n_contacts];
		int q;

		if (cx_address_parse_uri(v.text, &address, &uri) || uri.headers.p ||
		    cx_way_to_uri(p, &uri, c->way.side, &contact->hop, &contact->element))
			continue;
		q = cx_address_q(&address);
		contact->q = (uint16_t)(q < 0 ? 0 : q);
		contact->uri = cx_buffer_copy(&p->mem, uri.text.p, uri.text.n);
		if (!contact->uri)
			break;
		c->n_contacts++;
		added++;
	}
	c->recursions++;
	return added > 0;
}

static void receive_failure(struct cx_proxy *p, struct cx_branch *b)
{
	struct cx_context *c = b->context;
	const struct cx_config_group *policy = cx_group_policy(p, c->way.group);
	int status = p->m.status;
	bool was_abandoned = b->abandoned, failover = cx_is_failover_code(p, b->group, status);

	cx_branch_over(p, b, CX_TRY_CODE, (uint16_t)status);
	if (failover)
		pause_for(p, b);
	if (was_abandoned && failover)
		return;
	if (status >= 600) {
		cx_answer_offer(p, c, status, &p->m);
		c->enough = true;
		cancel_others(p, c, b, status);
	} else if (status < 400 && policy && policy->recurse && !c->cancelled && follow(p, c)) {
		/* its contacts stand in for it */
	} else {
		cx_answer_offer(p, c, status, &p->m);
		if (!failover && (!policy || policy->fork == CX_FORK_OFF))
			c->enough = true;
	}
	cx_context_check(p, c);
}

static void on_branch(struct cx_proxy *p, struct cx_branch *b)
{
	struct cx_server *s = cx_server_get(&p->txns, b->server);
	int status = p->m.status;

	cx_waiting_remove(b);
	if (status >= 200 || b->client.answered_ms == cx_now(p))
		cx_sign(p, b->element, cx_is_failover_code(p, b->group, status) ? CX_SIGN_FAILED : CX_SIGN_ANSWERED);
	if (status >= 200 && status < 300)
		receive_success(p, b, s);
	else if (status < 200)
		receive_provisional(p, b);
	else if (b->context)
		receive_failure(p, b);
}

void cx_receive_response(struct cx_proxy *p, const struct cx_hop *from)
{
	struct cx_text call_id = cx_message_value(&p->m, CX_HEADER_CALL_ID);
	struct cx_via_value via;
	struct cx_cseq cseq;
	struct cx_client *client;
	uint64_t handle;
	uint32_t worker;
	int err;

	if (cx_via_first(&p->m, &via) || cx_cseq_of(&p->m, &cseq) || !call_id.n) {
		p->count.bad++;
		return;
	}
	err = cx_branch_read(via.branch, &p->world->key, call_id, &handle, &worker);
	if (err == -ENOENT && cx_pass_engine(p, from, (const uint8_t *)p->m.p, p->m.n))
		return;
	client = err || worker != p->settings.worker ? NULL : cx_client_get(&p->txns, handle);
	if (!client || client->is_cancel) {
		p->count.stray++;
		return;
	}
	if (cx_client_receive(&p->txns, client, &p->m, cseq.method))
		on_branch(p, (struct cx_branch *)client);
}
