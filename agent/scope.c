/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/scope.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "agent/enrich/cgroupfs.h"

static int find_by_directory(const char *directory, uint64_t *ret_id)
{
	struct statfs fs;
	struct stat st;

	if (statfs(directory, &fs) < 0 || fs.f_type != CGROUP2_SUPER_MAGIC)
		return -ENOENT;
	if (stat(directory, &st) < 0 || !S_ISDIR(st.st_mode))
		return -ENOENT;
	*ret_id = st.st_ino;
	return 0;
}

static int find_by_path(const char *path, uint64_t *ret_id)
{
	char absolute[TC_CGROUP_PATH_MAX];
	struct tc_cgroupfs *fs;
	uint64_t id;
	int r;

	if ((size_t)snprintf(absolute, sizeof(absolute), "%s%s", path[0] == '/' ? "" : "/", path) >=
	    sizeof(absolute))
		return -ENOENT;
	r = tc_cgroupfs_open(&fs);
	if (r < 0)
		return r;
	id = tc_cgroupfs_id(fs, absolute);
	tc_cgroupfs_close(fs);
	if (!id)
		return -ENOENT;
	*ret_id = id;
	return 0;
}

int tc_scope_find(const char *cgroup, uint64_t *ret_id)
{
	if (find_by_directory(cgroup, ret_id) == 0)
		return 0;
	return find_by_path(cgroup, ret_id);
}
