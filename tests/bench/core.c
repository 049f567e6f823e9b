// SPDX-License-Identifier: GPL-2.0-only
/*
 * The proxy core by itself: calls of seven messages (INVITE, 180, 200, ACK, BYE,
 * 200, with Record-Route, over UDP) against peers that live in this process, on a
 * virtual clock. What a call costs in CPU time without any system call, what it
 * holds in memory while it is up and while it lingers, and that a million of them
 * leave nothing behind.
 *
 *   core [CALLS [CALLS_PER_SECOND]]     default 1000000 at 2000
 *   core threads N [CALLS]              N workers' cores side by side over one world, each
 *                                       with so many calls (200000); prints calls/s of all
 */
#include <malloc.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include "unit/fixture.h"
#include "proxy/core.h"

static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n"
			  "m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
			  "a=rtpmap:101 telephone-event/8000\r\n";

static struct cx_world *world;
static struct cx_hop caller, server;
/* a worker's own */
static _Thread_local struct cx_proxy *proxy;
static _Thread_local uint64_t now_ms = 1000000, timer_ms = CX_PROXY_NEVER;
static _Thread_local char last[8192]; /* what the core sent last */
static _Thread_local size_t last_n;
static _Thread_local uint64_t sent;

static int take(void *ctx, const struct cx_hop *hop, const struct iovec *iov, int n, uint64_t token)
{
	last_n = 0;
	for (int i = 0; i < n; i++) {
		memcpy(last + last_n, iov[i].iov_base, iov[i].iov_len);
		last_n += iov[i].iov_len;
	}
	last[last_n] = '\0';
	sent++;
	return 0;
}

static void timer(void *ctx, uint64_t at_ms)
{
	timer_ms = at_ms < timer_ms ? at_ms : timer_ms;
}

static void must(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "core: %s\n%s\n", what, last);
	exit(1);
}

