// SPDX-License-Identifier: GPL-2.0-only
/*
 * The secret keys: where they come from, how they are rotated, how they
 * survive a restart.
 *
 * - A response in flight carries a cookie of the key it was signed with, so a
 *   restarted daemon goes on with the keys of the pinned map, which the kernel
 *   never stopped using; without pins with those of runtime_dir/keys.
 * - Two MAC keys verify. Rotation overwrites the one that does not sign, then
 *   lets it sign: cookies of the last period stay valid for one period more.
 * - The hash key picks ring slots: changing it would move running calls, so it
 *   never changes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "cxsip/siphash.h"
#include "cxsipd/parts.h"
#include "observe/log.h"

#define CX_KEYS_MAGIC "CXKEYS1\n"

struct saved {
	char magic[8];
	uint64_t rotated_ms;
	struct cx_meta meta;
	struct cx_key key;
};

static int keys_path(const struct cx_parts *parts, const char *suffix, char *path, size_t max)
{
	int n = snprintf(path, max, "%s/keys%s", parts->d.config->runtime_dir, suffix);

	return n < 0 || (size_t)n >= max ? -ENAMETOOLONG : 0;
}

static int load(const struct cx_parts *parts, struct saved *saved)
{
	char path[192];
	ssize_t n;
	int fd, err = keys_path(parts, "", path, sizeof(path));

	if (err)
		return err;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	n = read(fd, saved, sizeof(*saved));
	close(fd);
	if (n != (ssize_t)sizeof(*saved) || memcmp(saved->magic, CX_KEYS_MAGIC, sizeof(saved->magic)) ||
	    saved->meta.abi != CX_ABI || saved->key.signing > 1)
		return -EINVAL;
	return 0;
}

/* Whole or not at all: a new file takes the old one's name. */
static int save(const struct cx_parts *parts)
{
	struct saved saved = {
	    .rotated_ms = parts->rotated_ms, .meta = parts->d.world->meta, .key = parts->d.world->key};
	char path[192], new_path[192];
	int fd = -1, err;

	memcpy(saved.magic, CX_KEYS_MAGIC, sizeof(saved.magic));
	err = keys_path(parts, "", path, sizeof(path));
	if (!err)
		err = keys_path(parts, ".new", new_path, sizeof(new_path));
	if (err)
		goto out;
	if (unlink(new_path) && errno != ENOENT) {
		err = -errno;
		goto out;
	}
	fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || write(fd, &saved, sizeof(saved)) != (ssize_t)sizeof(saved) || rename(new_path, path))
		err = errno ? -errno : -EIO;
out:
	if (fd >= 0)
		close(fd);
	explicit_bzero(&saved, sizeof(saved));
	if (err)
		cx_logf(
		    CX_WARN, "keys_not_saved",
		    "%s/keys: %s: a restart without pinned maps will not know responses that are under way",
		    parts->d.config->runtime_dir, strerror(-err));
	return err;
}

static int random_bytes(void *p, size_t n)
{
	return getrandom(p, n, 0) == (ssize_t)n ? 0 : -EIO;
}

static bool is_zero(const struct cx_key *key)
{
	static const struct cx_key zero;

	return !memcmp(&key->hash, &zero.hash, sizeof(zero.hash));
}

int cx_keys_start(struct cx_parts *parts, const struct cx_fastpath_past *past)
{
	struct cx_world *w = parts->d.world;
	struct saved saved = {0};
	struct cx_key key;
	bool file = !load(parts, &saved);
	const char *from;
	int err = 0;

	if (past->has_key && !is_zero(&past->key) && past->key.signing < 2) {
		key = past->key;
		from = "pinned maps";
	} else if (file) {
		key = saved.key;
		from = "file";
	} else {
		err = random_bytes(&key, sizeof(key));
		key.signing = 0;
		key.gap = 0;
		from = "new";
	}
	if (err)
		goto out;
	parts->rotated_ms = file ? saved.rotated_ms : cx_wall_ms();
	w->meta = (struct cx_meta){
	    .abi = CX_ABI,
	    .generation = (past->has_key ? past->meta.generation : saved.meta.generation) + 1,
	    .node = parts->d.config->node,
	    .daemon_pid = (uint32_t)getpid(),
	    .heartbeat_ms = cx_wall_ms(),
	};
	parts->tag_key = cx_siphash24(key.hash.k, "to-tag", 6);
	err = cx_world_set_key(w, &key);
	if (!err)
		save(parts);
	cx_log(CX_INFO, "keys", "from", from, NULL);
out:
	explicit_bzero(&saved, sizeof(saved));
	explicit_bzero(&key, sizeof(key));
	return err;
}

void cx_keys_rotate_if_due(struct cx_parts *parts)
{
	struct cx_world *w = parts->d.world;
	uint64_t period_ms = (uint64_t)parts->d.config->key_rotation_s * 1000, now = cx_wall_ms();
	struct cx_key key = w->key;
	uint32_t next = 1 - key.signing;

	/* a clock that was set back would put rotation off for as long */
	if (parts->rotated_ms > now)
		parts->rotated_ms = now;
	if (!period_ms || now - parts->rotated_ms < period_ms)
		return;
	parts->rotated_ms = now;
	if (random_bytes(&key.mac[next], sizeof(key.mac[next]))) {
		cx_log(CX_ERROR, "key_rotation_failed", "reason", "getrandom", NULL);
		return;
	}
	/* it must verify everywhere before it signs anywhere */
	cx_world_set_key(w, &key);
	cx_workers_publish(parts);
	key.signing = next;
	cx_world_set_key(w, &key);
	save(parts);
	explicit_bzero(&key, sizeof(key));
	cx_log(CX_NOTICE, "key_rotated", NULL);
}
