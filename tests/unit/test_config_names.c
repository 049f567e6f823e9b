/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Host names in the configuration: what DNS is asked for them, and what becomes of a
 * configuration when it answers.
 */
#include "config_files.h"
#include "base/addr.h"
#include "route/world.h"

#define NETWORK                                                                                              \
	"networks = ( { name = \"core\"; listeners = ( { address = \"192.0.2.1\"; }, { address = "           \
	"\"2001:db8::1\"; },\n"                                                                              \
	"  { address = \"192.0.2.1\"; transport = \"tcp\"; } ); sources = [ \"192.0.2.0/24\", "              \
	"\"2001:db8::/32\" ]; } );\n"
#define ELEMENTS(list) NETWORK "groups = ( { name = \"g\"; elements = ( " list " ); } );\n" ROUTE
#define ROUTE "routes = ( { dn = \"1\"; group = \"g\"; } );\n"

static struct cx_target targets[CX_TARGETS_MAX];
static size_t n_targets;
static const char *asked_host; /* whom they are for */

static struct cx_target *target(const char *addr, uint16_t port)
{
	struct cx_target *t = &targets[n_targets++];

	*t = (struct cx_target){.port = port, .transport = CX_UDP, .shares = 1};
	assert_int_equal(cx_addr_parse(addr, &t->addr, &t->family), 0);
	return t;
}

static void srv(const char *addr, uint16_t priority, uint16_t weight, uint16_t shares)
{
	struct cx_target *t = target(addr, 5060);

	t->by_srv = true;
	t->priority = priority;
	t->weight = weight;
	t->shares = shares;
}

static size_t answer(void *ctx, const struct cx_config_group *group, const struct cx_config_element *e,
		     const struct cx_target **to)
{
	*to = targets;
	return !asked_host || !strcmp(asked_host, e->host) ? n_targets : 0;
}

static struct cx_config *expand(struct cx_config *written, size_t warnings)
{
	const struct cx_config_answers answers = {.targets = answer};
	struct cx_config *config;
	struct cx_diag diag = {0};

	assert_int_equal(cx_config_expand(written, &answers, &diag, &config), 0);
	if (diag.warnings != warnings)
		cx_diag_print(&diag, stderr);
	assert_int_equal(diag.errors, 0);
	assert_int_equal(diag.warnings, warnings);
	cx_diag_clear(&diag);
	return config;
}

/* Of a good file; the answers start anew. */
static struct cx_config *as_written(const char *text)
{
	n_targets = 0;
	asked_host = NULL;
	return load_good(text, "[]", 0);
}

static void what_is_asked(void **state)
{
	struct cx_config *c = as_written(ELEMENTS("{ uri = \"sip:MS1.Example.com.\"; }, { uri = "
						  "\"sip:ms2.example.com:5070\"; }, { name = \"t\"; uri = "
						  "\"sip:ms1.example.com;transport=tcp\"; }, { name = \"u\"; "
						  "uri = \"sip:ms1.example.com:5060;transport=udp\"; }"));
	const struct cx_config_element *e = c->groups[0].elements;
	struct cx_locate_want want;

	assert_string_equal(e[0].name, "ms1.example.com");
	assert_string_equal(e[0].host, "ms1.example.com");
	assert_int_equal(e[0].port, 0);
	assert_int_equal(e[0].family, 0);
	cx_config_want(c, &c->groups[0], &e[0], &want);
	assert_string_equal(want.host, "ms1.example.com");
	assert_int_equal(want.transport, CX_LOCATE_ANY);
	assert_int_equal(want.families[CX_UDP], CX_LOCATE_V4 | CX_LOCATE_V6);
	assert_int_equal(want.families[CX_TCP], CX_LOCATE_V4);
	assert_string_equal(e[1].name, "ms2.example.com:5070");
	cx_config_want(c, &c->groups[0], &e[1], &want);
	assert_int_equal(want.port, 5070);
	cx_config_want(c, &c->groups[0], &e[2], &want);
	assert_int_equal(want.transport, CX_TCP);
	assert_int_equal(want.families[CX_UDP], 0);
	cx_config_want(c, &c->groups[0], &e[3], &want);
	assert_int_equal(want.transport, CX_UDP);
	assert_int_equal(want.families[CX_TCP], 0);
	cx_config_free(c);
}

