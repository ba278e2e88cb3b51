/* SPDX-License-Identifier: Apache-2.0 */
/* The cgroup v2 file system of this host: ids and paths. */
#ifndef TOCSIN_AGENT_ENRICH_CGROUPFS_H
#define TOCSIN_AGENT_ENRICH_CGROUPFS_H

#include <stddef.h>
#include <stdint.h>

/* Longest path that is looked at, in bytes with the NUL. */
#define TC_CGROUP_PATH_MAX 4096

struct tc_cgroupfs;

/* Told of each cgroup; path from the root of the hierarchy, NUL-terminated. 0, or a negative errno
 * to stop. */
typedef int (*tc_cgroup_visitor)(void *data, uint64_t id, const char *path, size_t length);

/*
 * Finds where cgroup v2 is mounted (alone, or beside v1 on a hybrid host) and opens it. 0, -ENOENT
 * when it is not mounted, or another negative errno.
 */
int tc_cgroupfs_open(struct tc_cgroupfs **ret_fs);
/* Takes NULL. */
void tc_cgroupfs_close(struct tc_cgroupfs *fs);

/* Visits every cgroup, parents before children. 0, what the visitor returned, or -ENOMEM. */
int tc_cgroupfs_walk(struct tc_cgroupfs *fs, tc_cgroup_visitor visit, void *data);

/*
 * The path of a cgroup, by its id alone: two system calls however many cgroups there are. Needs
 * CAP_DAC_READ_SEARCH. 0, -ESTALE when there is no such cgroup (any more), -EPERM, -ENAMETOOLONG.
 */
int tc_cgroupfs_path(struct tc_cgroupfs *fs, uint64_t id, char path[TC_CGROUP_PATH_MAX],
		     size_t *ret_length);
/* The id of a cgroup by its path from the root of the hierarchy; 0 when there is none. */
uint64_t tc_cgroupfs_id(struct tc_cgroupfs *fs, const char *path);

#endif
