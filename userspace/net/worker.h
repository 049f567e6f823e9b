/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Workers: threads that are alike, each with an event loop of its own. A worker
 * knows nothing of SIP; who owns it gives it work by calls and by post.
 *
 * Invariants
 * - What belongs to a worker's loop is touched by its thread only. The owner gets
 *   there by cx_worker_call(), which waits; other workers by post.
 * - `place` says what the thread is at; a thread that stays at one place for too
 *   long is found by the owner's cx_worker_watch().
 */
#ifndef CX_NET_WORKER_H
#define CX_NET_WORKER_H

#include <stdbool.h>
#include <uv.h>
#include "net/post.h"

#define CX_WORKERS_MAX 64

struct cx_worker;

struct cx_worker_ops {
	void (*on_letter)(void *ctx, unsigned from, uint32_t kind, void *letter, size_t n);
	/* A turn of the loop is over: nothing more to do until something wakes it. */
	void (*on_turn)(void *ctx);
	void *ctx;
};

/* Starts the thread as party `number` of the post office. */
int cx_worker_start(unsigned number, struct cx_post *post, const struct cx_worker_ops *ops,
		    struct cx_worker **out);
/* Runs fn(arg) on the worker's thread and waits for it. Only the owner's thread
 * calls. */
void cx_worker_call(struct cx_worker *w, void (*fn)(void *arg), void *arg);
/* Ends the loop, whose other handles must be closed or closing, and the thread. */
void cx_worker_stop(struct cx_worker *w);

/* ---- on the worker's thread --------------------------------------------------- */

uv_loop_t *cx_worker_loop(struct cx_worker *w);
unsigned cx_worker_number(const struct cx_worker *w);
/* What is being done from now on: a string that stays. */
void cx_worker_at(struct cx_worker *w, const char *place);

/* ---- from any thread ---------------------------------------------------------- */

struct cx_worker_state {
	uint64_t turns;	   /* of its loop */
	uint64_t busy_us;  /* CPU time of the thread; at the last turn of a second */
	const char *place; /* "waiting" or what it is at */
	uint64_t stuck_ms; /* how long it has been at it, as far as watched */
	uint64_t stalls;
};
void cx_worker_state(const struct cx_worker *w, struct cx_worker_state *out);
/* Owner: once a second or so. True when the worker has been at one place for
 * limit_ms, once for each such time. */
bool cx_worker_watch(struct cx_worker *w, uint64_t now_ms, uint64_t limit_ms);

#endif
