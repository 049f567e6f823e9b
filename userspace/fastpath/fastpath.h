/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's end of the XDP program: load it, pin maps, program and links
 * below pin_root/v<CX_ABI>/{maps,progs,links}, attach it, and mirror the world
 * into the maps.
 *
 * Calls outlive the daemon: nothing is detached on exit. A restarted daemon
 * re-uses pinned maps of the same shape (another shape is refused with what to
 * do), loads its own program over them and replaces the running one through
 * the pinned bpf_link, without a gap. fastpath_detach() removes everything.
 */
#ifndef CX_FASTPATH_FASTPATH_H
#define CX_FASTPATH_FASTPATH_H

#include "route/world.h"

struct cx_fastpath;

struct cx_fastpath_link {
	int ifindex;
	char ifname[16];
	char mode[8]; /* "native" or "generic" */
};

/* Takes the lock runtime_dir/cxsipd.lock (flock; holds the pid).
 * 0 and *fd (keep it open), or -EBUSY and *holder = the other daemon's pid. */
int cx_lock_take(const char *runtime_dir, int *fd, int *holder);

/* What has an id, and the secret keys, in pinned maps of an earlier daemon.
 * -ENOENT: no pins. The arrays are malloc'd and by id. */
struct cx_fastpath_past {
	struct cx_group *groups;
	size_t n_groups;
	struct cx_element *elements;
	size_t n_elements;
	struct cx_listener *listeners;
	size_t n_listeners;
	struct cx_network *networks;
	size_t n_networks;
	struct cx_table *tables;
	size_t n_tables;
	struct cx_key key;
	bool has_key;
	struct cx_meta meta;
};
int cx_fastpath_read_past(const char *pin_root, struct cx_fastpath_past *past);
void cx_fastpath_past_free(struct cx_fastpath_past *past);

/* Loads and pins (not attached yet). Fails with a diag entry that says what to
 * do (capabilities, bpffs, memory, kernel). */
int cx_fastpath_open(const struct cx_config *config, struct cx_diag *diag, struct cx_fastpath **out);
/* Fills the mirror's functions for this fast path. */
void cx_fastpath_mirror(struct cx_fastpath *fp, struct cx_world_mirror *mirror);
/* Attaches to an interface, or takes over the pinned link and replaces its
 * program. mode: CX_FASTPATH_AUTO tries native, then generic. */
int cx_fastpath_attach(struct cx_fastpath *fp, int ifindex, enum cx_fastpath_mode mode, struct cx_diag *diag);
int cx_fastpath_detach_interface(struct cx_fastpath *fp, int ifindex);
/* Removes links, programs and maps of this pin_root. Also without a daemon. */
int cx_fastpath_detach_all(const char *pin_root);
size_t cx_fastpath_links(const struct cx_fastpath *fp, struct cx_fastpath_link *links, size_t max);
/* Puts the form of the program that calls the kernel module's functions in place
 * of the one that does without, or the other way round, without a gap.
 * -ENOENT: the kernel does not know them. On error the old one is in place. */
int cx_fastpath_use_kfuncs(struct cx_fastpath *fp, bool on);
bool cx_fastpath_uses_kfuncs(const struct cx_fastpath *fp);
/* The module's functions have said no: it was built for another layout of
 * struct cx_msg. The program did the work itself. */
bool cx_fastpath_kfuncs_declined(const struct cx_fastpath *fp);
int cx_fastpath_heartbeat(struct cx_fastpath *fp, const struct cx_meta *meta);

/* Sums of the per-CPU counters. */
int cx_fastpath_stats(struct cx_fastpath *fp, struct cx_count counts[CX_REASON_COUNT]);
int cx_fastpath_listener_stats(struct cx_fastpath *fp, uint32_t id, struct cx_listener_stats *out);
int cx_fastpath_element_stats(struct cx_fastpath *fp, uint32_t id, struct cx_element_stats *out);

/* Runs a frame through the live program (BPF_PROG_TEST_RUN).
 * *verdict: XDP_* return code; out: the frame afterwards; *out_len: room, then length. */
int cx_fastpath_test_run(struct cx_fastpath *fp, const void *frame, size_t len,
			 int *verdict, void *out, size_t *out_len);
int cx_fastpath_program_fd(const struct cx_fastpath *fp);
/* instructions the verifier processed; run count and run time (when kernel BPF statistics are on) */
struct cx_fastpath_info {
	uint32_t program_id;
	uint32_t verified_insns;
	uint64_t run_count, run_time_ns;
	uint32_t dn_entries_max;
	uint64_t map_memory_bytes;
	char tag[17];
};
int cx_fastpath_get_info(const struct cx_fastpath *fp, struct cx_fastpath_info *info);
/* Unpins nothing; closes descriptors. */
void cx_fastpath_close(struct cx_fastpath *fp);

#endif
