/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast path's user end against the running kernel: pins, take-over, the
 * mirror, table swaps, links. Needs root and a BPF file system; works below a
 * pin_root of its own and, for links, in a network namespace of its own.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "fastpath/fastpath.h"

#define DNS 1000u
#define BIG_DNS 100000u

static char pin_root[64];
static const char *skip_why;

static struct cx_config config(uint32_t max_dns)
{
	struct cx_config c = {.fastpath = CX_FASTPATH_AUTO,
			      .max_dns = max_dns,
			      .max_groups = 256,
			      .max_elements = 512,
			      .max_flows = 4096};

	snprintf(c.pin_root, sizeof(c.pin_root), "%s", pin_root);
	return c;
}

static struct cx_fastpath *open_with(const struct cx_config *c)
{
	struct cx_fastpath *fp = NULL;
	struct cx_diag diag = {0};
	int err = cx_fastpath_open(c, &diag, &fp);

	cx_diag_print(&diag, stderr);
	cx_diag_clear(&diag);
	assert_int_equal(err, 0);
	assert_non_null(fp);
	return fp;
}

static struct cx_fastpath *open_fresh(uint32_t max_dns)
{
	struct cx_config c = config(max_dns);

	cx_fastpath_detach_all(pin_root);
	return open_with(&c);
}

static int pinned(const char *kind, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/v%d/%s/%s", pin_root, CX_ABI, kind, name);
	return bpf_obj_get(path);
}

static int map(const char *name)
{
	int fd = pinned("maps", name);

	assert_true(fd >= 0);
	return fd;
}

static bool lookup(const char *name, const void *key, void *value)
{
	int fd = map(name), err = bpf_map_lookup_elem(fd, key, value);

	close(fd);
	return err == 0;
}

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

/* ---- tables made by hand ---------------------------------------------------- */

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

/* n DNs from `first` in steps of `step`, the group by number and salt; as many
 * prefixes as a tenth of it. */
static struct cx_tables *make_tables(uint32_t first, uint32_t n, uint32_t step, uint32_t salt, uint32_t groups)
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

		t->listeners[id] = (struct cx_listener){
			.port = (uint16_t)(5060 + i), .family = CX_IPV4, .id = (uint8_t)id, .flags = CX_LISTENER_USED};
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

static void free_tables(struct cx_tables *t)
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

/* Every record of the tables is in the maps, and nothing else. */
static void check_tables(const struct cx_tables *t)
{
	int dn = map("cx_dn"), prefix = map("cx_dn_prefix"), source = map("cx_source"), local = map("cx_local");
	size_t i, listeners = 0;

	assert_int_equal(count(dn, sizeof(struct cx_dn_key)), t->n_dn);
	for (i = 0; i < t->n_dn; i++) {
		struct cx_dn v;

		assert_int_equal(bpf_map_lookup_elem(dn, &t->dn[i].key, &v), 0);
		assert_memory_equal(&v, &t->dn[i].value, sizeof(v));
	}
	assert_int_equal(count(prefix, sizeof(struct cx_dn_key)), t->n_prefix);
	for (i = 0; i < t->n_prefix; i++) {
		struct cx_dn v;

		assert_int_equal(bpf_map_lookup_elem(prefix, &t->prefix[i].key, &v), 0);
		assert_memory_equal(&v, &t->prefix[i].value, sizeof(v));
	}
	assert_int_equal(count(source, sizeof(struct cx_lpm_key)), t->n_sources);
	for (i = 0; i < t->n_sources; i++) {
		struct cx_source v;

		assert_int_equal(bpf_map_lookup_elem(source, &t->sources[i].key, &v), 0);
		assert_memory_equal(&v, &t->sources[i].value, sizeof(v));
	}
	for (i = 0; i < CX_LISTENERS_MAX; i++) {
		const struct cx_listener *l = &t->listeners[i];
		struct cx_local_key key = {.addr = l->addr, .port = l->port, .family = l->family};
		struct cx_listener v;
		uint32_t id = (uint32_t)i, found = CX_NONE;

		assert_true(lookup("cx_listener", &id, &v));
		assert_memory_equal(&v, l, sizeof(v));
		if (!(l->flags & CX_LISTENER_USED))
			continue;
		listeners++;
		assert_int_equal(bpf_map_lookup_elem(local, &key, &found), 0);
		assert_int_equal(found, id);
	}
	assert_int_equal(count(local, sizeof(struct cx_local_key)), listeners);
	for (i = 0; i < CX_TABLES_MAX; i++) {
		struct cx_table v;
		uint32_t id = (uint32_t)i;

		assert_true(lookup("cx_table", &id, &v));
		assert_memory_equal(&v, &t->table[i], sizeof(v));
	}
	for (i = 0; i < CX_NETWORKS_MAX; i++) {
		struct cx_network v;
		uint32_t id = (uint32_t)i;

		assert_true(lookup("cx_network", &id, &v));
		assert_memory_equal(&v, &t->networks[i], sizeof(v));
	}
	close(dn);
	close(prefix);
	close(source);
	close(local);
}

