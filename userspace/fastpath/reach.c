/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Keeps the world's reach table, nexthops and elements in step with the kernel.
 * Everything is planned anew when something changed, which takes microseconds
 * for the tables of an edge host, and only differences are written.
 *
 * Order of writing: nexthops, reach, elements' nexthops, then what nobody
 * points to any more is cleared. Callbacks come last, and never from
 * cx_reach_open(): the caller has no handle yet.
 */
#include <errno.h>
#include <linux/neighbour.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include "fastpath/plan.h"
#include "fastpath/reach.h"
#include "observe/log.h"

#define WARM_INTERVAL_MS 1000
#define WARM_AT_ONCE 512
#define FULL_INTERVAL_MS 5000
#define INTERFACES_MAX 256

/* An element that has no way out, and what was told about it. */
struct lost {
	uint32_t id; /* key */
	char name[CX_NAME_SIZE];
	const char *why;
	bool told, still;
	UT_hash_handle hh;
};

struct cx_reach_watch {
	struct cx_world *world;
	struct cx_reach_ops ops;
	struct cx_net *net;
	struct cx_nexthops nexthops;
	struct lost *lost;
	const struct cx_tables *tables; /* that the last pass saw */
	uint64_t passed_ms;
	int interfaces[INTERFACES_MAX]; /* that are needed */
	size_t n_interfaces;
	int present[INTERFACES_MAX]; /* of those, that were told to be there */
	size_t n_present;
	bool open; /* callbacks may be made */
	bool truncated;
};

static bool listed(const int *list, size_t n, int ifindex)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i] == ifindex)
			return true;
	return false;
}

static void need_interface(struct cx_reach_watch *r, int ifindex)
{
	int lower = cx_plan_lower(r->net, ifindex);
	const struct cx_net_link *l = lower ? cx_net_find_link(r->net, lower) : NULL;

	if (!l || (l->flags & IFF_LOOPBACK) || listed(r->interfaces, r->n_interfaces, lower))
		return;
	if (r->n_interfaces < INTERFACES_MAX)
		r->interfaces[r->n_interfaces++] = lower;
}

/* A listener on loopback or a dummy device (an anycast address) is reached
 * through the uplinks: the devices of the default routes. */
static void need_uplinks(struct cx_reach_watch *r)
{
	size_t i;
	int h;

	for (i = 0; i < r->net->n_routes; i++) {
		const struct cx_net_route *route = &r->net->routes[i];

		if (route->key.prefixlen != 0 && !(route->key.prefixlen == 96 && cx_lpm_key_is_v4(&route->key)))
			continue;
		for (h = 0; h < route->n_hops; h++)
			need_interface(r, route->hops[h].ifindex);
	}
}

static void need_listeners(struct cx_reach_watch *r)
{
	const struct cx_tables *t = r->world->tables;
	size_t i, a;

	for (i = 0; i < CX_LISTENERS_MAX; i++) {
		if (!(t->listeners[i].flags & CX_LISTENER_USED))
			continue;
		for (a = 0; a < r->net->n_addresses; a++) {
			const struct cx_net_address *own = &r->net->addresses[a];
			const struct cx_net_link *l = cx_net_find_link(r->net, own->ifindex);

			if (!l || memcmp(&own->addr, &t->listeners[i].addr, sizeof(own->addr)) != 0)
				continue;
			if ((l->flags & IFF_LOOPBACK) || !strcmp(l->kind, "dummy")) {
				/* 127.0.0.0/8 and ::1 come from nowhere else */
				if (t->listeners[i].addr.b[12] != 127 && !IN6_IS_ADDR_LOOPBACK(&own->addr))
					need_uplinks(r);
			} else {
				need_interface(r, own->ifindex);
			}
		}
	}
}

static void mark_lost(struct cx_reach_watch *r, uint32_t id, const char *why)
{
	const uint8_t *name = r->world->elements[id].name;
	struct lost *l;

	HASH_FIND(hh, r->lost, &id, sizeof(id), l);
	if (l && memcmp(l->name, name, sizeof(l->name)) != 0) { /* another element has this id now */
		memcpy(l->name, name, sizeof(l->name));
		l->told = false;
	}
	if (!l) {
		l = calloc(1, sizeof(*l));
		if (!l)
			return;
		l->id = id;
		memcpy(l->name, name, sizeof(l->name));
		HASH_ADD(hh, r->lost, id, sizeof(l->id), l);
	}
	if (l->why && strcmp(l->why, why) != 0)
		l->told = false;
	l->why = why;
	l->still = true;
}

