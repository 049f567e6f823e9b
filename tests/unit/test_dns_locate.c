/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * RFC 3263 section 4 between a zone of text and the machine.
 */
#include "dns/locate.h"
#include "dns_zone.h"

static struct cx_locate *l;
static struct zone zone;

static int setup(void **state)
{
	l = malloc(sizeof(*l));
	return l ? 0 : -1;
}

static int teardown(void **state)
{
	free(l);
	return 0;
}

static void locate_with(const char *const *lines, const struct cx_locate_want *want)
{
	struct cx_dns_answer *a = malloc(sizeof(*a));
	const char *name;
	uint16_t type;
	int question;

	assert_non_null(a);
	zone = (struct zone){.lines = lines};
	cx_locate_start(l, want);
	while (!cx_locate_done(l)) {
		question = cx_locate_ask(l, &name, &type);
		assert_true(question >= 0);
		zone_answer(&zone, name, type, a);
		cx_locate_answer(l, question, a);
		cx_locate_answer(l, question, a); /* a second one is nobody's */
	}
	assert_int_equal(cx_locate_ask(l, &name, &type), -1);
	free(a);
}

#define BOTH                                                                                                 \
	{                                                                                                    \
		CX_LOCATE_V4 | CX_LOCATE_V6, CX_LOCATE_V4 | CX_LOCATE_V6                                     \
	}
#define LOCATE(want_, ...)                                                                                   \
	locate_with((const char *const[]){__VA_ARGS__, NULL}, &(struct cx_locate_want)want_)
#define W(...)                                                                                               \
	{                                                                                                    \
		__VA_ARGS__                                                                                  \
	}

/* "udp 192.0.2.1:5060 p10 w20", in order */
static void expect(const char *const *expected)
{
	char text[128], endpoint[CX_ENDPOINT_TEXT];
	uint16_t i = 0;

	for (; expected[i]; i++) {
		const struct cx_target *t = &l->targets[i];

		assert_true(i < l->n_targets);
		cx_endpoint_format(&t->addr, t->port, endpoint);
		if (t->by_srv)
			snprintf(text, sizeof(text), "%s %s p%u w%u", t->transport == CX_TCP ? "tcp" : "udp",
				 endpoint, t->priority, t->weight);
		else
			snprintf(text, sizeof(text), "%s %s", t->transport == CX_TCP ? "tcp" : "udp",
				 endpoint);
		assert_string_equal(text, expected[i]);
		assert_int_equal(t->family, cx_addr_is_v4(&t->addr) ? CX_IPV4 : CX_IPV6);
	}
	assert_int_equal(l->n_targets, i);
	assert_int_equal(l->status, CX_DNS_OK);
}
#define EXPECT(...) expect((const char *const[]){__VA_ARGS__, NULL})

#define ANY_TRANSPORT W(.host = "h", .transport = CX_LOCATE_ANY, .families = BOTH)

static void expect_none(enum cx_dns_status status)
{
	assert_int_equal(l->n_targets, 0);
	assert_int_equal(l->status, status);
}

static void a_numeric_host(void **state)
{
	LOCATE(W(.host = "192.0.2.1", .transport = CX_LOCATE_ANY, .families = BOTH), "x 1 A 192.0.2.1");
	EXPECT("udp 192.0.2.1:5060");
	LOCATE(W(.host = "2001:db8::1", .port = 5070, .transport = CX_TCP, .families = BOTH),
	       "x 1 A 192.0.2.1");
	EXPECT("tcp [2001:db8::1]:5070");
	assert_int_equal(zone.questions, 0);
}

/* A port: addresses alone, whatever SRV says. */
static void a_port(void **state)
{
	LOCATE(W(.host = "h", .port = 5070, .transport = CX_LOCATE_ANY, .families = BOTH), "h 60 A 192.0.2.2",
	       "h 50 A 192.0.2.1", "h 70 AAAA 2001:db8::1", "_sip._udp.h 60 SRV 0 0 5060 x",
	       "x 60 A 192.0.2.9");
	EXPECT("udp 192.0.2.1:5070", "udp 192.0.2.2:5070", "udp [2001:db8::1]:5070");
	assert_int_equal(l->ttl_s, 50);
	assert_int_equal(zone.questions, 2);
}

