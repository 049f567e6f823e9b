// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arbitrary datagrams through everything that reads one: the engine with both
 * limits, straightening, replies. The first byte picks where it comes in; the
 * second, whether it is answered first (so that responses with valid cookies
 * are reached); the rest is the message.
 *
 * What must hold for any bytes: no memory error, output within bounds, our Via
 * on top of a forwarded request, replies to requests alone, and what the fast
 * path forwards the daemon forwards as the same bytes.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "must.h"
#include "corpus.h"
#include "place.h"
#include "proxy/body.h"
#include "proxy/reply.h"
#include "proxy/straighten.h"

#define MESSAGE_MAX 65535

static struct place place;
static struct cx_body *fast, *core;
static struct cx_stateless *stateless;
/* Exact copies on the heap, so that the sanitizer sees a read behind the end. */
static uint8_t *out_fast, *out_core, *straight, *reply;

static const struct {
	const char *listener, *source;
} entrances[] = {{TRUNKS_V4, CALLER_V4}, {TRUNKS_V6, CALLER_V6}, {AGENTS_V4, CALLER_V4}, {AGENTS_V6, CALLER_V6},
		 {CORE_V4, "203.0.113.11"}, {OPEN_V4, STRANGER_V4}, {CORE_V6, "2001:db8:200::11"}, {TRUNKS_V4, STRANGER_V4}};

struct arrival {
	uint16_t listener;
	union cx_addr from;
	uint16_t port;
};

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	MUST(!place_open(&place, NULL) && !place_furnish(&place));
	fast = cx_fast_new();
	core = cx_core_new();
	stateless = cx_stateless_new();
	out_fast = malloc(2 * MESSAGE_MAX);
	out_core = malloc(2 * MESSAGE_MAX);
	straight = malloc(MESSAGE_MAX + 64);
	reply = malloc(MESSAGE_MAX);
	MUST(fast && core && stateless && out_fast && out_core && straight && reply);
	return 0;
}

static size_t gather(const struct cx_stateless_result *r, uint8_t *out)
{
	if (r->verdict != CX_FORWARD)
		return 0;
	MUST(r->iov[0].iov_len <= 16384 && r->iov[1].iov_len <= MESSAGE_MAX);
	memcpy(out, r->iov[0].iov_base, r->iov[0].iov_len);
	memcpy(out + r->iov[0].iov_len, r->iov[1].iov_base, r->iov[1].iov_len);
	return r->iov[0].iov_len + r->iov[1].iov_len;
}

/* ours on top, and nothing but Via, Record-Route and Route lines changed in size */
static void check_request(const struct cx_stateless_result *r, const uint8_t *out, size_t n, size_t in_n)
{
	const struct cx_listener *l = &place.tables->listeners[r->listener];
	const uint8_t *line = memchr(out, '\n', n);

	MUST(r->listener < CX_LISTENERS_MAX && l->flags & CX_LISTENER_USED);
	MUST(line && (size_t)(out + n - line - 1) > l->via_len && !memcmp(line + 1, l->via_text, l->via_len));
	MUST(n <= in_n + l->via_len + 42 + 2 * CX_RR_TEXT_SIZE);
	MUST(r->to_port && cx_addr_is_v4(&r->to) == (l->family == CX_IPV4));
}

static void check_reply(const struct arrival *a, enum cx_reason reason, const uint8_t *p, size_t n)
{
	struct cx_reply_context ctx = {.source = a->from, .source_port = a->port, .reason = reason, .retry_after_s = 5,
				       .tag_key = 42, .server = "cxsip"};
	int status = cx_reply_status(reason, p, n);
	uint16_t port = 0;
	size_t length;

	MUST(status == 0 || (status >= 200 && status < 700));
	if (!status)
		return;
	MUST(n < 4 || memcmp(p, "ACK ", 4));
	MUST(n < 8 || memcmp(p, "SIP/2.0 ", 8));
	length = cx_reply_build(&ctx, status, p, n, reply, MESSAGE_MAX, &port);
	if (!length)
		return;
	MUST(length <= MESSAGE_MAX && port && !memcmp(reply, "SIP/2.0 ", 8));
	MUST(!memcmp(reply + length - 4, "\r\n\r\n", 4));
	MUST(memmem(reply, length, "\r\n\r\n", 4) == reply + length - 4); /* no header of the sender's making */
	MUST(memmem(reply, length, "\r\nVia: ", 7) && memmem(reply, length, "\r\nCSeq: ", 8));
}

