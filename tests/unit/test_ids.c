/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Ids stay with what they stand for, wherever the next configuration puts it:
 * the cookies of calls under way name listeners, and the maps are rewritten
 * while messages are looked up in them.
 */
#include <errno.h>
#include "fixture.h"
#include "route/names.h"
#include "route/world.h"

static struct cx_tables *compile(const struct cx_config *c, const struct cx_tables *old)
{
	struct cx_names names = {0};

	if (old)
		names = (struct cx_names){.groups = old->groups,
					  .n_groups = old->n_groups,
					  .elements = old->elements,
					  .n_elements = old->n_elements,
					  .listeners = old->listeners,
					  .n_listeners = CX_LISTENERS_MAX,
					  .networks = old->networks,
					  .n_networks = CX_NETWORKS_MAX,
					  .tables = old->table,
					  .n_tables = CX_TABLES_MAX};
	return fixture_compile_with(c, &names);
}

static uint32_t listener(const struct cx_tables *t, const char *addr, uint16_t port)
{
	union cx_addr a = fixture_addr(addr);
	uint32_t id = cx_tables_listener_at(t, &a, port);

	if (id != CX_NONE) {
		assert_int_equal(t->listeners[id].id, id);
		assert_memory_equal(&t->listener_config[id]->addr, &a, sizeof(a));
	}
	return id;
}

static uint64_t source(const struct cx_tables *t, const char *addr)
{
	union cx_addr a = fixture_addr(addr);
	const struct cx_source *s = cx_tables_source(t, &a);

	return s ? s->networks : 0;
}

static uint32_t group_of(const struct cx_tables *t, uint8_t table, const char *user)
{
	struct cx_dn_key key = {.table = table, .len = (uint8_t)strlen(user)};
	const struct cx_dn_entry *e;

	memcpy(key.user, user, key.len);
	e = cx_tables_find_dn(t, &key);
	return e ? e->value.group : CX_NONE;
}

/* edge (default) and core (other), groups on both sides, a number in each table. */
static void add_usual(struct cx_config *c)
{
	size_t edge = c->n_networks, core = edge + 1;
	struct cx_config_network *n = fixture_network(c, "edge");

	fixture_listener(n, "192.0.2.1", 5060);
	fixture_listener(n, "2001:db8::1", 5060);
	fixture_source(n, "192.0.2.0/24");
	n = fixture_network(c, "core");
	fixture_name(n->table, "other");
	fixture_listener(n, "10.0.0.1", 5060);
	fixture_source(n, "10.0.0.0/8");
	fixture_element(fixture_group(c, "agents", edge), "a1", "192.0.2.9", 5060, 1);
	fixture_element(fixture_group(c, "media", core), "m1", "10.1.0.9", 5060, 1);
	fixture_route(c, "100", false, (uint32_t)c->n_groups - 1);
	fixture_route(c, "200", false, (uint32_t)c->n_groups - 2)->table = (uint8_t)(c->n_tables - 1);
}

/* A table, a network and listeners in front of all that was there. */
static struct cx_config *usual_behind_others(void)
{
	struct cx_config *c = fixture_config();
	struct cx_config_network *n;

	c->tables = fixture_grow(c->tables, c->n_tables++, sizeof(*c->tables));
	fixture_name(c->tables[1], "front");
	fixture_name(c->tables[2], "other");
	n = fixture_network(c, "front");
	fixture_name(n->table, "front");
	fixture_listener(n, "198.51.100.1", 5060);
	fixture_listener(n, "198.51.100.1", 5070);
	fixture_source(n, "0.0.0.0/0");
	fixture_element(fixture_group(c, "first", 0), "f1", "198.51.100.9", 5060, 1);
	fixture_route(c, "300", false, 0)->table = 1;
	add_usual(c);
	return c;
}

