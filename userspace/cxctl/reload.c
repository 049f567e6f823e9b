/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl reload`, and `cxctl check`, which reads a configuration here, with
 * the daemon's own code, so it needs no daemon.
 */
#include <stdio.h>
#include "config/config.h"
#include "control/json.h"
#include "cxctl/cxctl.h"
#include "cxctl/table.h"
#include "route/world.h"

static void print_reload(const json_t *data)
{
	cxctl_print_findings(cxctl_object(data, "findings"));
	printf("reloaded: %lld routes; read in %lld ms, compiled in %lld ms, swapped in %lld ms\n",
	       (long long)cxctl_integer(data, "routes"), (long long)cxctl_integer(data, "load_ms"),
	       (long long)cxctl_integer(data, "compile_ms"), (long long)cxctl_integer(data, "swap_ms"));
}

int cxctl_reload(struct cxctl *c, int argc, char **argv)
{
	int rc = cxctl_options_only(c, NULL, argc, argv);

	return rc ? rc : cxctl_show(c, "reload", NULL, NULL, print_reload);
}

static json_t *result_json(const char *file, const struct cx_config *config, const struct cx_diag *diag)
{
	return json_pack("{s:o, s:b, s:i, s:i, s:i, s:i, s:i, s:i, s:o}", "file", cx_json_string(file), "ok",
			 !diag->errors, "errors", (int)diag->errors, "warnings", (int)diag->warnings, "files",
			 config ? (int)config->n_files : 0, "networks", config ? (int)config->n_networks : 0,
			 "groups", config ? (int)config->n_groups : 0, "routes",
			 config ? (int)config->n_routes : 0, "findings", cx_json_findings(diag));
}

int cxctl_check(struct cxctl *c, int argc, char **argv)
{
	struct cx_config *config = NULL;
	struct cx_tables *tables = NULL;
	struct cx_diag diag = {0};
	struct cx_names none = {0};
	const char *file;
	json_t *result;
	bool ok;

	argc = cxctl_options(c, NULL, argc, argv);
	if (argc < 0)
		return CXCTL_USAGE;
	if (argc > 1)
		return cxctl_usage(c, "one file at a time");
	file = argc ? argv[0] : CXCTL_CONFIG;
	if (!cx_config_load(file, &diag, &config))
		cx_tables_compile(config, &none, &diag, &tables);
	ok = config && tables && !diag.errors;
	result = result_json(file, config, &diag);
	if (!cxctl_json(c, result)) {
		cx_diag_print(&diag, stderr);
		cxctl_print_clean(file, stdout);
		if (ok)
			printf(": good: %zu networks, %zu listeners, %zu groups, %zu elements, %zu routes from %zu files\n",
			       config->n_networks, cx_config_count_listeners(config), config->n_groups,
			       cx_config_count_elements(config), config->n_routes, config->n_files);
		else
			printf(": would be refused: %zu error%s\n", diag.errors, diag.errors == 1 ? "" : "s");
	}
	json_decref(result);
	cx_tables_free(tables);
	cx_config_free(config);
	cx_diag_clear(&diag);
	return ok ? CXCTL_OK : CXCTL_NO;
}