static void need_path(struct cx_reach_watch *r, const struct cx_planned *p, const union cx_addr *element)
{
	if (p->kind == CX_PATH_GATEWAY) {
		cx_net_want(r->net, p->ifindex, &p->gateway);
		if (p->first_gateway.q[0] | p->first_gateway.q[1])
			cx_net_want(r->net, p->first_ifindex, &p->first_gateway);
	} else if (p->kind == CX_PATH_CONNECTED) {
		cx_net_want(r->net, p->ifindex, element);
	}
	if (p->kind != CX_PATH_NONE && p->kind != CX_PATH_LOCAL)
		need_interface(r, p->ifindex);
}

static int update_elements(struct cx_reach_watch *r, const struct cx_plan *plan)
{
	struct cx_world *w = r->world;
	int err = 0, e;
	uint32_t id;

	for (id = 0; id < w->tables->n_elements; id++) {
		const struct cx_element *element = &w->elements[id];
		const struct cx_planned *p;
		uint32_t nexthop;

		if (element->state == CX_ELEMENT_UNUSED || !element->family)
			continue;
		p = cx_plan_find(plan, &element->addr);
		nexthop = p ? p->nexthop : 0;
		if (!p || p->kind == CX_PATH_NONE)
			mark_lost(r, id, "no route");
		else if (p->kind == CX_PATH_DOWN)
			mark_lost(r, id, "link down");
		if (p)
			need_path(r, p, &element->addr);
		if (element->nexthop == nexthop)
			continue;
		e = cx_world_set_element_nexthop(w, id, nexthop);
		if (e && !err)
			err = e;
	}
	return err;
}

/* The map holds CX_REACH_MAX entries. A trie that lacks some of the more
 * specific ones would give wrong answers, so then only whole addresses stay,
 * which cannot be wrong; the rest is the daemon's. */
static int update_reach(struct cx_reach_watch *r, const struct cx_plan *plan)
{
	struct cx_world *w = r->world;
	struct cx_reach_entry *entries;
	bool too_many = plan->n > CX_REACH_MAX;
	size_t i, n = 0;

	entries = calloc(plan->n ? plan->n : 1, sizeof(*entries));
	if (!entries)
		return -ENOMEM;
	for (i = 0; i < plan->n && n < CX_REACH_MAX; i++) {
		if (too_many && plan->entries[i].key.prefixlen != 128)
			continue;
		entries[n].key = plan->entries[i].key;
		entries[n++].nexthop = plan->entries[i].nexthop;
	}
	if (too_many != r->truncated && too_many)
		cx_logf(CX_WARN, "reach_full",
			"%zu routes and neighbours do not fit (%d): traffic to others than neighbours and elements goes "
			"through the daemon",
			plan->n, CX_REACH_MAX);
	r->truncated = too_many;
	if (n == w->n_reach && (n == 0 || memcmp(entries, w->reach, n * sizeof(*entries)) == 0)) {
		free(entries);
		return 0;
	}
	return cx_world_set_reach(w, entries, n);
}

/* Gateways and elements whose neighbour entry is missing, old or failed. */
static void warm(struct cx_reach_watch *r)
{
	struct cx_net_neighbour *n, *next;
	uint64_t now = cx_net_now_ms();
	size_t sent = 0;

	HASH_ITER(hh, r->net->neighbours, n, next)
	{
		if (!n->wanted || (n->state && !(n->state & (NUD_STALE | NUD_FAILED))) ||
		    (n->used_ms && now - n->used_ms < WARM_INTERVAL_MS))
			continue;
		if (sent++ == WARM_AT_ONCE)
			break;
		n->used_ms = now;
		cx_net_use(r->net, n->key.ifindex, &n->key.addr);
	}
}

static void unwant_all(struct cx_net *net)
{
	struct cx_net_neighbour *n, *next;

	HASH_ITER(hh, net->neighbours, n, next)
	{
		n->wanted = false;
	}
}

/* Entries that only the wish for them kept. */
static void drop_unwanted(struct cx_net *net)
{
	struct cx_net_neighbour *n, *next;

	HASH_ITER(hh, net->neighbours, n, next)
	{
		if (n->wanted || n->state)
			continue;
		HASH_DEL(net->neighbours, n);
		free(n);
	}
}

static void tell_elements(struct cx_reach_watch *r)
{
	struct lost *l, *next;

	HASH_ITER(hh, r->lost, l, next)
	{
		uint32_t id = l->id;
		bool told = l->told;

		if (l->still) {
			l->told = true;
			if (!told && r->ops.on_element)
				r->ops.on_element(r->ops.ctx, id, false, l->why);
			continue;
		}
		HASH_DEL(r->lost, l);
		free(l);
		if (told && r->ops.on_element)
			r->ops.on_element(r->ops.ctx, id, true, "route is back");
	}
}

/* A link that is still there is not reported as gone because no route needs
 * it for a moment: taking the program off would be the worse harm. */
