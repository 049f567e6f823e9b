// SPDX-License-Identifier: GPL-2.0-only
/*
 * Via values, addresses and numbers: what is read of them, what is refused.
 */
#include "sip_fixture.h"
#include <errno.h>
#include "sip/address.h"
#include "sip/cseq.h"
#include "sip/via.h"

static struct cx_via_value via(const char *text)
{
	struct cx_via_value v;

	if (cx_via_parse(cx_text_of(text), &v))
		fail_msg("%s", text);
	return v;
}

static void vias(void **state)
{
	struct cx_via_value v =
	    via("SIP/2.0/UDP pc33.atlanta.com:5066;branch=z9hG4bK776;rport=9;received=192.0.2.1"
		";maddr=224.2.0.1;ttl=16;x=\"a,;b\"");

	assert_text(v.protocol, "SIP/2.0/UDP");
	assert_int_equal(v.transport, CX_UDP);
	assert_text(v.host, "pc33.atlanta.com");
	assert_int_equal(v.port, 5066);
	assert_text(v.branch, "z9hG4bK776");
	assert_true(v.magic && v.rport);
	assert_int_equal(v.rport_value, 9);
	assert_text(v.received, "192.0.2.1");
	assert_text(v.maddr, "224.2.0.1");
	assert_text(v.ttl, "16");

	v = via("SIP  / 2.0\r\n /\tUNKNOWN  first.example.com : 4000 ;\r\n branch = xyz ; rport ");
	assert_text(v.transport_text, "UNKNOWN");
	assert_int_equal(v.transport, -EINVAL);
	assert_int_equal(v.port, 4000);
	assert_text(v.branch, "xyz");
	assert_true(v.rport && !v.magic);
	assert_int_equal(v.rport_value, 0);
	v = via("SIP/2.0/tls [2001:db8::1]");
	assert_text(v.host, "[2001:db8::1]");
	assert_int_equal(cx_via_port(&v), 5061);
	assert_null(v.branch.p);
	assert_int_equal(v.params.n, 0);
	v = via("SIP/2.0/UDP h;branch=z9hG4bK"); /* the cookie alone says nothing */
	assert_false(v.magic);
	v = via("SIP/2.0/UDP h;branch=Z9hG4bKa");
	assert_false(v.magic);
	v = via("SIP/2.0/UDP h;received=2001:db8::9:255"); /* RFC 5118 4.5 */
	assert_text(v.received, "2001:db8::9:255");
}

static void bad_vias(void **state)
{
	static const char *const texts[] = {
	    "",
	    "SIP",
	    "SIP/2.0",
	    "SIP/2.0/UDP",
	    "SIP/2.0/UDP ",
	    "SIP//UDP h",
	    "SIP/2.0/UDP;x h",
	    "SIP/2.0/UDP 1:h",
	    "SIP/2.0/UDP h:",
	    "SIP/2.0/UDP h:0",
	    "SIP/2.0/UDP h:65536",
	    "SIP/2.0/UDP [::1",
	    "SIP/2.0/UDP h;",
	    "SIP/2.0/UDP h;;branch=a",
	    "SIP/2.0/UDP h;branch=",
	    "SIP/2.0/UDP h;branch=a;branch=a",
	    "SIP/2.0/UDP h;branch",
	    "SIP/2.0/UDP h;rport=x",
	    "SIP/2.0/UDP h;rport=65536",
	    "SIP/2.0/UDP h;x=\"",
	    "SIP/2.0/UDP h x",
	    "SIP/2.0/UDP h;a=b,",
	    "SIP/2.0/UDP 192.0.2.15;;,;,,",
	};
	struct cx_via_value v;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (cx_via_parse(cx_text_of(texts[i]), &v) != -EINVAL)
			fail_msg("%s", texts[i]);
}

static void same(const char *a, const char *b, bool expected)
{
	struct cx_via_value x = via(a), y = via(b);

	if (cx_via_same_sent_by(&x, &y) != expected)
		fail_msg("%s and %s", a, b);
}

static void sent_by(void **state)
{
	same("SIP/2.0/UDP Example.com", "SIP/2.0/UDP example.com:5060", true);
	same("SIP/2.0/TLS example.com", "SIP/2.0/UDP example.com:5061", true);
	same("SIP/2.0/UDP example.com", "SIP/2.0/UDP example.org", false);
	same("SIP/2.0/UDP h", "SIP/2.0/UDP h:5061", false);
	same("SIP/2.0/UDP [2001:DB8:0::1]", "SIP/2.0/UDP [2001:db8::1]", true);
	same("SIP/2.0/UDP [2001:db8::1]", "SIP/2.0/UDP [2001:db8::2]", false);
	same("SIP/2.0/UDP 192.0.2.1", "SIP/2.0/UDP h", false);
}

