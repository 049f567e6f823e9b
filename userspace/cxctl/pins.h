/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is pinned in the BPF file system, seen without a daemon.
 */
#ifndef CX_CXCTL_PINS_H
#define CX_CXCTL_PINS_H

#include <stdbool.h>
#include <jansson.h>

/* {"path", "present", "abi", "maps": [names], "programs": [names],
 *  "interfaces": [{"interface", "ifindex"}], "other_abi": [names],
 *  "daemon_pid", "heartbeat_ms"}. */
json_t *cxctl_pins(const char *pin_root);

#endif
