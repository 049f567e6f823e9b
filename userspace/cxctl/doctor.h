/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl doctor`: what its groups of checks share.
 *
 * A check says what it found and, unless all is well, what to do. FAIL: calls
 * or the fast path suffer now. WARN: they will, or are slower than need be.
 */
#ifndef CX_CXCTL_DOCTOR_H
#define CX_CXCTL_DOCTOR_H

#include <stddef.h>
#include <jansson.h>
#include "cxctl/cxctl.h"

enum doctor_status { DOCTOR_OK, DOCTOR_WARN, DOCTOR_FAIL };

struct doctor {
	struct cxctl *c;
	json_t *checks;	  /* [{"check", "status", "text", "hint"}] */
	json_t *status;	  /* the daemon's `status`; NULL: no daemon */
	json_t *elements; /* its elements; NULL */
	json_t *stats;	  /* its counters; NULL */
	const char *pin_root;
	size_t count[3]; /* by doctor_status */
};

/* hint: NULL when all is well. */
void doctor_say(struct doctor *d, const char *check, enum doctor_status status, const char *hint, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
/* A small file of one line, such as those of /proc/sys; false if unreadable. */
bool doctor_read(const char *path, char *text, size_t max);
/* Packets that the XDP program counted under a reason. */
int64_t doctor_fast_count(const struct doctor *d, const char *reason);

void doctor_check_host(struct doctor *d);	/* doctor_host.c */
void doctor_check_interfaces(struct doctor *d); /* doctor_interfaces.c */
void doctor_check_daemon(struct doctor *d);	/* doctor_daemon.c */

#endif
