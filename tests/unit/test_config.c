/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration: what a good file becomes, and for each kind of mistake
 * that it is refused at its own file and line, once, with advice. Every case
 * is written to files in a directory of its own, as an operator's would be.
 */
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config/config.h"
#include "observe/log.h"

#define NETWORKS                                                                                             \
	"networks = ( { name = \"core\"; listeners = ( { address = \"192.0.2.1\"; } ); sources = [ "         \
	"\"192.0.2.0/24\" ]; } );\n"
#define GROUPS                                                                                               \
	"groups = ( { name = \"media\"; elements = ( { name = \"ms1\"; uri = \"sip:192.0.2.9\"; } ); } );\n"
#define ROUTES "routes = ( { dn = \"9192\"; group = \"media\"; } );\n"
#define BASE NETWORKS GROUPS ROUTES /* three lines: the next one is the fourth */

/* A file with one network, group, element, route, which has one more setting. */
#define NETWORK_WITH(more)                                                                                   \
	"networks = (\n{ name = \"core\";\nlisteners = ( { address = \"192.0.2.1\"; } );\n"                  \
	"sources = [ \"192.0.2.0/24\" ];\n" more "\n} );\n" GROUPS ROUTES /* more: line 5 */
#define LISTENERS(list)                                                                                      \
	"networks = ( { name = \"core\"; sources = [ \"192.0.2.0/24\" ];\nlisteners = (\n" list              \
	"\n); } );\n" GROUPS ROUTES /* list: line 3 */
#define SOURCES(list)                                                                                        \
	"networks = ( { name = \"core\"; trusted = false; listeners = ( { address = \"192.0.2.1\"; } );\n"   \
	"sources = [\n\"192.0.2.0/24\",\n" list "\n]; } );\n" GROUPS ROUTES /* list: line 4 */
#define GROUP_WITH(more)                                                                                     \
	NETWORKS "groups = (\n{ name = \"media\";\n" more "\n} );\n" ROUTES /* more: line 4 */
#define ELEMENT_WITH(more) GROUP_WITH("elements = ( { " more " } );")
#define ROUTE_WITH(more) NETWORKS GROUPS "routes = (\n" more "\n);\n" /* more: line 4 */

static char dir[] = "/tmp/cxsip-config.XXXXXX";
static char main_path[64], json_path[64];

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

static int load(const char *text, const char *json, struct cx_diag *diag, struct cx_config **config)
{
	write_file(main_path, text);
	if (json)
		write_file(json_path, json);
	else
		unlink(json_path);
	memset(diag, 0, sizeof(*diag));
	return cx_config_load(main_path, diag, config);
}

static int setup(void **state)
{
	char routes_d[64];

	if (!mkdtemp(dir))
		return -1;
	snprintf(routes_d, sizeof(routes_d), "%s/routes.d", dir);
	snprintf(main_path, sizeof(main_path), "%s/cxsip.cfg", dir);
	snprintf(json_path, sizeof(json_path), "%s/routes.d/a.json", dir);
	return mkdir(routes_d, 0700);
}

static int teardown(void **state)
{
	char routes_d[64];

	snprintf(routes_d, sizeof(routes_d), "%s/routes.d", dir);
	unlink(json_path);
	unlink(main_path);
	rmdir(routes_d);
	return rmdir(dir);
}

/* ---- good files ---------------------------------------------------------------- */

static struct cx_config *load_good(const char *text, const char *json, size_t warnings)
{
	struct cx_config *config;
	struct cx_diag diag;
	int err = load(text, json, &diag, &config);

	if (err || diag.errors || diag.warnings != warnings) {
		cx_diag_print(&diag, stderr);
		fail_msg("err %d, %zu errors, %zu warnings in:\n%s", err, diag.errors, diag.warnings, text);
	}
	cx_diag_clear(&diag);
	return config;
}

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
	assert_int_equal(config->n_tables, 1);
	assert_string_equal(config->tables[0], "default");
	assert_int_equal(config->n_groups, 1);
	assert_int_equal(group->network, 0);
	assert_int_equal(group->at.line, 2);
	assert_int_equal(group->retry_after_s, 5);
	assert_false(group->core);
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

