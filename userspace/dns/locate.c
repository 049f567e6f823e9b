// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine of locate.h. Its steps: NAPTR, then the SRV of one service after
 * the other until one leads to addresses, then the addresses of what it named.
 */
#include <stdlib.h>
#include <string.h>
#include "base/addr.h"
#include "base/hash.h"
#include "dns/locate.h"

static const char *const prefixes[CX_LOCATE_TRANSPORTS] = {[CX_UDP] = "_sip._udp.", [CX_TCP] = "_sip._tcp."};
static const char *const naptr_services[CX_LOCATE_TRANSPORTS] = {[CX_UDP] = "sip+d2u", [CX_TCP] = "sip+d2t"};

static uint64_t name_hash(const char *name)
{
	return cx_hash_fnv(CX_HASH_FNV, name, strlen(name));
}

/* ---- questions --------------------------------------------------------------- */

static void put_question(struct cx_locate *l, uint16_t type, uint16_t name)
{
	if (l->n_questions < CX_LOCATE_QUESTIONS_MAX)
		l->questions[l->n_questions++] = (struct cx_locate_question){.type = type, .name = name};
}

static void begin(struct cx_locate *l, enum cx_locate_step step)
{
	l->step = step;
	l->n_questions = l->n_answered = 0;
	l->silent = false;
}

int cx_locate_ask(struct cx_locate *l, const char **name, uint16_t *type)
{
	for (uint16_t i = 0; l->step != CX_LOCATE_DONE && i < l->n_questions; i++) {
		struct cx_locate_question *q = &l->questions[i];

		if (q->asked)
			continue;
		q->asked = true;
		*type = q->type;
		*name = l->step == CX_LOCATE_NAPTR ? l->want.host
			: l->step == CX_LOCATE_SRV ? l->services[l->service].name
						   : l->names[q->name].name;
		return i;
	}
	return -1;
}

void cx_locate_unask(struct cx_locate *l, int question)
{
	if (question >= 0 && question < l->n_questions && !l->questions[question].answered)
		l->questions[question].asked = false;
}

/* ---- the result ---------------------------------------------------------------- */

/* A failure says more than a "no": it is what the caller hears if nothing is found. */
static void note(struct cx_locate *l, enum cx_dns_status status, const char *name, uint16_t type)
{
	if (cx_dns_is_failure(l->status) || (l->status != CX_DNS_OK && !cx_dns_is_failure(status)))
		return;
	l->status = status;
	memcpy(l->failed_name, name, strlen(name) + 1);
	l->failed_type = type;
}

static void note_ttl(struct cx_locate *l, uint32_t ttl_s)
{
	if (ttl_s < l->ttl_s)
		l->ttl_s = ttl_s;
}

/* The same whatever order the records came in. */
static int compare(const void *pa, const void *pb)
{
	const struct cx_target *a = pa, *b = pb;
	int c = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	if (a->priority != b->priority)
		return a->priority < b->priority ? -1 : 1;
	if (c)
		return c;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	return a->weight > b->weight ? -1 : a->weight < b->weight;
}

/* Without NAPTR records, a "no" is not the last word. */
static void done_without_naptr(struct cx_locate *l)
{
	if (cx_dns_is_failure(l->status) || l->passed_over)
		return;
	if (!l->n_targets)
		l->status = l->naptr;
	memcpy(l->failed_name, l->want.host, sizeof(l->failed_name));
	l->failed_type = CX_DNS_NAPTR;
}

static void finish(struct cx_locate *l)
{
	uint16_t kept = 0;

	qsort(l->targets, l->n_targets, sizeof(l->targets[0]), compare);
	for (uint16_t i = 0; i < l->n_targets; i++) {
		uint16_t k = 0;

		while (k < kept && !cx_target_same(&l->targets[k], &l->targets[i]))
			k++;
		if (k == kept)
			l->targets[kept++] = l->targets[i];
	}
	l->n_targets = kept;
	l->step = CX_LOCATE_DONE;
	l->by_naptr &= l->service < l->n_services;
	if (kept)
		l->status = CX_DNS_OK;
	else if (l->status == CX_DNS_OK)
		l->status = CX_DNS_NO_DATA;
	if (cx_dns_is_failure(l->naptr))
		done_without_naptr(l);
}

static void put_target(struct cx_locate *l, const struct cx_target *t)
{
	if (l->n_targets < CX_TARGETS_MAX)
		l->targets[l->n_targets++] = *t;
	else
		l->left_out++;
}

static void targets_of_name(struct cx_locate *l, uint16_t name, struct cx_target t)
{
	t.host = name_hash(l->names[name].name);
	t.shares = l->names[name].n;
	for (uint16_t i = 0; i < l->names[name].n; i++) {
		t.addr = l->names[name].addr[i];
		t.family = cx_addr_is_v4(&t.addr) ? CX_IPV4 : CX_IPV6;
		put_target(l, &t);
	}
}

