/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operator's orders over a restart: a text file, "name drain" or "name
 * disable" a line. Written beside and renamed, so a crash leaves the old or
 * the new file. An order for an element that is not configured any more is
 * not kept.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "health/internal.h"

static int write_orders(const struct cx_health *h, FILE *f)
{
	uint32_t id;

	for (id = 0; id < h->n_slots; id++) {
		const struct cx_health_slot *s = cx_health_slot(h, id);

		if (s && s->judge.draining)
			fprintf(f, "%.*s drain\n", CX_NAME_SIZE, s->name);
		if (s && s->judge.disabled_by_operator)
			fprintf(f, "%.*s disable\n", CX_NAME_SIZE, s->name);
	}
	if (fflush(f) || fsync(fileno(f)))
		return -errno;
	return ferror(f) ? -EIO : 0;
}

int cx_health_save_orders(const struct cx_health *h, const char *path)
{
	char beside[4096];
	FILE *f;
	int err;

	if (snprintf(beside, sizeof(beside), "%s.new", path) >= (int)sizeof(beside))
		return -ENAMETOOLONG;
	f = fopen(beside, "we");
	if (!f)
		return -errno;
	err = write_orders(h, f);
	if (fclose(f) && !err)
		err = -errno;
	if (!err && rename(beside, path))
		err = -errno;
	if (err)
		unlink(beside);
	return err;
}

/* -EINVAL: no order. An unknown element is none of our business. */
static int obey(struct cx_health *h, char *line)
{
	char *word = strrchr(line, ' '); /* the name may have blanks */
	enum cx_health_order order;
	uint32_t id;

	if (!word)
		return -EINVAL;
	*word++ = '\0';
	if (!strcmp(word, "drain"))
		order = CX_DRAIN;
	else if (!strcmp(word, "disable"))
		order = CX_DISABLE;
	else
		return -EINVAL;
	id = cx_world_find_element(h->world, line);
	if (id != CX_NONE)
		cx_health_order(h, id, order);
	return 0;
}

int cx_health_load_orders(struct cx_health *h, const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t room = 0;
	int err = 0;

	if (!f)
		return -errno;
	cx_world_hold(h->world);
	while (getline(&line, &room, f) >= 0) {
		line[strcspn(line, "\n")] = '\0';
		if (line[0] && obey(h, line))
			err = -EINVAL; /* the rest goes on */
	}
	cx_world_release(h->world);
	if (ferror(f))
		err = -EIO;
	free(line);
	fclose(f);
	return err;
}
