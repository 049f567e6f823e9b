/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * cxctl, the command line of CX SIP Proxy: a table of commands and what they
 * say of themselves.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cxctl/cxctl.h"
#include "cxctl/table.h"
#include "observe/log.h"

static const struct cxctl_command commands[] = {
    {"status", "", "what the proxy is doing, and what somebody should look at",
     "Shows the daemon, its configuration, the fast path, the share of messages\n"
     "forwarded in the kernel, listeners, and current problems.\n",
     cxctl_status},
    {"groups", "", "server groups and how many of their elements are up",
     "One line a group: its elements by state, its ring, calls and calls a second.\n", cxctl_groups},
    {"elements", "[GROUP]", "elements with state, reason, since when, and their traffic",
     "One line an element. RTT and CODE are of the last OPTIONS probe; of those that are\n"
     "up the highest Q takes the calls, shared by WEIGHT; CALLS are initial INVITEs sent\n"
     "to it since the program was loaded, by kernel and daemon.\n"
     "A host name has one line for each of its servers.\n"
     "With a group's name, only that group's.\n",
     cxctl_elements},
    {"routes", "[list | find DN] [--table T] [--group G] [--limit N] [--from N]",
     "list the DN routes, or find the one that serves a DN",
     "list (the default) prints routes in the order of their keys, exact ones first.\n"
     "find DN normalises the DN as the engine does and prints the route that serves\n"
     "it in each route table, with file and line; exit code 1 if there is none.\n\n"
     "  --table T   only this route table\n"
     "  --group G   only routes to this group (list)\n"
     "  --limit N   at most N routes (list; default 100, 0 for all)\n"
     "  --from N    start at the Nth route, as the last line of a list tells (list)\n",
     cxctl_routes},
    {"stats", "[--all]", "every verdict and reason, fast and core; counters by listener and element",
     "FAST is what the XDP program did, MODULE what the kernel module did, CORE what the\n"
     "daemon did. A message that goes up is counted by each that saw it.\n\n"
     "  --all   also rows in which everything is zero\n",
     cxctl_stats},
    {"workers", "", "the threads that handle SIP: what they are at, and have done",
     "AT is \"waiting\", or what the thread is doing at this moment. HAND-OVERS LOST\n"
     "counts messages for another worker that its ring had no room for.\n",
     cxctl_workers},
    {"transactions", "", "what the proxy core has in hand and has done, in sum and by worker",
     "Down to bytes: what there is at this moment; below: counts since the start.\n", cxctl_transactions},
    {"connections", "", "TCP connections: who, since when, how busy",
     "BY says who opened it. QUEUED is what the peer has not taken yet, in bytes.\n", cxctl_connections},
    {"dns", "[refresh [NAME]]", "host names of elements: their servers, TTL, what went wrong",
     "One line a server of each name. STATE is good; stale: the last good answer is in use\n"
     "while nobody gives another; none: DNS says that there is nothing; failed: nothing is\n"
     "known. A server that has left the answer stays for its dialogs, without new calls.\n\n"
     "refresh  asks anew, now: all names, or one; forgets what the resolver remembers\n",
     cxctl_dns},
    {"drain", "ELEMENT", "no new calls to an element; running calls go on",
     "The element keeps the calls that it has (their requests still reach it) and gets\n"
     "no new ones. The order outlives restarts. `undrain` takes it back.\n",
     cxctl_order},
    {"undrain", "ELEMENT", "take back a drain", "New calls reach the element again if it is up.\n",
     cxctl_order},
    {"disable", "ELEMENT", "take an element out at once, as if it were down",
     "For an element that is gone or broken: no new calls, and an INVITE that is\n"
     "retransmitted goes to another element. What belongs to a call that it answered is\n"
     "still sent to it, as no other could serve that. The order outlives restarts.\n"
     "`enable` takes it back. To end calls gently use `drain`.\n",
     cxctl_order},
    {"enable", "ELEMENT", "take back a disable; end a pause",
     "The element serves again as soon as it is up. A pause that it asked for by a 503\n"
     "with Retry-After, and the slow start after it, are over.\n",
     cxctl_order},
    {"reload", "", "read the configuration again; a bad one changes nothing",
     "Waits until the new configuration is in force, or prints why it was refused, with\n"
     "file and line of each error (exit code 1).\n",
     cxctl_reload},
    {"check", "[FILE]", "check a configuration file, without a daemon",
     "Reads FILE (default " CXCTL_CONFIG ") and all route files that it names, and prints\n"
     "every error and warning with file and line. Exit code 1 if it would be refused.\n",
     cxctl_check},
    {"explain", "DN | FILE.sip | - [--listener A:P] [--transport T] [--source A:P] [--call-id ID] [--method M]",
     "what would happen to a message, and why",
     "Makes an INVITE for the DN (or takes the SIP message in a file, or on standard\n"
     "input) and runs it through the live XDP program and through the daemon, without\n"
     "sending anything. Tells listener, route, group, ring slot, element, edits, next\n"
     "hop, fast or core and why, and whether kernel and daemon agree byte for byte.\n"
     "Of a request that is the proxy core's: why, the elements that it would ask in\n"
     "their order, whom it leaves out, timers, Record-Route.\n"
     "Exit code 1 if the message would be refused or dropped.\n\n"
     "  --listener A:P  where it arrives (default: a listener that knows the DN)\n"
     "  --transport T   by which it comes: udp (default) or tcp\n"
     "  --source A:P    from whom (default: an address that the network accepts)\n"
     "  --call-id ID    for a DN: as if the call had this Call-ID\n"
     "  --method M      for a DN: another method than INVITE\n",
     cxctl_explain},
    {"doctor", "", "look for what hurts: driver, offloads, capabilities, kernel, pins, clock",
     "Checks this host and the daemon, and says for each finding what to do. Run it as\n"
     "root. Exit code 1 if something is broken; warnings alone give 0.\n",
     cxctl_doctor},
    {"fastpath", "attach | detach | show", "the XDP program: attach it, remove it, look at it",
     "attach  loads and attaches the program as the configuration says\n"
     "detach  removes program, links and maps from the kernel; the daemon forwards on,\n"
     "        more slowly. Works without a daemon, too: then nothing forwards any more\n"
     "show    interfaces, mode, program and pins; works without a daemon, too\n\n"
     "  --pin-root PATH   without a daemon: where the pins are (default " CXCTL_PIN_ROOT ")\n",
     cxctl_fastpath},
    {"module", "load [FILE] | unload | status", "the kernel module for fragmented messages: load, unload, look at it",
     "load    loads cxsip.ko (or FILE), which the daemon then hands its maps to\n"
     "unload  makes daemon and XDP program let go of it, and unloads it; calls go on\n"
     "status  versions, whether it is at work, and its counters; works without a daemon\n\n"
     "An upgrade is unload, then load of the new one: what XDP does not forward goes\n"
     "to the daemon in between.\n",
     cxctl_module},
    {"version", "", "versions of cxctl and of the running daemon",
     "Exit code 1 if they are not of one version.\n", cxctl_version},
};

