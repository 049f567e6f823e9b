// SPDX-License-Identifier: GPL-2.0-only
/*
 * The engine, compiled once for this module, and its scratch memory. A struct
 * cx_msg is larger than the per-CPU allocator takes, hence an array of pointers.
 */
#include <linux/cpumask.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/topology.h>
#include "body.h"
#include "lookups.h"
#include "cxsip/engine.h"

static DEFINE_PER_CPU(struct cx_msg *, cx_bodies);

int cx_bodies_new(void)
{
	struct cx_msg *m;
	int cpu;

	for_each_possible_cpu(cpu) {
		m = kvzalloc_node(sizeof(*m), GFP_KERNEL, cpu_to_node(cpu));
		if (!m) {
			cx_bodies_free();
			return -ENOMEM;
		}
		m->fast = 1;
		per_cpu(cx_bodies, cpu) = m;
	}
	return 0;
}

void cx_bodies_free(void)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		kvfree(per_cpu(cx_bodies, cpu));
		per_cpu(cx_bodies, cpu) = NULL;
	}
}

struct cx_msg *cx_body_get(const struct cx_maps *maps)
{
	struct cx_msg *m = __this_cpu_read(cx_bodies);

	m->body = (void *)maps;
	m->element = CX_NONE;
	m->response = 0;
	m->new_call = 0;
	return m;
}

u32 cx_body_listener_at(struct cx_msg *m, const union cx_addr *addr, u16 port)
{
	return cx_lookup_local(m, addr, port);
}

enum cx_reason cx_body_decide(struct cx_msg *m)
{
	return cx_decide(m);
}

enum cx_reason cx_body_compose(struct cx_msg *m)
{
	return cx_compose(m);
}

const struct cx_listener *cx_body_listener(struct cx_msg *m, u32 id)
{
	return cx_lookup_listener(m, id);
}

bool cx_body_is_v4(const union cx_addr *addr)
{
	return cx_is_v4(addr);
}
