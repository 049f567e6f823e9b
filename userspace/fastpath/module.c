// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands to the kernel module: one request, one answer, on a socket that is
 * opened for it. They are rare (a start, an order, a look at counters).
 *
 * The kernel would try to load a module when asked for an unknown family, so
 * it is asked only when /sys says that there is one.
 */
#include "fastpath/module.h"
#include <errno.h>
#include <linux/netlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "fastpath/internal.h"

struct request {
	struct nl_sock *socket;
	struct nl_msg *msg;
	int (*on_answer)(struct nlattr **attributes, void *ctx); /* NULL: only an acknowledgement */
	void *ctx;
	int err;
	char why[CX_MODULE_WHY];
};

static int errno_of(int nl_error)
{
	switch (-nl_error) {
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
	case NLE_NOACCESS:
		return -EPERM;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	default:
		return -EIO;
	}
}

static int family_id(struct nl_sock *socket)
{
	int id;

	if (access("/sys/module/cxsip", F_OK) < 0)
		return -ENOENT;
	id = genl_ctrl_resolve(socket, CX_GENL_NAME);
	return id < 0 ? errno_of(id) : id;
}

/* The text that an extended acknowledgement carries (linux/netlink.h). */
static void copy_why(struct request *r, const struct nlmsghdr *header)
{
	const struct nlmsgerr *e = nlmsg_data(header);
	size_t skip = sizeof(*e);
	struct nlattr *text;

	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += e->msg.nlmsg_len - sizeof(e->msg);
	skip = NLMSG_ALIGN(skip);
	if (header->nlmsg_len < NLMSG_HDRLEN + skip)
		return;
	text = nla_find((struct nlattr *)((char *)nlmsg_data(header) + skip),
			(int)(header->nlmsg_len - NLMSG_HDRLEN - skip), NLMSGERR_ATTR_MSG);
	if (text)
		snprintf(r->why, sizeof(r->why), "%.*s", nla_len(text), (const char *)nla_data(text));
}

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	struct request *r = arg;

	r->err = e->error;
	copy_why(r, (struct nlmsghdr *)((char *)e - NLMSG_HDRLEN));
	return NL_STOP;
}

static int on_answer(struct nl_msg *msg, void *arg)
{
	struct nlattr *attributes[CX_A_MAX + 1];
	struct request *r = arg;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, attributes, CX_A_MAX, NULL) < 0)
		r->err = -EPROTO;
	else if (r->on_answer)
		r->err = r->on_answer(attributes, r->ctx);
	return NL_OK;
}

static int request_open(struct request *r, uint8_t command)
{
	int id, on = 1, err;

	memset(r, 0, sizeof(*r));
	r->socket = nl_socket_alloc();
	r->msg = nlmsg_alloc();
	if (!r->socket || !r->msg)
		return -ENOMEM;
	err = genl_connect(r->socket);
	if (err < 0)
		return errno_of(err);
	setsockopt(nl_socket_get_fd(r->socket), SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	id = family_id(r->socket);
	if (id < 0)
		return id;
	if (!genlmsg_put(r->msg, NL_AUTO_PORT, NL_AUTO_SEQ, id, 0, NLM_F_ACK, command, CX_GENL_VERSION))
		return -ENOMEM;
	return 0;
}

static void request_close(struct request *r)
{
	nlmsg_free(r->msg);
	nl_socket_free(r->socket);
}

/* Sends and waits for the acknowledgement. */
static int request_run(struct request *r)
{
	struct nl_cb *cb = nl_socket_get_cb(r->socket);
	int err;

	nl_cb_err(cb, NL_CB_CUSTOM, on_error, r);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_answer, r);
	nl_cb_put(cb);
	err = nl_send_auto(r->socket, r->msg);
	if (err >= 0)
		err = nl_wait_for_ack(r->socket);
	if (r->err)
		return r->err;
	return err < 0 ? errno_of(err) : 0;
}

static int read_info(struct nlattr **a, void *ctx)
{
	struct cx_module_info *info = ctx;
	struct nlattr *ids[CX_MAP_A_END];

	if (!a[CX_A_VERSION] || !a[CX_A_ABI])
		return -EPROTO;
	info->version = nla_get_u32(a[CX_A_VERSION]);
	info->abi = nla_get_u32(a[CX_A_ABI]);
	if (a[CX_A_CAPABILITIES])
		info->capabilities = nla_get_u32(a[CX_A_CAPABILITIES]);
	if (a[CX_A_RELEASE])
		snprintf(info->release, sizeof(info->release), "%.*s", nla_len(a[CX_A_RELEASE]),
			 (const char *)nla_data(a[CX_A_RELEASE]));
	if (!a[CX_A_MAPS])
		return 0;
	if (nla_parse_nested(ids, CX_MAP_A_MAX, a[CX_A_MAPS], NULL) < 0)
		return -EPROTO;
	info->attached = true;
	for (int i = 0; i < CX_MAP_A_END; i++)
		info->map_id[i] = ids[i] ? nla_get_u32(ids[i]) : 0;
	return 0;
}

