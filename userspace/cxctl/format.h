/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers and times as people read them. Each writes into buf and returns it.
 */
#ifndef CX_CXCTL_FORMAT_H
#define CX_CXCTL_FORMAT_H

#include <stddef.h>
#include <stdint.h>

#define CXCTL_FORMAT 32

/* "850ms", "12s", "5m12s", "2h03m", "4d05h" */
const char *cxctl_duration(int64_t ms, char buf[CXCTL_FORMAT]);
/* How long ago, by this machine's clock; "-" for 0. */
const char *cxctl_ago(int64_t then_ms, char buf[CXCTL_FORMAT]);
/* "2026-11-22 21:57:28", local time; "-" for 0. */
const char *cxctl_time(int64_t ms, char buf[CXCTL_FORMAT]);
/* "0.42 ms"; "-" for 0. */
const char *cxctl_rtt(int64_t us, char buf[CXCTL_FORMAT]);
/* "1.5 GB" */
const char *cxctl_bytes(int64_t bytes, char buf[CXCTL_FORMAT]);
int64_t cxctl_now_ms(void);

#endif
