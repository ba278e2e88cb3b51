/* SPDX-License-Identifier: Apache-2.0 */
/* Events: open, open_read, create, truncate. */
#include "tests/events/file.h"

#include <errno.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include "settings.h"
#include "tests/events/truth.h"

/* --- what the tests of the family share --- */

static void expect_by(struct run *run, const void *record, struct by by)
{
	expect_header(run, record, by.who ?: &run->notes->self, by.syscall, by.flags);
}

static void expect_path(struct run *run, const void *record, const struct tc_slot *place,
			const char *path, uint32_t flags)
{
	uint32_t length = (uint32_t)strlen(path);

	expect_slot(run, record, place, path, length, length, flags);
}

static void expect_opening(struct run *run, enum tc_kind kind, struct by by, unsigned index,
			   uint32_t open_flags, bool is_new, const char *path, uint32_t path_flags)
{
	const struct tc_open *record = take_kind(run, kind); /* struct tc_open_read is the same */

	if (!record)
		return;
	expect_by(run, record, by);
	expect_inode(run, record, known(run, by.flags, index));
	expect(run, record, &record->open_flags, open_flags);
	expect(run, record, &record->is_new, is_new);
	expect_path(run, record, &record->path, path, path_flags);
	if (by.raw_path)
		expect_text(run, record, &record->raw_path, by.raw_path);
	else
		expect_absent(run, record, &record->raw_path);
}

void expect_open(struct run *run, enum tc_kind kind, struct by by, unsigned index,
		 uint32_t open_flags, const char *path, uint32_t path_flags)
{
	expect_opening(run, kind, by, index, open_flags, false, path, path_flags);
}

void expect_create(struct run *run, struct by by, unsigned index, mode_t mode, uint32_t rdev,
		   const char *path)
{
	const struct tc_create *record = take(run, create);

	if (!record)
		return;
	expect_by(run, record, by);
	expect_directory(run, record, known(run, by.flags, index));
	expect(run, record, &record->new_mode, mode & 07777);
	expect(run, record, &record->type, mode & S_IFMT);
	expect(run, record, &record->rdev, rdev);
	expect_text(run, record, &record->path, path);
}

void expect_truncate(struct run *run, struct by by, unsigned index, const char *path)
{
	const struct tc_truncate *record = take(run, truncate);

	if (!record)
		return;
	expect_by(run, record, by);
	expect_inode(run, record, known(run, by.flags, index));
	expect_text(run, record, &record->path, path);
}

/* --- openat in all its modes --- */

struct opening {
	int flags;
	bool makes; /* the file is not there before */
	bool cuts;  /* it is, and loses its content */
};

static void act_open(struct run *run)
{
	const struct opening *opening = run->test->with;
	int fd;

	if (!opening->makes)
		make_file(run, "file", 0640, 100);
	note_file(run, 1, ".");
	enter(run);
	fd = (int)syscall(SYS_openat, AT_FDCWD, "file", opening->flags, 0604);
	must(run, fd >= 0);
	note_fd(run, 0, fd);
}

static void check_open(struct run *run)
{
	const struct opening *opening = run->test->with;
	struct by by = {.syscall = SYS_openat, .flags = descriptor_flags(run)};
	bool writes = (opening->flags & O_ACCMODE) != O_RDONLY;

	if (opening->makes)
		expect_create(run, by, 1, S_IFREG | 0604, 0, at(run, "file"));
	if (opening->cuts)
		expect_truncate(run, by, 0, at(run, "file"));
	expect_opening(run, writes ? TC_KIND_open : TC_KIND_open_read, by, 0,
		       ((uint32_t)opening->flags & ~(uint32_t)O_CLOEXEC) | KERNEL_O_LARGEFILE,
		       opening->makes, at(run, "file"), 0);
}

/* --- other calls that open --- */

static void act_open_old(struct run *run)
{
	make_file(run, "file", 0600, 0);
	note_file(run, 0, "file");
	enter(run);
	must(run, syscall(SYS_open, "file", O_WRONLY | O_NONBLOCK) >= 0);
}

static void check_open_old(struct run *run)
{
	struct by by = {.syscall = SYS_open, .flags = descriptor_flags(run)};

	expect_open(run, TC_KIND_open, by, 0, O_WRONLY | O_NONBLOCK | KERNEL_O_LARGEFILE,
		    at(run, "file"), 0);
}

