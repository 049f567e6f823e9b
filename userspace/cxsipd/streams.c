// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker's connections, between net/ and the cores: messages that come by them, and
 * what becomes of those that are sent by them.
 *
 * A connection's bytes go out by the worker that has it. What the core of another one
 * sends by it, or to the peer that opened it, is posted there; that it could not be sent
 * comes back.
 */
#include <errno.h>
#include <string.h>
#include "cxsipd/stateful.h"
#include "txn/table.h"

/* A datagram that finds no room is dropped, and sent again by who sent it. Nobody sends
 * again what TCP has taken: it stays in the connection until its worker has room. */
static bool on_tcp_message(void *ctx, const struct cx_hop *from, uint8_t *p, size_t n)
{
	struct cx_sip *sip = ctx;
	bool response = n > 4 && !memcmp(p, "SIP/", 4);
	unsigned owner = cx_sip_owner(sip, p, n);

	if (!response || !cx_sip_probe_answer(sip, p, n)) {
		if (owner != sip->number &&
		    !cx_post_has_room(sip->parts->post, sip->number, owner, sizeof(*from) + n))
			return false;
		cx_sip_to_core_of(sip, owner, from, p, n);
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
	struct cx_letter_failed failed = {.token = token - ((uint64_t)owner << CX_TXN_SLOT_BITS),
					  .errnum = errnum};

	if (owner)
		cx_sip_post(sip, owner - 1, CX_LETTER_FAILED, &failed, sizeof(failed), NULL, 0);
	else
		cx_proxy_failed(cx_sip_core(sip), token, errnum, cx_sip_now(sip));
}

/* Only the main thread's health room is told: tries that wait have tokens. */
static void on_tcp_unreachable(void *ctx, const struct cx_hop *hop, int errnum)
{
	struct cx_sip *sip = ctx;
	struct cx_letter_unreachable letter = {
	    .addr = hop->addr, .port = hop->port, .transport = CX_TCP, .errnum = errnum};

	cx_sip_post(sip, sip->parts->d.n_workers, CX_LETTER_UNREACHABLE, &letter, sizeof(letter), NULL, 0);
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

void cx_sip_send_for(struct cx_sip *sip, unsigned from, const struct cx_letter_send *letter, size_t n)
{
	struct iovec iov = {(void *)(uintptr_t)(letter + 1), n - sizeof(*letter)};
	struct cx_letter_failed failed = {.token = letter->token};
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
	cx_sip_post(sip, from, CX_LETTER_FAILED, &failed, sizeof(failed), NULL, 0);
}

static uint32_t share(uint32_t all, unsigned workers)
{
	return (all + workers - 1) / workers;
}

int cx_sip_start_tcp(struct cx_sip *sip)
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
	settings.connections_max = share(sip->parts->connections_max, workers);
	settings.per_source_max = cx_tcp_chance_share(from->per_source, workers);
	settings.accepted = sip->parts->accepted;
	return cx_tcp_new(cx_worker_loop(sip->worker), sip->number, sip->parts->tag_key, &settings, &ops,
			  &sip->tcp);
}
