/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration: what a good file becomes.
 */
#include "config_files.h"

static void test_defaults(void **state)
{
	struct cx_config *config = load_good(BASE, NULL, 0);
	const struct cx_config_network *network = &config->networks[0];
	const struct cx_config_group *group = &config->groups[0];

	assert_string_equal(config->path, main_path);
	assert_int_equal(config->n_files, 1);
	assert_string_equal(config->files[0], main_path);
	assert_int_equal(config->n_networks, 1);
	assert_string_equal(network->name, "core");
	assert_string_equal(network->table, "default");
	assert_int_equal(network->n_listeners, 1);
	assert_int_equal(network->listeners[0].port, 5060);
	assert_int_equal(network->listeners[0].family, CX_IPV4);
	assert_int_equal(network->listeners[0].transport, CX_UDP);
	assert_int_equal(network->listeners[0].at.line, 1);
	assert_int_equal(network->n_sources, 1);
	assert_int_equal(network->sources[0].prefixlen, 120);
	assert_false(network->record_route);
	assert_true(network->trusted);
	assert_false(network->ignore_plus);
	assert_true(network->ignore_separators);
	assert_int_equal(network->dscp, 24);
	assert_int_equal(network->udp_max, 1300);
	assert_int_equal(network->udp_over, CX_UDP_FRAGMENT);
	assert_int_equal(config->workers, 0);
	assert_int_equal(config->drain_s, 10);
	assert_int_equal(config->tcp.connect_ms, 1000);
	assert_int_equal(config->tcp.idle_s, 240);
	assert_int_equal(config->tcp.half_open_ms, 10000);
	assert_int_equal(config->tcp.unacked_ms, 10000);
	assert_int_equal(config->tcp.queue_bytes, 262144);
	assert_int_equal(config->tcp.connections, 65536);
	assert_int_equal(config->tcp.per_source, 1024);
	assert_int_equal(config->n_tables, 1);
	assert_string_equal(config->tables[0], "default");
	assert_int_equal(config->n_groups, 1);
	assert_int_equal(group->network, 0);
	assert_int_equal(group->at.line, 2);
	assert_int_equal(group->retry_after_s, 5);
	assert_false(group->core);
	assert_int_equal(network->t1_ms, 500);
	assert_int_equal(network->t2_ms, 4000);
	assert_int_equal(network->t4_ms, 5000);
	assert_int_equal(network->timer_c_ms, 185000);
	assert_int_equal(network->trying_ms, 200);
	assert_int_equal(group->n_failover_codes, 1);
	assert_int_equal(group->failover_codes[0], 503);
	assert_int_equal(group->try_timeout_ms, 2000);
	assert_int_equal(group->retries[CX_UDP], 2);
	assert_int_equal(group->retries[CX_TCP], 1);
	assert_int_equal(group->pause_max_s, 300);
	assert_int_equal(group->slow_start_s, 10);
	assert_int_equal(group->fork, CX_FORK_OFF);
	assert_false(group->recurse);
	assert_int_equal(group->elements[0].q, 1000);
	assert_true(group->probe.enabled);
	assert_int_equal(group->probe.interval_ms, 1000);
	assert_int_equal(group->probe.down_interval_ms, 1000);
	assert_int_equal(group->probe.timeout_ms, 500);
	assert_int_equal(group->probe.rise, 1);
	assert_int_equal(group->probe.fall, 2);
	assert_int_equal(group->probe.n_down_codes, 0);
	assert_int_equal(group->elements[0].weight, 1);
	assert_int_equal(group->elements[0].port, 5060);
	assert_false(group->elements[0].disabled);
	assert_int_equal(config->n_routes, 1);
	assert_string_equal(config->routes[0].user, "9192");
	assert_int_equal(config->routes[0].line, 3);
	assert_int_equal(config->fastpath, CX_FASTPATH_AUTO);
	assert_int_equal(config->module, CX_MODULE_AUTO);
	assert_int_equal(config->n_interfaces, 0);
	assert_string_equal(config->pin_root, "/sys/fs/bpf/cxsip");
	assert_string_equal(config->runtime_dir, "/run/cxsip");
	assert_string_equal(config->control_group, "");
	assert_int_equal(config->node, 0);
	assert_int_equal(config->max_dns, CX_DNS_MAX);
	assert_int_equal(config->max_groups, CX_GROUPS_MAX);
	assert_int_equal(config->max_elements, CX_ELEMENTS_MAX);
	assert_int_equal(config->max_flows, CX_FLOWS_MAX);
	assert_int_equal(config->key_rotation_s, 86400);
	assert_int_equal(config->log_level, CX_INFO);
	assert_true(config->log_syslog);
	assert_true(config->log_stderr);
	cx_config_free(config);
}

