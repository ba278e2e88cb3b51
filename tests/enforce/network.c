/* SPDX-License-Identifier: Apache-2.0 */
/* Rows about sockets and mounts. */
#include "tests/enforce/enforce.h"

const struct row network_rows[] = {{0}};
