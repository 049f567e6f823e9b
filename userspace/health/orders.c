/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operator's orders over a restart: a text file, "name drain" or "name
 * disable" a line. Written beside and renamed, so a crash leaves the old or
 * the new file. An order for an element that is not configured any more is
 * not kept.
 *
 * An order for a host name is one for all its servers, whoever they are: it is kept
 * under the name. One for a server of a host name goes before that. It is kept by name and
 * place ("name at 192.0.2.1 5060 udp drain", or undrain, enable where the name says
 * otherwise), for as long as the name is configured: the server may be out of DNS for a
 * while, or not known yet when the daemon starts, and what it is called depends on how many
 * there are. A later order for the name is one for it, too.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/addr.h"
#include "health/internal.h"

/* ---- names ------------------------------------------------------------------ */

/* What its element is called in the file, "" where that has an address. */
static const char *written_name(const struct cx_health *h, uint32_t element)
{
	const struct cx_config_element *e = h->world->tables->element_config[element];

	return e && e->host[0] ? e->written : "";
}

static struct cx_health_name_order of_name(const char *name)
{
	struct cx_health_name_order o = {0};

	memcpy(o.name, name, strnlen(name, CX_NAME_SIZE - 1));
	return o;
}

static struct cx_health_name_order of_server(const struct cx_health *h, uint32_t element)
{
	const struct cx_config_element *e = h->world->tables->element_config[element];
	struct cx_health_name_order o = of_name(written_name(h, element));

	if (!e->family) /* nobody yet: all that are to come */
		return o;
	o.port = e->port;
	o.transport = e->transport;
	o.addr = e->addr;
	return o;
}

static bool same_name(const struct cx_health_name_order *a, const struct cx_health_name_order *b)
{
	return !strncmp(a->name, b->name, CX_NAME_SIZE);
}

static bool same_who(const struct cx_health_name_order *a, const struct cx_health_name_order *b)
{
	return same_name(a, b) && a->port == b->port && a->transport == b->transport &&
	       !memcmp(&a->addr, &b->addr, sizeof(a->addr));
}

static struct cx_health_name_order *find(const struct cx_health *h, const struct cx_health_name_order *who)
{
	for (size_t i = 0; i < h->n_orders; i++)
		if (same_who(&h->orders[i], who))
			return &h->orders[i];
	return NULL;
}

/* What is said of all servers of the name; NULL: nothing. */
static const struct cx_health_name_order *find_name(const struct cx_health *h, const char *name)
{
	struct cx_health_name_order who = of_name(name);

	return find(h, &who);
}

/* The order is about them from now on. A server starts with what is said of its name. 0 or -ENOMEM. */
static int note(struct cx_health *h, const struct cx_health_name_order *who, enum cx_health_order order)
{
	const struct cx_health_name_order *all = find_name(h, who->name);
	struct cx_health_name_order *o = find(h, who), *more;

	if (!o) {
		bool draining = all && all->draining, disabled = all && all->disabled;

		more = reallocarray(h->orders, h->n_orders + 1, sizeof(*more));
		if (!more)
			return -ENOMEM;
		h->orders = more;
		o = &more[h->n_orders++];
		*o = *who;
		o->draining = draining;
		o->disabled = disabled;
	}
	if (order == CX_DRAIN || order == CX_UNDRAIN)
		o->draining = order == CX_DRAIN;
	else
		o->disabled = order == CX_DISABLE;
	return 0;
}

/* Forgets what says nothing: of a server that it is as the name is, of a name nothing at all. */
static void tidy(struct cx_health *h, const char *name)
{
	struct cx_health_name_order who = of_name(name);
	const struct cx_health_name_order *all = find(h, &who);
	bool draining = all && all->draining, disabled = all && all->disabled;
	size_t n = 0;

	for (size_t i = 0; i < h->n_orders; i++) {
		const struct cx_health_name_order *o = &h->orders[i];
		bool server = o->port;

		if (!same_name(o, &who) || o->draining != (server && draining) ||
		    o->disabled != (server && disabled))
			h->orders[n++] = *o;
	}
	h->n_orders = n;
}

void cx_orders_apply(struct cx_health *h, uint32_t element)
{
	const char *name = written_name(h, element);
	struct cx_health_name_order who;
	const struct cx_health_name_order *o;

	if (!name[0])
		return;
	who = of_server(h, element);
	o = find(h, &who);
	o = o ? o : find_name(h, name);
	if (o && o->draining)
		cx_health_give(h, element, CX_DRAIN);
	if (o && o->disabled)
		cx_health_give(h, element, CX_DISABLE);
}

int cx_orders_note(struct cx_health *h, uint32_t element, enum cx_health_order order)
{
	const char *name = written_name(h, element);
	struct cx_health_name_order who;
	int err;

	if (!name[0])
		return 0;
	who = of_server(h, element);
	err = note(h, &who, order);
	tidy(h, name);
	return err;
}

static bool is_configured(const struct cx_health *h, const char *name)
{
	for (uint32_t id = 0; name[0] && id < h->n_slots; id++)
		if (cx_health_slot(h, id) && !strcmp(written_name(h, id), name))
			return true;
	return false;
}

int cx_health_order_name(struct cx_health *h, const char *name, enum cx_health_order order)
{
	struct cx_health_name_order who = of_name(name);
	int err;

	if (!is_configured(h, name))
		return -ENOENT;
	err = note(h, &who, order);
	for (size_t i = 0; !err && i < h->n_orders; i++) {
		struct cx_health_name_order one = h->orders[i];

		if (!strcmp(one.name, name))
			note(h, &one, order); /* it is there: this takes no memory */
	}
	tidy(h, name);
	if (err)
		return err;
	cx_world_hold(h->world);
	for (uint32_t id = 0; id < h->n_slots; id++)
		if (cx_health_slot(h, id) && !strcmp(written_name(h, id), name)) {
			cx_health_give(h, id, order);
			cx_health_settle(h, id);
		}
	return cx_world_release(h->world);
}