static int need_kernel(void **state)
{
	if (!skip_why)
		return 0;
	print_message("skipped: %s\n", skip_why);
	skip();
	return 0;
}
#define NEED_KERNEL() need_kernel(state)

/* ---- tests ------------------------------------------------------------------- */

static void test_open(void **state)
{
	struct cx_fastpath_info info;
	struct cx_fastpath *fp;
	int fd;

	NEED_KERNEL();
	fp = open_fresh(DNS);
	fd = map("cx_dn");
	close(fd);
	fd = pinned("progs", "cx_xdp");
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(cx_fastpath_get_info(fp, &info), 0);
	assert_true(info.program_id != 0);
	assert_true(info.verified_insns > 0);
	assert_int_equal(strlen(info.tag), 16);
	assert_int_equal(info.dn_entries_max, DNS);
	assert_true(info.map_memory_bytes > 1 << 20);
	print_message("verifier: %u instructions; maps: %llu KB\n", info.verified_insns,
		      (unsigned long long)info.map_memory_bytes >> 10);
	cx_fastpath_close(fp);
}

/* The inner map's id and its contents, as far as n words. */
static uint32_t read_ring(uint32_t group, uint32_t *words, uint32_t n)
{
	uint32_t id = 0, i;
	int fd;

	if (!lookup("cx_ring", &group, &id))
		return 0;
	fd = bpf_map_get_fd_by_id(id);
	assert_true(fd >= 0);
	for (i = 0; i < n / 2; i++)
		assert_int_equal(bpf_map_lookup_elem(fd, &i, words + 2 * i), 0);
	close(fd);
	return id;
}

static struct cx_ring *make_ring(uint16_t bits, uint32_t salt)
{
	struct cx_ring *r = malloc(sizeof(*r) + (sizeof(uint32_t) << bits));
	uint32_t i;

	assert_non_null(r);
	r->bits = bits;
	for (i = 0; i < 1u << bits; i++)
		r->slots[i] = i * 2654435761u + salt;
	return r;
}

