/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steering: the kernel gives a datagram to the socket of the worker that its
 * Call-ID belongs to (bpf/steer.bpf.c). It saves the hand-over between workers;
 * nothing depends on it, so where the kernel or a missing capability refuses it,
 * there is none.
 */
#ifndef CX_NET_STEER_H
#define CX_NET_STEER_H

#include "cxsip/abi.h"

struct cx_steer;

/* Loads the program. 0 or -errno (-EPERM without CAP_BPF and CAP_NET_ADMIN). */
int cx_steer_open(const struct cx_key *key, unsigned workers, struct cx_steer **out);
void cx_steer_close(struct cx_steer *s); /* sockets that are open keep the program */
/* The sockets of one listener, by worker, all bound. 0 or -errno: the kernel goes
 * on choosing by addresses. */
int cx_steer_add(struct cx_steer *s, const int *fds);
/* Before they are closed. */
void cx_steer_remove(struct cx_steer *s, const int *fds);

#endif
