/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Builds and reads Ethernet + IP + UDP frames (RFC 791, RFC 8200, RFC 768).
 *
 * On purpose not the engine's code: checksums are computed here in full, byte
 * by byte, so that `explain` notices if the incremental ones went wrong.
 */
#include <errno.h>
#include <string.h>
#include "base/addr.h"
#include "control/probe_frame.h"

#define ETHERNET 14
#define UDP 8
#define PROTOCOL_UDP 17

static void put16(uint8_t *p, uint32_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static uint32_t get16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static uint64_t add(const uint8_t *p, size_t n, uint64_t sum)
{
	for (size_t i = 0; i < n; i++)
		sum += (uint64_t)p[i] << (i & 1 ? 0 : 8);
	return sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Of the pseudo-header and the datagram: 0 if the checksum in it is right. */
static uint16_t udp_sum(const uint8_t *addresses, size_t addresses_len, const uint8_t *udp, size_t n)
{
	return fold(add(udp, n, add(addresses, addresses_len, PROTOCOL_UDP + n)));
}

size_t cx_probe_frame_build(const struct cx_probe_frame *f, uint8_t *out, size_t max)
{
	size_t ip_len = f->family == CX_IPV4 ? 20 : 40, udp_len = UDP + f->payload_len;
	uint8_t ttl = f->ttl ? f->ttl : 64, *ip = out + ETHERNET, *udp = ip + ip_len;
	size_t n = ETHERNET + ip_len + udp_len;
	uint16_t sum;

	if (n > max || ip_len + udp_len > 0xffff)
		return 0;
	memset(out, 0, ETHERNET + ip_len + UDP);
	memcpy(out, f->destination_mac, 6);
	memcpy(out + 6, f->source_mac, 6);
	put16(out + 12, f->family == CX_IPV4 ? 0x0800 : 0x86dd);
	if (f->family == CX_IPV4) {
		ip[0] = 0x45;
		ip[1] = (uint8_t)(f->dscp << 2);
		put16(ip + 2, (uint32_t)(ip_len + udp_len));
		ip[6] = 0x40; /* don't fragment */
		ip[8] = ttl;
		ip[9] = PROTOCOL_UDP;
		memcpy(ip + 12, f->source.b + 12, 4);
		memcpy(ip + 16, f->destination.b + 12, 4);
		put16(ip + 10, fold(add(ip, ip_len, 0)));
	} else {
		ip[0] = (uint8_t)(0x60 | f->dscp >> 2);
		ip[1] = (uint8_t)(f->dscp << 6);
		put16(ip + 4, (uint32_t)udp_len);
		ip[6] = PROTOCOL_UDP;
		ip[7] = ttl;
		memcpy(ip + 8, f->source.b, 16);
		memcpy(ip + 24, f->destination.b, 16);
	}
	put16(udp, f->source_port);
	put16(udp + 2, f->destination_port);
	put16(udp + 4, (uint32_t)udp_len);
	memcpy(udp + UDP, f->payload, f->payload_len);
	sum = f->family == CX_IPV4 ? udp_sum(ip + 12, 8, udp, udp_len) : udp_sum(ip + 8, 32, udp, udp_len);
	put16(udp + 6, sum ? sum : 0xffff);
	return n;
}

static void map_v4(const uint8_t *p, union cx_addr *addr)
{
	memset(addr, 0, sizeof(*addr));
	addr->b[10] = addr->b[11] = 0xff;
	memcpy(addr->b + 12, p, 4);
}

/* *ip_len and *addresses for the pseudo-header. */
static int parse_ip(const uint8_t *ip, size_t n, struct cx_probe_frame *f, size_t *ip_len,
		    const uint8_t **addresses)
{
	if (f->family == CX_IPV4) {
		if (n < 20 || ip[0] != 0x45 || ip[9] != PROTOCOL_UDP || get16(ip + 2) > n)
			return -EINVAL;
		f->dscp = ip[1] >> 2;
		f->ttl = ip[8];
		map_v4(ip + 12, &f->source);
		map_v4(ip + 16, &f->destination);
		f->checksums_ok = !fold(add(ip, 20, 0));
		*ip_len = 20;
		*addresses = ip + 12;
		return 0;
	}
	if (n < 40 || ip[0] >> 4 != 6 || ip[6] != PROTOCOL_UDP || get16(ip + 4) + 40u > n)
		return -EINVAL;
	f->dscp = (uint8_t)((ip[0] & 0x0f) << 2 | ip[1] >> 6);
	f->ttl = ip[7];
	memcpy(f->source.b, ip + 8, 16);
	memcpy(f->destination.b, ip + 24, 16);
	f->checksums_ok = true;
	*ip_len = 40;
	*addresses = ip + 8;
	return 0;
}

int cx_probe_frame_parse(const uint8_t *p, size_t n, struct cx_probe_frame *f)
{
	size_t at = ETHERNET, ip_len, udp_len;
	const uint8_t *addresses, *udp;
	uint32_t type;

	memset(f, 0, sizeof(*f));
	if (n < ETHERNET)
		return -EINVAL;
	memcpy(f->destination_mac, p, 6);
	memcpy(f->source_mac, p + 6, 6);
	type = get16(p + 12);
	while ((type == 0x8100 || type == 0x88a8) && f->vlans < 2 && n >= at + 4) {
		type = get16(p + at + 2);
		at += 4;
		f->vlans++;
	}
	if (type != 0x0800 && type != 0x86dd)
		return -EINVAL;
	f->family = type == 0x0800 ? CX_IPV4 : CX_IPV6;
	if (parse_ip(p + at, n - at, f, &ip_len, &addresses))
		return -EINVAL;
	udp = p + at + ip_len;
	if (n < at + ip_len + UDP)
		return -EINVAL;
	udp_len = get16(udp + 4);
	if (udp_len < UDP || udp_len > n - at - ip_len)
		return -EINVAL;
	f->source_port = (uint16_t)get16(udp);
	f->destination_port = (uint16_t)get16(udp + 2);
	f->payload = udp + UDP;
	f->payload_len = udp_len - UDP;
	if (get16(udp + 6) || f->family == CX_IPV6)
		f->checksums_ok =
		    f->checksums_ok && !udp_sum(addresses, f->family == CX_IPV4 ? 8 : 32, udp, udp_len);
	return 0;
}
