/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RFC 3263 section 4 as a machine: a host name goes in, questions come out,
 * answers go in, and at the end there is an ordered set of targets. Pure: no
 * socket, no clock.
 *
 *   numeric host                     that address
 *   port given                       A and AAAA
 *   transport given                  SRV of that transport, else A and AAAA
 *   neither                          NAPTR -> SRV; else SRV of UDP, then of TCP; else A and AAAA
 *
 * - NAPTR that goes unanswered (some firewalls swallow it) counts as none, and the result
 *   says so. SRV that goes unanswered does not: only where a name server says that there is
 *   none may a call go to port 5060 of the host itself (RFC 3263 4.2).
 * - An attempt comes to an end: with the second step that is met with silence at the latest.
 * - Only transports and families that the caller can send by are asked for.
 * - Of several services the first one that leads anywhere is taken.
 * - A record that is broken or leads nowhere does not spoil the others. A name
 *   whose addresses nobody would tell (cx_locate_missed) is not the same as one
 *   that has none.
 * - Aliases (CNAME) are followed by whoever answers.
 */
#ifndef CX_DNS_LOCATE_H
#define CX_DNS_LOCATE_H

#include "dns/record.h"
#include "dns/target.h"

#define CX_LOCATE_ANY 0xff
#define CX_LOCATE_V4 0x01
#define CX_LOCATE_V6 0x02
#define CX_LOCATE_TRANSPORTS 2 /* UDP, TCP */
#define CX_LOCATE_SERVICES_MAX 8
#define CX_LOCATE_QUESTIONS_MAX (2 * CX_DNS_RECORDS_MAX)

struct cx_locate_want {
	char host[CX_DNS_NAME];
	uint16_t port;				/* 0: not said */
	uint8_t transport;			/* CX_LOCATE_ANY: not said */
	uint8_t families[CX_LOCATE_TRANSPORTS]; /* CX_LOCATE_V4 | CX_LOCATE_V6 that it can be sent to by it */
};

enum cx_locate_step { CX_LOCATE_NAPTR, CX_LOCATE_SRV, CX_LOCATE_ADDRESSES, CX_LOCATE_DONE };

struct cx_locate_question {
	uint16_t type;
	uint16_t name; /* of addresses: index into names */
	bool asked, answered;
};

struct cx_locate {
	struct cx_locate_want want;
	enum cx_locate_step step;
	struct {
		char name[CX_DNS_NAME];
		uint8_t transport;
		uint16_t order, preference;
	} services[CX_LOCATE_SERVICES_MAX]; /* in the order in which they are tried */
	uint8_t n_services, service; /* at work: services[service]; n_services: the host's own addresses */
	bool had_srv;
	bool by_naptr;		  /* the services are those of NAPTR records */
	enum cx_dns_status naptr; /* a failure: it went unanswered, and was done without */
	bool silent;		  /* somebody was not answered in this step */
	uint8_t silences;	  /* steps that led nowhere for that */
	bool passed_over; /* a service of which nobody would tell: the next one may not be what is meant */
	struct cx_dns_record srv[CX_DNS_RECORDS_MAX];
	uint16_t n_srv;
	struct {
		char name[CX_DNS_NAME];
		uint8_t missed; /* families of which nobody told */
		uint16_t n;
		union cx_addr addr[CX_DNS_RECORDS_MAX];
	} names[CX_DNS_RECORDS_MAX]; /* whose addresses are asked for */
	uint16_t n_names;
	struct cx_locate_question questions[CX_LOCATE_QUESTIONS_MAX];
	uint16_t n_questions, n_answered;
	/* the result */
	struct cx_target targets[CX_TARGETS_MAX];
	uint16_t n_targets;
	uint32_t left_out; /* records that could not be used, targets beyond the bound */
	uint32_t ttl_s;	   /* the shortest of what it rests upon */
	uint32_t no_ttl_s; /* of a "no": that of the latest one */
	enum cx_dns_status status;
	/* of a failure, or of what was done without: what was asked */
	char failed_name[CX_DNS_NAME];
	uint16_t failed_type;
};

void cx_locate_start(struct cx_locate *l, const struct cx_locate_want *want);
/* The next question to ask, valid until the next call of any function: its index,
 * or -1: none now. It counts as asked. */
int cx_locate_ask(struct cx_locate *l, const char **name, uint16_t *type);
/* Its asking did not work out; it is offered again. */
void cx_locate_unask(struct cx_locate *l, int question);
/* An index that is not under way is passed over. */
void cx_locate_answer(struct cx_locate *l, int question, const struct cx_dns_answer *answer);
static inline bool cx_locate_done(const struct cx_locate *l)
{
	return l->step == CX_LOCATE_DONE;
}
/* Done, with targets: was there no word about the addresses of the host of t? */
bool cx_locate_missed(const struct cx_locate *l, const struct cx_target *t);

#endif