static void act_creat(struct run *run)
{
	note_file(run, 1, ".");
	enter(run);
	must(run, syscall(SYS_creat, "file", 0620) >= 0);
	note_file(run, 0, "file");
}

static void check_creat(struct run *run)
{
	struct by by = {.syscall = SYS_creat, .flags = descriptor_flags(run)};

	expect_create(run, by, 1, S_IFREG | 0620, 0, at(run, "file"));
	expect_opening(run, TC_KIND_open, by, 0, O_WRONLY | O_CREAT | O_TRUNC | KERNEL_O_LARGEFILE,
		       true, at(run, "file"), 0);
}

static void act_openat_dirfd(struct run *run)
{
	must(run, mkdir("sub", 0755) == 0 && mkdir("sub/deeper", 0755) == 0);
	make_file(run, "sub/deeper/file", 0600, 0);
	note_file(run, 0, "sub/deeper/file");
	int dirfd = open("sub", O_PATH | O_DIRECTORY);

	must(run, dirfd >= 0 && chdir("/") == 0);
	enter(run);
	must(run, syscall(SYS_openat, dirfd, "deeper/../deeper/./file", O_WRONLY) >= 0);
}

static void check_openat_dirfd(struct run *run)
{
	struct by by = {.syscall = SYS_openat, .flags = descriptor_flags(run)};

	expect_open(run, TC_KIND_open, by, 0, O_WRONLY | KERNEL_O_LARGEFILE,
		    at(run, "sub/deeper/file"), 0);
}

static void act_openat2(struct run *run)
{
	struct open_how how = {.flags = O_RDWR | O_APPEND, .resolve = RESOLVE_NO_SYMLINKS};

	make_file(run, "file", 0600, 0);
	note_file(run, 0, "file");
	enter(run);
	must(run, syscall(SYS_openat2, AT_FDCWD, "file", &how, sizeof(how)) >= 0);
}

static void check_openat2(struct run *run)
{
	struct by by = {.syscall = SYS_openat2, .flags = descriptor_flags(run)};

	expect_open(run, TC_KIND_open, by, 0, O_RDWR | O_APPEND | KERNEL_O_LARGEFILE,
		    at(run, "file"), 0);
}

static void act_open_handle(struct run *run)
{
	struct {
		struct file_handle handle;
		unsigned char bytes[MAX_HANDLE_SZ];
	} place = {.handle.handle_bytes = MAX_HANDLE_SZ};
	int mount_id, mount_fd = open(".", O_RDONLY | O_DIRECTORY);

	make_file(run, "file", 0600, 0);
	note_file(run, 0, "file");
	must(run, name_to_handle_at(AT_FDCWD, "file", &place.handle, &mount_id, 0) == 0);
	enter(run);
	must(run, syscall(SYS_open_by_handle_at, mount_fd, &place.handle, O_WRONLY) >= 0);
}

static void check_open_handle(struct run *run)
{
	struct by by = {.syscall = SYS_open_by_handle_at, .flags = descriptor_flags(run)};

	expect_open(run, TC_KIND_open, by, 0, O_WRONLY | KERNEL_O_LARGEFILE, at(run, "file"), 0);
}

static void act_open_tmpfile(struct run *run)
{
	int fd;

	enter(run);
	fd = (int)syscall(SYS_openat, AT_FDCWD, ".", O_RDWR | O_TMPFILE, 0600);
	must(run, fd >= 0);
	note_fd(run, 0, fd);
}

/* The kernel names such a file by a number sign and its inode number (d_tmpfile(), fs/dcache.c). */
static void check_open_tmpfile(struct run *run)
{
	struct by by = {.syscall = SYS_openat, .flags = descriptor_flags(run)};
	char name[32];

	snprintf(name, sizeof(name), "#%llu", (unsigned long long)run->notes->file[0].st.st_ino);
	expect_open(run, TC_KIND_open, by, 0, O_RDWR | O_TMPFILE | KERNEL_O_LARGEFILE,
		    at(run, name), TC_SLOT_DELETED);
}

/* O_PATH opens nothing; neither does what fails before the file is found. */
static void act_open_nothing(struct run *run)
{
	make_file(run, "file", 0600, 0);
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, "file", O_PATH) >= 0);
	must(run, syscall(SYS_openat, AT_FDCWD, "absent", O_WRONLY) < 0);
}

