// SPDX-License-Identifier: GPL-2.0-only
/*
 * The whole proxy core under arbitrary events: messages as they come or made from
 * what was sent before, time, transport failures, states of elements, memory that
 * runs out. The input is a list of steps, an opcode byte and its operands each.
 *
 * What must hold for any of it: no memory error, no tick asked for in the past,
 * and in the end, after enough time, nothing is left.
 */
#include <string.h>
#include "must.h"
#include "unit/fixture.h"
#include "replay/replay.h"
#include "route/flow.h"

#define KEPT 8
#define BYTES_MAX 16384
#define STEPS_MAX 200
#define FLOWS 16
#define A_LONG_TIME_MS (8ULL * 3600 * 1000)

struct message {
	uint8_t bytes[BYTES_MAX];
	size_t n;
	struct cx_hop hop;
	uint64_t token;
};

static struct script script;
static struct scene scene;
static struct cx_proxy *proxy;
static struct message kept[KEPT]; /* what the core sent last */
static unsigned n_kept;
static uint64_t now_ms, timer_ms;
static int send_error;

static const char *const sources[] = {"198.51.100.7", "203.0.113.11", "2001:db8::99", "203.0.113.21"};

static const char *const templates[] = {
    "INVITE sip:9001@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKa;rport\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:9001@192.0.2.1>\r\nCall-ID: c\r\nCSeq: 1 "
    "INVITE\r\n"
    "Contact: <sip:a@198.51.100.7>\r\nContent-Length: 0\r\n\r\n",
    "CANCEL sip:9001@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKa;rport\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:9001@192.0.2.1>\r\nCall-ID: c\r\nCSeq: 1 "
    "CANCEL\r\n\r\n",
    "ACK sip:9001@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKa;rport\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:9001@192.0.2.1>;tag=t\r\nCall-ID: c\r\nCSeq: 1 "
    "ACK\r\n\r\n",
    "MESSAGE sip:9001@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bKm\r\n"
    "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:9001@192.0.2.1>\r\nCall-ID: d\r\nCSeq: 2 "
    "MESSAGE\r\n\r\n",
    "BYE sip:203.0.113.11 SIP/2.0\r\nVia: SIP/2.0/TCP 198.51.100.7:5060;branch=z9hG4bKb\r\n"
    "Route: <sip:192.0.2.1;lr>, <sip:203.0.113.1;lr>\r\nMax-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\n"
    "To: <sip:9001@192.0.2.1>;tag=t\r\nCall-ID: c\r\nCSeq: 3 BYE\r\nContent-Length: 0\r\n\r\n",
};

struct input {
	const uint8_t *p;
	size_t n;
};

static unsigned take(struct input *in)
{
	if (!in->n)
		return 0;
	in->n--;
	return *in->p++;
}

static int keep(void *ctx, const struct cx_hop *hop, const struct iovec *iov, int n, uint64_t token)
{
	struct message *k = &kept[n_kept++ % KEPT];

	k->n = 0;
	for (int i = 0; i < n; i++) {
		size_t piece = iov[i].iov_len < BYTES_MAX - k->n ? iov[i].iov_len : BYTES_MAX - k->n;

		memcpy(k->bytes + k->n, iov[i].iov_base, piece);
		k->n += piece;
	}
	k->hop = *hop;
	k->token = token;
	MUST(hop->listener < CX_LISTENERS_MAX && k->n > 12);
	return send_error;
}

static void timer(void *ctx, uint64_t at_ms)
{
	MUST(at_ms > now_ms || timer_ms == CX_PROXY_NEVER || at_ms < timer_ms);
	if (at_ms < timer_ms)
		timer_ms = at_ms;
}

static void advance(uint64_t to_ms)
{
	while (timer_ms <= to_ms) {
		now_ms = timer_ms > now_ms ? timer_ms : now_ms;
		timer_ms = cx_proxy_tick(proxy, now_ms);
		MUST(timer_ms > now_ms);
	}
	now_ms = to_ms;
}

/* A source at any of the listeners. */
static struct cx_hop entrance(unsigned which)
{
	struct cx_hop hop = {.port = 5060, .connection = CX_NO_CONNECTION};
	uint8_t family;

	MUST(!cx_addr_parse(sources[which & 3], &hop.addr, &family));
	hop.listener = (uint16_t)((which >> 2) % scene.tables->n_listeners);
	hop.transport = scene.tables->listeners[hop.listener].transport;
	if (hop.transport != CX_UDP)
		hop.connection = which >> 6;
	return hop;
}

/* An exact copy on the heap, with up to three bytes changed. */
static void give(struct input *in, const struct cx_hop *from, const void *p, size_t n)
{
	uint8_t *copy = malloc(n ? n : 1);
	unsigned changes = take(in) & 3;

	MUST(copy);
	memcpy(copy, p, n);
	for (unsigned i = 0; i < changes && n; i++) {
		size_t at = (take(in) << 8 | take(in)) % n;

		copy[at] = (uint8_t)take(in);
	}
	cx_proxy_receive(proxy, from, copy, n, now_ms);
	free(copy);
}

