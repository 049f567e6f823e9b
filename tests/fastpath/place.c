// SPDX-License-Identifier: GPL-2.0-only
/* See place.h. */
#include "place.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const uint8_t place_mac_ours[6] = {0x02, 0, 0, 0, 0, 0x01};
const uint8_t place_mac_theirs[6] = {0x02, 0, 0, 0, 0, 0x02};

/* IPv6 callers have a table of their own: the same DNs lead to servers of their family. */
static const char main_file[] =
	"networks = (\n"
	"  { name = \"trunks\"; ignore_plus = true; dscp = 24; aliases = [ \"sip.example.com\", \"services.example.com\" ];\n"
	"    listeners = ( { address = \"" TRUNKS_V4 "\"; } ); sources = [ \"198.51.100.0/24\" ]; },\n"
	"  { name = \"trunks6\"; ignore_plus = true; table = \"six\"; aliases = [ \"sip.example.com\", \"services.example.com\" ];\n"
	"    listeners = ( { address = \"" TRUNKS_V6 "\"; } ); sources = [ \"2001:db8:100::/48\" ]; },\n"
	"  { name = \"agents\"; ignore_plus = true; dscp = 0; record_route = true;\n"
	"    listeners = ( { address = \"" AGENTS_V4 "\"; port = 5070; } ); sources = [ \"198.51.100.0/24\" ]; },\n"
	"  { name = \"agents6\"; ignore_plus = true; dscp = 0; record_route = true; table = \"six\";\n"
	"    listeners = ( { address = \"" AGENTS_V6 "\"; port = 5070; } ); sources = [ \"2001:db8:100::/48\" ]; },\n"
	"  { name = \"open\"; table = \"plain\"; trusted = false; ignore_separators = false;\n"
	"    listeners = ( { address = \"" OPEN_V4 "\"; }, { address = \"" OPEN_V6 "\"; } );\n"
	"    sources = [ \"any\" ]; },\n"
	"  { name = \"core\"; ignore_plus = true; dscp = 46;\n"
	"    listeners = ( { address = \"" CORE_V4 "\"; }, { address = \"" CORE_V6 "\"; } );\n"
	"    sources = [ \"203.0.113.0/24\", \"2001:db8:200::/48\" ]; }\n"
	");\n"
	"groups = (\n"
	"  { name = \"media\"; network = \"core\"; elements = (\n"
	"    { name = \"ms1\"; uri = \"sip:203.0.113.11\"; }, { name = \"ms2\"; uri = \"sip:203.0.113.12:5080\"; },\n"
	"    { name = \"ms3\"; uri = \"sip:203.0.113.13\"; weight = 2; } ); },\n"
	"  { name = \"media6\"; network = \"core\"; elements = (\n"
	"    { name = \"ms61\"; uri = \"sip:[2001:db8:200::11]\"; }, { name = \"ms62\"; uri = \"sip:[2001:db8:200::12]\"; } ); },\n"
	"  { name = \"vlan\"; network = \"core\"; elements = ( { name = \"v1\"; uri = \"sip:203.0.113.41\"; } ); },\n"
	"  { name = \"qinq\"; network = \"core\"; elements = ( { name = \"v2\"; uri = \"sip:203.0.113.42\"; } ); },\n"
	"  { name = \"vlan6\"; network = \"core\"; elements = ( { name = \"v6\"; uri = \"sip:[2001:db8:200::41]\"; } ); },\n"
	"  { name = \"other\"; network = \"core\"; elements = ( { name = \"o1\"; uri = \"sip:203.0.113.43\"; } ); },\n"
	"  { name = \"desk\"; network = \"agents\"; elements = ( { name = \"d1\"; uri = \"sip:198.51.100.51:5062\"; } ); },\n"
	"  { name = \"desk6\"; network = \"agents6\"; elements = ( { name = \"d6\"; uri = \"sip:[2001:db8:100::51]:5062\"; } ); },\n"
	"  { name = \"slow\"; network = \"core\"; mode = \"core\"; elements = ( { name = \"s1\"; uri = \"sip:203.0.113.44\"; } ); },\n"
	"  { name = \"empty\"; network = \"core\"; elements = ( { name = \"x1\"; uri = \"sip:203.0.113.45\"; disabled = true; } ); },\n"
	"  { name = \"cold\"; network = \"core\"; elements = ( { name = \"c1\"; uri = \"sip:203.0.113.46\"; } ); },\n"
	"  { name = \"here\"; network = \"core\"; elements = ( { name = \"l1\"; uri = \"sip:203.0.113.47\"; } ); },\n"
	"  { name = \"tiny\"; network = \"core\"; elements = ( { name = \"t1\"; uri = \"sip:203.0.113.48\"; } ); }\n"
	");\n"
	"routes = ( { dn = \"1000\"; group = \"media\"; }, { dn = \"1006\"; group = \"media6\"; } );\n"
	"routes_dir = \"routes.d\";\n"
	"limits = { dns = 4096; groups = 64; elements = 64; flows = 65536; };\n"
	"log = { level = \"error\"; syslog = false; stderr = true; };\n"
	"runtime_dir = \"/tmp\";\n";

