/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The main file from the top: text -> libconfig -> sections. The order is that
 * of what refers to what (networks, groups, routes), not that of the file, so
 * the operator may write the sections in any order.
 */
#include "config/internal.h"

#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include "observe/log.h"

/* A path of a Unix socket has 108 bytes, and the socket is in runtime_dir. */
#define RUNTIME_DIR_MAX 90

static void read_path(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		      void *object)
{
	char *path = (char *)object + key->offset;

	cx_read_text(l, s, key, object);
	if (s->type != CONFIG_TYPE_STRING)
		return;
	if (path[0] != '/')
		cx_diag_error(l->diag, l->path, s->line, "begin it with /",
			      "\"%s\" must be an absolute path, not \"%s\"", s->name, s->value.sval);
	else if (key->max && strlen(path) > key->max)
		cx_diag_error(l->diag, l->path, s->line,
			      "the path of the control socket in it must fit a socket address",
			      "\"%s\" is too long: at most %u characters", s->name, key->max);
}

static void read_interfaces(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			    void *object)
{
	struct cx_config *config = object;
	size_t n;

	if (!cx_list_length(l, s, &n))
		return;
	config->interfaces = cx_loader_grow(l, NULL, 0, n, sizeof(*config->interfaces));
	for (size_t i = 0; config->interfaces && i < n; i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		const char *text = cx_setting_string(l, member);

		if (!text)
			continue;
		if (!text[0] || strlen(text) >= IF_NAMESIZE || strpbrk(text, "/: ")) {
			cx_diag_error(l->diag, l->path, cx_setting_line(l, member), "see: ip link",
				      "\"%s\" cannot be the name of an interface", text);
			continue;
		}
		config->interfaces[config->n_interfaces] = cx_loader_strdup(l, text);
		if (config->interfaces[config->n_interfaces])
			config->n_interfaces++;
	}
}

static const struct cx_setting_key limit_keys[] = {
    {"dns", cx_read_number, CX_MEMBER(struct cx_config, max_dns), .min = 1, .max = 16777216},
    {"groups", cx_read_number, CX_MEMBER(struct cx_config, max_groups), .min = 1, .max = 65536},
    {"elements", cx_read_number, CX_MEMBER(struct cx_config, max_elements), .min = 1, .max = 1048576},
    {"flows", cx_read_number, CX_MEMBER(struct cx_config, max_flows), .min = 1024, .max = 16777216},
};

static void read_limits(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			void *object)
{
	cx_section_read(l, s, "limits", limit_keys, CX_ARRAY_SIZE(limit_keys), object);
}

static const struct cx_setting_key tcp_keys[] = {
    {"connect_ms", cx_read_number, CX_MEMBER(struct cx_config_tcp, connect_ms), .min = 10, .max = 60000},
    {"idle_s", cx_read_number, CX_MEMBER(struct cx_config_tcp, idle_s), .min = 1, .max = 86400},
    {"half_open_ms", cx_read_number, CX_MEMBER(struct cx_config_tcp, half_open_ms), .min = 100, .max = 600000},
    {"unacked_ms", cx_read_number, CX_MEMBER(struct cx_config_tcp, unacked_ms), .min = 100, .max = 600000},
    {"queue_bytes", cx_read_number, CX_MEMBER(struct cx_config_tcp, queue_bytes), .min = 65536, .max = 67108864},
    {"connections", cx_read_number, CX_MEMBER(struct cx_config_tcp, connections), .min = 1, .max = 4194304},
    {"per_source", cx_read_number, CX_MEMBER(struct cx_config_tcp, per_source), .min = 1, .max = 4194304},
};

static void read_tcp(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key, void *object)
{
	struct cx_config *config = object;

	cx_section_read(l, s, "tcp", tcp_keys, CX_ARRAY_SIZE(tcp_keys), &config->tcp);
}

static void read_dns(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key, void *object)
{
	cx_dns_read(l, s);
}

static const struct cx_word log_levels[] = {{"error", CX_ERROR}, {"warn", CX_WARN},   {"notice", CX_NOTICE},
					    {"info", CX_INFO},	 {"debug", CX_DEBUG}, {NULL, 0}};

static const struct cx_setting_key log_keys[] = {
    {"level", cx_read_word, CX_MEMBER(struct cx_config, log_level), .words = log_levels},
    {"syslog", cx_read_bool, CX_MEMBER(struct cx_config, log_syslog)},
    {"stderr", cx_read_bool, CX_MEMBER(struct cx_config, log_stderr)},
};

static void read_log(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		     void *object)
{
	cx_section_read(l, s, "log", log_keys, CX_ARRAY_SIZE(log_keys), object);
}

static void read_routes_dir(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			    void *object)
{
	const char *text = cx_setting_string(l, s);

	if (!text)
		return;
	l->routes_dir = cx_loader_strdup(l, text);
	l->routes_dir_line = s->line;
}

static void read_key_rotation(struct cx_loader *l, const config_setting_t *s,
			      const struct cx_setting_key *key, void *object)
{
	const struct cx_config *config = object;

	cx_read_number(l, s, key, object);
	if (config->key_rotation_s && config->key_rotation_s < 300)
		cx_diag_warn(l->diag, l->path, s->line, "give 300 or more, or 0 to keep one key",
			     "key_rotation_s is shorter than a call may ring: late responses will be dropped "
			     "as forged");
}

