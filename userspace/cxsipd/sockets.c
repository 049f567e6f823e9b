// SPDX-License-Identifier: GPL-2.0-only
/*
 * The listeners' sockets in the workers' loops: of each listener one a worker,
 * among which the kernel shares out what comes in (net/steer.h says how).
 *
 * A reload opens the sockets of new listeners before anything else changes, so
 * that a port that is taken refuses the reload; sockets of listeners that stay
 * are kept with what waits in them. The main thread opens, each worker polls and
 * closes its own.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/addr.h"
#include "cxsipd/parts.h"
#include "observe/log.h"

/* The error queue wakes us by POLLPRI (net/udp.h): with POLLERR alone libuv
 * would stop polling the descriptor. */
#define CX_SOCKET_EVENTS (UV_READABLE | UV_PRIORITIZED)

/* One worker's socket of a listener. */
struct at_worker {
	struct cx_sip *sip;
	struct cx_udp *udp;	      /* or */
	struct cx_tcp_listen *listen; /* which polls by itself */
	uv_poll_t poll;
};

struct cx_socket {
	unsigned n;
	struct at_worker *at[CX_WORKERS_MAX]; /* by worker; the struct is the worker's once it polls */
};

/* ---- on a worker ------------------------------------------------------------- */

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct at_worker *at = poll->data;

	cx_worker_at(at->sip->worker, "UDP");
	cx_udp_read(at->udp, at->sip->batch, status < 0 || events & UV_PRIORITIZED);
	if (status < 0) /* libuv has stopped polling; the error has been read now */
		uv_poll_start(&at->poll, CX_SOCKET_EVENTS, on_poll);
}

static int start_udp(struct at_worker *at)
{
	int err = uv_poll_init(cx_worker_loop(at->sip->worker), &at->poll, cx_udp_fd(at->udp));

	return err ? err : uv_poll_start(&at->poll, CX_SOCKET_EVENTS, on_poll);
}

