// SPDX-License-Identifier: GPL-2.0-only
/*
 * A bare XDP_PASS. A veth device takes the frames that XDP transmits or
 * redirects to it only if its receiving peer runs an XDP program of its own,
 * so the lab puts this one on every device of a caller or media server.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int lab_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
