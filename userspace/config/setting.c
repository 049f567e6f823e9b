/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libconfig settings read by table: a section is an array of keys, each with
 * its reader, its place in the object and its range. What is not in the table
 * is refused, with the nearest key that is, because libconfig itself has no
 * opinion on unknown names and a misspelt setting must not be a default.
 */
#include "config/internal.h"

#include <stdio.h>
#include <string.h>

static const char *type_text(int type)
{
	switch (type) {
	case CONFIG_TYPE_GROUP:
		return "a group { }";
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		return "a whole number";
	case CONFIG_TYPE_FLOAT:
		return "a number with a fraction";
	case CONFIG_TYPE_STRING:
		return "a text in quotes";
	case CONFIG_TYPE_BOOL:
		return "true or false";
	case CONFIG_TYPE_ARRAY:
		return "an array [ ]";
	default:
		return "a list ( )";
	}
}

static const char *type_hint(int wanted, int found)
{
	if (wanted == CONFIG_TYPE_STRING)
		return found == CONFIG_TYPE_INT || found == CONFIG_TYPE_INT64 ? "put it in quotes" : NULL;
	if (wanted == CONFIG_TYPE_INT)
		return found == CONFIG_TYPE_STRING ? "write it without quotes" : NULL;
	if (wanted == CONFIG_TYPE_LIST && found == CONFIG_TYPE_GROUP)
		return "put round brackets around it: ( { ... } )";
	if (wanted == CONFIG_TYPE_LIST && found == CONFIG_TYPE_STRING)
		return "put square brackets around it: [ \"...\" ]";
	return NULL;
}

/* Members of lists have no name of their own: they go by the list's. */
static const char *setting_name(const config_setting_t *s)
{
	if (s->name)
		return s->name;
	return s->parent && s->parent->name ? s->parent->name : "the file";
}

unsigned cx_setting_line(const struct cx_loader *l, const config_setting_t *s)
{
	unsigned line = s->line;

	/* libconfig notes the line of the token that follows such a text */
	if (!s->name && s->type == CONFIG_TYPE_STRING && s->value.sval)
		line = cx_text_line_of(&l->text, line, s->value.sval);
	return line;
}

static void wrong_type(struct cx_loader *l, const config_setting_t *s, int wanted)
{
	cx_diag_error(l->diag, l->path, cx_setting_line(l, s), type_hint(wanted, s->type),
		      "%s\"%s\" must be %s, not %s", s->name ? "" : "each of ", setting_name(s),
		      type_text(wanted), type_text(s->type));
}

static void unknown_key(struct cx_loader *l, const config_setting_t *s, const char *what,
			const struct cx_setting_key *keys, size_t n_keys)
{
	struct cx_nearest nearest = {.word = s->name};
	char hint[CX_HINT_SIZE];
	size_t used;

	for (size_t i = 0; i < n_keys; i++)
		cx_nearest_try(&nearest, keys[i].name);
	if (nearest.best) {
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", nearest.best);
	} else {
		used = (size_t)snprintf(hint, sizeof(hint), "known here:");
		for (size_t i = 0; i < n_keys && used < sizeof(hint); i++)
			used += (size_t)snprintf(hint + used, sizeof(hint) - used, "%s %s", i ? "," : "",
						 keys[i].name);
	}
	cx_diag_error(l->diag, l->path, s->line, hint, "unknown setting \"%s\" in %s", s->name, what);
}

bool cx_section_read(struct cx_loader *l, const config_setting_t *s, const char *what,
		     const struct cx_setting_key *keys, size_t n_keys, void *object)
{
	const config_setting_t *member;
	size_t k;

	if (s->type != CONFIG_TYPE_GROUP) {
		wrong_type(l, s, CONFIG_TYPE_GROUP);
		return false;
	}
	for (k = 0; k < n_keys; k++) {
		member = config_setting_get_member(s, keys[k].name);
		if (member)
			keys[k].read(l, member, &keys[k], object);
		else if (keys[k].required)
			cx_diag_error(l->diag, l->path, s->line, NULL, "%s needs \"%s\"", what, keys[k].name);
	}
	for (int i = 0; i < config_setting_length(s); i++) {
		member = config_setting_get_elem(s, (unsigned)i);
		for (k = 0; k < n_keys && strcmp(keys[k].name, member->name) != 0; k++)
			;
		if (k == n_keys)
			unknown_key(l, member, what, keys, n_keys);
	}
	return true;
}

bool cx_list_length(struct cx_loader *l, const config_setting_t *s, size_t *n)
{
	if (s->type != CONFIG_TYPE_LIST && s->type != CONFIG_TYPE_ARRAY) {
		wrong_type(l, s, CONFIG_TYPE_LIST);
		return false;
	}
	*n = (size_t)config_setting_length(s);
	return true;
}

