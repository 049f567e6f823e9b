// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a worker does with one datagram that the kernel handed up, or that came
 * in while there is no fast path: the engine decides, this sends, answers, counts.
 *
 * - Counted under exactly one reason: a message that could not be sent counts
 *   as send_failed, not as forwarded.
 * - Stateless all through (RFC 3261 16.11): an error to send is the health
 *   room's news; the caller's retransmission goes elsewhere.
 * - Health is the main thread's: what concerns it goes there by post.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/addr.h"
#include "cxsipd/parts.h"
#include "observe/log.h"
#include "proxy/reply.h"

/* Counters have one writer and readers on other threads. */
static void add(__u64 *counter, uint64_t n)
{
	__atomic_store_n(counter, *counter + n, __ATOMIC_RELAXED);
}

struct cx_world *cx_sip_world(struct cx_sip *sip)
{
	if (!sip->world)
		sip->world = cx_views_enter(sip->parts->views, sip->number);
	return sip->world;
}

/* What is written now may fail and make the core write more: the next turn comes
 * at once then. */
void cx_sip_turn(struct cx_sip *sip)
{
	if (sip->tcp && cx_post_relieved(sip->parts->post, sip->number))
		cx_tcp_resume(sip->tcp);
	if (sip->tcp)
		cx_tcp_flush(sip->tcp);
	cx_udp_flush(sip->batch);
	if (sip->n_failed && sip->core) {
		cx_sip_tell_failed(sip);
		cx_tcp_flush(sip->tcp);
		cx_udp_flush(sip->batch);
	}
	if (sip->world)
		cx_views_leave(sip->parts->views, sip->number);
	sip->world = NULL;
	sip->core_used = false;
}

static void log_send_error(const union cx_addr *to, uint16_t port, int err)
{
	char text[CX_ENDPOINT_TEXT];

	cx_log(CX_INFO, "send_failed", "to", cx_endpoint_format(to, port, text), "reason", strerror(-err),
	       NULL);
}

static void note_send_error(struct cx_sip *sip, const union cx_addr *to, uint16_t port, int err)
{
	log_send_error(to, port, err);
	if (err == -ECONNREFUSED || err == -EHOSTUNREACH || err == -ENETUNREACH)
		cx_sip_unreachable(sip, to, port, CX_UDP, -err);
}

/* reason: what it was counted under. */
static int send_from(struct cx_sip *sip, uint16_t listener, const union cx_addr *to, uint16_t port,
		     const struct iovec *iov, size_t n, enum cx_reason reason)
{
	struct cx_udp *u = listener < CX_LISTENERS_MAX ? sip->udp[listener] : NULL;
	int err = u ? cx_udp_queue(sip->batch, u, to, port, iov, n, (struct cx_udp_tag){.kind = reason})
		    : -EADDRNOTAVAIL;

	if (err)
		note_send_error(sip, to, port, err);
	return err;
}

static enum cx_reason forward(struct cx_sip *sip, const struct cx_stateless_result *r, size_t n)
{
	struct cx_element_stats *stats;

	if (send_from(sip, r->listener, &r->to, r->to_port, r->iov, 2, r->reason))
		return CX_R_SEND_FAILED;
	if (r->request && r->element < sip->counters->n_elements) {
		stats = &sip->counters->elements[r->element];
		add(&stats->calls, r->new_call);
		add(&stats->requests, 1);
		add(&stats->bytes, n);
	}
	return r->reason;
}

static void answer(struct cx_sip *sip, const struct cx_stateless_result *r, uint16_t listener,
		   const union cx_addr *from, uint16_t port, const uint8_t *p, size_t n)
{
	struct cx_reply_context ctx = {.source = *from,
				       .source_port = port,
				       .reason = r->reason,
				       .tag_key = sip->parts->tag_key,
				       .server = CX_SERVER};
	struct iovec iov = {.iov_base = sip->reply};
	int status = cx_reply_status(r->reason, p, n);
	uint16_t to_port;

	if (!status)
		return;
	if (status == 503)
		ctx.retry_after_s = cx_sip_retry_after(sip, r->group);
	iov.iov_len = cx_reply_build(&ctx, status, p, n, sip->reply, sizeof(sip->reply), &to_port);
	if (iov.iov_len && !send_from(sip, listener, from, to_port, &iov, 1, r->reason))
		add(&sip->counters->replies[status], 1);
}

static void count(struct cx_sip *sip, uint16_t listener, enum cx_reason reason,
		  const struct cx_stateless_result *r, size_t n)
{
	struct cx_listener_stats *stats = &sip->counters->listeners[listener];

	add(&sip->counters->reasons[reason].packets, 1);
	add(&sip->counters->reasons[reason].bytes, n);
	if (reason == CX_R_SEND_FAILED || r->verdict == CX_DROP)
		add(&stats->dropped, 1);
	else if (r->verdict == CX_UP)
		add(&stats->up, 1);
	else if (r->request)
		add(&stats->requests, 1);
	else
		add(&stats->responses, 1);
}

