/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names on a virtual clock: when they are asked, what is kept while nobody answers,
 * what lingers.
 */
#include <errno.h>
#include "dns/hosts.h"
#include "dns_zone.h"

#define SECOND 1000ull
#define DAY (86400 * SECOND)

static struct {
	struct cx_hosts *hosts;
	struct zone zone;
	uint64_t now;
	struct {
		uint64_t token;
		char name[CX_DNS_NAME];
		uint16_t type;
	} asked[CX_HOSTS_QUESTIONS_MAX];
	size_t n_asked, most;
	bool refuse, hold; /* asking does not work out; answers wait */
	unsigned changed, told;
} t;

static int on_ask(void *ctx, uint64_t token, const char *name, uint16_t type)
{
	if (t.refuse)
		return -EAGAIN;
	assert_true(t.n_asked < CX_HOSTS_QUESTIONS_MAX);
	t.asked[t.n_asked].token = token;
	t.asked[t.n_asked].type = type;
	snprintf(t.asked[t.n_asked++].name, CX_DNS_NAME, "%s", name);
	t.most = t.n_asked > t.most ? t.n_asked : t.most;
	return 0;
}

static void on_changed(void *ctx, uint32_t host, bool targets)
{
	t.told++;
	t.changed += targets;
}

static void answer_all(void)
{
	struct cx_dns_answer *a = malloc(sizeof(*a));

	assert_non_null(a);
	while (t.n_asked) {
		uint64_t token = t.asked[0].token;

		zone_answer(&t.zone, t.asked[0].name, t.asked[0].type, a);
		memmove(&t.asked[0], &t.asked[1], --t.n_asked * sizeof(t.asked[0]));
		cx_hosts_answer(t.hosts, token, a, t.now);
		cx_hosts_answer(t.hosts, token, a, t.now); /* it counts once */
	}
	free(a);
}

/* Lets time pass; all that is due is asked and answered when it is. */
static void pass(uint64_t ms)
{
	uint64_t end = t.now + ms, again;

	for (;;) {
		again = cx_hosts_tick(t.hosts, t.now);
		while (t.n_asked && !t.hold) {
			answer_all();
			again = cx_hosts_tick(t.hosts, t.now);
		}
		assert_true(again > t.now);
		if (again > end)
			break;
		t.now = again;
	}
	t.now = end;
}

static const struct cx_hosts_rules rules = {.min_ttl_s = 5,
					    .max_ttl_s = 3600,
					    .negative_ttl_s = 60,
					    .retry_ms = 1000,
					    .stale_s = 86400,
					    .linger_s = 100};

static int setup(void **state)
{
	const struct cx_hosts_ops ops = {.ask = on_ask, .changed = on_changed};

	memset(&t, 0, sizeof(t));
	t.now = 30 * DAY;
	t.hosts = cx_hosts_new(&rules, &ops);
	return t.hosts ? 0 : -1;
}

static int teardown(void **state)
{
	cx_hosts_free(t.hosts);
	return 0;
}

#define ZONE(...)                                                                                            \
	t.zone.lines = (const char *const[])                                                                 \
	{                                                                                                    \
		__VA_ARGS__, NULL                                                                            \
	}

static uint32_t take(const char *name, uint16_t port)
{
	struct cx_locate_want want = {.port = port, .transport = CX_UDP, .families = {CX_LOCATE_V4}};
	uint32_t host;

	snprintf(want.host, sizeof(want.host), "%s", name);
	assert_int_equal(cx_hosts_take(t.hosts, &want, &host), 0);
	return host;
}

static struct cx_host_view view_of(uint32_t host)
{
	struct cx_host_view v;

	assert_true(cx_hosts_view(t.hosts, host, &v));
	return v;
}

static bool has(uint32_t host, const char *addr, bool gone)
{
	struct cx_host_view v = view_of(host);
	union cx_addr a = fixture_addr(addr);

	for (size_t i = 0; i < v.n + v.n_gone; i++)
		if (!memcmp(&v.targets[i].addr, &a, sizeof(a)))
			return v.targets[i].gone == gone && (i >= v.n) == gone;
	return false;
}

static unsigned asked_in(uint64_t ms)
{
	unsigned before = t.zone.questions;

	pass(ms);
	return t.zone.questions - before;
}

