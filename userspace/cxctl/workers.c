// SPDX-License-Identifier: GPL-2.0-only
/*
 * `cxctl workers`, `transactions` and `connections`: the daemon's threads, what
 * its proxy core has in hand, and who is connected.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "cxctl/cxctl.h"
#include "cxctl/table.h"
#include "proxy/core.h"

#define WORKERS_SHOWN 16 /* more do not fit on a line: --json has them */

static void print_workers(const json_t *data)
{
	static const struct cxctl_column columns[] = {
	    {"WORKER", true}, {"AT", false},   {"CPU S", true},	      {"DATAGRAMS", true},
	    {"LOST", true},   {"TURNS", true}, {"CONNECTIONS", true}, {"HAND-OVERS LOST", true},
	    {"STALLS", true}};
	struct cxctl_table *t = cxctl_table_new(columns, 9);
	json_t *row;
	size_t i;

	json_array_foreach(cxctl_object(data, "workers"), i, row)
	{
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "worker"));
		cxctl_cell(t, "%s", cxctl_text(row, "place"));
		cxctl_cell(t, "%.1f", (double)cxctl_integer(row, "cpu_us") / 1e6);
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "datagrams"));
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "datagrams_lost"));
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "turns"));
		cxctl_cell(t, "%" PRId64, cxctl_integer(cxctl_object(row, "tcp"), "open"));
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "hand_overs_refused"));
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "stalls"));
	}
	cxctl_table_print(t, 0, stdout);
	cxctl_table_free(t);
	if (!cxctl_bool(data, "steered") && i > 1)
		printf("\nnot steered by the kernel: workers hand calls over to each other\n");
}

int cxctl_workers(struct cxctl *c, int argc, char **argv)
{
	int rc = cxctl_options_only(c, NULL, argc, argv);

	return rc ? rc : cxctl_show(c, "workers", NULL, NULL, print_workers);
}

static const char *meaning(const char *name)
{
	static const struct {
		const char *name, *text;
	} known[] = {
#define CX_X(name, text) {#name, text},
	    CX_PROXY_GAUGES(CX_X) CX_PROXY_COUNTERS(CX_X)
#undef CX_X
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].name, name))
			return known[i].text;
	return ""; /* of a newer daemon */
}

/* One line a gauge or counter; where there are several workers, a column each. */
static void print_transactions(const json_t *data)
{
	const json_t *workers = cxctl_object(data, "workers"), *row;
	json_t *first = cxctl_object(json_array_get(workers, 0), "core"), *value;
	size_t i, n = json_array_size(workers) > 1 ? json_array_size(workers) : 0;
	struct cxctl_column columns[WORKERS_SHOWN + 3] = {{"", false}, {"ALL", true}};
	char titles[WORKERS_SHOWN][16];
	struct cxctl_table *t;
	const char *name;

	n = n < WORKERS_SHOWN ? n : WORKERS_SHOWN;
	for (i = 0; i < n; i++) {
		snprintf(titles[i], sizeof(titles[i]), "WORKER %zu", i);
		columns[2 + i] = (struct cxctl_column){titles[i], true};
	}
	columns[2 + n] = (struct cxctl_column){"MEANING", false};
	t = cxctl_table_new(columns, n + 3);
	json_object_foreach(first, name, value)
	{
		int64_t sum = 0;

		json_array_foreach(workers, i, row) sum += cxctl_integer(cxctl_object(row, "core"), name);
		cxctl_cell(t, "%s", name);
		cxctl_cell(t, "%" PRId64, sum);
		for (i = 0; i < n; i++)
			cxctl_cell(t, "%" PRId64,
				   cxctl_integer(cxctl_object(json_array_get(workers, i), "core"), name));
		cxctl_cell(t, "%s", meaning(name));
	}
	cxctl_table_print(t, 0, stdout);
	cxctl_table_free(t);
}

int cxctl_transactions(struct cxctl *c, int argc, char **argv)
{
	int rc = cxctl_options_only(c, NULL, argc, argv);

	return rc ? rc : cxctl_show(c, "transactions", NULL, NULL, print_transactions);
}

static void print_connections(const json_t *data)
{
	static const struct cxctl_column columns[] = {
	    {"PEER", false}, {"NETWORK", false}, {"LISTENER", false}, {"STATE", false},
	    {"BY", false},   {"WORKER", true},	 {"AGE S", true},     {"IDLE S", true},
	    {"IN", true},    {"OUT", true},	 {"QUEUED", true}};
	struct cxctl_table *t = cxctl_table_new(columns, 11);
	json_t *row;
	size_t i;

	json_array_foreach(cxctl_object(data, "connections"), i, row)
	{
		cxctl_cell(t, "%s", cxctl_text(row, "peer"));
		cxctl_cell(t, "%s", cxctl_text(row, "network"));
		cxctl_cell(t, "%s", cxctl_text(row, "listener"));
		cxctl_cell(t, "%s", cxctl_text(row, "state"));
		cxctl_cell(t, "%s", cxctl_text(row, "opened_by"));
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "worker"));
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "age_ms") / 1000);
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "idle_ms") / 1000);
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "messages_in"));
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "messages_out"));
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "queued"));
	}
	cxctl_table_print(t, 0, stdout);
	cxctl_table_free(t);
}

int cxctl_connections(struct cxctl *c, int argc, char **argv)
{
	int rc = cxctl_options_only(c, NULL, argc, argv);

	return rc ? rc : cxctl_show(c, "connections", NULL, "connections", print_connections);
}
