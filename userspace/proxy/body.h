/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine in the daemon, compiled twice: core (core.c) with limits as wide as
 * a UDP datagram, which does the daemon's work, and fast (fast.c) with exactly
 * the limits and checks of the XDP program, which says what the kernel would do
 * to the same datagram (`explain`, and the test that holds both to it).
 */
#ifndef CX_PROXY_BODY_H
#define CX_PROXY_BODY_H

#include "proxy/stateless.h"

struct cx_body; /* the scratch message of one of the two */

struct cx_body *cx_core_new(void);
/* From now on routes in mode core are left alone: CX_R_CORE_ROUTE. */
void cx_core_leave(struct cx_body *b);
void cx_core_run(struct cx_body *b, struct cx_world *w, uint16_t listener, const union cx_addr *from,
		 uint16_t from_port, const uint8_t *p, size_t n, struct cx_stateless_result *r);

struct cx_body *cx_fast_new(void);
void cx_fast_run(struct cx_body *b, struct cx_world *w, uint16_t listener, const union cx_addr *from,
		 uint16_t from_port, const uint8_t *p, size_t n, struct cx_stateless_result *r);

#endif
