// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker's part of the proxy core: what goes into it and comes out of it.
 *
 * - Everything of one Call-ID goes to one worker's core: what arrives at another
 *   worker, as TCP does and UDP without steering, is handed over by post.
 * - A connection's bytes go out by the worker that has it. What the core of
 *   another one sends by it, or to the peer that opened it, is posted there; that it
 *   could not be sent comes back.
 * - ICMP reaches the socket of some worker, so every worker is told.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "base/addr.h"
#include "cxsipd/parts.h"
#include "health/options.h"
#include "net/owner.h"
#include "observe/log.h"
#include "sip/edit.h"
#include "txn/table.h"

#define CX_MAGIC "z9hG4bK"
#define PROBE_REACH 1024 /* the topmost Via is in front of other headers */

/* Between workers. */
struct letter_message { /* then its bytes */
	struct cx_hop from;
};
struct letter_failed {
	uint64_t token;
	int errnum;
};

static uint64_t now_ms(const struct cx_sip *sip)
{
	return uv_now(cx_worker_loop(sip->worker));
}

static void post(struct cx_sip *sip, unsigned to, uint32_t kind, const void *head, size_t head_n,
		 const void *p, size_t n)
{
	struct iovec iov[2] = {{(void *)(uintptr_t)head, head_n}, {(void *)(uintptr_t)p, n}};

	if (cx_post_send(sip->parts->post, sip->number, to, kind, iov, 2))
		cx_log(CX_WARN, "hand_over_failed", "reason", "the other thread does not keep up", NULL);
}

/* ---- into the core ---------------------------------------------------------------- */

/* The core, with the world of this turn. */
static struct cx_proxy *core_of(struct cx_sip *sip)
{
	struct cx_world *w = cx_sip_world(sip);

	if (!sip->core_used)
		cx_proxy_use(sip->core, w);
	sip->core_used = true;
	return sip->core;
}

static void receive(struct cx_sip *sip, const struct cx_hop *from, const uint8_t *p, size_t n)
{
	cx_worker_at(sip->worker, "core");
	if (cx_sip_world(sip)->tables->listener_config[from->listener]) /* else a reload has closed it */
		cx_proxy_receive(core_of(sip), from, p, n, now_ms(sip));
}

static void to_core_of(struct cx_sip *sip, unsigned owner, const struct cx_hop *from, const uint8_t *p,
		       size_t n)
{
	if (owner == sip->number)
		receive(sip, from, p, n);
	else
		post(sip, owner, CX_LETTER_MESSAGE, from, sizeof(*from), p, n);
}

static unsigned owner_of(struct cx_sip *sip, const uint8_t *p, size_t n)
{
	return cx_owner(&cx_sip_world(sip)->key.hash, p, n, sip->parts->d.n_workers);
}

void cx_sip_to_core(struct cx_sip *sip, const struct cx_hop *from, const uint8_t *p, size_t n)
{
	to_core_of(sip, owner_of(sip, p, n), from, p, n);
}

/* By the first branch in it, which is that of our Via. What is made to look like it
 * goes no further than health, which knows its probes by their nonces. */
bool cx_sip_probe_answer(struct cx_sip *sip, const uint8_t *p, size_t n)
{
	const size_t magic = strlen(CX_MAGIC);
	const char *branch = memmem(p, n < PROBE_REACH ? n : PROBE_REACH, CX_MAGIC, magic);
	struct cx_letter_answer letter = {0};
	size_t length = 0, most;
	uint32_t element;
	uint64_t nonce;

	if (!branch || n < 12 || memcmp(p, "SIP/2.0 ", 8))
		return false;
	branch += magic;
	most = (size_t)((const char *)p + n - branch);
	while (length < most && (isalnum((unsigned char)branch[length])))
		length++;
	if (cx_options_branch(branch, length, &element, &nonce))
		return false;
	for (int i = 8; i < 11 && isdigit(p[i]); i++)
		letter.status = letter.status * 10 + (p[i] - '0');
	if (letter.status >= 100)
		post(sip, sip->parts->d.n_workers, CX_LETTER_ANSWER, &letter, sizeof(letter), branch, length);
	return true;
}

static void unreachable(struct cx_sip *sip, const struct cx_letter_unreachable *gone)
{
	cx_proxy_unreachable(core_of(sip), &gone->addr, gone->port, gone->transport, gone->errnum,
			     now_ms(sip));
}

void cx_sip_unreachable(struct cx_sip *sip, const union cx_addr *addr, uint16_t port, uint8_t transport,
			int errnum)
{
	struct cx_letter_unreachable letter = {
	    .addr = *addr, .port = port, .transport = transport, .errnum = errnum};

	for (unsigned i = 0; i <= sip->parts->d.n_workers; i++) {
		if (i != sip->number)
			post(sip, i, CX_LETTER_UNREACHABLE, &letter, sizeof(letter), NULL, 0);
	}
	unreachable(sip, &letter);
}

