/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How long the fast path takes for a packet, against a bare XDP_TX of the same
 * frame in the same run: live frames on a veth pair, A B A B, medians.
 *
 * Fair to the baseline: only what really arrives at the peer counts (a bare
 * XDP_TX into a full ring is dropped, and a drop is cheap), so everything runs
 * on one CPU, whose softirq empties the ring after each batch of 64 frames,
 * and a sample of which less than 99 % arrived is thrown away. The peer's
 * receiving is therefore part of both figures; the programs alone are in the
 * rows fast.program.*, by the kernel's BPF statistics.
 *
 * The programs under test are pinned ones of real daemons (see fast.sh).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "frames.h"
#include "replay.skel.h"

#define ROUNDS_MAX 101
#define TRIES 4
#define SHARE_MIN 0.99
#define WAIT_MS 120000
#define CALLS 10000000 /* random Call-IDs: far more than the recent calls that are kept */

enum direction { INVITE, RESPONSE };

struct scenario {
	const char *name;
	enum direction direction;
	bool ipv6;
	bool million;	     /* which daemon's program */
	uint32_t dns, calls; /* numbers to draw from, 0: always the same */
};

static const struct scenario scenarios[] = {
    {.name = "invite.hot"},
    {.name = "invite.100k", .dns = 100000},
    {.name = "invite.1m", .million = true, .dns = 1000000},
    {.name = "invite.new", .calls = CALLS},
    {.name = "response", .direction = RESPONSE},
    {.name = "invite.hot.ipv6", .ipv6 = true},
    {.name = "response.ipv6", .direction = RESPONSE, .ipv6 = true},
};
#define SCENARIOS (sizeof(scenarios) / sizeof(scenarios[0]))

/* ns a packet, or below 0: thrown away; one place a round. */
struct series {
	double ns[ROUNDS_MAX];
};

struct result {
	const char *name;
	struct replay_frame frame;
	int program;
	struct series wrapped_bare, wrapped_ours; /* live, wall clock */
	struct series program_bare, program_ours; /* BPF statistics */
};

static struct bench {
	struct replay_bpf *skeleton;
	int ifindex, cpus;
	int rounds;
	uint32_t packets;
	struct series bare, bare_program, drop;
	double share_min; /* of the samples that count */
	unsigned thrown_away;
	struct result results[SCENARIOS + 1]; /* and the floor */
} bench = {.rounds = 15, .packets = 25600, .share_min = 1};

