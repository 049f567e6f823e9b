// SPDX-License-Identifier: GPL-2.0-only
/* See packet.h. Byte by byte, big-endian, the slow and plain way. */
#include "packet.h"
#include <stdbool.h>
#include <string.h>
#include "base/addr.h"

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static unsigned get16(const uint8_t *p)
{
	return (unsigned)(p[0] << 8 | p[1]);
}

/* RFC 1071 over bytes; carry goes on from an earlier part of even length. */
static uint32_t sum(uint32_t carry, const uint8_t *p, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		carry += i & 1 ? p[i] : (uint32_t)p[i] << 8;
		carry = (carry & 0xffff) + (carry >> 16);
	}
	return carry;
}

/* Pseudo-header of UDP: RFC 768, RFC 8200 8.1. addresses: 8 or 32 bytes. */
static uint32_t sum_pseudo(const uint8_t *addresses, size_t n, unsigned udp_length)
{
	uint8_t rest[4] = {0, 17, (uint8_t)(udp_length >> 8), (uint8_t)udp_length};

	return sum(sum(0, addresses, n), rest, 4);
}

static size_t put_link(const struct packet_plan *plan, bool v4, uint8_t *f)
{
	static const uint8_t macs[12] = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 9, 9};
	size_t at = 12;
	unsigned i;

	memcpy(f, macs, 12);
	for (i = 0; i < plan->vlans; i++, at += 4) {
		put16(f + at, i + 1 < plan->vlans ? 0x88a8 : 0x8100);
		put16(f + at + 2, 10 + i);
	}
	put16(f + at, v4 ? 0x0800 : 0x86dd);
	return at + 2;
}

static size_t put_ipv4(const struct packet_plan *plan, unsigned udp_length, uint8_t *ip)
{
	size_t size = 20 + plan->option_words * 4;

	memset(ip, 0, size);
	memset(ip + 20, 1, size - 20); /* no-operation options */
	ip[0] = (uint8_t)(0x40 | size / 4);
	put16(ip + 2, (unsigned)((int)(udp_length + size) + plan->ip_length_error));
	put16(ip + 4, 0x1234);
	put16(ip + 6, plan->fragment);
	ip[8] = 61;
	ip[9] = 17;
	memcpy(ip + 12, plan->source.b + 12, 4);
	memcpy(ip + 16, plan->destination.b + 12, 4);
	put16(ip + 10, ~sum(0, ip, size) & 0xffff);
	return size;
}

static size_t put_ipv6(const struct packet_plan *plan, unsigned udp_length, uint8_t *ip)
{
	memset(ip, 0, 40);
	ip[0] = 0x60;
	put16(ip + 4, (unsigned)((int)udp_length + plan->ip_length_error));
	ip[6] = plan->next_header ? plan->next_header : 17;
	ip[7] = 61;
	memcpy(ip + 8, plan->source.b, 16);
	memcpy(ip + 24, plan->destination.b, 16);
	return 40;
}

size_t packet_build(const struct packet_plan *plan, const void *payload, size_t n, uint8_t frame[PACKET_MAX])
{
	bool v4 = cx_addr_is_v4(&plan->source);
	unsigned udp_length = (unsigned)n + 8;
	size_t at = put_link(plan, v4, frame), ip = at;
	uint32_t pseudo, check;
	uint8_t *udp;

	at += v4 ? put_ipv4(plan, udp_length, frame + at) : put_ipv6(plan, udp_length, frame + at);
	udp = frame + at;
	put16(udp, plan->source_port);
	put16(udp + 2, plan->destination_port);
	put16(udp + 4, (unsigned)((int)udp_length + plan->udp_length_error));
	put16(udp + 6, 0);
	if (n)
		memcpy(udp + 8, payload, n);
	pseudo = v4 ? sum_pseudo(frame + ip + 12, 8, udp_length) : sum_pseudo(frame + ip + 8, 32, udp_length);
	check = ~sum(pseudo, udp, udp_length) & 0xffff;
	if (!check)
		check = 0xffff;
	if (plan->checksum == PACKET_FULL)
		put16(udp + 6, check);
	else if (plan->checksum == PACKET_PARTIAL)
		put16(udp + 6, pseudo);
	else if (plan->checksum == PACKET_WRONG)
		put16(udp + 6, check == 1 ? 2 : check - 1);
	at += udp_length;
	memset(frame + at, 0xee, plan->padding);
	return at + plan->padding - plan->cut;
}

