/* SPDX-License-Identifier: Apache-2.0 */
/* Paths of every length and kind, seen through open. */
#include <errno.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/events/file.h"
#include "tests/events/truth.h"

#define NAME_LENGTH 255
#define MNT_DETACH 2

int mount(const char *source, const char *target, const char *type, unsigned long flags,
	  const void *data);
int umount2(const char *target, int flags);

static struct by by_openat(const struct run *run)
{
	return (struct by){.syscall = SYS_openat, .flags = descriptor_flags(run)};
}

/* --- deep --- */

/*
 * Goes down, directory by directory, until the path of a file would have that many bytes, and opens
 * the file. The path is left in text[0]; run->test->with is the length.
 */
static void act_deep(struct run *run)
{
	const size_t *length = run->test->with;
	char *path = run->notes->text[0];
	size_t so_far = (size_t)snprintf(path, NOTES_TEXT, "%s", run->dir);

	/* The last name, of one byte at least, takes what the directories leave. */
	for (unsigned depth = 0; so_far + 1 < *length; depth++) {
		char name[NAME_LENGTH + 1] = {0};
		size_t left = *length - so_far - 1;
		bool last = left <= NAME_LENGTH;
		size_t size = last ? left : left <= NAME_LENGTH + 2 ? NAME_LENGTH - 2 : NAME_LENGTH;

		memset(name, 'a' + (int)(depth % 26), size);
		so_far += (size_t)sprintf(path + so_far, "/%s", name);
		if (last) {
			make_file(run, name, 0600, 0);
			note_file(run, 0, name);
			enter(run);
			must(run, syscall(SYS_openat, AT_FDCWD, name, O_WRONLY) >= 0);
			return;
		}
		must(run, mkdir(name, 0700) == 0 && chdir(name) == 0);
	}
	must(run, !"the directory is too deep already");
}

/* A path that is too long loses names at its front: the longest tail of whole names is kept. */
static void check_deep(struct run *run)
{
	const struct tc_open *record = take(run, open);
	const char *path = run->notes->text[0], *kept = path;
	uint32_t size = (uint32_t)strlen(path);

	if (!record)
		return;
	while (strlen(kept) > TC_PATH_MAX)
		kept = strchr(kept + 1, '/');
	expect_header(run, record, &run->notes->self, SYS_openat,
		      descriptor_flags(run) | (kept > path ? TC_RECORD_CUT : 0));
	expect_inode(run, record, &run->notes->file[0]);
	expect(run, record, &record->open_flags, O_WRONLY | KERNEL_O_LARGEFILE);
	expect(run, record, &record->is_new, false);
	expect_slot(run, record, &record->path, kept, (uint32_t)strlen(kept), size,
		    kept > path ? TC_SLOT_CUT | TC_SLOT_TAIL : 0);
	expect_absent(run, record, &record->raw_path);
	expect_fact(run, "length", size, *(const size_t *)run->test->with);
}

/* As many names as fit: one byte each. */
static void act_names(struct run *run)
{
	char *path = run->notes->text[0];
	size_t so_far = (size_t)snprintf(path, NOTES_TEXT, "%s", run->dir);

	while (so_far + 4 <= TC_PATH_MAX) {
		so_far += (size_t)sprintf(path + so_far, "/d");
		must(run, mkdir("d", 0700) == 0 && chdir("d") == 0);
	}
	strcat(path, "/f");
	make_file(run, "f", 0600, 0);
	note_file(run, 0, "f");
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, "f", O_WRONLY) >= 0);
}

static void check_names(struct run *run)
{
	expect_open(run, TC_KIND_open, by_openat(run), 0, O_WRONLY | KERNEL_O_LARGEFILE,
		    run->notes->text[0], 0);
}

