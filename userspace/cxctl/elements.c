/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl groups`, `cxctl elements` and the orders about elements.
 */
#include <stdio.h>
#include <string.h>
#include "cxctl/cxctl.h"
#include "cxctl/format.h"
#include "cxctl/table.h"

static enum cxctl_style state_style(const char *state)
{
	if (!strcmp(state, "up"))
		return CXCTL_GOOD;
	return strcmp(state, "down") ? CXCTL_POOR : CXCTL_BAD;
}

const char *cxctl_place(const json_t *server, char text[CXCTL_PLACE])
{
	const char *address = cxctl_text(server, "address"), *transport = cxctl_text(server, "transport");
	bool udp = !strcmp(transport, "udp");

	if (!address[0])
		snprintf(text, CXCTL_PLACE, "-");
	else
		snprintf(text, CXCTL_PLACE, strchr(address, ':') ? "[%s]:%lld%s%s" : "%s:%lld%s%s", address,
			 (long long)cxctl_integer(server, "port"), udp ? "" : " ", udp ? "" : transport);
	return text;
}

/* "503 Retry-After: 20, 12 s left" */
const char *cxctl_reason(const json_t *e, char text[CXCTL_REASON])
{
	const json_t *pause = cxctl_object(e, "pause");
	long long left = cxctl_integer(pause, "left_s");

	if (!strcmp(cxctl_text(e, "state"), "paused"))
		snprintf(text, CXCTL_REASON, "%lld Retry-After: %lld, %lld s left",
			 (long long)cxctl_integer(pause, "status"),
			 (long long)cxctl_integer(pause, "retry_after_s"), left);
	else if (json_is_object(pause) && !left)
		snprintf(text, CXCTL_REASON, "%s, slow start: %.0f %%", cxctl_text(e, "reason"),
			 100 * cxctl_real(pause, "share"));
	else
		snprintf(text, CXCTL_REASON, "%s", cxctl_text(e, "reason"));
	return text;
}

static void print_elements(const json_t *data)
{
	static const struct cxctl_column columns[] = {
	    {"ELEMENT", false}, {"GROUP", false},  {"ADDRESS", false}, {"STATE", false},
	    {"SINCE", true},	{"REASON", false}, {"RTT", true},      {"CODE", true},
	    {"Q", true},	{"WEIGHT", true},  {"CALLS", true},    {"CALLS/S", true},
	    {"REQUESTS", true},
	};
	struct cxctl_table *t = cxctl_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	char text[CXCTL_FORMAT], reason[CXCTL_REASON], place[CXCTL_PLACE];
	const json_t *e;
	size_t i;

	json_array_foreach(cxctl_object(data, "elements"), i, e)
	{
		const json_t *health = cxctl_object(e, "health");
		long long code = cxctl_integer(health, "last_code");

		cxctl_cell(t, "%s", cxctl_text(e, "element"));
		cxctl_cell(t, "%s", cxctl_text(e, "group"));
		cxctl_cell(t, "%s", cxctl_place(e, place));
		cxctl_cell_styled(t, state_style(cxctl_text(e, "state")), cxctl_text(e, "state"));
		cxctl_cell(t, "%s", cxctl_ago(cxctl_integer(e, "since_ms"), text));
		cxctl_cell(t, "%s", cxctl_reason(e, reason));
		cxctl_cell(t, "%s", cxctl_rtt(cxctl_integer(health, "rtt_us"), text));
		cxctl_cell(t, code ? "%lld" : "-", code);
		cxctl_cell(t, "%g", (double)cxctl_integer(e, "q") / 1000);
		cxctl_cell(t, "%lld", (long long)cxctl_integer(e, "weight"));
		cxctl_cell(t, "%lld", (long long)cxctl_integer(e, "calls"));
		cxctl_cell(t, "%.1f", cxctl_real(e, "calls_per_s"));
		cxctl_cell(t, "%lld", (long long)cxctl_integer(e, "requests"));
	}
	cxctl_table_print(t, 0, stdout);
	cxctl_table_free(t);
}

int cxctl_elements(struct cxctl *c, int argc, char **argv)
{
	json_t *args = NULL;

	argc = cxctl_options(c, NULL, argc, argv);
	if (argc < 0)
		return CXCTL_USAGE;
	if (argc > 1)
		return cxctl_usage(c, "one group at most");
	if (argc) {
		args = json_pack("{s:s}", "group", argv[0]);
		if (!args)
			return cxctl_usage(c, "the group's name is no UTF-8");
	}
	return cxctl_show(c, "elements", args, "elements", print_elements);
}

static void print_groups(const json_t *data)
{
	static const struct cxctl_column columns[] = {
	    {"GROUP", false}, {"NETWORK", false}, {"ELEMENTS", true}, {"UP", true},
	    {"DOWN", true},   {"DRAINING", true}, {"DISABLED", true}, {"PAUSED", true},
	    {"RING", true},   {"CALLS", true},	  {"CALLS/S", true},  {"", false},
	};
	struct cxctl_table *t = cxctl_table_new(columns, sizeof(columns) / sizeof(columns[0]));
	const json_t *g;
	char up[24];
	size_t i;

	json_array_foreach(cxctl_object(data, "groups"), i, g)
	{
		snprintf(up, sizeof(up), "%lld", (long long)cxctl_integer(g, "up"));
		cxctl_cell(t, "%s", cxctl_text(g, "group"));
		cxctl_cell(t, "%s", cxctl_text(g, "network"));
		cxctl_cell(t, "%lld", (long long)cxctl_integer(g, "elements"));
		cxctl_cell_styled(t,
				  !cxctl_integer(g, "up")    ? CXCTL_BAD
				  : cxctl_integer(g, "down") ? CXCTL_POOR
							     : CXCTL_GOOD,
				  up);
		cxctl_cell(t, "%lld", (long long)cxctl_integer(g, "down"));
		cxctl_cell(t, "%lld", (long long)cxctl_integer(g, "draining"));
		cxctl_cell(t, "%lld", (long long)cxctl_integer(g, "disabled"));
		cxctl_cell(t, "%lld", (long long)cxctl_integer(g, "paused"));
		cxctl_cell(t, "%lld", (long long)cxctl_integer(g, "ring_slots"));
		cxctl_cell(t, "%lld", (long long)cxctl_integer(g, "calls"));
		cxctl_cell(t, "%.1f", cxctl_real(g, "calls_per_s"));
		snprintf(up, sizeof(up), "%lld", (long long)cxctl_integer(g, "unresolved"));
		cxctl_cell(t, "%s%s%s%s", cxctl_bool(g, "core") ? "mode core" : "",
			   cxctl_bool(g, "core") && strcmp(up, "0") ? ", " : "", strcmp(up, "0") ? up : "",
			   strcmp(up, "0") ? " without a server in DNS" : "");
	}
	cxctl_table_print(t, 0, stdout);
	cxctl_table_free(t);
}

int cxctl_groups(struct cxctl *c, int argc, char **argv)
{
	int rc = cxctl_options_only(c, NULL, argc, argv);

	return rc ? rc : cxctl_show(c, "groups", NULL, "groups", print_groups);
}

static void print_order(const json_t *element)
{
	char reason[CXCTL_REASON];

	long long servers = cxctl_integer(element, "servers");

	cxctl_print_clean(cxctl_text(element, servers > 1 ? "ordered" : "element"), stdout);
	if (servers > 1)
		printf(", %lld servers,", servers);
	printf(" of group ");
	cxctl_print_clean(cxctl_text(element, "group"), stdout);
	printf(" is %s (%s)\n", cxctl_text(element, "state"), cxctl_reason(element, reason));
}

/* drain, undrain, disable, enable: the daemon's answer is the element. */
int cxctl_order(struct cxctl *c, int argc, char **argv)
{
	json_t *args;

	argc = cxctl_options(c, NULL, argc, argv);
	if (argc < 0)
		return CXCTL_USAGE;
	if (argc != 1)
		return cxctl_usage(c, "one element is needed");
	args = json_pack("{s:s}", "element", argv[0]);
	if (!args)
		return cxctl_usage(c, "the element's name is no UTF-8");
	return cxctl_show(c, c->command->name, args, NULL, print_order);
}
