/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * IP addresses as the map ABI has them: 16 bytes, IPv4 mapped. Pure.
 */
#ifndef CX_BASE_ADDR_H
#define CX_BASE_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "cxsip/abi.h"

#define CX_ADDR_TEXT 48	     /* longest text of an address, with NUL */
#define CX_ENDPOINT_TEXT 64  /* "[addr]:port" */

/* Parses "192.0.2.1", "2001:db8::1" or "[2001:db8::1]". 0, or -EINVAL. */
int cx_addr_parse(const char *text, union cx_addr *addr, uint8_t *family);
/* Parses "192.0.2.0/24", "2001:db8::/32" or a bare address (full length).
 * Host bits must be zero. 0; -EINVAL: not a CIDR; -ERANGE: host bits set.
 * *prefixlen is in the 128-bit space (IPv4: 96 + n). */
int cx_cidr_parse(const char *text, union cx_addr *addr, uint32_t *prefixlen, uint8_t *family);
/* RFC 5952 text, no brackets. Returns buf. */
const char *cx_addr_format(const union cx_addr *addr, char buf[CX_ADDR_TEXT]);
/* "192.0.2.1:5060" or "[2001:db8::1]:5060". Returns buf. */
const char *cx_endpoint_format(const union cx_addr *addr, uint16_t port, char buf[CX_ENDPOINT_TEXT]);
bool cx_addr_is_v4(const union cx_addr *addr);
/* True if the first prefixlen bits are equal. */
bool cx_addr_match(const union cx_addr *a, const union cx_addr *b, uint32_t prefixlen);
/* To and from socket addresses (native family, not mapped). The length is returned. */
socklen_t cx_addr_to_sockaddr(const union cx_addr *addr, uint16_t port, struct sockaddr_storage *ss);
int cx_addr_from_sockaddr(const struct sockaddr *sa, union cx_addr *addr, uint16_t *port, uint8_t *family);

#endif