/* Both paths of a rename at full length. */
static void act_two_paths(struct run *run)
{
	char old[NAME_LENGTH + 1] = {0}, new[NAME_LENGTH + 1] = {0};
	char name[NAME_LENGTH + 1] = {0};
	size_t so_far = strlen(run->dir);

	for (unsigned depth = 0; so_far + 2 * (NAME_LENGTH + 1) <= TC_PATH_MAX; depth++) {
		memset(name, 'a' + (int)(depth % 26), NAME_LENGTH);
		must(run, mkdir(name, 0700) == 0 && chdir(name) == 0);
		so_far += NAME_LENGTH + 1;
	}
	memset(old, 'o', NAME_LENGTH);
	memset(new, 'n', NAME_LENGTH);
	make_file(run, old, 0600, 0);
	note_file(run, 0, old);
	must(run, getcwd(run->notes->text[0], NOTES_TEXT) != NULL);
	strcpy(run->notes->text[1], strcat(run->notes->text[0], "/"));
	strcat(run->notes->text[0], old);
	strcat(run->notes->text[1], new);
	enter(run);
	must(run, syscall(SYS_rename, old, new) == 0);
}

static void check_two_paths(struct run *run)
{
	expect_rename(run, (struct by){.syscall = SYS_rename, .flags = path_flags(run)}, 0, 0,
		      false, run->notes->text[0], run->notes->text[1]);
}

/* --- odd names --- */

static void act_bytes(struct run *run)
{
	char *name = run->notes->text[0];
	size_t n = 0;

	for (unsigned byte = 1; byte < 256; byte++)
		if (byte != '/')
			name[n++] = (char)byte;
	make_file(run, name, 0600, 0);
	note_file(run, 0, name);
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, name, O_WRONLY) >= 0);
}

static void check_bytes(struct run *run)
{
	expect_open(run, TC_KIND_open, by_openat(run), 0, O_WRONLY | KERNEL_O_LARGEFILE,
		    at(run, run->notes->text[0]), 0);
}

static void act_root(struct run *run)
{
	note_file(run, 0, "/");
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY | O_DIRECTORY) >= 0);
}

static void check_root(struct run *run)
{
	expect_open(run, TC_KIND_open_read, by_openat(run), 0,
		    O_RDONLY | O_DIRECTORY | KERNEL_O_LARGEFILE, "/", 0);
}

static void act_proc(struct run *run)
{
	int fd;

	enter(run);
	fd = (int)syscall(SYS_openat, AT_FDCWD, "/proc/self/comm", O_WRONLY);
	must(run, fd >= 0);
	note_fd(run, 0, fd);
	snprintf(run->notes->text[0], NOTES_TEXT, "/proc/%d/comm", getpid());
}

static void check_proc(struct run *run)
{
	expect_open(run, TC_KIND_open, by_openat(run), 0, O_WRONLY | KERNEL_O_LARGEFILE,
		    run->notes->text[0], 0);
}

/* A pipe has no name at all; a memfd has one that leads nowhere. */
static void act_pipe(struct run *run)
{
	char path[64];
	int line[2];

	must(run, pipe(line) == 0);
	note_fd(run, 0, line[1]);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", line[1]);
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, path, O_WRONLY) >= 0);
}

static void check_pipe(struct run *run)
{
	expect_open(run, TC_KIND_open, by_openat(run), 0, O_WRONLY | KERNEL_O_LARGEFILE, "",
		    TC_SLOT_DETACHED);
}

static void act_memfd(struct run *run)
{
	char path[64];
	int fd = (int)syscall(SYS_memfd_create, "a name", 0);

	must(run, fd >= 0);
	note_fd(run, 0, fd);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, path, O_RDWR) >= 0);
}

static void check_memfd(struct run *run)
{
	expect_open(run, TC_KIND_open, by_openat(run), 0, O_RDWR | KERNEL_O_LARGEFILE,
		    "memfd:a name", TC_SLOT_DETACHED | TC_SLOT_DELETED);
}

/* --- mounts that hang nowhere, and other roots --- */

static int make_mount(struct run *run)
{
	int context = (int)syscall(SYS_fsopen, "tmpfs", 0);

	must(run, context >= 0 &&
			  syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) == 0);
	int mount_fd = (int)syscall(SYS_fsmount, context, 0, 0);

	must(run, mount_fd >= 0);
	return mount_fd;
}

static void act_unattached(struct run *run)
{
	own_mounts(run);
	int mount_fd = make_mount(run);
	int fd = openat(mount_fd, "file", O_WRONLY | O_CREAT, 0600);

	note_fd(run, 0, fd);
	enter(run);
	must(run, syscall(SYS_openat, mount_fd, "file", O_WRONLY) >= 0);
}