static const char full[] =
    "routes = ( { prefix = \"+44-20\"; group = \"b\"; mode = \"core\"; table = \"other\"; } );\n"
    "groups = ( { name = \"a\"; network = \"n1\"; mode = \"fast\";\n"
    "  elements = ( { uri = \"SIP:192.0.2.9:5070;Transport=UDP\"; weight = 1000; disabled = true; } ); },\n"
    "  { name = \"b\"; network = \"n2\"; mode = \"core\"; retry_after = 0;\n"
    "  probe = { enabled = false; interval_ms = 2000; down_interval_ms = 5000; timeout_ms = 250;\n"
    "    rise = 3; fall = 4; down_codes = [ 503, 480 ]; };\n"
    "  elements = ( { uri = \"sip:[2001:db8::9]\"; } ); } );\n"
    "networks = ( { name = \"n1\"; listeners = ( { address = \"192.0.2.1\"; port = 5080; transport = "
    "\"udp\"; } );\n"
    "  sources = [ \"any\" ]; trusted = false; aliases = [ \"SIP.Example.com\" ]; dscp = 46; "
    "ignore_separators = false; },\n"
    "  { name = \"n2\"; listeners = ( { address = \"2001:db8::1\"; } ); sources = [ \"2001:db8::/32\" ];\n"
    "  table = \"other\"; record_route = true; ignore_plus = true; dscp = \"af31\"; } );\n"
    "fastpath = \"generic\"; fastpath_interfaces = [ \"eth0\", \"eth1\" ]; pin_root = \"/sys/fs/bpf/x\";\n"
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

/* ---- bad files -------------------------------------------------------------------- */

struct bad_case {
	const char *text, *json;
	unsigned line;		  /* in the JSON file if there is one */
	const char *error, *hint; /* parts of them; hint NULL: any */
};

static void check_bad(const struct bad_case *c)
{
	const char *file = c->json ? json_path : main_path;
	struct cx_config *config = (struct cx_config *)1;
	struct cx_diag diag;
	int err = load(c->text, c->json, &diag, &config);
	const struct cx_diag_entry *e = NULL;

	for (size_t i = 0; i < diag.count && !e; i++)
		e = diag.entries[i].warning ? NULL : &diag.entries[i];
	if (err != -EINVAL || config || diag.errors != 1 || strcmp(e->file, file) != 0 ||
	    e->line != c->line || !strstr(e->text, c->error) ||
	    (c->hint && (!e->hint || !strstr(e->hint, c->hint)))) {
		cx_diag_print(&diag, stderr);
		fail_msg("err %d, %zu errors; expected %s:%u: %s / %s in:\n%s%s", err, diag.errors, file,
			 c->line, c->error, c->hint ? c->hint : "", c->text, c->json ? c->json : "");
	}
	cx_diag_clear(&diag);
}

#define CHECK_ALL(cases)                                                                                     \
	for (size_t i_ = 0; i_ < sizeof(cases) / sizeof(cases[0]); i_++)                                     \
	check_bad(&cases[i_])

