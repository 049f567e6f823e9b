// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reload: validate -> names -> compile -> open sockets -> fill the maps -> swap. The
 * long steps run on a worker, so the SIP path goes on; whatever fails before
 * the swap leaves everything as it was.
 *
 * A reload waits a little for host names that nobody has asked for before, so that an
 * element whose address becomes a name is not gone in between. One because DNS has
 * changed its mind (names_only) reads no file: it is made of what was read before.
 *
 * The worker has copies of what it needs of the live world (names and ids); the
 * old tables, which it compares with, are immutable and stay until the swap.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cxsipd/parts.h"
#include "observe/log.h"

struct cx_reload {
	struct cx_parts *parts;
	uv_work_t work;
	void (*done)(void *ctx, const struct cx_reload_result *result);
	void *done_ctx;
	struct cx_reload_result result;
	char *path;
	const struct cx_config *running;
	const struct cx_tables *old;
	struct cx_names names;
	struct cx_world_mirror mirror;
	bool names_only;
	bool took_names; /* changes of names, which nothing else will bring into force */
	uv_timer_t patience; /* with new names; open unless names_only */
	bool waiting;
	struct cx_name_uses uses; /* not of names_only, which uses no others */
	struct cx_config *written;
	struct cx_config *config;
	struct cx_tables *tables;
	struct cx_socket *opened[CX_LISTENERS_MAX];
};

static void *copy(const void *p, size_t n, size_t size)
{
	void *to = calloc(n ? n : 1, size);

	if (to && n)
		memcpy(to, p, n * size);
	return to;
}

static void reload_free(struct cx_reload *r)
{
	if (!r)
		return;
	cx_tables_free(r->tables);
	cx_config_free(r->config);
	cx_config_free(r->written);
	cx_diag_clear(&r->result.diag);
	free((void *)(uintptr_t)r->names.groups);
	free((void *)(uintptr_t)r->names.elements);
	free(r->path);
	free(r);
}

static void warn_restart(struct cx_diag *diag, const struct cx_config *config, const char *setting)
{
	cx_diag_warn(diag, config->path, 0, "restart cxsipd when it suits: established calls go on meanwhile",
		     "%s has changed, which takes a restart: the running value stays in force", setting);
}

static void keep_text(char *new, const char *old, size_t size, const char *setting,
		      const struct cx_config *config, struct cx_diag *diag)
{
	if (!strcmp(new, old))
		return;
	warn_restart(diag, config, setting);
	memcpy(new, old, size);
}

static void keep_number(uint32_t *new, uint32_t old, const char *setting, const struct cx_config *config,
			struct cx_diag *diag)
{
	if (*new == old)
		return;
	warn_restart(diag, config, setting);
	*new = old;
}

/* Settings that maps, locks and cookies were made with. */
static void keep_fixed(struct cx_config *new, const struct cx_config *old, struct cx_diag *diag)
{
	keep_text(new->pin_root, old->pin_root, sizeof(new->pin_root), "pin_root", new, diag);
	keep_text(new->runtime_dir, old->runtime_dir, sizeof(new->runtime_dir), "runtime_dir", new, diag);
	keep_text(new->control_group, old->control_group, sizeof(new->control_group), "control_group", new,
		  diag);
	keep_number(&new->workers, old->workers, "workers", new, diag);
	keep_number(&new->node, old->node, "node", new, diag);
	keep_number(&new->max_dns, old->max_dns, "limits.dns", new, diag);
	keep_number(&new->max_groups, old->max_groups, "limits.groups", new, diag);
	keep_number(&new->max_elements, old->max_elements, "limits.elements", new, diag);
	keep_number(&new->max_flows, old->max_flows, "limits.flows", new, diag);
	if (memcmp(&new->tcp, &old->tcp, sizeof(new->tcp)) != 0) {
		warn_restart(diag, new, "tcp");
		new->tcp = old->tcp;
	}
	if (new->fastpath != old->fastpath) {
		warn_restart(diag, new, "fastpath");
		new->fastpath = old->fastpath;
	}
}

