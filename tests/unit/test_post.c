// SPDX-License-Identifier: GPL-2.0-only
/*
 * Post between threads, and the workers that it is for: order and content over
 * wraps, full rings, letters across real threads, calls, the watch.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "net/worker.h"

#define RING 4096

struct seen {
	unsigned letters;
	uint32_t kind;
	size_t n;
	uint8_t bytes[RING];
	bool wrong;
};

static void on_letter(void *ctx, unsigned from, uint32_t kind, void *letter, size_t n)
{
	struct seen *seen = ctx;

	assert_int_equal((uintptr_t)letter % 8, 0);
	seen->letters++;
	seen->kind = kind;
	seen->n = n;
	memcpy(seen->bytes, letter, n);
	memset((uint8_t *)letter + n, 0xff, CX_POST_SPARE); /* promised room */
}

static int send_bytes(struct cx_post *p, unsigned from, unsigned to, uint32_t kind, const uint8_t *bytes,
		      size_t n)
{
	struct iovec iov[2] = {{(void *)(uintptr_t)bytes, n / 3},
			       {(void *)(uintptr_t)(bytes + n / 3), n - n / 3}};

	return cx_post_send(p, from, to, kind, iov, 2);
}

/* Letters of every length, many times around the ring. */
static void wraps(void **state)
{
	struct cx_post *p = cx_post_new(2, RING);
	struct seen seen = {0};
	uint8_t bytes[RING];

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		size_t n = (i * 7919) % 1500;

		for (size_t k = 0; k < n; k++)
			bytes[k] = (uint8_t)(i + k);
		assert_int_equal(send_bytes(p, 0, 1, i, bytes, n), 0);
		assert_int_equal(cx_post_read(p, 1, 100, on_letter, &seen), 1);
		assert_int_equal(seen.kind, i);
		assert_int_equal(seen.n, n);
		assert_memory_equal(seen.bytes, bytes, n);
	}
	assert_int_equal(cx_post_read(p, 1, 100, on_letter, &seen), 0);
	cx_post_free(p);
}

static void full(void **state)
{
	struct cx_post *p = cx_post_new(2, RING);
	uint8_t bytes[RING] = {0};
	struct seen seen = {0};
	unsigned sent = 0;

	(void)state;
	assert_int_equal(send_bytes(p, 0, 1, 1, bytes, RING / 2), -EMSGSIZE);
	while (!send_bytes(p, 0, 1, sent, bytes, 100))
		sent++;
	assert_in_range(sent, RING / 200, RING / 100);
	assert_int_equal(cx_post_refused(p, 0), 2);
	assert_int_equal(send_bytes(p, 1, 0, 9, bytes, 100), 0); /* the other way is another ring */
	assert_int_equal(cx_post_read(p, 1, 1000, on_letter, &seen), sent);
	assert_int_equal(seen.kind, sent - 1);
	assert_int_equal(send_bytes(p, 0, 1, 1, bytes, 100), 0);
	cx_post_free(p);
}

/* ---- workers ------------------------------------------------------------------- */

/* Sends numbers to the other worker, which wants them in order. */
struct half {
	struct cx_post *post;
	struct cx_worker *worker;
	unsigned other;
	uint64_t next, wrong, turns;
	uint64_t to_send, sent;
};

static void on_number(void *ctx, unsigned from, uint32_t kind, void *letter, size_t n)
{
	struct half *h = ctx;
	uint64_t number;

	memcpy(&number, letter, sizeof(number));
	h->wrong += n != sizeof(number) || kind != 5 || from != h->other || number != h->next;
	__atomic_store_n(&h->next, h->next + 1, __ATOMIC_RELAXED);
}

static void send_numbers(void *arg)
{
	struct half *h = arg;
	struct iovec iov = {&h->sent, sizeof(h->sent)};

	while (h->sent < h->to_send &&
	       !cx_post_send(h->post, cx_worker_number(h->worker), h->other, 5, &iov, 1))
		h->sent++;
}

static void on_turn(void *ctx)
{
	struct half *h = ctx;

	h->turns++;
}

