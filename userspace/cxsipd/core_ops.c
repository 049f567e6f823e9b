// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a worker's proxy core asks for (proxy/core.h): messages sent by the socket or the
 * connection that they are to leave by, a timer, and what it has to tell of elements and
 * calls.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "cxsipd/stateful.h"
#include "observe/log.h"
#include "sip/edit.h"

static int send_udp(struct cx_sip *sip, const struct cx_hop *hop, const struct iovec *iov, int n,
		    uint64_t token)
{
	struct cx_udp *u = sip->udp[hop->listener];
	int err = 0;

	if (!u)
		return -EADDRNOTAVAIL;
	if (!hop->any_length)
		err = cx_proxy_fits_udp(sip->world, hop->listener, iov, n);
	if (err)
		return err;
	err = cx_udp_queue(sip->batch, u, &hop->addr, hop->port, iov, (size_t)n,
			   (struct cx_udp_tag){.kind = CX_TAG_CORE, .token = token});
	return cx_is_shortage(err) ? 0 : err;
}

static int send_elsewhere(struct cx_sip *sip, unsigned worker, const struct cx_hop *hop,
			  const struct iovec *iov, int n, uint64_t token)
{
	struct cx_letter_send head = {.hop = *hop, .token = token};
	struct iovec all[1 + CX_EDITS_IOV] = {{&head, sizeof(head)}};

	if (worker >= sip->parts->d.n_workers || n > CX_EDITS_IOV)
		return -ENOTCONN;
	memcpy(all + 1, iov, (size_t)n * sizeof(*iov));
	return cx_post_send(sip->parts->post, sip->number, worker, CX_LETTER_SEND, all, (size_t)n + 1);
}

static int send_tcp(struct cx_sip *sip, const struct cx_hop *hop, const struct iovec *iov, int n,
		    uint64_t token)
{
	unsigned worker = cx_tcp_worker_for(sip->tcp, hop);

	if (worker != sip->number)
		return send_elsewhere(sip, worker, hop, iov, n, token);
	return cx_tcp_send(sip->tcp, hop, &sip->world->tables->listeners[hop->listener], iov, n, token);
}

static int core_send(void *ctx, const struct cx_hop *hop, const struct iovec *iov, int n, uint64_t token)
{
	struct cx_sip *sip = ctx;

	if (hop->listener >= CX_LISTENERS_MAX || !cx_sip_world(sip)->tables->listener_config[hop->listener])
		return -EADDRNOTAVAIL;
	if (hop->transport == CX_UDP)
		return send_udp(sip, hop, iov, n, token);
	return hop->transport == CX_TCP ? send_tcp(sip, hop, iov, n, token) : -EPROTONOSUPPORT;
}

void cx_sip_on_core_timer(uv_timer_t *timer)
{
	struct cx_sip *sip = timer->data;
	uint64_t now = cx_sip_now(sip), next;

	cx_worker_at(sip->worker, "core timers");
	next = cx_proxy_tick(cx_sip_core(sip), now);
	if (next != CX_PROXY_NEVER)
		uv_timer_start(timer, cx_sip_on_core_timer, next > now ? next - now : 1, 0);
}

static void core_timer(void *ctx, uint64_t at_ms)
{
	struct cx_sip *sip = ctx;
	uint64_t now = cx_sip_now(sip);

	uv_timer_start(&sip->core_timer, cx_sip_on_core_timer, at_ms > now ? at_ms - now : 0, 0);
}

/* Health has probes, ICMP and refused connections of its own; from calls it learns who
 * stays silent. */
static void core_sign(void *ctx, uint32_t element, enum cx_proxy_sign sign)
{
	struct cx_sip *sip = ctx;
	struct cx_letter_silent letter = {.element = element};

	if (sign == CX_SIGN_SILENT)
		cx_sip_post(sip, sip->parts->d.n_workers, CX_LETTER_SILENT, &letter, sizeof(letter), NULL, 0);
}

/* From here the main thread makes it everybody's. */
static void core_pause(void *ctx, uint32_t element, const struct cx_pause *pause)
{
	struct cx_sip *sip = ctx;
	struct cx_letter_pause letter = {.element = element, .pause = *pause};

	cx_sip_post(sip, sip->parts->d.n_workers, CX_LETTER_PAUSE, &letter, sizeof(letter), NULL, 0);
}

static bool is_invite(const struct cx_proxy_note *note)
{
	return note->method_n == 6 && !memcmp(note->method, "INVITE", 6);
}

/* What needed more than one try is worth a line. */
static void core_note(void *ctx, const struct cx_proxy_note *note)
{
	char call_id[128], method[32], status[12], took[24];

	/* in a dialog it has an address, no group */
	cx_sip_count_element(ctx, note->element, note->group != CX_NONE && is_invite(note));
	if (note->tries < 2)
		return;
	snprintf(call_id, sizeof(call_id), "%.*s", (int)note->call_id_n, note->call_id);
	snprintf(method, sizeof(method), "%.*s", (int)note->method_n, note->method);
	snprintf(status, sizeof(status), "%d", note->status);
	snprintf(took, sizeof(took), "%llu", (unsigned long long)note->took_ms);
	cx_log(CX_INFO, "failover", "call_id", call_id, "method", method, "tried", note->tried, "status",
	       status, "took_ms", took, NULL);
}

const struct cx_proxy_ops cx_sip_core_ops = {
    .send = core_send, .timer = core_timer, .sign = core_sign, .pause = core_pause, .note = core_note};