static void topmost(void **state)
{
	struct sip_fixture f = {0};
	struct cx_via_value v;

	assert_int_equal(sip_index(&f, "OPTIONS sip:a SIP/2.0\r\nv: SIP/2.0/UDP a;branch=1, SIP/2.0/TCP b\r\n"
				       "Via: SIP/2.0/TLS c\r\n\r\n"),
			 0);
	assert_int_equal(cx_via_first(&f.m, &v), 0);
	assert_text(v.text, "SIP/2.0/UDP a;branch=1");
	assert_int_equal(sip_index(&f, "OPTIONS sip:a SIP/2.0\r\n\r\n"), 0);
	assert_int_equal(cx_via_first(&f.m, &v), -ENOENT);
	assert_int_equal(sip_index(&f, "OPTIONS sip:a SIP/2.0\r\nVia:\r\nVia: SIP/2.0/UDP a\r\n\r\n"), 0);
	assert_int_equal(cx_via_first(&f.m, &v), -EINVAL);
	assert_int_equal(sip_index(&f, "OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP a,,SIP/2.0/UDP b\r\n\r\n"), 0);
	assert_int_equal(cx_via_first(&f.m, &v), -EINVAL);
	assert_text(v.host, "a");
	assert_int_equal(sip_index(&f, "OPTIONS sip:a SIP/2.0\r\nVia:\r\n\r\n"), 0);
	assert_int_equal(cx_via_first(&f.m, &v), -EINVAL);
	sip_fixture_free(&f);
}

static struct cx_address address(const char *text)
{
	struct cx_address a;

	if (cx_address_parse(cx_text_of(text), &a))
		fail_msg("%s", text);
	return a;
}

static void addresses(void **state)
{
	struct cx_address a = address("\"Mr. \\\"<;>\" <sip:j@example.com;lr?a=b> ; tag = 1 ;x");
	struct cx_uri uri;

	assert_text(a.display, "\"Mr. \\\"<;>\"");
	assert_text(a.uri, "sip:j@example.com;lr?a=b");
	assert_text(cx_address_tag(&a), "1");
	assert_true(a.brackets);
	a = address("caller<sip:c@example.com>;tag=323"); /* RFC 4475 3.1.1.6 */
	assert_text(a.display, "caller");
	a = address("Bell, Alexander <sip:a.g.bell@example.com>;tag=43"); /* 3.1.2.15 */
	assert_text(a.display, "Bell, Alexander");
	a = address("\"Watson, Thomas\" < sip:t.watson@example.org >"); /* 3.1.2.14 */
	assert_text(a.uri, "sip:t.watson@example.org");
	assert_int_equal(cx_address_tag(&a).n, 0);
	a = address("sip:a@b;tag=x;lr"); /* the header's, not the URI's */
	assert_text(a.uri, "sip:a@b");
	assert_text(cx_address_tag(&a), "x");
	assert_false(a.brackets);
	a = address("<sip:a@b;tag=x>");
	assert_int_equal(cx_address_tag(&a).n, 0);
	a = address(" * ");
	assert_true(a.star);
	assert_int_equal(cx_address_parse_uri(CX_TEXT("<sip:a@b;lr>;q=1"), &a, &uri), 0);
	assert_true(cx_uri_is_loose(&uri));
	assert_int_equal(cx_address_parse_uri(CX_TEXT("<sip:>"), &a, &uri), -EINVAL);
	assert_int_equal(cx_address_parse_uri(CX_TEXT("*"), &a, &uri), -EINVAL);
	assert_int_equal(cx_address_parse_uri(CX_TEXT(""), &a, &uri), -EINVAL);
}

static void bad_addresses(void **state)
{
	static const char *const texts[] = {
	    "",
	    "a",
	    "\"Mr. J. User <sip:j.user@example.com>",
	    "\"a\"",
	    "\"a\" sip:b",
	    "<sip:a",
	    "<>",
	    "< >",
	    "x <>",
	    "<sip:a> x",
	    "<sip:a>,<sip:b>",
	    "<sip:a>;",
	    "<sip:a>;;tag=1",
	    "sip:a;tag=\"",
	    "sip:a b",
	    "x\"y <sip:a>",
	    ";tag=1",
	};
	struct cx_address a;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (cx_address_parse(cx_text_of(texts[i]), &a) != -EINVAL)
			fail_msg("%s", texts[i]);
}

