/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Routes from either kind of file: one check, one normal form.
 *
 * A DN is kept as the networks of its table read the user part of a
 * Request-URI: without visual separators (RFC 3966 section 5.1.1) and leading
 * plus where they ignore them. Duplicates are looked for after that, over all
 * files, by sorting once.
 */
#include "config/internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void route_error(struct cx_loader *l, uint32_t file, uint32_t line, const char *hint, const char *text,
			const char *value)
{
	cx_diag_error(l->diag, l->config->files[file], line, hint, "%s \"%s\"", text, value);
}

static int find_table(struct cx_loader *l, const char *name, uint32_t file, uint32_t line, uint8_t *table)
{
	const struct cx_config *config = l->config;
	struct cx_nearest nearest = {.word = name};
	struct cx_table_rules *rules;
	char hint[CX_HINT_SIZE];
	size_t i;

	for (i = 0; i < config->n_tables && strcmp(config->tables[i], name) != 0; i++)
		;
	if (i == config->n_tables) {
		for (i = 0; i < config->n_tables && cx_loader_hints(l); i++)
			cx_nearest_try(&nearest, config->tables[i]);
		route_error(l, file, line,
			    cx_nearest_hint(&nearest, "a table exists when a network names it: table = \"...\"", hint),
			    "unknown table", name);
		return -EINVAL;
	}
	rules = &l->tables[i];
	if (!rules->network && !rules->told && config->n_networks) {
		rules->told = true;
		cx_diag_warn(l->diag, config->files[file], line,
			     "give a network this table, or the route another one",
			     "no network uses the table \"%s\": its routes will never match", name);
	}
	*table = (uint8_t)i;
	return 0;
}

static int find_group(struct cx_loader *l, const char *name, uint32_t file, uint32_t line, uint32_t *group)
{
	const struct cx_config *config = l->config;
	struct cx_nearest nearest = {.word = name};
	char hint[CX_HINT_SIZE];

	*group = l->last_group;
	if (*group < config->n_groups && strcmp(config->groups[*group].name, name) == 0)
		return 0;
	if (cx_config_names_find(&l->groups, name, group) == 0) {
		l->last_group = *group;
		return 0;
	}
	if (!config->n_groups && l->told_no_groups)
		return -EINVAL; /* the first such route has said so for all */
	l->told_no_groups = !config->n_groups;
	for (size_t i = 0; i < config->n_groups && cx_loader_hints(l); i++)
		cx_nearest_try(&nearest, config->groups[i].name);
	route_error(l, file, line,
		    config->n_groups ? cx_nearest_hint(&nearest, "add it to groups in the main file", hint)
				     : "there are no groups: add groups = ( { name = \"...\"; ... } );",
		    "unknown group", name);
	return -EINVAL;
}

/* RFC 3261 section 25.1: unreserved / user-unreserved, without ; and ? */
static bool is_user_char(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c && strchr("-_.!~*'()&=+$,/", c));
}

static const char *bad_char_hint(char c)
{
	if (c && strchr("^[]\\?|{}", c))
		return "a dn is no pattern; prefix = \"...\" matches every number that begins so";
	if (c == ' ' || c == '\t')
		return "leave it out: a URI has no blanks";
	if (c == '%')
		return "write the character itself: escapes are undone before DNs are compared";
	if (c == '@' || c == ':' || c == ';')
		return "give the user part alone, without sip:, host and parameters";
	return "a DN has letters, digits and - _ . ! ~ * ' ( ) & = + $ , /";
}

static int normalise(struct cx_loader *l, const char *user, uint32_t file, uint32_t line,
		     struct cx_config_route *route)
{
	const struct cx_table_rules *rules = &l->tables[route->table];
	const char *what = route->prefix ? "prefix" : "dn";
	size_t n = 0;

	for (const char *p = user; *p; p++) {
		if (!is_user_char((unsigned char)*p)) {
			cx_diag_error(l->diag, l->config->files[file], line, bad_char_hint(*p),
				      "%s \"%s\" has a character that is not allowed: '%c'", what, user, *p);
			return -EINVAL;
		}
		if (rules->ignore_plus && *p == '+' && p == user)
			continue;
		if (rules->ignore_separators && strchr("-.()", *p))
			continue;
		if (n < CX_DN_SIZE)
			route->user[n] = *p;
		n++;
	}
	if (n == 0) {
		route_error(l, file, line, "it needs at least one character that is no separator",
			    "nothing is left of the", what);
		return -EINVAL;
	}
	if (n > CX_DN_SIZE) {
		cx_diag_error(l->diag, l->config->files[file], line, NULL,
			      "%s \"%.64s\" is too long: %zu characters, at most %d", what, user, n,
			      CX_DN_SIZE);
		return -EINVAL;
	}
	route->user[n] = '\0';
	route->len = (uint8_t)n;
	return 0;
}

