/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of the file family: asserted on the file system. */
#include "tests/enforce/enforce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "tests/enforce/things.h"
#include "tests/events/truth.h"

SLOT_OF(open, path)
SLOT_OF(create, path)
SLOT_OF(mkdir, path)
SLOT_OF(symlink, path)
SLOT_OF(unlink, path)
SLOT_OF(truncate, path)
SLOT_OF(rename, oldpath)
SLOT_OF(link, newpath)
SLOT_OF(chmod, path)
SLOT_OF(chown, path)

static struct stat stat_of(const char *path)
{
	struct stat st = {0};

	lstat(path, &st);
	return st;
}

static int attempt_write(struct run *run)
{
	int fd = open("file", O_WRONLY | O_TRUNC);

	return fd < 0 ? -errno : attempt_of(write(fd, "changed", 7));
}

static bool is_changed(struct run *run)
{
	return stat_of("file").st_size != 10;
}

static int attempt_read(struct run *run)
{
	char bytes[4];
	int fd = open("file", O_RDONLY);

	if (fd < 0)
		return -errno;
	run->notes->number[9] = read(fd, bytes, sizeof(bytes)) > 0;
	return 0;
}

static bool was_read(struct run *run)
{
	return run->notes->number[9];
}

static int attempt_create(struct run *run)
{
	return attempt_of(open("made", O_WRONLY | O_CREAT | O_EXCL, 0600));
}

static int attempt_mknod(struct run *run)
{
	return attempt_of(mknod("made", S_IFIFO | 0600, 0));
}

static int attempt_mkdir(struct run *run)
{
	return attempt_of(mkdir("made", 0700));
}

static int attempt_symlink(struct run *run)
{
	return attempt_of(symlink("file", "made"));
}

static int attempt_link(struct run *run)
{
	return attempt_of(link("file", "made"));
}

static int attempt_unlink(struct run *run)
{
	return attempt_of(unlink("file"));
}

static void prepare_directory(struct run *run)
{
	must(run, mkdir("file", 0700) == 0);
}

static int attempt_rmdir(struct run *run)
{
	return attempt_of(rmdir("file"));
}

static int attempt_truncate(struct run *run)
{
	return attempt_of(truncate("file", 3));
}

static void prepare_descriptor(struct run *run)
{
	prepare_file(run);
	run->notes->number[8] = (uint64_t)open("file", O_WRONLY);
}

static int attempt_ftruncate(struct run *run)
{
	return attempt_of(ftruncate((int)run->notes->number[8], 3));
}

static int attempt_rename(struct run *run)
{
	return attempt_of(rename("file", "made"));
}

static void prepare_two(struct run *run)
{
	make_file(run, "file", 0600, 10);
	make_file(run, "other", 0600, 20);
}

/* What is forbidden is said of the way back. */
static int attempt_exchange(struct run *run)
{
	return attempt_of(
		syscall(SYS_renameat2, AT_FDCWD, "other", AT_FDCWD, "file", 2 /* exchange */));
}

static bool is_exchanged(struct run *run)
{
	return stat_of("file").st_size == 20;
}

static int attempt_chmod(struct run *run)
{
	return attempt_of(chmod("file", 04755));
}

static int attempt_chown(struct run *run)
{
	return attempt_of(chown("file", 1000, 1000));
}

/* Trusted attributes are there on tmpfs of all kernels. */
static int attempt_setxattr(struct run *run)
{
	return attempt_of(setxattr("file", "trusted.test", "x", 1, 0));
}

static void prepare_attribute(struct run *run)
{
	prepare_file(run);
	must(run, setxattr("file", "trusted.test", "x", 1, 0) == 0);
}

static int attempt_removexattr(struct run *run)
{
	return attempt_of(removexattr("file", "trusted.test"));
}

static bool has_no_attribute(struct run *run)
{
	return !has_attribute(run);
}

/* A POSIX ACL (include/uapi/linux/posix_acl_xattr.h): owner, user 1000, group, mask, others. */
static const struct acl {
	uint32_t version;
	struct {
		uint16_t tag, permissions;
		uint32_t id;
	} entries[5];
} acl = {2,
	 {{0x01, 6, UINT32_MAX},
	  {0x02, 4, 1000},
	  {0x04, 4, UINT32_MAX},
	  {0x10, 4, UINT32_MAX},
	  {0x20, 0, UINT32_MAX}}};

#define ACL_NAME "system.posix_acl_access"

static int attempt_set_acl(struct run *run)
{
	return attempt_of(setxattr("file", ACL_NAME, &acl, sizeof(acl), 0));
}

static bool has_acl(struct run *run)
{
	return getxattr("file", ACL_NAME, NULL, 0) > 0;
}

static void prepare_acl(struct run *run)
{
	prepare_file(run);
	must(run, attempt_set_acl(run) == 0);
}

static int attempt_remove_acl(struct run *run)
{
	return attempt_of(removexattr("file", ACL_NAME));
}