void cx_sip_tell_failed(struct cx_sip *sip)
{
	struct cx_failed_send failed[CX_FAILED_SENDS];
	unsigned n = sip->n_failed;

	memcpy(failed, sip->failed, n * sizeof(*failed));
	sip->n_failed = 0;
	for (unsigned i = 0; i < n; i++) {
		const struct cx_failed_send *f = &failed[i];

		if (f->token)
			cx_proxy_failed(core_of(sip), f->token, f->errnum, now_ms(sip));
		if (f->errnum == ECONNREFUSED || f->errnum == EHOSTUNREACH || f->errnum == ENETUNREACH)
			cx_sip_unreachable(sip, &f->addr, f->port, CX_UDP, f->errnum);
	}
}

uint32_t cx_sip_retry_after(struct cx_sip *sip, uint32_t group)
{
	return cx_proxy_retry_after(core_of(sip), group, now_ms(sip));
}

/* ---- out of it ---------------------------------------------------------------------- */

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

static void on_core_timer(uv_timer_t *timer)
{
	struct cx_sip *sip = timer->data;
	uint64_t now = now_ms(sip), next;

	cx_worker_at(sip->worker, "core timers");
	next = cx_proxy_tick(core_of(sip), now);
	if (next != CX_PROXY_NEVER)
		uv_timer_start(timer, on_core_timer, next > now ? next - now : 1, 0);
}

static void core_timer(void *ctx, uint64_t at_ms)
{
	struct cx_sip *sip = ctx;
	uint64_t now = now_ms(sip);

	uv_timer_start(&sip->core_timer, on_core_timer, at_ms > now ? at_ms - now : 0, 0);
}

/* Health has probes and ICMP of its own; from calls it learns who stays silent,
 * and who refuses a connection. */
static void core_sign(void *ctx, uint32_t element, enum cx_proxy_sign sign)
{
	struct cx_sip *sip = ctx;
	struct cx_letter_silent letter = {.element = element};

	if (sign == CX_SIGN_SILENT)
		post(sip, sip->parts->d.n_workers, CX_LETTER_SILENT, &letter, sizeof(letter), NULL, 0);
}

/* From here the main thread makes it everybody's. */
static void core_pause(void *ctx, uint32_t element, const struct cx_pause *pause)
{
	struct cx_sip *sip = ctx;
	struct cx_letter_pause letter = {.element = element, .pause = *pause};

	post(sip, sip->parts->d.n_workers, CX_LETTER_PAUSE, &letter, sizeof(letter), NULL, 0);
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

/* ---- connections ---------------------------------------------------------------------- */

/* A datagram that finds no room is dropped, and sent again by who sent it. Nobody sends
 * again what TCP has taken: it stays in the connection until its worker has room. */
static bool on_tcp_message(void *ctx, const struct cx_hop *from, uint8_t *p, size_t n)
{
	struct cx_sip *sip = ctx;
	bool response = n > 4 && !memcmp(p, "SIP/", 4);
	unsigned owner = owner_of(sip, p, n);

	if (!response || !cx_sip_probe_answer(sip, p, n)) {
		if (owner != sip->number &&
		    !cx_post_has_room(sip->parts->post, sip->number, owner, sizeof(*from) + n))
			return false;
		to_core_of(sip, owner, from, p, n);
	}
	cx_sip_count_stream(sip, from->listener, response);
	return true;
}

/* A token is a handle (txn/table.h). What no slot needs of it says whose it is: 0 is
 * ours, else one more than the worker's number. */
static uint64_t token_for(unsigned worker, uint64_t token)
{
	return token ? token | (worker + 1ULL) << CX_TXN_SLOT_BITS : 0;
}

static void on_tcp_failed(void *ctx, uint64_t token, int errnum)
{
	struct cx_sip *sip = ctx;
	unsigned owner = cx_handle_slot(token) >> CX_TXN_SLOT_BITS;
	struct letter_failed failed = {.token = token - ((uint64_t)owner << CX_TXN_SLOT_BITS),
				       .errnum = errnum};

	if (owner)
		post(sip, owner - 1, CX_LETTER_FAILED, &failed, sizeof(failed), NULL, 0);
	else
		cx_proxy_failed(core_of(sip), token, errnum, now_ms(sip));
}

/* Only the main thread's health room is told: tries that wait have tokens. */
static void on_tcp_unreachable(void *ctx, const struct cx_hop *hop, int errnum)
{
	struct cx_sip *sip = ctx;
	struct cx_letter_unreachable letter = {
	    .addr = hop->addr, .port = hop->port, .transport = CX_TCP, .errnum = errnum};

	post(sip, sip->parts->d.n_workers, CX_LETTER_UNREACHABLE, &letter, sizeof(letter), NULL, 0);
}

static bool may_connect(void *ctx, uint16_t listener, const union cx_addr *from)
{
	const struct cx_tables *t = cx_sip_world(ctx)->tables;
	const struct cx_source *source = cx_tables_source(t, from);

	if (!t->listener_config[listener])
		return false;
	return t->listeners[listener].flags & CX_LISTENER_ANY_SOURCE ||
	       (source && source->networks >> t->listeners[listener].network & 1);
}

/* ---- letters of others ------------------------------------------------------------------ */

static void send_for(struct cx_sip *sip, unsigned from, const struct cx_letter_send *letter, size_t n)
{
	struct iovec iov = {(void *)(uintptr_t)(letter + 1), n - sizeof(*letter)};
	struct letter_failed failed = {.token = letter->token};
	bool workers = from != sip->parts->d.n_workers;
	int err;

	if (!cx_sip_world(sip)->tables->listener_config[letter->hop.listener])
		err = -EADDRNOTAVAIL;
	else if (workers && letter->hop.connection == CX_NO_CONNECTION && !cx_tcp_has(sip->tcp, &letter->hop))
		err = -ENOTCONN; /* it has gone meanwhile; the other one can open its own */
	else
		err =
		    cx_tcp_send(sip->tcp, &letter->hop, &sip->world->tables->listeners[letter->hop.listener],
				&iov, 1, workers ? token_for(from, letter->token) : 0);
	if (!err || !letter->token || !workers)
		return;
	failed.errnum = -err;
	post(sip, from, CX_LETTER_FAILED, &failed, sizeof(failed), NULL, 0);
}

void cx_sip_letter(struct cx_sip *sip, unsigned from, uint32_t kind, void *letter, size_t n)
{
	const struct letter_failed *failed = letter;
	const struct letter_message *message = letter;

	if (!sip->core) /* stopping */
		return;
	switch (kind) {
	case CX_LETTER_MESSAGE:
		receive(sip, &message->from, (const uint8_t *)(message + 1), n - sizeof(*message));
		break;
	case CX_LETTER_SEND:
		send_for(sip, from, letter, n);
		break;
	case CX_LETTER_FAILED:
		cx_proxy_failed(core_of(sip), failed->token, failed->errnum, now_ms(sip));
		break;
	case CX_LETTER_UNREACHABLE:
		unreachable(sip, letter);
		break;
	}
}

/* ---- start, end ----------------------------------------------------------------------------- */

static uint32_t share(uint32_t all, unsigned workers)
{
	return (all + workers - 1) / workers;
}

/* Long requests must not push the host into swap or the daemon into the arms of the
 * OOM killer: of its memory one half is the workers'. */
static uint64_t memory_share(unsigned workers)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size / 2 / workers : 0;
}