static void test_mirror(void **state)
{
	struct cx_element e = {.port = 5080, .state = CX_ELEMENT_UP, .name = "ms1"}, got_e;
	struct cx_group g = {.flags = CX_GROUP_USED, .ring_bits = 10, .name = "media"}, got_g;
	struct cx_nexthop nh = {.ifindex = 3, .mtu = 1500, .flags = CX_NEXTHOP_OK}, got_nh;
	struct cx_reach_entry reach = {.key = {.prefixlen = 128, .addr = {0x20, 1}}, .nexthop = 77};
	struct cx_key key = {.signing = 1, .hash = {{5, 6}}}, got_key;
	struct cx_flow flow = {.element = 3, .transaction = 4}, got_flow;
	struct cx_meta meta = {.abi = CX_ABI, .heartbeat_ms = 12345}, got_meta;
	struct cx_world_mirror m;
	struct cx_fastpath *fp;
	struct cx_reach got_reach;
	uint32_t id = 9, zero = 0;

	NEED_KERNEL();
	fp = open_fresh(DNS);
	cx_fastpath_mirror(fp, &m);
	assert_int_equal(m.put_element(m.ctx, id, &e), 0);
	assert_true(lookup("cx_element", &id, &got_e));
	assert_memory_equal(&e, &got_e, sizeof(e));
	assert_int_equal(m.put_group(m.ctx, id, &g), 0);
	assert_true(lookup("cx_group", &id, &got_g));
	assert_memory_equal(&g, &got_g, sizeof(g));
	assert_int_equal(m.put_nexthop(m.ctx, id, &nh), 0);
	assert_true(lookup("cx_nexthop", &id, &got_nh));
	assert_memory_equal(&nh, &got_nh, sizeof(nh));
	assert_int_equal(m.put_reach(m.ctx, &reach), 0);
	assert_true(lookup("cx_reach", &reach.key, &got_reach));
	assert_int_equal(got_reach.nexthop, 77);
	assert_int_equal(m.del_reach(m.ctx, &reach.key), 0);
	assert_false(lookup("cx_reach", &reach.key, &got_reach));
	assert_int_equal(m.put_key(m.ctx, &key), 0);
	assert_true(lookup("cx_key", &zero, &got_key));
	assert_memory_equal(&key, &got_key, sizeof(key));
	assert_int_equal(m.get_flow(m.ctx, 42, &got_flow), -ENOENT);
	assert_int_equal(m.put_flow(m.ctx, 42, &flow), 0);
	assert_int_equal(m.get_flow(m.ctx, 42, &got_flow), 0);
	assert_memory_equal(&flow, &got_flow, sizeof(flow));
	assert_int_equal(cx_fastpath_heartbeat(fp, &meta), 0);
	assert_true(lookup("cx_meta", &zero, &got_meta));
	assert_memory_equal(&meta, &got_meta, sizeof(meta));
	assert_true(m.put_element(m.ctx, 1u << 30, &e) < 0);
	cx_fastpath_close(fp);
}

static void test_ring(void **state)
{
	struct cx_ring *a, *b;
	struct cx_world_mirror m;
	struct cx_fastpath *fp;
	struct cx_group g = {.flags = CX_GROUP_USED, .ring_bits = 12}, got;
	uint32_t words[4096], first, second, id;
	double start;

	NEED_KERNEL();
	fp = open_fresh(DNS);
	cx_fastpath_mirror(fp, &m);
	a = make_ring(10, 1);
	b = make_ring(12, 2);
	start = now_ms();
	assert_int_equal(m.put_ring(m.ctx, 7, a), 0);
	print_message("a ring of %u slots is in use after %.3f ms\n", 1u << a->bits, now_ms() - start);
	first = read_ring(7, words, 1024);
	assert_true(first != 0);
	assert_memory_equal(words, a->slots, 1024 * 4);
	/* at once, while the first one's grace period runs; then its group */
	assert_int_equal(m.put_ring(m.ctx, 7, b), 0);
	assert_int_equal(m.put_group(m.ctx, 7, &g), 0);
	second = read_ring(7, words, 4096);
	assert_true(second != 0 && second != first);
	assert_memory_equal(words, b->slots, sizeof(words));
	for (id = 0; id < 256; id++) { /* more than there are threads */
		g.elements = id;
		assert_int_equal(m.put_ring(m.ctx, id, id & 1 ? a : b), 0);
		assert_int_equal(m.put_group(m.ctx, id, &g), 0);
	}
	start = now_ms();
	cx_fastpath_close(fp); /* finishes what waits */
	print_message("256 rings were settled %.1f ms later\n", now_ms() - start);
	for (id = 0; id < 256; id++) {
		assert_true(read_ring(id, words, id & 1 ? 1024 : 4096) != 0);
		assert_memory_equal(words, id & 1 ? a->slots : b->slots, id & 1 ? 4096 : 16384);
		assert_true(lookup("cx_group", &id, &got));
		assert_int_equal(got.elements, id);
	}
	free(a);
	free(b);
}

static void test_ring_removed(void **state)
{
	struct cx_group gone = {0};
	struct cx_world_mirror m;
	struct cx_fastpath *fp;
	struct cx_ring *a;
	uint32_t id = 3;

	NEED_KERNEL();
	fp = open_fresh(DNS);
	cx_fastpath_mirror(fp, &m);
	a = make_ring(10, 1);
	assert_int_equal(m.put_ring(m.ctx, 3, a), 0);
	assert_int_equal(m.put_group(m.ctx, 3, &gone), 0);
	cx_fastpath_close(fp);
	assert_false(lookup("cx_ring", &id, &id));
	free(a);
}

