/* SPDX-License-Identifier: Apache-2.0 */
/* Points in time as text. Nanoseconds since 1970-01-01T00:00:00Z, leap seconds not counted. */
#ifndef TOCSIN_AGENT_TIMESTAMP_H
#define TOCSIN_AGENT_TIMESTAMP_H

#include <stdint.h>

/* Room for any of these texts with the NUL behind them. */
#define TC_TIMESTAMP_BYTES 32

/* RFC 3339 in UTC with nanoseconds: 2024-02-29T23:59:59.000000001Z. */
void tc_timestamp_utc(uint64_t time_ns, char ret_text[TC_TIMESTAMP_BYTES]);
/* Local time for people, with milliseconds: 2024-02-29 23:59:59.000. */
void tc_timestamp_local(uint64_t time_ns, char ret_text[TC_TIMESTAMP_BYTES]);
/*
 * Reads an RFC 3339 time: a blank or t may stand for the T, the fraction may be missing or longer
 * than nanoseconds (the rest is dropped), the offset must be there. 0; -EINVAL for any other text
 * or a date that does not exist; -ERANGE for a time before 1970 or one that does not fit.
 */
int tc_timestamp_parse(const char *text, uint64_t *ret_time_ns);

#endif
