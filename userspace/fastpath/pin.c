/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the pins are, and how they go away. The ABI number is part of the
 * path: daemons of different map layouts never meet in one directory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>
#include "fastpath/internal.h"

#define BPFFS "/sys/fs/bpf"

static const char *const kinds[] = {"links", "progs", "maps"};

int cx_pin_path(char path[CX_PIN_PATH], const char *pin_root, const char *kind, const char *name)
{
	int n = snprintf(path, CX_PIN_PATH, "%s/v%d/%s%s%s", pin_root, CX_ABI, kind, name ? "/" : "",
			 name ? name : "");

	return n < 0 || n >= CX_PIN_PATH ? -ENAMETOOLONG : 0;
}

void cx_pin_link_name(const char *ifname, char name[16])
{
	size_t i;

	/* ':' is the one character that no interface name can have. */
	for (i = 0; i < 15 && ifname[i]; i++)
		name[i] = ifname[i] == '.' ? ':' : ifname[i];
	name[i] = '\0';
}

static bool is_bpffs(const char *path)
{
	struct statfs st;

	return statfs(path, &st) == 0 && (unsigned long)st.f_type == BPF_FS_MAGIC;
}

/* mkdir -p, but only on a BPF file system: a pin_root on a disk would look
 * right until the first pin fails. */
static int make_directories(const char *path, struct cx_diag *diag)
{
	char part[CX_PIN_PATH];
	size_t n = strlen(path), i;
	bool exists = true;

	if (n >= sizeof(part) || path[0] != '/')
		return -EINVAL;
	for (i = 1; i <= n; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (exists && access(part, F_OK) == 0)
			continue;
		if (exists) {
			char parent[CX_PIN_PATH];
			char *slash;

			memcpy(parent, part, i + 1);
			slash = strrchr(parent, '/');
			slash[slash == parent ? 1 : 0] = '\0';
			exists = false;
			if (!is_bpffs(parent)) {
				cx_diag_error(diag, NULL, 0,
					      "mount one (mount -t bpf bpf " BPFFS
					      ") and set pin_root to a directory below it",
					      "pin_root %s is not on a BPF file system", path);
				return -ENOTSUP;
			}
		}
		if (mkdir(part, 0700) < 0 && errno != EEXIST) {
			int err = -errno;

			cx_diag_error(diag, NULL, 0, "the daemon must own pin_root, or run as root",
				      "cannot create %s: %s", part, strerror(-err));
			return err;
		}
	}
	if (is_bpffs(path))
		return 0;
	cx_diag_error(diag, NULL, 0, "set pin_root to a directory below " BPFFS,
		      "pin_root %s is not on a BPF file system", path);
	return -ENOTSUP;
}

int cx_pin_prepare(const char *pin_root, struct cx_diag *diag)
{
	char path[CX_PIN_PATH];
	size_t i;
	int err;

	if (strncmp(pin_root, BPFFS "/", sizeof(BPFFS)) == 0 && access(BPFFS, F_OK) == 0 && !is_bpffs(BPFFS) &&
	    mount("bpf", BPFFS, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700") < 0) {
		err = -errno;
		cx_diag_error(diag, NULL, 0, "as root: mount -t bpf bpf " BPFFS,
			      "no BPF file system at " BPFFS ", and mounting it failed: %s", strerror(-err));
		return err;
	}
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		err = cx_pin_path(path, pin_root, kinds[i], NULL);
		if (!err)
			err = make_directories(path, diag);
		if (err)
			return err;
	}
	return 0;
}

/* A link's pin may not be its last reference (a daemon may hold it open):
 * detach it, do not just unlink it. */
static void detach_pin(int dir, const char *directory, const char *name)
{
	char path[CX_PIN_PATH];
	int n, fd;

	n = snprintf(path, sizeof(path), "%s/%s", directory, name);
	if (n > 0 && (size_t)n < sizeof(path)) {
		fd = bpf_obj_get(path);
		if (fd >= 0) {
			bpf_link_detach(fd);
			close(fd);
		}
	}
	unlinkat(dir, name, 0);
}

static int empty_directory(const char *directory, bool links)
{
	DIR *d = opendir(directory);
	struct dirent *e;
	int err = 0;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		if (links)
			detach_pin(dirfd(d), directory, e->d_name);
		else
			unlinkat(dirfd(d), e->d_name, 0);
	}
	closedir(d);
	if (rmdir(directory) < 0)
		err = -errno;
	return err;
}

static int remove_version(const char *pin_root, const char *version)
{
	char path[CX_PIN_PATH];
	int err = 0, n, r;
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		n = snprintf(path, sizeof(path), "%s/%s/%s", pin_root, version, kinds[i]);
		if (n < 0 || (size_t)n >= sizeof(path))
			return -ENAMETOOLONG;
		r = empty_directory(path, i == 0);
		if (r && !err)
			err = r;
	}
	n = snprintf(path, sizeof(path), "%s/%s", pin_root, version);
	if (n > 0 && (size_t)n < sizeof(path) && rmdir(path) < 0 && !err)
		err = -errno;
	return err;
}

static bool is_version(const char *name)
{
	return name[0] == 'v' && name[1] && strspn(name + 1, "0123456789") == strlen(name + 1);
}

/* Pins of every ABI version: whoever asks to detach wants no program left. */
int cx_fastpath_detach_all(const char *pin_root)
{
	DIR *d = opendir(pin_root);
	struct dirent *e;
	int err = 0, r;

	if (!d)
		return errno == ENOENT ? 0 : -errno;
	while ((e = readdir(d))) {
		if (!is_version(e->d_name))
			continue;
		r = remove_version(pin_root, e->d_name);
		if (r && !err)
			err = r;
	}
	closedir(d);
	rmdir(pin_root); /* fails, rightly, where something else lives there */
	return err;
}