static void test_take_over(void **state)
{
	struct cx_config c = config(DNS);
	struct cx_tables *t = make_tables(100, 50, 1, 1, 4);
	struct cx_reach_entry old = {.key = {.prefixlen = 128, .addr = {1}}, .nexthop = 5},
			      kept = {.key = {.prefixlen = 128, .addr = {2}}, .nexthop = 6};
	struct cx_key key = {.mac = {{{1, 2}}}, .signing = 1};
	struct cx_meta meta = {.abi = CX_ABI, .generation = 3};
	struct cx_fastpath_past past;
	struct cx_world_mirror m;
	struct cx_fastpath *fp;
	struct cx_reach value;
	struct cx_group g;
	uint32_t one = 1;

	NEED_KERNEL();
	cx_fastpath_detach_all(pin_root);
	assert_int_equal(cx_fastpath_read_past(pin_root, &past), -ENOENT);
	fp = open_with(&c);
	cx_fastpath_mirror(fp, &m);
	assert_int_equal(m.put_tables(m.ctx, NULL, t), 0);
	g = t->groups[1];
	g.elements_up = 1;
	assert_int_equal(m.put_group(m.ctx, 1, &g), 0);
	assert_int_equal(m.put_key(m.ctx, &key), 0);
	assert_int_equal(m.put_reach(m.ctx, &old), 0);
	assert_int_equal(m.put_reach(m.ctx, &kept), 0);
	assert_int_equal(cx_fastpath_heartbeat(fp, &meta), 0);
	cx_fastpath_close(fp);

	assert_int_equal(cx_fastpath_read_past(pin_root, &past), 0);
	assert_int_equal(past.n_groups, 4);
	assert_int_equal(past.n_elements, 4);
	assert_string_equal((char *)past.groups[2].name, "g2");
	assert_string_equal((char *)past.elements[3].name, "e3");
	assert_int_equal(past.n_listeners, CX_LISTENERS_MAX);
	assert_memory_equal(past.listeners, t->listeners, sizeof(t->listeners));
	assert_int_equal(past.n_networks, CX_NETWORKS_MAX);
	assert_memory_equal(past.networks, t->networks, sizeof(t->networks));
	assert_int_equal(past.n_tables, CX_TABLES_MAX);
	assert_memory_equal(past.tables, t->table, sizeof(t->table));
	assert_true(past.has_key);
	assert_memory_equal(&past.key, &key, sizeof(key));
	assert_int_equal(past.meta.generation, 3);
	cx_fastpath_past_free(&past);

	fp = open_with(&c);
	cx_fastpath_mirror(fp, &m);
	assert_true(lookup("cx_reach", &old.key, &value)); /* in force until the routes were read */
	assert_int_equal(cx_fastpath_heartbeat(fp, &meta), 0);
	assert_true(lookup("cx_reach", &old.key, &value));
	assert_int_equal(m.put_reach(m.ctx, &kept), 0);
	assert_int_equal(cx_fastpath_heartbeat(fp, &meta), 0);
	assert_false(lookup("cx_reach", &old.key, &value));
	assert_true(lookup("cx_reach", &kept.key, &value));
	/* the same group goes on as it is; its requests do not leave the kernel */
	assert_int_equal(m.put_tables(m.ctx, NULL, t), 0);
	assert_true(lookup("cx_group", &one, &g));
	assert_int_equal(g.flags, CX_GROUP_USED);
	assert_int_equal(g.elements_up, 1);
	check_tables(t);
	cx_fastpath_close(fp);
	free_tables(t);
}

static void test_other_shape(void **state)
{
	struct cx_config c = config(DNS * 2);
	struct cx_fastpath *fp;
	struct cx_diag diag = {0};

	NEED_KERNEL();
	cx_fastpath_close(open_fresh(DNS));
	fp = NULL;
	assert_int_equal(cx_fastpath_open(&c, &diag, &fp), -EEXIST);
	assert_null(fp);
	assert_int_equal(diag.errors, 1);
	assert_non_null(strstr(diag.entries[0].text, "cx_dn "));
	assert_non_null(strstr(diag.entries[0].text, "entries 1000"));
	assert_non_null(strstr(diag.entries[0].hint, "cxctl fastpath detach"));
	cx_diag_clear(&diag);
	assert_int_equal(cx_fastpath_detach_all(pin_root), 0);
	fp = open_with(&c);
	cx_fastpath_close(fp);
}