/* Taken away while in use: who is inside goes on, and is seen. */
static void act_unmounted(struct run *run)
{
	own_mounts(run);
	must(run, mkdir("mount", 0755) == 0 && mount("tmpfs", "mount", "tmpfs", 0, NULL) == 0);
	must(run, chdir("mount") == 0);
	make_file(run, "file", 0600, 0);
	note_file(run, 0, "file");
	must(run, umount2(at(run, "mount"), MNT_DETACH) == 0);
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, "file", O_WRONLY) >= 0);
}

static void check_detached(struct run *run)
{
	expect_open(run, TC_KIND_open, by_openat(run), 0, O_WRONLY | KERNEL_O_LARGEFILE, "/file",
		    TC_SLOT_DETACHED);
}

static void act_pivoted(struct run *run)
{
	own_mounts(run);
	must(run, mkdir("root", 0755) == 0 && mount("tmpfs", "root", "tmpfs", 0, NULL) == 0);
	must(run, mkdir("root/old", 0755) == 0 && mkdir("root/sub", 0755) == 0);
	make_file(run, "root/sub/file", 0600, 0);
	note_file(run, 0, "root/sub/file");
	enter(run);
	must(run, syscall(SYS_pivot_root, "root", "root/old") == 0 && chdir("/") == 0);
	must(run, umount2("/old", MNT_DETACH) == 0);
	must(run, syscall(SYS_openat, AT_FDCWD, "sub/file", O_WRONLY) >= 0);
}

static void check_pivoted(struct run *run)
{
	pass_over(run, TC_KIND_pivot_root);
	pass_over(run, TC_KIND_umount);
	expect_open(run, TC_KIND_open, by_openat(run), 0, O_WRONLY | KERNEL_O_LARGEFILE,
		    "/sub/file", 0);
}

/* Mounts on mounts: the path goes over every edge. */
static void act_stacked(struct run *run)
{
	char path[256] = ".";

	own_mounts(run);
	for (unsigned i = 0; i < 8; i++) {
		strcat(path, "/m");
		must(run, mkdir(path, 0755) == 0 && mount("tmpfs", path, "tmpfs", 0, NULL) == 0);
		must(run, mount("tmpfs", path, "tmpfs", 0, NULL) == 0); /* over it */
	}
	snprintf(run->notes->text[0], NOTES_TEXT, "%s%s/file", run->dir, path + 1);
	make_file(run, run->notes->text[0], 0600, 0);
	note_file(run, 0, run->notes->text[0]);
	enter(run);
	must(run, syscall(SYS_openat, AT_FDCWD, run->notes->text[0], O_WRONLY) >= 0);
}

static void check_stacked(struct run *run)
{
	check_names(run);
}

#define LENGTH(bytes) (&(const size_t){bytes})

const struct test path_tests[] = {
	TEST(path_1000, ANY, NULL, act_deep, check_deep, .with = LENGTH(1000)),
	TEST(path_4000, ANY, NULL, act_deep, check_deep, .with = LENGTH(4000)),
	TEST(path_4095, ANY, NULL, act_deep, check_deep, .with = LENGTH(4095)),
	TEST(path_4096, ANY, NULL, act_deep, check_deep, .with = LENGTH(4096)),
	TEST(path_4097, ANY, NULL, act_deep, check_deep, .with = LENGTH(4097)),
	TEST(path_9000, ANY, NULL, act_deep, check_deep, .with = LENGTH(9000)),
	TEST(path_of_2000_names, ANY, NULL, act_names, check_names),
	TEST(path_two_long, ANY, NULL, act_two_paths, check_two_paths),
	TEST(path_all_bytes, ANY, NULL, act_bytes, check_bytes),
	TEST(path_root, ANY, NULL, act_root, check_root),
	TEST(path_proc, ANY, NULL, act_proc, check_proc),
	TEST(path_pipe, ANY, NULL, act_pipe, check_pipe),
	TEST(path_memfd, ANY, NULL, act_memfd, check_memfd),
	TEST(path_mount_unattached, ANY, NULL, act_unattached, check_detached),
	TEST(path_mount_unmounted, ANY, NULL, act_unmounted, check_detached),
	TEST(path_pivoted, ANY, NULL, act_pivoted, check_pivoted),
	TEST(path_stacked_mounts, ANY, NULL, act_stacked, check_stacked),
	{0},
};
