/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What the replaying program and its user share: one frame, and which digits
 * of it are drawn anew for each packet.
 */
#ifndef CX_BENCH_REPLAY_H
#define CX_BENCH_REPLAY_H

#include <linux/types.h>

#define REPLAY_FRAME_MAX 2048
#define REPLAY_DIGITS 7
#define REPLAY_SIP_AT 42 /* behind Ethernet, IPv4 and UDP */

struct replay_frame {
	__u32 len;
	__u32 digits_at;  /* offset of REPLAY_DIGITS digits of the DN to vary, 0: none */
	__u32 digits_max; /* numbers 0..max-1 */
	__u32 call_at;	  /* the same for the Call-ID */
	__u32 call_max;
	__u32 gap;
	__u8 bytes[REPLAY_FRAME_MAX];
};

#endif