int cx_module_info(struct cx_module_info *info)
{
	struct request r;
	int err;

	memset(info, 0, sizeof(*info));
	err = request_open(&r, CX_CMD_GET);
	r.on_answer = read_info;
	r.ctx = info;
	if (!err)
		err = request_run(&r);
	request_close(&r);
	return err;
}

/* The module's name of a map, and ours. */
static const struct {
	enum cx_genl_map attribute;
	enum cx_map map;
} handed_over[] = {
#define CX_X(NAME, name) {CX_MAP_A_##NAME, CX_MAP_##NAME},
    CX_GENL_MAPS(CX_X)
#undef CX_X
};

static int put_maps(struct nl_msg *msg, const struct cx_fastpath *fp)
{
	struct nlattr *nest;
	int err;

	err = nla_put_u32(msg, CX_A_VERSION, CX_GENL_VERSION);
	if (!err)
		err = nla_put_u32(msg, CX_A_ABI, CX_ABI);
	nest = err ? NULL : nla_nest_start(msg, CX_A_MAPS | NLA_F_NESTED);
	if (!nest)
		return -ENOMEM;
	for (size_t i = 0; i < sizeof(handed_over) / sizeof(handed_over[0]) && !err; i++)
		err = nla_put_s32(msg, handed_over[i].attribute, fp->map[handed_over[i].map]);
	nla_nest_end(msg, nest);
	return err ? -ENOMEM : 0;
}

int cx_module_attach(struct cx_fastpath *fp, char why[CX_MODULE_WHY])
{
	struct cx_module_info info;
	struct request r;
	int err;

	if (why)
		why[0] = '\0';
	err = cx_module_info(&info);
	if (err)
		return err;
	if (info.version != CX_GENL_VERSION || info.abi != CX_ABI) {
		if (why)
			snprintf(why, CX_MODULE_WHY,
				 "module %s: version %u, ABI %u; this program: version %d, ABI %d",
				 info.release, info.version, info.abi, CX_GENL_VERSION, CX_ABI);
		return -EPROTO;
	}
	err = request_open(&r, CX_CMD_ATTACH);
	if (!err)
		err = put_maps(r.msg, fp);
	if (!err)
		err = request_run(&r);
	if (why)
		snprintf(why, CX_MODULE_WHY, "%s", r.why);
	request_close(&r);
	return err;
}

int cx_module_detach(void)
{
	struct request r;
	int err = request_open(&r, CX_CMD_DETACH);

	if (!err) {
		err = request_run(&r);
		if (err == -ENOENT)
			err = -ESRCH;
	}
	request_close(&r);
	return err;
}

bool cx_module_is_ours(const struct cx_fastpath *fp, const struct cx_module_info *info)
{
	if (!info->attached)
		return false;
	for (size_t i = 0; i < sizeof(handed_over) / sizeof(handed_over[0]); i++) {
		struct bpf_map_info map = {0};
		uint32_t size = sizeof(map);

		if (bpf_obj_get_info_by_fd(fp->map[handed_over[i].map], &map, &size) ||
		    map.id != info->map_id[handed_over[i].attribute])
			return false;
	}
	return true;
}

static int read_counts(struct nlattr **a, void *ctx)
{
	struct nlattr *count, *of[CX_COUNT_A_END];
	struct cx_count *counts = ctx;
	int left;

	if (!a[CX_A_COUNTS])
		return -EPROTO;
	nla_for_each_nested(count, a[CX_A_COUNTS], left)
	{
		uint32_t reason;

		if (nla_type(count) != CX_A_COUNT || nla_parse_nested(of, CX_COUNT_A_MAX, count, NULL) < 0 ||
		    !of[CX_COUNT_A_REASON] || !of[CX_COUNT_A_PACKETS] || !of[CX_COUNT_A_BYTES])
			return -EPROTO;
		reason = nla_get_u32(of[CX_COUNT_A_REASON]);
		if (reason >= CX_REASON_COUNT)
			continue; /* of a newer module */
		counts[reason].packets = nla_get_u64(of[CX_COUNT_A_PACKETS]);
		counts[reason].bytes = nla_get_u64(of[CX_COUNT_A_BYTES]);
	}
	return 0;
}

int cx_module_stats(struct cx_count counts[CX_REASON_COUNT])
{
	struct request r;
	int err;

	memset(counts, 0, CX_REASON_COUNT * sizeof(*counts));
	err = request_open(&r, CX_CMD_STATS);
	r.on_answer = read_counts;
	r.ctx = counts;
	if (!err)
		err = request_run(&r);
	request_close(&r);
	return err;
}
