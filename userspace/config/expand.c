// SPDX-License-Identifier: GPL-2.0-only
/*
 * Host names become servers: a configuration as it was written, and what DNS says,
 * make one that has addresses only. All behind it (ids, rings, maps, probes) knows
 * nothing of names.
 *
 * - A name that stands for one server is an element of that name; of several, each is
 *   called NAME/ADDRESS:PORT. A name that stands for nothing stays, without an address.
 * - The servers' q is that of the name, less a thousandth for each step of SRV priority;
 *   their weights are the name's times the SRV record's, which the addresses of
 *   one record share, scaled down to what an element may have.
 * - Nothing that DNS says can make a configuration invalid: what no element can be is
 *   left out.
 */
#include "config/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/hash.h"

#define WEIGHT_MAX 1000
#define SHARES_LCM 5040 /* of 1 to 10 addresses that share a weight; the rest is rounded */

void cx_config_want(const struct cx_config *config, const struct cx_config_group *group,
		    const struct cx_config_element *e, struct cx_locate_want *want)
{
	const struct cx_config_network *network = &config->networks[group->network];

	memset(want, 0, sizeof(*want));
	memcpy(want->host, e->host, sizeof(e->host));
	want->port = e->port;
	want->transport = e->said_transport ? e->transport : CX_LOCATE_ANY;
	for (size_t i = 0; i < network->n_listeners; i++) {
		const struct cx_config_listener *l = &network->listeners[i];

		if (l->transport < CX_LOCATE_TRANSPORTS &&
		    (!e->said_transport || l->transport == e->transport))
			want->families[l->transport] |= l->family == CX_IPV4 ? CX_LOCATE_V4 : CX_LOCATE_V6;
	}
}

struct expansion {
	const struct cx_config *written;
	const struct cx_config_answers *answers;
	struct cx_diag *diag;
	struct cx_config_names names; /* of the elements as written: none may be given twice */
	size_t left;		      /* elements that there may be yet, beside those that are written */
	uint32_t *places;	      /* of the group at work: its elements by address, 1 more; 0: free */
	uint32_t places_mask;
};

/* ---- places ------------------------------------------------------------------------ */

/* An open-addressed table, at most half full, for a group that is going to have n elements.
 * Its keys are what DNS says: spoiling an unkeyed hash costs somebody who owns the
 * names of the configuration no more than their calls. */
static int make_places(struct expansion *x, size_t n)
{
	uint32_t size = 16;

	while (size < 2 * n)
		size *= 2;
	free(x->places);
	x->places = calloc(size, sizeof(*x->places));
	x->places_mask = size - 1;
	return x->places ? 0 : -ENOMEM;
}

/* Where the group's element at the same place is, or would be put. */
static uint32_t *place_of(const struct expansion *x, const struct cx_config_group *to,
			  const struct cx_config_element *e)
{
	uint64_t h = cx_hash_fnv(CX_HASH_FNV, &e->addr, sizeof(e->addr)) + e->port * 0x9e3779b97f4a7c15ull;
	uint32_t at = (uint32_t)(h ^ h >> 32) & x->places_mask;

	for (; x->places[at]; at = (at + 1) & x->places_mask) {
		const struct cx_config_element *other = &to->elements[x->places[at] - 1];

		if (other->port == e->port && other->transport == e->transport &&
		    !memcmp(&other->addr, &e->addr, sizeof(e->addr)))
			break;
	}
	return &x->places[at];
}

/* The last element of the group has come to stay. */
static void take_place(struct expansion *x, const struct cx_config_group *to)
{
	*place_of(x, to, &to->elements[to->n_elements - 1]) = (uint32_t)to->n_elements;
}

/* ---- one name ---------------------------------------------------------------------- */

/* Why it cannot be an element of the group, or NULL. */
static const char *unusable(const struct expansion *x, const struct cx_config_group *to,
			    const struct cx_config_element *e)
{
	if (cx_addr_unusable(&e->addr, NULL))
		return "no server can have that address";
	if (!e->port)
		return "its port is 0";
	if (cx_own_listener(x->written, e))
		return "it is the proxy itself";
	if (*place_of(x, to, e))
		return "another element of the group has it already";
	/* if only such as are gone are left, the name itself needs a place, too */
	return x->left > e->gone ? NULL : "there are more elements than limits.elements allows";
}

static uint32_t hash_of(const char *text)
{
	uint64_t h = cx_hash_fnv(CX_HASH_FNV, text, strlen(text));

	return (uint32_t)(h ^ h >> 32);
}

/* NAME/ADDRESS:PORT; what is too long for a name, or is somebody's already, gets a hash
 * in the place of the address. */
static void name_server(struct expansion *x, struct cx_config_element *e)
{
	char endpoint[CX_ENDPOINT_TEXT], full[CX_NAME_SIZE + CX_ENDPOINT_TEXT];
	uint32_t value;

	snprintf(full, sizeof(full), "%s/%s", e->written, cx_endpoint_format(&e->addr, e->port, endpoint));
	if (strlen(full) < sizeof(e->name) && cx_config_names_find(&x->names, full, &value))
		memcpy(e->name, full, strlen(full) + 1);
	else
		snprintf(e->name, sizeof(e->name), "%.22s/%08x", e->written, hash_of(full));
}

/* Steps of priority in front of a target's. */
static uint32_t rank_of(const struct cx_target *targets, size_t n, const struct cx_target *t)
{
	uint32_t rank = 0;

	for (size_t i = 0; i < n && targets[i].priority < t->priority; i++)
		rank += i == 0 || targets[i].priority != targets[i - 1].priority;
	return rank;
}