static void asked_anew_when_the_ttl_is_over(void **state)
{
	uint32_t h = take("h", 5060);

	ZONE("h 20 A 192.0.2.1");
	assert_false(view_of(h).settled);
	pass(0);
	assert_true(has(h, "192.0.2.1", false));
	assert_int_equal(t.changed, 1);
	assert_int_equal(asked_in(19 * SECOND), 0);
	assert_int_equal(asked_in(2 * SECOND), 1);
	assert_int_equal(t.changed, 1); /* the same: nothing to tell */
	assert_int_equal(t.told, 1);
	/* clamped at both ends */
	ZONE("h 0 A 192.0.2.1");
	pass(20 * SECOND);
	assert_int_equal(asked_in(60 * SECOND), 12);
	ZONE("h 4000000000 A 192.0.2.1");
	pass(5 * SECOND);
	assert_int_equal(asked_in(3590 * SECOND), 0);
	assert_int_equal(asked_in(10 * SECOND), 1);
}

static void the_last_good_answer_stays(void **state)
{
	uint32_t h = take("h", 5060);
	uint64_t since;

	ZONE("h 20 A 192.0.2.1");
	pass(0);
	ZONE("h 20 * timeout");
	pass(20 * SECOND);
	since = t.now;
	assert_int_equal(view_of(h).status, CX_DNS_TIMEOUT);
	assert_int_equal(t.changed, 1);
	assert_int_equal(t.told, 2); /* once, however often it fails */
	/* 1, 2, 4, 8, 16, 32, 32 ... s */
	assert_int_equal(asked_in(31 * SECOND), 5);
	assert_int_equal(asked_in(320 * SECOND), 10);
	assert_int_equal(t.told, 2);
	assert_true(view_of(h).failed_ms <= since && view_of(h).failed_ms > since - 2 * SECOND);
	pass(DAY - 400 * SECOND);
	assert_true(has(h, "192.0.2.1", false));
	pass(60 * SECOND);
	assert_true(has(h, "192.0.2.1", true)); /* too old: no new calls */
	assert_int_equal(t.changed, 2);
	ZONE("h 20 A 192.0.2.1");
	pass(32 * SECOND);
	assert_true(has(h, "192.0.2.1", false));
	assert_int_equal(view_of(h).failed_ms, 0);
}

static void no_is_an_answer(void **state)
{
	uint32_t h = take("h", 5060);

	ZONE("h 20 A 192.0.2.1");
	pass(0);
	ZONE("x 1 A 192.0.2.9");
	pass(20 * SECOND);
	assert_int_equal(view_of(h).status, CX_DNS_NO_NAME);
	assert_int_equal(view_of(h).n, 0);
	assert_true(has(h, "192.0.2.1", true));
	/* it counts for its own time, here 30 s */
	assert_int_equal(asked_in(29 * SECOND), 0);
	assert_int_equal(asked_in(1 * SECOND), 1);
	/* the one that is gone lingers for 100 s */
	pass(69 * SECOND);
	assert_true(has(h, "192.0.2.1", true));
	pass(1 * SECOND);
	assert_int_equal(view_of(h).n_gone, 0);
	assert_int_equal(t.changed, 3);
}

static void who_comes_back_is_not_gone(void **state)
{
	uint32_t h = take("h", 5060);

	ZONE("h 20 A 192.0.2.1", "h 20 A 192.0.2.2");
	pass(0);
	ZONE("h 20 A 192.0.2.2", "h 20 A 192.0.2.3");
	pass(20 * SECOND);
	assert_true(has(h, "192.0.2.1", true) && has(h, "192.0.2.2", false) && has(h, "192.0.2.3", false));
	ZONE("h 20 A 192.0.2.1");
	pass(20 * SECOND);
	assert_true(has(h, "192.0.2.1", false) && has(h, "192.0.2.2", true) && has(h, "192.0.2.3", true));
	assert_int_equal(t.changed, 3);
}

