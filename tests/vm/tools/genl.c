// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel module's netlink family from outside: what it must refuse, whom it
 * must refuse, and that it holds maps exactly as long as it is attached. Needs
 * the module loaded, root, and a namespace that is not attached; no daemon.
 */
#define _GNU_SOURCE
#include <bpf/bpf.h>
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "cxsip/abi.h"
#include "cxsip/genl.h"

#define MAPS CX_MAP_A_END

static const struct {
	enum bpf_map_type type;
	uint32_t key, value, entries;
} shapes[MAPS] = {
    [CX_MAP_A_LOCAL] = {BPF_MAP_TYPE_HASH, sizeof(struct cx_local_key), 4, 16},
    [CX_MAP_A_LISTENER] = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct cx_listener), 16},
    [CX_MAP_A_NETWORK] = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct cx_network), 16},
    [CX_MAP_A_SOURCE] = {BPF_MAP_TYPE_LPM_TRIE, sizeof(struct cx_lpm_key), sizeof(struct cx_source), 16},
    [CX_MAP_A_DN] = {BPF_MAP_TYPE_HASH, sizeof(struct cx_dn_key), sizeof(struct cx_dn), 16},
    [CX_MAP_A_DN_PREFIX] = {BPF_MAP_TYPE_HASH, sizeof(struct cx_dn_key), sizeof(struct cx_dn), 16},
    [CX_MAP_A_TABLE] = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct cx_table), 16},
    [CX_MAP_A_GROUP] = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct cx_group), 16},
    [CX_MAP_A_RING] = {BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 16},
    [CX_MAP_A_ELEMENT] = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct cx_element), 16},
    [CX_MAP_A_FLOW] = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct cx_flow_set), 16},
    [CX_MAP_A_KEY] = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct cx_key), 1},
    [CX_MAP_A_META] = {BPF_MAP_TYPE_ARRAY, 4, sizeof(struct cx_meta), 1},
    [CX_MAP_A_STAT_LISTEN] = {BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct cx_listener_stats), 16},
    [CX_MAP_A_STAT_ELEM] = {BPF_MAP_TYPE_PERCPU_ARRAY, 4, sizeof(struct cx_element_stats), 16},
};

/* ---- maps ---------------------------------------------------------------------- */

static int map_new(enum bpf_map_type type, uint32_t key, uint32_t value, uint32_t entries,
		   uint32_t ring_value)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	int fd, inner = -1;

	if (type == BPF_MAP_TYPE_LPM_TRIE)
		opts.map_flags = BPF_F_NO_PREALLOC;
	if (type == BPF_MAP_TYPE_ARRAY_OF_MAPS) {
		inner = bpf_map_create(BPF_MAP_TYPE_ARRAY, NULL, 4, ring_value, 512, NULL);
		opts.inner_map_fd = (uint32_t)inner;
	}
	fd = bpf_map_create(type, NULL, key, value, entries, &opts);
	if (inner >= 0)
		close(inner);
	assert_true(fd >= 0);
	return fd;
}

static void meta_set(int fd, uint32_t abi)
{
	struct cx_meta meta = {.abi = abi};
	uint32_t zero = 0;

	assert_int_equal(bpf_map_update_elem(fd, &zero, &meta, 0), 0);
}

static void maps_new(int fds[MAPS])
{
	fds[0] = -1;
	for (int i = 1; i < MAPS; i++)
		fds[i] = map_new(shapes[i].type, shapes[i].key, shapes[i].value, shapes[i].entries,
				 sizeof(struct cx_ring_slots));
	meta_set(fds[CX_MAP_A_META], CX_ABI);
}

static void maps_close(int fds[MAPS])
{
	for (int i = 1; i < MAPS; i++) {
		if (fds[i] >= 0)
			close(fds[i]);
		fds[i] = -1;
	}
}

static uint32_t map_id(int fd)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);

	assert_int_equal(bpf_obj_get_info_by_fd(fd, &info, &size), 0);
	return info.id;
}

