/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames made by hand, and frames taken apart again with every checksum
 * computed anew over the whole datagram: nothing here is shared with the code
 * under test.
 */
#ifndef CX_TESTS_PACKET_H
#define CX_TESTS_PACKET_H

#include <stddef.h>
#include <stdint.h>
#include "cxsip/abi.h"

#define PACKET_MAX 4096

enum packet_checksum {
	PACKET_FULL,
	PACKET_ZERO,	/* none: legal over IPv4 */
	PACKET_PARTIAL, /* as veth leaves it: the folded pseudo-header sum */
	PACKET_WRONG,	/* off by one */
};

struct packet_plan {
	union cx_addr source, destination;
	uint16_t source_port, destination_port;
	unsigned vlans; /* 0..3 tags */
	enum packet_checksum checksum;
	size_t padding;	      /* bytes behind the datagram, as Ethernet adds to short frames */
	size_t cut;	      /* bytes missing at the end of the frame */
	int ip_length_error;  /* added to the IP length */
	int udp_length_error; /* added to the UDP length */
	uint16_t fragment;    /* IPv4 flags and offset field */
	unsigned option_words; /* IPv4 options, 4 bytes each */
	uint8_t next_header;   /* IPv6: other than UDP when not 0 */
};

/* Returns the frame's length. */
size_t packet_build(const struct packet_plan *plan, const void *payload, size_t n, uint8_t frame[PACKET_MAX]);

struct packet_view {
	const uint8_t *to_mac, *from_mac;
	unsigned vlans;
	uint16_t tag_type[2], tag[2]; /* outermost first */
	union cx_addr source, destination;
	uint16_t source_port, destination_port;
	uint8_t dscp, ecn, ttl;
	uint32_t flow_label;
	uint16_t udp_check;
	const uint8_t *payload;
	size_t payload_n;
};

/* NULL, or what is wrong with the frame. */
const char *packet_check(const uint8_t *frame, size_t n, struct packet_view *view);

#endif
