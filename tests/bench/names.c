// SPDX-License-Identifier: GPL-2.0-only
/*
 * Many host names: what the main thread spends on them. A configuration with N elements
 * by name in one group, a name server that answers at once, and a reload.
 *
 *   names [N...]          default: 2000 5000
 *
 * The columns, in ms: taking the names of a configuration into use, resolving them all
 * (two servers each, a tick after each answer), a thousand ticks in which nothing is due,
 * taking the names of a reload, and making its configuration with addresses.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include "config/config.h"
#include "dns/hosts.h"

#define MUST(x)                                                                                              \
	do {                                                                                                 \
		if (!(x)) {                                                                                  \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x);                              \
			exit(1);                                                                             \
		}                                                                                            \
	} while (0)

static struct {
	struct cx_hosts *hosts;
	const struct cx_config *config;
	uint32_t *uses;
	size_t n_uses;
	struct {
		uint64_t token;
		uint32_t number;
	} asked[CX_HOSTS_QUESTIONS_MAX];
	size_t n_asked;
} b;

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static struct cx_config *load(const char *path, unsigned n)
{
	struct cx_config *config;
	struct cx_diag diag = {0};
	FILE *f = fopen(path, "w");

	MUST(f);
	fprintf(f, "networks = ( { name = \"core\"; listeners = ( { address = \"127.0.0.1\"; } ); "
		   "sources = [ \"10.0.0.0/8\" ]; } );\ngroups = ( { name = \"g\"; elements = (\n");
	for (unsigned i = 0; i < n; i++)
		fprintf(f, "{ name = \"ms%u\"; uri = \"sip:ms%u.example.com:5060\"; }%s\n", i, i,
			i + 1 < n ? "," : "");
	fprintf(f, "); } );\nroutes = ( { prefix = \"1\"; group = \"g\"; } );\n");
	fclose(f);
	if (cx_config_load(path, &diag, &config)) {
		cx_diag_print(&diag, stderr);
		exit(1);
	}
	cx_diag_clear(&diag);
	return config;
}

static int on_ask(void *ctx, uint64_t token, const char *name, uint16_t type)
{
	MUST(b.n_asked < CX_HOSTS_QUESTIONS_MAX && sscanf(name, "ms%u", &b.asked[b.n_asked].number) == 1);
	b.asked[b.n_asked++].token = token;
	return 0;
}

static void on_changed(void *ctx, uint32_t host, bool targets)
{
}

static void take(void)
{
	struct cx_locate_want want;
	const struct cx_config_group *g = &b.config->groups[0];

	b.n_uses = 0;
	for (size_t i = 0; i < g->n_elements; i++) {
		cx_config_want(b.config, g, &g->elements[i], &want);
		MUST(!cx_hosts_take(b.hosts, &want, &b.uses[b.n_uses++]));
	}
}

/* One answer at a time, as they come. */
static void resolve(void)
{
	struct cx_dns_answer *a = calloc(1, sizeof(*a));

	MUST(a);
	for (cx_hosts_tick(b.hosts, 1000); b.n_asked; cx_hosts_tick(b.hosts, 1000)) {
		uint32_t number = b.asked[0].number;
		uint64_t token = b.asked[0].token;
		uint8_t rdata[4] = {10, (uint8_t)(number >> 8), (uint8_t)number, 1};

		memset(a, 0, sizeof(*a));
		a->ttl_s = 60;
		cx_dns_answer_add(a, CX_DNS_A, rdata, 4);
		rdata[3] = 2;
		cx_dns_answer_add(a, CX_DNS_A, rdata, 4);
		b.asked[0] = b.asked[--b.n_asked];
		cx_hosts_answer(b.hosts, token, a, 1000);
	}
	free(a);
}

static size_t targets(void *ctx, const struct cx_config_group *group, const struct cx_config_element *e,
		      const struct cx_target **list)
{
	struct cx_locate_want want;
	struct cx_host_view view;

	cx_config_want(b.config, group, e, &want);
	MUST(cx_hosts_view(b.hosts, cx_hosts_find(b.hosts, &want), &view));
	*list = view.targets;
	return view.n + view.n_gone;
}

static void run(const char *path, unsigned n)
{
	const struct cx_hosts_rules rules = {5, 3600, 60, 1000, 86400, 3600};
	const struct cx_hosts_ops ops = {.ask = on_ask, .changed = on_changed};
	const struct cx_config_answers answers = {.targets = targets};
	struct cx_config *config = load(path, n), *expanded;
	struct cx_diag diag = {0};
	double t[6];

	b.config = config;
	b.hosts = cx_hosts_new(&rules, &ops);
	b.uses = calloc(n, sizeof(*b.uses));
	MUST(b.hosts && b.uses);
	t[0] = now_ms();
	take();
	t[1] = now_ms();
	resolve();
	t[2] = now_ms();
	for (int i = 0; i < 1000; i++)
		cx_hosts_tick(b.hosts, 1000);
	t[3] = now_ms();
	take();
	t[4] = now_ms();
	MUST(!cx_config_expand(config, &answers, &diag, &expanded));
	t[5] = now_ms();
	MUST(expanded->groups[0].n_elements == 2 * n);
	printf("%6u names: taken %.1f, resolved %.1f, 1000 ticks %.1f, taken again %.1f, expanded %.1f\n", n,
	       t[1] - t[0], t[2] - t[1], t[3] - t[2], t[4] - t[3], t[5] - t[4]);
	cx_config_free(expanded);
	cx_config_free(config);
	cx_hosts_free(b.hosts);
	free(b.uses);
	b.n_asked = 0;
}

int main(int argc, char **argv)
{
	char directory[] = "/tmp/cx-names-XXXXXX", path[64];

	MUST(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/cxsip.cfg", directory);
	for (int i = 1; i < argc; i++)
		run(path, (unsigned)strtoul(argv[i], NULL, 10));
	if (argc == 1) {
		run(path, 2000);
		run(path, 5000);
	}
	unlink(path);
	rmdir(directory);
	return 0;
}
