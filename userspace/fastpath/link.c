/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Attaching by bpf_link. A link is pinned under its interface's name, so it
 * outlives the daemon; the next daemon finds it by interface number and puts
 * its own program in without a gap (detach and attach would make some drivers
 * reset their queues).
 */
#include <dirent.h>
#include <errno.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "fastpath/internal.h"

static int link_info(int fd, struct bpf_link_info *info)
{
	uint32_t size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(fd, info, &size);
}

/* Looks through links/ for the one on ifindex. Pins whose interface is gone
 * are removed on the way. The descriptor, or -ENOENT. */
static int find_pinned(const struct cx_fastpath *fp, int ifindex, char path[CX_PIN_PATH])
{
	char directory[CX_PIN_PATH], candidate[CX_PIN_PATH];
	struct bpf_link_info info;
	struct dirent *e;
	int found = -ENOENT, fd;
	DIR *d;

	if (cx_pin_path(directory, fp->pin_root, "links", NULL))
		return -ENAMETOOLONG;
	d = opendir(directory);
	if (!d)
		return -errno;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.' || cx_pin_path(candidate, fp->pin_root, "links", e->d_name))
			continue;
		fd = bpf_obj_get(candidate);
		if (fd < 0)
			continue;
		if (link_info(fd, &info) == 0 && info.type == BPF_LINK_TYPE_XDP) {
			if (info.xdp.ifindex == 0)
				unlink(candidate);
			if (info.xdp.ifindex == (uint32_t)ifindex && found < 0) {
				found = fd;
				memcpy(path, candidate, CX_PIN_PATH);
				continue;
			}
		}
		close(fd);
	}
	closedir(d);
	return found;
}

/* The program that is on the interface now, 0: none. */
static uint32_t attached_program(int ifindex, bool *native)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query(ifindex, 0, &query))
		return 0;
	*native = query.attach_mode == XDP_ATTACHED_DRV || query.attach_mode == XDP_ATTACHED_HW;
	return query.drv_prog_id ? query.drv_prog_id : query.skb_prog_id ? query.skb_prog_id : query.prog_id;
}

static void complain_busy(int ifindex, const char *ifname, struct cx_diag *diag)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info), id;
	bool native = false;
	int fd;

	id = attached_program(ifindex, &native);
	fd = id ? bpf_prog_get_fd_by_id(id) : -1;
	if (fd >= 0) {
		bpf_obj_get_info_by_fd(fd, &info, &size);
		close(fd);
	}
	cx_diag_error(diag, NULL, 0,
		      "only one XDP program runs on an interface: stop the tool that attached it "
		      "(`bpftool net`, `bpftool link` show it; `ip link set dev IF xdp off` removes one without a "
		      "link), or leave this interface out of fastpath_interfaces",
		      "interface %s already runs another XDP program (id %u%s%s%s)", ifname, id,
		      info.name[0] ? ", name " : "", info.name, native ? ", native" : "");
}

static int create(struct cx_fastpath *fp, int ifindex, bool native)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE);

	return bpf_link_create(fp->program, ifindex, BPF_XDP, &opts);
}

/* A new link as mode says; auto falls back, with a warning that says why. */
static int create_any(struct cx_fastpath *fp, int ifindex, const char *ifname, enum cx_fastpath_mode mode,
		      struct cx_diag *diag)
{
	bool native = mode != CX_FASTPATH_GENERIC;
	int fd = create(fp, ifindex, native);

	if (fd < 0 && mode == CX_FASTPATH_AUTO && fd != -EBUSY && fd != -EEXIST && fd != -ENODEV) {
		cx_diag_warn(diag, NULL, 0,
			     "it works, at a lower rate; `cxctl doctor` says what keeps the driver from it (MTU, "
			     "queues, offloads)",
			     "interface %s: no native XDP (%s), using generic", ifname, strerror(-fd));
		fd = create(fp, ifindex, false);
		native = false;
	}
	if (fd == -EBUSY || fd == -EEXIST)
		complain_busy(ifindex, ifname, diag);
	else if (fd < 0)
		cx_diag_error(diag, NULL, 0,
			      native ? "fastpath = \"auto\" falls back to generic XDP" :
				       "fastpath = \"off\" works without XDP",
			      "interface %s: cannot attach in %s mode: %s", ifname, native ? "native" : "generic",
			      strerror(-fd));
	return fd;
}

