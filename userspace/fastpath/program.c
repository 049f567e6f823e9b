/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Loading: size the maps from the configuration, take over pinned ones of the
 * same shape, let the verifier see the program, pin what is new.
 *
 * A pinned map of another shape is refused, never silently recreated: the old
 * program may be forwarding calls with it at this moment.
 */
#include <errno.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/btf.h>
#include "fastpath/internal.h"
#include "route/flow.h"
#include "cxsip.skel.h" /* behind the ABI: it names its structs */

#define PROGRAM "cx_xdp"

/* The end of libbpf's last warning: the verifier's log ends with the reason. */
static _Thread_local char last_warning[1024];

static int keep_warning(enum libbpf_print_level level, const char *fmt, va_list args)
{
	va_list again;
	char *text;
	int n, keep;

	if (level != LIBBPF_WARN)
		return 0;
	va_copy(again, args);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	text = n > 0 ? malloc((size_t)n + 1) : NULL;
	if (!text)
		return 0;
	vsnprintf(text, (size_t)n + 1, fmt, args);
	/* "failed to load object" after the verifier's log would hide it. */
	if (!strstr(last_warning, "END PROG LOAD LOG")) {
		keep = n < (int)sizeof(last_warning) - 1 ? n : (int)sizeof(last_warning) - 1;
		memcpy(last_warning, text + n - keep, (size_t)keep);
		last_warning[keep] = '\0';
	}
	free(text);
	return 0;
}

/* DESIGN: CAP_PERFMON too, or the verifier refuses the program's pointer
 * arithmetic or makes it slow. */
static int check_capabilities(struct cx_diag *diag)
{
	static const struct {
		unsigned number;
		const char *name;
	} needed[] = {{CAP_NET_ADMIN, "CAP_NET_ADMIN"}, {CAP_BPF, "CAP_BPF"}, {CAP_PERFMON, "CAP_PERFMON"}};
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {0};
	char missing[64] = "";
	size_t i, n = 0;

	if (syscall(SYS_capget, &header, data) < 0)
		return 0; /* then the kernel's own answer has to do */
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++) {
		if (data[needed[i].number / 32].effective & (1u << (needed[i].number % 32)))
			continue;
		n += (size_t)snprintf(missing + n, sizeof(missing) - n, "%s%s", n ? ", " : "", needed[i].name);
	}
	if (!n)
		return 0;
	cx_diag_error(diag, NULL, 0,
		      "run as root, or give the service AmbientCapabilities=CAP_BPF CAP_NET_ADMIN CAP_PERFMON "
		      "CAP_NET_BIND_SERVICE; or set fastpath = \"off\"",
		      "the fast path needs %s", missing);
	return -EPERM;
}

static int size_map(struct bpf_object *obj, const char *name, uint32_t entries)
{
	struct bpf_map *map = bpf_object__find_map_by_name(obj, name);

	if (!map)
		return -ENOENT;
	return entries ? bpf_map__set_max_entries(map, entries) : 0;
}

static int size_maps(struct bpf_object *obj, const struct cx_config *config)
{
	const struct {
		const char *name;
		uint32_t entries;
	} sizes[] = {
		{"cx_dn", config->max_dns},
		{"cx_group", config->max_groups},
		{"cx_ring", config->max_groups},
		{"cx_element", config->max_elements},
		{"cx_stat_elem", config->max_elements},
		{"cx_flow", cx_flow_sets(config->max_flows)},
	};
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]) && !err; i++)
		err = size_map(obj, sizes[i].name, sizes[i].entries);
	return err;
}

static void complain_shape(struct cx_diag *diag, const char *path, const struct bpf_map *map,
			   const struct bpf_map_info *info)
{
	cx_diag_error(diag, path, 0,
		      "keep the old size, or run `cxctl fastpath detach` once: it recreates all maps and "
		      "loses no more than the memory of recent calls",
		      "pinned map %s has another shape: type %u key %u value %u entries %u flags 0x%x, wanted "
		      "type %u key %u value %u entries %u flags 0x%x",
		      bpf_map__name(map), info->type, info->key_size, info->value_size, info->max_entries,
		      info->map_flags, (unsigned)bpf_map__type(map), bpf_map__key_size(map),
		      bpf_map__value_size(map), bpf_map__max_entries(map), bpf_map__map_flags(map));
}

