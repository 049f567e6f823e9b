/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What only the whole configuration can tell: listeners that collide, elements
 * that no listener faces or that are ourselves, sources that let in too much
 * or too little. Runs after everything has been read, also over objects that
 * had errors; those have no address (family 0) and are passed over.
 */
#include "config/internal.h"

#include <stdlib.h>
#include <string.h>

/* ---- listeners --------------------------------------------------------------------- */

static void check_overlap(struct cx_loader *l, const struct cx_config_network *network,
			  const struct cx_config_listener *listener)
{
	const struct cx_config *config = l->config;
	char text[CX_ENDPOINT_TEXT];

	for (size_t i = 0; i < config->n_networks; i++) {
		for (size_t j = 0; j < config->networks[i].n_listeners; j++) {
			const struct cx_config_listener *other = &config->networks[i].listeners[j];

			if (other == listener)
				return; /* the rest comes later in the file */
			if (other->family && other->transport == listener->transport &&
			    cx_same_place(&other->addr, other->port, &listener->addr, listener->port))
				cx_diag_error(l->diag, listener->at.file, listener->at.line,
					      "an address and port belong to one network: use another port",
					      "listener %s of network \"%s\" overlaps with that of network "
					      "\"%s\" on line %u",
					      cx_endpoint_format(&listener->addr, listener->port, text),
					      network->name, config->networks[i].name, other->at.line);
		}
	}
}

static void check_listeners(struct cx_loader *l)
{
	const struct cx_config *config = l->config;
	size_t n = cx_config_count_listeners(config);

	if (n > CX_LISTENERS_MAX) {
		cx_diag_error(l->diag, l->path, 0, NULL, "too many listeners: %zu, at most %d", n,
			      CX_LISTENERS_MAX);
		return;
	}
	for (size_t i = 0; i < config->n_networks; i++) {
		for (size_t j = 0; j < config->networks[i].n_listeners; j++) {
			if (config->networks[i].listeners[j].family)
				check_overlap(l, &config->networks[i], &config->networks[i].listeners[j]);
		}
	}
}

/* ---- sources --------------------------------------------------------------------------- */

static void check_sources(struct cx_loader *l, const struct cx_config_network *network)
{
	if (network->n_sources == 0 && l->diag->errors == 0) /* else one may be among them that was meant */
		cx_diag_warn(l->diag, network->at.file, network->at.line,
			     "list the CIDRs of its peers in sources",
			     "network \"%s\" has no sources: it accepts no request", network->name);
	for (size_t i = 0; i < network->n_sources && network->trusted; i++) {
		const struct cx_config_cidr *cidr = &network->sources[i];

		if (cidr->prefixlen == 0 || (cidr->family == CX_IPV4 && cidr->prefixlen == 96)) {
			cx_diag_warn(l->diag, cidr->at.file, cidr->at.line,
				     "say trusted = false, or list the CIDRs of its peers",
				     "network \"%s\" is trusted and has any source: in-dialog requests may "
				     "be relayed to anywhere",
				     network->name);
			return;
		}
	}
}

static bool has_transport(const struct cx_config_network *network, uint8_t transport)
{
	for (size_t i = 0; i < network->n_listeners; i++)
		if (network->listeners[i].transport == transport)
			return true;
	return false;
}

static void check_over(struct cx_loader *l, const struct cx_config_network *network)
{
	if (network->udp_over == CX_UDP_BY_TCP && network->n_listeners && !has_transport(network, CX_TCP))
		cx_diag_warn(l->diag, network->at.file, network->at.line, "give it a listener with transport = \"tcp\"",
			     "network \"%s\" has no TCP listener: what is too long for UDP is answered 513",
			     network->name);
}

static void check_networks(struct cx_loader *l)
{
	const struct cx_config *config = l->config;
	size_t n_sources = 0;

	for (size_t i = 0; i < config->n_networks; i++) {
		const struct cx_config_network *network = &config->networks[i];

		if (network->sources)
			check_sources(l, network);
		check_over(l, network);
		n_sources += network->n_sources;
	}
	if (n_sources > CX_SOURCES_MAX)
		cx_diag_error(l->diag, l->path, 0, "write larger CIDRs", "too many sources: %zu, at most %d",
			      n_sources, CX_SOURCES_MAX);
}

/* ---- elements ------------------------------------------------------------------------------ */

static bool faces(const struct cx_config_network *network, uint8_t family, uint8_t transport)
{
	for (size_t i = 0; i < network->n_listeners; i++) {
		if ((network->listeners[i].family == family && network->listeners[i].transport == transport) ||
		    network->listeners[i].family == 0)
			return true; /* a listener that was refused may have been meant */
	}
	return false;
}

static bool accepts(const struct cx_config_network *network, const union cx_addr *addr)
{
	uint8_t family = cx_addr_is_v4(addr) ? CX_IPV4 : CX_IPV6;

	for (size_t i = 0; i < network->n_sources; i++) {
		if (network->sources[i].family == family &&
		    cx_addr_match(&network->sources[i].addr, addr, network->sources[i].prefixlen))
			return true;
	}
	return false;
}

