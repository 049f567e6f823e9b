/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Networks and listeners of a configuration as the maps have them. The header
 * fields that a forwarded request gets from its listener (Via of RFC 3261
 * section 16.6 step 8, Record-Route of step 4) are written here once, so that
 * neither body of the engine ever formats an address.
 *
 * Invariant: a network's first listener of a family, in the order of the
 * configuration, faces its peers, whatever the ids are.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/addr.h"
#include "route/tables.h"

/* Record-Route of a stream listener names its transport, too, and can be longer
 * than the map has room for: the core, which alone sends there, writes it. */
static void compile_texts(struct cx_listener *l)
{
	static const char *const names[] = {
		[CX_UDP] = "UDP", [CX_TCP] = "TCP", [CX_TLS] = "TLS", [CX_WS] = "WS", [CX_WSS] = "WSS"};
	char endpoint[CX_ENDPOINT_TEXT], text[CX_VIA_TEXT_SIZE + CX_RR_TEXT_SIZE];
	int n;

	cx_endpoint_format(&l->addr, l->port, endpoint);
	n = snprintf(text, sizeof(text), "Via: SIP/2.0/%s %s;branch=z9hG4bK", names[l->transport], endpoint);
	l->via_len = (uint16_t)n;
	memcpy(l->via_text, text, (size_t)n);
	if (l->transport != CX_UDP)
		return;
	n = snprintf(text, sizeof(text), "Record-Route: <sip:%s;lr>\r\n", endpoint);
	l->rr_len = (uint16_t)n;
	memcpy(l->rr_text, text, (size_t)n);
}

static bool accepts_any(const struct cx_config_network *network, uint8_t family)
{
	uint32_t any = family == CX_IPV4 ? 96 : 0;
	size_t i;

	for (i = 0; i < network->n_sources; i++)
		if (network->sources[i].family == family && network->sources[i].prefixlen == any)
			return true;
	return false;
}

static void compile_listener(struct cx_tables *t, uint32_t id, const struct cx_config_listener *from,
			     uint32_t network, uint32_t table)
{
	const struct cx_config_network *n = t->network_config[network];
	struct cx_listener *l = &t->listeners[id];

	t->listener_config[id] = from;
	if (t->n_listeners <= id)
		t->n_listeners = id + 1;
	l->addr = from->addr;
	l->port = from->port;
	l->family = from->family;
	l->network = (uint8_t)network;
	l->table = (uint8_t)table;
	l->dscp = n->dscp;
	l->id = (uint8_t)id;
	l->transport = from->transport;
	l->flags = CX_LISTENER_USED;
	if (n->record_route)
		l->flags |= CX_LISTENER_RECORD_ROUTE;
	if (n->ignore_plus)
		l->flags |= CX_LISTENER_IGNORE_PLUS;
	if (n->ignore_separators)
		l->flags |= CX_LISTENER_IGNORE_SEPARATORS;
	if (accepts_any(n, from->family))
		l->flags |= CX_LISTENER_ANY_SOURCE;
	memcpy(l->name, n->name, strnlen(n->name, sizeof(l->name) - 1));
	compile_texts(l);
}

/* Position of a route table in the configuration, or CX_NONE. */
static uint32_t find_table(const struct cx_config *config, const char *name)
{
	size_t i;

	for (i = 0; i < config->n_tables; i++)
		if (!strncmp(config->tables[i], name, CX_NAME_SIZE))
			return (uint32_t)i;
	return CX_NONE;
}

uint16_t cx_network_listener(const struct cx_network *network, uint8_t family)
{
	return family == CX_IPV4 ? network->listener_v4 : network->listener_v6;
}

uint16_t cx_listener_facing(const struct cx_tables *t, uint32_t network, uint8_t family, uint8_t transport)
{
	if (transport == CX_UDP)
		return cx_network_listener(&t->networks[network], family);
	for (uint32_t id = 0; id < CX_LISTENERS_MAX; id++) {
		const struct cx_listener *l = &t->listeners[id];

		if (t->listener_config[id] && l->network == network && l->family == family &&
		    l->transport == transport)
			return (uint16_t)id;
	}
	return CX_NO_LISTENER;
}

/* listeners: the ids of its listeners. */
static int compile_network(struct cx_tables *t, size_t position, const struct cx_ids *ids,
			   const uint32_t *listeners, struct cx_diag *diag)
{
	const struct cx_config_network *from = &t->config->networks[position];
	uint32_t id = ids->networks[position];
	struct cx_network *n = &t->networks[id];
	uint32_t table = find_table(t->config, from->table);
	size_t i;

	if (table == CX_NONE) {
		cx_diag_error(diag, from->at.file, from->at.line, NULL,
			      "network \"%s\": no route table \"%s\"", from->name, from->table);
		return -EINVAL;
	}
	t->network_config[id] = from;
	n->flags = CX_NETWORK_USED | (from->trusted ? CX_NETWORK_TRUSTED : 0);
	memcpy(n->name, from->name, strnlen(from->name, sizeof(n->name) - 1));
	for (i = 0; i < from->n_listeners; i++) {
		uint16_t *first = from->listeners[i].family == CX_IPV4 ? &n->listener_v4 : &n->listener_v6;

		if (from->listeners[i].transport == CX_UDP && *first == CX_NO_LISTENER)
			*first = (uint16_t)listeners[i];
		compile_listener(t, listeners[i], &from->listeners[i], id, ids->tables[table]);
	}
	return 0;
}

int cx_listeners_compile(struct cx_tables *t, const struct cx_ids *ids, struct cx_diag *diag)
{
	const uint32_t *listeners = ids->listeners;
	size_t i;
	int err = 0;

	for (i = 0; i < t->config->n_tables; i++)
		memcpy(t->table[ids->tables[i]].name, t->config->tables[i],
		       strnlen(t->config->tables[i], CX_NAME_SIZE - 1));
	for (i = 0; i < CX_NETWORKS_MAX; i++)
		t->networks[i].listener_v4 = t->networks[i].listener_v6 = CX_NO_LISTENER;
	for (i = 0; i < t->config->n_networks && !err; i++) {
		err = compile_network(t, i, ids, listeners, diag);
		listeners += t->config->networks[i].n_listeners;
	}
	return err;
}
