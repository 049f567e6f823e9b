// SPDX-License-Identifier: GPL-2.0-only
/*
 * Loads the steering program and tells it the sockets, see steer.h. One block of
 * the socket array a listener; blocks are found by the cookies of its sockets.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "net/steer.h"
#include "net/worker.h"
#include "steer.skel.h"

struct cx_steer {
	struct cx_steer_bpf *skeleton;
	unsigned workers;
	bool used[CX_LISTENERS_MAX]; /* blocks */
};

int cx_steer_open(const struct cx_key *key, unsigned workers, struct cx_steer **out)
{
	struct cx_steer *s = calloc(1, sizeof(*s));
	uint32_t zero = 0;
	int err;

	*out = NULL;
	if (!s)
		return -ENOMEM;
	s->workers = workers;
	s->skeleton = cx_steer_bpf__open();
	err = s->skeleton ? 0 : -errno;
	if (err)
		goto out;
	s->skeleton->rodata->steer_workers = workers;
	bpf_map__set_max_entries(s->skeleton->maps.steer_sockets, CX_LISTENERS_MAX * workers);
	bpf_map__set_max_entries(s->skeleton->maps.steer_first, CX_LISTENERS_MAX * workers);
	err = cx_steer_bpf__load(s->skeleton);
	if (!err)
		err = bpf_map_update_elem(bpf_map__fd(s->skeleton->maps.steer_key), &zero, key, BPF_ANY);
out:
	if (err)
		cx_steer_close(s);
	else
		*out = s;
	return err;
}

void cx_steer_close(struct cx_steer *s)
{
	if (!s)
		return;
	cx_steer_bpf__destroy(s->skeleton);
	free(s);
}

static int cookie_of(int fd, uint64_t *cookie)
{
	socklen_t n = sizeof(*cookie);

	return getsockopt(fd, SOL_SOCKET, SO_COOKIE, cookie, &n) ? -errno : 0;
}

static int add_one(struct cx_steer *s, uint32_t first, unsigned worker, int fd)
{
	uint64_t cookie, value = (uint64_t)fd;
	uint32_t at = first + worker;
	int err = cookie_of(fd, &cookie);

	if (!err)
		err = bpf_map_update_elem(bpf_map__fd(s->skeleton->maps.steer_sockets), &at, &value, BPF_ANY);
	if (!err)
		err =
		    bpf_map_update_elem(bpf_map__fd(s->skeleton->maps.steer_first), &cookie, &first, BPF_ANY);
	return err;
}

int cx_steer_add(struct cx_steer *s, const int *fds)
{
	int err = 0, program = bpf_program__fd(s->skeleton->progs.cx_steer);
	uint32_t block = 0;

	while (block < CX_LISTENERS_MAX && s->used[block])
		block++;
	if (block == CX_LISTENERS_MAX)
		return -E2BIG;
	s->used[block] = true;
	for (unsigned i = 0; i < s->workers && !err; i++)
		err = add_one(s, block * s->workers, i, fds[i]);
	if (!err && setsockopt(fds[0], SOL_SOCKET, SO_ATTACH_REUSEPORT_EBPF, &program, sizeof(program)))
		err = -errno;
	if (err) {
		cx_steer_remove(s, fds);
		s->used[block] = false;
	}
	return err;
}

void cx_steer_remove(struct cx_steer *s, const int *fds)
{
	int by_cookie = bpf_map__fd(s->skeleton->maps.steer_first);
	uint64_t cookie;
	uint32_t first;

	/* the array forgets a socket by itself when it closes */
	for (unsigned i = 0; i < s->workers; i++) {
		if (cookie_of(fds[i], &cookie) || bpf_map_lookup_elem(by_cookie, &cookie, &first))
			continue;
		s->used[first / s->workers] = false;
		bpf_map_delete_elem(by_cookie, &cookie);
	}
}
