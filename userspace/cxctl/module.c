/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl module`. Loading and unloading is modprobe's work; this puts the steps
 * in the order in which no call is lost: before an unload everything that uses
 * the module lets go of it, after a load the daemon gives it the maps.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "control/totals.h"
#include "cxctl/cxctl.h"
#include "cxctl/table.h"
#include "fastpath/module.h"

#define SETTLE_TRIES 100 /* of 20 ms */

extern char **environ;

/* Runs a program of this name from PATH; its exit status, or -errno. */
static int run(const char *const words[])
{
	int status, err;
	pid_t pid;

	err = posix_spawnp(&pid, words[0], NULL, NULL, (char *const *)(uintptr_t)words, environ);
	if (err)
		return -err;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}

static json_t *counts_json(void)
{
	struct cx_count counts[CX_REASON_COUNT];
	json_t *list = json_array();
	int err = cx_module_stats(counts);

	for (size_t i = 0; list && !err && i < CX_REASON_COUNT; i++)
		if (counts[i].packets)
			json_array_append_new(list, json_pack("{s:s, s:s, s:I, s:I}", "reason",
							      cx_reason_name(i), "text", cx_reason_text(i),
							      "packets", (json_int_t)counts[i].packets,
							      "bytes", (json_int_t)counts[i].bytes));
	return list;
}

static void print_counts(const json_t *counts)
{
	static const struct cxctl_column columns[] = {
	    {"REASON", false}, {"MESSAGES", true}, {"BYTES", true}, {"MEANING", false}};
	struct cxctl_table *t = cxctl_table_new(columns, 4);
	const json_t *row;
	size_t i;

	json_array_foreach(counts, i, row)
	{
		cxctl_cell(t, "%s", cxctl_text(row, "reason"));
		cxctl_cell(t, "%lld", (long long)cxctl_integer(row, "packets"));
		cxctl_cell(t, "%lld", (long long)cxctl_integer(row, "bytes"));
		cxctl_cell(t, "%s", cxctl_text(row, "text"));
	}
	if (cxctl_table_rows(t)) {
		putchar('\n');
		cxctl_table_print(t, 0, stdout);
	}
	cxctl_table_free(t);
}

/* Asked of the module itself: it works on without a daemon. */
static int status(struct cxctl *c)
{
	struct cx_module_info info;
	int err = cx_module_info(&info);
	bool fits = info.version == CX_GENL_VERSION && info.abi == CX_ABI;
	json_t *data;

	if (err && err != -ENOENT) {
		cxctl_error(NULL, "the module does not answer: %s", strerror(-err));
		return CXCTL_NO;
	}
	data = json_pack("{s:b, s:b, s:s, s:i, s:i, s:b, s:b, s:o}", "loaded", !err, "attached",
			 info.attached, "release", info.release, "version", (int)info.version, "abi",
			 (int)info.abi, "kfuncs", (info.capabilities & CX_CAN_KFUNCS) != 0, "fits", fits,
			 "counts", err ? json_array() : counts_json());
	if (!cxctl_json(c, data)) {
		if (err) {
			printf("module  not loaded: what XDP leaves goes to the daemon\n");
		} else {
			printf("module  %s, genl version %u, map ABI %u%s\n", info.release, info.version,
			       info.abi, fits ? "" : ": not of this cxctl's version");
			printf("        %s in this network namespace; kfuncs %s\n",
			       info.attached ? "at work" : "not at work",
			       info.capabilities & CX_CAN_KFUNCS ? "yes" : "no");
			print_counts(cxctl_object(data, "counts"));
		}
	}
	json_decref(data);
	return err ? CXCTL_NO : CXCTL_OK;
}

static bool wait_until(bool (*settled)(void))
{
	const struct timespec pause = {.tv_nsec = 20000000};
	int i;

	for (i = 0; i < SETTLE_TRIES; i++) {
		if (settled())
			return true;
		nanosleep(&pause, NULL);
	}
	return settled();
}

/* The daemon attaches when it hears of the module. */
static bool is_attached(void)
{
	struct cx_module_info info;

	return !cx_module_info(&info) && info.attached;
}

/* The kernel lets go of a program, and the program of the module, some time
 * after it was replaced. */
static bool is_unused(void)
{
	FILE *f = fopen("/sys/module/cxsip/refcnt", "re");
	int references = 1;

	if (!f)
		return true;
	if (fscanf(f, "%d", &references) != 1)
		references = 1;
	fclose(f);
	return references == 0;
}

static int load(struct cxctl *c, const char *file)
{
	const char *const dependency[] = {"modprobe", "nf_defrag_ipv6", NULL},
			  *const insert[] = {"insmod", file, NULL},
			  *const probe[] = {"modprobe", "cxsip", NULL};
	struct cx_module_info info;
	json_t *daemon;
	int rc;

	if (cx_module_info(&info) == 0) {
		cxctl_error("`cxctl module unload` first", "cxsip.ko %s is loaded already", info.release);
		return CXCTL_NO;
	}
	rc = file ? run(dependency) : 0;
	if (!rc)
		rc = run(file ? insert : probe);
	if (rc || cx_module_info(&info)) {
		cxctl_error("as root; is it built for this kernel (`dkms status`), and signed where Secure "
			    "Boot is on? "
			    "`dmesg | tail` says more",
			    "cxsip.ko could not be loaded");
		return CXCTL_NO;
	}
	if (cxctl_try(c, "module", NULL, &daemon)) {
		cxctl_error(NULL, "loaded; no daemon answers at %s: it will be at work when cxsipd is",
			    c->socket);
		return status(c);
	}
	if (strcmp(cxctl_text(daemon, "configured"), "off") && !wait_until(is_attached))
		cxctl_error("the daemon's log says why", "loaded, but the daemon has not taken it to work");
	json_decref(daemon);
	return status(c);
}

/* Programs that call it let go, then the maps are taken back, then it goes. */
static int unload(struct cxctl *c)
{
	const char *const words[] = {"rmmod", "cxsip", NULL};
	struct cx_module_info info;
	bool daemon;
	json_t *data;
	int rc = cx_module_info(&info);

	if (rc == -ENOENT)
		return status(c) == CXCTL_NO ? CXCTL_OK : CXCTL_NO;
	daemon = !cxctl_try(c, "module", json_pack("{s:s}", "action", "release"), &data);
	if (daemon)
		json_decref(data);
	else
		cx_module_detach();
	wait_until(is_unused);
	rc = run(words);
	if (!rc)
		return status(c) == CXCTL_NO ? CXCTL_OK : CXCTL_NO;
	if (daemon && !cxctl_try(c, "module", json_pack("{s:s}", "action", "attach"), &data))
		json_decref(data);
	cxctl_error(
	    daemon
		? "as root; `dmesg | tail` says more"
		: "start cxsipd, so that the XDP program can be made to let go, or `cxctl fastpath detach`",
	    "cxsip.ko could not be unloaded");
	return CXCTL_NO;
}

int cxctl_module(struct cxctl *c, int argc, char **argv)
{
	argc = cxctl_options(c, NULL, argc, argv);
	if (argc < 0)
		return CXCTL_USAGE;
	if (argc < 1)
		return cxctl_usage(c, "load, unload or status");
	if (!strcmp(argv[0], "load") && argc <= 2)
		return load(c, argc == 2 ? argv[1] : NULL);
	if (!strcmp(argv[0], "unload") && argc == 1)
		return unload(c);
	if (!strcmp(argv[0], "status") && argc == 1)
		return status(c);
	return cxctl_usage(c, "%s: load, unload or status", argv[0]);
}