static void a_transport(void **state)
{
	LOCATE(W(.host = "h", .transport = CX_TCP, .families = BOTH), "h 60 NAPTR 1 1 s sip+d2u _sip._udp.h",
	       "_sip._tcp.h 60 SRV 10 5 5080 x", "x 40 A 192.0.2.1");
	EXPECT("tcp 192.0.2.1:5080 p10 w5");
	assert_int_equal(l->ttl_s, 40);
	/* no SRV: the host's own address */
	LOCATE(W(.host = "h", .transport = CX_TCP, .families = BOTH), "h 60 A 192.0.2.1");
	EXPECT("tcp 192.0.2.1:5060");
}

static void naptr(void **state)
{
	LOCATE(W(.host = "h", .transport = CX_LOCATE_ANY, .families = BOTH),
	       "h 60 NAPTR 20 1 s SIP+D2U _sip._udp.h", "h 60 NAPTR 10 2 S SIP+D2T _sip._tcp.other",
	       "h 60 NAPTR 10 1 s SIPS+D2T _sips._tcp.h", "h 60 NAPTR 5 1 u E2U+sip .",
	       "_sip._tcp.other 60 SRV 1 1 5061 x", "_sip._udp.h 60 SRV 1 1 5060 x", "x 60 A 192.0.2.1");
	EXPECT("tcp 192.0.2.1:5061 p1 w1");
	/* nothing to send TCP by: the next service */
	LOCATE(W(.host = "h", .transport = CX_LOCATE_ANY, .families = {CX_LOCATE_V4}),
	       "h 60 NAPTR 20 1 s SIP+D2U _sip._udp.h", "h 60 NAPTR 10 2 s SIP+D2T _sip._tcp.other",
	       "_sip._udp.h 60 SRV 1 1 5060 x", "x 60 A 192.0.2.1", "x 60 AAAA 2001:db8::1");
	EXPECT("udp 192.0.2.1:5060 p1 w1");
	assert_int_equal(zone.questions, 3);
	/* of the same order the lower preference */
	LOCATE(W(.host = "h", .transport = CX_LOCATE_ANY, .families = BOTH), "h 60 NAPTR 1 9 s SIP+D2T a",
	       "h 60 NAPTR 1 3 s SIP+D2U b", "b 60 SRV 1 1 5060 x", "x 60 A 192.0.2.1");
	EXPECT("udp 192.0.2.1:5060 p1 w1");
}

static void srv_without_naptr(void **state)
{
	LOCATE(W(.host = "h", .transport = CX_LOCATE_ANY, .families = BOTH), "_sip._tcp.h 60 SRV 1 1 5061 x",
	       "x 60 A 192.0.2.1");
	EXPECT("tcp 192.0.2.1:5061 p1 w1");
	LOCATE(W(.host = "h", .transport = CX_LOCATE_ANY, .families = BOTH), "_sip._udp.h 60 SRV 20 1 5060 y",
	       "_sip._udp.h 60 SRV 10 7 5060 x", "_sip._udp.h 60 SRV 10 3 5062 x", "x 60 A 192.0.2.1",
	       "y 60 AAAA 2001:db8::1");
	EXPECT("udp 192.0.2.1:5060 p10 w7", "udp 192.0.2.1:5062 p10 w3", "udp [2001:db8::1]:5060 p20 w1");
	assert_int_equal(zone.questions, 6); /* NAPTR, SRV, two hosts: x is asked for once */
}

static void no_srv_at_all(void **state)
{
	LOCATE(W(.host = "h", .transport = CX_LOCATE_ANY, .families = BOTH), "h 60 A 192.0.2.1");
	EXPECT("udp 192.0.2.1:5060");
	LOCATE(W(.host = "h", .transport = CX_LOCATE_ANY, .families = {0, CX_LOCATE_V4}), "h 60 A 192.0.2.1");
	EXPECT("tcp 192.0.2.1:5060");
}

