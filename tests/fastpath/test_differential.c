// SPDX-License-Identifier: GPL-2.0-only
/*
 * One engine, two bodies: for every message the XDP program in the kernel does
 * what the same engine with the same limits does in user space (verdict,
 * reason, bytes, flow), and whatever the kernel forwards the daemon would
 * forward as the very same bytes. Hand-made messages, those of RFC 4475 and
 * RFC 5118 where they are at hand, and mutations of all of them.
 *
 * CXSIP_SEED and CXSIP_MUTATIONS change the default run.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <linux/bpf.h>
#include <errno.h>
#include <malloc.h>
#include <bpf/bpf.h>
#include "corpus.h"
#include "cxsip/message.h"
#include "rig.h"

#define DEFAULT_SEED 20260
#define DEFAULT_MUTATIONS 250000

static struct rig *rig;
static struct corpus corpus;
static struct cx_body *fast, *core;
static struct dice dice;
static size_t rfc_messages, runs, forwarded;

/* ---- recent calls: user space reads the map as the program will find it ------- */

static struct {
	uint64_t key;
	int found;
	struct cx_flow was;
	bool read, put;
	struct cx_flow value;
} flow;

/* how the world reads the map */
static struct {
	int (*get)(void *ctx, uint64_t call, struct cx_flow *flow);
	void *ctx;
} remembered;

static int flow_get(void *ctx, uint64_t call, struct cx_flow *out)
{
	flow.read = true;
	flow.key = call;
	flow.found = !remembered.get(remembered.ctx, call, &flow.was);
	if (flow.found)
		*out = flow.was;
	return flow.found ? 0 : -ENOENT;
}

/* Only noted: the program has to come to the same by itself. */
static int flow_put(void *ctx, uint64_t call, const struct cx_flow *value)
{
	flow.put = true;
	flow.key = call;
	flow.value = *value;
	return 0;
}

static const char *check_flow(void)
{
	struct cx_flow now;
	int found;

	if (!flow.read && !flow.put)
		return NULL;
	found = !remembered.get(remembered.ctx, flow.key, &now);
	if (flow.put)
		return !found			       ? "the program remembered no call"
		       : memcmp(&now, &flow.value, sizeof(now)) ? "the program remembered another element"
							: NULL;
	if (found != flow.found || (found && memcmp(&now, &flow.was, sizeof(now))))
		return "the program changed a recent call";
	return NULL;
}

/* ---- where messages come in ------------------------------------------------------ */

struct entrance {
	const char *listener, *source;
	uint16_t port, source_port;
	uint16_t id;
	union cx_addr to, from;
};

#define AT(to_addr, to_port, from_addr, from_port)                                                                   \
	{.listener = (to_addr), .port = (to_port), .source = (from_addr), .source_port = (from_port)}
static struct entrance entrances[] = {
	AT(TRUNKS_V4, 5060, CALLER_V4, 5060),	   AT(TRUNKS_V6, 5060, CALLER_V6, 5061),
	AT(AGENTS_V4, 5070, CALLER_V4, 40000),	   AT(AGENTS_V6, 5070, CALLER_V6, 5060),
	AT(OPEN_V4, 5060, STRANGER_V4, 1),	   AT(CORE_V4, 5060, "203.0.113.11", 5060),
	AT(CORE_V6, 5060, "2001:db8:200::11", 65535), AT(TRUNKS_V4, 5060, STRANGER_V4, 5060),
	AT(OPEN_V6, 5060, STRANGER_V6, 5060),
};
#define ENTRANCES (sizeof(entrances) / sizeof(entrances[0]))

static void show(const struct entrance *e, const uint8_t *p, size_t n)
{
	size_t i;

	print_error("to %s from %s:%u, %zu bytes:\n", e->listener, e->source, e->source_port, n);
	for (i = 0; i < n; i++)
		if (p[i] == '\n')
			print_error("\\n\n");
		else if (p[i] >= ' ' && p[i] < 0x7f && p[i] != '\\')
			print_error("%c", p[i]);
		else
			print_error("\\x%02x", p[i]);
	print_error("<end>\n");
}

