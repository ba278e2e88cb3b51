/* SPDX-License-Identifier: Apache-2.0 */
/* From the kernel's time (nanoseconds since boot, suspended time included) to the time of day. */
#ifndef TOCSIN_AGENT_ENRICH_CLOCK_H
#define TOCSIN_AGENT_ENRICH_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Nanoseconds since boot, suspended time included, now: the clock of records (CLOCK_BOOTTIME). */
uint64_t tc_clock_boot_ns(void);
/* Nanoseconds that no setting of the clock changes (CLOCK_MONOTONIC): for time-outs. */
uint64_t tc_clock_monotonic_ns(void);
/* Nanoseconds since 1970-01-01 UTC, now. */
uint64_t tc_clock_real_now_ns(void);

/* Length of a boot id as text, without its NUL. */
#define TC_BOOT_ID_LENGTH 36

/* Reads /proc/sys/kernel/random/boot_id, see random(4); "" when it cannot be read. */
void tc_clock_boot_id(char ret_boot_id[TC_BOOT_ID_LENGTH + 1]);

/* How CLOCK_BOOTTIME and CLOCK_REALTIME lie to each other. */
struct tc_clock {
	int64_t real_minus_boot_ns;
};

/*
 * Measures this host's clocks, as exactly as a few readings allow (below a microsecond on an idle
 * CPU). The difference changes when the time of day is set, and only then: slewing changes both
 * (clock_gettime(2)).
 */
void tc_clock_measure(struct tc_clock *clock);

/* Nanoseconds since 1970-01-01 UTC of a time since boot. */
static inline int64_t tc_clock_real_ns(const struct tc_clock *clock, uint64_t boot_ns)
{
	return (int64_t)(boot_ns + (uint64_t)clock->real_minus_boot_ns);
}

enum tc_clock_format {
	TC_CLOCK_TIME,	     /* 23:59:59.123456789, local time */
	TC_CLOCK_TIME_S,     /* 23:59:59, local time */
	TC_CLOCK_DATETIME,   /* 2026-12-31 23:59:59.123456789, local time */
	TC_CLOCK_DATETIME_S, /* 2026-12-31 23:59:59, local time */
	TC_CLOCK_ISO8601,    /* 2026-12-31T22:59:59.123456789+0000, UTC */
};

/* Longest text that tc_clock_format() writes, with its NUL. */
#define TC_CLOCK_TEXT_MAX 64

/* Writes a time (nanoseconds since 1970-01-01 UTC) as text. Returns its length without the NUL. */
size_t tc_clock_format(enum tc_clock_format format, int64_t real_ns, char text[TC_CLOCK_TEXT_MAX]);

#endif
