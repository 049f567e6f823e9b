// SPDX-License-Identifier: GPL-2.0-only
/*
 * The workers as the main thread has them: started, told of a new world, watched,
 * stopped; and what they write to it.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cxsipd/parts.h"
#include "observe/log.h"

#define CX_WORKERS_DEFAULT_MAX 4
#define CX_RING_BYTES (512 << 10) /* of letters from one thread to another */
#define CX_LETTERS_A_TURN 256
#define CX_STALL_MS 3000
#define CX_DRAIN_TRIES 1000 /* of 200 us */

/* More than half of a message's time is the kernel's, some of it on other CPUs
 * than the worker's; and the fewer workers, the more messages a wake-up serves. */
static unsigned count_workers(const struct cx_config *config)
{
	long half = (sysconf(_SC_NPROCESSORS_ONLN) + 1) / 2;

	if (config->workers)
		return config->workers;
	return half < 1 ? 1 : half > CX_WORKERS_DEFAULT_MAX ? CX_WORKERS_DEFAULT_MAX : (unsigned)half;
}

/* A letter of a worker: all of them are the health room's. */
static void on_letter(void *ctx, unsigned from, uint32_t kind, void *letter, size_t n)
{
	struct cx_parts *parts = ctx;
	const struct cx_letter_answer *answer = letter;
	const struct cx_letter_unreachable *gone = letter;
	const struct cx_letter_silent *silent = letter;
	const struct cx_letter_pause *told = letter;

	if (!parts->d.health)
		return;
	if (kind == CX_LETTER_SILENT)
		cx_health_silent(parts->d.health, silent->element);
	else if (kind == CX_LETTER_PAUSE)
		cx_health_pause(parts->d.health, told->element, &told->pause);
	else if (kind == CX_LETTER_ANSWER)
		cx_health_response(parts->d.health, (const char *)(answer + 1), n - sizeof(*answer),
				   answer->status);
	else if (kind == CX_LETTER_UNREACHABLE)
		cx_health_unreachable(parts->d.health, &gone->addr, gone->port, gone->transport,
				      gone->errnum);
	cx_daemon_health_soon(parts);
}

static void on_letters(uv_async_t *async)
{
	struct cx_parts *parts = async->data;

	cx_world_hold(parts->d.world);
	cx_post_read(parts->post, parts->d.n_workers, CX_LETTERS_A_TURN, on_letter, parts);
	cx_world_release(parts->d.world);
}

static void retire(void *ctx, void (*release)(void *p), void *p)
{
	struct cx_parts *parts = ctx;

	cx_views_retire(parts->views, release, p);
}

void cx_workers_publish(struct cx_parts *parts)
{
	if (cx_views_publish(parts->views, parts->d.world))
		cx_log(CX_ERROR, "view_not_published", "reason", "out of memory", "consequence",
		       "workers go by the state before the last change; tried again", NULL);
}

/* Before the main loop waits: what this turn changed, at once for all. */
static void on_turn(uv_prepare_t *prepare)
{
	struct cx_parts *parts = prepare->data;

	if (parts->d.world->changed)
		cx_workers_publish(parts);
	cx_post_wake(parts->post, parts->d.n_workers);
}

void cx_workers_forget(struct cx_parts *parts, void (*release)(void *p), void *p)
{
	cx_views_retire(parts->views, release, p);
	cx_workers_publish(parts);
	for (int i = 0; i < CX_DRAIN_TRIES && !cx_views_collect(parts->views); i++)
		usleep(200);
}

/* Without it workers hand over what is another one's. */
static void open_steering(struct cx_parts *parts)
{
	int err;

	if (parts->d.n_workers < 2)
		return;
	err = cx_steer_open(&parts->d.world->key, parts->d.n_workers, &parts->steer);
	parts->d.steered = !err;
	if (err)
		cx_log(CX_NOTICE, "steering_off", "reason", strerror(-err), "consequence",
		       "workers hand calls over to each other", NULL);
}

int cx_workers_start(struct cx_parts *parts)
{
	struct cx_daemon *d = &parts->d;
	int err = 0;

	d->n_workers = count_workers(d->config);
	parts->views = cx_views_new(d->n_workers);
	parts->post = cx_post_new(d->n_workers + 1, CX_RING_BYTES);
	if (d->n_workers > 1)
		parts->accepted = cx_accepted_new(d->config->tcp.connections, parts->tag_key);
	if (!parts->views || !parts->post || (d->n_workers > 1 && !parts->accepted))
		return -ENOMEM;
	d->world->retire = retire;
	d->world->retire_ctx = parts;
	open_steering(parts);
	err = cx_views_publish(parts->views, d->world);
	uv_async_init(&parts->loop, &parts->letters, on_letters);
	uv_prepare_init(&parts->loop, &parts->turn);
	parts->letters.data = parts->turn.data = parts;
	cx_post_attach(parts->post, d->n_workers, &parts->letters);
	uv_prepare_start(&parts->turn, on_turn);
	for (unsigned i = 0; i < d->n_workers && !err; i++)
		err = cx_sip_start(parts, i);
	return err;
}