/* A response to one of the messages that the core sent, with all that it copies. */
static void answer(struct input *in)
{
	static const char *const lines[] = {"", "Retry-After: 10\r\n",
					    "Contact: <sip:x@203.0.113.12>;q=0.5, <sip:y@203.0.113.13>\r\n",
					    "WWW-Authenticate: Digest realm=\"x\"\r\n"};
	const struct message *k = &kept[take(in) % KEPT];
	unsigned status = 100 + (take(in) << 8 | take(in)) % 600;
	const uint8_t *fields = k->n ? memchr(k->bytes, '\n', k->n) : NULL;
	char start[64];
	size_t n;
	uint8_t *text;

	if (!fields || !memcmp(k->bytes, "SIP/2.0 ", 8))
		return;
	n = (size_t)snprintf(start, sizeof(start), "SIP/2.0 %u X\r\n", status);
	text = malloc(n + k->n + 128);
	MUST(text);
	memcpy(text, start, n);
	n += (size_t)sprintf((char *)text + n, "%s", lines[take(in) & 3]);
	memcpy(text + n, fields + 1, k->n - (size_t)(fields + 1 - k->bytes));
	n += k->n - (size_t)(fields + 1 - k->bytes);
	give(in, &k->hop, text, n);
	free(text);
}

static void step(struct input *in)
{
	struct cx_pause pause = {.said_ms = now_ms};
	const struct message *k;
	struct cx_hop hop;
	uint32_t element;
	size_t n;

	switch (take(in) % 10) {
	case 0:
		hop = entrance(take(in));
		n = (size_t)(take(in) << 8 | take(in));
		n = n < in->n ? n : in->n;
		cx_proxy_receive(proxy, &hop, in->p, n, now_ms);
		in->p += n;
		in->n -= n;
		break;
	case 1:
		hop = entrance(take(in));
		n = take(in) % (sizeof(templates) / sizeof(templates[0]));
		give(in, &hop, templates[n], strlen(templates[n]));
		break;
	case 2:
	case 3:
		answer(in);
		break;
	case 4:
		advance(now_ms + (1u << (take(in) % 18)));
		break;
	case 5:
		cx_proxy_failed(proxy, kept[take(in) % KEPT].token, take(in) & 1 ? ECONNRESET : ECONNREFUSED,
				now_ms);
		break;
	case 6:
		k = &kept[take(in) % KEPT];
		cx_proxy_unreachable(proxy, &k->hop.addr, k->hop.port, k->hop.transport, ECONNREFUSED,
				     now_ms);
		break;
	case 7:
		element = take(in) % 16;
		cx_world_set_element(scene.world, element, CX_ELEMENT_UP + take(in) % 5, 0, now_ms);
		pause.until_ms = now_ms + take(in) * 1000;
		pause.full_ms = pause.until_ms + take(in) * 1000;
		cx_world_set_pause(scene.world, element, &pause);
		break;
	case 8:
		send_error = take(in) & 1 ? -ENOTCONN : take(in) & 1 ? -EFBIG : 0;
		break;
	default:
		proxy->mem.fail_at = proxy->mem.allocations + 1 + take(in);
		break;
	}
}

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	MUST(!script_read(&script, "tests/fuzz/core.world"));
	scene.config = fixture_config();
	scene.config->max_groups = scene.config->max_elements = 32;
	scene.config->max_flows = FLOWS;
	for (int i = 0; i < script.n_lines; i++)
		world_line(&scene, &script.lines[i]);
	world_open(&scene);
	return 0;
}

/* As it was in the beginning: what an input does depends on nothing else. */
static void reset_world(void)
{
	cx_world_hold(scene.world);
	for (uint32_t i = 0; i < scene.tables->n_elements; i++) {
		cx_world_set_pause(scene.world, i, &(struct cx_pause){0});
		if (scene.world->elements[i].state != CX_ELEMENT_UP)
			cx_world_set_element(scene.world, i, CX_ELEMENT_UP, 0, 0);
	}
	cx_world_release(scene.world);
	cx_flow_memory_free(scene.world->flows);
	scene.world->flows = cx_flow_memory_new(FLOWS);
	MUST(scene.world->flows);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct cx_proxy_ops ops = {.send = keep, .timer = timer};
	struct cx_proxy_settings settings = CX_PROXY_SETTINGS_DEFAULT;
	struct input in = {data, size};
	struct cx_proxy_stats stats;

	reset_world();
	now_ms = 1000000;
	timer_ms = CX_PROXY_NEVER;
	n_kept = 0;
	send_error = 0;
	memset(kept, 0, sizeof(kept));
	settings.transactions_max = 64;
	settings.seed = 42;
	settings.fast = size & 1;
	MUST(!cx_proxy_new(&settings, &ops, NULL, scene.world, now_ms, &proxy));
	for (int i = 0; i < STEPS_MAX && in.n; i++)
		step(&in);
	advance(now_ms + A_LONG_TIME_MS);
	cx_proxy_stats(proxy, &stats);
	MUST(!stats.contexts && !stats.lingering && !stats.bytes);
	MUST(!stats.invite_server && !stats.other_server && !stats.invite_client && !stats.other_client);
	cx_proxy_free(proxy);
	return 0;
}
