/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What changed in a message, line by line, for people. Pure.
 */
#ifndef CX_CONTROL_EDITS_H
#define CX_CONTROL_EDITS_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

/* [{"op": "+" or "-", "line": "Via: ..."}] in message order; lines that stayed
 * are left out. Looks at the heads only (up to the empty line). */
json_t *cx_edits(const uint8_t *before, size_t n_before, const uint8_t *after, size_t n_after);

#endif
