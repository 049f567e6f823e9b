/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's values as JSON. Each returns a new reference, or NULL on lack
 * of memory (jansson's object setters take NULL as "failed").
 */
#ifndef CX_CONTROL_JSON_H
#define CX_CONTROL_JSON_H

#include <jansson.h>
#include "base/diag.h"
#include "cxsip/abi.h"

/* Any bytes: what is no UTF-8, and NUL, becomes U+FFFD. */
json_t *cx_json_text(const void *p, size_t n);
json_t *cx_json_string(const char *text);
/* A zero-padded name of the map ABI. */
json_t *cx_json_name(const __u8 name[CX_NAME_SIZE]);
json_t *cx_json_address(const union cx_addr *addr);
json_t *cx_json_endpoint(const union cx_addr *addr, uint16_t port);
json_t *cx_json_mac(const __u8 mac[6]);
json_t *cx_json_findings(const struct cx_diag *diag);
const char *cx_transport_text(uint8_t transport);

#endif