bool cx_locate_missed(const struct cx_locate *l, const struct cx_target *t)
{
	for (uint16_t i = 0; i < l->n_names; i++)
		if (name_hash(l->names[i].name) == t->host)
			return l->names[i].missed & (t->family == CX_IPV4 ? CX_LOCATE_V4 : CX_LOCATE_V6);
	return false;
}

/* ---- addresses ------------------------------------------------------------------- */

static uint8_t transport_of(const struct cx_locate *l)
{
	if (l->service < l->n_services)
		return l->services[l->service].transport;
	if (l->want.transport != CX_LOCATE_ANY)
		return l->want.transport;
	return l->want.families[CX_UDP] ? CX_UDP : CX_TCP;
}

/* Asks for the addresses of a name, once. */
static void want_addresses(struct cx_locate *l, const char *name)
{
	uint8_t families = l->want.families[transport_of(l)];
	uint16_t i = 0;

	while (i < l->n_names && strcmp(l->names[i].name, name))
		i++;
	if (i < l->n_names || i == CX_DNS_RECORDS_MAX)
		return;
	memcpy(l->names[i].name, name, strlen(name) + 1);
	l->names[i].missed = 0;
	l->names[i].n = 0;
	l->n_names++;
	if (families & CX_LOCATE_V4)
		put_question(l, CX_DNS_A, i);
	if (families & CX_LOCATE_V6)
		put_question(l, CX_DNS_AAAA, i);
}

static void ask_own_addresses(struct cx_locate *l)
{
	begin(l, CX_LOCATE_ADDRESSES);
	l->service = l->n_services;
	l->n_srv = l->n_names = 0;
	want_addresses(l, l->want.host);
	if (!l->n_questions) /* no listener to send by */
		finish(l);
}

static void ask_service(struct cx_locate *l)
{
	if (l->service < l->n_services) {
		begin(l, CX_LOCATE_SRV);
		put_question(l, CX_DNS_SRV, 0);
	} else if (l->had_srv || cx_dns_is_failure(l->status)) {
		finish(l); /* SRV records speak for the name, or nobody knows whether there are any */
	} else {
		l->status = CX_DNS_OK; /* what matters now is what the host itself has */
		ask_own_addresses(l);
	}
}

static void next_service(struct cx_locate *l)
{
	l->passed_over |= cx_dns_is_failure(l->status);
	l->service++;
	ask_service(l);
}

static void addresses_are_there(struct cx_locate *l)
{
	struct cx_target t = {.transport = transport_of(l), .port = l->want.port ? l->want.port : 5060};

	if (l->service == l->n_services) {
		targets_of_name(l, 0, t);
		finish(l);
		return;
	}
	for (uint16_t i = 0; i < l->n_srv; i++) {
		const struct cx_dns_record *r = &l->srv[i];

		t.by_srv = true;
		t.port = r->srv.port;
		t.priority = r->srv.priority;
		t.weight = r->srv.weight;
		for (uint16_t k = 0; k < l->n_names; k++)
			if (!strcmp(l->names[k].name, r->srv.host))
				targets_of_name(l, k, t);
	}
	l->silences += l->silent;
	if (l->n_targets || l->silences > 1)
		finish(l);
	else
		next_service(l);
}

static void address_answer(struct cx_locate *l, const struct cx_locate_question *q,
			   const struct cx_dns_answer *a)
{
	uint16_t *n = &l->names[q->name].n;

	l->silent |= a->status == CX_DNS_TIMEOUT;
	if (cx_dns_is_failure(a->status))
		l->names[q->name].missed |= q->type == CX_DNS_A ? CX_LOCATE_V4 : CX_LOCATE_V6;
	if (a->status != CX_DNS_OK) {
		note(l, a->status, l->names[q->name].name, q->type);
		return;
	}
	note_ttl(l, a->ttl_s);
	for (uint16_t i = 0; i < a->n; i++) {
		if (*n < CX_DNS_RECORDS_MAX)
			l->names[q->name].addr[(*n)++] = a->records[i].addr;
		else
			l->left_out++;
	}
}

/* ---- services ---------------------------------------------------------------------- */

