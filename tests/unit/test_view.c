// SPDX-License-Identifier: GPL-2.0-only
/*
 * Views of the world: what readers see and when, what is freed when, and readers
 * on other threads while the world changes under them.
 */
#include "fixture.h"
#include <uv.h>
#include "health/health.h"
#include "route/view.h"

#define ELEMENTS 8
#define CHANGES 3000

struct run {
	struct cx_config *config;
	struct cx_tables *tables;
	struct cx_world *world;
	struct cx_views *views;
};

static void retire(void *ctx, void (*release)(void *p), void *p)
{
	cx_views_retire(ctx, release, p);
}

static void start(struct run *r, unsigned readers)
{
	r->config = fixture_config();
	fixture_listener(fixture_network(r->config, "core"), "10.0.0.1", 5060);
	fixture_elements(fixture_group(r->config, "media", 0), 1, ELEMENTS);
	fixture_route(r->config, "9001", false, 0);
	r->tables = fixture_compile(r->config, NULL);
	assert_int_equal(cx_world_new(r->config, r->tables, &r->world), 0);
	r->views = cx_views_new(readers);
	assert_non_null(r->views);
	r->world->retire = retire;
	r->world->retire_ctx = r->views;
	assert_int_equal(cx_views_publish(r->views, r->world), 0);
}

static void end(struct run *r)
{
	cx_views_free(r->views);
	r->world->retire = NULL;
	cx_world_free(r->world);
	cx_tables_free(r->tables);
	fixture_free(r->config);
}

static void set_state(struct run *r, uint32_t element, uint8_t state)
{
	cx_world_set_element(r->world, element, state, CX_ER_PROBE_OK, 1);
}

static void readers_see_what_was_published(void **state)
{
	const struct cx_pause pause = {.said_ms = 1, .until_ms = 2, .full_ms = 3};
	struct cx_world *first, *second;
	struct run r;

	(void)state;
	start(&r, 2);
	assert_false(r.world->changed);
	first = cx_views_enter(r.views, 0);
	set_state(&r, 3, CX_ELEMENT_DOWN);
	cx_world_set_pause(r.world, 2, &pause);
	assert_true(r.world->changed);
	assert_ptr_equal(cx_views_enter(r.views, 1), first); /* not published yet */
	cx_views_leave(r.views, 1);
	assert_int_equal(cx_views_publish(r.views, r.world), 0);
	assert_false(r.world->changed);
	second = cx_views_enter(r.views, 1);
	assert_int_equal(first->elements[3].state, CX_ELEMENT_UP);
	assert_int_equal(first->groups[0].elements_up, ELEMENTS);
	assert_int_equal(second->elements[3].state, CX_ELEMENT_DOWN);
	assert_int_equal(second->groups[0].elements_up, ELEMENTS - 1);
	assert_int_equal(first->pauses[2].until_ms, 0);
	assert_memory_equal(&second->pauses[2], &pause, sizeof(pause));
	assert_ptr_not_equal(first->rings[0], second->rings[0]);
	assert_ptr_equal(second->rings[0], r.world->rings[0]);
	assert_ptr_equal(cx_tables_find_dn(second->tables, &r.tables->dn[0].key), r.tables->dn);
	cx_views_leave(r.views, 0);
	cx_views_leave(r.views, 1);
	end(&r);
}

static unsigned released;

static void count_release(void *p)
{
	released++;
}

static void freed_when_no_reader_can_see_it(void **state)
{
	struct run r;
	int thing;

	(void)state;
	released = 0;
	start(&r, 2);
	cx_views_enter(r.views, 0);
	cx_views_retire(r.views, count_release, &thing);
	assert_false(cx_views_collect(r.views));
	assert_int_equal(released, 0); /* in the view that is in force */
	cx_views_publish(r.views, r.world);
	assert_int_equal(released, 0); /* reader 0 is there still */
	cx_views_enter(r.views, 1);
	assert_false(cx_views_collect(r.views));
	cx_views_leave(r.views, 0);
	assert_true(cx_views_collect(r.views)); /* reader 1 reads a later one */
	assert_int_equal(released, 1);
	cx_views_retire(r.views, count_release, &thing);
	cx_views_leave(r.views, 1);
	end(&r);
	assert_int_equal(released, 2);
}

/* A change of the fast path's own data is no news for readers. */
static void what_views_do_not_show(void **state)
{
	struct cx_nexthop n = {.ifindex = 7};
	struct run r;

	(void)state;
	start(&r, 1);
	cx_world_set_nexthop(r.world, 1, &n);
	cx_world_set_element_nexthop(r.world, 0, 1);
	assert_false(r.world->changed);
	end(&r);
}

static void flows_are_shared(void **state)
{
	struct cx_flow flow = {.element = 5, .transaction = 77}, got;
	struct run r;

	(void)state;
	start(&r, 1);
	cx_world_put_flow(cx_views_enter(r.views, 0), 0x123456789abcdef0, &flow);
	assert_int_equal(cx_world_get_flow(r.world, 0x123456789abcdef0, &got), 0);
	assert_int_equal(got.element, 5);
	cx_views_leave(r.views, 0);
	end(&r);
}

struct reader {
	struct run *r;
	unsigned number;
	unsigned rounds, wrong;
	int *over;
};

/* What a view says must fit together: every slot of a ring names an element that
 * is up, as many as the group says. */
static void read_views(void *arg)
{
	struct reader *reader = arg;
	struct cx_flow flow = {.element = reader->number, .transaction = 1};

	while (!__atomic_load_n(reader->over, __ATOMIC_RELAXED) || !reader->rounds) {
		struct cx_world *w = cx_views_enter(reader->r->views, reader->number);
		const struct cx_ring *ring = w->rings[0];
		unsigned up = 0;

		for (unsigned i = 0; i < ELEMENTS; i++)
			up += w->elements[i].state == CX_ELEMENT_UP;
		reader->wrong += up != w->groups[0].elements_up;
		for (unsigned i = 0; ring && i < 1u << ring->bits; i += 17)
			reader->wrong += w->elements[ring->slots[i]].state != CX_ELEMENT_UP;
		cx_world_put_flow(w, reader->rounds * 0x9e3779b97f4a7c15, &flow);
		reader->rounds++;
		cx_views_leave(reader->r->views, reader->number);
	}
}

static void readers_on_threads(void **state)
{
	struct reader readers[2];
	uv_thread_t threads[2];
	int over = 0;
	struct run r;

	(void)state;
	start(&r, 2);
	for (unsigned i = 0; i < 2; i++) {
		readers[i] = (struct reader){.r = &r, .number = i, .over = &over};
		assert_int_equal(uv_thread_create(&threads[i], read_views, &readers[i]), 0);
	}
	for (unsigned i = 0; i < CHANGES; i++) {
		set_state(&r, i % ELEMENTS, i / ELEMENTS % 2 ? CX_ELEMENT_UP : CX_ELEMENT_DOWN);
		assert_int_equal(cx_views_publish(r.views, r.world), 0);
	}
	__atomic_store_n(&over, 1, __ATOMIC_RELAXED);
	for (unsigned i = 0; i < 2; i++) {
		uv_thread_join(&threads[i]);
		assert_int_equal(readers[i].wrong, 0);
	}
	assert_true(cx_views_collect(r.views));
	end(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(readers_see_what_was_published),
	    cmocka_unit_test(freed_when_no_reader_can_see_it),
	    cmocka_unit_test(what_views_do_not_show),
	    cmocka_unit_test(flows_are_shared),
	    cmocka_unit_test(readers_on_threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
