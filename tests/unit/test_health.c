/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Health under a virtual clock: every rule of judge.h, the probe on the wire,
 * the heap, orders over a restart.
 */
#include <errno.h>
#include <unistd.h>
#include "fixture.h"
#include "health/due.h"
#include "health/health.h"
#include "health/options.h"
#include "route/world.h"

#define ELEMENTS 4

struct run {
	struct cx_config *config;
	struct cx_tables *tables;
	struct cx_world *world;
	struct cx_health *health;
	uint64_t now_ms;
	bool answers[ELEMENTS]; /* the element answers at once, with code */
	int code;
	int send_error[ELEMENTS];
	bool refuses_by_icmp; /* while sending, as the daemon may do it */
	unsigned sent[ELEMENTS];
	uint64_t sent_ms[ELEMENTS];
	char last[CX_PROBE_MAX + 1];
	char branch[ELEMENTS][64]; /* of the newest probe, behind the magic cookie */
};

static struct run run;

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
		cx_health_icmp(run.health, addr, port, ECONNREFUSED);
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

static const struct cx_health_ops ops = {
    .send = fake_send, .now_ms = fake_now, .wall_ms = fake_wall, .ctx = &run};

static int answer(uint32_t id, int code)
{
	return cx_health_response(run.health, run.branch[id], strlen(run.branch[id]), code);
}

/* Lets `ms` pass; the owner calls tick when it asked to be called. */
static void pass(uint64_t ms)
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
				assert_int_equal(answer(id, run.code), 0);
		again = cx_health_tick(run.health);
		if (run.now_ms + again > end)
			break;
		run.now_ms += again;
	}
	run.now_ms = end;
	cx_health_tick(run.health);
}

static uint8_t state_of(uint32_t id)
{
	return run.world->elements[id].state;
}

#define assert_element(id, wanted_state, wanted_reason)                                                      \
	do {                                                                                                 \
		assert_int_equal(run.world->elements[id].state, wanted_state);                               \
		assert_int_equal(run.world->elements[id].reason, wanted_reason);                             \
	} while (0)

static struct cx_config *make_config(unsigned n)
{
	struct cx_config *c = fixture_config();

	fixture_listener(fixture_network(c, "edge"), "192.0.2.1", 5060);
	fixture_elements(fixture_group(c, "media", 0), 1, n);
	return c;
}

static struct cx_config_probe *probe_of(struct cx_config *c)
{
	return &c->groups[0].probe;
}

static void start_world(struct cx_config *c)
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

static void start_config(struct cx_config *c)
{
	start_world(c);
	assert_int_equal(cx_health_new(run.world, &ops, &run.health), 0);
}

static void start(unsigned n)
{
	start_config(make_config(n));
}

static void swap(struct cx_config *c)
{
	struct cx_tables *t = fixture_compile(c, run.world);

	assert_int_equal(cx_world_swap(run.world, c, t), 0);
	assert_int_equal(cx_health_sync(run.health), 0);
	cx_tables_free(run.tables);
	fixture_free(run.config);
	run.config = c;
	run.tables = t;
}

static void end(void)
{
	cx_health_free(run.health);
	cx_world_free(run.world);
	cx_tables_free(run.tables);
	fixture_free(run.config);
}

static struct cx_health_view view_of(uint32_t id)
{
	struct cx_health_view view;

	assert_int_equal(cx_health_view(run.health, id, &view), 0);
	return view;
}

static void icmp(uint32_t id, int errnum)
{
	cx_health_icmp(run.health, &run.world->elements[id].addr, run.world->elements[id].port, errnum);
}

static void elements_start_up_and_are_probed_within_an_interval(void **state)
{
	start(3);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_int_equal(run.world->elements[0].since_ms, fake_wall(NULL));
	pass(1000);
	assert_int_equal(run.sent[0], 1);
	assert_int_equal(run.sent[1], 1);
	assert_int_equal(run.sent[2], 1);
	/* spread, not all at once */
	assert_true(run.sent_ms[0] != run.sent_ms[1] && run.sent_ms[1] != run.sent_ms[2]);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	pass(10000);
	assert_int_equal(run.sent[0], 11);
	assert_int_equal(view_of(0).answers, 11);
	assert_int_equal(view_of(0).last_code, 200);
	assert_int_equal(view_of(0).hits_in_row, 11);
	assert_true(view_of(0).last_rtt_us > 0);
	end();
}

