/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The section "networks": listeners, sources, aliases and policy, and the
 * route tables, which exist because some network names them. The networks of
 * one table must read DNs alike, or one route could mean two numbers.
 */
#include "config/internal.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- listeners -------------------------------------------------------------- */

struct listener_text {
	const char *address, *transport;
	uint16_t port;
};

static const struct cx_setting_key listener_keys[] = {
    {"address", cx_read_string, CX_MEMBER(struct listener_text, address), .required = true},
    {"port", cx_read_number, CX_MEMBER(struct listener_text, port), .min = 1, .max = 65535},
    {"transport", cx_read_string, CX_MEMBER(struct listener_text, transport)},
};

static void listener_address(struct cx_loader *l, const config_setting_t *s, const char *text,
			     struct cx_config_listener *listener)
{
	unsigned line = cx_setting_line(l, config_setting_get_member(s, "address"));
	const char *why, *hint;

	if (cx_addr_parse(text, &listener->addr, &listener->family)) {
		cx_diag_error(l->diag, l->path, line,
			      "give an IPv4 or IPv6 address of this host; the port has its own setting",
			      "\"%s\" is not an address", text);
		return;
	}
	why = cx_addr_unusable(&listener->addr, &hint);
	if (why) {
		cx_diag_error(l->diag, l->path, line, hint, "a listener cannot have the address %s: it %s",
			      text, why);
		listener->family = 0;
	}
}

static void listener_transport(struct cx_loader *l, const config_setting_t *s, const char *text,
			       struct cx_config_listener *listener)
{
	static const char *const later[] = {"tls", "ws", "wss"};
	unsigned line;

	listener->transport = strcmp(text, "tcp") == 0 ? CX_TCP : CX_UDP;
	if (strcmp(text, "udp") == 0 || strcmp(text, "tcp") == 0)
		return;
	line = cx_setting_line(l, config_setting_get_member(s, "transport"));
	for (size_t i = 0; i < CX_ARRAY_SIZE(later); i++) {
		if (strcmp(text, later[i]) == 0) {
			cx_diag_error(l->diag, l->path, line, "leave this listener out for now",
				      "transport \"%s\" is not supported yet: only udp and tcp", text);
			return;
		}
	}
	cx_diag_error(l->diag, l->path, line, "use \"udp\" or \"tcp\"", "unknown transport \"%s\"", text);
}

static void read_listeners(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			   void *object)
{
	struct cx_config_network *network = object;
	size_t n;

	if (!cx_list_length(l, s, &n))
		return;
	if (n == 0)
		cx_diag_error(l->diag, l->path, s->line, "add one: { address = \"192.0.2.1\"; }",
			      "network \"%s\" has no listeners", network->name);
	network->listeners = cx_loader_grow(l, NULL, 0, n, sizeof(*network->listeners));
	if (!network->listeners)
		return;
	network->n_listeners = n;
	for (size_t i = 0; i < n; i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		struct cx_config_listener *listener = &network->listeners[i];
		struct listener_text text = {.port = 5060};

		listener->at = (struct cx_config_source){l->path, member->line};
		if (!cx_section_read(l, member, "a listener", listener_keys, CX_ARRAY_SIZE(listener_keys),
				     &text))
			continue;
		listener->port = text.port;
		listener->transport = CX_UDP;
		if (text.address)
			listener_address(l, member, text.address, listener);
		if (text.transport)
			listener_transport(l, member, text.transport, listener);
	}
}

/* ---- sources, aliases, DSCP --------------------------------------------------- */

static void network_address(const union cx_addr *addr, uint32_t prefixlen, char buf[CX_ADDR_TEXT])
{
	union cx_addr masked = *addr;

	for (uint32_t bit = prefixlen; bit < 128; bit++)
		masked.b[bit / 8] &= (uint8_t) ~(0x80 >> (bit % 8));
	cx_addr_format(&masked, buf);
}

static void source_wrong(struct cx_loader *l, unsigned line, const char *text,
			 const struct cx_config_cidr *cidr, int err)
{
	char hint[CX_HINT_SIZE], addr[CX_ADDR_TEXT];

	if (err == -ERANGE) {
		network_address(&cidr->addr, cidr->prefixlen, addr);
		snprintf(hint, sizeof(hint), "write %s/%u, or the address alone for one host", addr,
			 cidr->family == CX_IPV4 ? cidr->prefixlen - 96 : cidr->prefixlen);
		cx_diag_error(l->diag, l->path, line, hint, "source \"%s\" has host bits set", text);
		return;
	}
	cx_diag_error(l->diag, l->path, line,
		      "write for example 198.51.100.0/24, 2001:db8::/32, 192.0.2.1 or \"any\"",
		      "source \"%s\" is not a CIDR", text);
}