/* ---- on the worker -------------------------------------------------------- */

static void load(uv_work_t *work)
{
	struct cx_reload *r = work->data;
	struct cx_reload_result *result = &r->result;
	uint64_t start = cx_monotonic_ms();

	result->err = cx_config_load(r->path, &result->diag, &r->written);
	result->load_ms = cx_monotonic_ms() - start;
	if (!result->err)
		keep_fixed(r->written, r->running, &result->diag);
}

static void compile(uv_work_t *work)
{
	struct cx_reload *r = work->data;
	struct cx_reload_result *result = &r->result;
	uint64_t start = cx_monotonic_ms();

	result->n_routes = r->config->n_routes;
	result->err = cx_tables_compile(r->config, &r->names, &result->diag, &r->tables);
	result->compile_ms = cx_monotonic_ms() - start;
}

static void fill_maps(uv_work_t *work)
{
	struct cx_reload *r = work->data;
	uint64_t start = cx_monotonic_ms();

	r->result.err = r->mirror.put_tables(r->mirror.ctx, r->old, r->tables);
	r->result.swap_ms = cx_monotonic_ms() - start;
	if (!r->result.err)
		return;
	cx_diag_error(&r->result.diag, r->path, 0, "a map may be too small: see limits",
		      "the maps do not take the new tables: %s", strerror(-r->result.err));
	/* back to where we were, whatever part of the new is in the maps */
	if (r->mirror.put_tables(r->mirror.ctx, r->tables, r->old))
		cx_log(CX_ERROR, "reload_rollback_failed", "consequence",
		       "fast path and daemon may differ: `cxctl fastpath detach`, then attach", NULL);
}

/* ---- on the main thread --------------------------------------------------- */

static void refused(struct cx_reload *r)
{
	struct cx_daemon *d = &r->parts->d;
	const struct cx_diag *diag = &r->result.diag;
	const char *why = strerror(-r->result.err);

	cx_sockets_drop(r->opened);
	for (size_t i = diag->count; i-- > 0;)
		why = diag->entries[i].warning ? why : diag->entries[i].text;
	d->reloads_refused++;
	snprintf(d->last_reload_error, sizeof(d->last_reload_error), "%s", why);
	cx_daemon_log_findings("reload_finding", diag);
	cx_log(CX_ERROR, "reload_refused", "file", r->path, "reason", why, "consequence",
	       "the running configuration stays in force", NULL);
}

static void accepted(struct cx_reload *r)
{
	struct cx_daemon *d = &r->parts->d;
	char routes[24], load[24], compile[24], swap[24];

	if (r->names_only) {
		d->name_changes++;
		cx_daemon_log_findings("dns_finding", &r->result.diag);
		return;
	}
	d->reloads++;
	d->config_loaded_ms = cx_wall_ms();
	d->last_reload_error[0] = '\0';
	cx_daemon_log_open(d->config);
	cx_daemon_log_findings("reload_finding", &r->result.diag);
	snprintf(routes, sizeof(routes), "%zu", r->result.n_routes);
	snprintf(load, sizeof(load), "%llu", (unsigned long long)r->result.load_ms);
	snprintf(compile, sizeof(compile), "%llu", (unsigned long long)r->result.compile_ms);
	snprintf(swap, sizeof(swap), "%llu", (unsigned long long)r->result.swap_ms);
	cx_log(CX_NOTICE, "reloaded", "file", r->path, "routes", routes, "load_ms", load, "compile_ms",
	       compile, "swap_ms", swap, NULL);
}

static void start_next(struct cx_parts *parts)
{
	struct cx_reload_result result = {0};

	if (parts->next_reload.waits) {
		parts->next_reload.waits = false;
		result.err = cx_daemon_reload(&parts->d, parts->next_reload.done, parts->next_reload.ctx);
		if (result.err && parts->next_reload.done)
			parts->next_reload.done(parts->next_reload.ctx, &result);
	} else {
		cx_names_reload_soon(parts);
	}
}

static void on_closed(uv_handle_t *handle)
{
	reload_free(handle->data);
}

