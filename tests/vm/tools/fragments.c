// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends a message as a UDP datagram in IP fragments of its own making, right or
 * wrong: for what a well-behaved kernel would never send.
 *
 *   fragments HOW SOURCE SOURCE_PORT ADDRESS PORT [SIZE] < message
 *
 * SIZE: payload of a fragment (default 1200). HOW:
 *   plain      in order, as a sender would
 *   reversed   the last first
 *   duplicate  each twice
 *   tiny       8 bytes each (SIZE is ignored)
 *   overlap    the second begins 8 bytes inside the first
 *   hole       without the second
 *   endless    without the last
 *   truncated  the last is short: the UDP header promises more
 *   long       a last fragment that would end behind 65535
 *   checksum   a wrong UDP checksum
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define DATAGRAM_MAX 65000

static struct {
	int fd, family;
	struct in6_addr source, destination; /* the first four bytes for IPv4 */
	uint32_t id;
} way;

static size_t address_size(void)
{
	return way.family == AF_INET ? 4 : 16;
}

static void send_packet(const void *p, size_t n)
{
	struct sockaddr_in to4 = {.sin_family = AF_INET};
	struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_addr = way.destination};

	memcpy(&to4.sin_addr, &way.destination, 4);
	if (sendto(way.fd, p, n, 0, way.family == AF_INET ? (void *)&to4 : (void *)&to6,
		   way.family == AF_INET ? sizeof(to4) : sizeof(to6)) < 0) {
		perror("fragments: send");
		exit(1);
	}
}

/* One fragment: bytes [at, at + n) of the datagram, more: others follow. */
static void send_fragment(const uint8_t *datagram, size_t at, size_t n, bool more)
{
	static uint8_t packet[DATAGRAM_MAX + 100];
	size_t header;

	if (way.family == AF_INET) {
		struct iphdr *ip = (void *)packet;

		header = sizeof(*ip);
		memset(ip, 0, header);
		ip->version = 4;
		ip->ihl = 5;
		ip->ttl = 64;
		ip->protocol = IPPROTO_UDP;
		ip->id = htons((uint16_t)way.id);
		ip->frag_off = htons((uint16_t)(at / 8 | (more ? 0x2000 : 0)));
		ip->tot_len = htons((uint16_t)(header + n));
		memcpy(&ip->saddr, &way.source, 4);
		memcpy(&ip->daddr, &way.destination, 4);
	} else {
		struct ip6_hdr *ip = (void *)packet;
		struct ip6_frag *fragment = (void *)(ip + 1);

		header = sizeof(*ip) + sizeof(*fragment);
		memset(ip, 0, header);
		ip->ip6_flow = htonl(6u << 28);
		ip->ip6_plen = htons((uint16_t)(sizeof(*fragment) + n));
		ip->ip6_nxt = IPPROTO_FRAGMENT;
		ip->ip6_hlim = 64;
		ip->ip6_src = way.source;
		ip->ip6_dst = way.destination;
		fragment->ip6f_nxt = IPPROTO_UDP;
		fragment->ip6f_offlg = htons((uint16_t)(at | more));
		fragment->ip6f_ident = htonl(way.id);
	}
	memcpy(packet + header, datagram + at, n);
	send_packet(packet, header + n);
}

static uint32_t sum(const void *p, size_t n, uint32_t start)
{
	const uint8_t *b = p;

	for (size_t i = 0; i < n; i++)
		start += i & 1 ? b[i] : (uint32_t)b[i] << 8;
	return start;
}

static uint16_t checksum(const uint8_t *datagram, size_t n)
{
	uint32_t s = sum(&way.source, address_size(), IPPROTO_UDP + (uint32_t)n);

	s = sum(datagram, n, sum(&way.destination, address_size(), s));
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	s = ~s & 0xffff;
	return htons((uint16_t)(s ? s : 0xffff));
}

/* Fragments of `size`, number i of count. */
static void send_nth(const uint8_t *datagram, size_t n, size_t size, size_t i)
{
	size_t at = i * size, length = at + size < n ? size : n - at;

	send_fragment(datagram, at, length, at + length < n);
}

static void send_all(const char *how, const uint8_t *datagram, size_t n, size_t size)
{
	size_t count = (n + size - 1) / size, i;

	for (i = 0; i < count; i++) {
		if (!strcmp(how, "reversed")) {
			send_nth(datagram, n, size, count - 1 - i);
		} else if (!strcmp(how, "overlap") && i == 1) {
			send_fragment(datagram, size - 8, (n - size < size ? n - size : size) + 8, count > 2);
		} else if ((!strcmp(how, "hole") && i == 1) || (!strcmp(how, "endless") && i == count - 1)) {
			continue;
		} else if (!strcmp(how, "truncated") && i == count - 1) {
			send_fragment(datagram, i * size, n - i * size > 16 ? n - i * size - 16 : 1, false);
		} else if (!strcmp(how, "long") && i == count - 1) {
			send_fragment(datagram, 65528, 1200, false);
		} else {
			send_nth(datagram, n, size, i);
			if (!strcmp(how, "duplicate"))
				send_nth(datagram, n, size, i);
		}
	}
}

int main(int argc, char **argv)
{
	static uint8_t datagram[2 * DATAGRAM_MAX];
	struct udphdr *udp = (void *)datagram;
	size_t size = argc > 6 ? strtoul(argv[6], NULL, 10) & ~7ul : 1200, n;

	if (argc < 6 || !size) {
		fputs("usage: fragments HOW SOURCE SOURCE_PORT ADDRESS PORT [SIZE] < message\n", stderr);
		return 2;
	}
	way.family = strchr(argv[4], ':') ? AF_INET6 : AF_INET;
	way.id = (uint32_t)getpid() * 7 + 1;
	way.fd = socket(way.family, SOCK_RAW, IPPROTO_RAW);
	if (way.fd < 0 || inet_pton(way.family, argv[2], &way.source) != 1 ||
	    inet_pton(way.family, argv[4], &way.destination) != 1) {
		perror("fragments");
		return 2;
	}
	n = sizeof(*udp) + fread(datagram + sizeof(*udp), 1, DATAGRAM_MAX - sizeof(*udp), stdin);
	udp->source = htons((uint16_t)strtoul(argv[3], NULL, 10));
	udp->dest = htons((uint16_t)strtoul(argv[5], NULL, 10));
	udp->len = htons((uint16_t)n);
	udp->check = checksum(datagram, n);
	if (!strcmp(argv[1], "checksum"))
		udp->check ^= htons(0x1111);
	send_all(argv[1], datagram, n, !strcmp(argv[1], "tiny") ? 8 : size);
	return 0;
}
