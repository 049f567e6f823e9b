// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arbitrary bytes as the main configuration file (first byte even) or as a
 * route file beside a good one (odd). Whatever they are: no crash, no leak, and
 * either an error with a text, or a configuration that compiles into tables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "must.h"
#include "route/world.h"

static const char good[] = "networks = ( { name = \"a\"; listeners = ( { address = \"192.0.2.1\"; } ); sources = [ \"any\" ]; } );\n"
			   "groups = ( { name = \"media\"; network = \"a\"; elements = ( { uri = \"sip:192.0.2.9\"; } ); } );\n"
			   "routes_dir = \"routes.d\";\n";

static char dir[128], main_path[160], routes_path[160];

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_file(const char *path, const void *p, size_t n)
{
	FILE *f = fopen(path, "wb");

	MUST(f);
	MUST(!n || fwrite(p, 1, n, f) == n);
	MUST(!fclose(f));
}

static void clean_up(void)
{
	unlink(routes_path);
	unlink(main_path);
	snprintf(routes_path, sizeof(routes_path), "%s/routes.d", dir);
	rmdir(routes_path);
	rmdir(dir);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *tmp = getenv("TMPDIR");

	MUST(snprintf(dir, sizeof(dir), "%s/cxsip-fuzz-XXXXXX", tmp ? tmp : "/tmp") < (int)sizeof(dir));
	MUST(mkdtemp(dir));
	snprintf(routes_path, sizeof(routes_path), "%s/routes.d", dir);
	MUST(!mkdir(routes_path, 0700));
	snprintf(routes_path, sizeof(routes_path), "%s/routes.d/a.json", dir);
	snprintf(main_path, sizeof(main_path), "%s/cxsip.cfg", dir);
	atexit(clean_up);
	return 0;
}

/* Could be told to read or include a file of this host: not the loader's fault, but not wanted here. */
static int names_a_path(const uint8_t *p, size_t n)
{
	return memchr(p, '@', n) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cx_config *config = NULL;
	struct cx_tables *tables = NULL;
	struct cx_diag diag = {0};
	int err;

	if (!size || names_a_path(data + 1, size - 1))
		return 0;
	if (data[0] & 1) {
		write_file(main_path, good, strlen(good));
		write_file(routes_path, data + 1, size - 1);
	} else {
		write_file(main_path, data + 1, size - 1);
		write_file(routes_path, "[]", 2);
	}
	err = cx_config_load(main_path, &diag, &config);
	MUST((err == 0) == (config != NULL));
	MUST(!err || diag.errors);
	for (size_t i = 0; i < diag.count; i++)
		MUST(diag.entries[i].text && diag.entries[i].text[0]);
	if (config && config->max_groups <= 65536 && config->max_elements <= 65536) {
		err = cx_tables_compile(config, &(struct cx_names){0}, &diag, &tables);
		MUST(err == 0 || diag.errors);
		if (!err)
			cx_tables_free(tables);
	}
	cx_config_free(config);
	cx_diag_clear(&diag);
	return 0;
}
