// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fast path's life within the daemon: opened, filled with the world,
 * attached to the interfaces that matter, given up on order.
 *
 * - Maps are full before the first attach: a packet never meets half a world.
 * - Interfaces come and go; what cannot be attached to is said once and left
 *   to the daemon's sockets, which serve every listener in any case.
 * - Without a fast path nothing of an earlier one may stay attached: it would
 *   go on forwarding by tables that nobody keeps right.
 */
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include "cxsipd/parts.h"
#include "observe/log.h"

#define CX_WANTED_MAX 64

static void set_why(struct cx_daemon *d, const char *why)
{
	snprintf(d->fastpath_why, sizeof(d->fastpath_why), "%s", why);
}

/* Interfaces to attach to, as far as they exist. */
static size_t wanted(struct cx_parts *parts, int ifindexes[CX_WANTED_MAX])
{
	const struct cx_config *config = parts->d.config;
	size_t n = 0;

	if (!config->n_interfaces)
		return cx_reach_interfaces(parts->d.reach, ifindexes, CX_WANTED_MAX);
	for (size_t i = 0; i < config->n_interfaces && n < CX_WANTED_MAX; i++) {
		int ifindex = (int)if_nametoindex(config->interfaces[i]);

		if (ifindex)
			ifindexes[n++] = ifindex;
	}
	return n;
}

static bool contains(const int *list, size_t n, int value)
{
	for (size_t i = 0; i < n; i++) {
		if (list[i] == value)
			return true;
	}
	return false;
}

static size_t attached(struct cx_parts *parts, struct cx_fastpath_link *links, int *ifindexes)
{
	size_t n = cx_fastpath_links(parts->d.fastpath, links, CX_WANTED_MAX);

	if (n > CX_WANTED_MAX)
		n = CX_WANTED_MAX;
	for (size_t i = 0; i < n; i++)
		ifindexes[i] = links[i].ifindex;
	return n;
}

/* What is attached to that interface, NULL: nothing. Valid until the next call. */
static const struct cx_fastpath_link *link_of(struct cx_parts *parts, int ifindex)
{
	static struct cx_fastpath_link links[CX_WANTED_MAX];
	int ifindexes[CX_WANTED_MAX];
	size_t n = parts->d.fastpath ? attached(parts, links, ifindexes) : 0;

	for (size_t i = 0; i < n; i++) {
		if (ifindexes[i] == ifindex)
			return &links[i];
	}
	return NULL;
}

static int attach_one(struct cx_parts *parts, int ifindex, struct cx_diag *diag)
{
	struct cx_daemon *d = &parts->d;
	const struct cx_fastpath_link *link;
	char name[IF_NAMESIZE] = "?", why[128];
	size_t before = diag->count;
	int err;

	if_indextoname((unsigned)ifindex, name);
	err = cx_fastpath_attach(d->fastpath, ifindex, d->config->fastpath, diag);
	if (err) {
		if (parts->n_failed < CX_FAILED_MAX)
			parts->failed[parts->n_failed++] = ifindex;
		cx_log(CX_ERROR, "fastpath_attach_failed", "interface", name, "reason",
		       diag->count > before ? diag->entries[before].text : strerror(-err), "consequence",
		       "what arrives there is forwarded by the daemon", NULL);
		return err;
	}
	link = link_of(parts, ifindex);
	cx_log(CX_NOTICE, "fastpath_attached", "interface", name, "mode", link ? link->mode : "", NULL);
	if (link && !strcmp(link->mode, "generic") && d->config->fastpath == CX_FASTPATH_AUTO) {
		snprintf(why, sizeof(why), "generic on %s: its driver takes no native XDP", name);
		set_why(d, diag->count > before ? diag->entries[before].text : why);
	}
	return 0;
}

/* Links of interfaces that are gone: reach tells of those that it needs, but
 * the configuration may name others. */
static void drop_gone(struct cx_parts *parts)
{
	static struct cx_fastpath_link links[CX_WANTED_MAX];
	int have[CX_WANTED_MAX];
	size_t n = attached(parts, links, have);
	char name[IF_NAMESIZE];

	for (size_t i = 0; i < n; i++) {
		if (!if_indextoname((unsigned)have[i], name) && errno == ENXIO)
			cx_fast_interface(parts, have[i], links[i].ifname, false);
	}
}

void cx_fast_warn_missing(struct cx_parts *parts)
{
	const struct cx_config *config = parts->d.config;

	for (size_t i = 0; parts->d.fastpath && i < config->n_interfaces; i++) {
		if (!if_nametoindex(config->interfaces[i]))
			cx_log(CX_WARN, "interface_missing", "interface", config->interfaces[i],
			       "consequence", "it is attached to when it appears", NULL);
	}
}

int cx_fast_attach(struct cx_parts *parts, struct cx_diag *diag)
{
	static struct cx_fastpath_link links[CX_WANTED_MAX];
	int want[CX_WANTED_MAX], have[CX_WANTED_MAX], err, last = 0;
	size_t n_have, n_want;

	if (!parts->d.fastpath)
		return 0;
	drop_gone(parts);
	n_want = wanted(parts, want);
	n_have = attached(parts, links, have);
	for (size_t i = 0; i < n_want; i++) {
		if (contains(have, n_have, want[i]) || contains(parts->failed, parts->n_failed, want[i]))
			continue;
		err = attach_one(parts, want[i], diag);
		last = err ? err : last;
	}
	return last;
}