void cx_sip_count_stream(struct cx_sip *sip, uint16_t listener, bool response)
{
	struct cx_listener_stats *stats = &sip->counters->listeners[listener];

	add(response ? &stats->responses : &stats->requests, 1);
}

void cx_sip_count_element(struct cx_sip *sip, uint32_t element, bool call)
{
	if (element >= sip->counters->n_elements)
		return;
	add(&sip->counters->elements[element].calls, call);
	add(&sip->counters->elements[element].requests, 1);
}

static void on_datagram(void *ctx, uint16_t listener, const union cx_addr *from, uint16_t port, uint8_t *p,
			size_t n)
{
	struct cx_hop hop = {
	    .addr = *from, .port = port, .listener = listener, .connection = CX_NO_CONNECTION};
	struct cx_sip *sip = ctx;
	struct cx_world *w = cx_sip_world(sip);
	struct cx_stateless_result r;
	enum cx_reason reason;

	if (!w->tables->listener_config[listener])
		return; /* a reload is just closing it */
	if (cx_stateless_is_transaction(p, n))
		r = (struct cx_stateless_result){.verdict = CX_UP, .reason = CX_R_TRANSACTION};
	else
		cx_stateless_run(sip->stateless, w, listener, from, port, p, n, &r);
	reason = r.reason;
	if (cx_stateless_for_core(&r)) {
		cx_sip_to_core(sip, &hop, p, n);
	} else if (r.verdict == CX_FORWARD) {
		reason = forward(sip, &r, n);
	} else if (r.verdict == CX_UP && r.reason == CX_R_TRANSACTION) {
		if (!cx_sip_probe_answer(sip, p, n))
			cx_sip_to_core(sip, &hop, p, n);
	} else if (r.verdict == CX_UP) {
		answer(sip, &r, listener, from, port, p, n);
	}
	count(sip, listener, reason, &r, n);
}

static void on_unreachable(void *ctx, uint16_t listener, const struct cx_udp_bounce *bounce)
{
	if (cx_tables_may_report(cx_sip_world(ctx)->tables, listener, &bounce->to, &bounce->by))
		cx_sip_unreachable(ctx, &bounce->to, bounce->port, CX_UDP, bounce->errnum);
	else
		cx_sip_bounced(ctx, bounce);
}

/* An answer of our own is counted apart from what is forwarded. */
static void on_send_failed(void *ctx, uint16_t listener, const union cx_addr *to, uint16_t port, int err,
			   struct cx_udp_tag tag)
{
	struct cx_sip *sip = ctx;
	struct cx_count *reasons = sip->counters->reasons;

	log_send_error(to, port, err);
	if (!cx_is_shortage(err) &&
	    sip->n_failed < CX_FAILED_SENDS) /* the core may be at work: it hears of it when it is not */
		sip->failed[sip->n_failed++] =
		    (struct cx_failed_send){.addr = *to,
					    .port = port,
					    .errnum = -err,
					    .token = tag.kind == CX_TAG_CORE ? tag.token : 0};
	if (tag.kind == CX_TAG_CORE || cx_reason_verdict(tag.kind) != CX_FORWARD)
		return;
	add(&reasons[tag.kind].packets, (uint64_t)-1);
	add(&reasons[CX_R_SEND_FAILED].packets, 1);
}

struct cx_udp_ops cx_sip_udp_ops(struct cx_sip *sip)
{
	return (struct cx_udp_ops){.on_datagram = on_datagram,
				   .on_unreachable = on_unreachable,
				   .on_send_failed = on_send_failed,
				   .ctx = sip};
}

static void on_letter(void *ctx, unsigned from, uint32_t kind, void *letter, size_t n)
{
	cx_sip_letter(ctx, from, kind, letter, n);
}

static void on_turn(void *ctx)
{
	cx_sip_turn(ctx);
}

int cx_sip_start(struct cx_parts *parts, unsigned number)
{
	struct cx_sip *sip = &parts->sip[number];
	struct cx_worker_ops ops = {.on_letter = on_letter, .on_turn = on_turn, .ctx = sip};
	struct cx_counters *counters = calloc(1, sizeof(*counters));

	if (!counters)
		return -ENOMEM;
	parts->d.counters[number] = counters;
	sip->counters = counters;
	sip->parts = parts;
	sip->number = number;
	counters->n_elements = parts->d.world->max_elements;
	counters->elements = calloc(counters->n_elements, sizeof(*counters->elements));
	sip->stateless = cx_stateless_new();
	sip->batch = cx_udp_batch_new();
	if (!counters->elements || !sip->stateless || !sip->batch)
		return -ENOMEM;
	cx_stateless_leave_core(sip->stateless);
	sip->err = cx_worker_start(number, parts->post, &ops, &sip->worker);
	if (!sip->err)
		cx_worker_call(sip->worker, cx_sip_start_stateful, sip);
	return sip->err;
}

void cx_sip_stop(struct cx_sip *sip)
{
	cx_worker_stop(sip->worker);
	sip->worker = NULL;
	cx_stateless_free(sip->stateless);
	cx_udp_batch_free(sip->batch);
	if (sip->counters)
		free(sip->counters->elements);
	free(sip->counters);
}