static int start_core(struct cx_sip *sip)
{
	static const struct cx_proxy_ops ops = {.send = core_send,
						.timer = core_timer,
						.sign = core_sign,
						.pause = core_pause,
						.note = core_note};
	struct cx_proxy_settings settings = CX_PROXY_SETTINGS_DEFAULT;

	settings.worker = sip->number;
	settings.memory_max = memory_share(sip->parts->d.n_workers);
	settings.seed = sip->parts->tag_key;
	snprintf(settings.server, sizeof(settings.server), "%s", CX_SERVER);
	return cx_proxy_new(&settings, &ops, sip, cx_sip_world(sip), now_ms(sip), &sip->core);
}

static int start_tcp(struct cx_sip *sip)
{
	const struct cx_config_tcp *from = &sip->parts->d.config->tcp;
	struct cx_tcp_ops ops = {.on_message = on_tcp_message,
				 .on_failed = on_tcp_failed,
				 .on_unreachable = on_tcp_unreachable,
				 .may_connect = may_connect,
				 .ctx = sip};
	unsigned workers = sip->parts->d.n_workers;
	struct cx_tcp_settings settings = CX_TCP_SETTINGS_DEFAULT;

	settings.connect_ms = from->connect_ms;
	settings.idle_ms = from->idle_s * 1000;
	settings.half_open_ms = from->half_open_ms;
	settings.unacked_ms = from->unacked_ms;
	settings.queue_max = from->queue_bytes;
	settings.connections_max = share(from->connections, workers);
	settings.per_source_max = share(from->per_source, workers);
	settings.accepted = sip->parts->accepted;
	return cx_tcp_new(cx_worker_loop(sip->worker), sip->number, sip->parts->tag_key, &settings, &ops,
			  &sip->tcp);
}

void cx_sip_start_stateful(void *arg)
{
	struct cx_sip *sip = arg;

	uv_timer_init(cx_worker_loop(sip->worker), &sip->core_timer);
	sip->core_timer.data = sip;
	sip->err = start_core(sip);
	if (!sip->err)
		sip->err = start_tcp(sip);
}

void cx_sip_stop_stateful(void *arg)
{
	struct cx_sip *sip = arg;

	uv_close((uv_handle_t *)&sip->core_timer, NULL);
	cx_tcp_close(sip->tcp);
	sip->tcp = NULL;
	if (sip->core)
		cx_proxy_free(sip->core);
	sip->core = NULL;
	sip->n_failed = 0;
	cx_post_unwant(sip->parts->post, sip->number);
	cx_post_wake(sip->parts->post, sip->number); /* and nobody any more */
}
