/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The small world of place.h with the XDP program loaded over it, below a
 * pin_root of this process's own, and one frame at a time sent through by
 * BPF_PROG_TEST_RUN. Pins are removed at the end, after a failed test and on a
 * fatal signal too. With CXSIP_KFUNCS in the environment it is the form of the program
 * that calls the kernel module's functions, or the end.
 */
#ifndef CX_TESTS_RIG_H
#define CX_TESTS_RIG_H

#include <stdbool.h>
#include "fastpath/fastpath.h"
#include "packet.h"
#include "place.h"
#include "proxy/body.h"

struct rig {
	struct place place;
	struct cx_fastpath *fp;
	int program, stats, flow, groups, rings;
	unsigned cpus;
	uint64_t counted[CX_REASON_COUNT]; /* as of the last run */
	/* of the last run */
	int verdict; /* XDP_* */
	enum cx_reason reason;
	uint8_t out[PACKET_MAX];
	size_t out_n;
};

/* False: there is no BPF here; a line that says so was printed. Any other
 * trouble ends the process. */
bool rig_open(struct rig *r);
void rig_close(struct rig *r);
/* Waits until every ring is in the map: after changes of elements. */
void rig_settle(struct rig *r);
/* Forgets all recent calls. */
void rig_forget(struct rig *r);

/* Runs a frame. `likely` only saves time: the reason that is looked at first.
 * Returns false if the frame was counted under no reason: none of ours. */
bool rig_run(struct rig *r, const uint8_t *frame, size_t n, enum cx_reason likely);

const char *rig_reason_name(enum cx_reason reason);

#endif