static void one_server_has_the_name(void **state)
{
	struct cx_config
	    *c = as_written(
		ELEMENTS("{ name = \"ms\"; uri = \"sip:ms.lab\"; weight = 7; q = 0.5; disabled = true; }")),
	    *x;
	const struct cx_config_element *e;

	target("192.0.2.9", 5062)->transport = CX_TCP;
	x = expand(c, 0);
	e = &x->groups[0].elements[0];
	assert_int_equal(x->groups[0].n_elements, 1);
	assert_string_equal(e->name, "ms");
	assert_string_equal(e->written, "ms");
	assert_string_equal(e->uri, "sip:ms.lab");
	assert_int_equal(e->port, 5062);
	assert_int_equal(e->transport, CX_TCP);
	assert_int_equal(e->weight, 7);
	assert_int_equal(e->q, 500);
	assert_true(e->disabled && e->expanded);
	/* what it was made of outlives whoever read it */
	cx_config_free(c);
	assert_string_equal(x->networks[0].name, "core");
	assert_int_equal(x->written->groups[0].elements[0].family, 0);
	cx_config_free(x);
}

static void no_server_leaves_the_name(void **state)
{
	struct cx_config *c = as_written(ELEMENTS("{ name = \"ms\"; uri = \"sip:ms.lab\"; }")),
			 *x = expand(c, 0);
	const struct cx_names none = {0};
	struct cx_diag diag = {0};
	struct cx_tables *t;
	const uint32_t *ids;
	union cx_addr zero = {0};

	assert_int_equal(x->groups[0].n_elements, 1);
	assert_string_equal(x->groups[0].elements[0].name, "ms");
	assert_int_equal(cx_tables_compile(x, &none, &diag, &t), 0);
	assert_int_equal(diag.warnings, 0);
	assert_int_equal(t->elements[0].state, CX_ELEMENT_DOWN);
	/* it is nowhere: no address leads to it */
	assert_int_equal(cx_tables_elements_at(t, &zero, 0, &ids), 0);
	assert_null(cx_tables_source(t, &zero));
	cx_tables_free(t);
	cx_config_free(x);
	cx_config_free(c);
}

static void names_weights_and_order(void **state)
{
	struct cx_config *c = as_written(
			     ELEMENTS("{ name = \"ms\"; uri = \"sip:ms.lab\"; weight = 2; q = 0.8; }")),
			 *x;
	const struct cx_config_element *e;

	srv("192.0.2.10", 10, 30, 1);
	srv("192.0.2.11", 10, 10, 1);
	srv("2001:db8:1234:5678:9abc:def0:1234:5678", 20, 5, 1);
	srv("192.0.2.12", 65535, 0, 1);
	target("192.0.2.13", 5060)->gone = true;
	x = expand(c, 0);
	e = x->groups[0].elements;
	assert_int_equal(x->groups[0].n_elements, 5);
	assert_string_equal(e[0].name, "ms/192.0.2.10:5060");
	assert_string_equal(e[1].name, "ms/192.0.2.11:5060");
	assert_int_equal(strlen(e[2].name), 11); /* too long: a hash */
	assert_int_equal(e[0].q, 800);
	assert_int_equal(e[1].q, 800);
	assert_int_equal(e[2].q, 799);
	assert_int_equal(e[3].q, 798);
	assert_int_equal(e[0].weight, 1000); /* a weight of 0 beside others: all are scaled */
	assert_int_equal(e[1].weight, 333);
	assert_int_equal(e[2].weight, 166);
	assert_int_equal(e[3].weight, 1);
	assert_true(e[4].gone && !e[3].gone);
	assert_string_equal(e[4].name, "ms/192.0.2.13:5060");
	cx_config_free(x);
	/* as they are where they fit; the addresses of one record share its weight */
	n_targets = 0;
	srv("192.0.2.10", 10, 30, 1);
	srv("192.0.2.11", 10, 10, 1);
	x = expand(c, 0);
	assert_int_equal(x->groups[0].elements[0].weight, 60);
	assert_int_equal(x->groups[0].elements[1].weight, 20);
	cx_config_free(x);
	targets[0].shares = 3;
	x = expand(c, 0);
	assert_int_equal(x->groups[0].elements[0].weight, 1000);
	assert_int_equal(x->groups[0].elements[1].weight, 1000);
	cx_config_free(x);
	/* all 0: alike */
	targets[0].weight = targets[1].weight = 0;
	targets[0].shares = 1;
	x = expand(c, 0);
	assert_int_equal(x->groups[0].elements[0].weight, 2);
	assert_int_equal(x->groups[0].elements[1].weight, 2);
	cx_config_free(x);
	/* 65535 times 1000 is no overflow */
	targets[0].weight = 65535;
	targets[1].weight = 1;
	x = expand(c, 0);
	assert_int_equal(x->groups[0].elements[0].weight, 1000);
	assert_int_equal(x->groups[0].elements[1].weight, 1);
	cx_config_free(x);
	cx_config_free(c);
}

