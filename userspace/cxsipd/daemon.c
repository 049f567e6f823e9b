// SPDX-License-Identifier: GPL-2.0-only
/*
 * The daemon put together: start in an order in which nothing is seen half
 * done, once a second what must be kept fresh, and an end that leaves the fast
 * path at work.
 *
 * Start: configuration, lock, what pinned maps still know, tables, world,
 * sockets, health, routes and neighbours, maps, attach, control. Sockets come
 * before the fast path, so that a packet that it hands up finds somebody.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/addr.h"
#include "cxsipd/parts.h"
#include "observe/log.h"

#define CX_TICK_MS 1000
#define CX_EXIT_FAILED 1
#define CX_EXIT_CONFIG 2

/* ---- log ------------------------------------------------------------------ */

void cx_daemon_log_open(const struct cx_config *config)
{
	const struct cx_log_options options = { .level = config->log_level, .to_stderr = config->log_stderr,
						.to_syslog = config->log_syslog, .ident = "cxsipd" };

	cx_log_open(&options);
}

void cx_daemon_log_findings(const char *event, const struct cx_diag *diag)
{
	for (size_t i = 0; i < diag->count; i++) {
		const struct cx_diag_entry *e = &diag->entries[i];
		char line[16];

		snprintf(line, sizeof(line), "%u", e->line);
		cx_log(e->warning ? CX_WARN : CX_ERROR, event, "file", e->file ? e->file : "", "line", line, "text",
		       e->text, "hint", e->hint ? e->hint : "", NULL);
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

/* ---- events of the rooms --------------------------------------------------- */

static void on_element_state(void *ctx, uint32_t id, uint8_t old_state, uint8_t old_reason)
{
	struct cx_parts *parts = ctx;
	const struct cx_world *w = parts->d.world;
	const struct cx_element *e = &w->elements[id];
	char name[CX_NAME_SIZE + 1], group[CX_NAME_SIZE + 1], up[16];

	if (e->state == old_state && e->reason == old_reason)
		return;
	snprintf(name, sizeof(name), "%.*s", CX_NAME_SIZE, (const char *)e->name);
	snprintf(group, sizeof(group), "%.*s", CX_NAME_SIZE, (const char *)w->groups[e->group].name);
	snprintf(up, sizeof(up), "%u", w->groups[e->group].elements_up);
	cx_log(e->state == CX_ELEMENT_DOWN ? CX_WARN : CX_NOTICE, "element_state", "element", name, "group", group,
	       "state", cx_element_state_text(e->state), "was", cx_element_state_text(old_state), "reason",
	       cx_element_reason_text(e->reason), "group_elements_up", up, NULL);
}

static int health_send(void *ctx, uint16_t listener, const union cx_addr *addr, uint16_t port, const void *p, size_t n)
{
	struct cx_parts *parts = ctx;
	struct cx_udp *u = listener < CX_LISTENERS_MAX ? parts->d.udp[listener] : NULL;
	struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = n };

	return u ? cx_udp_send(u, addr, port, &iov, 1) : -EADDRNOTAVAIL;
}

static uint64_t health_now(void *ctx)
{
	return cx_monotonic_ms();
}

static uint64_t health_wall(void *ctx)
{
	return cx_wall_ms();
}

static void on_health(uv_timer_t *timer)
{
	struct cx_parts *parts = timer->data;
	uint64_t again = cx_health_tick(parts->d.health);

	uv_timer_start(timer, on_health, again < CX_TICK_MS ? again : CX_TICK_MS, 0);
}

void cx_daemon_health_soon(struct cx_parts *parts)
{
	if (parts->ready)
		uv_timer_start(&parts->health, on_health, 0, 0);
}

static void on_reachable(void *ctx, uint32_t element, bool reachable, const char *why)
{
	struct cx_parts *parts = ctx;

	cx_health_reachable(parts->d.health, element, reachable, why);
	cx_daemon_health_soon(parts);
}

static void on_interface(void *ctx, int ifindex, const char *ifname, bool present)
{
	struct cx_parts *parts = ctx;

	if (parts->ready)
		cx_fast_interface(parts, ifindex, ifname, present);
}

static void on_reach(uv_poll_t *poll, int status, int events)
{
	struct cx_parts *parts = poll->data;

	cx_reach_read(parts->d.reach);
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_reach);
}

static void on_tick(uv_timer_t *timer)
{
	struct cx_parts *parts = timer->data;
	struct cx_daemon *d = &parts->d;
	struct cx_diag diag = { 0 };

	cx_reach_refresh(d->reach);
	d->world->meta.heartbeat_ms = cx_wall_ms();
	if (d->fastpath) {
		cx_fastpath_heartbeat(d->fastpath, &d->world->meta);
		cx_fast_attach(parts, &diag); /* interfaces that have appeared */
		cx_diag_clear(&diag);
	}
	cx_keys_rotate_if_due(parts);
	cx_rates_update(parts);
	cx_notify("WATCHDOG=1");
}

