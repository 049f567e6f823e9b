// SPDX-License-Identifier: GPL-2.0-only
/*
 * What host names stood for, kept over restarts: runtime_dir/names, a text file. Written
 * beside and renamed, so a crash leaves the old or the new one; a line that cannot be
 * read is passed over.
 *
 *   name HOST PORT TRANSPORT FAMILIES-BY-UDP FAMILIES-BY-TCP WHEN-ITS-TIME-WAS-OVER-MS [BY-NAPTR]
 *   target ADDRESS PORT TRANSPORT PRIORITY WEIGHT SHARES BY-SRV HASH-OF-HOST
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/addr.h"
#include "cxsipd/parts.h"
#include "dns/hosts.h"
#include "observe/log.h"

static int saved_path(const struct cx_config *config, char *path, size_t size)
{
	int n = snprintf(path, size, "%s/names", config->runtime_dir);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static void write_name(FILE *f, const struct cx_host_view *view)
{
	uint64_t now = cx_monotonic_ms(), age_ms = now > view->expires_ms ? now - view->expires_ms : 0;
	char addr[CX_ADDR_TEXT];

	fprintf(f, "name %s %u %u %u %u %" PRIu64 " %u\n", view->want->host, view->want->port,
		view->want->transport, view->want->families[CX_UDP], view->want->families[CX_TCP],
		cx_wall_ms() - age_ms, view->by_naptr);
	for (size_t i = 0; i < view->n; i++) {
		const struct cx_target *t = &view->targets[i];

		fprintf(f, "target %s %u %u %u %u %u %u %" PRIx64 "\n", cx_addr_format(&t->addr, addr),
			t->port, t->transport, t->priority, t->weight, t->shares, t->by_srv, t->host);
	}
}

void cx_names_save(const struct cx_hosts *hosts, const struct cx_config *config)
{
	char path[192], beside[200];
	struct cx_host_view view;
	FILE *f = NULL;
	int err = saved_path(config, path, sizeof(path));

	snprintf(beside, sizeof(beside), "%s.new", path);
	if (!err)
		f = fopen(beside, "we");
	if (!f)
		goto failed;
	for (uint32_t i = 0; i < cx_hosts_count(hosts); i++)
		if (cx_hosts_view(hosts, i, &view) && view.n)
			write_name(f, &view);
	err = ferror(f);
	if (!fclose(f) && !err && !rename(beside, path))
		return;
	unlink(beside);
failed:
	cx_log(CX_WARN, "names_not_saved", "file", path, "reason", strerror(errno), "consequence",
	       "a start while DNS is dead will not know them", NULL);
}

static bool read_target(const char *line, struct cx_target *t)
{
	unsigned port, transport, priority, weight, shares, by_srv;
	char addr[CX_ADDR_TEXT];

	memset(t, 0, sizeof(*t));
	if (sscanf(line, "target %47s %u %u %u %u %u %u %" SCNx64, addr, &port, &transport, &priority,
		   &weight, &shares, &by_srv, &t->host) != 8 ||
	    cx_addr_parse(addr, &t->addr, &t->family) || !port || port > 65535 ||
	    transport >= CX_LOCATE_TRANSPORTS || priority > 65535 || weight > 65535 || !shares ||
	    shares > CX_TARGETS_MAX)
		return false;
	t->port = (uint16_t)port;
	t->transport = (uint8_t)transport;
	t->priority = (uint16_t)priority;
	t->weight = (uint16_t)weight;
	t->shares = (uint16_t)shares;
	t->by_srv = by_srv;
	return true;
}

struct reading {
	struct cx_target targets[CX_TARGETS_MAX];
	size_t n;
	uint32_t host; /* whose; CX_NONE: nobody's that is in use */
	bool by_naptr;
	uint64_t at_ms;
};

static void restore(struct cx_hosts *hosts, struct reading *r)
{
	uint64_t wall = cx_wall_ms();

	if (r->host != CX_NONE && r->n)
		cx_hosts_restore(hosts, r->host, r->targets, r->n, r->by_naptr,
				 wall > r->at_ms ? wall - r->at_ms : 0, cx_monotonic_ms());
	r->n = 0;
	r->host = CX_NONE;
}

void cx_names_read(struct cx_hosts *hosts, const struct cx_config *config)
{
	struct reading *r = calloc(1, sizeof(*r));
	char path[192], line[512];
	FILE *f = saved_path(config, path, sizeof(path)) ? NULL : fopen(path, "re");

	if (!f || !r)
		goto out;
	r->host = CX_NONE;
	while (fgets(line, sizeof(line), f)) {
		struct cx_locate_want want = {0};
		unsigned port, transport, udp, tcp, by_naptr = 0;
		uint64_t at_ms;

		if (sscanf(line, "name %253s %u %u %u %u %" SCNu64 " %u", want.host, &port, &transport, &udp,
			   &tcp, &at_ms, &by_naptr) >= 6) {
			restore(hosts, r);
			want.port = (uint16_t)port;
			want.transport = (uint8_t)transport;
			want.families[CX_UDP] = (uint8_t)udp;
			want.families[CX_TCP] = (uint8_t)tcp;
			r->host = cx_hosts_find(hosts, &want);
			r->by_naptr = by_naptr;
			r->at_ms = at_ms;
		} else if (r->n < CX_TARGETS_MAX && read_target(line, &r->targets[r->n])) {
			r->n++;
		}
	}
	restore(hosts, r);
out:
	free(r);
	if (f)
		fclose(f);
}
