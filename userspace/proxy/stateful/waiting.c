// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who waits for a first response from where: branches by the address that they were
 * sent to, so that what is heard of an address moves all of them at once.
 */
#include "base/hash.h"
#include "proxy/stateful/internal.h"

static struct cx_branch **head_of(struct cx_proxy *p, const union cx_addr *addr, uint16_t port,
				  uint8_t transport)
{
	struct cx_siphash s;

	cx_siphash_start(&s, &p->match_key);
	cx_siphash_word(&s, addr->q[0], 1);
	cx_siphash_word(&s, addr->q[1], 1);
	cx_siphash_word(&s, (uint64_t)port << 8 | transport, 1);
	return &p->waiting[cx_siphash_end(&s, 3) % CX_WAITING_HEADS];
}

void cx_waiting_add(struct cx_proxy *p, struct cx_branch *b)
{
	const struct cx_hop *hop = &b->client.hop;
	struct cx_branch **head = head_of(p, &hop->addr, hop->port, hop->transport);

	b->waiting_next = *head;
	b->waiting = head;
	if (*head)
		(*head)->waiting = &b->waiting_next;
	*head = b;
}

void cx_waiting_remove(struct cx_branch *b)
{
	if (!b->waiting)
		return;
	*b->waiting = b->waiting_next;
	if (b->waiting_next)
		b->waiting_next->waiting = b->waiting;
	b->waiting = NULL;
	b->waiting_next = NULL;
}

static bool waits_for(const struct cx_branch *b, const union cx_addr *addr, uint16_t port, uint8_t transport)
{
	const struct cx_hop *hop = &b->client.hop;

	return hop->port == port && hop->transport == transport && !memcmp(&hop->addr, addr, sizeof(*addr));
}

bool cx_proxy_wrote(const struct cx_proxy *p, struct cx_text branch, const union cx_addr *addr, uint16_t port,
		    uint8_t transport)
{
	struct cx_client *client;
	struct cx_branch_id id;
	struct cx_text call_id;
	struct cx_branch *b;

	if (!cx_branch_claims(branch, &id) || id.worker != p->settings.worker)
		return false;
	client = cx_client_get(&p->txns, id.handle);
	if (!client || client->is_cancel)
		return false;
	b = (struct cx_branch *)client;
	if (!b->waiting || !waits_for(b, addr, port, transport))
		return false;
	call_id = (struct cx_text){(const char *)b->context->request->p + b->context->call_id.at,
				   b->context->call_id.n};
	return !cx_branch_read(branch, &p->world->key, call_id, &id);
}

void cx_proxy_unreachable(struct cx_proxy *p, const union cx_addr *addr, uint16_t port, uint8_t transport,
			  int errnum, uint64_t now_ms)
{
	struct cx_branch **head, *b, *failed = NULL, *next;

	cx_txns_advance(&p->txns, now_ms);
	head = head_of(p, addr, port, transport);
	/* first take them all out: what follows may put others in */
	for (b = *head; b; b = next) {
		next = b->waiting_next;
		if (!waits_for(b, addr, port, transport))
			continue;
		cx_waiting_remove(b);
		b->waiting_next = failed;
		b->waiting = &failed;
		if (failed)
			failed->waiting = &b->waiting_next;
		failed = b;
	}
	while ((b = failed)) {
		cx_waiting_remove(b);
		cx_branch_failed(p, b, errnum);
	}
	cx_proxy_ask(p);
}
