/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * For the tests of the configuration: texts of files to build upon, and a
 * directory of one's own in which they are written as an operator would.
 */
#ifndef CX_TEST_CONFIG_FILES_H
#define CX_TEST_CONFIG_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config/config.h"
#include "observe/log.h"

#define NETWORKS                                                                                             \
	"networks = ( { name = \"core\"; listeners = ( { address = \"192.0.2.1\"; } ); sources = [ "         \
	"\"192.0.2.0/24\" ]; } );\n"
#define GROUPS                                                                                               \
	"groups = ( { name = \"media\"; elements = ( { name = \"ms1\"; uri = \"sip:192.0.2.9\"; } ); } );\n"
#define ROUTES "routes = ( { dn = \"9192\"; group = \"media\"; } );\n"
#define BASE NETWORKS GROUPS ROUTES /* three lines: the next one is the fourth */

/* A file with one network, group, element, route, which has one more setting. */
#define NETWORK_WITH(more)                                                                                   \
	"networks = (\n{ name = \"core\";\nlisteners = ( { address = \"192.0.2.1\"; } );\n"                  \
	"sources = [ \"192.0.2.0/24\" ];\n" more "\n} );\n" GROUPS ROUTES /* more: line 5 */
#define LISTENERS(list)                                                                                      \
	"networks = ( { name = \"core\"; sources = [ \"192.0.2.0/24\" ];\nlisteners = (\n" list              \
	"\n); } );\n" GROUPS ROUTES /* list: line 3 */
#define SOURCES(list)                                                                                        \
	"networks = ( { name = \"core\"; trusted = false; listeners = ( { address = \"192.0.2.1\"; } );\n"   \
	"sources = [\n\"192.0.2.0/24\",\n" list "\n]; } );\n" GROUPS ROUTES /* list: line 4 */
#define GROUP_WITH(more)                                                                                     \
	NETWORKS "groups = (\n{ name = \"media\";\n" more "\n} );\n" ROUTES /* more: line 4 */
#define ELEMENT_WITH(more) GROUP_WITH("elements = ( { " more " } );")
#define ROUTE_WITH(more) NETWORKS GROUPS "routes = (\n" more "\n);\n" /* more: line 4 */

static char dir[] = "/tmp/cxsip-config.XXXXXX";
static char main_path[64], json_path[64];

static inline void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static inline int load(const char *text, const char *json, struct cx_diag *diag, struct cx_config **config)
{
	write_file(main_path, text);
	if (json)
		write_file(json_path, json);
	else
		unlink(json_path);
	memset(diag, 0, sizeof(*diag));
	return cx_config_load(main_path, diag, config);
}

/* Fails the test if it is not good, or has another number of warnings. */
static inline struct cx_config *load_good(const char *text, const char *json, size_t warnings)
{
	struct cx_config *config;
	struct cx_diag diag;
	int err = load(text, json, &diag, &config);

	if (err || diag.errors || diag.warnings != warnings) {
		cx_diag_print(&diag, stderr);
		fail_msg("err %d, %zu errors, %zu warnings in:\n%s", err, diag.errors, diag.warnings, text);
	}
	cx_diag_clear(&diag);
	return config;
}

static inline int setup(void **state)
{
	char routes_d[64];

	if (!mkdtemp(dir))
		return -1;
	snprintf(routes_d, sizeof(routes_d), "%s/routes.d", dir);
	snprintf(main_path, sizeof(main_path), "%s/cxsip.cfg", dir);
	snprintf(json_path, sizeof(json_path), "%s/routes.d/a.json", dir);
	return mkdir(routes_d, 0700);
}

static inline int teardown(void **state)
{
	char routes_d[64];

	snprintf(routes_d, sizeof(routes_d), "%s/routes.d", dir);
	unlink(json_path);
	unlink(main_path);
	rmdir(routes_d);
	return rmdir(dir);
}

#endif
