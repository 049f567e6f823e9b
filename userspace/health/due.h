/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is due next: at most one time for each of a fixed number of ids, in a
 * binary heap. Pure; never allocates after creation.
 */
#ifndef CX_HEALTH_DUE_H
#define CX_HEALTH_DUE_H

#include <stddef.h>
#include <stdint.h>

#define CX_DUE_NEVER UINT64_MAX

struct cx_due;

struct cx_due *cx_due_new(size_t ids); /* NULL: no memory */
void cx_due_free(struct cx_due *d);
/* CX_DUE_NEVER takes the id out. */
void cx_due_set(struct cx_due *d, uint32_t id, uint64_t ms);
/* The earliest time and its id; CX_DUE_NEVER if there is none. */
uint64_t cx_due_first(const struct cx_due *d, uint32_t *id);

#endif
