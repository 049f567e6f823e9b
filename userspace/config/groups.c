/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The section "groups": server groups, their probes and their elements.
 * Names of elements are unique over all groups, because operators drain and
 * disable by name and states follow names over reloads.
 */
#include "config/internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* ---- probe ---------------------------------------------------------------------- */

#define CODES_MAX 16 /* of each list of status codes */

static void read_codes(struct cx_loader *l, const config_setting_t *s, uint32_t min, uint16_t codes[CODES_MAX],
		       size_t *n_codes)
{
	size_t n;
	uint32_t code;

	if (!cx_list_length(l, s, &n))
		return;
	if (n > CODES_MAX) {
		cx_diag_error(l->diag, l->path, s->line, NULL, "too many %s: %zu, at most %d", s->name, n, CODES_MAX);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		if (cx_setting_number(l, config_setting_get_elem(s, (unsigned)i), min, 699, &code))
			codes[(*n_codes)++] = (uint16_t)code;
	}
}

static void read_down_codes(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			    void *object)
{
	struct cx_config_probe *probe = object;

	read_codes(l, s, 100, probe->down_codes, &probe->n_down_codes);
}

static const struct cx_setting_key probe_keys[] = {
    {"enabled", cx_read_bool, CX_MEMBER(struct cx_config_probe, enabled)},
    {"interval_ms", cx_read_number, CX_MEMBER(struct cx_config_probe, interval_ms), .min = 50,
     .max = 3600000},
    {"down_interval_ms", cx_read_number, CX_MEMBER(struct cx_config_probe, down_interval_ms), .min = 50,
     .max = 3600000},
    {"timeout_ms", cx_read_number, CX_MEMBER(struct cx_config_probe, timeout_ms), .min = 10, .max = 60000},
    {"rise", cx_read_number, CX_MEMBER(struct cx_config_probe, rise), .min = 1, .max = 100},
    {"fall", cx_read_number, CX_MEMBER(struct cx_config_probe, fall), .min = 1, .max = 100},
    {.name = "down_codes", .read = read_down_codes},
};

static void read_probe(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		       void *object)
{
	struct cx_config_group *group = object;

	cx_section_read(l, s, "a probe", probe_keys, CX_ARRAY_SIZE(probe_keys), &group->probe);
}

/* ---- elements --------------------------------------------------------------------- */

static void read_uri(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		     void *object)
{
	struct cx_config_element *e = object;
	const char *why, *hint;

	cx_read_text(l, s, key, object);
	if (!e->uri[0] && s->type == CONFIG_TYPE_STRING && strlen(s->value.sval) >= sizeof(e->uri))
		return; /* said to be too long */
	if (s->type == CONFIG_TYPE_STRING && cx_element_uri_parse(e->uri, e, &why, &hint))
		cx_diag_error(l->diag, l->path, cx_setting_line(l, s), hint, "bad element URI \"%s\": %s",
			      e->uri, why);
}

/* As SIP and CUSP write it (RFC 3261 25.1 qvalue), kept in thousandths. */
static void read_q(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		   void *object)
{
	struct cx_config_element *e = object;
	double q = s->type == CONFIG_TYPE_FLOAT ? config_setting_get_float(s) : config_setting_get_int(s);
	bool number = s->type == CONFIG_TYPE_FLOAT || s->type == CONFIG_TYPE_INT;

	if (number && q >= 0 && q <= 1)
		e->q = (uint32_t)(q * 1000 + 0.5);
	else
		cx_diag_error(l->diag, l->path, cx_setting_line(l, s), "1.0 is asked first, 0.0 last",
			      "\"%s\" must be a number from 0.0 to 1.0", key->name);
}

static const struct cx_setting_key element_keys[] = {
    {"name", cx_read_name, CX_MEMBER(struct cx_config_element, name)},
    {.name = "uri", .read = read_uri, CX_MEMBER(struct cx_config_element, uri), .required = true},
    {"weight", cx_read_number, CX_MEMBER(struct cx_config_element, weight), .min = 1, .max = 1000},
    {"q", read_q, CX_MEMBER(struct cx_config_element, q)},
    {"disabled", cx_read_bool, CX_MEMBER(struct cx_config_element, disabled)},
};

