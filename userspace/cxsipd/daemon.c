// SPDX-License-Identifier: GPL-2.0-only
/*
 * The daemon put together: a start in an order in which nothing is seen half
 * done, and an end that leaves the fast path at work.
 *
 * Start: configuration, lock, what pinned maps still know, tables, world,
 * workers, sockets, health, routes and neighbours, maps, attach, control. Sockets come
 * before the fast path, so that a packet that it hands up finds somebody.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "cxsipd/parts.h"
#include "observe/log.h"

#define CX_EXIT_FAILED 1
#define CX_EXIT_CONFIG 2

/* ---- log ------------------------------------------------------------------ */

void cx_daemon_log_open(const struct cx_config *config)
{
	const struct cx_log_options options = {.level = config->log_level,
					       .to_stderr = config->log_stderr,
					       .to_syslog = config->log_syslog,
					       .ident = "cxsipd"};

	cx_log_open(&options);
}

void cx_daemon_log_findings(const char *event, const struct cx_diag *diag)
{
	for (size_t i = 0; i < diag->count; i++) {
		const struct cx_diag_entry *e = &diag->entries[i];
		enum cx_log_level level = e->warning ? CX_WARN : CX_ERROR;
		const char *hint = e->hint ? "hint" : NULL; /* a NULL key ends the list */
		char line[16];

		snprintf(line, sizeof(line), "%u", e->line);
		if (e->file && e->line)
			cx_log(level, event, "file", e->file, "line", line, "text", e->text, hint, e->hint,
			       NULL);
		else if (e->file)
			cx_log(level, event, "file", e->file, "text", e->text, hint, e->hint, NULL);
		else
			cx_log(level, event, "text", e->text, hint, e->hint, NULL);
	}
}

/* Why the start ends here: in the log, and at the terminal if that is not the
 * same. */
static void fail_findings(struct cx_parts *parts, const struct cx_diag *diag)
{
	if (!parts->d.config->log_stderr)
		cx_diag_print(diag, stderr);
	cx_daemon_log_findings("start_failed", diag);
}

__attribute__((format(printf, 2, 3))) static int fail(struct cx_parts *parts, const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!parts->d.config->log_stderr)
		fprintf(stderr, "cxsipd: %s\n", text);
	cx_logf(CX_ERROR, "start_failed", "%s", text);
	return CX_EXIT_FAILED;
}

/* ---- orders ---------------------------------------------------------------- */

static int orders_path(const struct cx_parts *parts, char *path, size_t max)
{
	int n = snprintf(path, max, "%s/orders", parts->d.config->runtime_dir);

	return n < 0 || (size_t)n >= max ? -ENAMETOOLONG : 0;
}

int cx_daemon_order(struct cx_daemon *d, const char *element, enum cx_health_order order)
{
	struct cx_parts *parts = (struct cx_parts *)d;
	char path[192];
	int err;

	err = cx_health_order_name(d->health, element, order);
	if (err == -ENOENT)
		err = cx_health_order(d->health, cx_world_find_element(d->world, element), order);
	if (err)
		return err;
	err = orders_path(parts, path, sizeof(path));
	if (!err)
		err = cx_health_save_orders(d->health, path);
	if (err) /* given all the same: only a restart would forget it */
		cx_log(CX_WARN, "orders_not_saved", "file", path, "reason", strerror(-err), NULL);
	cx_daemon_health_soon(parts);
	return 0;
}

/* ---- start ----------------------------------------------------------------- */

static int start_config(struct cx_parts *parts, const char *path)
{
	struct cx_daemon *d = &parts->d;
	struct cx_config *written = NULL;
	struct cx_diag diag = {0};
	int err;

	d->config_path = strdup(path);
	err = d->config_path ? cx_config_load(path, &diag, &written) : -ENOMEM;
	if (!err) {
		cx_daemon_log_open(written);
		err = cx_names_start(parts, written, &diag);
	}
	cx_config_free(written);
	if (err)
		cx_diag_print(&diag, stderr);
	else
		cx_daemon_log_findings("config_finding", &diag);
	cx_diag_clear(&diag);
	d->config_loaded_ms = cx_wall_ms();
	return err ? CX_EXIT_CONFIG : 0;
}

static int start_lock(struct cx_parts *parts)
{
	const char *dir = parts->d.config->runtime_dir;
	int holder = 0, err = cx_lock_take(dir, &parts->lock, &holder);

	if (!err)
		return 0;
	if (err == -EBUSY)
		return fail(parts, "another cxsipd (pid %d) holds %s/cxsipd.lock", holder, dir);
	return fail(parts, "%s/cxsipd.lock: %s (is runtime_dir there, and ours?)", dir, strerror(-err));
}

