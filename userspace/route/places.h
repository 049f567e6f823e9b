/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which elements are at an address: of all in an array, found by bsearch. Private
 * to route/. Pure.
 */
#ifndef CX_ROUTE_PLACES_H
#define CX_ROUTE_PLACES_H

#include <stddef.h>
#include <stdint.h>
#include "cxsip/abi.h"

struct cx_places {
	const struct cx_element *elements; /* by id; the owner's */
	uint32_t *ids;			   /* of those that have an address, sorted by that, port and id */
	size_t n;
};

/* 0 or -ENOMEM; free it either way. */
int cx_places_build(struct cx_places *places, const struct cx_element *elements, size_t n);
void cx_places_free(struct cx_places *places);
/* How many there are (of any transport and group); *ids points into places. */
size_t cx_places_find(const struct cx_places *places, const union cx_addr *addr, uint16_t port,
		      const uint32_t **ids);

#endif
