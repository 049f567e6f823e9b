// SPDX-License-Identifier: GPL-2.0-only
/*
 * `cxctl workers`, `transactions` and `connections`: the daemon's threads, what
 * its proxy core has in hand, and who is connected.
 */
#include <inttypes.h>
#include <stdio.h>
#include "cxctl/cxctl.h"
#include "cxctl/table.h"

static void print_workers(const json_t *data)
{
	static const struct cxctl_column columns[] = {
	    {"WORKER", true}, {"AT", false},	     {"CPU S", true},		{"DATAGRAMS", true},
	    {"TURNS", true},  {"CONNECTIONS", true}, {"HAND-OVERS LOST", true}, {"STALLS", true}};
	struct cxctl_table *t = cxctl_table_new(columns, 8);
	json_t *row;
	size_t i;

	json_array_foreach(cxctl_object(data, "workers"), i, row)
	{
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "worker"));
		cxctl_cell(t, "%s", cxctl_text(row, "place"));
		cxctl_cell(t, "%.1f", (double)cxctl_integer(row, "cpu_us") / 1e6);
		cxctl_cell(t, "%" PRId64, cxctl_integer(row, "datagrams"));
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
	json_t *data;
	int rc = cxctl_options_only(c, NULL, argc, argv);

	if (!rc)
		rc = cxctl_ask(c, "workers", NULL, &data);
	if (rc)
		return rc;
	if (!cxctl_json(c, data))
		print_workers(data);
	json_decref(data);
	return CXCTL_OK;
}

/* One line a gauge or counter, a column a worker. */
static void print_transactions(const json_t *workers)
{
	const json_t *first = cxctl_object(json_array_get(workers, 0), "core");
	const char *name;
	json_t *value, *row;
	size_t i;

	json_object_foreach((json_t *)(uintptr_t)first, name, value)
	{
		int64_t sum = 0;

		json_array_foreach(workers, i, row) sum += cxctl_integer(cxctl_object(row, "core"), name);
		printf("%-20s %12" PRId64, name, sum);
		for (i = 0; json_array_size(workers) > 1 && i < json_array_size(workers); i++)
			printf(" %12" PRId64,
			       cxctl_integer(cxctl_object(json_array_get(workers, i), "core"), name));
		putchar('\n');
	}
}

int cxctl_transactions(struct cxctl *c, int argc, char **argv)
{
	json_t *data;
	int rc = cxctl_options_only(c, NULL, argc, argv);

	if (!rc)
		rc = cxctl_ask(c, "transactions", NULL, &data);
	if (rc)
		return rc;
	if (!cxctl_json(c, data))
		print_transactions(cxctl_object(data, "workers"));
	json_decref(data);
	return CXCTL_OK;
}

static void print_connections(const json_t *rows)
{
	static const struct cxctl_column columns[] = {
	    {"PEER", false}, {"NETWORK", false}, {"LISTENER", false}, {"STATE", false},
	    {"BY", false},   {"WORKER", true},	 {"AGE S", true},     {"IDLE S", true},
	    {"IN", true},    {"OUT", true},	 {"QUEUED", true}};
	struct cxctl_table *t = cxctl_table_new(columns, 11);
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
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
	json_t *data;
	int rc = cxctl_options_only(c, NULL, argc, argv);

	if (!rc)
		rc = cxctl_ask_all(c, "connections", NULL, "connections", &data);
	if (rc)
		return rc;
	if (!cxctl_json(c, data))
		print_connections(cxctl_object(data, "connections"));
	json_decref(data);
	return CXCTL_OK;
}
