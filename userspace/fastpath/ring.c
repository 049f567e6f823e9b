/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rings into cx_ring. The kernel makes whoever changes an array of maps wait
 * for an RCU grace period, 8 to 25 ms, after the change has taken effect. The
 * daemon's main thread must not stand still for that, nor may 4,096 groups
 * take a minute at start: a few threads do the updates and the waiting.
 *
 * Invariants
 * - Of one group at most one update is on its way into the map, so an older
 *   ring never lands on a newer one.
 * - A group's record is written behind its ring, never before it.
 * - cx_rings_put() returns when the ring is in use (read back from the map),
 *   unless more rings are waiting than there are threads.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "fastpath/internal.h"

#define THREADS 4
#define BATCH_MAX 64
#define VISIBLE_TRIES 1000 /* of 20 us and the timer's slack */

struct slot {
	uint32_t *slots; /* waiting: two words an entry, 1 << bits words; owned */
	uint16_t bits;
	bool queued;    /* is in the queue */
	uint8_t running; /* threads that work on it: one at most before its ring is in use */
	bool remove;    /* waiting: take the ring away */
	bool has_group; /* waiting: write this behind the ring */
	uint32_t map_id; /* of the inner map under way, 0: none yet */
	struct cx_group group;
};

struct cx_ring_publisher {
	struct cx_fastpath *fp;
	pthread_mutex_t lock;
	pthread_cond_t work;
	pthread_t threads[THREADS];
	size_t n_threads;
	struct slot *slots; /* by group id */
	uint32_t n_slots;
	uint32_t *queue; /* ring of n_slots ids: an id is in it once at most */
	uint32_t head, waiting;
	pthread_cond_t ready; /* another thread is idle */
	uint32_t idle;
	bool stop;
	int btf_fd;
	uint32_t key_type, value_type;
};

struct job {
	uint32_t id;
	uint32_t *slots;
	uint16_t bits;
	bool remove;
	int fd;
};

static int fill(int fd, const uint32_t *slots, uint32_t entries)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	uint32_t *keys = malloc((size_t)entries * sizeof(*keys));
	uint32_t i, count = entries;
	int err;

	if (!keys)
		return -ENOMEM;
	for (i = 0; i < entries; i++)
		keys[i] = i;
	err = bpf_map_update_batch(fd, keys, slots, &count, &opts);
	free(keys);
	return err;
}

static int make_inner(const struct cx_ring_publisher *p, const uint32_t *slots, uint16_t bits, uint32_t *map_id)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = BPF_F_INNER_MAP, .btf_fd = (uint32_t)p->btf_fd,
		    .btf_key_type_id = p->key_type, .btf_value_type_id = p->value_type);
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info), entries = 1u << (bits - 1);
	int fd, err;

	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "cx_ring_inner", sizeof(uint32_t), sizeof(struct cx_ring_slots),
			    entries, &opts);
	if (fd < 0)
		return fd;
	err = fill(fd, slots, entries);
	if (!err)
		err = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (err) {
		close(fd);
		return err;
	}
	*map_id = info.id;
	return fd;
}

/* True if nothing is under way, or it has taken effect and its thread only
 * waits for the grace period. Called with the lock held. */
static bool settled(struct cx_ring_publisher *p, uint32_t id)
{
	uint32_t map_id = 0;

	if (!p->slots[id].running)
		return true;
	return p->slots[id].map_id && bpf_map_lookup_elem(p->fp->map[CX_MAP_RING], &id, &map_id) == 0 &&
	       map_id == p->slots[id].map_id;
}

/* Takes this thread's share of what waits. Called with the lock held. */
static size_t take(struct cx_ring_publisher *p, struct job jobs[BATCH_MAX])
{
	uint32_t look = p->waiting, share = p->waiting / THREADS + 1;
	size_t n = 0;

	while (look-- && n < share && n < BATCH_MAX) {
		uint32_t id = p->queue[p->head];
		struct slot *s = &p->slots[id];

		p->head = (p->head + 1) % p->n_slots;
		if (!settled(p, id)) { /* another thread's older ring is on its way */
			p->queue[(p->head + p->waiting - 1) % p->n_slots] = id;
			continue;
		}
		p->waiting--;
		jobs[n++] = (struct job){.id = id, .slots = s->slots, .bits = s->bits, .remove = s->remove, .fd = -1};
		s->slots = NULL;
		s->remove = false;
		s->queued = false;
		s->running++;
		s->map_id = 0;
	}
	return n;
}

