/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame that `explain` sends through the XDP program, and what came out.
 * Pure.
 */
#ifndef CX_CONTROL_PROBE_FRAME_H
#define CX_CONTROL_PROBE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "cxsip/abi.h"

struct cx_probe_frame {
	union cx_addr source, destination;
	uint16_t source_port, destination_port;
	uint8_t family;
	uint8_t ttl, dscp;
	uint8_t source_mac[6], destination_mac[6];
	uint8_t vlans;
	const uint8_t *payload;
	size_t payload_len;
	bool checksums_ok;
};

#define CX_PROBE_FRAME_HEADERS 62 /* Ethernet, IPv6, UDP */

/* Ethernet, IP (family), UDP with right checksums, payload. TTL 64 if 0.
 * Returns the length, or 0 if it does not fit. */
size_t cx_probe_frame_build(const struct cx_probe_frame *f, uint8_t *out, size_t max);
/* Reads a frame (up to two VLAN tags). 0 or -EINVAL. */
int cx_probe_frame_parse(const uint8_t *p, size_t n, struct cx_probe_frame *f);

#endif
