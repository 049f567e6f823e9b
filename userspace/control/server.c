/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The control socket's server. See the header for its invariants.
 *
 * Clients are named by a number that is never used again, so a reply that
 * comes late (a reload) finds its client or nobody, never another one.
 */
#define _GNU_SOURCE /* struct ucred */
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include "control/frame.h"
#include "control/server.h"
#include "observe/log.h"

enum client_state { READING, WORKING, WRITING, CLOSING };

struct client {
	uv_pipe_t pipe; /* first: the handle is the client */
	uv_timer_t stall;
	struct cx_server *server;
	struct client *next;
	struct cx_line_frame frame;
	enum client_state state;
	uint64_t id;
	uint64_t since_ms; /* when the state began */
	int handles;	   /* open uv handles */
	uv_write_t write;
	char *reply;
};

struct cx_server {
	uv_pipe_t pipe;
	struct cx_server_ops ops;
	struct client *clients;
	size_t n_clients;
	uint64_t next_id;
	char path[108];
	int closing;
	char chunk[65536];
};

static void serve(struct client *c);

static void free_server_if_done(struct cx_server *s)
{
	if (s->closing == 2 && !s->clients)
		free(s);
}

static void on_client_closed(uv_handle_t *handle)
{
	struct client *c = handle->data;
	struct cx_server *s = c->server;

	if (--c->handles)
		return;
	for (struct client **p = &s->clients; *p; p = &(*p)->next) {
		if (*p == c) {
			*p = c->next;
			break;
		}
	}
	cx_line_frame_free(&c->frame);
	free(c->reply);
	free(c);
	free_server_if_done(s);
}

static void drop(struct client *c)
{
	if (c->state == CLOSING)
		return;
	c->state = CLOSING;
	c->server->n_clients--;
	uv_close((uv_handle_t *)&c->pipe, on_client_closed);
	uv_close((uv_handle_t *)&c->stall, on_client_closed);
}

static void enter(struct client *c, enum client_state state)
{
	c->state = state;
	c->since_ms = uv_now(c->pipe.loop);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct client *c = handle->data;

	/* the loop reads and hands over one client's bytes at a time */
	*buf = uv_buf_init(c->server->chunk, sizeof(c->server->chunk));
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct client *c = stream->data;

	if (n < 0) {
		drop(c);
		return;
	}
	if (cx_line_frame_add(&c->frame, buf->base, (size_t)n)) {
		cx_log(CX_WARN, "control_client_dropped", "why", "line too long", NULL);
		drop(c);
		return;
	}
	serve(c);
}

static void serve(struct client *c)
{
	const char *line;
	size_t n;

	if (cx_line_frame_next(&c->frame, &line, &n)) {
		uv_read_stop((uv_stream_t *)&c->pipe);
		enter(c, WORKING);
		c->server->ops.on_line(c->server->ops.ctx, c->id, line, n);
		return;
	}
	if (c->state != READING || !uv_is_active((uv_handle_t *)&c->pipe)) {
		enter(c, READING);
		if (uv_read_start((uv_stream_t *)&c->pipe, on_alloc, on_read))
			drop(c);
	}
}

static void on_written(uv_write_t *write, int status)
{
	struct client *c = write->data;

	free(c->reply);
	c->reply = NULL;
	if (c->state != WRITING)
		return;
	uv_timer_stop(&c->stall);
	if (status) {
		drop(c);
		return;
	}
	enter(c, READING);
	serve(c);
}

static void on_stall(uv_timer_t *timer)
{
	cx_log(CX_WARN, "control_client_dropped", "why", "does not read its reply", NULL);
	drop(timer->data);
}

static struct client *find(struct cx_server *s, uint64_t id)
{
	struct client *c;

	for (c = s->clients; c; c = c->next)
		if (c->id == id && c->state != CLOSING)
			return c;
	return NULL;
}

int cx_server_reply(struct cx_server *s, uint64_t client, char *text, size_t n)
{
	struct client *c = find(s, client);
	uv_buf_t bufs[2] = {uv_buf_init(text, (unsigned)n), uv_buf_init("\n", 1)};
	int rc;

	if (!c || c->state != WORKING) {
		free(text);
		return -ENOENT;
	}
	enter(c, WRITING);
	c->reply = text;
	c->write.data = c;
	rc = uv_write(&c->write, (uv_stream_t *)&c->pipe, bufs, 2, on_written);
	if (!rc)
		rc = uv_timer_start(&c->stall, on_stall, CX_SERVER_STALL_MS, 0);
	if (rc)
		drop(c);
	return rc;
}

