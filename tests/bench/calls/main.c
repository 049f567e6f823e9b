/* SPDX-License-Identifier: GPL-2.0-only */
/*
 *   calls place --rate N --seconds N --from ADDRESS [--dn DIGITS] [--tcp [--connections N]] ADDRESS
 *   calls serve --file FILE [--tcp] ADDRESS...
 *   calls latency FILE...     one way of an INVITE at 50, 99, 99.9 %, us; then forgets it
 */
#define _GNU_SOURCE
#include "calls.h"
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>

void histogram_add(volatile struct histogram *h, uint64_t ns)
{
	unsigned octave = ns < HISTOGRAM_STEPS ? 0 : 63u - (unsigned)__builtin_clzll(ns) - 3u;
	uint64_t step = octave ? ns >> (octave - 1) & (HISTOGRAM_STEPS - 1) : ns;

	h->count[octave * HISTOGRAM_STEPS + step]++;
}

uint64_t histogram_at(const struct histogram *h, double share)
{
	uint64_t sum = 0, wanted, seen = 0;
	unsigned i;

	for (i = 0; i < HISTOGRAM_SIZE; i++)
		sum += h->count[i];
	wanted = (uint64_t)((double)sum * share);
	for (i = 0; i < HISTOGRAM_SIZE && sum; i++) {
		seen += h->count[i];
		if (seen > wanted || seen == sum)
			break;
	}
	if (!sum)
		return 0;
	if (i < HISTOGRAM_STEPS)
		return i + 1;
	return (uint64_t)(HISTOGRAM_STEPS + i % HISTOGRAM_STEPS + 1) << (i / HISTOGRAM_STEPS - 1);
}

const char *calls_header(const char *text, const char *end, const char *name, size_t *n)
{
	size_t length = strlen(name);
	const char *line = text, *next;

	while ((next = memchr(line, '\n', (size_t)(end - line)))) {
		line = next + 1;
		if (line == end || *line == '\r')
			break;
		if (*line != *name || (size_t)(end - line) <= length || line[length] != ':' ||
		    strncasecmp(line, name, length) != 0)
			continue;
		line += length + 1;
		while (line < end && *line == ' ')
			line++;
		next = memchr(line, '\r', (size_t)(end - line));
		if (!next)
			break;
		*n = (size_t)(next - line);
		return line;
	}
	return NULL;
}

int calls_latency(char **files, int n)
{
	static struct histogram all;
	struct served *s;
	int i, k, fd;

	for (i = 0; i < n; i++) {
		fd = open(files[i], O_RDWR | O_CLOEXEC);
		s = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (s == MAP_FAILED)
			wire_die(files[i]);
		for (k = 0; k < HISTOGRAM_SIZE; k++)
			all.count[k] += s->invite_ns.count[k];
		memset(&s->invite_ns, 0, sizeof(s->invite_ns));
	}
	printf("%.1f %.1f %.1f\n", (double)histogram_at(&all, 0.5) / 1e3,
	       (double)histogram_at(&all, 0.99) / 1e3, (double)histogram_at(&all, 0.999) / 1e3);
	return 0;
}

static int usage(void)
{
	fputs("calls place --rate N --seconds N --from ADDRESS [--dn DIGITS] [--tcp [--connections N]] "
	      "ADDRESS\n"
	      "calls serve --file FILE [--tcp] ADDRESS...\n"
	      "calls latency FILE...\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
	    {"rate", required_argument, NULL, 'r'},	   {"seconds", required_argument, NULL, 's'},
	    {"from", required_argument, NULL, 'f'},	   {"dn", required_argument, NULL, 'd'},
	    {"file", required_argument, NULL, 'c'},	   {"tcp", no_argument, NULL, 't'},
	    {"connections", required_argument, NULL, 'n'}, {0}};
	unsigned rate = 0, seconds = 0, connections = 1;
	const char *from = NULL, *file = NULL, *dn = "900", *what;
	bool tcp = false;
	int option;

	if (argc < 2)
		return usage();
	what = argv[1];
	argc--;
	argv++;
	while ((option = getopt_long(argc, argv, "", options, NULL)) >= 0) {
		switch (option) {
		case 'r':
			rate = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 's':
			seconds = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'f':
			from = optarg;
			break;
		case 'd':
			dn = optarg;
			break;
		case 'c':
			file = optarg;
			break;
		case 't':
			tcp = true;
			break;
		case 'n':
			connections = (unsigned)strtoul(optarg, NULL, 10);
			break;
		default:
			return usage();
		}
	}
	argc -= optind;
	argv += optind;
	if (!strcmp(what, "serve") && file && argc)
		calls_serve(file, tcp, argv, argc);
	if (!strcmp(what, "place") && from && argc == 1 && rate && seconds && connections &&
	    connections <= 32)
		return calls_place(from, tcp, argv[0], dn, rate, seconds, connections);
	if (!strcmp(what, "latency") && argc)
		return calls_latency(argv, argc);
	return usage();
}
