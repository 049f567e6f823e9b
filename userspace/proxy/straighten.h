/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes a legal but unusual message one that the engine takes, in a copy:
 * folded lines joined (RFC 3261 7.3.1), blanks in front of colons, at line ends
 * and inside Via values removed, empty lines in front dropped (7.5), display
 * names of Route values dropped, Route values that name an alias of ours given
 * our address, zeros in front of numbers dropped, Max-Forwards added where it is
 * missing (16.6 step 3), bytes behind Content-Length cut (18.3). What the engine does not read stays as it
 * is, but for joined lines. Pure.
 */
#ifndef CX_PROXY_STRAIGHTEN_H
#define CX_PROXY_STRAIGHTEN_H

#include <stddef.h>
#include <stdint.h>

struct cx_straighten_names {
	char *const *aliases;
	size_t n_aliases;
	const char *endpoint; /* "192.0.2.1:5060", stands in for an alias */
};

/* Writes at most max bytes to out. Returns the length, 0: it cannot be helped. */
size_t cx_straighten(const struct cx_straighten_names *names, const uint8_t *in, size_t n, uint8_t *out, size_t max);

#endif