static void srv_answer(struct cx_locate *l, const struct cx_dns_answer *a)
{
	begin(l, CX_LOCATE_ADDRESSES);
	l->n_srv = l->n_names = 0;
	if (a->status == CX_DNS_OK) {
		l->had_srv = true;
		for (uint16_t i = 0; i < a->n; i++) {
			if (!a->records[i].srv.host[0])
				continue; /* RFC 2782: not available here */
			l->srv[l->n_srv++] = a->records[i];
			want_addresses(l, a->records[i].srv.host);
		}
	} else {
		l->had_srv |= a->status == CX_DNS_BROKEN;
		note(l, a->status, l->services[l->service].name, CX_DNS_SRV);
	}
	if (a->status == CX_DNS_TIMEOUT || a->status == CX_DNS_NO_SERVER) {
		finish(l); /* it would be the same with the next */
	} else if (!l->n_questions) {
		next_service(l);
	} else {
		note_ttl(l, a->ttl_s);
	}
}

static void put_service(struct cx_locate *l, uint8_t transport, const char *name, uint16_t order,
			uint16_t preference)
{
	uint8_t i = l->n_services;

	if (i == CX_LOCATE_SERVICES_MAX || strlen(name) >= CX_DNS_NAME) {
		l->left_out++;
		return;
	}
	for (; i && (l->services[i - 1].order > order ||
		     (l->services[i - 1].order == order && l->services[i - 1].preference > preference));
	     i--)
		l->services[i] = l->services[i - 1];
	memcpy(l->services[i].name, name, strlen(name) + 1);
	l->services[i].transport = transport;
	l->services[i].order = order;
	l->services[i].preference = preference;
	l->n_services++;
}

static void put_own_service(struct cx_locate *l, uint8_t transport)
{
	char name[sizeof("_sip._udp.") + CX_DNS_NAME];
	size_t n = strlen(prefixes[transport]);

	if (!l->want.families[transport])
		return;
	memcpy(name, prefixes[transport], n);
	memcpy(name + n, l->want.host, strlen(l->want.host) + 1);
	put_service(l, transport, name, transport, 0);
}

static void naptr_answer(struct cx_locate *l, const struct cx_dns_answer *a)
{
	if (a->status == CX_DNS_NO_SERVER) {
		note(l, a->status, l->want.host, CX_DNS_NAPTR);
		finish(l);
		return;
	}
	if (cx_dns_is_failure(a->status))
		l->naptr = a->status;
	l->silences += a->status == CX_DNS_TIMEOUT;
	for (uint16_t i = 0; i < a->n; i++) {
		const struct cx_dns_record *r = &a->records[i];

		for (uint8_t t = 0; t < CX_LOCATE_TRANSPORTS; t++)
			if (!strcmp(r->naptr.flags, "s") && !strcmp(r->naptr.service, naptr_services[t]) &&
			    l->want.families[t] && r->naptr.replacement[0])
				put_service(l, t, r->naptr.replacement, r->naptr.order, r->naptr.preference);
	}
	l->by_naptr = l->n_services > 0;
	if (l->by_naptr) {
		note_ttl(l, a->ttl_s);
	} else {
		put_own_service(l, CX_UDP);
		put_own_service(l, CX_TCP);
	}
	ask_service(l);
}

/* ---- events -------------------------------------------------------------------------- */

void cx_locate_start(struct cx_locate *l, const struct cx_locate_want *want)
{
	union cx_addr addr;
	uint8_t family;

	memset(l, 0, sizeof(*l));
	l->want = *want;
	l->ttl_s = UINT32_MAX;
	if (!cx_addr_parse(want->host, &addr, &family)) {
		l->targets[l->n_targets++] = (struct cx_target){.addr = addr,
								.family = family,
								.port = want->port ? want->port : 5060,
								.transport = transport_of(l),
								.shares = 1};
		finish(l);
	} else if (want->port) {
		ask_own_addresses(l);
	} else if (want->transport != CX_LOCATE_ANY) {
		put_own_service(l, want->transport);
		ask_service(l);
	} else {
		begin(l, CX_LOCATE_NAPTR);
		put_question(l, CX_DNS_NAPTR, 0);
	}
}

void cx_locate_answer(struct cx_locate *l, int question, const struct cx_dns_answer *answer)
{
	struct cx_locate_question *q;

	if (l->step == CX_LOCATE_DONE || question < 0 || question >= l->n_questions)
		return;
	q = &l->questions[question];
	if (!q->asked || q->answered)
		return;
	q->answered = true;
	l->n_answered++;
	if (answer->status != CX_DNS_OK)
		l->no_ttl_s = answer->ttl_s;
	l->left_out += answer->left_out;
	switch (l->step) {
	case CX_LOCATE_NAPTR:
		naptr_answer(l, answer);
		break;
	case CX_LOCATE_SRV:
		srv_answer(l, answer);
		break;
	case CX_LOCATE_ADDRESSES:
		address_answer(l, q, answer);
		if (l->n_answered == l->n_questions)
			addresses_are_there(l);
		break;
	case CX_LOCATE_DONE:
		break;
	}
}
