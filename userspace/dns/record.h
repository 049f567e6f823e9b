/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * DNS records as resolving a SIP name needs them (RFC 3263): A, AAAA, SRV (RFC
 * 2782) and NAPTR (RFC 3403). Pure.
 *
 * Rdata comes from whoever answers: every length is checked, and a record with
 * anything wrong is left out while the others of its answer count.
 *
 * Invariant: a name is lower case, without the dot at its end, and made of letters,
 * digits, "-" and "_" alone; "" is the root. So it can stand in a log and a file.
 */
#ifndef CX_DNS_RECORD_H
#define CX_DNS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cxsip/abi.h"

#define CX_DNS_NAME 254	      /* 253 characters and NUL (RFC 1035 2.3.4) */
#define CX_DNS_RECORDS_MAX 64 /* of an answer; what is beyond is left out */

enum cx_dns_type { CX_DNS_A = 1, CX_DNS_AAAA = 28, CX_DNS_SRV = 33, CX_DNS_NAPTR = 35 };

enum cx_dns_status {
	CX_DNS_OK,	  /* there are records */
	CX_DNS_NO_NAME,	  /* the name does not exist (NXDOMAIN) */
	CX_DNS_NO_DATA,	  /* it has no such record */
	CX_DNS_BROKEN,	  /* it has, and none can be used */
	CX_DNS_TIMEOUT,	  /* nobody answered in time */
	CX_DNS_FAILURE,	  /* the name server failed or refused */
	CX_DNS_NO_SERVER, /* none is configured */
};
/* "no such name" */
const char *cx_dns_status_text(enum cx_dns_status status);
/* Not a word about the name, but about who was asked: the last answer stays good. */
static inline bool cx_dns_is_failure(enum cx_dns_status status)
{
	return status >= CX_DNS_TIMEOUT;
}
const char *cx_dns_type_text(uint16_t type);

struct cx_dns_record {
	union {
		union cx_addr addr; /* A, AAAA */
		struct {
			uint16_t priority, weight, port;
			char host[CX_DNS_NAME]; /* "": decidedly not available */
		} srv;
		struct {
			uint16_t order, preference;
			char flags[4], service[32]; /* lower case */
			char replacement[CX_DNS_NAME];
		} naptr;
	};
};

struct cx_dns_answer {
	enum cx_dns_status status;
	uint32_t ttl_s;	   /* for how long it counts, also where there is nothing */
	uint16_t n;	   /* 0 unless OK */
	uint16_t left_out; /* broken, or too many */
	struct cx_dns_record records[CX_DNS_RECORDS_MAX];
};

/* Reads one record's rdata, names uncompressed. 0, or -EINVAL. */
int cx_dns_record_read(uint16_t type, const uint8_t *p, size_t n, struct cx_dns_record *record);
/* Adds it to the answer, or counts it as left out. Duplicates of an address are dropped. */
void cx_dns_answer_add(struct cx_dns_answer *answer, uint16_t type, const uint8_t *p, size_t n);

/* A name of text ("ms1.example.com", with or without a dot at the end) as above. 0, or
 * -EINVAL: not a host name, or too long. */
int cx_dns_name_from_text(const char *text, char name[CX_DNS_NAME]);

#endif
