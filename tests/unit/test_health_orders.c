/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The operator's orders; what of them and of the states stays over a reload and
 * over a restart; the words in which both are told.
 */
#include <errno.h>
#include <unistd.h>
#include "health_run.h"

static void the_operator_has_precedence(void **state)
{
	run_start(2);
	run_pass(2000);
	assert_int_equal(cx_health_order(run.health, 0, CX_DRAIN), 0);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	cx_health_order(run.health, 0, CX_DISABLE);
	assert_element(0, CX_ELEMENT_DISABLED, CX_ER_OPERATOR);
	cx_health_order(run.health, 0, CX_ENABLE);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR); /* still an order */
	run.answers[0] = false;
	run_pass(5000);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	run_icmp(0, ECONNREFUSED);
	cx_health_reachable(run.health, 0, false, "no route");
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	cx_health_order(run.health, 0, CX_UNDRAIN);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_NO_ROUTE);
	cx_health_reachable(run.health, 0, true, "");
	run.answers[0] = true;
	run_pass(10);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	assert_int_equal(cx_health_order(run.health, 9, CX_DRAIN), -ENOENT);
	run_end();
}

static void disabled_elements_go_on_being_probed(void **state)
{
	unsigned sent;

	run_start(1);
	cx_health_order(run.health, 0, CX_DISABLE);
	run_pass(1000);
	sent = run.sent[0];
	run.answers[0] = false;
	run_pass(5000);
	assert_true(run.sent[0] > sent + 3);
	assert_element(0, CX_ELEMENT_DISABLED, CX_ER_OPERATOR);
	cx_health_order(run.health, 0, CX_ENABLE);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT); /* it knows */
	run_end();
}

static void mark(struct cx_config *c, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		struct cx_config_element *e = &c->groups[0].elements[i];

		snprintf(e->host, sizeof(e->host), "ms.lab");
		snprintf(e->written, sizeof(e->written), "ms");
		e->expanded = true;
	}
}

/* Three elements, the first of which are of the name, with the orders of before. */
static void restart(const char *path, unsigned of_name)
{
	struct cx_config *c = run_config(3);

	assert_int_equal(cx_health_save_orders(run.health, path), 0);
	run_end();
	mark(c, of_name);
	run_start_config(c);
	assert_int_equal(cx_health_load_orders(run.health, path), 0);
	unlink(path);
}

/* What is said of a host name holds for its servers, those of later answers and over
 * a restart too. */
