// SPDX-License-Identifier: GPL-2.0-only
/*
 * The verifier's work on each program, as this kernel counts it: above 600,000
 * instructions the next kernel's verifier, or the next feature, may refuse the
 * program (the limit is a million). Also into verifier.json of the build
 * directory that this test lies in, for the record.
 */
#include "exchange.h"
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#define BUDGET 600000

static const char *record(char path[PATH_MAX])
{
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *dir;

	assert_true(n > 0);
	self[n] = '\0';
	dir = dirname(dirname(dirname(self))); /* tests/fastpath/test_budget */
	snprintf(path, PATH_MAX, "%.*s/verifier.json", PATH_MAX - 32, dir);
	return path;
}

static void verified_instructions(void **state)
{
	struct cx_fastpath_info info;
	struct utsname kernel;
	char path[PATH_MAX];
	FILE *f;

	assert_int_equal(cx_fastpath_get_info(rig->fp, &info), 0);
	assert_int_equal(uname(&kernel), 0);
	f = fopen(record(path), "w");
	if (f) {
		fprintf(f, "[\n  {\"program\": \"cx_xdp\", \"kernel\": \"%s\", \"instructions\": %u, \"budget\": %u}\n]\n",
			kernel.release, info.verified_insns, BUDGET);
		fclose(f);
	}
	print_message("# figure verifier: cx_xdp on %s: %u instructions of %u\n", kernel.release, info.verified_insns, BUDGET);
	assert_true(info.verified_insns > 1000); /* a kernel that does not say would pass anything */
	assert_true(info.verified_insns <= BUDGET);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(verified_instructions),
	};

	if (!exchange_possible())
		return 0;
	return cmocka_run_group_tests(tests, exchange_open, exchange_close);
}
