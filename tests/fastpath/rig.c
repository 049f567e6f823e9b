// SPDX-License-Identifier: GPL-2.0-only
/* See rig.h. */
#include "rig.h"
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#define CPUS_MAX 512

static char pin_root[64];

static void remove_pins(void)
{
	cx_fastpath_detach_all(pin_root);
	rmdir(pin_root);
}

static void on_signal(int number)
{
	remove_pins(); /* not safe in general; here the process is lost anyway */
	signal(number, SIG_DFL);
	raise(number);
}

static void clean_up_always(void)
{
	static const int fatal[] = {SIGINT, SIGTERM, SIGHUP, SIGABRT};
	static bool done;
	size_t i;

	if (done)
		return;
	done = true;
	atexit(remove_pins);
	for (i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		signal(fatal[i], on_signal);
}

static void fail(const char *what, int err)
{
	fprintf(stderr, "rig: %s: %s\n", what, strerror(-err));
	exit(1);
}

static int pinned_map(const char *name)
{
	char path[192];
	int fd;

	snprintf(path, sizeof(path), "%s/v%d/maps/%s", pin_root, CX_ABI, name);
	fd = bpf_obj_get(path);
	if (fd < 0)
		fail(path, fd);
	return fd;
}

/* Have all rings and groups arrived? They are written by threads of their own. */
static bool settled(const struct rig *r)
{
	const struct cx_world *w = r->place.world;
	struct cx_group group;
	uint32_t i, inner;

	for (i = 0; i < r->place.tables->n_groups; i++) {
		if (bpf_map_lookup_elem(r->groups, &i, &group) || memcmp(&group, &w->groups[i], sizeof(group)))
			return false;
		if (w->rings[i] && bpf_map_lookup_elem(r->rings, &i, &inner))
			return false;
	}
	return true;
}

void rig_settle(struct rig *r)
{
	int tries;

	for (tries = 0; tries < 5000 && !settled(r); tries++)
		usleep(1000);
	if (!settled(r))
		fail("rings did not arrive", -ETIMEDOUT);
}

static uint64_t count_of(const struct rig *r, uint32_t reason)
{
	struct cx_count values[CPUS_MAX];
	uint64_t packets = 0;
	unsigned i;

	if (bpf_map_lookup_elem(r->stats, &reason, values))
		fail("reading cx_stats", -errno);
	for (i = 0; i < r->cpus; i++)
		packets += values[i].packets;
	return packets;
}

bool rig_open(struct rig *r)
{
	struct cx_diag diag = {0};
	uint32_t i;
	int err;

	memset(r, 0, sizeof(*r));
	if (geteuid() != 0) {
		printf("SKIP: the fast path can only be tested as root\n");
		return false;
	}
	snprintf(pin_root, sizeof(pin_root), "/sys/fs/bpf/cxsip-test-%d", (int)getpid());
	clean_up_always();
	if (place_open(&r->place, pin_root))
		exit(1);
	err = cx_fastpath_open(r->place.config, &diag, &r->fp);
	cx_diag_print(&diag, stderr);
	cx_diag_clear(&diag);
	if (!err && getenv("CXSIP_KFUNCS"))
		err = cx_fastpath_use_kfuncs(r->fp, true);
	if (err)
		fail("opening the fast path", err);
	cx_fastpath_mirror(r->fp, &r->place.world->mirror);
	err = r->place.world->mirror.put_tables(r->fp, NULL, r->place.tables);
	for (i = 0; i < r->place.tables->n_groups && !err; i++) {
		if (r->place.world->rings[i])
			err = r->place.world->mirror.put_ring(r->fp, i, r->place.world->rings[i]);
		if (!err)
			err = r->place.world->mirror.put_group(r->fp, i, &r->place.world->groups[i]);
	}
	if (err)
		fail("mirroring the tables", err);
	if (place_furnish(&r->place))
		exit(1);
	err = cx_fastpath_heartbeat(r->fp, &r->place.world->meta);
	if (err)
		fail("writing cx_meta", err);
	r->program = cx_fastpath_program_fd(r->fp);
	r->stats = pinned_map("cx_stats");
	r->flow = pinned_map("cx_flow");
	r->groups = pinned_map("cx_group");
	r->rings = pinned_map("cx_ring");
	rig_settle(r);
	r->cpus = (unsigned)libbpf_num_possible_cpus();
	if (r->cpus > CPUS_MAX)
		fail("more processors than this test knows of", -E2BIG);
	for (i = 0; i < CX_REASON_COUNT; i++)
		r->counted[i] = count_of(r, i);
	return true;
}

void rig_close(struct rig *r)
{
	if (!r->fp)
		return;
	close(r->stats);
	close(r->flow);
	close(r->groups);
	close(r->rings);
	cx_fastpath_close(r->fp);
	place_close(&r->place);
	remove_pins();
	r->fp = NULL;
}

void rig_forget(struct rig *r)
{
	static const struct cx_flow_set none;
	uint32_t set;

	for (set = 0; !bpf_map_update_elem(r->flow, &set, &none, BPF_EXIST); set++)
		;
}

static bool went_up(struct rig *r, uint32_t reason)
{
	uint64_t now = count_of(r, reason);

	if (now == r->counted[reason])
		return false;
	if (now != r->counted[reason] + 1)
		fail(rig_reason_name((enum cx_reason)reason), -EOVERFLOW);
	r->counted[reason] = now;
	r->reason = (enum cx_reason)reason;
	return true;
}

bool rig_run(struct rig *r, const uint8_t *frame, size_t n, enum cx_reason likely)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = (uint32_t)n, .data_out = r->out,
		    .data_size_out = sizeof(r->out), .repeat = 1);
	uint32_t i;
	int err = bpf_prog_test_run_opts(r->program, &opts);

	if (err)
		fail("test run", err);
	r->verdict = (int)opts.retval;
	r->out_n = opts.data_size_out;
	r->reason = CX_REASON_COUNT;
	if (went_up(r, likely))
		return true;
	for (i = 0; i < CX_REASON_COUNT; i++)
		if (went_up(r, i))
			return true;
	return false;
}

const char *rig_reason_name(enum cx_reason reason)
{
	static const char *const names[CX_REASON_COUNT] = {
#define CX_X(NAME, name, verdict, text) #name,
		CX_REASONS(CX_X)
#undef CX_X
	};

	return reason < CX_REASON_COUNT ? names[reason] : "(not counted)";
}
