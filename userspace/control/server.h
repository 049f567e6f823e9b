/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A Unix stream socket on a uv loop that speaks lines. Knows nothing of what
 * the lines mean.
 *
 * Invariants
 * - A client has one line in work at a time; reading goes on when its reply
 *   has been written. So neither a flood of lines nor an unread reply grows
 *   memory, and other work of the loop runs between any two lines.
 * - A client that sends too long a line, or does not take its reply within
 *   CX_SERVER_STALL_MS, is dropped; when CX_SERVER_CLIENTS are connected, a
 *   new one takes the place of the one that has been idle longest.
 */
#ifndef CX_CONTROL_SERVER_H
#define CX_CONTROL_SERVER_H

#include <stdint.h>
#include <sys/types.h>
#include <uv.h>

#define CX_SERVER_CLIENTS 64
#define CX_SERVER_STALL_MS 10000

struct cx_server;

struct cx_server_ops {
	/* One line; it must be answered by cx_server_reply(), now or later. */
	void (*on_line)(void *ctx, uint64_t client, const char *line, size_t n);
	void *ctx;
};

/* Binds path with mode 0660 and gives it to group ("" leaves it). A socket
 * that is left over at path is replaced: the caller holds the lock that makes
 * it the only daemon. 0 or -errno. */
int cx_server_open(uv_loop_t *loop, const char *path, const char *group, const struct cx_server_ops *ops,
		   struct cx_server **out);
/* Sends text and a newline; takes text (malloc'd) over. -ENOENT: the client has gone. */
int cx_server_reply(struct cx_server *s, uint64_t client, char *text, size_t n);
/* Who is at the other end (SO_PEERCRED); -1 each if unknown. */
void cx_server_peer(struct cx_server *s, uint64_t client, uid_t *uid, pid_t *pid);
/* Stops and removes the socket. Memory is freed by the loop's next turns. */
void cx_server_close(struct cx_server *s);

#endif