static void name_by_address(struct cx_loader *l, struct cx_config_element *e)
{
	char text[sizeof(e->host) + CX_ENDPOINT_TEXT];

	if (e->family)
		cx_endpoint_format(&e->addr, e->port, text);
	else
		snprintf(text, sizeof(text), e->port ? "%s:%u" : "%s", e->host, e->port);
	if (strlen(text) < sizeof(e->name))
		memcpy(e->name, text, strlen(text) + 1);
	else
		cx_diag_error(l->diag, l->path, e->at.line, "add a name = \"...\"",
			      "element %s needs a name: its host is too long to be one", text);
}

/* The element that was the number-th to appear. */
static const struct cx_config_element *element_at(const struct cx_config *config, uint32_t number)
{
	size_t i = 0;

	for (; number >= config->groups[i].n_elements; i++)
		number -= (uint32_t)config->groups[i].n_elements;
	return &config->groups[i].elements[number];
}

static void index_element(struct cx_loader *l, const struct cx_config_element *e, uint32_t number)
{
	int err = cx_config_names_add(&l->elements, e->name, &number);

	if (err == -EEXIST)
		cx_diag_error(l->diag, l->path, e->at.line,
			      "names of elements are unique over all groups: add a name = \"...\"",
			      "duplicate element \"%s\": the first is on line %u", e->name,
			      element_at(l->config, number)->at.line);
	else if (err)
		l->err = err;
}

static void read_elements(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			  void *object)
{
	struct cx_config_group *group = object;
	size_t n;

	if (!cx_list_length(l, s, &n))
		return;
	group->elements = cx_loader_grow(l, NULL, 0, n, sizeof(*group->elements));
	if (!group->elements)
		return;
	group->n_elements = n;
	for (size_t i = 0; i < n; i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		struct cx_config_element *e = &group->elements[i];

		e->at = (struct cx_config_source){l->path, member->line};
		e->weight = 1;
		e->q = 1000;
		if (!cx_section_read(l, member, "an element", element_keys, CX_ARRAY_SIZE(element_keys), e))
			continue;
		if (!e->name[0] && (e->family || e->host[0]) && !config_setting_get_member(member, "name"))
			name_by_address(l, e);
		if (e->name[0])
			index_element(l, e, (uint32_t)(l->n_elements + i));
	}
	l->n_elements += n;
}

/* ---- groups ------------------------------------------------------------------------ */

static void read_network(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			 void *object)
{
	struct cx_config_group *group = object;
	const struct cx_config *config = l->config;
	const char *text = cx_setting_string(l, s);
	struct cx_nearest nearest = {.word = text};
	char hint[CX_HINT_SIZE];

	if (!text || !config->n_networks)
		return; /* without networks that is the error to show */
	for (size_t i = 0; i < config->n_networks; i++) {
		if (strcmp(config->networks[i].name, text) == 0) {
			group->network = i;
			return;
		}
		cx_nearest_try(&nearest, config->networks[i].name);
	}
	group->network = CX_NO_NETWORK;
	cx_diag_error(l->diag, l->path, cx_setting_line(l, s),
		      cx_nearest_hint(&nearest, "it must be the name of one of the networks", hint),
		      "unknown network \"%s\"", text);
}

void cx_config_group_defaults(struct cx_config_group *group)
{
	group->retry_after_s = 5;
	group->probe = (struct cx_config_probe){.enabled = true,
						.interval_ms = 1000,
						.down_interval_ms = 1000,
						.timeout_ms = 500,
						.rise = 1,
						.fall = 2};
	group->failover_codes[0] = 503;
	group->n_failover_codes = 1;
	group->try_timeout_ms = 2000;
	for (size_t i = 0; i < CX_TRANSPORTS; i++)
		group->retries[i] = i == CX_UDP ? 2 : 1;
	group->pause_max_s = 300;
	group->slow_start_s = 10;
}

