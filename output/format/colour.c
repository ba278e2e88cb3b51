/* SPDX-License-Identifier: Apache-2.0 */
#include "output/format/colour.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool tc_colour_wanted(int fd)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	return isatty(fd) && term && strcmp(term, "dumb") != 0 && !(no && *no);
}

const char *tc_colour_of(enum tc_priority priority)
{
	static const char *const colours[TC_PRIORITY_MAX] = {
		[TC_PRIORITY_EMERGENCY] = "\033[1;41;97m", [TC_PRIORITY_ALERT] = "\033[1;41;97m",
		[TC_PRIORITY_CRITICAL] = "\033[1;31m",	   [TC_PRIORITY_ERROR] = "\033[31m",
		[TC_PRIORITY_WARNING] = "\033[33m",	   [TC_PRIORITY_NOTICE] = "\033[36m",
		[TC_PRIORITY_INFORMATIONAL] = "",	   [TC_PRIORITY_DEBUG] = TC_COLOUR_DIM,
	};

	return (unsigned)priority < TC_PRIORITY_MAX ? colours[priority] : "";
}
