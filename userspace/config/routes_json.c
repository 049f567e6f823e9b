/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Route files: a directory of JSON files, each an array of route objects, as
 * a program would write them.
 *
 * The array is walked here and jansson is given one element at a time. That
 * way every message has the line of its object, and a million routes never
 * exist as one JSON tree. Files are read in byte order of their names, so the
 * same directory always gives the same messages.
 */
#define _GNU_SOURCE 1 /* asprintf */
#include "config/internal.h"

#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

struct cursor {
	const char *p, *end;
	uint32_t line;
};

/* Moves to p, counting lines. */
static void cursor_move(struct cursor *c, const char *p)
{
	while ((c->p = memchr(c->p, '\n', (size_t)(p - c->p)))) {
		c->line++;
		c->p++;
	}
	c->p = p;
}

/* Skips blanks (RFC 8259 section 2). Returns the next byte, 0 at the end. */
static char cursor_peek(struct cursor *c)
{
	for (; c->p < c->end; c->p++) {
		if (*c->p == '\n')
			c->line++;
		else if (*c->p != ' ' && *c->p != '\t' && *c->p != '\r')
			return *c->p;
	}
	return '\0';
}

static void syntax_error(struct cx_loader *l, uint32_t file, uint32_t line, const char *text)
{
	cx_diag_error(l->diag, l->config->files[file], line,
		      "a route file is an array: [ {\"dn\": \"9192\", \"group\": \"media\"}, ... ]", "%s",
		      text);
}

static const char **route_member(struct cx_route_text *text, const char *key)
{
	if (strcmp(key, "dn") == 0)
		return &text->dn;
	if (strcmp(key, "group") == 0)
		return &text->group;
	if (strcmp(key, "prefix") == 0)
		return &text->prefix;
	if (strcmp(key, "table") == 0)
		return &text->table;
	if (strcmp(key, "mode") == 0)
		return &text->mode;
	return NULL;
}

static void unknown_member(struct cx_loader *l, uint32_t file, uint32_t line, const char *key)
{
	static const char *const known[] = {"dn", "prefix", "group", "table", "mode"};
	struct cx_nearest nearest = {.word = key};
	char hint[CX_HINT_SIZE];

	for (size_t i = 0; i < CX_ARRAY_SIZE(known); i++)
		cx_nearest_try(&nearest, known[i]);
	cx_diag_error(l->diag, l->config->files[file], line,
		      cx_nearest_hint(&nearest, "known here: dn, prefix, group, table, mode", hint),
		      "unknown setting \"%.64s\" in a route", key);
}

static void route_from_json(struct cx_loader *l, json_t *object, uint32_t file, uint32_t line)
{
	struct cx_route_text text = {0};
	const char *key, **member;
	bool wrong = false;
	json_t *value;

	if (!json_is_object(object)) {
		syntax_error(l, file, line, "a route must be an object { }");
		return;
	}
	json_object_foreach(object, key, value)
	{
		member = route_member(&text, key);
		if (!member)
			unknown_member(l, file, line, key);
		else if (!json_is_string(value))
			cx_diag_error(l->diag, l->config->files[file], line,
				      json_is_number(value) ? "put it in quotes" : NULL,
				      "\"%s\" must be a text in quotes", key);
		if (!member || !json_is_string(value))
			wrong = true;
		else
			*member = json_string_value(value);
	}
	if (!wrong)
		cx_route_add(l, &text, file, line);
}

/* One array element. 0, or -EINVAL if the rest cannot be understood. */
static int read_element(struct cx_loader *l, struct cursor *c, uint32_t file)
{
	json_error_t error;
	json_t *value;

	value = json_loadb(c->p, (size_t)(c->end - c->p),
			   JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
	if (!value) {
		syntax_error(l, file, c->line + (error.line > 0 ? (uint32_t)error.line - 1 : 0), error.text);
		return -EINVAL;
	}
	route_from_json(l, value, file, c->line);
	json_decref(value);
	cursor_move(c, c->p + error.position);
	return 0;
}

static void read_array(struct cx_loader *l, struct cursor *c, uint32_t file)
{
	char next;

	if (cursor_peek(c) != '[') {
		syntax_error(l, file, c->line, c->p == c->end ? "the file is empty" : "this is no array");
		return;
	}
	c->p++;
	if (cursor_peek(c) == ']') {
		c->p++;
	} else {
		do {
			next = cursor_peek(c);
			if (next == ']' || next == ',') {
				syntax_error(l, file, c->line, "there is a comma too many");
				return;
			}
			if (read_element(l, c, file) || l->err)
				return;
			next = cursor_peek(c);
			if (next != ',' && next != ']') {
				syntax_error(l, file, c->line,
					     next ? "there must be a comma or ] here"
						  : "the array has no end");
				return;
			}
			c->p++;
		} while (next == ',');
	}
	if (cursor_peek(c))
		syntax_error(l, file, c->line, "there is something behind the array");
}

static void read_file(struct cx_loader *l, const char *dir, const char *name)
{
	struct cx_text text = {0};
	struct cursor c;
	uint32_t file;
	char *path;

	if (asprintf(&path, "%s/%s", dir, name) < 0) {
		l->err = -ENOMEM;
		return;
	}
	if (cx_loader_add_file(l, path, &file) && cx_text_read(path, l->diag, &text) == 0) {
		c = (struct cursor){text.p, text.p + text.n, 1};
		read_array(l, &c, file);
	}
	cx_text_free(&text);
	free(path);
}

static int is_route_file(const struct dirent *entry)
{
	size_t n = strlen(entry->d_name);

	return entry->d_name[0] != '.' && n > 5 && strcmp(entry->d_name + n - 5, ".json") == 0;
}

static int by_bytes(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

/* A relative directory is beside the main file. */
static char *routes_dir_path(const struct cx_loader *l)
{
	const char *name = l->routes_dir ? l->routes_dir : "routes.d";
	const char *slash = strrchr(l->path, '/');
	char *path;

	if (name[0] == '/' || !slash)
		return strdup(name);
	if (asprintf(&path, "%.*s/%s", (int)(slash - l->path), l->path, name) < 0)
		return NULL;
	return path;
}

void cx_routes_dir_read(struct cx_loader *l)
{
	struct dirent **entries = NULL;
	char *dir;
	int n;

	if (l->routes_dir && !l->routes_dir[0])
		return; /* routes_dir = "": none */
	dir = routes_dir_path(l);
	if (!dir) {
		l->err = -ENOMEM;
		return;
	}
	n = scandir(dir, &entries, is_route_file, by_bytes);
	if (n < 0 && errno == ENOMEM)
		l->err = -ENOMEM;
	else if (n < 0 && (l->routes_dir || errno != ENOENT))
		cx_diag_error(l->diag, l->path, l->routes_dir_line,
			      "routes_dir is a directory of *.json files; routes_dir = \"\" reads none",
			      "cannot read the route directory %s: %s", dir, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (!l->err)
			read_file(l, dir, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	free(dir);
}
