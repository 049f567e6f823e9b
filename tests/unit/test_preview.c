// SPDX-License-Identifier: GPL-2.0-only
/*
 * What `explain` says that the core would do, against what the core does: the same
 * elements in the same order, over many Call-IDs, states, pauses and recent calls;
 * and what it says of requests that go elsewhere or nowhere.
 */
#define _GNU_SOURCE /* memmem */
#include "fixture.h"
#include <errno.h>
#include "base/hash.h"
#include "proxy/core.h"
#include "proxy/preview.h"

#define ELEMENTS 10 /* of each group */
#define ROUNDS 400
#define NOW_MS 5000000
#define TRIES_MAX 40

static struct cx_config *config;
static struct cx_tables *tables;
static struct cx_world *world;
static struct cx_hop alice;

static struct tries {
	uint32_t element[TRIES_MAX];
	uint64_t token[TRIES_MAX];
	struct cx_hop hop[TRIES_MAX];
	unsigned n;
	char first[4096];
	size_t first_n;
	int status;
} real;

/* Numbers that look random and are the same in every run. */
static uint32_t draw(uint32_t below)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)((x >> 20) % below);
}

/* ---- a real core ------------------------------------------------------------------ */

static int keep(void *ctx, const struct cx_hop *hop, const struct iovec *iov, int n, uint64_t token)
{
	char text[4096];
	size_t length = 0;

	for (int i = 0; i < n; i++) {
		assert_true(length + iov[i].iov_len < sizeof(text));
		memcpy(text + length, iov[i].iov_base, iov[i].iov_len);
		length += iov[i].iov_len;
	}
	if (!memcmp(text, "SIP/2.0 ", 8)) {
		real.status = atoi(text + 8);
		return 0;
	}
	assert_true(real.n < TRIES_MAX);
	if (!real.n) {
		memcpy(real.first, text, length);
		real.first_n = length;
	}
	real.element[real.n] = cx_world_element_at(world, &hop->addr, hop->port);
	real.hop[real.n] = *hop;
	real.token[real.n++] = token;
	return 0;
}

static void timer(void *ctx, uint64_t at_ms)
{
}

/* Each try turns out to be in vain, one after the other. */
static void run_real(const char *message, size_t n)
{
	static const struct cx_proxy_ops ops = {.send = keep, .timer = timer};
	struct cx_proxy_settings settings = CX_PROXY_SETTINGS_DEFAULT;
	struct cx_proxy *p;

	memset(&real, 0, sizeof(real));
	settings.transactions_max = 256;
	assert_int_equal(cx_proxy_new(&settings, &ops, NULL, world, NOW_MS, &p), 0);
	cx_proxy_receive(p, &alice, (const uint8_t *)message, n, NOW_MS);
	for (unsigned i = 0; i < real.n; i++)
		cx_proxy_failed(p, real.token[i], ECONNREFUSED, NOW_MS);
	cx_proxy_free(p);
}

static struct cx_preview preview(const char *message, size_t n)
{
	struct cx_preview v;

	assert_int_equal(cx_preview(world, 0, &alice, (const uint8_t *)message, n, NOW_MS, &v), 0);
	return v;
}

static size_t write_message(char *out, size_t max, const char *method, const char *uri, const char *call,
			    const char *to_tag, unsigned pad)
{
	return (size_t)snprintf(
	    out, max,
	    "%s %s SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK%s\r\n"
	    "Max-Forwards: 70\r\nFrom: <sip:a@198.51.100.7>;tag=f\r\nTo: <sip:9001@192.0.2.1>%s\r\n"
	    "Call-ID: %s\r\nCSeq: 1 %s\r\nContact: <sip:a@198.51.100.7>\r\nSubject: %0*d\r\n"
	    "Content-Length: 0\r\n\r\n",
	    method, uri, call, to_tag, call, method, (int)pad, 1);
}

static size_t write_request(char *out, size_t max, const char *uri, const char *call, const char *to_tag,
			    unsigned pad)
{
	return write_message(out, max, "INVITE", uri, call, to_tag, pad);
}

