// SPDX-License-Identifier: GPL-2.0-only
/*
 * The next element of a group for a request: of those that are up and were not
 * tried yet, the highest q; among equals the one that this call had before, then
 * the order of the ring from the Call-ID's slot on, which honours weights and is
 * the same on every node. The ring has the highest q that is up; below that it is
 * rendezvous hashing, with the same qualities. States are read when the choice is
 * made, so a failover never goes to an element that is known to be down.
 *
 * An element that asked for a pause (Retry-After) is left out until it is over;
 * afterwards it takes a growing share of the calls, by the call's hash, and its
 * turn as the last resort.
 */
#include <errno.h>
#include <math.h>
#include "proxy/stateful/internal.h"
#include "route/names.h"

static uint32_t q_of(const struct cx_proxy *p, uint32_t element)
{
	return p->world->tables->element_config[element]->q;
}

static bool tried(const struct cx_context *c, uint32_t element)
{
	for (uint8_t i = 0; i < c->n_tries; i++)
		if (c->tries[i].element == element)
			return true;
	return false;
}

/* 0: not now; 1: only if there is nobody else; 2: yes. */
static int wanted(const struct cx_proxy *p, const struct cx_context *c, uint32_t element)
{
	const struct cx_pause *pause;
	uint32_t share;
	uint8_t state;

	if (element >= p->world->tables->n_elements || !p->world->tables->element_config[element])
		return 0;
	state = __atomic_load_n(&p->world->elements[element].state, __ATOMIC_RELAXED);
	/* a pause ends by the clock, whenever the state says so, too */
	if ((state != CX_ELEMENT_UP && state != CX_ELEMENT_PAUSED) || tried(c, element))
		return 0;
	pause = cx_pause_of(p, element);
	if (cx_pause_is_on(pause, cx_now(p)))
		return 0;
	share = cx_pause_share(pause, cx_now(p));
	return (c->call_hash & (CX_PAUSE_WHOLE - 1)) < share ? 2 : 1;
}

/* What all that may be chosen have at most. -1: there are none. */
static int highest_q(const struct cx_proxy *p, const struct cx_context *c, int level)
{
	const uint32_t *ids;
	size_t n = cx_tables_members(p->world->tables, c->way.group, &ids);
	int q = -1;

	for (size_t i = 0; i < n; i++)
		if (wanted(p, c, ids[i]) >= level && (int)q_of(p, ids[i]) > q)
			q = (int)q_of(p, ids[i]);
	return q;
}

static bool fits(const struct cx_proxy *p, const struct cx_context *c, uint32_t element, int q, int level)
{
	return element < p->world->max_elements && p->world->elements[element].group == c->way.group &&
	       wanted(p, c, element) >= level && (int)q_of(p, element) == q;
}

/* Each draws a number by the call and its name; whose is the best has it. An element of
 * twice the weight has it twice as often. */
static uint32_t by_lot(const struct cx_proxy *p, const struct cx_context *c, int q, int level)
{
	const uint32_t *ids;
	size_t n = cx_tables_members(p->world->tables, c->way.group, &ids);
	uint32_t best = CX_NONE;
	double lowest = 0;

	for (size_t i = 0; i < n; i++) {
		const struct cx_element *e = &p->world->elements[ids[i]];
		double lot;

		if (!fits(p, c, ids[i], q, level))
			continue;
		lot = (double)((cx_name_hash((const char *)e->name, c->call_hash) >> 12) + 1) * 0x1p-52;
		lot = -log(lot) / (e->weight ? e->weight : 1);
		if (best == CX_NONE || lot < lowest) {
			best = ids[i];
			lowest = lot;
		}
	}
	return best;
}

/* All that a ring has are of one q. */
static bool is_ring_of(const struct cx_proxy *p, const struct cx_ring *ring, int q)
{
	uint32_t any = ring->slots[0];

	return any < p->world->tables->n_elements && p->world->tables->element_config[any] &&
	       (int)q_of(p, any) == q;
}

static uint32_t by_ring(const struct cx_proxy *p, const struct cx_context *c, int q, int level)
{
	const struct cx_ring *ring = p->world->rings[c->way.group];

	if (ring && !is_ring_of(p, ring, q))
		ring = NULL;
	for (uint32_t i = 0; ring && i < 1u << ring->bits; i++) {
		uint32_t slot =
		    (uint32_t)((c->call_hash >> (64 - ring->bits)) + i) & ((1u << ring->bits) - 1);

		if (fits(p, c, ring->slots[slot], q, level))
			return ring->slots[slot];
	}
	return by_lot(p, c, q, level); /* up, but not in the ring */
}

#define CX_Q_MAX 1000 /* the default, so that most groups are chosen from without a search */

uint32_t cx_pick_guess(const struct cx_proxy *p, const struct cx_context *c, bool *known)
{
	const struct cx_ring *ring = p->world->rings[c->way.group];
	struct cx_flow flow;

	*known = !cx_world_get_flow(p->world, c->call_hash, &flow) &&
		 flow.element < p->world->tables->n_elements &&
		 p->world->elements[flow.element].group == c->way.group &&
		 p->world->elements[flow.element].state != CX_ELEMENT_UNUSED;
	if (*known)
		return flow.element;
	return ring ? ring->slots[c->call_hash >> (64 - ring->bits)] : CX_NONE;
}

uint32_t cx_pick_element(struct cx_proxy *p, const struct cx_context *c, int *q)
{
	int level = 2, highest;
	bool known;
	uint32_t guess = cx_pick_guess(p, c, &known);

	if (known && c->way.in_dialog && !c->n_tries)
		return guess; /* its dialog is there, in whatever state it is */
	if (*q < 0 && fits(p, c, guess, CX_Q_MAX, level)) {
		*q = CX_Q_MAX;
		return guess;
	}
	highest = highest_q(p, c, level);
	if (highest < 0)
		highest = highest_q(p, c, level = 1);
	if (highest < 0 || (*q >= 0 && highest != *q))
		return CX_NONE;
	*q = highest;
	return fits(p, c, guess, highest, level) ? guess : by_ring(p, c, highest, level);
}

void cx_pick_remember(struct cx_proxy *p, const struct cx_context *c, uint32_t element)
{
	struct cx_flow flow = {.element = element,
			       .transaction = (uint32_t)c->server->by_request.key & ((1u << 20) - 1)};

	cx_world_put_flow(p->world, c->call_hash, &flow);
}

int cx_hop_of_element(const struct cx_proxy *p, uint32_t element, struct cx_hop *hop)
{
	const struct cx_element *e = &p->world->elements[element];
	const struct cx_group *g = &p->world->groups[e->group];

	*hop =
	    (struct cx_hop){.addr = e->addr,
			    .port = e->port,
			    .transport = e->transport,
			    .connection = CX_NO_CONNECTION,
			    .listener = cx_listener_for(p, g->network, e->family == CX_IPV4, e->transport)};
	return hop->listener == CX_NO_LISTENER ? -ENETUNREACH : 0;
}
