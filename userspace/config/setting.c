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
		return "a list [ ] or ( )";
	}
}

static const char *type_hint(int wanted, int found)
{
	if (wanted == CONFIG_TYPE_STRING)
		return found == CONFIG_TYPE_INT || found == CONFIG_TYPE_INT64 ? "put it in quotes" : NULL;
	if (wanted == CONFIG_TYPE_INT || wanted == CONFIG_TYPE_BOOL)
		return found == CONFIG_TYPE_STRING ? "write it without quotes" : NULL;
	if (wanted == CONFIG_TYPE_LIST && found == CONFIG_TYPE_GROUP)
		return "put round brackets around it: ( { ... } )";
	if (wanted == CONFIG_TYPE_LIST)
		return found == CONFIG_TYPE_STRING ? "put square brackets around it: [ \"...\" ]"
						   : "put square brackets around it: [ ... ]";
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

static bool is_key(const char *name, const struct cx_setting_key *keys, size_t n_keys)
{
	for (size_t k = 0; k < n_keys; k++)
		if (strcmp(keys[k].name, name) == 0)
			return true;
	return false;
}

static struct cx_nearest nearest_key(const char *name, const struct cx_setting_key *keys, size_t n_keys)
{
	struct cx_nearest nearest = {.word = name};

	for (size_t k = 0; k < n_keys; k++)
		cx_nearest_try(&nearest, keys[k].name);
	return nearest;
}

static void unknown_key(struct cx_loader *l, const config_setting_t *s, const char *what,
			const struct cx_setting_key *keys, size_t n_keys)
{
	struct cx_nearest nearest = nearest_key(s->name, keys, n_keys);
	char known[CX_HINT_SIZE] = "known here:", hint[CX_HINT_SIZE];
	size_t used = strlen(known);

	for (size_t i = 0; i < n_keys && used < sizeof(known); i++)
		used += (size_t)snprintf(known + used, sizeof(known) - used, "%s %s", i ? "," : "",
					 keys[i].name);
	cx_diag_error(l->diag, l->path, s->line, cx_nearest_hint(&nearest, known, hint),
		      "unknown setting \"%s\" in %s", s->name, what);
}

/* Tells of unknown members. A required key that one of them was meant to be is not
 * missing: that would be a second message of one mistake. */
static void check_keys(struct cx_loader *l, const config_setting_t *s, const char *what,
		       const struct cx_setting_key *keys, size_t n_keys)
{
	for (size_t k = 0; k < n_keys; k++) {
		bool there = !keys[k].required || config_setting_get_member(s, keys[k].name);

		for (int i = 0; i < config_setting_length(s) && !there; i++) {
			const char *name = config_setting_get_elem(s, (unsigned)i)->name;

			there = !is_key(name, keys, n_keys) && nearest_key(name, keys, n_keys).best == keys[k].name;
		}
		if (!there)
			cx_diag_error(l->diag, l->path, s->line, NULL, "%s needs \"%s\"", what, keys[k].name);
	}
	for (int i = 0; i < config_setting_length(s); i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);

		if (!is_key(member->name, keys, n_keys))
			unknown_key(l, member, what, keys, n_keys);
	}
}

bool cx_section_read(struct cx_loader *l, const config_setting_t *s, const char *what,
		     const struct cx_setting_key *keys, size_t n_keys, void *object)
{
	const config_setting_t *member;

	if (s->type != CONFIG_TYPE_GROUP) {
		wrong_type(l, s, CONFIG_TYPE_GROUP);
		return false;
	}
	check_keys(l, s, what, keys, n_keys); /* first: what follows may be their consequence */
	for (size_t k = 0; k < n_keys; k++) {
		member = config_setting_get_member(s, keys[k].name);
		if (member)
			keys[k].read(l, member, &keys[k], object);
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

/* Is it a name that can stand in a command line and a log? */
static bool is_name(struct cx_loader *l, const config_setting_t *s, const char *name)
{
	static const char allowed[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:[]/+@";
	const char *hint = "use letters, digits and . _ - : [ ] / + @";
	unsigned line = cx_setting_line(l, s);
	size_t n = strlen(name);

	if (n > 0 && n < CX_NAME_SIZE && !name[strspn(name, allowed)])
		return true;
	if (n == 0)
		cx_diag_error(l->diag, l->path, line, hint, "\"%s\" is empty", s->name);
	else if (n >= CX_NAME_SIZE)
		cx_diag_error(l->diag, l->path, line, NULL, "\"%s\" is too long: %zu characters, at most %d",
			      s->name, n, CX_NAME_SIZE - 1);
	else
		cx_diag_error(l->diag, l->path, line, hint, "\"%s\" has a character that is not allowed: \"%s\"",
			      s->name, name);
	return false;
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

	if (text && is_name(l, s, text))
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
	cx_diag_error(l->diag, l->path, s->line, cx_nearest_hint(&nearest, NULL, hint),
		      "\"%s\" must be one of %s, not \"%s\"", setting_name(s), known, text);
}