/* ---- one message ------------------------------------------------------------------ */

struct outcome {
	struct cx_stateless_result r;
	uint8_t bytes[65536 + 4096];
	size_t n;
};

/* Results must not hang on what an earlier message left in the scratch buffer. */
static void poison(struct cx_body *b)
{
	const size_t given = offsetof(struct cx_msg, n_lines);

	memset((uint8_t *)b + given, (int)dice_roll(&dice), malloc_usable_size(b) - given);
}

static void keep(struct outcome *o)
{
	o->n = 0;
	if (o->r.verdict != CX_FORWARD)
		return;
	memcpy(o->bytes, o->r.iov[0].iov_base, o->r.iov[0].iov_len);
	memcpy(o->bytes + o->r.iov[0].iov_len, o->r.iov[1].iov_base, o->r.iov[1].iov_len);
	o->n = o->r.iov[0].iov_len + o->r.iov[1].iov_len;
}

static const char *compare_cores(const struct outcome *f, const struct outcome *c)
{
	if (c->r.reason != f->r.reason)
		return "the daemon has another reason";
	if (c->n != f->n || memcmp(c->bytes, f->bytes, f->n))
		return "the daemon sends other bytes";
	if (c->r.listener != f->r.listener || c->r.to_port != f->r.to_port || memcmp(&c->r.to, &f->r.to, 16) ||
	    c->r.element != f->r.element || c->r.new_call != f->r.new_call)
		return "the daemon sends it elsewhere";
	return NULL;
}

static const char *check_sent(const struct entrance *e, const struct outcome *f, enum packet_checksum checksum)
{
	const struct cx_listener *from = &rig->place.tables->listeners[f->r.listener];
	const struct cx_nexthop *hop = &rig->place.world->nexthops[f->r.nexthop];
	struct packet_view v;
	const char *why;

	if (rig->verdict != (hop->ifindex == 1 ? XDP_TX : XDP_REDIRECT))
		return "forwarded, but not by the next hop's interface";
	why = packet_check(rig->out, rig->out_n, &v);
	if (why)
		return why;
	if (v.payload_n != f->n || memcmp(v.payload, f->bytes, f->n))
		return "the program sends other bytes";
	if (memcmp(&v.destination, &f->r.to, 16) || v.destination_port != f->r.to_port ||
	    memcmp(&v.source, &from->addr, 16) || v.source_port != from->port)
		return "the program sends it elsewhere";
	if (memcmp(v.to_mac, hop->dst_mac, 6) || memcmp(v.from_mac, hop->src_mac, 6) || v.vlans != hop->vlans)
		return "wrong MAC addresses or tags";
	if (v.ttl != 64 || v.dscp != from->dscp || v.ecn || v.flow_label)
		return "wrong TTL, DSCP or flow label";
	if (!v.udp_check != (checksum == PACKET_ZERO && cx_addr_is_v4(&e->to)))
		return "UDP checksum where there was none, or none where there was one";
	return NULL;
}

/* The frame decides about these; the engine in user space does not know it. */
static bool excused(const struct entrance *e, const struct outcome *f, size_t n)
{
	size_t headers = cx_addr_is_v4(&e->to) ? 28 : 48;

	if (rig->reason == CX_R_MTU)
		return f->n + headers > rig->place.world->nexthops[f->r.nexthop].mtu;
	return rig->reason == CX_R_HEADROOM && f->n > n + 180;
}

