// SPDX-License-Identifier: GPL-2.0-only
/*
 * One datagram through the engine; where it stumbles over something legal but
 * unusual, the message is straightened and tried once more.
 */
#define _GNU_SOURCE
#include "proxy/stateless.h"
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "cxsip/alphabet.h"
#include "proxy/body.h"
#include "proxy/straighten.h"

#define MESSAGE_MAX 65535
#define STATUS_LINE_MAX 128 /* a longer one is the engine's */

struct cx_stateless {
	struct cx_body *core;
	struct cx_body *fast;
	uint8_t straight[MESSAGE_MAX + 64];
};

struct cx_stateless *cx_stateless_new(void)
{
	struct cx_stateless *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->core = cx_core_new();
	s->fast = cx_fast_new();
	if (!s->core || !s->fast) {
		cx_stateless_free(s);
		return NULL;
	}
	return s;
}

void cx_stateless_leave_core(struct cx_stateless *s)
{
	cx_core_leave(s->core);
}

void cx_stateless_free(struct cx_stateless *s)
{
	if (!s)
		return;
	free(s->core);
	free(s->fast);
	free(s);
}

static bool may_be_straightened(enum cx_reason reason, size_t n)
{
	switch (reason) {
	case CX_R_FOLDED:
	case CX_R_BAD_VIA:
	case CX_R_BAD_ROUTE:
	case CX_R_NO_MAX_FORWARDS:
	case CX_R_BAD_LENGTH:
	case CX_R_BAD_CSEQ:
	case CX_R_BAD_MAX_FORWARDS:
	case CX_R_UNKNOWN_TARGET:
		return true;
	case CX_R_KEEPALIVE:
		return n > 4;
	default:
		return false;
	}
}

/* The value of a Via that is in this line, or NULL. */
static const uint8_t *via_of(const uint8_t *line, const uint8_t *end)
{
	if (end - line > 4 && !strncasecmp((const char *)line, "via:", 4))
		return line + 4;
	return end - line > 2 && !strncasecmp((const char *)line, "v:", 2) ? line + 2 : NULL;
}

bool cx_stateless_is_transaction(const uint8_t *p, size_t n)
{
	static const char branch[] = ";branch=z9hG4bK";
	const uint8_t *line, *end, *via, *at;

	if (n < 12 || memcmp(p, "SIP/2.0 ", 8))
		return false;
	line = memchr(p, '\n', n < STATUS_LINE_MAX ? n : STATUS_LINE_MAX);
	end = line ? memchr(line + 1, '\n', n - (size_t)(line + 1 - p)) : NULL;
	via = end ? via_of(line + 1, end) : NULL;
	at = via ? memmem(via, (size_t)(end - via), branch, sizeof(branch) - 1) : NULL;
	if (!at || at[sizeof(branch) - 1] != CX_COOKIE_TRANSACTION)
		return false;
	/* of the first Via in the line, and no part of a quoted string */
	return !memchr(via, '"', (size_t)(at - via)) && !memchr(via, ',', (size_t)(at - via));
}

void cx_stateless_run(struct cx_stateless *s, struct cx_world *w, uint16_t listener, const union cx_addr *from,
		      uint16_t from_port, uint8_t *p, size_t n, struct cx_stateless_result *r)
{
	const struct cx_listener *l = &w->tables->listeners[listener];
	const struct cx_config_network *network = w->tables->network_config[l->network];
	char endpoint[CX_ENDPOINT_TEXT];
	struct cx_straighten_names names = {
		.aliases = network->aliases,
		.n_aliases = network->n_aliases,
		.endpoint = endpoint,
	};
	size_t length;

	cx_core_run(s->core, w, listener, from, from_port, p, n, r);
	if (!may_be_straightened(r->reason, n))
		return;
	cx_endpoint_format(&l->addr, l->port, endpoint);
	length = cx_straighten(&names, p, n, s->straight, sizeof(s->straight) - 64);
	if (!length)
		return;
	cx_core_run(s->core, w, listener, from, from_port, s->straight, length, r);
	r->normalised = true;
}

void cx_stateless_explain(struct cx_stateless *s, struct cx_world *w, uint16_t listener, const union cx_addr *from,
			  uint16_t from_port, uint8_t *p, size_t n, struct cx_stateless_result *r)
{
	struct cx_stateless_result fast;

	cx_fast_run(s->fast, w, listener, from, from_port, p, n, &fast);
	cx_stateless_run(s, w, listener, from, from_port, p, n, r);
	r->fast_reason = fast.reason;
}