static void give(const struct cx_hop *from, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void give(const struct cx_hop *from, const char *format, ...)
{
	char text[4096];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	cx_proxy_receive(proxy, from, (const uint8_t *)text, (size_t)n, now_ms);
}

/* The server's answer: all of the request from Via to CSeq comes back. */
static void answer(const char *request, int status, const char *reason)
{
	const char *fields = strstr(request, "\r\n") + 2, *contact = strstr(fields, "Contact:");

	give(&server, "SIP/2.0 %d %s\r\n%.*sContact: <sip:203.0.113.11>\r\nContent-Length: 0\r\n\r\n", status,
	     reason, (int)(contact - fields), fields);
}

static void invite(unsigned i, char request[8192])
{
	give(&caller,
	     "INVITE sip:9001@192.0.2.1 SIP/2.0\r\n"
	     "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-i%u\r\n"
	     "Max-Forwards: 70\r\n"
	     "From: <sip:caller@198.51.100.7>;tag=f%u\r\nTo: <sip:9001@192.0.2.1>\r\n"
	     "Call-ID: %u-1234@198.51.100.7\r\nCSeq: 1 INVITE\r\n"
	     "Contact: <sip:caller@198.51.100.7:5060>\r\nSubject: measuring\r\n"
	     "Content-Type: application/sdp\r\nContent-Length: %zu\r\n\r\n%s",
	     i, i, i, sizeof(sdp) - 1, sdp);
	must(!strncmp(last, "INVITE ", 7), "no INVITE came out");
	memcpy(request, last, last_n + 1);
}

static void request(unsigned i, const char *method, unsigned cseq)
{
	give(&caller,
	     "%s sip:203.0.113.11:5060 SIP/2.0\r\n"
	     "Via: SIP/2.0/UDP 198.51.100.7:5060;branch=z9hG4bK-%s%u\r\n"
	     "Max-Forwards: 70\r\n"
	     "Route: <sip:192.0.2.1:5060;lr>, <sip:203.0.113.1:5060;lr>\r\n"
	     "From: <sip:caller@198.51.100.7>;tag=f%u\r\nTo: <sip:9001@192.0.2.1>;tag=t\r\n"
	     "Call-ID: %u-1234@198.51.100.7\r\nCSeq: %u %s\r\n"
	     "Contact: <sip:caller@198.51.100.7:5060>\r\nContent-Length: 0\r\n\r\n",
	     method, method, i, i, i, cseq, method);
	must(!strncmp(last, method, strlen(method)), "the request did not come out");
}

static uint64_t bytes(void)
{
	struct cx_proxy_stats stats;

	cx_proxy_stats(proxy, &stats);
	return stats.bytes;
}

static void call(unsigned i)
{
	char kept[8192];

	invite(i, kept);
	answer(kept, 180, "Ringing");
	must(!strncmp(last, "SIP/2.0 180", 11), "no 180 came out");
	answer(kept, 200, "OK");
	must(!strncmp(last, "SIP/2.0 200", 11), "no 200 came out");
	request(i, "ACK", 1);
	request(i, "BYE", 2);
	answer(last, 200, "OK");
	must(!strncmp(last, "SIP/2.0 200", 11), "no 200 to BYE came out");
}

static void advance(uint64_t to_ms)
{
	while (timer_ms <= to_ms) {
		now_ms = timer_ms > now_ms ? timer_ms : now_ms;
		timer_ms = cx_proxy_tick(proxy, now_ms);
	}
	now_ms = to_ms;
}

static double cpu_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long resident_kb(void)
{
	long pages = 0, ignored;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%ld %ld", &ignored, &pages) != 2)
		pages = 0;
	if (f)
		fclose(f);
	return pages * 4;
}

static void open_world(void)
{
	struct cx_config *config = fixture_config();
	struct cx_config_network *n = fixture_network(config, "access");
	struct cx_config_group *g;
	struct cx_tables *tables;

	fixture_listener(n, "192.0.2.1", 5060);
	fixture_source(n, "198.51.100.0/24");
	n->record_route = true;
	n = fixture_network(config, "core");
	fixture_listener(n, "203.0.113.1", 5060);
	fixture_source(n, "203.0.113.0/24");
	g = fixture_group(config, "media", 1);
	cx_config_group_defaults(g);
	g->core = true;
	fixture_element(g, "ms1", "203.0.113.11", 5060, 1)->q = 1000;
	fixture_route(config, "9", true, 0);
	tables = fixture_compile(config, NULL);
	must(!cx_world_new(config, tables, &world), "no world");
	caller = (struct cx_hop){
	    .addr = fixture_addr("198.51.100.7"), .port = 5060, .connection = CX_NO_CONNECTION};
	server = (struct cx_hop){
	    .addr = fixture_addr("203.0.113.11"), .port = 5060, .connection = CX_NO_CONNECTION};
	caller.listener = (uint16_t)cx_tables_listener_at(tables, &tables->listeners[0].addr, 5060);
	server.listener = (uint16_t)cx_tables_listener_at(tables, &tables->listeners[1].addr, 5060);
}

static void open_core(uint32_t worker)
{
	static const struct cx_proxy_ops ops = {.send = take, .timer = timer};
	struct cx_proxy_settings settings = CX_PROXY_SETTINGS_DEFAULT;

	settings.seed = 42;
	settings.worker = worker;
	must(!cx_proxy_new(&settings, &ops, NULL, world, now_ms, &proxy), "no core");
}

static void measure_memory(void)
{
	char kept[8192];
	uint64_t before = bytes();

	invite(0, kept);
	printf("live pair, INVITE of %zu bytes sent        %6llu bytes\n", last_n,
	       (unsigned long long)(bytes() - before));
	answer(kept, 180, "Ringing");
	printf("live pair, ringing                         %6llu bytes\n",
	       (unsigned long long)(bytes() - before));
	answer(kept, 200, "OK");
	printf("lingering pair, after the 2xx              %6llu bytes\n",
	       (unsigned long long)(bytes() - before));
	request(0, "ACK", 1);
	before = bytes();
	request(0, "BYE", 2);
	printf("live pair, BYE sent                        %6llu bytes\n",
	       (unsigned long long)(bytes() - before));
	answer(last, 200, "OK");
	printf("lingering pair, after the BYE              %6llu bytes\n",
	       (unsigned long long)(bytes() - before));
	advance(now_ms + 100000);
	must(!bytes(), "something is left");
}

/* Calls number first to last. */
static void place(unsigned first, unsigned last_one, unsigned rate)
{
	for (unsigned i = first; i <= last_one; i++) {
		call(i);
		if (i % rate == 0)
			advance(now_ms + 1000);
	}
}

static void close_core(void)
{
	advance(now_ms + 100000);
	must(!bytes(), "something is left");
	cx_proxy_free(proxy);
}

struct worker {
	pthread_t thread;
	pthread_barrier_t *start, *end;
	uint32_t number;
	unsigned calls;
};

static void *run_worker(void *arg)
{
	const struct worker *w = arg;

	open_core(w->number);
	pthread_barrier_wait(w->start);
	place(1, w->calls, 2000);
	pthread_barrier_wait(w->end);
	close_core();
	return NULL;
}

static int side_by_side(unsigned n, unsigned calls)
{
	struct worker w[64];
	pthread_barrier_t start, end;
	struct timespec from, to;
	double seconds;

	must(n && n <= 64 && calls, "1 to 64 threads");
	pthread_barrier_init(&start, NULL, n + 1);
	pthread_barrier_init(&end, NULL, n + 1);
	for (unsigned i = 0; i < n; i++) {
		w[i] = (struct worker){.start = &start, .end = &end, .number = i, .calls = calls};
		must(!pthread_create(&w[i].thread, NULL, run_worker, &w[i]), "no thread");
	}
	pthread_barrier_wait(&start);
	clock_gettime(CLOCK_MONOTONIC, &from);
	pthread_barrier_wait(&end);
	clock_gettime(CLOCK_MONOTONIC, &to);
	for (unsigned i = 0; i < n; i++)
		pthread_join(w[i].thread, NULL);
	seconds = (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
	printf("%.0f\n", (double)calls * n / seconds);
	return 0;
}

int main(int argc, char **argv)
{
	unsigned calls = argc > 1 ? (unsigned)atoi(argv[1]) : 1000000,
		 rate = argc > 2 ? (unsigned)atoi(argv[2]) : 2000;
	double start;

	open_world();
	if (argc > 2 && !strcmp(argv[1], "threads"))
		return side_by_side((unsigned)atoi(argv[2]), argc > 3 ? (unsigned)atoi(argv[3]) : 200000);
	open_core(0);
	measure_memory();
	sent = 0;
	start = cpu_s();
	place(1, calls / 10, rate);
	printf("resident after %7u calls              %6ld KB\n", calls / 10, resident_kb());
	place(calls / 10 + 1, calls, rate);
	printf("resident after %7u calls              %6ld KB\n", calls, resident_kb());
	printf("a call of 7 messages                       %6.2f us of CPU, %llu messages sent\n",
	       (cpu_s() - start) * 1e6 / calls, (unsigned long long)sent);
	close_core();
	printf("gauges are at zero\n");
	return 0;
}
