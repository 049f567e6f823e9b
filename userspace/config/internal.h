/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of this room share while a configuration is being read.
 * Nothing of it outlives cx_config_load().
 *
 * Reading goes on after an error, so that one run shows all of them; whoever
 * reads an object later must bear with one that was only half filled in.
 */
#ifndef CX_CONFIG_INTERNAL_H
#define CX_CONFIG_INTERNAL_H

#include <libconfig.h>
#include "config/config.h"

#define CX_HINT_SIZE 256
#define CX_NO_NETWORK CX_NETWORKS_MAX /* of a group that names an unknown one */
#define CX_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- text.c: files as bytes ------------------------------------------------ */

struct cx_text {
	char *p; /* NUL-terminated; no NUL inside */
	size_t n;
	uint32_t *line_start; /* offset of each line, the first one's is 0 */
	size_t n_lines;
};

/* Reads a file or a pipe whole, without a byte order mark. 0, or -errno with an entry in diag. */
int cx_text_read(const char *path, struct cx_diag *diag, struct cx_text *text);
void cx_text_free(struct cx_text *text);
/* Fills in line_start. 0 or -ENOMEM. */
int cx_text_index(struct cx_text *text);
/* The line, counted from 1, of the byte at p. */
unsigned cx_text_line_at(const struct cx_text *text, const char *p);
/* The nearest line from `line` upwards that has "value" in quotes, or line. */
unsigned cx_text_line_of(const struct cx_text *text, unsigned line, const char *value);

/* tokens.c: refuses what libconfig 1.5 would misread in silence. 0 or -EINVAL, -ENOMEM. */
int cx_text_check(struct cx_text *text, const char *path, struct cx_diag *diag);

/* ---- names.c: what has a name, and what somebody may have meant ----------- */

struct cx_config_names {
	struct cx_name_slot {
		const char *name; /* borrowed; NULL: free slot */
		uint32_t value;
	} * slots;
	size_t size; /* a power of two */
	size_t count;
};

/* 0; -EEXIST and *value = what the name has already; -ENOMEM. */
int cx_config_names_add(struct cx_config_names *index, const char *name, uint32_t *value);
/* 0 and *value, or -ENOENT. */
int cx_config_names_find(const struct cx_config_names *index, const char *name, uint32_t *value);
void cx_config_names_free(struct cx_config_names *index);

struct cx_nearest {
	const char *word;
	const char *best; /* NULL: nothing is near */
	unsigned distance;
};
void cx_nearest_try(struct cx_nearest *nearest, const char *candidate);
/* "did you mean ...?" in buf, or `otherwise` if nothing is near. */
const char *cx_nearest_hint(const struct cx_nearest *nearest, const char *otherwise, char buf[CX_HINT_SIZE]);

/* ---- loader.c: the state of one load -------------------------------------------------- */

struct cx_table_rules {				 /* how the networks of a route table read a DN */
	const struct cx_config_network *network; /* the first that uses the table */
	bool ignore_plus;
	bool ignore_separators;
	bool told; /* that no network uses it */
};

struct cx_loader {
	struct cx_config *config;
	struct cx_diag *diag;
	int err; /* sticky: -ENOMEM and the like, no verdict on the text */
	struct cx_text text;
	const char *path;	       /* config->files[0] */
	struct cx_config_names groups;   /* -> index into config->groups */
	struct cx_config_names elements; /* -> number in order of appearance */
	struct cx_table_rules tables[CX_TABLES_MAX];
	char *routes_dir; /* owned; NULL: not said */
	unsigned routes_dir_line;
	bool told_no_groups;	/* by the first route */
	size_t n_elements;	/* read so far */
	size_t routes_size;	/* allocated */
	uint32_t last_group;	/* routes of one group come in runs */
};