/* ---- the world ---------------------------------------------------------------------- */

static void add_group(const char *name, unsigned net, uint8_t fork)
{
	struct cx_config_group *g = fixture_group(config, name, 1);
	char element[32], addr[CX_ADDR_TEXT];

	cx_config_group_defaults(g);
	g->core = true;
	g->fork = fork;
	for (unsigned i = 1; i <= ELEMENTS; i++) {
		snprintf(element, sizeof(element), "%.20s-%u", name, i);
		snprintf(addr, sizeof(addr), "203.0.%u.%u", net, i + 1);
		fixture_element(g, element, addr, 5060, i % 4 + 1)->q = i % 3 ? 1000 : 800;
	}
}

static int open_world(void **state)
{
	union cx_addr ours = fixture_addr("192.0.2.1");
	struct cx_config_network *n;

	config = fixture_config();
	n = fixture_network(config, "access");
	n->record_route = true;
	fixture_listener(n, "192.0.2.1", 5060);
	fixture_source(n, "198.51.100.0/24");
	n = fixture_network(config, "core");
	n->udp_max = 1300;
	n->udp_over = CX_UDP_BY_TCP;
	fixture_listener(n, "203.0.113.1", 5060);
	fixture_listener(n, "203.0.113.1", 5060);
	n->listeners[1].transport = CX_TCP;
	fixture_source(n, "203.0.0.0/16");
	add_group("media", 10, CX_FORK_OFF);
	add_group("forked", 11, CX_FORK_PARALLEL);
	fixture_route(config, "9", true, 0);
	fixture_route(config, "7", true, 1);
	tables = fixture_compile(config, NULL);
	assert_int_equal(cx_world_new(config, tables, &world), 0);
	world->key = (struct cx_key){.mac = {{{1, 2}}, {{3, 4}}}, .hash = {{5, 6}}};
	alice = (struct cx_hop){.addr = fixture_addr("198.51.100.7"),
				.port = 5060,
				.listener = (uint16_t)cx_tables_listener_at(tables, &ours, 5060),
				.connection = CX_NO_CONNECTION};
	return 0;
}

static int close_world(void **state)
{
	cx_world_free(world);
	cx_tables_free(tables);
	fixture_free(config);
	return 0;
}

static void set_all(uint8_t state, const struct cx_pause *pause)
{
	cx_world_hold(world);
	for (uint32_t id = 0; id < 2 * ELEMENTS; id++) {
		cx_world_set_element(world, id, state, 0, 1);
		cx_world_set_pause(world, id, pause);
	}
	cx_world_release(world);
}

static int all_up(void **state)
{
	set_all(CX_ELEMENT_UP, &(struct cx_pause){0});
	return 0;
}

/* States, pauses before, in and after their slow start, in every mixture. */
static void shake(void)
{
	static const uint8_t states[] = {CX_ELEMENT_UP,	      CX_ELEMENT_UP,	CX_ELEMENT_UP,
					 CX_ELEMENT_UP,	      CX_ELEMENT_DOWN,	CX_ELEMENT_DRAINING,
					 CX_ELEMENT_DISABLED, CX_ELEMENT_PAUSED};

	cx_world_hold(world);
	for (uint32_t id = 0; id < 2 * ELEMENTS; id++) {
		struct cx_pause pause = {.said_ms = 1, .until_ms = NOW_MS - 5000 + draw(6000)};

		pause.full_ms = pause.until_ms + draw(10000);
		if (draw(2))
			pause = (struct cx_pause){0};
		cx_world_set_pause(world, id, &pause);
		cx_world_set_element(world, id, states[draw(sizeof(states))], 0, 1);
	}
	cx_world_release(world);
}

/* ---- tests ----------------------------------------------------------------------------- */

