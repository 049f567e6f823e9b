/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of dns/: a zone of text lines, which answers as a name server would, by
 * rdata on the wire.
 *
 *   NAME TTL A 192.0.2.1           NAME TTL SRV PRIORITY WEIGHT PORT HOST
 *   NAME TTL AAAA 2001:db8::1      NAME TTL NAPTR ORDER PREFERENCE FLAGS SERVICE REPLACEMENT
 *   NAME TTL TYPE timeout          (or failure, none, broken: for that type; TYPE * for all)
 *
 * What is in no line does not exist.
 */
#ifndef CX_TESTS_DNS_ZONE_H
#define CX_TESTS_DNS_ZONE_H

#include "fixture.h"
#include "dns/record.h"

struct zone {
	const char *const *lines; /* ends with NULL */
	unsigned questions;	  /* asked so far */
};

FIXTURE size_t zone_name(uint8_t *p, const char *name)
{
	size_t n = 0;

	while (*name && strcmp(name, ".") != 0) {
		size_t label = strcspn(name, ".");

		p[n++] = (uint8_t)label;
		memcpy(p + n, name, label);
		n += label;
		name += label + (name[label] == '.');
	}
	p[n++] = 0;
	return n;
}

FIXTURE size_t zone_string(uint8_t *p, const char *text)
{
	size_t n = strcmp(text, "-") ? strlen(text) : 0;

	p[0] = (uint8_t)n;
	memcpy(p + 1, text, n);
	return n + 1;
}

FIXTURE size_t zone_16(uint8_t *p, unsigned value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
	return 2;
}

/* The rdata of a line behind its type. */
FIXTURE size_t zone_rdata(uint16_t type, const char *text, uint8_t p[1024])
{
	char a[64], b[64], host[CX_DNS_NAME + 8];
	unsigned x, y, z;
	union cx_addr addr;
	size_t n = 0;

	switch (type) {
	case CX_DNS_A:
	case CX_DNS_AAAA:
		addr = fixture_addr(text);
		memcpy(p, type == CX_DNS_A ? addr.b + 12 : addr.b, type == CX_DNS_A ? 4 : 16);
		return type == CX_DNS_A ? 4 : 16;
	case CX_DNS_SRV:
		assert_int_equal(sscanf(text, "%u %u %u %261s", &x, &y, &z, host), 4);
		n += zone_16(p + n, x);
		n += zone_16(p + n, y);
		n += zone_16(p + n, z);
		return n + zone_name(p + n, host);
	default:
		assert_int_equal(sscanf(text, "%u %u %63s %63s %261s", &x, &y, a, b, host), 5);
		n += zone_16(p + n, x);
		n += zone_16(p + n, y);
		n += zone_string(p + n, a);
		n += zone_string(p + n, b);
		n += zone_string(p + n, "-");
		return n + zone_name(p + n, host);
	}
}

FIXTURE bool zone_word(struct cx_dns_answer *a, const char *word)
{
	static const struct {
		const char *word;
		enum cx_dns_status status;
	} words[] = {{"timeout", CX_DNS_TIMEOUT},
		     {"failure", CX_DNS_FAILURE},
		     {"none", CX_DNS_NO_DATA},
		     {"broken", CX_DNS_BROKEN}};

	for (size_t i = 0; i < 4; i++)
		if (!strcmp(words[i].word, word)) {
			a->status = words[i].status;
			return true;
		}
	return false;
}

FIXTURE void zone_answer(struct zone *zone, const char *name, uint16_t type, struct cx_dns_answer *a)
{
	char owner[CX_DNS_NAME + 8], kind[16];
	uint8_t rdata[1024];
	bool exists = false;
	unsigned ttl;
	int at;

	memset(a, 0, sizeof(*a));
	zone->questions++;
	a->status = CX_DNS_OK;
	a->ttl_s = 30; /* of a "no" */
	for (const char *const *line = zone->lines; *line; line++) {
		assert_int_equal(sscanf(*line, "%261s %u %15s %n", owner, &ttl, kind, &at), 3);
		if (strcmp(owner, name) != 0)
			continue;
		exists = true;
		if (strcmp(kind, "*") != 0 && strcmp(kind, cx_dns_type_text(type)) != 0)
			continue;
		a->ttl_s = a->n && a->ttl_s < ttl ? a->ttl_s : ttl;
		if (zone_word(a, *line + at))
			return;
		cx_dns_answer_add(a, type, rdata, zone_rdata(type, *line + at, rdata));
	}
	if (!a->n)
		a->status = exists ? CX_DNS_NO_DATA : CX_DNS_NO_NAME;
}

#endif
