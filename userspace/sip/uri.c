// SPDX-License-Identifier: GPL-2.0-only
/*
 * URIs, see uri.h. Strict about host, port, the shape of parameters and
 * escapes; lenient about which characters a user part has, because dial strings
 * with "#" are everywhere.
 */
#include <arpa/inet.h>
#include <errno.h>
#include "base/addr.h"
#include "sip/uri.h"

static const struct {
	struct cx_text name;
	uint16_t port; /* RFC 3261 18.2.2, RFC 7118 5 */
} transports[] = {
    [CX_UDP] = {{"UDP", 3}, 5060}, [CX_TCP] = {{"TCP", 3}, 5060}, [CX_TLS] = {{"TLS", 3}, 5061},
    [CX_WS] = {{"WS", 2}, 80},	   [CX_WSS] = {{"WSS", 3}, 443},
};
#define N_TRANSPORTS ((int)(sizeof(transports) / sizeof(transports[0])))

int cx_transport_of_name(struct cx_text name)
{
	for (int i = 0; i < N_TRANSPORTS; i++)
		if (cx_text_equal_nocase(name, transports[i].name))
			return i;
	return -EINVAL;
}

struct cx_text cx_transport_name(enum cx_transport transport)
{
	return transports[transport].name;
}

uint16_t cx_transport_port(int transport)
{
	return transport >= 0 && transport < N_TRANSPORTS ? transports[transport].port : 5060;
}

/* ---- hosts ------------------------------------------------------------------ */

/*
 * An IPv6 address without brackets. IPv4-mapped ones are legal here (RFC 5118
 * 4.9), and so are three colons in front of an IPv4 tail: RFC 3261's grammar has
 * them where two are meant (RFC 5118 4.10, RFC 5954 3.1).
 */
static bool parse_ipv6(struct cx_text t, union cx_addr *addr)
{
	char text[INET6_ADDRSTRLEN + 1], *three;

	if (!t.n || t.n >= sizeof(text))
		return false;
	memcpy(text, t.p, t.n);
	text[t.n] = '\0';
	three = strstr(text, ":::");
	if (three && strchr(three, '.'))
		memmove(three, three + 1, strlen(three));
	return inet_pton(AF_INET6, text, addr->b) == 1;
}

enum cx_host_kind cx_host_parse(struct cx_text host, union cx_addr *addr)
{
	char text[INET_ADDRSTRLEN];
	uint8_t family;

	*addr = (union cx_addr){0};
	if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
		return parse_ipv6((struct cx_text){host.p + 1, host.n - 2}, addr) ? CX_HOST_IPV6
										  : CX_HOST_NAME;
	if (host.n && memchr(host.p, ':', host.n))
		return parse_ipv6(host, addr) ? CX_HOST_IPV6 : CX_HOST_NAME;
	if (!host.n || host.n >= sizeof(text) || !cx_char_is(*host.p, CX_C_DIGIT))
		return CX_HOST_NAME;
	memcpy(text, host.p, host.n);
	text[host.n] = '\0';
	return cx_addr_parse(text, addr, &family) ? CX_HOST_NAME : CX_HOST_IPV4;
}

int cx_host_take(struct cx_text *t, struct cx_text *host, uint16_t *port)
{
	struct cx_text digits;
	uint32_t number;

	*port = 0;
	if (t->n && *t->p == '[') {
		const char *close = memchr(t->p, ']', t->n);
		union cx_addr addr;

		if (!close)
			return -EINVAL;
		*host = cx_text_take(t, (uint32_t)(close - t->p) + 1);
		if (cx_host_parse(*host, &addr) != CX_HOST_IPV6)
			return -EINVAL;
	} else {
		*host = cx_text_take_while(t, CX_C_HOST);
		if (!host->n)
			return -EINVAL;
	}
	if (!cx_text_take_char(t, ':'))
		return 0;
	digits = cx_text_take_while(t, CX_C_DIGIT);
	if (cx_text_number(digits, UINT16_MAX, &number) || !number)
		return -EINVAL;
	*port = (uint16_t)number;
	return 0;
}

/* ---- escapes ------------------------------------------------------------------ */

