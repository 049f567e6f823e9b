/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of this room share: the judged elements.
 *
 * Invariants
 * - slots[id] belongs to the element of that id and address; another one under the
 *   same id starts anew (cx_health_sync).
 * - A probe is known by its nonce. At most one is under way for an element.
 * - Whoever changes a slot calls cx_health_settle() last.
 */
#ifndef CX_HEALTH_INTERNAL_H
#define CX_HEALTH_INTERNAL_H

#include "health/due.h"
#include "health/health.h"
#include "health/judge.h"

struct cx_health_slot {
	struct cx_judge judge;
	const struct cx_config_probe *rules; /* of the running configuration; NULL: not in use */
	char name[CX_NAME_SIZE];
	union cx_addr addr;
	uint16_t port;
	uint8_t family; /* 0: it has no address yet */
	bool configured_disabled;
	bool under_way;		   /* a probe waits for its answer */
	bool send_failed;	   /* it never left */
	bool answered;		   /* the newest probe was answered, in time or not */
	uint64_t nonce, old_nonce; /* of the newest probe and the one before; 0: none */
	uint64_t sent_ms, sent_ns;
	struct cx_health_view view;
};

/* What the operator said of a host name: it holds for every server that DNS names. Or of
 * one of its servers. */
struct cx_health_name_order {
	char name[CX_NAME_SIZE]; /* of the element, as written */
	uint16_t port;		 /* of the server; 0: of all */
	uint8_t transport;
	union cx_addr addr;
	bool draining, disabled;
};

struct cx_health {
	struct cx_world *world;
	struct cx_health_ops ops;
	struct cx_health_slot *slots; /* by element id */
	size_t n_slots;
	struct cx_due *due;
	struct cx_health_name_order *orders;
	size_t n_orders;
};

/* The slot of a judged element, or NULL. */
struct cx_health_slot *cx_health_slot(const struct cx_health *h, uint32_t element);
/* Tells the world what the judge says, and the heap when to look again. */
void cx_health_settle(struct cx_health *h, uint32_t element);
/* What an order does to the judge; settle afterwards. */
void cx_health_give(struct cx_health *h, uint32_t element, enum cx_health_order order);
/* orders.c: gives a new server of a host name the orders that there are for it. */
void cx_orders_apply(struct cx_health *h, uint32_t element);
/* An order is given to an element: kept, if that is a server of a host name. 0 or -ENOMEM. */
int cx_orders_note(struct cx_health *h, uint32_t element, enum cx_health_order order);
/* prober.c: sends the next probe. */
void cx_probe_send(struct cx_health *h, uint32_t element);
/* The probe under way got no answer in time. */
void cx_probe_timeout(struct cx_health *h, uint32_t element);

#endif
