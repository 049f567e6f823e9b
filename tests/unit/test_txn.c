/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of the transaction room by themselves: handles, keys, branches.
 */
#include <errno.h>
#include "fixture.h"
#include "sip/check.h"
#include "txn/branch.h"
#include "txn/txn.h"

#define SIZE 8

static struct cx_mem mem;

/* ---- table ------------------------------------------------------------------- */

static void a_handle_outlives_nothing(void **state)
{
	struct cx_txn_table t;
	uint64_t handles[SIZE], again;
	int things[SIZE + 1];

	assert_int_equal(cx_txn_table_init(&t, &mem, SIZE), 0);
	for (int i = 0; i < SIZE; i++) {
		handles[i] = cx_txn_table_add(&t, &things[i]);
		assert_true(handles[i] != 0 && cx_txn_table_get(&t, handles[i]) == &things[i]);
	}
	assert_true(cx_txn_table_add(&t, &things[SIZE]) == 0);
	cx_txn_table_remove(&t, handles[3]);
	cx_txn_table_remove(&t, handles[5]);
	assert_null(cx_txn_table_get(&t, handles[3]));
	again = cx_txn_table_add(&t, &things[SIZE]);
	assert_int_equal(cx_handle_slot(again), 3); /* the one that has been free for longest */
	assert_true(again != handles[3] && !cx_txn_table_get(&t, handles[3]));
	cx_txn_table_remove(&t, handles[3]); /* of the one before: nothing happens */
	assert_ptr_equal(cx_txn_table_get(&t, again), &things[SIZE]);
	assert_int_equal(t.count, SIZE - 1);
	assert_null(cx_txn_table_get(&t, 0));
	assert_null(cx_txn_table_get(&t, UINT64_MAX));
	cx_txn_table_free(&t, &mem);
	assert_int_equal(mem.objects, 0);
}

static void a_table_has_limits(void **state)
{
	struct cx_txn_table t;

	assert_int_equal(cx_txn_table_init(&t, &mem, 0), -EINVAL);
	assert_int_equal(cx_txn_table_init(&t, &mem, CX_TXN_SLOTS_MAX + 1), -EINVAL);
	mem.fail_at = mem.allocations + 2;
	assert_int_equal(cx_txn_table_init(&t, &mem, SIZE), -ENOMEM);
	mem.fail_at = 0;
	assert_int_equal(mem.objects, 0);
}

static void links_are_found_by_their_key(void **state)
{
	struct cx_txn_link links[64] = {0};
	struct cx_txn_table t;

	assert_int_equal(cx_txn_table_init(&t, &mem, SIZE), 0);
	for (uint64_t i = 0; i < 64; i++)
		cx_txn_table_link(&t, &links[i], i * 16); /* all in few chains */
	for (uint64_t i = 0; i < 64; i++)
		assert_ptr_equal(cx_txn_table_find(&t, i * 16), &links[i]);
	for (uint64_t i = 0; i < 64; i += 2) {
		cx_txn_table_unlink(&t, &links[i]);
		cx_txn_table_unlink(&t, &links[i]);
	}
	for (uint64_t i = 0; i < 64; i++)
		assert_ptr_equal(cx_txn_table_find(&t, i * 16), i % 2 ? &links[i] : NULL);
	cx_txn_table_free(&t, &mem);
}

/* ---- branch -------------------------------------------------------------------- */

static const struct cx_key key = {.mac = {{{1, 2}}, {{3, 4}}}, .hash = {{5, 6}}, .signing = 1};
static const struct cx_text call_id = {"a-call@example.com", 18};

static struct cx_branch_id id_for(const char *addr)
{
	return (struct cx_branch_id){
	    .handle = (CX_TXN_SLOTS_MAX - 1) | 0xfedcba98ULL << 32,
	    .loop = 0x123456789abcULL,
	    .worker = 1023,
	    .node = 255,
	    .generation = 2,
	    .back = {
		.addr = fixture_addr(addr), .port = 65535, .listener = 255, .connection = CX_NO_CONNECTION}};
}

