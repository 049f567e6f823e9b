/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The map ABI: keys and values shared by the XDP program, the kernel module
 * and the daemon, which keeps the same structures in memory and mirrors them
 * into the pinned maps (PINROOT/v<CX_ABI>/maps).
 *
 * Invariants
 * - No hidden padding: every struct is a multiple of 8 bytes with named gaps.
 * - Addresses are 16 bytes in network order; IPv4 is IPv4-mapped
 *   (::ffff:a.b.c.d), so one LPM trie serves both families.
 * - Ports in maps are host order unless the name ends in _be.
 * - Id 0 is a valid listener, network, table, group and element; nexthop 0
 *   means "not resolved".
 * - Ids follow what they stand for over reloads and restarts: those of groups,
 *   elements, networks and tables the name, those of listeners address, port
 *   and transport. Cookies in flight, flows and source bits keep their meaning.
 * A change of any of this bumps CX_ABI.
 */
#ifndef CXSIP_ABI_H
#define CXSIP_ABI_H

#include "base.h"
#include "reason.h"

#define CX_ABI 1

#define CX_NETWORKS_MAX 64      /* bits of cx_source.networks */
#define CX_LISTENERS_MAX 256    /* one byte of the cookie */
#define CX_TABLES_MAX 64        /* route tables */
#define CX_GROUPS_MAX 4096      /* default sizes; the daemon may raise them */
#define CX_ELEMENTS_MAX 65536
#define CX_NEXTHOPS_MAX 65536
#define CX_DNS_MAX 1048576
#define CX_PREFIXES_MAX 65536
#define CX_SOURCES_MAX 65536
#define CX_REACH_MAX 65536
#define CX_FLOWS_MAX 262144

#define CX_NAME_SIZE 32
#define CX_DN_SIZE 29
#define CX_VIA_TEXT_SIZE 96
#define CX_RR_TEXT_SIZE 80
#define CX_NONE 0xffffffffu

union cx_addr {
	__u8 b[16];
	__u16 w[8];
	__u32 d[4];
	__u64 q[2];
};

enum cx_family { CX_IPV4 = 4, CX_IPV6 = 6 };

/* ---- where a datagram came in ------------------------------------------ */

/* cx_local: hash, address and port -> listener id (__u32) */
struct cx_local_key {
	union cx_addr addr;
	__u16 port;
	__u8 family;
	__u8 transport; /* enum cx_transport */
	__u32 gap;
};

enum cx_transport { CX_UDP = 0, CX_TCP, CX_TLS, CX_WS, CX_WSS };

/* cx_listener: array by listener id. The policy of its network is copied in. */
struct cx_listener {
	union cx_addr addr;
	__u16 port;
	__u8 family;
	__u8 flags; /* CX_LISTENER_* */
	__u8 network;
	__u8 table; /* route table of requests that arrive here */
	__u8 dscp;  /* of datagrams that leave here, 0..63 */
	__u8 id;
	__u16 via_len; /* "Via: SIP/2.0/UDP host:port;branch=z9hG4bK" */
	__u16 rr_len;  /* "Record-Route: <sip:host:port;lr>\r\n" */
	__u8 transport; /* enum cx_transport */
	__u8 gap[3];
	__u8 via_text[CX_VIA_TEXT_SIZE]; /* zero-padded */
	__u8 rr_text[CX_RR_TEXT_SIZE];
	__u8 name[CX_NAME_SIZE]; /* of the network, for people */
};

#define CX_LISTENER_USED 0x01
#define CX_LISTENER_RECORD_ROUTE 0x02
#define CX_LISTENER_ANY_SOURCE 0x04    /* sources hold 0.0.0.0/0 or ::/0 of its family */
#define CX_LISTENER_IGNORE_PLUS 0x08   /* a DN's leading + does not count */
#define CX_LISTENER_IGNORE_SEPARATORS 0x10 /* nor do - . ( ) */

/* cx_network: array by network id: which listener faces its peers */
struct cx_network {
	__u16 listener_v4; /* CX_NO_LISTENER: none */
	__u16 listener_v6;
	__u8 flags;
	__u8 gap[3];
	__u8 name[CX_NAME_SIZE];
};
#define CX_NO_LISTENER 0xffff
#define CX_NETWORK_USED 0x01
#define CX_NETWORK_TRUSTED 0x02 /* in-dialog requests may be sent to its sources */

/* cx_source: LPM trie, address -> the networks that know it. A value already
 * holds the networks of every shorter prefix that covers it. `egress` holds
 * only trusted networks that have a listener of the address's family: one of
 * them sends to it. */
struct cx_lpm_key {
	__u32 prefixlen; /* 0..128; IPv4 prefixes are 96..128 */
	__u8 addr[16];
};
struct cx_source {
	__u64 networks; /* that accept requests from it */
	__u64 egress;
};

/* ---- where a request goes ---------------------------------------------- */

/* cx_dn (exact) and cx_dn_prefix: hash -> struct cx_dn */
struct cx_dn_key {
	__u8 table;
	__u8 gap;
	__u8 len; /* 1..CX_DN_SIZE */
	__u8 user[CX_DN_SIZE]; /* zero-padded */
};
struct cx_dn {
	__u32 group;
	__u32 flags; /* CX_DN_* */
};
#define CX_DN_CORE 0x01 /* the daemon handles it */