static const struct cx_setting_key retry_keys[] = {
    {"udp", cx_read_number, CX_MEMBER(struct cx_config_group, retries[CX_UDP]), .max = 10},
    {"tcp", cx_read_number, CX_MEMBER(struct cx_config_group, retries[CX_TCP]), .max = 10},
    {"tls", cx_read_number, CX_MEMBER(struct cx_config_group, retries[CX_TLS]), .max = 10},
};

static void read_retries(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			 void *object)
{
	cx_section_read(l, s, "element_retries", retry_keys, CX_ARRAY_SIZE(retry_keys), object);
}

static void read_failover_codes(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
				void *object)
{
	struct cx_config_group *group = object;

	group->n_failover_codes = 0;
	read_codes(l, s, 300, group->failover_codes, &group->n_failover_codes);
}

static const struct cx_word fork_words[] = {
    {"off", CX_FORK_OFF}, {"serial", CX_FORK_SERIAL}, {"parallel", CX_FORK_PARALLEL}, {NULL, 0}};

static const struct cx_word group_modes[] = {{"auto", 0}, {"fast", 0}, {"core", 1}, {NULL, 0}};

static const struct cx_setting_key group_keys[] = {
    {"name", cx_read_name, CX_MEMBER(struct cx_config_group, name), .required = true},
    {.name = "network", .read = read_network},
    {"mode", cx_read_word, CX_MEMBER(struct cx_config_group, core), .words = group_modes},
    {"retry_after", cx_read_number, CX_MEMBER(struct cx_config_group, retry_after_s), .max = 86400},
    {.name = "failover_codes", .read = read_failover_codes},
    {"try_timeout_ms", cx_read_number, CX_MEMBER(struct cx_config_group, try_timeout_ms), .min = 100, .max = 60000},
    {.name = "element_retries", .read = read_retries},
    {"pause_max_s", cx_read_number, CX_MEMBER(struct cx_config_group, pause_max_s), .max = 86400},
    {"slow_start_s", cx_read_number, CX_MEMBER(struct cx_config_group, slow_start_s), .max = 3600},
    {"fork", cx_read_word, CX_MEMBER(struct cx_config_group, fork), .words = fork_words},
    {"recurse", cx_read_bool, CX_MEMBER(struct cx_config_group, recurse)},
    {.name = "probe", .read = read_probe},
    {.name = "elements", .read = read_elements},
};

static void index_group(struct cx_loader *l, const struct cx_config_group *group, uint32_t i)
{
	int err = cx_config_names_add(&l->groups, group->name, &i);

	if (err == -EEXIST)
		cx_diag_error(l->diag, l->path, group->at.line, "each group needs a name of its own",
			      "duplicate group \"%s\": the first is on line %u", group->name,
			      l->config->groups[i].at.line);
	else if (err)
		l->err = err;
}

void cx_groups_read(struct cx_loader *l, const config_setting_t *s)
{
	struct cx_config *config = l->config;
	size_t n;

	if (!cx_list_length(l, s, &n))
		return;
	config->groups = cx_loader_grow(l, NULL, 0, n, sizeof(*config->groups));
	if (!config->groups)
		return;
	for (size_t i = 0; i < n; i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		struct cx_config_group *group = &config->groups[i];

		config->n_groups = i + 1;
		group->at = (struct cx_config_source){l->path, member->line};
		cx_config_group_defaults(group);
		if (!cx_section_read(l, member, "a group", group_keys, CX_ARRAY_SIZE(group_keys), group))
			continue;
		if (config->n_networks > 1 && !config_setting_get_member(member, "network")) {
			group->network = CX_NO_NETWORK;
			cx_diag_error(l->diag, l->path, group->at.line,
				      "add network = \"...\": where the elements are",
				      "group \"%s\" needs a network, as there is more than one", group->name);
		}
		if (group->name[0])
			index_group(l, group, (uint32_t)i);
	}
}
