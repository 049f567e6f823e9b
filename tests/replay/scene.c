// SPDX-License-Identifier: GPL-2.0-only
/* One run of a scenario: the core between its peers, on a virtual clock. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include "txn/branch.h"
#include "unit/fixture.h"
#include "replay.h"

#define A_LONG_TIME_MS (8ULL * 3600 * 1000) /* longer than anything lives */

void scene_fail(struct scene *s, const char *format, ...)
{
	va_list args;
	size_t n;

	if (s->loose || s->failed)
		return;
	s->failed = true;
	n = (size_t)snprintf(s->why, sizeof(s->why), "line %u: ", s->line ? s->line->number : 0);
	va_start(args, format);
	vsnprintf(s->why + n, sizeof(s->why) - n, format, args);
	va_end(args);
}

struct peer *scene_peer(struct scene *s, const char *name)
{
	for (int i = 0; i < s->n_peers; i++)
		if (!strcmp(s->peers[i].name, name))
			return &s->peers[i];
	return NULL;
}

/* ---- the core's ops ------------------------------------------------------------ */

static struct peer *who_is_at(struct scene *s, const struct cx_hop *hop)
{
	for (int i = 0; i < s->n_peers; i++) {
		struct peer *p = &s->peers[i];

		if (p->hop.transport != hop->transport ||
		    memcmp(&p->hop.addr, &hop->addr, sizeof(hop->addr)) != 0)
			continue;
		if (hop->connection != CX_NO_CONNECTION ? p->hop.connection == hop->connection
							: p->hop.port == hop->port)
			return p;
	}
	return NULL;
}

static int send_to_peer(void *ctx, const struct cx_hop *hop, const struct iovec *iov, int n_iov,
			uint64_t token)
{
	struct scene *s = ctx;
	struct peer *p = who_is_at(s, hop);
	struct cx_hop again = *hop;
	char text[CX_ENDPOINT_TEXT];
	struct packet *k;

	if (++s->sends == s->fail_send_at)
		return -ENOBUFS;
	if (!p) {
		scene_fail(s, "a message to %s, where nobody is",
			   cx_endpoint_format(&hop->addr, hop->port, text));
		return 0;
	}
	if (p->closed && hop->connection != CX_NO_CONNECTION) {
		if (!hop->return_port)
			return -ENOTCONN;
		again.port = hop->return_port;
		again.connection = CX_NO_CONNECTION;
		hop = &again;
		p = who_is_at(s, hop);
	}
	if (p->refuses && !(hop->any_length && (p->refuses == EFBIG || p->refuses == EMSGSIZE)))
		return -p->refuses;
	if (p->n_queue == QUEUE_MAX) {
		scene_fail(s, "more than %d messages to %s", QUEUE_MAX, p->name);
		return 0;
	}
	k = calloc(1, sizeof(*k));
	if (!k)
		abort();
	for (int i = 0; i < n_iov; i++) {
		if (k->n + iov[i].iov_len >= MESSAGE_MAX) {
			scene_fail(s, "a message to %s of more than %d bytes", p->name, MESSAGE_MAX);
			break;
		}
		memcpy(k->bytes + k->n, iov[i].iov_base, iov[i].iov_len);
		k->n += (uint32_t)iov[i].iov_len;
	}
	k->hop = *hop;
	k->token = token;
	if (token && strncmp(k->bytes, "SIP/2.0 ", 8) != 0)
		p->token = token;
	else if (token)
		p->response_token = token;
	p->queue[p->n_queue++] = k;
	return 0;
}

static void timer(void *ctx, uint64_t at_ms)
{
	struct scene *s = ctx;

	if (at_ms < s->timer_ms)
		s->timer_ms = at_ms;
}

