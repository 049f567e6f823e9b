// SPDX-License-Identifier: GPL-2.0-only
/*
 * The torture messages of RFC 4475 and RFC 5118 through the whole proxy core: each
 * is forwarded, answered or dropped as its RFC says for a proxy. Every user part
 * has a route here, so what is valid reaches the server.
 *
 * docs/torture.md has the table.
 */
#include "fixture.h"
#include "fastpath/corpus.h"
#include "proxy/core.h"

#define FORWARDED 1
#define DROPPED 0

static const struct {
	const char *name;
	int by_udp, by_tcp; /* FORWARDED, DROPPED, or the status of the answer */
} expected[] = {
    {"wsinv.dat", 404, 404}, /* 3.1.1.1 understood; its Route names a host, and names are not looked up */
    {"intmeth.dat", FORWARDED, FORWARDED},    /* 3.1.1.2 every character that is legal */
    {"esc01.dat", FORWARDED, FORWARDED},      /* 3.1.1.3 escapes */
    {"escnull.dat", 405, 405},		      /* 3.1.1.4 REGISTER with %00 */
    {"esc02.dat", 404, 404},		      /* 3.1.1.5 a method of its own, and no user part to route by */
    {"lwsdisp.dat", FORWARDED, FORWARDED},    /* 3.1.1.6 no blank in front of < */
    {"longreq.dat", FORWARDED, FORWARDED},    /* 3.1.1.7 long values */
    {"dblreq.dat", 405, 405},		      /* 3.1.1.8 REGISTER; what follows in the datagram is ignored */
    {"semiuri.dat", FORWARDED, FORWARDED},    /* 3.1.1.9 ; in a user part */
    {"transports.dat", FORWARDED, FORWARDED}, /* 3.1.1.10 unknown transports in Via */
    {"mpart01.dat", FORWARDED, FORWARDED},    /* 3.1.1.11 a binary body */
    {"unreason.dat", DROPPED, DROPPED},	      /* 3.1.1.12 a response that belongs to nothing */
    {"noreason.dat", DROPPED, DROPPED},	      /* 3.1.1.13 a response that belongs to nothing */
    {"badinv01.dat", 400, 400},		      /* 3.1.2.1 empty parameters in Via */
    {"clerr.dat", 400, 400},		      /* 3.1.2.2 a body shorter than Content-Length */
    {"ncl.dat", 400, 400},		      /* 3.1.2.3 a negative Content-Length */
    {"scalar02.dat", 400, 400},		      /* 3.1.2.4 numbers beyond their range */
    {"scalarlg.dat", DROPPED, DROPPED},	      /* 3.1.2.5 the same in a response */
    {"quotbal.dat", 400, 400},		      /* 3.1.2.6 an open quote */
    {"ltgtruri.dat", 400, 400},		      /* 3.1.2.7 <> around the Request-URI */
    {"lwsruri.dat", 400, 400},		      /* 3.1.2.8 a blank in the Request-URI */
    {"lwsstart.dat", 400, 400},		      /* 3.1.2.9 several blanks in the request line */
    {"trws.dat", 400, 400},		      /* 3.1.2.10 blanks behind the request line */
    {"escruri.dat", FORWARDED, FORWARDED},    /* 3.1.2.11 headers in the Request-URI are not obeyed */
    {"baddate.dat", FORWARDED, FORWARDED},    /* 3.1.2.12 Date is not the proxy's to read */
    {"regbadct.dat", 405, 405},		      /* 3.1.2.13 REGISTER */
    {"badaspec.dat", FORWARDED, FORWARDED},   /* 3.1.2.14 blanks inside <>: what it means is clear */
    {"baddn.dat", FORWARDED, FORWARDED},      /* 3.1.2.15 a comma in a display name: what it means is clear */
    {"badvers.dat", 505, 505},		      /* 3.1.2.16 */
    {"mismatch01.dat", 400, 400},	      /* 3.1.2.17 CSeq names another method */
    {"mismatch02.dat", 400, 400},	      /* 3.1.2.18 and an unknown one */
    {"bigcode.dat", DROPPED, DROPPED},	      /* 3.1.2.19 a response with a status of 4294967301 */
    {"badbranch.dat", FORWARDED,
     FORWARDED},			 /* 3.2.1 nothing but the magic cookie: matched as RFC 2543 does */
    {"insuf.dat", 400, 400},		 /* 3.3.1 no From, To and Call-ID */
    {"unkscm.dat", 416, 416},		 /* 3.3.2 an unknown scheme */
    {"novelsc.dat", 416, 416},		 /* 3.3.3 an unknown scheme */
    {"unksm2.dat", 405, 405},		 /* 3.3.4 REGISTER */
    {"bext01.dat", 420, 420},		 /* 3.3.5 Proxy-Require */
    {"invut.dat", FORWARDED, FORWARDED}, /* 3.3.6 an unknown Content-Type */
    {"regaut01.dat", 405, 405},		 /* 3.3.7 REGISTER */
    {"multi01.dat", 400, 400},		 /* 3.3.8 single headers twice */
    {"mcl01.dat", 400, 400},		 /* 3.3.9 two Content-Lengths */
    {"bcast.dat", DROPPED, DROPPED},	 /* 3.3.10 a response whose Via is not ours */
    {"zeromf.dat", 483, 483},		 /* 3.3.11 Max-Forwards 0 */
    {"cparam01.dat", 405, 405},		 /* 3.3.12 REGISTER: no registrar here */
    {"cparam02.dat", 405, 405},		 /* 3.3.13 REGISTER */
    {"regescrt.dat", 405, 405},		 /* 3.3.14 REGISTER */
    {"sdp01.dat", FORWARDED, FORWARDED}, /* 3.3.15 bodies are not read */
    {"inv2543.dat", FORWARDED, 400},	 /* 3.4.1 over a stream it has no length */
    {"ipv6-good", 405, 405},		 /* 4.1 REGISTER */
    {"ipv6-bad", 400, 400},		 /* 4.2 no brackets */
    {"port-ambiguous", 405, 405},	 /* 4.3 REGISTER */
    {"port-unambiguous", 405, 405},	 /* 4.4 REGISTER */
    {"via-received-param-no-delim", 404, 404},	 /* 4.5 no user part to route by */
    {"via-received-param-with-delim", 404, 404}, /* 4.5 the same */
    {"ipv6-in-sdp", FORWARDED, FORWARDED},	 /* 4.6 */
    {"mult-ip-in-header", FORWARDED, FORWARDED}, /* 4.7 both families in Via */
    {"mult-ip-in-sdp", FORWARDED, FORWARDED},	 /* 4.8 */
    {"ipv4-mapped-ipv6", FORWARDED, FORWARDED},	 /* 4.9 */
    {"ipv6-bug-abnf-3-colons", FORWARDED,
     FORWARDED}, /* 4.10 three colons, as the grammar of RFC 3261 has them */
    {"ipv6-correct-abnf-2-colons", FORWARDED, FORWARDED}, /* 4.10 and two */
};