static void on_hangup(uv_signal_t *signal, int number)
{
	struct cx_parts *parts = signal->data;

	if (cx_daemon_reload(&parts->d, NULL, NULL))
		cx_log(CX_WARN, "reload_refused", "reason", "a reload is already under way", NULL);
}

static void on_leave(uv_signal_t *signal, int number)
{
	struct cx_parts *parts = signal->data;

	cx_log(CX_NOTICE, "leaving", "signal", number == SIGTERM ? "SIGTERM" : "SIGINT", "fastpath",
	       parts->d.fastpath ? "stays attached and goes on forwarding" : "none", NULL);
	cx_notify("STOPPING=1");
	uv_stop(&parts->loop);
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
	uint32_t id = cx_world_find_element(d->world, element);
	char path[192];
	int err;

	if (id == CX_NONE)
		return -ENOENT;
	err = cx_health_order(d->health, id, order);
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
	struct cx_diag diag = { 0 };
	int err;

	d->config_path = strdup(path);
	err = d->config_path ? cx_config_load(path, &diag, &d->config) : -ENOMEM;
	if (!err)
		cx_daemon_log_open(d->config);
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
		if (id != CX_NONE && w->elements[id].state == CX_ELEMENT_UP)
			cx_world_set_element(w, id, e->state, e->reason, e->since_ms);
	}
}

static int start_world(struct cx_parts *parts, const struct cx_fastpath_past *past)
{
	const struct cx_names names = { .groups = past->groups, .n_groups = past->n_groups,
					.elements = past->elements, .n_elements = past->n_elements };
	struct cx_daemon *d = &parts->d;
	struct cx_diag diag = { 0 };
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
	if (err)
		cx_diag_error(&diag, d->config_path, 0, NULL, "cannot start with this configuration: %s", strerror(-err));
	if (err)
		fail_findings(parts, &diag);
	cx_diag_clear(&diag);
	if (err)
		return CX_EXIT_FAILED;
	carry_states(d->world, past);
	d->world->on_element = on_element_state;
	d->world->on_element_ctx = parts;
	return 0;
}

static int start_sockets(struct cx_parts *parts)
{
	struct cx_socket *opened[CX_LISTENERS_MAX];
	struct cx_diag diag = { 0 };
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
	const struct cx_health_ops ops = { .send = health_send, .now_ms = health_now, .wall_ms = health_wall,
					   .ctx = parts };
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
	const struct cx_reach_ops ops = { .on_element = on_reachable, .on_interface = on_interface, .ctx = parts };
	int err = cx_reach_open(parts->d.world, &ops, &parts->d.reach);

	if (!err)
		err = uv_poll_init(&parts->loop, &parts->reach, cx_reach_fd(parts->d.reach));
	if (err)
		return fail(parts, "routes and neighbours cannot be followed: %s", strerror(-err));
	parts->reach.data = parts;
	uv_poll_start(&parts->reach, UV_READABLE, on_reach);
	return 0;
}

/* Without a fast path of ours none may be left: its maps would be nobody's. */
static void sweep_pins(struct cx_parts *parts, bool had_pins)
{
	const char *pin_root = parts->d.config->pin_root;
	int err = had_pins ? cx_fastpath_detach_all(pin_root) : 0;

	if (err && err != -ENOENT)
		cx_log(CX_ERROR, "fastpath_left", "pins", pin_root, "reason", strerror(-err), "consequence",
		       "an earlier program may go on forwarding by old routes: `cxctl fastpath detach`", NULL);
	else if (had_pins)
		cx_log(CX_WARN, "fastpath_removed", "pins", pin_root, "reason",
		       "an earlier daemon's program would go on forwarding by old routes", NULL);
}

static int start_fastpath(struct cx_parts *parts, bool had_pins)
{
	struct cx_daemon *d = &parts->d;
	enum cx_fastpath_mode mode = d->config->fastpath;
	struct cx_diag diag = { 0 };
	int err = 0;

	if (mode == CX_FASTPATH_OFF) {
		snprintf(d->fastpath_why, sizeof(d->fastpath_why), "switched off in %s", d->config_path);
		cx_log(CX_NOTICE, "fastpath_off", "reason", d->fastpath_why, NULL);
		sweep_pins(parts, had_pins);
		return 0;
	}
	err = cx_fast_open(parts, &diag);
	if (err == -EEXIST && mode == CX_FASTPATH_AUTO) {
		/* pinned maps of other sizes: with them the old program would go on by
		 * old routes, so they go, and are made anew */
		cx_daemon_log_findings("fastpath_finding", &diag);
		cx_diag_clear(&diag);
		sweep_pins(parts, true);
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
		sweep_pins(parts, had_pins);
		err = 0;
	} else {
		fail_findings(parts, &diag);
	}
	cx_diag_clear(&diag);
	return err ? CX_EXIT_FAILED : 0;
}

static void start_timers(struct cx_parts *parts)
{
	uv_timer_start(&parts->tick, on_tick, CX_TICK_MS, CX_TICK_MS);
	uv_timer_start(&parts->health, on_health, 0, 0);
	uv_signal_start(&parts->hangup, on_hangup, SIGHUP);
	uv_signal_start(&parts->terminate, on_leave, SIGTERM);
	uv_signal_start(&parts->interrupt, on_leave, SIGINT);
}

