/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "fastpath_run.h"
#include "fastpath_tables.h"

static void set_dn(struct cx_dn_entry *e, uint8_t table, uint32_t number, uint32_t group)
{
	char text[16];

	memset(e, 0, sizeof(*e));
	snprintf(text, sizeof(text), "%09u", number);
	e->key.table = table;
	e->key.len = 9;
	memcpy(e->key.user, text, 9);
	e->value.group = group;
}

static int compare_dn(const void *a, const void *b)
{
	return memcmp(&((const struct cx_dn_entry *)a)->key, &((const struct cx_dn_entry *)b)->key,
		      sizeof(struct cx_dn_key));
}

struct cx_tables *tables_make(uint32_t first, uint32_t n, uint32_t step, uint32_t salt, uint32_t groups)
{
	struct cx_tables *t = calloc(1, sizeof(*t));
	uint32_t i;

	assert_non_null(t);
	t->dn = calloc(n, sizeof(*t->dn));
	t->prefix = calloc(n / 10 + 1, sizeof(*t->prefix));
	t->sources = calloc(64, sizeof(*t->sources));
	t->groups = calloc(groups, sizeof(*t->groups));
	t->elements = calloc(groups, sizeof(*t->elements));
	for (i = 0; i < n; i++)
		set_dn(&t->dn[t->n_dn++], 0, first + i * step, ((first + i * step) * 7 + salt) % groups);
	for (i = 0; i < n / 10; i++)
		set_dn(&t->prefix[t->n_prefix++], 1, first + i * 3, (i + salt) % groups);
	qsort(t->dn, t->n_dn, sizeof(*t->dn), compare_dn);
	qsort(t->prefix, t->n_prefix, sizeof(*t->prefix), compare_dn);
	t->table[1].prefix_lengths = 1u << (9 + salt % 3);
	for (i = 0; i < 20 + salt % 20; i++) {
		t->sources[i].key.prefixlen = 128 - i;
		t->sources[i].key.addr[0] = (uint8_t)(0x20 + salt % 3);
		t->sources[i].value.networks = 1u + salt;
		t->n_sources++;
	}
	for (i = 0; i < 3; i++) {
		uint32_t id = (i + salt) % 5;

		t->listeners[id] = (struct cx_listener){.port = (uint16_t)(5060 + i),
							.family = CX_IPV4,
							.id = (uint8_t)id,
							.flags = CX_LISTENER_USED};
		t->listeners[id].addr.b[15] = (uint8_t)(salt + i);
		t->n_listeners++;
	}
	t->networks[salt % 3] = (struct cx_network){.flags = CX_NETWORK_USED};
	t->n_groups = t->n_elements = groups;
	for (i = 0; i < groups; i++) {
		t->groups[i].flags = CX_GROUP_USED;
		t->groups[i].ring_bits = CX_RING_BITS_MIN;
		snprintf((char *)t->groups[i].name, CX_NAME_SIZE, "g%u", i);
		t->elements[i].state = CX_ELEMENT_UP;
		t->elements[i].group = i;
		snprintf((char *)t->elements[i].name, CX_NAME_SIZE, "e%u", i);
	}
	return t;
}

void tables_free(struct cx_tables *t)
{
	free(t->dn);
	free(t->prefix);
	free(t->sources);
	free(t->groups);
	free(t->elements);
	free(t);
}

static size_t count(int fd, size_t key_size)
{
	uint8_t key[64], next[64];
	const void *at = NULL;
	size_t n = 0;

	while (bpf_map_get_next_key(fd, at, next) == 0) {
		memcpy(key, next, key_size);
		at = key;
		n++;
	}
	return n;
}

static void check_dns(const char *name, const struct cx_dn_entry *entries, size_t n)
{
	int fd = run_map(name);
	size_t i;

	assert_int_equal(count(fd, sizeof(struct cx_dn_key)), n);
	for (i = 0; i < n; i++) {
		struct cx_dn v;

		assert_int_equal(bpf_map_lookup_elem(fd, &entries[i].key, &v), 0);
		assert_memory_equal(&v, &entries[i].value, sizeof(v));
	}
	close(fd);
}

static void check_sources(const struct cx_tables *t)
{
	int fd = run_map("cx_source");
	size_t i;

	assert_int_equal(count(fd, sizeof(struct cx_lpm_key)), t->n_sources);
	for (i = 0; i < t->n_sources; i++) {
		struct cx_source v;

		assert_int_equal(bpf_map_lookup_elem(fd, &t->sources[i].key, &v), 0);
		assert_memory_equal(&v, &t->sources[i].value, sizeof(v));
	}
	close(fd);
}

static void check_array(const char *name, const void *values, size_t size, uint32_t n)
{
	uint8_t v[256];
	uint32_t id;

	assert_true(size <= sizeof(v));
	for (id = 0; id < n; id++) {
		assert_true(run_lookup(name, &id, v));
		assert_memory_equal(v, (const uint8_t *)values + id * size, size);
	}
}

static void check_local(const struct cx_tables *t)
{
	int fd = run_map("cx_local");
	size_t listeners = 0;
	uint32_t id, found;

	for (id = 0; id < CX_LISTENERS_MAX; id++) {
		const struct cx_listener *l = &t->listeners[id];
		struct cx_local_key key = {.addr = l->addr, .port = l->port, .family = l->family};

		if (!(l->flags & CX_LISTENER_USED))
			continue;
		listeners++;
		found = CX_NONE;
		assert_int_equal(bpf_map_lookup_elem(fd, &key, &found), 0);
		assert_int_equal(found, id);
	}
	assert_int_equal(count(fd, sizeof(struct cx_local_key)), listeners);
	close(fd);
}

void tables_check(const struct cx_tables *t)
{
	check_dns("cx_dn", t->dn, t->n_dn);
	check_dns("cx_dn_prefix", t->prefix, t->n_prefix);
	check_sources(t);
	check_array("cx_listener", t->listeners, sizeof(t->listeners[0]), CX_LISTENERS_MAX);
	check_array("cx_table", t->table, sizeof(t->table[0]), CX_TABLES_MAX);
	check_array("cx_network", t->networks, sizeof(t->networks[0]), CX_NETWORKS_MAX);
	check_local(t);
}