static void a_branch_says_what_was_written(void **state)
{
	static const char *const addrs[] = {"198.51.100.7", "255.255.255.255",
					    "2001:db8:1234:5678:9abc:def0:1234:5678", "::1"};

	for (size_t i = 0; i < 4; i++) {
		struct cx_branch_id id = id_for(addrs[i]), read = {0};
		char text[CX_BRANCH_MAX];
		uint32_t n = cx_branch_write(text, &key, &id, call_id);
		uint64_t loop;

		assert_int_equal(n, i < 2 ? 56 : 72);
		assert_int_equal(cx_branch_read((struct cx_text){text, n}, &key, call_id, &read), 0);
		assert_true(read.handle == id.handle && read.loop == id.loop && read.worker == id.worker);
		assert_true(read.node == id.node && read.generation == id.generation);
		assert_memory_equal(&read.back, &id.back, sizeof(id.back));
		assert_true(cx_branch_loop((struct cx_text){text, n}, &loop) && loop == id.loop);
		for (size_t k = 0; k < n; k++)
			assert_true(cx_char_is(text[k], CX_C_TOKEN));
	}
}

static void a_branch_cannot_be_forged(void **state)
{
	struct cx_branch_id id = id_for("198.51.100.7"), read;
	struct cx_text other = {"b-call@example.com", 18};
	char text[CX_BRANCH_MAX], changed[CX_BRANCH_MAX];
	uint32_t n = cx_branch_write(text, &key, &id, call_id);
	struct cx_key later = key;

	for (size_t i = 0; i < n; i++)
		for (int bit = 0; bit < 8; bit++) {
			memcpy(changed, text, n);
			changed[i] = (char)(changed[i] ^ 1 << bit);
			assert_int_not_equal(
			    cx_branch_read((struct cx_text){changed, n}, &key, call_id, &read), 0);
		}
	assert_int_equal(cx_branch_read((struct cx_text){text, n}, &key, other, &read), -EBADMSG);
	assert_int_equal(cx_branch_read((struct cx_text){text, n - 1}, &key, call_id, &read), -ENOENT);
	later.signing = 0; /* the key that signed still verifies */
	assert_int_equal(cx_branch_read((struct cx_text){text, n}, &later, call_id, &read), 0);
	later.mac[1].k[0]++;
	assert_int_equal(cx_branch_read((struct cx_text){text, n}, &later, call_id, &read), -EBADMSG);
}

/* In a datagram that somebody quotes, cut off anywhere. */
static void a_branch_is_found_in_a_quotation(void **state)
{
	struct cx_branch_id id = id_for("198.51.100.7"), claimed;
	char text[CX_BRANCH_MAX], quoted[256];
	uint32_t n = cx_branch_write(text, &key, &id, call_id);
	int length = snprintf(quoted, sizeof(quoted), "INVITE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=%.*s",
			      (int)n, text);

	for (const char *behind = "\r;, "; *behind; behind++) {
		struct cx_text branch;

		quoted[length] = *behind;
		branch = cx_branch_in((struct cx_text){quoted, (uint32_t)length + 1});
		assert_int_equal(branch.n, n);
		assert_memory_equal(branch.p, text, n);
		assert_true(cx_branch_claims(branch, &claimed));
		assert_true(claimed.handle == id.handle && claimed.worker == id.worker);
	}
	for (int k = 0; k <= length; k++)
		assert_int_equal(cx_branch_in((struct cx_text){quoted, (uint32_t)k}).n, 0);
	assert_false(cx_branch_claims((struct cx_text){text, n - 1}, &claimed));
	assert_false(cx_branch_claims((struct cx_text){NULL, 0}, &claimed));
}

/* ---- matching -------------------------------------------------------------------- */

static uint64_t match(const char *method, const char *via, const char *uri, bool of_invite)
{
	static const struct cx_siphash_key secret = {.k = {1, 2}};
	struct cx_field fields[16];
	struct cx_message m;
	struct cx_essentials e;
	struct cx_fault fault;
	char text[512];
	int n = snprintf(text, sizeof(text),
			 "%s %s SIP/2.0\r\nVia: %s\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n"
			 "Call-ID: x\r\nCSeq: 1 %s\r\n\r\n",
			 method, uri, via, method);

	cx_message_init(&m, fields, 16, 4096);
	assert_int_equal(cx_message_index(&m, text, (size_t)n, CX_DATAGRAM), 0);
	assert_int_equal(cx_message_check(&m, &e, &fault), 0);
	return cx_match_key(&secret, &m, &e, of_invite);
}

#define VIA "SIP/2.0/UDP host.example.com;branch=z9hG4bK1"
#define OLD "SIP/2.0/UDP host.example.com;branch=1"
#define URI "sip:c@d"

