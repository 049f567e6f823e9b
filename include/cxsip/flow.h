/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Recent calls: a bounded memory of which element a Call-ID went to. An LRU hash
 * map costs most of a microsecond for a new call, and a lock that all CPUs
 * share; a set of eight words in one cache line costs a miss. Two CPUs that
 * write the same set at once may lose one entry, never mix two up: the call is
 * then picked by the ring again, which is the same element unless the ring has
 * changed in between.
 *
 * A wrong match of the hash bits (one in eight million per entry) makes a call
 * share another's element for as long as that entry lasts, which is stable, too.
 */
#ifndef CXSIP_FLOW_H
#define CXSIP_FLOW_H

#include "abi.h"

#define CX_FLOW_MASK 0xfffffu /* of element and transaction */

/* The part of a word that names the call. */
CX_INLINE __u64 cx_flow_name(__u64 call)
{
	return 1ull << 63 | call >> 41 << 40;
}

/* 0 and *flow, or -1: not among the recent calls. */
CX_INLINE int cx_flow_find(const struct cx_flow_set *set, __u64 call, struct cx_flow *flow)
{
	__u64 name = cx_flow_name(call), word = 0;
	int i;

	CX_UNROLL
	for (i = CX_FLOW_WAYS - 1; i >= 0; i--) {
		__u64 w = set->call[i];

		if (w >> 40 == name >> 40)
			word = w;
	}
	flow->element = word >> 20 & CX_FLOW_MASK;
	flow->transaction = word & CX_FLOW_MASK;
	return word ? 0 : -1;
}

/* Writes a call in front of the others: its own old entry goes, or else the oldest. */
CX_INLINE void cx_flow_store(struct cx_flow_set *set, __u64 call, const struct cx_flow *flow)
{
	__u64 name = cx_flow_name(call), carried, w;
	int i;

	carried = name | (__u64)(flow->element & CX_FLOW_MASK) << 20 | (flow->transaction & CX_FLOW_MASK);
	for (i = 0; i < CX_FLOW_WAYS; i++) {
		w = set->call[i];
		set->call[i] = carried;
		if (!w || w >> 40 == name >> 40)
			return;
		carried = w;
	}
}

#endif
