/* SPDX-License-Identifier: Apache-2.0 */
/* Options that are a point in time: --since, --until. */
#ifndef TOCSIN_CMD_TIME_OPTION_H
#define TOCSIN_CMD_TIME_OPTION_H

#include <stdint.h>

/*
 * Reads a time (tc_timestamp_parse()), or a duration before now, into nanoseconds since the epoch.
 * -1 to go on, or an exit code when it is neither, which was told. NULL leaves *ret_ns as it is.
 */
int tc_time_option(const char *command, const char *option, const char *text, uint64_t *ret_ns);

#endif
