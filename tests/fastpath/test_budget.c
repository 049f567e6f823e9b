// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verifier's work on each program, as this kernel counts it: above 600,000
 * instructions the next kernel's verifier, or the next feature, may refuse the
 * program (the limit is a million). The XDP program is looked at as the daemon
 * loads it, every other object of the build directory that this test lies in
 * as it was compiled. Also for the record: verifier/RELEASE.json there.
 */
#include "exchange.h"
#include <dirent.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <jansson.h>

#define BUDGET 600000
#define DAEMONS_OBJECT "cxsip.bpf.o"
#define SUFFIX ".bpf.o"
#define ENTRIES_MAX 4096 /* what verification does not depend on need not be allocated */

static struct utsname kernel;
static char build[PATH_MAX - 512];
static json_t *record;

static void find_build(void)
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *dir;

	assert_true(n > 0);
	self[n] = '\0';
	dir = dirname(dirname(dirname(self))); /* tests/fastpath/test_budget */
	assert_true(strlen(dir) < sizeof(build));
	memcpy(build, dir, strlen(dir) + 1);
}

static void check(const char *program, uint32_t instructions)
{
	json_t *row = json_pack("{ss ss si si}", "program", program, "kernel", kernel.release, "instructions",
				(int)instructions, "budget", BUDGET);

	assert_int_equal(json_array_append_new(record, row), 0);
	print_message("# figure verifier: %s on %s: %u instructions of %u\n", program, kernel.release, instructions,
		      BUDGET);
	assert_true(instructions > 0); /* a kernel that does not say would pass anything */
	assert_true(instructions <= BUDGET);
}

static void daemons_program(void **state)
{
	struct cx_fastpath_info info;

	assert_int_equal(cx_fastpath_get_info(rig->fp, &info), 0);
	assert_true(info.verified_insns > 1000);
	check("cx_xdp", info.verified_insns);
}

static void load(const char *path)
{
	struct bpf_object *object = bpf_object__open_file(path, NULL);
	struct bpf_prog_info info;
	struct bpf_program *program;
	struct bpf_map *map;
	uint32_t size;
	int programs = 0;

	if (!object)
		fail_msg("%s cannot be opened", path);
	bpf_object__for_each_map(map, object) {
		if (bpf_map__max_entries(map) > ENTRIES_MAX)
			assert_int_equal(bpf_map__set_max_entries(map, ENTRIES_MAX), 0);
	}
	if (bpf_object__load(object))
		fail_msg("%s cannot be loaded on Linux %s", path, kernel.release);
	bpf_object__for_each_program(program, object) {
		memset(&info, 0, sizeof(info));
		size = sizeof(info);
		assert_int_equal(bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size), 0);
		check(bpf_program__name(program), info.verified_insns);
		programs++;
	}
	assert_true(programs > 0);
	bpf_object__close(object);
}

static void other_objects(void **state)
{
	char path[PATH_MAX];
	struct dirent *entry;
	bool daemons = false;
	size_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/bpf", build);
	dir = opendir(path);
	assert_non_null(dir);
	while ((entry = readdir(dir))) {
		n = strlen(entry->d_name);
		if (n <= strlen(SUFFIX) || strcmp(entry->d_name + n - strlen(SUFFIX), SUFFIX))
			continue;
		if (!strcmp(entry->d_name, DAEMONS_OBJECT)) {
			daemons = true;
			continue;
		}
		snprintf(path, sizeof(path), "%s/bpf/%s", build, entry->d_name);
		load(path);
	}
	closedir(dir);
	assert_true(daemons); /* else this looked in the wrong place */
}

static int open_all(void **state)
{
	find_build();
	assert_int_equal(uname(&kernel), 0);
	record = json_array();
	return exchange_open(state);
}

static int close_all(void **state)
{
	char path[PATH_MAX];
	int err;

	snprintf(path, sizeof(path), "%s/verifier", build);
	mkdir(path, 0777);
	snprintf(path, sizeof(path), "%s/verifier/%s.json", build, kernel.release);
	err = json_dump_file(record, path, JSON_INDENT(2));
	json_decref(record);
	return exchange_close(state) || err;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(daemons_program),
		cmocka_unit_test(other_objects),
	};

	if (!exchange_possible())
		return 0;
	return cmocka_run_group_tests(tests, open_all, close_all);
}
