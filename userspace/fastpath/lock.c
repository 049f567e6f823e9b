/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One daemon a runtime directory. flock, not a pid file alone: the kernel
 * drops it with the process, however that ends, so a stale file never blocks
 * a start. The pid inside is for the message only.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "fastpath/fastpath.h"

static int read_holder(int fd)
{
	char text[16];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	long pid;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	pid = strtol(text, NULL, 10);
	return pid > 0 && pid <= 0x7fffffff ? (int)pid : 0;
}

int cx_lock_take(const char *runtime_dir, int *fd, int *holder)
{
	char path[192], text[16];
	int lock = -1, err = 0, n;

	if (holder)
		*holder = 0;
	n = snprintf(path, sizeof(path), "%s/cxsipd.lock", runtime_dir);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	if (mkdir(runtime_dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (lock < 0)
		return -errno;
	if (flock(lock, LOCK_EX | LOCK_NB) < 0) {
		err = errno == EWOULDBLOCK ? -EBUSY : -errno;
		if (holder)
			*holder = read_holder(lock);
		goto out;
	}
	n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(lock, 0) < 0 || pwrite(lock, text, (size_t)n, 0) != n) {
		err = errno ? -errno : -EIO;
		goto out;
	}
	*fd = lock;
	lock = -1;
out:
	if (lock >= 0)
		close(lock);
	return err;
}
