// SPDX-License-Identifier: GPL-2.0-only
/*
 * Failover inside the transaction: what ends a try without an answer, and what it
 * says about the element.
 *
 *   nothing within the time for a try   next element; the branch is abandoned: it
 *                                       sends nothing more, is cancelled if it
 *                                       wakes up, and a late 2xx still counts
 *   ICMP, connection refused            next element at once
 *   connection lost before an answer    the same element once more by a new
 *                                       connection, as often as `retries` allows
 *   connection lost behind a 100        nothing as above, from then on: the answer may
 *                                       come by another connection (18.2.2)
 *   a listed code (503)                 next element; Retry-After: a pause
 *   Timer B or F                        408; Timer C: CANCEL, 408 (16.8)
 *
 * While there is no other element to go to, a silent one is given all the time
 * that the transaction has.
 */
#include <errno.h>
#include "proxy/stateful/internal.h"

void cx_sign(struct cx_proxy *p, uint32_t element, enum cx_proxy_sign sign)
{
	if (p->ops.sign && element != CX_NONE)
		p->ops.sign(p->ctx, element, sign);
}

bool cx_is_failover_code(const struct cx_proxy *p, uint32_t group, int status)
{
	const struct cx_config_group *policy = cx_group_policy(p, group);

	for (size_t i = 0; policy && i < policy->n_failover_codes; i++)
		if (policy->failover_codes[i] == status)
			return true;
	return false;
}

/* ---- the end of a try ---------------------------------------------------------------- */

void cx_branch_over(struct cx_proxy *p, struct cx_branch *b, enum cx_try_end end, uint16_t status)
{
	struct cx_try *t = &b->context->tries[b->try];

	cx_waiting_remove(b);
	b->final = true;
	t->end = (uint8_t)end;
	t->status = status;
}

static bool anywhere_else(struct cx_proxy *p, const struct cx_context *c)
{
	int q = -1;

	if (c->n_tries >= CX_TRIES_MAX)
		return false;
	for (uint8_t i = 0; i < c->n_contacts; i++)
		if (c->contacts[i].uri)
			return true;
	return c->way.group != CX_NONE && !c->way.in_dialog && cx_pick_element(p, c, &q) != CX_NONE;
}

static bool others_open(const struct cx_branch *but)
{
	for (const struct cx_branch *b = but->context->branches; b; b = b->next)
		if (b != but && !b->final && !b->abandoned)
			return true;
	return false;
}

/* Nothing more is sent to it but a CANCEL, when it wakes up. */
static void abandon(struct cx_proxy *p, struct cx_branch *b, enum cx_try_end end)
{
	b->context->tries[b->try].end = (uint8_t)end;
	b->abandoned = true;
	cx_waiting_remove(b);
	cx_client_silence(&p->txns, &b->client);
	cx_client_cancel(&p->txns, &b->client, (struct cx_text){NULL, 0});
}

void cx_abandon_silent(struct cx_proxy *p, struct cx_context *c)
{
	for (struct cx_branch *b = c->branches; b; b = b->next)
		if (!b->final && !b->abandoned && !b->client.answered_ms)
			abandon(p, b, CX_TRY_TIMEOUT);
}

static void give_up(struct cx_proxy *p, struct cx_branch *b)
{
	p->count.timeouts++;
	cx_sign(p, b->element, CX_SIGN_SILENT);
	cx_answer_offer(p, b->context, 408, NULL);
	abandon(p, b, CX_TRY_TIMEOUT);
}

void cx_abandon_overdue(struct cx_proxy *p, struct cx_context *c)
{
	struct cx_branch *b;
	bool any = false;

	for (b = c->branches; b; b = b->next) {
		if (b->final || b->abandoned)
			continue;
		if (!b->overdue || b->client.answered_ms)
			return;
		any = true;
	}
	if (!any || c->cancelled || c->enough || !anywhere_else(p, c))
		return;
	for (b = c->branches; b; b = b->next)
		if (!b->final && !b->abandoned)
			give_up(p, b);
}

void cx_try_over(void *ctx, struct cx_client *client)
{
	struct cx_branch *b = (struct cx_branch *)client;
	struct cx_context *c = b->context;
	struct cx_proxy *p = ctx;

	if (!c || b->abandoned)
		return;
	b->overdue = true;
	if (!c->cancelled && (others_open(b) || !anywhere_else(p, c)))
		return;
	give_up(p, b);
	cx_context_check(p, c);
}

