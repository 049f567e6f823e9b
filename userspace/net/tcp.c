// SPDX-License-Identifier: GPL-2.0-only
/*
 * A worker's table of connections: by index and generation, by address and port
 * for re-use, and counted by source. See tcp.h.
 */
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/addr.h"
#include "cxsip/siphash.h"
#include "net/accepted.h"
#include "net/tcp_internal.h"

#define NO_SLOT UINT32_MAX
#define BUCKETS 4096

int cx_tcp_new(uv_loop_t *loop, unsigned worker, uint64_t hash_key, const struct cx_tcp_settings *settings,
	       const struct cx_tcp_ops *ops, struct cx_tcp **out)
{
	struct cx_tcp *t = calloc(1, sizeof(*t));

	*out = NULL;
	if (!t)
		return -ENOMEM;
	t->loop = loop;
	t->worker = worker;
	t->settings = *settings;
	t->ops = *ops;
	t->hash_key[0] = hash_key;
	t->hash_key[1] = ~hash_key;
	t->first_free = NO_SLOT;
	t->held_last = &t->held;
	t->buckets = BUCKETS;
	t->by_address = calloc(t->buckets, sizeof(struct cx_conn *));
	t->by_source = calloc(t->buckets, sizeof(struct cx_source_count *));
	if (!t->by_address || !t->by_source) {
		free(t->by_address);
		free(t->by_source);
		free(t);
		return -ENOMEM;
	}
	*out = t;
	return 0;
}

static void tcp_free(struct cx_tcp *t)
{
	free(t->slots);
	free(t->by_address);
	free(t->by_source);
	free(t);
}

void cx_tcp_close(struct cx_tcp *t)
{
	if (!t)
		return;
	t->closing = true;
	for (uint32_t i = 0; i < t->n_slots; i++) {
		if (t->slots[i].conn)
			cx_conn_end(t->slots[i].conn, 0);
	}
	if (!t->alive)
		tcp_free(t);
}

uint32_t cx_tcp_chance_share(uint32_t all, unsigned workers)
{
	double share = (double)all / workers, most = ceil(share + 4 * sqrt(share));

	return workers < 2 || most > all ? all : (uint32_t)most;
}

unsigned cx_tcp_worker_of(uint32_t connection)
{
	return connection >> CX_TCP_INDEX_BITS;
}

/* ---- by address, by source -------------------------------------------------------- */

static struct cx_conn **bucket_of(struct cx_tcp *t, const struct cx_hop *hop)
{
	struct {
		union cx_addr addr;
		uint16_t port, listener;
		uint32_t gap;
	} key = {.addr = hop->addr, .port = hop->port, .listener = hop->listener};

	return &t->by_address[cx_siphash24((const __u64 *)t->hash_key, &key, sizeof(key)) & (t->buckets - 1)];
}

static struct cx_conn *find(struct cx_tcp *t, const struct cx_hop *hop)
{
	struct cx_conn *c = *bucket_of(t, hop);

	while (c && (c->state == CX_TCP_CLOSING || c->hop.port != hop->port ||
		     c->hop.listener != hop->listener || memcmp(&c->hop.addr, &hop->addr, sizeof(hop->addr))))
		c = c->next_same;
	return c;
}

bool cx_tcp_has(struct cx_tcp *t, const struct cx_hop *hop)
{
	return find(t, hop) != NULL;
}

unsigned cx_tcp_worker_for(struct cx_tcp *t, const struct cx_hop *hop)
{
	int other;

	if (hop->connection != CX_NO_CONNECTION)
		return cx_tcp_worker_of(hop->connection);
	if (!t->settings.accepted || cx_tcp_has(t, hop))
		return t->worker;
	other = cx_accepted_find(t->settings.accepted, hop);
	return other < 0 ? t->worker : (unsigned)other;
}

struct cx_source_count *cx_source_take(struct cx_tcp *t, const union cx_addr *addr)
{
	union cx_addr source = *addr;
	struct cx_source_count **bucket, *s;

	if (!cx_addr_is_v4(addr))
		source.q[1] = 0; /* a host may have all of a /64 */
	bucket = &t->by_source[cx_siphash24((const __u64 *)t->hash_key, &source, sizeof(source)) &
			       (t->buckets - 1)];
	for (s = *bucket; s && memcmp(&s->addr, &source, sizeof(source)); s = s->next)
		;
	if (!s) {
		s = calloc(1, sizeof(*s));
		if (!s)
			return NULL;
		s->addr = source;
		s->next = *bucket;
		*bucket = s;
	}
	if (s->n >= t->settings.per_source_max)
		return NULL;
	s->n++;
	return s;
}

