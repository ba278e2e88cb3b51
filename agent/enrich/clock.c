/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrich/clock.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S 1000000000LL
#define SAMPLES 8

static int64_t now_ns(clockid_t id)
{
	struct timespec now;

	clock_gettime(id, &now);
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

uint64_t tc_clock_boot_ns(void)
{
	return (uint64_t)now_ns(CLOCK_BOOTTIME);
}

uint64_t tc_clock_monotonic_ns(void)
{
	return (uint64_t)now_ns(CLOCK_MONOTONIC);
}

uint64_t tc_clock_real_now_ns(void)
{
	return (uint64_t)now_ns(CLOCK_REALTIME);
}

void tc_clock_boot_id(char ret_boot_id[TC_BOOT_ID_LENGTH + 1])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t length = fd < 0 ? -1 : read(fd, ret_boot_id, TC_BOOT_ID_LENGTH);

	ret_boot_id[length == TC_BOOT_ID_LENGTH ? TC_BOOT_ID_LENGTH : 0] = '\0';
	if (fd >= 0)
		close(fd);
}

void tc_clock_measure(struct tc_clock *clock)
{
	int64_t best_ns = INT64_MAX;

	/* The reading in the middle is least wrong where the two around it are nearest to each
	 * other. */
	for (unsigned i = 0; i < SAMPLES; i++) {
		int64_t first_ns = now_ns(CLOCK_BOOTTIME);
		int64_t real_ns = now_ns(CLOCK_REALTIME);
		int64_t last_ns = now_ns(CLOCK_BOOTTIME);

		if (last_ns - first_ns >= best_ns)
			continue;
		best_ns = last_ns - first_ns;
		clock->real_minus_boot_ns = real_ns - first_ns - best_ns / 2;
	}
}

static const struct {
	const char *format; /* of strftime(3) */
	const char *zone;
	bool local, fraction;
} formats[] = {
	[TC_CLOCK_TIME] = {"%H:%M:%S", "", true, true},
	[TC_CLOCK_TIME_S] = {"%H:%M:%S", "", true, false},
	[TC_CLOCK_DATETIME] = {"%Y-%m-%d %H:%M:%S", "", true, true},
	[TC_CLOCK_DATETIME_S] = {"%Y-%m-%d %H:%M:%S", "", true, false},
	[TC_CLOCK_ISO8601] = {"%Y-%m-%dT%H:%M:%S", "+0000", false, true},
};

size_t tc_clock_format(enum tc_clock_format format, int64_t real_ns, char text[TC_CLOCK_TEXT_MAX])
{
	int64_t fraction = real_ns % NS_PER_S;
	time_t seconds = (time_t)(real_ns / NS_PER_S);
	struct tm tm;

	if (fraction < 0) {
		fraction += NS_PER_S;
		seconds--;
	}
	if (formats[format].local)
		localtime_r(&seconds, &tm);
	else
		gmtime_r(&seconds, &tm);
	/* Every alert has such a text: printf(3) would be a tenth of what its JSON costs. */
	size_t length = strftime(text, TC_CLOCK_TEXT_MAX, formats[format].format, &tm);
	if (formats[format].fraction) {
		text[length++] = '.';
		for (size_t at = length + 9; at-- > length; fraction /= 10)
			text[at] = (char)('0' + fraction % 10);
		length += 9;
	}
	size_t zone = strlen(formats[format].zone);
	memcpy(text + length, formats[format].zone, zone + 1);
	return length + zone;
}