/* One address and port, a listener of each transport; the same server by both. */
static const char over_tcp[] =
    "networks = ( { name = \"n\"; listeners = ( { address = \"192.0.2.1\"; },\n"
    "  { address = \"192.0.2.1\"; transport = \"tcp\"; } ); sources = [ \"192.0.2.0/24\" ];\n"
    "  udp_over = \"tcp\"; udp_max = 1400; } );\n"
    "groups = ( { name = \"g\"; elements = ( { name = \"u\"; uri = \"sip:192.0.2.9\"; },\n"
    "  { name = \"t\"; uri = \"sip:192.0.2.9;transport=TCP\"; } ); } );\n"
    "routes = ( { dn = \"9192\"; group = \"g\"; } );\n"
    "workers = 3; drain_s = 0;\n"
    "tcp = { connect_ms = 10; idle_s = 11; half_open_ms = 120; unacked_ms = 130; queue_bytes = 70000;\n"
    "  connections = 14; per_source = 15; };\n";

static void test_tcp(void **state)
{
	struct cx_config *config = load_good(over_tcp, "[]", 0);
	const struct cx_config_network *n = &config->networks[0];

	assert_int_equal(n->listeners[0].transport, CX_UDP);
	assert_int_equal(n->listeners[1].transport, CX_TCP);
	assert_int_equal(n->udp_over, CX_UDP_BY_TCP);
	assert_int_equal(n->udp_max, 1400);
	assert_int_equal(config->groups[0].elements[0].transport, CX_UDP);
	assert_int_equal(config->groups[0].elements[1].transport, CX_TCP);
	assert_int_equal(config->workers, 3);
	assert_int_equal(config->drain_s, 0);
	assert_int_equal(config->tcp.connect_ms, 10);
	assert_int_equal(config->tcp.idle_s, 11);
	assert_int_equal(config->tcp.half_open_ms, 120);
	assert_int_equal(config->tcp.unacked_ms, 130);
	assert_int_equal(config->tcp.queue_bytes, 70000);
	assert_int_equal(config->tcp.connections, 14);
	assert_int_equal(config->tcp.per_source, 15);
	cx_config_free(config);
}