/* A restart must not bring dead elements up until health has found out again. */
static void carry_states(struct cx_world *w, const struct cx_fastpath_past *past)
{
	for (size_t i = 0; i < past->n_elements; i++) {
		const struct cx_element *e = &past->elements[i];
		char name[CX_NAME_SIZE + 1];
		uint32_t id;

		if (e->state != CX_ELEMENT_DOWN)
			continue;
		snprintf(name, sizeof(name), "%.*s", CX_NAME_SIZE, (const char *)e->name);
		id = cx_world_find_element(w, name);
		if (id != CX_NONE && w->elements[id].state == CX_ELEMENT_UP &&
		    !memcmp(&w->elements[id].addr, &e->addr, sizeof(e->addr)) && w->elements[id].port == e->port)
			cx_world_set_element(w, id, e->state, e->reason, e->since_ms);
	}
}

static int start_world(struct cx_parts *parts, const struct cx_fastpath_past *past)
{
	const struct cx_names names = {.groups = past->groups,
				       .n_groups = past->n_groups,
				       .elements = past->elements,
				       .n_elements = past->n_elements,
				       .listeners = past->listeners,
				       .n_listeners = past->n_listeners,
				       .networks = past->networks,
				       .n_networks = past->n_networks,
				       .tables = past->tables,
				       .n_tables = past->n_tables};
	struct cx_daemon *d = &parts->d;
	struct cx_diag diag = {0};
	int err;

	err = cx_tables_compile(d->config, &names, &diag, &d->tables);
	if (!err)
		err = cx_world_new(d->config, d->tables, &d->world);
	if (!err)
		err = cx_keys_start(parts, past);
	if (!err)
		err = cx_rates_start(parts);
	d->stateless = err ? NULL : cx_stateless_new();
	if (!err && !d->stateless)
		err = -ENOMEM;
	if (!err)
		cx_stateless_leave_core(d->stateless);
	if (err && !diag.errors)
		cx_diag_error(&diag, d->config_path, 0, NULL, "cannot start with this configuration: %s",
			      strerror(-err));
	if (err)
		fail_findings(parts, &diag);
	cx_diag_clear(&diag);
	if (err)
		return CX_EXIT_FAILED;
	carry_states(d->world, past);
	cx_events_of_world(parts);
	return 0;
}

static int start_workers(struct cx_parts *parts)
{
	int err;

	parts->connections_max = cx_files_for_connections(parts->d.config);
	err = cx_workers_start(parts);
	return err ? fail(parts, "workers: %s", strerror(-err)) : 0;
}

static int start_sockets(struct cx_parts *parts)
{
	struct cx_socket *opened[CX_LISTENERS_MAX];
	struct cx_diag diag = {0};
	int err = cx_sockets_prepare(parts, NULL, parts->d.tables, &diag, opened);

	if (err)
		fail_findings(parts, &diag);
	else
		cx_sockets_adopt(parts, NULL, parts->d.tables, opened);
	cx_diag_clear(&diag);
	return err ? CX_EXIT_FAILED : 0;
}

static int start_health(struct cx_parts *parts)
{
	const struct cx_health_ops ops = cx_events_health_ops(parts);
	char path[192];
	int err = cx_health_new(parts->d.world, &ops, &parts->d.health);

	if (err)
		return fail(parts, "health: %s", strerror(-err));
	err = orders_path(parts, path, sizeof(path));
	if (!err)
		err = cx_health_load_orders(parts->d.health, path);
	if (err && err != -ENOENT)
		cx_log(CX_WARN, "orders_not_read", "file", path, "reason", strerror(-err), NULL);
	return 0;
}

static int start_reach(struct cx_parts *parts)
{
	const struct cx_reach_ops ops = cx_events_reach_ops(parts);
	int err = cx_reach_open(parts->d.world, &ops, &parts->d.reach);

	if (!err)
		err = cx_events_of_reach(parts);
	if (err)
		return fail(parts, "routes and neighbours cannot be followed: %s", strerror(-err));
	cx_sockets_warn_elsewhere(parts);
	return 0;
}

/* Without a fast path of ours none may be left: its maps would be nobody's.
 * pins: what reading them said; -ENOENT: there are none. */
static void sweep_pins(struct cx_parts *parts, int pins)
{
	const char *pin_root = parts->d.config->pin_root;
	int err = pins ? pins : cx_fastpath_detach_all(pin_root);

	if (err == -ENOENT)
		return;
	if (err)
		cx_log(CX_ERROR, "fastpath_left", "pins", pin_root, "reason", strerror(-err), "consequence",
		       "an earlier daemon's program, if there is one, goes on forwarding by its old routes",
		       "hint", "`cxctl fastpath detach` as root removes it", NULL);
	else
		cx_log(CX_WARN, "fastpath_removed", "pins", pin_root, "reason",
		       "an earlier daemon's program would go on forwarding by old routes", NULL);
}

