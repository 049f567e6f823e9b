/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The judged elements of the running world: who is due, what else was heard
 * of them (ICMP, routes, operator), and what the world is told.
 *
 * First probes are spread over the interval by a hash of the name, so that
 * 65,536 elements are a steady trickle and not a burst every second.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "health/internal.h"
#include "route/names.h"

#define DUE_PER_TICK 1024 /* then other work gets its turn */
#define NOTHING_DUE_MS 60000

static const char *const reason_texts[] = {
#define CX_X(NAME, text) [CX_ER_##NAME] = text,
    CX_ELEMENT_REASONS(CX_X)
#undef CX_X
};

const char *cx_element_reason_text(uint8_t reason)
{
	return reason < CX_ER_COUNT ? reason_texts[reason] : "unknown";
}

const char *cx_element_state_text(uint8_t state)
{
	switch (state) {
	case CX_ELEMENT_UNUSED:
		return "unused";
	case CX_ELEMENT_UP:
		return "up";
	case CX_ELEMENT_DOWN:
		return "down";
	case CX_ELEMENT_DRAINING:
		return "draining";
	case CX_ELEMENT_DISABLED:
		return "disabled";
	case CX_ELEMENT_PAUSED:
		return "paused";
	default:
		return "unknown";
	}
}

struct cx_health_slot *cx_health_slot(const struct cx_health *h, uint32_t element)
{
	return element < h->n_slots && h->slots[element].rules ? &h->slots[element] : NULL;
}

static uint64_t probe_due_ms(const struct cx_health_slot *s)
{
	return s->under_way ? s->sent_ms + s->rules->timeout_ms : s->judge.next_ms;
}

void cx_health_settle(struct cx_health *h, uint32_t element)
{
	const struct cx_pause *pause = &h->world->pauses[element];
	struct cx_health_slot *s = &h->slots[element];
	uint64_t due_ms = probe_due_ms(s);
	uint8_t reason, state;

	s->judge.paused = cx_pause_is_on(pause, h->ops.now_ms(h->ops.ctx));
	if (s->judge.paused && pause->until_ms < due_ms)
		due_ms = pause->until_ms;
	state = cx_judge_state(&s->judge, &reason);
	s->view.hits_in_row = s->judge.hits_in_row;
	s->view.misses_in_row = s->judge.misses_in_row;
	cx_due_set(h->due, element, due_ms);
	cx_world_set_element(h->world, element, state, reason, h->ops.wall_ms(h->ops.ctx));
}

static const struct cx_config_probe *rules_of(const struct cx_world *w, uint32_t element)
{
	return &w->tables->group_config[w->elements[element].group]->probe;
}

static void start(struct cx_health *h, uint32_t element, uint64_t now_ms)
{
	const struct cx_element *e = &h->world->elements[element];
	struct cx_health_slot *s = &h->slots[element];
	uint32_t spread;

	memset(s, 0, sizeof(*s));
	s->rules = rules_of(h->world, element);
	memcpy(s->name, e->name, sizeof(s->name));
	s->addr = e->addr;
	s->port = e->port;
	s->family = e->family;
	s->configured_disabled = h->world->tables->element_config[element]->disabled;
	spread = s->rules->interval_ms ? (uint32_t)(cx_name_hash(s->name, 1) % s->rules->interval_ms) : 0;
	cx_judge_start(&s->judge, s->rules, e->state, e->reason, now_ms + spread);
	/* nothing that was said before is about this one */
	cx_world_set_pause(h->world, element, &(struct cx_pause){.said_ms = now_ms});
	s->judge.gone = h->world->tables->element_config[element]->gone;
	if (!s->family)
		cx_judge_lost(&s->judge, CX_ER_DNS);
	cx_orders_apply(h, element);
	cx_health_settle(h, element);
}

