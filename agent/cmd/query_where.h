/* SPDX-License-Identifier: Apache-2.0 */
/* A condition in the rule language over what alerts say of their events. */
#ifndef TOCSIN_AGENT_CMD_QUERY_WHERE_H
#define TOCSIN_AGENT_CMD_QUERY_WHERE_H

#include <stdbool.h>
#include <stdint.h>

struct query_where;

/* Compiles a condition. 0; -EINVAL when it is wrong, which was told on standard error; -ENOMEM. */
int query_where_new(const char *condition, struct query_where **ret_where);
/* Takes NULL. */
void query_where_free(struct query_where *where);
/* Kinds of events for which it may hold, as TC_KIND_BIT. */
uint64_t query_where_kinds(const struct query_where *where);
/*
 * Whether it holds for an alert: the fields have the values that the alert's JSON says; others have
 * none. context: the condition (a tc_journal_judge).
 */
bool query_where_holds(const char *json, void *context);
/* Alerts of which this could not be said, since their JSON cannot be read. */
uint64_t query_where_unreadable(const struct query_where *where);

#endif
