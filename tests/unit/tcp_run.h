/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The TCP transport over the loopback, against plain sockets: one transport with one
 * listener on a loop that turns until something is so, and what it was told.
 */
#ifndef CX_TESTS_TCP_RUN_H
#define CX_TESTS_TCP_RUN_H

#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>
#include "net/accepted.h"
#include "net/tcp.h"

#define LISTENER 7
#define WORKER 3
#define WAIT_MS 5000
#define ANSWER "SIP/2.0 200 OK\r\n\r\n"

struct rig {
	uv_loop_t loop;
	uv_timer_t end;
	bool over;
	struct cx_tcp *tcp;
	struct cx_tcp_listen *listen;
	struct cx_listener listener;
	/* what was told */
	unsigned messages, failures, unreachable;
	struct cx_hop from;
	uint8_t last[70000];
	size_t last_n;
	uint64_t token;
	int errnum;
	bool refuse, answers;
	bool full;	       /* nobody has room for a message */
	unsigned out_of_order; /* Call-IDs that were not counted up from 0 */
	int peer_listen, peer; /* plain sockets */
};

void on_end(uv_timer_t *timer);
/* Turns the loop until the condition holds; false: it does not within WAIT_MS. */
#define UNTIL(r, condition)                                                                                  \
	({                                                                                                   \
		(r)->over = false;                                                                           \
		uv_timer_start(&(r)->end, on_end, WAIT_MS, 0);                                               \
		cx_tcp_flush((r)->tcp);                                                                      \
		while (!(condition) && !(r)->over) {                                                         \
			uv_run(&(r)->loop, UV_RUN_ONCE);                                                     \
			cx_tcp_flush((r)->tcp);                                                              \
		}                                                                                            \
		uv_timer_stop(&(r)->end);                                                                    \
		!(r)->over;                                                                                  \
	})

struct rig *rig_new(const struct cx_tcp_settings *settings);
struct rig *rig_default(void);
void rig_free(struct rig *r);
struct cx_tcp_stats stats_of(const struct rig *r);
int send_text(struct rig *r, const struct cx_hop *hop, const char *text, uint64_t token);
struct cx_hop hop_to(uint16_t port);

/* plain sockets */
uint16_t port_of(int fd);
struct sockaddr_in loopback(uint16_t port);
int plain_listen(int backlog);
int dial(struct rig *r);
void put(int fd, const char *text, size_t n);
/* Writes one with that Call-ID and a body of so many bytes; its length. */
size_t message(char *text, size_t size, unsigned number, size_t body);

#endif