static void assert_agrees(const struct cx_preview *v)
{
	assert_int_equal(v->n_tries, real.n);
	for (unsigned i = 0; i < real.n; i++) {
		assert_int_equal(v->tries[i].element, real.element[i]);
		assert_memory_equal(&v->tries[i].hop, &real.hop[i], sizeof(real.hop[i]));
	}
	assert_int_equal(v->status, real.status);
	if (real.n) { /* the same bytes but for the branch */
		char *a = memmem(v->sent, v->n_sent, "\r\nRecord-Route", 14);
		char *b = memmem(real.first, real.first_n, "\r\nRecord-Route", 14);

		assert_int_equal(v->n_sent, real.first_n);
		assert_true(a && b && a - (char *)v->sent == b - real.first);
		assert_memory_equal(a, b, (size_t)(real.first + real.first_n - b));
	}
}

static void the_order_is_the_cores(void **state)
{
	unsigned tried = 0, remembered = 0, longest = 0;
	char message[2048], call[32], uri[64];

	for (unsigned i = 0; i < ROUNDS; i++) {
		struct cx_preview v;
		uint64_t hash;
		size_t n;

		if (i % 4 == 0)
			shake();
		snprintf(call, sizeof(call), "order-%u", i);
		snprintf(uri, sizeof(uri), "sip:%u001@192.0.2.1", i & 1 ? 9 : 7);
		hash = cx_hash_of_call(&world->key.hash, call, (uint32_t)strlen(call));
		if (draw(3) == 0)
			cx_world_put_flow(world, hash, &(struct cx_flow){.element = draw(2 * ELEMENTS)});
		n = write_request(message, sizeof(message), uri, call, "", 1);
		v = preview(message, n);
		run_real(message, n);
		assert_agrees(&v);
		assert_int_equal(v.group, i & 1 ? 0 : 1);
		tried += v.n_tries;
		remembered += v.remembered != CX_NONE;
		if (v.n_tries > longest)
			longest = v.n_tries;
		cx_preview_free(&v);
	}
	assert_true(tried > 3 * ROUNDS && remembered > 20 && longest >= 7);
}

static bool among(const struct cx_preview *v, unsigned n, uint32_t element)
{
	for (unsigned i = 0; i < n; i++)
		if (v->tries[i].element == element)
			return true;
	return false;
}

/* Of the highest q in the order of the ring from the call's slot on, then of the next. */
static void the_order_is_the_rings(void **state)
{
	const struct cx_ring *ring = world->rings[0];
	char message[2048], call[32];

	for (unsigned i = 0; i < 20; i++) {
		struct cx_preview v;
		uint32_t slot;
		unsigned n = 0;

		snprintf(call, sizeof(call), "ring-%u", i);
		v = preview(message,
			    write_request(message, sizeof(message), "sip:9001@192.0.2.1", call, "", 1));
		slot = v.slot;
		assert_int_equal(v.n_tries, ELEMENTS);
		for (; n < ELEMENTS && tables->element_config[v.tries[n].element]->q == 1000; n++) {
			while (among(&v, n, ring->slots[slot]))
				slot = (slot + 1) & ((1u << ring->bits) - 1);
			assert_int_equal(v.tries[n].element, ring->slots[slot]);
		}
		assert_int_equal(n, 7);
		for (; n < ELEMENTS; n++) {
			assert_int_equal(tables->element_config[v.tries[n].element]->q, 800);
			assert_false(among(&v, n, v.tries[n].element));
		}
		cx_preview_free(&v);
	}
}

static void slot_and_what_is_remembered(void **state)
{
	struct cx_flow flow = {.element = 3};
	char message[2048];
	size_t n = write_request(message, sizeof(message), "sip:9001@192.0.2.1", "slot", "", 1);
	uint64_t hash = cx_hash_of_call(&world->key.hash, "slot", 4);
	const struct cx_ring *ring = world->rings[0];
	struct cx_preview v = preview(message, n);

	assert_int_equal(v.slot, hash >> (64 - ring->bits));
	assert_int_equal(v.remembered, CX_NONE);
	assert_int_equal(v.n_tries, ELEMENTS);
	assert_int_equal(v.record_routes, 2);
	assert_int_equal(v.timers.t1_ms, 500);
	assert_int_equal(v.tries[0].try_ms, 2000);
	assert_int_equal(tables->listeners[v.tries[0].hop.listener].network, 1);
	cx_preview_free(&v);
	cx_world_put_flow(world, hash, &flow);
	v = preview(message, n);
	assert_int_equal(v.remembered, 3);
	cx_preview_free(&v);
}

