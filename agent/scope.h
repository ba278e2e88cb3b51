/* SPDX-License-Identifier: Apache-2.0 */
/* The scope of a run: one cgroup with all below it. */
#ifndef TOCSIN_AGENT_SCOPE_H
#define TOCSIN_AGENT_SCOPE_H

#include <stdint.h>

/*
 * The id of a cgroup, given by its directory (/sys/fs/cgroup/system.slice) or by its path from the
 * root of the hierarchy (/system.slice, system.slice). 0; -ENOENT when there is no such cgroup v2.
 */
int tc_scope_find(const char *cgroup, uint64_t *ret_id);

#endif