static void q_values(void **state)
{
	static const struct {
		const char *text;
		int q;
	} all[] = {
	    {"<sip:a>", 1000},
	    {"<sip:a>;q=0.7", 700},
	    {"<sip:a>;Q=1", 1000},
	    {"<sip:a>;q=0", 0},
	    {"<sip:a>;q=0.", 0},
	    {"<sip:a>;q=0.123", 123},
	    {"<sip:a>;q=1.000", 1000},
	    {"<sip:a>;q=0.05", 50},
	    {"<sip:a>;q=1.001", -EINVAL},
	    {"<sip:a>;q=0.1234", -EINVAL},
	    {"<sip:a>;q=2", -EINVAL},
	    {"<sip:a>;q=", -EINVAL},
	    {"<sip:a>;q", -EINVAL},
	    {"<sip:a>;q=00", -EINVAL},
	    {"<sip:a>;q=0.x", -EINVAL},
	    {"<sip:a>;q=-1", -EINVAL},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct cx_address a = address(all[i].text);

		if (cx_address_q(&a) != all[i].q)
			fail_msg("%s: %d", all[i].text, cx_address_q(&a));
	}
}

static void numbers(void **state)
{
	struct sip_fixture f = {0};
	struct cx_cseq cseq;
	struct cx_rack rack;
	uint32_t value = 0;
	static const char *const bad[] = {"",
					  "1",
					  "1 ",
					  "INVITE",
					  "INVITE 1",
					  "1INVITE",
					  "-1 INVITE",
					  "2147483648 INVITE",
					  "36893488147419103232 INVITE",
					  "1 INVITE x",
					  "1 (INVITE)"};

	assert_int_equal(cx_cseq_parse(CX_TEXT(" 0009\r\n  INVITE "), &cseq), 0);
	assert_int_equal(cseq.number, 9);
	assert_text(cseq.number_text, "0009");
	assert_int_equal(cseq.method, CX_M_INVITE);
	assert_int_equal(cx_cseq_parse(CX_TEXT("2147483647 NEWMETHOD"), &cseq), 0);
	assert_text(cseq.method_text, "NEWMETHOD");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (cx_cseq_parse(cx_text_of(bad[i]), &cseq) != -EINVAL)
			fail_msg("%s", bad[i]);
	assert_int_equal(cx_rack_parse(CX_TEXT("776656 1 INVITE"), &rack), 0);
	assert_int_equal(rack.rseq, 776656);
	assert_int_equal(rack.cseq.number, 1);
	assert_int_equal(cx_rack_parse(CX_TEXT("1 INVITE"), &rack), -EINVAL);
	assert_int_equal(cx_rack_parse(CX_TEXT("x"), &rack), -EINVAL);

	assert_int_equal(
	    sip_index(&f, "SIP/2.0 503 x\r\nRetry-After: 120 (busy)\r\nExpires: 0x\r\nMin-SE: 90\r\n\r\n"),
	    0);
	assert_int_equal(cx_cseq_of(&f.m, &cseq), -ENOENT);
	assert_int_equal(cx_retry_after(&f.m, &value), 0);
	assert_int_equal(value, 120);
	assert_int_equal(cx_message_number(&f.m, CX_HEADER_MIN_SE, 100, &value), 0);
	assert_int_equal(value, 90);
	assert_int_equal(cx_message_number(&f.m, CX_HEADER_MIN_SE, 89, &value), -ERANGE);
	assert_int_equal(cx_message_number(&f.m, CX_HEADER_EXPIRES, 100, &value), -EINVAL);
	assert_int_equal(cx_message_number(&f.m, CX_HEADER_RSEQ, 100, &value), -ENOENT);
	assert_int_equal(cx_retry_after(&f.m, &value), 0);
	assert_int_equal(sip_index(&f, "SIP/2.0 503 x\r\nRetry-After: 5;duration=3600\r\n\r\n"), 0);
	assert_int_equal(cx_retry_after(&f.m, &value), 0);
	assert_int_equal(value, 5);
	assert_int_equal(sip_index(&f, "SIP/2.0 503 x\r\nRetry-After: 5 Monday\r\n\r\n"), 0);
	assert_int_equal(cx_retry_after(&f.m, &value), -EINVAL);
	assert_int_equal(sip_index(&f, "SIP/2.0 503 x\r\nRetry-After: Monday\r\n\r\n"), 0);
	assert_int_equal(cx_retry_after(&f.m, &value), -EINVAL);
	assert_int_equal(sip_index(&f, "SIP/2.0 503 x\r\n\r\n"), 0);
	assert_int_equal(cx_retry_after(&f.m, &value), -ENOENT);
	sip_fixture_free(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(vias),	cmocka_unit_test(bad_vias),  cmocka_unit_test(sent_by),
	    cmocka_unit_test(topmost),	cmocka_unit_test(addresses), cmocka_unit_test(bad_addresses),
	    cmocka_unit_test(q_values), cmocka_unit_test(numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
