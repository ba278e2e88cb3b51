/* SPDX-License-Identifier: Apache-2.0 */
/* Events: chmod, chown, setxattr. */
#include <errno.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "tests/events/file.h"
#include "tests/events/truth.h"

/* --- chmod --- */

/* The fallback finds the file as the call has left it: noted in the next place. */
static unsigned noted(const struct run *run, unsigned index)
{
	return index + run->fallback;
}

static void expect_chmod(struct run *run, int syscall, uint32_t flags, unsigned index, mode_t mode,
			 const char *path)
{
	const struct tc_chmod *record = take(run, chmod);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, syscall, flags);
	expect_inode(run, record, known(run, flags, noted(run, index)));
	expect(run, record, &record->new_mode, mode);
	expect_text(run, record, &record->path, path);
}

static void act_chmod(struct run *run)
{
	make_file(run, "file", 0600, 0);
	must(run, symlink("file", "link") == 0);
	int fd = open("file", O_RDONLY);

	enter(run);
	note_file(run, 0, "file");
	must(run, syscall(SYS_chmod, "link", 04755) == 0);
	note_file(run, 1, "file");
	must(run, syscall(SYS_fchmod, fd, 0) == 0);
	note_file(run, 2, "file");
	must(run, syscall(SYS_fchmodat, AT_FDCWD, "file", S_IFREG | 02711) ==
			  0); /* the type does not count */
}

static void check_chmod(struct run *run)
{
	expect_chmod(run, SYS_chmod, path_flags(run), 0, 04755,
		     at(run, run->fallback ? "link" : "file"));
	expect_chmod(run, SYS_fchmod, descriptor_flags(run), 1, 0, at(run, "file"));
	expect_chmod(run, SYS_fchmodat, path_flags(run), 2, 02711, at(run, "file"));
}

static const char *lacks_fchmodat2(void)
{
	return syscall(NR_FCHMODAT2, -1, "", 0, 0) < 0 && errno == ENOSYS ? "no fchmodat2" : NULL;
}

static void act_fchmodat2(struct run *run)
{
	make_file(run, "file", 0600, 0);
	note_file(run, 0, "file");
	int fd = open("file", O_PATH);

	enter(run);
	must(run, syscall(NR_FCHMODAT2, fd, "", 0123, AT_EMPTY_PATH) == 0);
	note_file(run, 1, "file");
}

static void check_fchmodat2(struct run *run)
{
	expect_chmod(run, NR_FCHMODAT2, descriptor_flags(run), 0, 0123, at(run, "file"));
}

/* --- chown --- */

static void expect_chown(struct run *run, int syscall, uint32_t flags, unsigned index, uint32_t uid,
			 uint32_t gid, const char *path)
{
	const struct tc_chown *record = take(run, chown);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, syscall, flags);
	expect_inode(run, record, known(run, flags, noted(run, index)));
	expect(run, record, &record->new_uid, uid);
	expect(run, record, &record->new_gid, gid);
	expect_text(run, record, &record->path, path);
}

static void act_chown(struct run *run)
{
	make_file(run, "file", 0600, 0);
	must(run, symlink("file", "link") == 0);
	note_file(run, 3, "link");
	int fd = open("file", O_RDONLY);

	enter(run);
	note_file(run, 0, "file");
	must(run, syscall(SYS_chown, "link", 1000, 1001) == 0);
	note_file(run, 1, "file");
	must(run, syscall(SYS_fchown, fd, -1, 5) == 0);
	note_file(run, 2, "file");
	must(run, syscall(SYS_fchownat, AT_FDCWD, "file", 70000, -1, 0) == 0);
	must(run, syscall(SYS_lchown, "link", 1, 2) == 0);
}

