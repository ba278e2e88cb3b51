/* SPDX-License-Identifier: Apache-2.0 */
/* Colours on a terminal (ECMA-48), and only there. */
#ifndef TOCSIN_OUTPUT_FORMAT_COLOUR_H
#define TOCSIN_OUTPUT_FORMAT_COLOUR_H

#include <stdbool.h>

#include "rules/rules.h"

#define TC_COLOUR_DIM "\033[2m"
#define TC_COLOUR_BOLD "\033[1m"
#define TC_COLOUR_END "\033[0m"

/* True when a descriptor is a terminal that takes colours, and the user did not say no
 * (https://no-color.org). */
bool tc_colour_wanted(int fd);
/* What switches the colour of a priority on; "" for those that have none. Ends with TC_COLOUR_END.
 */
const char *tc_colour_of(enum tc_priority priority);

#endif
