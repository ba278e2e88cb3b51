/* SPDX-License-Identifier: Apache-2.0 */
/* Configurations among what `tocsin check` is given. */
#ifndef TOCSIN_AGENT_CMD_CHECK_CONFIG_H
#define TOCSIN_AGENT_CMD_CHECK_CONFIG_H

#include "agent/arena.h"
#include "agent/options.h"
#include "rules/diagnostic.h"

/* Zero-initialised is empty. */
struct tc_check_paths {
	struct tc_strings configs, rules;
	struct tc_arena arena; /* of paths that were not given as they are */
};

/* Tells configurations from rules. 0 or -ENOMEM. */
int tc_check_sort_paths(const struct tc_strings *paths, struct tc_check_paths *sorted);
/* Checks each of the configurations. 0 or -ENOMEM. */
int tc_check_configs(const struct tc_check_paths *sorted, struct tc_diagnostics *diagnostics);
void tc_check_paths_done(struct tc_check_paths *sorted);

#endif
