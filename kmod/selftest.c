// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests at load of a module built with DEBUG=1: that this compiler's engine
 * scans and hashes as it should, and that packets of all sizes are whole.
 * Nothing here needs maps or sends anything.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": self test: " fmt
#include <linux/netdevice.h>
#include <linux/printk.h>
#include <linux/udp.h>
#include <net/checksum.h>
#include <net/ip.h>
#include <net/route.h>
#include "body.h"
#include "cxsip/siphash.h"
#include "selftest.h"
#include "send.h"

#define CX_MUST(condition, fmt, args...)                                                           \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			pr_err(fmt "\n", ##args);                                                  \
			return -EINVAL;                                                            \
		}                                                                                  \
	} while (0)

/* The vector of the paper's appendix. */
static int __init cx_test_siphash(void)
{
	const u64 key[2] = { 0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL };
	u8 text[15];
	int i;

	for (i = 0; i < 15; i++)
		text[i] = i;
	CX_MUST(cx_siphash24(key, text, sizeof(text)) == 0xa129ca6149be45e5ULL, "SipHash is wrong");
	return 0;
}

/* Responses, whose scan ends before anything is looked up. */
static int __init cx_test_scan(void)
{
	static const struct {
		const char *text;
		enum cx_reason reason;
	} cases[] __initconst = {
		{ "\r\n\r\n", CX_R_KEEPALIVE },
		{ "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a;branch=z9hG4bKx\r\n", CX_R_NO_HEADER_END },
		{ "SIP/2.0 200 OK\nVia: x\r\n\r\n", CX_R_BARE_LF },
		{ "SIP/2.0 20x OK\r\n\r\n", CX_R_BAD_RESPONSE },
		{ "SIP/2.0 200 OK\r\nCall-ID: a\r\nCSeq: 1 BYE\r\n\r\n", CX_R_BAD_RESPONSE },
		{ "SIP/2.0 200 OK\r\nv: SIP/2.0/UDP a;branch=z9hG4bKx\r\ni: a\r\nCSeq: 1 BYE\r\nl: 9\r\n\r\nx",
		  CX_R_BAD_LENGTH },
		{ "SIP/2.0 200 OK\r\nVia: HTTP/1.1 a\r\ni: a\r\nCSeq: 1 BYE\r\n\r\n", CX_R_BAD_VIA },
	};
	struct cx_msg *m;
	enum cx_reason reason;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		local_bh_disable();
		m = cx_body_get(NULL);
		m->len = strlen(cases[i].text);
		memset(m->buf, 0, 16);
		memcpy(m->buf, cases[i].text, m->len);
		reason = cx_body_decide(m);
		local_bh_enable();
		CX_MUST(reason == cases[i].reason, "scan %zu: reason %d, not %d", i, reason, cases[i].reason);
	}
	return 0;
}

/* What cx_send_build() made of a head of `head` and a tail of `tail` bytes. */
static int __init cx_check_packet(struct sk_buff *skb, const struct cx_msg *m, u32 head, u32 tail)
{
	struct iphdr *ip = ip_hdr(skb);
	u32 i, udp_len = sizeof(struct udphdr) + head + tail;
	u8 byte;

	CX_MUST(skb->len == sizeof(*ip) + udp_len, "%u + %u bytes: packet of %u", head, tail, skb->len);
	CX_MUST(ntohs(ip->tot_len) == skb->len && ntohs(udp_hdr(skb)->len) == udp_len, "%u + %u bytes: lengths",
		head, tail);
	for (i = 0; i < head + tail; i++) {
		const u8 *want = i < head ? m->out + CX_FRAME_ROOM + i : m->buf + m->tail_at + (i - head);

		CX_MUST(!skb_copy_bits(skb, sizeof(*ip) + sizeof(struct udphdr) + i, &byte, 1) && byte == *want,
			"%u + %u bytes: byte %u", head, tail, i);
	}
	CX_MUST(!skb_checksum_help(skb), "%u + %u bytes: no checksum", head, tail);
	CX_MUST(!csum_tcpudp_magic(ip->saddr, ip->daddr, udp_len, IPPROTO_UDP,
				   skb_checksum(skb, sizeof(*ip), udp_len, 0)),
		"%u + %u bytes: checksum", head, tail);
	return 0;
}

static int __init cx_test_packet(struct cx_msg *m, u32 head, u32 tail)
{
	struct cx_listener from = { .port = 5060, .family = CX_IPV4 };
	struct flowi4 flow = { .daddr = htonl(INADDR_LOOPBACK) };
	struct rtable *rt = ip_route_output_key(&init_net, &flow);
	struct sk_buff *skb;
	int err;

	if (IS_ERR(rt))
		return 0; /* no network at all yet: nothing to build for */
	from.addr.d[2] = cx_htonl(0xffff);
	from.addr.d[3] = (__force u32)htonl(INADDR_LOOPBACK);
	m->to = from.addr;
	m->to_port = 5062;
	m->head_n = head;
	m->tail_at = 16;
	m->len = m->tail_at + tail;
	skb = cx_send_build(&init_net, m, &from, &rt->dst);
	CX_MUST(skb, "%u + %u bytes: no packet", head, tail);
	err = cx_check_packet(skb, m, head, tail);
	kfree_skb(skb);
	return err;
}

static int __init cx_test_packets(void)
{
	static const u32 sizes[][2] __initconst = { { 1, 0 },	   { 400, 300 },    { 401, 1000 }, { 1024, 1024 },
						    { 1024, 1025 }, { 16384, 0 },   { 3, 4093 },   { 900, 7000 },
						    { 16000, 45000 } };
	struct cx_msg *m;
	size_t i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(sizes) && !err; i++) {
		local_bh_disable();
		m = cx_body_get(NULL);
		memset(m->buf, 'b', CX_BUF_SIZE);
		memset(m->out, 'o', sizeof(m->out));
		err = cx_test_packet(m, sizes[i][0], sizes[i][1]);
		local_bh_enable();
	}
	return err;
}

int __init cx_selftest(void)
{
	int err = cx_test_siphash();

	if (!err)
		err = cx_test_scan();
	if (!err)
		err = cx_test_packets();
	if (!err)
		pr_info("passed\n");
	return err;
}
