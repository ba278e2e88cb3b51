/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrich/cgroupfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* FILEID_KERNFS, include/linux/exportfs.h: the handle is the 64-bit id of the kernfs node, which is
 * the cgroup's id. */
#define HANDLE_KERNFS 0xfe

struct tc_cgroupfs {
	int fd; /* of the mount point, opened for reading: open_by_handle_at() wants that */
	size_t mount_length;
	char mount[TC_CGROUP_PATH_MAX]; /* where it is mounted */
	char root[TC_CGROUP_PATH_MAX];	/* cgroup that is mounted there; "": the root */
};

/* Undoes the octal escapes of /proc/self/mountinfo in place, proc_pid_mountinfo(5). */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; out++) {
		if (in[0] == '\\' && in[1] && in[2] && in[3]) {
			*out = (char)((in[1] - '0') << 6 | (in[2] - '0') << 3 | (in[3] - '0'));
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

/* Takes root and mount point out of a line of mountinfo; false when it is of no cgroup2 mount. */
static bool parse_mount(char *line, char **ret_root, char **ret_mount)
{
	char *words[5], *rest = line, *type = strstr(line, " - ");

	if (!type || strncmp(type + 3, "cgroup2 ", 8) != 0)
		return false;
	for (unsigned i = 0; i < 5; i++) {
		words[i] = strsep(&rest, " ");
		if (!rest)
			return false;
	}
	unescape(words[3]);
	unescape(words[4]);
	*ret_root = words[3];
	*ret_mount = words[4];
	return true;
}

/* Whether the whole hierarchy is mounted there. Its root alone has no such file, by whatever name a
 * cgroup namespace calls it: "/../.." of the hierarchy's, "/" of a part (cgroup_namespaces(7)). */
static bool is_whole(const char *mount)
{
	char path[PATH_MAX];

	return snprintf(path, sizeof(path), "%s/cgroup.events", mount) < (int)sizeof(path) &&
	       access(path, F_OK) < 0 && errno == ENOENT;
}

/* The best mount: one of the whole hierarchy before one of a part of it. */
static int find_mount(struct tc_cgroupfs *fs)
{
	FILE *file = fopen("/proc/self/mountinfo", "re");
	char *line = NULL, *root, *mount;
	size_t size = 0;
	bool found = false, whole = false;

	if (!file)
		return -errno;
	while (!whole && getline(&line, &size, file) > 0) {
		if (!parse_mount(line, &root, &mount))
			continue;
		whole = is_whole(mount);
		if ((found && !whole) || strlen(root) >= sizeof(fs->root) ||
		    strlen(mount) >= sizeof(fs->mount))
			continue;
		found = true;
		strcpy(fs->root, whole ? "" : root);
		strcpy(fs->mount, mount);
	}
	free(line);
	fclose(file);
	return found ? 0 : -ENOENT;
}

int tc_cgroupfs_open(struct tc_cgroupfs **ret_fs)
{
	struct tc_cgroupfs *fs = calloc(1, sizeof(*fs));
	int error;

	if (!fs)
		return -ENOMEM;
	error = find_mount(fs);
	if (error == 0) {
		fs->mount_length = strlen(fs->mount);
		fs->fd = open(fs->mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fs->fd < 0)
			error = -errno;
	}
	if (error < 0) {
		free(fs);
		return error;
	}
	*ret_fs = fs;
	return 0;
}

void tc_cgroupfs_close(struct tc_cgroupfs *fs)
{
	if (!fs)
		return;
	close(fs->fd);
	free(fs);
}

/* A directory that is yet to be walked; path is relative to the mount point. */
struct pending {
	struct pending *next;
	char path[];
};

static int push(struct pending **pending, const char *directory, const char *name)
{
	size_t length = strlen(directory) + strlen(name) + 2;
	struct pending *entry = malloc(sizeof(*entry) + length);

	if (!entry)
		return -ENOMEM;
	snprintf(entry->path, length, "%s%s%s", directory, *directory ? "/" : "", name);
	entry->next = *pending;
	*pending = entry;
	return 0;
}

static int visit_path(struct tc_cgroupfs *fs, const char *relative, uint64_t id,
		      tc_cgroup_visitor visit, void *data)
{
	char path[TC_CGROUP_PATH_MAX];
	int length = snprintf(path, sizeof(path), "%s/%s", fs->root, relative);

	if (length >= (int)sizeof(path))
		return 0;
	/* "/.." + "" of a mounted part, and "" + "/": the root has no slash behind it unless it is
	 * the only one. */
	if (length > 1 && path[length - 1] == '/')
		path[--length] = '\0';
	return visit(data, id, path, (size_t)length);
}

/* Visits one directory and puts its children on the list. A directory that is gone by now is passed
 * over. */
static int walk_one(struct tc_cgroupfs *fs, struct pending **pending, const char *relative,
		    tc_cgroup_visitor visit, void *data)
{
	int fd = openat(fs->fd, *relative ? relative : ".",
			O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	DIR *directory = fd < 0 ? NULL : fdopendir(fd);
	struct stat stat;
	int error = 0;

	if (!directory) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	if (fstat(fd, &stat) == 0)
		error = visit_path(fs, relative, stat.st_ino, visit, data);
	while (error == 0) {
		struct dirent *entry = readdir(directory);

		if (!entry)
			break;
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			error = push(pending, relative, entry->d_name);
	}
	closedir(directory);
	return error;
}

int tc_cgroupfs_walk(struct tc_cgroupfs *fs, tc_cgroup_visitor visit, void *data)
{
	struct pending *pending = NULL;
	int error = push(&pending, "", "");

	while (pending) {
		struct pending *entry = pending;

		pending = entry->next;
		if (error == 0)
			error = walk_one(fs, &pending, entry->path, visit, data);
		free(entry);
	}
	return error;
}

int tc_cgroupfs_path(struct tc_cgroupfs *fs, uint64_t id, char path[TC_CGROUP_PATH_MAX],
		     size_t *ret_length)
{
	union {
		struct file_handle handle;
		char bytes[sizeof(struct file_handle) + sizeof(id)];
	} file = {.handle = {.handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS}};
	char link[32], target[2 * TC_CGROUP_PATH_MAX];
	ssize_t length;
	int fd;

	memcpy(file.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(fs->fd, &file.handle, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = readlink(link, target, sizeof(target));
	close(fd);
	if (length < 0)
		return -errno;
	if ((size_t)length < fs->mount_length || memcmp(target, fs->mount, fs->mount_length) != 0)
		return -ESTALE;
	length -= (ssize_t)fs->mount_length;
	length = snprintf(path, TC_CGROUP_PATH_MAX, "%s%.*s", fs->root, (int)length,
			  target + fs->mount_length);
	if (length >= TC_CGROUP_PATH_MAX)
		return -ENAMETOOLONG;
	if (length == 0)
		strcpy(path, "/");
	*ret_length = length ? (size_t)length : 1;
	return 0;
}

uint64_t tc_cgroupfs_id(struct tc_cgroupfs *fs, const char *path)
{
	size_t root = strlen(fs->root);
	struct stat stat;

	if (strncmp(path, fs->root, root) != 0)
		return 0;
	path += root;
	while (*path == '/')
		path++;
	if (fstatat(fs->fd, *path ? path : ".", &stat, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return stat.st_ino;
}