static void test_bad_text(void **state)
{
	static const struct bad_case cases[] = {
	    {BASE "node = 1\nlog = { };;\n;", NULL, 5, "syntax error", "missing ;"},
	    {BASE "node = 1;\nnode = 2;\n", NULL, 5, "duplicate setting name", NULL},
	    {BASE "pin_root = \"/x;\nnode = 1;\n", NULL, 4, "this text has no end", "closing"},
	    {BASE "\n/* so be it\nnode = 1;\n", NULL, 5, "this comment has no end", "*/"},
	    {BASE "@include \"/tmp\"\n", NULL, 4, "@include is not supported", "routes_dir"},
	    {BASE "node = 4294967297;\n", NULL, 4, "this number is too big", "2147483647"},
	    {BASE "node = 0x100000000;\n", NULL, 4, "this number is too big", NULL},
	    {BASE "node = -4294967295;\n", NULL, 4, "this number is too big", NULL},
	    {BASE "node = 4294967297L;\n", NULL, 4, "\"node\" must be from 0 to 255, not 4294967297", NULL},
	    {BASE "nodes = 1;\n", NULL, 4, "unknown setting \"nodes\" in the file", "did you mean \"node\"?"},
	    {BASE "frobnicate = 1;\n", NULL, 4, "unknown setting", "known here: networks, groups"},
	    {BASE "node = \"1\";\n", NULL, 4, "\"node\" must be a whole number, not a text",
	     "without quotes"},
	    {BASE "node = 1.5;\n", NULL, 4, "must be a whole number, not a number with a fraction", NULL},
	    {BASE "node = 256;\n", NULL, 4, "\"node\" must be from 0 to 255, not 256", NULL},
	    {BASE "node = -1;\n", NULL, 4, "not -1", NULL},
	    {BASE "fastpath = \"of\";\n", NULL, 4, "\"fastpath\" must be one of \"auto\", \"native\"",
	     "\"off\""},
	    {BASE "fastpath = off;\n", NULL, 4, "syntax error", NULL},
	    {BASE "pin_root = \"x\";\n", NULL, 4, "must be an absolute path", "/"},
	    {BASE "runtime_dir = "
		  "\"/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaa\";\n",
	     NULL, 4, "\"runtime_dir\" is too long: at most 90", "control socket"},
	    {BASE "control_group = \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\";\n", NULL, 4, "too long: 33", NULL},
	    {BASE "fastpath_interfaces = [\n\"eth0\",\n\"a/b\"\n];\n", NULL, 6,
	     "cannot be the name of an interface", NULL},
	    {BASE "fastpath_interfaces = \"eth0\";\n", NULL, 4, "must be a list", "square brackets"},
	    {BASE "limits = {\ndns = 0; };\n", NULL, 5, "\"dns\" must be from 1", NULL},
	    {BASE "limits = { dn = 5; };\n", NULL, 4, "unknown setting \"dn\" in limits", "\"dns\""},
	    {BASE "limits = { dsn = 5; };\n", NULL, 4, "unknown setting \"dsn\" in limits",
	     "did you mean \"dns\"?"},
	    {BASE "log = {\nlevel = \"inf\"; };\n", NULL, 5, "must be one of", "\"info\""},
	    {BASE "log = { syslog = 1; };\n", NULL, 4, "\"syslog\" must be true or false", NULL},
	    {BASE "log = \"info\";\n", NULL, 4, "\"log\" must be a group", NULL},
	    {BASE "routes_dir = \"nowhere\";\n", NULL, 4, "cannot read the route directory", "*.json"},
	    {BASE "routes_dir = \"\\x01\";\n", NULL, 4, "control character", NULL},
	};

	CHECK_ALL(cases);
}

