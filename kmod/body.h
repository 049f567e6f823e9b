/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The engine's second body: any UDP datagram that the host has reassembled.
 * One struct cx_msg a possible CPU; whoever has one keeps bottom halves off.
 */
#ifndef CX_KMOD_BODY_H
#define CX_KMOD_BODY_H

#include "cxsip/wide.h"
#include "cxsip/message.h"

struct cx_maps;

int cx_bodies_new(void);
void cx_bodies_free(void);
/* This CPU's, for the maps that its look-ups go to. */
struct cx_msg *cx_body_get(const struct cx_maps *maps);

/* The listener at an address, CX_NONE: none of ours. */
u32 cx_body_listener_at(struct cx_msg *m, const union cx_addr *addr, u16 port);
/* The parts that the rest of the module needs of the engine: engine.h says
 * what they are. m->len, in_listener, source, source_port and buf are set. */
enum cx_reason cx_body_decide(struct cx_msg *m);
enum cx_reason cx_body_compose(struct cx_msg *m);
const struct cx_listener *cx_body_listener(struct cx_msg *m, u32 id);
bool cx_body_is_v4(const union cx_addr *addr);

#endif
