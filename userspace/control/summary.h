/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Parts of answers that more than one command gives.
 */
#ifndef CX_CONTROL_SUMMARY_H
#define CX_CONTROL_SUMMARY_H

#include <jansson.h>
#include "cxsipd/daemon.h"

/* What `status` and `fastpath show` say of the XDP program. */
json_t *cx_json_fastpath(struct cx_daemon *d);
/* What `status` and `module show` say of the kernel module. */
json_t *cx_json_module(struct cx_daemon *d);
/* One element as `elements` and `explain` show it. */
json_t *cx_json_element(struct cx_daemon *d, uint32_t id);
/* What the element asked for (Retry-After), and the slow start after it; null. */
json_t *cx_json_pause(const struct cx_daemon *d, uint32_t id);
/* Why it is in its state, in words: of one that waits for DNS what the trouble is. */
#define CX_WHY_SIZE 300
const char *cx_element_why(struct cx_daemon *d, uint32_t id, char buf[CX_WHY_SIZE]);
json_t *cx_json_nexthop(struct cx_daemon *d, uint32_t id);
/* {"table", "dn", "prefix", "group", "core", "file", "line"} */
json_t *cx_json_route(struct cx_daemon *d, const struct cx_dn_entry *entry);
/* The longest route for a user part in a table: exact first, then the longest
 * prefix. NULL: none. */
const struct cx_dn_entry *cx_routes_find(const struct cx_tables *t, uint8_t table, const char *user,
					 size_t n);

#endif