static void announce(struct cx_ring_publisher *p, uint32_t id, uint32_t map_id)
{
	pthread_mutex_lock(&p->lock);
	p->slots[id].map_id = map_id;
	pthread_mutex_unlock(&p->lock);
}

static void publish(struct cx_ring_publisher *p, struct job *jobs, size_t n)
{
	LIBBPF_OPTS(bpf_map_batch_opts, opts);
	int outer = p->fp->map[CX_MAP_RING], fds[BATCH_MAX], err;
	uint32_t ids[BATCH_MAX], count = 0, done, map_id = 0, i;

	for (i = 0; i < n; i++) {
		struct job *j = &jobs[i];

		if (j->remove) {
			bpf_map_delete_elem(outer, &j->id); /* -ENOENT: never had one */
			continue;
		}
		j->fd = make_inner(p, j->slots, j->bits, &map_id);
		if (j->fd < 0) {
			cx_map_failed(p->fp, CX_MAP_RING, "create ring", j->fd);
			continue;
		}
		announce(p, j->id, map_id);
		ids[count] = j->id;
		fds[count++] = j->fd;
	}
	for (done = 0; done < count;) {
		uint32_t part = count - done;

		err = bpf_map_update_batch(outer, ids + done, fds + done, &part, &opts);
		if (!err)
			break;
		cx_map_failed(p->fp, CX_MAP_RING, "put ring", err);
		done += part + 1;
	}
	for (i = 0; i < n; i++) {
		if (jobs[i].fd >= 0)
			close(jobs[i].fd);
		free(jobs[i].slots);
	}
}

/* What waited for the ring. Called with the lock held, as the group's record
 * must not be overtaken by a newer one. */
static void finish(struct cx_ring_publisher *p, uint32_t id)
{
	struct slot *s = &p->slots[id];
	int err;

	s->running--;
	if (s->queued || !s->has_group || !settled(p, id))
		return;
	s->has_group = false;
	err = bpf_map_update_elem(p->fp->map[CX_MAP_GROUP], &id, &s->group, BPF_ANY);
	if (err)
		cx_map_failed(p->fp, CX_MAP_GROUP, "put group", err);
}

