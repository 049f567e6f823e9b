/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "maps.h"

SEC("xdp")
int cx_xdp(struct xdp_md *ctx)
{
	__u32 zero = 0;
	struct cx_ring_slots *slots;
	void *ring = bpf_map_lookup_elem(&cx_ring, &zero);

	if (!ring)
		return XDP_PASS;
	slots = bpf_map_lookup_elem(ring, &zero);
	if (!slots || slots->element[0])
		return XDP_PASS;
	return XDP_PASS;
}
char _license[] SEC("license") = "GPL";
