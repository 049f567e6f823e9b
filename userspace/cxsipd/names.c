// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host names in the daemon: the resolver's answers go to the names in use (dns/hosts.h),
 * and what these stand for goes into the configuration, by a reload that reads no file.
 *
 * - All of it is the main thread's, which never waits for the resolver.
 * - A name is in use by the running configuration and by one that is being loaded.
 * - Answers are kept in runtime_dir/names: a daemon that starts while DNS is dead goes
 *   on with them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/addr.h"
#include "cxsipd/parts.h"
#include "dns/hosts.h"
#include "dns/resolver.h"
#include "observe/log.h"

#define CX_SOON_MS 20	     /* changes that come together are one reload */
#define CX_SAVE_SOON_MS 1000 /* changes that come together are saved once */
#define CX_SAVE_MS 600000    /* that answers were confirmed is saved that often */
#define CX_ANSWERS_A_TURN 64

struct cx_namer {
	struct cx_parts *parts;
	struct cx_resolver *resolver;
	struct cx_hosts *hosts;
	struct cx_name_uses running;
	uv_async_t answers;
	uv_timer_t tick, soon, save;
	bool changed; /* what names stand for: a reload is due */
	uint64_t saved_ms;
};

/* ---- uses ------------------------------------------------------------------------ */

void cx_names_give(struct cx_parts *parts, struct cx_name_uses *uses)
{
	for (size_t i = 0; i < uses->n; i++)
		cx_hosts_give(parts->namer->hosts, uses->hosts[i]);
	free(uses->hosts);
	*uses = (struct cx_name_uses){0};
}

static void tick(struct cx_namer *n);

static void save(struct cx_namer *n)
{
	uv_timer_stop(&n->save);
	n->saved_ms = cx_monotonic_ms();
	cx_names_save(n->hosts, n->parts->d.config);
}

static void on_save(uv_timer_t *timer)
{
	save(timer->data);
}

static void save_soon(struct cx_namer *n)
{
	if (!uv_is_active((uv_handle_t *)&n->save))
		uv_timer_start(&n->save, on_save, CX_SAVE_SOON_MS, 0);
}

int cx_names_take(struct cx_parts *parts, const struct cx_config *config, struct cx_name_uses *uses)
{
	struct cx_locate_want want;
	int err = 0;

	*uses = (struct cx_name_uses){0};
	uses->hosts = calloc(cx_config_count_elements(config) + 1, sizeof(*uses->hosts));
	if (!uses->hosts)
		return -ENOMEM;
	for (size_t i = 0; i < config->n_groups; i++)
		for (size_t k = 0; k < config->groups[i].n_elements && !err; k++) {
			const struct cx_config_element *e = &config->groups[i].elements[k];

			if (!e->host[0])
				continue;
			cx_config_want(config, &config->groups[i], e, &want);
			err = cx_hosts_take(parts->namer->hosts, &want, &uses->hosts[uses->n]);
			uses->n += !err;
		}
	if (err)
		cx_names_give(parts, uses);
	else
		tick(parts->namer);
	return err;
}

bool cx_names_settled(struct cx_parts *parts, struct cx_name_uses *uses)
{
	struct cx_host_view view;

	for (; uses->n_settled < uses->n; uses->n_settled++)
		if (cx_hosts_view(parts->namer->hosts, uses->hosts[uses->n_settled], &view) && !view.settled)
			return false;
	return true;
}

static struct cx_resolver_settings resolver_settings(const struct cx_config *config)
{
	struct cx_resolver_settings settings = config->dns.resolver;

	settings.max_ttl_s = config->dns.rules.max_ttl_s;
	settings.negative_ttl_s = config->dns.rules.negative_ttl_s;
	return settings;
}

static void set_rules(struct cx_namer *n, const struct cx_config *config)
{
	struct cx_resolver_settings settings = resolver_settings(config);

	cx_resolver_reset(n->resolver, &settings);
	cx_hosts_set_rules(n->hosts, &config->dns.rules);
}

void cx_names_adopt(struct cx_parts *parts, struct cx_name_uses *uses, const struct cx_config *old,
		    const struct cx_config *new)
{
	struct cx_namer *n = parts->namer;

	cx_names_give(parts, &n->running);
	n->running = *uses;
	*uses = (struct cx_name_uses){0};
	if (memcmp(&old->dns, &new->dns, sizeof(new->dns)) != 0) {
		set_rules(n, new);
		cx_hosts_refresh(n->hosts, CX_NONE, cx_monotonic_ms());
	}
	tick(n);
}

/* ---- what a name stands for ----------------------------------------------------------- */

