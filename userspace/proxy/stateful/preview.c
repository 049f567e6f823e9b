// SPDX-License-Identifier: GPL-2.0-only
/* The core asked what it would do, see preview.h. */
#include <errno.h>
#include <stdlib.h>
#include "base/hash.h"
#include "proxy/preview.h"
#include "proxy/stateful/internal.h"
#include "sip/cseq.h"

#define CX_PREVIEW_TRANSACTIONS 64 /* one, and its tries */

struct preview {
	struct cx_proxy *proxy;
	struct cx_preview *out;
	bool no_memory;
};

static size_t gather(const struct iovec *iov, int n_iov, uint8_t **bytes)
{
	size_t n = 0;

	for (int i = 0; i < n_iov; i++)
		n += iov[i].iov_len;
	*bytes = malloc(n + 1);
	n = 0;
	for (int i = 0; *bytes && i < n_iov; i++) {
		memcpy(*bytes + n, iov[i].iov_base, iov[i].iov_len);
		n += iov[i].iov_len;
	}
	return n;
}

/* The last final response is the one that stays. */
static void note_answer(struct preview *v, const uint8_t *p, size_t n)
{
	struct cx_field fields[CX_PROXY_FIELDS];
	struct cx_message m;

	cx_message_init(&m, fields, CX_PROXY_FIELDS, CX_MESSAGE_SIZE_DEFAULT);
	if (cx_message_index(&m, p, n, CX_DATAGRAM) || m.status < 200)
		return;
	v->out->status = m.status;
	if (cx_retry_after(&m, &v->out->retry_after_s))
		v->out->retry_after_s = 0;
}

static unsigned count_record_routes(const uint8_t *p, size_t n)
{
	struct cx_field fields[CX_PROXY_FIELDS];
	struct cx_message m;
	struct cx_values it;
	struct cx_value value;
	unsigned count = 0;

	cx_message_init(&m, fields, CX_PROXY_FIELDS, CX_MESSAGE_SIZE_DEFAULT);
	if (cx_message_index(&m, p, n, CX_DATAGRAM))
		return 0;
	it = cx_values_of(&m, CX_HEADER_RECORD_ROUTE);
	while (cx_values_next(&it, &value))
		count++;
	return count;
}

/* What has no branch is known by where it goes. */
static uint32_t element_there(const struct preview *v, const struct cx_hop *hop)
{
	const struct cx_tables *t = v->proxy->world->tables;
	const uint32_t *ids;
	size_t n = cx_tables_elements_at(t, &hop->addr, hop->port, &ids);

	for (size_t i = 0; i < n; i++)
		if (t->elements[ids[i]].group == v->out->group &&
		    t->elements[ids[i]].transport == hop->transport)
			return ids[i];
	return cx_way_element(v->proxy, hop);
}

static void note_try(struct preview *v, const struct cx_hop *hop, uint64_t token)
{
	const struct cx_client *client = token ? cx_client_get(&v->proxy->txns, token) : NULL;
	const struct cx_branch *b = (const struct cx_branch *)client;
	struct cx_txn_timers timers = cx_timers_of(v->proxy, hop->listener);
	struct cx_preview_try *t = &v->out->tries[v->out->n_tries];

	if (v->out->n_tries == CX_PREVIEW_TRIES)
		return;
	if (!v->out->n_tries)
		v->out->timers = timers;
	*t = (struct cx_preview_try){.element = b ? b->element : element_there(v, hop), .hop = *hop};
	if (b)
		t->try_ms = cx_try_ms(v->proxy, b->group, hop, &timers);
	v->out->stateless = !b;
	v->out->n_tries++;
}

static int send_nowhere(void *ctx, const struct cx_hop *hop, const struct iovec *iov, int n_iov,
			uint64_t token)
{
	struct preview *v = ctx;
	uint8_t *bytes;
	size_t n = gather(iov, n_iov, &bytes);
	int err = 0;

	if (hop->transport == CX_UDP && !hop->any_length)
		err = cx_proxy_fits_udp(v->proxy->world, hop->listener, iov, n_iov);
	if (!bytes) {
		v->no_memory = true;
		return -ENOMEM;
	}
	if (n > 8 && !memcmp(bytes, "SIP/2.0 ", 8)) {
		note_answer(v, bytes, n);
	} else if (!err) {
		note_try(v, hop, token);
		err = -ECONNREFUSED;
		if (!v->out->sent) {
			v->out->sent = bytes;
			v->out->n_sent = n;
			return err;
		}
	}
	free(bytes);
	return err;
}

static void no_timer(void *ctx, uint64_t at_ms)
{
}

/* Where the core would look first, before any of it is tried. */
static void look_ahead(struct preview *v, const struct cx_hop *from)
{
	struct cx_proxy *p = v->proxy;
	const struct cx_ring *ring;
	struct cx_context c = {0};
	struct cx_fault fault;
	uint32_t element;
	bool known;

	if (cx_message_check(&p->m, &p->e, &fault) || cx_way_find(p, from->listener, &c.way))
		return;
	v->out->group = c.way.group;
	v->out->in_dialog = c.way.in_dialog;
	if (c.way.group == CX_NONE)
		return;
	c.call_hash = cx_hash_of_call(&p->world->key.hash, p->e.call_id.p, p->e.call_id.n);
	element = cx_pick_guess(p, &c, &known);
	if (known)
		v->out->remembered = element;
	ring = p->world->rings[c.way.group];
	if (ring)
		v->out->slot = (uint32_t)(c.call_hash >> (64 - ring->bits));
}

int cx_preview(struct cx_world *w, uint32_t worker, const struct cx_hop *from, const uint8_t *p, size_t n,
	       uint64_t now_ms, struct cx_preview *out)
{
	static const struct cx_proxy_ops ops = {.send = send_nowhere, .timer = no_timer};
	struct cx_proxy_settings settings = CX_PROXY_SETTINGS_DEFAULT;
	struct preview v = {.out = out};
	int err;

	*out = (struct cx_preview){.group = CX_NONE, .slot = CX_NONE, .remembered = CX_NONE};
	settings.worker = worker;
	settings.transactions_max = CX_PREVIEW_TRANSACTIONS;
	err = cx_proxy_new(&settings, &ops, &v, w, now_ms, &v.proxy);
	if (err)
		return err;
	cx_message_init(&v.proxy->m, v.proxy->fields, CX_PROXY_FIELDS, CX_MESSAGE_SIZE_DEFAULT);
	err = cx_message_index(&v.proxy->m, p, n, CX_DATAGRAM);
	if (err == -EPROTO || v.proxy->m.status) {
		err = -EINVAL;
	} else {
		if (!err)
			look_ahead(&v, from);
		cx_proxy_receive(v.proxy, from, p, n, now_ms);
		if (out->sent)
			out->record_routes =
			    count_record_routes(out->sent, out->n_sent) - count_record_routes(p, n);
		err = v.no_memory || v.proxy->count.no_memory ? -ENOMEM : 0;
	}
	cx_proxy_free(v.proxy);
	return err;
}

void cx_preview_free(struct cx_preview *preview)
{
	free(preview->sent);
	preview->sent = NULL;
}