void cx_no_answer(void *ctx, struct cx_client *client)
{
	struct cx_branch *b = (struct cx_branch *)client;
	struct cx_context *c = b->context;
	struct cx_proxy *p = ctx;
	bool known = b->abandoned;

	if (!c)
		return;
	if (known) {
		b->final = true;
		return;
	}
	if (!client->answered_ms) {
		p->count.timeouts++;
		cx_sign(p, b->element, CX_SIGN_SILENT);
	}
	cx_branch_over(p, b, client->cancelled ? CX_TRY_CANCELLED : CX_TRY_TIMEOUT, 0);
	cx_answer_offer(p, c, 408, NULL);
	cx_context_check(p, c);
}

/* 16.8 */
void cx_client_expired(void *ctx, struct cx_client *client)
{
	struct cx_branch *b = (struct cx_branch *)client;
	struct cx_context *c = b->context;
	struct cx_proxy *p = ctx;

	if (c && !b->abandoned && !client->answered_ms) { /* Timer B, behind a 100 that does not count */
		give_up(p, b);
		cx_context_check(p, c);
		return;
	}
	cx_client_cancel(&p->txns, client, (struct cx_text){NULL, 0});
	if (!c || b->abandoned)
		return;
	c->tries[b->try].end = CX_TRY_TIMEOUT;
	b->abandoned = true;
	c->enough = true;
	cx_answer_offer(p, c, 408, NULL);
	cx_context_check(p, c);
}

/* The connection went away under it, which says little about who is behind it. */
static bool worth_another_connection(const struct cx_proxy *p, const struct cx_branch *b, int errnum)
{
	const struct cx_config_group *policy = cx_group_policy(p, b->group);
	uint8_t transport = b->client.hop.transport;
	uint32_t retries = policy ? policy->retries[transport] : 1;

	if (transport == CX_UDP || transport >= CX_TRANSPORTS || b->context->tries[b->try].again >= retries)
		return false;
	if (b->context->recursions)
		return false; /* its Request-URI is gone */
	return errnum == ENOTCONN || errnum == EPIPE || errnum == ECONNRESET;
}

/* Is the same element worth another try, and how? Who listens by UDP alone gets what
 * is long in fragments (18.1.1). */
static bool once_more(const struct cx_proxy *p, const struct cx_branch *b, int errnum, struct cx_hop *hop)
{
	if (b->diverted && errnum == ECONNREFUSED && !b->context->recursions)
		return cx_hop_over_udp(p, hop);
	return worth_another_connection(p, b, errnum);
}

/* Is it sure that nobody has the request? What ICMP says may be about an earlier
 * moment, and a connection may break behind what was read from it. */
static bool never_arrived(const struct cx_branch *b, int errnum)
{
	return b->client.hop.transport != CX_UDP &&
	       (errnum == ECONNREFUSED || errnum == EHOSTUNREACH || errnum == ENETUNREACH);
}

/* The try is over. If it may have arrived, what comes late is dealt with as of any
 * other that is given up: nobody rings for ever, and no 2xx is lost. */
static void refused(struct cx_proxy *p, struct cx_branch *b, int errnum)
{
	if (!never_arrived(b, errnum)) {
		abandon(p, b, CX_TRY_REFUSED);
		return;
	}
	cx_branch_over(p, b, CX_TRY_REFUSED, 0);
	cx_client_end(&p->txns, &b->client);
}

/* Its connection is gone. Whoever rings is reached by other means; with no more than 100
 * said, it may be that nobody is there any more. */
static void lost(struct cx_proxy *p, struct cx_branch *b)
{
	struct cx_client *client = &b->client;
	uint32_t try_ms = cx_try_ms(p, b->group, &client->hop, &client->txn.timers);

	if (client->txn.reliable && client->answered_ms && !b->provisional && !client->cancelled)
		cx_client_lost(&p->txns, client, try_ms);
}

/* 16.9: as if a 503 had come. */
void cx_branch_failed(struct cx_proxy *p, struct cx_branch *b, int errnum)
{
	struct cx_context *c = b->context;
	struct cx_hop hop = b->client.hop;

	if (!c || b->final || b->abandoned || b->client.txn.lingers)
		return;
	if (b->client.txn.state == CX_PROCEEDING) {
		lost(p, b);
		return;
	}
	if (!c->cancelled && c->n_tries < CX_TRIES_MAX && once_more(p, b, errnum, &hop)) {
		uint8_t again = c->tries[b->try].again;
		uint32_t element = b->element;

		hop.connection = CX_NO_CONNECTION;
		refused(p, b, errnum);
		if (!cx_forward(p, c, &hop, element, (struct cx_text){NULL, 0}, 0))
			c->tries[c->n_tries - 1].again = (uint8_t)(again + 1);
	} else {
		cx_sign(p, b->element, CX_SIGN_REFUSED);
		refused(p, b, errnum);
		cx_answer_offer(p, c, 503, NULL);
	}
	cx_context_check(p, c);
}
