/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring: weights, disruption, independence of order.
 */
#include <errno.h>
#include <time.h>
#include "fixture.h"
#include "route/world.h"

#define MEMBERS_MAX 1001

static char names[MEMBERS_MAX][CX_NAME_SIZE];

static void make_members(struct cx_ring_member *m, size_t n, unsigned net)
{
	size_t i;

	for (i = 0; i < n; i++) {
		snprintf(names[i], sizeof(names[i]), "10.%u.%u.%u:5060", net, (unsigned)i / 250,
			 (unsigned)i % 250 + 1);
		m[i] = (struct cx_ring_member){.element = (uint32_t)i, .weight = 1, .name = names[i]};
	}
}

static uint32_t slots(const struct cx_ring *r)
{
	return 1u << r->bits;
}

static uint32_t shares[MEMBERS_MAX];

static void count_shares(const struct cx_ring *r)
{
	uint32_t i;

	memset(shares, 0, sizeof(shares));
	for (i = 0; i < slots(r); i++) {
		assert_true(r->slots[i] < MEMBERS_MAX);
		shares[r->slots[i]]++;
	}
}

static double moved_percent(const struct cx_ring *a, const struct cx_ring *b)
{
	uint32_t i, n = 0;

	assert_int_equal(a->bits, b->bits);
	for (i = 0; i < slots(a); i++)
		n += a->slots[i] != b->slots[i];
	return n * 100.0 / slots(a);
}

static void weights_are_honoured(void **state)
{
	const uint32_t weights[] = {1, 2, 7};
	struct cx_ring_member m[3];
	struct cx_ring *r;
	size_t i;

	make_members(m, 3, 0);
	for (i = 0; i < 3; i++)
		m[i].weight = weights[i];
	r = cx_ring_build(m, 3, cx_ring_bits_for(10));
	assert_non_null(r);
	count_shares(r);
	for (i = 0; i < 3; i++) {
		double wanted = slots(r) * weights[i] / 10.0, error = shares[i] / wanted - 1;

		assert_true(error > -0.01 && error < 0.01);
	}
	free(r);
}

static void every_slot_has_a_member_and_every_member_a_slot(void **state)
{
	static struct cx_ring_member m[1000];
	struct cx_ring *r;
	size_t i;

	make_members(m, 1000, 0);
	for (i = 0; i < 1000; i++)
		m[i].weight = i % 10 ? 1 : 1000;
	r = cx_ring_build(m, 1000, cx_ring_bits_for(1000));
	assert_non_null(r);
	count_shares(r);
	for (i = 0; i < 1000; i++)
		assert_true(shares[i] > 0);
	free(r);
}

static void removing_or_adding_one_of_ten_moves_little(void **state)
{
	struct cx_ring_member m[11];
	double worst_removed = 0, worst_added = 0;
	unsigned net;

	for (net = 0; net < 30; net++) {
		struct cx_ring *ten, *nine, *eleven;
		double removed, added;

		make_members(m, 11, net);
		eleven = cx_ring_build(m, 11, cx_ring_bits_for(11));
		ten = cx_ring_build(m, 10, cx_ring_bits_for(10));
		m[net % 10] = m[9];
		nine = cx_ring_build(m, 9, cx_ring_bits_for(10));
		assert_true(ten && nine && eleven);
		removed = moved_percent(ten, nine);
		added = moved_percent(ten, eleven);
		worst_removed = removed > worst_removed ? removed : worst_removed;
		worst_added = added > worst_added ? added : worst_added;
		free(ten);
		free(nine);
		free(eleven);
	}
	print_message("removing one of 10 moves at most %.2f %%, adding one %.2f %%\n", worst_removed,
		      worst_added);
	assert_true(worst_removed >= 10 && worst_removed < 12);
	assert_true(worst_added >= 9 && worst_added < 12);
}

static void order_does_not_matter(void **state)
{
	struct cx_ring_member m[7], back[7];
	struct cx_ring *a, *b;
	size_t i;

	make_members(m, 7, 0);
	for (i = 0; i < 7; i++) {
		m[i].weight = (uint32_t)i + 1;
		back[6 - i] = m[i];
	}
	a = cx_ring_build(m, 7, 12);
	b = cx_ring_build(back, 7, 12);
	assert_true(a && b);
	assert_memory_equal(a->slots, b->slots, sizeof(uint32_t) << 12);
	free(a);
	free(b);
}

static void a_ring_of_nobody_is_no_ring(void **state)
{
	struct cx_ring_member m[2];
	struct cx_ring *r;

	errno = EIO;
	assert_null(cx_ring_build(NULL, 0, CX_RING_BITS_MIN));
	assert_int_equal(errno, 0);
	make_members(m, 2, 0);
	m[0].weight = m[1].weight = 0;
	assert_null(cx_ring_build(m, 2, CX_RING_BITS_MIN));
	assert_int_equal(errno, 0);
	m[1].weight = 3;
	r = cx_ring_build(m, 2, CX_RING_BITS_MIN);
	assert_non_null(r);
	count_shares(r);
	assert_int_equal(shares[1], slots(r));
	free(r);
}

static void a_thousand_members_are_quick_and_even(void **state)
{
	static struct cx_ring_member m[1000];
	struct timespec a, b;
	struct cx_ring *r;
	double ms;
	size_t i;

	make_members(m, 1000, 0);
	clock_gettime(CLOCK_MONOTONIC, &a);
	r = cx_ring_build(m, 1000, cx_ring_bits_for(1000));
	clock_gettime(CLOCK_MONOTONIC, &b);
	assert_non_null(r);
	ms = (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
	print_message("ring of 1000 members, %u slots: %.1f ms\n", slots(r), ms);
	count_shares(r);
	for (i = 0; i < 1000; i++)
		assert_true(shares[i] == slots(r) / 1000 || shares[i] == slots(r) / 1000 + 1);
	free(r);
}

static void sizes_stay_within_the_abi(void **state)
{
	size_t n;

	assert_int_equal(cx_ring_bits_for(0), CX_RING_BITS_MIN);
	for (n = 1; n <= CX_ELEMENTS_MAX; n++) {
		uint16_t bits = cx_ring_bits_for(n);

		assert_in_range(bits, CX_RING_BITS_MIN, CX_RING_BITS_MAX);
		assert_true(bits >= cx_ring_bits_for(n - 1));
		assert_true(n > 2048 || ((size_t)1 << bits) >= n * 512);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(weights_are_honoured),
	    cmocka_unit_test(every_slot_has_a_member_and_every_member_a_slot),
	    cmocka_unit_test(removing_or_adding_one_of_ten_moves_little),
	    cmocka_unit_test(order_does_not_matter),
	    cmocka_unit_test(a_ring_of_nobody_is_no_ring),
	    cmocka_unit_test(a_thousand_members_are_quick_and_even),
	    cmocka_unit_test(sizes_stay_within_the_abi),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