static void what_is_refused(void **state)
{
	const struct cx_pause pause = {.said_ms = 1, .until_ms = NOW_MS + 7500, .full_ms = NOW_MS + 7500};
	char message[2048];
	size_t n = write_request(message, sizeof(message), "sip:1234@192.0.2.1", "none", "", 1);
	struct cx_preview v = preview(message, n);

	assert_int_equal(v.status, 404);
	assert_int_equal(v.n_tries + (v.group != CX_NONE), 0);
	cx_preview_free(&v);
	n = write_request(message, sizeof(message), "sip:9001@192.0.2.1", "down", "", 1);
	set_all(CX_ELEMENT_DOWN, &(struct cx_pause){0});
	v = preview(message, n);
	assert_int_equal(v.status, 503);
	assert_int_equal(v.retry_after_s, 5);
	assert_int_equal(v.n_tries, 0);
	assert_int_equal(v.group, 0);
	cx_preview_free(&v);
	set_all(CX_ELEMENT_PAUSED, &pause);
	v = preview(message, n);
	assert_int_equal(v.status, 503);
	assert_int_equal(v.retry_after_s, 8);
	assert_int_equal(v.n_tries, 0);
	cx_preview_free(&v);
	assert_int_equal(
	    cx_preview(world, 0, &alice, (const uint8_t *)"SIP/2.0 200 OK\r\n\r\n", 18, NOW_MS, &v), -EINVAL);
	cx_preview_free(&v);
}

static void in_a_dialog_there_is_one_place(void **state)
{
	char message[2048];
	size_t n = write_request(message, sizeof(message), "sip:x@203.0.10.4", "dialog", ";tag=t", 1);
	struct cx_preview v = preview(message, n);

	assert_true(v.in_dialog);
	assert_int_equal(v.n_tries, 1);
	assert_int_equal(v.group, CX_NONE);
	assert_string_equal((const char *)tables->elements[v.tries[0].element].name, "media-3");
	assert_int_equal(v.tries[0].try_ms, 0);
	assert_int_equal(v.record_routes, 0);
	cx_preview_free(&v);
}

/* A failure's ACK, whose INVITE nobody remembers: the engine passes it on. */
static void an_ack_is_passed_on(void **state)
{
	char message[2048];
	size_t n =
	    write_message(message, sizeof(message), "ACK", "sip:9001@192.0.2.1", "ack", ";tag=busy", 1);
	struct cx_preview v = preview(message, n);

	assert_true(v.stateless);
	assert_int_equal(v.n_tries, 1);
	assert_int_equal(v.status, 0);
	assert_int_equal(world->elements[v.tries[0].element].group, 0);
	cx_preview_free(&v);
}

static void too_long_for_a_datagram(void **state)
{
	char message[4096];
	size_t n = write_request(message, sizeof(message), "sip:9001@192.0.2.1", "long", "", 1500);
	struct cx_preview v = preview(message, n);

	assert_int_equal(v.n_tries, ELEMENTS);
	for (unsigned i = 0; i < v.n_tries; i++)
		assert_int_equal(v.tries[i].hop.transport, CX_TCP);
	assert_non_null(memmem(v.sent, v.n_sent, "Via: SIP/2.0/TCP", 16));
	cx_preview_free(&v);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(the_order_is_the_cores, all_up),
	    cmocka_unit_test_setup(the_order_is_the_rings, all_up),
	    cmocka_unit_test_setup(slot_and_what_is_remembered, all_up),
	    cmocka_unit_test_setup(what_is_refused, all_up),
	    cmocka_unit_test_setup(in_a_dialog_there_is_one_place, all_up),
	    cmocka_unit_test_setup(an_ack_is_passed_on, all_up),
	    cmocka_unit_test_setup(too_long_for_a_datagram, all_up),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