static void sign(void *ctx, uint32_t element, enum cx_proxy_sign what)
{
	static const char *const words[] = {"answered", "silent", "refused", "failed"};
	struct scene *s = ctx;

	if (s->n_signs == NOTES_MAX) {
		memmove(s->signs, s->signs + 1, (NOTES_MAX - 1) * sizeof(s->signs[0]));
		s->n_signs--;
	}
	snprintf(s->signs[s->n_signs++], sizeof(s->signs[0]), "%.32s %s", s->world->elements[element].name,
		 words[what]);
}

/* As the daemon's health does with what any worker was told, or the operator says. */
static void set_pause(struct scene *s, uint32_t element, const struct cx_pause *pause)
{
	bool on = cx_pause_is_on(pause, s->now_ms);

	cx_world_set_pause(s->world, element, pause);
	cx_world_set_element(s->world, element, on ? CX_ELEMENT_PAUSED : CX_ELEMENT_UP, 0, s->now_ms);
}

static void pause_told(void *ctx, uint32_t element, const struct cx_pause *pause)
{
	struct scene *s = ctx;

	if (s->n_signs < NOTES_MAX)
		snprintf(s->signs[s->n_signs++], sizeof(s->signs[0]), "%.16s paused %u of %u after %u",
			 s->world->elements[element].name, (unsigned)((pause->until_ms - s->now_ms) / 1000),
			 pause->asked_s, pause->status);
	if (!s->alone)
		set_pause(s, element, pause);
}

static void note(void *ctx, const struct cx_proxy_note *n)
{
	struct scene *s = ctx;

	if (s->n_notes == NOTES_MAX) {
		memmove(s->notes, s->notes + 1, (NOTES_MAX - 1) * sizeof(s->notes[0]));
		s->n_notes--;
	}
	snprintf(s->notes[s->n_notes++], sizeof(s->notes[0]), "%.*s %.*s %d: %.150s",
		 (int)(n->call_id_n & 63), n->call_id, (int)(n->method_n & 31), n->method, n->status,
		 n->tried);
}

static const struct cx_proxy_ops ops = {
    .send = send_to_peer, .timer = timer, .sign = sign, .pause = pause_told, .note = note};

static void start_core(struct scene *s)
{
	if (cx_proxy_new(&s->settings, &ops, s, s->world, s->now_ms, &s->proxy))
		abort();
}

/* Another daemon in its place: the same keys and configuration, nothing else. */
/* node: NULL, or that of the daemon which takes over. */
static void restart(struct scene *s, const char *node)
{
	cx_proxy_free(s->proxy);
	s->world->meta.generation++;
	if (node)
		s->world->meta.node = (uint32_t)strtoul(node, NULL, 10);
	s->timer_ms = CX_PROXY_NEVER;
	start_core(s);
}

/* As after a reload without it: its listeners are no more. */
static void lose_network(struct scene *s, const char *name)
{
	for (size_t i = 0; i < s->tables->n_listeners; i++)
		if (!strcmp((const char *)s->tables->listeners[i].name, name))
			s->tables->listeners[i].flags = 0;
	cx_proxy_use(s->proxy, s->world);
}

/* ---- what a line does ------------------------------------------------------------- */

/* Every message must be heard before the next thing happens. */
static void settle(struct scene *s)
{
	for (int i = 0; i < s->n_peers; i++)
		if (s->peers[i].n_queue)
			scene_fail(s, "%s has received this, which nobody expected:\n%s", s->peers[i].name,
				   s->peers[i].queue[0]->bytes);
}

static void forget_unheard(struct scene *s)
{
	for (int i = 0; i < s->n_peers; i++)
		while (s->peers[i].n_queue)
			free(s->peers[i].queue[--s->peers[i].n_queue]);
}

void scene_receive(struct scene *s, struct peer *from, const char *bytes, size_t n)
{
	uint8_t *exact = malloc(n ? n : 1); /* so that a sanitizer sees a read behind the end */

	if (!exact)
		abort();
	memcpy(exact, bytes, n);
	cx_proxy_receive(s->proxy, &from->hop, exact, n, s->now_ms);
	free(exact);
}

