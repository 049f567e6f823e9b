/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The messages of the benchmark, as Ethernet frames with right checksums:
 * an INVITE with SDP from a caller, and the 200 of an element to it.
 */
#ifndef CX_BENCH_FRAMES_H
#define CX_BENCH_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include "replay.h"

/* Where everybody is; fast.sh writes the configuration that goes with it. */
#define BENCH_PROXY4 "10.0.0.1"
#define BENCH_PROXY6 "fd00::1"
#define BENCH_CALLER4 "10.0.0.2"
#define BENCH_CALLER6 "fd00::2"
#define BENCH_ELEMENT4 "10.0.0.11"
#define BENCH_ELEMENT6 "fd00::11"

/* A DN is '8' (IPv4 group) or '6' (IPv6 group) and REPLAY_DIGITS digits. Fills
 * digits_at and call_at; the caller decides whether they vary. */
void bench_invite(struct replay_frame *f, bool ipv6);
/* The 200 to an INVITE that the proxy has sent as `forwarded`. 0 or -EINVAL. */
int bench_response(struct replay_frame *f, bool ipv6, const void *forwarded, size_t n);
/* Of a whole Ethernet frame that holds UDP: are its lengths and checksums right? */
bool bench_is_sound(const void *frame, size_t n);

#endif
