/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables: what a configuration is compiled into, and the look-ups over it.
 */
#include <errno.h>
#include <time.h>
#include "fixture.h"
#include "health/health.h"
#include "route/world.h"

static void refuse(const struct cx_config *c, int expected)
{
	struct cx_diag diag = {0};
	struct cx_tables *t;

	assert_int_equal(cx_tables_compile(c, NULL, &diag, &t), expected);
	assert_null(t);
	assert_true(diag.errors > 0);
	cx_diag_clear(&diag);
}

/* Two networks, both families; groups "media" and "agents". */
static struct cx_config *two_networks(void)
{
	struct cx_config *c = fixture_config();
	struct cx_config_network *edge = fixture_network(c, "edge"), *core;
	struct cx_config_group *g;

	fixture_listener(edge, "192.0.2.1", 5060);
	fixture_listener(edge, "2001:db8::1", 5080);
	fixture_source(edge, "0.0.0.0/0");
	edge->record_route = true;
	core = fixture_network(c, "core");
	fixture_listener(core, "10.0.0.1", 5060);
	fixture_listener(core, "10.0.0.2", 5060);
	fixture_source(core, "10.0.0.0/8");
	fixture_source(core, "10.1.0.0/16");
	fixture_name(core->table, "other");
	core->trusted = false;
	core->ignore_plus = true;
	core->ignore_separators = false;
	core->dscp = 46;
	g = fixture_group(c, "media", 1);
	fixture_element(g, "ms1", "10.1.2.3", 5060, 1);
	fixture_element(g, "ms2", "198.51.100.7", 5062, 3)->disabled = true;
	g = fixture_group(c, "agents", 0);
	g->core = true;
	fixture_element(g, "ag1", "2001:db8:5::7", 5060, 2);
	return c;
}

static void listeners_have_their_texts_and_policy(void **state)
{
	struct cx_config *c = two_networks();
	struct cx_tables *t = fixture_compile_with(c, NULL);
	const struct cx_listener *l = t->listeners;
	const char via[] = "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK";
	const char via6[] = "Via: SIP/2.0/UDP [2001:db8::1]:5080;branch=z9hG4bK";
	const char rr6[] = "Record-Route: <sip:[2001:db8::1]:5080;lr>\r\n";
	uint8_t zero[CX_VIA_TEXT_SIZE] = {0};

	assert_int_equal(t->n_listeners, 4);
	assert_int_equal(l[0].via_len, sizeof(via) - 1);
	assert_memory_equal(l[0].via_text, via, l[0].via_len);
	assert_memory_equal(l[0].via_text + l[0].via_len, zero, sizeof(zero) - l[0].via_len);
	assert_int_equal(l[1].via_len, sizeof(via6) - 1);
	assert_memory_equal(l[1].via_text, via6, l[1].via_len);
	assert_int_equal(l[1].rr_len, sizeof(rr6) - 1);
	assert_memory_equal(l[1].rr_text, rr6, l[1].rr_len);
	assert_int_equal(l[0].flags, CX_LISTENER_USED | CX_LISTENER_RECORD_ROUTE | CX_LISTENER_ANY_SOURCE |
					 CX_LISTENER_IGNORE_SEPARATORS);
	/* 0.0.0.0/0 says nothing about IPv6 */
	assert_int_equal(l[1].flags,
			 CX_LISTENER_USED | CX_LISTENER_RECORD_ROUTE | CX_LISTENER_IGNORE_SEPARATORS);
	assert_int_equal(l[2].flags, CX_LISTENER_USED | CX_LISTENER_IGNORE_PLUS);
	assert_int_equal(l[2].dscp, 46);
	assert_int_equal(l[2].table, 1);
	assert_int_equal(l[2].network, 1);
	assert_int_equal(l[3].id, 3);
	assert_string_equal((const char *)l[3].name, "core");
	assert_ptr_equal(t->listener_config[3], &c->networks[1].listeners[1]);
	assert_null(t->listener_config[4]);
	assert_int_equal(t->networks[0].listener_v4, 0);
	assert_int_equal(t->networks[0].listener_v6, 1);
	assert_int_equal(t->networks[1].listener_v4, 2);
	assert_int_equal(t->networks[1].listener_v6, CX_NO_LISTENER);
	assert_int_equal(t->networks[0].flags, CX_NETWORK_USED | CX_NETWORK_TRUSTED);
	assert_int_equal(t->networks[1].flags, CX_NETWORK_USED);
	assert_int_equal(t->networks[2].flags, 0);
	cx_tables_free(t);
	fixture_free(c);
}