/* Of whose addresses nobody tells, the old ones stay; the others follow the answer. */
static void a_partial_answer(void **state)
{
	uint32_t h = take("h", 0);

	ZONE("_sip._udp.h 3600 SRV 1 1 5060 a", "_sip._udp.h 3600 SRV 1 1 5060 b", "a 20 A 192.0.2.1",
	     "b 20 A 192.0.2.2");
	pass(0);
	ZONE("_sip._udp.h 3600 SRV 1 1 5060 a", "_sip._udp.h 3600 SRV 1 1 5060 b", "a 3600 A 192.0.2.11",
	     "b 20 * failure");
	pass(20 * SECOND);
	assert_true(has(h, "192.0.2.11", false) && has(h, "192.0.2.1", true) && has(h, "192.0.2.2", false));
	assert_int_equal(view_of(h).n, 2);
	assert_true(asked_in(6 * SECOND) > 0); /* soon, as half of it is missing */
}

/* Whether UDP is wanted nobody tells, and TCP is there: what was good stays. */
static void another_service_is_no_replacement(void **state)
{
	struct cx_locate_want want = {
	    .host = "h", .transport = CX_LOCATE_ANY, .families = {CX_LOCATE_V4, CX_LOCATE_V4}};
	uint32_t h;

	assert_int_equal(cx_hosts_take(t.hosts, &want, &h), 0);
	ZONE("_sip._udp.h 20 SRV 1 1 5060 a", "_sip._tcp.h 20 SRV 1 1 5060 a", "a 20 A 192.0.2.1");
	pass(0);
	ZONE("_sip._udp.h 20 SRV failure", "_sip._tcp.h 20 SRV 1 1 5060 a", "a 20 A 192.0.2.1");
	pass(20 * SECOND);
	assert_int_equal(view_of(h).targets[0].transport, CX_UDP);
	assert_int_equal(view_of(h).status, CX_DNS_FAILURE);
	assert_int_equal(t.changed, 1);
}

static uint32_t take_any(const char *name)
{
	struct cx_locate_want want = {.transport = CX_LOCATE_ANY, .families = {CX_LOCATE_V4, CX_LOCATE_V4}};
	uint32_t host;

	snprintf(want.host, sizeof(want.host), "%s", name);
	assert_int_equal(cx_hosts_take(t.hosts, &want, &host), 0);
	return host;
}

/* NAPTR is swallowed, from the beginning: the rest counts, and changes; NAPTR is asked for sooner. */
static void naptr_is_swallowed(void **state)
{
	uint32_t h = take_any("h");

	ZONE("h 3600 NAPTR timeout", "_sip._udp.h 3600 SRV 1 1 5060 a", "a 3600 A 192.0.2.1");
	pass(0);
	assert_true(has(h, "192.0.2.1", false));
	assert_int_equal(view_of(h).status, CX_DNS_OK);
	assert_true(view_of(h).without_naptr);
	ZONE("h 3600 NAPTR failure", "_sip._udp.h 3600 SRV 1 1 5060 a", "a 3600 A 192.0.2.1");
	pass(60 * SECOND);
	assert_int_equal(t.told, 1); /* whichever way */
	ZONE("_sip._udp.h 3600 SRV 1 1 5060 a", "a 3600 A 192.0.2.1");
	pass(60 * SECOND);
	assert_false(view_of(h).without_naptr);
	assert_int_equal(t.told, 2); /* the same, and yet there is something to say */
	assert_int_equal(t.changed, 1);
	ZONE("h 3600 NAPTR timeout", "_sip._udp.h 3600 SRV 1 1 5060 a", "a 3600 A 192.0.2.1");
	pass(3600 * SECOND);
	ZONE("h 3600 NAPTR timeout", "_sip._udp.h 3600 SRV 1 1 5060 a", "a 3600 A 192.0.2.2");
	assert_int_equal(asked_in(59 * SECOND), 0);
	assert_true(asked_in(2 * SECOND) > 0); /* negative_ttl_s */
	assert_true(has(h, "192.0.2.2", false) && has(h, "192.0.2.1", true));
	/* it gets through */
	ZONE("h 3600 NAPTR 1 1 s sip+d2t x", "x 3600 SRV 1 1 5060 b", "b 3600 A 192.0.2.3");
	pass(60 * SECOND);
	assert_true(has(h, "192.0.2.3", false));
	assert_false(view_of(h).without_naptr);
	pass(101 * SECOND);
	assert_int_equal(asked_in(3400 * SECOND), 0);
}

