/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cxctl's tables and numbers: alignment, wide and broken characters, nothing that
 * could steer a terminal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "cxctl/format.h"
#include "cxctl/table.h"

static const struct cxctl_column columns[] = {{"NAME", false}, {"COUNT", true}, {"TEXT", false}};

static void expect_print(const struct cxctl_table *t, const char *expected)
{
	char text[2048] = "";
	FILE *out = fmemopen(text, sizeof(text), "w");

	assert_non_null(out);
	cxctl_table_print(t, 1, out);
	fclose(out);
	assert_string_equal(text, expected);
}

static void row(struct cxctl_table *t, const char *name, int count, const char *text)
{
	cxctl_cell(t, "%s", name);
	cxctl_cell(t, "%d", count);
	cxctl_cell(t, "%s", text);
}

static void test_alignment(void **state)
{
	struct cxctl_table *t = cxctl_table_new(columns, 3);

	row(t, "a", 1, "x");
	row(t, "longer", 123456, "y z");
	assert_int_equal(cxctl_table_rows(t), 2);
	expect_print(t, " NAME     COUNT  TEXT\n"
			" a            1  x\n"
			" longer  123456  y z\n");
	cxctl_table_free(t);
}

static void test_no_blanks_at_end(void **state)
{
	static const struct cxctl_column last_untitled[] = {{"NAME", false}, {"", false}};
	struct cxctl_table *t = cxctl_table_new(columns, 3);

	row(t, "a", 1, "");
	expect_print(t, " NAME  COUNT  TEXT\n a         1\n");
	cxctl_table_free(t);
	t = cxctl_table_new(last_untitled, 2);
	cxctl_cell(t, "a");
	cxctl_cell(t, "%s", "");
	expect_print(t, " NAME\n a\n");
	cxctl_table_free(t);
}

static void test_empty(void **state)
{
	struct cxctl_table *t = cxctl_table_new(columns, 3);

	expect_print(t, " NAME  COUNT  TEXT\n");
	cxctl_table_free(t);
}

/* Columns are counted as a terminal shows them. */
static void test_utf8(void **state)
{
	struct cxctl_table *t = cxctl_table_new(columns, 3);

	row(t, "caf\xc3\xa9", 1, "x");
	row(t, "\xe9\x9b\xbb\xe8\xa9\xb1", 2, "y"); /* two characters of two columns */
	row(t, "abcde", 3, "z");
	expect_print(t, " NAME   COUNT  TEXT\n"
			" caf\xc3\xa9       1  x\n"
			" \xe9\x9b\xbb\xe8\xa9\xb1       2  y\n"
			" abcde      3  z\n");
	cxctl_table_free(t);
}

static void test_hostile(void **state)
{
	struct cxctl_table *t = cxctl_table_new(columns, 3);

	row(t, "\x1b[2Jx", 1, "a\r\nb");
	row(t, "\xff\xc3", 2,
	    "\xc2\x9b"
	    "31m");
	expect_print(t, " NAME   COUNT  TEXT\n"
			" ?[2Jx      1  a??b\n"
			" ??         2  ??31m\n");
	cxctl_table_free(t);
}

/* Not a terminal: no colours. */
static void test_style(void **state)
{
	struct cxctl_table *t = cxctl_table_new(columns, 3);

	cxctl_cell_styled(t, CXCTL_BAD, "down");
	cxctl_cell(t, "1");
	cxctl_cell_styled(t, CXCTL_GOOD, "up");
	expect_print(t, " NAME  COUNT  TEXT\n down      1  up\n");
	cxctl_table_free(t);
}

static void test_format(void **state)
{
	char buf[CXCTL_FORMAT];

	assert_string_equal(cxctl_duration(0, buf), "0ms");
	assert_string_equal(cxctl_duration(-5, buf), "0s");
	assert_string_equal(cxctl_duration(999, buf), "999ms");
	assert_string_equal(cxctl_duration(59999, buf), "59s");
	assert_string_equal(cxctl_duration(312000, buf), "5m12s");
	assert_string_equal(cxctl_duration(7380000, buf), "2h03m");
	assert_string_equal(cxctl_duration(363600000, buf), "4d05h");
	assert_string_equal(cxctl_ago(0, buf), "-");
	assert_string_equal(cxctl_rtt(0, buf), "-");
	assert_string_equal(cxctl_rtt(420, buf), "0.42 ms");
	assert_string_equal(cxctl_bytes(999, buf), "999 B");
	assert_string_equal(cxctl_bytes(1500, buf), "1.5 kB");
	assert_string_equal(cxctl_bytes(53000000, buf), "53 MB");
	assert_string_equal(cxctl_time(0, buf), "-");
	setenv("TZ", "UTC", 1);
	assert_string_equal(cxctl_time(1795384648000, buf), "2026-11-22 21:57:28");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alignment), cmocka_unit_test(test_no_blanks_at_end),
	    cmocka_unit_test(test_empty),     cmocka_unit_test(test_utf8),
	    cmocka_unit_test(test_hostile),   cmocka_unit_test(test_style),
	    cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests_name("cxctl_table", tests, NULL, NULL);
}
