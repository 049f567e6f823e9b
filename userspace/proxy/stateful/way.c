// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a request goes: Route (RFC 3261 16.4, 16.6 steps 6 and 7), then the
 * Request-URI (16.5). Nothing of the message changes here.
 *
 * - Our own Route values on top are popped, all that follow each other: a doubled
 *   Record-Route is two (RFC 5658), a request that spiralled has more; the last
 *   of them names the side to leave by.
 * - A Request-URI that is ours and has ;lr was put there by a strict router: the
 *   last Route value is the real one.
 * - Addresses are used only if a group or a trusted network knows them: this is
 *   no open relay. Our own are no next hop: one request with a long Route could
 *   make us forward it to ourselves until its Max-Forwards are used up.
 *   A host name is that of an element, or it leads nowhere: nothing is ever looked up
 *   for a message.
 * - By address inside a dialog or behind our Route, by DN otherwise.
 * - A maddr is the address, whatever the host (RFC 3263 4). One in the Request-URI that is
 *   ours is stripped, and counts no more (16.4); any other is the only target there is
 *   (16.5), and the number does not count.
 */
#include <errno.h>
#include "base/hash.h"
#include "dns/record.h"
#include "proxy/stateful/internal.h"
#include "route/names.h"

/* A network that may send to this address, `side` if that is one: its listener. */
static uint16_t side_for(const struct cx_proxy *p, const union cx_addr *addr, uint8_t transport,
			 uint16_t side)
{
	const struct cx_source *source = cx_tables_source(p->world->tables, addr);
	const struct cx_listener *l = cx_listener_get(p, side);
	bool v4 = cx_addr_is_v4(addr);
	uint64_t networks;

	if (!source)
		return CX_NO_LISTENER;
	networks = source->egress;
	for (uint32_t i = 0; i < CX_NETWORKS_MAX; i++)
		if (p->world->tables->networks[i].flags & CX_NETWORK_TRUSTED)
			networks |= source->networks & 1ULL << i;
	if (l && (networks >> l->network & 1)) {
		uint16_t same = cx_listener_for(p, l->network, v4, transport);

		if (l->transport == transport && (l->family == CX_IPV4) == v4)
			return side;
		if (same != CX_NO_LISTENER)
			return same;
	}
	for (; networks; networks &= networks - 1) {
		uint16_t found = cx_listener_for(p, (uint32_t)__builtin_ctzll(networks), v4, transport);

		if (found != CX_NO_LISTENER)
			return found;
	}
	return CX_NO_LISTENER;
}

uint32_t cx_way_element(const struct cx_proxy *p, const struct cx_hop *hop)
{
	const uint32_t *ids;
	size_t n = cx_tables_elements_at(p->world->tables, &hop->addr, hop->port, &ids);

	for (size_t i = 0; i < n; i++)
		if (p->world->tables->elements[ids[i]].transport == hop->transport)
			return ids[i];
	return CX_NONE;
}

/* Lower case, without the dot at its end. */
static bool host_name(struct cx_text host, char name[CX_DNS_NAME])
{
	if (host.n && host.p[host.n - 1] == '.')
		host.n--;
	if (!host.n || host.n >= CX_DNS_NAME)
		return false;
	for (uint32_t i = 0; i < host.n; i++)
		name[i] = (char)cx_char_lower(host.p[i]);
	name[host.n] = '\0';
	return true;
}

/* The better server for a call: one that is up, then the higher q, then by the call's hash. */
static bool is_better(const struct cx_proxy *p, uint64_t call, uint32_t a, uint32_t b)
{
	const struct cx_element *x = &p->world->elements[a], *y = &p->world->elements[b];
	uint32_t x_q = p->world->tables->element_config[a]->q, y_q = p->world->tables->element_config[b]->q;

	if ((x->state == CX_ELEMENT_UP) != (y->state == CX_ELEMENT_UP))
		return x->state == CX_ELEMENT_UP;
	if (x_q != y_q)
		return x_q > y_q;
	return cx_name_hash((const char *)x->name, call) < cx_name_hash((const char *)y->name, call);
}

/* A server of the elements with that host name, by port and transport if they are
 * written: the one that the call has, else the best. */
static uint32_t server_named(const struct cx_proxy *p, const struct cx_uri *uri, uint8_t transport)
{
	struct cx_text call_id = cx_message_value(&p->m, CX_HEADER_CALL_ID);
	uint64_t call = cx_hash_of_call(&p->world->key.hash, call_id.p, call_id.n);
	struct cx_flow flow = {.element = CX_NONE};
	uint32_t best = CX_NONE;
	char name[CX_DNS_NAME];
	struct cx_text value;
	bool any = !cx_uri_param(uri, "transport", &value);
	const uint32_t *ids;
	size_t n = host_name(uri->host, name) ? cx_tables_elements_named(p->world->tables, name, &ids) : 0;

	cx_world_get_flow(p->world, call, &flow);
	for (size_t i = 0; i < n; i++) {
		const struct cx_element *e = &p->world->elements[ids[i]];

		if ((uri->port && uri->port != e->port) || (!any && e->transport != transport))
			continue;
		if (ids[i] == flow.element)
			return ids[i];
		if (best == CX_NONE || is_better(p, call, ids[i], best))
			best = ids[i];
	}
	return best;
}