/* 1: taken over; 0: nothing pinned */
static int reuse_map(struct bpf_map *map, const char *path, struct cx_diag *diag)
{
	struct bpf_map_info info = {0};
	uint32_t size = sizeof(info);
	int fd = bpf_obj_get(path), err;

	if (fd == -ENOENT)
		return 0;
	if (fd < 0) {
		cx_diag_error(diag, path, 0, "remove it, or choose another pin_root", "cannot open pinned map: %s",
			      strerror(-fd));
		return fd;
	}
	err = bpf_obj_get_info_by_fd(fd, &info, &size);
	if (err)
		goto out;
	if (info.type != bpf_map__type(map) || info.key_size != bpf_map__key_size(map) ||
	    info.value_size != bpf_map__value_size(map) || info.max_entries != bpf_map__max_entries(map) ||
	    info.map_flags != bpf_map__map_flags(map)) {
		complain_shape(diag, path, map, &info);
		err = -EEXIST;
		goto out;
	}
	err = bpf_map__reuse_fd(map, fd);
out:
	close(fd);
	return err ? err : 1;
}

static int reuse_maps(struct cx_fastpath *fp, struct cx_diag *diag)
{
	char path[CX_PIN_PATH];
	int i, err, first = 0;

	/* All of them, so that one message run names every map that differs. */
	for (i = 0; i < CX_MAP_COUNT; i++) {
		struct bpf_map *map = bpf_object__find_map_by_name(fp->skeleton->obj, cx_map_names[i]);

		err = map ? cx_pin_path(path, fp->pin_root, "maps", cx_map_names[i]) : -ENOENT;
		if (!err)
			err = reuse_map(map, path, diag);
		if (err == 1)
			fp->reused |= 1u << i;
		else if (err && !first)
			first = err;
	}
	return first;
}

static int load(struct cx_fastpath *fp, struct cx_diag *diag)
{
	const char *hint = "see the kernel's log; `cxctl doctor` checks what the kernel must have";
	int err;

	last_warning[0] = '\0';
	err = cx_xdp_bpf__load(fp->skeleton);
	if (!err)
		return 0;
	if (err == -ENOMEM)
		hint = "the maps do not fit into memory: lower dns, elements or flows in limits";
	else if (err == -EPERM)
		hint = "a capability is missing, or kernel lockdown or kernel.unprivileged_bpf_disabled forbids it";
	else if (err == -EACCES || err == -EINVAL || err == -E2BIG)
		hint = "this kernel's verifier refuses the program: Linux 6.1 or newer is needed; "
		       "fastpath = \"off\" works without it";
	cx_diag_error(diag, NULL, 0, hint, "cannot load the XDP program: %s: %s", strerror(-err), last_warning);
	return err;
}

/* Pins maps that are new; on failure leaves none of those behind. */
static int pin_maps(struct cx_fastpath *fp, struct cx_diag *diag)
{
	char path[CX_PIN_PATH];
	int i, err = 0;

	for (i = 0; i < CX_MAP_COUNT && !err; i++) {
		if (fp->reused & (1u << i))
			continue;
		err = cx_pin_path(path, fp->pin_root, "maps", cx_map_names[i]);
		if (!err)
			err = bpf_obj_pin(fp->map[i], path);
	}
	if (!err)
		return 0;
	cx_diag_error(diag, path, 0, "is another daemon at work on this pin_root?", "cannot pin: %s", strerror(-err));
	while (--i >= 0)
		if (!(fp->reused & (1u << i)) && cx_pin_path(path, fp->pin_root, "maps", cx_map_names[i]) == 0)
			unlink(path);
	return err;
}

/* Replaces the pin in one step: whoever opens it finds a program, old or new. */
static int pin_program(struct cx_fastpath *fp, struct cx_diag *diag)
{
	char path[CX_PIN_PATH], fresh[CX_PIN_PATH];
	int err;

	err = cx_pin_path(path, fp->pin_root, "progs", PROGRAM);
	if (!err)
		err = cx_pin_path(fresh, fp->pin_root, "progs", PROGRAM ":new");
	if (err)
		return err;
	unlink(fresh);
	err = bpf_obj_pin(fp->program, fresh);
	if (!err && rename(fresh, path) < 0) {
		err = -errno;
		unlink(fresh);
	}
	if (err)
		cx_diag_error(diag, path, 0, NULL, "cannot pin the program: %s", strerror(-err));
	return err;
}

static int program_id(int program, uint32_t *id)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int err = bpf_obj_get_info_by_fd(program, &info, &size);

	*id = info.id;
	return err;
}

int cx_fastpath_set_program(struct cx_fastpath *fp, int program)
{
	struct cx_diag diag = {0};
	int before = fp->program, err;

	fp->program = program;
	err = pin_program(fp, &diag);
	if (!err)
		err = program_id(program, &fp->program_id);
	if (err)
		fp->program = before;
	cx_diag_clear(&diag);
	return err;
}

