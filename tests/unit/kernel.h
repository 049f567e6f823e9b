/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What tests against the running kernel need: a network namespace of their own, or
 * else the reason why they are skipped; commands; the time.
 */
#ifndef CX_TESTS_KERNEL_H
#define CX_TESTS_KERNEL_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

/* What is missing to run the tests here, NULL: nothing. */
extern const char *kernel_missing;

/* Into a network namespace of our own, if nothing is missing so far. */
void kernel_begin(void);
/* The first line of a test: skips it if something is missing. */
void kernel_or_skip(void);

/* The test fails if the command does. */
void shell(const char *command);

double now_ms(void);

#endif
