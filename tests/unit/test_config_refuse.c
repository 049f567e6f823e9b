/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The configuration: each kind of mistake is refused at its own file and line,
 * once, with advice.
 */
#include "config_files.h"

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

static void test_bad_dns(void **state)
{
	static const struct bad_case cases[] = {
	    {BASE "dns = { servers = [ \"ns.example.com\" ]; };", NULL, 4, "is not an address", "192.0.2.53"},
	    {BASE "dns = { servers = [ \"192.0.2.53:0\" ]; };", NULL, 4, "is not an address", NULL},
	    {BASE "dns = { servers = [ \"192.0.2.53:70000\" ]; };", NULL, 4, "is not an address", NULL},
	    {BASE "dns = { servers = [ \"[2001:db8::1]x\" ]; };", NULL, 4, "is not an address", NULL},
	    {BASE "dns = { servers = [ \"1.1.1.1\", \"1.1.1.2\", \"1.1.1.3\", \"1.1.1.4\", \"1.1.1.5\", \"1.1.1.6\","
		  " \"1.1.1.7\", \"1.1.1.8\", \"1.1.1.9\" ]; };",
	     NULL, 4, "too many servers", NULL},
	    {BASE "dns = { hosts_file = \"hosts\"; };", NULL, 4, "must be an absolute path", NULL},
	    {BASE "dns = {\nmin_ttl_s = 100;\nmax_ttl_s = 10; };", NULL, 4, "min_ttl_s is 100, but max_ttl_s is 10", NULL},
	    {BASE "dns = {\ntimeout_ms = 1; };", NULL, 5, "from 100 to 60000", NULL},
	    {BASE "dns = {\nttl = 1; };", NULL, 5, "ttl", NULL},
	};

	CHECK_ALL(cases);
}

