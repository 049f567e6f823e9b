// SPDX-License-Identifier: GPL-2.0-only
/*
 * The XDP program in both its forms, with and without the kernel module's
 * functions: the same verdict and the same bytes for the corpus and mutations
 * of it, and what each costs. Skipped where the module is not loaded.
 *
 * CXSIP_MUTATIONS changes how many, CXSIP_SEED which.
 */
#include <errno.h>
#include <stdlib.h>
#include <linux/bpf.h>
#include <bpf/bpf.h>
#include "corpus.h"
#include "exchange.h"
#include "functions.h"
#include "cxsip/siphash.h"
#include "functions.skel.h"

#define DEFAULT_MUTATIONS 2000
#define RUNS 200
#define WARM_UP 50 /* emulation translates the program at first */

static struct corpus corpus;

struct outcome {
	uint64_t bytes; /* hash of what went out */
	int verdict;
	enum cx_reason reason;
};

static struct outcome run_one(const uint8_t *p, size_t n, size_t i)
{
	static const __u64 key[2] = {1, 2};
	const struct entrance *e = i % 4 < 2 ? &trunk : i % 4 == 2 ? &agent : &server;
	struct packet_plan plan = plan_of(e);
	uint8_t frame[PACKET_MAX];

	rig_run(rig, frame, packet_build(&plan, p, n, frame), CX_R_REQUEST);
	return (struct outcome){cx_siphash24(key, rig->out, rig->out_n), rig->verdict, rig->reason};
}

/* Everything once; recent calls are the same at the start of each run. */
static void run_all(struct outcome *outcomes, size_t mutations)
{
	const char *seed = getenv("CXSIP_SEED");
	struct dice dice = {.state = seed ? strtoull(seed, NULL, 0) | 1 : 20260101};
	static uint8_t message[CORPUS_MESSAGE_MAX];
	size_t i;

	rig_forget(rig);
	for (i = 0; i < corpus.n; i++)
		outcomes[i] = corpus.messages[i].n > CORPUS_MESSAGE_MAX
				  ? (struct outcome){0}
				  : run_one(corpus.messages[i].p, corpus.messages[i].n, i);
	for (i = 0; i < mutations; i++) {
		size_t n = corpus_mutate(&corpus, &dice, message);

		outcomes[corpus.n + i] = run_one(message, n, i);
	}
}

static void use(bool on)
{
	int err = cx_fastpath_use_kfuncs(rig->fp, on);

	if (err == -ENOENT)
		skip();
	assert_int_equal(err, 0);
	assert_int_equal(cx_fastpath_uses_kfuncs(rig->fp), on);
	rig->program = cx_fastpath_program_fd(rig->fp);
}

static void same_results(void **state)
{
	const char *text = getenv("CXSIP_MUTATIONS");
	size_t mutations = text ? strtoul(text, NULL, 0) : DEFAULT_MUTATIONS, n = corpus.n + mutations, i,
	       sent_on = 0;
	struct outcome *with = calloc(n, sizeof(*with)), *without = calloc(n, sizeof(*without));

	assert_true(with && without);
	use(true);
	run_all(with, mutations);
	assert_false(cx_fastpath_kfuncs_declined(rig->fp)); /* else one form was compared with itself */
	use(false);
	run_all(without, mutations);
	for (i = 0; i < n; i++) {
		if (with[i].verdict != without[i].verdict || with[i].reason != without[i].reason ||
		    with[i].bytes != without[i].bytes)
			fail_msg("message %zu: %s with the functions, %s without", i,
				 rig_reason_name(with[i].reason), rig_reason_name(without[i].reason));
		sent_on += with[i].reason == CX_R_REQUEST || with[i].reason == CX_R_RESPONSE;
	}
	print_message("# figure kfuncs: %zu messages alike, %zu of them forwarded\n", n, sent_on);
	assert_true(sent_on * 20 > n);
	free(with);
	free(without);
}