static void test_bad_pin_root(void **state)
{
	struct cx_config c = config(DNS);
	struct cx_fastpath *fp = NULL;
	struct cx_diag diag = {0};

	NEED_KERNEL();
	snprintf(c.pin_root, sizeof(c.pin_root), "/tmp/cxsip-test-%d", (int)getpid());
	assert_int_equal(cx_fastpath_open(&c, &diag, &fp), -ENOTSUP);
	assert_non_null(strstr(diag.entries[0].text, "not on a BPF file system"));
	assert_int_equal(access(c.pin_root, F_OK), -1);
	cx_diag_clear(&diag);
}

static void swap_and_check(const struct cx_world_mirror *m, const struct cx_tables *old, const struct cx_tables *new)
{
	assert_int_equal(m->put_tables(m->ctx, old, new), 0);
	check_tables(new);
}

static void test_tables(void **state)
{
	struct cx_tables *a = make_tables(0, 400, 1, 0, 4), *b = make_tables(100, 500, 2, 1, 6),
			 *c = make_tables(5000, 900, 1, 2, 2);
	struct cx_world_mirror m;
	struct cx_fastpath *fp;
	struct cx_element e;
	struct cx_group g;
	uint32_t id;

	NEED_KERNEL();
	fp = open_fresh(DNS);
	cx_fastpath_mirror(fp, &m);
	swap_and_check(&m, NULL, a);
	for (id = 0; id < 4; id++) { /* new: nobody may look at a ring that is not there */
		assert_true(lookup("cx_group", &id, &g));
		assert_int_equal(g.flags, CX_GROUP_USED | CX_GROUP_EMPTY);
	}
	g = a->groups[0];
	id = 0;
	assert_int_equal(m.put_group(m.ctx, 0, &g), 0); /* live now */
	swap_and_check(&m, a, b);
	assert_true(lookup("cx_group", &id, &g));
	assert_int_equal(g.flags, CX_GROUP_USED);
	id = 5;
	assert_true(lookup("cx_group", &id, &g));
	assert_int_equal(g.flags, CX_GROUP_USED | CX_GROUP_EMPTY);
	assert_true(lookup("cx_element", &id, &e));
	assert_int_equal(e.state, CX_ELEMENT_UP);
	/* 500 + 900 do not fit into 1,000: the old ones have to make room */
	swap_and_check(&m, b, c);
	swap_and_check(&m, c, a);
	swap_and_check(&m, a, a);
	/* contents unknown, ids beyond those in use: cleared */
	swap_and_check(&m, NULL, c);
	id = 3;
	assert_true(lookup("cx_group", &id, &g));
	assert_int_equal(g.flags, 0);
	assert_true(lookup("cx_element", &id, &e));
	assert_int_equal(e.state, CX_ELEMENT_UNUSED);
	cx_fastpath_close(fp);
	free_tables(a);
	free_tables(b);
	free_tables(c);
}

static void test_tables_full(void **state)
{
	struct cx_tables *big = make_tables(0, 1200, 1, 0, 4);
	struct cx_listener l;
	struct cx_world_mirror m;
	struct cx_fastpath *fp;
	uint32_t id = 1;

	NEED_KERNEL();
	fp = open_fresh(DNS);
	cx_fastpath_mirror(fp, &m);
	assert_int_equal(m.put_tables(m.ctx, NULL, big), -E2BIG);
	/* the rest went on */
	assert_true(lookup("cx_listener", &id, &l));
	assert_int_equal(l.flags, CX_LISTENER_USED);
	cx_fastpath_close(fp);
	free_tables(big);
}

