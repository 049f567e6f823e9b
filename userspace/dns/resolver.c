// SPDX-License-Identifier: GPL-2.0-only
/*
 * The resolver's thread: takes questions, hands them to libunbound (which has a
 * thread of its own for its sockets), gives up those that are late, and hands back
 * records. See resolver.h.
 */
#define _GNU_SOURCE /* gettid */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>
#include <unbound.h>
#include "base/clock.h"
#include "dns/resolver.h"
#include "dns/resolver_context.h"

#define CLASS_IN 1
#define RCODE_NXDOMAIN 3
#define NICE 10	       /* making a context takes milliseconds: no call waits for that */
#define RENEW_MS 10000 /* while nobody answers */

/* A question, and in the end its answer: what it takes to give one is there from the
 * beginning. */
struct question {
	struct question *next;
	struct cx_resolver *resolver;
	uint64_t token, until_ms;
	uint16_t type;
	int id; /* libunbound's */
	char name[CX_DNS_NAME];
	struct cx_dns_answer *answer;
};

struct cx_resolver {
	pthread_t thread;
	int event;
	void (*wake)(void *ctx);
	void *ctx;
	/* of both sides */
	pthread_mutex_t mutex;
	struct question *asked, **asked_end;
	struct question *answered, **answered_end;
	struct cx_resolver_settings settings;
	bool reset, stop;
	char servers[256];
	/* the thread's */
	struct cx_resolver_settings used;
	struct cx_resolver_context context;
	struct question *under_way;
	bool nobody_answers;
	uint64_t renewed_ms;
};

/* ---- answers ------------------------------------------------------------------- */

static void reply(struct cx_resolver *r, struct question *q)
{
	q->next = NULL;
	pthread_mutex_lock(&r->mutex);
	*r->answered_end = q;
	r->answered_end = &q->next;
	pthread_mutex_unlock(&r->mutex);
	r->wake(r->ctx);
}

static void reply_status(struct cx_resolver *r, struct question *q, enum cx_dns_status status)
{
	q->answer->status = status;
	reply(r, q);
}

static void read_result(const struct ub_result *result, uint16_t type, struct cx_dns_answer *a)
{
	a->ttl_s = result->ttl > 0 ? (uint32_t)result->ttl : 0;
	if (result->nxdomain || result->rcode == RCODE_NXDOMAIN) {
		a->status = CX_DNS_NO_NAME;
	} else if (result->rcode || result->bogus) {
		a->status = CX_DNS_FAILURE;
	} else if (!result->havedata) {
		a->status = CX_DNS_NO_DATA;
	} else {
		for (size_t i = 0; result->data[i]; i++)
			if (result->len[i] >= 0)
				cx_dns_answer_add(a, type, (const uint8_t *)result->data[i],
						  (size_t)result->len[i]);
		a->status = a->n ? CX_DNS_OK : CX_DNS_BROKEN;
	}
}

static void unlink_question(struct cx_resolver *r, const struct question *q)
{
	struct question **at = &r->under_way;

	while (*at && *at != q)
		at = &(*at)->next;
	if (*at)
		*at = q->next;
}

static void on_result(void *ctx, int err, struct ub_result *result)
{
	struct question *q = ctx;
	struct cx_resolver *r = q->resolver;

	unlink_question(r, q);
	if (!err && result)
		read_result(result, q->type, q->answer);
	else
		q->answer->status = CX_DNS_FAILURE;
	if (q->answer->status != CX_DNS_FAILURE)
		r->nobody_answers = false;
	reply(r, q);
	ub_resolve_free(result);
}

/* ---- questions ------------------------------------------------------------------- */

static void start(struct cx_resolver *r, struct question *q)
{
	enum cx_dns_status status = CX_DNS_FAILURE;

	if (!r->context.ub)
		status = r->context.n_servers ? CX_DNS_FAILURE : CX_DNS_NO_SERVER;
	else if (!ub_resolve_async(r->context.ub, q->name, q->type, CLASS_IN, q, on_result, &q->id)) {
		q->until_ms = cx_monotonic_ms() + r->used.timeout_ms;
		q->next = r->under_way;
		r->under_way = q;
		return;
	}
	reply_status(r, q, status);
}

/* Returns how long the next one may still take, -1: there is none. */
static int give_up_late(struct cx_resolver *r)
{
	struct question *late = NULL, **at = &r->under_way, *q;
	uint64_t now = cx_monotonic_ms(), first = UINT64_MAX;

	while ((q = *at)) {
		if (q->until_ms > now) {
			first = q->until_ms < first ? q->until_ms : first;
			at = &q->next;
			continue;
		}
		*at = q->next;
		q->next = late;
		late = q;
	}
	while ((q = late)) {
		late = q->next;
		ub_cancel(r->context.ub, q->id);
		r->nobody_answers = true;
		reply_status(r, q, CX_DNS_TIMEOUT);
	}
	return first == UINT64_MAX ? -1 : (int)(first - now + 1);
}

/* What is under way is under way no more; a list. */
static struct question *cancel_all(struct cx_resolver *r)
{
	struct question *all = r->under_way, *q;

	for (q = all; q; q = q->next)
		ub_cancel(r->context.ub, q->id);
	r->under_way = NULL;
	return all;
}

/* Another context, which is asked what the one before was asked. */
static void renew(struct cx_resolver *r)
{
	struct question *again = cancel_all(r), *q;
	char servers[sizeof(r->servers)];

	cx_resolver_context_close(&r->context);
	cx_resolver_context_open(&r->context, &r->used, servers, sizeof(servers));
	r->nobody_answers = false;
	r->renewed_ms = cx_monotonic_ms();
	pthread_mutex_lock(&r->mutex);
	memcpy(r->servers, servers, sizeof(servers));
	pthread_mutex_unlock(&r->mutex);
	while ((q = again)) {
		again = q->next;
		start(r, q);
	}
}

