// SPDX-License-Identifier: GPL-2.0-only
/* Reads a scenario: lines of words; indented lines belong to the one above. */
#include <stdlib.h>
#include <string.h>
#include "replay.h"

static char *keep(struct script *s, char *text)
{
	s->text[s->n_text++] = text;
	return text;
}

static void split(struct script *s, struct line *l)
{
	char *copy = keep(s, strdup(l->rest)), *save = NULL;

	for (char *w = strtok_r(copy, " \t", &save); w && l->n_words < WORDS_MAX;
	     w = strtok_r(NULL, " \t", &save))
		l->words[l->n_words++] = w;
}

static int refuse(FILE *f, const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	if (f)
		fclose(f);
	return -1;
}

static bool is_scenario(const struct line *l)
{
	return !l->indented && !strncmp(l->rest, "scenario ", 9);
}

int script_read(struct script *s, const char *path)
{
	FILE *f = fopen(path, "r");
	const char *slash = strrchr(path, '/');
	struct line *above = NULL;
	unsigned number = 0;
	char buf[2048];

	memset(s, 0, sizeof(*s));
	snprintf(s->file, sizeof(s->file), "%s", slash ? slash + 1 : path);
	if (!f)
		return refuse(f, path, "cannot be read");
	while (fgets(buf, sizeof(buf), f)) {
		struct line *l = &s->lines[s->n_lines];
		char *p = buf;

		number++;
		buf[strcspn(buf, "\r\n")] = '\0';
		if (!buf[0] || buf[0] == '#')
			continue;
		if (s->n_lines == LINES_MAX)
			return refuse(f, path, "too many lines");
		l->indented = *p == '\t' || *p == ' ';
		while (*p == '\t' || *p == ' ')
			p++;
		l->number = number;
		l->rest = keep(s, strdup(p));
		split(s, l);
		s->n_lines++;
		if (!l->indented)
			above = l;
		else if (above && !above->n_under++)
			above->under = l;
	}
	fclose(f);
	while (s->common < s->n_lines && !is_scenario(&s->lines[s->common]))
		s->common++;
	s->to = s->common;
	return 0;
}

bool script_next(struct script *s)
{
	if (s->to >= s->n_lines)
		return false;
	snprintf(s->title, sizeof(s->title), "%.250s", s->lines[s->to].rest + 9);
	s->from = s->to + 1;
	for (s->to = s->from; s->to < s->n_lines && !is_scenario(&s->lines[s->to]); s->to++)
		;
	return true;
}

const struct line *script_line(const struct script *s, int k)
{
	if (k < s->common)
		return &s->lines[k];
	k += s->from - s->common;
	return k < s->to ? &s->lines[k] : NULL;
}

void script_free(struct script *s)
{
	for (int i = 0; i < s->n_text; i++)
		free(s->text[i]);
	s->n_text = 0;
}

const char *line_option(const struct line *l, const char *name)
{
	size_t n = strlen(name);

	for (int i = 2; i < l->n_words; i++) {
		if (strncmp(l->words[i], name, n) != 0)
			continue;
		if (l->words[i][n] == '=')
			return l->words[i] + n + 1;
		if (!l->words[i][n])
			return "";
	}
	return NULL;
}