static bool has_no_acl(struct run *run)
{
	return !has_acl(run);
}

/* Of what it was before nothing was left to ask; what it becomes is what the rule is about. The
 * event between the two is judged anew, and must not leave the former answer to the next. */
static int attempt_renamed(struct run *run)
{
	int before = open("other", O_WRONLY | O_CREAT, 0600), after;

	must(run, prctl(PR_SET_NAME, "renamed") == 0);
	after = open("other", O_WRONLY);
	must(run, before >= 0 && after >= 0);
	return empty_file(run);
}

const struct row file_rows[] = {
	ROW("open", open, "fd.name = $D/file", NULL, prepare_file, attempt_write, is_changed,
	    .path = open_path, .path_is = "file"),
	ROW("open_renamed", open, "proc.name = renamed and fd.name = $D/file", NULL, prepare_file,
	    attempt_renamed, is_emptied, .path = open_path, .path_is = "file"),
	ROW("open_directory", open, "fd.directory = $D", NULL, prepare_file, attempt_write,
	    is_changed, .path = open_path, .path_is = "file"),
	ROW("open_filename", open, "fd.filename = file", NULL, prepare_file, attempt_write,
	    is_changed, .path = open_path, .path_is = "file"),
	ROW("open_contains", open,
	    "fd.name contains tocsin-enforce and fd.name endswith /file and not fd.name startswith "
	    "/etc",
	    NULL, prepare_file, attempt_write, is_changed, .path = open_path, .path_is = "file"),
	ROW("open_user", open,
	    "fd.name endswith /file and user.uid = 0 and proc.name startswith tocsin-enf and "
	    "proc.exepath endswith /tocsin-enforce",
	    NULL, prepare_file, attempt_write, is_changed, .path = open_path, .path_is = "file"),
	ROW("open_read", open_read, "fd.name = $D/file", NULL, prepare_file, attempt_read, was_read,
	    .path = open_path, .path_is = "file"),
	ROW("create", create, "file.path = $D/made", NULL, NULL, attempt_create, is_made,
	    .path = create_path, .path_is = "made"),
	ROW("mknod", create, "file.path = $D/made", NULL, NULL, attempt_mknod, is_made,
	    .path = create_path, .path_is = "made"),
	ROW("mkdir", mkdir, "file.path = $D/made", NULL, NULL, attempt_mkdir, is_made,
	    .path = mkdir_path, .path_is = "made"),
	ROW("symlink", symlink, "evt.arg.target = file and file.path = $D/made", NULL, prepare_file,
	    attempt_symlink, is_made, .path = symlink_path, .path_is = "made"),
	ROW("link", link, "evt.arg.oldpath = $D/file", NULL, prepare_file, attempt_link, is_made,
	    .path = link_newpath, .path_is = "made"),
	ROW("unlink", unlink, "file.path = $D/file", NULL, prepare_file, attempt_unlink, is_gone,
	    .path = unlink_path, .path_is = "file"),
	ROW("rmdir", rmdir, "file.path = $D/file", NULL, prepare_directory, attempt_rmdir, is_gone,
	    .path = unlink_path, .path_is = "file"),
	ROW("truncate", truncate, "file.path = $D/file", NULL, prepare_file, attempt_truncate,
	    is_changed, .path = truncate_path, .path_is = "file"),
	ROW("ftruncate", truncate, "file.path = $D/file", NULL, prepare_descriptor,
	    attempt_ftruncate, is_changed, .path = truncate_path, .path_is = "file"),
	ROW("rename", rename, "evt.arg.oldpath = $D/file", NULL, prepare_file, attempt_rename,
	    is_made, .path = rename_oldpath, .path_is = "file"),
	ROW("rename_exchange", rename, "evt.arg.oldpath = $D/file", NULL, prepare_two,
	    attempt_exchange, is_exchanged, .path = rename_oldpath, .path_is = "file"),
	ROW("chmod", chmod, "file.path = $D/file", NULL, prepare_file, attempt_chmod, is_other_mode,
	    .path = chmod_path, .path_is = "file"),
	ROW("chown", chown, "file.path = $D/file", NULL, prepare_file, attempt_chown,
	    is_other_owner, .path = chown_path, .path_is = "file"),
	ROW("setxattr", setxattr, "xattr.name = trusted.test", NULL, prepare_file, attempt_setxattr,
	    has_attribute),
	ROW("removexattr", setxattr, "xattr.name = trusted.test", NULL, prepare_attribute,
	    attempt_removexattr, has_no_attribute),
	ROW("set_acl", setxattr, "xattr.name = " ACL_NAME, NULL, prepare_file, attempt_set_acl,
	    has_acl),
	ROW("remove_acl", setxattr, "xattr.name = " ACL_NAME, NULL, prepare_acl, attempt_remove_acl,
	    has_no_acl),
	{0},
};