static void die(const char *what, int err)
{
	fprintf(stderr, "fast: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

/* ---- one frame -------------------------------------------------------------- */

/* The frame through the program once, sent nowhere. */
static int once(int program, const struct replay_frame *f, int *verdict, void *out, uint32_t *size)
{
	struct xdp_md context = {.data_end = f->len, .ingress_ifindex = (uint32_t)bench.ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->len, .data_out = out,
		    .data_size_out = *size, .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = 1);
	int err = bpf_prog_test_run_opts(program, &opts);

	*verdict = (int)opts.retval;
	*size = opts.data_size_out;
	return err;
}

/* Does the program forward it, soundly? Waits for a daemon that still fills the maps. */
static void forward_once(int program, const struct replay_frame *f, void *out, uint32_t *size)
{
	uint32_t room = *size;
	int verdict = 0, err, waited_ms;

	for (waited_ms = 0; waited_ms < WAIT_MS; waited_ms += 20) {
		*size = room;
		err = once(program, f, &verdict, out, size);
		if (err)
			die("test run", err);
		if (verdict == XDP_TX)
			break;
		usleep(20000);
	}
	if (verdict != XDP_TX) {
		fprintf(stderr, "fast: the program does not forward this message (verdict %d):\n%.*s\n",
			verdict, 300, f->bytes + 42);
		exit(1);
	}
	if (!bench_is_sound(out, *size)) {
		fputs("fast: what the program forwards has a wrong length or checksum\n", stderr);
		exit(1);
	}
}

static void prepare(const struct scenario *s, struct result *r, int program)
{
	char out[REPLAY_FRAME_MAX];
	uint32_t size = sizeof(out);

	r->name = s->name;
	r->program = program;
	bench_invite(&r->frame, s->ipv6);
	forward_once(program, &r->frame, out, &size);
	if (s->direction == RESPONSE) {
		if (bench_response(&r->frame, s->ipv6, out, size))
			die("the forwarded INVITE has no Via", EINVAL);
		size = sizeof(out);
		forward_once(program, &r->frame, out, &size);
	}
	r->frame.digits_max = s->dns;
	r->frame.call_max = s->calls;
	if (!s->dns)
		r->frame.digits_at = 0;
	if (!s->calls)
		r->frame.call_at = 0;
}

/* What any program that reads SIP as text has to do, on the frame of invite.hot. */
static void prepare_floor(struct result *r)
{
	*r = (struct result){.name = "floor",
			     .frame = bench.results[0].frame,
			     .program = bpf_program__fd(bench.skeleton->progs.floor_tx)};
}

/* ---- samples ---------------------------------------------------------------- */

static uint64_t arrived(void)
{
	uint64_t counts[256] = {0}, sum = 0;
	uint32_t zero = 0;
	int i;

	bpf_map_lookup_elem(bpf_map__fd(bench.skeleton->maps.arrived), &zero, counts);
	for (i = 0; i < bench.cpus; i++)
		sum += counts[i];
	return sum;
}

static void run_time(int program, uint64_t *ns, uint64_t *runs)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int err = bpf_obj_get_info_by_fd(program, &info, &size);

	if (err)
		die("program statistics", err);
	*ns = info.run_time_ns;
	*runs = info.run_cnt;
}

/* One run of live frames through `entry`. Wall clock ns a packet, or with
 * `statistics` those of the programs alone; negative if too few arrived. */
static double sample(int entry, const struct replay_frame *f, uint32_t packets, bool statistics)
{
	struct xdp_md context = {.data_end = f->len, .ingress_ifindex = (uint32_t)bench.ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = f->bytes, .data_size_in = f->len,
		    .repeat = (int)packets, .ctx_in = &context, .ctx_size_in = sizeof(context),
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES);
	uint64_t before = arrived(), ns[2] = {0}, runs[2] = {0};
	bool sends = entry != bpf_program__fd(bench.skeleton->progs.bare_drop);
	double share = 0;
	int err, waited_ms;

	if (statistics)
		run_time(entry, &ns[0], &runs[0]);
	err = bpf_prog_test_run_opts(entry, &opts);
	if (err)
		die("live frames", err);
	if (statistics)
		run_time(entry, &ns[1], &runs[1]);
	for (waited_ms = 0; sends && waited_ms < 20; waited_ms++) {
		share = (double)(arrived() - before) / packets;
		if (share >= SHARE_MIN)
			break;
		usleep(1000);
	}
	if (sends && share < SHARE_MIN) {
		bench.thrown_away++;
		return -1;
	}
	if (sends && share < bench.share_min)
		bench.share_min = share;
	return statistics ? (double)(ns[1] - ns[0]) / (double)(runs[1] - runs[0]) : (double)opts.duration;
}

static double sample_again(int entry, const struct replay_frame *f, bool statistics)
{
	double ns = -1;
	int i;

	for (i = 0; i < TRIES && ns < 0; i++)
		ns = sample(entry, f, bench.packets, statistics);
	return ns;
}

/* The frame restored, varied, and on to the target. */
static void aim(const struct replay_frame *f, int target)
{
	uint32_t zero = 0;

	if (bpf_map_update_elem(bpf_map__fd(bench.skeleton->maps.frames), &zero, f, 0) ||
	    bpf_map_update_elem(bpf_map__fd(bench.skeleton->maps.target), &zero, &target, 0))
		die("replay", errno);
}

static double sample_wrapped(const struct replay_frame *f, int target, bool statistics)
{
	aim(f, target);
	return sample_again(bpf_program__fd(bench.skeleton->progs.replay), f, statistics);
}

static void measure_round(int k, size_t n_results, bool statistics)
{
	const struct replay_frame *f = &bench.results[0].frame;
	int bare = bpf_program__fd(bench.skeleton->progs.bare_tx);
	size_t i;

	if (statistics) {
		bench.bare_program.ns[k] = sample_again(bare, f, true);
	} else {
		bench.drop.ns[k] = sample_again(bpf_program__fd(bench.skeleton->progs.bare_drop), f, false);
		bench.bare.ns[k] = sample_again(bare, f, false);
	}
	for (i = 0; i < n_results; i++) {
		struct result *r = &bench.results[i];
		double wrapped_bare, wrapped_ours;

		if (!r->frame.len)
			continue;
		wrapped_bare = sample_wrapped(&r->frame, bare, statistics);
		wrapped_ours = sample_wrapped(&r->frame, r->program, statistics);
		(statistics ? &r->program_bare : &r->wrapped_bare)->ns[k] = wrapped_bare;
		(statistics ? &r->program_ours : &r->wrapped_ours)->ns[k] = wrapped_ours;
	}
}

/* ---- results ---------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Median of what was not thrown away; at least half the rounds have to count. */
static double median(const struct series *s, const char *name)
{
	double sorted[ROUNDS_MAX];
	int i, n = 0;

	for (i = 0; i < bench.rounds; i++)
		if (s->ns[i] >= 0)
			sorted[n++] = s->ns[i];
	if (n < (bench.rounds + 1) / 2) {
		fprintf(stderr, "fast: %s: only %d of %d samples had %.0f %% of their packets arrive\n", name,
			n, bench.rounds, SHARE_MIN * 100);
		exit(1);
	}
	qsort(sorted, (size_t)n, sizeof(sorted[0]), by_value);
	return n & 1 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
}

/* Ours without the wrapper: (wrapper + ours) - (wrapper + bare) + bare, round by round. */
static double net(const struct series *ours, const struct series *wrapped_bare, const struct series *bare,
		  const char *name)
{
	struct series s;
	int i;

	for (i = 0; i < bench.rounds; i++)
		s.ns[i] = ours->ns[i] < 0 || wrapped_bare->ns[i] < 0 || bare->ns[i] < 0
			      ? -1
			      : ours->ns[i] - wrapped_bare->ns[i] + bare->ns[i];
	return median(&s, name);
}

static double rounded(double value)
{
	return (double)(long long)(value * 1000 + 0.5) / 1000;
}

static void add_row(json_t *rows, const char *prefix, const char *name, double value, const char *unit,
		    const char *baseline, double baseline_value)
{
	char full[64];

	snprintf(full, sizeof(full), "%s%s", prefix, name);
	json_array_append_new(rows,
			      json_pack("{s:s, s:f, s:s, s:s, s:f, s:f}", "name", full, "value",
					rounded(value), "unit", unit, "baseline", baseline, "baseline_value",
					rounded(baseline_value), "ratio", rounded(value / baseline_value)));
}

static json_t *report(size_t n_results)
{
	json_t *rows = json_array();
	double bare = median(&bench.bare, "bare XDP_TX"),
	       bare_program = median(&bench.bare_program, "bare XDP_TX");
	size_t i;

	for (i = 0; i < n_results; i++) {
		struct result *r = &bench.results[i];

		if (r->frame.len)
			add_row(rows, "fast.", r->name,
				net(&r->wrapped_ours, &r->wrapped_bare, &bench.bare, r->name),
				"ns/packet", "bare XDP_TX", bare);
	}
	for (i = 0; i < n_results; i++) {
		struct result *r = &bench.results[i];

		if (r->frame.len)
			add_row(
			    rows, "fast.program.", r->name,
			    net(&r->program_ours, &r->program_bare, &bench.bare_program, r->name),
			    "ns/packet", "bare XDP_TX, its program alone", bare_program);
	}
	add_row(rows, "fast.", "bare", bare, "ns/packet", "bare XDP_DROP",
		median(&bench.drop, "bare XDP_DROP"));
	add_row(rows, "fast.", "arrived", bench.share_min * 100, "% of the packets, worst sample", "sent",
		100);
	fprintf(stderr,
		"fast: %d rounds of %u packets a sample; %.2f %% arrived in the worst sample that counts; %u "
		"thrown away\n",
		bench.rounds, bench.packets, bench.share_min * 100, bench.thrown_away);
	return rows;
}

/* ---- set-up ----------------------------------------------------------------- */

static int pinned_program(const char *directory)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/progs/cx_xdp", directory);
	fd = bpf_obj_get(path);
	if (fd < 0)
		die(path, errno);
	return fd;
}

