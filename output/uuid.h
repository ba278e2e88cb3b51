/* SPDX-License-Identifier: Apache-2.0 */
/* Universally unique identifiers, RFC 9562. */
#ifndef TOCSIN_OUTPUT_UUID_H
#define TOCSIN_OUTPUT_UUID_H

#include <stdbool.h>
#include <stdint.h>

#include "output/alert.h"

/*
 * Makes an identifier of version 7: milliseconds of time_ns (since the epoch), then the fraction of
 * the millisecond in 12 bits (section 6.2, method 3), then 62 random bits. Text order is time order
 * down to 244 ns. 0, or the negative errno of getrandom(2).
 */
int tc_uuid_make(uint64_t time_ns, char ret_uuid[TC_UUID_LENGTH + 1]);

/*
 * The same with a number below 2^62 in place of the random bits, for what is to be the same each
 * time: alerts of a replay. Unique among those of one replay alone.
 */
void tc_uuid_number(uint64_t time_ns, uint64_t number, char ret_uuid[TC_UUID_LENGTH + 1]);

/* When the millisecond that an identifier was made for begins. False: it is not of version 7. */
bool tc_uuid_time(const char *uuid, uint64_t *ret_time_ns);

#endif
