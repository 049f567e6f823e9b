/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules of judge.h. An element that falls silent right after an answer is
 * down after interval + fall * timeout: 2 s with the default settings.
 */
#include <string.h>
#include "health/health.h"
#include "health/judge.h"

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static bool in_reach(const struct cx_judge *j)
{
	return j->out_of_reach == CX_ER_CONFIG;
}

static void go_down(struct cx_judge *j, uint8_t reason)
{
	j->down = true;
	j->down_reason = reason;
	j->hits_in_row = 0;
}

void cx_judge_start(struct cx_judge *j, const struct cx_config_probe *rules, uint8_t state, uint8_t reason,
		    uint64_t first_ms)
{
	memset(j, 0, sizeof(*j));
	j->up_reason = CX_ER_CONFIG;
	j->out_of_reach = CX_ER_CONFIG;
	j->next_ms = rules->enabled ? first_ms : CX_JUDGE_NEVER;
	if (state == CX_ELEMENT_DISABLED && reason == CX_ER_CONFIG)
		j->disabled_by_config = true;
	else if (state == CX_ELEMENT_DISABLED)
		j->disabled_by_operator = true;
	else if (state == CX_ELEMENT_DRAINING)
		j->draining = reason != CX_ER_LEFT_DNS;
	else if (state == CX_ELEMENT_DOWN && rules->enabled)
		go_down(j, reason);
}

void cx_judge_rules(struct cx_judge *j, const struct cx_config_probe *rules, uint64_t now_ms)
{
	if (rules->enabled) {
		/* Earlier, never later: a shorter interval counts from now. */
		uint64_t due = now_ms + (j->down ? rules->down_interval_ms : rules->interval_ms);

		if (in_reach(j) && (j->next_ms > due || j->next_ms == CX_JUDGE_NEVER))
			j->next_ms = due;
		return;
	}
	if (j->down && (j->down_reason == CX_ER_ICMP || j->down_reason == CX_ER_REFUSED) && in_reach(j)) {
		if (j->next_ms == CX_JUDGE_NEVER || j->next_ms > now_ms + CX_JUDGE_ICMP_PAUSE_MS)
			j->next_ms = now_ms + CX_JUDGE_ICMP_PAUSE_MS;
		return;
	}
	j->down = false;
	j->next_ms = CX_JUDGE_NEVER;
	j->hits_in_row = j->misses_in_row = 0;
}

void cx_judge_sent(struct cx_judge *j, const struct cx_config_probe *rules, uint64_t now_ms)
{
	j->next_ms = now_ms + (j->down ? rules->down_interval_ms : rules->interval_ms);
}

void cx_judge_hit(struct cx_judge *j, const struct cx_config_probe *rules, uint64_t sent_ms, uint64_t now_ms)
{
	j->misses_in_row = 0;
	j->hits_in_row++;
	if (j->down && j->hits_in_row >= rules->rise)
		j->down = false;
	j->up_reason = CX_ER_PROBE_OK;
	if (in_reach(j))
		j->next_ms =
		    later(sent_ms + (j->down ? rules->down_interval_ms : rules->interval_ms), now_ms);
}

void cx_judge_miss(struct cx_judge *j, const struct cx_config_probe *rules, uint8_t reason, uint64_t sent_ms,
		   uint64_t now_ms)
{
	j->hits_in_row = 0;
	j->misses_in_row++;
	if (j->down || j->misses_in_row >= rules->fall)
		go_down(j, reason);
	/* An answer that counts as a miss comes early: keep the pace of the
	 * silent ones, or `fall` would pass within a few round trips. */
	if (in_reach(j))
		j->next_ms = later(sent_ms + (j->down ? rules->down_interval_ms : rules->timeout_ms), now_ms);
}

void cx_judge_refused(struct cx_judge *j, const struct cx_config_probe *rules, uint8_t reason, uint64_t now_ms)
{
	bool was_up = !j->down;

	j->misses_in_row++;
	go_down(j, reason);
	if (!in_reach(j))
		return;
	if (!rules->enabled)
		j->next_ms = now_ms + CX_JUDGE_ICMP_PAUSE_MS;
	else if (was_up)
		j->next_ms = now_ms;
}

void cx_judge_lost(struct cx_judge *j, uint8_t reason)
{
	j->out_of_reach = reason;
	j->next_ms = CX_JUDGE_NEVER;
	go_down(j, reason);
}

void cx_judge_found(struct cx_judge *j, const struct cx_config_probe *rules, uint64_t now_ms)
{
	if (in_reach(j))
		return;
	j->out_of_reach = CX_ER_CONFIG;
	if (rules->enabled)
		j->next_ms = now_ms;
	else
		j->down = false;
}

void cx_judge_pause_over(struct cx_judge *j)
{
	j->next_ms = CX_JUDGE_NEVER;
	j->down = false;
	j->misses_in_row = 0;
}

uint8_t cx_judge_state(const struct cx_judge *j, uint8_t *reason)
{
	*reason = CX_ER_OPERATOR;
	if (j->disabled_by_operator)
		return CX_ELEMENT_DISABLED;
	if (j->disabled_by_config) {
		*reason = CX_ER_CONFIG;
		return CX_ELEMENT_DISABLED;
	}
	if (j->draining)
		return CX_ELEMENT_DRAINING;
	if (j->gone) {
		*reason = CX_ER_LEFT_DNS;
		return CX_ELEMENT_DRAINING;
	}
	if (!in_reach(j)) {
		*reason = j->out_of_reach;
		return CX_ELEMENT_DOWN;
	}
	*reason = j->down ? j->down_reason : j->paused ? CX_ER_RETRY_AFTER : j->up_reason;
	return j->down ? CX_ELEMENT_DOWN : j->paused ? CX_ELEMENT_PAUSED : CX_ELEMENT_UP;
}