static void finish(struct cx_reload *r)
{
	struct cx_parts *parts = r->parts;
	struct cx_daemon *d = &parts->d;

	d->reloading = false;
	parts->reload = NULL;
	cx_names_give(parts, &r->uses);
	if (r->result.err && r->took_names && !r->names_only)
		cx_names_changed(parts);
	if (r->result.err)
		refused(r);
	else
		accepted(r);
	if (!r->names_only)
		cx_notify("READY=1");
	if (r->done)
		r->done(r->done_ctx, &r->result);
	uv_close((uv_handle_t *)&r->patience, on_closed);
	start_next(parts);
}

static void release_tables(void *tables)
{
	cx_tables_free(tables);
}

static void release_config(void *config)
{
	cx_config_free(config);
}

static void swap(struct cx_reload *r)
{
	struct cx_parts *parts = r->parts;
	struct cx_daemon *d = &parts->d;
	struct cx_config *old_config = d->config;
	struct cx_tables *old_tables = d->tables;
	struct cx_diag diag = {0};
	uint64_t start = cx_monotonic_ms();
	int err = cx_world_swap(d->world, r->config, r->tables);

	if (d->world->tables != r->tables) {
		r->result.err = err;
		cx_diag_error(&r->result.diag, r->path, 0, NULL, "the new tables cannot be put in force: %s",
			      strerror(-err));
		if (d->fastpath) /* the maps have the new ones already */
			cx_fast_publish(parts);
		return;
	}
	if (err) /* in force here; what a map would not take, the daemon does */
		cx_diag_warn(&r->result.diag, r->path, 0, "the log names the map",
			     "a map does not take a change: %s", strerror(-err));
	d->config = r->config;
	d->tables = r->tables;
	r->config = NULL;
	r->tables = NULL;
	if (!r->names_only)
		cx_names_adopt(parts, &r->uses, old_config, d->config);
	cx_workers_publish(parts);
	cx_sockets_adopt(parts, old_tables, d->tables, r->opened);
	/* Workers may go by the old ones still. Not before their last use here: publishing frees
	 * what nobody sees any more, as the one at the end of this turn will. */
	cx_views_retire(parts->views, release_tables, old_tables);
	cx_views_retire(parts->views, release_config, old_config);
	d->world->changed = true;
	memset(r->opened, 0, sizeof(r->opened));
	cx_world_hold(d->world);
	cx_reach_refresh(d->reach);
	cx_world_release(d->world);
	cx_health_sync(d->health);
	parts->n_failed = 0;
	cx_fast_leave_unwanted(parts);
	cx_fast_attach(parts, &diag);
	cx_module_settle(parts);
	cx_fast_warn_missing(parts);
	cx_sockets_warn_elsewhere(parts);
	cx_diag_clear(&diag); /* logged as it happened */
	r->result.swap_ms += cx_monotonic_ms() - start;
	cx_daemon_health_soon(parts);
}

static void on_filled(uv_work_t *work, int status)
{
	struct cx_reload *r = work->data;

	if (!r->result.err)
		swap(r);
	finish(r);
}

static void on_compiled(uv_work_t *work, int status)
{
	struct cx_reload *r = work->data;

	if (!r->result.err)
		r->result.err = cx_sockets_prepare(r->parts, r->old, r->tables, &r->result.diag, r->opened);
	if (!r->result.err && r->mirror.put_tables) {
		int err = uv_queue_work(&r->parts->loop, &r->work, fill_maps, on_filled);

		if (!err)
			return; /* r is the worker's now */
		r->result.err = err;
	}
	if (!r->result.err)
		swap(r);
	finish(r);
}

static void on_patience(uv_timer_t *timer);

