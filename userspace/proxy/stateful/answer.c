// SPDX-License-Identifier: GPL-2.0-only
/*
 * Response processing (RFC 3261 16.7): what comes back on a branch. Provisional
 * responses and 2xx to INVITE go upstream at once, all others are offered as the
 * best (best.c).
 *
 * - No provisional response but 100 to a non-INVITE (RFC 4320).
 * - Responses of branches that no context waits for go nowhere (RFC 6026 8.9),
 *   but for 2xx to INVITE.
 */
#include <errno.h>
#include <stdio.h>
#include "proxy/stateful/internal.h"
#include "sip/cseq.h"

int cx_answer_forward(struct cx_proxy *p, struct cx_server *s, const struct cx_message *m,
		      struct cx_text lines)
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

static void cancel_others(struct cx_proxy *p, struct cx_context *c, const struct cx_branch *but, int status)
{
	char line[96];
	int n = snprintf(line, sizeof(line), "Reason: SIP;cause=%d;text=\"Call completed elsewhere\"\r\n",
			 status);
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

	if (!c || p->m.status == 100 || b->client.txn.kind != CX_INVITE_CLIENT || b->abandoned)
		return; /* an abandoned one has been waiting to be cancelled by it */
	if (!b->provisional)
		remember(p, b);
	b->provisional = true;
	cx_client_restart_c(&p->txns, &b->client);
	cx_answer_forward(p, c->server, &p->m, (struct cx_text){NULL, 0});
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
	if (was_abandoned && failover)
		return;
	if (status >= 600) {
		cx_answer_offer(p, c, status, &p->m);
		c->enough = true;
		cancel_others(p, c, b, status);
		cx_abandon_silent(p, c);
	} else if (status < 400 && policy && policy->recurse && !c->cancelled && follow(p, c)) {
		/* its contacts stand in for it */
	} else {
		cx_answer_offer(p, c, status, &p->m);
		if (!failover && (!policy || policy->fork == CX_FORK_OFF)) {
			c->enough = true;
			cx_abandon_silent(p, c);
		}
	}
	cx_context_check(p, c);
}

static void on_branch(struct cx_proxy *p, struct cx_branch *b)
{
	struct cx_server *s = cx_server_get(&p->txns, b->server);
	bool failover = cx_is_failover_code(p, b->group, p->m.status);
	int status = p->m.status;
	uint32_t seconds;

	cx_waiting_remove(b);
	if (status >= 200 || b->client.answered_ms == cx_now(p))
		cx_sign(p, b->element, failover ? CX_SIGN_FAILED : CX_SIGN_ANSWERED);
	if (failover && !cx_retry_after(&p->m, &seconds)) /* whoever still waits for it or not */
		cx_pause_element(p, b->element, status, seconds);
	if (status >= 200 && status < 300)
		receive_success(p, b, s);
	else if (status < 200)
		receive_provisional(p, b);
	else if (b->context)
		receive_failure(p, b);
}

/* Ours, and one below it, or nobody above us could match what we pass on. */
static bool has_two_vias(const struct cx_message *m)
{
	struct cx_values vias = cx_values_of(m, CX_HEADER_VIA);
	struct cx_value v;

	return cx_values_next(&vias, &v) && cx_values_next(&vias, &v);
}

void cx_receive_response(struct cx_proxy *p, const struct cx_hop *from)
{
	struct cx_text call_id = cx_message_value(&p->m, CX_HEADER_CALL_ID);
	struct cx_via_value via;
	struct cx_cseq cseq;
	struct cx_branch_id id;
	struct cx_client *client;
	int err;

	if (cx_via_first(&p->m, &via) || cx_cseq_of(&p->m, &cseq) || !call_id.n ||
	    (cseq.method != CX_M_CANCEL && !has_two_vias(&p->m))) { /* a CANCEL is our own */
		p->count.bad++;
		return;
	}
	err = cx_branch_read(via.branch, &p->world->key, call_id, &id);
	if (err == -ENOENT && cx_pass_engine(p, from, (const uint8_t *)p->m.p, p->m.n))
		return;
	if (!err && cx_pass_response(p, &id))
		return;
	client = err || id.worker != p->settings.worker ? NULL : cx_client_get(&p->txns, id.handle);
	if (!client || client->is_cancel) {
		p->count.stray++;
		return;
	}
	if (cx_client_receive(&p->txns, client, &p->m, cseq.method))
		on_branch(p, (struct cx_branch *)client);
}