static const char *run_all(const struct entrance *e, const uint8_t *p, size_t n, enum packet_checksum checksum)
{
	struct packet_plan plan = {.source = e->from, .destination = e->to, .source_port = e->source_port,
				   .destination_port = e->port, .checksum = checksum};
	static struct outcome f, c;
	static uint8_t frame[PACKET_MAX];
	size_t frame_n = packet_build(&plan, p, n, frame);
	struct cx_flow put;
	const char *why;
	bool had_put;

	memset(&flow, 0, sizeof(flow));
	poison(core);
	cx_core_run(core, rig->place.world, e->id, &e->from, e->source_port, p, n, &c.r);
	keep(&c);
	had_put = flow.put;
	put = flow.value;
	memset(&flow, 0, sizeof(flow));
	poison(fast);
	cx_fast_run(fast, rig->place.world, e->id, &e->from, e->source_port, p, n, &f.r);
	keep(&f);
	runs++;
	if (!rig_run(rig, frame, frame_n, f.r.reason))
		return "the program counted it under no reason";
	if (f.r.verdict == CX_FORWARD) {
		why = compare_cores(&f, &c);
		if (why)
			return why;
		if (had_put != flow.put || memcmp(&put, &flow.value, sizeof(put)))
			return "the daemon remembers another element";
	}
	why = check_flow();
	if (why)
		return why;
	if (rig->reason != f.r.reason && !excused(e, &f, n))
		return "another reason than in user space";
	if (rig->reason == CX_R_REQUEST || rig->reason == CX_R_RESPONSE) {
		forwarded++;
		return check_sent(e, &f, checksum);
	}
	if (rig->verdict != (f.r.verdict == CX_DROP ? XDP_DROP : XDP_PASS))
		return "wrong XDP verdict";
	return rig->out_n == frame_n && !memcmp(rig->out, frame, frame_n) ? NULL : "a packet that was not forwarded was changed";
}

static void compare(const struct entrance *e, const char *name, const uint8_t *p, size_t n, enum packet_checksum checksum)
{
	const char *why = run_all(e, p, n, checksum);

	if (!why)
		return;
	show(e, p, n);
	fail_msg("%s: %s (program: %s)", name, why, rig_reason_name(rig->reason));
}

static enum packet_checksum legal_checksum(const struct entrance *e, size_t pick)
{
	static const enum packet_checksum kinds[] = {PACKET_FULL, PACKET_PARTIAL, PACKET_ZERO};
	enum packet_checksum k = kinds[pick % 3];

	return k == PACKET_ZERO && !cx_addr_is_v4(&e->to) ? PACKET_FULL : k;
}

/* ---- the tests ---------------------------------------------------------------------- */

static void every_message_everywhere(size_t from, size_t to)
{
	size_t i, k;

	for (i = from; i < to; i++) {
		const struct corpus_message *m = &corpus.messages[i];
		size_t n = m->n > CORPUS_MESSAGE_MAX ? CORPUS_MESSAGE_MAX : m->n;

		for (k = 0; k < ENTRANCES * 3; k++)
			compare(&entrances[k / 3], m->name, m->p, n, legal_checksum(&entrances[k / 3], k));
	}
}

static void hand_made_messages(void **state)
{
	every_message_everywhere(rfc_messages, corpus.n);
	print_message("%zu hand-made messages, %zu of %zu runs forwarded\n", corpus.n - rfc_messages, forwarded, runs);
	assert_true(forwarded > runs / 5);
}

static void rfc_corpora(void **state)
{
	if (!rfc_messages) {
		print_message("# SKIP: no RFC 4475 and RFC 5118 messages here (CXSIP_CORPORA)\n");
		return;
	}
	every_message_everywhere(0, rfc_messages);
}

