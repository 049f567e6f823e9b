/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * struct cx_msg: one datagram and all that the engine finds out about it. It is
 * scratch memory (a per-CPU map value, a static buffer), so results are
 * offsets into `buf`, never pointers, and nothing needs zeroing but what
 * cx_scan() resets.
 *
 * Every access by a computed offset is masked to the buffer; the masks make
 * any offset safe, the checks in the stages make it right.
 *
 * A body may set other limits before including the engine:
 *   CX_BUF_BITS    1 << bits bytes of message
 *   CX_LINES_MAX   header lines (a power of two)
 *   CX_HEAD_MAX    bytes of a message that can be rewritten (a power of two)
 *   CX_VALUE_MAX   bytes of a Call-ID or branch
 *   CX_FIND_MAX    bytes searched for a delimiter
 *   CX_METHOD_MAX  bytes of a method's name
 */
#ifndef CXSIP_MESSAGE_H
#define CXSIP_MESSAGE_H

#include "abi.h"
#include "method.h"

#ifndef CX_BUF_BITS
#define CX_BUF_BITS 11
#endif
#ifndef CX_LINES_MAX
#define CX_LINES_MAX 64
#endif
#ifndef CX_HEAD_MAX
#define CX_HEAD_MAX 1024
#endif
#ifndef CX_VALUE_MAX
#define CX_VALUE_MAX 128
#endif
#ifndef CX_FIND_MAX
#define CX_FIND_MAX 512
#endif
#ifndef CX_METHOD_MAX
#define CX_METHOD_MAX 32
#endif

#define CX_BUF_SIZE (1u << CX_BUF_BITS)
#define CX_BUF_MASK (CX_BUF_SIZE - 1)
#define CX_BUF_SPARE 64	    /* words read behind the message stay inside */
#define CX_OUT_SIZE (2 * CX_HEAD_MAX)
#define CX_FRAME_ROOM 96 /* for Ethernet, VLAN, IP and UDP headers in front of the head */
#define CX_VIA_PARAMS_MAX 12
#define CX_ROUTES_MAX 3

/* Headers that must be single, and Proxy-Require. */
enum cx_header {
	CX_H_CALL_ID,
	CX_H_FROM,
	CX_H_TO,
	CX_H_CSEQ,
	CX_H_MAX_FORWARDS,
	CX_H_CONTENT_LENGTH,
	CX_H_PROXY_REQUIRE,
	CX_HEADERS
};

/* cx_msg.flags */
#define CX_F_FOLDED 0x01
#define CX_F_DUPLICATE 0x02
#define CX_F_TO_TAG 0x04

struct cx_span {
	__u16 at, end;
};

/* cx_via.flags */
#define CX_V_RPORT 0x01	      /* rport without a value */
#define CX_V_RPORT_VALUE 0x02 /* rport=n */
#define CX_V_RECEIVED 0x04
#define CX_V_MADDR 0x08
#define CX_V_BRANCH 0x10

/* One Via value: offsets into buf. */
struct cx_via {
	__u16 at;	  /* "SIP/2.0/UDP" */
	__u16 host, host_end; /* sent-by */
	__u16 end;	  /* of the value */
	__u16 next;	  /* start of the next value in this line, 0: none */
	__u16 branch, branch_end;
	__u16 rport_end;
	__u32 flags;
	__u32 line; /* index of its header line */
};

struct cx_route_value {
	__u16 at;	/* of the value */
	__u16 uri, uri_end;
	__u16 next;	/* start of the next value in this line, 0: none */
	__u32 line;
};

/* cx_msg.do_flags: what compose is to do */
#define CX_DO_RECORD_ROUTE 0x01
#define CX_DO_RECORD_ROUTE_TWICE 0x02

struct cx_msg {
	/* -- given by the body */
	__u32 len;	/* of the message in buf */
	__u32 fast;	/* 1: a kernel body: what it must not take goes up */
	__u32 leave_core; /* 1: a body beside the core, which takes routes in its mode */
	__u32 in_listener;
	__u32 source_port;
	union cx_addr source;
	void *body;	/* for the body's look-ups */

