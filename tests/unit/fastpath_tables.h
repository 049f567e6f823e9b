/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables made by hand, and whether the maps say the same.
 */
#ifndef CX_TESTS_FASTPATH_TABLES_H
#define CX_TESTS_FASTPATH_TABLES_H

#include "route/world.h"

/* n DNs from `first` in steps of `step`, the group by number and salt; as many
 * prefixes as a tenth of it. For tables_free(). */
struct cx_tables *tables_make(uint32_t first, uint32_t n, uint32_t step, uint32_t salt, uint32_t groups);
void tables_free(struct cx_tables *t);

/* Every record of the tables is in the maps, and nothing else. */
void tables_check(const struct cx_tables *t);

#endif
