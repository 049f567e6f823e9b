/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A received datagram at NF_INET_LOCAL_IN: where from, where to, what in it.
 */
#ifndef CX_KMOD_PACKET_H
#define CX_KMOD_PACKET_H

#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include "cxsip/abi.h"

struct cx_datagram {
	union cx_addr source, destination;
	u16 source_port, destination_port; /* host order */
	u32 udp_at;			   /* offset of the UDP header from skb->data */
	u32 udp_len;			   /* what its header says, checked against the packet by cx_packet_copy() */
	bool plain;			   /* no IP options or extension headers */
};

/* Reads addresses and ports. False: nothing for this module. */
bool cx_packet_read(const struct sk_buff *skb, const struct nf_hook_state *state, struct cx_datagram *d);
/* Checks lengths and checksum and copies the payload, at most `max` bytes. 0: *len
 * is its length; or the reason why not. */
enum cx_reason cx_packet_copy(struct sk_buff *skb, const struct nf_hook_state *state,
			      const struct cx_datagram *d, u8 *to, u32 max, u32 *len);

#endif
