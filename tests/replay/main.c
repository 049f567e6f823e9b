// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs scenarios: each as it is written, then with every allocation failing in
 * turn, then with every sending failing in turn. Results as TAP.
 *
 *   replay [--plain] FILE...
 */
#include <stdlib.h>
#include <string.h>
#include "replay.h"

static bool report(const struct script *s, const char *mode, const struct run *r, unsigned *number,
		   uint64_t at)
{
	++*number;
	if (!r->failed) {
		printf("ok %u - %s: %s%s\n", *number, s->file, s->title, mode);
		return true;
	}
	printf("not ok %u - %s: %s%s\n", *number, s->file, s->title, mode);
	if (at)
		printf("# with number %llu failing\n", (unsigned long long)at);
	printf("# %s\n", r->why);
	return false;
}

static bool fail_in_turn(const struct script *s, const char *mode, uint64_t times, bool sends,
			 unsigned *number)
{
	struct run r = {0};
	uint64_t k;

	for (k = 1; k <= times && !r.failed; k++)
		scene_run(s, sends ? 0 : k, sends ? k : 0, &r);
	return report(s, mode, &r, number, k - 1);
}

static bool run_file(struct script *s, bool plain, unsigned *number)
{
	bool good = true;
	struct run r;

	while (script_next(s)) {
		scene_run(s, 0, 0, &r);
		good &= report(s, "", &r, number, 0);
		if (plain || r.failed)
			continue;
		good &= fail_in_turn(s, ", without memory", r.allocations, false, number);
		good &= fail_in_turn(s, ", with sending failing", r.sends, true, number);
	}
	return good;
}

int main(int argc, char **argv)
{
	bool plain = argc > 1 && !strcmp(argv[1], "--plain"), good = true;
	struct script *s = malloc(sizeof(*s));
	unsigned number = 0;

	for (int i = plain ? 2 : 1; s && i < argc; i++) {
		if (script_read(s, argv[i]))
			good = false;
		else
			good &= run_file(s, plain, &number);
		script_free(s);
	}
	free(s);
	printf("1..%u\n", number);
	return good ? 0 : 1;
}
