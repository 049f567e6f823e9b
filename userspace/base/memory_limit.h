/* SPDX-License-Identifier: GPL-2.0-only */
/* How much memory this process may have. */
#ifndef CX_BASE_MEMORY_LIMIT_H
#define CX_BASE_MEMORY_LIMIT_H

#include <stdint.h>

/* Bytes: of the host, or of the narrowest control group (version 2) that the process is in,
 * where systemd (MemoryMax=) or a container has set a limit. 0: nobody knows.
 * membership, root: "/proc/self/cgroup" and "/sys/fs/cgroup". */
uint64_t cx_memory_limit(const char *membership, const char *root);

#endif
