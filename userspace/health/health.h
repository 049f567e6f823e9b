/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which elements can serve calls: OPTIONS probes (rise, fall, two intervals),
 * ICMP errors, routes and links, and the operator's word, made one state with
 * one reason. The rules (judge.c) are pure: (event, now) -> state; the prober
 * (prober.c) sends and receives through ops.
 *
 * Precedence: disabled (operator or configuration) > draining (operator; has left DNS)
 * > down (no address, unreachable, ICMP, probe) > paused (its own word) > up. Disabled,
 * draining and paused elements go on being probed, so that what follows is known.
 */
#ifndef CX_HEALTH_HEALTH_H
#define CX_HEALTH_HEALTH_H

#include "route/world.h"

#define CX_ELEMENT_REASONS(X)                                       \
	X(CONFIG, "configured")                                    \
	X(PROBE_OK, "answers OPTIONS")                             \
	X(PROBE_TIMEOUT, "no answer to OPTIONS")                   \
	X(PROBE_CODE, "answered OPTIONS with a code listed as down") \
	X(ICMP, "ICMP says unreachable")                           \
	X(NO_ROUTE, "no route")                                    \
	X(LINK_DOWN, "link has no carrier")                        \
	X(OPERATOR, "operator")                                    \
	X(SEND_FAILED, "the kernel refused to send")               \
	X(RETRY_AFTER, "asked for a pause (Retry-After)")            \
	X(DNS, "dns: not resolved yet")                            \
	X(LEFT_DNS, "dns: no longer in the answer")                  \
	X(REFUSED, "refuses TCP connections")

enum cx_element_reason {
#define CX_X(NAME, text) CX_ER_##NAME,
	CX_ELEMENT_REASONS(CX_X)
#undef CX_X
	CX_ER_COUNT
};
const char *cx_element_reason_text(uint8_t reason);
const char *cx_element_state_text(uint8_t state);

struct cx_health;

struct cx_health_ops {
	/* sends one message from our listener, by its transport, to an element; 0 or -errno */
	int (*send)(void *ctx, uint16_t listener, const union cx_addr *addr, uint16_t port, const void *p, size_t n);
	uint64_t (*now_ms)(void *ctx);      /* monotonic */
	uint64_t (*wall_ms)(void *ctx);
	void *ctx;
};

/* Starts judging the elements of the world; calls cx_world_set_element(). Each
 * starts in the state that it has in the world: up, unless the owner carried
 * another one over from an earlier daemon. */
int cx_health_new(struct cx_world *w, const struct cx_health_ops *ops, struct cx_health **out);
void cx_health_free(struct cx_health *h);
/* The world has other tables now: carry on with what stayed. */
int cx_health_sync(struct cx_health *h);
/* Sends what is due, times out what is late. Returns ms until it wants to be
 * called again. The owner calls it from a timer. */
uint64_t cx_health_tick(struct cx_health *h);
/* A response to a probe: branch is the text behind "z9hG4bK" of our topmost
 * Via. 0: it was ours; -ENOENT: not ours. */
int cx_health_response(struct cx_health *h, const char *branch, size_t n, int code);
/* ICMP, or a connection that was refused: every element at that address is down at
 * once, of that transport alone if it is the port that nobody is at (ECONNREFUSED,
 * ENOPROTOOPT), of any if the host cannot be reached (EHOSTUNREACH, ENETUNREACH and
 * the like). Other errors are ignored. Probes bring it back; where probing is off,
 * 5 s without a further such error do. */
void cx_health_unreachable(struct cx_health *h, const union cx_addr *addr, uint16_t port, uint8_t transport,
			   int errnum);
/* A call asked the element and heard nothing from it: counts as a probe that was missed. */
void cx_health_silent(struct cx_health *h, uint32_t element);
/* A call was told to come back later. A word that is older than what is known
 * counts for nothing; the pause ends by the clock, or by an order to enable. */
void cx_health_pause(struct cx_health *h, uint32_t element, const struct cx_pause *pause);
void cx_health_reachable(struct cx_health *h, uint32_t element, bool reachable, const char *why);
/* The operator: drain, undrain, disable, enable. -ENOENT, -ENOMEM. Enable also lifts a
 * "disabled" of the configuration, until a restart or until it is said anew, and
 * ends a pause or the slow start after it. */
enum cx_health_order { CX_DRAIN, CX_UNDRAIN, CX_DISABLE, CX_ENABLE };
int cx_health_order(struct cx_health *h, uint32_t element, enum cx_health_order order);
/* The same for the element of a host name: all its servers, those of later answers too.
 * -ENOENT: no element with a host name is called that; -ENOMEM. */
int cx_health_order_name(struct cx_health *h, const char *name, enum cx_health_order order);

struct cx_health_view {
	uint32_t last_rtt_us; /* 0: none yet */
	int last_code; /* of the last answer, 0: none */
	uint64_t last_answer_ms; /* wall clock, 0: never */
	uint64_t probes, answers, misses;
	uint32_t hits_in_row, misses_in_row;
};
int cx_health_view(const struct cx_health *h, uint32_t element, struct cx_health_view *out);

/* Orders survive a restart: saved in runtime_dir/orders (text, "name drain" or
 * "name disable" a line; see orders.c for servers of host names). Loading: -ENOENT: no such file; -EINVAL: some line is
 * no order, the others are obeyed; elements that are unknown are passed over. */
int cx_health_save_orders(const struct cx_health *h, const char *path);
int cx_health_load_orders(struct cx_health *h, const char *path);

#endif
