/* SPDX-License-Identifier: Apache-2.0 */
/* Events: mount, move_mount, remount, umount, pivot_root, mount_setattr, open_tree. All in mount
 * namespaces of their own. */
#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "tests/events/truth.h"

/* sys/mount.h and linux/mount.h do not go together in every C library. */
int umount2(const char *target, int flags);

#define MNT_DETACH 2
#define RELATIVE "relative/../target"

static int do_mount(const char *source, const char *target, const char *type, unsigned long flags)
{
	return (int)syscall(SYS_mount, source, target, type, flags, NULL);
}

/* A tmpfs of their own to try things on. */
static void prepare_target(struct run *run)
{
	own_mounts(run);
	must(run, mkdir("target", 0755) == 0 && mkdir("source", 0755) == 0 &&
			  mkdir("relative", 0755) == 0);
}

static void prepare_mounted(struct run *run)
{
	prepare_target(run);
	must(run, do_mount("some name", "target", "tmpfs", 0) == 0);
	note_file(run, 0, "target");
}

/* --- mount(2) --- */

struct mounting {
	const char *source, *type;
	unsigned long flags;
	enum tc_mount_op op;
	bool mounted; /* the target is a mount already */
};

static void act_mount(struct run *run)
{
	const struct mounting *mounting = run->test->with;

	if (mounting->mounted)
		prepare_mounted(run);
	else
		prepare_target(run);
	enter(run);
	must(run, do_mount(mounting->source, RELATIVE, mounting->type, mounting->flags) == 0);
}

static void expect_optional(struct run *run, const void *record, const struct tc_slot *place,
			    const char *want)
{
	if (want)
		expect_text(run, record, place, want);
	else
		expect_absent(run, record, place);
}

static void check_mount(struct run *run)
{
	const struct mounting *mounting = run->test->with;
	const struct tc_mount *record = take(run, mount);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, SYS_mount, path_flags(run));
	expect(run, record, &record->mount_flags, mounting->flags);
	expect(run, record, &record->op, mounting->op);
	expect_optional(run, record, &record->source, mounting->source);
	expect_text(run, record, &record->target, at(run, run->fallback ? RELATIVE : "target"));
	expect_optional(run, record, &record->fstype, mounting->type);
}

static void act_mount_move(struct run *run)
{
	prepare_mounted(run);
	enter(run);
	must(run, do_mount("target", "source", NULL, MS_MOVE) == 0);
}

static void check_mount_move(struct run *run)
{
	const struct tc_mount *record = take(run, mount);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, SYS_mount, path_flags(run));
	expect(run, record, &record->mount_flags, MS_MOVE);
	expect(run, record, &record->op, TC_MOUNT_MOVE);
	expect_text(run, record, &record->source, "target");
	expect_text(run, record, &record->target, at(run, "source"));
	expect_absent(run, record, &record->fstype);
}

/* --- umount2(2) --- */

static void act_umount(struct run *run)
{
	const int *flags = run->test->with;

	prepare_mounted(run);
	enter(run);
	must(run, umount2("target", *flags) == 0);
}

static void check_umount(struct run *run)
{
	const int *flags = run->test->with;
	const struct tc_umount *record = take(run, umount);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, SYS_umount2, path_flags(run));
	expect(run, record, &record->umount_flags, (uint64_t)*flags);
	expect_text(run, record, &record->target, at(run, "target"));
	expect_optional(run, record, &record->fstype, run->fallback ? NULL : "tmpfs");
}

/* --- pivot_root(2) --- */

static void act_pivot_root(struct run *run)
{
	prepare_mounted(run);
	must(run, mkdir("target/old", 0700) == 0);
	enter(run);
	must(run, syscall(SYS_pivot_root, "target", "target/old") == 0);
}

static void check_pivot_root(struct run *run)
{
	const struct tc_pivot_root *record = take(run, pivot_root);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, SYS_pivot_root, path_flags(run));
	expect_text(run, record, &record->new_root, run->fallback ? "target" : at(run, "target"));
	expect_text(run, record, &record->put_old,
		    run->fallback ? "target/old" : at(run, "target/old"));
}

/* --- the new mount API --- */

static int make_mount(struct run *run)
{
	int context = (int)syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC);

	must(run, context >= 0);
	must(run, syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "size", "1M", 0) == 0);
	must(run, syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0);
	int mount = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, 0);

	must(run, mount >= 0);
	return mount;
}

static void act_fsmount(struct run *run)
{
	prepare_target(run);
	enter(run);
	int mount = make_mount(run);

	must(run,
	     syscall(SYS_move_mount, mount, "", AT_FDCWD, "target", MOVE_MOUNT_F_EMPTY_PATH) == 0);
}

