// SPDX-License-Identifier: GPL-2.0-only
/*
 * Follows the kernel module: its comings and goings, which the kernel's
 * controller of generic netlink tells, and its own events. The module's group
 * has a number of its own at each load, and is joined anew each time.
 */
#include <errno.h>
#include <linux/genetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "fastpath/module.h"

struct cx_module_watch {
	struct nl_sock *socket;
	int family; /* -1: not loaded */
	int group;
	cx_module_event_fn on_event;
	void *ctx;
};

/* Joins the events of a module that is loaded. */
static void join(struct cx_module_watch *w)
{
	struct nl_sock *query = nl_socket_alloc();

	if (!query)
		return;
	if (genl_connect(query) == 0 && access("/sys/module/cxsip", F_OK) == 0) {
		w->family = genl_ctrl_resolve(query, CX_GENL_NAME);
		w->group = w->family < 0 ? -1 : genl_ctrl_resolve_grp(query, CX_GENL_NAME, CX_GENL_EVENTS);
		if (w->group >= 0)
			nl_socket_add_membership(w->socket, w->group);
	}
	nl_socket_free(query);
}

static void leave(struct cx_module_watch *w)
{
	if (w->group >= 0)
		nl_socket_drop_membership(w->socket, w->group);
	w->family = w->group = -1;
}

static void on_control(struct cx_module_watch *w, const struct genlmsghdr *g, struct nlattr **a)
{
	if (!a[CTRL_ATTR_FAMILY_NAME] || strcmp(nla_get_string(a[CTRL_ATTR_FAMILY_NAME]), CX_GENL_NAME))
		return;
	if (g->cmd == CTRL_CMD_NEWFAMILY) {
		join(w);
		w->on_event(w->ctx, CX_MODULE_LOADED, NULL);
	} else if (g->cmd == CTRL_CMD_DELFAMILY) {
		leave(w);
		w->on_event(w->ctx, CX_MODULE_UNLOADED, NULL);
	}
}

static void on_dropped(struct cx_module_watch *w, struct nlattr **a)
{
	struct cx_module_drop d = {0};

	if (!a[CX_A_REASON] || !a[CX_A_LISTENER] || !a[CX_A_SOURCE] ||
	    nla_len(a[CX_A_SOURCE]) != sizeof(d.source) || !a[CX_A_SOURCE_PORT] || !a[CX_A_COUNT_SINCE])
		return;
	d.reason = nla_get_u32(a[CX_A_REASON]);
	d.listener = nla_get_u32(a[CX_A_LISTENER]);
	memcpy(&d.source, nla_data(a[CX_A_SOURCE]), sizeof(d.source));
	d.source_port = nla_get_u16(a[CX_A_SOURCE_PORT]);
	d.since = nla_get_u64(a[CX_A_COUNT_SINCE]);
	w->on_event(w->ctx, CX_MODULE_DROPPED, &d);
}

static void on_module(struct cx_module_watch *w, struct nlattr **a)
{
	if (!a[CX_A_EVENT])
		return;
	switch (nla_get_u32(a[CX_A_EVENT])) {
	case CX_EVENT_ATTACHED:
		w->on_event(w->ctx, CX_MODULE_ATTACHED, NULL);
		break;
	case CX_EVENT_DETACHED:
		w->on_event(w->ctx, CX_MODULE_DETACHED, NULL);
		break;
	case CX_EVENT_DROPPED:
		on_dropped(w, a);
		break;
	}
}

static int on_message(struct nl_msg *msg, void *arg)
{
	struct nlmsghdr *header = nlmsg_hdr(msg);
	struct nlattr *control[CTRL_ATTR_MAX + 1], *module[CX_A_MAX + 1];
	struct cx_module_watch *w = arg;

	if (!genlmsg_valid_hdr(header, 0))
		return NL_OK;
	if (header->nlmsg_type == GENL_ID_CTRL) {
		if (genlmsg_parse(header, 0, control, CTRL_ATTR_MAX, NULL) == 0)
			on_control(w, genlmsg_hdr(header), control);
	} else if (w->family >= 0 && header->nlmsg_type == w->family) {
		if (genlmsg_parse(header, 0, module, CX_A_MAX, NULL) == 0)
			on_module(w, module);
	}
	return NL_OK;
}

int cx_module_watch_open(cx_module_event_fn on_event, void *ctx, struct cx_module_watch **out)
{
	struct cx_module_watch *w = calloc(1, sizeof(*w));
	int group;

	if (!w)
		return -ENOMEM;
	w->family = w->group = -1;
	w->on_event = on_event;
	w->ctx = ctx;
	w->socket = nl_socket_alloc();
	if (!w->socket || genl_connect(w->socket) < 0)
		goto fail;
	group = genl_ctrl_resolve_grp(w->socket, "nlctrl", "notify");
	if (group < 0 || nl_socket_add_membership(w->socket, group) < 0)
		goto fail;
	nl_socket_disable_seq_check(w->socket);
	nl_socket_modify_cb(w->socket, NL_CB_VALID, NL_CB_CUSTOM, on_message, w);
	nl_socket_set_nonblocking(w->socket);
	join(w);
	*out = w;
	return 0;
fail:
	cx_module_watch_close(w);
	return -EIO;
}

int cx_module_watch_fd(const struct cx_module_watch *w)
{
	return nl_socket_get_fd(w->socket);
}

void cx_module_watch_read(struct cx_module_watch *w)
{
	int err, i;

	for (i = 0; i < 256; i++) {
		err = nl_recvmsgs_default(w->socket);
		if (err == -NLE_AGAIN)
			return;
		if (err == -NLE_NOMEM) { /* events were lost: start from what is so now */
			leave(w);
			join(w);
			w->on_event(w->ctx, w->family < 0 ? CX_MODULE_UNLOADED : CX_MODULE_LOADED, NULL);
		}
	}
}

void cx_module_watch_close(struct cx_module_watch *w)
{
	if (!w)
		return;
	nl_socket_free(w->socket);
	free(w);
}
