/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `rate_limit` of a rule: how often it speaks.
 *
 *	rate_limit: 10/1m
 *	rate_limit: {rate: 10/1m, by: [container.id, proc.exepath]}
 *	rate_limit: none
 */
#ifndef TOCSIN_RULES_RATE_H
#define TOCSIN_RULES_RATE_H

#include "agent/arena.h"
#include "rules/language/yaml.h"
#include "rules/rules.h"

/*
 * Reads the value of the key. *ret_limit lies in the arena, and is NULL for `none`. 0; -EINVAL when
 * something is wrong, which was told; -ENOMEM.
 */
int tc_rate_limit_read(const struct tc_yaml *node, struct tc_arena *arena,
		       struct tc_diagnostics *diagnostics, const struct tc_rate_limit **ret_limit);

#endif
