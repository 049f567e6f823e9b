/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl status` and `cxctl version`.
 */
#include <stdio.h>
#include <string.h>
#include "cxctl/cxctl.h"
#include "cxctl/format.h"
#include "cxctl/table.h"
#include "cxsip/abi.h"

static void print_config(const json_t *s)
{
	const json_t *config = cxctl_object(s, "config"), *reload = cxctl_object(s, "reload");
	char when[CXCTL_FORMAT];

	printf("config     ");
	cxctl_print_clean(cxctl_text(config, "path"), stdout);
	printf(", loaded %s\n", cxctl_time(cxctl_integer(config, "loaded_ms"), when));
	printf("           %lld networks, %lld groups, %lld exact routes, %lld prefixes\n",
	       (long long)cxctl_integer(config, "networks"), (long long)cxctl_integer(config, "groups"),
	       (long long)cxctl_integer(config, "routes_exact"),
	       (long long)cxctl_integer(config, "routes_prefix"));
	if (cxctl_integer(reload, "done") || cxctl_integer(reload, "refused") ||
	    cxctl_bool(reload, "running"))
		printf("           reloaded %lld times, refused %lld times%s\n",
		       (long long)cxctl_integer(reload, "done"), (long long)cxctl_integer(reload, "refused"),
		       cxctl_bool(reload, "running") ? ", reloading now" : "");
}

static void print_fastpath(const json_t *s)
{
	const json_t *fastpath = cxctl_object(s, "fastpath"), *link;
	const char *mode = cxctl_text(fastpath, "mode");
	enum cxctl_style style = !strcmp(mode, "native") ? CXCTL_GOOD : CXCTL_POOR;
	size_t i;

	printf("fast path  %s%s%s", cxctl_style_on(style, stdout), mode, cxctl_style_off(stdout));
	json_array_foreach(cxctl_object(fastpath, "interfaces"), i, link)
	{
		printf("%s%s", i ? ", " : " on ", cxctl_text(link, "interface"));
		if (!strcmp(mode, "mixed"))
			printf(" (%s)", cxctl_text(link, "mode"));
	}
	printf("; configured: %s\n", cxctl_text(fastpath, "configured"));
	if (cxctl_text(fastpath, "why")[0]) {
		printf("           ");
		cxctl_print_clean(cxctl_text(fastpath, "why"), stdout);
		putchar('\n');
	}
}

static void print_module(const json_t *s)
{
	const json_t *m = cxctl_object(s, "module");

	if (!cxctl_bool(m, "loaded"))
		return;
	printf("module     %s, %s\n", cxctl_text(m, "release"),
	       cxctl_bool(m, "ours") ? "at work on our maps" : "loaded, but not at work for this daemon");
}

static void print_messages(const json_t *s)
{
	const json_t *m = cxctl_object(s, "messages");

	printf("messages   %lld forwarded in the kernel",
	       (long long)(cxctl_integer(m, "forwarded_fast") + cxctl_integer(m, "forwarded_module")));
	if (json_is_real(cxctl_object(m, "share_fast")))
		printf(" (%.2f %%)", 100 * cxctl_real(m, "share_fast"));
	printf(", %lld by the daemon; %lld handled by the daemon, %lld dropped\n",
	       (long long)cxctl_integer(m, "forwarded_core"), (long long)cxctl_integer(m, "handled_core"),
	       (long long)cxctl_integer(m, "dropped"));
}

static void print_listeners(const json_t *s)
{
	static const struct cxctl_column columns[] = {{"LISTENER", false},
						      {"TRANSPORT", false},
						      {"NETWORK", false},
						      {"RECORD-ROUTE", false},
						      {"", false}};
	struct cxctl_table *t = cxctl_table_new(columns, 5);
	const json_t *l;
	size_t i;

	json_array_foreach(cxctl_object(s, "listeners"), i, l)
	{
		const char *address = cxctl_text(l, "address");

		cxctl_cell(t, strchr(address, ':') ? "[%s]:%d" : "%s:%d", address,
			   (int)cxctl_integer(l, "port"));
		cxctl_cell(t, "%s", cxctl_text(l, "transport"));
		cxctl_cell(t, "%s", cxctl_text(l, "network"));
		cxctl_cell(t, "%s", cxctl_bool(l, "record_route") ? "yes" : "no");
		cxctl_cell(t, "%s", cxctl_bool(l, "open") ? "" : "socket not open");
	}
	printf("\n");
	cxctl_table_print(t, 0, stdout);
	cxctl_table_free(t);
}

static void print_problems(const json_t *s)
{
	const json_t *problems = cxctl_object(s, "problems"), *p;
	size_t i;

	if (!json_array_size(problems))
		return;
	printf("\n%sproblems%s\n", cxctl_style_on(CXCTL_POOR, stdout), cxctl_style_off(stdout));
	json_array_foreach(problems, i, p)
	{
		printf("  %s", cxctl_text(p, "kind"));
		if (cxctl_text(p, "name")[0]) {
			putchar(' ');
			cxctl_print_clean(cxctl_text(p, "name"), stdout);
		}
		fputs(": ", stdout);
		cxctl_print_clean(cxctl_text(p, "text"), stdout);
		putchar('\n');
	}
}

static void print_status(const json_t *s)
{
	const json_t *e = cxctl_object(s, "elements");
	char up[CXCTL_FORMAT];

	printf("cxsipd     %s, pid %lld, up %s, node %lld, generation %lld\n", cxctl_text(s, "version"),
	       (long long)cxctl_integer(s, "pid"), cxctl_duration(cxctl_integer(s, "uptime_ms"), up),
	       (long long)cxctl_integer(s, "node"), (long long)cxctl_integer(s, "generation"));
	print_config(s);
	print_fastpath(s);
	print_module(s);
	print_messages(s);
	printf("elements   %lld up, %lld down, %lld draining, %lld disabled, %lld paused\n",
	       (long long)cxctl_integer(e, "up"), (long long)cxctl_integer(e, "down"),
	       (long long)cxctl_integer(e, "draining"), (long long)cxctl_integer(e, "disabled"),
	       (long long)cxctl_integer(e, "paused"));
	print_listeners(s);
	print_problems(s);
}

int cxctl_status(struct cxctl *c, int argc, char **argv)
{
	int rc = cxctl_options_only(c, NULL, argc, argv);

	return rc ? rc : cxctl_show(c, "status", NULL, NULL, print_status);
}

int cxctl_version(struct cxctl *c, int argc, char **argv)
{
	json_t *daemon = NULL, *all;
	bool same;
	int rc;

	if (cxctl_options_only(c, NULL, argc, argv))
		return CXCTL_USAGE;
	rc = cxctl_try(c, "version", NULL, &daemon);
	same = !daemon ||
	       (!strcmp(cxctl_text(daemon, "version"), CX_VERSION) && cxctl_integer(daemon, "abi") == CX_ABI);
	all = json_pack("{s:{s:s, s:i}, s:o}", "cxctl", "version", CX_VERSION, "abi", CX_ABI, "cxsipd",
			daemon ? daemon : json_null());
	if (!cxctl_json(c, all)) {
		printf("cxctl   %s, map ABI %d\n", CX_VERSION, CX_ABI);
		if (daemon)
			printf("cxsipd  %s, map ABI %lld, pid %lld\n", cxctl_text(daemon, "version"),
			       (long long)cxctl_integer(daemon, "abi"),
			       (long long)cxctl_integer(daemon, "pid"));
		else
			printf("cxsipd  does not answer at %s: %s\n", c->socket, strerror(-rc));
	}
	json_decref(all);
	return same ? CXCTL_OK : CXCTL_NO;
}
