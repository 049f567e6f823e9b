/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers and times as people read them: two units of a duration, as many
 * digits as matter.
 */
#include <stdio.h>
#include <time.h>
#include "cxctl/format.h"

const char *cxctl_duration(int64_t ms, char buf[CXCTL_FORMAT])
{
	long long s = ms / 1000;

	if (ms < 0)
		snprintf(buf, CXCTL_FORMAT, "0s");
	else if (ms < 1000)
		snprintf(buf, CXCTL_FORMAT, "%lldms", (long long)ms);
	else if (s < 60)
		snprintf(buf, CXCTL_FORMAT, "%llds", s);
	else if (s < 3600)
		snprintf(buf, CXCTL_FORMAT, "%lldm%02llds", s / 60, s % 60);
	else if (s < 86400)
		snprintf(buf, CXCTL_FORMAT, "%lldh%02lldm", s / 3600, s / 60 % 60);
	else
		snprintf(buf, CXCTL_FORMAT, "%lldd%02lldh", s / 86400, s / 3600 % 24);
	return buf;
}

int64_t cxctl_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *cxctl_ago(int64_t then_ms, char buf[CXCTL_FORMAT])
{
	if (!then_ms) {
		snprintf(buf, CXCTL_FORMAT, "-");
		return buf;
	}
	return cxctl_duration(cxctl_now_ms() - then_ms, buf);
}

const char *cxctl_time(int64_t ms, char buf[CXCTL_FORMAT])
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm tm;

	if (!ms || !localtime_r(&seconds, &tm) || !strftime(buf, CXCTL_FORMAT, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(buf, CXCTL_FORMAT, "-");
	return buf;
}

const char *cxctl_rtt(int64_t us, char buf[CXCTL_FORMAT])
{
	if (!us)
		snprintf(buf, CXCTL_FORMAT, "-");
	else
		snprintf(buf, CXCTL_FORMAT, "%.2f ms", (double)us / 1000);
	return buf;
}

const char *cxctl_bytes(int64_t bytes, char buf[CXCTL_FORMAT])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1000 && unit < 4) {
		value /= 1000;
		unit++;
	}
	snprintf(buf, CXCTL_FORMAT, unit && value < 10 ? "%.1f %s" : "%.0f %s", value, units[unit]);
	return buf;
}