static int open_rings(struct cx_fastpath *fp)
{
	const struct btf *btf = bpf_object__btf(fp->skeleton->obj);
	int key = 0, value = 0, fd = bpf_object__btf_fd(fp->skeleton->obj);

	/* Types are for `bpftool map dump`: without them a ring still works. */
	if (btf && fd >= 0) {
		key = btf__find_by_name(btf, "__u32");
		value = btf__find_by_name_kind(btf, "cx_ring_slots", BTF_KIND_STRUCT);
	}
	if (key <= 0 || value <= 0)
		key = value = fd = 0;
	return cx_rings_open(fp, fd, (uint32_t)key, (uint32_t)value);
}

static int collect(struct cx_fastpath *fp)
{
	int i;

	for (i = 0; i < CX_MAP_COUNT; i++) {
		const struct bpf_map *map = bpf_object__find_map_by_name(fp->skeleton->obj, cx_map_names[i]);

		fp->map[i] = bpf_map__fd(map);
		fp->max_entries[i] = bpf_map__max_entries(map);
	}
	fp->program = bpf_program__fd(fp->skeleton->progs.cx_xdp);
	fp->possible_cpus = libbpf_num_possible_cpus();
	if (fp->possible_cpus < 1)
		return -EINVAL;
	return program_id(fp->program, &fp->program_id);
}

int cx_fastpath_open(const struct cx_config *config, struct cx_diag *diag, struct cx_fastpath **out)
{
	struct cx_fastpath *fp = NULL;
	int err;

	libbpf_set_print(keep_warning);
	err = check_capabilities(diag);
	if (!err)
		err = cx_pin_prepare(config->pin_root, diag);
	if (err)
		return err;
	fp = calloc(1, sizeof(*fp));
	if (!fp)
		return -ENOMEM;
	snprintf(fp->pin_root, sizeof(fp->pin_root), "%s", config->pin_root);
	fp->skeleton = cx_xdp_bpf__open();
	err = fp->skeleton ? size_maps(fp->skeleton->obj, config) : -errno;
	if (!err)
		fp->skeleton->rodata->cx_flow_set_mask = cx_flow_sets(config->max_flows) - 1;
	if (err) {
		cx_diag_error(diag, NULL, 0, NULL, "cannot read the built-in XDP program: %s", strerror(-err));
		goto out;
	}
	err = reuse_maps(fp, diag);
	if (!err)
		err = load(fp, diag);
	if (!err)
		err = collect(fp);
	if (!err)
		err = open_rings(fp);
	if (!err)
		err = cx_flows_open(fp);
	if (!err)
		err = cx_stale_reach_load(fp);
	if (!err)
		err = pin_maps(fp, diag);
	if (!err)
		err = pin_program(fp, diag);
	if (err)
		goto out;
	*out = fp;
	fp = NULL;
out:
	cx_fastpath_close(fp);
	return err;
}

void cx_fastpath_close(struct cx_fastpath *fp)
{
	size_t i;

	if (!fp)
		return;
	cx_rings_close(fp);
	cx_flows_close(fp);
	for (i = 0; i < fp->n_links; i++)
		close(fp->links[i].fd);
	cx_kfuncs_close(fp);
	cx_xdp_bpf__destroy(fp->skeleton);
	free(fp->stale);
	free(fp);
}

int cx_fastpath_program_fd(const struct cx_fastpath *fp)
{
	return fp->program;
}

int cx_fastpath_heartbeat(struct cx_fastpath *fp, const struct cx_meta *meta)
{
	uint32_t zero = 0;
	int err;

	cx_stale_reach_sweep(fp);
	err = bpf_map_update_elem(fp->map[CX_MAP_META], &zero, meta, BPF_ANY);
	return err ? cx_map_failed(fp, CX_MAP_META, "heartbeat", err) : 0;
}

/* What the kernel charges for a map, from the descriptor's fdinfo. */
static uint64_t map_memory(int fd)
{
	char path[64], line[128];
	unsigned long long bytes = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "re");
	if (!f)
		return 0;
	while (fgets(line, sizeof(line), f))
		if (sscanf(line, "memlock: %llu", &bytes) == 1)
			break;
	fclose(f);
	return bytes;
}

int cx_fastpath_get_info(const struct cx_fastpath *fp, struct cx_fastpath_info *out)
{
	struct bpf_prog_info info = {0};
	uint32_t size = sizeof(info);
	int i, err;

	memset(out, 0, sizeof(*out));
	err = bpf_obj_get_info_by_fd(fp->program, &info, &size);
	if (err)
		return err;
	out->program_id = info.id;
	out->verified_insns = info.verified_insns;
	out->run_count = info.run_cnt;
	out->run_time_ns = info.run_time_ns;
	out->dn_entries_max = fp->max_entries[CX_MAP_DN];
	for (i = 0; i < BPF_TAG_SIZE; i++)
		snprintf(out->tag + 2 * i, 3, "%02x", info.tag[i]);
	for (i = 0; i < CX_MAP_COUNT; i++)
		out->map_memory_bytes += map_memory(fp->map[i]);
	return 0;
}