const char *cx_setting_string(struct cx_loader *l, const config_setting_t *s)
{
	if (s->type != CONFIG_TYPE_STRING) {
		wrong_type(l, s, CONFIG_TYPE_STRING);
		return NULL;
	}
	for (const char *p = s->value.sval; *p; p++) {
		if ((unsigned char)*p < 0x20 || *p == 0x7f) {
			cx_diag_error(l->diag, l->path, cx_setting_line(l, s), NULL,
				      "\"%s\" has a control character in it", setting_name(s));
			return NULL;
		}
	}
	return s->value.sval;
}

bool cx_setting_number(struct cx_loader *l, const config_setting_t *s, uint32_t min, uint32_t max,
		       uint32_t *value)
{
	long long number;

	if (s->type != CONFIG_TYPE_INT && s->type != CONFIG_TYPE_INT64) {
		wrong_type(l, s, CONFIG_TYPE_INT);
		return false;
	}
	number = config_setting_get_int64(s);
	if (number < (long long)min || number > (long long)max) {
		cx_diag_error(l->diag, l->path, s->line, NULL, "\"%s\" must be from %u to %u, not %lld",
			      setting_name(s), min, max, number);
		return false;
	}
	*value = (uint32_t)number;
	return true;
}

bool cx_name_valid(struct cx_loader *l, const config_setting_t *s, const char *what, const char *name)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:[]/+@";
	size_t n = strlen(name);

	if (n == 0) {
		cx_diag_error(l->diag, l->path, cx_setting_line(l, s), NULL, "the name of %s is empty", what);
		return false;
	}
	if (n >= CX_NAME_SIZE) {
		cx_diag_error(l->diag, l->path, cx_setting_line(l, s), NULL,
			      "the name of %s is too long: %zu characters, at most %d", what, n,
			      CX_NAME_SIZE - 1);
		return false;
	}
	if (name[strspn(name, allowed)]) {
		cx_diag_error(l->diag, l->path, cx_setting_line(l, s),
			      "use letters, digits and . _ - : [ ] / + @",
			      "the name of %s has a character that is not allowed: \"%s\"", what, name);
		return false;
	}
	return true;
}

/* ---- readers ------------------------------------------------------------------ */

static void store(void *object, const struct cx_setting_key *key, uint32_t value)
{
	unsigned char *at = (unsigned char *)object + key->offset;
	uint8_t u8 = (uint8_t)value;
	uint16_t u16 = (uint16_t)value;

	if (key->size == 1)
		memcpy(at, &u8, 1);
	else if (key->size == 2)
		memcpy(at, &u16, 2);
	else
		memcpy(at, &value, 4);
}

void cx_read_number(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		    void *object)
{
	uint32_t value;

	if (cx_setting_number(l, s, key->min, key->max, &value))
		store(object, key, value);
}

void cx_read_bool(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		  void *object)
{
	if (s->type != CONFIG_TYPE_BOOL)
		wrong_type(l, s, CONFIG_TYPE_BOOL);
	else
		store(object, key, config_setting_get_bool(s) ? 1 : 0);
}

void cx_read_string(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		    void *object)
{
	const char *text = cx_setting_string(l, s);

	memcpy((char *)object + key->offset, &text, sizeof(text));
}

void cx_read_text(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		  void *object)
{
	const char *text = cx_setting_string(l, s);

	if (!text)
		return;
	if (strlen(text) >= key->size)
		cx_diag_error(l->diag, l->path, s->line, NULL,
			      "\"%s\" is too long: %zu characters, at most %zu", setting_name(s),
			      strlen(text), key->size - 1);
	else
		memcpy((char *)object + key->offset, text, strlen(text) + 1);
}

void cx_read_name(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		  void *object)
{
	const char *text = cx_setting_string(l, s);
	char what[CX_NAME_SIZE + 8];

	if (!text)
		return;
	snprintf(what, sizeof(what), "this %s", strcmp(key->name, "name") == 0 ? "object" : key->name);
	if (cx_name_valid(l, s, what, text))
		memcpy((char *)object + key->offset, text, strlen(text) + 1);
}

void cx_read_word(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		  void *object)
{
	const char *text = cx_setting_string(l, s);
	struct cx_nearest nearest = {.word = text};
	char known[CX_HINT_SIZE], hint[CX_HINT_SIZE];
	size_t used = 0;

	if (!text)
		return;
	for (const struct cx_word *w = key->words; w->word; w++) {
		if (strcmp(w->word, text) == 0) {
			store(object, key, w->value);
			return;
		}
		cx_nearest_try(&nearest, w->word);
		if (used < sizeof(known))
			used += (size_t)snprintf(known + used, sizeof(known) - used, "%s\"%s\"",
						 used ? ", " : "", w->word);
	}
	if (nearest.best)
		snprintf(hint, sizeof(hint), "did you mean \"%s\"?", nearest.best);
	cx_diag_error(l->diag, l->path, s->line, nearest.best ? hint : NULL,
		      "\"%s\" must be one of %s, not \"%s\"", setting_name(s), known, text);
}
