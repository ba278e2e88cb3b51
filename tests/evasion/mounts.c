/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts by every door. */
#include "tests/evasion/deed.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MNT_DETACH 2

static void prepare_mount(const struct deed *deed)
{
	must(mkdir(deed->spare, 0755) == 0);
}

static void prepare_mounted(const struct deed *deed)
{
	prepare_mount(deed);
	must(mount("evasion", deed->spare, "tmpfs", deed->of->with, NULL) == 0);
}

/* mount(2) that changes nothing that anybody cares for. */
static int mount_nothing(struct deed *deed)
{
	return attempt(mount(NULL, "/", NULL, MS_PRIVATE, NULL));
}

/* --- the new calls --- */

/* The twin's mount hangs nowhere. */
static int put_there(struct deed *deed, int fd)
{
	must(fd >= 0);
	tell_path(deed, deed->spare);
	return deed->twin ? 0
			  : attempt(syscall(SYS_move_mount, fd, "", AT_FDCWD, deed->spare,
					    MOVE_MOUNT_F_EMPTY_PATH));
}

static int act_fsmount(struct deed *deed)
{
	int context = (int)syscall(SYS_fsopen, "tmpfs", 0);

	must(context >= 0 &&
	     syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0);
	return put_there(deed, (int)syscall(SYS_fsmount, context, 0, 0));
}

static int act_open_tree(struct deed *deed)
{
	return put_there(deed, (int)syscall(SYS_open_tree, AT_FDCWD, EVASION_PLAIN,
					    OPEN_TREE_CLONE | O_CLOEXEC));
}

static const char *lacks_setattr(void)
{
	return syscall(SYS_mount_setattr, -1, "", 0, NULL, 0) < 0 && errno == ENOSYS
		       ? "no mount_setattr (5.12)"
		       : NULL;
}

static int act_setattr(struct deed *deed)
{
	struct mount_attr attr = {.attr_clr = deed->twin ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_RDONLY};

	tell_path(deed, deed->spare);
	return attempt(syscall(SYS_mount_setattr, AT_FDCWD, deed->spare, 0, &attr, sizeof(attr)));
}

/* --- the flags of the old one --- */

static int act_bind(struct deed *deed)
{
	tell_path(deed, deed->spare);
	return deed->twin ? mount_nothing(deed)
			  : attempt(mount(EVASION_PLAIN, deed->spare, NULL, MS_BIND, NULL));
}

static int act_move(struct deed *deed)
{
	const char *to = beside(deed, ".to");

	must(mkdir(to, 0755) == 0 || errno == EEXIST);
	tell_path(deed, to);
	return deed->twin ? mount_nothing(deed)
			  : attempt(mount(deed->spare, to, NULL, MS_MOVE, NULL));
}

/* The options of the file system, by the new calls. The twin only says what it wants. */
static int act_fspick(struct deed *deed)
{
	int context = (int)syscall(SYS_fspick, AT_FDCWD, deed->spare, FSPICK_CLOEXEC);

	must(context >= 0);
	must(syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "rw", NULL, 0) == 0);
	if (deed->twin)
		return 0;
	return attempt(syscall(SYS_fsconfig, context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0));
}

/* Of this mount alone. */
static int act_remount_bind(struct deed *deed)
{
	tell_path(deed, deed->spare);
	return attempt(mount(NULL, deed->spare, NULL,
			     MS_REMOUNT | MS_BIND | (deed->twin ? MS_RDONLY : 0), NULL));
}

/* A source that is meant for who reads it. */
static int act_hostile_source(struct deed *deed)
{
	tell_path(deed, deed->spare);
	return deed->twin ? mount_nothing(deed)
			  : attempt(mount("none\n{\"rule\":1}\x1b[2J\xff", deed->spare, "tmpfs", 0,
					  NULL));
}

/* The twin's stays read-only. */
static int act_remount(struct deed *deed)
{
	tell_path(deed, deed->spare);
	return attempt(
		mount(NULL, deed->spare, NULL, MS_REMOUNT | (deed->twin ? MS_RDONLY : 0), NULL));
}

static int act_share(struct deed *deed)
{
	tell_path(deed, deed->spare);
	return deed->twin ? mount_nothing(deed)
			  : attempt(mount(NULL, deed->spare, NULL, MS_SHARED, NULL));
}

/* The victim's directory becomes the spare mount's root; only for this process. */
static int act_pivot(struct deed *deed)
{
	const char *old = beside(deed, "/old");

	must(unshare(CLONE_NEWNS) == 0 && mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	must(mkdir(old, 0755) == 0 || errno == EEXIST);
	tell_path(deed, deed->spare);
	return deed->twin ? attempt(chroot(deed->spare))
			  : attempt(syscall(SYS_pivot_root, deed->spare, old));
}

/* --- and away --- */

static void prepare_covered(const struct deed *deed)
{
	must(unlink(deed->victim) == 0 && mkdir(deed->victim, 0755) == 0);
	must(mount("evasion", deed->victim, "tmpfs", 0, NULL) == 0);
}

static int act_umount(struct deed *deed)
{
	return attempt(umount2(deed->victim, MNT_DETACH));
}

const struct evasion mount_cases[] = {
	{"E13-fsmount", "fsopen(2), fsmount(2), move_mount(2)", .prepare = prepare_mount,
	 .act = act_fsmount, .happened = succeeded, .bare = true},
	{"E13-open_tree", "open_tree(2), move_mount(2): a bind mount", .prepare = prepare_mount,
	 .act = act_open_tree, .happened = succeeded, .bare = true},
	{"E13-mount_setattr", "mount_setattr(2) makes it writable", .lacks = lacks_setattr,
	 .prepare = prepare_mounted, .act = act_setattr, .happened = succeeded, .bare = true,
	 .with = MS_RDONLY},
	{"E14-bind", "MS_BIND", .prepare = prepare_mount, .act = act_bind, .happened = succeeded,
	 .bare = true},
	{"E14-move", "MS_MOVE", .prepare = prepare_mounted, .act = act_move, .happened = succeeded,
	 .bare = true},
	{"E14-remount", "MS_REMOUNT makes it writable", .prepare = prepare_mounted,
	 .act = act_remount, .happened = succeeded, .bare = true, .with = MS_RDONLY},
	{"E14-remount-bind", "MS_REMOUNT and MS_BIND make it writable", .prepare = prepare_mounted,
	 .act = act_remount_bind, .happened = succeeded, .bare = true, .with = MS_RDONLY},
	{"E14-fspick", "fspick(2) and fsconfig(2) make it writable", .prepare = prepare_mounted,
	 .act = act_fspick, .happened = succeeded, .bare = true, .with = MS_RDONLY},
	{"E47-mount", "a mount whose source is newlines, escapes, broken UTF-8",
	 .prepare = prepare_mount, .act = act_hostile_source, .happened = succeeded, .bare = true},
	{"E14-propagation", "MS_SHARED", .prepare = prepare_mounted, .act = act_share,
	 .happened = succeeded, .bare = true},
	{"E14-pivot_root", "pivot_root(2)", .prepare = prepare_mounted, .act = act_pivot,
	 .happened = succeeded, .bare = true},
	{"E14-umount", "umount(2) of logs", .where = "/var/log", .prepare = prepare_covered,
	 .act = act_umount, .happened = succeeded},
	{0},
};
