/* SPDX-License-Identifier: Apache-2.0 */
/* Rights that files get, and modules that the kernel gets. */
#include "tests/evasion/deed.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/events/calls.h"

/* --- rights that files have --- */

static bool is_setuid(const struct deed *deed, int status)
{
	struct stat st;

	return stat(deed->victim, &st) == 0 && (deed->twin || st.st_mode & S_ISUID);
}

static mode_t mode_of(const struct deed *deed)
{
	return deed->twin ? 0755 : 04755;
}

static int act_chmod(struct deed *deed)
{
	return attempt(chmod(deed->victim, mode_of(deed)));
}

static const char *lacks_fchmodat2(void)
{
	return syscall(NR_FCHMODAT2, -1, "", 0, 0) < 0 && errno == ENOSYS ? "no fchmodat2 (6.6)"
									  : NULL;
}

static int act_fchmodat2(struct deed *deed)
{
	return attempt(syscall(NR_FCHMODAT2, AT_FDCWD, deed->victim, mode_of(deed), 0));
}

static int act_fchmod(struct deed *deed)
{
	return attempt(fchmod(open(deed->victim, O_RDONLY | O_CLOEXEC), mode_of(deed)));
}

static int act_create(struct deed *deed)
{
	umask(0);
	return attempt(open(deed->victim, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode_of(deed)));
}

/* It is there already, and gets one more name. */
static void prepare_setuid(const struct deed *deed)
{
	unlink(deed->victim);
	make_plain(deed->spare);
	must(chmod(deed->spare, mode_of(deed)) == 0);
}

static int act_link(struct deed *deed)
{
	return attempt(link(deed->spare, deed->victim));
}

/* include/uapi/linux/posix_acl_xattr.h: owner, user 1000, group, mask, others. */
static const struct {
	uint32_t version;
	struct {
		uint16_t tag, rights;
		uint32_t id;
	} entries[5];
} acl = {2,
	 {{0x01, 6, UINT32_MAX},
	  {0x02, 6, 1000},
	  {0x04, 4, UINT32_MAX},
	  {0x10, 6, UINT32_MAX},
	  {0x20, 4, UINT32_MAX}}};

#define ACL_NAME "system.posix_acl_access"

static const char *lacks_acl(void)
{
	return setxattr(EVASION_SPARE, ACL_NAME, &acl, sizeof(acl), 0) < 0 && errno == EOPNOTSUPP
		       ? "the file system has no access control lists"
		       : NULL;
}

static int act_acl(struct deed *deed)
{
	return attempt(setxattr(deed->victim, ACL_NAME, &acl, sizeof(acl), 0));
}

static bool has_acl(const struct deed *deed, int status)
{
	return getxattr(deed->victim, ACL_NAME, NULL, 0) == sizeof(acl);
}

static int act_capability(struct deed *deed)
{
	struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE};

	data.data[0].permitted = 1U << CAP_SETUID;
	return attempt(setxattr(deed->victim,
				deed->twin ? "trusted.evasion" : "security.capability", &data,
				XATTR_CAPS_SZ_2, 0));
}

static const char *lacks_ring_setxattr(void)
{
	return ring_has(IORING_OP_SETXATTR) ? NULL : "io_uring has no such operation (5.19)";
}

static int act_ring_setxattr(struct deed *deed)
{
	const char *name = deed->twin ? "trusted.evasion" : "security.capability";
	struct vfs_cap_data data = {.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE};
	struct ring ring;
	int result = 0;

	data.data[0].permitted = 1U << CAP_SETUID;
	must(ring_start(&ring, false) == 0);
	must(ring_submit(&ring,
			 &(struct io_uring_sqe){.opcode = IORING_OP_SETXATTR,
						.addr = (uintptr_t)name,
						.addr2 = (uintptr_t)&data,
						.addr3 = (uintptr_t)deed->victim,
						.len = XATTR_CAPS_SZ_2},
			 &result) == 0);
	return result;
}

/* --- modules --- */

static int act_init_module(struct deed *deed)
{
	int fd = open(module_path(), O_RDONLY | O_CLOEXEC), r;
	struct stat st;
	void *bytes;

	must(fd >= 0 && fstat(fd, &st) == 0);
	bytes = malloc((size_t)st.st_size);
	must(bytes && read(fd, bytes, (size_t)st.st_size) == st.st_size);
	close(fd);
	/* The twin only looks at it. */
	if (deed->twin)
		return 0;
	r = attempt(syscall(SYS_init_module, bytes, st.st_size, ""));
	if (r == 0)
		must(syscall(SYS_delete_module, "dummy", 0) == 0);
	return r;
}

#define MODULE_LOADER "/usr/lib/systemd/systemd-modules-load"

static void prepare_loader(const struct deed *deed)
{
	mkdir("/usr/lib/systemd", 0755);
	make_program(MODULE_LOADER);
	make_program(USUAL);
}

/* The twin is done by a program that is made for it. */
static int act_finit_module(struct deed *deed)
{
	char *const argv[] = {"loader", "--module", (char *)module_path(), NULL};

	tell_path(deed, module_path());
	return become(deed, deed->twin ? MODULE_LOADER : USUAL, argv);
}

/* From a file without a name; the twin only makes that. */
static int act_module_memfd(struct deed *deed)
{
	int fd = memfd_create("module", MFD_CLOEXEC), r;

	copy_to(open(module_path(), O_RDONLY | O_CLOEXEC), fd);
	if (deed->twin)
		return 0;
	tell_fd(deed, fd, "memfd:module");
	r = attempt(syscall(SYS_finit_module, fd, "", 0));
	if (r == 0)
		must(syscall(SYS_delete_module, "dummy", 0) == 0);
	return r;
}

const struct evasion right_cases[] = {
	{"E49-chmod", "setuid by chmod(2)", .act = act_chmod, .happened = is_setuid},
	{"E49-fchmodat2", "setuid by fchmodat2(2)", .lacks = lacks_fchmodat2, .act = act_fchmodat2,
	 .happened = is_setuid},
	{"E49-fchmod", "setuid by fchmod(2)", .act = act_fchmod, .happened = is_setuid},
	{"E49-create", "a file that is made with the bit", .prepare = prepare_gone,
	 .act = act_create, .happened = is_setuid},
	{"E49-link", "a setuid file gets one more name", .prepare = prepare_setuid, .act = act_link,
	 .happened = is_setuid},
	{"E49-acl", "an access control list lets another user write", .lacks = lacks_acl,
	 .act = act_acl, .happened = has_acl},
	{"E49-ring", "io_uring gives a capability to a file", .lacks = lacks_ring_setxattr,
	 .act = act_ring_setxattr, .happened = succeeded},
	{"E49-capability", "a capability is given to a file", .act = act_capability,
	 .happened = succeeded},
	{"E50-init_module", "init_module(2)", .lacks = lacks_module, .act = act_init_module,
	 .happened = succeeded, .bare = true},
	{"E50-memfd", "finit_module(2) of a file without a name", .lacks = lacks_module,
	 .act = act_module_memfd, .happened = succeeded, .bare = true},
	{"E50-finit_module", "finit_module(2)", .lacks = lacks_module, .prepare = prepare_loader,
	 .act = act_finit_module, .happened = program_ended, .bare = true},
	{0},
};
