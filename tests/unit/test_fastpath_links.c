/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The XDP program on interfaces: native and generic, another program there already,
 * interfaces that go and come again, another namespace's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "fastpath_run.h"

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
	struct cx_config c = run_config(DNS);
	struct cx_fastpath_link links[8];
	struct cx_fastpath_info before, after;
	struct cx_diag diag = {0};
	struct cx_fastpath *fp;
	int a, b, fd;

	kernel_or_skip();
	shell("ip link add cxa.1 type veth peer name cxb && ip link set cxa.1 up && ip link set cxb up");
	a = (int)if_nametoindex("cxa.1");
	b = (int)if_nametoindex("cxb");
	fp = run_open_fresh(DNS);
	assert_int_equal(cx_fastpath_attach(fp, a, CX_FASTPATH_AUTO, &diag), 0);
	assert_int_equal(cx_fastpath_links(fp, links, 8), 1);
	assert_int_equal(links[0].ifindex, a);
	assert_string_equal(links[0].ifname, "cxa.1");
	assert_string_equal(links[0].mode, "native");
	assert_int_equal(cx_fastpath_get_info(fp, &before), 0);
	assert_int_equal(on_interface(a), before.program_id);
	cx_fastpath_close(fp);
	assert_int_equal(on_interface(a), before.program_id); /* outlives us */

	fp = run_open(&c);
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
	shell("ip link del cxa.1 && ip link add cxa.1 type veth peer name cxb && ip link set cxa.1 up && "
	      "ip link set cxb up");
	a = (int)if_nametoindex("cxa.1");
	assert_int_equal(cx_fastpath_attach(fp, a, CX_FASTPATH_NATIVE, &diag), 0);
	assert_int_equal(on_interface(a), after.program_id);
	assert_int_equal(cx_fastpath_detach_interface(fp, a), 0);
	assert_int_equal(on_interface(a), 0);
	assert_int_equal(cx_fastpath_attach(fp, a, CX_FASTPATH_NATIVE, &diag), 0);
	assert_int_equal(cx_fastpath_detach_all(run_pin_root), 0); /* also while a daemon has it open */
	assert_int_equal(on_interface(a), 0);
	assert_int_equal(access(run_pin_root, F_OK), -1);
	cx_fastpath_close(fp);
	cx_diag_clear(&diag);
	shell("ip link del cxa.1");
}

/* In a child: 0 if the attach was refused as it should be. */
static int attach_in_other_namespace(int ifindex)
{
	struct cx_config c = run_config(DNS);
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

	kernel_or_skip();
	shell("ip link add cxa type veth peer name cxb");
	ifindex = (int)if_nametoindex("cxa");
	fp = run_open_fresh(DNS);
	assert_int_equal(cx_fastpath_attach(fp, ifindex, CX_FASTPATH_AUTO, &diag), 0);
	child = fork();
	if (child == 0)
		_exit(attach_in_other_namespace(ifindex));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(cx_fastpath_get_info(fp, &info), 0);
	assert_int_equal(on_interface(ifindex), info.program_id); /* ours was left alone */
	cx_fastpath_close(fp);
	shell("ip link del cxa");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(test_links, run_tear_down),
	    cmocka_unit_test_teardown(test_other_namespace, run_tear_down),
	};

	run_begin();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