static void tell_interfaces(struct cx_reach_watch *r)
{
	int fresh[INTERFACES_MAX], gone[INTERFACES_MAX];
	size_t n_fresh = 0, n_gone = 0, i, kept = 0;
	const struct cx_net_link *l;

	for (i = 0; i < r->n_present; i++) {
		if (cx_net_find_link(r->net, r->present[i]))
			r->present[kept++] = r->present[i];
		else
			gone[n_gone++] = r->present[i];
	}
	r->n_present = kept;
	for (i = 0; i < r->n_interfaces && r->n_present < INTERFACES_MAX; i++) {
		if (listed(r->present, r->n_present, r->interfaces[i]))
			continue;
		r->present[r->n_present++] = r->interfaces[i];
		fresh[n_fresh++] = r->interfaces[i];
	}
	if (!r->open || !r->ops.on_interface)
		return;
	for (i = 0; i < n_gone; i++)
		r->ops.on_interface(r->ops.ctx, gone[i], "", false);
	for (i = 0; i < n_fresh; i++) {
		l = cx_net_find_link(r->net, fresh[i]);
		if (l)
			r->ops.on_interface(r->ops.ctx, fresh[i], l->name, true);
	}
}

/* Plans everything anew and writes the differences. */
static int pass(struct cx_reach_watch *r)
{
	struct lost *l, *next;
	struct cx_plan plan;
	int err, e;

	r->net->changed = false;
	r->passed_ms = cx_net_now_ms();
	cx_nexthops_begin(&r->nexthops);
	err = cx_plan_make(r->net, &r->nexthops, &plan);
	if (err) {
		r->net->changed = true; /* try again */
		return err;
	}
	HASH_ITER(hh, r->lost, l, next)
	{
		l->still = false;
		if (r->tables != r->world->tables)
			l->told = false; /* whoever judges elements may have new ones */
	}
	r->tables = r->world->tables;
	r->n_interfaces = 0;
	unwant_all(r->net);
	err = cx_nexthops_put(&r->nexthops, r->world);
	e = update_reach(r, &plan);
	err = err ? err : e;
	e = update_elements(r, &plan);
	err = err ? err : e;
	need_listeners(r);
	cx_nexthops_sweep(&r->nexthops, r->world);
	cx_plan_free(&plan);
	drop_unwanted(r->net);
	warm(r);
	tell_interfaces(r);
	if (r->open) {
		cx_world_hold(r->world); /* a link takes many elements along: one ring a group */
		tell_elements(r);
		e = cx_world_release(r->world);
		err = err ? err : e;
	}
	return err;
}

int cx_reach_open(struct cx_world *w, const struct cx_reach_ops *ops, struct cx_reach_watch **out)
{
	struct cx_reach_watch *r = calloc(1, sizeof(*r));
	int err;

	if (!r)
		return -ENOMEM;
	r->world = w;
	if (ops)
		r->ops = *ops;
	err = cx_nexthops_init(&r->nexthops, w->max_nexthops);
	if (!err)
		err = cx_net_open(&r->net);
	if (!err)
		err = pass(r);
	if (err) {
		cx_reach_close(r);
		return err;
	}
	r->open = true;
	*out = r;
	return 0;
}

int cx_reach_fd(const struct cx_reach_watch *r)
{
	return cx_net_fd(r->net);
}

int cx_reach_read(struct cx_reach_watch *r)
{
	int err = cx_net_read(r->net);

	return r->net->changed ? pass(r) : err;
}

int cx_reach_refresh(struct cx_reach_watch *r)
{
	bool untold = false;
	struct lost *l, *next;
	int err = cx_net_read(r->net);

	HASH_ITER(hh, r->lost, l, next)
	{
		untold |= !l->told;
	}
	if (r->net->changed || r->tables != r->world->tables || untold ||
	    cx_net_now_ms() - r->passed_ms >= FULL_INTERVAL_MS)
		return pass(r);
	warm(r);
	return err;
}

size_t cx_reach_interfaces(struct cx_reach_watch *r, int *ifindexes, size_t max)
{
	size_t i;

	for (i = 0; i < r->n_interfaces && i < max; i++)
		ifindexes[i] = r->interfaces[i];
	return i;
}

size_t cx_reach_count(const struct cx_reach_watch *r, size_t *neighbours_unresolved)
{
	struct cx_net_neighbour *n, *next;

	if (neighbours_unresolved) {
		*neighbours_unresolved = 0;
		HASH_ITER(hh, r->net->neighbours, n, next)
		{
			*neighbours_unresolved += n->wanted && !cx_net_neighbour_valid(n);
		}
	}
	return r->world->n_reach;
}

void cx_reach_close(struct cx_reach_watch *r)
{
	struct lost *l, *next;

	if (!r)
		return;
	HASH_ITER(hh, r->lost, l, next)
	{
		HASH_DEL(r->lost, l);
		free(l);
	}
	cx_net_close(r->net);
	cx_nexthops_free(&r->nexthops);
	free(r);
}