static struct corpus corpus;
static struct cx_config *config;
static struct cx_tables *tables;
static struct cx_world *world;
static struct cx_proxy *proxy;
static char sent[70000];
static size_t sent_n;
static unsigned messages;

static int keep(void *ctx, const struct cx_hop *hop, const struct iovec *iov, int n, uint64_t token)
{
	if (messages++)
		return 0; /* the first one tells */
	sent_n = 0;
	for (int i = 0; i < n; i++) {
		assert_true(sent_n + iov[i].iov_len < sizeof(sent));
		memcpy(sent + sent_n, iov[i].iov_base, iov[i].iov_len);
		sent_n += iov[i].iov_len;
	}
	sent[sent_n] = '\0';
	return 0;
}

static void timer(void *ctx, uint64_t at_ms)
{
}

static int run(const struct corpus_message *m, uint8_t transport)
{
	static const struct cx_proxy_ops ops = {.send = keep, .timer = timer};
	struct cx_proxy_settings settings = CX_PROXY_SETTINGS_DEFAULT;
	struct cx_hop from = {.addr = fixture_addr("198.51.100.7"),
			      .port = 5060,
			      .transport = transport,
			      .connection = transport == CX_UDP ? CX_NO_CONNECTION : 1};
	uint8_t *exact = malloc(m->n);

	settings.transactions_max = 16;
	assert_non_null(exact);
	memcpy(exact, m->p, m->n);
	while (tables->listeners[from.listener].transport != transport)
		from.listener++;
	assert_int_equal(cx_proxy_new(&settings, &ops, NULL, world, 1000, &proxy), 0);
	messages = 0;
	cx_proxy_receive(proxy, &from, exact, m->n, 1000);
	free(exact);
	cx_proxy_tick(proxy, 100000000);
	cx_proxy_free(proxy);
	if (!messages)
		return DROPPED;
	return strncmp(sent, "SIP/2.0 ", 8) ? FORWARDED : atoi(sent + 8);
}

static void as_the_rfcs_say(void **state)
{
	size_t n = sizeof(expected) / sizeof(expected[0]);

	if (!corpus.n) {
		print_message("# SKIP: no RFC 4475 and RFC 5118 messages here (CXSIP_CORPORA)\n");
		skip();
	}
	for (size_t i = 0; i < n; i++) {
		const struct corpus_message *m = corpus_find(&corpus, expected[i].name);
		int udp, tcp;

		if (!m)
			fail_msg("%s is not there", expected[i].name);
		udp = run(m, CX_UDP);
		tcp = run(m, CX_TCP);
		if (udp != expected[i].by_udp || tcp != expected[i].by_tcp)
			fail_msg("%s: %d by UDP, %d by TCP instead of %d and %d", m->name, udp, tcp,
				 expected[i].by_udp, expected[i].by_tcp);
	}
	assert_int_equal(n, 61);
}

static int open_world(void **state)
{
	static const char starts[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789;$&%?+!_~*'";
	struct cx_config_network *n;
	struct cx_config_group *g;

	corpus_load_rfcs(&corpus);
	config = fixture_config();
	n = fixture_network(config, "all");
	cx_config_network_defaults(n);
	fixture_listener(n, "192.0.2.1", 5060);
	fixture_listener(n, "192.0.2.1", 5060);
	n->listeners[1].transport = CX_TCP;
	fixture_source(n, "0.0.0.0/0");
	g = fixture_group(config, "media", 0);
	cx_config_group_defaults(g);
	g->core = true;
	fixture_element(g, "ms1", "203.0.113.11", 5060, 1)->q = 1000;
	for (const char *p = starts; *p; p++)
		fixture_route(config, (char[]){*p, 0}, true, 0);
	tables = fixture_compile(config, NULL);
	return cx_world_new(config, tables, &world);
}

static int close_world(void **state)
{
	cx_world_free(world);
	cx_tables_free(tables);
	fixture_free(config);
	corpus_free(&corpus);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(as_the_rfcs_say),
	};

	return cmocka_run_group_tests(tests, open_world, close_world);
}
