/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl doctor`: runs the checks and prints what they found.
 */
#define _GNU_SOURCE /* setns */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cxctl/doctor.h"
#include "cxctl/table.h"

static const char *const status_names[] = {"ok", "warn", "fail"};

void doctor_say(struct doctor *d, const char *check, enum doctor_status status, const char *hint,
		const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	d->count[status]++;
	json_array_append_new(d->checks, json_pack("{s:s, s:s, s:s, s:s?}", "check", check, "status",
						   status_names[status], "text", text, "hint", hint));
}

bool doctor_read(const char *path, char *text, size_t max)
{
	FILE *in = fopen(path, "re");
	bool ok;

	if (!in)
		return false;
	ok = fgets(text, (int)max, in) != NULL;
	fclose(in);
	if (ok)
		text[strcspn(text, "\n")] = '\0';
	return ok;
}

int64_t doctor_fast_count(const struct doctor *d, const char *reason)
{
	const json_t *r;
	size_t i;

	json_array_foreach(cxctl_object(d->stats, "reasons"), i,
			   r) if (!strcmp(cxctl_text(r, "reason"),
					  reason)) return cxctl_integer(cxctl_object(r, "fast"), "packets");
	return 0;
}

static void print_checks(const struct doctor *d)
{
	static const enum cxctl_style styles[] = {CXCTL_GOOD, CXCTL_POOR, CXCTL_BAD};
	const json_t *check;
	size_t i;

	json_array_foreach(d->checks, i, check)
	{
		const char *status = cxctl_text(check, "status");
		size_t n = 0;

		while (n < 2 && strcmp(status_names[n], status))
			n++;
		printf("%s%-4s%s  %-14s  ", cxctl_style_on(styles[n], stdout), status,
		       cxctl_style_off(stdout), cxctl_text(check, "check"));
		cxctl_print_clean(cxctl_text(check, "text"), stdout);
		putchar('\n');
		if (cxctl_text(check, "hint")[0]) {
			printf("%22s-> ", "");
			cxctl_print_clean(cxctl_text(check, "hint"), stdout);
			putchar('\n');
		}
	}
	printf("\n%zu ok, %zu warnings, %zu failures\n", d->count[DOCTOR_OK], d->count[DOCTOR_WARN],
	       d->count[DOCTOR_FAIL]);
}

static void ask_daemon(struct doctor *d)
{
	struct cxctl quiet = *d->c;
	int rc;

	rc = cxctl_try(d->c, "status", NULL, &d->status);
	if (rc) {
		d->status = NULL;
		doctor_say(
		    d, "daemon", DOCTOR_FAIL,
		    "start it: `systemctl start cxsip`; another socket: --socket PATH; rights: run as root",
		    "no cxsipd answers at %s: %s", d->c->socket, strerror(-rc));
		return;
	}
	quiet.json = false;
	if (cxctl_ask_all(&quiet, "elements", NULL, "elements", &d->elements))
		d->elements = NULL;
	if (cxctl_try(d->c, "stats", NULL, &d->stats))
		d->stats = NULL;
	doctor_say(d, "daemon", DOCTOR_OK, NULL, "cxsipd %s answers, pid %lld",
		   cxctl_text(d->status, "version"), (long long)cxctl_integer(d->status, "pid"));
}

/* Interfaces and /proc/sys/net are those of the caller's network namespace: so
 * go where the daemon lives. */
static void enter_namespace(struct doctor *d)
{
	struct stat own, its;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%lld/ns/net", (long long)cxctl_integer(d->status, "pid"));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || stat("/proc/self/ns/net", &own) || fstat(fd, &its)) {
		doctor_say(d, "namespace", DOCTOR_WARN, "run it as root, in the daemon's PID namespace",
			   "the daemon's network namespace cannot be seen: what follows on interfaces may "
			   "not be about it");
	} else if ((own.st_ino != its.st_ino || own.st_dev != its.st_dev) && setns(fd, CLONE_NEWNET)) {
		doctor_say(d, "namespace", DOCTOR_WARN, "run it as root",
			   "the daemon lives in another network namespace (%s): what follows on interfaces "
			   "is not about it",
			   strerror(errno));
	}
	if (fd >= 0)
		close(fd);
}

int cxctl_doctor(struct cxctl *c, int argc, char **argv)
{
	struct doctor d = {.c = c, .checks = json_array(), .pin_root = c->pin_root};
	json_t *result;
	int code;

	if (cxctl_options_only(c, NULL, argc, argv))
		return CXCTL_USAGE;
	d.pin_root = c->pin_root;
	ask_daemon(&d);
	if (d.status) {
		enter_namespace(&d);
		d.pin_root = cxctl_text(cxctl_object(d.status, "fastpath"), "pin_root");
	}
	doctor_check_host(&d);
	doctor_check_daemon(&d);
	doctor_check_interfaces(&d);
	result = json_pack("{s:O, s:i, s:i, s:i}", "checks", d.checks, "ok", (int)d.count[DOCTOR_OK],
			   "warnings", (int)d.count[DOCTOR_WARN], "failures", (int)d.count[DOCTOR_FAIL]);
	if (!cxctl_json(c, result))
		print_checks(&d);
	code = d.count[DOCTOR_FAIL] ? CXCTL_NO : CXCTL_OK;
	json_decref(result);
	json_decref(d.checks);
	json_decref(d.status);
	json_decref(d.elements);
	json_decref(d.stats);
	return code;
}