/* All on one CPU, and nobody of the machine's other work in between. */
static void take_cpu(void)
{
	struct sched_param first = {.sched_priority = 1};
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)sysconf(_SC_NPROCESSORS_ONLN) - 1, &set);
	if (sched_setaffinity(0, sizeof(set), &set) || sched_setscheduler(0, SCHED_FIFO, &first))
		die("a CPU of our own", errno);
}

static void open_devices(const char *device, const char *peer)
{
	int peer_index = (int)if_nametoindex(peer);

	bench.ifindex = (int)if_nametoindex(device);
	if (!bench.ifindex || !peer_index)
		die("no such device", ENODEV);
	bench.cpus = libbpf_num_possible_cpus();
	if (bench.cpus < 1 || bench.cpus > 256)
		die("possible CPUs", E2BIG);
	bench.skeleton = replay_bpf__open_and_load();
	if (!bench.skeleton)
		die("replay program", errno);
	if (bpf_link_create(bpf_program__fd(bench.skeleton->progs.sink), peer_index, BPF_XDP, NULL) < 0)
		die("sink on the peer", errno);
}

/* Nothing but our program for some seconds, for a profiler to watch. */
static int profile(const char *name, int seconds, int program, int program_million)
{
	struct timespec now, end;
	struct result r;
	double sum = 0;
	size_t i;
	int n = 0;

	for (i = 0; i < SCENARIOS && strcmp(scenarios[i].name, name) != 0; i++)
		;
	if (i == SCENARIOS) {
		fprintf(stderr, "fast: no scenario %s\n", name);
		return 2;
	}
	prepare(&scenarios[i], &r, scenarios[i].million ? program_million : program);
	aim(&r.frame, r.program);
	clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += seconds;
	do {
		sum += sample(bpf_program__fd(bench.skeleton->progs.replay), &r.frame, 100000, false);
		n++;
		clock_gettime(CLOCK_MONOTONIC, &now);
	} while (now.tv_sec < end.tv_sec);
	printf("%.1f ns/packet with everything around it\n", sum / n);
	return 0;
}

