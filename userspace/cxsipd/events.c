// SPDX-License-Identifier: GPL-2.0-only
/*
 * What wakes the daemon besides datagrams and orders: the kernel's routes and
 * neighbours, the health room's clock, the tick of a second, signals. Each
 * event is handed to the room that it concerns; nothing is decided here.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include "cxsipd/parts.h"
#include "observe/log.h"

#define CX_TICK_MS 1000
#define CX_DRAIN_MS 20

static void on_element_state(void *ctx, uint32_t id, uint8_t old_state, uint8_t old_reason)
{
	struct cx_parts *parts = ctx;
	const struct cx_world *w = parts->d.world;
	const struct cx_element *e = &w->elements[id];
	const struct cx_pause *pause = &w->pauses[id];
	const char *asked = e->state == CX_ELEMENT_PAUSED ? "retry_after" : NULL; /* NULL ends the list */
	char name[CX_NAME_SIZE + 1], group[CX_NAME_SIZE + 1], up[16], asked_s[16], for_s[24];

	if (e->state == old_state && e->reason == old_reason)
		return;
	snprintf(name, sizeof(name), "%.*s", CX_NAME_SIZE, (const char *)e->name);
	snprintf(group, sizeof(group), "%.*s", CX_NAME_SIZE, (const char *)w->groups[e->group].name);
	snprintf(up, sizeof(up), "%u", w->groups[e->group].elements_up);
	snprintf(asked_s, sizeof(asked_s), "%u", pause->asked_s);
	snprintf(for_s, sizeof(for_s), "%llu", (unsigned long long)(pause->until_ms - pause->said_ms) / 1000);
	cx_log(e->state == CX_ELEMENT_DOWN ? CX_WARN : CX_NOTICE, "element_state", "element", name, "group",
	       group, "state", cx_element_state_text(e->state), "was", cx_element_state_text(old_state),
	       "reason", cx_element_reason_text(e->reason), "group_elements_up", up, asked,
	       asked_s, "pause_s", for_s, NULL);
}

static int health_send(void *ctx, uint16_t listener, const union cx_addr *addr, uint16_t port, const void *p,
		       size_t n)
{
	struct cx_parts *parts = ctx;
	struct cx_letter_send letter = {
	    .hop = {.addr = *addr, .port = port, .listener = listener, .connection = CX_NO_CONNECTION}};
	const struct cx_udp *u = listener < CX_LISTENERS_MAX ? parts->d.udp[listener] : NULL;
	struct iovec iov[2] = {{&letter, sizeof(letter)}, {(void *)(uintptr_t)p, n}};

	/* one of the workers connects; what becomes of it is told as for any call */
	if (listener < CX_LISTENERS_MAX && parts->d.tables->listeners[listener].transport == CX_TCP) {
		letter.hop.transport = CX_TCP;
		return cx_post_send(parts->post, parts->d.n_workers, 0, CX_LETTER_SEND, iov, 2);
	}
	return u ? cx_udp_send(u, addr, port, iov + 1, 1) : -EADDRNOTAVAIL;
}

static uint64_t health_now(void *ctx)
{
	return cx_monotonic_ms();
}

static uint64_t health_wall(void *ctx)
{
	return cx_wall_ms();
}

static void on_health(uv_timer_t *timer)
{
	struct cx_parts *parts = timer->data;
	uint64_t again = cx_health_tick(parts->d.health);

	uv_timer_start(timer, on_health, again < CX_TICK_MS ? again : CX_TICK_MS, 0);
}

void cx_daemon_health_soon(struct cx_parts *parts)
{
	if (parts->ready)
		uv_timer_start(&parts->health, on_health, 0, 0);
}

static void on_reachable(void *ctx, uint32_t element, bool reachable, const char *why)
{
	struct cx_parts *parts = ctx;

	cx_health_reachable(parts->d.health, element, reachable, why);
	cx_daemon_health_soon(parts);
}

static void on_interface(void *ctx, int ifindex, const char *ifname, bool present)
{
	struct cx_parts *parts = ctx;

	if (parts->ready)
		cx_fast_interface(parts, ifindex, ifname, present);
}

static void on_reach(uv_poll_t *poll, int status, int events)
{
	struct cx_parts *parts = poll->data;

	/* a link that goes down may take many elements of a group with it: one new ring */
	cx_world_hold(parts->d.world);
	cx_reach_read(parts->d.reach);
	cx_world_release(parts->d.world);
	if (status < 0)
		uv_poll_start(poll, UV_READABLE, on_reach);
}

static void on_tick(uv_timer_t *timer)
{
	struct cx_parts *parts = timer->data;
	struct cx_daemon *d = &parts->d;
	struct cx_diag diag = {0};

	cx_world_hold(d->world);
	cx_reach_refresh(d->reach);
	cx_world_release(d->world);
	d->world->meta.heartbeat_ms = cx_wall_ms();
	if (d->fastpath) {
		cx_fastpath_heartbeat(d->fastpath, &d->world->meta);
		cx_fast_attach(parts, &diag); /* interfaces that have appeared */
		cx_diag_clear(&diag);
	}
	cx_keys_rotate_if_due(parts);
	cx_rates_update(parts);
	cx_workers_watch(parts);
	cx_files_watch(parts);
	cx_log_tick();
	cx_notify("WATCHDOG=1");
}

