/* SPDX-License-Identifier: GPL-2.0-only */
#define _GNU_SOURCE
#include <sched.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "kernel.h"

const char *kernel_missing;

void kernel_begin(void)
{
	if (geteuid() != 0)
		kernel_missing = "not root";
	else if (!kernel_missing && unshare(CLONE_NEWNET) != 0)
		kernel_missing = "no network namespace of our own";
}

void kernel_or_skip(void)
{
	if (!kernel_missing)
		return;
	print_message("skipped: %s\n", kernel_missing);
	skip();
}

void shell(const char *command)
{
	if (system(command) != 0)
		fail_msg("failed: %s", command);
}

double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}
