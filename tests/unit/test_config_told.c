/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration: what is said of a file beside a single mistake
 * (test_config_refuse.c): warnings, many errors, their order, files that cannot be
 * read or are too much.
 */
#include "config_files.h"

static void test_all_errors_at_once(void **state)
{
	struct cx_config *config;
	struct cx_diag diag;

	assert_int_equal(
	    load("node = 300;\nnetworks = ( { name = \"a\"; listeners = ( { address = \"x\"; } ); sources = "
		 "\"any\"; } );\n"
		 "groups = ( { network = \"b\"; } );\nroutes = ( { dn = \"1\"; group = \"c\"; } );\n",
		 NULL, &diag, &config),
	    -EINVAL);
	assert_int_equal(diag.errors, 6);
	assert_null(config);
	cx_diag_clear(&diag);
}

static void check_warning(const char *text, unsigned line, const char *warning)
{
	struct cx_config *config;
	struct cx_diag diag;

	assert_int_equal(load(text, NULL, &diag, &config), 0);
	if (diag.count != 1 || !diag.entries[0].warning || diag.entries[0].line != line ||
	    !strstr(diag.entries[0].text, warning) || !diag.entries[0].hint) {
		cx_diag_print(&diag, stderr);
		fail_msg("expected %u: %s in:\n%s", line, warning, text);
	}
	cx_diag_clear(&diag);
	cx_config_free(config);
}

static void test_warnings(void **state)
{
	check_warning("networks = ( { name = \"core\"; listeners = ( { address = \"192.0.2.1\"; } ); sources "
		      "=\n[ \"any\" ]; } );\n" GROUPS ROUTES,
		      2, "in-dialog requests may be relayed to anywhere");
	check_warning("networks = ( { name = \"core\"; listeners = ( { address = \"192.0.2.1\"; } ); sources "
		      "=\n[ \"0.0.0.0/0\" ]; } );\n" GROUPS ROUTES,
		      2, "in-dialog requests may be relayed to anywhere");
	check_warning("networks = ( { name = \"core\"; listeners = ( { address = \"192.0.2.1\"; } ); sources "
		      "= [ ]; } );\n" GROUPS ROUTES,
		      1, "accepts no request");
	check_warning(
	    "networks = ( { name = \"core\"; listeners = ( { address = \"192.0.2.1\"; } );\nudp_over = "
	    "\"tcp\"; sources = [ \"192.0.2.0/24\" ]; } );\n" GROUPS ROUTES,
	    1, "what is too long for UDP is answered 513");
	check_warning(NETWORKS "groups = ( { name = \"media\"; } );\n" ROUTES, 2, "has no elements");
	check_warning(NETWORKS GROUPS, 0, "there are no routes");
	check_warning(BASE "key_rotation_s = 5;\n", 4, "shorter than a call may ring");
	check_warning(ELEMENT_WITH("name = \"far\"; uri = \"sip:198.51.100.9\";"), 4,
		      "its own requests (BYE, re-INVITE) will be dropped");
	check_warning(
	    "networks = ( { name = \"core\"; table = \"t\"; listeners = ( { address = \"192.0.2.1\"; } );"
	    " sources = [ \"192.0.2.0/24\" ]; } );\n" GROUPS ROUTES,
	    3, "no network uses the table \"default\"");
	check_warning(ROUTE_WITH("{ dn = \"91XXXX\"; group = \"media\"; }"), 4, "there are no patterns");
	check_warning(ROUTE_WITH("{ dn = \"+4420.*\"; group = \"media\"; }"), 4, "there are no patterns");
	check_warning(ROUTE_WITH("{ dn = \"9...\"; group = \"media\"; }"), 4, "there are no patterns");
}