static void test_dns(void **state)
{
	struct cx_config *c = load_good(BASE, NULL, 0);
	const struct cx_config_dns *dns = &c->dns;

	assert_int_equal(dns->resolver.n_servers, 0);
	assert_string_equal(dns->resolver.resolv_conf, "/etc/resolv.conf");
	assert_string_equal(dns->resolver.hosts_file, "/etc/hosts");
	assert_int_equal(dns->resolver.timeout_ms, 3000);
	assert_int_equal(dns->rules.retry_ms, 1000);
	assert_int_equal(dns->rules.min_ttl_s, 5);
	assert_int_equal(dns->rules.max_ttl_s, 3600);
	assert_int_equal(dns->rules.negative_ttl_s, 60);
	assert_int_equal(dns->rules.stale_s, 86400);
	assert_int_equal(dns->rules.linger_s, 3600);
	cx_config_free(c);
	c = load_good(BASE "dns = { servers = [ \"192.0.2.53\", \"192.0.2.54:5353\", \"[2001:db8::53]:53\", "
			   "\"2001:db8::54\" ];\n"
			   "  resolv_conf = \"/x\"; hosts_file = \"\"; timeout_ms = 100; retry_ms = 101; "
			   "min_ttl_s = 2; max_ttl_s = 3;\n"
			   "  negative_ttl_s = 4; stale_s = 0; linger_s = 6; };\n", NULL, 0);
	dns = &c->dns;
	assert_int_equal(dns->resolver.n_servers, 4);
	assert_int_equal(dns->resolver.servers[0].port, 53);
	assert_int_equal(dns->resolver.servers[1].port, 5353);
	assert_int_equal(dns->resolver.servers[2].port, 53);
	assert_int_equal(dns->resolver.servers[3].addr.b[15], 0x54);
	assert_string_equal(dns->resolver.resolv_conf, "/x");
	assert_string_equal(dns->resolver.hosts_file, "");
	assert_int_equal(dns->resolver.timeout_ms, 100);
	assert_int_equal(dns->rules.retry_ms, 101);
	assert_int_equal(dns->rules.min_ttl_s, 2);
	assert_int_equal(dns->rules.max_ttl_s, 3);
	assert_int_equal(dns->rules.negative_ttl_s, 4);
	assert_int_equal(dns->rules.stale_s, 0);
	assert_int_equal(dns->rules.linger_s, 6);
	cx_config_free(c);
}

static const char full[] =
    "routes = ( { prefix = \"+44-20\"; group = \"b\"; mode = \"core\"; table = \"other\"; } );\n"
    "groups = ( { name = \"a\"; network = \"n1\"; mode = \"fast\";\n"
    "  elements = ( { uri = \"SIP:192.0.2.9:5070;Transport=UDP\"; weight = 1000; disabled = true; } ); },\n"
    "  { name = \"b\"; network = \"n2\"; mode = \"core\"; retry_after = 0;\n"
    "  failover_codes = [ 500, 503, 504 ]; try_timeout_ms = 700; element_retries = { udp = 0; tcp = 3; };\n"
    "  pause_max_s = 60; slow_start_s = 0; fork = \"parallel\"; recurse = true;\n"
    "  probe = { enabled = false; interval_ms = 2000; down_interval_ms = 5000; timeout_ms = 250;\n"
    "    rise = 3; fall = 4; down_codes = [ 503, 480 ]; };\n"
    "  elements = ( { uri = \"sip:[2001:db8::9]\"; q = 0; } ); } );\n"
    "networks = ( { name = \"n1\"; listeners = ( { address = \"192.0.2.1\"; port = 5080; transport = "
    "\"udp\"; } );\n"
    "  sources = [ \"any\" ]; trusted = false; aliases = [ \"SIP.Example.com\" ]; dscp = 46; "
    "ignore_separators = false;\n"
    "  t1_ms = 100; t2_ms = 1000; t4_ms = 2000; timer_c_ms = 200000; trying_ms = 0; },\n"
    "  { name = \"n2\"; listeners = ( { address = \"2001:db8::1\"; } ); sources = [ \"2001:db8::/32\" ];\n"
    "  table = \"other\"; record_route = true; ignore_plus = true; dscp = \"af31\"; } );\n"
    "fastpath = \"generic\"; module = \"path\"; fastpath_interfaces = [ \"eth0\", \"eth1\" ]; pin_root = \"/sys/fs/bpf/x\";\n"
    "runtime_dir = \"/run/x\"; control_group = \"voice\"; node = 255; key_rotation_s = 0;\n"
    "limits = { dns = 10; groups = 11; elements = 12; flows = 2048; };\n"
    "log = { level = \"debug\"; syslog = false; stderr = false; };\n";