static void test_bad_networks(void **state)
{
	static const struct bad_case cases[] = {
	    {GROUPS, NULL, 0, "the file needs \"networks\"", NULL},
	    {GROUPS "networks = ();\n", NULL, 2, "there are no networks", NULL},
	    {GROUPS "networks = { };\n", NULL, 2, "\"networks\" must be a list", "round brackets"},
	    {"networks = ( { name = \"n\";\nlisteners = (); sources = [ ]; } );", NULL, 2, "has no listeners",
	     "add one"},
	    {"networks = (\n{ name = \"n\"; sources = [ ]; } );", NULL, 2, "a network needs \"listeners\"",
	     NULL},
	    {NETWORK_WITH("record_rout = true;"), NULL, 5, "unknown setting", "\"record_route\""},
	    {NETWORK_WITH("record_route = \"yes\";"), NULL, 5, "must be true or false", NULL},
	    {NETWORK_WITH("dscp = 64;"), NULL, 5, "\"dscp\" must be from 0 to 63", NULL},
	    {NETWORK_WITH("dscp = \"cs9\";"), NULL, 5, "\"dscp\" must be one of", "did you mean \"cs"},
	    {NETWORK_WITH("aliases = [\n\"a.example.com\",\n\"sip:b\"\n];"), NULL, 7, "is not a host name",
	     NULL},
	    {NETWORK_WITH("table = \"a b\";"), NULL, 5, "not allowed: \"a b\"", NULL},
	    {NETWORK_WITH("table = \"a-name-that-goes-on-and-on-and-on\";"), NULL, 5, "too long", NULL},
	    {"networks = ( { name = \"\"; listeners = ( { address = \"192.0.2.1\"; } );\nsources = [ ]; } );",
	     NULL, 1, "is empty", NULL},
	    {LISTENERS("{ address = \"0.0.0.0\"; }"), NULL, 3, "it is a wildcard", "name the address"},
	    {LISTENERS("{ address = \"::\"; }"), NULL, 3, "it is a wildcard", "name the address"},
	    {LISTENERS("{ address = \"224.0.0.1\"; }"), NULL, 3, "multicast", NULL},
	    {LISTENERS("{ address = \"fe80::1\"; }"), NULL, 3, "link-local", NULL},
	    {LISTENERS("{ address = \"192.0.2.1:5060\"; }"), NULL, 3, "is not an address", "port"},
	    {LISTENERS("{ address = \"localhost\"; }"), NULL, 3, "is not an address", NULL},
	    {LISTENERS("{ port = 5060; }"), NULL, 3, "a listener needs \"address\"", NULL},
	    {LISTENERS("{ address = \"192.0.2.1\";\nport = 0; }"), NULL, 4,
	     "\"port\" must be from 1 to 65535", NULL},
	    {LISTENERS("{ address = \"192.0.2.1\";\nport = 65536; }"), NULL, 4, "not 65536", NULL},
	    {LISTENERS("{ address = \"192.0.2.1\";\nprot = 5060; }"), NULL, 4, "in a listener",
	     "did you mean \"port\"?"},
	    {LISTENERS("{ address = \"192.0.2.1\";\ntransport = \"tcp\"; }"), NULL, 4,
	     "not supported yet: only udp", NULL},
	    {LISTENERS("{ address = \"192.0.2.1\";\ntransport = \"dccp\"; }"), NULL, 4, "unknown transport",
	     NULL},
	    {LISTENERS("\"192.0.2.1\""), NULL, 3, "each of \"listeners\" must be a group", NULL},
	    {LISTENERS("{ address = \"192.0.2.1\"; },\n{ address = \"192.0.2.1\"; port = 5060; }"), NULL, 4,
	     "listener 192.0.2.1:5060 of network \"core\" overlaps with that of network \"core\" on line 3",
	     NULL},
	    {SOURCES("\"198.51.100.1/24\""), NULL, 4, "has host bits set", "198.51.100.0/24"},
	    {SOURCES("\"2001:db8:0:1::/48\""), NULL, 4, "has host bits set", "2001:db8::/48"},
	    {SOURCES("\"everyone\""), NULL, 4, "is not a CIDR", "any"},
	    {SOURCES("\"10.0.0.0/33\""), NULL, 4, "is not a CIDR", NULL},
	    {"networks = ( { name = \"a\"; listeners = ( { address = \"192.0.2.1\"; } ); sources = [ "
	     "\"10.0.0.0/8\" ]; },\n"
	     "{ name = \"b\"; listeners = ( { address = \"192.0.2.1\"; } ); sources = [ \"10.0.0.0/8\" ]; } "
	     ");\n",
	     NULL, 2, "of network \"b\" overlaps with that of network \"a\" on line 1", NULL},
	    {"networks = ( { name = \"a\"; listeners = ( { address = \"192.0.2.1\"; } ); sources = [ "
	     "\"10.0.0.0/8\" ]; },\n"
	     "{ name = \"a\"; listeners = ( { address = \"192.0.2.2\"; } ); sources = [ \"10.0.0.0/8\" ]; } "
	     ");\n",
	     NULL, 2, "duplicate network \"a\": the first is on line 1", NULL},
	    {"networks = ( { name = \"a\"; listeners = ( { address = \"192.0.2.1\"; } ); sources = [ "
	     "\"10.0.0.0/8\" ]; },\n"
	     "{ name = \"b\"; listeners = ( { address = \"192.0.2.2\"; } ); sources = [ \"10.0.0.0/8\" ]; "
	     "ignore_plus = true; } );\n",
	     NULL, 2, "share the table \"default\" but differ in ignore_plus", "its own table"},
	};

	CHECK_ALL(cases);
}

