/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who asks the name servers: a thread of its own around libunbound. Questions go
 * to it and answers come back over two lists behind a mutex that is held for a few
 * assignments; nobody ever waits for an answer.
 *
 * Every question is answered exactly once: by a name server, by /etc/hosts, or
 * with CX_DNS_TIMEOUT after timeout_ms. As many are under way as were asked: the
 * bound is the caller's (hosts.h).
 *
 * libunbound keeps answers for their TTL, and notes about servers that are dead. It
 * is made anew, without either, when its files change, when it is told to forget,
 * and now and then while nobody answers anything.
 */
#ifndef CX_DNS_RESOLVER_H
#define CX_DNS_RESOLVER_H

#include "dns/record.h"

#define CX_DNS_PORT 53
#define CX_RESOLVER_SERVERS_MAX 8
#define CX_RESOLVER_PATH 128

struct cx_resolver_settings {
	/* empty: those of resolv_conf, read when they are needed */
	struct {
		union cx_addr addr;
		uint16_t port;
	} servers[CX_RESOLVER_SERVERS_MAX];
	size_t n_servers;
	char resolv_conf[CX_RESOLVER_PATH]; /* "": not read */
	char hosts_file[CX_RESOLVER_PATH];  /* "": not read */
	uint32_t timeout_ms;
	uint32_t max_ttl_s, negative_ttl_s; /* what libunbound keeps at most */
};

struct cx_resolver;

/* wake is called from the thread when there is something to take. 0 or -errno. */
int cx_resolver_new(const struct cx_resolver_settings *settings, void (*wake)(void *ctx), void *ctx,
		    struct cx_resolver **out);
void cx_resolver_free(struct cx_resolver *r);
/* 0 or -ENOMEM. */
int cx_resolver_ask(struct cx_resolver *r, uint64_t token, const char *name, uint16_t type);
/* The next answer, to be freed; NULL: none now. */
struct cx_dns_answer *cx_resolver_take(struct cx_resolver *r, uint64_t *token);
/* Other settings, or the same: what is kept of earlier answers is forgotten. */
void cx_resolver_reset(struct cx_resolver *r, const struct cx_resolver_settings *settings);
/* "10.0.0.53 10.0.1.53": whom it asks, "" if nobody. Returns buf. */
const char *cx_resolver_servers(struct cx_resolver *r, char *buf, size_t size);

#endif
