/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `routes`: the list in pages, or which route serves a DN. Finding does what
 * the engine does with a Request-URI's user part: normalise as the networks of
 * the table say, exact match first, then the longest prefix.
 */
#include <stdio.h>
#include <string.h>
#include "control/command.h"
#include "control/json.h"
#include "control/summary.h"

#define SCAN_MAX 200000 /* entries looked at for one answer, if a filter leaves most out */

json_t *cx_json_route(struct cx_daemon *d, const struct cx_dn_entry *entry)
{
	const struct cx_config *config = d->tables->config;
	const struct cx_config_route *route = &config->routes[entry->route];

	return json_pack("{s:s, s:o, s:b, s:o, s:b, s:o, s:i}", "table", config->tables[route->table], "dn",
			 cx_json_text(entry->key.user, entry->key.len), "prefix", route->prefix, "group",
			 cx_json_name(d->world->groups[entry->value.group].name), "core",
			 (entry->value.flags & CX_DN_CORE) != 0, "file",
			 cx_json_string(config->files[route->file]), "line", (int)route->line);
}

/* Flags of a listener that uses the table: all networks of a table agree. */
static uint8_t table_flags(const struct cx_tables *t, uint8_t table)
{
	for (size_t i = 0; i < CX_LISTENERS_MAX; i++)
		if (t->listener_config[i] && t->listeners[i].table == table)
			return t->listeners[i].flags;
	return CX_LISTENER_IGNORE_SEPARATORS;
}

/* RFC 3966 visual separators and global numbers. Returns 0 if nothing is left or it is too long. */
static uint8_t normalise(const char *user, size_t n, uint8_t flags, uint8_t out[CX_DN_SIZE])
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++) {
		if (i == 0 && user[i] == '+' && (flags & CX_LISTENER_IGNORE_PLUS))
			continue;
		if ((flags & CX_LISTENER_IGNORE_SEPARATORS) && memchr("-.()", user[i], 4))
			continue;
		if (len == CX_DN_SIZE)
			return 0;
		out[len++] = (uint8_t)user[i];
	}
	return (uint8_t)len;
}

const struct cx_dn_entry *cx_routes_find(const struct cx_tables *t, uint8_t table, const char *user, size_t n)
{
	struct cx_dn_key key = {.table = table};
	const struct cx_dn_entry *entry;

	key.len = normalise(user, n, table_flags(t, table), key.user);
	if (!key.len)
		return NULL;
	entry = cx_tables_find_dn(t, &key);
	for (; !entry && key.len; key.user[--key.len] = 0)
		if (t->table[table].prefix_lengths & (1u << key.len))
			entry = cx_tables_find_prefix(t, &key);
	return entry;
}

static void find(struct cx_request *rq, const char *dn, int only_table)
{
	struct cx_daemon *d = rq->d;
	const struct cx_dn_entry *entry;
	json_t *list = json_array();

	for (size_t table = 0; list && table < CX_TABLES_MAX; table++) {
		if (!d->tables->table[table].name[0] || (only_table >= 0 && (size_t)only_table != table))
			continue;
		entry = cx_routes_find(d->tables, (uint8_t)table, dn, strlen(dn));
		if (entry)
			json_array_append_new(list, cx_json_route(d, entry));
	}
	cx_answer_data(rq, json_pack("{s:O, s:b, s:o}", "dn", json_object_get(rq->args, "dn"), "found",
				     json_array_size(list) > 0, "routes", list));
}

static void list_routes(struct cx_request *rq, int table, uint32_t group, uint64_t from, uint64_t limit)
{
	const struct cx_tables *t = rq->d->tables;
	uint64_t total = t->n_dn + t->n_prefix, i;
	json_t *list = json_array();

	for (i = from; list && i < total && i - from < SCAN_MAX && json_array_size(list) < limit; i++) {
		const struct cx_dn_entry *entry = i < t->n_dn ? &t->dn[i] : &t->prefix[i - t->n_dn];

		if ((table >= 0 && entry->key.table != table) ||
		    (group != CX_NONE && entry->value.group != group))
			continue;
		json_array_append_new(list, cx_json_route(rq->d, entry));
	}
	cx_answer_data(rq, json_pack("{s:I, s:I, s:I, s:o, s:o}", "total", (json_int_t)total, "exact",
				     (json_int_t)t->n_dn, "prefixes", (json_int_t)t->n_prefix, "routes", list,
				     "next", i < total ? json_integer((json_int_t)i) : json_null()));
}

static int find_table(const struct cx_tables *t, const char *name)
{
	for (int id = 0; name[0] && id < CX_TABLES_MAX; id++)
		if (!strncmp((const char *)t->table[id].name, name, CX_NAME_SIZE))
			return id;
	return -1;
}

void cx_command_routes(struct cx_request *rq)
{
	bool ok = true;
	const char *dn = cx_arg_string(rq, "dn", &ok), *table_name = cx_arg_string(rq, "table", &ok);
	const char *group_name = cx_arg_string(rq, "group", &ok);
	uint64_t from = cx_arg_number(rq, "from", 0, UINT32_MAX, &ok);
	uint64_t limit = cx_arg_number(rq, "limit", CX_PAGE_MAX, CX_PAGE_MAX, &ok);
	uint32_t group = CX_NONE;
	int table = -1;

	if (!ok)
		return;
	if (table_name) {
		table = find_table(rq->d->tables, table_name);
		if (table < 0) {
			cx_answer_error(rq, "not_found", "a table exists because a network names it",
					"no route table \"%s\"", table_name);
			return;
		}
	}
	if (group_name) {
		group = cx_world_find_group(rq->d->world, group_name);
		if (group == CX_NONE) {
			cx_answer_error(rq, "not_found", "`cxctl groups` lists them", "no group \"%s\"",
					group_name);
			return;
		}
	}
	if (dn)
		find(rq, dn, table);
	else
		list_routes(rq, table, group, from, limit);
}