static void test_bad_groups(void **state)
{
	static const struct bad_case cases[] = {
	    {GROUP_WITH("elemnts = ();"), NULL, 4, "unknown setting \"elemnts\" in a group", "\"elements\""},
	    {GROUP_WITH("network = \"cor\";"), NULL, 4, "unknown network \"cor\"", "did you mean \"core\"?"},
	    {GROUP_WITH("network = \"trunks\";"), NULL, 4, "unknown network \"trunks\"", NULL},
	    {GROUP_WITH("mode = \"slow\";"), NULL, 4, "must be one of \"auto\", \"fast\", \"core\"", NULL},
	    {GROUP_WITH("retry_after = 86401;"), NULL, 4, "must be from 0 to 86400", NULL},
	    {GROUP_WITH("probe = {\nintervall_ms = 5; };"), NULL, 5, "in a probe", "\"interval_ms\""},
	    {GROUP_WITH("probe = {\nrise = 0; };"), NULL, 5, "\"rise\" must be from 1", NULL},
	    {GROUP_WITH("probe = { down_codes =\n[ 503, 700 ]; };"), NULL, 5, "from 100 to 699, not 700",
	     NULL},
	    {GROUP_WITH("probe = { down_codes = [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]; };"), NULL, 4,
	     "too many down_codes: 17", NULL},
	    {ELEMENT_WITH("name = \"x\";"), NULL, 4, "an element needs \"uri\"", NULL},
	    {ELEMENT_WITH("uri = 5;"), NULL, 4, "\"uri\" must be a text", "quotes"},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9\";\nweight = 0;"), NULL, 5,
	     "\"weight\" must be from 1 to 1000", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9\";\nwieght = 1;"), NULL, 5, "unknown setting", "\"weight\""},
	    {ELEMENT_WITH("uri = \"192.0.2.9\";"), NULL, 4, "does not begin with sip:", "sip:ADDRESS:PORT"},
	    {ELEMENT_WITH("uri = \"\";"), NULL, 4, "does not begin with sip:", NULL},
	    {ELEMENT_WITH("uri = \"tel:9192\";"), NULL, 4, "does not begin with sip:", NULL},
	    {ELEMENT_WITH("uri = \"sips:192.0.2.9\";"), NULL, 4, "sips is not supported yet", NULL},
	    {ELEMENT_WITH("uri = \"sip:\";"), NULL, 4, "there is no host", NULL},
	    {ELEMENT_WITH("uri = \"sip::5060\";"), NULL, 4, "there is no host", NULL},
	    {ELEMENT_WITH("uri = \"sip:ms1.example.com\";"), NULL, 4,
	     "host names are not supported yet: give an address", NULL},
	    {ELEMENT_WITH("uri = \"sip:a@192.0.2.9\";"), NULL, 4, "no user part", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9?a=b\";"), NULL, 4, "no headers", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9:\";"), NULL, 4, "the port is not a number", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9:0\";"), NULL, 4, "the port is not a number", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9:65536\";"), NULL, 4, "the port is not a number", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9:4294972356\";"), NULL, 4, "the port is not a number", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9:50x\";"), NULL, 4, "the port is not a number", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.999\";"), NULL, 4, "the host is not an address", NULL},
	    {ELEMENT_WITH("uri = \"sip:2001:db8::9\";"), NULL, 4, "needs square brackets", NULL},
	    {ELEMENT_WITH("uri = \"sip:[2001:db8::9\";"), NULL, 4, "needs square brackets", NULL},
	    {ELEMENT_WITH("uri = \"sip:[2001:db8::9]x:5\";"), NULL, 4, "the host is not an address", NULL},
	    {ELEMENT_WITH("uri = \"sip:0.0.0.0\";"), NULL, 4, "is a wildcard", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9;transport=tcp\";"), NULL, 4, "not supported yet: only udp",
	     NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9;transport=\";"), NULL, 4, "unknown transport", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9;transport=udp;transport=udp\";"), NULL, 4, "given twice",
	     NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9;lr\";"), NULL, 4, "only the parameter transport=udp", NULL},
	    {ELEMENT_WITH("name = \"x\"; uri = \"sip:[2001:db8::9]\";"), NULL, 4,
	     "has an IPv6 address, but network \"core\" has no IPv6 listener", "add a listener"},
	    {ELEMENT_WITH("name = \"me\"; uri = \"sip:192.0.2.1\";"), NULL, 4,
	     "element \"me\" is the proxy itself: its URI is the listener on line 1", NULL},
	    {ELEMENT_WITH(
		 "name = \"a\"; uri = \"sip:192.0.2.8\"; },\n{ name = \"a\"; uri = \"sip:192.0.2.9\";"),
	     NULL, 5, "duplicate element \"a\": the first is on line 4", NULL},
	    {ELEMENT_WITH(
		 "name = \"a\"; uri = \"sip:192.0.2.8\"; },\n{ name = \"b\"; uri = \"sip:192.0.2.8:5060\";"),
	     NULL, 5, "element \"b\" has the address of \"a\" on line 4", "weight"},
	    {ELEMENT_WITH("name = \"a b\"; uri = \"sip:192.0.2.8\";"), NULL, 4, "not allowed", NULL},
	    {NETWORKS "groups = ( { name = \"media\"; },\n{ name = \"media\"; } );\n" ROUTES, NULL, 3,
	     "duplicate group \"media\": the first is on line 2", NULL},
	    {NETWORKS
	     "groups = ( { name = \"media\"; elements = ( { name = \"a\"; uri = \"sip:192.0.2.8\"; } ); },\n"
	     "{ name = \"b\";\nelements = (\n{ name = \"a\"; uri = \"sip:192.0.2.7\"; } ); } );\n",
	     NULL, 5, "duplicate element \"a\": the first is on line 2", NULL},
	    {"networks = ( { name = \"a\"; listeners = ( { address = \"192.0.2.1\"; } ); sources = [ "
	     "\"192.0.2.0/24\" ]; },\n"
	     "{ name = \"b\"; listeners = ( { address = \"192.0.2.2\"; } ); sources = [ \"10.0.0.0/8\" ]; } "
	     ");\n" GROUPS,
	     NULL, 3, "group \"media\" needs a network", "network = "},
	};

	CHECK_ALL(cases);
}