bool cx_daemon_host(struct cx_daemon *d, const struct cx_config_group *group,
		    const struct cx_config_element *e, struct cx_host_view *view)
{
	struct cx_namer *n = ((struct cx_parts *)d)->namer;
	struct cx_locate_want want;

	if (!e->host[0])
		return false;
	cx_config_want(d->config, group, e, &want);
	return cx_hosts_view(n->hosts, cx_hosts_find(n->hosts, &want), view);
}

struct expanding {
	struct cx_namer *n;
	const struct cx_config *config;
};

static size_t targets_of(void *ctx, const struct cx_config_group *group, const struct cx_config_element *e,
			 const struct cx_target **targets)
{
	struct expanding *x = ctx;
	struct cx_locate_want want;
	struct cx_host_view view;

	cx_config_want(x->config, group, e, &want);
	if (!cx_hosts_view(x->n->hosts, cx_hosts_find(x->n->hosts, &want), &view))
		return 0;
	*targets = view.targets;
	return view.n + view.n_gone;
}

int cx_names_expand(struct cx_parts *parts, struct cx_config *written, struct cx_diag *diag,
		    struct cx_config **out)
{
	struct expanding x = {.n = parts->namer, .config = written};
	const struct cx_config_answers answers = {.targets = targets_of, .ctx = &x};

	return cx_config_expand(written, &answers, diag, out);
}

const char *cx_daemon_host_text(struct cx_daemon *d, const struct cx_host_view *view, bool how_long,
				char *buf, size_t size)
{
	struct cx_namer *n = ((struct cx_parts *)d)->namer;
	uint64_t now = cx_monotonic_ms();
	char servers[256], since[32] = "", of[CX_DNS_NAME + 16] = "";

	if (how_long)
		snprintf(since, sizeof(since), " for %" PRIu64 " s", (now - view->failed_ms) / 1000);
	if (strcmp(view->failed_name, view->want->host) != 0 || view->failed_type == CX_DNS_NAPTR)
		snprintf(of, sizeof(of), " (%s %s)", cx_dns_type_text(view->failed_type), view->failed_name);
	cx_resolver_servers(n->resolver, servers, sizeof(servers));
	if (!view->settled)
		snprintf(buf, size, "not resolved yet");
	else if (view->status == CX_DNS_OK && view->without_naptr)
		snprintf(buf, size, "found without NAPTR, which %s did not answer", servers);
	else if (view->status == CX_DNS_OK)
		buf[0] = '\0';
	else if (view->status == CX_DNS_TIMEOUT)
		snprintf(buf, size, "no answer from %s%s%s", servers, since, of);
	else if (view->status == CX_DNS_FAILURE)
		snprintf(buf, size, "failure of %s%s%s", servers, since, of);
	else
		snprintf(buf, size, "%s%s", cx_dns_status_text(view->status), of);
	return buf;
}

int cx_daemon_dns_refresh(struct cx_daemon *d, const char *name)
{
	struct cx_namer *n = ((struct cx_parts *)d)->namer;
	struct cx_host_view view;
	char host[CX_DNS_NAME];
	bool known = false;

	for (uint32_t i = 0; i < cx_hosts_count(n->hosts); i++) {
		if (!cx_hosts_view(n->hosts, i, &view))
			continue;
		if (name && (cx_dns_name_from_text(name, host) || strcmp(host, view.want->host) != 0))
			continue;
		cx_hosts_refresh(n->hosts, i, cx_monotonic_ms());
		known = true;
	}
	if (!known)
		return -ENOENT;
	set_rules(n, d->config); /* what the resolver has kept is forgotten */
	tick(n);
	return 0;
}

const char *cx_daemon_dns_servers(struct cx_daemon *d, char *buf, size_t size)
{
	return cx_resolver_servers(((struct cx_parts *)d)->namer->resolver, buf, size);
}

/* ---- events --------------------------------------------------------------------------------- */

static void on_soon(uv_timer_t *timer)
{
	cx_reload_names(((struct cx_namer *)timer->data)->parts);
}

bool cx_names_take_changes(struct cx_parts *parts)
{
	bool changed = parts->namer->changed;

	parts->namer->changed = false;
	return changed;
}

void cx_names_reload_soon(struct cx_parts *parts)
{
	struct cx_namer *n = parts->namer;

	if (n->changed && parts->ready)
		uv_timer_start(&n->soon, on_soon, CX_SOON_MS, 0);
}

void cx_names_changed(struct cx_parts *parts)
{
	parts->namer->changed = true;
	cx_names_reload_soon(parts);
}

