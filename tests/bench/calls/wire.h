/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * SIP messages in and out with few system calls: datagrams in batches, streams
 * in large pieces. Both ends of the measured calls stand on it, so that they
 * take as little of the machine as they can.
 */
#ifndef CX_BENCH_WIRE_H
#define CX_BENCH_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define WIRE_MESSAGE_MAX 4096
#define WIRE_PORT 5060

struct wire;

/* Where a message came from, and where an answer goes. */
struct wire_peer {
	struct sockaddr_storage address; /* of datagrams */
	socklen_t size;
	int socket; /* of ours, that the datagram came in by */
	int link;   /* of streams, -1: datagrams */
};

/* A whole message; it lies there until the call returns. */
typedef void wire_message(void *context, const struct wire_peer *from, const char *text, size_t n);

/* A socket at `own`: datagrams, or (tcp) connections taken in there. Ends the program when that fails. */
struct wire *wire_open(const char *own, bool tcp);

/* Its sockets, connections and memory. */
void wire_close(struct wire *w);

/* Another address to serve, beside the first. */
void wire_listen(struct wire *w, const char *own);

/* A peer to send to: its address, or (tcp) a new connection to it. */
struct wire_peer wire_reach(struct wire *w, const char *address);

/* Sends when wire_flush() or a full batch says so. */
void wire_send(struct wire *w, const struct wire_peer *to, const char *text, size_t n);
void wire_flush(struct wire *w);

/* Waits at most so long and hands over what has come. */
void wire_turn(struct wire *w, int64_t wait_ns, wire_message *take, void *context);

uint64_t wire_now_ns(void);
_Noreturn void wire_die(const char *what);

#endif