static void listeners_are_found_by_address(void **state)
{
	struct cx_config *c = two_networks();
	struct cx_tables *t = fixture_compile_with(c, NULL);
	union cx_addr a = fixture_addr("2001:db8::1"), b = fixture_addr("10.0.0.2");

	assert_int_equal(cx_tables_listener_at(t, &a, 5080), 1);
	assert_int_equal(cx_tables_listener_at(t, &a, 5060), CX_NONE);
	assert_int_equal(cx_tables_listener_at(t, &b, 5060), 3);
	cx_tables_free(t);
	fixture_free(c);
}

static uint64_t source(const struct cx_tables *t, const char *text)
{
	union cx_addr a = fixture_addr(text);
	const struct cx_source *s = cx_tables_source(t, &a);

	return s ? s->networks : 0;
}

static uint64_t egress(const struct cx_tables *t, const char *text)
{
	union cx_addr a = fixture_addr(text);
	const struct cx_source *s = cx_tables_source(t, &a);

	return s ? s->egress : 0;
}

static void sources_hold_covering_prefixes_and_elements(void **state)
{
	struct cx_config *c = two_networks();
	struct cx_tables *t = fixture_compile_with(c, NULL);
	size_t i;

	assert_int_equal(source(t, "203.0.113.9"), 1);
	assert_int_equal(source(t, "10.200.0.1"), 3);
	assert_int_equal(source(t, "10.1.2.3"), 3);
	assert_int_equal(source(t, "198.51.100.7"), 3); /* an element in no CIDR of its network */
	assert_int_equal(source(t, "2001:db8:5::7"), 1);
	assert_int_equal(source(t, "2001:db8:5::8"), 0);
	for (i = 1; i < t->n_sources; i++)
		assert_true(t->sources[i - 1].key.prefixlen >= t->sources[i].key.prefixlen);
	/* the second network is not trusted, but its elements are known targets */
	assert_int_equal(egress(t, "203.0.113.9"), 1);
	assert_int_equal(egress(t, "10.200.0.1"), 1);
	assert_int_equal(egress(t, "10.1.2.3"), 3);
	assert_int_equal(egress(t, "198.51.100.7"), 3);
	assert_int_equal(egress(t, "2001:db8:5::7"), 1);
	/* 10.1.0.0/16 says nothing new; three elements and two CIDRs are left */
	assert_int_equal(t->n_sources, 5);
	cx_tables_free(t);
	fixture_free(c);
}

static bool may_report(const struct cx_tables *t, uint32_t listener, const char *gone, const char *by)
{
	union cx_addr a = fixture_addr(gone), b = fixture_addr(by);

	return cx_tables_may_report(t, listener, &a, &b);
}

static void icmp_is_believed_of_whom_it_concerns(void **state)
{
	struct cx_config *c = two_networks();
	struct cx_tables *t = fixture_compile_with(c, NULL);
	uint32_t first = 0, second = 3; /* listeners of the two networks */

	assert_true(may_report(t, second, "192.0.2.200", "192.0.2.200"));  /* the host itself */
	assert_true(may_report(t, second, "192.0.2.200", "10.0.0.2"));	   /* our own kernel */
	assert_true(may_report(t, second, "192.0.2.200", "10.200.0.1"));   /* a router of the network */
	assert_false(may_report(t, second, "192.0.2.200", "203.0.113.9")); /* of the other network */
	assert_true(may_report(t, first, "192.0.2.200", "192.0.2.200"));
	assert_false(may_report(t, first, "192.0.2.200", "203.0.113.9")); /* anybody may send there */
	assert_false(may_report(t, 200, "192.0.2.200", "192.0.2.200"));
	cx_tables_free(t);
	fixture_free(c);
}