/* Answers to what was forwarded carry valid cookies; they join the corpus. */
static void answers(void **state)
{
	static const char *const lines[] = {"SIP/2.0 180 Ringing\r\n", "SIP/2.0 200 OK\r\n", "SIP/2.0 486 Busy Here\r\n"};
	size_t before = corpus.n, i, k;

	for (i = 0; i < before * 4; i++) {
		struct entrance *e = &entrances[i % 4];
		const struct corpus_message *m = &corpus.messages[i / 4];
		struct packet_plan plan = {.source = e->from, .destination = e->to, .source_port = e->source_port,
					   .destination_port = e->port};
		uint8_t frame[PACKET_MAX], answer[CORPUS_MESSAGE_MAX];
		struct packet_view v;

		if (m->n > CORPUS_MESSAGE_MAX)
			continue;
		rig_run(rig, frame, packet_build(&plan, m->p, m->n, frame), CX_R_REQUEST);
		if (rig->reason != CX_R_REQUEST || packet_check(rig->out, rig->out_n, &v))
			continue;
		k = corpus_answer(v.payload, v.payload_n, lines[dice_below(&dice, 3)], answer, sizeof(answer));
		corpus_add(&corpus, "an answer", answer, k);
		compare(&entrances[5 + i % 2], "an answer", answer, k, PACKET_FULL);
	}
	print_message("%zu answers\n", corpus.n - before);
	assert_true(corpus.n - before > 100);
	every_message_everywhere(before, corpus.n);
}

static void mutations(void **state)
{
	const char *text = getenv("CXSIP_MUTATIONS");
	size_t n = text ? strtoul(text, NULL, 0) : DEFAULT_MUTATIONS, i, share;
	static uint8_t message[CORPUS_MESSAGE_MAX];
	char name[64];

	runs = forwarded = 0;
	for (i = 0; i < n; i++) {
		size_t length = corpus_mutate(&corpus, &dice, message), k = dice_below(&dice, ENTRANCES * 2);
		const struct entrance *e = &entrances[k < ENTRANCES ? k : k % 2];

		snprintf(name, sizeof(name), "mutation %zu", i);
		compare(e, name, message, length, legal_checksum(e, dice_below(&dice, 3)));
	}
	share = n ? forwarded * 1000 / n : 0;
	print_message("# figure differential: %zu mutations, %zu.%zu %% of them forwarded\n", n, share / 10, share % 10);
	assert_true(!n || share > 50); /* else the test looks at nothing but refusals */
}

static void add_ipv6_twins(size_t from)
{
	size_t before = corpus.n, i;
	uint8_t twin[CORPUS_MESSAGE_MAX];
	char name[96];

	for (i = from; i < before; i++) {
		snprintf(name, sizeof(name), "%.80s (IPv6)", corpus.messages[i].name);
		corpus_add(&corpus, name, twin,
			   corpus_to_ipv6(corpus.messages[i].p, corpus.messages[i].n, twin, sizeof(twin)));
	}
}

static void set_up(void)
{
	const char *seed = getenv("CXSIP_SEED");
	size_t i;
	int n;

	dice.state = seed ? strtoull(seed, NULL, 0) : DEFAULT_SEED;
	if (!dice.state)
		dice.state = 1;
	printf("# figure differential: seed %llu\n", (unsigned long long)dice.state);
	rfc_messages = (size_t)corpus_load_rfcs(&corpus);
	n = corpus_load(&corpus, "tests/fastpath/messages");
	if (n < 60) {
		fprintf(stderr, "tests/fastpath/messages: run this from the project's root\n");
		exit(1);
	}
	add_ipv6_twins(rfc_messages);
	for (i = 0; i < ENTRANCES; i++) {
		entrances[i].id = place_listener(&rig->place, entrances[i].listener);
		entrances[i].to = place_addr(entrances[i].listener);
		entrances[i].from = place_addr(entrances[i].source);
	}
	remembered.get = rig->place.world->mirror.get_flow;
	remembered.ctx = rig->place.world->mirror.ctx;
	rig->place.world->mirror.get_flow = flow_get;
	rig->place.world->mirror.put_flow = flow_put;
	fast = cx_fast_new();
	core = cx_core_new();
	if (!fast || !core)
		exit(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hand_made_messages),
		cmocka_unit_test(rfc_corpora),
		cmocka_unit_test(answers),
		cmocka_unit_test(mutations),
	};
	int failed;

	rig = calloc(1, sizeof(*rig));
	if (!rig || !rig_open(rig))
		return 0;
	set_up();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free(fast);
	free(core);
	corpus_free(&corpus);
	rig_close(rig);
	free(rig);
	return failed;
}