static void check_chown(struct run *run)
{
	expect_chown(run, SYS_chown, path_flags(run), 0, 1000, 1001,
		     at(run, run->fallback ? "link" : "file"));
	expect_chown(run, SYS_fchown, descriptor_flags(run), 1, UINT32_MAX, 5, at(run, "file"));
	expect_chown(run, SYS_fchownat, path_flags(run), 2, 70000, UINT32_MAX, at(run, "file"));
	expect_chown(run, SYS_lchown, path_flags(run), 3, 1, 2, at(run, "link"));
}

/*
 * --- extended attributes; the hook knows no mount: the path starts at the root of the file system,
 * which is the first directory of the name ---
 */

#define NAME "trusted.tocsin"

struct attribute {
	int syscall;
	uint32_t flags; /* TC_RECORD_* */
	bool removed;
	uint32_t xattr_flags, size;
	const char *name;
};

static void expect_setxattr(struct run *run, const struct attribute *attribute, unsigned index,
			    const char *name)
{
	const struct tc_setxattr *record = take(run, setxattr);
	const char *path = run->fallback ? at(run, name) : strchr(name, '/');
	uint32_t length = (uint32_t)strlen(path);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, attribute->syscall, attribute->flags);
	expect_inode(run, record, known(run, attribute->flags, index));
	expect(run, record, &record->removed, attribute->removed);
	expect(run, record, &record->xattr_flags,
	       attribute->removed ? TC_ABSENT_U32 : attribute->xattr_flags);
	expect(run, record, &record->value_size, attribute->size);
	expect_text(run, record, &record->name, attribute->name);
	expect_slot(run, record, &record->path, path, length, length,
		    run->fallback ? 0 : TC_SLOT_DETACHED);
}

/* A file system of which the test knows the root. */
static void prepare_attributes(struct run *run)
{
	own_mounts(run);
	must(run, mkdir("mount", 0755) == 0 && mount("tmpfs", "mount", "tmpfs", 0, NULL) == 0);
	must(run, chdir("mount") == 0);
	make_file(run, "file", 0600, 0);
	must(run, symlink("file", "link") == 0);
	note_file(run, 0, "file");
	note_file(run, 1, "link");
	note_file(run, 2, "file");
}

static void act_setxattr(struct run *run)
{
	prepare_attributes(run);
	int fd = open("file", O_RDONLY);

	enter(run);
	must(run, syscall(SYS_setxattr, "link", NAME, "12345", 5, XATTR_CREATE) == 0);
	must(run, syscall(SYS_lsetxattr, "link", NAME, "", 0, 0) == 0);
	must(run, syscall(SYS_fsetxattr, fd, NAME, "1", 1, XATTR_REPLACE) == 0);
}

static void check_setxattr(struct run *run)
{
	const struct attribute set[] = {
		{SYS_setxattr, path_flags(run), false, XATTR_CREATE, 5, NAME},
		{SYS_lsetxattr, path_flags(run), false, 0, 0, NAME},
		{SYS_fsetxattr, descriptor_flags(run), false, XATTR_REPLACE, 1, NAME},
	};

	expect_setxattr(run, &set[0], 0, run->fallback ? "mount/link" : "mount/file");
	expect_setxattr(run, &set[1], 1, "mount/link");
	expect_setxattr(run, &set[2], 0, "mount/file");
}

static void act_removexattr(struct run *run)
{
	prepare_attributes(run);
	must(run,
	     setxattr("file", NAME, "1", 1, 0) == 0 && lsetxattr("link", NAME, "1", 1, 0) == 0);
	int fd = open("file", O_RDONLY);

	enter(run);
	must(run, syscall(SYS_removexattr, "file", NAME) == 0);
	must(run, syscall(SYS_lremovexattr, "link", NAME) == 0);
	must(run, syscall(SYS_fremovexattr, fd, NAME) < 0 &&
			  errno == ENODATA); /* asked for all the same */
}

