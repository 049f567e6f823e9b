// SPDX-License-Identifier: GPL-2.0-only
/* Request forwarding (RFC 3261 16.6 steps 9 and 10): one branch for one target. */
#include <errno.h>
#include "proxy/stateful/internal.h"

/* The group's word, or until it was asked again as often as the group allows. */
uint32_t cx_try_ms(const struct cx_proxy *p, uint32_t group, const struct cx_hop *hop,
		   const struct cx_txn_timers *timers)
{
	const struct cx_config_group *policy = cx_group_policy(p, group);
	uint64_t by_retries;

	if (!policy || !policy->try_timeout_ms)
		return 0;
	by_retries = timers->t1_ms * ((2ULL << policy->retries[CX_UDP]) - 1);
	if (hop->transport == CX_UDP && by_retries < policy->try_timeout_ms)
		return (uint32_t)by_retries;
	return policy->try_timeout_ms;
}

static struct cx_branch *new_branch(struct cx_proxy *p, struct cx_context *c, const struct cx_hop *hop,
				    const struct cx_txn_timers *timers)
{
	struct cx_client *client =
	    cx_client_new(&p->txns, p->request.method == CX_M_INVITE, sizeof(struct cx_branch), hop, timers);
	struct cx_branch *b = (struct cx_branch *)client;

	if (!b)
		return NULL;
	b->server = c->server->txn.handle;
	b->group = c->way.group;
	b->try = (uint8_t)(c->n_tries - 1);
	b->element = c->tries[b->try].element;
	return b;
}

struct cx_text cx_branch_of(const struct cx_proxy *p, char out[CX_BRANCH_MAX], uint64_t handle, uint64_t loop,
			    const struct cx_hop *back, struct cx_text call_id)
{
	const struct cx_meta *meta = &p->world->meta;
	struct cx_branch_id id = {.handle = handle,
				  .loop = loop,
				  .worker = p->settings.worker,
				  .node = meta->node,
				  .generation = meta->generation,
				  .back = *back};

	if (back->return_port)
		id.back.port = back->return_port; /* its connection will be gone */
	return (struct cx_text){out, cx_branch_write(out, &p->world->key, &id, call_id)};
}

static int send_branch(struct cx_proxy *p, struct cx_context *c, struct cx_branch *b, struct cx_forwarding *f,
		       const struct cx_txn_timers *timers)
{
	char branch[CX_BRANCH_MAX];
	int n;

	f->branch =
	    cx_branch_of(p, branch, b->client.txn.handle, c->loop, &c->server->hop, p->request_e.call_id);
	n = cx_forward_edit(p, f);
	if (!n)
		n = cx_edits_iov(&p->edits, p->iov, CX_EDITS_IOV);
	if (n < 0)
		return -E2BIG; /* to nobody */
	p->count.forwarded++;
	return cx_client_send(&p->txns, &b->client, p->iov, n, cx_try_ms(p, c->way.group, f->to, timers));
}

/* One branch to that hop. 0 or -errno, and nothing is left of it. */
static int start_branch(struct cx_proxy *p, struct cx_context *c, struct cx_forwarding *f)
{
	struct cx_txn_timers timers = cx_timers_of(p, f->to->listener);
	struct cx_branch *b;
	int err;

	if (!cx_listener_get(p, f->to->listener))
		return -ENETUNREACH; /* none of its kind, or none any more */
	b = new_branch(p, c, f->to, &timers);
	if (!b)
		return -ENOMEM;
	err = send_branch(p, c, b, f, &timers);
	if (err) {
		cx_client_end(&p->txns, &b->client);
		return err;
	}
	b->context = c;
	b->next = c->branches;
	c->branches = b;
	cx_waiting_add(p, b);
	return 0;
}

/* The same address by another transport of the network. */
static bool change(const struct cx_proxy *p, struct cx_hop *hop, uint8_t transport)
{
	const struct cx_listener *l = cx_listener_get(p, hop->listener);
	uint16_t other = l ? cx_listener_for(p, l->network, l->family == CX_IPV4, transport) : CX_NO_LISTENER;

	if (other == CX_NO_LISTENER)
		return false;
	hop->transport = transport;
	hop->listener = other;
	return true;
}

int cx_hop_over_tcp(const struct cx_proxy *p, struct cx_hop *hop)
{
	return change(p, hop, CX_TCP) ? 0 : -EMSGSIZE;
}

bool cx_hop_over_udp(const struct cx_proxy *p, struct cx_hop *hop)
{
	hop->any_length = 1;
	return change(p, hop, CX_UDP);
}

static int start_over_tcp(struct cx_proxy *p, struct cx_context *c, struct cx_forwarding *f)
{
	struct cx_hop hop = *f->to;
	int err = cx_hop_over_tcp(p, &hop);

	f->to = &hop;
	if (!err)
		err = start_branch(p, c, f);
	if (!err)
		c->branches->diverted = true;
	return err;
}

/* No descriptor, no port: that is nobody's fault but ours. */
static bool is_ours(int err)
{
	return err == -EMFILE || err == -ENFILE || err == -EADDRNOTAVAIL;
}

/* What a try that failed at once says: of whom it was to go to, of the request, or of us. */
static void not_started(struct cx_proxy *p, struct cx_context *c, struct cx_try *t, int err)
{
	int status = 503;

	t->end = CX_TRY_NOT_SENT;
	p->count.send_failed++;
	if (err == -ENOMEM) {
		p->count.no_memory++;
		status = 500;
	} else if (err == -EMSGSIZE ||
		   err == -E2BIG) { /* too long for this hop; more to change than we can */
		status = 513;
		c->enough |= err == -E2BIG;
	} else if (!is_ours(err)) {
		t->end = CX_TRY_REFUSED;
		cx_sign(p, t->element, CX_SIGN_REFUSED);
	}
	cx_answer_offer(p, c, status, NULL);
}

int cx_forward(struct cx_proxy *p, struct cx_context *c, const struct cx_hop *hop, uint32_t element,
	       struct cx_text uri, uint16_t breadth)
{
	struct cx_forwarding f = {.m = &p->request,
				  .e = &p->request_e,
				  .from = &c->from,
				  .to = hop,
				  .way = &c->way,
				  .uri = uri,
				  .breadth = breadth};
	int err = cx_context_open(p, c);

	c->tries[c->n_tries++] = (struct cx_try){.element = element};
	if (!err)
		err = start_branch(p, c, &f);
	if (err == -EFBIG)
		err = start_over_tcp(p, c, &f);
	if (!err)
		return 0;
	not_started(p, c, &c->tries[c->n_tries - 1], err);
	return err;
}