static void question_free(struct question *q)
{
	if (q)
		free(q->answer);
	free(q);
}

static bool is_of_no_use(const struct cx_resolver *r)
{
	return (r->nobody_answers && !r->under_way && cx_monotonic_ms() - r->renewed_ms >= RENEW_MS) ||
	       cx_resolver_context_is_old(&r->context, &r->used);
}

/* What has come from the other side. False: the end. */
static bool take_orders(struct cx_resolver *r)
{
	struct question *q, *next;
	bool reset, stop;

	pthread_mutex_lock(&r->mutex);
	q = r->asked;
	r->asked = NULL;
	r->asked_end = &r->asked;
	reset = r->reset;
	stop = r->stop;
	r->reset = false;
	if (reset)
		r->used = r->settings;
	pthread_mutex_unlock(&r->mutex);
	if (!stop && (reset || (q && is_of_no_use(r))))
		renew(r);
	for (; q; q = next) {
		next = q->next;
		if (stop)
			question_free(q);
		else
			start(r, q);
	}
	return !stop;
}

static void *run(void *arg)
{
	struct cx_resolver *r = arg;
	struct question *left, *q;
	uint64_t n;
	int wait_ms = -1;

	/* of this thread and those that it makes */
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	while (take_orders(r)) {
		struct pollfd fds[2] = {{.fd = r->event, .events = POLLIN}, {.fd = -1, .events = POLLIN}};

		wait_ms = give_up_late(r);
		if (r->context.ub && r->under_way)
			fds[1].fd = ub_fd(r->context.ub);
		if (poll(fds, 2, wait_ms) < 0)
			continue;
		if (fds[0].revents && read(r->event, &n, sizeof(n)) < 0 && errno != EAGAIN)
			break;
		if (fds[1].revents)
			ub_process(r->context.ub);
	}
	left = cancel_all(r);
	while (left) {
		q = left->next;
		question_free(left);
		left = q;
	}
	cx_resolver_context_close(&r->context);
	return NULL;
}

/* ---- the other side ------------------------------------------------------------------ */

static void poke(struct cx_resolver *r)
{
	uint64_t one = 1;

	if (write(r->event, &one, sizeof(one)) < 0)
		return; /* its counter is full: it wakes up anyway */
}

int cx_resolver_new(const struct cx_resolver_settings *settings, void (*wake)(void *ctx), void *ctx,
		    struct cx_resolver **out)
{
	struct cx_resolver *r = calloc(1, sizeof(*r));
	sigset_t all, before;
	int err;

	*out = NULL;
	if (!r)
		return -ENOMEM;
	r->wake = wake;
	r->ctx = ctx;
	r->settings = *settings;
	r->reset = true;
	r->asked_end = &r->asked;
	r->answered_end = &r->answered;
	pthread_mutex_init(&r->mutex, NULL);
	r->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = r->event < 0 ? errno : 0;
	sigfillset(&all); /* signals are the main thread's */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (!err)
		err = pthread_create(&r->thread, NULL, run, r);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err) {
		if (r->event >= 0)
			close(r->event);
		free(r);
		return -err;
	}
	*out = r;
	return 0;
}

void cx_resolver_free(struct cx_resolver *r)
{
	uint64_t token;

	if (!r)
		return;
	pthread_mutex_lock(&r->mutex);
	r->stop = true;
	pthread_mutex_unlock(&r->mutex);
	poke(r);
	pthread_join(r->thread, NULL);
	for (struct cx_dns_answer *a; (a = cx_resolver_take(r, &token));)
		free(a);
	pthread_mutex_destroy(&r->mutex);
	close(r->event);
	free(r);
}

int cx_resolver_ask(struct cx_resolver *r, uint64_t token, const char *name, uint16_t type)
{
	struct question *q = calloc(1, sizeof(*q));
	size_t n = strlen(name);

	if (q)
		q->answer = calloc(1, sizeof(*q->answer));
	if (!q || !q->answer || n >= sizeof(q->name)) {
		question_free(q);
		return -ENOMEM;
	}
	q->resolver = r;
	q->token = token;
	q->type = type;
	memcpy(q->name, name, n + 1);
	pthread_mutex_lock(&r->mutex);
	*r->asked_end = q;
	r->asked_end = &q->next;
	pthread_mutex_unlock(&r->mutex);
	poke(r);
	return 0;
}

struct cx_dns_answer *cx_resolver_take(struct cx_resolver *r, uint64_t *token)
{
	struct cx_dns_answer *answer = NULL;
	struct question *first;

	pthread_mutex_lock(&r->mutex);
	first = r->answered;
	if (first) {
		r->answered = first->next;
		if (!r->answered)
			r->answered_end = &r->answered;
	}
	pthread_mutex_unlock(&r->mutex);
	if (first) {
		answer = first->answer;
		*token = first->token;
		free(first);
	}
	return answer;
}

void cx_resolver_reset(struct cx_resolver *r, const struct cx_resolver_settings *settings)
{
	pthread_mutex_lock(&r->mutex);
	r->settings = *settings;
	r->reset = true;
	pthread_mutex_unlock(&r->mutex);
	poke(r);
}

const char *cx_resolver_servers(struct cx_resolver *r, char *buf, size_t size)
{
	pthread_mutex_lock(&r->mutex);
	snprintf(buf, size, "%s", r->servers);
	pthread_mutex_unlock(&r->mutex);
	return buf;
}
