/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Counters of all bodies, fetched once for an answer: the XDP program's ("fast"),
 * the kernel module's and the daemon's own ("core").
 */
#ifndef CX_CONTROL_TOTALS_H
#define CX_CONTROL_TOTALS_H

#include <jansson.h>
#include "cxsipd/daemon.h"

struct cx_totals {
	struct cx_count fast[CX_REASON_COUNT]; /* zero without a fast path */
	struct cx_count core[CX_REASON_COUNT]; /* of all workers */
	struct cx_count module[CX_REASON_COUNT]; /* zero without the kernel module */
};

void cx_totals_get(struct cx_daemon *d, struct cx_totals *t);
/* Packets of one verdict. */
uint64_t cx_totals_verdict(const struct cx_count counts[CX_REASON_COUNT], enum cx_verdict verdict);
const char *cx_reason_name(enum cx_reason reason);
const char *cx_reason_text(enum cx_reason reason);
const char *cx_verdict_name(enum cx_verdict verdict);

/* {"forwarded_fast", "forwarded_module", "forwarded_core", "handled_core", "dropped", "share_fast"} */
json_t *cx_json_messages(const struct cx_totals *t);

/* Answers of the daemon with that status. */
uint64_t cx_totals_replies(const struct cx_daemon *d, int status);
/* By listener and element XDP and module count in the same maps: "fast" is the
 * kernel here. */
void cx_totals_listener(struct cx_daemon *d, uint32_t id, struct cx_listener_stats *fast,
			struct cx_listener_stats *core);
void cx_totals_element(struct cx_daemon *d, uint32_t id, struct cx_element_stats *fast,
		       struct cx_element_stats *core);

#endif
