// SPDX-License-Identifier: GPL-2.0-only
/*
 * cxsipd: options, then the daemon until a signal ends it.
 * Exit status: 0 left in order, 1 could not start, 2 wrong usage or configuration
 * (1 for -t, which is asked just that).
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cxsipd/parts.h"

#define CX_CONFIG_PATH "/etc/cxsip/cxsip.cfg"

static const char usage[] = "Usage: cxsipd [-c FILE] [-f]\n"
			    "       cxsipd -t [-c FILE]\n"
			    "\n"
			    "SIP edge proxy: forwards UDP SIP in the kernel (XDP), and the rest itself.\n"
			    "\n"
			    "  -c, --config FILE  configuration (default " CX_CONFIG_PATH ")\n"
			    "  -t, --check        check the configuration and exit: 0 if it is good, else 1\n"
			    "  -f, --foreground   stay in the foreground (it always does)\n"
			    "  -V, --version      print the version and exit\n"
			    "  -h, --help         print this and exit\n"
			    "\n"
			    "SIGHUP reloads the configuration; SIGTERM and SIGINT end the daemon, and the\n"
			    "kernel goes on forwarding. cxctl shows and steers a running daemon.\n";

static int check(const char *path)
{
	const struct cx_names no_names = {0};
	struct cx_config *config = NULL;
	struct cx_tables *tables = NULL;
	struct cx_diag diag = {0};
	int err = cx_config_load(path, &diag, &config);

	if (!err)
		err = cx_tables_compile(config, &no_names, &diag, &tables);
	cx_diag_print(&diag, err ? stderr : stdout);
	if (err) /* the words of `cxctl check` */
		fprintf(stderr, "%s: would be refused: %zu error%s\n", path, diag.errors, diag.errors == 1 ? "" : "s");
	else
		printf("%s: good: %zu networks, %zu listeners, %zu groups, %zu elements, %zu routes from %zu files\n", path,
		       config->n_networks, cx_config_count_listeners(config), config->n_groups,
		       cx_config_count_elements(config), config->n_routes, config->n_files);
	cx_tables_free(tables);
	cx_config_free(config);
	cx_diag_clear(&diag);
	return err ? 1 : 0;
}

static int run(const char *path)
{
	struct cx_parts *parts = calloc(1, sizeof(*parts));
	int status;

	if (!parts) {
		fprintf(stderr, "cxsipd: out of memory\n");
		return 1;
	}
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN); /* until the loop takes it: a start reads the latest file anyway */
	status = cx_daemon_start(parts, path);
	if (!status)
		uv_run(&parts->loop, UV_RUN_DEFAULT);
	cx_daemon_stop(parts);
	free(parts);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"config", required_argument, NULL, 'c'}, {"check", no_argument, NULL, 't'},
	    {"foreground", no_argument, NULL, 'f'},   {"version", no_argument, NULL, 'V'},
	    {"help", no_argument, NULL, 'h'},	      {0},
	};
	const char *path = CX_CONFIG_PATH;
	bool only_check = false;
	int c;

	while ((c = getopt_long(argc, argv, "c:tfVh", options, NULL)) != -1) {
		switch (c) {
		case 'c':
			path = optarg;
			break;
		case 't':
			only_check = true;
			break;
		case 'f':
			break;
		case 'V':
			printf("cxsipd %s (map ABI %d)\n", CX_VERSION, CX_ABI);
			return 0;
		case 'h':
			fputs(usage, stdout);
			return 0;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "cxsipd: unexpected argument \"%s\"\n%s", argv[optind], usage);
		return 2;
	}
	return only_check ? check(path) : run(path);
}
