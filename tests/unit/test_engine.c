// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine's parts one by one, against plain slow versions of the same or the
 * C library: hash, cookie, addresses, searching, numbers, DNs, the pick of an
 * element. The body here is a handful of variables.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "cxsip/message.h"

static struct {
	struct cx_listener listener;
	struct cx_key key;
	struct cx_meta meta;
	struct cx_group group;
	struct cx_element elements[8];
	uint32_t slot; /* last looked for */
	struct cx_flow flow;
	int has_flow, flows_put;
} body;

static const struct cx_listener *cx_lookup_listener(struct cx_msg *m, uint32_t id)
{
	return id ? NULL : &body.listener;
}

static const struct cx_network *cx_lookup_network(struct cx_msg *m, uint32_t id)
{
	return NULL;
}

static const struct cx_table *cx_lookup_table(struct cx_msg *m, uint32_t id)
{
	return NULL;
}

static const struct cx_group *cx_lookup_group(struct cx_msg *m, uint32_t id)
{
	return &body.group;
}

static const struct cx_element *cx_lookup_element(struct cx_msg *m, uint32_t id)
{
	return id < 8 ? &body.elements[id] : NULL;
}

static const struct cx_key *cx_lookup_key(struct cx_msg *m)
{
	return &body.key;
}

static const struct cx_meta *cx_lookup_meta(struct cx_msg *m)
{
	return &body.meta;
}

static uint32_t cx_lookup_local(struct cx_msg *m, const union cx_addr *addr, uint32_t port)
{
	return CX_NONE;
}

static int cx_lookup_source(struct cx_msg *m, const union cx_addr *addr, struct cx_source *source)
{
	return -1;
}

static int cx_lookup_dn(struct cx_msg *m, int kind, const struct cx_dn_key *key, struct cx_dn *out)
{
	return -1;
}

static uint32_t cx_lookup_slot(struct cx_msg *m, uint32_t group, uint32_t slot)
{
	body.slot = slot;
	return slot & 3;
}

static uint32_t cx_lookup_reach(struct cx_msg *m, const union cx_addr *addr)
{
	return 0;
}

static int cx_flow_get(struct cx_msg *m, struct cx_flow *flow)
{
	if (!body.has_flow)
		return -1;
	*flow = body.flow;
	return 0;
}

static void cx_flow_put(struct cx_msg *m, const struct cx_flow *flow)
{
	body.flow = *flow;
	body.has_flow = 1;
	body.flows_put++;
}

#include "cxsip/engine.h"

static struct cx_msg m;
static uint64_t seed = 42;

/* splitmix64 */
static uint64_t any(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static void set_text(const char *text)
{
	memset(m.buf, 0xa5, sizeof(m.buf)); /* nothing may hang on what lies behind */
	memcpy(m.buf, text, strlen(text));
	m.len = (uint32_t)strlen(text);
}

/* Some of the 64 vectors that come with SipHash: bytes 0, 1, 2... as key and text. */
static void siphash_vectors(void **state)
{
	static const struct {
		size_t n;
		uint8_t hash[8];
	} vectors[] = {
		{0, {0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72}},	{1, {0xfd, 0x67, 0xdc, 0x93, 0xc5, 0x39, 0xf8, 0x74}},
		{7, {0x37, 0xd1, 0x01, 0x8b, 0xf5, 0x00, 0x02, 0xab}},	{8, {0x62, 0x24, 0x93, 0x9a, 0x79, 0xf5, 0xf5, 0x93}},
		{15, {0xe5, 0x45, 0xbe, 0x49, 0x61, 0xca, 0x29, 0xa1}}, {63, {0x72, 0x45, 0x06, 0xeb, 0x4c, 0x32, 0x8a, 0x95}},
	};
	__u64 key[2];
	uint8_t bytes[64];
	size_t i;

	for (i = 0; i < 64; i++)
		bytes[i] = (uint8_t)i;
	memcpy(key, bytes, 16);
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint64_t hash = cx_siphash24(key, bytes, vectors[i].n);

		assert_memory_equal(&hash, vectors[i].hash, 8);
	}
}