static void on_hangup(uv_signal_t *signal, int number)
{
	struct cx_parts *parts = signal->data;
	int err = cx_daemon_reload(&parts->d, NULL, NULL);

	if (err)
		cx_log(CX_ERROR, "reload_refused", "reason", strerror(-err), "consequence",
		       "the running configuration stays in force", NULL);
}

/* Requests that the core has in hand are brought to their end, as far as drain_s
 * allows. */
static void on_drain(uv_timer_t *timer)
{
	struct cx_parts *parts = timer->data;
	bool drained = cx_workers_drained(parts);

	if (!drained && cx_monotonic_ms() < parts->leave_at_ms) {
		uv_timer_start(timer, on_drain, CX_DRAIN_MS, 0);
		return;
	}
	if (!drained)
		cx_log(CX_WARN, "not_drained", "consequence", "requests under way are given up", NULL);
	uv_stop(&parts->loop);
}

static void on_leave(uv_signal_t *signal, int number)
{
	struct cx_parts *parts = signal->data;

	if (parts->leave_at_ms) { /* the second one */
		uv_stop(&parts->loop);
		return;
	}
	cx_log(CX_NOTICE, "leaving", "signal", number == SIGTERM ? "SIGTERM" : "SIGINT", "fastpath",
	       parts->d.fastpath ? "stays attached and goes on forwarding" : "none", NULL);
	cx_notify("STOPPING=1");
	parts->leave_at_ms = cx_monotonic_ms() + (uint64_t)parts->d.config->drain_s * 1000;
	on_drain(&parts->drain);
}

void cx_events_of_world(struct cx_parts *parts)
{
	parts->d.world->on_element = on_element_state;
	parts->d.world->on_element_ctx = parts;
}

struct cx_health_ops cx_events_health_ops(struct cx_parts *parts)
{
	return (struct cx_health_ops){
	    .send = health_send, .now_ms = health_now, .wall_ms = health_wall, .ctx = parts};
}

struct cx_reach_ops cx_events_reach_ops(struct cx_parts *parts)
{
	return (struct cx_reach_ops){.on_element = on_reachable, .on_interface = on_interface, .ctx = parts};
}

int cx_events_of_reach(struct cx_parts *parts)
{
	int err = uv_poll_init(&parts->loop, &parts->reach, cx_reach_fd(parts->d.reach));

	parts->reach.data = parts;
	return err ? err : uv_poll_start(&parts->reach, UV_READABLE, on_reach);
}

int cx_events_open(struct cx_parts *parts)
{
	uv_handle_t *handles[] = {(uv_handle_t *)&parts->tick, (uv_handle_t *)&parts->health,
				  (uv_handle_t *)&parts->hangup, (uv_handle_t *)&parts->terminate,
				  (uv_handle_t *)&parts->interrupt,
				  (uv_handle_t *)&parts->drain};

	int err = uv_loop_init(&parts->loop);

	if (err)
		return err;
	uv_timer_init(&parts->loop, &parts->tick);
	uv_timer_init(&parts->loop, &parts->health);
	uv_timer_init(&parts->loop, &parts->drain);
	uv_signal_init(&parts->loop, &parts->hangup);
	uv_signal_init(&parts->loop, &parts->terminate);
	uv_signal_init(&parts->loop, &parts->interrupt);
	for (size_t i = 0; i < sizeof(handles) / sizeof(handles[0]); i++)
		handles[i]->data = parts;
	parts->d.loop = &parts->loop;
	return 0;
}

void cx_events_start(struct cx_parts *parts)
{
	uv_timer_start(&parts->tick, on_tick, CX_TICK_MS, CX_TICK_MS);
	uv_timer_start(&parts->health, on_health, 0, 0);
	uv_signal_start(&parts->hangup, on_hangup, SIGHUP);
	uv_signal_start(&parts->terminate, on_leave, SIGTERM);
	uv_signal_start(&parts->interrupt, on_leave, SIGINT);
}

static void close_handle(uv_handle_t *handle)
{
	if (handle->type != UV_UNKNOWN_HANDLE && !uv_is_closing(handle))
		uv_close(handle, NULL);
}

void cx_events_close(struct cx_parts *parts)
{
	close_handle((uv_handle_t *)&parts->tick);
	close_handle((uv_handle_t *)&parts->health);
	close_handle((uv_handle_t *)&parts->drain);
	close_handle((uv_handle_t *)&parts->reach);
	close_handle((uv_handle_t *)&parts->module_poll);
	close_handle((uv_handle_t *)&parts->hangup);
	close_handle((uv_handle_t *)&parts->terminate);
	close_handle((uv_handle_t *)&parts->interrupt);
	close_handle((uv_handle_t *)&parts->letters);
	close_handle((uv_handle_t *)&parts->turn);
	uv_run(&parts->loop, UV_RUN_DEFAULT);
	uv_loop_close(&parts->loop);
}
