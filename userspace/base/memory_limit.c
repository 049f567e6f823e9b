// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory: what the host has is not what a process may have. Whoever takes half of a host of
 * 64 GB in a container of 512 MB is killed by the kernel, and all calls with it.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/memory_limit.h"

#define CX_PATH_MAX 4096

static uint64_t of_host(void)
{
	long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

	return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : 0;
}

/* The group's path, which begins with a slash: the line "0::PATH". */
static bool read_group(const char *membership, char *path, size_t max)
{
	FILE *f = fopen(membership, "re");
	bool found = false;

	while (f && !found && fgets(path, (int)max, f))
		found = !strncmp(path, "0::/", 4);
	if (f)
		fclose(f);
	if (found) {
		memmove(path, path + 3, strlen(path + 3) + 1);
		path[strcspn(path, "\n")] = '\0';
	}
	return found;
}

/* 0: there is no limit ("max"), or no file. */
static uint64_t of_group(const char *root, const char *path)
{
	char file[2 * CX_PATH_MAX], text[32] = "";
	FILE *f;

	snprintf(file, sizeof(file), "%s%s/memory.max", root, path);
	f = fopen(file, "re");
	if (f && !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		fclose(f);
	return strtoull(text, NULL, 10);
}

uint64_t cx_memory_limit(const char *membership, const char *root)
{
	uint64_t least = of_host();
	char path[CX_PATH_MAX], *slash;

	if (!read_group(membership, path, sizeof(path)))
		return least;
	for (;;) {
		uint64_t limit = of_group(root, path);

		if (limit && (!least || limit < least))
			least = limit;
		slash = strrchr(path, '/'); /* what holds for a group holds for those in it */
		if (!slash)
			return least;
		*slash = '\0';
	}
}