/* What NAPTR led to is not replaced by what is there without it, until it is too old; over a restart, too. */
static void naptr_is_not_forgotten(void **state)
{
	struct cx_target target = {
	    .addr = fixture_addr("192.0.2.7"), .port = 5060, .family = CX_IPV4, .shares = 1};
	uint32_t h = take_any("h"), r = take_any("r"), s = take_any("s");

	assert_int_equal(cx_hosts_restore(t.hosts, r, &target, 1, true, 0, t.now), 0);
	assert_int_equal(cx_hosts_restore(t.hosts, s, &target, 1, false, 0, t.now), 0);
	ZONE("h 20 NAPTR 1 1 s sip+d2t x", "x 20 SRV 1 1 5060 b", "b 20 A 192.0.2.3", "r 20 NAPTR timeout",
	     "r 20 A 192.0.2.8", "s 20 NAPTR timeout", "s 20 A 192.0.2.8");
	pass(0);
	assert_true(view_of(h).by_naptr && has(h, "192.0.2.3", false));
	assert_true(has(r, "192.0.2.7", false) && has(s, "192.0.2.8", false));
	ZONE("h 20 NAPTR timeout", "_sip._udp.h 20 SRV 1 1 5060 a", "a 20 A 192.0.2.1", "r 20 NAPTR failure",
	     "r 20 A 192.0.2.8");
	pass(20 * SECOND);
	assert_true(has(h, "192.0.2.3", false));
	assert_int_equal(view_of(h).status, CX_DNS_TIMEOUT);
	assert_int_equal(view_of(h).failed_type, CX_DNS_NAPTR);
	assert_int_equal(view_of(h).n, 1);
	pass(DAY + 100 * SECOND);
	assert_true(has(h, "192.0.2.1", false) && has(r, "192.0.2.8", false));
	assert_int_equal(view_of(h).status, CX_DNS_OK);
	assert_false(view_of(h).by_naptr);
}

static void bounds(void **state)
{
	char name[32];

	ZONE("x 1 A 192.0.2.1");
	for (unsigned i = 0; i < 300; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		take(name, 0);
	}
	t.hold = true;
	pass(10 * SECOND);
	assert_int_equal(t.most, CX_HOSTS_AT_ONCE);
	t.hold = false;
	pass(10 * SECOND);
	assert_int_equal(t.told, 300); /* all had their turn */
	for (uint32_t i = 0; i < 300; i++)
		assert_int_equal(view_of(i).status, CX_DNS_NO_NAME);
	t.refuse = true;
	cx_hosts_refresh(t.hosts, CX_NONE, t.now);
	pass(SECOND);
	t.refuse = false;
	assert_true(asked_in(2 * SECOND) >= 300);
}

/* One name with 64 hosts must not ask for all at once. */
static void questions_are_bounded(void **state)
{
	static char text[129][64];
	static const char *lines[130];

	for (unsigned i = 0; i < 64; i++) {
		snprintf(text[i], 64, "_sip._udp.h 60 SRV 1 1 5060 m%u", i);
		snprintf(text[64 + i], 64, "m%u 60 A 10.0.0.%u", i, i + 1);
		lines[i] = text[i];
		lines[64 + i] = text[64 + i];
	}
	t.zone.lines = lines;
	take("h", 0);
	take("g", 0);
	pass(0);
	assert_true(t.most <= CX_HOSTS_QUESTIONS_MAX);
	assert_int_equal(view_of(0).n, 64);
}

static void uses(void **state)
{
	uint32_t a = take("h", 5060), b = take("h", 5060), c = take("h", 5070);
	struct cx_host_view v;

	assert_int_equal(a, b);
	assert_true(a != c);
	ZONE("h 20 A 192.0.2.1");
	t.hold = true;
	pass(0);
	cx_hosts_give(t.hosts, a);
	assert_true(cx_hosts_view(t.hosts, a, &v));
	cx_hosts_give(t.hosts, b);
	assert_false(cx_hosts_view(t.hosts, a, &v));
	/* what was asked for it is nobody's, though another has its place */
	assert_int_equal(take("other", 5060), a);
	pass(0);
	answer_all();
	assert_int_equal(view_of(a).n, 0);
	assert_int_equal(view_of(c).n, 1);
}