/* Four elements, of which two are names. */
static struct cx_config *four_elements(void)
{
	return as_written(
	    ELEMENTS("{ name = \"ms\"; uri = \"sip:ms.lab\"; }, { name = \"x\"; uri = \"sip:x.lab\"; }, "
		     "{ name = \"fix\"; uri = \"sip:192.0.2.20\"; }, { name = \"ms/192.0.2.30:5060\"; "
		     "uri = \"sip:192.0.2.31\"; }"));
}

/* DNS may say what it likes: no configuration becomes invalid. */
static void what_cannot_be_an_element(void **state)
{
	struct cx_config *c = four_elements(), *x;
	const struct cx_config_element *e;

	target("192.0.2.1", 5060); /* the proxy itself */
	target("0.0.0.0", 5060);
	target("224.0.0.1", 5060);
	target("fe80::1", 5060);
	target("192.0.2.20", 5060); /* fix */
	target("192.0.2.9", 0);
	target("192.0.2.30", 5060); /* its name is somebody's */
	target("192.0.2.32", 5060);
	asked_host = "ms.lab";
	x = expand(c, 6);
	e = x->groups[0].elements;
	assert_int_equal(x->groups[0].n_elements, 5);
	assert_string_equal(e[0].name, "fix");
	assert_string_equal(e[1].name, "ms/192.0.2.30:5060");
	assert_int_equal(strncmp(e[2].name, "ms/", 3), 0);
	assert_string_not_equal(e[2].name, "ms/192.0.2.30:5060");
	assert_string_equal(e[3].name, "ms/192.0.2.32:5060");
	assert_string_equal(e[4].name, "x");
	cx_config_free(x);
	cx_config_free(c);
}

static void a_server_of_two_names_is_there_once(void **state)
{
	struct cx_config *c = four_elements(), *x;

	target("192.0.2.40", 5060);
	x = expand(c, 1);
	assert_int_equal(x->groups[0].n_elements, 4);
	assert_int_equal(x->groups[0].elements[3].family, 0);
	cx_config_free(x);
	cx_config_free(c);
}

static void no_more_than_the_maps_hold(void **state)
{
	struct cx_config *c = four_elements(), *x;
	char addr[CX_ADDR_TEXT];

	c->max_elements = 6;
	for (unsigned i = 0; i < 10; i++) {
		snprintf(addr, sizeof(addr), "192.0.2.%u", 50 + i);
		target(addr, 5060);
	}
	asked_host = "ms.lab";
	x = expand(c, 7);
	assert_int_equal(x->groups[0].n_elements, 6);
	cx_config_free(x);
	/* a name of one server needs no more room than an address */
	c->max_elements = 4;
	n_targets = 1;
	x = expand(c, 0);
	assert_int_equal(x->groups[0].n_elements, 4);
	assert_string_equal(x->groups[0].elements[2].name, "ms");
	assert_true(x->groups[0].elements[2].expanded);
	cx_config_free(x);
	/* of those that are gone none takes the name's place */
	targets[0].gone = true;
	x = expand(c, 0);
	assert_int_equal(x->groups[0].n_elements, 4);
	assert_false(x->groups[0].elements[2].expanded);
	cx_config_free(x);
	cx_config_free(c);
}