/* "." says that there is no such service, so the host's own addresses are none, either. */
static void a_service_that_is_refused(void **state)
{
	LOCATE(W(.host = "h", .transport = CX_UDP, .families = BOTH), "_sip._udp.h 60 SRV 0 0 0 .",
	       "h 60 A 192.0.2.1");
	expect_none(CX_DNS_NO_DATA);
	LOCATE(W(.host = "h", .transport = CX_LOCATE_ANY, .families = BOTH), "_sip._udp.h 60 SRV 0 0 0 .",
	       "_sip._tcp.h 60 SRV 1 1 5060 x", "x 60 A 192.0.2.1");
	EXPECT("tcp 192.0.2.1:5060 p1 w1");
}

/* Same place twice: once, with the better priority. */
static void duplicates(void **state)
{
	LOCATE(W(.host = "h", .transport = CX_UDP, .families = BOTH), "_sip._udp.h 60 SRV 20 1 5060 x",
	       "_sip._udp.h 60 SRV 10 1 5060 y", "x 60 A 192.0.2.1", "y 60 A 192.0.2.1");
	EXPECT("udp 192.0.2.1:5060 p10 w1");
}

static void a_bad_record_does_not_spoil_the_others(void **state)
{
	struct cx_target t;

	LOCATE(W(.host = "h", .transport = CX_UDP, .families = BOTH), "_sip._udp.h 60 SRV 1 1 5060 gone",
	       "_sip._udp.h 60 SRV 1 1 5060 silent", "_sip._udp.h 60 SRV 1 1 5060 good",
	       "_sip._udp.h 60 SRV 1 1 0 portless", "silent 60 * timeout", "good 60 A 192.0.2.1");
	EXPECT("udp 192.0.2.1:5060 p1 w1");
	assert_int_equal(l->left_out, 1);
	/* nobody told of "silent"; "gone" is gone */
	t = l->targets[0];
	assert_false(cx_locate_missed(l, &t));
	for (uint16_t i = 0; i < l->n_names; i++)
		assert_int_equal(l->names[i].missed,
				 strcmp(l->names[i].name, "silent") ? 0 : CX_LOCATE_V4 | CX_LOCATE_V6);
}

static void failures(void **state)
{
	LOCATE(ANY_TRANSPORT, "h 60 * timeout", "_sip._udp.h 60 * timeout");
	expect_none(CX_DNS_TIMEOUT);
	assert_string_equal(l->failed_name, "_sip._udp.h");
	assert_int_equal(l->failed_type, CX_DNS_SRV);
	assert_int_equal(zone.questions, 2); /* the next would take as long */
	LOCATE(W(.host = "h", .transport = CX_UDP, .families = BOTH), "_sip._udp.h 60 SRV failure",
	       "h 60 A 192.0.2.1");
	expect_none(CX_DNS_FAILURE); /* perhaps there is an SRV record */
	assert_string_equal(l->failed_name, "_sip._udp.h");
	LOCATE(W(.host = "h", .port = 5060, .transport = CX_UDP, .families = BOTH), "x 60 A 192.0.2.1");
	expect_none(CX_DNS_NO_NAME);
	LOCATE(W(.host = "h", .port = 5060, .transport = CX_UDP, .families = BOTH), "h 60 SRV none");
	expect_none(CX_DNS_NO_DATA);
	/* an address of one family is enough */
	LOCATE(W(.host = "h", .port = 5060, .transport = CX_UDP, .families = BOTH), "h 60 A failure",
	       "h 60 AAAA 2001:db8::1");
	EXPECT("udp [2001:db8::1]:5060");
	LOCATE(W(.host = "h", .transport = CX_UDP, .families = W(0)), "h 60 A 192.0.2.1");
	expect_none(CX_DNS_NO_DATA); /* nothing to send by */
}