static void *worker(void *arg)
{
	struct cx_ring_publisher *p = arg;
	struct job jobs[BATCH_MAX];
	size_t n, i;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		n = take(p, jobs);
		if (n == 0) {
			if (p->stop && p->waiting == 0)
				break;
			p->idle++;
			pthread_cond_signal(&p->ready);
			pthread_cond_wait(&p->work, &p->lock);
			p->idle--;
			continue;
		}
		pthread_mutex_unlock(&p->lock);
		publish(p, jobs, n);
		pthread_mutex_lock(&p->lock);
		for (i = 0; i < n; i++)
			finish(p, jobs[i].id);
		pthread_cond_broadcast(&p->work);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

static void wait_visible(struct cx_ring_publisher *p, uint32_t id)
{
	struct timespec pause = {.tv_nsec = 20000};
	unsigned tries;
	bool done = false;

	for (tries = 0; tries < VISIBLE_TRIES && !done; tries++) {
		nanosleep(&pause, NULL);
		pthread_mutex_lock(&p->lock);
		done = !p->slots[id].queued && settled(p, id);
		pthread_mutex_unlock(&p->lock);
	}
}

/* Called with the lock held. True if a thread is free to do it at once. */
static bool enqueue(struct cx_ring_publisher *p, uint32_t id)
{
	struct slot *s = &p->slots[id];
	bool at_once = p->idle > p->waiting && settled(p, id);

	if (!s->queued) {
		p->queue[(p->head + p->waiting) % p->n_slots] = id;
		p->waiting++;
		s->queued = true;
	}
	pthread_cond_signal(&p->work);
	return at_once;
}

int cx_rings_put(struct cx_fastpath *fp, uint32_t group, const struct cx_ring *ring)
{
	struct cx_ring_publisher *p = fp->rings;
	struct slot *s;
	uint32_t *copy;
	bool at_once;

	if (group >= p->n_slots || ring->bits < 1 || ring->bits > CX_RING_BITS_MAX)
		return -EINVAL;
	copy = malloc(sizeof(*copy) << ring->bits);
	if (!copy)
		return -ENOMEM;
	memcpy(copy, ring->slots, sizeof(*copy) << ring->bits);
	pthread_mutex_lock(&p->lock);
	s = &p->slots[group];
	free(s->slots);
	s->slots = copy;
	s->bits = ring->bits;
	s->remove = false;
	at_once = enqueue(p, group);
	pthread_mutex_unlock(&p->lock);
	if (at_once)
		wait_visible(p, group);
	return 0;
}

int cx_rings_put_group(struct cx_fastpath *fp, uint32_t id, const struct cx_group *group)
{
	struct cx_ring_publisher *p = fp->rings;
	struct slot *s;
	int err = 0;

	if (id >= p->n_slots)
		return -EINVAL;
	pthread_mutex_lock(&p->lock);
	s = &p->slots[id];
	if (!(group->flags & CX_GROUP_USED)) {
		/* Nobody looks at the ring any more: give its memory back. */
		free(s->slots);
		s->slots = NULL;
		s->remove = true;
		s->has_group = false;
		err = bpf_map_update_elem(fp->map[CX_MAP_GROUP], &id, group, BPF_ANY);
		enqueue(p, id);
	} else if (!(group->flags & CX_GROUP_EMPTY) && (s->queued || !settled(p, id))) {
		s->group = *group;
		s->has_group = true;
	} else {
		s->has_group = false;
		err = bpf_map_update_elem(fp->map[CX_MAP_GROUP], &id, group, BPF_ANY);
	}
	pthread_mutex_unlock(&p->lock);
	return err;
}

int cx_rings_open(struct cx_fastpath *fp, int btf_fd, uint32_t key_type, uint32_t value_type)
{
	struct cx_ring_publisher *p = calloc(1, sizeof(*p));
	int err = 0;

	if (!p)
		return -ENOMEM;
	pthread_mutex_init(&p->lock, NULL);
	pthread_cond_init(&p->work, NULL);
	pthread_cond_init(&p->ready, NULL);
	p->fp = fp;
	p->btf_fd = btf_fd;
	p->key_type = key_type;
	p->value_type = value_type;
	p->n_slots = fp->max_entries[CX_MAP_RING];
	p->slots = calloc(p->n_slots, sizeof(*p->slots));
	p->queue = calloc(p->n_slots, sizeof(*p->queue));
	fp->rings = p;
	if (!p->slots || !p->queue)
		err = -ENOMEM;
	while (!err && p->n_threads < THREADS) {
		err = -pthread_create(&p->threads[p->n_threads], NULL, worker, p);
		if (!err)
			p->n_threads++;
	}
	if (err) {
		cx_rings_close(fp);
		return err;
	}
	/* the first rings, too, are readable when cx_rings_put() returns */
	pthread_mutex_lock(&p->lock);
	while (p->idle < THREADS)
		pthread_cond_wait(&p->ready, &p->lock);
	pthread_mutex_unlock(&p->lock);
	return 0;
}

void cx_rings_close(struct cx_fastpath *fp)
{
	struct cx_ring_publisher *p = fp->rings;
	uint32_t i;
	size_t t;

	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->work);
	pthread_mutex_unlock(&p->lock);
	for (t = 0; t < p->n_threads; t++)
		pthread_join(p->threads[t], NULL);
	for (i = 0; p->slots && i < p->n_slots; i++)
		free(p->slots[i].slots);
	pthread_cond_destroy(&p->work);
	pthread_cond_destroy(&p->ready);
	pthread_mutex_destroy(&p->lock);
	free(p->slots);
	free(p->queue);
	free(p);
	fp->rings = NULL;
}
