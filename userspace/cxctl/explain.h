/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of `cxctl explain` share. */
#ifndef CX_CXCTL_EXPLAIN_H
#define CX_CXCTL_EXPLAIN_H

#include <jansson.h>

/* The word in front of a paragraph. */
void cxctl_label(const char *name);
/* explain_core.c: whom the proxy core would ask, in which order, how long, and
 * whom it leaves out. */
void cxctl_tell_plan(const json_t *plan);

#endif