static void check_nothing(struct run *run)
{
	(void)run; /* expect_all() refuses all but the child's end */
}

/* --- names that mislead --- */

/* The kernel's path, and beside it what the call was given. */

static const char raw_path[] = "sub/..//./sub/../file";

static void act_open_raw(struct run *run)
{
	must(run, mkdir("sub", 0700) == 0);
	make_file(run, "file", 0600, 0);
	note_file(run, 0, "file");
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, raw_path, O_RDONLY) >= 0);
	must(run, syscall(SYS_open, raw_path, O_WRONLY) >= 0);
	must(run, syscall(SYS_openat2, AT_FDCWD, raw_path, &(struct open_how){.flags = O_RDONLY},
			  sizeof(struct open_how)) >= 0);
}

static void check_open_raw(struct run *run)
{
	static const struct {
		enum tc_kind kind;
		int syscall;
		uint32_t open_flags;
	} opens[] = {
		{TC_KIND_open_read, SYS_openat, O_RDONLY | KERNEL_O_LARGEFILE},
		{TC_KIND_open, SYS_open, O_WRONLY | KERNEL_O_LARGEFILE},
		{TC_KIND_open_read, SYS_openat2, O_RDONLY | KERNEL_O_LARGEFILE},
	};

	for (size_t i = 0; i < sizeof(opens) / sizeof(opens[0]); i++) {
		struct by by = {.syscall = opens[i].syscall,
				.flags = descriptor_flags(run),
				.raw_path = raw_path};

		expect_open(run, opens[i].kind, by, 0, opens[i].open_flags, at(run, "file"), 0);
	}
}

static void act_open_symlink(struct run *run)
{
	must(run, mkdir("real", 0755) == 0);
	make_file(run, "real/file", 0600, 0);
	note_file(run, 0, "real/file");
	must(run, symlink("real", "dirlink") == 0 && symlink("dirlink/file", "link") == 0);
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, "link", O_WRONLY) >= 0);
}

static void check_open_symlink(struct run *run)
{
	struct by by = {.syscall = SYS_openat, .flags = descriptor_flags(run)};

	expect_open(run, TC_KIND_open, by, 0, O_WRONLY | KERNEL_O_LARGEFILE, at(run, "real/file"),
		    0);
}

static void act_open_proc_fd(struct run *run)
{
	char path[64];
	int fd;

	make_file(run, "file", 0600, 0);
	fd = open("file", O_RDONLY);
	must(run, fd >= 0 && unlink("file") == 0);
	note_fd(run, 0, fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, path, O_WRONLY) >= 0);
}

static void check_open_proc_fd(struct run *run)
{
	struct by by = {.syscall = SYS_openat, .flags = descriptor_flags(run)};

	expect_open(run, TC_KIND_open, by, 0, O_WRONLY | KERNEL_O_LARGEFILE, at(run, "file"),
		    TC_SLOT_DELETED);
}

static void act_open_chroot(struct run *run)
{
	must(run, mkdir("jail", 0755) == 0);
	make_file(run, "jail/file", 0600, 0);
	note_file(run, 0, "jail/file");
	enter(run);
	must(run, chroot("jail") == 0 && chdir("/") == 0);
	must(run, syscall(SYS_openat, AT_FDCWD, "/file", O_WRONLY) >= 0);
}

static void check_open_chroot(struct run *run)
{
	struct by by = {.syscall = SYS_openat, .flags = descriptor_flags(run)};

	expect_open(run, TC_KIND_open, by, 0, O_WRONLY | KERNEL_O_LARGEFILE, at(run, "jail/file"),
		    0);
}

static void act_open_bind(struct run *run)
{
	own_mounts(run);
	must(run, mkdir("real", 0755) == 0 && mkdir("bound", 0755) == 0);
	make_file(run, "real/file", 0600, 0);
	note_file(run, 0, "real/file");
	must(run, mount("real", "bound", NULL, MS_BIND, NULL) == 0);
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, "bound/file", O_WRONLY) >= 0);
}

