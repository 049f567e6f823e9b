/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel module cxsip.ko from the daemon's and cxctl's side, by its generic
 * netlink family (cxsip/genl.h). Everything is about the network namespace of
 * the caller. The module is never a requirement: without it, what XDP leaves
 * goes to the daemon.
 */
#ifndef CX_FASTPATH_MODULE_H
#define CX_FASTPATH_MODULE_H

#include <stdbool.h>
#include "cxsip/abi.h"
#include "cxsip/genl.h"

struct cx_fastpath;

struct cx_module_info {
	uint32_t version, abi; /* of its netlink interface, of the maps that it reads */
	uint32_t capabilities; /* CX_CAN_* */
	char release[32];
	bool attached;
	uint32_t map_id[CX_MAP_A_END]; /* of the attachment */
};

/* Each opens a socket of its own. 0; -ENOENT: the module is not loaded;
 * -EPERM; another -errno. why (may be NULL): what the kernel added to its
 * refusal, or "". */
#define CX_MODULE_WHY 128
int cx_module_info(struct cx_module_info *info);
/* Hands the maps over. -EPROTO: it speaks another version or ABI. */
int cx_module_attach(struct cx_fastpath *fp, char why[CX_MODULE_WHY]);
/* -ESRCH: it was not attached. */
int cx_module_detach(void);
/* Is it attached, and to these maps? */
bool cx_module_is_ours(const struct cx_fastpath *fp, const struct cx_module_info *info);
int cx_module_stats(struct cx_count counts[CX_REASON_COUNT]);

/* What the module tells by itself. */
enum cx_module_event {
	CX_MODULE_LOADED,
	CX_MODULE_UNLOADED,
	CX_MODULE_ATTACHED,
	CX_MODULE_DETACHED,
	CX_MODULE_DROPPED, /* d is set */
};
struct cx_module_drop {
	enum cx_reason reason;
	uint32_t listener;
	union cx_addr source;
	uint16_t source_port;
	uint64_t since; /* datagrams dropped since the last such event */
};
struct cx_module_watch;
typedef void (*cx_module_event_fn)(void *ctx, enum cx_module_event event, const struct cx_module_drop *d);

/* 0, or -errno. A load that happened before is not told. */
int cx_module_watch_open(cx_module_event_fn on_event, void *ctx, struct cx_module_watch **out);
int cx_module_watch_fd(const struct cx_module_watch *w);
/* When the descriptor is readable. Reports what was lost, too: then the caller
 * is told CX_MODULE_LOADED or _UNLOADED, whichever is so now. */
void cx_module_watch_read(struct cx_module_watch *w);
void cx_module_watch_close(struct cx_module_watch *w);

#endif