/* Of NAPTR alone nobody tells: as if there were none, with a reservation. */
static void naptr_unanswered(void **state)
{
	LOCATE(ANY_TRANSPORT, "h 60 NAPTR timeout", "_sip._tcp.h 60 SRV 1 1 5061 x", "x 60 A 192.0.2.1");
	EXPECT("tcp 192.0.2.1:5061 p1 w1");
	assert_int_equal(l->naptr, CX_DNS_TIMEOUT);
	assert_false(l->by_naptr);
	assert_string_equal(l->failed_name, "h");
	assert_int_equal(l->failed_type, CX_DNS_NAPTR);
	LOCATE(ANY_TRANSPORT, "h 60 NAPTR failure", "h 60 A 192.0.2.1");
	EXPECT("udp 192.0.2.1:5060");
	assert_int_equal(l->naptr, CX_DNS_FAILURE);
	/* only what can be sent by */
	LOCATE(W(.host = "h", .transport = CX_LOCATE_ANY, .families = {0, CX_LOCATE_V4}),
	       "h 60 NAPTR timeout", "_sip._udp.h 60 SRV 1 1 5061 x", "_sip._tcp.h 60 SRV 1 1 5062 x",
	       "x 60 A 192.0.2.1");
	EXPECT("tcp 192.0.2.1:5062 p1 w1");
	assert_int_equal(zone.questions, 3);
	/* that the rest is not there says little */
	LOCATE(ANY_TRANSPORT, "h 60 NAPTR timeout");
	expect_none(CX_DNS_TIMEOUT);
	assert_int_equal(l->failed_type, CX_DNS_NAPTR);
	LOCATE(ANY_TRANSPORT, "h 60 NAPTR failure");
	expect_none(CX_DNS_FAILURE);
	/* one that is there and leads nowhere is an answer */
	LOCATE(ANY_TRANSPORT, "h 60 NAPTR 1 1 s sips+d2t x", "h 60 A 192.0.2.1");
	EXPECT("udp 192.0.2.1:5060");
	assert_int_equal(l->naptr, CX_DNS_OK);
	assert_false(l->by_naptr);
	LOCATE(ANY_TRANSPORT, "h 60 NAPTR 1 1 s sip+d2t x", "x 60 SRV 1 1 5070 y", "y 60 A 192.0.2.1");
	assert_true(l->by_naptr);
}

/* A call goes to port 5060 of the host only if there is no SRV record, not if nobody tells of one. */
static void srv_unanswered(void **state)
{
	LOCATE(ANY_TRANSPORT, "h 60 NAPTR none", "_sip._udp.h 60 SRV timeout", "h 60 A 192.0.2.1");
	expect_none(CX_DNS_TIMEOUT);
	assert_int_equal(zone.questions, 2);
	LOCATE(ANY_TRANSPORT, "h 60 NAPTR timeout", "_sip._udp.h 60 SRV timeout",
	       "_sip._tcp.h 60 SRV timeout", "h 60 A 192.0.2.1");
	expect_none(CX_DNS_TIMEOUT);
	assert_int_equal(zone.questions, 2);
	LOCATE(ANY_TRANSPORT, "h 60 NAPTR failure", "_sip._udp.h 60 SRV failure", "h 60 A 192.0.2.1");
	expect_none(CX_DNS_FAILURE);
	LOCATE(W(.host = "h", .transport = CX_TCP, .families = BOTH), "_sip._tcp.h 60 SRV failure",
	       "h 60 A 192.0.2.1");
	expect_none(CX_DNS_FAILURE);
}