static void read_sources(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			 void *object)
{
	struct cx_config_network *network = object;
	size_t n;
	const char *text;

	if (!cx_list_length(l, s, &n))
		return;
	/* "any" takes two */
	network->sources = cx_loader_grow(l, NULL, 0, n * 2, sizeof(*network->sources));
	if (!network->sources)
		return;
	for (size_t i = 0; i < n; i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		struct cx_config_cidr *cidr = &network->sources[network->n_sources];
		unsigned line = cx_setting_line(l, member);
		int err;

		text = cx_setting_string(l, member);
		if (!text)
			continue;
		cidr->at = (struct cx_config_source){l->path, line};
		if (strcmp(text, "any") == 0) {
			cidr[1].at = cidr->at;
			cx_cidr_parse("0.0.0.0/0", &cidr[0].addr, &cidr[0].prefixlen, &cidr[0].family);
			cx_cidr_parse("::/0", &cidr[1].addr, &cidr[1].prefixlen, &cidr[1].family);
			network->n_sources += 2;
			continue;
		}
		err = cx_cidr_parse(text, &cidr->addr, &cidr->prefixlen, &cidr->family);
		if (err)
			source_wrong(l, line, text, cidr, err);
		else
			network->n_sources++;
	}
}

/* RFC 3261 "hostname": letters, digits, hyphens, dots. An IPv4 address, say
 * that of a NAT in front, has the same characters. */
static bool alias_valid(const char *text)
{
	size_t n = strlen(text);

	return n > 0 && n <= 253 && text[0] != '.' && text[0] != '-' &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-") == n;
}

static void read_aliases(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			 void *object)
{
	struct cx_config_network *network = object;
	size_t n;

	if (!cx_list_length(l, s, &n))
		return;
	network->aliases = cx_loader_grow(l, NULL, 0, n, sizeof(*network->aliases));
	if (!network->aliases)
		return;
	for (size_t i = 0; i < n; i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		const char *text = cx_setting_string(l, member);
		char *alias;

		if (!text)
			continue;
		if (!alias_valid(text)) {
			cx_diag_error(l->diag, l->path, cx_setting_line(l, member),
				      "give the host part alone: letters, digits, dots and hyphens",
				      "alias \"%s\" is not a host name", text);
			continue;
		}
		alias = cx_loader_strdup(l, text);
		if (!alias)
			return;
		for (char *p = alias; *p; p++)
			*p = (char)tolower((unsigned char)*p);
		network->aliases[network->n_aliases++] = alias;
	}
}

/* RFC 2474, 2597, 3246, 5865, 8622 */
static const struct cx_word dscp_words[] = {
    {"be", 0},	  {"le", 1},	{"cs0", 0},   {"cs1", 8},   {"cs2", 16},  {"cs3", 24},	{"cs4", 32},
    {"cs5", 40},  {"cs6", 48},	{"cs7", 56},  {"af11", 10}, {"af12", 12}, {"af13", 14}, {"af21", 18},
    {"af22", 20}, {"af23", 22}, {"af31", 26}, {"af32", 28}, {"af33", 30}, {"af41", 34}, {"af42", 36},
    {"af43", 38}, {"va", 44},	{"ef", 46},   {NULL, 0},
};

static void read_dscp(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		      void *object)
{
	if (s->type == CONFIG_TYPE_STRING)
		cx_read_word(l, s, key, object);
	else
		cx_read_number(l, s, key, object);
}

/* ---- networks and tables ------------------------------------------------------ */

static const struct cx_word udp_over_words[] = {
    {"fragment", CX_UDP_FRAGMENT}, {"tcp", CX_UDP_BY_TCP}, {"refuse", CX_UDP_REFUSE}, {NULL, 0}};