void cx_server_peer(struct cx_server *s, uint64_t client, uid_t *uid, pid_t *pid)
{
	struct client *c = find(s, client);
	struct ucred cred;
	socklen_t n = sizeof(cred);
	uv_os_fd_t fd;

	*uid = (uid_t)-1;
	*pid = -1;
	if (!c || uv_fileno((uv_handle_t *)&c->pipe, &fd) ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n))
		return;
	*uid = cred.uid;
	*pid = cred.pid;
}

/* Makes room for one more client by dropping the one idle longest. */
static int make_room(struct cx_server *s)
{
	struct client *oldest = NULL;

	if (s->n_clients < CX_SERVER_CLIENTS)
		return 0;
	for (struct client *c = s->clients; c; c = c->next)
		if (c->state == READING && (!oldest || c->since_ms <= oldest->since_ms))
			oldest = c;
	if (!oldest)
		return -EBUSY;
	cx_log(CX_WARN, "control_client_dropped", "why", "too many clients, idle longest", NULL);
	drop(oldest);
	return 0;
}

static void on_refused(uv_handle_t *handle)
{
	free(handle);
}

/* libuv accepts only into a handle, so to refuse is to accept and close. */
static void refuse(struct cx_server *s)
{
	uv_pipe_t *pipe = calloc(1, sizeof(*pipe));

	if (!pipe)
		return;
	if (uv_pipe_init(s->pipe.loop, pipe, 0)) {
		free(pipe);
		return;
	}
	uv_accept((uv_stream_t *)&s->pipe, (uv_stream_t *)pipe);
	uv_close((uv_handle_t *)pipe, on_refused);
}

static void on_connection(uv_stream_t *stream, int status)
{
	struct cx_server *s = stream->data;
	struct client *c;

	if (status)
		return;
	c = make_room(s) ? NULL : calloc(1, sizeof(*c));
	if (!c) {
		refuse(s);
		return;
	}
	c->server = s;
	c->id = ++s->next_id;
	uv_pipe_init(stream->loop, &c->pipe, 0);
	uv_timer_init(stream->loop, &c->stall);
	c->handles = 2;
	c->pipe.data = c->stall.data = c;
	c->next = s->clients;
	s->clients = c;
	s->n_clients++;
	enter(c, READING);
	if (uv_accept(stream, (uv_stream_t *)&c->pipe)) {
		drop(c);
		return;
	}
	serve(c);
}

static void on_server_closed(uv_handle_t *handle)
{
	struct cx_server *s = handle->data;

	s->closing = 2;
	free_server_if_done(s);
}

static int give_to_group(const char *path, const char *group)
{
	struct group *entry;

	if (!group[0])
		return 0;
	errno = 0;
	entry = getgrnam(group);
	if (!entry)
		return -ENOENT;
	return chown(path, (uid_t)-1, entry->gr_gid) ? -errno : 0;
}

int cx_server_open(uv_loop_t *loop, const char *path, const char *group, const struct cx_server_ops *ops,
		   struct cx_server **out)
{
	struct cx_server *s;
	mode_t mask;
	int rc;

	if (strlen(path) >= sizeof(s->path))
		return -ENAMETOOLONG;
	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->ops = *ops;
	memcpy(s->path, path, strlen(path));
	rc = uv_pipe_init(loop, &s->pipe, 0);
	if (rc) {
		free(s);
		return rc;
	}
	s->pipe.data = s;
	unlink(path);
	mask = umask(0117); /* never open to others, not even for a moment */
	rc = uv_pipe_bind(&s->pipe, path);
	umask(mask);
	if (rc)
		goto out;
	rc = give_to_group(path, group);
	if (rc) /* root can still use it, and the proxy works */
		cx_log(CX_WARN, "control_group", "group", group, "error", strerror(-rc), "hint",
		       "create the group or change control_group", NULL);
	rc = uv_listen((uv_stream_t *)&s->pipe, 16, on_connection);
out:
	if (rc) {
		uv_close((uv_handle_t *)&s->pipe, on_server_closed);
		s->closing = 1;
		return rc;
	}
	*out = s;
	return 0;
}

void cx_server_close(struct cx_server *s)
{
	if (!s || s->closing)
		return;
	s->closing = 1;
	unlink(s->path);
	for (struct client *c = s->clients; c; c = c->next)
		drop(c);
	uv_close((uv_handle_t *)&s->pipe, on_server_closed);
}
