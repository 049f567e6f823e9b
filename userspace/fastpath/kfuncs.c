// SPDX-License-Identifier: GPL-2.0-only
/*
 * The XDP program in its other form, which calls the kernel module's
 * functions, over the same maps. The form without them stays loaded beside it
 * and can take its place at any time, which the module needs before it can be
 * unloaded: a program that calls it holds it. Loading takes the verifier a tenth
 * of a second or so.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>
#include "fastpath/internal.h"
#include "cxsip.skel.h" /* behind the ABI: they name its structs */
#include "cxsip_kfuncs.skel.h"

#define MODULE_BTF "/sys/kernel/btf/cxsip"

/* Puts a program into every link and pin. On error some links may have it. */
static int put_in_place(struct cx_fastpath *fp, int program)
{
	int before = fp->program, err = 0;
	size_t i;

	for (i = 0; i < fp->n_links && !err; i++)
		err = bpf_link_update(fp->links[i].fd, program, NULL);
	if (!err)
		err = cx_fastpath_set_program(fp, program);
	if (!err)
		return 0;
	for (i = 0; i < fp->n_links; i++)
		bpf_link_update(fp->links[i].fd, before, NULL);
	return err;
}

static int reuse_all(struct cx_fastpath *fp, struct cx_kfuncs_bpf *skeleton)
{
	int i, err = 0;

	for (i = 0; i < CX_MAP_COUNT && !err; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(skeleton->obj, cx_map_names[i]);

		err = map ? bpf_map__reuse_fd(map, fp->map[i]) : -ENOENT;
	}
	return err;
}

static int switch_on(struct cx_fastpath *fp)
{
	struct cx_kfuncs_bpf *skeleton;
	int err;

	/* the module may be loaded, and its functions registered, without their
	 * types being known: then the verifier would not find them */
	if (access(MODULE_BTF, R_OK) < 0)
		return -ENOENT;
	skeleton = cx_kfuncs_bpf__open();
	if (!skeleton)
		return -errno;
	skeleton->rodata->cx_flow_set_mask = fp->skeleton->rodata->cx_flow_set_mask;
	skeleton->rodata->cx_use_kfuncs = 1;
	err = reuse_all(fp, skeleton);
	if (!err)
		err = cx_kfuncs_bpf__load(skeleton); /* the test, at the same time */
	if (!err)
		err = put_in_place(fp, bpf_program__fd(skeleton->progs.cx_xdp));
	if (err) {
		cx_kfuncs_bpf__destroy(skeleton);
		return err;
	}
	fp->with_kfuncs = skeleton;
	return 0;
}

int cx_fastpath_use_kfuncs(struct cx_fastpath *fp, bool on)
{
	int err;

	if (on == !!fp->with_kfuncs)
		return 0;
	if (on)
		return switch_on(fp);
	err = put_in_place(fp, bpf_program__fd(fp->skeleton->progs.cx_xdp));
	if (err)
		return err;
	cx_kfuncs_close(fp);
	return 0;
}

bool cx_fastpath_uses_kfuncs(const struct cx_fastpath *fp)
{
	return fp->with_kfuncs;
}

bool cx_fastpath_kfuncs_declined(const struct cx_fastpath *fp)
{
	return fp->with_kfuncs && fp->with_kfuncs->bss->cx_kfuncs_declined;
}

void cx_kfuncs_close(struct cx_fastpath *fp)
{
	cx_kfuncs_bpf__destroy(fp->with_kfuncs);
	fp->with_kfuncs = NULL;
}
