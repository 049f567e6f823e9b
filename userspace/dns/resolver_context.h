/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * libunbound set up for a proxy: forwards to the name servers that are named, never
 * asks the root servers itself, knows /etc/hosts. The resolver's thread alone uses it.
 */
#ifndef CX_DNS_RESOLVER_CONTEXT_H
#define CX_DNS_RESOLVER_CONTEXT_H

#include <sys/stat.h>
#include "dns/resolver.h"

struct ub_ctx;

struct cx_resolver_context {
	struct ub_ctx *ub; /* NULL: no server, or no memory */
	size_t n_servers;
	struct stat resolv_conf, hosts_file; /* as they were when it was opened; zeros: not read */
};

/* servers: "10.0.0.53 10.0.1.53", whom it asks. */
void cx_resolver_context_open(struct cx_resolver_context *c, const struct cx_resolver_settings *settings,
			      char *servers, size_t size);
void cx_resolver_context_close(struct cx_resolver_context *c);
/* A file that it was made from has changed. */
bool cx_resolver_context_is_old(const struct cx_resolver_context *c,
				const struct cx_resolver_settings *settings);

#endif