static void test_bad_routes(void **state)
{
	static const struct bad_case cases[] = {
	    {ROUTE_WITH("{ dn = \"1\"; group = \"medai\"; }"), NULL, 4, "unknown group \"medai\"",
	     "did you mean \"media\"?"},
	    {ROUTE_WITH("{ dn = \"1\"; group = \"zzzzzz\"; }"), NULL, 4, "unknown group", "add it to groups"},
	    {ROUTE_WITH("{ dn = \"1\"; }"), NULL, 4, "a route needs \"group\"", NULL},
	    {ROUTE_WITH("{ group = \"media\"; }"), NULL, 4, "a route needs \"dn\" or \"prefix\"", NULL},
	    {ROUTE_WITH("{ dn = \"1\"; prefix = \"1\"; group = \"media\"; }"), NULL, 4, "not both", NULL},
	    {ROUTE_WITH("{ dn = 9192; group = \"media\"; }"), NULL, 4, "\"dn\" must be a text", "quotes"},
	    {ROUTE_WITH("{ dn = \"1\"; group = \"media\"; table = \"defualt\"; }"), NULL, 4, "unknown table",
	     "\"default\""},
	    {ROUTE_WITH("{ dn = \"1\"; group = \"media\"; table = \"vip\"; }"), NULL, 4, "unknown table",
	     "a network names it"},
	    {ROUTE_WITH("{ dn = \"1\"; group = \"media\"; mode = \"fast\"; }"), NULL, 4, "unknown mode",
	     "core"},
	    {ROUTE_WITH("{ dn = \"1\"; group = \"media\"; mod = \"core\"; }"), NULL, 4, "in a route",
	     "\"mode\""},
	    {ROUTE_WITH("{ dn = \"\"; group = \"media\"; }"), NULL, 4, "nothing is left of the \"dn\"", NULL},
	    {ROUTE_WITH("{ prefix = \"-.()\"; group = \"media\"; }"), NULL, 4,
	     "nothing is left of the \"prefix\"", NULL},
	    {ROUTE_WITH("{ dn = \"%31\"; group = \"media\"; }"), NULL, 4, "not allowed: '%'",
	     "the character itself"},
	    {ROUTE_WITH("{ dn = \"1;x\"; group = \"media\"; }"), NULL, 4, "not allowed: ';'",
	     "user part alone"},
	    {ROUTE_WITH("{ dn = \"sip:1@a\"; group = \"media\"; }"), NULL, 4, "not allowed: ':'",
	     "user part alone"},
	    {ROUTE_WITH("{ dn = \"1 2\"; group = \"media\"; }"), NULL, 4, "not allowed: ' '", "blanks"},
	    {ROUTE_WITH("{ dn = \"123456789012345678901234567890\"; group = \"media\"; }"), NULL, 4,
	     "too long: 30", NULL},
	    {ROUTE_WITH("{ dn = \"12\"; group = \"media\"; },\n{ dn = \"1-2\"; group = \"media\"; }"), NULL,
	     5, "duplicate dn \"12\" in table \"default\": the first is at ", "remove one"},
	};

	CHECK_ALL(cases);
}

