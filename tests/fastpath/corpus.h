/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages read from files as they are, and mutations of them that are the
 * same for the same seed.
 */
#ifndef CX_TESTS_CORPUS_H
#define CX_TESTS_CORPUS_H

#include <stddef.h>
#include <stdint.h>

#define CORPUS_MESSAGE_MAX 3400 /* with its headers: what a test run takes in one piece */

struct corpus_message {
	char name[96];
	uint8_t *p;
	size_t n;
};

struct corpus {
	struct corpus_message *messages;
	size_t n;
};

void corpus_add(struct corpus *c, const char *name, const void *p, size_t n);
/* Every file of a directory, by name. Returns how many, -1: no such directory. */
int corpus_load(struct corpus *c, const char *dir);
/* RFC 4475 and RFC 5118: below $CXSIP_CORPORA or ../shared/corpora. 0: not there. */
int corpus_load_rfcs(struct corpus *c);
const struct corpus_message *corpus_find(const struct corpus *c, const char *name);
void corpus_free(struct corpus *c);

struct dice {
	uint64_t state;
};
uint64_t dice_roll(struct dice *d);
/* 0..n - 1 */
size_t dice_below(struct dice *d, size_t n);

/* Picks a message and changes it in one to three ways. Returns its length. */
size_t corpus_mutate(const struct corpus *c, struct dice *d, uint8_t out[CORPUS_MESSAGE_MAX]);

/* The same message with the IPv6 addresses of the small world in its head. */
size_t corpus_to_ipv6(const uint8_t *in, size_t n, uint8_t *out, size_t max);
/* The response that a server gives to a forwarded request. Returns its length. */
size_t corpus_answer(const uint8_t *request, size_t n, const char *status_line, uint8_t *out, size_t max);

#endif