static int pin_link(struct cx_fastpath *fp, int fd, const char *ifname, struct cx_diag *diag)
{
	char name[16], path[CX_PIN_PATH];
	int err;

	cx_pin_link_name(ifname, name);
	err = cx_pin_path(path, fp->pin_root, "links", name);
	if (!err)
		err = bpf_obj_pin(fd, path);
	if (err == -EEXIST) { /* of an interface that had this name before and was renamed */
		snprintf(name, sizeof(name), "if%u", if_nametoindex(ifname));
		err = cx_pin_path(path, fp->pin_root, "links", name);
		if (!err)
			err = bpf_obj_pin(fd, path);
	}
	if (err)
		cx_diag_error(diag, path, 0, NULL, "cannot pin the link: %s", strerror(-err));
	return err;
}

static int remember(struct cx_fastpath *fp, int fd, int ifindex, const char *ifname)
{
	struct cx_attached *a = NULL;
	bool native = false;
	size_t i;

	for (i = 0; i < fp->n_links && !a; i++)
		if (fp->links[i].shown.ifindex == ifindex)
			a = &fp->links[i];
	if (a) {
		close(a->fd);
	} else {
		if (fp->n_links == CX_LINKS_MAX)
			return -ENOSPC;
		a = &fp->links[fp->n_links++];
	}
	attached_program(ifindex, &native);
	a->fd = fd;
	a->shown.ifindex = ifindex;
	snprintf(a->shown.ifname, sizeof(a->shown.ifname), "%s", ifname);
	snprintf(a->shown.mode, sizeof(a->shown.mode), "%s", native ? "native" : "generic");
	return 0;
}

/* Puts our program into a pinned link. -EAGAIN: it is attached in a mode that
 * is not wanted any more and was taken off. */
static int take_over(struct cx_fastpath *fp, int fd, const char *path, int ifindex, const char *ifname,
		     enum cx_fastpath_mode mode, struct cx_diag *diag)
{
	struct bpf_link_info info;
	bool native = false;
	int err = link_info(fd, &info);

	if (err)
		return err;
	/* Interface numbers repeat in network namespaces. */
	if (attached_program(ifindex, &native) != info.prog_id) {
		cx_diag_error(diag, path, 0, "give each network namespace a pin_root of its own",
			      "the pinned link belongs to an interface with number %d in another network namespace",
			      ifindex);
		return -EXDEV;
	}
	if ((mode == CX_FASTPATH_NATIVE && !native) || (mode == CX_FASTPATH_GENERIC && native)) {
		bpf_link_detach(fd);
		unlink(path);
		return -EAGAIN;
	}
	err = bpf_link_update(fd, fp->program, NULL);
	if (err)
		cx_diag_error(diag, path, 0, "`cxctl fastpath detach`, then attach again",
			      "interface %s: cannot replace the running program: %s", ifname, strerror(-err));
	return err;
}

int cx_fastpath_attach(struct cx_fastpath *fp, int ifindex, enum cx_fastpath_mode mode, struct cx_diag *diag)
{
	char ifname[IF_NAMESIZE], path[CX_PIN_PATH];
	int fd, err;

	if (mode == CX_FASTPATH_OFF)
		return -EINVAL;
	if (!if_indextoname((unsigned)ifindex, ifname)) {
		err = -errno;
		cx_diag_error(diag, NULL, 0, NULL, "no interface with number %d", ifindex);
		return err;
	}
	fd = find_pinned(fp, ifindex, path);
	if (fd >= 0) {
		err = take_over(fp, fd, path, ifindex, ifname, mode, diag);
		if (err != -EAGAIN)
			goto out;
		close(fd);
	}
	fd = create_any(fp, ifindex, ifname, mode, diag);
	if (fd < 0)
		return fd;
	err = pin_link(fp, fd, ifname, diag);
out:
	if (!err)
		err = remember(fp, fd, ifindex, ifname);
	if (err)
		close(fd);
	return err;
}

int cx_fastpath_detach_interface(struct cx_fastpath *fp, int ifindex)
{
	char path[CX_PIN_PATH];
	int fd, err = -ENOENT;
	size_t i;

	fd = find_pinned(fp, ifindex, path);
	if (fd >= 0) {
		err = bpf_link_detach(fd);
		unlink(path);
		close(fd);
	}
	for (i = 0; i < fp->n_links; i++) {
		if (fp->links[i].shown.ifindex != ifindex)
			continue;
		close(fp->links[i].fd);
		fp->links[i] = fp->links[--fp->n_links];
		return err == -ENOENT ? 0 : err;
	}
	return err;
}

size_t cx_fastpath_links(const struct cx_fastpath *fp, struct cx_fastpath_link *links, size_t max)
{
	size_t i;

	for (i = 0; i < fp->n_links && i < max; i++)
		links[i] = fp->links[i].shown;
	return fp->n_links;
}