static void advance(struct scene *s, uint64_t by_ms)
{
	uint64_t to_ms = s->now_ms + by_ms;
	unsigned ticks = 0;

	while (s->timer_ms <= to_ms && ticks++ < 1000000) {
		uint64_t due_ms = s->timer_ms;

		if (due_ms > s->now_ms)
			s->now_ms = due_ms;
		s->timer_ms = cx_proxy_tick(s->proxy, s->now_ms);
		if (s->timer_ms <= s->now_ms)
			scene_fail(s, "the core wants a tick in the past");
		if (s->loose)
			forget_unheard(s);
	}
	s->now_ms = to_ms;
}

static int errno_of(const char *name)
{
	static const struct {
		const char *name;
		int value;
	} known[] = {{"ECONNREFUSED", ECONNREFUSED}, {"ENOTCONN", ENOTCONN},	   {"ECONNRESET", ECONNRESET},
		     {"EHOSTUNREACH", EHOSTUNREACH}, {"EMSGSIZE", EMSGSIZE},	   {"ETIMEDOUT", ETIMEDOUT},
		     {"ENOBUFS", ENOBUFS},	     {"ENETUNREACH", ENETUNREACH}, {"EFBIG", EFBIG},
		     {"EMFILE", EMFILE},	     {"EADDRNOTAVAIL", EADDRNOTAVAIL}};

	for (size_t i = 0; name && i < sizeof(known) / sizeof(known[0]); i++)
		if (!strcmp(known[i].name, name))
			return known[i].value;
	return 0;
}

static void set_state(struct scene *s, const struct peer *p, uint8_t state)
{
	cx_world_set_element(s->world, p->element, state, 0, s->now_ms);
}

/* What another worker was told. */
static void pause_by_others(struct scene *s, const struct peer *p, const struct line *l)
{
	uint64_t until_ms = s->now_ms + strtoull(l->n_words > 2 ? l->words[2] : "0", NULL, 10) * 1000;

	set_pause(s, p->element, &(struct cx_pause){s->now_ms, until_ms, until_ms, 0, 503});
}

/* ICMP of a stranger: it quotes the last request to that peer, or what looks like it. */
static void bounces(struct scene *s, const struct peer *p, bool forged)
{
	const struct packet *last = p->n_requests ? p->requests[p->n_requests - 1] : NULL;
	struct cx_text branch = {NULL, 0};
	char text[CX_BRANCH_MAX];

	if (last)
		branch = cx_branch_in((struct cx_text){last->bytes, last->n});
	if (!branch.n || branch.n > sizeof(text)) {
		scene_fail(s, "%s has no request to quote", p->name);
		return;
	}
	memcpy(text, branch.p, branch.n);
	text[26] = forged ? (text[26] == 'x' ? 'y' : 'x') : text[26]; /* in the MAC */
	branch.p = text;
	if (cx_proxy_wrote(s->proxy, branch, &p->hop.addr, p->hop.port, p->hop.transport))
		cx_proxy_unreachable(s->proxy, &p->hop.addr, p->hop.port, p->hop.transport, EHOSTUNREACH,
				     s->now_ms);
}

