/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * See frames.h. Checksums are summed in full here, by other code than the
 * proxy's.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frames.h"

#define SIP_PORT 5060

static const char sdp[] = "v=0\r\n"
			  "o=- 3724394400 3724394400 IN IP4 192.0.2.2\r\n"
			  "s=call\r\n"
			  "c=IN IP4 192.0.2.2\r\n"
			  "t=0 0\r\n"
			  "m=audio 40000 RTP/AVP 0 8 101\r\n"
			  "a=rtpmap:0 PCMU/8000\r\n"
			  "a=rtpmap:8 PCMA/8000\r\n"
			  "a=rtpmap:101 telephone-event/8000\r\n"
			  "a=fmtp:101 0-16\r\n"
			  "a=sendrecv\r\n";

#define CALL_ID "0000000-8f2d1c3b4a5968778695a4b3"
#define CALLER_BRANCH "z9hG4bK-524287-1---a3f8b9c2d1e0"

/* The hosts as they stand in a SIP URI. */
struct hosts {
	const char *proxy, *caller, *element;
	char dn;
};

static struct hosts hosts_of(bool ipv6)
{
	if (ipv6)
		return (struct hosts){"[" BENCH_PROXY6 "]", "[" BENCH_CALLER6 "]", "[" BENCH_ELEMENT6 "]",
				      '6'};
	return (struct hosts){BENCH_PROXY4, BENCH_CALLER4, BENCH_ELEMENT4, '8'};
}

static uint64_t add_words(uint64_t sum, const void *p, size_t n)
{
	const uint8_t *b = p;
	size_t i;

	for (i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)b[i] << 8 | b[i + 1];
	return i < n ? sum + ((uint32_t)b[i] << 8) : sum;
}

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

/* Of UDP header and payload with the addresses in front of it. */
static uint16_t udp_sum(const void *addresses, size_t size, const void *udp, size_t n)
{
	return fold(add_words(add_words(IPPROTO_UDP + n, addresses, size), udp, n));
}

