// SPDX-License-Identifier: GPL-2.0-only
/*
 * The listeners' sockets in the event loop.
 *
 * A reload opens the sockets of new listeners before anything else changes, so
 * that a port that is taken refuses the reload; sockets of listeners that stay
 * are kept with what waits in them.
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

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct cx_socket *s = poll->data;

	cx_udp_read(s->udp);
	if (status < 0) /* libuv has stopped polling; the error has been read now */
		uv_poll_start(&s->poll, CX_SOCKET_EVENTS, on_poll);
}

int cx_socket_open(struct cx_parts *parts, const struct cx_listener *listener, struct cx_socket **out)
{
	struct cx_udp_ops ops = cx_sip_ops(parts);
	struct cx_socket *s = calloc(1, sizeof(*s));
	int err;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	err = cx_udp_open(listener, &ops, &s->udp);
	if (!err) {
		err = uv_poll_init(&parts->loop, &s->poll, cx_udp_fd(s->udp));
		if (err)
			cx_udp_close(s->udp);
	}
	if (err) {
		free(s);
		return err;
	}
	s->poll.data = s;
	*out = s;
	return 0;
}

int cx_socket_start(struct cx_parts *parts, struct cx_socket *s)
{
	return uv_poll_start(&s->poll, CX_SOCKET_EVENTS, on_poll);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

void cx_socket_close(struct cx_socket *s)
{
	if (!s)
		return;
	uv_close((uv_handle_t *)&s->poll, on_closed); /* the struct lives until then */
	cx_udp_close(s->udp);
	s->udp = NULL;
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
		hint = "another program has this address and port: `ss -ulpn` names it";
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
		err = cx_socket_open(parts, &new->listeners[id], &opened[id]);
		if (err) {
			say_why(new, id, err, diag);
			first = first ? first : err;
		}
	}
	for (uint32_t id = 0; first && id < CX_LISTENERS_MAX; id++) {
		cx_socket_close(opened[id]);
		opened[id] = NULL;
	}
	return first;
}

void cx_sockets_adopt(struct cx_parts *parts, const struct cx_tables *old, const struct cx_tables *new,
		      struct cx_socket *opened[CX_LISTENERS_MAX])
{
	struct cx_socket *before[CX_LISTENERS_MAX];
	uint32_t id, was;

	memcpy(before, parts->sockets, sizeof(before));
	for (id = 0; id < CX_LISTENERS_MAX; id++) {
		struct cx_socket *s = opened[id];

		if (new->listener_config[id] && !s) {
			was = same_listener(old, &new->listeners[id]);
			s = before[was];
			before[was] = NULL;
			cx_udp_set_listener(s->udp, (uint16_t)id);
			cx_udp_set_dscp(s->udp, new->listeners[id].dscp);
		} else if (s) {
			cx_socket_start(parts, s);
		}
		parts->sockets[id] = s;
		parts->d.udp[id] = s ? s->udp : NULL;
	}
	for (id = 0; id < CX_LISTENERS_MAX; id++)
		cx_socket_close(before[id]);
}
