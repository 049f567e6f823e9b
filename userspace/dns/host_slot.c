// SPDX-License-Identifier: GPL-2.0-only
/*
 * What an attempt, or time, makes of a name's slot, see host_slot.h. Pure.
 */
#include <stdlib.h>
#include <string.h>
#include "dns/host_slot.h"

#define BACKOFF_MAX 5 /* doublings */

/* ---- from the old targets to the new ones --------------------------------------------------- */

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

/* Takes over what the machine found (NULL: nothing), and of the old targets those of
 * which nobody told; the others are gone, and linger. True: something has changed. */
static bool merge(const struct cx_hosts_rules *rules, struct cx_host_slot *s, const struct cx_locate *l,
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
		return merge(rules, s, NULL, now_ms);
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

/* ---- the end of an attempt --------------------------------------------------------------- */

static uint32_t between(uint32_t value, uint32_t min, uint32_t max)
{
	if (value > max)
		value = max;
	return value < min ? min : value;
}

static void set_status(struct cx_host_slot *s, const struct cx_locate *l, enum cx_dns_status status,
		       uint64_t now_ms)
{
	if (status == CX_DNS_OK)
		s->failed_ms = 0;
	else if (s->status != status || !s->failed_ms)
		s->failed_ms = now_ms;
	s->status = status;
	memcpy(s->failed_name, l->failed_name, sizeof(s->failed_name));
	s->failed_type = l->failed_type;
}

/* A TTL that rests on nothing is that of a "no". */
static uint32_t counts_for_s(const struct cx_hosts_rules *rules, const struct cx_locate *l)
{
	if (l->status == CX_DNS_OK)
		return between(l->ttl_s, rules->min_ttl_s, rules->max_ttl_s);
	return between(l->no_ttl_s, 1, rules->negative_ttl_s);
}

/* Another service than the one of which nobody tells, or what is there without the NAPTR
 * records of which nobody tells, counts only if there was nothing better before. */
static bool is_weaker(const struct cx_host_slot *s, const struct cx_locate *l)
{
	return s->n && (l->passed_over || (s->by_naptr && cx_dns_is_failure(l->naptr)));
}

static void failed(const struct cx_hosts_rules *rules, struct cx_host_slot *s, const struct cx_locate *l,
		   uint64_t now_ms)
{
	uint32_t doublings = s->failures < BACKOFF_MAX ? s->failures : BACKOFF_MAX;

	s->failures++;
	s->next_ms = now_ms + ((uint64_t)rules->retry_ms << doublings);
	set_status(s, l,
		   cx_dns_is_failure(l->status) ? l->status
		   : l->passed_over		? CX_DNS_FAILURE
						: l->naptr,
		   now_ms);
}

static bool answered(const struct cx_hosts_rules *rules, struct cx_host_slot *s, const struct cx_locate *l,
		     uint64_t now_ms)
{
	bool partly = false, changed;

	for (uint16_t i = 0; i < l->n_names; i++)
		partly |= l->names[i].missed;
	changed = merge(rules, s, l, now_ms);
	s->failures = 0;
	s->left_out = l->left_out;
	s->answered_ms = now_ms;
	s->expires_ms = now_ms + counts_for_s(rules, l) * 1000ull;
	s->without_naptr = cx_dns_is_failure(l->naptr);
	s->by_naptr = l->by_naptr;
	s->next_ms = s->expires_ms;
	if (partly)
		s->next_ms = cx_earlier(s->next_ms, now_ms + rules->min_ttl_s * 1000ull);
	if (s->without_naptr)
		s->next_ms = cx_earlier(s->next_ms, now_ms + rules->negative_ttl_s * 1000ull);
	set_status(s, l, l->status, now_ms);
	return changed;
}

bool cx_host_learn(const struct cx_hosts_rules *rules, struct cx_host_slot *s, const struct cx_locate *l,
		   uint64_t now_ms)
{
	s->settled = true;
	if (!cx_dns_is_failure(l->status) && !is_weaker(s, l))
		return answered(rules, s, l, now_ms);
	failed(rules, s, l, now_ms);
	return false;
}
