/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "fastpath_run.h"

char run_pin_root[64];

void run_begin(void)
{
	if (access("/sys/fs/bpf", F_OK) != 0)
		kernel_missing = "the kernel has no BPF file system";
	kernel_begin();
	snprintf(run_pin_root, sizeof(run_pin_root), "/sys/fs/bpf/cxsip-test-%d", (int)getpid());
}

int run_tear_down(void **state)
{
	cx_fastpath_detach_all(run_pin_root);
	return 0;
}

struct cx_config run_config(uint32_t max_dns)
{
	struct cx_config c = {.fastpath = CX_FASTPATH_AUTO,
			      .max_dns = max_dns,
			      .max_groups = 256,
			      .max_elements = 512,
			      .max_flows = 4096};

	snprintf(c.pin_root, sizeof(c.pin_root), "%s", run_pin_root);
	return c;
}

struct cx_fastpath *run_open(const struct cx_config *c)
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

struct cx_fastpath *run_open_fresh(uint32_t max_dns)
{
	struct cx_config c = run_config(max_dns);

	cx_fastpath_detach_all(run_pin_root);
	return run_open(&c);
}

int run_pinned(const char *kind, const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/v%d/%s/%s", run_pin_root, CX_ABI, kind, name);
	return bpf_obj_get(path);
}

int run_map(const char *name)
{
	int fd = run_pinned("maps", name);

	assert_true(fd >= 0);
	return fd;
}

bool run_lookup(const char *name, const void *key, void *value)
{
	int fd = run_map(name), err = bpf_map_lookup_elem(fd, key, value);

	close(fd);
	return err == 0;
}