static void check_open_bind(struct run *run)
{
	struct by by = {.syscall = SYS_openat, .flags = descriptor_flags(run)};

	expect_open(run, TC_KIND_open, by, 0, O_WRONLY | KERNEL_O_LARGEFILE, at(run, "bound/file"),
		    0);
}

/* --- overlay: one open of the merged file is one event, with the merged path --- */

static void act_overlay_write(struct run *run)
{
	overlay_directories(run);
	make_file(run, "lower/file", 0644, 10);
	overlay_mount(run);
	note_file(run, 0, "merged/file");
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, "merged/file", O_WRONLY) >= 0);
}

static void check_overlay_write(struct run *run)
{
	struct by by = {.syscall = SYS_openat, .flags = descriptor_flags(run)};

	expect_open(run, TC_KIND_open, by, 0, O_WRONLY | KERNEL_O_LARGEFILE, at(run, "merged/file"),
		    0);
}

static void act_overlay_read(struct run *run)
{
	overlay_directories(run);
	make_file(run, "lower/file", 0644, 10);
	overlay_mount(run);
	note_file(run, 0, "merged/file");
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, "merged/file", O_RDONLY) >= 0);
}

static void check_overlay_read(struct run *run)
{
	struct by by = {.syscall = SYS_openat, .flags = descriptor_flags(run)};

	expect_open(run, TC_KIND_open_read, by, 0, O_RDONLY | KERNEL_O_LARGEFILE,
		    at(run, "merged/file"), 0);
}

/* --- truncate --- */

static void act_truncate(struct run *run)
{
	make_file(run, "file", 0600, 100);
	note_file(run, 0, "file");
	enter(run);
	must(run, truncate("file", 10) == 0);
}

static void check_truncate(struct run *run)
{
	expect_truncate(run, (struct by){.syscall = SYS_truncate, .flags = path_flags(run)}, 0,
			at(run, "file"));
}

static void act_ftruncate(struct run *run)
{
	make_file(run, "file", 0600, 100);
	note_file(run, 0, "file");
	int fd = open("file", O_WRONLY);

	enter(run);
	must(run, ftruncate(fd, 10) == 0);
}

static void check_ftruncate(struct run *run)
{
	expect_truncate(run, (struct by){.syscall = SYS_ftruncate, .flags = descriptor_flags(run)},
			0, at(run, "file"));
}

/* --- create without open --- */

struct node {
	mode_t mode;
	unsigned major, minor;
};

static void act_mknod(struct run *run)
{
	const struct node *node = run->test->with;

	note_file(run, 1, ".");
	enter(run);
	must(run, syscall(SYS_mknod, "node", node->mode, makedev(node->major, node->minor)) == 0);
	note_file(run, 0, "node");
}

static void check_mknod(struct run *run)
{
	const struct node *node = run->test->with;
	mode_t type = node->mode & S_IFMT ?: S_IFREG;

	expect_create(run, (struct by){.syscall = SYS_mknod, .flags = path_flags(run)}, 1,
		      type | (node->mode & 07777), (uint32_t)run->notes->file[0].st.st_rdev,
		      at(run, "node"));
	expect_fact(run, "the type of what was made", run->notes->file[0].st.st_mode & S_IFMT,
		    type);
}

static void act_bind(struct run *run)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "socket"};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	note_file(run, 1, ".");
	enter(run);
	must(run, bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0);
	note_file(run, 0, "socket");
}

static void check_bind(struct run *run)
{
	expect_create(run, (struct by){.syscall = SYS_bind, .flags = path_flags(run)}, 1,
		      run->notes->file[0].st.st_mode, 0, at(run, "socket"));
}

/* --- a 32-bit system call in a 64-bit program --- */

#define NR_32_OPEN 5
#define NR_32_GETPID 20

static void *low_memory(struct run *run, const char *text)
{
	char *place = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	must(run, place != MAP_FAILED);
	return strcpy(place, text);
}

static void act_open_32(struct run *run)
{
	char *name = low_memory(run, "file");

	make_file(run, "file", 0600, 0);
	note_file(run, 0, "file");
	must(run, call_32(NR_32_GETPID, 0, 0, 0) == getpid());
	enter(run);
	must(run, (int)call_32(NR_32_OPEN, (long)name, O_WRONLY, 0) >= 0);
}