static void no_ipv6_prefix_speaks_for_ipv4(void **state)
{
	struct cx_config *c = fixture_config();
	struct cx_config_network *n = fixture_network(c, "edge");
	struct cx_tables *t;

	fixture_listener(n, "2001:db8::1", 5060);
	fixture_source(n, "::/0");
	t = fixture_compile_with(c, NULL);
	assert_int_equal(source(t, "2001:db8::5"), 1);
	assert_int_equal(source(t, "192.0.2.5"), 0);
	assert_true(t->listeners[0].flags & CX_LISTENER_ANY_SOURCE);
	cx_tables_free(t);
	fixture_source(n, "192.0.2.0/24");
	t = fixture_compile_with(c, NULL);
	assert_int_equal(source(t, "192.0.2.5"), 1);
	assert_int_equal(source(t, "192.0.3.5"), 0);
	cx_tables_free(t);
	fixture_free(c);
}

static void groups_and_elements_are_as_configured(void **state)
{
	struct cx_config *c = two_networks();
	struct cx_tables *t = fixture_compile_with(c, NULL);
	const uint32_t *ids;
	union cx_addr a = fixture_addr("198.51.100.7");

	assert_int_equal(t->n_groups, 2);
	assert_int_equal(t->n_elements, 3);
	assert_int_equal(t->groups[0].flags, CX_GROUP_USED | CX_GROUP_EMPTY);
	assert_int_equal(t->groups[1].flags, CX_GROUP_USED | CX_GROUP_EMPTY | CX_GROUP_CORE);
	assert_int_equal(t->groups[0].elements, 2);
	assert_int_equal(t->groups[0].network, 1);
	assert_string_equal((const char *)t->groups[1].name, "agents");
	assert_int_equal(t->elements[0].state, CX_ELEMENT_UP);
	assert_int_equal(t->elements[0].reason, CX_ER_CONFIG);
	assert_int_equal(t->elements[0].listener, 2);
	assert_int_equal(t->elements[1].state, CX_ELEMENT_DISABLED);
	assert_int_equal(t->elements[1].weight, 3);
	assert_int_equal(t->elements[2].group, 1);
	assert_int_equal(t->elements[2].family, CX_IPV6);
	assert_int_equal(t->elements[2].listener, 1);
	assert_ptr_equal(t->element_config[2], &c->groups[1].elements[0]);
	assert_int_equal(cx_tables_elements_at(t, &a, 5062, &ids), 1);
	assert_int_equal(ids[0], 1);
	assert_int_equal(cx_tables_elements_at(t, &a, 5060, &ids), 0);
	cx_tables_free(t);
	fixture_free(c);
}

static void an_element_without_a_listener_is_warned_of(void **state)
{
	struct cx_config *c = two_networks();
	struct cx_diag diag = {0};
	struct cx_tables *t;

	fixture_element(&c->groups[0], "six", "2001:db8:9::1", 5060, 1);
	assert_int_equal(cx_tables_compile(c, NULL, &diag, &t), 0);
	assert_int_equal(diag.warnings, 1);
	assert_int_equal(t->elements[2].listener, CX_NO_LISTENER);
	cx_diag_clear(&diag);
	cx_tables_free(t);
	fixture_free(c);
}

static struct cx_dn_key dn(uint8_t table, const char *user)
{
	struct cx_dn_key key = {.table = table, .len = (uint8_t)strlen(user)};

	memcpy(key.user, user, key.len);
	return key;
}

static void dns_are_found(void **state)
{
	struct cx_config *c = two_networks();
	struct cx_dn_key key;
	struct cx_tables *t;
	size_t i;

	fixture_route(c, "12", false, 0);
	fixture_route(c, "123", false, 0);
	fixture_route(c, "2", false, 1);
	fixture_route(c, "4930", true, 1);
	fixture_route(c, "7", true, 0);
	fixture_route(c, "123", false, 1)->table = 1;
	fixture_route(c, "*98", false, 99)->core = true; /* out of order, and no group */
	t = fixture_compile_with(c, NULL);
	assert_int_equal(t->n_dn, 5);
	assert_int_equal(t->n_prefix, 2);
	for (i = 1; i < t->n_dn; i++)
		assert_true(memcmp(&t->dn[i - 1].key, &t->dn[i].key, sizeof(key)) < 0);
	key = dn(0, "123");
	assert_int_equal(cx_tables_find_dn(t, &key)->value.group, 0);
	assert_int_equal(cx_tables_find_dn(t, &key)->route, 1);
	key = dn(1, "123");
	assert_int_equal(cx_tables_find_dn(t, &key)->value.group, 1);
	key = dn(0, "*98");
	assert_int_equal(cx_tables_find_dn(t, &key)->value.flags, CX_DN_CORE);
	key = dn(0, "1234");
	assert_null(cx_tables_find_dn(t, &key));
	key = dn(0, "4930");
	assert_null(cx_tables_find_dn(t, &key));
	assert_int_equal(cx_tables_find_prefix(t, &key)->value.group, 1);
	assert_int_equal(t->table[0].prefix_lengths, 1u << 4 | 1u << 1);
	assert_int_equal(t->table[1].prefix_lengths, 0);
	assert_string_equal((const char *)t->table[1].name, "other");
	cx_tables_free(t);
	fixture_free(c);
}