static const char routes_file[] =
	"[ {\"dn\": \"1041\", \"group\": \"vlan\"}, {\"dn\": \"1042\", \"group\": \"qinq\"},\n"
	"  {\"dn\": \"1043\", \"group\": \"other\"}, {\"dn\": \"1046\", \"group\": \"vlan6\"},\n"
	"  {\"dn\": \"1050\", \"group\": \"desk\"}, {\"dn\": \"1060\", \"group\": \"slow\"},\n"
	"  {\"dn\": \"1061\", \"group\": \"media\", \"mode\": \"core\"}, {\"dn\": \"1070\", \"group\": \"empty\"},\n"
	"  {\"dn\": \"1071\", \"group\": \"cold\"}, {\"dn\": \"1072\", \"group\": \"here\"},\n"
	"  {\"dn\": \"1073\", \"group\": \"tiny\"},\n"
	"  {\"prefix\": \"49\", \"group\": \"media\"}, {\"prefix\": \"4930\", \"group\": \"vlan\"},\n"
	"  {\"prefix\": \"493012\", \"group\": \"qinq\"}, {\"dn\": \"493012345\", \"group\": \"other\"},\n"
	"  {\"prefix\": \"user\", \"group\": \"media\"}, {\"prefix\": \"UserB\", \"group\": \"media\"},\n"
	"  {\"dn\": \"t.watson\", \"group\": \"media\"}, {\"prefix\": \"sips\", \"group\": \"media\"},\n"
	"  {\"prefix\": \"1_unusual\", \"group\": \"media\"}, {\"dn\": \"kumiko\", \"group\": \"media\"},\n"
	"  {\"dn\": \"vivekg\", \"group\": \"media\"}, {\"dn\": \"remote-target\", \"group\": \"media\"},\n"
	"  {\"dn\": \"abcdefghijklmnopqrstuvwxyz012\", \"group\": \"media\"},\n"
	"  {\"dn\": \"1000\", \"group\": \"media6\", \"table\": \"six\"}, {\"dn\": \"1006\", \"group\": \"media\", \"table\": \"six\"},\n"
	"  {\"dn\": \"1041\", \"group\": \"vlan6\", \"table\": \"six\"}, {\"dn\": \"1046\", \"group\": \"vlan6\", \"table\": \"six\"},\n"
	"  {\"dn\": \"1050\", \"group\": \"desk6\", \"table\": \"six\"},\n"
	"  {\"prefix\": \"49\", \"group\": \"media6\", \"table\": \"six\"}, {\"prefix\": \"user\", \"group\": \"media6\", \"table\": \"six\"},\n"
	"  {\"dn\": \"100-200\", \"group\": \"media\", \"table\": \"plain\"},\n"
	"  {\"dn\": \"+1234\", \"group\": \"media\", \"table\": \"plain\"},\n"
	"  {\"dn\": \"1000\", \"group\": \"media\", \"table\": \"plain\"} ]\n";