static void what_was_there_keeps_its_id(void **state)
{
	struct cx_config *a = fixture_config(), *b = usual_behind_others();
	struct cx_tables *t, *u;

	add_usual(a);
	t = compile(a, NULL);
	assert_int_equal(listener(t, "192.0.2.1", 5060), 0);
	assert_int_equal(listener(t, "10.0.0.1", 5060), 2);
	u = compile(b, t);
	assert_int_equal(listener(u, "192.0.2.1", 5060), 0);
	assert_int_equal(listener(u, "2001:db8::1", 5060), 1);
	assert_int_equal(listener(u, "10.0.0.1", 5060), 2);
	assert_int_equal(listener(u, "198.51.100.1", 5060), 3);
	assert_int_equal(listener(u, "198.51.100.1", 5070), 4);
	assert_int_equal(u->n_listeners, 5);
	assert_memory_equal(&u->listeners[2], &t->listeners[2], sizeof(u->listeners[2]));
	assert_memory_equal(u->networks, t->networks, 2 * sizeof(u->networks[0]));
	assert_string_equal((const char *)u->networks[2].name, "front");
	assert_int_equal(u->networks[2].listener_v4, 3);
	assert_ptr_equal(u->network_config[0], &b->networks[1]);
	assert_ptr_equal(u->network_config[2], &b->networks[0]);
	assert_null(u->network_config[3]);
	assert_int_equal(u->listeners[3].network, 2);
	assert_int_equal(u->listeners[3].table, 2);
	assert_string_equal((const char *)u->table[0].name, "default");
	assert_string_equal((const char *)u->table[1].name, "other");
	assert_string_equal((const char *)u->table[2].name, "front");
	cx_tables_free(u);
	cx_tables_free(t);
	fixture_free(a);
	fixture_free(b);
}

static void the_maps_say_the_same_of_it(void **state)
{
	struct cx_config *a = fixture_config(), *b = usual_behind_others();
	struct cx_tables *t, *u;
	size_t i;

	add_usual(a);
	t = compile(a, NULL);
	u = compile(b, t);
	assert_int_equal(source(u, "192.0.2.77"), 1 | 4);
	assert_int_equal(source(u, "10.1.0.9"), 2 | 4);
	assert_int_equal(source(u, "203.0.113.1"), 4);
	assert_int_equal(source(u, "198.51.100.9"), 4); /* an element, known to its group's network */
	assert_int_equal(group_of(u, 0, "100"), group_of(t, 0, "100"));
	assert_int_equal(group_of(u, 1, "200"), group_of(t, 1, "200"));
	assert_int_equal(group_of(u, 1, "300"), CX_NONE);
	assert_string_equal((const char *)u->groups[group_of(u, 2, "300")].name, "first");
	for (i = 1; i < u->n_dn; i++)
		assert_true(memcmp(&u->dn[i - 1].key, &u->dn[i].key, sizeof(u->dn[i].key)) < 0);
	assert_memory_equal(u->groups, t->groups, t->n_groups * sizeof(*t->groups));
	assert_memory_equal(u->elements, t->elements, t->n_elements * sizeof(*t->elements));
	assert_int_equal(u->groups[2].network, 2);
	assert_int_equal(u->elements[2].listener, 3);
	cx_tables_free(u);
	cx_tables_free(t);
	fixture_free(a);
	fixture_free(b);
}

static void what_is_gone_leaves_a_hole(void **state)
{
	struct cx_config *a = usual_behind_others(), *b = fixture_config(), *c = usual_behind_others();
	struct cx_tables *t = compile(a, NULL), *u, *v;
	union cx_addr zero = {0};

	add_usual(b);
	u = compile(b, t); /* "front" is gone: it had the lowest ids */
	assert_int_equal(u->n_listeners, 5);
	assert_int_equal(u->listeners[0].flags | u->listeners[1].flags, 0);
	assert_null(u->listener_config[0]);
	assert_null(u->network_config[0]);
	assert_int_equal(u->networks[0].flags, 0);
	assert_int_equal(u->networks[0].listener_v4, CX_NO_LISTENER);
	assert_string_equal((const char *)u->table[1].name, "");
	assert_string_equal((const char *)u->table[2].name, "other");
	assert_int_equal(listener(u, "192.0.2.1", 5060), 2);
	assert_int_equal(u->listeners[2].network, 1);
	assert_int_equal(listener(u, "198.51.100.1", 5060), CX_NONE);
	assert_int_equal(cx_tables_listener_at(u, &zero, 0), CX_NONE);
	assert_int_equal(source(u, "192.0.2.77"), 2);
	/* and back: by now the ids are free, and it moves nobody */
	v = compile(c, u);
	assert_int_equal(listener(v, "198.51.100.1", 5070), 1);
	assert_int_equal(listener(v, "10.0.0.1", 5060), 4);
	assert_memory_equal(v->listeners, t->listeners, sizeof(v->listeners));
	assert_memory_equal(v->networks, t->networks, sizeof(v->networks));
	assert_memory_equal(v->table, t->table, sizeof(v->table));
	cx_tables_free(v);
	cx_tables_free(u);
	cx_tables_free(t);
	fixture_free(a);
	fixture_free(b);
	fixture_free(c);
}

