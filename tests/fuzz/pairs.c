/* SPDX-License-Identifier: Apache-2.0 */
#include "random.h"

uint64_t random_pairs, random_matches, random_exact;