	/* -- scan */
	__u32 n_lines; /* start line and header lines, without the empty one */
	__u32 head_len; /* up to and with the empty line */
	__u32 flags;
	__u32 method;
	__u32 method_len;
	__u32 response; /* status code, 0: a request */
	__u32 n_via_lines, n_route_lines;
	struct cx_span h[CX_HEADERS]; /* value; end 0: absent */
	__u16 via_line[2];
	__u16 route_line[CX_ROUTES_MAX + 1];
	struct cx_span uri;  /* Request-URI */
	struct cx_span user; /* its user part; end 0: none */
	__u16 uri_host;      /* behind the @ or the scheme, 0: a tel URI */
	__u16 max_forwards_at;
	__u32 max_forwards, max_forwards_digits;
	struct cx_via via[2];
	struct cx_route_value route[CX_ROUTES_MAX];
	__u32 n_routes;
	/* state of loops, kept in memory so that the verifier forgets it */
	__u32 pos;
	__u32 acc, acc_digits, acc_index, acc_gap;

	/* -- host: result of cx_scan_host() */
	union cx_addr host;
	__u32 host_port;
	__u16 host_group[8];

	/* -- decide */
	struct cx_dn_key dn_key;
	__u64 call_hash;
	__u64 cookie_head; /* 48 bits: see cookie.h */
	union cx_addr cookie_addr;
	__u64 cookie_mac;
	__u32 do_flags;
	__u32 routes_popped;
	__u32 out_listener; /* sends it */
	__u32 in_dialog;
	union cx_addr to;
	__u32 to_port;
	__u32 nexthop;
	__u32 element, group, slot; /* CX_NONE where they do not apply */
	__u32 dn_kind; /* 0: not by DN, 1: exact, 2: prefix */
	__u32 from_flow, new_call;

	/* -- compose */
	__u32 head_n;	/* bytes of the new head in out + CX_FRAME_ROOM */
	__u32 head_sum; /* their ones' complement sum (RFC 1071), not folded */
	__u32 tail_at;	/* where the unchanged rest starts in buf */
	__u32 tail_sum; /* sum of buf[0, tail_at) of a request without popped Routes */
	__u32 text_n;
	__u8 mf_old[4];	/* Max-Forwards digits before the edit, for the checksum */

	/* cx_line(i): where line i starts; line[n_lines] is the empty line */
	__u16 line[CX_LINES_MAX + 8];
	__u8 buf[CX_BUF_SIZE + CX_BUF_SPARE] __attribute__((aligned(8)));
	__u8 text[136] __attribute__((aligned(8)));
	__u8 out[CX_FRAME_ROOM + CX_OUT_SIZE + 128] __attribute__((aligned(8)));
};

CX_INLINE __u64 cx_word(const struct cx_msg *m, __u64 at)
{
	CX_BOUND(at, CX_BUF_MASK);
	return cx_get64(m->buf + at);
}

CX_INLINE __u32 cx_byte(const struct cx_msg *m, __u64 at)
{
	CX_BOUND(at, CX_BUF_MASK);
	return m->buf[at];
}

CX_INLINE __u32 cx_line(const struct cx_msg *m, __u64 i)
{
	CX_BOUND(i, CX_LINES_MAX - 1);
	return m->line[i];
}

/* End of line i without its CRLF. */
CX_INLINE __u32 cx_line_end(const struct cx_msg *m, __u64 i)
{
	CX_BOUND(i, CX_LINES_MAX - 1);
	return m->line[i + 1] - 2;
}

/* Ones' complement sums (RFC 1071): of a word, folded to 16 bits, and what the
 * same bytes add at an odd offset. */
CX_INLINE __u64 cx_sum_word(__u64 w)
{
	return (w & 0xffffffff) + (w >> 32);
}

CX_INLINE __u32 cx_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

CX_INLINE __u32 cx_swap16(__u32 sum)
{
	return (sum >> 8 | sum << 8) & 0xffff;
}

CX_INLINE int cx_is_blank(__u32 c)
{
	return c == ' ' || c == '\t';
}

#endif
