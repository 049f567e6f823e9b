// SPDX-License-Identifier: GPL-2.0-only
/*
 * From the old targets of a name to the new ones, see host_slot.h. Pure.
 */
#include <stdlib.h>
#include <string.h>
#include "dns/host_slot.h"

struct set {
	struct cx_target targets[2 * CX_TARGETS_MAX];
	uint16_t n, n_gone;
};

static bool holds(const struct set *set, const struct cx_target *t)
{
	for (uint16_t i = 0; i < set->n + set->n_gone; i++)
		if (cx_target_same(&set->targets[i], t))
			return true;
	return false;
}

/* Of what was there and is in no answer: what lingers, at most as many as targets can be. */
static void keep_gone(const struct cx_hosts_rules *rules, const struct cx_host_slot *s, struct set *set,
		      uint64_t now_ms)
{
	for (uint16_t i = 0; i < s->n + s->n_gone; i++) {
		struct cx_target t = s->targets[i];

		if (holds(set, &t) || set->n_gone == CX_TARGETS_MAX)
			continue;
		t.gone_ms = t.gone ? t.gone_ms : now_ms;
		t.gone = true;
		if (now_ms - t.gone_ms < rules->linger_s * 1000ull)
			set->targets[set->n + set->n_gone++] = t;
	}
}

static bool same_set(const struct cx_host_slot *s, const struct set *set)
{
	if (s->n != set->n || s->n_gone != set->n_gone)
		return false;
	for (uint16_t i = 0; i < s->n + s->n_gone; i++) {
		const struct cx_target *a = &s->targets[i], *b = &set->targets[i];

		if (!cx_target_same(a, b) || a->priority != b->priority || a->weight != b->weight ||
		    a->shares != b->shares || a->by_srv != b->by_srv)
			return false;
	}
	return true;
}

/* True if anything has changed. Without memory nothing has. */
static bool take_over(struct cx_host_slot *s, const struct set *set, uint64_t now_ms)
{
	struct cx_target *copy;

	if (same_set(s, set))
		return false;
	copy = malloc((set->n + set->n_gone + 1u) * sizeof(*copy));
	if (!copy)
		return false;
	memcpy(copy, set->targets, (set->n + set->n_gone) * sizeof(*copy));
	free(s->targets);
	s->targets = copy;
	s->n = set->n;
	s->n_gone = set->n_gone;
	s->changed_ms = now_ms;
	return true;
}

bool cx_host_merge(const struct cx_hosts_rules *rules, struct cx_host_slot *s, const struct cx_locate *l,
		   uint64_t now_ms)
{
	struct set *set = calloc(1, sizeof(*set));
	bool changed;

	if (!set)
		return false;
	if (l) {
		memcpy(set->targets, l->targets, l->n_targets * sizeof(l->targets[0]));
		set->n = l->n_targets;
	}
	for (uint16_t i = 0; l && i < s->n && set->n < CX_TARGETS_MAX; i++)
		if (!holds(set, &s->targets[i]) && cx_locate_missed(l, &s->targets[i]))
			set->targets[set->n++] = s->targets[i];
	keep_gone(rules, s, set, now_ms);
	changed = take_over(s, set, now_ms);
	free(set);
	return changed;
}

bool cx_host_expire(const struct cx_hosts_rules *rules, struct cx_host_slot *s, uint64_t now_ms)
{
	struct set *set;
	bool changed;

	if (s->n && cx_dns_is_failure(s->status) && now_ms >= s->expires_ms + rules->stale_s * 1000ull)
		return cx_host_merge(rules, s, NULL, now_ms);
	if (!s->n_gone)
		return false;
	set = calloc(1, sizeof(*set));
	if (!set)
		return false;
	memcpy(set->targets, s->targets, s->n * sizeof(s->targets[0]));
	set->n = s->n;
	keep_gone(rules, s, set, now_ms);
	changed = set->n_gone != s->n_gone && take_over(s, set, now_ms);
	free(set);
	return changed;
}