static void what_does_not_fit_is_refused(void **state)
{
	struct cx_config *c = two_networks();

	fixture_route(c, "1", false, 0);
	fixture_route(c, "2", false, 0);
	c->max_dns = 1;
	refuse(c, -E2BIG);
	c->max_dns = 2;
	c->max_elements = 2;
	refuse(c, -E2BIG);
	c->max_elements = 3;
	c->max_groups = 1;
	refuse(c, -E2BIG);
	c->max_groups = 2;
	cx_tables_free(fixture_compile_with(c, NULL));
	c->routes[1].group = 2;
	refuse(c, -EINVAL);
	c->routes[1].group = 0;
	c->routes[1].len = CX_DN_SIZE + 1;
	refuse(c, -EINVAL);
	c->routes[1].len = 0;
	refuse(c, -EINVAL);
	fixture_free(c);
}

static struct cx_names names_of(const struct cx_tables *t)
{
	return (struct cx_names){.groups = t->groups,
				 .n_groups = t->n_groups,
				 .elements = t->elements,
				 .n_elements = t->n_elements,
				 .listeners = t->listeners,
				 .n_listeners = t->n_listeners,
				 .networks = t->networks,
				 .n_networks = CX_NETWORKS_MAX,
				 .tables = t->table,
				 .n_tables = CX_TABLES_MAX};
}

static struct cx_config *one_group(const char *group, const char *const *elements)
{
	struct cx_config *c = fixture_config();
	struct cx_config_group *g;

	fixture_listener(fixture_network(c, "edge"), "192.0.2.1", 5060);
	g = fixture_group(c, group, 0);
	for (; *elements; elements++)
		fixture_element(g, *elements, "192.0.2.9", 5060, 1);
	return c;
}

static void ids_stay_with_names(void **state)
{
	struct cx_config *a = one_group("g", (const char *const[]){"e0", "e1", "e2", NULL});
	struct cx_config *b = one_group("h", (const char *const[]){"e3", "e2", "e0", NULL});
	struct cx_tables *t = fixture_compile_with(a, NULL), *u;
	struct cx_names names = names_of(t);

	u = fixture_compile_with(b, &names);
	assert_int_equal(u->n_elements, 4);
	assert_string_equal((const char *)u->elements[0].name, "e0");
	assert_int_equal(u->elements[1].state, CX_ELEMENT_UNUSED);
	assert_string_equal((const char *)u->elements[2].name, "e2");
	assert_string_equal((const char *)u->elements[3].name, "e3"); /* not in e1's place yet */
	assert_int_equal(u->groups[0].flags, 0);
	assert_string_equal((const char *)u->groups[1].name, "h");
	assert_int_equal(u->elements[0].group, 1);
	cx_tables_free(u);
	b->max_elements = 3; /* now e1's place is the only one */
	u = fixture_compile_with(b, &names);
	assert_int_equal(u->n_elements, 3);
	assert_string_equal((const char *)u->elements[1].name, "e3");
	cx_tables_free(u);
	cx_tables_free(t);
	fixture_free(a);
	fixture_free(b);
}