static void start(struct at_worker *at, uint16_t listener)
{
	struct cx_sip *sip = at->sip;
	int err;

	at->poll.data = at;
	if (at->listen) {
		err = cx_tcp_listen_start(sip->tcp, at->listen);
	} else {
		sip->udp[listener] = at->udp;
		err = start_udp(at);
	}
	if (err)
		cx_logf(CX_ERROR, "socket_not_polled", "worker %u, listener %u: %s", sip->number, listener,
			strerror(-err));
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static void end(struct at_worker *at)
{
	if (at->listen) {
		cx_tcp_listen_close(at->listen);
		free(at);
		return;
	}
	cx_udp_flush(at->sip->batch);
	uv_close((uv_handle_t *)&at->poll, on_closed); /* the struct lives until then */
	cx_udp_close(at->udp);
}

struct adoption {
	struct cx_parts *parts;
	unsigned worker;
	const struct cx_tables *old, *new;
	struct cx_socket **before, **opened, **after;
};

/* Each socket is given its id, started or ended, by the worker that has it. */
static void adopt_on_worker(void *arg)
{
	const struct adoption *a = arg;
	struct cx_sip *sip = &a->parts->sip[a->worker];
	uint32_t id;

	cx_sip_turn(sip); /* what it reads from now on, it reads by the new tables */
	memset(sip->udp, 0, sizeof(sip->udp));
	for (id = 0; id < CX_LISTENERS_MAX; id++) {
		struct cx_socket *s = a->after[id];

		if (s && s == a->opened[id]) {
			start(s->at[a->worker], (uint16_t)id);
		} else if (s && s->at[a->worker]->listen) {
			cx_tcp_listen_set(s->at[a->worker]->listen, (uint16_t)id, a->new->listeners[id].dscp);
		} else if (s) {
			sip->udp[id] = s->at[a->worker]->udp;
			cx_udp_set_listener(sip->udp[id], (uint16_t)id);
			cx_udp_set_dscp(sip->udp[id], a->new->listeners[id].dscp);
		}
	}
	for (id = 0; id < CX_LISTENERS_MAX; id++) {
		if (a->before[id])
			end(a->before[id]->at[a->worker]);
	}
}

/* ---- on the main thread -------------------------------------------------------- */

/* One that no worker polls yet. */
static void socket_drop(struct cx_socket *s)
{
	if (!s)
		return;
	for (unsigned i = 0; i < s->n; i++) {
		cx_udp_close(s->at[i]->udp);
		cx_tcp_listen_close(s->at[i]->listen);
		free(s->at[i]);
	}
	free(s);
}

static int open_at(struct at_worker *at, const struct cx_listener *listener, bool join)
{
	struct cx_udp_ops ops = cx_sip_udp_ops(at->sip);

	if (listener->transport == CX_TCP)
		return cx_tcp_listen_open(listener, join, &at->listen);
	return join ? cx_udp_join(listener, &ops, &at->udp) : cx_udp_open(listener, &ops, &at->udp);
}

static int socket_open(struct cx_parts *parts, const struct cx_listener *listener, struct cx_socket **out)
{
	struct cx_socket *s = calloc(1, sizeof(*s));
	int err = s ? 0 : -ENOMEM;

	while (!err && s->n < parts->d.n_workers) {
		struct at_worker *at = calloc(1, sizeof(*at));

		if (!at) {
			err = -ENOMEM;
			break;
		}
		at->sip = &parts->sip[s->n];
		err = open_at(at, listener, s->n > 0);
		if (err)
			free(at);
		else
			s->at[s->n++] = at;
	}
	if (err) {
		socket_drop(s);
		s = NULL;
	}
	*out = s;
	return err;
}

/* Before any worker reads, so that no message of a call goes to another one. */
static void socket_steer(struct cx_parts *parts, const struct cx_socket *s)
{
	int fds[CX_WORKERS_MAX], err;

	if (!parts->steer || s->at[0]->listen)
		return;
	for (unsigned i = 0; i < s->n; i++)
		fds[i] = cx_udp_fd(s->at[i]->udp);
	err = cx_steer_add(parts->steer, fds);
	if (err)
		cx_log(CX_WARN, "not_steered", "reason", strerror(-err), "consequence",
		       "workers hand over calls of this listener to each other", NULL);
}

static void socket_unsteer(struct cx_parts *parts, const struct cx_socket *s)
{
	int fds[CX_WORKERS_MAX];

	if (!parts->steer || s->at[0]->listen)
		return;
	for (unsigned i = 0; i < s->n; i++)
		fds[i] = cx_udp_fd(s->at[i]->udp);
	cx_steer_remove(parts->steer, fds);
}

void cx_sockets_drop(struct cx_socket *opened[CX_LISTENERS_MAX])
{
	for (uint32_t id = 0; id < CX_LISTENERS_MAX; id++) {
		socket_drop(opened[id]);
		opened[id] = NULL;
	}
}

/* The id of the same address and port in other tables; CX_NONE: not there. */
static uint32_t same_listener(const struct cx_tables *t, const struct cx_listener *l)
{
	if (!t)
		return CX_NONE;
	for (uint32_t id = 0; id < CX_LISTENERS_MAX; id++) {
		const struct cx_listener *other = &t->listeners[id];

		if (t->listener_config[id] && other->port == l->port && other->transport == l->transport &&
		    !memcmp(&other->addr, &l->addr, sizeof(l->addr)))
			return id;
	}
	return CX_NONE;
}

static void say_why(const struct cx_tables *t, uint32_t id, int err, struct cx_diag *diag)
{
	const struct cx_config_listener *at = t->listener_config[id];
	char text[CX_ENDPOINT_TEXT];
	const char *hint = NULL;

	if (err == -EADDRINUSE)
		hint = "another program has this address and port: `ss -lpn` names it";
	else if (err == -EACCES || err == -EPERM)
		hint = "ports below 1024 need CAP_NET_BIND_SERVICE";
	cx_diag_error(diag, at->at.file, at->at.line, hint,
		      "listener %s of network \"%.*s\" cannot be opened: %s",
		      cx_endpoint_format(&t->listeners[id].addr, t->listeners[id].port, text), CX_NAME_SIZE,
		      (const char *)t->listeners[id].name, strerror(-err));
}

int cx_sockets_prepare(struct cx_parts *parts, const struct cx_tables *old, const struct cx_tables *new,
		       struct cx_diag *diag, struct cx_socket *opened[CX_LISTENERS_MAX])
{
	int err, first = 0;

	for (uint32_t id = 0; id < CX_LISTENERS_MAX; id++) {
		opened[id] = NULL;
		if (!new->listener_config[id] || same_listener(old, &new->listeners[id]) != CX_NONE)
			continue;
		err = socket_open(parts, &new->listeners[id], &opened[id]);
		if (err) {
			say_why(new, id, err, diag);
			first = first ? first : err;
		}
	}
	if (first)
		cx_sockets_drop(opened);
	return first;
}

static void adopt(struct cx_parts *parts, struct adoption *a)
{
	for (uint32_t id = 0; id < CX_LISTENERS_MAX; id++) {
		if (a->opened[id])
			socket_steer(parts, a->opened[id]);
		if (a->before[id])
			socket_unsteer(parts, a->before[id]);
	}
	for (a->worker = 0; a->worker < parts->d.n_workers; a->worker++)
		cx_worker_call(parts->sip[a->worker].worker, adopt_on_worker, a);
	for (uint32_t id = 0; id < CX_LISTENERS_MAX; id++)
		free(a->before[id]);
}

void cx_sockets_adopt(struct cx_parts *parts, const struct cx_tables *old, const struct cx_tables *new,
		      struct cx_socket *opened[CX_LISTENERS_MAX])
{
	struct cx_socket *before[CX_LISTENERS_MAX];
	struct adoption a = {.parts = parts,
			     .old = old,
			     .new = new,
			     .before = before,
			     .opened = opened,
			     .after = parts->sockets};

	memcpy(before, parts->sockets, sizeof(before));
	for (uint32_t id = 0; id < CX_LISTENERS_MAX; id++) {
		struct cx_socket *s = opened[id];

		if (new->listener_config[id] && !s) {
			uint32_t was = same_listener(old, &new->listeners[id]);

			s = before[was];
			before[was] = NULL;
		}
		parts->sockets[id] = s;
		parts->d.udp[id] = s ? s->at[0]->udp : NULL;
		parts->d.listening[id] = s != NULL;
	}
	adopt(parts, &a);
}

void cx_sockets_close(struct cx_parts *parts)
{
	struct cx_socket *before[CX_LISTENERS_MAX], *none[CX_LISTENERS_MAX] = {0};
	struct adoption a = {.parts = parts, .before = before, .opened = none, .after = none};

	memcpy(before, parts->sockets, sizeof(before));
	memset(parts->sockets, 0, sizeof(parts->sockets));
	memset(parts->d.udp, 0, sizeof(parts->d.udp));
	memset(parts->d.listening, 0, sizeof(parts->d.listening));
	adopt(parts, &a);
}

void cx_sockets_warn_elsewhere(struct cx_parts *parts)
{
	const struct cx_tables *t = parts->d.tables;
	char text[CX_ENDPOINT_TEXT];

	for (uint32_t id = 0; id < CX_LISTENERS_MAX; id++) {
		const struct cx_listener *l = &t->listeners[id];

		if (t->listener_config[id] && cx_world_is_elsewhere(parts->d.world, &l->addr))
			cx_log(CX_WARN, "address_missing", "listener", cx_endpoint_format(&l->addr, l->port, text),
			       "consequence", "nothing arrives there until an interface has the address", NULL);
	}
}