static void carry_on(struct cx_health *h, uint32_t element, uint64_t now_ms)
{
	struct cx_health_slot *s = &h->slots[element];
	bool disabled = h->world->tables->element_config[element]->disabled;

	s->rules = rules_of(h->world, element);
	if (disabled != s->configured_disabled)
		s->judge.disabled_by_config = disabled;
	s->configured_disabled = disabled;
	memcpy(s->name, h->world->elements[element].name, sizeof(s->name));
	s->judge.gone = h->world->tables->element_config[element]->gone;
	if (!s->rules->enabled)
		s->under_way = false;
	cx_judge_rules(&s->judge, s->rules, now_ms);
	cx_health_settle(h, element);
}

static bool is_same(const struct cx_health_slot *s, const struct cx_element *e)
{
	return s->rules && !memcmp(&s->addr, &e->addr, sizeof(s->addr)) && s->port == e->port &&
	       s->family == e->family && (s->family || !memcmp(s->name, e->name, sizeof(s->name)));
}

int cx_health_sync(struct cx_health *h)
{
	uint64_t now_ms = h->ops.now_ms(h->ops.ctx);
	uint32_t id;

	cx_world_hold(h->world);
	for (id = 0; id < h->n_slots; id++) {
		const struct cx_element *e = &h->world->elements[id];

		if (e->state == CX_ELEMENT_UNUSED) {
			h->slots[id].rules = NULL;
			cx_due_set(h->due, id, CX_DUE_NEVER);
		} else if (is_same(&h->slots[id], e)) {
			carry_on(h, id, now_ms);
		} else {
			start(h, id, now_ms);
		}
	}
	return cx_world_release(h->world);
}

int cx_health_new(struct cx_world *w, const struct cx_health_ops *ops, struct cx_health **out)
{
	struct cx_health *h = calloc(1, sizeof(*h));

	*out = NULL;
	if (!h)
		return -ENOMEM;
	h->world = w;
	h->ops = *ops;
	h->n_slots = w->max_elements;
	h->slots = calloc(h->n_slots + 1, sizeof(*h->slots));
	h->due = cx_due_new(h->n_slots);
	if (!h->slots || !h->due) {
		cx_health_free(h);
		return -ENOMEM;
	}
	cx_health_sync(h);
	*out = h;
	return 0;
}

void cx_health_free(struct cx_health *h)
{
	if (!h)
		return;
	cx_due_free(h->due);
	free(h->orders);
	free(h->slots);
	free(h);
}

static void look_at(struct cx_health *h, uint32_t element)
{
	struct cx_health_slot *s = &h->slots[element];

	if (h->ops.now_ms(h->ops.ctx) < probe_due_ms(s)) {
		cx_health_settle(h, element); /* its pause is over */
	} else if (s->under_way) {
		cx_probe_timeout(h, element);
	} else if (s->rules->enabled) {
		cx_probe_send(h, element);
	} else {
		cx_judge_pause_over(&s->judge);
		cx_health_settle(h, element);
	}
}

uint64_t cx_health_tick(struct cx_health *h)
{
	uint64_t now_ms = h->ops.now_ms(h->ops.ctx), due;
	uint32_t element, n = 0;

	cx_world_hold(h->world);
	while ((due = cx_due_first(h->due, &element)) <= now_ms && n++ < DUE_PER_TICK)
		look_at(h, element);
	cx_world_release(h->world);
	if (due == CX_DUE_NEVER)
		return NOTHING_DUE_MS;
	return due > now_ms ? due - now_ms : 0;
}

/* What says that nobody is there, or that nobody may go there. */
static bool is_refusal(int errnum)
{
	switch (errnum) {
	case ECONNREFUSED:
	case EHOSTUNREACH:
	case ENETUNREACH:
	case EHOSTDOWN:
	case ENONET:
	case ENOPROTOOPT:
	case EACCES:
		return true;
	default: /* EMSGSIZE is about the path, EPROTO about one datagram */
		return false;
	}
}

