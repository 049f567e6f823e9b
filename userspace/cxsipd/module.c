// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel module within the daemon: it gets the maps when it is loaded,
 * keeps them when the daemon goes, and is never missed when it is not there.
 *
 * Who loads it is the operator. Its coming and going is an event; between two
 * events nothing is asked of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/addr.h"
#include "control/totals.h"
#include "cxsipd/parts.h"
#include "observe/log.h"

static void set_why(struct cx_daemon *d, const char *why)
{
	snprintf(d->module_why, sizeof(d->module_why), "%s", why);
}

/* Lends the module's functions to the XDP program, or takes them back. */
static void lend(struct cx_parts *parts, bool on)
{
	struct cx_fastpath *fp = parts->d.fastpath;
	int err;

	if (!fp || on == cx_fastpath_uses_kfuncs(fp))
		return;
	err = cx_fastpath_use_kfuncs(fp, on);
	if (!err)
		cx_log(CX_NOTICE, "module_functions", "used_by_xdp", on ? "yes" : "no", NULL);
	else
		cx_log(CX_WARN, "module_functions", "used_by_xdp", on ? "no" : "yes", "reason",
		       strerror(-err), "consequence",
		       on ? "XDP does without, as fast as before" : "the module cannot be unloaded", NULL);
}

static bool wants_functions(const struct cx_parts *parts, const struct cx_module_info *info)
{
	return parts->d.config->module == CX_MODULE_AUTO && info->capabilities & CX_CAN_KFUNCS;
}

static int attach(struct cx_parts *parts)
{
	struct cx_daemon *d = &parts->d;
	struct cx_module_info info;
	char why[CX_MODULE_WHY];
	int err;

	err = cx_module_info(&info);
	if (!err && cx_module_is_ours(d->fastpath, &info)) {
		d->module_attached = true;
		set_why(d, "");
		lend(parts, wants_functions(parts, &info));
		return 0;
	}
	err = cx_module_attach(d->fastpath, why);
	d->module_attached = !err;
	set_why(d, !err || err == -ENOENT ? "" : why[0] ? why : strerror(-err));
	if (!err)
		cx_log(CX_NOTICE, "module_attached", "release", info.release, NULL);
	else if (err != -ENOENT)
		cx_log(CX_ERROR, "module_refused", "reason", d->module_why, "consequence",
		       "what XDP leaves is forwarded by the daemon", "hint",
		       "module and daemon must be of one version: see `cxctl module status`", NULL);
	lend(parts, !err && wants_functions(parts, &info));
	return err;
}

/* Also what an earlier daemon attached: nobody would keep those maps right. */
static int detach(struct cx_parts *parts, const char *why)
{
	struct cx_daemon *d = &parts->d;
	int err;

	lend(parts, false);
	err = cx_module_detach();

	d->module_attached = false;
	set_why(d, err == -ENOENT ? "" : why);
	if (!err)
		cx_log(CX_NOTICE, "module_detached", "reason", why, NULL);
	else if (err != -ENOENT && err != -ESRCH)
		cx_log(CX_ERROR, "module_not_detached", "reason", strerror(-err), "consequence",
		       "it goes on forwarding by tables that nobody keeps right", NULL);
	return err == -ESRCH ? 0 : err;
}

void cx_module_settle(struct cx_parts *parts)
{
	const struct cx_daemon *d = &parts->d;

	if (d->config->module == CX_MODULE_OFF)
		detach(parts, "switched off in the configuration");
	else if (!d->fastpath)
		detach(parts, "there are no maps: the fast path is off");
	else if (parts->module_released)
		detach(parts, "released by the operator");
	else
		attach(parts);
}

static void say_dropped(struct cx_parts *parts, const struct cx_module_drop *drop)
{
	const struct cx_daemon *d = &parts->d;
	char from[CX_ENDPOINT_TEXT], since[24], network[CX_NAME_SIZE + 1] = "";

	if (drop->listener < CX_LISTENERS_MAX)
		snprintf(network, sizeof(network), "%.*s", CX_NAME_SIZE,
			 (const char *)d->tables->listeners[drop->listener].name);
	snprintf(since, sizeof(since), "%llu", (unsigned long long)drop->since);
	cx_log(CX_INFO, "module_dropped", "reason", cx_reason_name(drop->reason), "network", network, "from",
	       cx_endpoint_format(&drop->source, drop->source_port, from), "datagrams", since, NULL);
}

static void on_event(void *ctx, enum cx_module_event event, const struct cx_module_drop *drop)
{
	struct cx_parts *parts = ctx;

	switch (event) {
	case CX_MODULE_LOADED:
		parts->module_released = false;
		cx_module_settle(parts);
		break;
	case CX_MODULE_UNLOADED:
		parts->d.module_attached = false;
		set_why(&parts->d, "");
		cx_log(CX_NOTICE, "module_unloaded", "consequence",
		       "what XDP leaves is forwarded by the daemon", NULL);
		break;
	case CX_MODULE_DROPPED:
		say_dropped(parts, drop);
		break;
	case CX_MODULE_ATTACHED:
	case CX_MODULE_DETACHED: /* by us, or by an administrator who knows */
		break;
	}
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct cx_parts *parts = poll->data;

	cx_module_watch_read(parts->module);
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_readable);
}

/* The subscription comes first, so that a load in between is not missed. */
void cx_module_start(struct cx_parts *parts)
{
	int err = cx_module_watch_open(on_event, parts, &parts->module);

	if (!err)
		err = uv_poll_init(&parts->loop, &parts->module_poll, cx_module_watch_fd(parts->module));
	if (err) {
		cx_log(CX_WARN, "module_not_followed", "reason", strerror(-err), NULL);
	} else {
		parts->module_poll.data = parts;
		uv_poll_start(&parts->module_poll, UV_READABLE, on_readable);
	}
	cx_module_settle(parts);
}

void cx_module_stop(struct cx_parts *parts)
{
	cx_module_watch_close(parts->module);
	parts->module = NULL;
}

int cx_daemon_module(struct cx_daemon *d, bool attached)
{
	struct cx_parts *parts = (struct cx_parts *)d;

	parts->module_released = !attached;
	if (!attached)
		return detach(parts, "released by the operator");
	if (d->config->module == CX_MODULE_OFF || !d->fastpath) {
		cx_module_settle(parts);
		return -EINVAL;
	}
	return attach(parts);
}