static void test_big_swap(void **state)
{
	struct cx_tables *a = make_tables(0, BIG_DNS, 1, 0, 16), *b = make_tables(0, BIG_DNS, 1, 1, 16),
			 *c = make_tables(BIG_DNS, BIG_DNS, 1, 2, 16);
	struct cx_world_mirror m;
	struct cx_fastpath *fp;
	double start, load, change, replace;

	NEED_KERNEL();
	fp = open_fresh(2 * BIG_DNS);
	cx_fastpath_mirror(fp, &m);
	start = now_ms();
	assert_int_equal(m.put_tables(m.ctx, NULL, a), 0);
	load = now_ms() - start;
	start = now_ms();
	assert_int_equal(m.put_tables(m.ctx, a, b), 0);
	change = now_ms() - start;
	start = now_ms();
	assert_int_equal(m.put_tables(m.ctx, b, c), 0);
	replace = now_ms() - start;
	print_message("100,000 DNs: load %.0f ms, every value changed %.0f ms, every DN replaced %.0f ms\n", load,
		      change, replace);
	check_tables(c);
	cx_fastpath_close(fp);
	free_tables(a);
	free_tables(b);
	free_tables(c);
}

static void test_stats(void **state)
{
	int cpus = libbpf_num_possible_cpus(), fd, i;
	struct cx_element_stats *each, sum;
	struct cx_count counts[CX_REASON_COUNT];
	struct cx_count *count_each;
	struct cx_fastpath *fp;
	uint32_t id = 4, reason = CX_R_NO_ROUTE;

	NEED_KERNEL();
	fp = open_fresh(DNS);
	each = calloc((size_t)cpus, sizeof(*each));
	count_each = calloc((size_t)cpus, sizeof(*count_each));
	for (i = 0; i < cpus; i++) {
		each[i] = (struct cx_element_stats){.calls = 1, .requests = 10, .bytes = 1000};
		count_each[i] = (struct cx_count){.packets = 2, .bytes = 30};
	}
	fd = map("cx_stat_elem");
	assert_int_equal(bpf_map_update_elem(fd, &id, each, BPF_ANY), 0);
	close(fd);
	fd = map("cx_stats");
	assert_int_equal(bpf_map_update_elem(fd, &reason, count_each, BPF_ANY), 0);
	close(fd);
	assert_int_equal(cx_fastpath_element_stats(fp, id, &sum), 0);
	assert_int_equal(sum.calls, cpus);
	assert_int_equal(sum.requests, cpus * 10);
	assert_int_equal(sum.bytes, cpus * 1000);
	assert_int_equal(cx_fastpath_element_stats(fp, 100000, &sum), -ENOENT);
	assert_int_equal(cx_fastpath_stats(fp, counts), 0);
	assert_int_equal(counts[CX_R_NO_ROUTE].packets, cpus * 2);
	assert_int_equal(counts[CX_R_NO_ROUTE].bytes, cpus * 30);
	assert_int_equal(counts[CX_R_REQUEST].packets, 0);
	free(each);
	free(count_each);
	cx_fastpath_close(fp);
}

static void test_run(void **state)
{
	uint8_t frame[64] = {0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x08, 0x06}, out[256];
	struct cx_fastpath *fp;
	size_t n = sizeof(out);
	int verdict = -1;

	NEED_KERNEL();
	fp = open_fresh(DNS);
	assert_int_equal(cx_fastpath_test_run(fp, frame, sizeof(frame), &verdict, out, &n), 0);
	assert_int_equal(verdict, 2 /* XDP_PASS: ARP is not for us */);
	assert_int_equal(n, sizeof(frame));
	assert_memory_equal(frame, out, n);
	cx_fastpath_close(fp);
}

static void run(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

static int other_program(void)
{
	struct bpf_insn pass[] = {{.code = 0xb7, .imm = 2}, {.code = 0x95}};

	return bpf_prog_load(BPF_PROG_TYPE_XDP, "other", "GPL", pass, 2, NULL);
}

static uint32_t on_interface(int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, q);

	assert_int_equal(bpf_xdp_query(ifindex, 0, &q), 0);
	return q.prog_id;
}