static void threads(void **state)
{
	struct cx_post *post = cx_post_new(3, RING);
	struct half h[2] = {{.post = post, .other = 1, .to_send = 50000},
			    {.post = post, .other = 0, .to_send = 50000}};
	struct cx_worker_state w;

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct cx_worker_ops ops = {.on_letter = on_number, .on_turn = on_turn, .ctx = &h[i]};

		assert_int_equal(cx_worker_start(i, post, &ops, &h[i].worker), 0);
	}
	while (__atomic_load_n(&h[0].next, __ATOMIC_RELAXED) < 50000 ||
	       __atomic_load_n(&h[1].next, __ATOMIC_RELAXED) < 50000) {
		cx_worker_call(h[0].worker, send_numbers, &h[0]);
		cx_worker_call(h[1].worker, send_numbers, &h[1]);
	}
	cx_worker_state(h[0].worker, &w);
	assert_true(w.turns > 0);
	for (unsigned i = 0; i < 2; i++) {
		cx_worker_stop(h[i].worker);
		assert_int_equal(h[i].wrong, 0);
		assert_int_equal(h[i].next, 50000);
		assert_true(h[i].turns > 0);
	}
	cx_post_free(post);
}

static void unwant(void *post)
{
	cx_post_unwant(post, 0);
}

/* One sends as fast as there is room, the other reads: nothing is refused, and
 * whoever waits for room is woken. */
static void send_while_room(void *ctx)
{
	struct half *h = ctx;
	struct iovec iov = {&h->sent, sizeof(h->sent)};

	h->turns++;
	while (h->sent < h->to_send && cx_post_has_room(h->post, 0, h->other, sizeof(h->sent)) &&
	       !cx_post_send(h->post, 0, h->other, 5, &iov, 1))
		h->sent++;
	h->wrong += cx_post_relieved(h->post, 0) && cx_post_relieved(h->post, 0); /* once */
}

static void room(void **state)
{
	const uint64_t n = 200000;
	struct cx_post *post = cx_post_new(2, RING);
	struct half h[2] = {{.post = post, .other = 1, .to_send = n}, {.post = post, .other = 0}};
	struct cx_worker_ops sends = {.on_letter = on_number, .on_turn = send_while_room, .ctx = &h[0]};
	struct cx_worker_ops reads = {.on_letter = on_number, .on_turn = on_turn, .ctx = &h[1]};

	(void)state;
	assert_int_equal(cx_worker_start(1, post, &reads, &h[1].worker), 0);
	assert_int_equal(cx_worker_start(0, post, &sends, &h[0].worker), 0);
	for (int ms = 0; ms < 20000 && __atomic_load_n(&h[1].next, __ATOMIC_RELAXED) < n; ms++)
		uv_sleep(1); /* the workers are left to themselves */
	cx_worker_call(h[0].worker, unwant, post);
	cx_worker_stop(h[1].worker);
	cx_worker_stop(h[0].worker);
	assert_int_equal(h[1].next, n);
	assert_int_equal(h[0].wrong + h[1].wrong, 0);
	assert_int_equal(cx_post_refused(post, 0), 0);
	assert_true(h[0].turns > 10);
	cx_post_free(post);
}

static uv_sem_t reached, go_on;

static void hang(void *arg)
{
	cx_worker_at(arg, "a place");
	uv_sem_post(&reached);
	uv_sem_wait(&go_on);
}

static void caller(void *arg)
{
	cx_worker_call(arg, hang, arg);
}

/* A worker that does not turn is found once, with its place; one that waits is not. */
static void watch(void **state)
{
	struct cx_post *post = cx_post_new(2, RING);
	struct half h = {.post = post};
	struct cx_worker_ops ops = {.on_letter = on_number, .on_turn = on_turn, .ctx = &h};
	struct cx_worker_state s;
	struct cx_worker *w;
	uv_thread_t thread;

	(void)state;
	uv_sem_init(&reached, 0);
	uv_sem_init(&go_on, 0);
	assert_int_equal(cx_worker_start(0, post, &ops, &w), 0);
	do /* it has a turn before it first waits */
		cx_worker_state(w, &s);
	while (strcmp(s.place, "waiting") || !s.turns);
	assert_false(cx_worker_watch(w, 1000, 3000));
	assert_false(cx_worker_watch(w, 9000, 3000));
	assert_int_equal(uv_thread_create(&thread, caller, w), 0);
	uv_sem_wait(&reached);
	assert_false(cx_worker_watch(w, 10000, 3000));
	assert_false(cx_worker_watch(w, 11999, 3000));
	assert_true(cx_worker_watch(w, 12000, 3000));
	assert_false(cx_worker_watch(w, 20000, 3000));
	cx_worker_state(w, &s);
	assert_string_equal(s.place, "a place");
	assert_int_equal(s.stalls, 1);
	uv_sem_post(&go_on);
	uv_thread_join(&thread);
	cx_worker_stop(w);
	cx_post_free(post);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wraps), cmocka_unit_test(full),  cmocka_unit_test(threads),
	    cmocka_unit_test(room),  cmocka_unit_test(watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