static void a_silent_element_is_down_within_two_and_a_half_seconds(void **state)
{
	uint64_t silent;

	start(2);
	pass(3000);
	while (run.sent_ms[0] != run.now_ms)
		pass(1); /* silent right after a good answer */
	run.answers[0] = false;
	silent = run.now_ms;
	while (state_of(0) == CX_ELEMENT_UP)
		pass(1);
	print_message("silent element down after %u ms\n", (unsigned)(run.now_ms - silent));
	assert_true(run.now_ms - silent <= 2500);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(run.world->groups[0].elements_up, 1);
	assert_element(1, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	end();
}

static void fall_misses_take_it_down_and_one_answer_starts_over(void **state)
{
	struct cx_config *c = make_config(1);

	probe_of(c)->fall = 3;
	start_config(c);
	pass(2000);
	while (run.sent_ms[0] != run.now_ms)
		pass(1);
	run.answers[0] = false;
	pass(1000 + 2 * 500 + 499); /* the third is under way */
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	assert_int_equal(view_of(0).misses_in_row, 2);
	assert_int_equal(view_of(0).hits_in_row, 0);
	answer(0, 200);
	assert_int_equal(view_of(0).misses_in_row, 0);
	pass(501 + 3 * 500 - 1);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	pass(1);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(view_of(0).misses_in_row, 3);
	end();
}

static void rise_answers_bring_it_back(void **state)
{
	struct cx_config *c = make_config(1);
	unsigned sent;

	probe_of(c)->rise = 3;
	probe_of(c)->down_interval_ms = 200;
	probe_of(c)->timeout_ms = 100;
	start_config(c);
	run.answers[0] = false;
	pass(2000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	sent = run.sent[0];
	pass(1000);
	assert_int_equal(run.sent[0] - sent, 5); /* the interval of those that are down */
	run.answers[0] = true;
	sent = run.sent[0];
	while (state_of(0) == CX_ELEMENT_DOWN)
		pass(1);
	assert_int_equal(run.sent[0] - sent, 3);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	sent = run.sent[0];
	pass(5000);
	assert_int_equal(run.sent[0] - sent, 5);
	end();
}

static void a_late_answer_is_noted_but_moves_nothing(void **state)
{
	char late[64];

	start(1);
	run.answers[0] = false;
	pass(1000);
	snprintf(late, sizeof(late), "%s", run.branch[0]);
	pass(3000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(cx_health_response(run.health, late, strlen(late), 200),
			 -ENOENT); /* too old to be known */
	while (run.sent_ms[0] != run.now_ms)
		pass(1);
	pass(510);
	assert_int_equal(answer(0, 200), 0);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(view_of(0).answers, 1);
	assert_int_equal(view_of(0).hits_in_row, 0);
	assert_int_equal(answer(0, 200), 0); /* a retransmission */
	assert_int_equal(view_of(0).answers, 1);
	end();
}

static void any_code_means_alive_unless_listed(void **state)
{
	struct cx_config *c = make_config(2);

	start_config(c);
	run.code = 503;
	pass(3000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	end();
	c = make_config(2);
	probe_of(c)->down_codes[0] = 500;
	probe_of(c)->down_codes[1] = 503;
	probe_of(c)->n_down_codes = 2;
	start_config(c);
	run.code = 404;
	pass(3000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run.code = 503;
	pass(2000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_CODE);
	assert_int_equal(view_of(0).last_code, 503);
	run.code = 200;
	pass(1000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	end();
}

static void a_listed_code_does_not_use_up_fall_at_once(void **state)
{
	struct cx_config *c = make_config(1);

	probe_of(c)->down_codes[0] = 503;
	probe_of(c)->n_down_codes = 1;
	start_config(c);
	run.code = 503;
	while (!run.sent[0])
		pass(1);
	pass(499);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	pass(1);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_CODE);
	end();
}

static void a_provisional_answer_waits_for_the_code(void **state)
{
	struct cx_config *c = make_config(1);

	probe_of(c)->down_codes[0] = 503;
	probe_of(c)->n_down_codes = 1;
	start_config(c);
	run.answers[0] = false;
	while (!run.sent[0])
		pass(1);
	assert_int_equal(answer(0, 100), 0);
	assert_int_equal(view_of(0).answers, 0);
	assert_int_equal(answer(0, 503), 0);
	assert_int_equal(view_of(0).misses_in_row, 1);
	end();
}

static void icmp_counts_at_once(void **state)
{
	start(2);
	pass(2000);
	run.answers[0] = false;
	icmp(0, ECONNREFUSED);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_ICMP);
	assert_element(1, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	assert_int_equal(run.world->groups[0].elements_up, 1);
	end();
}

static void a_stray_icmp_costs_one_round_trip(void **state)
{
	start(1);
	pass(2300);
	icmp(0, EHOSTUNREACH);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_ICMP);
	pass(0);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	end();
}

static void a_refusing_element_is_not_hammered(void **state)
{
	unsigned sent, i;

	start(1);
	run.answers[0] = false;
	pass(1000);
	for (i = 0; i < 100; i++)
		icmp(0, ECONNREFUSED); /* of calls that were on the way */
	run.refuses_by_icmp = true;
	pass(10);
	sent = run.sent[0];
	pass(10000);
	assert_in_range(run.sent[0] - sent, 9, 11);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_ICMP);
	run.refuses_by_icmp = false;
	run.answers[0] = true;
	pass(1000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	end();
}

static void icmp_about_the_path_or_a_stranger_is_ignored(void **state)
{
	union cx_addr stranger = fixture_addr("203.0.113.1");

	start(1);
	icmp(0, EMSGSIZE);
	icmp(0, EPROTO);
	cx_health_icmp(run.health, &stranger, 5060, ECONNREFUSED);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	end();
}

static void icmp_without_probing_pauses_for_five_seconds(void **state)
{
	struct cx_config *c = make_config(1);

	probe_of(c)->enabled = false;
	start_config(c);
	pass(5000);
	assert_int_equal(run.sent[0], 0);
	icmp(0, ECONNREFUSED);
	pass(3000);
	icmp(0, ECONNREFUSED);
	pass(4999);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_ICMP);
	pass(1);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_int_equal(run.sent[0], 0);
	end();
}

static void no_route_is_down_until_probes_say_otherwise(void **state)
{
	unsigned sent;

	start(1);
	pass(2000);
	run.answers[0] = false;
	cx_health_reachable(run.health, 0, false, "no route");
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_NO_ROUTE);
	cx_health_reachable(run.health, 0, false, "link down");
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_LINK_DOWN);
	sent = run.sent[0];
	icmp(0, ENETUNREACH);
	pass(5000);
	assert_int_equal(run.sent[0], sent);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_LINK_DOWN);
	cx_health_reachable(run.health, 0, true, "");
	assert_int_equal(state_of(0), CX_ELEMENT_DOWN);
	cx_health_tick(run.health);
	assert_int_equal(run.sent[0], sent + 1);
	assert_int_equal(state_of(0), CX_ELEMENT_DOWN);
	answer(0, 200);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	cx_health_reachable(run.health, 0, true, ""); /* it was all the time */
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	end();
}

