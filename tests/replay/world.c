// SPDX-License-Identifier: GPL-2.0-only
/*
 * The world of a scenario: networks, groups, elements, routes, and who is out there.
 *
 *   network NAME ADDR[:PORT] [TRANSPORT ...] [rr] [untrusted] [source=CIDR] [t1=] [t2=] [t4=] [c=] [trying=]
 * [alias=] group NAME NETWORK [failover=503,500] [try=MS] [retries=N] [fork=serial|parallel] [recurse]
 * [slow=S] [fast] element NAME GROUP ADDR[:PORT] [TRANSPORT] [q=] [weight=] route DN GROUP          a prefix
 * with a * at its end peer NAME ADDR:PORT NETWORK [TRANSPORT] max TRANSACTIONS / lifetime MS / fast
 */
#include <stdlib.h>
#include <string.h>
#include "unit/fixture.h"
#include "replay.h"

static bool word_is(const struct line *l, int i, const char *word)
{
	return i < l->n_words && !strcmp(l->words[i], word);
}

static bool has_word(const struct line *l, int from, const char *word)
{
	for (int i = from; i < l->n_words; i++)
		if (word_is(l, i, word))
			return true;
	return false;
}

static uint32_t number_of(const struct line *l, const char *name, uint32_t otherwise)
{
	const char *text = line_option(l, name);

	return text && *text ? (uint32_t)strtoul(text, NULL, 10) : otherwise;
}

/* "addr:port", "[addr]:port" */
static uint16_t split_endpoint(const char *text, char addr[CX_ADDR_TEXT])
{
	const char *close = strchr(text, ']'), *colon = close ? strchr(close, ':') : strchr(text, ':');
	size_t n = colon ? (size_t)(colon - text) : strlen(text);

	snprintf(addr, CX_ADDR_TEXT, "%.*s", (int)n, text);
	return colon ? (uint16_t)atoi(colon + 1) : 5060;
}

static size_t find_network(const struct scene *s, const char *name)
{
	for (size_t i = 0; i < s->config->n_networks; i++)
		if (!strcmp(s->config->networks[i].name, name))
			return i;
	fprintf(stderr, "no network %s\n", name);
	abort();
}

static struct cx_config_group *find_group(const struct scene *s, const char *name)
{
	for (size_t i = 0; i < s->config->n_groups; i++)
		if (!strcmp(s->config->groups[i].name, name))
			return &s->config->groups[i];
	fprintf(stderr, "no group %s\n", name);
	abort();
}

static uint8_t transport_of(const struct line *l, int from)
{
	return has_word(l, from, "tcp") ? CX_TCP : has_word(l, from, "tls") ? CX_TLS : CX_UDP;
}

static void add_network(struct scene *s, const struct line *l)
{
	struct cx_config_network *n = fixture_network(s->config, l->words[1]);
	char addr[CX_ADDR_TEXT];
	uint16_t port = split_endpoint(l->words[2], addr);
	const char *source = line_option(l, "source"), *alias = line_option(l, "alias");
	bool tcp = has_word(l, 3, "tcp");

	cx_config_network_defaults(n);
	if (!tcp || has_word(l, 3, "udp"))
		fixture_listener(n, addr, port);
	if (tcp) {
		fixture_listener(n, addr, port);
		n->listeners[n->n_listeners - 1].transport = CX_TCP;
	}
	fixture_source(n, source ? source : strchr(addr, '.') ? "0.0.0.0/0" : "::/0");
	n->record_route = has_word(l, 3, "rr");
	n->trusted = !has_word(l, 3, "untrusted");
	n->t1_ms = number_of(l, "t1", n->t1_ms);
	n->t2_ms = number_of(l, "t2", n->t2_ms);
	n->t4_ms = number_of(l, "t4", n->t4_ms);
	n->timer_c_ms = number_of(l, "c", n->timer_c_ms);
	n->trying_ms = number_of(l, "trying", n->trying_ms);
	n->ignore_plus = true;
	if (alias) {
		n->aliases = calloc(1, sizeof(*n->aliases));
		n->aliases[n->n_aliases++] = strdup(alias);
	}
}

static void add_group(struct scene *s, const struct line *l)
{
	struct cx_config_group *g = fixture_group(s->config, l->words[1], find_network(s, l->words[2]));
	const char *codes = line_option(l, "failover"), *fork = line_option(l, "fork");

	cx_config_group_defaults(g);
	g->core = !has_word(l, 3, "fast");
	g->try_timeout_ms = number_of(l, "try", g->try_timeout_ms);
	for (int i = 0; i < CX_TRANSPORTS; i++)
		g->retries[i] = number_of(l, "retries", g->retries[i]);
	g->pause_max_s = number_of(l, "pause", g->pause_max_s);
	g->slow_start_s = number_of(l, "slow", g->slow_start_s);
	g->recurse = has_word(l, 3, "recurse");
	if (fork)
		g->fork = strcmp(fork, "serial") ? CX_FORK_PARALLEL : CX_FORK_SERIAL;
	if (codes) {
		g->n_failover_codes = 0;
		for (; *codes; codes += strcspn(codes, ","), codes += *codes == ',')
			g->failover_codes[g->n_failover_codes++] = (uint16_t)atoi(codes);
	}
}

