/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which worker a call belongs to: the rule that the steering program and the
 * daemon share. Bits of the Call-ID's keyed hash that neither the ring (the
 * high ones) nor the sets of recent calls (the low ones) look at.
 *
 * Responses need no rule of their own: they carry the Call-ID of their request.
 */
#ifndef CXSIP_STEER_H
#define CXSIP_STEER_H

#include "base.h"

CX_INLINE __u32 cx_worker_of_hash(__u64 call_hash, __u32 workers)
{
	return (__u32)((call_hash >> 21 & 0xfffff) * workers >> 20);
}

#endif