static void check_open_32(struct run *run)
{
	struct by by = {.syscall = NR_32_OPEN, .flags = TC_RECORD_COMPAT | descriptor_flags(run)};

	/* No O_LARGEFILE: the program is a 32-bit one as far as the call is concerned. */
	expect_open(run, TC_KIND_open, by, 0, O_WRONLY, at(run, "file"), 0);
}

#define OPENING(...) (&(const struct opening){.flags = __VA_ARGS__})
#define NODE(...) (&(const struct node){.mode = __VA_ARGS__})

const struct test file_tests[] = {
	TEST(open_write, ANY, NULL, act_open, check_open, .with = OPENING(O_WRONLY)),
	TEST(open_read, ANY, NULL, act_open, check_open, .with = OPENING(O_RDONLY)),
	TEST(open_rdwr_cloexec, ANY, NULL, act_open, check_open,
	     .with = OPENING(O_RDWR | O_CLOEXEC)),
	TEST(open_append_sync, ANY, NULL, act_open, check_open,
	     .with = OPENING(O_WRONLY | O_APPEND | O_SYNC)),
	TEST(open_creat, ANY, NULL, act_open, check_open,
	     .with = OPENING(O_WRONLY | O_CREAT, .makes = true)),
	TEST(open_creat_excl, ANY, NULL, act_open, check_open,
	     .with = OPENING(O_RDWR | O_CREAT | O_EXCL, .makes = true)),
	TEST(open_creat_read, ANY, NULL, act_open, check_open,
	     .with = OPENING(O_RDONLY | O_CREAT, .makes = true)),
	TEST(open_creat_there, ANY, NULL, act_open, check_open,
	     .with = OPENING(O_WRONLY | O_CREAT)),
	TEST(open_trunc, ANY, NULL, act_open, check_open,
	     .with = OPENING(O_WRONLY | O_TRUNC, .cuts = true)),
	TEST(open_creat_trunc_new, ANY, NULL, act_open, check_open,
	     .with = OPENING(O_WRONLY | O_CREAT | O_TRUNC, .makes = true)),
	TEST(open_old, ANY, NULL, act_open_old, check_open_old),
	TEST(creat, ANY, NULL, act_creat, check_creat),
	TEST(openat_dirfd, ANY, NULL, act_openat_dirfd, check_openat_dirfd),
	TEST(openat2, ANY, NULL, act_openat2, check_openat2),
	TEST(open_by_handle_at, ANY, NULL, act_open_handle, check_open_handle,
	     .wants = TC_WANT_RAW_PATH),
	TEST(open_tmpfile, ANY, NULL, act_open_tmpfile, check_open_tmpfile),
	TEST(open_nothing, ANY, NULL, act_open_nothing, check_nothing),
	TEST(open_raw, ANY, NULL, act_open_raw, check_open_raw, .wants = TC_WANT_RAW_PATH),
	TEST(open_symlink, ANY, NULL, act_open_symlink, check_open_symlink),
	TEST(open_proc_fd_deleted, ANY, NULL, act_open_proc_fd, check_open_proc_fd),
	TEST(open_chroot, ANY, NULL, act_open_chroot, check_open_chroot),
	TEST(open_bind_mount, ANY, NULL, act_open_bind, check_open_bind),
	TEST(open_overlay_write, ANY, lacks_overlay, act_overlay_write, check_overlay_write),
	TEST(open_overlay_read, ANY, lacks_overlay, act_overlay_read, check_overlay_read),
	TEST(open_32, ANY, NULL, act_open_32, check_open_32),
	TEST(truncate, ANY, NULL, act_truncate, check_truncate),
	TEST(ftruncate, ANY, NULL, act_ftruncate, check_ftruncate),
	TEST(mknod_fifo, ANY, NULL, act_mknod, check_mknod, .with = NODE(S_IFIFO | 0641)),
	TEST(mknod_char_device, ANY, NULL, act_mknod, check_mknod,
	     .with = NODE(S_IFCHR | 0600, 259, 0x12345)),
	TEST(mknod_block_device, ANY, NULL, act_mknod, check_mknod,
	     .with = NODE(S_IFBLK | 0640, 7, 1)),
	TEST(mknod_no_type, ANY, NULL, act_mknod, check_mknod, .with = NODE(0600)),
	TEST(unix_bind, LSM, NULL, act_bind, check_bind),
	{0},
};
