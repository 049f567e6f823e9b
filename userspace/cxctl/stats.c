/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl stats`: reasons, answers, listeners, elements.
 */
#include <stdio.h>
#include <string.h>
#include "cxctl/cxctl.h"
#include "cxctl/table.h"

static const json_t *fast_of(const json_t *row)
{
	return cxctl_object(row, "fast");
}

static const json_t *core_of(const json_t *row)
{
	return cxctl_object(row, "core");
}

static void print_reasons(const json_t *reasons, bool all)
{
	static const struct cxctl_column columns[] = {
	    {"REASON", false}, {"VERDICT", false}, {"FAST", true}, {"MODULE", true}, {"CORE", true}, {"MEANING", false}};
	struct cxctl_table *t = cxctl_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *r;
	size_t i;

	json_array_foreach(reasons, i, r)
	{
		long long fast = cxctl_integer(fast_of(r), "packets"),
			  module = cxctl_integer(cxctl_object(r, "module"), "packets"),
			  core = cxctl_integer(core_of(r), "packets");
		const char *verdict = cxctl_text(r, "verdict");

		if (!all && !fast && !module && !core)
			continue;
		cxctl_cell(t, "%s", cxctl_text(r, "reason"));
		cxctl_cell_styled(t, strcmp(verdict, "drop") ? CXCTL_PLAIN : CXCTL_POOR, verdict);
		cxctl_cell(t, "%lld", fast);
		cxctl_cell(t, "%lld", module);
		cxctl_cell(t, "%lld", core);
		cxctl_cell(t, "%s", cxctl_text(r, "text"));
	}
	if (cxctl_table_rows(t))
		cxctl_table_print(t, 0, stdout);
	else
		printf("no message yet\n");
	cxctl_table_free(t);
}

static void print_replies(const json_t *replies)
{
	static const struct cxctl_column columns[] = {{"ANSWERED", false}, {"TIMES", true}};
	struct cxctl_table *t = cxctl_table_new(columns, 2);
	const char *code;
	json_t *count;

	json_object_foreach((json_t *)replies, code, count)
	{
		cxctl_cell(t, "%s", code);
		cxctl_cell(t, "%lld", (long long)json_integer_value(count));
	}
	if (cxctl_table_rows(t)) {
		putchar('\n');
		cxctl_table_print(t, 0, stdout);
	}
	cxctl_table_free(t);
}

/* One table with a fast and a core column for each key. */
static void print_pairs(const json_t *rows, const char *first, const char *second, const char *const keys[],
			size_t n_keys, const struct cxctl_column *columns, bool all)
{
	struct cxctl_table *t = cxctl_table_new(columns, 2 + 2 * n_keys);
	const json_t *r;
	size_t i;

	json_array_foreach(rows, i, r)
	{
		bool used = all;

		for (size_t k = 0; k < n_keys; k++)
			used =
			    used || cxctl_integer(fast_of(r), keys[k]) || cxctl_integer(core_of(r), keys[k]);
		if (!used)
			continue;
		cxctl_cell(t, "%s", cxctl_text(r, first));
		cxctl_cell(t, "%s", cxctl_text(r, second));
		for (size_t k = 0; k < n_keys; k++) {
			cxctl_cell(t, "%lld", (long long)cxctl_integer(fast_of(r), keys[k]));
			cxctl_cell(t, "%lld", (long long)cxctl_integer(core_of(r), keys[k]));
		}
	}
	if (cxctl_table_rows(t)) {
		putchar('\n');
		cxctl_table_print(t, 0, stdout);
	}
	cxctl_table_free(t);
}

static void print_listeners(const json_t *rows, bool all)
{
	static const char *const keys[] = {"requests", "responses", "up", "dropped"};
	static const struct cxctl_column columns[] = {
	    {"LISTENER", false}, {"NETWORK", false}, {"REQUESTS", true}, {"(CORE)", true},
	    {"RESPONSES", true}, {"(CORE)", true},   {"UP", true},	 {"(CORE)", true},
	    {"DROPPED", true},	 {"(CORE)", true},
	};

	print_pairs(rows, "listener", "network", keys, 4, columns, all);
}

static void print_elements(const json_t *rows, bool all)
{
	static const char *const keys[] = {"calls", "requests", "bytes"};
	static const struct cxctl_column columns[] = {
	    {"ELEMENT", false}, {"GROUP", false}, {"CALLS", true}, {"(CORE)", true},
	    {"REQUESTS", true}, {"(CORE)", true}, {"BYTES", true}, {"(CORE)", true},
	};

	print_pairs(rows, "element", "group", keys, 3, columns, all);
}

int cxctl_stats(struct cxctl *c, int argc, char **argv)
{
	bool all = false;
	const struct cxctl_option options[] = {{"--all", NULL, &all}, {NULL, NULL, NULL}};
	json_t *data;
	int rc;

	if (cxctl_options_only(c, options, argc, argv))
		return CXCTL_USAGE;
	rc = cxctl_ask_all(c, "stats", NULL, "elements", &data);
	if (rc)
		return rc;
	if (!cxctl_json(c, data)) {
		print_reasons(cxctl_object(data, "reasons"), all);
		print_replies(cxctl_object(data, "replies"));
		print_listeners(cxctl_object(data, "listeners"), all);
		print_elements(cxctl_object(data, "elements"), all);
		if (cxctl_integer(data, "log_dropped"))
			printf("\n%lld lines of the log were lost: its sink was full or away\n",
			       (long long)cxctl_integer(data, "log_dropped"));
	}
	json_decref(data);
	return CXCTL_OK;
}
