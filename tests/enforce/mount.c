/* SPDX-License-Identifier: Apache-2.0 */
/* Rows about mounts: asserted on what is there, in a mount namespace of the child's own. */
#include "tests/enforce/enforce.h"

#include <errno.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "tests/events/truth.h"

SLOT_OF(mount, target)
SLOT_OF(move_mount, target)
SLOT_OF(umount, target)
SLOT_OF(pivot_root, new_root)

/* Whether something is mounted there: it is on another device, or a mark is gone. */
static bool is_mounted(struct run *run)
{
	return access("there/mark", F_OK) < 0;
}

static void prepare_mount(struct run *run)
{
	own_mounts(run);
	must(run, mkdir("there", 0755) == 0 && mkdir("source", 0755) == 0);
	make_file(run, "there/mark", 0600, 0);
}

static int attempt_mount(struct run *run)
{
	return attempt_of(mount("none", "there", "tmpfs", 0, NULL));
}

static int attempt_bind_mount(struct run *run)
{
	return attempt_of(mount("source", "there", NULL, MS_BIND, NULL));
}

static void prepare_mounted(struct run *run)
{
	prepare_mount(run);
	must(run, attempt_mount(run) == 0);
}

static int attempt_umount(struct run *run)
{
	return attempt_of(umount2("there", 0));
}

static bool is_unmounted(struct run *run)
{
	return !is_mounted(run);
}

static int attempt_move_mount(struct run *run)
{
	int fs = (int)syscall(SYS_fsopen, "tmpfs", 0), mnt;

	if (fs < 0 || syscall(SYS_fsconfig, fs, 6 /* create */, NULL, NULL, 0) < 0)
		return -errno;
	mnt = (int)syscall(SYS_fsmount, fs, 0, 0);
	if (mnt < 0)
		return -errno;
	return attempt_of(syscall(SYS_move_mount, mnt, "", AT_FDCWD, "there", 4 /* empty path */));
}

/* The new mount API: a tree that hangs nowhere yet, and what is there already. */
static int attempt_move_tree(struct run *run)
{
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "source", 1 /* clone */);

	if (tree < 0)
		return -errno;
	return attempt_of(syscall(SYS_move_mount, tree, "", AT_FDCWD, "there", 4 /* empty path */));
}

/* number[8]: the device of what is mounted there. */
static void prepare_device(struct run *run)
{
	struct stat st;

	prepare_mounted(run);
	must(run, stat("there", &st) == 0);
	run->notes->number[8] = st.st_dev;
}

static int attempt_remount(struct run *run)
{
	int context = (int)syscall(SYS_fspick, AT_FDCWD, "there", 0);

	if (context < 0 || syscall(SYS_fsconfig, context, 0 /* flag */, "ro", NULL, 0) < 0)
		return -errno;
	return attempt_of(syscall(SYS_fsconfig, context, 7 /* reconfigure */, NULL, NULL, 0));
}

static int attempt_remount_old(struct run *run)
{
	return attempt_of(mount(NULL, "there", NULL, MS_REMOUNT | MS_RDONLY, NULL));
}

static bool is_read_only(struct run *run)
{
	struct statvfs fs = {0};

	statvfs("there", &fs);
	return fs.f_flag & ST_RDONLY;
}

static int attempt_move(struct run *run)
{
	return attempt_of(mount("there", "source", NULL, MS_MOVE, NULL));
}

static void prepare_root(struct run *run)
{
	prepare_device(run);
	must(run, mkdir("there/old", 0700) == 0);
}

static int attempt_pivot_root(struct run *run)
{
	return attempt_of(syscall(SYS_pivot_root, "there", "there/old"));
}

static bool is_root(struct run *run)
{
	struct stat st = {0};

	stat("/", &st);
	return st.st_dev == run->notes->number[8];
}

#define IN_CHILD .in_child = true

const struct row mount_rows[] = {
	ROW("mount", mount, "mount.target = $D/there and mount.fstype = tmpfs", NULL, prepare_mount,
	    attempt_mount, is_mounted, IN_CHILD, .path = mount_target, .path_is = "there"),
	ROW("mount_bind", mount, "mount.op = bind", NULL, prepare_mount, attempt_bind_mount,
	    is_mounted, IN_CHILD, .path = mount_target, .path_is = "there"),
	ROW("move_mount", move_mount, "mount.target = $D/there", NULL, prepare_mount,
	    attempt_move_mount, is_mounted, IN_CHILD),
	ROW("umount", umount, "mount.target = $D/there", NULL, prepare_mounted, attempt_umount,
	    is_unmounted, IN_CHILD, .path = umount_target, .path_is = "there"),
	ROW("mount_remount", mount, "mount.op = remount and mount.target = $D/there", NULL,
	    prepare_mounted, attempt_remount_old, is_read_only, IN_CHILD, .path = mount_target,
	    .path_is = "there"),
	ROW("mount_move", mount, "mount.op = move and mount.target = $D/source", NULL,
	    prepare_mounted, attempt_move, is_unmounted, IN_CHILD, .path = mount_target,
	    .path_is = "source"),
	ROW("move_mount_tree", move_mount, "mount.op = bind and mount.target = $D/there", NULL,
	    prepare_mount, attempt_move_tree, is_mounted, IN_CHILD, .path = move_mount_target,
	    .path_is = "there"),
	ROW("remount", remount, "fd.dev = $N", NULL, prepare_device, attempt_remount, is_read_only,
	    IN_CHILD),
	ROW("pivot_root", pivot_root, "mount.source = $D/there", NULL, prepare_root,
	    attempt_pivot_root, is_root, IN_CHILD, .path = pivot_root_new_root, .path_is = "there"),
	{0},
};
