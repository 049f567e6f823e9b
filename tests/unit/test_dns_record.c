/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rdata as a hostile name server may send it: nothing is read beyond its end, and
 * what is read can stand in a log.
 */
#include <errno.h>
#include "dns_zone.h"

/* A copy that ends where it ends, for the sanitizer to see. */
static int read_exactly(uint16_t type, const uint8_t *p, size_t n, struct cx_dns_record *r)
{
	uint8_t *copy = malloc(n + !n);
	int err;

	assert_non_null(copy);
	if (n)
		memcpy(copy, p, n);
	err = cx_dns_record_read(type, copy, n, r);
	free(copy);
	return err;
}

static void good_records(void **state)
{
	struct cx_dns_record r;
	uint8_t p[1024];
	union cx_addr a = fixture_addr("192.0.2.7"), b = fixture_addr("2001:db8::7");

	assert_int_equal(read_exactly(CX_DNS_A, p, zone_rdata(CX_DNS_A, "192.0.2.7", p), &r), 0);
	assert_memory_equal(&r.addr, &a, sizeof(a));
	assert_int_equal(read_exactly(CX_DNS_AAAA, p, zone_rdata(CX_DNS_AAAA, "2001:db8::7", p), &r), 0);
	assert_memory_equal(&r.addr, &b, sizeof(b));
	assert_int_equal(
	    read_exactly(CX_DNS_SRV, p, zone_rdata(CX_DNS_SRV, "1 65535 5060 MS1.Example.com", p), &r), 0);
	assert_int_equal(r.srv.priority, 1);
	assert_int_equal(r.srv.weight, 65535);
	assert_int_equal(r.srv.port, 5060);
	assert_string_equal(r.srv.host, "ms1.example.com");
	assert_int_equal(read_exactly(CX_DNS_SRV, p, zone_rdata(CX_DNS_SRV, "0 0 0 .", p), &r), 0);
	assert_string_equal(r.srv.host, "");
	assert_int_equal(read_exactly(CX_DNS_NAPTR, p,
				      zone_rdata(CX_DNS_NAPTR, "10 50 S SIP+D2U _sip._udp.example.com", p),
				      &r),
			 0);
	assert_int_equal(r.naptr.order, 10);
	assert_int_equal(r.naptr.preference, 50);
	assert_string_equal(r.naptr.flags, "s");
	assert_string_equal(r.naptr.service, "sip+d2u");
	assert_string_equal(r.naptr.replacement, "_sip._udp.example.com");
}

/* Cut off or longer by a byte: each is refused. */
static void wrong_lengths(void **state)
{
	static const struct {
		uint16_t type;
		const char *text;
	} records[] = {{CX_DNS_A, "192.0.2.7"},
		       {CX_DNS_AAAA, "2001:db8::7"},
		       {CX_DNS_SRV, "1 2 5060 ms1.example.com"},
		       {CX_DNS_NAPTR, "10 50 S SIP+D2U _sip._udp.example.com"}};
	struct cx_dns_record r;
	uint8_t p[1024];

	for (size_t i = 0; i < 4; i++) {
		size_t n = zone_rdata(records[i].type, records[i].text, p);

		p[n] = 0;
		for (size_t cut = 0; cut < n; cut++)
			assert_int_equal(read_exactly(records[i].type, p, cut, &r), -EINVAL);
		assert_int_equal(read_exactly(records[i].type, p, n + 1, &r), -EINVAL);
	}
	assert_int_equal(read_exactly(99, p, 4, &r), -EINVAL);
}

static int srv_of(const uint8_t *name, size_t n)
{
	static const uint8_t head[] = {0, 1, 0, 1, 0x13, 0xc4};
	struct cx_dns_record r;
	uint8_t p[1024];

	memcpy(p, head, sizeof(head));
	memcpy(p + sizeof(head), name, n);
	return read_exactly(CX_DNS_SRV, p, sizeof(head) + n, &r);
}

static void wrong_names(void **state)
{
	uint8_t deep[300];
	size_t n = 0;

	assert_int_equal(srv_of((const uint8_t *)"\1a", 3), 0);
	assert_int_equal(srv_of((const uint8_t *)"\xc0\x0c", 3),
			 -EINVAL); /* a pointer, to nowhere or itself */
	assert_int_equal(srv_of((const uint8_t *)"\x40", 2), -EINVAL);
	assert_int_equal(srv_of((const uint8_t *)"\5ab\0cd", 7), -EINVAL);
	assert_int_equal(srv_of((const uint8_t *)"\3a.b", 5), -EINVAL);
	assert_int_equal(srv_of((const uint8_t *)"\3a b", 5), -EINVAL);
	assert_int_equal(srv_of((const uint8_t *)"\3a\nb", 5), -EINVAL);
	assert_int_equal(srv_of((const uint8_t *)"\3a\x80"
						 "b",
				5),
			 -EINVAL);
	/* 126 labels are 253 characters with their dots: one more is too many */
	while (n < 252) {
		deep[n++] = 1;
		deep[n++] = 'x';
	}
	deep[n] = 0;
	assert_int_equal(srv_of(deep, n + 1), 0);
	deep[n++] = 2;
	deep[n++] = 'x';
	deep[n++] = 'x';
	deep[n] = 0;
	assert_int_equal(srv_of(deep, n + 1), -EINVAL);
}