/* A mount that was nowhere is given by its descriptor, which the fallback follows as well. */
static void expect_move_mount(struct run *run, enum tc_mount_op op, const char *source,
			      const char *target)
{
	bool words = run->fallback && op == TC_MOUNT_MOVE;
	const struct tc_move_mount *record = take(run, move_mount);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, SYS_move_mount,
		      words ? path_flags(run) : descriptor_flags(run));
	expect(run, record, &record->op, op);
	expect_optional(run, record, &record->source, source);
	expect_text(run, record, &record->target, target);
	expect_optional(run, record, &record->fstype, words ? NULL : "tmpfs");
}

static void check_fsmount(struct run *run)
{
	expect_move_mount(run, TC_MOUNT_NEW, NULL, at(run, "target"));
}

static void act_move_mount(struct run *run)
{
	prepare_mounted(run);
	enter(run);
	must(run, syscall(SYS_move_mount, AT_FDCWD, "target", AT_FDCWD, "source", 0) == 0);
}

static void check_move_mount(struct run *run)
{
	expect_move_mount(run, TC_MOUNT_MOVE, at(run, "target"), at(run, "source"));
}

static void act_open_tree(struct run *run)
{
	prepare_mounted(run);
	enter(run);
	int tree = (int)syscall(SYS_open_tree, AT_FDCWD, "target",
				OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);

	must(run, tree >= 0);
	must(run,
	     syscall(SYS_move_mount, tree, "", AT_FDCWD, "source", MOVE_MOUNT_F_EMPTY_PATH) == 0);
}

static void expect_open_tree(struct run *run, int dirfd, const char *target)
{
	const struct tc_open_tree *record = take(run, open_tree);
	uint32_t flags = TC_RECORD_CALLER | (target ? 0 : TC_RECORD_UNREADABLE);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, SYS_open_tree, flags | descriptor_flags(run));
	expect(run, record, &record->dirfd, (uint64_t)dirfd);
	if (target)
		expect_text(run, record, &record->target, target);
	else
		expect_slot(run, record, &record->target, "", 0, 0, TC_SLOT_UNREADABLE);
}

static void check_open_tree(struct run *run)
{
	expect_open_tree(run, AT_FDCWD, "target");
	expect_move_mount(run, TC_MOUNT_BIND, NULL, at(run, "source"));
}

/* Without OPEN_TREE_CLONE nothing is copied: it is an open with O_PATH. */
static void act_open_tree_plain(struct run *run)
{
	prepare_mounted(run);
	enter(run);
	must(run, syscall(SYS_open_tree, AT_FDCWD, "target", OPEN_TREE_CLOEXEC) >= 0);
}

static void check_nothing(struct run *run)
{
	(void)run; /* expect_all() refuses all but the child's end */
}

static void act_fspick(struct run *run)
{
	prepare_mounted(run);
	enter(run);
	int context = (int)syscall(SYS_fspick, AT_FDCWD, "target", FSPICK_CLOEXEC);

	must(run, context >= 0);
	must(run, syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, "ro", NULL, 0) == 0);
	must(run, syscall(SYS_fsconfig, context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) == 0);
}

static void check_fspick(struct run *run)
{
	const struct tc_remount *record = take(run, remount);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, SYS_fsconfig, descriptor_flags(run));
	expect(run, record, &record->dev, run->notes->file[0].st.st_dev);
	expect_text(run, record, &record->fstype, "tmpfs");
}

/* --- mount_setattr(2) --- */

static const char *lacks_mount_setattr(void)
{
	return syscall(SYS_mount_setattr, -1, NULL, 0, NULL, 0) < 0 && errno == ENOSYS
		       ? "no mount_setattr"
		       : NULL;
}

static const struct mount_attr attributes = {
	.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID,
	.attr_clr = MOUNT_ATTR_NOEXEC | MOUNT_ATTR__ATIME,
};

static void act_mount_setattr(struct run *run)
{
	prepare_mounted(run);
	enter(run);
	syscall(SYS_mount_setattr, AT_FDCWD, "target", AT_RECURSIVE, &attributes,
		sizeof(attributes));
}

static void expect_mount_setattr(struct run *run, const char *target)
{
	const struct tc_mount_setattr *record = take(run, mount_setattr);
	uint32_t flags = TC_RECORD_CALLER | (target ? 0 : TC_RECORD_UNREADABLE);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, SYS_mount_setattr,
		      flags | descriptor_flags(run));
	expect(run, record, &record->attr_set, attributes.attr_set);
	expect(run, record, &record->attr_clear, attributes.attr_clr);
	expect(run, record, &record->dirfd, (uint64_t)AT_FDCWD);
	if (target)
		expect_text(run, record, &record->target, target);
	else
		expect_slot(run, record, &record->target, "", 0, 0, TC_SLOT_UNREADABLE);
}

static void check_mount_setattr(struct run *run)
{
	expect_mount_setattr(run, "target");
}

/* --- a path that the probe cannot read: told so, not empty --- */