static bool peer_does(struct scene *s, struct peer *p, const struct line *l)
{
	const char *verb = l->n_words > 1 ? l->words[1] : "";
	int err = errno_of(l->n_words > 2 ? l->words[2] : NULL);

	if (!strcmp(verb, ">") || !strcmp(verb, ">>"))
		settle(s), peer_says(s, p, l);
	else if (!strcmp(verb, "passes"))
		settle(s), peer_passes(s, p, l);
	else if (!strcmp(verb, "returns"))
		settle(s), peer_returns(s, p);
	else if (!strcmp(verb, "<"))
		peer_hears(s, p, l);
	else if (!strcmp(verb, "icmp"))
		cx_proxy_unreachable(s->proxy, &p->hop.addr, p->hop.port, p->hop.transport,
				     err ? err : ECONNREFUSED, s->now_ms);
	else if (!strcmp(verb, "bounces"))
		bounces(s, p, l->n_words > 2);
	else if (!strcmp(verb, "lost"))
		cx_proxy_failed(s->proxy, p->token, err ? err : ECONNRESET, s->now_ms);
	else if (!strcmp(verb, "lost-response"))
		cx_proxy_failed(s->proxy, p->response_token, err ? err : ECONNRESET, s->now_ms);
	else if (!strcmp(verb, "refuses"))
		p->refuses = err;
	else if (!strcmp(verb, "closes"))
		p->closed = true;
	else if (!strcmp(verb, "up"))
		set_state(s, p, CX_ELEMENT_UP);
	else if (!strcmp(verb, "down"))
		set_state(s, p, CX_ELEMENT_DOWN);
	else if (!strcmp(verb, "drains"))
		set_state(s, p, CX_ELEMENT_DRAINING);
	else if (!strcmp(verb, "paused"))
		pause_by_others(s, p, l);
	else if (!strcmp(verb, "enabled"))
		set_pause(s, p->element, &(struct cx_pause){.said_ms = s->now_ms});
	else
		return false;
	return true;
}

/* What lingers goes with whatever happens next, which this is. */
static void look(struct scene *s, struct cx_proxy_stats *stats)
{
	s->timer_ms = cx_proxy_tick(s->proxy, s->now_ms);
	cx_proxy_stats(s->proxy, stats);
}

