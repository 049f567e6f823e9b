/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules: what happened to an element -> its state and reason, and when the
 * next probe is due. Pure: no clock, no sockets, no memory of its own.
 *
 * - Disabled (operator or configuration) > draining (operator; left DNS) > down > paused > up.
 * - `fall` misses in a row take an element down, `rise` answers in a row bring
 *   it back. A silent miss is followed by the next probe at once.
 * - ICMP takes it down at once; if it was up, the next probe is due at once,
 *   so that a forged or stray ICMP costs one round trip, not an interval.
 * - No route or no carrier: down, and no probes. Reachable again: it stays
 *   down until probes say otherwise, the first one at once.
 * - Without probing there is nobody to bring an element back: reachability
 *   does at once, and after ICMP a pause of CX_JUDGE_ICMP_PAUSE_MS does.
 * - A new element is up until something speaks against it: a restart must not
 *   empty groups for a probe's round trip.
 */
#ifndef CX_HEALTH_JUDGE_H
#define CX_HEALTH_JUDGE_H

#include <stdbool.h>
#include <stdint.h>
#include "config/config.h"

#define CX_JUDGE_ICMP_PAUSE_MS 5000
#define CX_JUDGE_NEVER UINT64_MAX

struct cx_judge {
	bool disabled_by_operator, disabled_by_config, draining;
	bool gone; /* has left DNS */
	bool down;
	bool paused;	      /* by its own word; the owner keeps the time */
	uint8_t down_reason;  /* while down */
	uint8_t up_reason;    /* CX_ER_CONFIG until the first answer */
	uint8_t out_of_reach; /* CX_ER_NO_ROUTE, CX_ER_LINK_DOWN or CX_ER_DNS; CX_ER_CONFIG: in reach */
	uint32_t hits_in_row, misses_in_row;
	uint64_t next_ms; /* the next probe, or the end of the pause; CX_JUDGE_NEVER */
};

/* A judge for an element with this state and reason (of an earlier daemon, or
 * as configured). first_ms: when its first probe is due. */
void cx_judge_start(struct cx_judge *j, const struct cx_config_probe *rules, uint8_t state, uint8_t reason,
		    uint64_t first_ms);
/* The rules are others now. */
void cx_judge_rules(struct cx_judge *j, const struct cx_config_probe *rules, uint64_t now_ms);
/* A probe is under way. If it ends without a verdict, the next one is due an
 * interval later. */
void cx_judge_sent(struct cx_judge *j, const struct cx_config_probe *rules, uint64_t now_ms);
/* The element answered the probe that was sent at sent_ms, in time. */
void cx_judge_hit(struct cx_judge *j, const struct cx_config_probe *rules, uint64_t sent_ms, uint64_t now_ms);
/* It did not (CX_ER_PROBE_TIMEOUT), it answered a code that is listed as down
 * (CX_ER_PROBE_CODE), or the probe could not be sent (CX_ER_SEND_FAILED). */
void cx_judge_miss(struct cx_judge *j, const struct cx_config_probe *rules, uint8_t reason, uint64_t sent_ms,
		   uint64_t now_ms);
/* reason: CX_ER_ICMP or CX_ER_REFUSED. */
void cx_judge_refused(struct cx_judge *j, const struct cx_config_probe *rules, uint8_t reason, uint64_t now_ms);
/* reason: CX_ER_NO_ROUTE, CX_ER_LINK_DOWN or CX_ER_DNS. */
void cx_judge_lost(struct cx_judge *j, uint8_t reason);
void cx_judge_found(struct cx_judge *j, const struct cx_config_probe *rules, uint64_t now_ms);
/* next_ms has come without probing: the pause after ICMP is over. */
void cx_judge_pause_over(struct cx_judge *j);
/* enum cx_element_state; *reason: enum cx_element_reason. */
uint8_t cx_judge_state(const struct cx_judge *j, uint8_t *reason);

#endif