void cx_source_give(struct cx_tcp *t, struct cx_source_count *s)
{
	struct cx_source_count **at;

	if (!s || --s->n)
		return;
	at = &t->by_source[cx_siphash24((const __u64 *)t->hash_key, &s->addr, sizeof(s->addr)) &
			   (t->buckets - 1)];
	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	free(s);
}

/* ---- slots ----------------------------------------------------------------------------- */

static int grow(struct cx_tcp *t)
{
	uint32_t n = t->n_slots ? t->n_slots * 2 : 64, i;
	struct slot *more;

	if (n > t->settings.connections_max)
		n = t->settings.connections_max;
	if (n <= t->n_slots || n > 1u << CX_TCP_INDEX_BITS)
		return -EMFILE;
	more = realloc(t->slots, n * sizeof(*more));
	if (!more)
		return -ENOMEM;
	t->slots = more;
	for (i = n; i-- > t->n_slots;) {
		more[i] = (struct slot){.free_next = t->first_free};
		t->first_free = i;
	}
	t->n_slots = n;
	return 0;
}

struct cx_conn *cx_conn_new(struct cx_tcp *t, int fd, const struct cx_hop *peer, bool accepted, int *err)
{
	struct cx_conn *c = calloc(1, sizeof(*c)), **bucket = bucket_of(t, peer);
	uint32_t i;

	*err = c ? 0 : -ENOMEM;
	if (!*err && t->first_free == NO_SLOT)
		*err = grow(t);
	if (*err) {
		free(c);
		return NULL;
	}
	i = t->first_free;
	t->first_free = t->slots[i].free_next;
	t->slots[i].conn = c;
	c->t = t;
	c->fd = fd;
	c->hop = *peer;
	c->hop.connection = i | t->worker << CX_TCP_INDEX_BITS;
	c->hop.generation = t->slots[i].generation;
	c->accepted = accepted;
	c->opened_ms = c->active_ms = uv_now(t->loop);
	cx_frame_init(&c->frame, t->settings.message_max, t->settings.message_max);
	c->next_same = *bucket;
	*bucket = c;
	if (accepted && t->settings.accepted)
		cx_accepted_put(t->settings.accepted, peer, t->worker);
	t->alive++;
	cx_tcp_count(&t->stats.open, 1);
	return c;
}

static void drop_held(struct cx_tcp *t, struct cx_conn **at)
{
	struct cx_conn *c = *at;

	*at = c->next_held;
	if (t->held_last == &c->next_held)
		t->held_last = at;
	c->held = false;
	t->n_held--;
}

void cx_conn_unlink(struct cx_conn *c)
{
	struct cx_tcp *t = c->t;
	struct cx_conn **at = bucket_of(t, &c->hop);
	uint32_t i = c->hop.connection & ((1u << CX_TCP_INDEX_BITS) - 1);

	while (*at != c)
		at = &(*at)->next_same;
	*at = c->next_same;
	if (c->accepted && t->settings.accepted)
		cx_accepted_drop(t->settings.accepted, &c->hop, t->worker);
	for (at = &t->dirty; c->dirty && *at; at = &(*at)->next_dirty) {
		if (*at == c) {
			*at = c->next_dirty;
			break;
		}
	}
	for (at = &t->held; c->held && *at; at = &(*at)->next_held) {
		if (*at == c) {
			drop_held(t, at);
			break;
		}
	}
	t->slots[i].conn = NULL;
	t->slots[i].generation++;
	t->slots[i].free_next = t->first_free;
	t->first_free = i;
	cx_source_give(t, c->source);
	c->source = NULL;
	cx_tcp_count(&t->stats.open, -1);
}

void cx_conn_free(struct cx_conn *c)
{
	struct cx_tcp *t = c->t;

	cx_bytes_free(&c->in);
	cx_bytes_free(&c->out);
	free(c->tokens);
	free(c);
	if (!--t->alive && t->closing)
		tcp_free(t);
}