static const char *check_ipv4(const uint8_t *ip, size_t n, struct packet_view *v)
{
	if (n < 28 || ip[0] != 0x45)
		return "no IPv4 header of 20 bytes";
	if (sum(0, ip, 20) != 0xffff)
		return "IPv4 header checksum is wrong";
	if (get16(ip + 2) != n)
		return "IPv4 length is not the frame's";
	if (get16(ip + 6) & 0x3fff)
		return "a fragment";
	if (ip[9] != 17)
		return "not UDP";
	v->dscp = ip[1] >> 2;
	v->ecn = ip[1] & 3;
	v->ttl = ip[8];
	v->source.w[5] = v->destination.w[5] = 0xffff;
	memcpy(v->source.b + 12, ip + 12, 4);
	memcpy(v->destination.b + 12, ip + 16, 4);
	return NULL;
}

static const char *check_ipv6(const uint8_t *ip, size_t n, struct packet_view *v)
{
	if (n < 48 || ip[0] >> 4 != 6)
		return "no IPv6 header";
	if (get16(ip + 4) != n - 40)
		return "IPv6 payload length is not the frame's";
	if (ip[6] != 17)
		return "not UDP";
	v->dscp = (uint8_t)(get16(ip) >> 6 & 0x3f);
	v->ecn = ip[1] >> 4 & 3;
	v->flow_label = (uint32_t)(ip[1] & 15) << 16 | get16(ip + 2);
	v->ttl = ip[7];
	memcpy(v->source.b, ip + 8, 16);
	memcpy(v->destination.b, ip + 24, 16);
	return NULL;
}

static const char *check_udp(const uint8_t *udp, size_t n, bool v4, struct packet_view *v)
{
	const uint8_t *addresses = v4 ? udp - 8 : udp - 32;

	if (get16(udp + 4) != n)
		return "UDP length is not the datagram's";
	v->source_port = (uint16_t)get16(udp);
	v->destination_port = (uint16_t)get16(udp + 2);
	v->udp_check = (uint16_t)get16(udp + 6);
	if (!v->udp_check && !v4)
		return "IPv6 without a UDP checksum";
	if (v->udp_check && sum(sum_pseudo(addresses, v4 ? 8 : 32, (unsigned)n), udp, n) != 0xffff)
		return "UDP checksum is wrong";
	v->payload = udp + 8;
	v->payload_n = n - 8;
	return NULL;
}

const char *packet_check(const uint8_t *frame, size_t n, struct packet_view *v)
{
	const char *why;
	unsigned type;
	size_t at = 12;

	memset(v, 0, sizeof(*v));
	if (n < 14)
		return "shorter than an Ethernet header";
	v->to_mac = frame;
	v->from_mac = frame + 6;
	for (type = get16(frame + at); type == 0x8100 || type == 0x88a8; type = get16(frame + at)) {
		if (v->vlans == 2 || n < at + 6)
			return "too many tags";
		v->tag_type[v->vlans] = (uint16_t)type;
		v->tag[v->vlans++] = (uint16_t)get16(frame + at + 2);
		at += 4;
	}
	at += 2;
	if (type != 0x0800 && type != 0x86dd)
		return "neither IPv4 nor IPv6";
	why = type == 0x0800 ? check_ipv4(frame + at, n - at, v) : check_ipv6(frame + at, n - at, v);
	if (why)
		return why;
	at += type == 0x0800 ? 20 : 40;
	return check_udp(frame + at, n - at, type == 0x0800, v);
}
