/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Views: the world as other threads see it. The main thread changes the world in
 * place; after a turn of its loop that changed something it publishes a view, a
 * copy of the small parts (groups, elements, pauses, keys) with the large ones (tables,
 * rings) shared. Readers go by the latest view without a lock or a wait.
 *
 * Why copies and not read-copy-update on every record: a message is then decided
 * by one consistent state, the world stays plain memory for the thread that
 * owns it, and what it costs (microseconds a change for a thousand elements) is
 * paid by the thread that changes, never by one that forwards.
 *
 * Each reader says in a word of its own which view it reads (a hazard pointer);
 * what is retired is freed when no reader can see it any more. Nobody waits for
 * a reader: one that hangs only keeps memory from being freed.
 *
 * A view has no reach, nexthops or indexes of the live half: only the fast path
 * and `explain`, which are the main thread's, look at those.
 */
#ifndef CX_ROUTE_VIEW_H
#define CX_ROUTE_VIEW_H

#include "route/world.h"

struct cx_views;

/* readers: numbered from 0. NULL: no memory. */
struct cx_views *cx_views_new(unsigned readers);
/* No reader may be inside. Frees what is retired, too. */
void cx_views_free(struct cx_views *v);

/* ---- the owner of the world ------------------------------------------------- */

/* Makes the world as it is now what readers enter; clears w->changed. -ENOMEM: the
 * earlier view stays in force, and w->changed set. */
int cx_views_publish(struct cx_views *v, struct cx_world *w);
/* release(p) as soon as no reader can see p, which is in no later view. */
void cx_views_retire(struct cx_views *v, void (*release)(void *p), void *p);
/* Frees what nobody can see any more; publish does it, too. True: nothing is left. */
bool cx_views_collect(struct cx_views *v);

/* ---- a reader --------------------------------------------------------------- */

/* The latest view, valid until leave(). Only after the first publish. */
struct cx_world *cx_views_enter(struct cx_views *v, unsigned reader);
void cx_views_leave(struct cx_views *v, unsigned reader);

#endif