/* Is it the port, and not the host, that the error is about? */
static bool is_about_port(int errnum)
{
	return errnum == ECONNREFUSED || errnum == ENOPROTOOPT;
}

void cx_health_unreachable(struct cx_health *h, const union cx_addr *addr, uint16_t port, uint8_t transport,
			   int errnum)
{
	uint8_t reason = transport != CX_UDP && is_about_port(errnum) ? CX_ER_REFUSED : CX_ER_ICMP;
	const uint32_t *ids;
	size_t i, n = cx_tables_elements_at(h->world->tables, addr, port, &ids);

	if (!is_refusal(errnum))
		return;
	cx_world_hold(h->world);
	for (i = 0; i < n; i++) {
		struct cx_health_slot *s = cx_health_slot(h, ids[i]);

		if (!s || (is_about_port(errnum) && h->world->elements[ids[i]].transport != transport))
			continue;
		s->view.misses += s->under_way;
		s->under_way = false; /* most likely the one that was refused; if not, the next will tell */
		cx_judge_refused(&s->judge, s->rules, reason, h->ops.now_ms(h->ops.ctx));
		cx_health_settle(h, ids[i]);
	}
	cx_world_release(h->world);
}

void cx_health_silent(struct cx_health *h, uint32_t element)
{
	struct cx_health_slot *s = cx_health_slot(h, element);
	uint64_t now = h->ops.now_ms(h->ops.ctx);

	/* Without probes nobody would bring it back. One that a probe is asking just
	 * now is judged by that. */
	if (!s || !s->rules->enabled || s->under_way)
		return;
	cx_judge_miss(&s->judge, s->rules, CX_ER_PROBE_TIMEOUT, now, now);
	cx_health_settle(h, element);
}

void cx_health_pause(struct cx_health *h, uint32_t element, const struct cx_pause *pause)
{
	if (!cx_health_slot(h, element) || pause->said_ms <= h->world->pauses[element].said_ms)
		return;
	cx_world_set_pause(h->world, element, pause);
	cx_health_settle(h, element);
}

void cx_health_reachable(struct cx_health *h, uint32_t element, bool reachable, const char *why)
{
	struct cx_health_slot *s = cx_health_slot(h, element);

	if (!s || !s->family)
		return;
	if (reachable) {
		cx_judge_found(&s->judge, s->rules, h->ops.now_ms(h->ops.ctx));
	} else {
		bool link = why && !strcmp(why, "link down");

		s->under_way = false;
		cx_judge_lost(&s->judge, link ? CX_ER_LINK_DOWN : CX_ER_NO_ROUTE);
	}
	cx_health_settle(h, element);
}

void cx_health_give(struct cx_health *h, uint32_t element, enum cx_health_order order)
{
	struct cx_health_slot *s = &h->slots[element];

	switch (order) {
	case CX_DRAIN:
	case CX_UNDRAIN:
		s->judge.draining = order == CX_DRAIN;
		break;
	case CX_DISABLE:
		s->judge.disabled_by_operator = true;
		break;
	case CX_ENABLE: /* also what the configuration says, until it says it anew */
		s->judge.disabled_by_operator = false;
		s->judge.disabled_by_config = false;
		cx_world_set_pause(h->world, element,
				   &(struct cx_pause){.said_ms = h->ops.now_ms(h->ops.ctx)});
		break;
	}
}

int cx_health_order(struct cx_health *h, uint32_t element, enum cx_health_order order)
{
	int err = cx_health_slot(h, element) ? cx_orders_note(h, element, order) : -ENOENT;

	if (err)
		return err;
	cx_health_give(h, element, order);
	cx_health_settle(h, element);
	return 0;
}

int cx_health_view(const struct cx_health *h, uint32_t element, struct cx_health_view *out)
{
	const struct cx_health_slot *s = cx_health_slot(h, element);

	if (!s)
		return -ENOENT;
	*out = s->view;
	return 0;
}