static struct cx_tables *compile(const struct cx_config *c, const struct cx_tables *old)
{
	struct cx_names names = {0};
	struct cx_diag diag = {0};
	struct cx_tables *t;

	if (old)
		names = (struct cx_names){.groups = old->groups,
					  .n_groups = old->n_groups,
					  .elements = old->elements,
					  .n_elements = old->n_elements};
	assert_int_equal(cx_tables_compile(c, &names, &diag, &t), 0);
	cx_diag_clear(&diag);
	return t;
}

static uint32_t id_at(const struct cx_tables *t, const char *text)
{
	union cx_addr addr;
	const uint32_t *ids;
	uint8_t family;

	assert_int_equal(cx_addr_parse(text, &addr, &family), 0);
	return cx_tables_elements_at(t, &addr, 5060, &ids) == 1 ? ids[0] : CX_NONE;
}

/* A server keeps its id whatever it is called: flows and cookies name ids. */
static void ids_follow_the_server(void **state)
{
	struct cx_config
	    *c = as_written(ELEMENTS(
		"{ name = \"ms\"; uri = \"sip:ms.lab\"; }, { name = \"fix\"; uri = \"sip:192.0.2.20\"; }")),
	    *x;
	struct cx_tables *t[5];
	uint32_t first, second;

	x = expand(c, 0); /* "ms" without an address */
	t[0] = compile(x, NULL);
	cx_config_free(x);
	target("192.0.2.30", 5060); /* is "ms" */
	x = expand(c, 0);
	t[1] = compile(x, t[0]);
	cx_config_free(x);
	first = id_at(t[1], "192.0.2.30");
	assert_int_equal(id_at(t[1], "192.0.2.20"), id_at(t[0], "192.0.2.20"));
	target("192.0.2.31", 5060); /* now it is ms/192.0.2.30:5060 */
	x = expand(c, 0);
	t[2] = compile(x, t[1]);
	cx_config_free(x);
	second = id_at(t[2], "192.0.2.31");
	assert_int_equal(id_at(t[2], "192.0.2.30"), first);
	assert_true(second != first && second != id_at(t[0], "192.0.2.20"));
	/* the second one is "ms" now, the first lingers: neither has the other's */
	targets[0] = targets[1];
	n_targets = 1;
	target("192.0.2.30", 5060)->gone = true;
	x = expand(c, 0);
	t[3] = compile(x, t[2]);
	assert_int_equal(id_at(t[3], "192.0.2.31"), second);
	assert_int_equal(id_at(t[3], "192.0.2.30"), first);
	assert_int_equal(t[3]->elements[first].state, CX_ELEMENT_DRAINING);
	assert_memory_equal(t[3]->elements[second].name, "ms", 3);
	cx_config_free(x);
	/* nor has one that was never there, though it is called as the other was */
	targets[0] = targets[1];
	n_targets = 0;
	target("192.0.2.32", 5060);
	target("192.0.2.30", 5060)->gone = true;
	x = expand(c, 0);
	t[4] = compile(x, t[1]);
	assert_int_equal(id_at(t[4], "192.0.2.30"), first);
	assert_true(id_at(t[4], "192.0.2.32") != first);
	cx_config_free(x);
	for (unsigned i = 0; i < 5; i++)
		cx_tables_free(t[i]);
	cx_config_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(what_is_asked),
	    cmocka_unit_test(one_server_has_the_name),
	    cmocka_unit_test(no_server_leaves_the_name),
	    cmocka_unit_test(names_weights_and_order),
	    cmocka_unit_test(what_cannot_be_an_element),
	    cmocka_unit_test(a_server_of_two_names_is_there_once),
	    cmocka_unit_test(no_more_than_the_maps_hold),
	    cmocka_unit_test(ids_follow_the_server),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