static bool map_exists(uint32_t id)
{
	int fd = bpf_map_get_fd_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Freeing a map is put off by the kernel; at most two seconds. */
static void assert_gone(uint32_t id)
{
	for (int i = 0; i < 200 && map_exists(id); i++)
		usleep(10000);
	assert_false(map_exists(id));
}

/* ---- commands -------------------------------------------------------------------- */

struct told {
	int err;
	bool attached;
	uint32_t id[MAPS];
	uint32_t version, abi;
	bool counts;
};

static int on_error(struct sockaddr_nl *from, struct nlmsgerr *e, void *arg)
{
	(void)from;
	((struct told *)arg)->err = e->error;
	return NL_STOP;
}

static int on_answer(struct nl_msg *msg, void *arg)
{
	struct nlattr *a[CX_A_MAX + 1], *ids[MAPS];
	struct told *t = arg;

	assert_int_equal(genlmsg_parse(nlmsg_hdr(msg), 0, a, CX_A_MAX, NULL), 0);
	t->version = a[CX_A_VERSION] ? nla_get_u32(a[CX_A_VERSION]) : 0;
	t->abi = a[CX_A_ABI] ? nla_get_u32(a[CX_A_ABI]) : 0;
	t->counts = a[CX_A_COUNTS];
	t->attached = a[CX_A_MAPS];
	if (t->attached) {
		assert_int_equal(nla_parse_nested(ids, CX_MAP_A_MAX, a[CX_A_MAPS], NULL), 0);
		for (int i = 1; i < MAPS; i++)
			t->id[i] = nla_get_u32(ids[i]);
	}
	return NL_OK;
}

struct order {
	uint8_t command;
	uint32_t version, abi;
	const int *fds; /* NULL: no maps; -2 in it: left out */
};

static int order(const struct order *o, struct told *t)
{
	struct nl_sock *s = nl_socket_alloc();
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *nest;
	struct nl_cb *cb;
	int family;

	memset(t, 0, sizeof(*t));
	assert_int_equal(genl_connect(s), 0);
	family = genl_ctrl_resolve(s, CX_GENL_NAME);
	assert_true(family > 0);
	genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_ACK, o->command, CX_GENL_VERSION);
	if (o->version)
		nla_put_u32(msg, CX_A_VERSION, o->version);
	if (o->abi)
		nla_put_u32(msg, CX_A_ABI, o->abi);
	if (o->fds) {
		nest = nla_nest_start(msg, CX_A_MAPS | NLA_F_NESTED);
		for (int i = 1; i < MAPS; i++)
			if (o->fds[i] != -2)
				nla_put_s32(msg, i, o->fds[i]);
		nla_nest_end(msg, nest);
	}
	cb = nl_socket_get_cb(s);
	nl_cb_err(cb, NL_CB_CUSTOM, on_error, t);
	nl_cb_set(cb, NL_CB_VALID, NL_CB_CUSTOM, on_answer, t);
	nl_cb_put(cb);
	assert_true(nl_send_auto(s, msg) > 0);
	nl_wait_for_ack(s);
	nlmsg_free(msg);
	nl_socket_free(s);
	return t->err;
}

static int attach(const int fds[MAPS])
{
	struct told t;

	return order(&(struct order){CX_CMD_ATTACH, CX_GENL_VERSION, CX_ABI, fds}, &t);
}

static int simple(uint8_t command, struct told *t)
{
	return order(&(struct order){.command = command}, t);
}

static int detach(void)
{
	struct told t;

	return simple(CX_CMD_DETACH, &t);
}

static bool is_attached(void)
{
	struct told t;

	assert_int_equal(simple(CX_CMD_GET, &t), 0);
	return t.attached;
}