static int usage(void)
{
	fputs("fast [--rounds N] [--packets N] [--json FILE] [--profile SCENARIO [--seconds N]] DEVICE PEER "
	      "PINS [PINS_1M]\n"
	      "fast --ready DEVICE PEER PINS\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"rounds", required_argument, NULL, 'r'},
						{"packets", required_argument, NULL, 'n'},
						{"json", required_argument, NULL, 'j'},
						{"profile", required_argument, NULL, 'p'},
						{"seconds", required_argument, NULL, 's'},
						{"ready", no_argument, NULL, 'w'},
						{0}};
	const char *json = NULL, *profiled = NULL;
	int option, program, program_million = -1, k, seconds = 5, statistics;
	bool ready = false;
	json_t *rows;
	size_t i;

	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'r':
			bench.rounds = (int)strtol(optarg, NULL, 10);
			break;
		case 'n':
			bench.packets = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'j':
			json = optarg;
			break;
		case 'p':
			profiled = optarg;
			break;
		case 's':
			seconds = (int)strtol(optarg, NULL, 10);
			break;
		case 'w':
			ready = true;
			break;
		default:
			return usage();
		}
	}
	if (argc - optind < 3 || argc - optind > 4 || bench.rounds < 1 || bench.rounds > ROUNDS_MAX ||
	    !bench.packets)
		return usage();
	open_devices(argv[optind], argv[optind + 1]);
	program = pinned_program(argv[optind + 2]);
	if (argc - optind == 4)
		program_million = pinned_program(argv[optind + 3]);
	if (ready) {
		prepare(&scenarios[0], &bench.results[0], program);
		return 0;
	}
	take_cpu();
	if (profiled)
		return profile(profiled, seconds, program, program_million);
	for (i = 0; i < SCENARIOS; i++)
		if (!scenarios[i].million || program_million >= 0)
			prepare(&scenarios[i], &bench.results[i],
				scenarios[i].million ? program_million : program);
	prepare_floor(&bench.results[SCENARIOS]);
	measure_round(0, SCENARIOS + 1, false); /* warm */
	for (k = 0; k < bench.rounds; k++) {
		measure_round(k, SCENARIOS + 1, false);
		statistics = bpf_enable_stats(BPF_STATS_RUN_TIME);
		if (statistics < 0)
			die("BPF statistics", errno);
		measure_round(k, SCENARIOS + 1, true);
		close(statistics);
	}
	rows = report(SCENARIOS + 1);
	if (json ? json_dump_file(rows, json, JSON_INDENT(2) | JSON_REAL_PRECISION(9))
		 : json_dumpf(rows, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9)))
		die("writing the results", EIO);
	if (!json)
		putchar('\n');
	json_decref(rows);
	replay_bpf__destroy(bench.skeleton);
	return 0;
}