static void a_listener_may_change_its_network(void **state)
{
	struct cx_config *a = fixture_config(), *b = fixture_config();
	struct cx_tables *t, *u;

	add_usual(a);
	fixture_listener(fixture_network(b, "renamed"), "2001:db8::1", 5060);
	t = compile(a, NULL);
	u = compile(b, t);
	assert_int_equal(listener(u, "2001:db8::1", 5060), 1);
	assert_int_equal(u->listeners[1].network, 2); /* not the bit of one that is gone */
	assert_int_equal(u->networks[2].listener_v6, 1);
	cx_tables_free(u);
	cx_tables_free(t);
	fixture_free(a);
	fixture_free(b);
}

/* As many as there may be, and one of them replaced. */
static struct cx_config *full(const char *last)
{
	struct cx_config *c = fixture_config();
	char text[CX_NAME_SIZE];
	unsigned i, k;

	c->tables = realloc(c->tables, CX_TABLES_MAX * sizeof(*c->tables));
	assert_non_null(c->tables);
	c->n_tables = CX_TABLES_MAX;
	for (i = 1; i < CX_TABLES_MAX; i++)
		snprintf(c->tables[i], CX_NAME_SIZE, "%s%u", i == 1 ? last : "table", i);
	for (i = 0; i < CX_NETWORKS_MAX; i++) {
		snprintf(text, sizeof(text), "%s%u", i == 1 ? last : "net", i);
		fixture_network(c, text);
		for (k = 0; k < CX_LISTENERS_MAX / CX_NETWORKS_MAX; k++) {
			snprintf(text, sizeof(text), "10.%u.0.%u", i, i == 1 && last[0] == 'b' ? 100 + k : k);
			fixture_listener(&c->networks[i], text, 5060);
		}
	}
	return c;
}

static void freed_ids_are_used_when_there_are_no_others(void **state)
{
	struct cx_config *a = full("a"), *b = full("b");
	struct cx_tables *t = compile(a, NULL), *u = compile(b, t);

	assert_int_equal(t->n_listeners, CX_LISTENERS_MAX);
	assert_string_equal((const char *)u->networks[1].name, "b1");
	assert_string_equal((const char *)u->networks[63].name, "net63");
	assert_string_equal((const char *)u->table[1].name, "b1");
	assert_int_equal(listener(u, "10.1.0.100", 5060), 4);
	assert_int_equal(listener(u, "10.63.0.3", 5060), 255);
	cx_tables_free(u);
	cx_tables_free(t);
	fixture_free(a);
	fixture_free(b);
}

/* Pinned by a daemon that died before it had filled them. */
static void empty_maps_know_nobody(void **state)
{
	struct cx_config *c = usual_behind_others();
	struct cx_tables *empty = calloc(1, sizeof(*empty)), *t, *u;

	assert_non_null(empty);
	t = compile(c, NULL);
	u = compile(c, empty);
	assert_memory_equal(u->listeners, t->listeners, sizeof(u->listeners));
	assert_memory_equal(u->networks, t->networks, sizeof(u->networks));
	assert_memory_equal(u->table, t->table, sizeof(u->table));
	cx_tables_free(u);
	cx_tables_free(t);
	free(empty);
	fixture_free(c);
}

static void nobody_gets_what_another_has(void **state)
{
	uint8_t held[6] = {1, 1, 0, 1, 0, 0};
	uint32_t ids[6] = {1, CX_NONE, 1, 77, CX_NONE, CX_NONE};

	cx_ids_fill(held, 6, ids, 6);
	assert_int_equal(ids[0], 1);
	assert_int_equal(ids[1], 2); /* never held */
	assert_int_equal(ids[2], 4);
	assert_int_equal(ids[3], 5);
	assert_int_equal(ids[4], 0); /* whose holder is gone */
	assert_int_equal(ids[5], 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_was_there_keeps_its_id),
	    cmocka_unit_test(the_maps_say_the_same_of_it),
	    cmocka_unit_test(what_is_gone_leaves_a_hole),
	    cmocka_unit_test(a_listener_may_change_its_network),
	    cmocka_unit_test(freed_ids_are_used_when_there_are_no_others),
	    cmocka_unit_test(empty_maps_know_nobody),
	    cmocka_unit_test(nobody_gets_what_another_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