static void test_bad_json(void **state)
{
	static const struct bad_case cases[] = {
	    {BASE, "", 1, "the file is empty", "a route file is an array"},
	    {BASE, "\n{}", 2, "this is no array", NULL},
	    {BASE, "[\n\n{\"dn\":\"1\",\"group\":\"media\"}\n", 4, "the array has no end", NULL},
	    {BASE, "[\n{\"dn\":\"1\",\"group\":\"media\"}\n{\"dn\":\"2\",\"group\":\"media\"}]", 3,
	     "a comma or ]", NULL},
	    {BASE, "[\n{\"dn\":\"1\",\"group\":\"media\"},\n]", 3, "a comma too many", NULL},
	    {BASE, "[,\n]", 1, "a comma too many", NULL},
	    {BASE, "[]\n[]", 2, "something behind the array", NULL},
	    {BASE, "[\n{\"dn\":\"1\",\n\"group\" \"media\"}]", 3, "':' expected", NULL},
	    {BASE, "[\n{\"dn\":\"1\",\n\"dn\":\"2\",\"group\":\"media\"}]", 3, "duplicate object key", NULL},
	    {BASE, "[\n[]\n]", 2, "a route must be an object", NULL},
	    {BASE, "[\n\"9192\"\n]", 2, "a route must be an object", NULL},
	    {BASE, "[{\"dn\":\"1\",\"group\":\"media\"},\n{\"dn\":\"\xff\",\"group\":\"media\"}]", 2,
	     "unable to decode byte 0xff", NULL},
	    {BASE, "[{\"dn\":\"1\",\"group\":\"media\"},\n\n{\"dn\":\n9192,\"group\":\"media\"}]", 3,
	     "\"dn\" must be a text", "quotes"},
	    {BASE, "[{\"dn\":\"1\",\"group\":\"media\"},\n\n{\"dn\":\"2\",\n\"group\":\"medai\"}]", 3,
	     "unknown group", "\"media\""},
	    {BASE, "[{\"dn\":\"1\",\"gruop\":\"media\",\"group\":\"media\"}]", 1, "unknown setting \"gruop\"",
	     "\"group\""},
	    {BASE, "[{\"dn\":\"9-192\",\"group\":\"media\"}]", 1,
	     "duplicate dn \"9192\" in table \"default\": the first is at ", NULL},
	    {BASE, "[{\"dn\":\"\\u0000\",\"group\":\"media\"}]", 1, "", NULL},
	};

	CHECK_ALL(cases);
}

/* ---- more than a case each -------------------------------------------------------------- */

static void test_all_errors_at_once(void **state)
{
	struct cx_config *config;
	struct cx_diag diag;

	assert_int_equal(
	    load("node = 300;\nnetworks = ( { name = \"a\"; listeners = ( { address = \"x\"; } ); sources = "
		 "\"any\"; } );\n"
		 "groups = ( { network = \"b\"; } );\nroutes = ( { dn = \"1\"; group = \"c\"; } );\n",
		 NULL, &diag, &config),
	    -EINVAL);
	assert_int_equal(diag.errors, 6);
	assert_null(config);
	cx_diag_clear(&diag);
}

static void check_warning(const char *text, unsigned line, const char *warning)
{
	struct cx_config *config;
	struct cx_diag diag;

	assert_int_equal(load(text, NULL, &diag, &config), 0);
	if (diag.count != 1 || !diag.entries[0].warning || diag.entries[0].line != line ||
	    !strstr(diag.entries[0].text, warning) || !diag.entries[0].hint) {
		cx_diag_print(&diag, stderr);
		fail_msg("expected %u: %s in:\n%s", line, warning, text);
	}
	cx_diag_clear(&diag);
	cx_config_free(config);
}

static void test_warnings(void **state)
{
	check_warning("networks = ( { name = \"core\"; listeners = ( { address = \"192.0.2.1\"; } ); sources "
		      "=\n[ \"any\" ]; } );\n" GROUPS ROUTES,
		      2, "in-dialog requests may be relayed to anywhere");
	check_warning("networks = ( { name = \"core\"; listeners = ( { address = \"192.0.2.1\"; } ); sources "
		      "=\n[ \"0.0.0.0/0\" ]; } );\n" GROUPS ROUTES,
		      2, "in-dialog requests may be relayed to anywhere");
	check_warning("networks = ( { name = \"core\"; listeners = ( { address = \"192.0.2.1\"; } ); sources "
		      "= [ ]; } );\n" GROUPS ROUTES,
		      1, "accepts no request");
	check_warning(NETWORKS "groups = ( { name = \"media\"; } );\n" ROUTES, 2, "has no elements");
	check_warning(NETWORKS GROUPS, 0, "there are no routes");
	check_warning(BASE "key_rotation_s = 5;\n", 4, "shorter than a call may ring");
	check_warning(ELEMENT_WITH("name = \"far\"; uri = \"sip:198.51.100.9\";"), 4,
		      "its own requests (BYE, re-INVITE) will be dropped");
	check_warning(
	    "networks = ( { name = \"core\"; table = \"t\"; listeners = ( { address = \"192.0.2.1\"; } );"
	    " sources = [ \"192.0.2.0/24\" ]; } );\n" GROUPS ROUTES,
	    3, "no network uses the table \"default\"");
}

