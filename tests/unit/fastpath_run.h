/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fast path's user end against the running kernel, below a pin_root of this
 * process's own and in a network namespace of its own: opening it, and looking into
 * the maps that it has pinned.
 */
#ifndef CX_TESTS_FASTPATH_RUN_H
#define CX_TESTS_FASTPATH_RUN_H

#include <stdbool.h>
#include "fastpath/fastpath.h"
#include "kernel.h"

#define DNS 1000u

extern char run_pin_root[64];

/* What is missing, and into the namespace: before the group of tests. */
void run_begin(void);
/* Every test's: removes all pins. */
int run_tear_down(void **state);

struct cx_config run_config(uint32_t max_dns);
struct cx_fastpath *run_open(const struct cx_config *c);
/* With nothing pinned before. */
struct cx_fastpath *run_open_fresh(uint32_t max_dns);

/* A descriptor, the caller's to close: of "maps" or "progs", or negative; of a map
 * that must be there. */
int run_pinned(const char *kind, const char *name);
int run_map(const char *name);
bool run_lookup(const char *name, const void *key, void *value);

#endif
