// SPDX-License-Identifier: GPL-2.0-only
/* `cxctl explain`, of a request that the proxy core handles. */
#include <stdio.h>
#include <string.h>
#include "cxctl/cxctl.h"
#include "cxctl/explain.h"
#include "cxctl/table.h"

#define TRIES_MAX 16 /* of one request */
#define INDENT "           "

void cxctl_label(const char *name)
{
	printf("%s%-10s%s ", cxctl_style_on(CXCTL_HEAD, stdout), name, cxctl_style_off(stdout));
}

static void tell_element(const json_t *e)
{
	char reason[CXCTL_REASON];

	if (!cxctl_text(e, "element")[0]) {
		printf("an address that no group knows");
		return;
	}
	cxctl_print_clean(cxctl_text(e, "element"), stdout);
	printf(" %s: %s; q %.3g, weight %lld", cxctl_text(e, "state"), cxctl_reason(e, reason),
	       (double)cxctl_integer(e, "q") / 1000, (long long)cxctl_integer(e, "weight"));
}

static void tell_tries(const json_t *plan)
{
	const json_t *tries = cxctl_object(plan, "tries"), *left_out = cxctl_object(plan, "left_out"), *e;
	size_t i, n = json_array_size(tries);

	if (!n && !json_array_size(left_out))
		return;
	cxctl_label("asks");
	if (!n)
		printf("nobody\n");
	json_array_foreach(tries, i, e)
	{
		long long ms = cxctl_integer(e, "try_ms");

		printf("%s%zu. ", i ? INDENT : "", i + 1);
		tell_element(e);
		printf("\n" INDENT "   at %s/%s from %s", cxctl_text(e, "to"), cxctl_text(e, "transport"),
		       cxctl_text(cxctl_object(e, "from"), "listener"));
		if (i + 1 < n && ms)
			printf(", for %lld ms", ms);
		putchar('\n');
	}
	if (n == TRIES_MAX)
		printf(INDENT "and no more: that many are tried at most\n");
	json_array_foreach(left_out, i, e)
	{
		printf(INDENT "-  ");
		tell_element(e);
		putchar('\n');
	}
}

static void tell_policy(const json_t *policy)
{
	const json_t *retries = cxctl_object(policy, "element_retries"), *code;
	const char *fork = cxctl_text(policy, "fork");
	size_t i;

	if (!json_is_object(policy))
		return;
	cxctl_label("failover");
	printf("at");
	json_array_foreach(cxctl_object(policy, "failover_codes"), i, code)
	    printf(" %lld", (long long)json_integer_value(code));
	printf(", refusal, or %lld ms of silence; asks again %lld times over UDP, %lld over TCP\n",
	       (long long)cxctl_integer(policy, "try_timeout_ms"), (long long)cxctl_integer(retries, "udp"),
	       (long long)cxctl_integer(retries, "tcp"));
	if (strcmp(fork, "off") != 0)
		printf(INDENT "fork %s: %s\n", fork,
		       !strcmp(fork, "parallel") ? "those of one q at once"
						 : "any failure but 6xx asks the next");
	if (cxctl_bool(policy, "recurse"))
		printf(INDENT "3xx is followed\n");
}

static void tell_timers(const json_t *timers)
{
	if (!json_is_object(timers))
		return;
	cxctl_label("timers");
	printf("T1 %lld, T2 %lld, T4 %lld, B and F %lld, C %lld ms\n",
	       (long long)cxctl_integer(timers, "t1_ms"), (long long)cxctl_integer(timers, "t2_ms"),
	       (long long)cxctl_integer(timers, "t4_ms"), (long long)cxctl_integer(timers, "b_ms"),
	       (long long)cxctl_integer(timers, "c_ms"));
}

static void tell_record_route(const json_t *list)
{
	const json_t *l;
	size_t i;

	cxctl_label("record");
	if (!json_array_size(list))
		printf("no Record-Route\n");
	json_array_foreach(list, i, l)
	{
		printf("%s%s/%s of network ", i ? ", then " : "Record-Route ", cxctl_text(l, "listener"),
		       cxctl_text(l, "transport"));
		cxctl_print_clean(cxctl_text(l, "network"), stdout);
	}
	if (json_array_size(list))
		putchar('\n');
}

void cxctl_tell_plan(const json_t *plan)
{
	const json_t *answer = cxctl_object(plan, "answer");
	long long retry = cxctl_integer(answer, "retry_after_s");
	bool asks = json_array_size(cxctl_object(plan, "tries"));

	cxctl_label("worker");
	printf("%lld\n", (long long)cxctl_integer(plan, "worker"));
	tell_tries(plan);
	if (asks) {
		tell_policy(cxctl_object(plan, "policy"));
		tell_timers(cxctl_object(plan, "timers"));
		tell_record_route(cxctl_object(plan, "record_route"));
	}
	if (!json_is_object(answer))
		return;
	cxctl_label("else");
	printf("%s%lld", asks ? "if none of them can be reached, " : "",
	       (long long)cxctl_integer(answer, "status"));
	if (retry)
		printf(", Retry-After: %lld", retry);
	putchar('\n');
}
