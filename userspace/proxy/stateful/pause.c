// SPDX-License-Identifier: GPL-2.0-only
/*
 * Elements that asked to be left alone: Retry-After in a response that means "ask
 * another one" (RFC 3261 21.5.4).
 *
 * A pause is everybody's: the owner is told (ops.pause), makes it part of the world,
 * and other cores find it there. Until this core's own world has it, its own memory
 * counts, so that the very next request goes elsewhere. The later word wins, so an
 * order to enable the element ends the pause here, too.
 */
#include "proxy/stateful/internal.h"

/* Words that move an end by less are none: in an overload each of thousands of
 * calls is told the same. */
#define CX_PAUSE_GRAIN_MS 1000

static const struct cx_pause *of_world(const struct cx_proxy *p, uint32_t element)
{
	static const struct cx_pause none;

	return element < p->world->max_elements ? &p->world->pauses[element] : &none;
}

const struct cx_pause *cx_pause_of(const struct cx_proxy *p, uint32_t element)
{
	const struct cx_pause *pause = of_world(p, element);

	for (unsigned i = 0; i < p->n_told; i++)
		if (p->told[i].element == element && p->told[i].pause.said_ms > pause->said_ms)
			pause = &p->told[i].pause;
	return pause;
}

static void forget(struct cx_proxy *p, unsigned i)
{
	memmove(p->told + i, p->told + i + 1, (--p->n_told - i) * sizeof(*p->told));
}

/* What the world has, or nobody needs. The oldest goes if there is no room: its word
 * is with the owner. */
static void tidy(struct cx_proxy *p, uint32_t element)
{
	for (unsigned i = p->n_told; i-- > 0;) {
		const struct cx_told *t = &p->told[i];

		if (t->element == element || t->pause.full_ms <= cx_now(p) ||
		    t->pause.said_ms <= of_world(p, t->element)->said_ms)
			forget(p, i);
	}
	if (p->n_told == CX_TOLD_MAX)
		forget(p, 0);
}

static bool is_news(const struct cx_pause *known, const struct cx_pause *pause, uint64_t now_ms)
{
	uint64_t a = known->until_ms, b = pause->until_ms;

	return !cx_pause_is_on(known, now_ms) || (a > b ? a - b : b - a) >= CX_PAUSE_GRAIN_MS;
}

void cx_pause_element(struct cx_proxy *p, uint32_t element, int status, uint32_t seconds)
{
	const struct cx_config_group *policy;
	struct cx_pause pause = {.said_ms = cx_now(p), .asked_s = seconds, .status = (uint32_t)status};

	if (element >= p->world->tables->n_elements)
		return;
	policy = cx_group_policy(p, p->world->elements[element].group);
	if (policy && seconds > policy->pause_max_s)
		seconds = policy->pause_max_s; /* its word is no order for ever */
	if (!policy || !seconds)
		return;
	pause.until_ms = cx_now(p) + seconds * 1000ULL;
	pause.full_ms = pause.until_ms + policy->slow_start_s * 1000ULL;
	if (!is_news(cx_pause_of(p, element), &pause, cx_now(p)))
		return;
	tidy(p, element);
	p->told[p->n_told++] = (struct cx_told){.element = element, .pause = pause};
	p->count.pauses++;
	if (p->ops.pause)
		p->ops.pause(p->ctx, element, &pause);
}

uint32_t cx_pause_left(const struct cx_proxy *p, uint32_t group, uint64_t now_ms)
{
	const struct cx_config_group *policy = cx_group_policy(p, group);
	const uint32_t *ids;
	size_t n = cx_tables_members(p->world->tables, group, &ids);
	uint64_t first_ms = CX_PROXY_NEVER;

	for (size_t i = 0; i < n; i++) {
		const struct cx_pause *pause = cx_pause_of(p, ids[i]);

		if (cx_pause_is_on(pause, now_ms) && pause->until_ms < first_ms)
			first_ms = pause->until_ms;
	}
	if (first_ms == CX_PROXY_NEVER)
		return policy ? policy->retry_after_s : p->settings.retry_after_s;
	return (uint32_t)((first_ms - now_ms + 999) / 1000);
}

uint32_t cx_proxy_retry_after(const struct cx_proxy *p, uint32_t group, uint64_t now_ms)
{
	return cx_pause_left(p, group, now_ms);
}