void cx_fast_leave_unwanted(struct cx_parts *parts)
{
	static struct cx_fastpath_link links[CX_WANTED_MAX];
	int want[CX_WANTED_MAX], have[CX_WANTED_MAX];
	size_t n_have, n_want;

	if (!parts->d.fastpath)
		return;
	n_want = wanted(parts, want);
	n_have = attached(parts, links, have);
	for (size_t i = 0; i < n_have; i++) {
		if (contains(want, n_want, have[i]))
			continue;
		cx_fastpath_detach_interface(parts->d.fastpath, have[i]);
		cx_log(CX_NOTICE, "fastpath_detached", "interface", links[i].ifname, "reason",
		       "no longer needed", NULL);
	}
}

static void forget_failure(struct cx_parts *parts, int ifindex)
{
	for (size_t i = 0; i < parts->n_failed; i++) {
		if (parts->failed[i] == ifindex)
			parts->failed[i--] = parts->failed[--parts->n_failed];
	}
}

void cx_fast_interface(struct cx_parts *parts, int ifindex, const char *ifname, bool present)
{
	const struct cx_fastpath_link *link =
	    link_of(parts, ifindex); /* knows the name of one that is gone */
	struct cx_diag diag = {0};

	cx_log(present ? CX_NOTICE : CX_WARN, "interface", "name", !present && link ? link->ifname : ifname,
	       "state", present ? "present" : "vanished", NULL);
	forget_failure(parts, ifindex);
	if (!parts->d.fastpath)
		return;
	if (present)
		cx_fast_attach(parts, &diag);
	else
		cx_fastpath_detach_interface(parts->d.fastpath, ifindex);
	cx_diag_clear(&diag);
}

static void note(int err, int *first)
{
	if (err && !*first)
		*first = err;
}

/* What put_tables() does not know: keys, nexthops, reach. */
static int publish_rest(struct cx_world *w)
{
	const struct cx_world_mirror *m = &w->mirror;
	int first = 0;

	note(m->put_key(m->ctx, &w->key), &first);
	for (uint32_t id = 0; id < w->max_nexthops; id++) {
		if (w->nexthops[id].flags || w->nexthops[id].ifindex)
			note(m->put_nexthop(m->ctx, id, &w->nexthops[id]), &first);
	}
	for (size_t i = 0; i < w->n_reach; i++)
		note(m->put_reach(m->ctx, &w->reach[i]), &first);
	return first;
}

static int publish_live(struct cx_world *w)
{
	const struct cx_world_mirror *m = &w->mirror;
	const struct cx_tables *t = w->tables;
	int first = 0;

	for (uint32_t id = 0; id < t->n_elements; id++) {
		if (t->element_config[id])
			note(m->put_element(m->ctx, id, &w->elements[id]), &first);
	}
	for (uint32_t id = 0; id < t->n_groups; id++) {
		if (!t->group_config[id])
			continue;
		if (w->rings[id])
			note(m->put_ring(m->ctx, id, w->rings[id]), &first);
		note(m->put_group(m->ctx, id, &w->groups[id]), &first);
	}
	return first;
}

int cx_fast_publish(struct cx_parts *parts)
{
	struct cx_world *w = parts->d.world;
	struct cx_tables live = *w->tables;
	int err;

	live.elements = w->elements; /* with their states: a dead element must not come up on the way */
	live.groups = w->groups;
	err = publish_rest(w);
	if (!err)
		err = w->mirror.put_tables(w->mirror.ctx, NULL, &live);
	if (!err)
		err = publish_live(w);
	if (!err)
		err = cx_fastpath_heartbeat(parts->d.fastpath, &w->meta);
	return err;
}

static void release_fastpath(void *fp)
{
	cx_fastpath_close(fp);
}

static void give_up(struct cx_parts *parts)
{
	struct cx_daemon *d = &parts->d;

	memset(&d->world->mirror, 0, sizeof(d->world->mirror));
	cx_workers_forget(parts, release_fastpath, d->fastpath); /* they ask its maps for recent calls */
	d->fastpath = NULL;
}

int cx_fast_open(struct cx_parts *parts, struct cx_diag *diag)
{
	struct cx_daemon *d = &parts->d;
	size_t before = diag->count;
	int err = cx_fastpath_open(d->config, diag, &d->fastpath);

	if (!err) {
		cx_fastpath_mirror(d->fastpath, &d->world->mirror);
		d->world->changed = true;
		err = cx_fast_publish(parts);
		if (err) {
			cx_diag_error(diag, NULL, 0, "the log names the map", "the maps cannot be filled: %s",
				      strerror(-err));
			give_up(parts);
		}
	}
	set_why(d, err ? diag->count > before ? diag->entries[before].text : strerror(-err) : "");
	parts->n_failed = 0;
	return err;
}

static int detach_all(struct cx_parts *parts)
{
	struct cx_daemon *d = &parts->d;
	int err;

	give_up(parts);
	cx_module_settle(parts);
	err = cx_fastpath_detach_all(d->config->pin_root);
	if (err == -ENOENT)
		err = 0;
	set_why(d, "detached by the operator: `cxctl fastpath attach` brings it back");
	cx_log(CX_NOTICE, "fastpath_detached", "reason", "operator", NULL);
	return err;
}

int cx_daemon_fastpath(struct cx_daemon *d, bool attach, struct cx_diag *diag)
{
	struct cx_parts *parts = (struct cx_parts *)d;
	int err = 0;

	if (d->reloading)
		return -EBUSY;
	if (!attach)
		return detach_all(parts);
	if (d->config->fastpath == CX_FASTPATH_OFF) {
		cx_diag_error(diag, NULL, 0, "set fastpath = \"auto\" and restart",
			      "the configuration says fastpath = \"off\"");
		return -EINVAL;
	}
	parts->n_failed = 0;
	if (!d->fastpath) {
		err = cx_fast_open(parts, diag);
		if (!err)
			cx_module_settle(parts);
	}
	return err ? err : cx_fast_attach(parts, diag);
}