static const struct cx_setting_key network_keys[] = {
    {"name", cx_read_name, CX_MEMBER(struct cx_config_network, name), .required = true},
    {.name = "listeners", .read = read_listeners, .required = true},
    {.name = "sources", .read = read_sources, .required = true},
    {"table", cx_read_name, CX_MEMBER(struct cx_config_network, table)},
    {.name = "aliases", .read = read_aliases},
    {"record_route", cx_read_bool, CX_MEMBER(struct cx_config_network, record_route)},
    {"trusted", cx_read_bool, CX_MEMBER(struct cx_config_network, trusted)},
    {"ignore_plus", cx_read_bool, CX_MEMBER(struct cx_config_network, ignore_plus)},
    {"ignore_separators", cx_read_bool, CX_MEMBER(struct cx_config_network, ignore_separators)},
    {"t1_ms", cx_read_number, CX_MEMBER(struct cx_config_network, t1_ms), .min = 10, .max = 10000},
    {"t2_ms", cx_read_number, CX_MEMBER(struct cx_config_network, t2_ms), .min = 10, .max = 60000},
    {"t4_ms", cx_read_number, CX_MEMBER(struct cx_config_network, t4_ms), .min = 10, .max = 60000},
    {"timer_c_ms", cx_read_number, CX_MEMBER(struct cx_config_network, timer_c_ms), .min = 1000, .max = 3600000},
    {"udp_max", cx_read_number, CX_MEMBER(struct cx_config_network, udp_max), .min = 512, .max = 65507},
    {"udp_over", cx_read_word, CX_MEMBER(struct cx_config_network, udp_over), .words = udp_over_words},
    {"trying_ms", cx_read_number, CX_MEMBER(struct cx_config_network, trying_ms), .max = 60000},
    {.name = "dscp",
     .read = read_dscp,
     CX_MEMBER(struct cx_config_network, dscp),
     .max = 63,
     .words = dscp_words},
};

void cx_config_network_defaults(struct cx_config_network *network)
{
	memcpy(network->table, "default", sizeof("default"));
	network->trusted = true;
	network->ignore_separators = true;
	network->dscp = 24;
	network->t1_ms = 500;
	network->t2_ms = 4000;
	network->t4_ms = 5000;
	network->timer_c_ms = 185000;
	network->trying_ms = 200;
	network->udp_max = 1300;
}

static void add_table(struct cx_loader *l, const struct cx_config_network *network)
{
	struct cx_config *config = l->config;
	struct cx_table_rules *rules;
	size_t i;

	for (i = 0; i < config->n_tables && strcmp(config->tables[i], network->table) != 0; i++)
		;
	if (i == CX_TABLES_MAX) {
		cx_diag_error(l->diag, l->path, network->at.line, "let networks share a table",
			      "too many route tables: at most %d", CX_TABLES_MAX);
		return;
	}
	if (i == config->n_tables)
		memcpy(config->tables[config->n_tables++], network->table, CX_NAME_SIZE);
	rules = &l->tables[i];
	if (!rules->network) {
		rules->network = network;
		rules->ignore_plus = network->ignore_plus;
		rules->ignore_separators = network->ignore_separators;
		return;
	}
	if (rules->ignore_plus != network->ignore_plus ||
	    rules->ignore_separators != network->ignore_separators)
		cx_diag_error(l->diag, l->path, network->at.line, "give both the same, or each its own table",
			      "networks \"%s\" (line %u) and \"%s\" share the table \"%s\" but differ in %s",
			      rules->network->name, rules->network->at.line, network->name, network->table,
			      rules->ignore_plus != network->ignore_plus ? "ignore_plus"
									 : "ignore_separators");
}

static void check_name_unique(struct cx_loader *l, size_t i)
{
	const struct cx_config_network *networks = l->config->networks;

	for (size_t j = 0; j < i && networks[i].name[0]; j++) {
		if (strcmp(networks[i].name, networks[j].name) == 0)
			cx_diag_error(l->diag, l->path, networks[i].at.line,
				      "each network needs a name of its own",
				      "duplicate network \"%s\": the first is on line %u", networks[i].name,
				      networks[j].at.line);
	}
}

void cx_networks_read(struct cx_loader *l, const config_setting_t *s)
{
	struct cx_config *config = l->config;
	size_t n;

	if (!cx_list_length(l, s, &n))
		return;
	if (n == 0)
		cx_diag_error(l->diag, l->path, s->line,
			      "add one: { name = \"...\"; listeners = ( ... ); sources = [ ... ]; }",
			      "there are no networks");
	if (n > CX_NETWORKS_MAX) {
		cx_diag_error(l->diag, l->path, s->line, "put listeners that share a policy into one network",
			      "too many networks: %zu, at most %d", n, CX_NETWORKS_MAX);
		n = CX_NETWORKS_MAX;
	}
	config->networks = cx_loader_grow(l, NULL, 0, n, sizeof(*config->networks));
	if (!config->networks)
		return;
	config->n_networks = n;
	for (size_t i = 0; i < n; i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		struct cx_config_network *network = &config->networks[i];

		network->at = (struct cx_config_source){l->path, member->line};
		cx_config_network_defaults(network);
		if (!cx_section_read(l, member, "a network", network_keys, CX_ARRAY_SIZE(network_keys),
				     network))
			continue;
		check_name_unique(l, i);
		add_table(l, network);
	}
}
