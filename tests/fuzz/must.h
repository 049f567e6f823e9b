/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What must hold for any input; a fuzzer stops at what does not.
 */
#ifndef CX_TESTS_FUZZ_MUST_H
#define CX_TESTS_FUZZ_MUST_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			fprintf(stderr, "%s:%d: must hold: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#endif
