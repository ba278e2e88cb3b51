/* SPDX-License-Identifier: Apache-2.0 */
/* A condition in the rule language by itself: what rules ask without being rules. */
#ifndef TOCSIN_AGENT_CONDITION_H
#define TOCSIN_AGENT_CONDITION_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/event.h"

struct tc_condition;

/* Compiles it; name is what messages call it: "--where". 0; -EINVAL when it is wrong, which was
 * told on standard error; -ENOMEM. */
int tc_condition_new(const char *name, const char *text, struct tc_condition **ret_condition);
/* Takes NULL. */
void tc_condition_free(struct tc_condition *condition);
/* Kinds of events for which it may hold, as TC_KIND_BIT. */
uint64_t tc_condition_kinds(const struct tc_condition *condition);
bool tc_condition_holds(struct tc_condition *condition, struct tc_event *event);

#endif