/* cx_table: array by table id */
struct cx_table {
	__u32 prefix_lengths; /* bit n: some prefix of n characters exists */
	__u32 gap;
	__u8 name[CX_NAME_SIZE];
};

/* cx_group: array by group id */
struct cx_group {
	__u32 flags; /* CX_GROUP_* */
	__u16 ring_bits; /* the ring has 1 << ring_bits slots */
	__u8 network;
	__u8 gap;
	__u32 elements;    /* configured */
	__u32 elements_up; /* that take new calls */
	__u8 name[CX_NAME_SIZE];
};
#define CX_GROUP_USED 0x01
#define CX_GROUP_CORE 0x02  /* every request of this group is the daemon's */
#define CX_GROUP_EMPTY 0x04 /* no element takes new calls: do not look at the ring */

/* cx_ring: array of maps by group id; each an array of cx_ring_slots, the
 * Maglev table: slot hash >> (64 - ring_bits), two slots an entry. */
struct cx_ring_slots {
	__u32 element[2];
};
#define CX_RING_BITS_MIN 10
#define CX_RING_BITS_MAX 20

/* A body that does not know a state takes it for "no new calls". */
enum cx_element_state {
	CX_ELEMENT_UNUSED = 0,
	CX_ELEMENT_UP,
	CX_ELEMENT_DOWN,
	CX_ELEMENT_DRAINING,
	CX_ELEMENT_DISABLED,
	CX_ELEMENT_PAUSED, /* asked for it: 503 with Retry-After */
	CX_ELEMENT_STATES
};

/* cx_element: array by element id */
struct cx_element {
	union cx_addr addr;
	__u16 port;
	__u8 family;
	__u8 state; /* enum cx_element_state */
	__u16 listener; /* ours, that faces it (CX_NO_LISTENER: none of its family) */
	__u8 transport;
	__u8 reason; /* enum cx_element_reason (health/health.h), for people */
	__u32 group;
	__u32 nexthop;
	__u32 weight;
	__u32 gap;
	__u64 since_ms; /* wall clock, since the epoch */
	__u8 name[CX_NAME_SIZE];
};

/* cx_nexthop: array by nexthop id */
struct cx_nexthop {
	__u32 ifindex; /* where XDP sends: the device below any VLAN device */
	__u16 mtu;     /* IP packet, bytes */
	__u8 flags;    /* CX_NEXTHOP_* */
	__u8 vlans;    /* 0..2 tags to push */
	__u16 vlan_tci[2]; /* outermost first, host order */
	__u8 dst_mac[6];
	__u8 src_mac[6];
	union cx_addr neighbour; /* for people */
};
#define CX_NEXTHOP_OK 0x01    /* MACs valid, link up */
#define CX_NEXTHOP_LOCAL 0x02 /* this host */

/* cx_reach: LPM trie, any destination -> nexthop (0: known, but no neighbour
 * yet or not for XDP). Same key as cx_source. */
struct cx_reach {
	__u32 nexthop;
	__u32 gap;
};

/* ---- recent calls ------------------------------------------------------- */

/*
 * cx_flow: array of sets by the low bits of the Call-ID's keyed hash. A set is
 * one cache line of eight calls, the newest first; a call is one word, so that
 * it is written and read whole without a lock (flow.h):
 *   valid 1 | hash 23 (its high bits) | element 20 | transaction 20
 */
#define CX_FLOW_WAYS 8
struct cx_flow_set {
	__u64 call[CX_FLOW_WAYS];
};

/* What such a word says. */
struct cx_flow {
	__u32 element;
	__u32 transaction; /* low 20 bits of the MAC of the request that made the entry */
};

/* ---- one value each ------------------------------------------------------ */

struct cx_siphash_key {
	__u64 k[2];
};
/* cx_key: array of one */
struct cx_key {
	struct cx_siphash_key mac[2]; /* both verify; `signing` says which one signs */
	struct cx_siphash_key hash;   /* Call-ID -> ring and flow: never rotated */
	__u32 signing; /* 0 or 1 */
	__u32 gap;
};

/* cx_meta: array of one */
struct cx_meta {
	__u32 abi;
	__u32 generation;  /* daemon instance, low two bits go into the cookie */
	__u32 node;        /* 0..255 */
	__u32 daemon_pid;
	__u64 heartbeat_ms; /* wall clock of the daemon's last sign of life */
};

/* ---- counters (per-CPU arrays) ------------------------------------------- */

/* cx_stats: by enum cx_reason */
struct cx_count {
	__u64 packets;
	__u64 bytes;
};
/* cx_stat_listen: by listener id */
struct cx_listener_stats {
	__u64 requests, responses, up, dropped;
};
/* cx_stat_elem: by element id */
struct cx_element_stats {
	__u64 calls;     /* initial INVITEs, without retransmissions that the flow map knew */
	__u64 requests;
	__u64 bytes;
};

#endif