static int write_file(const char *dir, const char *name, const char *text, const char *more)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	if (!f)
		return -1;
	fputs(text, f);
	fputs(more, f);
	return fclose(f);
}

static void remove_files(const char *dir)
{
	static const char *const names[] = {"routes.d/a.json", "routes.d", "cxsip.cfg", ""};
	char path[128];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		remove(path);
	}
}

static int load(struct place *p, const char *pin_root, struct cx_diag *diag)
{
	char path[128], pins[128] = "";

	snprintf(p->dir, sizeof(p->dir), "/tmp/cxsip-test-XXXXXX");
	if (!mkdtemp(p->dir))
		return -errno;
	snprintf(path, sizeof(path), "%s/routes.d", p->dir);
	if (mkdir(path, 0700))
		return -errno;
	if (pin_root)
		snprintf(pins, sizeof(pins), "pin_root = \"%s\";\n", pin_root);
	if (write_file(p->dir, "cxsip.cfg", main_file, pins) || write_file(p->dir, "routes.d/a.json", routes_file, ""))
		return -errno;
	snprintf(path, sizeof(path), "%s/cxsip.cfg", p->dir);
	return cx_config_load(path, diag, &p->config);
}

int place_open(struct place *p, const char *pin_root)
{
	struct cx_diag diag = {0};
	int err;

	memset(p, 0, sizeof(*p));
	err = load(p, pin_root, &diag);
	remove_files(p->dir);
	if (!err)
		err = cx_tables_compile(p->config, &(struct cx_names){0}, &diag, &p->tables);
	if (!err)
		err = cx_world_new(p->config, p->tables, &p->world);
	cx_diag_print(&diag, stderr);
	cx_diag_clear(&diag);
	if (err)
		fprintf(stderr, "place: %s\n", strerror(-err));
	return err ? -1 : 0;
}

static int set_nexthops(struct cx_world *w)
{
	struct cx_nexthop hops[PLACE_NEXTHOPS] = {
		[PLACE_PLAIN] = {.ifindex = 1, .mtu = 9000, .flags = CX_NEXTHOP_OK},
		[PLACE_OTHER] = {.ifindex = 2, .mtu = 1500, .flags = CX_NEXTHOP_OK},
		[PLACE_VLAN] = {.ifindex = 1, .mtu = 9000, .flags = CX_NEXTHOP_OK, .vlans = 1, .vlan_tci = {100}},
		[PLACE_QINQ] = {.ifindex = 1, .mtu = 9000, .flags = CX_NEXTHOP_OK, .vlans = 2, .vlan_tci = {200, 300}},
		[PLACE_LOCAL] = {.ifindex = 1, .mtu = 65535, .flags = CX_NEXTHOP_LOCAL},
		[PLACE_TINY] = {.ifindex = 1, .mtu = 576, .flags = CX_NEXTHOP_OK},
		[PLACE_UNRESOLVED] = {.ifindex = 1, .mtu = 1500},
	};
	uint32_t i;
	int err = 0;

	for (i = PLACE_PLAIN; i < PLACE_NEXTHOPS && !err; i++) {
		memcpy(hops[i].src_mac, place_mac_ours, 6);
		memcpy(hops[i].dst_mac, place_mac_theirs, 6);
		hops[i].dst_mac[4] = (uint8_t)i;
		err = cx_world_set_nexthop(w, i, &hops[i]);
	}
	return err;
}

