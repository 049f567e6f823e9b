/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl doctor`: the daemon. Its rights, its pins and sign of life, elements
 * without a way, log lines lost.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/capability.h>
#include "cxctl/doctor.h"
#include "cxctl/format.h"
#include "cxctl/pins.h"
#include "cxsip/abi.h"

#define HEARTBEAT_LATE_MS 5000
#define LARGE_MANY 100	/* so few large messages are no matter */
#define LARGE_PERCENT 1 /* of all */

static bool read_capabilities(int pid, unsigned long long *effective)
{
	char path[64], line[256];
	bool found = false;
	FILE *in;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	in = fopen(path, "re");
	while (in && !found && fgets(line, sizeof(line), in))
		found = sscanf(line, "CapEff: %llx", effective) == 1;
	if (in)
		fclose(in);
	return found;
}

static void check_capabilities(struct doctor *d, int pid)
{
	static const struct {
		int bit;
		const char *name;
	} needed[] = {{CAP_BPF, "CAP_BPF"},
		      {CAP_NET_ADMIN, "CAP_NET_ADMIN"},
		      {CAP_PERFMON, "CAP_PERFMON"},
		      {CAP_NET_BIND_SERVICE, "CAP_NET_BIND_SERVICE"}};
	unsigned long long effective = 0;
	char missing[128] = "";
	size_t n = 0;

	if (!read_capabilities(pid, &effective)) {
		doctor_say(d, "capabilities", DOCTOR_WARN, "run cxctl in the daemon's PID namespace",
			   "those of process %d cannot be read", pid);
		return;
	}
	for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!(effective >> needed[i].bit & 1))
			n += (size_t)snprintf(missing + n, sizeof(missing) - n, " %s", needed[i].name);
	if (n)
		doctor_say(d, "capabilities", DOCTOR_FAIL,
			   "start it by its systemd unit, or as root; AmbientCapabilities= must name them",
			   "the daemon lacks%s", missing);
	else
		doctor_say(d, "capabilities", DOCTOR_OK, NULL, "the daemon has those that it needs");
}

static void check_pins(struct doctor *d)
{
	json_t *pins = cxctl_pins(d->pin_root), *other;
	int64_t heartbeat = cxctl_integer(pins, "heartbeat_ms"), late = cxctl_now_ms() - heartbeat;
	bool off = !strcmp(cxctl_text(cxctl_object(d->status, "fastpath"), "configured"), "off");
	char ago[CXCTL_FORMAT];

	if (!cxctl_bool(pins, "present")) {
		if (off)
			doctor_say(d, "pins", DOCTOR_OK, NULL, "none: the fast path is off by configuration");
		else
			doctor_say(d, "pins", DOCTOR_FAIL,
				   "`cxctl status` tells why; `cxctl fastpath attach` tries again",
				   "nothing is pinned at %s: every message takes the slow path",
				   cxctl_text(pins, "path"));
	} else if (!heartbeat) {
		doctor_say(d, "pins", DOCTOR_WARN, "run it as root", "the pins at %s cannot be read",
			   cxctl_text(pins, "path"));
	} else if (cxctl_integer(pins, "abi") != CX_ABI) {
		doctor_say(d, "pins", DOCTOR_FAIL, "cxctl fastpath detach, then restart cxsipd",
			   "the maps at %s are of ABI %lld, this program is of %d", cxctl_text(pins, "path"),
			   (long long)cxctl_integer(pins, "abi"), CX_ABI);
	} else {
		doctor_say(d, "pins", DOCTOR_OK, NULL, "%zu maps and %zu links at %s",
			   json_array_size(cxctl_object(pins, "maps")),
			   json_array_size(cxctl_object(pins, "interfaces")), cxctl_text(pins, "path"));
		if (late > HEARTBEAT_LATE_MS)
			doctor_say(d, "heartbeat", d->status ? DOCTOR_WARN : DOCTOR_FAIL,
				   d->status ? "is the machine overloaded, or its clock set?"
					     : "start cxsipd: until then nobody watches the elements",
				   "the daemon's last sign of life in the maps is %s old",
				   cxctl_duration(late, ago));
		else
			doctor_say(d, "heartbeat", DOCTOR_OK, NULL,
				   "the daemon's sign of life in the maps is fresh");
	}
	other = cxctl_object(pins, "other_abi");
	if (json_array_size(other))
		doctor_say(d, "old-pins", DOCTOR_WARN,
			   "remove them with that version's `cxctl fastpath detach`",
			   "%s also holds %s, of another version", d->pin_root,
			   json_string_value(json_array_get(other, 0)));
	json_decref(pins);
}

static void check_elements(struct doctor *d)
{
	size_t unresolved = 0, down = 0, total, i;
	const char *first = "", *first_down = "";
	const json_t *e;

	total = json_array_size(cxctl_object(d->elements, "elements"));
	json_array_foreach(cxctl_object(d->elements, "elements"), i, e)
	{
		const char *state = cxctl_text(e, "state");
		const char *hop = cxctl_text(cxctl_object(e, "nexthop"), "state");

		if (!strcmp(state, "disabled"))
			continue;
		if (!strcmp(state, "down") && !down++)
			first_down = cxctl_text(e, "element");
		if (cxctl_text(e, "address")[0] && strcmp(hop, "resolved") && strcmp(hop, "local") && !unresolved++)
			first = cxctl_text(e, "element");
	}
	if (unresolved)
		doctor_say(
		    d, "neighbours", DOCTOR_WARN, "`ip route get ADDRESS` and `ip neigh` show where it ends",
		    "%zu of %zu elements have no resolved next hop (%s): the daemon serves their calls",
		    unresolved, total, first);
	else
		doctor_say(d, "neighbours", DOCTOR_OK, NULL, "every element has a resolved next hop");
	if (down)
		doctor_say(d, "elements", DOCTOR_WARN, "`cxctl elements` tells since when and why",
			   "%zu of %zu elements are down (%s)", down, total, first_down);
	else
		doctor_say(d, "elements", DOCTOR_OK, NULL, "no element is down");
}

static void check_problems(struct doctor *d)
{
	const json_t *p;
	size_t i;

	json_array_foreach(cxctl_object(d->status, "problems"), i, p)
	{
		const char *kind = cxctl_text(p, "kind");
		bool fails = !strcmp(kind, "group") || !strcmp(kind, "listener");

		doctor_say(d, kind, fails ? DOCTOR_FAIL : DOCTOR_WARN,
			   !strcmp(kind, "group")      ? "`cxctl elements GROUP`: its calls are answered 503"
			   : !strcmp(kind, "listener") ? "is the address of this host, and the port free?"
			   : !strcmp(kind, "address")  ? "put it on an interface; on a standby host it comes with the others"
			   : !strcmp(kind, "reload")   ? "`cxctl check` shows every error"
						       : "the log of cxsipd has more",
			   "%s%s%s", cxctl_text(p, "name"), cxctl_text(p, "name")[0] ? ": " : "",
			   cxctl_text(p, "text"));
	}
	if (cxctl_integer(d->status, "log_dropped"))
		doctor_say(d, "log", DOCTOR_WARN, "is the log's reader alive, the disk full?",
			   "%lld lines of the log were lost",
			   (long long)cxctl_integer(d->status, "log_dropped"));
}

/* Is there work for the kernel module, and does it do it? */
static void check_module(struct doctor *d)
{
	const json_t *m = cxctl_object(d->status, "module"), *messages = cxctl_object(d->status, "messages");
	int64_t large = doctor_fast_count(d, "fragment") + doctor_fast_count(d, "mtu") + doctor_fast_count(d, "headroom");
	int64_t forwarded = cxctl_integer(messages, "forwarded_fast") + cxctl_integer(messages, "forwarded_core");

	if (cxctl_bool(m, "loaded")) {
		if (cxctl_bool(m, "ours"))
			doctor_say(d, "module", DOCTOR_OK, NULL, "cxsip.ko %s is at work%s", cxctl_text(m, "release"),
				   cxctl_bool(m, "kfuncs_used") ? ", and its functions in XDP" : "");
		else if (strcmp(cxctl_text(m, "configured"), "off"))
			doctor_say(d, "module", DOCTOR_WARN,
				   "`cxctl status` tells why; module and daemon must be of one version",
				   "cxsip.ko %s is loaded, but not at work for this daemon", cxctl_text(m, "release"));
	} else if (large >= LARGE_MANY && large * 100 > forwarded * LARGE_PERCENT) {
		doctor_say(d, "module", DOCTOR_WARN,
			   "`cxctl module load` keeps them in the kernel, if that is worth it to you: docs/module.md",
			   "%lld messages were too large for XDP (fragments, MTU), and the kernel module is not loaded",
			   (long long)large);
	}
}

void doctor_check_daemon(struct doctor *d)
{
	int pid = (int)cxctl_integer(d->status, "pid");

	if (d->status)
		check_capabilities(d, pid);
	check_pins(d);
	if (d->elements)
		check_elements(d);
	if (d->status)
		check_problems(d);
	if (d->status && d->stats)
		check_module(d);
}
