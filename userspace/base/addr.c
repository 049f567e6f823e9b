/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text, map and socket forms of an address.
 *
 * Inside the proxy there is one form only, 16 bytes with IPv4 mapped, so that
 * one trie and one comparison serve both families. The family is derived from
 * the bytes; therefore the text "::ffff:192.0.2.1" is refused where a person
 * writes it: it would name an IPv4 address in the dress of an IPv6 one.
 * Text is RFC 4291 section 2.2 in, RFC 5952 out.
 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static void addr_from_v4(const struct in_addr *in, union cx_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->b[10] = 0xff;
	addr->b[11] = 0xff;
	memcpy(addr->b + 12, in, 4);
}

bool cx_addr_is_v4(const union cx_addr *addr)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	return memcmp(addr->b, mapped, sizeof(mapped)) == 0;
}

/* Parses n characters of text; brackets only around IPv6. */
static int addr_parse_span(const char *text, size_t n, union cx_addr *addr, uint8_t *family)
{
	char buf[INET6_ADDRSTRLEN];
	struct in_addr in;
	bool brackets = n >= 2 && text[0] == '[' && text[n - 1] == ']';

	if (brackets) {
		text++;
		n -= 2;
	}
	if (n == 0 || n >= sizeof(buf))
		return -EINVAL;
	memcpy(buf, text, n);
	buf[n] = '\0';

	if (!brackets && inet_pton(AF_INET, buf, &in) == 1) {
		addr_from_v4(&in, addr);
		*family = CX_IPV4;
		return 0;
	}
	if (inet_pton(AF_INET6, buf, addr->b) != 1 || cx_addr_is_v4(addr))
		return -EINVAL;
	*family = CX_IPV6;
	return 0;
}

int cx_addr_parse(const char *text, union cx_addr *addr, uint8_t *family)
{
	return addr_parse_span(text, strlen(text), addr, family);
}

/* One to three digits without a leading zero. */
static int cidr_length_parse(const char *text, uint32_t *length)
{
	uint32_t value = 0;
	size_t n = strlen(text);

	if (n == 0 || n > 3 || (n > 1 && text[0] == '0'))
		return -EINVAL;
	for (; *text; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		value = value * 10 + (uint32_t)(*text - '0');
	}
	*length = value;
	return 0;
}

static bool host_bits_zero(const union cx_addr *addr, uint32_t prefixlen)
{
	uint32_t i = prefixlen / 8;

	if (i >= sizeof(addr->b))
		return true;
	if (addr->b[i] & (0xff >> (prefixlen % 8)))
		return false;
	for (i++; i < sizeof(addr->b); i++) {
		if (addr->b[i])
			return false;
	}
	return true;
}

int cx_cidr_parse(const char *text, union cx_addr *addr, uint32_t *prefixlen, uint8_t *family)
{
	const char *slash = strchr(text, '/');
	uint32_t length, full;
	int err;

	err = addr_parse_span(text, slash ? (size_t)(slash - text) : strlen(text), addr, family);
	if (err)
		return err;
	full = *family == CX_IPV4 ? 32 : 128;
	length = full;
	if (slash && cidr_length_parse(slash + 1, &length))
		return -EINVAL;
	if (length > full)
		return -EINVAL;
	*prefixlen = 128 - full + length;
	return host_bits_zero(addr, *prefixlen) ? 0 : -ERANGE;
}

const char *cx_addr_format(const union cx_addr *addr, char buf[CX_ADDR_TEXT])
{
	const char *text;

	if (cx_addr_is_v4(addr))
		text = inet_ntop(AF_INET, addr->b + 12, buf, CX_ADDR_TEXT);
	else
		text = inet_ntop(AF_INET6, addr->b, buf, CX_ADDR_TEXT);
	if (!text)
		buf[0] = '\0'; /* cannot be: the buffer holds either form */
	return buf;
}

const char *cx_endpoint_format(const union cx_addr *addr, uint16_t port, char buf[CX_ENDPOINT_TEXT])
{
	char text[CX_ADDR_TEXT];

	snprintf(buf, CX_ENDPOINT_TEXT, cx_addr_is_v4(addr) ? "%s:%u" : "[%s]:%u", cx_addr_format(addr, text),
		 (unsigned)port);
	return buf;
}

bool cx_addr_match(const union cx_addr *a, const union cx_addr *b, uint32_t prefixlen)
{
	uint32_t bytes = prefixlen / 8, bits = prefixlen % 8;

	if (bytes >= sizeof(a->b))
		return memcmp(a->b, b->b, sizeof(a->b)) == 0;
	if (memcmp(a->b, b->b, bytes) != 0)
		return false;
	return bits == 0 || ((a->b[bytes] ^ b->b[bytes]) & (0xff00 >> bits) & 0xff) == 0;
}

socklen_t cx_addr_to_sockaddr(const union cx_addr *addr, uint16_t port, struct sockaddr_storage *ss)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	memset(ss, 0, sizeof(*ss));
	if (cx_addr_is_v4(addr)) {
		memcpy(&in.sin_addr, addr->b + 12, 4);
		memcpy(ss, &in, sizeof(in));
		return sizeof(in);
	}
	memcpy(&in6.sin6_addr, addr->b, 16);
	memcpy(ss, &in6, sizeof(in6));
	return sizeof(in6);
}

int cx_addr_from_sockaddr(const struct sockaddr *sa, union cx_addr *addr, uint16_t *port, uint8_t *family)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	switch (sa->sa_family) {
	case AF_INET:
		memcpy(&in, sa, sizeof(in));
		addr_from_v4(&in.sin_addr, addr);
		*port = ntohs(in.sin_port);
		*family = CX_IPV4;
		return 0;
	case AF_INET6:
		memcpy(&in6, sa, sizeof(in6));
		memcpy(addr->b, &in6.sin6_addr, 16);
		*port = ntohs(in6.sin6_port);
		/* a dual-stack socket shows IPv4 peers as mapped */
		*family = cx_addr_is_v4(addr) ? CX_IPV4 : CX_IPV6;
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}