/* The names that it has are known as far as they will be. */
static void go_on(struct cx_reload *r)
{
	struct cx_parts *parts = r->parts;
	uint64_t wait_ms = 2ull * r->written->dns.resolver.timeout_ms;
	int err;

	if (!r->names_only && !r->waiting && !cx_names_settled(parts, &r->uses)) {
		r->waiting = true;
		uv_timer_start(&r->patience, on_patience, wait_ms, 0);
		return;
	}
	r->waiting = false;
	uv_timer_stop(&r->patience);
	r->took_names = cx_names_take_changes(parts);
	err = cx_names_expand(parts, r->written, &r->result.diag, &r->config);
	if (!err)
		err = uv_queue_work(&parts->loop, &r->work, compile, on_compiled);
	if (!err)
		return; /* r is the worker's now */
	r->result.err = err;
	finish(r);
}

static void on_patience(uv_timer_t *timer)
{
	go_on(timer->data);
}

void cx_reload_hurry(struct cx_parts *parts)
{
	if (parts->reload && parts->reload->waiting)
		uv_timer_start(&parts->reload->patience, on_patience, 0, 0);
}

void cx_reload_settled(struct cx_parts *parts)
{
	struct cx_reload *r = parts->reload;

	if (r && r->waiting && cx_names_settled(parts, &r->uses))
		uv_timer_start(&r->patience, on_patience, 0, 0);
}

static void on_loaded(uv_work_t *work, int status)
{
	struct cx_reload *r = work->data;

	if (!r->result.err)
		r->result.err = cx_names_take(r->parts, r->written, &r->uses);
	if (r->result.err)
		finish(r);
	else
		go_on(r);
}

static int start_reload(struct cx_daemon *d, bool names_only, void (*done)(void *ctx, const struct cx_reload_result *result),
			void *ctx)
{
	struct cx_parts *parts = (struct cx_parts *)d;
	struct cx_reload *r;
	int err = -ENOMEM;

	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->parts = parts;
	r->work.data = r;
	r->done = done;
	r->done_ctx = ctx;
	r->names_only = names_only;
	r->written = names_only ? cx_config_keep(d->config->written) : NULL;
	r->running = d->config;
	r->old = d->tables;
	r->mirror = d->world->mirror;
	r->path = strdup(d->config_path);
	r->names.n_groups = d->tables->n_groups;
	r->names.n_elements = d->tables->n_elements;
	r->names.groups = copy(d->world->groups, r->names.n_groups, sizeof(*r->names.groups));
	r->names.elements = copy(d->world->elements, r->names.n_elements, sizeof(*r->names.elements));
	r->names.listeners = d->tables->listeners;
	r->names.n_listeners = CX_LISTENERS_MAX;
	r->names.networks = d->tables->networks;
	r->names.n_networks = CX_NETWORKS_MAX;
	r->names.tables = d->tables->table;
	r->names.n_tables = CX_TABLES_MAX;
	if (!r->path || !r->names.groups || !r->names.elements)
		goto out;
	err = names_only ? 0 : uv_queue_work(&parts->loop, &r->work, load, on_loaded);
	if (err)
		goto out;
	uv_timer_init(&parts->loop, &r->patience);
	r->patience.data = r;
	d->reloading = true;
	parts->reload = r;
	if (names_only)
		go_on(r);
	else
		cx_notify("RELOADING=1");
out:
	if (err)
		reload_free(r);
	return err;
}

int cx_daemon_reload(struct cx_daemon *d, void (*done)(void *ctx, const struct cx_reload_result *result), void *ctx)
{
	struct cx_parts *parts = (struct cx_parts *)d;

	if (!d->reloading)
		return start_reload(d, false, done, ctx);
	if (!done && parts->next_reload.waits)
		return 0; /* the one that waits will read the same files */
	if (done && (!parts->reload->names_only || parts->next_reload.waits))
		return -EBUSY;
	parts->next_reload.waits = true;
	parts->next_reload.done = done;
	parts->next_reload.ctx = ctx;
	return 0;
}

void cx_reload_names(struct cx_parts *parts)
{
	if (!parts->d.reloading && start_reload(&parts->d, true, NULL, NULL))
		cx_log(CX_ERROR, "dns_not_in_force", "reason", strerror(ENOMEM), "consequence",
		       "the servers known before stay in force until DNS changes again", NULL);
}