/* RFC 1071, byte by byte. */
static uint32_t plain_sum(const uint8_t *p, size_t n)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < n; i++)
		sum += i & 1 ? (uint64_t)p[i] << 8 : p[i];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint32_t)sum;
}

static void over_memory(void **state)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_size_in = 64, .repeat = 1);
	struct dice dice = {.state = 20260102};
	struct functions_bpf *skeleton;
	struct functions_call *call;
	uint8_t frame[64] = {0};
	int i;

	use(true); /* skips */
	use(false);
	skeleton = functions_bpf__open_and_load();
	assert_non_null(skeleton);
	call = (struct functions_call *)&skeleton->bss->call;
	opts.data_in = frame;
	for (i = 0; i < 2000; i++) {
		size_t k;

		call->n = i < 64 ? (uint32_t)i : (uint32_t)dice_below(&dice, FUNCTIONS_MAX);
		call->key.k[0] = dice_roll(&dice);
		call->key.k[1] = dice_roll(&dice);
		for (k = 0; k < call->n; k++)
			call->data[k] = i % 3 ? (uint8_t)dice_roll(&dice) : 0xff;
		assert_int_equal(bpf_prog_test_run_opts(bpf_program__fd(skeleton->progs.functions), &opts), 0);
		assert_int_equal(call->hash_error, 0);
		assert_true(call->hash == cx_siphash24(call->key.k, call->data, call->n));
		assert_int_equal(call->sum_error, 0);
		assert_int_equal(call->sum, plain_sum(call->data, call->n));
		assert_int_equal(call->refused, 0);
		assert_int_equal(call->refused_error, -1);
	}
	functions_bpf__destroy(skeleton);
}

/* Nanoseconds a run, which qemu with -icount shift=0 makes instructions. Each run
 * by itself: repetitions would work on what went out before. */
static unsigned run_time(const struct corpus_message *m, uint16_t port, int verdict)
{
	struct packet_plan plan = plan_of(&trunk);
	uint8_t frame[PACKET_MAX], out[PACKET_MAX];
	uint64_t sum = 0;
	unsigned i;

	plan.destination_port = port;
	for (i = 0; i < RUNS + WARM_UP; i++) {
		LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_out = out, .data_size_out = sizeof(out),
			    .repeat = 1);

		opts.data_size_in = (uint32_t)packet_build(&plan, m->p, m->n, frame);
		assert_int_equal(bpf_prog_test_run_opts(rig->program, &opts), 0);
		assert_int_equal(opts.retval == XDP_PASS, verdict == XDP_PASS);
		sum += i < WARM_UP ? 0 : opts.duration;
	}
	return (unsigned)(sum / RUNS);
}

/* Above that of a datagram that is none of ours. */
static unsigned cost(const struct corpus_message *m, int verdict)
{
	unsigned floor = run_time(m, 9, XDP_PASS), all = run_time(m, trunk.port, verdict);

	return all > floor ? all - floor : 0;
}

static void costs(void **state)
{
	static const struct {
		const char *name, *what;
		int verdict;
	} messages[] = {{"invite.sip", "forwarded", XDP_TX}, {"user-unknown.sip", "no_route", XDP_PASS}};
	size_t i;

	for (i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		const struct corpus_message *m = corpus_find(&corpus, messages[i].name);
		unsigned with, without;

		assert_non_null(m);
		use(true);
		with = cost(m, messages[i].verdict);
		use(false);
		without = cost(m, messages[i].verdict);
		print_message("# figure cost: %zu bytes, %s: %u with the functions, %u without\n", m->n,
			      messages[i].what, with, without);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(same_results),
	    cmocka_unit_test(over_memory),
	    cmocka_unit_test(costs),
	};
	int failed;

	if (!exchange_possible())
		return 0;
	corpus_load_rfcs(&corpus);
	if (corpus_load(&corpus, "tests/fastpath/messages") < 60) {
		fprintf(stderr, "tests/fastpath/messages: run this from the project's root\n");
		return 1;
	}
	failed = cmocka_run_group_tests(tests, exchange_open, exchange_close);
	corpus_free(&corpus);
	return failed;
}