/* Eight services whose hosts nobody tells of: not eight times the time. */
static void silence_is_bounded(void **state)
{
	LOCATE(W(.host = "h", .transport = CX_LOCATE_ANY, .families = {CX_LOCATE_V4}),
	       "h 60 NAPTR 1 1 s sip+d2u a", "h 60 NAPTR 2 1 s sip+d2u b", "h 60 NAPTR 3 1 s sip+d2u c",
	       "a 60 SRV 1 1 5060 x", "b 60 SRV 1 1 5060 y", "c 60 SRV 1 1 5060 z", "x 60 A timeout",
	       "y 60 A timeout", "z 60 A 192.0.2.1");
	expect_none(CX_DNS_TIMEOUT);
	assert_int_equal(zone.questions, 5);
	LOCATE(W(.host = "h", .transport = CX_LOCATE_ANY, .families = {CX_LOCATE_V4, CX_LOCATE_V4}),
	       "h 60 NAPTR timeout", "_sip._udp.h 60 SRV 1 1 5060 x", "_sip._tcp.h 60 SRV 1 1 5060 y",
	       "x 60 A timeout", "y 60 A 192.0.2.1");
	expect_none(CX_DNS_TIMEOUT);
}

/* 30 SRV records with five addresses each, and more than there can be. */
static void many(void **state)
{
	char(*text)[96] = calloc(700, sizeof(*text));
	const char **lines = calloc(701, sizeof(*lines));
	size_t n = 0;

	assert_true(text && lines);
	for (unsigned i = 0; i < 30; i++) {
		snprintf(text[n++], 96, "_sip._udp.h 60 SRV %u %u 5060 m%u", i / 10, i, i);
		for (unsigned k = 0; k < 5; k++)
			snprintf(text[n++], 96, "m%u 60 A 10.0.%u.%u", i, i, k + 1);
	}
	for (size_t i = 0; i < n; i++)
		lines[i] = text[i];
	locate_with(lines,
		    &(struct cx_locate_want){.host = "h", .transport = CX_UDP, .families = {CX_LOCATE_V4}});
	assert_int_equal(l->n_targets, 150);
	assert_int_equal(l->left_out, 0);
	assert_int_equal(l->targets[0].shares, 5);
	for (n = 0; n < 100; n++) {
		snprintf(text[n * 7], 96, "_sip._udp.h 60 SRV 1 1 5060 m%zu", n);
		for (unsigned k = 0; k < 6; k++)
			snprintf(text[n * 7 + 1 + k], 96, "m%zu 60 A 10.1.%zu.%u", n, n, k + 1);
	}
	for (size_t i = 0; i < 700; i++)
		lines[i] = text[i];
	locate_with(lines,
		    &(struct cx_locate_want){.host = "h", .transport = CX_UDP, .families = {CX_LOCATE_V4}});
	assert_int_equal(l->n_targets, CX_TARGETS_MAX);
	assert_int_equal(l->left_out, (100 - CX_DNS_RECORDS_MAX) + (6 * CX_DNS_RECORDS_MAX - CX_TARGETS_MAX));
	free(text);
	free(lines);
}

static void answers_out_of_turn(void **state)
{
	struct cx_dns_answer *a = calloc(1, sizeof(*a));
	struct cx_locate_want want = {
	    .host = "h", .port = 5060, .transport = CX_UDP, .families = {CX_LOCATE_V4}};
	const char *name;
	uint16_t type;

	assert_non_null(a);
	cx_locate_start(l, &want);
	cx_locate_answer(l, 0, a); /* not asked yet */
	assert_int_equal(cx_locate_ask(l, &name, &type), 0);
	cx_locate_unask(l, 0);
	assert_int_equal(cx_locate_ask(l, &name, &type), 0);
	cx_locate_answer(l, 1, a);
	cx_locate_answer(l, -1, a);
	assert_false(cx_locate_done(l));
	free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_numeric_host),
	    cmocka_unit_test(a_port),
	    cmocka_unit_test(a_transport),
	    cmocka_unit_test(naptr),
	    cmocka_unit_test(srv_without_naptr),
	    cmocka_unit_test(no_srv_at_all),
	    cmocka_unit_test(a_service_that_is_refused),
	    cmocka_unit_test(duplicates),
	    cmocka_unit_test(a_bad_record_does_not_spoil_the_others),
	    cmocka_unit_test(failures),
	    cmocka_unit_test(naptr_unanswered),
	    cmocka_unit_test(srv_unanswered),
	    cmocka_unit_test(silence_is_bounded),
	    cmocka_unit_test(many),
	    cmocka_unit_test(answers_out_of_turn),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