static void read_networks(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			  void *object)
{
	cx_networks_read(l, s);
}

static void read_groups(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			void *object)
{
	cx_groups_read(l, s);
}

static void read_routes(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			void *object)
{
	cx_routes_read(l, s);
}

static const struct cx_word fastpath_words[] = {{"auto", CX_FASTPATH_AUTO},
						{"native", CX_FASTPATH_NATIVE},
						{"generic", CX_FASTPATH_GENERIC},
						{"off", CX_FASTPATH_OFF},
						{NULL, 0}};

static const struct cx_word module_words[] = {
    {"auto", CX_MODULE_AUTO}, {"path", CX_MODULE_PATH}, {"off", CX_MODULE_OFF}, {NULL, 0}};

static const struct cx_setting_key file_keys[] = {
    {.name = "networks", .read = read_networks, .required = true},
    {.name = "groups", .read = read_groups},
    {.name = "routes", .read = read_routes},
    {.name = "routes_dir", .read = read_routes_dir},
    {"fastpath", cx_read_word, CX_MEMBER(struct cx_config, fastpath), .words = fastpath_words},
    {"module", cx_read_word, CX_MEMBER(struct cx_config, module), .words = module_words},
    {.name = "fastpath_interfaces", .read = read_interfaces},
    {.name = "pin_root", .read = read_path, CX_MEMBER(struct cx_config, pin_root)},
    {.name = "runtime_dir",
     .read = read_path,
     CX_MEMBER(struct cx_config, runtime_dir),
     .max = RUNTIME_DIR_MAX},
    {"control_group", cx_read_text, CX_MEMBER(struct cx_config, control_group)},
    {"workers", cx_read_number, CX_MEMBER(struct cx_config, workers), .max = 64},
    {"drain_s", cx_read_number, CX_MEMBER(struct cx_config, drain_s), .max = 3600},
    {.name = "tcp", .read = read_tcp},
    {.name = "dns", .read = read_dns},
    {"node", cx_read_number, CX_MEMBER(struct cx_config, node), .max = 255},
    {.name = "limits", .read = read_limits},
    {.name = "key_rotation_s",
     .read = read_key_rotation,
     CX_MEMBER(struct cx_config, key_rotation_s),
     .max = 31536000},
    {.name = "log", .read = read_log},
};

static void set_defaults(struct cx_config *config)
{
	config->fastpath = CX_FASTPATH_AUTO;
	config->module = CX_MODULE_AUTO;
	memcpy(config->pin_root, "/sys/fs/bpf/cxsip", sizeof("/sys/fs/bpf/cxsip"));
	memcpy(config->runtime_dir, "/run/cxsip", sizeof("/run/cxsip"));
	config->max_dns = CX_DNS_MAX;
	config->max_groups = CX_GROUPS_MAX;
	config->max_elements = CX_ELEMENTS_MAX;
	config->max_flows = CX_FLOWS_MAX;
	config->key_rotation_s = 86400;
	config->drain_s = 10;
	config->tcp = (struct cx_config_tcp){.connect_ms = 1000,
					     .idle_s = 240,
					     .half_open_ms = 10000,
					     .unacked_ms = 10000,
					     .queue_bytes = 262144,
					     .connections = 65536,
					     .per_source = 1024};
	cx_dns_defaults(&config->dns);
	config->log_level = CX_INFO;
	config->log_syslog = true;
	config->log_stderr = true;
}

/* What to do about what libconfig says. */
static const char *syntax_hint(const char *text)
{
	static const struct {
		const char *text, *hint;
	} known[] = {
	    {"syntax error", "look here and just above for a missing ; or bracket, or a comma missing or too many"},
	    {"duplicate setting name", "a setting stands twice in its { }, or a section twice in the file: remove one"},
	    {"mismatched element type in array", "in [ ] all are texts in quotes, or all are numbers"},
	    {"memory exhausted", "too many brackets are open"},
	};

	for (size_t i = 0; i < CX_ARRAY_SIZE(known); i++)
		if (strcmp(known[i].text, text) == 0)
			return known[i].hint;
	return NULL;
}

int cx_file_read(struct cx_loader *l)
{
	config_t file;
	int err;

	set_defaults(l->config);
	err = cx_text_read(l->path, l->diag, &l->text);
	if (!err)
		err = cx_text_check(&l->text, l->path, l->diag);
	if (err)
		return err;
	config_init(&file);
	if (config_read_string(&file, l->text.p) != CONFIG_TRUE) {
		cx_diag_error(l->diag, l->path, (unsigned)config_error_line(&file),
			      syntax_hint(config_error_text(&file)), "%s", config_error_text(&file));
		err = -EINVAL;
		goto out;
	}
	cx_section_read(l, config_root_setting(&file), "the file", file_keys, CX_ARRAY_SIZE(file_keys),
			l->config);
	err = l->err;
out:
	config_destroy(&file);
	return err;
}
