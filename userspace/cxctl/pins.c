/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Reads the pins below pin_root/v<CX_ABI>: names from the directory, the
 * interfaces from the links themselves, the daemon's last sign of life from
 * the map cx_meta. Needs the rights to open pins, no daemon.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "cxctl/pins.h"
#include "cxsip/abi.h"

static json_t *list_names(const char *path)
{
	json_t *list = json_array();
	struct dirent *entry;
	DIR *dir = opendir(path);

	while (dir && (entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			json_array_append_new(list, json_string(entry->d_name));
	if (dir)
		closedir(dir);
	return list;
}

static json_t *list_links(const char *path)
{
	json_t *names = list_names(path), *list = json_array(), *name;
	char full[512];
	size_t i;

	json_array_foreach(names, i, name)
	{
		struct bpf_link_info info = {0};
		__u32 size = sizeof(info);
		int fd;

		snprintf(full, sizeof(full), "%s/%s", path, json_string_value(name));
		fd = bpf_obj_get(full);
		if (fd < 0)
			continue;
		/* the pin's name: this may be another network namespace, where indexes mean others */
		if (!bpf_obj_get_info_by_fd(fd, &info, &size) && info.type == BPF_LINK_TYPE_XDP)
			json_array_append_new(list,
					      json_pack("{s:s, s:i}", "interface", json_string_value(name),
							"ifindex", (int)info.xdp.ifindex));
		close(fd);
	}
	json_decref(names);
	return list;
}

static json_t *list_other_abi(const char *pin_root)
{
	json_t *names = list_names(pin_root), *list = json_array(), *name;
	char own[16];
	size_t i;

	snprintf(own, sizeof(own), "v%d", CX_ABI);
	json_array_foreach(names, i, name) if (strcmp(json_string_value(name), own))
	    json_array_append(list, name);
	json_decref(names);
	return list;
}

static void read_meta(const char *base, struct cx_meta *meta)
{
	char path[512];
	__u32 zero = 0;
	int fd;

	snprintf(path, sizeof(path), "%s/maps/cx_meta", base);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return;
	if (bpf_map_lookup_elem(fd, &zero, meta))
		memset(meta, 0, sizeof(*meta));
	close(fd);
}

json_t *cxctl_pins(const char *pin_root)
{
	char base[256], path[300];
	json_t *maps, *programs, *links;
	struct cx_meta meta = {0};
	struct stat st;

	snprintf(base, sizeof(base), "%s/v%d", pin_root, CX_ABI);
	read_meta(base, &meta);
	snprintf(path, sizeof(path), "%s/maps", base);
	maps = list_names(path);
	snprintf(path, sizeof(path), "%s/progs", base);
	programs = list_names(path);
	snprintf(path, sizeof(path), "%s/links", base);
	links = list_links(path);
	return json_pack("{s:s, s:b, s:i, s:o, s:o, s:o, s:o, s:i, s:I}", "path", base, "present",
			 !stat(base, &st), "abi", (int)meta.abi, "maps", maps, "programs", programs,
			 "interfaces", links, "other_abi", list_other_abi(pin_root), "daemon_pid",
			 (int)meta.daemon_pid, "heartbeat_ms", (json_int_t)meta.heartbeat_ms);
}
