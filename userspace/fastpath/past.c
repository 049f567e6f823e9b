/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an earlier daemon left in the pinned maps: what has which id, so that it
 * stays so; keys, so that its cookies verify; its generation.
 * Read before this daemon's own program is loaded, and only from maps whose
 * shape this ABI knows.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fastpath/internal.h"

/* Opens a pinned map and checks its value size. The descriptor, or -errno. */
static int open_pinned(const char *pin_root, enum cx_map map, uint32_t value_size, uint32_t *entries)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	char path[CX_PIN_PATH];
	int fd, err;

	err = cx_pin_path(path, pin_root, "maps", cx_map_names[map]);
	if (err)
		return err;
	fd = bpf_obj_get(path);
	if (fd < 0)
		return fd;
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (!err && (info.type != BPF_MAP_TYPE_ARRAY || info.value_size != value_size))
		err = -EINVAL;
	if (err) {
		close(fd);
		return err;
	}
	*entries = info.max_entries;
	return fd;
}

static int read_all(const char *pin_root, enum cx_map map, uint32_t value_size, void **values, uint32_t *n)
{
	int fd = open_pinned(pin_root, map, value_size, n), err;

	if (fd < 0)
		return fd;
	*values = calloc(*n, value_size);
	err = *values ? cx_array_read(fd, *n, value_size, *values) : -ENOMEM;
	close(fd);
	return err;
}

static int read_one(const char *pin_root, enum cx_map map, uint32_t value_size, void *value)
{
	uint32_t n, zero = 0;
	int fd = open_pinned(pin_root, map, value_size, &n), err;

	if (fd < 0)
		return fd;
	err = bpf_map_lookup_elem(fd, &zero, value);
	close(fd);
	return err;
}

static int read_groups(const char *pin_root, struct cx_fastpath_past *past)
{
	void *values = NULL;
	uint32_t n = 0;
	int err = read_all(pin_root, CX_MAP_GROUP, sizeof(*past->groups), &values, &n);

	past->groups = values;
	if (err)
		return err;
	for (past->n_groups = n; past->n_groups; past->n_groups--)
		if (past->groups[past->n_groups - 1].flags & CX_GROUP_USED)
			break;
	values = NULL;
	err = read_all(pin_root, CX_MAP_ELEMENT, sizeof(*past->elements), &values, &n);
	past->elements = values;
	if (err)
		return err;
	for (past->n_elements = n; past->n_elements; past->n_elements--)
		if (past->elements[past->n_elements - 1].state != CX_ELEMENT_UNUSED)
			break;
	return 0;
}

/* Small arrays: unused ids and all. */
static int read_networks(const char *pin_root, struct cx_fastpath_past *past)
{
	void *values = NULL;
	uint32_t n = 0;
	int err = read_all(pin_root, CX_MAP_LISTENER, sizeof(*past->listeners), &values, &n);

	past->listeners = values;
	if (err)
		return err;
	past->n_listeners = n;
	values = NULL;
	err = read_all(pin_root, CX_MAP_NETWORK, sizeof(*past->networks), &values, &n);
	past->networks = values;
	if (err)
		return err;
	past->n_networks = n;
	values = NULL;
	err = read_all(pin_root, CX_MAP_TABLE, sizeof(*past->tables), &values, &n);
	past->tables = values;
	if (err)
		return err;
	past->n_tables = n;
	return 0;
}

int cx_fastpath_read_past(const char *pin_root, struct cx_fastpath_past *past)
{
	static const struct cx_key no_key;
	int err;

	memset(past, 0, sizeof(*past));
	err = read_groups(pin_root, past);
	if (!err)
		err = read_networks(pin_root, past);
	if (err)
		goto out;
	err = read_one(pin_root, CX_MAP_KEY, sizeof(past->key), &past->key);
	if (!err)
		err = read_one(pin_root, CX_MAP_META, sizeof(past->meta), &past->meta);
	if (!err)
		past->has_key = memcmp(&past->key, &no_key, sizeof(no_key)) != 0;
out:
	if (err)
		cx_fastpath_past_free(past);
	return err;
}

void cx_fastpath_past_free(struct cx_fastpath_past *past)
{
	free(past->groups);
	free(past->elements);
	free(past->listeners);
	free(past->networks);
	free(past->tables);
	memset(past, 0, sizeof(*past));
}
