/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bulk work on maps: one system call moves up to a thousand entries, which is
 * what makes a swap of 100,000 DNs a matter of tens of milliseconds. Old and
 * new sets are sorted arrays, so their difference is one merge.
 */
#define _GNU_SOURCE /* qsort_r */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fastpath/internal.h"

#define CHUNK 1024
#define DUMP_CHUNK 16384
#define NO_MEMORY_TRIES 100

struct chunk {
	int fd;
	uint32_t key_size, value_size;
	uint32_t n;
	uint8_t *keys, *values;
	bool remove;
};

static int chunk_init(struct chunk *c, int fd, uint32_t key_size, uint32_t value_size, bool remove)
{
	*c = (struct chunk){.fd = fd, .key_size = key_size, .value_size = value_size, .remove = remove};
	c->keys = malloc((size_t)CHUNK * key_size);
	c->values = malloc((size_t)CHUNK * value_size);
	if (c->keys && c->values)
		return 0;
	free(c->keys);
	free(c->values);
	c->keys = c->values = NULL;
	return -ENOMEM;
}

static int chunk_flush(struct chunk *c)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t done = 0, count;
	int err, tries = 0;

	while (done < c->n) {
		count = c->n - done;
		if (c->remove)
			err = bpf_map_delete_batch(c->fd, c->keys + (size_t)done * c->key_size, &count, &opts);
		else
			err = bpf_map_update_batch(c->fd, c->keys + (size_t)done * c->key_size,
						   c->values + (size_t)done * c->value_size, &count, &opts);
		if (!err)
			break;
		if (count < c->n - done)
			done += count;
		if (c->remove && err == -ENOENT) {
			done++; /* it is gone: all we want */
			continue;
		}
		/* Maps without preallocation refill their per-CPU caches in the
		 * background: a burst can outrun them for a moment. */
		if (err != -ENOMEM || ++tries > NO_MEMORY_TRIES)
			return err;
		usleep(1000);
	}
	c->n = 0;
	return 0;
}

static int chunk_add(struct chunk *c, const uint8_t *key, const uint8_t *value)
{
	memcpy(c->keys + (size_t)c->n * c->key_size, key, c->key_size);
	if (!c->remove)
		memcpy(c->values + (size_t)c->n * c->value_size, value, c->value_size);
	return ++c->n == CHUNK ? chunk_flush(c) : 0;
}

/* What is still to be written, unless there was an error before. */
static int chunk_finish(struct chunk *c, int err)
{
	if (!err)
		err = chunk_flush(c);
	free(c->keys);
	free(c->values);
	return err;
}

static const uint8_t *record(const struct cx_records *r, size_t i)
{
	return r->base + i * r->stride;
}

/* <0: only in old, >0: only in new, 0: in both */
static int compare_at(const struct cx_records *old, size_t o, const struct cx_records *new, size_t n)
{
	if (o >= old->n)
		return 1;
	if (n >= new->n)
		return -1;
	return memcmp(record(old, o), record(new, n), new->key_size);
}

size_t cx_records_added(const struct cx_records *old, const struct cx_records *new)
{
	size_t o = 0, n = 0, added = 0;

	while (n < new->n) {
		int order = compare_at(old, o, new, n);

		added += order > 0;
		o += order <= 0;
		n += order >= 0;
	}
	return added;
}

int cx_records_put(int fd, const struct cx_records *old, const struct cx_records *new)
{
	struct chunk c;
	size_t o = 0, n = 0;
	int err = chunk_init(&c, fd, new->key_size, new->value_size, false);

	if (err)
		return err;
	while (n < new->n && !err) {
		int order = compare_at(old, o, new, n);
		const uint8_t *value = record(new, n) + new->value_offset;

		if (order > 0 ||
		    (order == 0 && memcmp(record(old, o) + old->value_offset, value, new->value_size) != 0))
			err = chunk_add(&c, record(new, n), value);
		o += order <= 0;
		n += order >= 0;
	}
	return chunk_finish(&c, err);
}

int cx_records_remove(int fd, const struct cx_records *old, const struct cx_records *new)
{
	struct chunk c;
	size_t o = 0, n = 0;
	int err = chunk_init(&c, fd, old->key_size, old->value_size, true);

	if (err)
		return err;
	while (o < old->n && !err) {
		int order = compare_at(old, o, new, n);

		if (order < 0)
			err = chunk_add(&c, record(old, o), NULL);
		o += order <= 0;
		n += order >= 0;
	}
	return chunk_finish(&c, err);
}

static int compare_keys(const void *a, const void *b, void *key_size)
{
	return memcmp(a, b, *(uint32_t *)key_size);
}

void cx_records_sort(uint8_t *memory, struct cx_records *r)
{
	qsort_r(memory, r->n, r->stride, compare_keys, &r->key_size);
}

/* Used once a start, when what an earlier daemon left has to be found out. */
static int dump_chunks(int fd, struct cx_records *r, uint8_t **memory)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint8_t token[64], *grown;
	uint8_t *keys = malloc((size_t)DUMP_CHUNK * r->key_size);
	uint8_t *values = malloc((size_t)DUMP_CHUNK * r->value_size);
	uint32_t count, i;
	bool first = true;
	int err = keys && values ? 0 : -ENOMEM;

	while (!err) {
		count = DUMP_CHUNK;
		err = bpf_map_lookup_batch(fd, first ? NULL : token, token, keys, values, &count, &opts);
		if (err && err != -ENOENT)
			break;
		first = false;
		grown = count ? realloc(*memory, (r->n + count) * r->stride) : *memory;
		if (count && !grown) {
			err = -ENOMEM;
			break;
		}
		*memory = grown;
		for (i = 0; i < count; i++, r->n++) {
			uint8_t *to = *memory + r->n * r->stride;

			memcpy(to, keys + (size_t)i * r->key_size, r->key_size);
			memcpy(to + r->value_offset, values + (size_t)i * r->value_size, r->value_size);
		}
	}
	free(keys);
	free(values);
	return err == -ENOENT ? 0 : err;
}

int cx_records_dump(int fd, uint32_t key_size, uint32_t value_size, struct cx_records *out, uint8_t **memory)
{
	int err;

	*memory = NULL;
	*out = (struct cx_records){.stride = key_size + value_size,
				   .key_size = key_size,
				   .value_size = value_size,
				   .value_offset = key_size};
	if (key_size > 64)
		return -EINVAL;
	err = dump_chunks(fd, out, memory);
	if (err) {
		free(*memory);
		*memory = NULL;
		out->n = 0;
		return err;
	}
	out->base = *memory;
	if (out->n)
		cx_records_sort(*memory, out);
	return 0;
}

int cx_array_read(int fd, uint32_t n, uint32_t value_size, void *values)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t next = 0, done = 0, count;
	uint32_t *keys = malloc((size_t)n * sizeof(*keys));
	int err = 0;

	if (!keys)
		return -ENOMEM;
	while (done < n) {
		count = n - done;
		err = bpf_map_lookup_batch(fd, done ? &next : NULL, &next, keys + done,
					   (uint8_t *)values + (size_t)done * value_size, &count, &opts);
		if (err && err != -ENOENT)
			break;
		done += count;
		if (err == -ENOENT || count == 0)
			break;
	}
	free(keys);
	if (err == -ENOENT)
		err = 0;
	return err ? err : done == n ? 0 : -EIO;
}
