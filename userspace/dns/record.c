// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rdata to records, see record.h.
 */
#include <errno.h>
#include <string.h>
#include "dns/record.h"

const char *cx_dns_status_text(enum cx_dns_status status)
{
	switch (status) {
	case CX_DNS_OK:
		return "answered";
	case CX_DNS_NO_NAME:
		return "no such name";
	case CX_DNS_NO_DATA:
		return "no address";
	case CX_DNS_BROKEN:
		return "no usable record";
	case CX_DNS_TIMEOUT:
		return "no answer";
	case CX_DNS_FAILURE:
		return "failure";
	case CX_DNS_NO_SERVER:
		return "no name server is configured";
	}
	return "unknown";
}

const char *cx_dns_type_text(uint16_t type)
{
	switch (type) {
	case CX_DNS_A:
		return "A";
	case CX_DNS_AAAA:
		return "AAAA";
	case CX_DNS_SRV:
		return "SRV";
	case CX_DNS_NAPTR:
		return "NAPTR";
	default:
		return "?";
	}
}

/* 0: no character of a name */
static char name_character(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c + ('a' - 'A'));
	if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_')
		return (char)c;
	return 0;
}

/* A name in wire form, which ends at *n; *n becomes its length. */
static int read_name(const uint8_t *p, size_t *n, char name[CX_DNS_NAME])
{
	size_t at = 0, out = 0;

	for (;;) {
		uint8_t label;

		if (at >= *n)
			return -EINVAL;
		label = p[at++];
		if (!label)
			break;
		/* a compression pointer has nothing to point to here */
		if (label > 63 || label > *n - at || out + label + 1 >= CX_DNS_NAME)
			return -EINVAL;
		if (out)
			name[out++] = '.';
		for (; label; label--) {
			name[out] = name_character(p[at++]);
			if (!name[out++])
				return -EINVAL;
		}
	}
	name[out] = '\0';
	*n = at;
	return 0;
}

/* A character string (RFC 1035 3.3) that fits `size` with its NUL. How much was read, 0: wrong. */
static size_t read_string(const uint8_t *p, size_t n, char *text, size_t size)
{
	size_t length;

	if (!n)
		return 0;
	length = p[0];
	if (length > n - 1)
		return 0;
	if (length >= size) { /* legal, and nothing that we know */
		text[0] = '\0';
		return length + 1;
	}
	for (size_t i = 0; i < length; i++) {
		uint8_t c = p[1 + i];

		if (c < 0x21 || c > 0x7e)
			return 0;
		text[i] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
	}
	text[length] = '\0';
	return length + 1;
}

static uint16_t read_16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static int read_srv(const uint8_t *p, size_t n, struct cx_dns_record *r)
{
	size_t left, used;

	if (n < 6)
		return -EINVAL;
	left = used = n - 6;
	if (read_name(p + 6, &used, r->srv.host) || used != left)
		return -EINVAL;
	r->srv.priority = read_16(p);
	r->srv.weight = read_16(p + 2);
	r->srv.port = read_16(p + 4);
	return r->srv.port || !r->srv.host[0] ? 0 : -EINVAL;
}

static int read_naptr(const uint8_t *p, size_t n, struct cx_dns_record *r)
{
	char regexp[256];
	size_t at = 4, step, left;

	if (n < 4)
		return -EINVAL;
	r->naptr.order = read_16(p);
	r->naptr.preference = read_16(p + 2);
	step = read_string(p + at, n - at, r->naptr.flags, sizeof(r->naptr.flags));
	at += step;
	if (step)
		step = read_string(p + at, n - at, r->naptr.service, sizeof(r->naptr.service));
	at += step;
	if (step)
		step = read_string(p + at, n - at, regexp, sizeof(regexp));
	if (!step)
		return -EINVAL;
	at += step;
	left = step = n - at;
	return read_name(p + at, &step, r->naptr.replacement) || step != left ? -EINVAL : 0;
}

int cx_dns_record_read(uint16_t type, const uint8_t *p, size_t n, struct cx_dns_record *record)
{
	memset(record, 0, sizeof(*record));
	switch (type) {
	case CX_DNS_A:
		if (n != 4)
			return -EINVAL;
		record->addr.b[10] = record->addr.b[11] = 0xff;
		memcpy(record->addr.b + 12, p, 4);
		return 0;
	case CX_DNS_AAAA:
		if (n != 16)
			return -EINVAL;
		memcpy(record->addr.b, p, 16);
		/* IPv4 in IPv6's clothes: not what an AAAA record is for */
		return record->addr.q[0] || record->addr.w[4] || record->addr.w[5] != 0xffff ? 0 : -EINVAL;
	case CX_DNS_SRV:
		return read_srv(p, n, record);
	case CX_DNS_NAPTR:
		return read_naptr(p, n, record);
	default:
		return -EINVAL;
	}
}

void cx_dns_answer_add(struct cx_dns_answer *answer, uint16_t type, const uint8_t *p, size_t n)
{
	struct cx_dns_record record;
	bool address = type == CX_DNS_A || type == CX_DNS_AAAA;

	if (cx_dns_record_read(type, p, n, &record)) {
		answer->left_out += answer->left_out < UINT16_MAX;
		return;
	}
	for (uint16_t i = 0; address && i < answer->n; i++)
		if (!memcmp(&answer->records[i].addr, &record.addr, sizeof(record.addr)))
			return;
	if (answer->n == CX_DNS_RECORDS_MAX) {
		answer->left_out += answer->left_out < UINT16_MAX;
		return;
	}
	answer->records[answer->n++] = record;
}

int cx_dns_name_from_text(const char *text, char name[CX_DNS_NAME])
{
	size_t n = strlen(text), label = 0;

	if (n && text[n - 1] == '.')
		n--;
	if (!n || n >= CX_DNS_NAME)
		return -EINVAL;
	for (size_t i = 0; i < n; i++) {
		if (text[i] == '.') {
			if (!label || text[i - 1] == '-')
				return -EINVAL;
			label = 0;
			name[i] = '.';
			continue;
		}
		name[i] = name_character((uint8_t)text[i]);
		if (!name[i] || ++label > 63 || (label == 1 && name[i] == '-'))
			return -EINVAL;
	}
	name[n] = '\0';
	return label && name[n - 1] != '-' ? 0 : -EINVAL;
}
