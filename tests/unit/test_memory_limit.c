// SPDX-License-Identifier: GPL-2.0-only
/* The memory that a process may have, with control groups made of files. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/memory_limit.h"

static char top[] = "/tmp/cxsip-memory-XXXXXX";
static const char *const names[] = {"membership", "memory.max", "a/memory.max", "a/b/memory.max", NULL};
static const char *const folders[] = {"a/b", "a", "", NULL};

static void in_top(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", top, name);
}

static void put(const char *name, const char *text)
{
	char path[128];
	FILE *f;

	in_top(path, sizeof(path), name);
	f = fopen(path, "w");
	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

static uint64_t limit(const char *membership)
{
	char path[128];

	put("membership", membership);
	in_top(path, sizeof(path), "membership");
	return cx_memory_limit(path, top);
}

static int set_up(void **state)
{
	char path[128];

	(void)state;
	if (!mkdtemp(top))
		return -1;
	in_top(path, sizeof(path), "a");
	if (mkdir(path, 0700))
		return -1;
	in_top(path, sizeof(path), "a/b");
	return mkdir(path, 0700);
}

static int tear_down(void **state)
{
	char path[128];

	(void)state;
	for (int i = 0; names[i]; i++) {
		in_top(path, sizeof(path), names[i]);
		unlink(path);
	}
	for (int i = 0; folders[i]; i++) {
		in_top(path, sizeof(path), folders[i]);
		rmdir(path);
	}
	return 0;
}

static void the_narrowest_counts(void **state)
{
	uint64_t host = limit("");

	(void)state;
	assert_true(host > 16 << 20);
	assert_int_equal(limit("0::/a/b\n"), host); /* no limit anywhere */
	put("a/b/memory.max", "max\n");
	assert_int_equal(limit("0::/a/b\n"), host);
	put("a/memory.max", "8388608\n");
	assert_int_equal(limit("0::/a/b\n"), 8388608);
	put("a/b/memory.max", "4194304\n");
	assert_int_equal(limit("0::/a/b\n"), 4194304);
	put("a/b/memory.max", "9388608\n");
	assert_int_equal(limit("4:memory:/x\n0::/a/b\n"), 8388608);
	put("a/memory.max", "999999999999999999\n"); /* more than there is */
	assert_int_equal(limit("0::/a\n"), host);
	put("memory.max", "2097152\n"); /* of a container that sees itself as the root */
	assert_int_equal(limit("0::/\n"), 2097152);
	assert_int_equal(limit("4:memory:/x\n"), host);
	assert_int_equal(cx_memory_limit("/nowhere", top), host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_narrowest_counts),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
