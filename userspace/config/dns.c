// SPDX-License-Identifier: GPL-2.0-only
/*
 * The section "dns": who is asked for the host names of elements, and for how long
 * an answer counts.
 */
#include "config/internal.h"

#include <stdlib.h>
#include <string.h>

void cx_dns_defaults(struct cx_config_dns *dns)
{
	*dns = (struct cx_config_dns){
	    .resolver = {.resolv_conf = "/etc/resolv.conf", .hosts_file = "/etc/hosts", .timeout_ms = 3000},
	    .rules = {.min_ttl_s = 5,
		      .max_ttl_s = 3600,
		      .negative_ttl_s = 60,
		      .retry_ms = 1000,
		      .stale_s = 86400,
		      .linger_s = 3600}};
}

/* ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT */
static bool parse_server(const char *text, union cx_addr *addr, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	char host[CX_ADDR_TEXT];
	uint8_t family;
	char *end;
	long number;

	*port = CX_DNS_PORT;
	if (!cx_addr_parse(text, addr, &family))
		return true;
	if (!colon || (size_t)(colon - text) >= sizeof(host) || colon[1] < '0' || colon[1] > '9')
		return false;
	number = strtol(colon + 1, &end, 10);
	if (*end || number < 1 || number > 65535)
		return false;
	memcpy(host, text, (size_t)(colon - text));
	host[colon - text] = '\0';
	*port = (uint16_t)number;
	return !cx_addr_parse(host, addr, &family) && (family == CX_IPV4 || host[0] == '[');
}

static void read_servers(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
			 void *object)
{
	struct cx_resolver_settings *r = &((struct cx_config_dns *)object)->resolver;
	size_t n;

	if (!cx_list_length(l, s, &n))
		return;
	if (n > CX_RESOLVER_SERVERS_MAX) {
		cx_diag_error(l->diag, l->path, s->line, NULL, "too many servers: %zu, at most %d", n,
			      CX_RESOLVER_SERVERS_MAX);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const config_setting_t *member = config_setting_get_elem(s, (unsigned)i);
		const char *text = cx_setting_string(l, member);

		if (!text)
			continue;
		if (parse_server(text, &r->servers[r->n_servers].addr, &r->servers[r->n_servers].port))
			r->n_servers++;
		else
			cx_diag_error(
			    l->diag, l->path, cx_setting_line(l, member),
			    "write an address, for example 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:53",
			    "name server \"%s\" is not an address", text);
	}
}

static void read_file(struct cx_loader *l, const config_setting_t *s, const struct cx_setting_key *key,
		      void *object)
{
	char *path = (char *)object + key->offset;

	cx_read_text(l, s, key, object);
	if (path[0] && path[0] != '/')
		cx_diag_error(l->diag, l->path, s->line, "begin it with /; \"\" for none",
			      "\"%s\" must be an absolute path, not \"%s\"", s->name, path);
}

static const struct cx_setting_key dns_keys[] = {
    {.name = "servers", .read = read_servers},
    {.name = "resolv_conf", .read = read_file, CX_MEMBER(struct cx_config_dns, resolver.resolv_conf)},
    {.name = "hosts_file", .read = read_file, CX_MEMBER(struct cx_config_dns, resolver.hosts_file)},
    {"timeout_ms", cx_read_number, CX_MEMBER(struct cx_config_dns, resolver.timeout_ms), .min = 100,
     .max = 60000},
    {"retry_ms", cx_read_number, CX_MEMBER(struct cx_config_dns, rules.retry_ms), .min = 100, .max = 600000},
    {"min_ttl_s", cx_read_number, CX_MEMBER(struct cx_config_dns, rules.min_ttl_s), .min = 1, .max = 86400},
    {"max_ttl_s", cx_read_number, CX_MEMBER(struct cx_config_dns, rules.max_ttl_s), .min = 1, .max = 604800},
    {"negative_ttl_s", cx_read_number, CX_MEMBER(struct cx_config_dns, rules.negative_ttl_s), .min = 1,
     .max = 86400},
    {"stale_s", cx_read_number, CX_MEMBER(struct cx_config_dns, rules.stale_s), .max = 31536000},
    {"linger_s", cx_read_number, CX_MEMBER(struct cx_config_dns, rules.linger_s), .max = 604800},
};

void cx_dns_read(struct cx_loader *l, const config_setting_t *s)
{
	struct cx_config_dns *dns = &l->config->dns;

	cx_section_read(l, s, "dns", dns_keys, CX_ARRAY_SIZE(dns_keys), dns);
	if (dns->rules.min_ttl_s > dns->rules.max_ttl_s)
		cx_diag_error(l->diag, l->path, s->line, "make max_ttl_s the larger one", "min_ttl_s is %u, but max_ttl_s is %u",
			      dns->rules.min_ttl_s, dns->rules.max_ttl_s);
}
