/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Configurations made by hand, for tests of the rooms below the loader.
 */
#ifndef CX_TESTS_FIXTURE_H
#define CX_TESTS_FIXTURE_H

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <setjmp.h>
#include <cmocka.h>
#include "base/addr.h"
#include "config/config.h"
#include "route/world.h"

#define FIXTURE __attribute__((unused)) static

FIXTURE void *fixture_grow(void *array, size_t n, size_t size)
{
	void *more = realloc(array, (n + 1) * size);

	assert_non_null(more);
	memset((char *)more + n * size, 0, size);
	return more;
}

FIXTURE void fixture_name(char to[CX_NAME_SIZE], const char *name)
{
	snprintf(to, CX_NAME_SIZE, "%s", name);
}

FIXTURE union cx_addr fixture_addr(const char *text)
{
	union cx_addr addr;
	uint8_t family;

	assert_int_equal(cx_addr_parse(text, &addr, &family), 0);
	return addr;
}

/* With route tables "default" and "other". */
FIXTURE struct cx_config *fixture_config(void)
{
	struct cx_config *c = calloc(1, sizeof(*c));

	assert_non_null(c);
	c->n_tables = 2;
	c->tables = calloc(2, sizeof(*c->tables));
	assert_non_null(c->tables);
	fixture_name(c->tables[0], "default");
	fixture_name(c->tables[1], "other");
	c->max_dns = CX_DNS_MAX;
	c->max_groups = 64;
	c->max_elements = 2048;
	c->max_flows = 1024;
	return c;
}

FIXTURE struct cx_config_network *fixture_network(struct cx_config *c, const char *name)
{
	struct cx_config_network *n;

	c->networks = fixture_grow(c->networks, c->n_networks, sizeof(*c->networks));
	n = &c->networks[c->n_networks++];
	fixture_name(n->name, name);
	fixture_name(n->table, "default");
	n->trusted = true;
	n->ignore_separators = true;
	n->dscp = 24;
	return n;
}

FIXTURE void fixture_listener(struct cx_config_network *n, const char *addr, uint16_t port)
{
	struct cx_config_listener *l;

	n->listeners = fixture_grow(n->listeners, n->n_listeners, sizeof(*n->listeners));
	l = &n->listeners[n->n_listeners++];
	assert_int_equal(cx_addr_parse(addr, &l->addr, &l->family), 0);
	l->port = port;
	l->transport = CX_UDP;
}

FIXTURE void fixture_source(struct cx_config_network *n, const char *cidr)
{
	struct cx_config_cidr *s;

	n->sources = fixture_grow(n->sources, n->n_sources, sizeof(*n->sources));
	s = &n->sources[n->n_sources++];
	assert_int_equal(cx_cidr_parse(cidr, &s->addr, &s->prefixlen, &s->family), 0);
}

FIXTURE struct cx_config_group *fixture_group(struct cx_config *c, const char *name, size_t network)
{
	struct cx_config_group *g;

	c->groups = fixture_grow(c->groups, c->n_groups, sizeof(*c->groups));
	g = &c->groups[c->n_groups++];
	fixture_name(g->name, name);
	g->network = network;
	g->probe = (struct cx_config_probe){.enabled = true,
					    .interval_ms = 1000,
					    .down_interval_ms = 1000,
					    .timeout_ms = 500,
					    .rise = 1,
					    .fall = 2};
	g->retry_after_s = 5;
	return g;
}

FIXTURE struct cx_config_element *fixture_element(struct cx_config_group *g, const char *name,
						  const char *addr, uint16_t port, uint32_t weight)
{
	struct cx_config_element *e;
	char endpoint[CX_ENDPOINT_TEXT];

	g->elements = fixture_grow(g->elements, g->n_elements, sizeof(*g->elements));
	e = &g->elements[g->n_elements++];
	fixture_name(e->name, name);
	assert_int_equal(cx_addr_parse(addr, &e->addr, &e->family), 0);
	e->port = port;
	e->weight = weight;
	snprintf(e->uri, sizeof(e->uri), "sip:%s", cx_endpoint_format(&e->addr, port, endpoint));
	return e;
}

FIXTURE struct cx_config_route *fixture_route(struct cx_config *c, const char *user, bool prefix,
					      uint32_t group)
{
	struct cx_config_route *r;

	c->routes = fixture_grow(c->routes, c->n_routes, sizeof(*c->routes));
	r = &c->routes[c->n_routes++];
	snprintf(r->user, sizeof(r->user), "%s", user);
	r->len = (uint8_t)strlen(r->user);
	r->prefix = prefix;
	r->group = group;
	return r;
}

/* n elements "e1".. of weight 1 at 10.<net>.0.1.. */
FIXTURE void fixture_elements(struct cx_config_group *g, unsigned net, unsigned n)
{
	char name[CX_NAME_SIZE], addr[CX_ADDR_TEXT];
	unsigned i;

	for (i = 1; i <= n; i++) {
		snprintf(name, sizeof(name), "%.20s-%u", g->name, i);
		snprintf(addr, sizeof(addr), "10.%u.%u.%u", net, i / 250, i % 250 + 1);
		fixture_element(g, name, addr, 5060, 1);
	}
}

FIXTURE void fixture_free(struct cx_config *c)
{
	size_t i;

	for (i = 0; i < c->n_networks; i++) {
		free(c->networks[i].listeners);
		free(c->networks[i].sources);
	}
	for (i = 0; i < c->n_groups; i++)
		free(c->groups[i].elements);
	free(c->networks);
	free(c->groups);
	free(c->routes);
	free(c->tables);
	free(c);
}

/* Tables of a configuration; names that have an id keep it. */
FIXTURE struct cx_tables *fixture_compile_with(const struct cx_config *c, const struct cx_names *names)
{
	struct cx_diag diag = {0};
	struct cx_tables *t;
	int err = cx_tables_compile(c, names, &diag, &t);

	cx_diag_print(&diag, stderr);
	cx_diag_clear(&diag);
	assert_int_equal(err, 0);
	return t;
}

/* The same; the ids are those of the world, if there is one. */
FIXTURE struct cx_tables *fixture_compile(const struct cx_config *c, const struct cx_world *w)
{
	struct cx_names names = {0};

	if (w)
		names = (struct cx_names){.groups = w->groups,
					  .n_groups = w->max_groups,
					  .elements = w->elements,
					  .n_elements = w->max_elements,
					  .listeners = w->tables->listeners,
					  .n_listeners = w->tables->n_listeners,
					  .networks = w->tables->networks,
					  .n_networks = CX_NETWORKS_MAX,
					  .tables = w->tables->table,
					  .n_tables = CX_TABLES_MAX};
	return fixture_compile_with(c, &names);
}

#endif