/* ---- asked of a worker ----------------------------------------------------------- */

struct question {
	struct cx_sip *sip;
	struct cx_proxy_stats core;
	uint32_t *next;
	struct cx_tcp_view *views;
	size_t n;
};

static void ask_core(void *arg)
{
	struct question *q = arg;

	cx_proxy_stats(q->sip->core, &q->core);
}

static void drain_core(void *arg)
{
	struct question *q = arg;

	cx_proxy_drain(q->sip->core, true);
	ask_core(q);
}

static void ask_connections(void *arg)
{
	struct question *q = arg;

	q->n = cx_tcp_list(q->sip->tcp, q->next, q->views, q->n);
}

static void ask(struct cx_daemon *d, unsigned worker, void (*fn)(void *), struct question *q)
{
	q->sip = &((struct cx_parts *)d)->sip[worker];
	cx_worker_call(q->sip->worker, fn, q);
}

bool cx_workers_drained(struct cx_parts *parts)
{
	struct question q;
	uint64_t contexts = 0;

	for (unsigned i = 0; i < parts->d.n_workers; i++) {
		ask(&parts->d, i, drain_core, &q);
		contexts += q.core.contexts;
	}
	return !contexts;
}

void cx_daemon_transactions(struct cx_daemon *d, unsigned worker, struct cx_proxy_stats *out)
{
	struct question q;

	ask(d, worker, ask_core, &q);
	*out = q.core;
}

size_t cx_daemon_connections(struct cx_daemon *d, unsigned worker, uint32_t *next, struct cx_tcp_view *out,
			     size_t max)
{
	struct question q = {.next = next, .views = out, .n = max};

	ask(d, worker, ask_connections, &q);
	return q.n;
}

/* Sockets come and go by calls of this thread's. */
static uint64_t lost_datagrams(const struct cx_parts *parts, unsigned worker)
{
	uint64_t lost = 0;

	for (unsigned i = 0; i < CX_LISTENERS_MAX; i++)
		if (parts->sip[worker].udp[i])
			lost += cx_udp_lost(parts->sip[worker].udp[i]);
	return lost;
}

void cx_daemon_worker(struct cx_daemon *d, unsigned worker, struct cx_worker_view *out)
{
	struct cx_parts *parts = (struct cx_parts *)d;

	cx_worker_state(parts->sip[worker].worker, &out->state);
	cx_tcp_stats(parts->sip[worker].tcp, &out->tcp);
	out->refused = cx_post_refused(parts->post, worker);
	out->lost = lost_datagrams(parts, worker);
}

/* Who is told nothing of them looks for the fault in the network. */
static void watch_lost(struct cx_parts *parts)
{
	uint64_t lost = 0;
	char text[24];

	for (unsigned i = 0; i < parts->d.n_workers; i++)
		lost += lost_datagrams(parts, i);
	if (lost > parts->lost_datagrams) {
		snprintf(text, sizeof(text), "%llu", (unsigned long long)(lost - parts->lost_datagrams));
		cx_log(CX_WARN, "datagrams_lost", "datagrams", text, "reason", "the daemon does not keep up",
		       "consequence", "what needs an answer is sent again by its sender", NULL);
	}
	parts->lost_datagrams = lost;
}

void cx_workers_watch(struct cx_parts *parts)
{
	uint64_t now = cx_monotonic_ms();

	for (unsigned i = 0; i < parts->d.n_workers; i++) {
		struct cx_worker_state state;
		char worker[16], seconds[24];

		if (!cx_worker_watch(parts->sip[i].worker, now, CX_STALL_MS))
			continue;
		cx_worker_state(parts->sip[i].worker, &state);
		snprintf(worker, sizeof(worker), "%u", i);
		snprintf(seconds, sizeof(seconds), "%llu", (unsigned long long)state.stuck_ms / 1000);
		cx_log(CX_ERROR, "worker_stalled", "worker", worker, "seconds", seconds, "place", state.place,
		       "consequence", "messages of its calls wait", NULL);
	}
	watch_lost(parts);
	cx_views_collect(parts->views);
}

void cx_workers_stop(struct cx_parts *parts)
{
	if (!parts->post || !parts->views)
		goto out;
	if (parts->d.n_workers && parts->sip[parts->d.n_workers - 1].worker)
		cx_sockets_close(parts);
	/* first all fall silent: none may wake another whose loop is gone */
	for (unsigned i = 0; i < parts->d.n_workers; i++) {
		if (parts->sip[i].worker)
			cx_worker_call(parts->sip[i].worker, cx_sip_stop_stateful, &parts->sip[i]);
	}
	for (unsigned i = 0; i < parts->d.n_workers; i++)
		cx_sip_stop(&parts->sip[i]);
out:
	cx_steer_close(parts->steer);
	parts->steer = NULL;
	cx_post_free(parts->post);
	cx_views_free(parts->views);
	cx_accepted_free(parts->accepted);
	parts->accepted = NULL;
	parts->post = NULL;
	parts->views = NULL;
	parts->d.n_workers = 0;
	if (parts->d.world)
		parts->d.world->retire = NULL;
}