static void test_links(void **state)
{
	struct cx_config c = config(DNS);
	struct cx_fastpath_link links[8];
	struct cx_fastpath_info before, after;
	struct cx_diag diag = {0};
	struct cx_fastpath *fp;
	int a, b, fd;

	NEED_KERNEL();
	run("ip link add cxa.1 type veth peer name cxb && ip link set cxa.1 up && ip link set cxb up");
	a = (int)if_nametoindex("cxa.1");
	b = (int)if_nametoindex("cxb");
	fp = open_fresh(DNS);
	assert_int_equal(cx_fastpath_attach(fp, a, CX_FASTPATH_AUTO, &diag), 0);
	assert_int_equal(cx_fastpath_links(fp, links, 8), 1);
	assert_int_equal(links[0].ifindex, a);
	assert_string_equal(links[0].ifname, "cxa.1");
	assert_string_equal(links[0].mode, "native");
	assert_int_equal(cx_fastpath_get_info(fp, &before), 0);
	assert_int_equal(on_interface(a), before.program_id);
	cx_fastpath_close(fp);
	assert_int_equal(on_interface(a), before.program_id); /* outlives us */

	fp = open_with(&c);
	assert_int_equal(cx_fastpath_get_info(fp, &after), 0);
	assert_int_not_equal(after.program_id, before.program_id);
	assert_int_equal(cx_fastpath_attach(fp, a, CX_FASTPATH_AUTO, &diag), 0);
	assert_int_equal(on_interface(a), after.program_id);
	assert_int_equal(cx_fastpath_attach(fp, a, CX_FASTPATH_GENERIC, &diag), 0); /* another mode */
	assert_int_equal(cx_fastpath_links(fp, links, 8), 1);
	assert_string_equal(links[0].mode, "generic");

	fd = other_program();
	assert_true(fd >= 0);
	assert_int_equal(bpf_xdp_attach(b, fd, 0, NULL), 0);
	assert_true(cx_fastpath_attach(fp, b, CX_FASTPATH_AUTO, &diag) < 0);
	assert_int_equal(diag.errors, 1);
	assert_non_null(strstr(diag.entries[0].text, "cxb already runs another XDP program"));
	assert_non_null(strstr(diag.entries[0].text, "other"));
	cx_diag_clear(&diag);
	assert_int_equal(bpf_xdp_detach(b, 0, NULL), 0);
	close(fd);

	/* the interface goes, and another comes under its name */
	run("ip link del cxa.1 && ip link add cxa.1 type veth peer name cxb && ip link set cxa.1 up && "
	    "ip link set cxb up");
	a = (int)if_nametoindex("cxa.1");
	assert_int_equal(cx_fastpath_attach(fp, a, CX_FASTPATH_NATIVE, &diag), 0);
	assert_int_equal(on_interface(a), after.program_id);
	assert_int_equal(cx_fastpath_detach_interface(fp, a), 0);
	assert_int_equal(on_interface(a), 0);
	assert_int_equal(cx_fastpath_attach(fp, a, CX_FASTPATH_NATIVE, &diag), 0);
	assert_int_equal(cx_fastpath_detach_all(pin_root), 0); /* also while a daemon has it open */
	assert_int_equal(on_interface(a), 0);
	assert_int_equal(access(pin_root, F_OK), -1);
	cx_fastpath_close(fp);
	cx_diag_clear(&diag);
	run("ip link del cxa.1");
}

/* In a child: 0 if the attach was refused as it should be. */
static int attach_in_other_namespace(int ifindex)
{
	struct cx_config c = config(DNS);
	struct cx_fastpath *fp = NULL;
	struct cx_diag diag = {0};
	char line[128];

	snprintf(line, sizeof(line), "ip link add cxc index %d type veth peer name cxd", ifindex);
	if (unshare(CLONE_NEWNET) != 0 || system(line) != 0 || cx_fastpath_open(&c, &diag, &fp) != 0)
		return 1;
	if (cx_fastpath_attach(fp, ifindex, CX_FASTPATH_AUTO, &diag) != -EXDEV || diag.errors != 1)
		return 2;
	return strstr(diag.entries[0].text, "another network namespace") ? 0 : 3;
}

