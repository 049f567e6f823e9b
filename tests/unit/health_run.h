/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Health under a virtual clock: one group of up to four elements, which answer
 * their probes at once or are silent, as the test says. What was sent is kept.
 */
#ifndef CX_TESTS_HEALTH_RUN_H
#define CX_TESTS_HEALTH_RUN_H

#include "fixture.h"
#include "health/health.h"
#include "health/options.h"
#include "route/world.h"

#define ELEMENTS 4

struct run {
	struct cx_config *config;
	struct cx_tables *tables;
	struct cx_world *world;
	struct cx_health *health;
	uint64_t now_ms;
	bool answers[ELEMENTS]; /* the element answers at once, with code */
	int code;
	int send_error[ELEMENTS];
	bool refuses_by_icmp; /* while sending, as the daemon may do it */
	unsigned sent[ELEMENTS];
	uint64_t sent_ms[ELEMENTS];
	char last[CX_PROBE_MAX + 1];
	char branch[ELEMENTS][64]; /* of the newest probe, behind the magic cookie */
};

/* The one there is: run_start() begins it anew. */
extern struct run run;
extern const struct cx_health_ops run_ops;

/* Group "media" of n elements, and its settings of probes. */
struct cx_config *run_config(unsigned n);
struct cx_config_probe *probe_of(struct cx_config *c);

/* A world, and health over it; both take the configuration over. */
void run_start(unsigned n);
void run_start_config(struct cx_config *c);
/* Only the world: health is the test's to begin, with run_ops. */
void run_start_world(struct cx_config *c);
void run_swap(struct cx_config *c);
void run_end(void);

/* Lets `ms` pass; the owner calls tick when it asked to be called. */
void run_pass(uint64_t ms);

/* An answer to the newest probe: what cx_health_response() says of it. */
int run_answer(uint32_t id, int code);
void run_icmp(uint32_t id, int errnum);

uint8_t run_state(uint32_t id);
struct cx_health_view run_view(uint32_t id);

#define assert_element(id, wanted_state, wanted_reason)                                                      \
	do {                                                                                                 \
		assert_int_equal(run.world->elements[id].state, wanted_state);                               \
		assert_int_equal(run.world->elements[id].reason, wanted_reason);                             \
	} while (0)

#endif