/* The hash of message text is the published one, too, at any place in it. */
static void hash_of_text(void **state)
{
	const struct cx_siphash_key key = {.k = {any(), any()}};
	struct cx_siphash s;
	uint32_t from, n;
	size_t i;

	for (i = 0; i < sizeof(m.buf); i++)
		m.buf[i] = (uint8_t)any();
	for (i = 0; i < 5000; i++) {
		from = (uint32_t)(any() % 1800);
		n = (uint32_t)(any() % (CX_VALUE_MAX + 1));
		cx_siphash_start(&s, &key);
		assert_int_equal(cx_siphash_text(&s, &m, from, from + n, 2), 0);
		assert_true(cx_siphash_end(&s, 4) == cx_siphash24(key.k, m.buf + from, n));
	}
	cx_siphash_start(&s, &key);
	assert_int_equal(cx_siphash_text(&s, &m, 0, CX_VALUE_MAX + 1, 2), -1);
}

static void encoding(void **state)
{
	static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.";
	uint64_t x, text;
	char expected[9];
	int i, k;

	for (i = 0; i < 200000; i++) {
		x = any() >> (16 + any() % 48);
		if (i < 64)
			x = (uint64_t)i * 0x041041041041;
		for (k = 0; k < 8; k++)
			expected[k] = alphabet[x >> (42 - 6 * k) & 63];
		text = cx_encode48(x);
		assert_memory_equal(&text, expected, 8);
		assert_true(cx_decode48(text) == x);
	}
}

/* A cookie written for any values and read back says the same, and not after
 * any change of a bit. */
static void cookies(void **state)
{
	static const char below[] = "z9hG4bKbelow";
	int i, k, reason;

	body.key = (struct cx_key){.mac = {{{any(), any()}}, {{any(), any()}}}, .hash = {{any(), any()}}};
	memcpy(body.listener.via_text, "z9hG4bK", 7);
	body.listener.via_len = 7;
	for (i = 0; i < 20000; i++) {
		uint64_t head;
		union cx_addr addr;
		uint32_t n, ipv6 = (uint32_t)any() & 1;

		memset(m.buf, ' ', 256);
		memcpy(m.buf + 128, below, sizeof(below) - 1);
		m.via[1] = (struct cx_via){.branch = 128, .branch_end = 128 + sizeof(below) - 1};
		m.call_hash = any();
		m.cookie_head = head = cx_cookie_head(ipv6, (uint32_t)any(), (uint32_t)any(), (uint32_t)any(), (uint32_t)any(),
						      (uint32_t)any());
		addr.q[0] = ipv6 ? any() | 1 : 0;
		addr.q[1] = any();
		if (!ipv6)
			addr.d[2] = htonl(0xffff);
		m.cookie_addr = addr;
		assert_int_equal(cx_mac(&m, 1), 0);
		m.head_n = m.out_listener = m.do_flags = 0;
		assert_int_equal(cx_head_via(&m), 0);
		n = m.head_n - 2; /* without its CRLF */
		memcpy(m.buf, m.out + CX_FRAME_ROOM, n);
		assert_int_equal(n, ipv6 ? 47 : 31);
		m.via[0] = (struct cx_via){.branch = 0, .branch_end = (uint16_t)n};
		memset(&m.cookie_addr, 0xee, 16);
		m.cookie_head = m.cookie_mac = 0;
		assert_int_equal(cx_cookie_read(&m), 0);
		assert_true(m.cookie_head == head);
		assert_memory_equal(&m.cookie_addr, &addr, 16);
		k = (int)(any() % (n * 8));
		m.buf[k / 8] ^= (uint8_t)(1 << k % 8);
		reason = cx_cookie_read(&m);
		assert_true(reason == CX_R_BAD_COOKIE || reason == CX_R_FORGED_RESPONSE || reason == CX_R_TRANSACTION);
		m.buf[k / 8] ^= (uint8_t)(1 << k % 8);
		m.call_hash ^= 1ULL << any() % 64;
		assert_int_equal(cx_cookie_read(&m), CX_R_BAD_COOKIE);
	}
}

/* ---- addresses ------------------------------------------------------------------- */

static void random_ipv6(union cx_addr *a)
{
	int i, zeros = (int)(any() % 9);

	for (i = 0; i < 8; i++)
		a->w[i] = (uint16_t)(any() >> (any() % 16 + 48));
	for (i = 0; i < zeros; i++)
		a->w[any() % 8] = 0;
	if (!a->q[0] && !a->d[2])
		a->w[0] = htons(0x2001); /* the C library writes ::a.b.c.d then */
	if (!a->q[0] && a->d[2] == htonl(0xffff))
		a->w[3] = 1;
	if (!a->q[0] && !a->w[4] && a->w[5] == 0xffff)
		a->w[0] = 1;
}

