/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `cxctl doctor`: the kernel and the host. Kernel version and BTF, the BPF file
 * system, JIT, clock, and what XDP means for the host's firewall.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include "cxctl/doctor.h"

#define BPF_FS 0xcafe4a11 /* linux/magic.h */
#define OLDEST_MAJOR 5
#define OLDEST_MINOR 18

static void check_kernel(struct doctor *d)
{
	unsigned major = 0, minor = 0;
	struct utsname name;

	if (uname(&name) || sscanf(name.release, "%u.%u", &major, &minor) != 2) {
		doctor_say(d, "kernel", DOCTOR_WARN, NULL, "the kernel's version cannot be read");
		return;
	}
	if (major < OLDEST_MAJOR || (major == OLDEST_MAJOR && minor < OLDEST_MINOR))
		doctor_say(d, "kernel", DOCTOR_FAIL, "install a newer kernel: Debian 12 has 6.1",
			   "kernel %s is older than %d.%d, which the XDP program needs", name.release,
			   OLDEST_MAJOR, OLDEST_MINOR);
	else
		doctor_say(d, "kernel", DOCTOR_OK, NULL, "kernel %s has what the XDP program needs",
			   name.release);
	if (access("/sys/kernel/btf/vmlinux", R_OK))
		doctor_say(d, "btf", DOCTOR_FAIL, "use a kernel with CONFIG_DEBUG_INFO_BTF=y, as Debian's",
			   "the kernel has no type information (/sys/kernel/btf/vmlinux)");
	else
		doctor_say(d, "btf", DOCTOR_OK, NULL, "the kernel has type information (BTF)");
}

static void check_jit(struct doctor *d)
{
	char enable[16] = "", harden[16] = "";

	if (access("/proc/sys/net/core/bpf_jit_enable", F_OK)) /* a network namespace has none */
		doctor_say(d, "jit", DOCTOR_WARN, "look at it on the host: sysctl net.core.bpf_jit_enable",
			   "net.core.bpf_jit_enable cannot be seen from this network namespace");
	else if (!doctor_read("/proc/sys/net/core/bpf_jit_enable", enable, sizeof(enable)))
		doctor_say(d, "jit", DOCTOR_WARN, "run it as root", "net.core.bpf_jit_enable cannot be read");
	else if (!strcmp(enable, "0"))
		doctor_say(d, "jit", DOCTOR_FAIL, "sysctl -w net.core.bpf_jit_enable=1",
			   "BPF programs are interpreted, several times slower");
	else
		doctor_say(d, "jit", DOCTOR_OK, NULL, "BPF programs are compiled");
	if (!doctor_read("/proc/sys/net/core/bpf_jit_harden", harden, sizeof(harden)))
		return;
	if (!strcmp(harden, "2"))
		doctor_say(d, "jit-harden", DOCTOR_WARN,
			   "sysctl -w net.core.bpf_jit_harden=1 hardens only programs of unprivileged users",
			   "constants are blinded in every program, also of root's: the fast path is slower");
	else
		doctor_say(d, "jit-harden", DOCTOR_OK, NULL, "JIT hardening (%s) does not slow the fast path",
			   harden);
}

static void check_bpffs(struct doctor *d)
{
	struct statfs fs;

	if (!statfs("/sys/fs/bpf", &fs) && (unsigned long)fs.f_type == BPF_FS)
		doctor_say(d, "bpffs", DOCTOR_OK, NULL, "the BPF file system is mounted at /sys/fs/bpf");
	else
		doctor_say(d, "bpffs", DOCTOR_FAIL, "mount -t bpf bpf /sys/fs/bpf",
			   "the BPF file system is not mounted");
}

static void check_clock(struct doctor *d)
{
	struct timex t = {0};
	int state = adjtimex(&t);

	if (time(NULL) < 1700000000) /* November 2023: before this program was written */
		doctor_say(d, "clock", DOCTOR_FAIL,
			   "set the clock and run a time service (chrony, systemd-timesyncd)",
			   "the clock is years behind");
	else if (state < 0 || state == TIME_ERROR || (t.status & STA_UNSYNC))
		doctor_say(d, "clock", DOCTOR_WARN, "run a time service (chrony, systemd-timesyncd)",
			   "the clock is not synchronised: times in logs and reports drift");
	else
		doctor_say(d, "clock", DOCTOR_OK, NULL, "the clock is synchronised, within %ld ms",
			   t.maxerror / 1000);
}

/* XDP sees packets before nftables does: only the networks' sources filter SIP. */
static void check_firewall(struct doctor *d)
{
	const json_t *l;
	size_t i;

	json_array_foreach(cxctl_object(d->status, "listeners"), i, l)
	{
		if (!cxctl_bool(l, "any_source"))
			continue;
		doctor_say(d, "firewall", DOCTOR_WARN,
			   "list the peers in `sources` of the network; XDP runs before nftables, which "
			   "never sees these packets",
			   "network %s accepts SIP from any address", cxctl_text(l, "network"));
		return;
	}
	if (d->status)
		doctor_say(d, "firewall", DOCTOR_OK, NULL,
			   "each network lists its sources; mind that XDP runs before nftables: rules there "
			   "do not see SIP that is forwarded fast");
}

void doctor_check_host(struct doctor *d)
{
	check_kernel(d);
	check_jit(d);
	check_bpffs(d);
	check_clock(d);
	check_firewall(d);
}
