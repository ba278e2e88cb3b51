/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/time_option.h"

#include <stdio.h>

#include "agent/enrich/clock.h"
#include "agent/options.h"
#include "agent/timestamp.h"

int tc_time_option(const char *command, const char *option, const char *text, uint64_t *ret_ns)
{
	unsigned long long ago_ns;
	uint64_t now = tc_clock_real_now_ns();

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
