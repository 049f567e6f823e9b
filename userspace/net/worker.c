// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker's thread and loop, see worker.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include "net/worker.h"

#define CX_LETTERS_A_TURN 256
#define CX_TICK_MS 1000

static const char waiting[] = "waiting";

struct call {
	void (*fn)(void *arg);
	void *arg;
	bool done;
};

struct cx_worker {
	unsigned number;
	struct cx_worker_ops ops;
	struct cx_post *post;
	uv_thread_t thread;
	uv_loop_t loop;
	uv_async_t letters, calls;
	uv_prepare_t turn;
	uv_check_t woken;
	uv_timer_t tick;
	/* a call of the owner's */
	uv_mutex_t mutex;
	uv_cond_t cond;
	struct call *call;
	/* read by other threads */
	uint64_t turns;
	uint64_t busy_us;
	const char *place;
	/* the owner's */
	uint64_t seen_turns, since_ms;
	uint64_t stuck_ms, stalls;
	bool told;
};

static void on_letters(uv_async_t *async)
{
	struct cx_worker *w = async->data;

	cx_worker_at(w, "letters");
	cx_post_read(w->post, w->number, CX_LETTERS_A_TURN, w->ops.on_letter, w->ops.ctx);
}

static void on_calls(uv_async_t *async)
{
	struct cx_worker *w = async->data;
	struct call *call;

	cx_worker_at(w, "call");
	uv_mutex_lock(&w->mutex);
	call = w->call;
	w->call = NULL;
	uv_mutex_unlock(&w->mutex);
	if (!call)
		return;
	call->fn(call->arg);
	uv_mutex_lock(&w->mutex);
	call->done = true;
	uv_cond_signal(&w->cond);
	uv_mutex_unlock(&w->mutex);
}

/* Before the loop waits: the turn is over. */
static void on_prepare(uv_prepare_t *prepare)
{
	struct cx_worker *w = prepare->data;

	w->ops.on_turn(w->ops.ctx);
	cx_post_wake(w->post, w->number);
	__atomic_store_n(&w->turns, w->turns + 1, __ATOMIC_RELAXED);
	cx_worker_at(w, waiting);
}

static void on_check(uv_check_t *check)
{
	cx_worker_at(check->data, "timers");
}

static void on_tick(uv_timer_t *timer)
{
	struct cx_worker *w = timer->data;
	struct timespec t;

	if (!clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t))
		__atomic_store_n(&w->busy_us, (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000,
				 __ATOMIC_RELAXED);
}

static void run(void *arg)
{
	struct cx_worker *w = arg;

	uv_run(&w->loop, UV_RUN_DEFAULT);
}

static void open_handles(struct cx_worker *w)
{
	uv_async_init(&w->loop, &w->letters, on_letters);
	uv_async_init(&w->loop, &w->calls, on_calls);
	uv_prepare_init(&w->loop, &w->turn);
	uv_check_init(&w->loop, &w->woken);
	uv_timer_init(&w->loop, &w->tick);
	w->letters.data = w->calls.data = w->turn.data = w->woken.data = w->tick.data = w;
	uv_prepare_start(&w->turn, on_prepare);
	uv_check_start(&w->woken, on_check);
	uv_timer_start(&w->tick, on_tick, CX_TICK_MS, CX_TICK_MS);
	cx_post_attach(w->post, w->number, &w->letters);
}

int cx_worker_start(unsigned number, struct cx_post *post, const struct cx_worker_ops *ops,
		    struct cx_worker **out)
{
	struct cx_worker *w = calloc(1, sizeof(*w));
	int err;

	*out = NULL;
	if (!w)
		return -ENOMEM;
	w->number = number;
	w->post = post;
	w->ops = *ops;
	w->place = waiting;
	err = uv_loop_init(&w->loop);
	if (err)
		goto out;
	uv_mutex_init(&w->mutex);
	uv_cond_init(&w->cond);
	open_handles(w);
	err = uv_thread_create(&w->thread, run, w);
	if (!err) {
		*out = w;
		return 0;
	}
	uv_walk(&w->loop, (uv_walk_cb)(void (*)(void))uv_close, NULL);
	uv_run(&w->loop, UV_RUN_DEFAULT);
	uv_loop_close(&w->loop);
out:
	free(w);
	return err;
}

void cx_worker_call(struct cx_worker *w, void (*fn)(void *arg), void *arg)
{
	struct call call = {.fn = fn, .arg = arg};

	uv_mutex_lock(&w->mutex);
	w->call = &call;
	uv_async_send(&w->calls);
	while (!call.done)
		uv_cond_wait(&w->cond, &w->mutex);
	uv_mutex_unlock(&w->mutex);
}

static void close_handles(void *arg)
{
	struct cx_worker *w = arg;

	uv_close((uv_handle_t *)&w->letters, NULL);
	uv_close((uv_handle_t *)&w->calls, NULL);
	uv_close((uv_handle_t *)&w->turn, NULL);
	uv_close((uv_handle_t *)&w->woken, NULL);
	uv_close((uv_handle_t *)&w->tick, NULL);
}

void cx_worker_stop(struct cx_worker *w)
{
	if (!w)
		return;
	cx_worker_call(w, close_handles, w);
	uv_thread_join(&w->thread);
	uv_loop_close(&w->loop);
	uv_cond_destroy(&w->cond);
	uv_mutex_destroy(&w->mutex);
	free(w);
}

uv_loop_t *cx_worker_loop(struct cx_worker *w)
{
	return &w->loop;
}

unsigned cx_worker_number(const struct cx_worker *w)
{
	return w->number;
}

void cx_worker_at(struct cx_worker *w, const char *place)
{
	__atomic_store_n(&w->place, place, __ATOMIC_RELAXED);
}

void cx_worker_state(const struct cx_worker *w, struct cx_worker_state *out)
{
	out->turns = __atomic_load_n(&w->turns, __ATOMIC_RELAXED);
	out->busy_us = __atomic_load_n(&w->busy_us, __ATOMIC_RELAXED);
	out->place = __atomic_load_n(&w->place, __ATOMIC_RELAXED);
	out->stuck_ms = w->stuck_ms;
	out->stalls = w->stalls;
}

bool cx_worker_watch(struct cx_worker *w, uint64_t now_ms, uint64_t limit_ms)
{
	uint64_t turns = __atomic_load_n(&w->turns, __ATOMIC_RELAXED);
	const char *place = __atomic_load_n(&w->place, __ATOMIC_RELAXED);

	if (turns != w->seen_turns || place == waiting || !w->since_ms) {
		w->seen_turns = turns;
		w->since_ms = now_ms;
		w->stuck_ms = 0;
		w->told = false;
		return false;
	}
	w->stuck_ms = now_ms - w->since_ms;
	if (w->stuck_ms < limit_ms || w->told)
		return false;
	w->told = true;
	w->stalls++;
	return true;
}