/* A page that holds the text and is not in memory: the call reads it in, a probe must not. */
static const char *absent_page(struct run *run, const char *text)
{
	int fd = open("page", O_RDWR | O_CREAT | O_EXCL, 0600);
	const char *page;

	must(run, fd >= 0 && write(fd, text, strlen(text) + 1) > 0 && ftruncate(fd, 4096) == 0);
	page = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);
	must(run, page != MAP_FAILED);
	close(fd);
	return page;
}

static const char *forbidden_page(struct run *run)
{
	const char *page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(run, page != MAP_FAILED);
	return page;
}

static void act_mount_setattr_absent(struct run *run)
{
	prepare_mounted(run);
	const char *path = absent_page(run, "target");

	enter(run);
	must(run,
	     syscall(SYS_mount_setattr, AT_FDCWD, path, 0, &attributes, sizeof(attributes)) == 0);
}

static void act_mount_setattr_forbidden(struct run *run)
{
	prepare_mounted(run);
	const char *path = forbidden_page(run);

	enter(run);
	must(run,
	     syscall(SYS_mount_setattr, AT_FDCWD, path, 0, &attributes, sizeof(attributes)) < 0);
}

static void check_mount_setattr_unreadable(struct run *run)
{
	/* When the call ends the kernel has read the page in. */
	expect_mount_setattr(run, run->fallback ? "target" : NULL);
}

static void act_open_tree_absent(struct run *run)
{
	prepare_mounted(run);
	const char *path = absent_page(run, "target");

	enter(run);
	must(run, syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE) >= 0);
}

static void act_open_tree_forbidden(struct run *run)
{
	prepare_mounted(run);
	const char *path = forbidden_page(run);

	enter(run);
	must(run, syscall(SYS_open_tree, AT_FDCWD, path, OPEN_TREE_CLONE) < 0);
}

static void check_open_tree_unreadable(struct run *run)
{
	expect_open_tree(run, AT_FDCWD, run->fallback ? "target" : NULL);
}

#define MOUNTING(...) (&(const struct mounting){.source = __VA_ARGS__})
#define FLAGS(flags) (&(const int){(flags)})

const struct test mount_tests[] = {
	TEST(mount_tmpfs, ANY, NULL, act_mount, check_mount,
	     .with = MOUNTING("a name", "tmpfs", MS_NOSUID | MS_NODEV, TC_MOUNT_NEW)),
	TEST(mount_bind, ANY, NULL, act_mount, check_mount,
	     .with = MOUNTING("source", NULL, MS_BIND, TC_MOUNT_BIND)),
	TEST(mount_rbind, ANY, NULL, act_mount, check_mount,
	     .with = MOUNTING("./source", "ignored", MS_BIND | MS_REC, TC_MOUNT_BIND)),
	TEST(mount_remount, ANY, NULL, act_mount, check_mount,
	     .with = MOUNTING(NULL, NULL, MS_REMOUNT | MS_RDONLY, TC_MOUNT_REMOUNT, true)),
	TEST(mount_remount_bind, ANY, NULL, act_mount, check_mount,
	     .with = MOUNTING(NULL, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, TC_MOUNT_REMOUNT,
			      true)),
	TEST(mount_propagation, ANY, NULL, act_mount, check_mount,
	     .with = MOUNTING(NULL, NULL, MS_SHARED | MS_REC, TC_MOUNT_PROPAGATION, true)),
	TEST(mount_move, ANY, NULL, act_mount_move, check_mount_move),
	TEST(umount, ANY, NULL, act_umount, check_umount, .with = FLAGS(0)),
	TEST(umount_detach, ANY, NULL, act_umount, check_umount, .with = FLAGS(MNT_DETACH)),
	TEST(pivot_root, ANY, NULL, act_pivot_root, check_pivot_root),
	TEST(fsmount, ANY, NULL, act_fsmount, check_fsmount),
	TEST(move_mount, ANY, NULL, act_move_mount, check_move_mount),
	TEST(open_tree, ANY, NULL, act_open_tree, check_open_tree),
	TEST(open_tree_plain, ANY, NULL, act_open_tree_plain, check_nothing),
	TEST(fspick, ANY, NULL, act_fspick, check_fspick),
	TEST(mount_setattr, ANY, lacks_mount_setattr, act_mount_setattr, check_mount_setattr),
	TEST(mount_setattr_page_absent, ANY, lacks_mount_setattr, act_mount_setattr_absent,
	     check_mount_setattr_unreadable),
	TEST(mount_setattr_page_forbidden, LSM, lacks_mount_setattr, act_mount_setattr_forbidden,
	     check_mount_setattr_unreadable),
	TEST(open_tree_page_absent, ANY, NULL, act_open_tree_absent, check_open_tree_unreadable),
	TEST(open_tree_page_forbidden, LSM, NULL, act_open_tree_forbidden,
	     check_open_tree_unreadable),
	{0},
};
