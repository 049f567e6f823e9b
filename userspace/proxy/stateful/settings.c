// SPDX-License-Identifier: GPL-2.0-only
/* What the configuration says to the core, and which listeners are ours. */
#include <errno.h>
#include "proxy/stateful/internal.h"

const struct cx_listener *cx_listener_get(const struct cx_proxy *p, uint32_t id)
{
	const struct cx_listener *l;

	if (id >= p->world->tables->n_listeners)
		return NULL;
	l = &p->world->tables->listeners[id];
	return l->flags & CX_LISTENER_USED ? l : NULL;
}

const struct cx_config_group *cx_group_policy(const struct cx_proxy *p, uint32_t group)
{
	const struct cx_tables *t = p->world->tables;

	return group < t->n_groups ? t->group_config[group] : NULL;
}

const struct cx_config_network *cx_network_policy(const struct cx_proxy *p, uint32_t listener)
{
	const struct cx_listener *l = cx_listener_get(p, listener);

	return l ? p->world->tables->network_config[l->network] : NULL;
}

struct cx_txn_timers cx_timers_of(const struct cx_proxy *p, uint32_t listener)
{
	const struct cx_config_network *n = cx_network_policy(p, listener);

	if (!n || !n->t1_ms)
		return CX_TXN_TIMERS_DEFAULT;
	return (struct cx_txn_timers){n->t1_ms, n->t2_ms, n->t4_ms, n->timer_c_ms};
}

static bool is_v4(const struct cx_listener *l)
{
	return l->family == CX_IPV4;
}

int cx_proxy_fits_udp(const struct cx_world *w, uint16_t listener, const struct iovec *iov, int n_iov)
{
	const struct cx_config_network *network =
	    w->tables->network_config[w->tables->listeners[listener].network];
	size_t n = 0;

	for (int i = 0; i < n_iov; i++)
		n += iov[i].iov_len;
	if (network->udp_over == CX_UDP_FRAGMENT || n <= network->udp_max)
		return 0;
	if (iov->iov_len > 4 && !memcmp(iov->iov_base, "SIP/", 4)) /* in one piece: a response */
		return 0;
	return network->udp_over == CX_UDP_BY_TCP ? -EFBIG : -EMSGSIZE;
}

uint16_t cx_listener_for(const struct cx_proxy *p, uint32_t network, bool v4, uint8_t transport)
{
	const struct cx_tables *t = p->world->tables;

	if (transport == CX_UDP && network < CX_NETWORKS_MAX) {
		uint16_t id = v4 ? t->networks[network].listener_v4 : t->networks[network].listener_v6;

		return cx_listener_get(p, id) ? id : CX_NO_LISTENER;
	}
	for (uint32_t i = 0; i < t->n_listeners; i++) {
		const struct cx_listener *l = cx_listener_get(p, i);

		if (l && l->network == network && l->transport == transport && is_v4(l) == v4)
			return (uint16_t)i;
	}
	return CX_NO_LISTENER;
}

uint16_t cx_listener_at(const struct cx_proxy *p, const union cx_addr *addr, uint16_t port, int transport)
{
	for (uint32_t i = 0; i < p->world->tables->n_listeners; i++) {
		const struct cx_listener *l = cx_listener_get(p, i);

		if (l && l->port == port && l->transport == transport &&
		    !memcmp(&l->addr, addr, sizeof(*addr)))
			return (uint16_t)i;
	}
	return CX_NO_LISTENER;
}

/* An alias stands for the listener of its network that has the URI's transport and port. */
static uint16_t by_alias(const struct cx_proxy *p, const struct cx_uri *uri, uint16_t in_listener,
			 int transport)
{
	const struct cx_config_network *n = cx_network_policy(p, in_listener);
	const struct cx_listener *in = cx_listener_get(p, in_listener);

	for (size_t i = 0; n && i < n->n_aliases; i++) {
		if (!cx_text_is_nocase(uri->host, n->aliases[i]))
			continue;
		if (uri->port && uri->port != in->port)
			return cx_listener_at(p, &in->addr, uri->port, transport);
		return in->transport == transport
			   ? in_listener
			   : cx_listener_for(p, in->network, is_v4(in), (uint8_t)transport);
	}
	return CX_NO_LISTENER;
}

static uint16_t ours_by(const struct cx_proxy *p, const struct cx_uri *uri, uint16_t in_listener,
			int transport)
{
	if (uri->host_kind == CX_HOST_NAME)
		return by_alias(p, uri, in_listener, transport);
	return cx_listener_at(p, &uri->addr, cx_uri_port(uri), transport);
}

/* What counts is where the URI leads: a maddr, if it has one (RFC 3261 16.4). A URI that
 * names no transport means UDP (RFC 3263 4.1), but clients of a network
 * without it write no other: the address is ours all the same. */
uint16_t cx_uri_is_ours(const struct cx_proxy *p, const struct cx_uri *uri, uint16_t in_listener)
{
	struct cx_uri target = cx_uri_target(uri);
	int transport = cx_uri_transport(uri);
	struct cx_text named;
	uint16_t ours;

	if (transport < 0 || !uri->host.n)
		return CX_NO_LISTENER;
	ours = ours_by(p, &target, in_listener, transport);
	if (ours == CX_NO_LISTENER && transport == CX_UDP && !cx_uri_param(uri, "transport", &named))
		ours = ours_by(p, &target, in_listener, CX_TCP);
	return ours;
}