static void ipv6_text(void **state)
{
	char text[64], expected[INET6_ADDRSTRLEN];
	union cx_addr a;
	int i;

	for (i = 0; i < 100000; i++) {
		random_ipv6(&a);
		inet_ntop(AF_INET6, &a, expected, sizeof(expected));
		m.host = a;
		m.text_n = 0;
		cx_text_ipv6(&m);
		assert_int_equal(m.text_n, strlen(expected));
		assert_memory_equal(m.text, expected, m.text_n);
		snprintf(text, sizeof(text), "[%s]:5060", expected);
		if (i & 1)
			for (char *c = text; *c; c++)
				*c = (char)(*c >= 'a' && *c <= 'f' ? *c - 32 : *c);
		set_text(text);
		memset(&m.host, 0xee, 16);
		assert_int_equal(cx_scan_ipv6(&m, 0), strlen(expected) + 2);
		assert_memory_equal(&m.host, &a, 16);
	}
}

/* What is no address for the C library is none here. */
static void ipv6_garbage(void **state)
{
	static const char bits[] = "0123456789abcdefABCF:::::::";
	char text[64], inner[48];
	struct in6_addr a;
	size_t i, k, n, accepted = 0;
	int got;

	for (i = 0; i < 300000; i++) {
		n = any() % 20 + (any() & 1) * any() % 20;
		for (k = 0; k < n; k++)
			inner[k] = bits[any() % (sizeof(bits) - 1)];
		inner[n] = '\0';
		snprintf(text, sizeof(text), "[%s]", inner);
		set_text(text);
		got = cx_scan_ipv6(&m, 0);
		if (inet_pton(AF_INET6, inner, &a) != 1) {
			if (got != -1)
				fail_msg("%s: taken", text);
		} else if (memcmp(&a, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12)) {
			accepted++;
			assert_int_equal(got, n + 2);
			assert_memory_equal(&m.host, &a, 16);
		}
	}
	assert_true(accepted > 1000);
}

static void ipv4_text(void **state)
{
	static const char *const bad[] = {"256.1.1.1", "1.1.1", "1.1.1.1.1", "1..1.1", ".1.1.1.1", "1.1.1.", "1.1.1.1111", "a.1.1.1",
					  "", "1", "1,1,1,1"};
	char text[32];
	size_t i;

	for (i = 0; i < 20000; i++) {
		uint32_t a = (uint32_t)any();

		inet_ntop(AF_INET, &a, text, sizeof(text));
		set_text(text);
		assert_int_equal(cx_scan_ipv4(&m, 0), strlen(text));
		assert_int_equal(m.host.d[3], a);
		assert_true(cx_is_v4(&m.host));
		m.text_n = 0;
		cx_text_ipv4(&m);
		assert_int_equal(m.text_n, strlen(text));
		assert_memory_equal(m.text, text, m.text_n);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set_text(bad[i]);
		m.buf[m.len] = ';';
		assert_int_equal(cx_scan_ipv4(&m, 0), -1);
	}
}

/* ---- reading ------------------------------------------------------------------------ */