static int set_elements(struct place *p)
{
	static const struct {
		const char *name;
		uint32_t nexthop;
	} on[] = {{"ms1", PLACE_PLAIN},	 {"ms2", PLACE_PLAIN}, {"ms3", PLACE_PLAIN},  {"ms61", PLACE_PLAIN},
		  {"ms62", PLACE_PLAIN}, {"v1", PLACE_VLAN},   {"v2", PLACE_QINQ},    {"v6", PLACE_VLAN},
		  {"o1", PLACE_OTHER},	 {"d1", PLACE_PLAIN},  {"d6", PLACE_OTHER},  {"s1", PLACE_PLAIN},   {"x1", PLACE_PLAIN},
		  {"c1", 0},		 {"l1", PLACE_LOCAL},  {"t1", PLACE_TINY}};
	size_t i;
	int err = 0;

	for (i = 0; i < sizeof(on) / sizeof(on[0]) && !err; i++)
		err = cx_world_set_element_nexthop(p->world, place_element(p, on[i].name), on[i].nexthop);
	return err;
}

static int set_reach(struct cx_world *w)
{
	static const struct {
		const char *cidr;
		uint32_t nexthop;
	} to[] = {{"2001:db8:100::99/128", PLACE_UNRESOLVED}, {"2001:db8:100::98/128", PLACE_LOCAL},
		  {"198.51.100.99/32", PLACE_UNRESOLVED},     {"198.51.100.98/32", PLACE_LOCAL},
		  {"198.51.100.97/32", 0},		      {"198.51.100.96/32", PLACE_TINY},
		  {"0.0.0.0/0", PLACE_PLAIN},		      {"::/0", PLACE_PLAIN}};
	const size_t n = sizeof(to) / sizeof(to[0]);
	struct cx_reach_entry *entries = calloc(n, sizeof(*entries));
	union cx_addr addr;
	uint8_t family;
	size_t i;

	if (!entries)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		if (cx_cidr_parse(to[i].cidr, &addr, &entries[i].key.prefixlen, &family))
			abort();
		memcpy(entries[i].key.addr, addr.b, 16);
		entries[i].nexthop = to[i].nexthop;
	}
	return cx_world_set_reach(w, entries, n);
}

int place_furnish(struct place *p)
{
	static const struct cx_key key = {
		.mac = {{.k = {0x1111111111111111, 0x2222222222222222}}, {.k = {0x3333333333333333, 0x4444444444444444}}},
		.hash = {.k = {0x5555555555555555, 0x6666666666666666}},
	};
	int err = set_nexthops(p->world);

	p->world->meta = (struct cx_meta){.abi = CX_ABI, .generation = 1, .node = 7};
	if (!err)
		err = set_elements(p);
	if (!err)
		err = set_reach(p->world);
	if (!err)
		err = cx_world_set_key(p->world, &key);
	if (err)
		fprintf(stderr, "place: furnishing: %s\n", strerror(-err));
	return err ? -1 : 0;
}

void place_close(struct place *p)
{
	cx_world_free(p->world);
	cx_tables_free(p->tables);
	cx_config_free(p->config);
	memset(p, 0, sizeof(*p));
}

union cx_addr place_addr(const char *text)
{
	union cx_addr addr;
	uint8_t family;

	if (cx_addr_parse(text, &addr, &family)) {
		fprintf(stderr, "place: \"%s\" is no address\n", text);
		abort();
	}
	return addr;
}

uint16_t place_listener(const struct place *p, const char *addr)
{
	union cx_addr a = place_addr(addr);
	uint32_t id = cx_tables_listener_at(p->tables, &a, 5060);

	if (id == CX_NONE)
		id = cx_tables_listener_at(p->tables, &a, 5070);
	if (id == CX_NONE)
		abort();
	return (uint16_t)id;
}

uint32_t place_element(const struct place *p, const char *name)
{
	uint32_t id = cx_world_find_element(p->world, name);

	if (id == CX_NONE) {
		fprintf(stderr, "place: no element %s\n", name);
		abort();
	}
	return id;
}
