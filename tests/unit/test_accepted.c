// SPDX-License-Identifier: GPL-2.0-only
/* Hints about whose connection a peer opened: found, dropped, moved, and lost only when a set is full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <cmocka.h>
#include "base/addr.h"
#include "net/accepted.h"

static struct cx_hop hop(const char *address, uint16_t port, uint16_t listener)
{
	struct cx_hop h = {.port = port, .listener = listener, .connection = CX_NO_CONNECTION};
	uint8_t family;

	assert_int_equal(cx_addr_parse(address, &h.addr, &family), 0);
	return h;
}

static void found_by_address_port_and_listener(void **state)
{
	struct cx_accepted *a = cx_accepted_new(1000, 42);
	struct cx_hop phone = hop("198.51.100.7", 49152, 3), other = phone;

	assert_int_equal(cx_accepted_find(a, &phone), -ENOENT);
	cx_accepted_put(a, &phone, 0);
	assert_int_equal(cx_accepted_find(a, &phone), 0);
	other.port++;
	assert_int_equal(cx_accepted_find(a, &other), -ENOENT);
	other = phone;
	other.listener++;
	assert_int_equal(cx_accepted_find(a, &other), -ENOENT);
	other = hop("2001:db8::7", 49152, 3);
	assert_int_equal(cx_accepted_find(a, &other), -ENOENT);
	other = phone; /* what else a hop has does not count */
	other.connection = 5;
	other.generation = 7;
	assert_int_equal(cx_accepted_find(a, &other), 0);
	cx_accepted_free(a);
}

static void the_last_to_accept_has_it(void **state)
{
	struct cx_accepted *a = cx_accepted_new(1000, 42);
	struct cx_hop phone = hop("198.51.100.7", 49152, 3);

	cx_accepted_put(a, &phone, 63);
	cx_accepted_put(a, &phone, 1); /* the port came again before 63 saw the end */
	cx_accepted_drop(a, &phone, 63);
	assert_int_equal(cx_accepted_find(a, &phone), 1);
	cx_accepted_drop(a, &phone, 1);
	assert_int_equal(cx_accepted_find(a, &phone), -ENOENT);
	cx_accepted_free(a);
}

static void few_are_lost(void **state)
{
	struct cx_accepted *a = cx_accepted_new(20000, 42);
	struct cx_hop phone = hop("2001:db8::7", 0, 3);
	unsigned lost = 0;

	for (unsigned port = 0; port < 20000; port++) {
		phone.port = (uint16_t)port;
		cx_accepted_put(a, &phone, port & 63);
	}
	for (unsigned port = 0; port < 20000; port++) {
		int worker;

		phone.port = (uint16_t)port;
		worker = cx_accepted_find(a, &phone);
		if (worker < 0)
			lost++;
		else
			assert_int_equal(worker, port & 63);
		cx_accepted_drop(a, &phone, port & 63);
		assert_int_equal(cx_accepted_find(a, &phone), -ENOENT);
	}
	assert_in_range(lost, 0, 200); /* 1 %; as full as it gets */
	cx_accepted_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(found_by_address_port_and_listener),
					   cmocka_unit_test(the_last_to_accept_has_it),
					   cmocka_unit_test(few_are_lost)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