static void run_bodies(const struct arrival *a, const uint8_t *p, size_t n)
{
	struct cx_stateless_result f, c;
	size_t fast_n, core_n;

	/* fast first: it may remember the call, which changes nothing for the same message */
	cx_fast_run(fast, place.world, a->listener, &a->from, a->port, p, n, &f);
	fast_n = gather(&f, out_fast);
	cx_core_run(core, place.world, a->listener, &a->from, a->port, p, n, &c);
	core_n = gather(&c, out_core);
	MUST(f.reason < CX_REASON_COUNT && c.reason < CX_REASON_COUNT && c.reason != CX_R_BUG && f.reason != CX_R_BUG);
	if (f.verdict == CX_FORWARD) {
		MUST(c.reason == f.reason && fast_n == core_n && !memcmp(out_fast, out_core, fast_n));
		MUST(c.listener == f.listener && c.to_port == f.to_port && !memcmp(&c.to, &f.to, 16));
	}
	MUST(f.verdict != CX_DROP || c.reason == f.reason);
	if (c.verdict == CX_FORWARD && c.request)
		check_request(&c, out_core, core_n, n);
	else if (c.verdict == CX_FORWARD)
		MUST(core_n < n);
}

static void run_daemon(const struct arrival *a, const uint8_t *p, size_t n)
{
	static char *const aliases[] = {"sip.example.com", "x"};
	struct cx_straighten_names names = {.aliases = aliases, .n_aliases = 2, .endpoint = "192.0.2.1:5060"};
	uint8_t *copy = malloc(n + 64);
	struct cx_stateless_result r;
	size_t length;

	MUST(copy);
	memcpy(copy, p, n);
	memset(copy + n, 0xa5, 64);
	length = cx_straighten(&names, copy, n, straight, MESSAGE_MAX);
	MUST(length <= MESSAGE_MAX && !memcmp(copy, p, n));
	cx_stateless_run(stateless, place.world, a->listener, &a->from, a->port, copy, n, &r);
	if (cx_stateless_is_transaction(copy, n)) /* or it is malformed */
		MUST(r.verdict != CX_FORWARD && r.reason != CX_R_FORGED_RESPONSE && r.reason != CX_R_BAD_COOKIE);
	if (r.verdict == CX_FORWARD) {
		length = gather(&r, out_core);
		if (r.request)
			check_request(&r, out_core, length, n + 32 + 64 * r.normalised * (n / 8 + 1));
	} else if (r.verdict == CX_UP) {
		check_reply(a, r.reason, p, n);
	}
	check_reply(a, (enum cx_reason)(n % CX_REASON_COUNT), p, n);
	free(copy);
}

/* Forwards it, and lets the message come back as the response. */
static void run_answered(const struct arrival *a, const uint8_t *p, size_t n)
{
	struct cx_stateless_result r;
	uint8_t answer[8192];
	size_t length;

	cx_core_run(core, place.world, a->listener, &a->from, a->port, p, n, &r);
	if (r.verdict != CX_FORWARD || !r.request)
		return;
	length = gather(&r, out_core);
	length = corpus_answer(out_core, length, "SIP/2.0 200 OK\r\n", answer, sizeof(answer));
	run_bodies(a, answer, length);
	run_daemon(a, answer, length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arrival a;

	if (size < 2 || size > MESSAGE_MAX)
		return 0;
	a.listener = place_listener(&place, entrances[data[0] & 7].listener);
	a.from = place_addr(entrances[data[0] & 7].source);
	a.port = (uint16_t)(1 + data[0] * 256);
	run_bodies(&a, data + 2, size - 2);
	run_daemon(&a, data + 2, size - 2);
	if (data[1] & 1)
		run_answered(&a, data + 2, size - 2);
	return 0;
}