static void test_bad_text(void **state)
{
	static const struct bad_case cases[] = {
	    {BASE "node = 1\nlog = { };;\n;", NULL, 5, "syntax error", "missing ;"},
	    {BASE "node = 1;\nnode = 2;\n", NULL, 5, "duplicate setting name", "remove one"},
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
	    {BASE "fastpath = off;\n", NULL, 4, "off is neither a number nor true or false", "double quotes"},
	    {BASE "fastpath_interfaces = [\neth0 ];\n", NULL, 5, "eth0 is neither", NULL},
	    {BASE "dns = { servers = [ 192.0.2.53 ]; };\n", NULL, 4, "192.0.2.53 is neither", NULL},
	    {BASE "log = { syslog = yes; };\n", NULL, 4, "yes is neither", NULL},
	    {BASE "drain_s = 10s;\n", NULL, 4, "10s is neither", "a number stands alone"},
	    {BASE "fastpath = 'off';\n", NULL, 4, "double quotes, not in single ones", NULL},
	    {BASE "fastpath = \u201coff\u201d;\n", NULL, 4, "not ASCII", "for quotes"},
	    {BASE "\nnode\u00a0= 1;\n", NULL, 5, "not ASCII", "plain blanks"},
	    {BASE "fastpath off;\n", NULL, 4, "syntax error", "missing ;"},
	    {BASE "dns = { servers = [ \"192.0.2.53\", 5 ]; };\n", NULL, 4, "mismatched element type", "in quotes"},
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
	    {BASE "log = { syslog = \"true\"; };\n", NULL, 4, "\"syslog\" must be true or false", "without quotes"},
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
	    {"networks = (\n{ name = \"n\"; listner = ( { address = \"192.0.2.1\"; } ); sources = [ ]; } );", NULL, 2,
	     "unknown setting \"listner\"", "did you mean \"listeners\"?"},
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
	    {LISTENERS("{ address = \"192.0.2.1\";\ntransport = \"tls\"; }"), NULL, 4,
	     "not supported yet: only udp and tcp", NULL},
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
	    {GROUP_WITH("failover_codes = 503;"), NULL, 4, "must be a list [ ] or ( ), not a whole number", "[ ... ]"},
	    {GROUP_WITH("failover_codes = [ 503, 200 ];"), NULL, 4, "from 300 to 699, not 200", NULL},
	    {GROUP_WITH("fork = \"both\";"), NULL, 4, "must be one of \"off\", \"serial\", \"parallel\"", NULL},
	    {GROUP_WITH("element_retries = {\nudp = 11; };"), NULL, 5, "\"udp\" must be from 0 to 10", NULL},
	    {GROUP_WITH("try_timeout_ms = 99;"), NULL, 4, "from 100 to 60000", NULL},
	    {GROUP_WITH("probe = {\nintervall_ms = 5; };"), NULL, 5, "in a probe", "\"interval_ms\""},
	    {GROUP_WITH("probe = {\nrise = 0; };"), NULL, 5, "\"rise\" must be from 1", NULL},
	    {GROUP_WITH("probe = { down_codes =\n[ 503, 700 ]; };"), NULL, 5, "from 100 to 699, not 700",
	     NULL},
	    {GROUP_WITH("probe = { down_codes = [1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17]; };"), NULL, 4,
	     "too many down_codes: 17", NULL},
	    {ELEMENT_WITH("name = \"x\";"), NULL, 4, "an element needs \"uri\"", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9\";\nq = 500;"), NULL, 5, "\"q\" must be a number from 0.0 to 1.0", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9\"; q = -0.1;"), NULL, 4, "\"q\" must be a number", "1.0 is asked first"},
	    {ELEMENT_WITH("uri = 5;"), NULL, 4, "\"uri\" must be a text", "quotes"},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9\";\nweight = 0;"), NULL, 5,
	     "\"weight\" must be from 1 to 1000", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9\";\nwieght = 1;"), NULL, 5, "unknown setting", "\"weight\""},
	    {ELEMENT_WITH("uri = \"192.0.2.9\";"), NULL, 4, "does not begin with sip:", "sip:HOST:PORT"},
	    {ELEMENT_WITH("uri = \"\";"), NULL, 4, "does not begin with sip:", NULL},
	    {ELEMENT_WITH("uri = \"tel:9192\";"), NULL, 4, "does not begin with sip:", NULL},
	    {ELEMENT_WITH("uri = \"sips:192.0.2.9\";"), NULL, 4, "sips is not supported yet", NULL},
	    {ELEMENT_WITH("uri = \"sip:\";"), NULL, 4, "there is no host", NULL},
	    {ELEMENT_WITH("uri = \"sip::5060\";"), NULL, 4, "there is no host", NULL},
	    {ELEMENT_WITH("uri = \"sip:ms_1.example.com\";"), NULL, 4, "the host is not a name that DNS can have",
	     "letters, digits and hyphens"},
	    {ELEMENT_WITH("uri = \"sip:ms1..example.com\";"), NULL, 4, "the host is not a name that DNS can have", NULL},
	    {ELEMENT_WITH("uri = \"sip:-ms1.example.com:5060\";"), NULL, 4, "the host is not a name that DNS can have",
	     NULL},
	    {ELEMENT_WITH("uri = \"sip:ms1.example.com:0\";"), NULL, 4, "the port is not a number", NULL},
	    {ELEMENT_WITH("uri = \"sip:ms1.example.com;transport=tcp\";"), NULL, 4,
	     "is to be reached by tcp, but network \"core\" has no such listener", "add a listener"},
	    {GROUP_WITH("elements = ( { uri = \"sip:a.lab\"; }, { name = \"x\"; uri = \"sip:A.lab.\"; } );"), NULL, 4,
	     "element \"x\" has the host of \"a.lab\" on line 4 of the same group", NULL},
	    {ELEMENT_WITH("uri = \"sip:a-name-that-is-too-long-for-an-element.example.com\";"), NULL, 4,
	     "needs a name: its host is too long", NULL},
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
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9;transport=tls\";"), NULL, 4, "not supported yet: only udp",
	     NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9;transport=tcp\";"), NULL, 4, "no IPv4 listener of transport tcp",
	     "transport = \"tcp\""},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9;transport=\";"), NULL, 4, "unknown transport", NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9;transport=udp;transport=udp\";"), NULL, 4, "given twice",
	     NULL},
	    {ELEMENT_WITH("uri = \"sip:192.0.2.9;lr\";"), NULL, 4, "only the parameter transport", NULL},
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
	    {NETWORKS "routes = (\n{ dn = \"1\"; group = \"media\"; },\n{ dn = \"2\"; group = \"media\"; } );\n", NULL, 3,
	     "unknown group \"media\"", "there are no groups"},
	    {ROUTE_WITH("{ dn = \"1\"; }"), NULL, 4, "a route needs \"group\"", NULL},
	    {ROUTE_WITH("{ dn = \"^91[0-9]\"; group = \"media\"; }"), NULL, 4, "not allowed: '^'", "no pattern"},
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
int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bad_text), cmocka_unit_test(test_bad_dns),   cmocka_unit_test(test_bad_networks),
	    cmocka_unit_test(test_bad_groups), cmocka_unit_test(test_bad_routes),
	    cmocka_unit_test(test_bad_json),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