static int hex(char c)
{
	uint8_t lower = cx_char_lower(c);

	return lower <= '9' ? lower - '0' : lower - 'a' + 10;
}

/* Takes one character off the front, unescaped; *escaped says whether it was. -EINVAL: a bad escape. */
static int take_char(struct cx_text *t, bool *escaped)
{
	int c = (uint8_t)*t->p;

	*escaped = c == '%';
	if (*escaped) {
		if (t->n < 3 || !cx_char_is(t->p[1], CX_C_HEX) || !cx_char_is(t->p[2], CX_C_HEX))
			return -EINVAL;
		c = hex(t->p[1]) << 4 | hex(t->p[2]);
	}
	*t = cx_text_skip(*t, *escaped ? 3 : 1);
	return c;
}

int cx_text_unescape(struct cx_text t, char *out, uint32_t max)
{
	uint32_t n = 0;
	bool escaped;

	while (t.n) {
		int c = take_char(&t, &escaped);

		if (c < 0)
			return c;
		if (n >= max)
			return -ENOSPC;
		out[n++] = (char)c;
	}
	return (int)n;
}

static bool escapes_are_good(struct cx_text t)
{
	const char *p;
	bool escaped;

	while ((p = t.n ? memchr(t.p, '%', t.n) : NULL)) {
		t = cx_text_skip(t, (uint32_t)(p - t.p));
		if (take_char(&t, &escaped) < 0)
			return false;
	}
	return true;
}

bool cx_text_equal_escaped(struct cx_text a, struct cx_text b, bool nocase)
{
	static const char reserved[] = ";/?:@&=+$,"; /* RFC 3261 25.1 */

	while (a.n && b.n) {
		bool a_escaped, b_escaped;
		int x = take_char(&a, &a_escaped), y = take_char(&b, &b_escaped);

		if (x < 0 || y < 0)
			return false;
		if (nocase ? cx_char_lower((char)x) != cx_char_lower((char)y) : x != y)
			return false;
		if (a_escaped != b_escaped && x && strchr(reserved, x))
			return false;
	}
	return !a.n && !b.n;
}

/* ---- parsing --------------------------------------------------------------------- */

/* "sip:" and its like; n = 0: none. */
static struct cx_text take_scheme(struct cx_text *t)
{
	uint32_t n = 0;

	while (n < t->n && ((cx_char_is(t->p[n], CX_C_HOST) && t->p[n] != '_') || t->p[n] == '+'))
		n++;
	if (!n || n == t->n || t->p[n] != ':' || cx_char_is(*t->p, CX_C_DIGIT) ||
	    !cx_char_is(*t->p, CX_C_TOKEN))
		return (struct cx_text){t->p, 0};
	return cx_text_take(t, n);
}

static enum cx_scheme scheme_of(struct cx_text name)
{
	if (cx_text_equal_nocase(name, CX_TEXT("sip")))
		return CX_SCHEME_SIP;
	if (cx_text_equal_nocase(name, CX_TEXT("sips")))
		return CX_SCHEME_SIPS;
	return cx_text_equal_nocase(name, CX_TEXT("tel")) ? CX_SCHEME_TEL : CX_SCHEME_OTHER;
}

static bool is_odd(struct cx_text t)
{
	for (uint32_t i = 0; i < t.n; i++)
		if (cx_char_is(t.p[i], CX_C_ODD))
			return true;
	return false;
}

static bool params_are_good(struct cx_text params)
{
	struct cx_param param;

	while (cx_params_next(&params, &param))
		;
	return !params.n;
}