/* What the cause is comes before its consequences, and lines in their order. */
static void test_order_of_messages(void **state)
{
	struct cx_config *config;
	struct cx_diag diag;

	assert_int_equal(load("routes = ( { dn = \"1\"; group = \"media\"; } );\nnode = 300;\n"
			      "grups = ( );\n" NETWORKS,
			      NULL, &diag, &config),
			 -EINVAL);
	assert_int_equal(diag.errors, 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(diag.entries[i].line, i + 1);
	cx_diag_clear(&diag);
}

static void test_unreadable(void **state)
{
	struct cx_config *config;
	struct cx_diag diag = {0};
	char path[64];

	snprintf(path, sizeof(path), "%s/none.cfg", dir);
	assert_int_equal(cx_config_load(path, &diag, &config), -ENOENT);
	assert_int_equal(diag.errors, 1);
	assert_string_equal(diag.entries[0].file, path);
	assert_non_null(strstr(diag.entries[0].text, "No such file"));
	cx_diag_clear(&diag);

	assert_int_equal(cx_config_load(dir, &diag, &config), -EISDIR);
	assert_int_equal(diag.errors, 1);
	cx_diag_clear(&diag);

	/* a directory that is called like a route file */
	snprintf(path, sizeof(path), "%s/routes.d/d.json", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(load(BASE, NULL, &diag, &config), -EINVAL);
	assert_int_equal(diag.errors, 1);
	assert_string_equal(diag.entries[0].file, path);
	cx_diag_clear(&diag);
	assert_int_equal(rmdir(path), 0);
}

static void test_nul_byte(void **state)
{
	struct cx_config *config;
	struct cx_diag diag = {0};
	FILE *f = fopen(main_path, "w");

	assert_non_null(f);
	fputs(NETWORKS, f);
	fputc('\0', f);
	fputs(GROUPS, f);
	fclose(f);
	assert_int_equal(cx_config_load(main_path, &diag, &config), -EINVAL);
	assert_int_equal(diag.entries[0].line, 2);
	assert_non_null(strstr(diag.entries[0].text, "NUL"));
	cx_diag_clear(&diag);
}

/* Writes one network or listener more than there may be. */
static void test_limits(void **state)
{
	static char text[65536];
	struct cx_config *config;
	struct cx_diag diag;
	size_t n = 0;

	n = (size_t)snprintf(text, sizeof(text), "networks = (\n");
	for (int i = 0; i <= CX_NETWORKS_MAX; i++)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n,
		    "%s{ name = \"n%d\"; table = \"t%d\"; listeners = ( { address = \"10.0.0.%d\"; } );"
		    " sources = [ \"10.0.0.0/8\" ]; }",
		    i ? ",\n" : "", i, i, i + 1);
	snprintf(text + n, sizeof(text) - n, ");\n");
	assert_int_equal(load(text, NULL, &diag, &config), -EINVAL);
	assert_int_equal(diag.errors, 2);
	assert_non_null(strstr(diag.entries[0].text, "too many networks: 65, at most 64"));
	/* "default" is a table, too, so that the 64th network is one too many */
	assert_non_null(strstr(diag.entries[1].text, "too many route tables"));
	assert_int_equal(diag.entries[1].line, 65);
	cx_diag_clear(&diag);

	n = (size_t)snprintf(text, sizeof(text),
			     "networks = ( { name = \"n\"; sources = [ \"10.0.0.0/8\" ]; listeners = (\n");
	for (int i = 0; i <= CX_LISTENERS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s{ address = \"10.0.0.1\"; port = %d; }",
				      i ? ",\n" : "", i + 1);
	snprintf(text + n, sizeof(text) - n, "); } );\n");
	assert_int_equal(load(text, NULL, &diag, &config), -EINVAL);
	assert_int_equal(diag.errors, 1);
	assert_non_null(strstr(diag.entries[0].text, "too many listeners: 257, at most 256"));
	cx_diag_clear(&diag);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_errors_at_once), cmocka_unit_test(test_warnings),
	    cmocka_unit_test(test_order_of_messages),  cmocka_unit_test(test_unreadable),
	    cmocka_unit_test(test_nul_byte),	       cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
