/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The list of findings: its text, its bounds, and that a flood of warnings
 * cannot hide an error.
 */
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/diag.h"

static void test_print(void **state)
{
	struct cx_diag d = {0};
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	cx_diag_error(&d, "cxsip.cfg", 12, "did you mean \"port\"?", "unknown setting \"%s\"", "prot");
	cx_diag_warn(&d, "cxsip.cfg", 0, NULL, "there are no %s", "routes");
	cx_diag_error(&d, NULL, 7, NULL, "plain");
	assert_int_equal(d.errors, 2);
	assert_int_equal(d.warnings, 1);
	assert_int_equal(d.count, 3);
	cx_diag_print(&d, out);
	fclose(out);
	assert_string_equal(text, "cxsip.cfg:12: error: unknown setting \"prot\"\n"
				  "        hint: did you mean \"port\"?\n"
				  "cxsip.cfg: warning: there are no routes\n"
				  "error: plain\n");
	free(text);
	cx_diag_clear(&d);
	assert_int_equal(d.count + d.errors + d.warnings, 0);

	cx_diag_error(&d, "again", 1, NULL, "usable");
	assert_int_equal(d.count, 1);
	cx_diag_clear(&d);
}

static void test_bounds(void **state)
{
	struct cx_diag d = {0};
	char *text;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	for (int i = 0; i < 1000; i++)
		cx_diag_warn(&d, "f", 1, NULL, "w%d", i);
	assert_true(d.count < 100);
	for (unsigned i = 1; i <= 1000; i++)
		cx_diag_error(&d, "f", i, "h", "e%u", i);
	assert_int_equal(d.count, 100);
	assert_int_equal(d.errors, 1000);
	assert_int_equal(d.warnings, 1000);
	assert_string_equal(d.entries[0].text, "w0");
	assert_string_equal(d.entries[50].text, "e1");
	assert_int_equal(d.entries[99].line, 50);
	cx_diag_print(&d, out);
	fclose(out);
	assert_non_null(strstr(text, "\n... and 1900 more\n"));
	free(text);
	cx_diag_clear(&d);
}

static void test_sort(void **state)
{
	static const char *const wanted[] = {"a1", "a2", "a2 too", "a9", "b1", "b5", "none"};
	struct cx_diag d = {0};

	cx_diag_error(&d, "a", 9, NULL, "a9");
	cx_diag_error(&d, "b", 5, NULL, "b5");
	cx_diag_error(&d, "a", 2, NULL, "a2");
	cx_diag_error(&d, NULL, 0, NULL, "none");
	cx_diag_warn(&d, "b", 1, NULL, "b1");
	cx_diag_error(&d, "a", 2, NULL, "a2 too");
	cx_diag_error(&d, "a", 1, NULL, "a1");
	cx_diag_sort(&d);
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		assert_string_equal(d.entries[i].text, wanted[i]);
	cx_diag_clear(&d);
	cx_diag_sort(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_print), cmocka_unit_test(test_bounds), cmocka_unit_test(test_sort)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
