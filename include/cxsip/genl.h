/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The generic netlink family "cxsip": how the kernel module is told about the
 * maps and what it says about itself. Module, daemon and cxctl share this file.
 *
 * Everything is per network namespace: a command speaks about the namespace
 * that its socket was opened in, and sees or changes no other. A namespace is
 * attached or not; attached, its datagrams that have passed reassembly and the
 * host's input filter go through the engine, with the maps that were handed
 * over. An attachment outlives the process that made it, as XDP links do. It
 * ends by CX_CMD_DETACH, with the module, or with the namespace.
 *
 * CX_CMD_GET (anybody)
 *   request: nothing
 *   answer:  CX_A_VERSION, CX_A_ABI, CX_A_RELEASE, CX_A_CAPABILITIES; if the
 *            namespace is attached, CX_A_MAPS: the ids of the maps (u32), which
 *            tell an attachment to these maps from one to another daemon's
 *
 * CX_CMD_ATTACH (CAP_NET_ADMIN in the initial user namespace)
 *   request: CX_A_VERSION, CX_A_ABI: what the sender was built for;
 *            CX_A_MAPS: one CX_MAP_A_* a map, each a file descriptor (s32) of
 *            the sender, all of them
 *   answer:  an acknowledgement
 *   An attachment that is there already is replaced whole: every datagram sees
 *   the old maps or the new ones.
 *   Errors: EPERM; EINVAL: another version or ABI, a map that is missing or of
 *   another shape (the extended acknowledgement says which and what was
 *   expected, and so does the kernel's log); EBADF: no such descriptor, or no
 *   map; ENOMEM; EOPNOTSUPP: no IPv6 reassembly for this namespace.
 *
 * CX_CMD_DETACH (CAP_NET_ADMIN in the initial user namespace)
 *   request: nothing
 *   answer:  an acknowledgement, when no datagram sees the maps any more
 *   Errors: EPERM; ENOENT: not attached.
 *
 * CX_CMD_STATS (CAP_NET_ADMIN over the namespace)
 *   request: nothing
 *   answer:  CX_A_COUNTS: a list of CX_A_COUNT, each with CX_COUNT_A_REASON,
 *            _PACKETS and _BYTES; reasons that never occurred are left out.
 *            They count from the namespace's first attachment since the
 *            module was loaded. Messages by listener and element are in the
 *            maps cx_stat_listen and cx_stat_elem, together with XDP's.
 *
 * CX_CMD_EVENT, multicast to the group "events" (CAP_NET_ADMIN over the namespace)
 *   CX_A_EVENT, enum cx_genl_event; with CX_EVENT_DROPPED also CX_A_REASON,
 *   CX_A_LISTENER (id), CX_A_SOURCE (union cx_addr), CX_A_SOURCE_PORT and
 *   CX_A_COUNT_SINCE: how many datagrams were dropped since the last such
 *   event; at most one a second is sent.
 *
 * That the module comes and goes is told by the kernel itself: "nlctrl", group
 * "notify", CTRL_CMD_NEWFAMILY and CTRL_CMD_DELFAMILY.
 *
 * Why these permissions. The maps steer the engine as a program's text would,
 * and it trusts their contents as XDP trusts its verifier: only an
 * administrator of the host may hand them over. Counters and events tell whose
 * calls pass, which is the namespace's administrator's to know. A version is
 * no secret.
 *
 * Numbers are appended, never reordered; CX_GENL_VERSION changes when an old
 * daemon and a new module, or the other way round, must not work together.
 */
#ifndef CXSIP_GENL_H
#define CXSIP_GENL_H

#define CX_GENL_NAME "cxsip"
#define CX_GENL_VERSION 1
#define CX_GENL_EVENTS "events"

enum cx_genl_command {
	CX_CMD_UNSPEC,
	CX_CMD_GET,
	CX_CMD_ATTACH,
	CX_CMD_DETACH,
	CX_CMD_STATS,
	CX_CMD_EVENT,
};

enum cx_genl_attribute {
	CX_A_UNSPEC,
	CX_A_VERSION,	   /* u32, CX_GENL_VERSION */
	CX_A_ABI,	   /* u32, CX_ABI */
	CX_A_RELEASE,	   /* string, the module's version */
	CX_A_CAPABILITIES, /* u32, CX_CAN_* */
	CX_A_MAPS,	   /* nest of CX_MAP_A_* */
	CX_A_COUNTS,	   /* nest of CX_A_COUNT */
	CX_A_COUNT,	   /* nest of CX_COUNT_A_* */
	CX_A_EVENT,	   /* u32, enum cx_genl_event */
	CX_A_REASON,	   /* u32, enum cx_reason */
	CX_A_LISTENER,	   /* u32 */
	CX_A_SOURCE,	   /* 16 bytes, union cx_addr */
	CX_A_SOURCE_PORT,  /* u16, host order */
	CX_A_COUNT_SINCE,  /* u64 */
	CX_A_PAD,
	CX_A_END,
};
#define CX_A_MAX (CX_A_END - 1)

/* What the module can do. */
#define CX_CAN_IPV4 0x01
#define CX_CAN_IPV6 0x02
#define CX_CAN_KFUNCS 0x04 /* its kfuncs are registered and the kernel knows their types */

/* The maps of abi.h that the engine reads or counts in: X(NAME, name). cx_nexthop and
 * cx_reach are XDP's alone: the module sends as the host's routes say. */
#define CX_GENL_MAPS(X)                                                                            \
	X(LOCAL, local)                                                                            \
	X(LISTENER, listener)                                                                      \
	X(NETWORK, network)                                                                        \
	X(SOURCE, source)                                                                          \
	X(DN, dn)                                                                                  \
	X(DN_PREFIX, dn_prefix)                                                                    \
	X(TABLE, table)                                                                            \
	X(GROUP, group)                                                                            \
	X(RING, ring)                                                                              \
	X(ELEMENT, element)                                                                        \
	X(FLOW, flow)                                                                              \
	X(KEY, key)                                                                                \
	X(META, meta)                                                                              \
	X(STAT_LISTEN, stat_listen)                                                                \
	X(STAT_ELEM, stat_elem)

enum cx_genl_map {
	CX_MAP_A_UNSPEC,
#define CX_X(NAME, name) CX_MAP_A_##NAME,
	CX_GENL_MAPS(CX_X)
#undef CX_X
	CX_MAP_A_END,
};
#define CX_MAP_A_MAX (CX_MAP_A_END - 1)

enum cx_genl_count {
	CX_COUNT_A_UNSPEC,
	CX_COUNT_A_REASON,  /* u32, enum cx_reason */
	CX_COUNT_A_PACKETS, /* u64 */
	CX_COUNT_A_BYTES,   /* u64, of SIP messages */
	CX_COUNT_A_PAD,
	CX_COUNT_A_END,
};
#define CX_COUNT_A_MAX (CX_COUNT_A_END - 1)

enum cx_genl_event {
	CX_EVENT_ATTACHED = 1,
	CX_EVENT_DETACHED,
	CX_EVENT_DROPPED,
};

#endif
