/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packet in, packet out, in words: what comes in is said as SIP text, what
 * went out is checked down to the wire (addresses, MACs, TTL, DSCP, lengths and
 * checksums by full recomputation) and then compared.
 *
 * One rig a process; cmocka's group functions open and close it.
 */
#ifndef CX_TESTS_EXCHANGE_H
#define CX_TESTS_EXCHANGE_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "rig.h"

struct entrance {
	const char *listener;
	uint16_t port;
	const char *source;
	uint16_t source_port;
};
extern const struct entrance trunk, trunk6, agent, agent6, anybody, server, server6;

extern struct rig *rig;
extern struct packet_view sent; /* the last packet that went out */

int exchange_open(void **state);
int exchange_close(void **state);
/* Test setup: no recent calls. */
int exchange_forget(void **state);
/* main() of every test over the rig: false: nothing can be tested here. */
bool exchange_possible(void);

/* "METHOD uri SIP/2.0" with everything that is mandatory. more: further header
 * lines, each with CRLF. Call-ID and branch come from call. Static buffer. */
const char *request(const char *method, const char *uri, const char *call, const char *more);
/* The same with another To, Via and body; NULL: the usual. */
const char *request_with(const char *method, const char *uri, const char *call, const char *via, const char *to,
			 const char *more, const char *body);

/* Sends it in by an entrance; whatever happens is checked for consistency. */
void put(const struct entrance *e, const char *text);
void put_bytes(const struct entrance *e, const void *p, size_t n);
void put_plan(const struct packet_plan *plan, const void *p, size_t n);
struct packet_plan plan_of(const struct entrance *e);

/* What became of the last one */
void expect_sent(const char *from, const char *to, uint16_t port);
void expect_left(enum cx_reason reason); /* up or dropped, as the table of reasons says */
void expect_text(const char *text);	 /* somewhere in it */
void expect_no_text(const char *text);
/* The header lines of that name, in order, joined by "|", without their names. */
const char *sent_values(const char *name);
/* The whole message that went out, NUL-terminated. Static buffer. */
const char *sent_text(void);

/* The response of the server to what went out last: all Vias, From, To. */
const char *response(const char *status_line);

#endif
