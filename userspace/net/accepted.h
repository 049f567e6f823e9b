/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which worker has the connection that a peer opened. Most phones listen nowhere:
 * their Contact is the address that their connection comes from, and a request of
 * another call, which another worker has, reaches them by that connection alone
 * (RFC 3261 18: connections are to be used again).
 *
 * Invariants
 * - A hint, never the truth: who is asked looks whether it has the connection. A
 *   lost one costs what it cost to have none, a stale one is answered -ENOTCONN.
 * - Sets of eight words, one cache line; a full set loses one. Nothing is locked,
 *   nothing allocated after the start, whatever peers do.
 * - A connection's own worker writes; all read.
 */
#ifndef CX_NET_ACCEPTED_H
#define CX_NET_ACCEPTED_H

#include <stdint.h>
#include "base/hop.h"

struct cx_accepted;

/* For about so many connections; key: secret. NULL: no memory. */
struct cx_accepted *cx_accepted_new(uint32_t connections, uint64_t key);
void cx_accepted_free(struct cx_accepted *a);

/* peer: address, port and listener count. worker: 0..63. */
void cx_accepted_put(struct cx_accepted *a, const struct cx_hop *peer, unsigned worker);
/* Unless another worker has said since then that it has it. */
void cx_accepted_drop(struct cx_accepted *a, const struct cx_hop *peer, unsigned worker);
/* The worker; -ENOENT: none is known. */
int cx_accepted_find(const struct cx_accepted *a, const struct cx_hop *peer);

#endif
