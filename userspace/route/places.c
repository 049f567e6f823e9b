/* SPDX-License-Identifier: GPL-2.0-only */
/* See places.h. */
#define _GNU_SOURCE /* qsort_r */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "route/places.h"

static int compare_place(const struct cx_element *e, const union cx_addr *addr, uint16_t port)
{
	int order = memcmp(&e->addr, addr, sizeof(*addr));

	return order ? order : (int)e->port - (int)port;
}

static int compare_elements(const void *a, const void *b, void *elements)
{
	const struct cx_element *x = (const struct cx_element *)elements + *(const uint32_t *)a;
	const struct cx_element *y = (const struct cx_element *)elements + *(const uint32_t *)b;
	int order = compare_place(x, &y->addr, y->port);

	if (order)
		return order;
	return x < y ? -1 : x > y;
}

int cx_places_build(struct cx_places *places, const struct cx_element *elements, size_t n)
{
	*places = (struct cx_places){.elements = elements, .ids = calloc(n + 1, sizeof(*places->ids))};
	if (!places->ids)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (elements[i].state != CX_ELEMENT_UNUSED && elements[i].family)
			places->ids[places->n++] = (uint32_t)i;
	qsort_r(places->ids, places->n, sizeof(*places->ids), compare_elements, (void *)(uintptr_t)elements);
	return 0;
}

void cx_places_free(struct cx_places *places)
{
	free(places->ids);
	*places = (struct cx_places){0};
}

size_t cx_places_find(const struct cx_places *places, const union cx_addr *addr, uint16_t port,
		      const uint32_t **ids)
{
	size_t low = 0, high = places->n, n = 0;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_place(&places->elements[places->ids[middle]], addr, port) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ids = places->ids + low;
	while (low + n < places->n && !compare_place(&places->elements[places->ids[low + n]], addr, port))
		n++;
	return n;
}
