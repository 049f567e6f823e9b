/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Whole calls for comparing proxies that keep transactions: INVITE with SDP, 100,
 * 180, 200, ACK, BYE, 200. One program is the caller, one the server.
 */
#ifndef CX_BENCH_CALLS_H
#define CX_BENCH_CALLS_H

#include "wire.h"

/* Log-linear: 16 steps an octave of nanoseconds, so within 6 %. */
#define HISTOGRAM_STEPS 16
#define HISTOGRAM_SIZE (64 * HISTOGRAM_STEPS)
struct histogram {
	uint64_t count[HISTOGRAM_SIZE];
};
void histogram_add(volatile struct histogram *h, uint64_t ns);
/* Upper edge of the step that holds the share-th of all, 0 if there is none. */
uint64_t histogram_at(const struct histogram *h, double share);

/* What a server writes to its (mapped) file for others to read. */
struct served {
	uint64_t invites, byes;
	struct histogram invite_ns; /* from the caller's clock to ours; namespaces share it */
};

/* The value of a header in [text, end): its line without the name; NULL: none. `*n` is its length.
 * `from`: where to go on, for headers that are there more than once. */
const char *calls_header(const char *text, const char *end, const char *name, size_t *n);

#define CALLS_SENT_HEADER "X-Sent-Ns"

_Noreturn void calls_serve(const char *file, bool tcp, char **addresses, int n);
int calls_place(const char *from, bool tcp, const char *to, const char *dn, unsigned rate, unsigned seconds,
		unsigned connections);
int calls_latency(char **files, int n);

#endif