static void equal_addresses_are_all_found(void **state)
{
	struct cx_config *c = one_group("g", (const char *const[]){"e0", "e1", "e2", NULL});
	union cx_addr a = fixture_addr("192.0.2.9");
	struct cx_tables *t = fixture_compile_with(c, NULL);
	const uint32_t *ids;

	assert_int_equal(cx_tables_elements_at(t, &a, 5060, &ids), 3);
	assert_true(ids[0] == 0 && ids[1] == 1 && ids[2] == 2);
	cx_tables_free(t);
	fixture_free(c);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void a_million_routes_compile_in_less_than_a_second(void **state)
{
	const size_t n = CX_DNS_MAX;
	struct cx_config *c = two_networks();
	struct cx_dn_key key;
	struct cx_tables *t;
	double start;
	size_t i;

	c->routes = calloc(n, sizeof(*c->routes));
	assert_non_null(c->routes);
	c->n_routes = n;
	for (i = 0; i < n; i++) {
		snprintf(c->routes[i].user, sizeof(c->routes[i].user), "4930%07zu", i);
		c->routes[i].len = 11;
		c->routes[i].group = i & 1;
	}
	start = seconds();
	t = fixture_compile_with(c, NULL);
	start = seconds() - start;
	print_message("%zu routes compiled in %.0f ms\n", n, start * 1e3);
#ifndef __SANITIZE_ADDRESS__
	assert_true(start < 1.0);
#endif
	key = dn(0, "49300654321");
	assert_int_equal(cx_tables_find_dn(t, &key)->route, 654321);
	cx_tables_free(t);
	fixture_free(c);
}

static void element_name(char name[CX_NAME_SIZE], unsigned i)
{
	snprintf(name, CX_NAME_SIZE, "10.%u.%u.%u:5060", i >> 16, i >> 8 & 255, i & 255);
}

static void as_many_elements_as_there_are_ids_compile(void **state)
{
	struct cx_config *c = fixture_config();
	struct cx_config_network *n = fixture_network(c, "edge");
	struct cx_tables *t;
	struct cx_names names;
	double start;
	unsigned i;

	fixture_listener(n, "192.0.2.1", 5060);
	fixture_source(n, "10.0.0.0/8");
	c->max_groups = CX_GROUPS_MAX;
	c->max_elements = CX_ELEMENTS_MAX;
	for (i = 0; i < CX_ELEMENTS_MAX; i++) {
		char name[CX_NAME_SIZE];

		if (i % 16 == 0) {
			snprintf(name, sizeof(name), "group%u", i / 16);
			fixture_group(c, name, 0);
		}
		element_name(name, i);
		fixture_element(&c->groups[c->n_groups - 1], name, "10.0.0.1", 5060, 1);
		c->groups[c->n_groups - 1].elements[i % 16].addr.b[14] = (uint8_t)(i >> 8);
		c->groups[c->n_groups - 1].elements[i % 16].addr.b[15] = (uint8_t)i;
	}
	start = seconds();
	t = fixture_compile_with(c, NULL);
	print_message("%u elements in %zu groups compiled in %.0f ms\n", i, c->n_groups,
		      (seconds() - start) * 1e3);
	assert_int_equal(t->n_elements, CX_ELEMENTS_MAX);
	assert_int_equal(t->n_sources, 1);
	names = names_of(t);
	start = seconds();
	cx_tables_free(fixture_compile_with(c, &names));
	print_message("and again, with ids by name, in %.0f ms\n", (seconds() - start) * 1e3);
	cx_tables_free(t);
	fixture_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(listeners_have_their_texts_and_policy),
	    cmocka_unit_test(listeners_are_found_by_address),
	    cmocka_unit_test(sources_hold_covering_prefixes_and_elements),
	    cmocka_unit_test(icmp_is_believed_of_whom_it_concerns),
	    cmocka_unit_test(no_ipv6_prefix_speaks_for_ipv4),
	    cmocka_unit_test(groups_and_elements_are_as_configured),
	    cmocka_unit_test(an_element_without_a_listener_is_warned_of),
	    cmocka_unit_test(dns_are_found),
	    cmocka_unit_test(what_does_not_fit_is_refused),
	    cmocka_unit_test(ids_stay_with_names),
	    cmocka_unit_test(equal_addresses_are_all_found),
	    cmocka_unit_test(a_million_routes_compile_in_less_than_a_second),
	    cmocka_unit_test(as_many_elements_as_there_are_ids_compile),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
