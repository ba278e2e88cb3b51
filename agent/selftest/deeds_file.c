/* SPDX-License-Identifier: Apache-2.0 */
/* Deeds with files and mounts. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/selftest/deed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif

/* --- files --- */

static int make_file(struct tc_deed_place *place)
{
	int fd = open("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static int open_with(int flags)
{
	int fd = open("file", flags | O_CLOEXEC, 0600);

	return fd < 0 ? -errno : 0;
}

static int open_to_write(struct tc_deed_place *place)
{
	return open_with(O_WRONLY);
}

static int open_to_read(struct tc_deed_place *place)
{
	return open_with(O_RDONLY);
}

static int create(struct tc_deed_place *place)
{
	return open_with(O_WRONLY | O_CREAT | O_EXCL);
}

static int truncate_it(struct tc_deed_place *place)
{
	return tc_deed_result(truncate("file", 0));
}

static int rename_it(struct tc_deed_place *place)
{
	return tc_deed_result(rename("file", "other"));
}

static int link_it(struct tc_deed_place *place)
{
	return tc_deed_result(link("file", "other"));
}

static int symlink_it(struct tc_deed_place *place)
{
	return tc_deed_result(symlink("file", "other"));
}

static int unlink_it(struct tc_deed_place *place)
{
	return tc_deed_result(unlink("file"));
}

static int mkdir_it(struct tc_deed_place *place)
{
	return tc_deed_result(mkdir("directory", 0700));
}

static int make_directory(struct tc_deed_place *place)
{
	return mkdir_it(place);
}

static int rmdir_it(struct tc_deed_place *place)
{
	return tc_deed_result(rmdir("directory"));
}

static int chmod_it(struct tc_deed_place *place)
{
	return tc_deed_result(chmod("file", 0640));
}

static int chown_it(struct tc_deed_place *place)
{
	return tc_deed_result(chown("file", geteuid(), getegid()));
}

static int set_attribute(struct tc_deed_place *place)
{
	return tc_deed_result(setxattr("file", "trusted.tocsin", "x", 1, 0));
}

static int have_file(struct tc_deed_place *place)
{
	place->fd = open("file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	return place->fd < 0 ? -errno : 0;
}

static int map_it(struct tc_deed_place *place)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, place->fd, 0);

	return memory == MAP_FAILED ? -errno : 0;
}

static int open_null(struct tc_deed_place *place)
{
	place->fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	return place->fd < 0 ? -errno : 0;
}

static int duplicate(struct tc_deed_place *place)
{
	return tc_deed_result(dup2(place->fd, STDIN_FILENO));
}

/* --- mounts: in a namespace of their own --- */

static int own_mounts(struct tc_deed_place *place)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return -errno;
	return make_directory(place);
}

static int mount_it(struct tc_deed_place *place)
{
	return tc_deed_result(mount("tocsin", "directory", "tmpfs", MS_NOSUID | MS_NODEV, NULL));
}

static int make_mount(struct tc_deed_place *place)
{
	int r = own_mounts(place);

	return r < 0 ? r : mount_it(place);
}

static int umount_it(struct tc_deed_place *place)
{
	return tc_deed_result(umount("directory"));
}

static int pick_mount(struct tc_deed_place *place)
{
	int r = make_mount(place);

	if (r < 0)
		return r;
	place->fd = (int)syscall(SYS_fspick, AT_FDCWD, "directory", 1 /* FSPICK_CLOEXEC */);
	return place->fd < 0 ? -errno : 0;
}

static int remount_it(struct tc_deed_place *place)
{
	return tc_deed_result(
		syscall(SYS_fsconfig, place->fd, 7 /* FSCONFIG_CMD_RECONFIGURE */, NULL, NULL, 0));
}

static int open_tree_it(struct tc_deed_place *place)
{
	return tc_deed_result(
		syscall(SYS_open_tree, AT_FDCWD, "directory", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
}

static int make_tree(struct tc_deed_place *place)
{
	int r = make_mount(place);

	if (r < 0)
		return r;
	place->fd = (int)syscall(SYS_open_tree, AT_FDCWD, "directory",
				 OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	return place->fd < 0 ? -errno : 0;
}

static int move_it(struct tc_deed_place *place)
{
	return tc_deed_result(syscall(SYS_move_mount, place->fd, "", AT_FDCWD, "directory",
				      MOVE_MOUNT_F_EMPTY_PATH));
}

static int set_mount(struct tc_deed_place *place)
{
	static const unsigned long long attributes[4] = {0x8 /* MOUNT_ATTR_NOEXEC */};

	return tc_deed_result(syscall(SYS_mount_setattr, AT_FDCWD, "directory", 0, attributes,
				      sizeof(attributes)));
}

/* A root like the one before: the directory that everything is in, bound to itself. */
static int make_root(struct tc_deed_place *place)
{
	int r = make_mount(place);

	if (r < 0)
		return r;
	return chdir("directory") < 0 ? -errno : 0;
}

static int pivot(struct tc_deed_place *place)
{
	return tc_deed_result(syscall(SYS_pivot_root, ".", "."));
}

const struct tc_deed tc_deeds_file[] = {
	{TC_KIND_open, "opens a file for writing", make_file, open_to_write},
	{TC_KIND_open_read, "opens a file for reading", make_file, open_to_read},
	{TC_KIND_create, "creates a file", NULL, create},
	{TC_KIND_truncate, "truncates a file", make_file, truncate_it},
	{TC_KIND_rename, "renames a file", make_file, rename_it},
	{TC_KIND_link, "gives a file a second name", make_file, link_it},
	{TC_KIND_symlink, "makes a symbolic link", NULL, symlink_it},
	{TC_KIND_unlink, "removes a file", make_file, unlink_it},
	{TC_KIND_mkdir, "makes a directory", NULL, mkdir_it},
	{TC_KIND_rmdir, "removes a directory", make_directory, rmdir_it},
	{TC_KIND_chmod, "changes the mode of a file", make_file, chmod_it},
	{TC_KIND_chown, "gives a file to its owner", make_file, chown_it},
	{TC_KIND_setxattr, "sets an attribute of a file", make_file, set_attribute},
	{TC_KIND_mmap, "maps a file to be written", have_file, map_it},
	{TC_KIND_dup, "makes /dev/null its standard input", open_null, duplicate},
	{TC_KIND_mount, "mounts an empty file system", own_mounts, mount_it},
	{TC_KIND_umount, "unmounts it", make_mount, umount_it},
	{TC_KIND_remount, "sets its options", pick_mount, remount_it},
	{TC_KIND_open_tree, "takes a copy of its mount", make_mount, open_tree_it},
	{TC_KIND_move_mount, "mounts the copy", make_tree, move_it},
	{TC_KIND_mount_setattr, "sets an attribute of the mount", make_mount, set_mount},
	{TC_KIND_pivot_root, "asks for another root", make_root, pivot},
};
const size_t tc_n_deeds_file = COUNT(tc_deeds_file);
