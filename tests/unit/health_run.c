/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include "health_run.h"

struct run run;

static uint32_t element_of(const union cx_addr *addr)
{
	return cx_world_element_at(run.world, addr, 5060);
}

static int fake_send(void *ctx, uint16_t listener, const union cx_addr *addr, uint16_t port, const void *p,
		     size_t n)
{
	uint32_t id = element_of(addr);
	const char *branch;
	size_t length;

	assert_ptr_equal(ctx, &run);
	assert_int_equal(port, 5060);
	assert_int_equal(listener, 0);
	assert_true(id < ELEMENTS && n < sizeof(run.last));
	memcpy(run.last, p, n);
	run.last[n] = '\0';
	run.sent[id]++;
	run.sent_ms[id] = run.now_ms;
	branch = strstr(run.last, ";branch=z9hG4bK");
	assert_non_null(branch);
	branch += strlen(";branch=z9hG4bK");
	length = strcspn(branch, "\r");
	snprintf(run.branch[id], sizeof(run.branch[id]), "%.*s", (int)length, branch);
	if (run.refuses_by_icmp)
		cx_health_unreachable(run.health, addr, port, CX_UDP, ECONNREFUSED);
	return run.send_error[id];
}

static uint64_t fake_now(void *ctx)
{
	return run.now_ms;
}

static uint64_t fake_wall(void *ctx)
{
	return 1700000000000u + run.now_ms;
}

const struct cx_health_ops run_ops = {
    .send = fake_send, .now_ms = fake_now, .wall_ms = fake_wall, .ctx = &run};

struct cx_config *run_config(unsigned n)
{
	struct cx_config *c = fixture_config();

	fixture_listener(fixture_network(c, "edge"), "192.0.2.1", 5060);
	fixture_elements(fixture_group(c, "media", 0), 1, n);
	return c;
}

struct cx_config_probe *probe_of(struct cx_config *c)
{
	return &c->groups[0].probe;
}

void run_start_world(struct cx_config *c)
{
	uint32_t id;

	memset(&run, 0, sizeof(run));
	run.now_ms = 5000;
	run.code = 200;
	for (id = 0; id < ELEMENTS; id++)
		run.answers[id] = true;
	run.config = c;
	run.tables = fixture_compile(c, NULL);
	assert_int_equal(cx_world_new(c, run.tables, &run.world), 0);
}

void run_start_config(struct cx_config *c)
{
	run_start_world(c);
	assert_int_equal(cx_health_new(run.world, &run_ops, &run.health), 0);
}

void run_start(unsigned n)
{
	run_start_config(run_config(n));
}

void run_swap(struct cx_config *c)
{
	struct cx_tables *t = fixture_compile(c, run.world);

	assert_int_equal(cx_world_swap(run.world, c, t), 0);
	assert_int_equal(cx_health_sync(run.health), 0);
	cx_tables_free(run.tables);
	fixture_free(run.config);
	run.config = c;
	run.tables = t;
}

void run_end(void)
{
	cx_health_free(run.health);
	cx_world_free(run.world);
	cx_tables_free(run.tables);
	fixture_free(run.config);
}

void run_pass(uint64_t ms)
{
	uint64_t end = run.now_ms + ms;

	for (;;) {
		unsigned before[ELEMENTS];
		uint64_t again;
		uint32_t id;

		memcpy(before, run.sent, sizeof(before));
		again = cx_health_tick(run.health);
		for (id = 0; id < ELEMENTS; id++)
			if (run.answers[id] && run.sent[id] != before[id])
				assert_int_equal(run_answer(id, run.code), 0);
		again = cx_health_tick(run.health);
		if (run.now_ms + again > end)
			break;
		run.now_ms += again;
	}
	run.now_ms = end;
	cx_health_tick(run.health);
}

int run_answer(uint32_t id, int code)
{
	return cx_health_response(run.health, run.branch[id], strlen(run.branch[id]), code);
}

void run_icmp(uint32_t id, int errnum)
{
	const struct cx_element *e = &run.world->elements[id];

	cx_health_unreachable(run.health, &e->addr, e->port, e->transport, errnum);
}

uint8_t run_state(uint32_t id)
{
	return run.world->elements[id].state;
}

struct cx_health_view run_view(uint32_t id)
{
	struct cx_health_view view;

	assert_int_equal(cx_health_view(run.health, id, &view), 0);
	return view;
}