#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

void cxctl_error(const char *hint, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	fflush(stdout);
	fputs("cxctl: ", stderr);
	cxctl_print_clean(text, stderr);
	fputc('\n', stderr);
	if (hint) {
		fputs("  hint: ", stderr);
		cxctl_print_clean(hint, stderr);
		fputc('\n', stderr);
	}
}

static void print_usage(const struct cxctl_command *command, FILE *out)
{
	fprintf(out, "usage: cxctl %s%s%s\n", command->name, command->arguments[0] ? " " : "",
		command->arguments);
}

int cxctl_usage(const struct cxctl *c, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	cxctl_error(NULL, "%s", text);
	if (c->command)
		print_usage(c->command, stderr);
	return CXCTL_USAGE;
}

bool cxctl_number(const char *text, uint64_t max, uint64_t *value)
{
	char *end;

	if (!isdigit((unsigned char)text[0]))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 10);
	return !errno && !*end && *value <= max;
}

static const struct cxctl_option *find_option(const struct cxctl_option *options, const char *word, size_t n)
{
	for (; options && options->name; options++)
		if (strlen(options->name) == n && !strncmp(options->name, word, n))
			return options;
	return NULL;
}

/* One option at argv[*i]; *i moves on to its value. */
static int take_option(struct cxctl *c, const struct cxctl_option *options, int argc, char **argv, int *i)
{
	const struct cxctl_option global[] = {
	    {"--socket", &c->socket, NULL},
	    {"--pin-root", &c->pin_root, NULL},
	    {"--json", NULL, &c->json},
	    {NULL, NULL, NULL},
	};
	const char *word = argv[*i], *equals = strchr(word, '=');
	size_t n = equals ? (size_t)(equals - word) : strlen(word);
	const struct cxctl_option *o = find_option(global, word, n);

	o = o ? o : find_option(options, word, n);
	if (!o) {
		cxctl_usage(c, "unknown option %s", word);
		return -1;
	}
	if (o->flag) {
		if (equals) {
			cxctl_usage(c, "option %s takes no value", o->name);
			return -1;
		}
		*o->flag = true;
		return 0;
	}
	if (!equals && *i + 1 >= argc) {
		cxctl_usage(c, "option %s needs a value", o->name);
		return -1;
	}
	*o->value = equals ? equals + 1 : argv[++*i];
	return 0;
}