static void find(void **state)
{
	uint32_t i, k, from, to, expected;

	for (i = 0; i < 200000; i++) {
		from = (uint32_t)(any() % 100);
		to = (uint32_t)(from + any() % 80);
		for (k = 0; k < 256; k++)
			m.buf[k] = any() % 40 ? (uint8_t)any() | 0x40 : (uint8_t)"<>;\x80"[any() % 4];
		for (expected = from; expected < to; expected++)
			if (m.buf[expected] == ';' || m.buf[expected] == '<' || m.buf[expected] == 0x80)
				break;
		assert_int_equal(cx_find(&m, from, to, CX_CHARS(';', '<', 0x80)), expected);
	}
	memset(m.buf, 'x', sizeof(m.buf));
	assert_int_equal(cx_find(&m, 5, 5, CX_CHARS('x', 'x', 'x')), 5);
	assert_int_equal(cx_find(&m, 5, 5 + CX_FIND_MAX, CX_CHARS(';', ';', ';')), 5 + CX_FIND_MAX);
	assert_int_equal(cx_find(&m, 5, 6 + CX_FIND_MAX, CX_CHARS(';', ';', ';')), CX_NOT_FOUND);
	m.buf[4 + CX_FIND_MAX] = ';';
	assert_int_equal(cx_find(&m, 5, 900, CX_CHARS(';', ';', ';')), 4 + CX_FIND_MAX);
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		uint32_t digits;
		int value;
	} cases[] = {{"0 ", 3, 0},	  {"255 ", 3, 255},	 {"256;", 3, 256},	   {"1000 ", 3, -1},	{" 1", 3, -1},
		     {"x", 3, -1},	  {"007 ", 3, 7},	 {"99999 ", 5, 99999},	   {"999999 ", 5, -1},	{"-1", 5, -1},
		     {"2147483647 ", 10, 2147483647}, {"2147483648 ", 10, -1}, {"2147483639 ", 10, 2147483639},
		     {"9999999999 ", 10, -1}, {"4294967296 ", 10, -1}};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set_text(cases[i].text);
		assert_int_equal(cx_scan_number(&m, 0, cases[i].digits), cases[i].value);
		if (cases[i].value >= 0)
			assert_int_equal(m.pos, strcspn(cases[i].text, " ;"));
	}
}

/* ---- DNs -------------------------------------------------------------------------------- */

/* The plain way: unescape, leave out what does not count; no further than one
 * character too many. -1: bad escape. */
static int plain_dn(const char *user, uint32_t flags, char out[64])
{
	unsigned byte;
	size_t n = 0, i = 0;
	char pair[3] = "";

	for (; *user && n <= CX_DN_SIZE; i++) {
		byte = (uint8_t)*user++;
		if (byte == '%') {
			if (!isxdigit((uint8_t)user[0]) || !isxdigit((uint8_t)user[1]))
				return -1;
			memcpy(pair, user, 2);
			byte = (unsigned)strtoul(pair, NULL, 16);
			user += 2;
		}
		if (byte == '+' && i == 0 && flags & CX_LISTENER_IGNORE_PLUS)
			continue;
		if (byte && strchr("-.()", (int)byte) && flags & CX_LISTENER_IGNORE_SEPARATORS)
			continue;
		out[n++] = (char)byte;
	}
	return (int)n;
}

static void dns(void **state)
{
	static const char *const parts[] = {"0", "1", "5", "9", "42", "1234567", "-", ".", "(", ")", "+", "a", "%31", "%2d", "%2B",
					    "%4", "%zz", "%4z", "%", "_"};
	char user[64], expected[64];
	size_t i, k, digits_only = 0;
	int n, reason;

	for (i = 0; i < 200000; i++) {
		size_t count = any() % 9, kinds = any() & 1 ? 6 : sizeof(parts) / sizeof(parts[0]);

		user[0] = '\0';
		for (k = 0; k < count; k++)
			strcat(user, parts[any() % kinds]);
		if (strlen(user) > 48 - 8)
			continue;
		set_text(user);
		memcpy(m.buf + m.len, "@h;", 3);
		m.user = (struct cx_span){0, (uint16_t)strlen(user)};
		body.listener.flags = (uint8_t)(any() & (CX_LISTENER_IGNORE_PLUS | CX_LISTENER_IGNORE_SEPARATORS));
		body.listener.table = (uint8_t)(any() % CX_TABLES_MAX);
		memset(&m.dn_key, 0xee, sizeof(m.dn_key));
		reason = cx_build_dn(&m, &body.listener);
		n = plain_dn(user, body.listener.flags, expected);
		if (n < 0) {
			if (reason != CX_R_BAD_URI)
				fail_msg("%s: taken", user);
			continue;
		}
		digits_only += strspn(user, "0123456789") == strlen(user);
		assert_int_equal(reason, 0);
		assert_int_equal(m.dn_key.table, body.listener.table);
		assert_int_equal(m.dn_key.len, n > CX_DN_SIZE ? CX_DN_SIZE + 1 : n);
		memset(expected + n, 0, sizeof(expected) - (size_t)n);
		assert_memory_equal(m.dn_key.user, expected, CX_DN_SIZE);
	}
	assert_true(digits_only > 10000);
}

/* ---- the pick ------------------------------------------------------------------------------ */