static int start_fastpath(struct cx_parts *parts, int pins)
{
	struct cx_daemon *d = &parts->d;
	enum cx_fastpath_mode mode = d->config->fastpath;
	struct cx_diag diag = {0};
	int err = 0;

	if (mode == CX_FASTPATH_OFF) {
		snprintf(d->fastpath_why, sizeof(d->fastpath_why), "switched off in %s", d->config_path);
		cx_log(CX_NOTICE, "fastpath_off", "reason", d->fastpath_why, NULL);
		sweep_pins(parts, pins);
		return 0;
	}
	err = cx_fast_open(parts, &diag);
	if (err == -EEXIST && mode == CX_FASTPATH_AUTO) {
		/* pinned maps of other sizes: with them the old program would go on by
		 * old routes, so they go, and are made anew */
		cx_daemon_log_findings("fastpath_finding", &diag);
		cx_diag_clear(&diag);
		sweep_pins(parts, 0);
		err = cx_fast_open(parts, &diag);
	}
	if (!err)
		err = cx_fast_attach(parts, &diag);
	if (!err || (d->fastpath && mode == CX_FASTPATH_AUTO)) {
		cx_daemon_log_findings("fastpath_finding", &diag);
		err = 0;
	} else if (mode == CX_FASTPATH_AUTO) {
		cx_daemon_log_findings("fastpath_finding", &diag);
		cx_log(CX_ERROR, "fastpath_off", "reason", d->fastpath_why, "consequence",
		       "every message is forwarded by the daemon", NULL);
		sweep_pins(parts, pins);
		err = 0;
	} else {
		fail_findings(parts, &diag);
	}
	cx_diag_clear(&diag);
	cx_fast_warn_missing(parts);
	return err ? CX_EXIT_FAILED : 0;
}

static int start_control(struct cx_parts *parts)
{
	int err = cx_control_open(&parts->d, &parts->control);

	return err ? fail(parts, "control socket in %s: %s", parts->d.config->runtime_dir, strerror(-err))
		   : 0;
}

static void say_ready(struct cx_parts *parts)
{
	const struct cx_config *config = parts->d.config;
	struct cx_fastpath_link links[64];
	char networks[16], listeners[16], groups[16], elements[16], routes[16], interfaces[16];

	snprintf(networks, sizeof(networks), "%zu", config->n_networks);
	snprintf(listeners, sizeof(listeners), "%zu", cx_config_count_listeners(config));
	snprintf(groups, sizeof(groups), "%zu", config->n_groups);
	snprintf(elements, sizeof(elements), "%zu", cx_config_count_elements(config));
	snprintf(routes, sizeof(routes), "%zu", config->n_routes);
	snprintf(interfaces, sizeof(interfaces), "%zu",
		 parts->d.fastpath ? cx_fastpath_links(parts->d.fastpath, links, 64) : (size_t)0);
	cx_log(CX_NOTICE, "ready", "version", CX_VERSION, "networks", networks, "listeners", listeners,
	       "groups", groups, "elements", elements, "routes", routes, "fastpath",
	       parts->d.fastpath ? "on" : "off", "fastpath_interfaces", interfaces, NULL);
	cx_notify("READY=1");
}

int cx_daemon_start(struct cx_parts *parts, const char *config_path)
{
	struct cx_fastpath_past past = {0};
	int status, pins = -ENOENT;

	parts->lock = -1;
	parts->d.started_ms = cx_wall_ms();
	status = cx_events_open(parts) ? CX_EXIT_FAILED : 0;
	if (!status)
		status = start_config(parts, config_path);
	if (!status)
		status = start_lock(parts);
	if (!status) {
		pins = cx_fastpath_read_past(parts->d.config->pin_root, &past);
		status = start_world(parts, &past);
	}
	if (!status)
		status = start_workers(parts);
	if (!status)
		status = start_sockets(parts);
	if (!status)
		status = start_health(parts);
	if (!status)
		status = start_reach(parts);
	if (!status)
		status = start_fastpath(parts, pins);
	if (!status) {
		cx_module_start(parts);
		status = start_control(parts);
	}
	cx_fastpath_past_free(&past);
	if (status && parts->d.fastpath && pins == -ENOENT) /* nobody forwarded before: so be it */
		cx_fastpath_detach_all(parts->d.config->pin_root);
	if (status)
		return status;
	parts->ready = true;
	cx_names_reload_soon(parts);
	cx_events_start(parts);
	say_ready(parts);
	return 0;
}

/* ---- end ------------------------------------------------------------------- */

/* Also after a start that failed half way. */
void cx_daemon_stop(struct cx_parts *parts)
{
	struct cx_daemon *d = &parts->d;

	if (!d->loop)
		return;
	while (d->reloading) { /* its worker still reads what would be freed; another one may follow it */
		cx_reload_hurry(parts);
		uv_run(&parts->loop, UV_RUN_ONCE);
	}
	parts->ready = false;
	if (parts->control)
		cx_control_close(parts->control);
	cx_workers_stop(parts);
	cx_names_stop(parts);
	cx_events_close(parts);
	cx_names_free(parts);
	cx_module_stop(parts);
	if (d->reach)
		cx_reach_close(d->reach);
	if (d->health)
		cx_health_free(d->health);
	if (d->fastpath)
		cx_fastpath_close(d->fastpath);
	if (d->stateless)
		cx_stateless_free(d->stateless);
	if (d->world)
		cx_world_free(d->world);
	if (d->tables)
		cx_tables_free(d->tables);
	if (d->config)
		cx_config_free(d->config);
	free(d->element_rate_mcps);
	free(parts->calls_before);
	free(parts->looked_ms);
	free(d->config_path);
	if (parts->lock >= 0)
		close(parts->lock);
	cx_log_close();
}