static void weigh(struct cx_config_element *elements, const struct cx_target *const *targets, size_t n,
		  uint32_t weight)
{
	uint64_t of[CX_TARGETS_MAX], max = 0;
	bool shared = false, zero = false, some = false;

	for (size_t i = 0; i < n; i++) {
		shared |= targets[i]->shares != targets[0]->shares;
		zero |= targets[i]->by_srv && !targets[i]->weight;
		some |= targets[i]->weight;
	}
	for (size_t i = 0; i < n; i++) {
		of[i] = weight * (uint64_t)(targets[i]->by_srv && some ? targets[i]->weight : 1);
		if (shared)
			of[i] = of[i] * SHARES_LCM / targets[i]->shares;
		max = of[i] > max ? of[i] : max;
	}
	/* RFC 2782: a weight of 0 beside others is a very small chance */
	if (max > WEIGHT_MAX || (zero && some))
		for (size_t i = 0; i < n; i++)
			of[i] = of[i] * WEIGHT_MAX / max;
	for (size_t i = 0; i < n; i++)
		elements[i].weight = of[i] ? (uint32_t)of[i] : 1;
}

static void put_name(struct expansion *x, struct cx_config_group *to, const struct cx_config_element *e)
{
	const struct cx_target *targets, *live[CX_TARGETS_MAX];
	size_t n = x->answers ? x->answers->targets(x->answers->ctx, to, e, &targets) : 0,
	       first = to->n_elements, n_live = 0;

	x->left++; /* its own place */
	for (size_t i = 0; i < n; i++) {
		struct cx_config_element *one = &to->elements[to->n_elements];
		const struct cx_target *t = &targets[i];
		char endpoint[CX_ENDPOINT_TEXT];
		const char *why;

		*one = *e;
		one->addr = t->addr;
		one->family = t->family;
		one->port = t->port;
		one->transport = t->transport;
		one->expanded = true;
		one->gone = t->gone;
		memcpy(one->written, e->name, sizeof(one->written));
		why = unusable(x, to, one);
		if (why) {
			if (!t->gone)
				cx_diag_warn(x->diag, e->at.file, e->at.line, "see: cxctl dns",
					     "element \"%s\": DNS names %s, which is left out: %s", e->name,
					     cx_endpoint_format(&t->addr, t->port, endpoint), why);
			continue;
		}
		name_server(x, one);
		if (!t->gone) {
			uint32_t rank = rank_of(targets, n, t);

			one->q = e->q > rank ? e->q - rank : 0;
			live[n_live++] = t;
		}
		to->n_elements++;
		take_place(x, to);
		x->left--;
	}
	weigh(to->elements + first, live, n_live, e->weight);
	if (n_live == 1)
		memcpy(to->elements[first].name, e->name, sizeof(e->name));
	if (!n_live) {
		x->left--;
		to->elements[to->n_elements] = *e;
		memcpy(to->elements[to->n_elements++].written, e->name, sizeof(e->name));
	}
}

/* ---- all of them --------------------------------------------------------------------- */

/* At most so many elements a group can have in the end. */
static size_t room_for(const struct expansion *x, const struct cx_config_group *group)
{
	const struct cx_target *targets;
	size_t n = 0;

	for (size_t i = 0; i < group->n_elements; i++) {
		const struct cx_config_element *e = &group->elements[i];

		n += 1 + (e->host[0] && x->answers ? x->answers->targets(x->answers->ctx, group, e, &targets)
						   : 0);
	}
	return n + 1; /* one to write into that may be refused */
}

static int expand_group(struct expansion *x, const struct cx_config_group *from, struct cx_config_group *to)
{
	size_t room = room_for(x, from);

	*to = *from;
	to->n_elements = 0;
	to->elements = calloc(room, sizeof(*to->elements));
	if (!to->elements || make_places(x, room))
		return -ENOMEM;
	/* addresses first: they were checked, and no name may take one's place */
	for (int names = 0; names < 2; names++)
		for (size_t i = 0; i < from->n_elements; i++) {
			if ((from->elements[i].host[0] != '\0') != (names != 0))
				continue;
			if (names) {
				put_name(x, to, &from->elements[i]);
			} else {
				to->elements[to->n_elements++] = from->elements[i];
				take_place(x, to);
			}
		}
	return 0;
}

static int index_names(struct expansion *x)
{
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; i < x->written->n_groups; i++)
		for (size_t k = 0; k < x->written->groups[i].n_elements && (!err || err == -EEXIST);
		     k++, n++) {
			uint32_t value = 0;

			err = cx_config_names_add(&x->names, x->written->groups[i].elements[k].name, &value);
		}
	x->left = x->written->max_elements > n ? x->written->max_elements - n : 0;
	return err == -EEXIST ? 0 : err;
}

int cx_config_expand(struct cx_config *written, const struct cx_config_answers *answers, struct cx_diag *diag,
		     struct cx_config **out)
{
	struct expansion x = {.written = written, .answers = answers, .diag = diag};
	struct cx_config *c = malloc(sizeof(*c));
	int err = c ? index_names(&x) : -ENOMEM;

	*out = NULL;
	if (!c)
		return err;
	*c = *written;
	c->uses = 1;
	c->written = cx_config_keep(written);
	c->n_groups = 0;
	c->groups = calloc(written->n_groups + 1, sizeof(*c->groups));
	if (!c->groups)
		err = -ENOMEM;
	for (size_t i = 0; !err && i < written->n_groups; i++) {
		err = expand_group(&x, &written->groups[i], &c->groups[i]);
		c->n_groups = i + 1;
	}
	cx_config_names_free(&x.names);
	free(x.places);
	if (err)
		cx_config_free(c);
	else
		*out = c;
	return err;
}