/* Where the server is; CX_NONE: it is not there. */
static uint32_t slot_of(const struct cx_health *h, const struct cx_health_name_order *who)
{
	for (uint32_t id = 0; id < h->n_slots; id++) {
		struct cx_health_name_order one;

		if (!cx_health_slot(h, id) || !written_name(h, id)[0])
			continue;
		one = of_server(h, id);
		if (same_who(&one, who))
			return id;
	}
	return CX_NONE;
}

/* An order for a server that may be there or not. 0, -ENOENT: no such name; -ENOMEM. */
static int order_server(struct cx_health *h, const struct cx_health_name_order *who,
			enum cx_health_order order)
{
	uint32_t id = slot_of(h, who);
	int err;

	if (id != CX_NONE)
		return cx_health_order(h, id, order);
	if (!is_configured(h, who->name))
		return -ENOENT;
	err = note(h, who, order);
	tidy(h, who->name);
	return err;
}

/* ---- the file ------------------------------------------------------------------ */

static void write_order(FILE *f, const char *name, bool draining, bool disabled)
{
	if (draining)
		fprintf(f, "%.*s drain\n", CX_NAME_SIZE, name);
	if (disabled)
		fprintf(f, "%.*s disable\n", CX_NAME_SIZE, name);
}

/* What the name's orders do not say already. */
static void write_server(const struct cx_health *h, FILE *f, const struct cx_health_name_order *o)
{
	const struct cx_health_name_order *all = find_name(h, o->name);
	char who[CX_NAME_SIZE + CX_ADDR_TEXT + 24], addr[CX_ADDR_TEXT];

	snprintf(who, sizeof(who), "%.*s at %s %u %s", CX_NAME_SIZE, o->name, cx_addr_format(&o->addr, addr),
		 o->port, o->transport == CX_TCP ? "tcp" : "udp");
	if (o->draining != (all && all->draining))
		fprintf(f, "%s %s\n", who, o->draining ? "drain" : "undrain");
	if (o->disabled != (all && all->disabled))
		fprintf(f, "%s %s\n", who, o->disabled ? "disable" : "enable");
}

/* As it is, whatever it was told by which name. */
static void write_slot(const struct cx_health *h, FILE *f, uint32_t id)
{
	const struct cx_health_slot *s = cx_health_slot(h, id);
	struct cx_health_name_order o;

	if (!s || !s->family || !written_name(h, id)[0])
		return;
	o = of_server(h, id);
	o.draining = s->judge.draining;
	o.disabled = s->judge.disabled_by_operator;
	write_server(h, f, &o);
}

static int write_orders(const struct cx_health *h, FILE *f)
{
	for (uint32_t id = 0; id < h->n_slots; id++) {
		const struct cx_health_slot *s = cx_health_slot(h, id);

		if (s && !written_name(h, id)[0])
			write_order(f, s->name, s->judge.draining, s->judge.disabled_by_operator);
	}
	for (size_t i = 0; i < h->n_orders; i++)
		if (!h->orders[i].port)
			write_order(f, h->orders[i].name, h->orders[i].draining, h->orders[i].disabled);
	/* behind those of the names, which they go before */
	for (uint32_t id = 0; id < h->n_slots; id++)
		write_slot(h, f, id);
	for (size_t i = 0; i < h->n_orders; i++)
		if (h->orders[i].port && slot_of(h, &h->orders[i]) == CX_NONE)
			write_server(h, f, &h->orders[i]);
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

/* "name at 192.0.2.1 5060 udp" */
static bool read_server(const char *line, struct cx_health_name_order *who)
{
	const char *at = line, *next = strstr(line, " at ");
	char addr[CX_ADDR_TEXT], transport[4];
	uint8_t family;
	unsigned port;
	int end = 0;

	for (; next; next = strstr(at + 1, " at "))
		at = next; /* the name may have one, too */
	if (sscanf(at, " at %47s %u %3s%n", addr, &port, transport, &end) != 3 || at[end] || !port ||
	    port > 65535 || at - line >= CX_NAME_SIZE)
		return false;
	*who = (struct cx_health_name_order){.port = (uint16_t)port,
					     .transport = strcmp(transport, "tcp") ? CX_UDP : CX_TCP};
	memcpy(who->name, line, (size_t)(at - line));
	return !cx_addr_parse(addr, &who->addr, &family);
}

static int read_word(const char *word, enum cx_health_order *order)
{
	static const char *const words[] = {
	    [CX_DRAIN] = "drain", [CX_UNDRAIN] = "undrain", [CX_DISABLE] = "disable", [CX_ENABLE] = "enable"};

	for (*order = CX_DRAIN; *order <= CX_ENABLE; ++*order)
		if (!strcmp(word, words[*order]))
			return 0;
	return -EINVAL;
}

/* -EINVAL: no order. An unknown element is none of our business. */
static int obey(struct cx_health *h, char *line)
{
	char *word = strrchr(line, ' '); /* the name may have blanks */
	struct cx_health_name_order who;
	enum cx_health_order order;
	uint32_t id;

	if (!word)
		return -EINVAL;
	*word++ = '\0';
	if (read_word(word, &order))
		return -EINVAL;
	if (read_server(line, &who) && order_server(h, &who, order) != -ENOENT)
		return 0;
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
