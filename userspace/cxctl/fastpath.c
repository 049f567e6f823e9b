/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl fastpath`. The program outlives the daemon on purpose, so looking at
 * it and removing it must work without one.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "cxctl/cxctl.h"
#include "cxctl/format.h"
#include "cxctl/pins.h"
#include "cxctl/table.h"
#include "fastpath/fastpath.h"

static void print_interfaces(const json_t *interfaces, bool with_mode)
{
	static const struct cxctl_column columns[] = {{"INTERFACE", false}, {"INDEX", true}, {"MODE", false}};
	struct cxctl_table *t = cxctl_table_new(columns, with_mode ? 3 : 2);
	const json_t *i;
	size_t n;

	json_array_foreach(interfaces, n, i)
	{
		cxctl_cell(t, "%s", cxctl_text(i, "interface"));
		cxctl_cell(t, "%lld", (long long)cxctl_integer(i, "ifindex"));
		if (with_mode)
			cxctl_cell(t, "%s", cxctl_text(i, "mode"));
	}
	if (cxctl_table_rows(t)) {
		putchar('\n');
		cxctl_table_print(t, 0, stdout);
	}
	cxctl_table_free(t);
}

static void print_daemons_view(const json_t *f)
{
	const json_t *p = cxctl_object(f, "program");
	char memory[CXCTL_FORMAT];

	printf("fast path  %s (configured: %s)\n", cxctl_text(f, "mode"), cxctl_text(f, "configured"));
	if (cxctl_text(f, "why")[0]) {
		printf("           ");
		cxctl_print_clean(cxctl_text(f, "why"), stdout);
		putchar('\n');
	}
	if (json_is_object(p)) {
		printf("program    id %lld, tag %s, %lld instructions verified\n",
		       (long long)cxctl_integer(p, "id"), cxctl_text(p, "tag"),
		       (long long)cxctl_integer(p, "verified_instructions"));
		if (cxctl_integer(p, "runs"))
			printf("           %lld runs, %lld ns each\n", (long long)cxctl_integer(p, "runs"),
			       (long long)(cxctl_integer(p, "run_time_ns") / cxctl_integer(p, "runs")));
		printf("maps       %s of memory, room for %lld DNs\n",
		       cxctl_bytes(cxctl_integer(p, "map_memory_bytes"), memory),
		       (long long)cxctl_integer(p, "dn_entries_max"));
	}
	printf("pins       %s/v%lld\n", cxctl_text(f, "pin_root"), (long long)cxctl_integer(f, "abi"));
	print_interfaces(cxctl_object(f, "interfaces"), true);
}

static void print_pins(const json_t *pins)
{
	char ago[CXCTL_FORMAT];

	if (!cxctl_bool(pins, "present")) {
		printf("fast path  off: no pins at %s, and no daemon answers\n", cxctl_text(pins, "path"));
		return;
	}
	printf("fast path  pinned at %s; no daemon answers\n", cxctl_text(pins, "path"));
	printf("maps       %zu, programs %zu\n", json_array_size(cxctl_object(pins, "maps")),
	       json_array_size(cxctl_object(pins, "programs")));
	printf("daemon     pid %lld, last sign of life %s ago\n",
	       (long long)cxctl_integer(pins, "daemon_pid"),
	       cxctl_ago(cxctl_integer(pins, "heartbeat_ms"), ago));
	print_interfaces(cxctl_object(pins, "interfaces"), false);
}

static int show(struct cxctl *c)
{
	bool asked = true;
	json_t *data;

	if (cxctl_try(c, "fastpath", json_pack("{s:s}", "action", "show"), &data)) {
		asked = false;
		data = cxctl_pins(c->pin_root);
	}
	if (!cxctl_json(c, data)) {
		if (asked)
			print_daemons_view(data);
		else
			print_pins(data);
	}
	json_decref(data);
	return CXCTL_OK;
}

static int change(struct cxctl *c, const char *action)
{
	json_t *data;
	int rc;

	rc = cxctl_ask(c, "fastpath", json_pack("{s:s}", "action", action), &data);
	if (rc)
		return rc;
	cxctl_print_findings(cxctl_object(data, "findings"));
	if (!cxctl_json(c, data))
		print_daemons_view(data);
	json_decref(data);
	return CXCTL_OK;
}

/* A daemon whose socket does not answer would be robbed of its maps. */
static int daemon_holds_lock(const struct cxctl *c, int *lock)
{
	const char *slash = strrchr(c->socket, '/');
	char directory[256];
	int holder = 0;

	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - c->socket) : 1,
		 slash ? c->socket : ".");
	*lock = -1;
	if (access(directory, F_OK) || cx_lock_take(directory, lock, &holder) != -EBUSY)
		return 0;
	return holder ? holder : -1;
}

static int detach(struct cxctl *c)
{
	json_t *data;
	int rc, lock, holder;

	if (!cxctl_try(c, "version", NULL, &data)) {
		json_decref(data);
		return change(c, "detach");
	}
	holder = daemon_holds_lock(c, &lock);
	if (holder) {
		cxctl_error("stop it first, or ask it through --socket PATH",
			    "cxsipd (pid %d) is running, but does not answer at %s", holder, c->socket);
		return CXCTL_USAGE;
	}
	rc = cx_fastpath_detach_all(c->pin_root);
	if (lock >= 0)
		close(lock);
	if (rc == -ENOENT)
		rc = 0;
	if (rc) {
		cxctl_error("run it as root", "cannot remove the pins below %s: %s", c->pin_root,
			    strerror(-rc));
		return CXCTL_NO;
	}
	data = cxctl_pins(c->pin_root);
	if (!cxctl_json(c, data))
		printf("removed: nothing is left at %s\n", cxctl_text(data, "path"));
	json_decref(data);
	return CXCTL_OK;
}

int cxctl_fastpath(struct cxctl *c, int argc, char **argv)
{
	argc = cxctl_options(c, NULL, argc, argv);
	if (argc < 0)
		return CXCTL_USAGE;
	if (argc != 1)
		return cxctl_usage(c, "attach, detach or show");
	if (!strcmp(argv[0], "show"))
		return show(c);
	if (!strcmp(argv[0], "detach"))
		return detach(c);
	if (!strcmp(argv[0], "attach"))
		return change(c, "attach");
	return cxctl_usage(c, "%s: attach, detach or show", argv[0]);
}
