/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operator's orders over a restart: a text file, "name drain" or "name
 * disable" a line. Written beside and renamed, so a crash leaves the old or
 * the new file. An order for an element that is not configured any more is
 * not kept.
 *
 * An order for a host name is one for all its servers, whoever they are: it is kept
 * under the name.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "health/internal.h"

/* ---- names ------------------------------------------------------------------ */

/* What its element is called in the file, "" where that has an address. */
static const char *written_name(const struct cx_health *h, uint32_t element)
{
	const struct cx_config_element *e = h->world->tables->element_config[element];

	return e && e->host[0] ? e->written : "";
}

static struct cx_health_name_order *find_name(const struct cx_health *h, const char *name)
{
	for (size_t i = 0; i < h->n_orders; i++)
		if (!strncmp(h->orders[i].name, name, CX_NAME_SIZE))
			return &h->orders[i];
	return NULL;
}

static struct cx_health_name_order *new_name(struct cx_health *h, const char *name)
{
	struct cx_health_name_order *more = reallocarray(h->orders, h->n_orders + 1, sizeof(*more));

	if (!more)
		return NULL;
	h->orders = more;
	memset(&more[h->n_orders], 0, sizeof(*more));
	memcpy(more[h->n_orders].name, name, strnlen(name, CX_NAME_SIZE - 1));
	return &more[h->n_orders++];
}

void cx_orders_apply(struct cx_health *h, uint32_t element)
{
	const char *name = written_name(h, element);
	const struct cx_health_name_order *o = name[0] ? find_name(h, name) : NULL;

	if (o && o->draining)
		cx_health_give(h, element, CX_DRAIN);
	if (o && o->disabled)
		cx_health_give(h, element, CX_DISABLE);
}

int cx_health_order_name(struct cx_health *h, const char *name, enum cx_health_order order)
{
	struct cx_health_name_order *o;
	bool known = false;

	for (uint32_t id = 0; id < h->n_slots && !known; id++)
		known = cx_health_slot(h, id) && !strcmp(written_name(h, id), name) && name[0];
	if (!known)
		return -ENOENT;
	o = find_name(h, name);
	if (!o)
		o = new_name(h, name);
	if (!o)
		return -ENOMEM;
	if (order == CX_DRAIN || order == CX_UNDRAIN)
		o->draining = order == CX_DRAIN;
	else
		o->disabled = order == CX_DISABLE;
	cx_world_hold(h->world);
	for (uint32_t id = 0; id < h->n_slots; id++)
		if (cx_health_slot(h, id) && !strcmp(written_name(h, id), name))
			cx_health_order(h, id, order);
	return cx_world_release(h->world);
}

/* ---- the file ------------------------------------------------------------------ */

static void write_order(FILE *f, const char *name, bool draining, bool disabled)
{
	if (draining)
		fprintf(f, "%.*s drain\n", CX_NAME_SIZE, name);
	if (disabled)
		fprintf(f, "%.*s disable\n", CX_NAME_SIZE, name);
}

static int write_orders(const struct cx_health *h, FILE *f)
{
	uint32_t id;

	for (id = 0; id < h->n_slots; id++) {
		const struct cx_health_slot *s = cx_health_slot(h, id);
		const struct cx_health_name_order *o = s ? find_name(h, written_name(h, id)) : NULL;

		if (s) /* what the name's order does not say already */
			write_order(f, s->name, s->judge.draining && !(o && o->draining),
				    s->judge.disabled_by_operator && !(o && o->disabled));
	}
	for (size_t i = 0; i < h->n_orders; i++)
		write_order(f, h->orders[i].name, h->orders[i].draining, h->orders[i].disabled);
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
	if (cx_health_order_name(h, line, order) != -ENOENT)
		return 0;
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