static int pick(uint32_t method, uint32_t mac)
{
	m.method = method;
	m.in_dialog = 0;
	m.cookie_mac = mac;
	m.acc_digits = CX_RING_BITS_MIN + (uint32_t)(m.call_hash % 11);
	m.acc_index = body.group.flags;
	m.from_flow = m.new_call = 0;
	return cx_pick_element(&m);
}

static void picks(void **state)
{
	uint32_t i, first;

	for (i = 0; i < 8; i++)
		body.elements[i] = (struct cx_element){.state = CX_ELEMENT_UP, .port = (uint16_t)i, .nexthop = 1};
	for (i = 0; i < 10000; i++) {
		body.has_flow = body.flows_put = 0;
		m.call_hash = any();
		assert_int_equal(pick(CX_M_INVITE, 7), 0);
		assert_int_equal(body.slot, m.call_hash >> (64 - m.acc_digits));
		assert_true(m.new_call && !m.from_flow && body.flows_put == 1);
		first = m.element;
		assert_int_equal(pick(CX_M_INVITE, 7), 0); /* a retransmission */
		assert_true(!m.new_call && m.from_flow && m.element == first && body.flows_put == 1);
		assert_int_equal(pick(CX_M_INVITE, 8), 0); /* another attempt */
		assert_true(m.new_call && m.from_flow && body.flows_put == 2);
		body.elements[m.element].group++; /* the DN leads elsewhere meanwhile */
		first = m.element;
		assert_int_equal(pick(CX_M_INVITE, 8), 0);
		assert_true(!m.from_flow);
		body.elements[first].group--;
		body.flow.element = 5;
		body.elements[5].state = CX_ELEMENT_UNUSED; /* removed from the configuration */
		assert_int_equal(pick(CX_M_CANCEL, 8), 0);
		assert_int_not_equal(m.element, 5);
		body.elements[5].state = CX_ELEMENT_UP;
	}
	body.has_flow = 0;
	assert_int_equal(pick(CX_M_OPTIONS, 1), 0);
	assert_int_equal(body.has_flow, 0); /* nothing worth remembering */
	body.group.flags = CX_GROUP_EMPTY;
	assert_int_equal(pick(CX_M_INVITE, 1), CX_R_NO_ELEMENT);
	body.group.flags = 0;
	body.elements[0].listener = body.elements[1].listener = body.elements[2].listener = body.elements[3].listener =
		CX_NO_LISTENER;
	assert_int_equal(pick(CX_M_INVITE, 1), CX_R_NO_ELEMENT);
}

/* A set remembers the eight calls that were written to it last. */
static void flow_sets(void **state)
{
	struct cx_flow_set set = {0};
	struct cx_flow model[40] = {{0}}, got;
	uint64_t calls[40], order[40];
	size_t i, k, n = 0, c;

	for (i = 0; i < 40; i++)
		calls[i] = (uint64_t)(i + 1) << 42 | any() >> 24;
	for (i = 0; i < 20000; i++) {
		c = any() % 12;
		model[c] = (struct cx_flow){.element = (uint32_t)any() & CX_FLOW_MASK, .transaction = (uint32_t)any() & CX_FLOW_MASK};
		cx_flow_store(&set, calls[c], &model[c]);
		for (k = 0; k < n && order[k] != c; k++)
			;
		memmove(order + 1, order, k * sizeof(order[0]));
		order[0] = c;
		if (k == n && n < CX_FLOW_WAYS)
			n++;
		for (c = 0; c < 12; c++) {
			for (k = 0; k < n && order[k] != c; k++)
				;
			assert_int_equal(cx_flow_find(&set, calls[c], &got), k < n ? 0 : -1);
			if (k == n)
				continue;
			assert_int_equal(got.element, model[c].element);
			assert_int_equal(got.transaction, model[c].transaction);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_vectors), cmocka_unit_test(hash_of_text), cmocka_unit_test(encoding),
		cmocka_unit_test(cookies),	   cmocka_unit_test(ipv6_text),	   cmocka_unit_test(ipv6_garbage),
		cmocka_unit_test(ipv4_text),	   cmocka_unit_test(find),	   cmocka_unit_test(numbers),
		cmocka_unit_test(dns),		   cmocka_unit_test(picks),
		cmocka_unit_test(flow_sets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