static void orders_for_a_host_name(void **state)
{
	const char *path = "/tmp/cxsip-test-name-orders";
	struct cx_config *c = run_config(3);

	mark(c, 1);
	run_start_config(c);
	assert_int_equal(cx_health_order_name(run.health, "nobody", CX_DRAIN), -ENOENT);
	assert_int_equal(cx_health_order_name(run.health, "", CX_DRAIN), -ENOENT);
	assert_int_equal(cx_health_order_name(run.health, "ms", CX_DRAIN), 0);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	assert_element(1, CX_ELEMENT_UP, CX_ER_CONFIG);
	c = run_config(3);
	mark(c, 2);
	c->groups[0].elements[1].port = 5070; /* a server that was not there */
	run_swap(c);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	assert_element(1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	restart(path, 2);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	assert_element(1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	assert_element(2, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_int_equal(cx_health_order_name(run.health, "ms", CX_UNDRAIN), 0);
	assert_element(1, CX_ELEMENT_UP, CX_ER_CONFIG);
	/* then for one of its servers alone */
	assert_int_equal(cx_health_order(run.health, 1, CX_DISABLE), 0);
	restart(path, 2);
	assert_element(0, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_element(1, CX_ELEMENT_DISABLED, CX_ER_OPERATOR);
	run_end();
}

/* Names elements as they are called when a host name stands for several servers, or for one. */
static struct cx_config *servers(unsigned n, uint16_t first_port)
{
	struct cx_config *c = run_config(3);

	mark(c, n);
	for (unsigned i = 0; i < n; i++) {
		struct cx_config_element *e = &c->groups[0].elements[i];

		e->port = (uint16_t)(first_port + i);
		snprintf(e->name, sizeof(e->name), n == 1 ? "ms" : "ms/x:%u", e->port);
	}
	return c;
}

static uint32_t of_name(const char *name)
{
	return cx_world_find_element(run.world, name);
}

static void assert_kept(const char *path, const char *lines)
{
	char text[256] = "";
	FILE *f;

	assert_int_equal(cx_health_save_orders(run.health, path), 0);
	f = fopen(path, "r");
	assert_non_null(f);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(text, lines);
}

static void end_and_start(const char *path, struct cx_config *c)
{
	assert_int_equal(cx_health_save_orders(run.health, path), 0);
	run_end();
	run_start_config(c);
	assert_int_equal(cx_health_load_orders(run.health, path), 0);
}

/* An order for one server of a host name stays with it: while it is not in DNS, over a restart
 * at which it is not known yet, and whatever it is called. */
static void orders_for_a_server_of_a_host_name(void **state)
{
	const char *path = "/tmp/cxsip-test-server-orders";

	run_start_config(servers(2, 5070));
	assert_int_equal(cx_health_order(run.health, of_name("ms/x:5071"), CX_DRAIN), 0);
	run_swap(servers(2, 5080)); /* others */
	assert_element(of_name("ms/x:5080"), CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_element(of_name("ms/x:5081"), CX_ELEMENT_UP, CX_ER_CONFIG);
	run_swap(servers(2, 5070));
	assert_element(of_name("ms/x:5070"), CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_element(of_name("ms/x:5071"), CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	end_and_start(path, servers(2, 5080));
	assert_element(of_name("ms/x:5081"), CX_ELEMENT_UP, CX_ER_CONFIG);
	end_and_start(path, servers(2, 5080)); /* twice: it is not lost by saving, either */
	run_swap(servers(2, 5070));
	assert_element(of_name("ms/x:5070"), CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_element(of_name("ms/x:5071"), CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	assert_int_equal(cx_health_order(run.health, of_name("ms/x:5070"), CX_DISABLE), 0);
	end_and_start(path, servers(1, 5070)); /* called otherwise */
	assert_element(of_name("ms"), CX_ELEMENT_DISABLED, CX_ER_OPERATOR);
	assert_int_equal(cx_health_order(run.health, of_name("ms"), CX_ENABLE), 0);
	assert_kept(path, "ms at 10.1.0.3 5071 udp drain\n");
	/* what is not configured any more is not kept */
	end_and_start(path, run_config(3));
	assert_kept(path, "");
	unlink(path);
	run_end();
}

/* An element that was drained by its address, and has a host name now. */
static void orders_of_before_the_host_name(void **state)
{
	const char *path = "/tmp/cxsip-test-older-orders";
	struct cx_config *c = run_config(1);

	run_start(1);
	assert_int_equal(cx_health_order(run.health, 0, CX_DRAIN), 0);
	mark(c, 1);
	run_swap(c);
	c = run_config(1);
	mark(c, 1);
	end_and_start(path, c);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	unlink(path);
	run_end();
}

/* Of a name and of one of its servers: the later order counts, for either. */
static void orders_for_a_name_and_its_server(void **state)
{
	const char *path = "/tmp/cxsip-test-both-orders";

	run_start_config(servers(3, 5070));
	assert_int_equal(cx_health_order_name(run.health, "ms", CX_DRAIN), 0);
	assert_int_equal(cx_health_order(run.health, 1, CX_UNDRAIN), 0);
	assert_kept(path, "ms drain\nms at 10.1.0.3 5071 udp undrain\n");
	end_and_start(path, servers(3, 5070));
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	assert_element(1, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_element(2, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	assert_int_equal(cx_health_order(run.health, 2, CX_DISABLE), 0);
	assert_int_equal(cx_health_order_name(run.health, "ms", CX_DRAIN), 0);
	end_and_start(path, servers(3, 5070));
	assert_element(1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	assert_element(2, CX_ELEMENT_DISABLED, CX_ER_OPERATOR); /* nothing was said of that */
	assert_int_equal(cx_health_order_name(run.health, "ms", CX_UNDRAIN), 0);
	assert_int_equal(cx_health_order_name(run.health, "ms", CX_ENABLE), 0);
	assert_kept(path, "");
	end_and_start(path, servers(3, 5070));
	for (uint32_t i = 0; i < 3; i++)
		assert_element(i, CX_ELEMENT_UP, CX_ER_CONFIG);
	/* of a server that is away as well */
	assert_int_equal(cx_health_order(run.health, of_name("ms/x:5072"), CX_DRAIN), 0);
	run_swap(servers(2, 5070));
	assert_int_equal(cx_health_order_name(run.health, "ms", CX_UNDRAIN), 0);
	run_swap(servers(3, 5070));
	assert_element(of_name("ms/x:5072"), CX_ELEMENT_UP, CX_ER_CONFIG);
	unlink(path);
	run_end();
}

/* Without an address there is nobody to ask, and nothing that brings it up. */
static void an_element_without_an_address(void **state)
{
	struct cx_config *c = run_config(1);

	mark(c, 1);
	memset(&c->groups[0].elements[0].addr, 0, sizeof(c->groups[0].elements[0].addr));
	c->groups[0].elements[0].family = 0;
	run_start_config(c);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_DNS);
	run_pass(5000);
	cx_health_reachable(run.health, 0, true, "route is back");
	run_pass(5000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_DNS);
	assert_int_equal(run.sent[0], 0);
	c = run_config(1);
	mark(c, 1);
	run_swap(c);
	run_pass(2000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	c = run_config(1);
	mark(c, 1);
	c->groups[0].elements[0].gone = true;
	run_swap(c);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_LEFT_DNS);
	run_pass(2000);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_LEFT_DNS);
	run_swap(run_config(1));
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_end();
}

static void disabled_by_configuration_until_enabled(void **state)
{
	struct cx_config *c = run_config(1);

	c->groups[0].elements[0].disabled = true;
	run_start_config(c);
	run_pass(2000);
	assert_element(0, CX_ELEMENT_DISABLED, CX_ER_CONFIG);
	cx_health_order(run.health, 0, CX_ENABLE);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	c = run_config(1);
	c->groups[0].elements[0].disabled = true;
	run_swap(c); /* says nothing new */
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_swap(run_config(1));
	c = run_config(1);
	c->groups[0].elements[0].disabled = true;
	run_swap(c);
	assert_element(0, CX_ELEMENT_DISABLED, CX_ER_CONFIG);
	run_swap(run_config(1));
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	run_end();
}

static void orders_survive_a_restart(void **state)
{
	char path[] = "/tmp/cxsip-orders-XXXXXX", text[256] = "";
	int fd = mkstemp(path);
	FILE *f;

	assert_true(fd >= 0);
	close(fd);
	run_start(3);
	cx_health_order(run.health, 0, CX_DRAIN);
	cx_health_order(run.health, 1, CX_DISABLE);
	assert_int_equal(cx_health_save_orders(run.health, path), 0);
	run_end();
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(fread(text, 1, sizeof(text) - 1, f) > 0);
	fclose(f);
	assert_string_equal(text, "media-1 drain\nmedia-2 disable\n");
	run_start(3);
	assert_int_equal(cx_health_load_orders(run.health, path), 0);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	assert_element(1, CX_ELEMENT_DISABLED, CX_ER_OPERATOR);
	assert_element(2, CX_ELEMENT_UP, CX_ER_CONFIG);
	run_end();
	f = fopen(path, "w");
	assert_non_null(f);
	fputs("nonsense\nmedia-9 drain\nmedia-3 dance\n\nmedia-3 drain", f);
	fclose(f);
	run_start(3);
	assert_int_equal(cx_health_load_orders(run.health, path), -EINVAL);
	assert_element(2, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	unlink(path);
	assert_int_equal(cx_health_load_orders(run.health, path), -ENOENT);
	assert_int_equal(cx_health_save_orders(run.health, "/nowhere/at/all"), -ENOENT);
	run_end();
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

static void a_past_state_is_kept_until_probed(void **state)
{
	run_start_world(run_config(3));
	cx_world_set_element(run.world, 0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT, 77);
	cx_world_set_element(run.world, 1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR, 78);
	assert_int_equal(cx_health_new(run.world, &run_ops, &run.health), 0);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	assert_int_equal(run.world->elements[0].since_ms, 77);
	assert_element(1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	run_pass(1000);
	assert_element(0, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	assert_element(1, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	run_end();
}

static void a_reload_carries_on(void **state)
{
	struct cx_config *c = run_config(3);
	uint64_t probes;
	unsigned sent;

	run_start(2);
	run.answers[1] = false;
	cx_health_order(run.health, 0, CX_DRAIN);
	run_pass(5000);
	assert_element(1, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	probes = run_view(1).probes;
	probe_of(c)->down_interval_ms = 600;
	run_swap(c);
	assert_element(0, CX_ELEMENT_DRAINING, CX_ER_OPERATOR);
	assert_element(1, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	assert_element(2, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_int_equal(run_view(1).probes, probes);
	run_pass(6000);
	assert_in_range(run_view(1).probes - probes, 9, 11); /* by the new interval */
	assert_element(2, CX_ELEMENT_UP, CX_ER_PROBE_OK);
	c = run_config(2);
	c->groups[0].elements[1].addr = fixture_addr("10.1.0.99"); /* another server under the name */
	run_swap(c);
	assert_element(1, CX_ELEMENT_UP, CX_ER_CONFIG);
	assert_int_equal(run_view(1).probes, 0);
	assert_int_equal(cx_health_order(run.health, 2, CX_DRAIN), -ENOENT);
	sent = run.sent[2];
	run_pass(3000);
	assert_int_equal(run.sent[2], sent);
	run_end();
}

static void probing_can_be_switched_by_a_reload(void **state)
{
	struct cx_config *c = run_config(1);
	unsigned sent;

	run_start(1);
	run.answers[0] = false;
	run_pass(3000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	probe_of(c)->enabled = false;
	run_swap(c);
	assert_int_equal(run_state(0), CX_ELEMENT_UP);
	sent = run.sent[0];
	run_pass(5000);
	assert_int_equal(run.sent[0], sent);
	run_swap(run_config(1));
	run_pass(3000);
	assert_element(0, CX_ELEMENT_DOWN, CX_ER_PROBE_TIMEOUT);
	run_end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_operator_has_precedence),
	    cmocka_unit_test(disabled_elements_go_on_being_probed),
	    cmocka_unit_test(orders_for_a_host_name),
	    cmocka_unit_test(orders_for_a_server_of_a_host_name),
	    cmocka_unit_test(orders_for_a_name_and_its_server),
	    cmocka_unit_test(orders_of_before_the_host_name),
	    cmocka_unit_test(an_element_without_an_address),
	    cmocka_unit_test(disabled_by_configuration_until_enabled),
	    cmocka_unit_test(orders_survive_a_restart),
	    cmocka_unit_test(reasons_and_states_have_texts),
	    cmocka_unit_test(a_past_state_is_kept_until_probed),
	    cmocka_unit_test(a_reload_carries_on),
	    cmocka_unit_test(probing_can_be_switched_by_a_reload),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