/* True if the element's own requests would be let in. */
static bool check_element(struct cx_loader *l, const struct cx_config_group *group,
			  const struct cx_config_element *e)
{
	const struct cx_config_network *network = &l->config->networks[group->network];
	const struct cx_config_listener *own = cx_own_listener(l->config, e);

	if (own)
		cx_diag_error(l->diag, e->at.file, e->at.line, "give the address of the server",
			      "element \"%s\" is the proxy itself: its URI is the listener on line %u",
			      e->name, own->at.line);
	if (network->n_listeners && !faces(network, e->family, e->transport))
		cx_diag_error(l->diag, e->at.file, e->at.line,
			      e->transport == CX_TCP ? "add a listener with transport = \"tcp\" to the network"
						     : "add a listener of that family to the network",
			      "element \"%s\" has an IPv%d address, but network \"%s\" has no IPv%d listener%s",
			      e->name, e->family, network->name, e->family,
			      e->transport == CX_TCP ? " of transport tcp" : "");
	return accepts(network, &e->addr);
}

/* A name must lead somewhere that the network can send to. */
static void check_name(struct cx_loader *l, const struct cx_config_group *group, const struct cx_config_element *e)
{
	const struct cx_config_network *network = &l->config->networks[group->network];
	struct cx_locate_want want;

	for (size_t i = 0; i < network->n_listeners; i++)
		if (!network->listeners[i].family)
			return; /* one that was refused may have been meant */
	cx_config_want(l->config, group, e, &want);
	if (network->n_listeners && !want.families[CX_UDP] && !want.families[CX_TCP])
		cx_diag_error(l->diag, e->at.file, e->at.line,
			      e->transport == CX_TCP ? "add a listener with transport = \"tcp\" to the network"
						     : "add a listener with transport = \"udp\" to the network",
			      "element \"%s\" is to be reached by %s, but network \"%s\" has no such listener", e->name,
			      e->transport == CX_TCP ? "tcp" : "udp", network->name);
}

static int compare_places(const void *pa, const void *pb)
{
	const struct cx_config_element *a = *(const struct cx_config_element *const *)pa;
	const struct cx_config_element *b = *(const struct cx_config_element *const *)pb;
	int c = memcmp(&a->addr, &b->addr, sizeof(a->addr));

	c = c ? c : strcmp(a->host, b->host);
	if (c)
		return c;
	if (a->port != b->port)
		return a->port < b->port ? -1 : 1;
	if (a->transport != b->transport)
		return a->transport < b->transport ? -1 : 1;
	return a < b ? -1 : a > b; /* members of one array: order in the file */
}

static void check_same_place(struct cx_loader *l, const struct cx_config_group *group)
{
	const struct cx_config_element **order;

	order = cx_loader_grow(l, NULL, 0, group->n_elements, sizeof(*order));
	if (!order)
		return;
	for (size_t i = 0; i < group->n_elements; i++)
		order[i] = &group->elements[i];
	qsort(order, group->n_elements, sizeof(*order), compare_places);
	for (size_t i = 1; i < group->n_elements; i++) {
		const struct cx_config_element *a = order[i - 1], *b = order[i];

		if ((b->family || b->host[0]) && a->transport == b->transport && !strcmp(a->host, b->host) &&
		    cx_same_place(&a->addr, a->port, &b->addr, b->port))
			cx_diag_error(l->diag, b->at.file, b->at.line, "give one of them more weight instead",
				      "element \"%s\" has the %s of \"%s\" on line %u of the same group", b->name,
				      b->family ? "address" : "host", a->name, a->at.line);
	}
	free(order);
}

static void check_group(struct cx_loader *l, const struct cx_config_group *group)
{
	const struct cx_config_element *refused = NULL;

	if (group->n_elements == 0) {
		cx_diag_warn(l->diag, group->at.file, group->at.line,
			     "add elements = ( { uri = \"sip:...\"; } );",
			     "group \"%s\" has no elements: its calls are answered with 503", group->name);
		return;
	}
	check_same_place(l, group);
	if (group->network >= l->config->n_networks)
		return;
	for (size_t i = 0; i < group->n_elements; i++) {
		const struct cx_config_element *e = &group->elements[i];

		if (e->host[0])
			check_name(l, group, e);
		if (e->family && !check_element(l, group, e) && !refused)
			refused = e;
	}
	if (refused && l->config->networks[group->network].n_sources)
		cx_diag_warn(l->diag, refused->at.file, refused->at.line,
			     "add its address to the sources of the network",
			     "element \"%s\" is in no source of network \"%s\": its own requests (BYE, "
			     "re-INVITE) will be dropped",
			     refused->name, l->config->networks[group->network].name);
}

void cx_config_check(struct cx_loader *l)
{
	const struct cx_config *config = l->config;

	check_networks(l);
	check_listeners(l);
	for (size_t i = 0; i < config->n_groups; i++)
		check_group(l, &config->groups[i]);
	if (config->n_routes == 0 && l->diag->errors == 0)
		cx_diag_warn(l->diag, l->path, 0,
			     "add routes = ( { dn = \"...\"; group = \"...\"; } ); or files in routes.d",
			     "there are no routes: every call is answered with 404");
}
