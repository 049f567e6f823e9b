/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Element URIs (RFC 3261 section 19.1): sip:HOST[:PORT][;transport=udp|tcp].
 *
 * The host is an address, or a name that DNS knows (RFC 3263). User parts, headers and
 * other parameters, which a SIP URI may have, are refused, each with its reason.
 */
#include "config/internal.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#define TO_UNIT "write sip:HOST:PORT, for example sip:192.0.2.10:5060, sip:[2001:db8::10]:5060 or sip:ms1.example.com"

static int refuse(const char **why, const char **hint, const char *text, const char *advice)
{
	*why = text;
	*hint = advice;
	return -EINVAL;
}

const char *cx_addr_unusable(const union cx_addr *addr, const char **hint)
{
	static const union cx_addr any_v4 = {.b = {[10] = 0xff, [11] = 0xff}}, any_v6;
	bool v4 = cx_addr_is_v4(addr);
	const char *unwanted;

	hint = hint ? hint : &unwanted;
	*hint = NULL;
	if (memcmp(addr, v4 ? &any_v4 : &any_v6, sizeof(*addr)) == 0) {
		*hint = "name the address: it goes into Via, and the fast path looks it up";
		return "is a wildcard";
	}
	if (v4 ? addr->b[12] >= 224 : addr->b[0] == 0xff) {
		*hint = "give a unicast address";
		return "is a multicast, reserved or broadcast address";
	}
	if (!v4 && addr->b[0] == 0xfe && (addr->b[1] & 0xc0) == 0x80) {
		*hint = "give a global or unique local address";
		return "is a link-local address, which means nothing without its link";
	}
	return NULL;
}

/* Splits host from port; n characters of text. */
static int parse_host_port(const char *text, size_t n, struct cx_config_element *e, const char **why,
			   const char **hint)
{
	char host[sizeof(e->host)], name[CX_DNS_NAME];
	const char *colon, *close;
	uint32_t port = 0;
	size_t host_n = n;

	close = text[0] == '[' ? memchr(text, ']', n) : NULL;
	colon = close ? memchr(close, ':', n - (size_t)(close - text)) : memchr(text, ':', n);
	if (!close && colon && memchr(colon + 1, ':', n - (size_t)(colon + 1 - text)))
		return refuse(why, hint, "an IPv6 address needs square brackets", TO_UNIT);
	e->port = 0;
	if (colon) {
		host_n = (size_t)(colon - text);
		for (const char *p = colon + 1; p < text + n; p++) {
			if (*p < '0' || *p > '9' || port > 65535)
				return refuse(why, hint, "the port is not a number from 1 to 65535", TO_UNIT);
			port = port * 10 + (uint32_t)(*p - '0');
		}
		if (port == 0 || port > 65535)
			return refuse(why, hint, "the port is not a number from 1 to 65535", TO_UNIT);
		e->port = (uint16_t)port;
	}
	if (host_n == 0 || host_n >= sizeof(host))
		return refuse(why, hint, "there is no host in it", TO_UNIT);
	memcpy(host, text, host_n);
	host[host_n] = '\0';
	if (cx_addr_parse(host, &e->addr, &e->family) == 0) {
		e->port = e->port ? e->port : 5060;
		return 0;
	}
	if (host[0] == '[' || strspn(host, "0123456789.") == host_n)
		return refuse(why, hint, "the host is not an address", TO_UNIT);
	if (strchr(host, '_') || cx_dns_name_from_text(host, name))
		return refuse(why, hint, "the host is not a name that DNS can have",
			      "letters, digits and hyphens between dots, at most 63 characters each; or an address");
	memcpy(e->host, name, strlen(name) + 1);
	return 0;
}

static int parse_parameters(const char *p, uint8_t *transport, const char **why, const char **hint)
{
	static const char *const later[] = {"tls", "ws", "wss", "sctp"};
	bool seen = false;

	while (*p == ';') {
		size_t n = strcspn(++p, ";");

		if (n < 10 || strncasecmp(p, "transport=", 10) != 0)
			return refuse(why, hint, "only the parameter transport is known",
				      "leave the parameter out");
		if (seen)
			return refuse(why, hint, "transport is given twice", NULL);
		seen = true;
		for (size_t i = 0; i < CX_ARRAY_SIZE(later); i++) {
			if (n - 10 == strlen(later[i]) && strncasecmp(p + 10, later[i], n - 10) == 0)
				return refuse(why, hint, "this transport is not supported yet: only udp and tcp",
					      "leave the parameter out: it is udp");
		}
		if (n - 10 == 3 && strncasecmp(p + 10, "tcp", 3) == 0)
			*transport = CX_TCP;
		else if (n - 10 != 3 || strncasecmp(p + 10, "udp", 3) != 0)
			return refuse(why, hint, "unknown transport", "leave the parameter out: it is udp");
		p += n;
	}
	return 0;
}

int cx_element_uri_parse(const char *uri, struct cx_config_element *e, const char **why, const char **hint)
{
	size_t host_n;
	int err;

	if (strncasecmp(uri, "sips:", 5) == 0)
		return refuse(why, hint, "sips is not supported yet: only sip", TO_UNIT);
	if (strncasecmp(uri, "sip:", 4) != 0)
		return refuse(why, hint, "it does not begin with sip:", TO_UNIT);
	uri += 4;
	if (strchr(uri, '@'))
		return refuse(why, hint, "an element has no user part", TO_UNIT);
	if (strchr(uri, '?'))
		return refuse(why, hint, "an element's URI has no headers", TO_UNIT);
	host_n = strcspn(uri, ";");
	err = parse_host_port(uri, host_n, e, why, hint);
	if (err)
		return err;
	*why = e->family ? cx_addr_unusable(&e->addr, hint) : NULL;
	if (*why)
		return -EINVAL;
	e->transport = CX_UDP;
	e->said_transport = uri[host_n] != '\0';
	return parse_parameters(uri + host_n, &e->transport, why, hint);
}