int cxctl_options(struct cxctl *c, const struct cxctl_option *options, int argc, char **argv)
{
	int left = 0;

	for (int i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--")) {
			while (++i < argc)
				argv[left++] = argv[i];
			break;
		}
		if (argv[i][0] == '-' && argv[i][1]) {
			if (take_option(c, options, argc, argv, &i))
				return -1;
		} else {
			argv[left++] = argv[i];
		}
	}
	return left;
}

int cxctl_options_only(struct cxctl *c, const struct cxctl_option *options, int argc, char **argv)
{
	argc = cxctl_options(c, options, argc, argv);
	if (argc > 0)
		return cxctl_usage(c, "%s: too many words", argv[0]);
	return argc ? CXCTL_USAGE : 0;
}

static void print_help(FILE *out)
{
	fputs("usage: cxctl [--socket PATH] [--json] COMMAND ...\n\n"
	      "Shows and steers a running CX SIP Proxy.\n\ncommands:\n",
	      out);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(out, "  %-12s %s\n", commands[i].name, commands[i].summary);
	fputs("  help         this text; `cxctl help COMMAND` or `cxctl COMMAND --help` for one command\n\n"
	      "options, before or behind the command:\n"
	      "  --socket PATH     the daemon's control socket (default: $CXSIP_SOCKET, or\n"
	      "                    " CXCTL_SOCKET ")\n"
	      "  --json            the daemon's data as JSON instead of tables\n\n"
	      "exit codes: 0 done, or yes; 1 the answer is no, or a fault was found; 2 the command\n"
	      "line is wrong, or no daemon answers\n\n"
	      "a first look:  cxctl status;  cxctl elements;  cxctl explain 4711;  cxctl doctor\n",
	      out);
}

static const struct cxctl_command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int unknown_command(const char *name)
{
	cxctl_error("`cxctl help` lists the commands", "unknown command %s", name);
	return CXCTL_USAGE;
}

static int help(const char *name)
{
	const struct cxctl_command *command;

	if (!name) {
		print_help(stdout);
		return CXCTL_OK;
	}
	command = find_command(name);
	if (!command)
		return unknown_command(name);
	print_usage(command, stdout);
	printf("\n%s%s\n\n%s",
	       (char[]){(char)toupper((unsigned char)command->summary[0]), '\0'}, command->summary + 1,
	       command->help);
	return CXCTL_OK;
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

int main(int argc, char **argv)
{
	const char *environment = getenv("CXSIP_SOCKET");
	struct cxctl c = {.socket = environment && environment[0] ? environment : CXCTL_SOCKET,
			  .pin_root = CXCTL_PIN_ROOT};
	int at = 1, code;

	/* rooms of the daemon that are linked in may log: only what is wrong, here */
	cx_log_open(&(struct cx_log_options){.level = CX_ERROR, .to_stderr = 1, .ident = "cxctl"});
	while (at < argc && argv[at][0] == '-' && argv[at][1]) {
		if (!strcmp(argv[at], "--help") || !strcmp(argv[at], "-h"))
			return help(NULL);
		if (take_option(&c, NULL, argc, argv, &at))
			return CXCTL_USAGE;
		at++;
	}
	if (at == argc) {
		print_help(stderr);
		return CXCTL_USAGE;
	}
	if (!strcmp(argv[at], "help"))
		return help(at + 1 < argc ? argv[at + 1] : NULL);
	c.command = find_command(argv[at]);
	if (!c.command)
		return unknown_command(argv[at]);
	if (wants_help(argc - at - 1, argv + at + 1))
		return help(argv[at]);
	code = c.command->run(&c, argc - at - 1, argv + at + 1);
	if (fflush(stdout) || ferror(stdout)) {
		cxctl_error(NULL, "cannot write the output: %s", strerror(errno));
		code = CXCTL_USAGE;
	}
	return code;
}