static bool number_named(const struct cx_proxy_stats *stats, const char *name, size_t n, uint64_t *value)
{
#define CX_X(member, text)                                                                                   \
	if (strlen(#member) == n && !strncmp(name, #member, n)) {                                            \
		*value = stats->member;                                                                      \
		return true;                                                                                 \
	}
	CX_PROXY_GAUGES(CX_X)
	CX_PROXY_COUNTERS(CX_X)
#undef CX_X
	return false;
}

/* count NAME=VALUE ... */
static void check_counts(struct scene *s, const struct line *l)
{
	struct cx_proxy_stats stats;

	look(s, &stats);
	for (int i = 1; i < l->n_words; i++) {
		size_t n = strcspn(l->words[i], "=<");
		uint64_t value = 0, wanted = strtoull(l->words[i] + n + 1, NULL, 10);

		if (!number_named(&stats, l->words[i], n, &value))
			scene_fail(s, "no count %s", l->words[i]);
		if (l->words[i][n] == '<' ? value >= wanted : value != wanted)
			scene_fail(s, "%s, but it is %llu", l->words[i], (unsigned long long)value);
	}
}

static void check_quiet(struct scene *s)
{
	struct cx_proxy_stats g;

	look(s, &g);
	if (g.invite_server || g.other_server || g.invite_client || g.other_client || g.contexts ||
	    g.lingering || g.bytes)
		scene_fail(s,
			   "not quiet: %llu INVITE and %llu other server, %llu INVITE and %llu other client "
			   "transactions, %llu contexts, %llu lingering, %llu bytes",
			   (unsigned long long)g.invite_server, (unsigned long long)g.other_server,
			   (unsigned long long)g.invite_client, (unsigned long long)g.other_client,
			   (unsigned long long)g.contexts, (unsigned long long)g.lingering,
			   (unsigned long long)g.bytes);
}

static void check_list(struct scene *s, const char *pattern, const char *list, size_t size, int n)
{
	for (int i = 0; i < n; i++)
		if (text_matches(list + (size_t)i * size, pattern))
			return;
	scene_fail(s, "nothing like \"%s\"; the last is \"%s\"", pattern,
		   n ? list + (size_t)(n - 1) * size : "");
}

static void run_line(struct scene *s, const struct line *l)
{
	const char *word = l->words[0];
	struct peer *p = scene_peer(s, word);

	s->line = l;
	if (p && peer_does(s, p, l))
		return;
	if (word[0] == '+') {
		uint64_t by = strtoull(word + 1, NULL, 10);

		settle(s);
		advance(s, word[strlen(word) - 1] == 's' ? by * 1000 : by);
	} else if (!strcmp(word, "count")) {
		check_counts(s, l);
	} else if (!strcmp(word, "quiet")) {
		check_quiet(s);
	} else if (!strcmp(word, "note")) {
		check_list(s, l->rest + 5, s->notes[0], sizeof(s->notes[0]), s->n_notes);
	} else if (!strcmp(word, "sign")) {
		check_list(s, l->rest + 5, s->signs[0], sizeof(s->signs[0]), s->n_signs);
	} else if (!strcmp(word, "restart")) {
		settle(s);
		restart(s, l->n_words > 1 ? l->words[1] : NULL);
	} else if (!strcmp(word, "loses") && l->n_words > 1) {
		lose_network(s, l->words[1]);
	} else if (!strcmp(word, "alone")) {
		s->alone = true;
	} else if (!strcmp(word, "stopping")) {
		cx_proxy_drain(s->proxy, true);
	} else {
		s->loose = false;
		scene_fail(s, "what is \"%s\"?", l->rest);
	}
}

/* ---- a run ---------------------------------------------------------------------- */

/* Whatever happened: in the end nothing is left. */
static void finish(struct scene *s)
{
	bool loose = s->loose;

	settle(s);
	s->loose = true;
	forget_unheard(s);
	advance(s, A_LONG_TIME_MS);
	forget_unheard(s);
	s->loose = false;
	check_quiet(s);
	if (s->proxy->mem.objects != 2 + 2)
		scene_fail(s, "%llu objects were not given back",
			   (unsigned long long)s->proxy->mem.objects - 4);
	s->loose = loose;
}

static void free_peers(struct scene *s)
{
	for (int i = 0; i < s->n_peers; i++) {
		struct peer *p = &s->peers[i];

		while (p->n_requests)
			free(p->requests[--p->n_requests]);
		free(p->sent);
		free(p->invite);
		free(p->response);
		free(p->invite_response);
	}
}

static void run_all(struct scene *s, uint64_t fail_allocation, struct run *result)
{
	uint64_t before = s->proxy->mem.allocations;
	const struct line *l;

	if (fail_allocation)
		s->proxy->mem.fail_at = before + fail_allocation;
	for (int k = 0; (l = script_line(s->script, k)); k++) {
		if (l->indented || world_has(l))
			continue;
		if (!s->failed)
			run_line(s, l);
		if (s->proxy->mem.bytes - s->proxy->base_bytes > result->peak_bytes)
			result->peak_bytes = s->proxy->mem.bytes - s->proxy->base_bytes;
	}
	if (!s->failed)
		finish(s);
	result->allocations = s->proxy->mem.allocations - before;
	result->sends = s->sends;
}

void scene_run(const struct script *script, uint64_t fail_allocation, uint64_t fail_send, struct run *result)
{
	struct scene *s = calloc(1, sizeof(*s));
	const struct line *l;

	if (!s)
		abort();
	memset(result, 0, sizeof(*result));
	s->script = script;
	s->loose = fail_allocation || fail_send;
	s->fail_send_at = fail_send;
	s->now_ms = 1000000;
	s->timer_ms = CX_PROXY_NEVER;
	s->settings = CX_PROXY_SETTINGS_DEFAULT;
	s->settings.transactions_max = 1024;
	s->settings.worker = 3;
	s->settings.seed = 42;
	s->config = fixture_config();
	for (int k = 0; (l = script_line(script, k)); k++)
		if (!l->indented && world_has(l))
			world_line(s, l);
	world_open(s);
	start_core(s);
	run_all(s, fail_allocation, result);
	result->failed = s->failed;
	memcpy(result->why, s->why, sizeof(result->why));
	cx_proxy_free(s->proxy);
	forget_unheard(s);
	free_peers(s);
	world_close(s);
	free(s);
}
