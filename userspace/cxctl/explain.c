/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl explain`: asks the daemon about a DN or a message, and tells the story
 * in the order in which the engine decides.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cxctl/cxctl.h"
#include "cxctl/explain.h"
#include "cxctl/format.h"
#include "cxctl/table.h"

#define MESSAGE_MAX 65000

/* Reads a whole datagram; NULL with the error printed. */
static char *read_message(const char *path, size_t *n)
{
	FILE *in = strcmp(path, "-") ? fopen(path, "rb") : stdin;
	char *text;

	if (!in) {
		cxctl_error(NULL, "%s: %s", path, strerror(errno));
		return NULL;
	}
	text = malloc(MESSAGE_MAX + 1);
	*n = text ? fread(text, 1, MESSAGE_MAX + 1, in) : 0;
	if (!text || ferror(in) || *n > MESSAGE_MAX || !*n) {
		cxctl_error(NULL, "%s: %s", path,
			    text && *n > MESSAGE_MAX ? "longer than a UDP datagram"
			    : text && !ferror(in)    ? "empty"
						     : strerror(errno));
		free(text);
		text = NULL;
	}
	if (in != stdin)
		fclose(in);
	return text;
}

/* As text where JSON can hold it byte for byte, else in hex. */
static json_t *message_args(const char *text, size_t n)
{
	json_t *message = memchr(text, '\0', n) ? NULL : json_stringn(text, n);
	char *hex;

	if (message)
		return json_pack("{s:o}", "message", message);
	hex = malloc(2 * n + 1);
	if (!hex)
		return NULL;
	for (size_t i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", (unsigned char)text[i]);
	message = json_pack("{s:s}", "message_hex", hex);
	free(hex);
	return message;
}

static bool is_file(const char *word)
{
	size_t n = strlen(word);

	return !strcmp(word, "-") || strchr(word, '/') || (n > 4 && !strcmp(word + n - 4, ".sip"));
}

/* ---- the story ---------------------------------------------------------- */

static void clean(const json_t *object, const char *key)
{
	cxctl_print_clean(cxctl_text(object, key), stdout);
}

static void tell_message(const json_t *x)
{
	const json_t *m = cxctl_object(x, "message"), *arrived = cxctl_object(x, "arrived");
	const json_t *source = cxctl_object(x, "source");

	cxctl_label("message");
	clean(m, "start_line");
	printf("\n           %lld bytes%s, Call-ID ", (long long)cxctl_integer(m, "bytes"),
	       cxctl_bool(m, "made_up") ? ", made up for this question" : "");
	clean(m, "call_id");
	putchar('\n');
	cxctl_label("arrived");
	printf("at %s/%s of network ", cxctl_text(arrived, "listener"), cxctl_text(arrived, "transport"));
	clean(arrived, "network");
	printf("\n           from %s, %s\n", cxctl_text(source, "address"),
	       cxctl_bool(source, "accepted") ? "which the network accepts"
					      : "which the network does NOT accept");
}

static void tell_route(const json_t *x)
{
	const json_t *choice = cxctl_object(x, "choice"), *route = cxctl_object(choice, "route");

	if (!json_is_object(route)) {
		if (!strcmp(cxctl_text(cxctl_object(x, "core"), "reason"), "no_route")) {
			cxctl_label("route");
			printf("none in table ");
			clean(cxctl_object(x, "arrived"), "table");
			printf(" serves this DN\n");
		}
		return;
	}
	cxctl_label("route");
	clean(route, "dn");
	printf(" (%s%s) of table ", cxctl_bool(route, "prefix") ? "prefix" : "exact",
	       cxctl_bool(route, "core") ? ", core" : "");
	clean(route, "table");
	printf(", ");
	clean(route, "file");
	printf(":%lld\n", (long long)cxctl_integer(route, "line"));
}

static void tell_choice(const json_t *x)
{
	const json_t *choice = cxctl_object(x, "choice"), *e = cxctl_object(choice, "element");
	char ago[CXCTL_FORMAT];

	if (cxctl_text(choice, "group")[0]) {
		cxctl_label("group");
		clean(choice, "group");
		if (cxctl_bool(choice, "from_recent_call"))
			printf(", element remembered from this Call-ID's earlier request\n");
		else if (json_is_integer(cxctl_object(choice, "slot")))
			printf(", ring slot %lld of %lld\n", (long long)cxctl_integer(choice, "slot"),
			       (long long)cxctl_integer(choice, "ring_slots"));
		else
			putchar('\n');
	}
	if (json_is_object(e)) {
		cxctl_label("element");
		clean(e, "element");
		printf(" (");
		clean(e, "uri");
		printf("), %s for %s: %s\n", cxctl_text(e, "state"),
		       cxctl_ago(cxctl_integer(e, "since_ms"), ago), cxctl_text(e, "reason"));
	}
}

static void tell_edits(const json_t *sent)
{
	const json_t *edits = cxctl_object(sent, "edits"), *edit;
	size_t i;

	cxctl_label("edits");
	if (!json_array_size(edits))
		printf("none\n");
	json_array_foreach(edits, i, edit)
	{
		bool added = !strcmp(cxctl_text(edit, "op"), "+");

		printf("%s%s%s ", i ? "           " : "",
		       cxctl_style_on(added ? CXCTL_GOOD : CXCTL_BAD, stdout), cxctl_text(edit, "op"));
		clean(edit, "line");
		printf("%s\n", cxctl_style_off(stdout));
	}
}

static void tell_sent(const json_t *x)
{
	const json_t *sent = cxctl_object(x, "sent"), *hop = cxctl_object(sent, "nexthop");

	if (!json_is_object(sent))
		return;
	tell_edits(sent);
	cxctl_label("sent");
	printf("to %s from %s\n", cxctl_text(sent, "to"), cxctl_text(cxctl_object(sent, "from"), "listener"));
	if (json_is_object(hop))
		printf("           next hop %s on %s, MAC %s, MTU %lld, %s\n", cxctl_text(hop, "neighbour"),
		       cxctl_text(hop, "interface"), cxctl_text(hop, "mac"),
		       (long long)cxctl_integer(hop, "mtu"), cxctl_text(hop, "state"));
	else
		printf("           no resolved next hop: the kernel's routing decides\n");
}

/* Of what is the proxy core's. */
static void tell_why(const json_t *why)
{
	const json_t *text;
	size_t i;

	printf("core: ");
	json_array_foreach(why, i, text) printf("%s%s", i ? "; " : "", json_string_value(text));
	putchar('\n');
}

static void tell_path(const json_t *x)
{
	const json_t *fast = cxctl_object(x, "fast"), *kernel = cxctl_object(x, "kernel");
	bool is_fast = !strcmp(cxctl_text(x, "path"), "fast");

	cxctl_label("path");
	if (json_is_object(cxctl_object(x, "plan")))
		tell_why(cxctl_object(cxctl_object(x, "plan"), "why"));
	else if (is_fast)
		printf("fast: forwarded in the kernel\n");
	else if (!strcmp(cxctl_text(fast, "verdict"), "forward"))
		printf("core: the kernel would forward it, but %s\n", cxctl_text(kernel, "why"));
	else if (!strcmp(cxctl_text(fast, "verdict"), "drop"))
		printf("dropped in the kernel: %s (%s)\n", cxctl_text(fast, "text"),
		       cxctl_text(fast, "reason"));
	else
		printf("core: %s (%s)\n", cxctl_text(fast, "text"), cxctl_text(fast, "reason"));
	cxctl_label("kernel");
	if (!cxctl_bool(kernel, "ran"))
		printf("not asked: %s\n", cxctl_text(kernel, "why"));
	else if (cxctl_bool(kernel, "agrees"))
		printf("XDP_%s; kernel and daemon agree%s\n", cxctl_text(kernel, "verdict"),
		       is_fast ? ", byte for byte" : "");
	else
		printf("%sXDP_%s; kernel and daemon DISAGREE: %s%s\n", cxctl_style_on(CXCTL_BAD, stdout),
		       cxctl_text(kernel, "verdict"), cxctl_text(kernel, "differs"), cxctl_style_off(stdout));
}

static void tell_outcome(const json_t *x)
{
	const json_t *core = cxctl_object(x, "core"), *note;
	long long reply = cxctl_integer(x, "reply");
	const char *verdict = cxctl_text(core, "verdict");
	size_t i;

	cxctl_label("outcome");
	if (!strcmp(verdict, "forward"))
		printf("%s\n", cxctl_text(core, "text"));
	else if (reply && json_is_object(cxctl_object(x, "plan")))
		printf("the proxy core answers %lld\n", reply);
	else if (reply)
		printf("the daemon answers %lld: %s (%s)\n", reply, cxctl_text(core, "text"),
		       cxctl_text(core, "reason"));
	else if (!strcmp(verdict, "drop"))
		printf("dropped: %s (%s)\n", cxctl_text(core, "text"), cxctl_text(core, "reason"));
	else
		printf("not answered and not forwarded: %s (%s)\n", cxctl_text(core, "text"),
		       cxctl_text(core, "reason"));
	json_array_foreach(cxctl_object(x, "notes"), i, note)
	{
		cxctl_label("note");
		printf("%s\n", json_string_value(note));
	}
}

static int ask(struct cxctl *c, json_t *args)
{
	json_t *x;
	bool good;
	int rc;

	rc = cxctl_ask(c, "explain", args, &x);
	if (rc)
		return rc;
	good = cxctl_bool(x, "ok") && (!cxctl_bool(cxctl_object(x, "kernel"), "ran") ||
				       cxctl_bool(cxctl_object(x, "kernel"), "agrees"));
	if (!cxctl_json(c, x)) {
		tell_message(x);
		tell_route(x);
		tell_choice(x);
		tell_sent(x);
		tell_path(x);
		if (json_is_object(cxctl_object(x, "plan")))
			cxctl_tell_plan(cxctl_object(x, "plan"));
		tell_outcome(x);
	}
	json_decref(x);
	return good ? CXCTL_OK : CXCTL_NO;
}

static int add_text(json_t *args, const char *key, const char *value)
{
	return value ? json_object_set_new(args, key, json_string(value)) : 0;
}

int cxctl_explain(struct cxctl *c, int argc, char **argv)
{
	const char *listener = NULL, *transport = NULL, *source = NULL, *call_id = NULL, *method = NULL;
	const struct cxctl_option options[] = {
	    {"--listener", &listener, NULL}, {"--transport", &transport, NULL}, {"--source", &source, NULL},
	    {"--call-id", &call_id, NULL},   {"--method", &method, NULL},	{NULL, NULL, NULL},
	};
	char *text;
	json_t *args;
	size_t n;

	argc = cxctl_options(c, options, argc, argv);
	if (argc < 0)
		return CXCTL_USAGE;
	if (argc != 1)
		return cxctl_usage(c, "one DN, one file, or - is needed");
	if (is_file(argv[0])) {
		if (call_id || method)
			return cxctl_usage(
			    c, "--call-id and --method are for a DN: a message is taken as it is");
		text = read_message(argv[0], &n);
		if (!text)
			return CXCTL_USAGE;
		args = message_args(text, n);
		free(text);
	} else {
		args = json_pack("{s:s}", "dn", argv[0]);
	}
	if (!args || add_text(args, "listener", listener) || add_text(args, "transport", transport) ||
	    add_text(args, "source", source) || add_text(args, "call_id", call_id) ||
	    add_text(args, "method", method)) {
		json_decref(args);
		return cxctl_usage(c, "a word is no UTF-8");
	}
	return ask(c, args);
}