static void log_change(struct cx_namer *n, const struct cx_host_view *view)
{
	char text[512] = "", one[CX_ENDPOINT_TEXT], ttl[24], note[512];
	size_t used = 0;

	if (view->status != CX_DNS_OK) {
		cx_log(CX_WARN, "dns_failed", "name", view->want->host, "reason",
		       cx_daemon_host_text(&n->parts->d, view, false, text, sizeof(text)), "consequence",
		       view->n ? "the last good answer stays in use" : "its elements are down", NULL);
		return;
	}
	for (size_t i = 0; i < view->n && used < sizeof(text) - 80; i++)
		used +=
		    (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
				     cx_endpoint_format(&view->targets[i].addr, view->targets[i].port, one));
	snprintf(ttl, sizeof(ttl), "%" PRIu64, (view->expires_ms - view->answered_ms) / 1000);
	snprintf(one, sizeof(one), "%zu", view->n);
	cx_daemon_host_text(&n->parts->d, view, false, note, sizeof(note));
	cx_log(note[0] ? CX_WARN : CX_NOTICE, "dns_answer", "name", view->want->host, "servers", one, "ttl_s",
	       ttl, "addresses", text, note[0] ? "note" : NULL, note, NULL);
}

static void on_changed(void *ctx, uint32_t host, bool targets)
{
	struct cx_namer *n = ctx;
	struct cx_host_view view;

	if (!cx_hosts_view(n->hosts, host, &view))
		return;
	log_change(n, &view);
	if (targets) {
		cx_names_changed(n->parts);
		save_soon(n);
	}
	cx_reload_settled(n->parts);
}

static int on_ask(void *ctx, uint64_t token, const char *name, uint16_t type)
{
	struct cx_namer *n = ctx;

	return cx_resolver_ask(n->resolver, token, name, type) ? -EAGAIN : 0;
}

static void on_tick(uv_timer_t *timer)
{
	tick(timer->data);
}

static void tick(struct cx_namer *n)
{
	uint64_t now = cx_monotonic_ms(), again = cx_hosts_tick(n->hosts, now);

	if (now - n->saved_ms > CX_SAVE_MS && n->running.n)
		save(n);
	if (again != CX_HOSTS_NEVER)
		uv_timer_start(&n->tick, on_tick, again - now, 0);
	else
		uv_timer_stop(&n->tick);
}

static void on_answers(uv_async_t *async)
{
	struct cx_namer *n = async->data;
	struct cx_dns_answer *answer;
	unsigned count = 0;
	uint64_t token;

	while (count++ < CX_ANSWERS_A_TURN && (answer = cx_resolver_take(n->resolver, &token))) {
		cx_hosts_answer(n->hosts, token, answer, cx_monotonic_ms());
		free(answer);
	}
	if (count > CX_ANSWERS_A_TURN)
		uv_async_send(async); /* the rest after others had their turn */
	tick(n);
}

static void on_wake(void *ctx)
{
	uv_async_send(&((struct cx_namer *)ctx)->answers);
}

/* ---- start and end ------------------------------------------------------------------------------ */

int cx_names_start(struct cx_parts *parts, struct cx_config *written, struct cx_diag *diag)
{
	struct cx_namer *n = calloc(1, sizeof(*n));
	const struct cx_hosts_ops ops = {.ask = on_ask, .changed = on_changed, .ctx = n};
	struct cx_resolver_settings settings = resolver_settings(written);
	int err;

	if (!n)
		return -ENOMEM;
	parts->namer = n;
	n->parts = parts;
	n->saved_ms = cx_monotonic_ms();
	uv_timer_init(&parts->loop, &n->tick);
	uv_timer_init(&parts->loop, &n->soon);
	uv_timer_init(&parts->loop, &n->save);
	uv_async_init(&parts->loop, &n->answers, on_answers);
	n->tick.data = n->soon.data = n->save.data = n->answers.data = n;
	n->hosts = cx_hosts_new(&written->dns.rules, &ops);
	err = n->hosts ? cx_resolver_new(&settings, on_wake, n, &n->resolver) : -ENOMEM;
	if (!err)
		err = cx_names_take(parts, written, &n->running);
	if (!err) {
		cx_names_read(n->hosts, written);
		err = cx_names_expand(parts, written, diag, &parts->d.config);
	}
	return err;
}

void cx_names_stop(struct cx_parts *parts)
{
	struct cx_namer *n = parts->namer;

	if (!n)
		return;
	if (n->running.n && parts->d.config)
		save(n);
	cx_resolver_free(n->resolver);
	uv_close((uv_handle_t *)&n->answers, NULL);
	uv_close((uv_handle_t *)&n->tick, NULL);
	uv_close((uv_handle_t *)&n->soon, NULL);
	uv_close((uv_handle_t *)&n->save, NULL);
}

void cx_names_free(struct cx_parts *parts)
{
	struct cx_namer *n = parts->namer;

	if (!n)
		return;
	free(n->running.hosts);
	cx_hosts_free(n->hosts);
	free(n);
	parts->namer = NULL;
}
