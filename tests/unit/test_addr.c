/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses: what is taken, what is refused, and that text, map and socket
 * forms give each other back (RFC 4291, RFC 5952).
 */
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include "base/addr.h"

static void test_parse(void **state)
{
	static const struct {
		const char *text, *back; /* back NULL: refused */
		uint8_t family;
	} cases[] = {
	    {"192.0.2.1", "192.0.2.1", CX_IPV4},
	    {"0.0.0.0", "0.0.0.0", CX_IPV4},
	    {"255.255.255.255", "255.255.255.255", CX_IPV4},
	    {"2001:db8::1", "2001:db8::1", CX_IPV6},
	    {"[2001:db8::1]", "2001:db8::1", CX_IPV6},
	    {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1", CX_IPV6},
	    {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1", CX_IPV6},
	    {"::", "::", CX_IPV6},
	    {"[::1]", "::1", CX_IPV6},
	    {"", NULL, 0},
	    {"[]", NULL, 0},
	    {"[", NULL, 0},
	    {"[192.0.2.1]", NULL, 0},
	    {"192.0.2", NULL, 0},
	    {"192.0.2.256", NULL, 0},
	    {"192.0.2.01", NULL, 0},
	    {"192.0.2.1 ", NULL, 0},
	    {" 192.0.2.1", NULL, 0},
	    {"192.0.2.1:5060", NULL, 0},
	    {"2001:db8::1::2", NULL, 0},
	    {"[2001:db8::1", NULL, 0},
	    {"2001:db8::1]", NULL, 0},
	    {"[[2001:db8::1]]", NULL, 0},
	    {"fe80::1%eth0", NULL, 0},
	    {"::ffff:192.0.2.1", NULL, 0},
	    {"sip.example.com", NULL, 0},
	    {"2001:0db8:0000:0000:0000:0000:0000:0001:0000:0000:0000:0000", NULL, 0},
	};
	char text[CX_ADDR_TEXT];
	union cx_addr addr;
	uint8_t family;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int err = cx_addr_parse(cases[i].text, &addr, &family);

		if (!cases[i].back) {
			if (err != -EINVAL)
				fail_msg("\"%s\" was taken", cases[i].text);
			continue;
		}
		if (err)
			fail_msg("\"%s\" was refused", cases[i].text);
		assert_int_equal(family, cases[i].family);
		assert_int_equal(cx_addr_is_v4(&addr), family == CX_IPV4);
		assert_string_equal(cx_addr_format(&addr, text), cases[i].back);
	}
}

static void test_mapped_form(void **state)
{
	static const uint8_t bytes[16] = {[10] = 0xff, 0xff, 192, 0, 2, 1};
	union cx_addr addr;
	uint8_t family;

	assert_int_equal(cx_addr_parse("192.0.2.1", &addr, &family), 0);
	assert_memory_equal(addr.b, bytes, 16);
}

static void test_cidr(void **state)
{
	static const struct {
		const char *text;
		int err;
		uint32_t prefixlen;
		uint8_t family;
	} cases[] = {
	    {"192.0.2.0/24", 0, 120, CX_IPV4},
	    {"192.0.2.1", 0, 128, CX_IPV4},
	    {"192.0.2.1/32", 0, 128, CX_IPV4},
	    {"0.0.0.0/0", 0, 96, CX_IPV4},
	    {"192.0.2.128/25", 0, 121, CX_IPV4},
	    {"128.0.0.0/1", 0, 97, CX_IPV4},
	    {"2001:db8::/32", 0, 32, CX_IPV6},
	    {"[2001:db8::]/33", 0, 33, CX_IPV6},
	    {"2001:db8::1", 0, 128, CX_IPV6},
	    {"::/0", 0, 0, CX_IPV6},
	    {"192.0.2.1/24", -ERANGE, 0, 0},
	    {"192.0.2.128/24", -ERANGE, 0, 0},
	    {"128.0.0.0/0", -ERANGE, 0, 0},
	    {"2001:db8::1/127", -ERANGE, 0, 0},
	    {"2001:db8:8000::/32", -ERANGE, 0, 0},
	    {"192.0.2.0/33", -EINVAL, 0, 0},
	    {"192.0.2.0/-1", -EINVAL, 0, 0},
	    {"192.0.2.0/", -EINVAL, 0, 0},
	    {"192.0.2.0/024", -EINVAL, 0, 0},
	    {"192.0.2.0/24x", -EINVAL, 0, 0},
	    {"192.0.2.0/24/24", -EINVAL, 0, 0},
	    {"192.0.2.0/4294967320", -EINVAL, 0, 0},
	    {"2001:db8::/129", -EINVAL, 0, 0},
	    {"/24", -EINVAL, 0, 0},
	    {"any", -EINVAL, 0, 0},
	    {"", -EINVAL, 0, 0},
	};
	union cx_addr addr;
	uint32_t prefixlen;
	uint8_t family;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int err = cx_cidr_parse(cases[i].text, &addr, &prefixlen, &family);

		if (err != cases[i].err)
			fail_msg("\"%s\": %d", cases[i].text, err);
		if (!err) {
			assert_int_equal(prefixlen, cases[i].prefixlen);
			assert_int_equal(family, cases[i].family);
		}
	}
}