/* Thousands: each is found, those that are given back are not, and their places are taken again. */
static void thousands(void **state)
{
	enum { N = 3000 };
	struct cx_locate_want want = {.port = 5060, .transport = CX_UDP, .families = {CX_LOCATE_V4}};
	struct cx_host_view v;
	char name[32];

	ZONE("n77 20 A 192.0.2.1");
	for (unsigned i = 0; i < N; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		assert_int_equal(take(name, 5060), i);
	}
	pass(2 * SECOND);
	assert_int_equal(t.told, N);
	assert_true(t.most <= CX_HOSTS_QUESTIONS_MAX);
	for (unsigned i = 0; i < N; i += 3)
		cx_hosts_give(t.hosts, i);
	for (unsigned i = 0; i < N; i++) {
		memset(want.host, 'x', sizeof(want.host)); /* what is behind the name does not count */
		snprintf(want.host, sizeof(want.host), "n%u", i);
		assert_int_equal(cx_hosts_find(t.hosts, &want), i % 3 ? i : CX_NONE);
		assert_int_equal(cx_hosts_view(t.hosts, i, &v), i % 3 != 0);
	}
	assert_true(has(77, "192.0.2.1", false));
	assert_int_equal(asked_in(31 * SECOND), N - N / 3);
	assert_int_equal(t.told, N); /* nothing of those that nobody uses */
	want.port = 5061;
	assert_int_equal(cx_hosts_find(t.hosts, &want), CX_NONE);
	for (unsigned i = 0; i < N; i += 3) {
		snprintf(name, sizeof(name), "again%u", i);
		assert_true(take(name, 5060) % 3 == 0);
	}
	assert_int_equal(cx_hosts_count(t.hosts), N);
	assert_int_equal(asked_in(2 * SECOND), N / 3);
}

/* Of those that found no place all come to their turn, though the first ones are always due again. */
static void nobody_starves(void **state)
{
	char name[32];

	ZONE("n0 1 A 192.0.2.1");
	for (unsigned i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		take(name, 5060);
	}
	t.hold = true;
	for (unsigned round = 0; round < 60; round++) {
		cx_hosts_tick(t.hosts, t.now);
		answer_all();
		cx_hosts_refresh(t.hosts, CX_NONE, t.now++);
	}
	for (uint32_t i = 0; i < 200; i++)
		assert_true(view_of(i).settled);
}

static void restored(void **state)
{
	struct cx_target target = {
	    .addr = fixture_addr("192.0.2.1"), .port = 5060, .family = CX_IPV4, .shares = 1};
	uint32_t h = take("h", 5060), g = take("g", 5060);

	assert_int_equal(cx_hosts_restore(t.hosts, h, &target, 1, false, DAY - 10 * SECOND, t.now), 0);
	assert_int_equal(cx_hosts_restore(t.hosts, h, &target, 1, false, 0, t.now), -EEXIST);
	assert_true(view_of(h).settled && has(h, "192.0.2.1", false));
	ZONE("h 20 * timeout", "g 20 * timeout");
	pass(5 * SECOND);
	assert_true(has(h, "192.0.2.1", false));
	assert_true(view_of(g).settled && !view_of(g).n);
	pass(10 * SECOND); /* its age counts */
	assert_true(has(h, "192.0.2.1", true));
}

static void refresh(void **state)
{
	uint32_t h = take("h", 5060);

	ZONE("h 3600 A 192.0.2.1");
	pass(0);
	ZONE("h 3600 A 192.0.2.2");
	assert_int_equal(asked_in(60 * SECOND), 0);
	cx_hosts_refresh(t.hosts, h, t.now);
	assert_int_equal(asked_in(0), 1);
	assert_true(has(h, "192.0.2.2", false));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    TEST(asked_anew_when_the_ttl_is_over),
	    TEST(the_last_good_answer_stays),
	    TEST(no_is_an_answer),
	    TEST(who_comes_back_is_not_gone),
	    TEST(a_partial_answer),
	    TEST(another_service_is_no_replacement),
	    TEST(naptr_is_swallowed),
	    TEST(naptr_is_not_forgotten),
	    TEST(bounds),
	    TEST(questions_are_bounded),
	    TEST(uses),
	    TEST(thousands),
	    TEST(nobody_starves),
	    TEST(restored),
	    TEST(refresh),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