int cx_way_to_uri(const struct cx_proxy *p, const struct cx_uri *uri, uint16_t side, struct cx_hop *hop,
		  uint32_t *element)
{
	struct cx_uri target = cx_uri_target(uri);
	int transport = cx_uri_transport(uri);

	if (transport < 0 || !target.host.n)
		return -ENOENT;
	if (target.host_kind == CX_HOST_NAME) {
		*element = server_named(p, &target, (uint8_t)transport);
		return *element == CX_NONE ? -ENOENT : cx_hop_of_element(p, *element, hop) ? -ENOENT : 0;
	}
	*hop = (struct cx_hop){.addr = target.addr,
			       .port = cx_uri_port(uri),
			       .transport = (uint8_t)transport,
			       .connection = CX_NO_CONNECTION};
	if (cx_listener_at(p, &hop->addr, hop->port, transport) != CX_NO_LISTENER)
		return -ENOENT;
	hop->listener = side_for(p, &hop->addr, hop->transport, side);
	*element = cx_way_element(p, hop);
	return hop->listener == CX_NO_LISTENER ? -ENOENT : 0;
}

/* The Route values in order: at most n of them are read. */
static uint32_t read_routes(const struct cx_message *m, struct cx_uri *uris, uint32_t n, struct cx_uri *last)
{
	struct cx_values it = cx_values_of(m, CX_HEADER_ROUTE);
	struct cx_address address;
	struct cx_value v;
	uint32_t count = 0;

	while (cx_values_next(&it, &v)) {
		if (cx_address_parse_uri(v.text, &address, last))
			return CX_NONE;
		if (count < n)
			uris[count] = *last;
		count++;
	}
	return count;
}

static int by_request_uri(struct cx_proxy *p, uint16_t in_listener, const struct cx_uri *uri,
			  struct cx_way *way)
{
	struct cx_text user = cx_uri_user_part(uri);
	uint16_t ours = uri->scheme == CX_SCHEME_TEL ? CX_NO_LISTENER : cx_uri_is_ours(p, uri, in_listener);

	if (cx_uri_has_maddr(uri))
		return cx_way_to_uri(p, uri, way->side, &way->hop, &way->element) ? 404 : 0;
	if (ours == CX_NO_LISTENER && uri->scheme != CX_SCHEME_TEL && (way->in_dialog || way->pop) &&
	    !cx_way_to_uri(p, uri, way->side, &way->hop, &way->element))
		return 0;
	if (!user.n)
		return p->m.method == CX_M_OPTIONS && ours != CX_NO_LISTENER ? 200 : 404;
	way->group = cx_route_find(p, in_listener, user, &way->core);
	return way->group == CX_NONE ? 404 : 0;
}

/* 16.4: a maddr of ours goes, and with it the transport and a port other than the default. */
static void strip_maddr(const struct cx_proxy *p, uint16_t in_listener, struct cx_uri *uri,
			struct cx_way *way)
{
	way->strip_maddr = cx_uri_has_maddr(uri) && cx_uri_is_ours(p, uri, in_listener) != CX_NO_LISTENER;
	if (!way->strip_maddr)
		return;
	uri->params.n = 0;
	if (!cx_uri_port_is_default(uri))
		uri->port = 0;
}

#define CX_OWN_ROUTES_MAX 8 /* four times round */

int cx_way_find(struct cx_proxy *p, uint16_t in_listener, struct cx_way *way)
{
	struct cx_uri routes[CX_OWN_ROUTES_MAX + 1], last, uri = p->e.uri;
	uint32_t n;

	*way = (struct cx_way){
	    .group = CX_NONE, .element = CX_NONE, .side = CX_NO_LISTENER, .in_dialog = p->e.to_tag.n != 0};
	n = read_routes(&p->m, routes, CX_OWN_ROUTES_MAX + 1, &last);
	if (n == CX_NONE)
		return 400;
	if (n && !uri.user.n && cx_uri_is_loose(&uri) &&
	    cx_uri_is_ours(p, &uri, in_listener) != CX_NO_LISTENER) {
		way->from_route = true;
		way->side = cx_uri_is_ours(p, &uri, in_listener);
		uri = last;
		n--;
	}
	strip_maddr(p, in_listener, &uri, way);
	while (way->pop < CX_OWN_ROUTES_MAX && way->pop < n) {
		uint16_t ours = cx_uri_is_ours(p, &routes[way->pop], in_listener);

		if (ours == CX_NO_LISTENER)
			break;
		way->side = ours;
		way->pop++;
	}
	if (way->pop == n)
		return by_request_uri(p, in_listener, &uri, way);
	way->strict = !cx_uri_is_loose(&routes[way->pop]);
	return cx_way_to_uri(p, &routes[way->pop], way->side, &way->hop, &way->element) ? 404 : 0;
}
