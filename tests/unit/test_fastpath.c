/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast path's pins from opening to removal: what a successor takes over, and
 * what keeps it from opening.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "fastpath_run.h"
#include "fastpath_tables.h"

static void test_open(void **state)
{
	struct cx_fastpath_info info;
	struct cx_fastpath *fp;
	int fd;

	kernel_or_skip();
	fp = run_open_fresh(DNS);
	fd = run_map("cx_dn");
	close(fd);
	fd = run_pinned("progs", "cx_xdp");
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

static void test_take_over(void **state)
{
	struct cx_config c = run_config(DNS);
	struct cx_tables *t = tables_make(100, 50, 1, 1, 4);
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

	kernel_or_skip();
	cx_fastpath_detach_all(run_pin_root);
	assert_int_equal(cx_fastpath_read_past(run_pin_root, &past), -ENOENT);
	fp = run_open(&c);
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

	assert_int_equal(cx_fastpath_read_past(run_pin_root, &past), 0);
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

	fp = run_open(&c);
	cx_fastpath_mirror(fp, &m);
	assert_true(run_lookup("cx_reach", &old.key, &value)); /* in force until the routes were read */
	assert_int_equal(cx_fastpath_heartbeat(fp, &meta), 0);
	assert_true(run_lookup("cx_reach", &old.key, &value));
	assert_int_equal(m.put_reach(m.ctx, &kept), 0);
	assert_int_equal(cx_fastpath_heartbeat(fp, &meta), 0);
	assert_false(run_lookup("cx_reach", &old.key, &value));
	assert_true(run_lookup("cx_reach", &kept.key, &value));
	/* the same group goes on as it is; its requests do not leave the kernel */
	assert_int_equal(m.put_tables(m.ctx, NULL, t), 0);
	assert_true(run_lookup("cx_group", &one, &g));
	assert_int_equal(g.flags, CX_GROUP_USED);
	assert_int_equal(g.elements_up, 1);
	tables_check(t);
	cx_fastpath_close(fp);
	tables_free(t);
}

static void test_other_shape(void **state)
{
	struct cx_config c = run_config(DNS * 2);
	struct cx_fastpath *fp;
	struct cx_diag diag = {0};

	kernel_or_skip();
	cx_fastpath_close(run_open_fresh(DNS));
	fp = NULL;
	assert_int_equal(cx_fastpath_open(&c, &diag, &fp), -EEXIST);
	assert_null(fp);
	assert_int_equal(diag.errors, 1);
	assert_non_null(strstr(diag.entries[0].text, "cx_dn "));
	assert_non_null(strstr(diag.entries[0].text, "entries 1000"));
	assert_non_null(strstr(diag.entries[0].hint, "cxctl fastpath detach"));
	cx_diag_clear(&diag);
	assert_int_equal(cx_fastpath_detach_all(run_pin_root), 0);
	fp = run_open(&c);
	cx_fastpath_close(fp);
}

static void test_bad_pin_root(void **state)
{
	struct cx_config c = run_config(DNS);
	struct cx_fastpath *fp = NULL;
	struct cx_diag diag = {0};

	kernel_or_skip();
	snprintf(c.pin_root, sizeof(c.pin_root), "/tmp/cxsip-test-%d", (int)getpid());
	assert_int_equal(cx_fastpath_open(&c, &diag, &fp), -ENOTSUP);
	assert_non_null(strstr(diag.entries[0].text, "not on a BPF file system"));
	assert_int_equal(access(c.pin_root, F_OK), -1);
	cx_diag_clear(&diag);
}

/* In a child, which gives the capability up for good. */
static int open_without_perfmon(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	struct cx_config c = run_config(DNS);
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

	kernel_or_skip();
	child = fork();
	if (child == 0)
		_exit(open_without_perfmon());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void test_detach_all(void **state)
{
	kernel_or_skip();
	cx_fastpath_close(run_open_fresh(DNS));
	assert_int_equal(access(run_pin_root, F_OK), 0);
	assert_int_equal(cx_fastpath_detach_all(run_pin_root), 0);
	assert_int_equal(access(run_pin_root, F_OK), -1);
	assert_int_equal(cx_fastpath_detach_all(run_pin_root), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_open, run_tear_down),
	    cmocka_unit_test_teardown(test_take_over, run_tear_down),
	    cmocka_unit_test_teardown(test_other_shape, run_tear_down),
	    cmocka_unit_test_teardown(test_bad_pin_root, run_tear_down),
	    cmocka_unit_test_teardown(test_capabilities, run_tear_down),
	    cmocka_unit_test_teardown(test_detach_all, run_tear_down),
	};

	run_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