/* realloc() of an array to n members, new ones zeroed; NULL sets l->err. */
void *cx_loader_grow(struct cx_loader *l, void *array, size_t old, size_t n, size_t size);
char *cx_loader_strdup(struct cx_loader *l, const char *text);
/* Adds to config->files; the text is owned by the config. NULL sets l->err. */
const char *cx_loader_add_file(struct cx_loader *l, const char *path, uint32_t *index);
/* True while a message would still be kept, so that its hint is worth the work. */
bool cx_loader_hints(const struct cx_loader *l);

/* ---- setting.c: libconfig settings by table ---------------------------------- */

struct cx_word {
	const char *word;
	uint32_t value;
};

struct cx_setting_key {
	const char *name;
	void (*read)(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		     void *object);
	size_t offset, size; /* of the member in the object */
	uint32_t min, max;   /* of numbers */
	bool required;
	const struct cx_word *words; /* ends with a NULL word */
};
#define CX_MEMBER(type, member) .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

/* Reads the members of a group { } into object; unknown ones are refused.
 * what: "a listener". False: s is no group at all. */
bool cx_section_read(struct cx_loader *l, const config_setting_t *s, const char *what,
		     const struct cx_setting_key *keys, size_t n_keys, void *object);
/* The number of members of a list ( ) or array [ ]. False: it is neither, and that was said. */
bool cx_list_length(struct cx_loader *l, const config_setting_t *s, size_t *n);
/* The text of a string setting, or NULL after an error. */
const char *cx_setting_string(struct cx_loader *l, const config_setting_t *s);
bool cx_setting_number(struct cx_loader *l, const config_setting_t *s, uint32_t min, uint32_t max,
		       uint32_t *value);
unsigned cx_setting_line(const struct cx_loader *l, const config_setting_t *s);

void cx_read_number(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		    void *object);
void cx_read_bool(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		  void *object);
void cx_read_text(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		  void *object);
void cx_read_name(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		  void *object);
void cx_read_word(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		  void *object);
/* A pointer to libconfig's own text: valid while the file is open. */
void cx_read_string(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		    void *object);

/* ---- the sections of the file -------------------------------------------------- */

void cx_networks_read(struct cx_loader *l, const config_setting_t *s); /* networks.c */
void cx_groups_read(struct cx_loader *l, const config_setting_t *s);   /* groups.c */
void cx_routes_read(struct cx_loader *l, const config_setting_t *s);   /* routes.c */
void cx_dns_read(struct cx_loader *l, const config_setting_t *s);      /* dns.c */
void cx_dns_defaults(struct cx_config_dns *dns);
int cx_file_read(struct cx_loader *l);				       /* file.c: all of them */

/* ---- uri.c: where an element is ---------------------------------------------- */

/* Fills in address or host name, family, port and transport. 0, or -EINVAL with what is
 * wrong and what to do in two static texts. */
int cx_element_uri_parse(const char *uri, struct cx_config_element *e, const char **why, const char **hint);
/* Why no listener or element can have this address, or NULL; *hint may be NULL. */
const char *cx_addr_unusable(const union cx_addr *addr, const char **hint);

/* ---- routes.c, routes_json.c ------------------------------------------------------ */

struct cx_route_text { /* as written; NULL: not given */
	const char *dn, *prefix, *group, *table, *mode;
};

void cx_route_add(struct cx_loader *l, const struct cx_route_text *text, uint32_t file, uint32_t line);
/* Sorts and refuses duplicates. */
void cx_routes_finish(struct cx_loader *l);
/* Reads every *.json of the directory. */
void cx_routes_dir_read(struct cx_loader *l);

/* ---- snapshot.c: what is asked of a snapshot ---------------------------------------- */

bool cx_same_place(const union cx_addr *a, uint16_t a_port, const union cx_addr *b, uint16_t b_port);
/* The listener at the element's address, if the element is the proxy itself. */
const struct cx_config_listener *cx_own_listener(const struct cx_config *config, const struct cx_config_element *e);

/* ---- check.c: what only the whole can tell ---------------------------------------- */

void cx_config_check(struct cx_loader *l);

#endif