static void build(struct replay_frame *f, bool ipv6, const char *source, const char *destination,
		  const char *message)
{
	size_t n = strlen(message), ip_size = ipv6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	struct ethhdr *eth = (void *)f->bytes;
	struct udphdr *udp = (void *)(f->bytes + sizeof(*eth) + ip_size);
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct iphdr *ip4 = (void *)(eth + 1);

	f->len = (uint32_t)(sizeof(*eth) + ip_size + sizeof(*udp) + n);
	if (f->len > REPLAY_FRAME_MAX)
		abort();
	memset(f->bytes, 0, sizeof(*eth) + ip_size + sizeof(*udp));
	memset(eth, 2, 2 * ETH_ALEN);
	eth->h_proto = htons(ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	memcpy(udp + 1, message, n);
	udp->source = udp->dest = htons(SIP_PORT);
	udp->len = htons((uint16_t)(sizeof(*udp) + n));
	if (ipv6) {
		ip6->version = 6;
		ip6->payload_len = udp->len;
		ip6->nexthdr = IPPROTO_UDP;
		ip6->hop_limit = 64;
		inet_pton(AF_INET6, source, &ip6->saddr);
		inet_pton(AF_INET6, destination, &ip6->daddr);
		udp->check = htons((uint16_t)~udp_sum(&ip6->saddr, 32, udp, sizeof(*udp) + n));
	} else {
		ip4->version = 4;
		ip4->ihl = 5;
		ip4->ttl = 64;
		ip4->protocol = IPPROTO_UDP;
		ip4->tot_len = htons((uint16_t)(sizeof(*ip4) + sizeof(*udp) + n));
		inet_pton(AF_INET, source, &ip4->saddr);
		inet_pton(AF_INET, destination, &ip4->daddr);
		ip4->check = htons((uint16_t)~fold(add_words(0, ip4, sizeof(*ip4))));
		udp->check = htons((uint16_t)~udp_sum(&ip4->saddr, 8, udp, sizeof(*udp) + n));
	}
}

static uint32_t offset_of(const struct replay_frame *f, const char *text)
{
	const uint8_t *at = memmem(f->bytes, f->len, text, strlen(text));

	if (!at)
		abort();
	return (uint32_t)(at - f->bytes);
}

void bench_invite(struct replay_frame *f, bool ipv6)
{
	struct hosts h = hosts_of(ipv6);
	char message[REPLAY_FRAME_MAX];

	snprintf(
	    message, sizeof(message),
	    "INVITE sip:%c0000000@%s:5060 SIP/2.0\r\n"
	    "Via: SIP/2.0/UDP %s:5060;rport;branch=" CALLER_BRANCH "\r\n"
	    "Max-Forwards: 70\r\n"
	    "Contact: <sip:caller@%s:5060;transport=UDP>\r\n"
	    "To: <sip:%c0000000@%s:5060>\r\n"
	    "From: \"Caller One\" <sip:caller@%s:5060>;tag=5a3b1c0d\r\n"
	    "Call-ID: " CALL_ID "@%s\r\n"
	    "CSeq: 1 INVITE\r\n"
	    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, MESSAGE, SUBSCRIBE, INFO, UPDATE\r\n"
	    "Supported: 100rel, timer, replaces, norefersub\r\n"
	    "User-Agent: SomePhone 5.4.3 rev 2.1\r\n"
	    "Session-Expires: 1800\r\n"
	    "Min-SE: 90\r\n"
	    "Content-Type: application/sdp\r\n"
	    "P-Asserted-Identity: <sip:caller@example.com>\r\n"
	    "X-Correlation: 1234567890abcdef\r\n"
	    "Content-Length: %zu\r\n"
	    "\r\n%s",
	    h.dn, h.proxy, h.caller, h.caller, h.dn, h.proxy, h.caller, h.caller, sizeof(sdp) - 1, sdp);
	build(f, ipv6, ipv6 ? BENCH_CALLER6 : BENCH_CALLER4, ipv6 ? BENCH_PROXY6 : BENCH_PROXY4, message);
	f->digits_at = offset_of(f, "0000000@");
	f->call_at = offset_of(f, CALL_ID);
}

int bench_response(struct replay_frame *f, bool ipv6, const void *forwarded, size_t n)
{
	struct hosts h = hosts_of(ipv6);
	const char *via = memmem(forwarded, n, "Via: ", 5), *end;
	char message[REPLAY_FRAME_MAX];

	end = via ? memmem(via, n - (size_t)(via - (const char *)forwarded), "\r\n", 2) : NULL;
	if (!end)
		return -EINVAL;
	snprintf(message, sizeof(message),
		 "SIP/2.0 200 OK\r\n"
		 "%.*s\r\n"
		 "Via: SIP/2.0/UDP %s:5060;rport;branch=" CALLER_BRANCH "\r\n"
		 "To: <sip:%c0000000@%s:5060>;tag=88f1\r\n"
		 "From: \"Caller One\" <sip:caller@%s:5060>;tag=5a3b1c0d\r\n"
		 "Call-ID: " CALL_ID "@%s\r\n"
		 "CSeq: 1 INVITE\r\n"
		 "Contact: <sip:%s:5060>\r\n"
		 "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE\r\n"
		 "Content-Type: application/sdp\r\n"
		 "Content-Length: %zu\r\n"
		 "\r\n%s",
		 (int)(end - via), via, h.caller, h.dn, h.proxy, h.caller, h.caller, h.element,
		 sizeof(sdp) - 1, sdp);
	build(f, ipv6, ipv6 ? BENCH_ELEMENT6 : BENCH_ELEMENT4, ipv6 ? BENCH_PROXY6 : BENCH_PROXY4, message);
	return 0;
}

bool bench_is_sound(const void *frame, size_t n)
{
	const struct ethhdr *eth = frame;
	const struct ipv6hdr *ip6 = (const void *)(eth + 1);
	const struct iphdr *ip4 = (const void *)(eth + 1);
	bool ipv6;
	size_t headers, udp_len;

	if (n < sizeof(*eth) + sizeof(*ip6) + sizeof(struct udphdr))
		return false;
	ipv6 = eth->h_proto == htons(ETH_P_IPV6);
	headers = sizeof(*eth) + (ipv6 ? sizeof(*ip6) : sizeof(*ip4));
	udp_len = ntohs(ipv6 ? ip6->payload_len : ip4->tot_len) - (ipv6 ? 0 : sizeof(*ip4));
	if (headers + udp_len != n)
		return false;
	if (!ipv6 && fold(add_words(0, ip4, sizeof(*ip4))) != 0xffff)
		return false;
	return udp_sum(ipv6 ? (const void *)&ip6->saddr : (const void *)&ip4->saddr, ipv6 ? 32 : 8,
		       (const char *)frame + headers, udp_len) == 0xffff;
}
