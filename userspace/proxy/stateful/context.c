// SPDX-License-Identifier: GPL-2.0-only
/*
 * The context of a request that is proxied (RFC 3261 16.2, 16.7): which tries it
 * has made, and what is next. cx_context_check() is the one place that decides:
 *
 *   a branch is open             wait
 *   cancelled, or it is enough   the best response goes upstream
 *   a target is left             try it (all of one q, if the group forks)
 *   else                         the best response goes upstream
 */
#include "base/hash.h"
#include "proxy/stateful/internal.h"
#include "sip/cseq.h"

static uint16_t max_breadth(const struct cx_message *m)
{
	uint32_t breadth;

	if (cx_message_number(m, CX_HEADER_MAX_BREADTH, 1000, &breadth))
		return CX_BREADTH;
	return (uint16_t)breadth;
}

struct cx_context *cx_context_new(struct cx_proxy *p, struct cx_server *s, const struct cx_hop *from,
				  const struct cx_way *way)
{
	struct cx_context *c = cx_mem_alloc(&p->mem, sizeof(*c));

	if (c)
		c->request = cx_buffer_copy(&p->mem, p->m.p, p->m.n);
	if (!c || !c->request) {
		p->count.no_memory++;
		cx_mem_free(&p->mem, c);
		return NULL;
	}
	c->server = s;
	s->user = c;
	c->call_id.at = (uint32_t)(p->e.call_id.p - p->m.p);
	c->call_id.n = p->e.call_id.n;
	c->method.at = (uint32_t)(p->m.method_text.p - p->m.p);
	c->method.n = p->m.method_text.n;
	c->from = *from;
	c->way = *way;
	c->breadth = max_breadth(&p->m);
	c->call_hash = cx_hash_of_call(&p->world->key.hash, p->e.call_id.p, p->e.call_id.n);
	c->since_ms = cx_now(p);
	p->contexts++;
	return c;
}

static void drop_contacts(struct cx_proxy *p, struct cx_context *c)
{
	for (uint8_t i = 0; i < c->n_contacts; i++)
		cx_buffer_drop(&p->mem, &c->contacts[i].uri);
	cx_mem_free(&p->mem, c->contacts);
}

void cx_context_end(struct cx_proxy *p, struct cx_context *c)
{
	struct cx_branch *b = c->branches;

	while (b) {
		struct cx_branch *next = b->next;

		cx_waiting_remove(b);
		b->context = NULL;
		b->next = NULL;
		if (b->client.txn.kind == CX_OTHER_CLIENT && !b->client.txn.lingers)
			cx_client_end(&p->txns, &b->client); /* nobody waits for its answer any more */
		b = next;
	}
	c->server->user = NULL;
	drop_contacts(p, c);
	cx_buffer_drop(&p->mem, &c->request);
	cx_buffer_drop(&p->mem, &c->best);
	cx_buffer_drop(&p->mem, &c->challenges);
	cx_mem_free(&p->mem, c);
	p->contexts--;
}

int cx_context_open(struct cx_proxy *p, struct cx_context *c)
{
	struct cx_fault fault;
	int err;

	if (c == p->fresh) {
		p->request = p->m;
		p->request_e = p->e;
		return 0;
	}
	cx_message_init(&p->request, p->request_fields, CX_PROXY_FIELDS, CX_MESSAGE_SIZE_DEFAULT);
	err = cx_message_index(&p->request, c->request->p, c->request->n, CX_DATAGRAM);
	return err ? err : cx_message_check(&p->request, &p->request_e, &fault);
}

static bool open_branch(const struct cx_context *c)
{
	for (const struct cx_branch *b = c->branches; b; b = b->next)
		if (!b->final && !b->abandoned)
			return true;
	return false;
}

/* The contact of the highest q that is left. */
static bool try_contact(struct cx_proxy *p, struct cx_context *c)
{
	struct cx_contact *best = NULL;
	struct cx_buffer *uri;

	for (uint8_t i = 0; i < c->n_contacts; i++)
		if (c->contacts[i].uri && (!best || c->contacts[i].q > best->q))
			best = &c->contacts[i];
	if (!best)
		return false;
	uri = best->uri;
	best->uri = NULL;
	cx_forward(p, c, &best->hop, best->element, (struct cx_text){(const char *)uri->p, uri->n}, 0);
	cx_buffer_drop(&p->mem, &uri);
	return true;
}

static bool try_element(struct cx_proxy *p, struct cx_context *c, uint32_t element, uint16_t breadth)
{
	struct cx_hop hop;
	int err = cx_hop_of_element(p, element, &hop);

	if (err)
		hop.listener = CX_NO_LISTENER; /* fails there, and is noted */
	return !cx_forward(p, c, &hop, element, (struct cx_text){NULL, 0}, breadth);
}

/* RFC 5393 5.3.3: the branches share what breadth there is. What does not fit waits for its turn. */
static bool try_parallel(struct cx_proxy *p, struct cx_context *c)
{
	uint32_t elements[CX_TRIES_MAX];
	uint8_t n = 0, first = c->n_tries;
	uint32_t element;
	int q = -1;

	while (c->n_tries < CX_TRIES_MAX && n < c->breadth &&
	       (element = cx_pick_element(p, c, &q)) != CX_NONE) {
		elements[n++] = element;
		c->tries[c->n_tries++] =
		    (struct cx_try){.element = element}; /* so that it is not picked again */
	}
	c->n_tries = first;
	for (uint8_t i = 0; i < n; i++)
		try_element(p, c, elements[i], n > 1 ? (uint16_t)(c->breadth / n) : 0);
	return n > 0;
}

/* True: something was tried, whatever became of it. */
static bool try_next(struct cx_proxy *p, struct cx_context *c)
{
	const struct cx_config_group *policy = cx_group_policy(p, c->way.group);
	uint32_t element;
	int q = -1;

	if (c->n_tries >= CX_TRIES_MAX)
		return false;
	if (try_contact(p, c))
		return true;
	if (c->way.group == CX_NONE) {
		if (c->n_tries)
			return false;
		cx_forward(p, c, &c->way.hop, c->way.element, (struct cx_text){NULL, 0}, 0);
		return true;
	}
	if (c->way.in_dialog && c->n_tries)
		return false; /* no other element knows the dialog */
	if (policy && policy->fork == CX_FORK_PARALLEL && !c->way.in_dialog)
		return try_parallel(p, c);
	element = cx_pick_element(p, c, &q);
	if (element == CX_NONE)
		return false;
	if (c->n_tries)
		p->count.failovers++;
	try_element(p, c, element, 0);
	return true;
}

void cx_context_check(struct cx_proxy *p, struct cx_context *c)
{
	cx_abandon_overdue(p, c);
	while (!open_branch(c)) {
		if (!c->breadth && !c->n_tries) {
			cx_answer_offer(p, c, 440, NULL);
			c->enough = true;
		}
		if (c->cancelled || c->enough) {
			cx_answer_best(p, c);
			return;
		}
		if (!try_next(p, c)) {
			c->exhausted = c->way.group != CX_NONE;
			cx_answer_best(p, c);
			return;
		}
	}
}

void cx_context_cancel(struct cx_proxy *p, struct cx_context *c, struct cx_text reason_lines)
{
	struct cx_branch *b;

	c->cancelled = true;
	for (b = c->branches; b; b = b->next)
		cx_client_cancel(&p->txns, &b->client, reason_lines);
	cx_context_check(p, c);
}
