/* SPDX-License-Identifier: Apache-2.0 */
/* What can be done about an event of a kind: include/schema/refuse.def. */
#ifndef TOCSIN_RULES_KERNEL_REFUSE_H
#define TOCSIN_RULES_KERNEL_REFUSE_H

#include <stdbool.h>

#include "decide.h"
#include "agent/schema.h"

/* The LSM hook that can refuse, or those of different kernels, separated by blanks; NULL when there
 * is none. */
const char *tc_refuse_hook(unsigned kind);
/* Whether a rule of this action can enforce it in that kind. */
bool tc_refuse_can(unsigned kind, enum tc_action action);
/* Whether a member is not known yet where a rule of this action decides. */
bool tc_refuse_is_late(unsigned kind, enum tc_action action, const struct tc_member *member);

#endif
