/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules are read anew in a thread of their own, so that events are judged meanwhile: by the rules
 * that are in force until the new ones are whole.
 */
#ifndef TOCSIN_AGENT_RELOAD_H
#define TOCSIN_AGENT_RELOAD_H

#include <stdbool.h>

#include "rules/rules.h"

struct tc_reload;

/* Begins to load the paths, which must outlive it. 0 or a negative errno. */
int tc_reload_start(const char *const *paths, size_t n_paths, struct tc_reload **ret_reload);
/* Whether tc_reload_finish() would not wait. */
bool tc_reload_is_done(const struct tc_reload *reload);
/*
 * Waits for the end, prints what was found on standard error, and gives the new rules; NULL when
 * they are broken. Returns the number of errors. The reload is gone afterwards.
 */
size_t tc_reload_finish(struct tc_reload *reload, struct tc_ruleset **ret_rules);

#endif