static int start_control(struct cx_parts *parts)
{
	int err = cx_control_open(&parts->d, &parts->control);

	return err ? fail(parts, "control socket in %s: %s", parts->d.config->runtime_dir, strerror(-err)) : 0;
}

static size_t count_elements(const struct cx_config *config)
{
	size_t n = 0;

	for (size_t i = 0; i < config->n_groups; i++)
		n += config->groups[i].n_elements;
	return n;
}

static void say_ready(struct cx_parts *parts)
{
	const struct cx_config *config = parts->d.config;
	struct cx_fastpath_link links[64];
	char networks[16], listeners[16], groups[16], elements[16], routes[16], interfaces[16];

	snprintf(networks, sizeof(networks), "%zu", config->n_networks);
	snprintf(listeners, sizeof(listeners), "%zu", parts->d.tables->n_listeners);
	snprintf(groups, sizeof(groups), "%zu", config->n_groups);
	snprintf(elements, sizeof(elements), "%zu", count_elements(config));
	snprintf(routes, sizeof(routes), "%zu", config->n_routes);
	snprintf(interfaces, sizeof(interfaces), "%zu",
		 parts->d.fastpath ? cx_fastpath_links(parts->d.fastpath, links, 64) : (size_t)0);
	cx_log(CX_NOTICE, "ready", "version", CX_VERSION, "networks", networks, "listeners", listeners, "groups", groups,
	       "elements", elements, "routes", routes, "fastpath", parts->d.fastpath ? "on" : "off",
	       "fastpath_interfaces", interfaces, NULL);
	cx_notify("READY=1");
}

static int start_loop(struct cx_parts *parts)
{
	uv_handle_t *handles[] = { (uv_handle_t *)&parts->tick, (uv_handle_t *)&parts->health,
				   (uv_handle_t *)&parts->hangup, (uv_handle_t *)&parts->terminate,
				   (uv_handle_t *)&parts->interrupt };

	if (uv_loop_init(&parts->loop))
		return CX_EXIT_FAILED;
	uv_timer_init(&parts->loop, &parts->tick);
	uv_timer_init(&parts->loop, &parts->health);
	uv_signal_init(&parts->loop, &parts->hangup);
	uv_signal_init(&parts->loop, &parts->terminate);
	uv_signal_init(&parts->loop, &parts->interrupt);
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		handles[i]->data = parts;
	parts->d.loop = &parts->loop;
	return 0;
}

int cx_daemon_start(struct cx_parts *parts, const char *config_path)
{
	struct cx_fastpath_past past = { 0 };
	bool had_pins = false;
	int status;

	parts->lock = -1;
	parts->d.started_ms = cx_wall_ms();
	status = start_loop(parts);
	if (!status)
		status = start_config(parts, config_path);
	if (!status)
		status = start_lock(parts);
	if (!status) {
		had_pins = !cx_fastpath_read_past(parts->d.config->pin_root, &past);
		status = start_world(parts, &past);
	}
	if (!status)
		status = start_sockets(parts);
	if (!status)
		status = start_health(parts);
	if (!status)
		status = start_reach(parts);
	if (!status)
		status = start_fastpath(parts, had_pins);
	if (!status)
		status = start_control(parts);
	cx_fastpath_past_free(&past);
	if (status)
		return status;
	parts->ready = true;
	start_timers(parts);
	say_ready(parts);
	return 0;
}

/* ---- end ------------------------------------------------------------------- */

static void close_handle(uv_handle_t *handle)
{
	if (handle->type != UV_UNKNOWN_HANDLE && !uv_is_closing(handle))
		uv_close(handle, NULL);
}

/* Also after a start that failed half way. */
void cx_daemon_stop(struct cx_parts *parts)
{
	struct cx_daemon *d = &parts->d;

	if (!d->loop)
		return;
	while (d->reloading) /* its worker still reads what would be freed */
		uv_run(&parts->loop, UV_RUN_ONCE);
	parts->ready = false;
	if (parts->control)
		cx_control_close(parts->control);
	for (uint32_t id = 0; id < CX_LISTENERS_MAX; id++)
		cx_socket_close(parts->sockets[id]);
	close_handle((uv_handle_t *)&parts->tick);
	close_handle((uv_handle_t *)&parts->health);
	close_handle((uv_handle_t *)&parts->reach);
	close_handle((uv_handle_t *)&parts->hangup);
	close_handle((uv_handle_t *)&parts->terminate);
	close_handle((uv_handle_t *)&parts->interrupt);
	uv_run(&parts->loop, UV_RUN_DEFAULT);
	uv_loop_close(&parts->loop);
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
	free(d->element_stats);
	free(d->element_rate_mcps);
	free(parts->calls_before);
	free(parts->looked_ms);
	free(d->config_path);
	if (parts->lock >= 0)
		close(parts->lock);
	cx_log_close();
}
