// SPDX-License-Identifier: GPL-2.0-only
/*
 * Name servers and settings for libunbound, see resolver_context.h.
 */
#include <stdio.h>
#include <string.h>
#include <unbound.h>
#include "base/addr.h"
#include "dns/resolver_context.h"
#include "observe/log.h"

static void set(struct ub_ctx *ub, const char *option, const char *value)
{
	int err = ub_ctx_set_option(ub, option, value);

	if (err)
		cx_log(CX_WARN, "dns_option", "option", option, "value", value, "reason", ub_strerror(err),
		       NULL);
}

static void set_number(struct ub_ctx *ub, const char *option, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	set(ub, option, text);
}

static void set_options(struct ub_ctx *ub, const struct cx_resolver_settings *settings)
{
	/* names that unbound would answer by itself, but that sites do use inside */
	static const char *const zones[] = {"test.", "invalid.", "onion.", "home.arpa.", "local."};
	char text[64];

	set(ub, "module-config:", "iterator"); /* who validates is the name server */
	set(ub, "do-not-query-localhost:", "no");
	set(ub, "harden-below-nxdomain:", "no"); /* some servers deny what has only names below it */
	set(ub, "infra-keep-probing:", "yes");	 /* a server that was dead is asked all the same */
	set(ub, "infra-host-ttl:", "10");
	set(ub, "use-syslog:", "no");
	set_number(ub, "cache-max-ttl:", settings->max_ttl_s);
	set_number(ub, "cache-max-negative-ttl:", settings->negative_ttl_s);
	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
		snprintf(text, sizeof(text), "%s transparent", zones[i]);
		set(ub, "local-zone:", text);
	}
}

/* ---- servers ---------------------------------------------------------------------- */

static void add_server(struct cx_resolver_context *c, const union cx_addr *addr, uint16_t port, char *servers,
		       size_t size)
{
	char address[CX_ADDR_TEXT], text[CX_ENDPOINT_TEXT];
	size_t used = strlen(servers);

	if (c->n_servers == CX_RESOLVER_SERVERS_MAX)
		return;
	cx_addr_format(addr, address);
	snprintf(text, sizeof(text), "%s@%u", address, port);
	if (ub_ctx_set_fwd(c->ub, text)) {
		cx_log(CX_WARN, "dns_server", "server", text, "reason", "it cannot be asked", NULL);
		return;
	}
	c->n_servers++;
	if (port != CX_DNS_PORT)
		cx_endpoint_format(addr, port, text);
	snprintf(servers + used, size - used, "%s%s", used ? " " : "", port == CX_DNS_PORT ? address : text);
}

/* Its nameserver lines; those with a link ("fe80::1%eth0") are passed over. */
static void read_resolv_conf(struct cx_resolver_context *c, const char *path, char *servers, size_t size)
{
	FILE *f = fopen(path, "re");
	char line[512], word[16], address[CX_ADDR_TEXT];
	union cx_addr addr;
	uint8_t family;

	if (!f)
		return;
	fstat(fileno(f), &c->resolv_conf);
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, " %15s %47s", word, address) == 2 && !strcmp(word, "nameserver") &&
		    !cx_addr_parse(address, &addr, &family))
			add_server(c, &addr, CX_DNS_PORT, servers, size);
	fclose(f);
}

void cx_resolver_context_open(struct cx_resolver_context *c, const struct cx_resolver_settings *settings,
			      char *servers, size_t size)
{
	servers[0] = '\0';
	memset(c, 0, sizeof(*c));
	c->ub = ub_ctx_create();
	if (!c->ub)
		return;
	set_options(c->ub, settings);
	for (size_t i = 0; i < settings->n_servers; i++)
		add_server(c, &settings->servers[i].addr, settings->servers[i].port, servers, size);
	if (!settings->n_servers && settings->resolv_conf[0])
		read_resolv_conf(c, settings->resolv_conf, servers, size);
	if (settings->hosts_file[0] && !stat(settings->hosts_file, &c->hosts_file) &&
	    ub_ctx_hosts(c->ub, settings->hosts_file))
		cx_log(CX_WARN, "dns_hosts_file", "file", settings->hosts_file, "reason",
		       "it has a line that cannot be read", "consequence",
		       "what is behind that line is not known", NULL);
	if (!c->n_servers) { /* it would ask the root servers */
		cx_resolver_context_close(c);
		return;
	}
	ub_ctx_async(c->ub, 1);
}

void cx_resolver_context_close(struct cx_resolver_context *c)
{
	if (c->ub)
		ub_ctx_delete(c->ub);
	c->ub = NULL;
}

/* ---- files -------------------------------------------------------------------------- */

static bool changed(const char *path, const struct stat *before)
{
	struct stat now = {0};

	if (!path[0] || stat(path, &now))
		return path[0] && before->st_ino;
	return now.st_ino != before->st_ino || now.st_size != before->st_size ||
	       now.st_mtim.tv_sec != before->st_mtim.tv_sec || now.st_mtim.tv_nsec != before->st_mtim.tv_nsec;
}

bool cx_resolver_context_is_old(const struct cx_resolver_context *c,
				const struct cx_resolver_settings *settings)
{
	return (!settings->n_servers && changed(settings->resolv_conf, &c->resolv_conf)) ||
	       changed(settings->hosts_file, &c->hosts_file);
}
