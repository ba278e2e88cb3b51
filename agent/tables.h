/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules' tables in the kernel (include/decide.h): put in place of those before as a whole, and
 * what the agent knows of cgroups beside them.
 *
 * Maps are given by their descriptors, see tc_probes_map().
 */
#ifndef TOCSIN_AGENT_TABLES_H
#define TOCSIN_AGENT_TABLES_H

#include <stdint.h>

#include "decide.h"

/* An empty map that can be put into the map `tables`: its descriptor, or a negative errno. */
int tc_tables_new(void);
/*
 * Hooks judge by these tables from one instant on, all of them; waits until none is left that began
 * with those before, which are freed. map is `tables`. 0 or a negative errno: then those before
 * stay.
 */
int tc_tables_set(int map, const struct tc_tables *tables);

/*
 * What a cgroup leaves of a generation's terms, for its tasks and, until they are judged
 * themselves, those of cgroups below it. map is `cgroup_terms`. 0 or a negative errno, -E2BIG when
 * the map is full.
 */
int tc_tables_set_cgroup(int map, uint64_t cgroup_id, uint32_t generation,
			 const struct tc_terms *terms);
/* Takes it back; unknown ones are ignored. */
void tc_tables_forget_cgroup(int map, uint64_t cgroup_id, uint32_t generation);
/* Takes back everything that is not of this generation. 0 or a negative errno. */
int tc_tables_forget_others(int map, uint32_t generation);

#endif