static void without_probing_reachability_decides(void **state)
{
	struct cx_config *c = make_config(1);

	probe_of(c)->enabled = false;
	start_config(c);
	cx_health_reachable(run.health, 0, false, "no route");
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_NO_ROUTE);
	pass(20000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_NO_ROUTE);
	cx_health_reachable(run.health, 0, true, "");
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	end();
}

static void what_cannot_be_sent_is_a_miss(void **state)
{
	start(1);
	run.answers[0] = false;
	run.send_error[0] = -EPERM;
	pass(1000);
	assert_int_equal(state_of(0), CX_ELEMENT_UP);
	pass(1000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_SEND_FAILED);
	end();
}

static void a_full_send_buffer_is_not_the_elements_fault(void **state)
{
	start(1);
	run.answers[0] = false;
	run.send_error[0] = -ENOBUFS;
	pass(5000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_int_equal(view_of(0).misses, 0);
	run.send_error[0] = 0;
	run.answers[0] = true;
	pass(100);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	end();
}

static void an_element_without_a_listener_is_down(void **state)
{
	struct cx_config *c = make_config(1);

	fixture_element(&c->groups[0], "six", "2001:db8::9", 5060, 1);
	start_config(c);
	pass(3000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	assert_element(1, CX_ELEMENT_DOWN, CX_ER_SEND_FAILED);
	end();
}

static void the_operator_has_precedence(void **state)
{
	start(2);
	pass(2000);
	assert_int_equal(cx_health_order(run.health, 0, CX_DRAIN), 0);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	cx_health_order(run.health, 0, CX_DISABLE);
	assert_element(0, CX_ELEMENT_DISABLED, CX_ER_OPERATOR);
	cx_health_order(run.health, 0, CX_ENABLE);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR); /* still an order */
	run.answers[0] = false;
	pass(5000);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	icmp(0, ECONNREFUSED);
	cx_health_reachable(run.health, 0, false, "no route");
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	cx_health_order(run.health, 0, CX_UNDRAIN);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_NO_ROUTE);
	cx_health_reachable(run.health, 0, true, "");
	run.answers[0] = true;
	pass(10);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	assert_int_equal(cx_health_order(run.health, 9, CX_DRAIN), -ENOENT);
	end();
}

