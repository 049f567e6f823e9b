/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl routes`: the list in pages, or the route that serves a DN.
 */
#include <stdio.h>
#include <string.h>
#include "cxctl/cxctl.h"
#include "cxctl/table.h"

#define PAGE 250 /* what the daemon gives at once */

static void print_routes(const json_t *routes)
{
	static const struct cxctl_column columns[] = {
	    {"TABLE", false}, {"DN", false}, {"MATCH", false}, {"GROUP", false}, {"FROM", false}};
	struct cxctl_table *t = cxctl_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *r;
	size_t i;

	json_array_foreach(routes, i, r)
	{
		cxctl_cell(t, "%s", cxctl_text(r, "table"));
		cxctl_cell(t, "%s", cxctl_text(r, "dn"));
		cxctl_cell(t, "%s%s", cxctl_bool(r, "prefix") ? "prefix" : "exact",
			   cxctl_bool(r, "core") ? ", core" : "");
		cxctl_cell(t, "%s", cxctl_text(r, "group"));
		cxctl_cell(t, "%s:%lld", cxctl_text(r, "file"), (long long)cxctl_integer(r, "line"));
	}
	cxctl_table_print(t, 0, stdout);
	cxctl_table_free(t);
}

static int find(struct cxctl *c, json_t *args, const char *dn)
{
	json_t *data;
	bool found;
	int rc;

	if (json_object_set_new(args, "dn", json_string(dn))) {
		json_decref(args);
		return cxctl_usage(c, "the DN is no UTF-8");
	}
	rc = cxctl_ask(c, "routes", args, &data);
	if (rc)
		return rc;
	found = cxctl_bool(data, "found");
	if (!cxctl_json(c, data)) {
		if (found)
			print_routes(cxctl_object(data, "routes"));
		else
			cxctl_error("requests for it are answered 404 Not Found", "no route serves %s", dn);
	}
	json_decref(data);
	return found ? CXCTL_OK : CXCTL_NO;
}

/* Asks page by page until there are limit routes (0: all). */
static int list(struct cxctl *c, json_t *args, uint64_t limit)
{
	json_t *all = NULL, *page, *routes, *next;
	size_t have = 0, want;
	int rc = 0;

	do {
		want = limit && limit - have < PAGE ? (size_t)(limit - have) : PAGE;
		json_object_set_new(args, "limit", json_integer((json_int_t)want));
		rc = cxctl_ask(c, "routes", json_incref(args), &page);
		if (rc)
			goto out;
		if (all) {
			json_array_extend(cxctl_object(all, "routes"), cxctl_object(page, "routes"));
			json_object_set(all, "next", cxctl_object(page, "next"));
			json_decref(page);
		} else {
			all = page;
		}
		have = json_array_size(cxctl_object(all, "routes"));
		next = cxctl_object(all, "next");
		json_object_set(args, "from", next);
	} while (json_is_integer(next) && (!limit || have < limit));
	if (cxctl_json(c, all))
		goto out;
	routes = cxctl_object(all, "routes");
	if (have)
		print_routes(routes);
	printf("%s%zu of %lld routes (%lld exact, %lld prefixes)\n", have ? "\n" : "", have,
	       (long long)cxctl_integer(all, "total"), (long long)cxctl_integer(all, "exact"),
	       (long long)cxctl_integer(all, "prefixes"));
	if (json_is_integer(next))
		printf("more: --from %lld, or --limit 0 for all\n", (long long)json_integer_value(next));
out:
	json_decref(args);
	json_decref(all);
	return rc;
}

int cxctl_routes(struct cxctl *c, int argc, char **argv)
{
	const char *table = NULL, *group = NULL, *limit_text = "100", *from_text = "0";
	const struct cxctl_option options[] = {
	    {"--table", &table, NULL},	  {"--group", &group, NULL}, {"--limit", &limit_text, NULL},
	    {"--from", &from_text, NULL}, {NULL, NULL, NULL},
	};
	uint64_t limit, from;
	json_t *args;

	argc = cxctl_options(c, options, argc, argv);
	if (argc < 0)
		return CXCTL_USAGE;
	if (!cxctl_number(limit_text, UINT32_MAX, &limit) || !cxctl_number(from_text, UINT32_MAX, &from))
		return cxctl_usage(c, "--limit and --from take a number");
	args = json_object();
	if ((table && json_object_set_new(args, "table", json_string(table))) ||
	    (group && json_object_set_new(args, "group", json_string(group)))) {
		json_decref(args);
		return cxctl_usage(c, "a name is no UTF-8");
	}
	if (argc == 2 && !strcmp(argv[0], "find"))
		return find(c, args, argv[1]);
	if (!argc || (argc == 1 && !strcmp(argv[0], "list"))) {
		json_object_set_new(args, "from", json_integer((json_int_t)from));
		return list(c, args, limit);
	}
	json_decref(args);
	return cxctl_usage(c, "list, or find DN");
}