static void test_full(void **state)
{
	struct cx_config *config = load_good(full, "[]", 0);
	const struct cx_config_network *n1 = &config->networks[0], *n2 = &config->networks[1];
	const struct cx_config_group *a = &config->groups[0], *b = &config->groups[1];

	assert_int_equal(n1->n_sources, 2);
	assert_int_equal(n1->sources[0].prefixlen, 96);
	assert_int_equal(n1->sources[1].prefixlen, 0);
	assert_int_equal(n1->sources[1].family, CX_IPV6);
	assert_string_equal(n1->aliases[0], "sip.example.com");
	assert_int_equal(n1->dscp, 46);
	assert_false(n1->trusted);
	assert_false(n1->ignore_separators);
	assert_int_equal(n1->listeners[0].port, 5080);
	assert_int_equal(n2->dscp, 26);
	assert_true(n2->record_route);
	assert_int_equal(n2->listeners[0].family, CX_IPV6);
	assert_int_equal(config->n_tables, 2);
	assert_string_equal(config->tables[1], "other");
	assert_false(a->core);
	assert_true(b->core);
	assert_int_equal(a->network, 0);
	assert_int_equal(b->network, 1);
	assert_int_equal(b->retry_after_s, 0);
	assert_int_equal(n1->t1_ms, 100);
	assert_int_equal(n1->t2_ms, 1000);
	assert_int_equal(n1->t4_ms, 2000);
	assert_int_equal(n1->timer_c_ms, 200000);
	assert_int_equal(n1->trying_ms, 0);
	assert_int_equal(b->n_failover_codes, 3);
	assert_int_equal(b->failover_codes[2], 504);
	assert_int_equal(b->try_timeout_ms, 700);
	assert_int_equal(b->retries[CX_UDP], 0);
	assert_int_equal(b->retries[CX_TCP], 3);
	assert_int_equal(b->retries[CX_TLS], 1);
	assert_int_equal(b->pause_max_s, 60);
	assert_int_equal(b->slow_start_s, 0);
	assert_int_equal(b->fork, CX_FORK_PARALLEL);
	assert_true(b->recurse);
	assert_int_equal(b->elements[0].q, 0);
	assert_string_equal(a->elements[0].name, "192.0.2.9:5070");
	assert_string_equal(a->elements[0].uri, "SIP:192.0.2.9:5070;Transport=UDP");
	assert_int_equal(a->elements[0].weight, 1000);
	assert_true(a->elements[0].disabled);
	assert_string_equal(b->elements[0].name, "[2001:db8::9]:5060");
	assert_false(b->probe.enabled);
	assert_int_equal(b->probe.interval_ms, 2000);
	assert_int_equal(b->probe.down_interval_ms, 5000);
	assert_int_equal(b->probe.timeout_ms, 250);
	assert_int_equal(b->probe.rise, 3);
	assert_int_equal(b->probe.fall, 4);
	assert_int_equal(b->probe.n_down_codes, 2);
	assert_int_equal(b->probe.down_codes[1], 480);
	assert_string_equal(config->routes[0].user, "4420");
	assert_true(config->routes[0].prefix);
	assert_true(config->routes[0].core);
	assert_int_equal(config->routes[0].table, 1);
	assert_int_equal(config->routes[0].group, 1);
	assert_int_equal(config->fastpath, CX_FASTPATH_GENERIC);
	assert_int_equal(config->module, CX_MODULE_PATH);
	assert_int_equal(config->n_interfaces, 2);
	assert_string_equal(config->interfaces[1], "eth1");
	assert_string_equal(config->pin_root, "/sys/fs/bpf/x");
	assert_string_equal(config->runtime_dir, "/run/x");
	assert_string_equal(config->control_group, "voice");
	assert_int_equal(config->node, 255);
	assert_int_equal(config->max_dns, 10);
	assert_int_equal(config->max_groups, 11);
	assert_int_equal(config->max_elements, 12);
	assert_int_equal(config->max_flows, 2048);
	assert_int_equal(config->key_rotation_s, 0);
	assert_int_equal(config->log_level, CX_DEBUG);
	assert_false(config->log_syslog);
	assert_false(config->log_stderr);
	cx_config_free(config);
}