static void test_unreadable(void **state)
{
	struct cx_config *config;
	struct cx_diag diag = {0};
	char path[64];

	snprintf(path, sizeof(path), "%s/none.cfg", dir);
	assert_int_equal(cx_config_load(path, &diag, &config), -ENOENT);
	assert_int_equal(diag.errors, 1);
	assert_string_equal(diag.entries[0].file, path);
	assert_non_null(strstr(diag.entries[0].text, "No such file"));
	cx_diag_clear(&diag);

	assert_int_equal(cx_config_load(dir, &diag, &config), -EISDIR);
	assert_int_equal(diag.errors, 1);
	cx_diag_clear(&diag);

	/* a directory that is called like a route file */
	snprintf(path, sizeof(path), "%s/routes.d/d.json", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(load(BASE, NULL, &diag, &config), -EINVAL);
	assert_int_equal(diag.errors, 1);
	assert_string_equal(diag.entries[0].file, path);
	cx_diag_clear(&diag);
	assert_int_equal(rmdir(path), 0);
}

static void test_nul_byte(void **state)
{
	struct cx_config *config;
	struct cx_diag diag = {0};
	FILE *f = fopen(main_path, "w");

	assert_non_null(f);
	fputs(NETWORKS, f);
	fputc('\0', f);
	fputs(GROUPS, f);
	fclose(f);
	assert_int_equal(cx_config_load(main_path, &diag, &config), -EINVAL);
	assert_int_equal(diag.entries[0].line, 2);
	assert_non_null(strstr(diag.entries[0].text, "NUL"));
	cx_diag_clear(&diag);
}

/* Writes one network or listener more than there may be. */
static void test_limits(void **state)
{
	static char text[65536];
	struct cx_config *config;
	struct cx_diag diag;
	size_t n = 0;

	n = (size_t)snprintf(text, sizeof(text), "networks = (\n");
	for (int i = 0; i <= CX_NETWORKS_MAX; i++)
		n += (size_t)snprintf(
		    text + n, sizeof(text) - n,
		    "%s{ name = \"n%d\"; table = \"t%d\"; listeners = ( { address = \"10.0.0.%d\"; } );"
		    " sources = [ \"10.0.0.0/8\" ]; }",
		    i ? ",\n" : "", i, i, i + 1);
	snprintf(text + n, sizeof(text) - n, ");\n");
	assert_int_equal(load(text, NULL, &diag, &config), -EINVAL);
	assert_int_equal(diag.errors, 2);
	assert_non_null(strstr(diag.entries[0].text, "too many networks: 65, at most 64"));
	/* "default" is a table, too, so that the 64th network is one too many */
	assert_non_null(strstr(diag.entries[1].text, "too many route tables"));
	assert_int_equal(diag.entries[1].line, 65);
	cx_diag_clear(&diag);

	n = (size_t)snprintf(text, sizeof(text),
			     "networks = ( { name = \"n\"; sources = [ \"10.0.0.0/8\" ]; listeners = (\n");
	for (int i = 0; i <= CX_LISTENERS_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s{ address = \"10.0.0.1\"; port = %d; }",
				      i ? ",\n" : "", i + 1);
	snprintf(text + n, sizeof(text) - n, "); } );\n");
	assert_int_equal(load(text, NULL, &diag, &config), -EINVAL);
	assert_int_equal(diag.errors, 1);
	assert_non_null(strstr(diag.entries[0].text, "too many listeners: 257, at most 256"));
	cx_diag_clear(&diag);
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
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_full),
	    cmocka_unit_test(test_routes),
	    cmocka_unit_test(test_bad_text),
	    cmocka_unit_test(test_bad_networks),
	    cmocka_unit_test(test_bad_groups),
	    cmocka_unit_test(test_bad_routes),
	    cmocka_unit_test(test_bad_json),
	    cmocka_unit_test(test_all_errors_at_once),
	    cmocka_unit_test(test_warnings),
	    cmocka_unit_test(test_unreadable),
	    cmocka_unit_test(test_nul_byte),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_truncated),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