static void test_other_namespace(void **state)
{
	struct cx_fastpath_info info;
	struct cx_diag diag = {0};
	struct cx_fastpath *fp;
	int ifindex, status = -1;
	pid_t child;

	NEED_KERNEL();
	run("ip link add cxa type veth peer name cxb");
	ifindex = (int)if_nametoindex("cxa");
	fp = open_fresh(DNS);
	assert_int_equal(cx_fastpath_attach(fp, ifindex, CX_FASTPATH_AUTO, &diag), 0);
	child = fork();
	if (child == 0)
		_exit(attach_in_other_namespace(ifindex));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(cx_fastpath_get_info(fp, &info), 0);
	assert_int_equal(on_interface(ifindex), info.program_id); /* ours was left alone */
	cx_fastpath_close(fp);
	run("ip link del cxa");
}

/* In a child, which gives the capability up for good. */
static int open_without_perfmon(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	struct cx_config c = config(DNS);
	struct cx_fastpath *fp = NULL;
	struct cx_diag diag = {0};

	if (syscall(SYS_capget, &header, data) != 0)
		return 1;
	data[CAP_PERFMON / 32].effective &= ~(1u << (CAP_PERFMON % 32));
	if (syscall(SYS_capset, &header, data) != 0)
		return 2;
	if (cx_fastpath_open(&c, &diag, &fp) != -EPERM || diag.errors != 1)
		return 3;
	return strcmp(diag.entries[0].text, "the fast path needs CAP_PERFMON") == 0 ? 0 : 4;
}

static void test_capabilities(void **state)
{
	int status = -1;
	pid_t child;

	NEED_KERNEL();
	child = fork();
	if (child == 0)
		_exit(open_without_perfmon());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_detach_all(void **state)
{
	NEED_KERNEL();
	cx_fastpath_close(open_fresh(DNS));
	assert_int_equal(access(pin_root, F_OK), 0);
	assert_int_equal(cx_fastpath_detach_all(pin_root), 0);
	assert_int_equal(access(pin_root, F_OK), -1);
	assert_int_equal(cx_fastpath_detach_all(pin_root), 0);
}

static void test_lock(void **state)
{
	char dir[] = "/tmp/cxsip-lock-XXXXXX", path[64];
	int fd = -1, again = -1, holder = 0, status = -1;
	pid_t child;

	assert_non_null(mkdtemp(dir));
	assert_int_equal(cx_lock_take(dir, &fd, &holder), 0);
	child = fork();
	if (child == 0) {
		int mine = -1, held_by = 0, err = cx_lock_take(dir, &mine, &held_by);

		_exit(err == -EBUSY && held_by == getppid() ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(cx_lock_take(dir, &again, &holder), -EBUSY);
	assert_int_equal(holder, getpid());
	close(fd);
	assert_int_equal(cx_lock_take(dir, &again, &holder), 0); /* the file stays, the lock went */
	close(again);
	snprintf(path, sizeof(path), "%s/cxsipd.lock", dir);
	unlink(path);
	rmdir(dir);
}

static int tear_down(void **state)
{
	cx_fastpath_detach_all(pin_root);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lock),
		cmocka_unit_test_teardown(test_open, tear_down),
		cmocka_unit_test_teardown(test_mirror, tear_down),
		cmocka_unit_test_teardown(test_ring, tear_down),
		cmocka_unit_test_teardown(test_ring_removed, tear_down),
		cmocka_unit_test_teardown(test_take_over, tear_down),
		cmocka_unit_test_teardown(test_other_shape, tear_down),
		cmocka_unit_test_teardown(test_bad_pin_root, tear_down),
		cmocka_unit_test_teardown(test_tables, tear_down),
		cmocka_unit_test_teardown(test_tables_full, tear_down),
		cmocka_unit_test_teardown(test_big_swap, tear_down),
		cmocka_unit_test_teardown(test_stats, tear_down),
		cmocka_unit_test_teardown(test_run, tear_down),
		cmocka_unit_test_teardown(test_links, tear_down),
		cmocka_unit_test_teardown(test_other_namespace, tear_down),
		cmocka_unit_test_teardown(test_capabilities, tear_down),
		cmocka_unit_test_teardown(test_detach_all, tear_down),
	};

	if (geteuid() != 0)
		skip_why = "not root";
	else if (access("/sys/fs/bpf", F_OK) != 0)
		skip_why = "the kernel has no BPF file system";
	else if (unshare(CLONE_NEWNET) != 0)
		skip_why = "no network namespace of our own";
	snprintf(pin_root, sizeof(pin_root), "/sys/fs/bpf/cxsip-test-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
