// SPDX-License-Identifier: GPL-2.0-only
/* The core as its owner sees it (core.h): made, freed, asked how it is. */
#include <errno.h>
#include <stdlib.h>
#include "proxy/stateful/internal.h"
#include "proxy/stateless.h"

static int send_out(void *ctx, const struct cx_hop *hop, const struct iovec *iov, int n_iov, uint64_t token)
{
	struct cx_proxy *p = ctx;

	return p->ops.send(p->ctx, hop, iov, n_iov, token);
}

/* 17.2.1: no response within 200 ms. */
static void server_due(void *ctx, struct cx_server *s)
{
	struct cx_proxy *p = ctx;
	struct cx_context *c = s->user;
	struct cx_own own = {.status = 100, .request = &p->request};

	if (!c || cx_context_open(p, c))
		return;
	own.from = &c->from;
	cx_own_respond(p, s, &own);
}

static void server_expired(void *ctx, struct cx_server *s)
{
	struct cx_proxy *p = ctx;
	struct cx_context *c = s->user;
	struct cx_own own = {.status = 408, .request = &p->request};

	if (!c || cx_context_open(p, c))
		return;
	own.from = &c->from;
	cx_note(p, c, 408);
	cx_own_respond(p, s, &own);
	cx_context_end(p, c);
}

static void server_over(void *ctx, struct cx_server *s)
{
	if (!s->user)
		return;
	cx_note(ctx, s->user, 0);
	cx_context_end(ctx, s->user);
}

static void client_over(void *ctx, struct cx_client *client)
{
	struct cx_branch *b = (struct cx_branch *)client, **link;

	cx_waiting_remove(b);
	if (!b->context)
		return;
	for (link = &b->context->branches; *link != b; link = &(*link)->next)
		;
	*link = b->next;
}

static const struct cx_txn_user user = {
    .send = send_out,
    .server_due = server_due,
    .server_expired = server_expired,
    .server_over = server_over,
    .try_over = cx_try_over,
    .client_expired = cx_client_expired,
    .no_answer = cx_no_answer,
    .client_over = client_over,
};

int cx_proxy_new(const struct cx_proxy_settings *settings, const struct cx_proxy_ops *ops, void *ctx,
		 struct cx_world *world, uint64_t now_ms, struct cx_proxy **out)
{
	struct cx_proxy *p = calloc(1, sizeof(*p));
	int err = -ENOMEM;

	if (!p)
		return err;
	p->settings = *settings;
	p->ops = *ops;
	p->ctx = ctx;
	p->world = world;
	p->asked_ms = CX_PROXY_NEVER;
	p->match_key = (struct cx_siphash_key){.k = {settings->seed, ~settings->seed}};
	p->stateless = cx_stateless_new();
	if (!p->stateless)
		goto error;
	err = cx_txns_init(&p->txns, &p->mem, settings->transactions_max, settings->lifetime_ms, &user, p,
			   now_ms);
	if (err)
		goto error;
	p->base_bytes = p->mem.bytes;
	*out = p;
	return 0;
error:
	cx_stateless_free(p->stateless);
	free(p);
	return err;
}

void cx_proxy_free(struct cx_proxy *p)
{
	if (!p)
		return;
	p->ops.note = NULL;
	cx_txns_free(&p->txns);
	cx_stateless_free(p->stateless);
	free(p);
}

void cx_proxy_use(struct cx_proxy *p, struct cx_world *world)
{
	p->world = world;
}

void cx_proxy_drain(struct cx_proxy *p, bool draining)
{
	p->draining = draining;
}

void cx_proxy_stats(const struct cx_proxy *p, struct cx_proxy_stats *out)
{
	const struct cx_txns *x = &p->txns;

	*out = p->count;
	out->invite_server = x->live[CX_INVITE_SERVER];
	out->other_server = x->live[CX_OTHER_SERVER];
	out->invite_client = x->live[CX_INVITE_CLIENT];
	out->other_client = x->live[CX_OTHER_CLIENT];
	out->lingering = x->lingering;
	out->contexts = p->contexts;
	out->bytes = p->mem.bytes - p->base_bytes;
	out->retransmissions_in = x->came_again;
	out->retransmissions_out = x->sent_again;
	out->expired = x->expired;
	out->no_memory += x->no_memory;
}