static struct peer *add_peer(struct scene *s, const char *name, const char *endpoint, uint8_t transport)
{
	struct peer *p = &s->peers[s->n_peers++];
	char addr[CX_ADDR_TEXT];

	snprintf(p->name, sizeof(p->name), "%s", name);
	p->hop.port = split_endpoint(endpoint, addr);
	p->hop.addr = fixture_addr(addr);
	p->hop.transport = transport;
	p->hop.connection = transport == CX_UDP ? CX_NO_CONNECTION : (uint32_t)s->n_peers;
	p->element = CX_NONE;
	return p;
}

static void add_element(struct scene *s, const struct line *l)
{
	struct cx_config_group *g = find_group(s, l->words[2]);
	struct cx_config_element *e;
	char addr[CX_ADDR_TEXT];
	uint16_t port = split_endpoint(l->words[3], addr);

	e = fixture_element(g, l->words[1], addr, port, number_of(l, "weight", 1));
	e->transport = transport_of(l, 4);
	e->q = number_of(l, "q", 1000);
	if (line_option(l, "host"))
		snprintf(e->host, sizeof(e->host), "%s", line_option(l, "host"));
	add_peer(s, l->words[1], l->words[3], e->transport)->element = (uint32_t)g->network; /* for now */
}

static void add_route(struct scene *s, const struct line *l)
{
	char dn[CX_DN_SIZE + 3];
	size_t n;
	bool prefix;

	snprintf(dn, sizeof(dn), "%.31s", l->words[1]);
	n = strlen(dn);
	prefix = n && dn[n - 1] == '*';
	if (prefix)
		dn[n - 1] = '\0';
	fixture_route(s->config, dn, prefix, (uint32_t)(find_group(s, l->words[2]) - s->config->groups));
}

static void set_max(struct scene *s, const struct line *l)
{
	s->settings.transactions_max = (uint32_t)atoi(l->words[1]);
}

static void set_memory(struct scene *s, const struct line *l)
{
	s->settings.memory_max = (uint64_t)atoi(l->words[1]);
}

static void set_lifetime(struct scene *s, const struct line *l)
{
	s->settings.lifetime_ms = (uint32_t)atoi(l->words[1]);
}

static void set_fast(struct scene *s, const struct line *l)
{
	s->settings.fast = true;
}

static void add_named_peer(struct scene *s, const struct line *l)
{
	struct peer *p = add_peer(s, l->words[1], l->words[2], transport_of(l, 4));

	p->element = (uint32_t)find_network(s, l->words[3]); /* for now */
}

static const struct {
	const char *word;
	void (*read)(struct scene *s, const struct line *l);
} words[] = {{"network", add_network}, {"group", add_group},	   {"element", add_element},
	     {"route", add_route},     {"peer", add_named_peer},   {"max", set_max},
	     {"fast", set_fast},       {"lifetime", set_lifetime}, {"memory", set_memory}};

bool world_has(const struct line *l)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (word_is(l, 0, words[i].word))
			return true;
	return false;
}

void world_line(struct scene *s, const struct line *l)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (word_is(l, 0, words[i].word))
			words[i].read(s, l);
}

void world_open(struct scene *s)
{
	s->tables = fixture_compile(s->config, NULL);
	assert_int_equal(cx_world_new(s->config, s->tables, &s->world), 0);
	s->world->key = (struct cx_key){.mac = {{{1, 2}}, {{3, 4}}}, .hash = {{5, 6}}};
	for (int i = 0; i < s->n_peers; i++) {
		struct peer *p = &s->peers[i];
		const struct cx_config_network *n = &s->config->networks[p->element];
		bool v4 = cx_addr_is_v4(&p->hop.addr);

		p->hop.listener = CX_NO_LISTENER;
		for (uint16_t id = 0; id < s->tables->n_listeners; id++) {
			const struct cx_listener *l = &s->tables->listeners[id];

			if (s->tables->network_config[l->network] == n && l->transport == p->hop.transport &&
			    (l->family == CX_IPV4) == v4 && p->hop.listener == CX_NO_LISTENER)
				p->hop.listener = id;
		}
		p->element = cx_world_find_element(s->world, p->name);
	}
}

void world_close(struct scene *s)
{
	for (size_t i = 0; i < s->config->n_networks; i++) {
		for (size_t k = 0; k < s->config->networks[i].n_aliases; k++)
			free(s->config->networks[i].aliases[k]);
		free(s->config->networks[i].aliases);
	}
	cx_world_free(s->world);
	cx_tables_free(s->tables);
	fixture_free(s->config);
}