static void test_match(void **state)
{
	static const struct {
		const char *a, *b;
		uint32_t equal_bits; /* exactly so many */
	} cases[] = {
	    {"192.0.2.0", "192.0.2.1", 127},	{"192.0.2.0", "192.0.2.128", 120},
	    {"192.0.2.0", "64.0.2.0", 96},	{"10.1.0.0", "10.1.0.0", 128},
	    {"2001:db8::", "3001:db8::", 3},	{"2001:db8::", "a001:db8::", 0},
	    {"2001:db8::8", "2001:db8::", 124},
	};
	union cx_addr a, b;
	uint8_t family;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(cx_addr_parse(cases[i].a, &a, &family), 0);
		assert_int_equal(cx_addr_parse(cases[i].b, &b, &family), 0);
		for (uint32_t n = 0; n <= 128; n++)
			assert_int_equal(cx_addr_match(&a, &b, n), n <= cases[i].equal_bits);
	}
}

static void test_endpoint(void **state)
{
	char text[CX_ENDPOINT_TEXT];
	union cx_addr addr;
	uint8_t family;

	cx_addr_parse("192.0.2.1", &addr, &family);
	assert_string_equal(cx_endpoint_format(&addr, 5060, text), "192.0.2.1:5060");
	cx_addr_parse("2001:db8:1111:2222:3333:4444:5555:6666", &addr, &family);
	assert_string_equal(cx_endpoint_format(&addr, 65535, text),
			    "[2001:db8:1111:2222:3333:4444:5555:6666]:65535");
}

static void test_sockaddr(void **state)
{
	static const char *const texts[] = {"192.0.2.1", "2001:db8::1"};
	struct sockaddr_in6 mapped = {.sin6_family = AF_INET6, .sin6_port = htons(5070)};
	struct sockaddr_storage ss;
	union cx_addr addr, back;
	uint8_t family, family_back;
	uint16_t port;

	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(cx_addr_parse(texts[i], &addr, &family), 0);
		assert_int_equal(cx_addr_to_sockaddr(&addr, 5060, &ss),
				 i == 0 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
		assert_int_equal(ss.ss_family, i == 0 ? AF_INET : AF_INET6);
		assert_int_equal(cx_addr_from_sockaddr((struct sockaddr *)&ss, &back, &port, &family_back),
				 0);
		assert_memory_equal(&addr, &back, sizeof(addr));
		assert_int_equal(port, 5060);
		assert_int_equal(family, family_back);
	}

	/* an IPv4 peer as a dual-stack socket shows it */
	assert_int_equal(cx_addr_parse("192.0.2.1", &addr, &family), 0);
	memcpy(&mapped.sin6_addr, addr.b, 16);
	assert_int_equal(cx_addr_from_sockaddr((struct sockaddr *)&mapped, &back, &port, &family), 0);
	assert_int_equal(family, CX_IPV4);
	assert_int_equal(port, 5070);

	ss.ss_family = AF_UNIX;
	assert_int_equal(cx_addr_from_sockaddr((struct sockaddr *)&ss, &back, &port, &family), -EAFNOSUPPORT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse), cmocka_unit_test(test_mapped_form), cmocka_unit_test(test_cidr),
	    cmocka_unit_test(test_match), cmocka_unit_test(test_endpoint),    cmocka_unit_test(test_sockaddr),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
