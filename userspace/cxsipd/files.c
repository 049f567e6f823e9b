// SPDX-License-Identifier: GPL-2.0-only
/*
 * File descriptors: the soft limit that a shell or a container gives is for programs of
 * another time (select), so the daemon takes what it may have. Connections get what is left
 * when all else has its own: a crowd of them must not lock out cxctl. What is lacking is said
 * at the start, and whenever it shows.
 */
#include <stdio.h>
#include <sys/resource.h>
#include "cxsipd/parts.h"
#include "observe/log.h"

#define CX_OTHER_FILES 256 /* loops, timers, maps, sockets of a few listeners */

static bool any_tcp(const struct cx_config *config)
{
	for (size_t i = 0; i < config->n_networks; i++)
		for (size_t j = 0; j < config->networks[i].n_listeners; j++)
			if (config->networks[i].listeners[j].transport == CX_TCP)
				return true;
	return false;
}

uint32_t cx_files_for_connections(const struct cx_config *config)
{
	uint32_t connections = config->tcp.connections;
	struct rlimit files;
	char limit[24], wanted[24];

	if (getrlimit(RLIMIT_NOFILE, &files))
		return connections;
	files.rlim_cur = files.rlim_max;
	setrlimit(RLIMIT_NOFILE, &files);
	getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur >= connections + CX_OTHER_FILES)
		return connections;
	connections = files.rlim_cur > 2 * CX_OTHER_FILES ? (uint32_t)files.rlim_cur - CX_OTHER_FILES
							  : (uint32_t)files.rlim_cur / 2;
	if (!any_tcp(config))
		return connections;
	snprintf(limit, sizeof(limit), "%llu", (unsigned long long)files.rlim_cur);
	snprintf(wanted, sizeof(wanted), "%u", config->tcp.connections + CX_OTHER_FILES);
	cx_log(CX_WARN, "few_descriptors", "limit", limit, "wanted", wanted, "consequence",
	       "there are fewer connections than tcp.connections says", "hint", "LimitNOFILE of the service",
	       NULL);
	return connections;
}

void cx_files_watch(struct cx_parts *parts)
{
	uint64_t times = 0;
	char text[24];

	for (unsigned i = 0; i < parts->d.n_workers; i++) {
		struct cx_tcp_stats stats;

		cx_tcp_stats(parts->sip[i].tcp, &stats);
		times += stats.no_descriptors;
	}
	if (times == parts->no_descriptors)
		return;
	snprintf(text, sizeof(text), "%llu", (unsigned long long)(times - parts->no_descriptors));
	parts->no_descriptors = times;
	cx_log(CX_ERROR, "no_descriptors", "times", text, "consequence",
	       "connections are not opened, or wait to be accepted", "hint", "LimitNOFILE of the service",
	       NULL);
}