static void requests_match_by_branch_sent_by_and_method(void **state)
{
	uint64_t invite = match("INVITE", VIA, URI, false);

	assert_true(match("INVITE", VIA, "sip:other@d", false) == invite);
	assert_true(match("INVITE", "SIP/2.0/UDP HOST.example.com:5060;x=y;branch=z9hG4bK1", URI, false) ==
		    invite);
	assert_true(match("ACK", VIA, URI, false) == invite);
	assert_true(match("CANCEL", VIA, URI, true) == invite);
	assert_true(match("CANCEL", VIA, URI, false) != invite);
	assert_true(match("BYE", VIA, URI, false) != invite);
	assert_true(match("INVITE", "SIP/2.0/UDP host.example.com:5061;branch=z9hG4bK1", URI, false) !=
		    invite);
	assert_true(match("INVITE", "SIP/2.0/UDP other.example.com;branch=z9hG4bK1", URI, false) != invite);
	assert_true(match("INVITE", "SIP/2.0/UDP host.example.com;branch=z9hG4bK2", URI, false) != invite);
}

static void old_requests_match_by_all_that_they_have(void **state)
{
	uint64_t invite = match("INVITE", OLD, URI, false);

	assert_true(match("ACK", OLD, URI, false) == invite);
	assert_true(match("CANCEL", OLD, URI, true) == invite);
	assert_true(match("INVITE", OLD, "sip:other@d", false) != invite);
	assert_true(match("INVITE", "SIP/2.0/UDP host.example.com", URI, false) != invite);
	assert_true(match("BYE", OLD, URI, false) != invite);
}

/* ---- the end --------------------------------------------------------------------- */

static int send_nothing(void *ctx, const struct cx_hop *hop, const struct iovec *iov, int n, uint64_t token)
{
	return 0;
}

static void over(void *ctx, struct cx_server *s)
{
}

static const struct cx_txn_user user = {.send = send_nothing, .server_over = over};

/* n transactions that are over, 10 ms apart from each other: from now_ms on. */
static void leave(struct cx_txns *x, unsigned n, uint64_t now_ms)
{
	struct iovec iov = {"200", 3};

	assert_int_equal(cx_txns_init(x, &mem, 64, 3600000, &user, NULL, now_ms), 0);
	for (unsigned i = 0; i < n; i++) {
		struct cx_server_start start = {.key = i, .timers = CX_TXN_TIMERS_DEFAULT};

		cx_txns_advance(x, now_ms + 10 * i);
		assert_int_equal(cx_server_respond(x, cx_server_new(x, &start), 200, &iov, 1), 0);
	}
	assert_int_equal(x->lingering, n);
}

static void what_is_over_wakes_nobody_by_itself(void **state)
{
	static struct cx_txns x;
	unsigned wakes = 0;
	uint64_t at_ms;

	leave(&x, 40, 1000);
	while ((at_ms = cx_txns_next(&x)) != CX_WHEEL_NEVER) {
		cx_txns_advance(&x, at_ms);
		wakes++;
		assert_true(!x.lingering || at_ms < 1000 + 390 + 32000 + CX_LINGER_SLACK_MS);
	}
	assert_int_equal(x.lingering, 0);
	assert_in_range(wakes, 1, 8); /* of 40 */
	cx_txns_free(&x);
}

static void what_is_over_goes_on_time_if_something_happens(void **state)
{
	static struct cx_txns x;

	leave(&x, 40, 1000);
	cx_txns_advance(&x, 1000 + 32000 - 1);
	assert_int_equal(x.lingering, 40);
	for (unsigned i = 0; i < 40; i++) {
		cx_txns_advance(&x, 1000 + 32000 + 10 * i);
		assert_int_equal(x.lingering, 39 - i);
	}
	cx_txns_free(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_handle_outlives_nothing),
	    cmocka_unit_test(a_table_has_limits),
	    cmocka_unit_test(links_are_found_by_their_key),
	    cmocka_unit_test(a_branch_says_what_was_written),
	    cmocka_unit_test(a_branch_cannot_be_forged),
	    cmocka_unit_test(a_branch_is_found_in_a_quotation),
	    cmocka_unit_test(requests_match_by_branch_sent_by_and_method),
	    cmocka_unit_test(old_requests_match_by_all_that_they_have),
	    cmocka_unit_test(what_is_over_wakes_nobody_by_itself),
	    cmocka_unit_test(what_is_over_goes_on_time_if_something_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
