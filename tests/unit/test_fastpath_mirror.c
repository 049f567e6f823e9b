/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast path as the live world's mirror: every single write is in its map, rings
 * are whole before they are in use; and what is read back: counters, verdicts.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "fastpath_run.h"

/* The inner map's id and its contents, as far as n words. */
static uint32_t read_ring(uint32_t group, uint32_t *words, uint32_t n)
{
	uint32_t id = 0, i;
	int fd;

	if (!run_lookup("cx_ring", &group, &id))
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

	kernel_or_skip();
	fp = run_open_fresh(DNS);
	cx_fastpath_mirror(fp, &m);
	assert_int_equal(m.put_element(m.ctx, id, &e), 0);
	assert_true(run_lookup("cx_element", &id, &got_e));
	assert_memory_equal(&e, &got_e, sizeof(e));
	assert_int_equal(m.put_group(m.ctx, id, &g), 0);
	assert_true(run_lookup("cx_group", &id, &got_g));
	assert_memory_equal(&g, &got_g, sizeof(g));
	assert_int_equal(m.put_nexthop(m.ctx, id, &nh), 0);
	assert_true(run_lookup("cx_nexthop", &id, &got_nh));
	assert_memory_equal(&nh, &got_nh, sizeof(nh));
	assert_int_equal(m.put_reach(m.ctx, &reach), 0);
	assert_true(run_lookup("cx_reach", &reach.key, &got_reach));
	assert_int_equal(got_reach.nexthop, 77);
	assert_int_equal(m.del_reach(m.ctx, &reach.key), 0);
	assert_false(run_lookup("cx_reach", &reach.key, &got_reach));
	assert_int_equal(m.put_key(m.ctx, &key), 0);
	assert_true(run_lookup("cx_key", &zero, &got_key));
	assert_memory_equal(&key, &got_key, sizeof(key));
	assert_int_equal(m.get_flow(m.ctx, 42, &got_flow), -ENOENT);
	assert_int_equal(m.put_flow(m.ctx, 42, &flow), 0);
	assert_int_equal(m.get_flow(m.ctx, 42, &got_flow), 0);
	assert_memory_equal(&flow, &got_flow, sizeof(flow));
	assert_int_equal(cx_fastpath_heartbeat(fp, &meta), 0);
	assert_true(run_lookup("cx_meta", &zero, &got_meta));
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

	kernel_or_skip();
	fp = run_open_fresh(DNS);
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
		assert_true(run_lookup("cx_group", &id, &got));
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

	kernel_or_skip();
	fp = run_open_fresh(DNS);
	cx_fastpath_mirror(fp, &m);
	a = make_ring(10, 1);
	assert_int_equal(m.put_ring(m.ctx, 3, a), 0);
	assert_int_equal(m.put_group(m.ctx, 3, &gone), 0);
	cx_fastpath_close(fp);
	assert_false(run_lookup("cx_ring", &id, &id));
	free(a);
}

static void test_stats(void **state)
{
	int cpus = libbpf_num_possible_cpus(), fd, i;
	struct cx_element_stats *each, sum;
	struct cx_count counts[CX_REASON_COUNT];
	struct cx_count *count_each;
	struct cx_fastpath *fp;
	uint32_t id = 4, reason = CX_R_NO_ROUTE;

	kernel_or_skip();
	fp = run_open_fresh(DNS);
	each = calloc((size_t)cpus, sizeof(*each));
	count_each = calloc((size_t)cpus, sizeof(*count_each));
	for (i = 0; i < cpus; i++) {
		each[i] = (struct cx_element_stats){.calls = 1, .requests = 10, .bytes = 1000};
		count_each[i] = (struct cx_count){.packets = 2, .bytes = 30};
	}
	fd = run_map("cx_stat_elem");
	assert_int_equal(bpf_map_update_elem(fd, &id, each, BPF_ANY), 0);
	close(fd);
	fd = run_map("cx_stats");
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

	kernel_or_skip();
	fp = run_open_fresh(DNS);
	assert_int_equal(cx_fastpath_test_run(fp, frame, sizeof(frame), &verdict, out, &n), 0);
	assert_int_equal(verdict, 2 /* XDP_PASS: ARP is not for us */);
	assert_int_equal(n, sizeof(frame));
	assert_memory_equal(frame, out, n);
	cx_fastpath_close(fp);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_mirror, run_tear_down),
	    cmocka_unit_test_teardown(test_ring, run_tear_down),
	    cmocka_unit_test_teardown(test_ring_removed, run_tear_down),
	    cmocka_unit_test_teardown(test_stats, run_tear_down),
	    cmocka_unit_test_teardown(test_run, run_tear_down),
	};

	run_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
