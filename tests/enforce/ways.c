/* SPDX-License-Identifier: Apache-2.0 */
/* The same things on other ways. */
#include "tests/enforce/enforce.h"

const struct row way_rows[] = {{0}};