static void ipv4_in_ipv6_is_none(void **state)
{
	static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 10};
	struct cx_dns_record r;

	assert_int_equal(read_exactly(CX_DNS_AAAA, mapped, 16, &r), -EINVAL);
}

/* One bad record does not spoil the others, a doubled one counts once, and there is a bound. */
static void answers(void **state)
{
	struct cx_dns_answer *a = calloc(1, sizeof(*a));
	uint8_t p[1024];

	assert_non_null(a);
	cx_dns_answer_add(a, CX_DNS_A, p, zone_rdata(CX_DNS_A, "192.0.2.1", p));
	cx_dns_answer_add(a, CX_DNS_A, p, 3);
	cx_dns_answer_add(a, CX_DNS_A, p, zone_rdata(CX_DNS_A, "192.0.2.2", p));
	cx_dns_answer_add(a, CX_DNS_A, p, zone_rdata(CX_DNS_A, "192.0.2.1", p));
	assert_int_equal(a->n, 2);
	assert_int_equal(a->left_out, 1);
	for (unsigned i = 0; i < 200; i++) {
		p[3] = (uint8_t)(10 + i);
		cx_dns_answer_add(a, CX_DNS_A, p, 4);
	}
	assert_int_equal(a->n, CX_DNS_RECORDS_MAX);
	assert_int_equal(a->left_out, 1 + 202 - CX_DNS_RECORDS_MAX);
	free(a);
}

/* Random damage: whatever is accepted keeps the promise of record.h. */
static void damage(void **state)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	struct cx_dns_record r;
	uint8_t good[2][1024], p[1024];
	size_t n[2] = {zone_rdata(CX_DNS_SRV, "1 2 5060 ms1.example.com", good[0]),
		       zone_rdata(CX_DNS_NAPTR, "10 50 S SIP+D2U _sip._udp.example.com", good[1])};
	unsigned accepted = 0;

	srand(3);
	for (unsigned i = 0; i < 200000; i++) {
		unsigned k = i & 1;
		size_t length = (unsigned)rand() % 8 ? n[k] : (unsigned)rand() % (n[k] + 1);
		const char *name = k ? r.naptr.replacement : r.srv.host;

		memcpy(p, good[k], n[k]);
		for (int m = rand() % 4; m >= 0; m--)
			p[(unsigned)rand() % n[k]] = (uint8_t)rand();
		if (read_exactly(k ? CX_DNS_NAPTR : CX_DNS_SRV, p, length, &r))
			continue;
		accepted++;
		assert_true(strlen(name) < CX_DNS_NAME && !name[strspn(name, allowed)]);
	}
	assert_true(accepted > 1000);
}

static void names_of_text(void **state)
{
	char name[CX_DNS_NAME], longest[CX_DNS_NAME + 1];

	assert_int_equal(cx_dns_name_from_text("MS1.Example.com.", name), 0);
	assert_string_equal(name, "ms1.example.com");
	assert_int_equal(cx_dns_name_from_text("localhost", name), 0);
	assert_int_equal(cx_dns_name_from_text("", name), -EINVAL);
	assert_int_equal(cx_dns_name_from_text(".", name), -EINVAL);
	assert_int_equal(cx_dns_name_from_text("a..b", name), -EINVAL);
	assert_int_equal(cx_dns_name_from_text("-a.b", name), -EINVAL);
	assert_int_equal(cx_dns_name_from_text("a-.b", name), -EINVAL);
	assert_int_equal(cx_dns_name_from_text("a b", name), -EINVAL);
	memset(longest, 'a', sizeof(longest));
	longest[64] = '\0';
	assert_int_equal(cx_dns_name_from_text(longest, name), -EINVAL);
	longest[63] = '\0';
	assert_int_equal(cx_dns_name_from_text(longest, name), 0);
	for (size_t i = 0; i < CX_DNS_NAME; i++)
		longest[i] = i % 4 == 3 ? '.' : 'a';
	longest[253] = '\0';
	assert_int_equal(cx_dns_name_from_text(longest, name), 0);
	longest[253] = 'a';
	longest[254] = '\0';
	assert_int_equal(cx_dns_name_from_text(longest, name), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(good_records),  cmocka_unit_test(wrong_lengths),
	    cmocka_unit_test(wrong_names),   cmocka_unit_test(ipv4_in_ipv6_is_none),
	    cmocka_unit_test(answers),	     cmocka_unit_test(damage),
	    cmocka_unit_test(names_of_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