/* Sorted by table, kind and user, each with its place; files in byte order. */
static void test_routes(void **state)
{
	static const struct {
		const char *user;
		bool prefix, core;
		uint32_t file, line;
	} expected[] = {
	    {"*100", false, false, 1, 4}, {"+44", false, false, 1, 2},	 {"1000", false, true, 1, 5},
	    {"9192", false, false, 0, 3}, {"alice", false, false, 1, 8}, {"1", true, false, 1, 3},
	    {"44", true, false, 2, 1},
	};
	static const char json[] =
	    "[\n{\"dn\":\"+44\",\"group\":\"media\"},\n"
	    "{\"prefix\":\"1\",\"group\":\"media\"},\n"
	    "{\"dn\":\"*100\",\n\"group\":\"media\"}"
	    ", {\"dn\":\"(10)0-0\",\"group\":\"media\",\"table\":\"default\",\"mode\":\"core\"},\n\n"
	    "\t  \n{ \"group\" : \"media\" , \"dn\" : \"al.ice\" , \"mode\":\"auto\" }\r\n]\n\n";
	char second[64], hidden[64];
	struct cx_config *config;

	snprintf(second, sizeof(second), "%s/routes.d/b.json", dir);
	snprintf(hidden, sizeof(hidden), "%s/routes.d/.c.json", dir);
	write_file(second, "[{\"prefix\":\"44\",\"group\":\"media\"}]");
	write_file(hidden, "not for us");
	config = load_good(BASE, json, 0);
	assert_int_equal(config->n_files, 3);
	assert_string_equal(config->files[1], json_path);
	assert_string_equal(config->files[2], second);
	assert_int_equal(config->n_routes, sizeof(expected) / sizeof(expected[0]));
	for (size_t i = 0; i < config->n_routes; i++) {
		const struct cx_config_route *r = &config->routes[i];

		assert_string_equal(r->user, expected[i].user);
		assert_int_equal(r->len, strlen(expected[i].user));
		assert_int_equal(r->prefix, expected[i].prefix);
		assert_int_equal(r->core, expected[i].core);
		assert_int_equal(r->file, expected[i].file);
		assert_int_equal(r->line, expected[i].line);
	}
	cx_config_free(config);
	unlink(second);
	unlink(hidden);
}

/* Numbers that look odd, but are some. */
static void test_no_patterns(void **state)
{
	cx_config_free(load_good(ROUTE_WITH("{ dn = \"*97\"; group = \"media\"; }, { dn = \"21*\"; group = \"media\"; },"
					    "{ dn = \"020-7946.0123\"; group = \"media\"; },"
					    "{ dn = \"alexX\"; group = \"media\"; }, { dn = \"9x9\"; group = \"media\"; }"),
				 NULL, 0));
}

static void test_byte_order_marks(void **state)
{
	struct cx_config *config =
	    load_good("\xef\xbb\xbf" BASE, "\xef\xbb\xbf[ {\"dn\":\"1\",\"group\":\"media\"} ]\r\n", 0);

	assert_int_equal(config->n_routes, 2);
	cx_config_free(config);
}

/* Whatever the file is cut to, the answer is an answer. */
static void test_truncated(void **state)
{
	static char text[sizeof(full)];
	struct cx_config *config;
	struct cx_diag diag;

	for (size_t n = 0; n < sizeof(full) - 1; n++) {
		memcpy(text, full, n);
		text[n] = '\0';
		if (load(text, NULL, &diag, &config) == 0)
			cx_config_free(config);
		else
			assert_true(diag.errors > 0);
		cx_diag_clear(&diag);
	}
}
int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),	 cmocka_unit_test(test_tcp),	    cmocka_unit_test(test_dns),
	    cmocka_unit_test(test_full),	 cmocka_unit_test(test_routes),	    cmocka_unit_test(test_no_patterns),
	    cmocka_unit_test(test_byte_order_marks), cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