static struct cx_conn *named(struct cx_tcp *t, const struct cx_hop *hop)
{
	uint32_t i = hop->connection & ((1u << CX_TCP_INDEX_BITS) - 1);
	struct cx_conn *c =
	    i < t->n_slots && cx_tcp_worker_of(hop->connection) == t->worker ? t->slots[i].conn : NULL;

	if (!c || c->hop.generation != hop->generation)
		return NULL;
	return c->state != CX_TCP_CLOSING || c->owed ? c : NULL;
}

/* ---- out ---------------------------------------------------------------------------------- */

static int connect_to(struct cx_tcp *t, const struct cx_hop *hop, const struct cx_listener *from,
		      struct cx_conn **out)
{
	struct sockaddr_storage ss;
	socklen_t n = cx_addr_to_sockaddr(&hop->addr, hop->port, &ss);
	struct cx_conn *c = NULL;
	int fd, err;

	if (cx_addr_is_v4(&hop->addr) != (from->family == CX_IPV4))
		return -EAFNOSUPPORT;
	err = cx_tcp_socket(from, &fd);
	if (err) {
		cx_tcp_count(&t->stats.no_descriptors, err == -EMFILE || err == -ENFILE);
		return err;
	}
	err = cx_tcp_options(fd, from->family, from->dscp, t->settings.unacked_ms);
	if (!err && connect(fd, (struct sockaddr *)&ss, n) && errno != EINPROGRESS)
		err = -errno;
	if (!err)
		c = cx_conn_new(t, fd, hop, false, &err);
	if (!c) {
		close(fd);
		return err;
	}
	err = cx_conn_start(c, true);
	if (!err)
		*out = c;
	return err;
}

int cx_tcp_send(struct cx_tcp *t, const struct cx_hop *hop, const struct cx_listener *from,
		const struct iovec *iov, int n, uint64_t token)
{
	struct cx_conn *c = NULL;
	struct cx_hop to = *hop;
	int err = 0;

	if (hop->connection != CX_NO_CONNECTION) {
		c = named(t, hop);
		if (!c && !hop->return_port)
			return -ENOTCONN;
		to.port = hop->return_port;
		to.connection = CX_NO_CONNECTION;
	}
	to.return_port = 0;
	if (!c)
		c = find(t, &to);
	if (!c)
		err = connect_to(t, &to, from, &c);
	return err ? err : cx_conn_queue(c, iov, n, token);
}

void cx_tcp_flush(struct cx_tcp *t)
{
	/* one at a time: what a broken one tells may make others dirty */
	while (t->dirty) {
		struct cx_conn *c = t->dirty;

		t->dirty = c->next_dirty;
		c->dirty = false;
		cx_conn_flush(c);
	}
}

void cx_tcp_resume(struct cx_tcp *t)
{
	/* each once: those that are held again queue up behind */
	for (uint32_t n = t->n_held; n && t->held; n--) {
		struct cx_conn *c = t->held;

		drop_held(t, &t->held);
		cx_conn_resume(c);
	}
}

/* ---- for people ------------------------------------------------------------------------------ */

void cx_tcp_stats(const struct cx_tcp *t, struct cx_tcp_stats *out)
{
#define CX_X(name, text) out->name = __atomic_load_n(&t->stats.name, __ATOMIC_RELAXED);
	CX_TCP_COUNTERS(CX_X)
#undef CX_X
}

static void describe(const struct cx_conn *c, struct cx_tcp_view *v)
{
	uint64_t now = uv_now(c->t->loop);

	*v = (struct cx_tcp_view){.hop = c->hop,
				  .state = c->state,
				  .accepted = c->accepted,
				  .age_ms = now - c->opened_ms,
				  .idle_ms = now - c->active_ms,
				  .messages_in = c->messages_in,
				  .messages_out = c->messages_out,
				  .queued = (uint32_t)cx_bytes_n(&c->out),
				  .partial = (uint32_t)cx_bytes_n(&c->in)};
}

size_t cx_tcp_list(const struct cx_tcp *t, uint32_t *next, struct cx_tcp_view *out, size_t max)
{
	size_t n = 0;
	uint32_t i;

	for (i = *next; i < t->n_slots && n < max; i++) {
		if (t->slots[i].conn)
			describe(t->slots[i].conn, &out[n++]);
	}
	*next = i < t->n_slots ? i : CX_NO_CONNECTION;
	return n;
}
