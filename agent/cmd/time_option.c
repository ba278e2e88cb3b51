/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/time_option.h"

#include <stdio.h>
#include <time.h>

#include "agent/options.h"
#include "agent/timestamp.h"

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int tc_time_option(const char *command, const char *option, const char *text, uint64_t *ret_ns)
{
	unsigned long long ago_ns;
	uint64_t now = now_ns();

	if (!text)
		return -1;
	if (tc_parse_duration(text, &ago_ns) == 0) {
		*ret_ns = ago_ns < now ? now - ago_ns : 1;
		return -1;
	}
	if (tc_timestamp_parse(text, ret_ns) == 0)
		return -1;
	fprintf(stderr,
		"tocsin %s: --%s %s: not a time such as 2024-05-01T10:00:00Z, nor a duration ago "
		"such as 2h\n",
		command, option, text);
	return TC_EXIT_USAGE;
}
