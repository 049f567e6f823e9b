// SPDX-License-Identifier: GPL-2.0-only
/*
 * A name server that says what it likes: the input is what it answers to one
 * question after the other, as rdata. Nothing is read beyond its end, the machine
 * comes to an end, and what it finds becomes a configuration that can be compiled.
 *
 * Input: a byte that says what is wanted; then answers: a byte with status and number of
 * records, and each record as a length of two bytes and its rdata.
 */
#include <stdlib.h>
#include <string.h>
#include "dns/hosts.h"
#include "must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct input {
	const uint8_t *p;
	size_t n;
};

static struct {
	uint64_t token;
	uint16_t type;
} asked[CX_HOSTS_QUESTIONS_MAX];
static unsigned n_asked;

static uint8_t next(struct input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

static void answer(struct input *in, uint16_t type, struct cx_dns_answer *a)
{
	uint8_t kind = next(in);

	memset(a, 0, sizeof(*a));
	a->ttl_s = kind;
	for (unsigned i = kind & 0x7f; i && in->n; i--) {
		size_t n = (size_t)next(in) << 8 | next(in);
		uint8_t *copy;

		n = n % 600 < in->n ? n % 600 : in->n;
		copy = malloc(n + !n); /* ends where it ends */
		MUST(copy);
		memcpy(copy, in->p, n);
		cx_dns_answer_add(a, type, copy, n);
		free(copy);
		in->p += n;
		in->n -= n;
	}
	a->status = a->n ? CX_DNS_OK : (enum cx_dns_status)(1 + kind % CX_DNS_NO_SERVER);
	MUST(a->n <= CX_DNS_RECORDS_MAX);
}

static int on_ask(void *ctx, uint64_t token, const char *name, uint16_t type)
{
	MUST(n_asked < CX_HOSTS_QUESTIONS_MAX && strlen(name) < CX_DNS_NAME);
	MUST(!name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-_.")]);
	asked[n_asked].token = token;
	asked[n_asked++].type = type;
	return 0;
}

static void on_changed(void *ctx, uint32_t host, bool targets)
{
}

static void check(const struct cx_hosts *h, uint32_t host)
{
	struct cx_host_view view;

	MUST(cx_hosts_view(h, host, &view));
	MUST(view.n <= CX_TARGETS_MAX && view.n_gone <= CX_TARGETS_MAX);
	for (size_t i = 0; i < view.n + view.n_gone; i++) {
		const struct cx_target *t = &view.targets[i];

		MUST(t->port && t->shares && t->transport < CX_LOCATE_TRANSPORTS && t->gone == (i >= view.n));
		MUST(t->family == CX_IPV4 || t->family == CX_IPV6);
		for (size_t k = 0; k < i; k++)
			MUST(!cx_target_same(t, &view.targets[k]));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct cx_hosts_rules rules = {.min_ttl_s = 1,
					     .max_ttl_s = 100,
					     .negative_ttl_s = 10,
					     .retry_ms = 100,
					     .stale_s = 50,
					     .linger_s = 60};
	const struct cx_hosts_ops ops = {.ask = on_ask, .changed = on_changed};
	struct cx_dns_answer *a = malloc(sizeof(*a));
	struct cx_hosts *h = cx_hosts_new(&rules, &ops);
	struct input in = {data, size};
	struct cx_locate_want want = {.host = "h.example"};
	uint8_t kind = next(&in);
	uint64_t now = 1000000;
	uint32_t host;

	MUST(a && h);
	want.port = kind & 1 ? 5070 : 0;
	want.transport = kind & 2 ? CX_LOCATE_ANY : kind >> 2 & 1;
	want.families[CX_UDP] = kind >> 3 & 3;
	want.families[CX_TCP] = kind >> 5 & 3;
	MUST(!cx_hosts_take(h, &want, &host));
	n_asked = 0;
	for (unsigned rounds = 0; in.n && rounds < 1000; rounds++) {
		uint64_t again = cx_hosts_tick(h, now);

		MUST(again > now);
		if (!n_asked) {
			now = again == CX_HOSTS_NEVER ? now + 1000 : again;
			continue;
		}
		while (n_asked) {
			uint64_t token = asked[--n_asked].token; /* the last one first */

			answer(&in, asked[n_asked].type, a);
			cx_hosts_answer(h, token, a, now);
		}
		check(h, host);
	}
	cx_hosts_free(h);
	free(a);
	return 0;
}