/* A number with what elsewhere stands for "any digit" behind it: 91XX, 91.., 91.*, 91$ */
static void warn_of_pattern(struct cx_loader *l, const char *user, uint32_t file, uint32_t line)
{
	size_t digits = strspn(user, "+0123456789");
	const char *rest = user + digits;
	char hint[CX_HINT_SIZE];

	if (!digits || rest[strspn(rest, "Xx.!*+$")] || !strpbrk(rest, "Xx.!$"))
		return;
	snprintf(hint, sizeof(hint), "prefix = \"%.*s\" matches every number that begins so", (int)digits, user);
	cx_diag_warn(l->diag, l->config->files[file], line, hint,
		     "\"%.64s\" is taken as it is written: there are no patterns", user);
}

static int route_fill(struct cx_loader *l, const struct cx_route_text *text, uint32_t file, uint32_t line,
		      struct cx_config_route *route)
{
	const char *path = l->config->files[file];

	if (!text->dn == !text->prefix) {
		cx_diag_error(l->diag, path, line, "dn matches a whole number, prefix its beginning",
			      text->dn ? "a route has either \"dn\" or \"prefix\", not both"
				       : "a route needs \"dn\" or \"prefix\"");
		return -EINVAL;
	}
	if (!text->group) {
		cx_diag_error(l->diag, path, line, NULL, "a route needs \"group\"");
		return -EINVAL;
	}
	if (text->mode && strcmp(text->mode, "core") != 0 && strcmp(text->mode, "auto") != 0) {
		route_error(l, file, line, "use \"auto\" or \"core\"", "unknown mode", text->mode);
		return -EINVAL;
	}
	memset(route, 0, sizeof(*route));
	route->file = file;
	route->line = line;
	route->prefix = text->prefix != NULL;
	route->core = text->mode && strcmp(text->mode, "core") == 0;
	if (text->table && find_table(l, text->table, file, line, &route->table))
		return -EINVAL;
	if (!text->table && find_table(l, "default", file, line, &route->table))
		return -EINVAL;
	if (find_group(l, text->group, file, line, &route->group))
		return -EINVAL;
	warn_of_pattern(l, text->prefix ? text->prefix : text->dn, file, line);
	return normalise(l, text->prefix ? text->prefix : text->dn, file, line, route);
}

void cx_route_add(struct cx_loader *l, const struct cx_route_text *text, uint32_t file, uint32_t line)
{
	struct cx_config *config = l->config;
	struct cx_config_route route, *grown;
	size_t size;

	if (route_fill(l, text, file, line, &route) || l->err)
		return;
	if (config->n_routes == l->routes_size) {
		size = l->routes_size ? l->routes_size * 2 : 64;
		grown = cx_loader_grow(l, config->routes, l->routes_size, size, sizeof(*grown));
		if (!grown)
			return;
		config->routes = grown;
		l->routes_size = size;
	}
	config->routes[config->n_routes++] = route;
}

/* ---- the section of the main file ------------------------------------------------- */

static const struct cx_setting_key route_keys[] = {
    {"dn", cx_read_string, CX_MEMBER(struct cx_route_text, dn)},
    {"prefix", cx_read_string, CX_MEMBER(struct cx_route_text, prefix)},
    {"group", cx_read_string, CX_MEMBER(struct cx_route_text, group)},
    {"table", cx_read_string, CX_MEMBER(struct cx_route_text, table)},
    {"mode", cx_read_string, CX_MEMBER(struct cx_route_text, mode)},
};

void cx_routes_read(struct cx_loader *l, const config_setting_t *s)
{
	size_t n;

	if (!cx_list_length(l, s, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		struct cx_route_text text = {0};
		size_t errors = l->diag->errors;

		if (cx_section_read(l, member, "a route", route_keys, CX_ARRAY_SIZE(route_keys), &text) &&
		    l->diag->errors == errors)
			cx_route_add(l, &text, 0, member->line);
	}
}

/* ---- duplicates ------------------------------------------------------------------------ */

static int compare_match(const struct cx_config_route *a, const struct cx_config_route *b)
{
	if (a->table != b->table)
		return a->table < b->table ? -1 : 1;
	if (a->prefix != b->prefix)
		return a->prefix ? 1 : -1;
	return strcmp(a->user, b->user);
}

/* The place decides between equals, so that the later one is the duplicate. */
static int compare_routes(const void *pa, const void *pb)
{
	const struct cx_config_route *a = pa, *b = pb;
	int c = compare_match(a, b);

	if (c)
		return c;
	if (a->file != b->file)
		return a->file < b->file ? -1 : 1;
	return a->line < b->line ? -1 : a->line > b->line;
}

void cx_routes_finish(struct cx_loader *l)
{
	struct cx_config *config = l->config;
	const struct cx_config_route *first, *r;

	if (!config->n_routes)
		return;
	qsort(config->routes, config->n_routes, sizeof(*config->routes), compare_routes);
	first = &config->routes[0];
	for (size_t i = 1; i < config->n_routes; i++) {
		r = &config->routes[i];
		if (compare_match(first, r) != 0) {
			first = r;
			continue;
		}
		cx_diag_error(
		    l->diag, config->files[r->file], r->line,
		    first->group == r->group ? "remove one of them" : "they name two groups: keep one",
		    "duplicate %s \"%s\" in table \"%s\": the first is at %s:%u", r->prefix ? "prefix" : "dn",
		    r->user, config->tables[r->table], config->files[first->file], first->line);
	}
}
