// SPDX-License-Identifier: GPL-2.0-only
/*
 * What happens to one datagram that the kernel handed up, or that came in
 * while there is no fast path: the engine decides, this sends, answers, counts.
 *
 * - Counted under exactly one reason: a message that could not be sent counts
 *   as send_failed, not as forwarded.
 * - Stateless all through (RFC 3261 16.11): an error to send is the health
 *   room's news; the caller's retransmission goes elsewhere.
 */
#include <errno.h>
#include <string.h>
#include "base/addr.h"
#include "cxsipd/parts.h"
#include "observe/log.h"
#include "proxy/reply.h"
#include "sip/via.h"

#define CX_RETRY_AFTER_S 5
#define CX_MAGIC "z9hG4bK"
#define CX_SERVER "cxsip/" CX_VERSION

static uint8_t reply_bytes[65536];

static void note_send_error(struct cx_parts *parts, const union cx_addr *to, uint16_t port, int err)
{
	char text[CX_ENDPOINT_TEXT];

	cx_log(CX_INFO, "send_failed", "to", cx_endpoint_format(to, port, text), "reason", strerror(-err),
	       NULL);
	if (err == -ECONNREFUSED || err == -EHOSTUNREACH || err == -ENETUNREACH) {
		cx_health_icmp(parts->d.health, to, port, -err);
		cx_daemon_health_soon(parts);
	}
}

static int send_from(struct cx_parts *parts, uint16_t listener, const union cx_addr *to, uint16_t port,
		     const struct iovec *iov, size_t n)
{
	struct cx_udp *u = listener < CX_LISTENERS_MAX ? parts->d.udp[listener] : NULL;
	int err = u ? cx_udp_send(u, to, port, iov, n) : -EADDRNOTAVAIL;

	if (err)
		note_send_error(parts, to, port, err);
	return err;
}

static enum cx_reason forward(struct cx_parts *parts, const struct cx_stateless_result *r, size_t n)
{
	struct cx_daemon *d = &parts->d;
	struct cx_element_stats *stats;

	if (send_from(parts, r->listener, &r->to, r->to_port, r->iov, 2))
		return CX_R_SEND_FAILED;
	if (r->request && r->element < d->world->max_elements) {
		stats = &d->element_stats[r->element];
		stats->calls += r->new_call;
		stats->requests++;
		stats->bytes += n;
	}
	return r->reason;
}

/* A response to one of our own requests, so far: the health room's probes. */
static void own_response(struct cx_parts *parts, const uint8_t *p, size_t n)
{
	const uint32_t magic = strlen(CX_MAGIC);
	struct cx_field fields[CX_FIELDS_DEFAULT];
	struct cx_message m;
	struct cx_via_value via;

	cx_message_init(&m, fields, CX_FIELDS_DEFAULT, CX_MESSAGE_SIZE_DEFAULT);
	if (cx_message_index(&m, p, n, CX_DATAGRAM) || !m.status || cx_via_first(&m, &via) || !via.magic)
		return;
	cx_health_response(parts->d.health, via.branch.p + magic, via.branch.n - magic, m.status);
	cx_daemon_health_soon(parts);
}

static uint32_t retry_after(const struct cx_daemon *d, uint32_t group)
{
	if (group < d->tables->n_groups && d->tables->group_config[group])
		return d->tables->group_config[group]->retry_after_s;
	return CX_RETRY_AFTER_S;
}

static void answer(struct cx_parts *parts, const struct cx_stateless_result *r, uint16_t listener,
		   const union cx_addr *from, uint16_t port, const uint8_t *p, size_t n)
{
	struct cx_reply_context ctx = {.source = *from,
				       .source_port = port,
				       .reason = r->reason,
				       .retry_after_s = retry_after(&parts->d, r->group),
				       .tag_key = parts->tag_key,
				       .server = CX_SERVER};
	struct iovec iov = {.iov_base = reply_bytes};
	int status = cx_reply_status(r->reason, p, n);
	uint16_t to_port;

	if (!status)
		return;
	iov.iov_len = cx_reply_build(&ctx, status, p, n, reply_bytes, sizeof(reply_bytes), &to_port);
	if (iov.iov_len && !send_from(parts, listener, from, to_port, &iov, 1))
		parts->d.replies[status]++;
}

static void count(struct cx_daemon *d, uint16_t listener, enum cx_reason reason,
		  const struct cx_stateless_result *r, size_t n)
{
	struct cx_listener_stats *stats = &d->listener_stats[listener];

	d->counts[reason].packets++;
	d->counts[reason].bytes += n;
	if (reason == CX_R_SEND_FAILED || r->verdict == CX_DROP)
		stats->dropped++;
	else if (r->verdict == CX_UP)
		stats->up++;
	else if (r->request)
		stats->requests++;
	else
		stats->responses++;
}

static void on_datagram(void *ctx, uint16_t listener, const union cx_addr *from, uint16_t port, uint8_t *p,
			size_t n)
{
	struct cx_parts *parts = ctx;
	struct cx_daemon *d = &parts->d;
	struct cx_stateless_result r;
	enum cx_reason reason;

	cx_stateless_run(d->stateless, d->world, listener, from, port, p, n, &r);
	reason = r.reason;
	if (r.verdict == CX_FORWARD)
		reason = forward(parts, &r, n);
	else if (r.verdict == CX_UP && r.reason == CX_R_TRANSACTION)
		own_response(parts, p, n);
	else if (r.verdict == CX_UP)
		answer(parts, &r, listener, from, port, p, n);
	count(d, listener, reason, &r, n);
}

static void on_unreachable(void *ctx, uint16_t listener, const union cx_addr *addr, uint16_t port, int errnum)
{
	struct cx_parts *parts = ctx;

	cx_health_icmp(parts->d.health, addr, port, errnum);
	cx_daemon_health_soon(parts);
}

struct cx_udp_ops cx_sip_ops(struct cx_parts *parts)
{
	return (struct cx_udp_ops){
	    .on_datagram = on_datagram, .on_unreachable = on_unreachable, .ctx = parts};
}