static const char *parse_sip(struct cx_text rest, struct cx_uri *uri)
{
	const char *at = memchr(rest.p, '@', rest.n), *question;

	if (at) {
		const char *colon;

		uri->user = cx_text_take(&rest, (uint32_t)(at - rest.p));
		rest = cx_text_skip(rest, 1);
		colon = memchr(uri->user.p, ':', uri->user.n);
		if (colon) {
			struct cx_text user = cx_text_take(&uri->user, (uint32_t)(colon - uri->user.p));

			uri->password = cx_text_skip(uri->user, 1);
			uri->user = user;
		}
		if (!uri->user.n || memchr(rest.p, '@', rest.n))
			return "Bad User in URI";
	}
	if (cx_host_take(&rest, &uri->host, &uri->port))
		return "Bad Host in URI";
	uri->host_kind = (uint8_t)cx_host_parse(uri->host, &uri->addr);
	question = memchr(rest.p, '?', rest.n);
	if (question) {
		uint32_t n = (uint32_t)(question - rest.p);

		uri->headers = cx_text_skip(rest, n + 1);
		rest.n = n;
	}
	uri->params = rest;
	return params_are_good(rest) ? NULL : "Bad Parameter in URI";
}

/* Visual separators (RFC 3966 5.1.1) */
static bool is_separator(char c)
{
	return c == '-' || c == '.' || c == '(' || c == ')';
}

static const char *parse_tel(struct cx_text rest, struct cx_uri *uri)
{
	const char *semicolon = memchr(rest.p, ';', rest.n);
	uint32_t i, digits = 0;

	uri->user = cx_text_take(&rest, semicolon ? (uint32_t)(semicolon - rest.p) : rest.n);
	for (i = uri->user.n && *uri->user.p == '+'; i < uri->user.n; i++) {
		char c = uri->user.p[i];

		if (cx_char_is(c, CX_C_HEX) || c == '*' || c == '#')
			digits++;
		else if (!is_separator(c))
			return "Bad Number in URI";
	}
	uri->params = rest;
	if (!digits)
		return "Bad Number in URI";
	return params_are_good(rest) ? NULL : "Bad Parameter in URI";
}

int cx_uri_parse(struct cx_text text, struct cx_uri *uri, const char **why)
{
	struct cx_text rest = text;
	const char *what = NULL;

	*uri = (struct cx_uri){.text = text};
	uri->scheme_text = take_scheme(&rest);
	uri->scheme = (uint8_t)scheme_of(uri->scheme_text);
	if (!uri->scheme_text.n || is_odd(text))
		what = "Bad URI";
	else if (uri->scheme == CX_SCHEME_OTHER)
		return 0;
	else if (!escapes_are_good(text))
		what = "Bad Escape in URI";
	else if (uri->scheme == CX_SCHEME_TEL)
		what = parse_tel(cx_text_skip(rest, 1), uri);
	else
		what = parse_sip(cx_text_skip(rest, 1), uri);
	if (why)
		*why = what;
	return what ? -EINVAL : 0;
}

/* ---- asking ------------------------------------------------------------------------ */

bool cx_uri_is_loose(const struct cx_uri *uri)
{
	struct cx_text value;

	return cx_uri_param(uri, "lr", &value);
}

static bool find_maddr(const struct cx_uri *uri, struct cx_text *maddr)
{
	return uri->host.n && cx_uri_param(uri, "maddr", maddr) && maddr->n;
}

bool cx_uri_has_maddr(const struct cx_uri *uri)
{
	struct cx_text maddr;

	return find_maddr(uri, &maddr);
}

struct cx_uri cx_uri_target(const struct cx_uri *uri)
{
	struct cx_uri target = *uri;

	if (find_maddr(uri, &target.host))
		target.host_kind = (uint8_t)cx_host_parse(target.host, &target.addr);
	return target;
}

int cx_uri_transport(const struct cx_uri *uri)
{
	struct cx_text value;

	if (cx_uri_param(uri, "transport", &value))
		return cx_transport_of_name(value);
	return uri->scheme == CX_SCHEME_SIPS ? CX_TLS : CX_UDP;
}

uint16_t cx_uri_port(const struct cx_uri *uri)
{
	if (uri->port)
		return uri->port;
	return uri->scheme == CX_SCHEME_SIPS ? 5061 : cx_transport_port(cx_uri_transport(uri));
}

struct cx_text cx_uri_user_part(const struct cx_uri *uri)
{
	const char *semicolon = uri->user.n ? memchr(uri->user.p, ';', uri->user.n) : NULL;

	return (struct cx_text){uri->user.p, semicolon ? (uint32_t)(semicolon - uri->user.p) : uri->user.n};
}