static void disabled_elements_go_on_being_probed(void **state)
{
	unsigned sent;

	start(1);
	cx_health_order(run.health, 0, CX_DISABLE);
	pass(1000);
	sent = run.sent[0];
	run.answers[0] = false;
	pass(5000);
	assert_true(run.sent[0] > sent + 3);
	assert_element(0, CX_ELEMENT_DISABLED, CX_ER_OPERATOR);
	cx_health_order(run.health, 0, CX_ENABLE);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT); /* it knows */
	end();
}

static void disabled_by_configuration_until_enabled(void **state)
{
	struct cx_config *c = make_config(1);

	c->groups[0].elements[0].disabled = true;
	start_config(c);
	pass(2000);
	assert_element(0, CX_ELEMENT_DISABLED, CX_ER_CONFIG);
	cx_health_order(run.health, 0, CX_ENABLE);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	c = make_config(1);
	c->groups[0].elements[0].disabled = true;
	swap(c); /* says nothing new */
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	swap(make_config(1));
	c = make_config(1);
	c->groups[0].elements[0].disabled = true;
	swap(c);
	assert_element(0, CX_ELEMENT_DISABLED, CX_ER_CONFIG);
	swap(make_config(1));
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	end();
}

static void a_past_state_is_kept_until_probed(void **state)
{
	start_world(make_config(3));
	cx_world_set_element(run.world, 0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT, 77);
	cx_world_set_element(run.world, 1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR, 78);
	assert_int_equal(cx_health_new(run.world, &ops, &run.health), 0);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(run.world->elements[0].since_ms, 77);
	assert_element(1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	pass(1000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	assert_element(1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	end();
}

static void a_reload_carries_on(void **state)
{
	struct cx_config *c = make_config(3);
	uint64_t probes;
	unsigned sent;

	start(2);
	run.answers[1] = false;
	cx_health_order(run.health, 0, CX_DRAIN);
	pass(5000);
	assert_element(1, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	probes = view_of(1).probes;
	probe_of(c)->down_interval_ms = 600;
	swap(c);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	assert_element(1, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	assert_element(2, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_int_equal(view_of(1).probes, probes);
	pass(6000);
	assert_in_range(view_of(1).probes - probes, 9, 11); /* by the new interval */
	assert_element(2, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	c = make_config(2);
	c->groups[0].elements[1].addr = fixture_addr("10.1.0.99"); /* another server under the name */
	swap(c);
	assert_element(1, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_int_equal(view_of(1).probes, 0);
	assert_int_equal(cx_health_order(run.health, 2, CX_DRAIN), -ENOENT);
	sent = run.sent[2];
	pass(3000);
	assert_int_equal(run.sent[2], sent);
	end();
}

static void probing_can_be_switched_by_a_reload(void **state)
{
	struct cx_config *c = make_config(1);
	unsigned sent;

	start(1);
	run.answers[0] = false;
	pass(3000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	probe_of(c)->enabled = false;
	swap(c);
	assert_int_equal(state_of(0), CX_ELEMENT_UP);
	sent = run.sent[0];
	pass(5000);
	assert_int_equal(run.sent[0], sent);
	swap(make_config(1));
	pass(3000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	end();
}

static void orders_survive_a_restart(void **state)
{
	char path[] = "/tmp/cxsip-orders-XXXXXX", text[256] = "";
	int fd = mkstemp(path);
	FILE *f;

	assert_true(fd >= 0);
	close(fd);
	start(3);
	cx_health_order(run.health, 0, CX_DRAIN);
	cx_health_order(run.health, 1, CX_DISABLE);
	assert_int_equal(cx_health_save_orders(run.health, path), 0);
	end();
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	assert_string_equal(text, "media-1 drain\nmedia-2 disable\n");
	start(3);
	assert_int_equal(cx_health_load_orders(run.health, path), 0);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	assert_element(1, CX_ELEMENT_DISABLED, CX_ER_OPERATOR);
	assert_element(2, CX_ELEMENT_UP, CX_ER_CONFIG);
	end();
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("nonsense\nmedia-9 drain\nmedia-3 dance\n\nmedia-3 drain", f);
	fclose(f);
	start(3);
	assert_int_equal(cx_health_load_orders(run.health, path), -EINVAL);
	assert_element(2, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	unlink(path);
	assert_int_equal(cx_health_load_orders(run.health, path), -ENOENT);
	assert_int_equal(cx_health_save_orders(run.health, "/nowhere/at/all"), -ENOENT);
	end();
}

static void the_request_is_complete(void **state)
{
	const char *const needed[] = {
	    "OPTIONS sip:10.1.0.2:5060 SIP/2.0\r\n",
	    "\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKT",
	    "\r\nMax-Forwards: 70\r\n",
	    "\r\nFrom: <sip:cxsip@192.0.2.1:5060>;tag=",
	    "\r\nTo: <sip:10.1.0.2:5060>\r\n",
	    "\r\nCall-ID: ",
	    "\r\nCSeq: 1 OPTIONS\r\n",
	    "\r\nContact: <sip:192.0.2.1:5060>\r\n",
	    "\r\nAccept: application/sdp\r\n",
	    "\r\nContent-Length: 0\r\n\r\n",
	};
	size_t i;

	start(1);
	pass(1000);
	for (i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		assert_non_null(strstr(run.last, needed[i]));
	assert_int_equal(strncmp(run.last, needed[0], strlen(needed[0])), 0);
	assert_int_equal(
	    strspn(run.branch[0], "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
	    strlen(run.branch[0]));
	end();
}

static void only_our_own_branches_count(void **state)
{
	char branch[64], first[64];
	size_t i, n;

	start(2);
	run.answers[0] = false;
	while (!run.sent[0])
		pass(1);
	snprintf(first, sizeof(first), "%s", run.branch[0]);
	n = strlen(first);
	for (i = 0; i < n; i++) {
		snprintf(branch, sizeof(branch), "%s", first);
		branch[i] = branch[i] == '1' ? '2' : '1';
		assert_int_equal(cx_health_response(run.health, branch, n, 200), -ENOENT);
	}
	assert_int_equal(cx_health_response(run.health, first, n - 1, 200), -ENOENT);
	assert_int_equal(cx_health_response(run.health, "", 0, 200), -ENOENT);
	assert_int_equal(cx_health_response(run.health, "T0000000000000000000000000", 25, 200), -ENOENT);
	assert_int_equal(view_of(0).answers, 0);
	assert_int_equal(cx_health_response(run.health, first, n, 200), 0);
	assert_int_equal(view_of(0).answers, 1);
	while (run.sent[0] < 2)
		pass(1);
	assert_string_not_equal(first, run.branch[0]);
	end();
}

static void reasons_and_states_have_texts(void **state)
{
	unsigned i;

	for (i = 0; i < CX_ER_COUNT; i++)
		assert_true(strlen(cx_element_reason_text((uint8_t)i)) > 3);
	assert_string_equal(cx_element_reason_text(255), "unknown");
	assert_string_equal(cx_element_state_text(CX_ELEMENT_UP), "up");
	assert_string_equal(cx_element_state_text(CX_ELEMENT_DRAINING), "draining");
	assert_string_equal(cx_element_state_text(99), "unknown");
}

static void the_heap_gives_back_in_order(void **state)
{
	enum { N = 500 };
	struct cx_due *d = cx_due_new(N);
	uint64_t due[N], last = 0;
	uint32_t id, left = 0;
	unsigned i;

	assert_non_null(d);
	assert_true(cx_due_first(d, &id) == CX_DUE_NEVER);
	srand(7);
	for (i = 0; i < N; i++)
		due[i] = CX_DUE_NEVER;
	for (i = 0; i < 20 * N; i++) {
		id = (uint32_t)rand() % N;
		due[id] = rand() % 4 ? (uint64_t)rand() % 1000 : CX_DUE_NEVER;
		cx_due_set(d, id, due[id]);
	}
	for (i = 0; i < N; i++)
		left += due[i] != CX_DUE_NEVER;
	for (; left; left--) {
		uint64_t ms = cx_due_first(d, &id);

		assert_true(ms >= last && ms == due[id]);
		last = ms;
		cx_due_set(d, id, CX_DUE_NEVER);
	}
	assert_true(cx_due_first(d, &id) == CX_DUE_NEVER);
	cx_due_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(elements_start_up_and_are_probed_within_an_interval),
	    cmocka_unit_test(a_silent_element_is_down_within_two_and_a_half_seconds),
	    cmocka_unit_test(fall_misses_take_it_down_and_one_answer_starts_over),
	    cmocka_unit_test(rise_answers_bring_it_back),
	    cmocka_unit_test(a_late_answer_is_noted_but_moves_nothing),
	    cmocka_unit_test(any_code_means_alive_unless_listed),
	    cmocka_unit_test(a_listed_code_does_not_use_up_fall_at_once),
	    cmocka_unit_test(a_provisional_answer_waits_for_the_code),
	    cmocka_unit_test(icmp_counts_at_once),
	    cmocka_unit_test(a_stray_icmp_costs_one_round_trip),
	    cmocka_unit_test(a_refusing_element_is_not_hammered),
	    cmocka_unit_test(icmp_about_the_path_or_a_stranger_is_ignored),
	    cmocka_unit_test(icmp_without_probing_pauses_for_five_seconds),
	    cmocka_unit_test(no_route_is_down_until_probes_say_otherwise),
	    cmocka_unit_test(without_probing_reachability_decides),
	    cmocka_unit_test(what_cannot_be_sent_is_a_miss),
	    cmocka_unit_test(a_full_send_buffer_is_not_the_elements_fault),
	    cmocka_unit_test(an_element_without_a_listener_is_down),
	    cmocka_unit_test(the_operator_has_precedence),
	    cmocka_unit_test(disabled_elements_go_on_being_probed),
	    cmocka_unit_test(disabled_by_configuration_until_enabled),
	    cmocka_unit_test(a_past_state_is_kept_until_probed),
	    cmocka_unit_test(a_reload_carries_on),
	    cmocka_unit_test(probing_can_be_switched_by_a_reload),
	    cmocka_unit_test(orders_survive_a_restart),
	    cmocka_unit_test(the_request_is_complete),
	    cmocka_unit_test(only_our_own_branches_count),
	    cmocka_unit_test(reasons_and_states_have_texts),
	    cmocka_unit_test(the_heap_gives_back_in_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