static void check_removexattr(struct run *run)
{
	const struct attribute removed[] = {
		{SYS_removexattr, path_flags(run), true, 0, 0, NAME},
		{SYS_lremovexattr, path_flags(run), true, 0, 0, NAME},
		{SYS_fremovexattr, descriptor_flags(run), true, 0, 0, NAME},
	};

	expect_setxattr(run, &removed[0], 0, "mount/file");
	expect_setxattr(run, &removed[1], 1, "mount/link");
	if (!run->fallback) /* which tells what has succeeded */
		expect_setxattr(run, &removed[2], 0, "mount/file");
}

/* A file that gains capabilities: struct vfs_cap_data, revision 2, include/uapi/linux/capability.h.
 */
static void act_setcap(struct run *run)
{
	static const uint32_t capabilities[5] = {0x02000001, 1U << 21, 0, 0, 0};

	prepare_attributes(run);
	enter(run);
	must(run,
	     setxattr("file", "security.capability", capabilities, sizeof(capabilities), 0) == 0);
}

static void check_setcap(struct run *run)
{
	const struct attribute set = {SYS_setxattr, path_flags(run),	  false, 0,
				      20,	    "security.capability"};

	expect_setxattr(run, &set, 0, "mount/file");
}

/* --- POSIX ACLs, which have hooks of their own since v6.2 --- */

#define ACL_NAME "system.posix_acl_access"

/* include/uapi/linux/posix_acl_xattr.h: owner, user 1000, group, mask, others. */
struct acl {
	uint32_t version;
	struct {
		uint16_t tag, permissions;
		uint32_t id;
	} entries[5];
};

static const struct acl acl = {2,
			       {{0x01, 6, UINT32_MAX},
				{0x02, 4, 1000},
				{0x04, 4, UINT32_MAX},
				{0x10, 4, UINT32_MAX},
				{0x20, 0, UINT32_MAX}}};

static void act_acl(struct run *run)
{
	prepare_attributes(run);
	enter(run);
	must(run, syscall(SYS_setxattr, "file", ACL_NAME, &acl, sizeof(acl), XATTR_CREATE) == 0);
	note_file(run, 0, "file");
	must(run, syscall(SYS_removexattr, "file", ACL_NAME) == 0);
}

static void check_acl(struct run *run)
{
	uint32_t flags = attached(run, "inode_set_acl") ? TC_ABSENT_U32 : XATTR_CREATE;
	const struct attribute set = {SYS_setxattr, path_flags(run), false,
				      flags,	    sizeof(acl),     ACL_NAME};
	const struct attribute removed = {SYS_removexattr, path_flags(run), true, 0, 0, ACL_NAME};

	expect_setxattr(run, &set, 2, "mount/file");
	expect_setxattr(run, &removed, 0, "mount/file");
}

/* Through an overlay there is one event, of the merged file: what overlayfs does to its layers is
 * not the task's doing. */
static void act_setxattr_overlay(struct run *run)
{
	overlay_directories(run);
	make_file(run, "lower/file", 0644, 10);
	overlay_mount(run);
	note_file(run, 0, "merged/file");
	enter(run);
	must(run, syscall(SYS_setxattr, "merged/file", NAME, "1", 1, 0) == 0);
}

static void check_setxattr_overlay(struct run *run)
{
	const struct attribute set = {SYS_setxattr, path_flags(run), false, 0, 1, NAME};

	expect_setxattr(run, &set, 0, "merged/file");
}

const struct test attribute_tests[] = {
	TEST(chmod, ANY, NULL, act_chmod, check_chmod),
	TEST(fchmodat2, ANY, lacks_fchmodat2, act_fchmodat2, check_fchmodat2),
	TEST(chown, ANY, NULL, act_chown, check_chown),
	TEST(setxattr, ANY, NULL, act_setxattr, check_setxattr),
	TEST(removexattr, ANY, NULL, act_removexattr, check_removexattr),
	TEST(setxattr_capability, ANY, NULL, act_setcap, check_setcap),
	TEST(setxattr_acl, ANY, NULL, act_acl, check_acl),
	TEST(setxattr_overlay, ANY, lacks_overlay, act_setxattr_overlay, check_setxattr_overlay),
	{0},
};
