// SPDX-License-Identifier: GPL-2.0-only
/*
 * `cxctl dns`: host names, what they stand for, and asking anew.
 */
#include <stdio.h>
#include <string.h>
#include "cxctl/cxctl.h"
#include "cxctl/format.h"
#include "cxctl/table.h"

static void put_target(struct cxctl_table *t, const json_t *target)
{
	char place[CXCTL_PLACE];

	if (!target) {
		for (int i = 0; i < 3; i++)
			cxctl_cell(t, "-");
		return;
	}
	cxctl_cell(t, "%s%s", cxctl_place(target, place), cxctl_bool(target, "gone") ? " (left)" : "");
	if (!cxctl_bool(target, "by_srv")) {
		cxctl_cell(t, "-");
		cxctl_cell(t, "-");
		return;
	}
	cxctl_cell(t, "%lld", (long long)cxctl_integer(target, "priority"));
	cxctl_cell(t, "%lld", (long long)cxctl_integer(target, "weight"));
}

static void put_name(struct cxctl_table *t, const json_t *name)
{
	const char *state = cxctl_text(name, "state"), *error = cxctl_text(name, "error");
	const json_t *targets = cxctl_object(name, "targets");
	size_t n = json_array_size(targets);
	char text[CXCTL_FORMAT];

	for (size_t i = 0; i < n || i == 0; i++) {
		if (i == 0) {
			cxctl_cell(t, "%s", cxctl_text(name, "name"));
			cxctl_cell(t, "%s", cxctl_text(name, "element"));
			cxctl_cell_styled(t,
					  !strcmp(state, "good")    ? CXCTL_GOOD
					  : !strcmp(state, "stale") ? CXCTL_POOR
								    : CXCTL_BAD,
					  state);
			cxctl_cell(t, "%s",
				   cxctl_integer(name, "ttl_ms")
				       ? cxctl_duration(cxctl_integer(name, "ttl_ms"), text)
				       : "-");
			cxctl_cell(t, "%s", cxctl_ago(cxctl_integer(name, "changed_ms"), text));
		} else {
			for (int k = 0; k < 5; k++)
				cxctl_cell(t, "%s", "");
		}
		put_target(t, json_array_get(targets, i));
		if (i == 0 && error[0] && cxctl_integer(name, "failed_ms"))
			cxctl_cell(t, "%s, for %s", error, cxctl_ago(cxctl_integer(name, "failed_ms"), text));
		else
			cxctl_cell(t, "%s", i == 0 ? error : "");
	}
}

static void print_names(const json_t *data)
{
	static const struct cxctl_column columns[] = {
	    {"NAME", false},   {"ELEMENT", false}, {"STATE", false}, {"TTL", true},    {"SINCE", true},
	    {"SERVER", false}, {"PRIORITY", true}, {"WEIGHT", true}, {"ERROR", false},
	};
	struct cxctl_table *t = cxctl_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *name;
	size_t i;

	json_array_foreach(cxctl_object(data, "names"), i, name) put_name(t, name);
	cxctl_table_print(t, 0, stdout);
	cxctl_table_free(t);
}

static void print_asked(const json_t *data)
{
	printf("asked: `cxctl dns` shows the answers\n");
}

int cxctl_dns(struct cxctl *c, int argc, char **argv)
{
	json_t *args;

	argc = cxctl_options(c, NULL, argc, argv);
	if (argc < 0)
		return CXCTL_USAGE;
	if (argc == 0)
		return cxctl_show(c, "dns", NULL, "names", print_names);
	if (strcmp(argv[0], "refresh") != 0 || argc > 2)
		return cxctl_usage(c, "refresh, and one name at most");
	args = json_pack("{s:s, s:s*}", "order", "refresh", "name", argc > 1 ? argv[1] : NULL);
	if (!args)
		return cxctl_usage(c, "the name is no UTF-8");
	return cxctl_show(c, "dns", args, NULL, print_asked);
}