/* Runs in a child, which may give up rights or namespaces. */
static void in_child(void (*work)(void *ctx), void *ctx)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		work(ctx);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}
/* cmocka's own asserts belong to the parent. */
#define child_must(condition)                                                                                \
	do {                                                                                                 \
		if (!(condition)) {                                                                          \
			print_error("%s:%d: %s\n", __FILE__, __LINE__, #condition);                          \
			_exit(1);                                                                            \
		}                                                                                            \
	} while (0)

/* ---- tests --------------------------------------------------------------------------- */

static void says_what_it_is(void **state)
{
	struct told t;

	assert_int_equal(simple(CX_CMD_GET, &t), 0);
	assert_int_equal(t.version, CX_GENL_VERSION);
	assert_int_equal(t.abi, CX_ABI);
	assert_false(t.attached);
}

static void holds_maps_while_attached(void **state)
{
	uint32_t id[MAPS];
	struct told t;
	int fds[MAPS];

	maps_new(fds);
	for (int i = 1; i < MAPS; i++)
		id[i] = map_id(fds[i]);
	assert_int_equal(attach(fds), 0);
	maps_close(fds);
	assert_int_equal(simple(CX_CMD_GET, &t), 0);
	assert_true(t.attached);
	for (int i = 1; i < MAPS; i++) {
		assert_int_equal(t.id[i], id[i]);
		assert_true(map_exists(id[i]));
	}
	assert_int_equal(detach(), 0);
	for (int i = 1; i < MAPS; i++)
		assert_gone(id[i]);
	assert_int_equal(detach(), -ENOENT);
}

static void replaces_maps_whole(void **state)
{
	uint32_t old[MAPS];
	int first[MAPS], second[MAPS];

	maps_new(first);
	maps_new(second);
	for (int i = 1; i < MAPS; i++)
		old[i] = map_id(first[i]);
	assert_int_equal(attach(first), 0);
	maps_close(first);
	assert_int_equal(attach(second), 0);
	for (int i = 1; i < MAPS; i++)
		assert_gone(old[i]);
	assert_true(is_attached());
	assert_int_equal(detach(), 0);
	maps_close(second);
}

/* An attachment at work is left alone by a refused one; refused maps are let go. */
static void assert_refused(int fds[MAPS], int which, int wrong)
{
	int keep = fds[which];
	uint32_t id = wrong >= 0 ? map_id(wrong) : 0;

	fds[which] = wrong;
	assert_int_equal(attach(fds), -EINVAL);
	fds[which] = keep;
	if (wrong >= 0) {
		close(wrong);
		assert_gone(id);
	}
}

static void refuses_maps_of_another_shape(void **state)
{
	int fds[MAPS], good[MAPS];

	maps_new(good);
	maps_new(fds);
	assert_int_equal(attach(good), 0);
	for (int i = 1; i < MAPS; i++) {
		enum bpf_map_type other =
		    shapes[i].type == BPF_MAP_TYPE_ARRAY ? BPF_MAP_TYPE_HASH : BPF_MAP_TYPE_ARRAY;

		assert_refused(fds, i, -2);
		assert_refused(fds, i, map_new(other, 4, shapes[i].value, shapes[i].entries, 8));
		if (shapes[i].type == BPF_MAP_TYPE_ARRAY_OF_MAPS)
			continue;
		assert_refused(
		    fds, i,
		    map_new(shapes[i].type, shapes[i].key, shapes[i].value + 8, shapes[i].entries, 8));
		if (shapes[i].key != 4)
			assert_refused(fds, i,
				       map_new(shapes[i].type, shapes[i].key - 4, shapes[i].value,
					       shapes[i].entries, 8));
	}
	assert_refused(fds, CX_MAP_A_RING, map_new(BPF_MAP_TYPE_ARRAY_OF_MAPS, 4, 4, 16, 4));
	assert_refused(fds, CX_MAP_A_FLOW, map_new(BPF_MAP_TYPE_ARRAY, 4, sizeof(struct cx_flow_set), 24, 8));
	assert_true(is_attached());
	assert_int_equal(detach(), 0);
	maps_close(fds);
	maps_close(good);
}

static void refuses_another_abi(void **state)
{
	struct told t;
	int fds[MAPS];

	maps_new(fds);
	meta_set(fds[CX_MAP_A_META], CX_ABI + 1);
	assert_int_equal(attach(fds), -EINVAL);
	meta_set(fds[CX_MAP_A_META], CX_ABI);
	assert_int_equal(order(&(struct order){CX_CMD_ATTACH, CX_GENL_VERSION + 1, CX_ABI, fds}, &t),
			 -EINVAL);
	assert_int_equal(order(&(struct order){CX_CMD_ATTACH, CX_GENL_VERSION, CX_ABI + 1, fds}, &t),
			 -EINVAL);
	assert_int_equal(order(&(struct order){CX_CMD_ATTACH, 0, CX_ABI, fds}, &t), -EINVAL);
	assert_int_equal(order(&(struct order){CX_CMD_ATTACH, CX_GENL_VERSION, 0, fds}, &t), -EINVAL);
	assert_int_equal(order(&(struct order){CX_CMD_ATTACH, CX_GENL_VERSION, CX_ABI, NULL}, &t), -EINVAL);
	assert_false(is_attached());
	maps_close(fds);
}

static void refuses_what_is_no_map(void **state)
{
	int fds[MAPS], keep;

	maps_new(fds);
	keep = fds[CX_MAP_A_DN];
	fds[CX_MAP_A_DN] = 0; /* standard input */
	assert_int_equal(attach(fds), -EINVAL);
	fds[CX_MAP_A_DN] = 999;
	assert_int_equal(attach(fds), -EBADF);
	fds[CX_MAP_A_DN] = -1;
	assert_int_equal(attach(fds), -EBADF);
	fds[CX_MAP_A_DN] = keep;
	assert_false(is_attached());
	maps_close(fds);
}

static void as_nobody(void *ctx)
{
	struct told t;

	child_must(setgid(65534) == 0 && setuid(65534) == 0);
	child_must(attach(ctx) == -EPERM);
	child_must(detach() == -EPERM);
	child_must(simple(CX_CMD_STATS, &t) == -EPERM);
	child_must(simple(CX_CMD_GET, &t) == 0 && t.version == CX_GENL_VERSION);
}

/* Root of a user namespace of its own: may look at its network namespace, not
 * give the kernel maps to trust. */
static void as_guest(void *ctx)
{
	struct told t;

	child_must(unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0);
	child_must(attach(ctx) == -EPERM);
	child_must(detach() == -EPERM);
	child_must(simple(CX_CMD_STATS, &t) == 0 && t.counts);
	child_must(!is_attached());
}

static void elsewhere(void *ctx)
{
	(void)ctx;
	child_must(unshare(CLONE_NEWNET) == 0);
	child_must(!is_attached());
	child_must(detach() == -ENOENT);
}

static void refuses_others(void **state)
{
	int fds[MAPS];

	maps_new(fds);
	assert_int_equal(attach(fds), 0);
	in_child(as_nobody, fds);
	in_child(as_guest, fds);
	in_child(elsewhere, NULL);
	assert_true(is_attached());
	assert_int_equal(detach(), 0);
	maps_close(fds);
}

static void attach_and_leave(void *ctx)
{
	child_must(unshare(CLONE_NEWNET) == 0);
	child_must(attach(ctx) == 0);
	child_must(is_attached());
}

static void lets_go_with_the_namespace(void **state)
{
	uint32_t id[MAPS];
	int fds[MAPS];

	maps_new(fds);
	for (int i = 1; i < MAPS; i++)
		id[i] = map_id(fds[i]);
	in_child(attach_and_leave, fds);
	assert_false(is_attached());
	maps_close(fds);
	for (int i = 1; i < MAPS; i++)
		assert_gone(id[i]);
}

/* Any bytes behind a valid header. */
static void survives_garbage(void **state)
{
	struct nl_sock *s = nl_socket_alloc();
	int family, i;

	genl_connect(s);
	family = genl_ctrl_resolve(s, CX_GENL_NAME);
	nl_socket_disable_auto_ack(s);
	nl_socket_set_nonblocking(s);
	srandom(4711);
	for (i = 0; i < 3000; i++) {
		struct nl_msg *msg = nlmsg_alloc();
		uint8_t bytes[128];
		size_t n = (size_t)random() % sizeof(bytes);

		for (size_t k = 0; k < sizeof(bytes); k++)
			bytes[k] = (uint8_t)(random() % 3 ? random() % 20 : random());
		genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, 0, (uint8_t)(random() % 8), 1);
		if (i & 1)
			nla_put(msg, CX_A_MAPS | (i & 2 ? NLA_F_NESTED : 0), (int)n, bytes);
		else
			nlmsg_append(msg, bytes, n, NLMSG_ALIGNTO);
		nl_send_auto(s, msg);
		nlmsg_free(msg);
	}
	nl_socket_free(s);
	assert_false(is_attached());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(says_what_it_is),	   cmocka_unit_test(holds_maps_while_attached),
	    cmocka_unit_test(replaces_maps_whole), cmocka_unit_test(refuses_maps_of_another_shape),
	    cmocka_unit_test(refuses_another_abi), cmocka_unit_test(refuses_what_is_no_map),
	    cmocka_unit_test(refuses_others),	   cmocka_unit_test(lets_go_with_the_namespace),
	    cmocka_unit_test(survives_garbage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
