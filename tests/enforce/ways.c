/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same things on other ways: by 32-bit calls, io_uring, another name, another mount, a link, a
 * descriptor that somebody gave. The object is resolved before the hook, so that all come to the
 * same path; where they do not, the row says what rules must ask for instead.
 */
#include "tests/enforce/enforce.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/syscall.h>

#include "tests/enforce/things.h"
#include "tests/events/truth.h"

SLOT_OF(open, path)
SLOT_OF(link, oldpath)

static int open_by(const char *path)
{
	return attempt_of(open(path, O_WRONLY | O_TRUNC));
}

static void prepare_symlink(struct run *run)
{
	prepare_file(run);
	must(run, symlink("file", "other") == 0);
}

static int attempt_other(struct run *run)
{
	return open_by("other");
}

static int attempt_dots(struct run *run)
{
	return open_by("/proc/self/cwd/../.././..//proc/self/cwd/file");
}

static int attempt_root(struct run *run)
{
	char path[256];

	snprintf(path, sizeof(path), "/proc/self/root%s/file", run->dir);
	return open_by(path);
}

static int attempt_in_chroot(struct run *run)
{
	return chroot(run->dir) < 0 ? -errno : open_by("/file");
}

/* Opened anew through its descriptor: another open file, the same path. */
static void prepare_descriptor(struct run *run)
{
	prepare_file(run);
	run->notes->number[8] = (uint64_t)open("file", O_RDONLY);
}

static int attempt_reopen(struct run *run)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", (int)run->notes->number[8]);
	return open_by(path);
}

/* A descriptor that opens nothing. */
static void prepare_place(struct run *run)
{
	prepare_file(run);
	run->notes->number[8] = (uint64_t)open("file", O_PATH);
}

/* text[0]: a handle of the file; number[8]: a descriptor on its mount. */
static void prepare_handle(struct run *run)
{
	struct file_handle *handle = (void *)run->notes->text[0];
	int mount_id;

	prepare_file(run);
	handle->handle_bytes = MAX_HANDLE_SZ;
	must(run, name_to_handle_at(AT_FDCWD, "file", handle, &mount_id, 0) == 0);
	run->notes->number[8] = (uint64_t)open(".", O_RDONLY | O_DIRECTORY);
}

static int attempt_handle(struct run *run)
{
	return attempt_of(open_by_handle_at((int)run->notes->number[8], (void *)run->notes->text[0],
					    O_WRONLY | O_TRUNC));
}

/* --- calls that write what lies elsewhere: they need a descriptor that was opened for it --- */

static void prepare_source(struct run *run)
{
	prepare_file(run);
	make_file(run, "source", 0600, 20);
}

#define WRITES_BY(name, call)                                                                      \
	static int attempt_##name(struct run *run)                                                 \
	{                                                                                          \
		int from = open("source", O_RDONLY), to = attempt_of(open("file", O_WRONLY));      \
                                                                                                   \
		must(run, from >= 0);                                                              \
		return to < 0 ? to : attempt_of(call);                                             \
	}

/* 20 bytes by way of a pipe. */
static ssize_t splice_all(struct run *run, int from, int to)
{
	int ends[2];

	must(run, pipe(ends) == 0 && splice(from, NULL, ends[1], NULL, 20, 0) == 20);
	return splice(ends[0], NULL, to, NULL, 20, 0);
}

WRITES_BY(sendfile, sendfile(to, from, NULL, 20))
WRITES_BY(copy_range, copy_file_range(from, NULL, to, NULL, 20, 0))
WRITES_BY(splice, splice_all(run, from, to))
WRITES_BY(fallocate, fallocate(to, 0, 0, 20))

static bool is_longer(struct run *run)
{
	struct stat st = {0};

	stat("file", &st);
	return st.st_size == 20;
}

/* --- an overlay above the file: its path is another one, and so is its inode --- */

static void prepare_upper(struct run *run)
{
	overlay_directories(run);
	make_file(run, "upper/file", 0600, 10);
}

static int attempt_overlay(struct run *run)
{
	if (mount("overlay", "merged", "overlay", 0, "lowerdir=lower,upperdir=upper,workdir=work") <
	    0)
		return -errno;
	return open_by("merged/file");
}

/* --- programs by a descriptor --- */

static int execute(int fd)
{
	char *const arguments[] = {(char *)"program", NULL}, *const environment[] = {NULL};

	return attempt_of(syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH));
}

static int attempt_fexecve(struct run *run)
{
	return execute(open("program", O_RDONLY | O_CLOEXEC));
}

static int attempt_memfd(struct run *run)
{
	int from = open("program", O_RDONLY), memory = memfd_create("program", MFD_CLOEXEC);
	struct stat st;

	must(run, from >= 0 && memory >= 0 && fstat(from, &st) == 0);
	must(run, sendfile(memory, from, NULL, (size_t)st.st_size) == st.st_size);
	return execute(memory);
}

/* --- other names --- */

/* A hard link and a bind mount are other paths: what makes them can be forbidden, or the file be
 * named by its inode. */
static void prepare_link(struct run *run)
{
	struct stat st;

	prepare_file(run);
	must(run, link("file", "other") == 0 && stat("file", &st) == 0);
	run->notes->number[8] = st.st_ino;
}

static void prepare_bind(struct run *run)
{
	prepare_link(run);
	must(run, unlink("other") == 0);
	own_mounts(run);
	must(run, mkdir("there", 0755) == 0 && mount(".", "there", NULL, MS_BIND, NULL) == 0);
}

static int attempt_bound(struct run *run)
{
	return open_by("there/file");
}

static int attempt_link(struct run *run)
{
	return attempt_of(link("file", "made"));
}

static bool is_linked(struct run *run)
{
	return access("made", F_OK) == 0;
}

/* A directory above is renamed after the path was looked at once: nothing old is believed. */
static void prepare_renamed(struct run *run)
{
	must(run, mkdir("a", 0755) == 0);
	make_file(run, "a/file", 0600, 10);
	must(run, open_by("a/file") >= 0 && rename("a", "b") == 0);
	make_file(run, "file", 0600, 10);
}

static int attempt_renamed(struct run *run)
{
	int r = open_by("b/file");

	return r < 0 ? r : open_by("file");
}

/* --- what is kept of a path must not outlive the path --- */

/* Opens a file under an allowed path until what the rules say of it is kept. */
static void open_often(struct run *run, const char *path)
{
	for (int i = 0; i < 4; i++) {
		int fd = open(path, O_WRONLY);

		must(run, fd >= 0);
		close(fd);
		usleep(150000);
	}
}

static void prepare_above(struct run *run)
{
	must(run, mkdir("a", 0755) == 0);
	make_file(run, "a/file", 0600, 10);
}

static int attempt_kept_rename(struct run *run)
{
	open_often(run, "a/file");
	must(run, rename("a", "b") == 0);
	return open_by("b/file");
}

static int attempt_kept_link(struct run *run)
{
	open_often(run, "a/file");
	must(run, link("a/file", "file") == 0 && unlink("a/file") == 0);
	return open_by("file");
}

static void prepare_there(struct run *run)
{
	prepare_above(run);
	own_mounts(run);
	must(run, mkdir("there", 0755) == 0);
}

static int attempt_kept_mount(struct run *run)
{
	open_often(run, "a/file");
	must(run, mount("a", "there", NULL, MS_BIND, NULL) == 0);
	return open_by("there/file");
}

/* The task's own name is another one: what was kept of it is not. */
static int attempt_kept_name(struct run *run)
{
	open_often(run, "file");
	rename_self(run, "forbidden");
	return open_by("file");
}

const struct row way_rows[] = {
	ROW("way_symlink", open, "fd.name = $D/file", NULL, prepare_symlink, attempt_other,
	    is_emptied, .path = open_path, .path_is = "file"),
	ROW("way_dots", open, "fd.name = $D/file", NULL, prepare_file, attempt_dots, is_emptied),
	ROW("way_proc_root", open, "fd.name = $D/file", NULL, prepare_file, attempt_root,
	    is_emptied),
	ROW("way_chroot", open, "fd.name = $D/file", NULL, prepare_file, attempt_in_chroot,
	    is_emptied),
	ROW("way_proc_fd", open, "fd.name = $D/file", NULL, prepare_descriptor, attempt_reopen,
	    is_emptied),
	ROW("way_path_fd", open, "fd.name = $D/file", NULL, prepare_place, attempt_reopen,
	    is_emptied),
	ROW("way_handle", open, "fd.name = $D/file", NULL, prepare_handle, attempt_handle,
	    is_emptied),
	ROW("way_sendfile", open, "fd.name = $D/file", NULL, prepare_source, attempt_sendfile,
	    is_longer),
	ROW("way_copy_file_range", open, "fd.name = $D/file", NULL, prepare_source,
	    attempt_copy_range, is_longer),
	ROW("way_splice", open, "fd.name = $D/file", NULL, prepare_source, attempt_splice,
	    is_longer),
	ROW("way_fallocate", open, "fd.name = $D/file", NULL, prepare_source, attempt_fallocate,
	    is_longer),
	ROW("way_overlay", mount, "mount.fstype = overlay", lacks_overlay, prepare_upper,
	    attempt_overlay, is_emptied),
	ROW("way_fexecve", exec, "proc.exepath = $D/program", NULL, prepare_program,
	    attempt_fexecve, has_run),
	ROW("way_memfd", exec, "proc.is_exe_from_memfd = true", NULL, prepare_program,
	    attempt_memfd, has_run),
	ROW("way_hard_link_inode", open, "fd.ino = $N", NULL, prepare_link, attempt_other,
	    is_emptied),
	ROW("way_hard_link_made", link, "evt.arg.oldpath = $D/file", NULL, prepare_file,
	    attempt_link, is_linked, .path = link_oldpath, .path_is = "file"),
	ROW("way_bind_mount_inode", open, "fd.ino = $N", NULL, prepare_bind, attempt_bound,
	    is_emptied),
	ROW("way_renamed", open, "fd.name = $D/b/file", NULL, prepare_renamed, attempt_renamed,
	    is_emptied),
	ROW("kept_rename", open, "fd.name = $D/b/file", NULL, prepare_above, attempt_kept_rename,
	    is_emptied),
	ROW("kept_link", open, "fd.name = $D/file", NULL, prepare_above, attempt_kept_link,
	    is_emptied),
	ROW("kept_mount", open, "fd.name = $D/there/file", NULL, prepare_there, attempt_kept_mount,
	    is_emptied),
	ROW("kept_task_name", open, "fd.name = $D/file and proc.name = forbidden", NULL,
	    prepare_file, attempt_kept_name, is_emptied),
	{0},
};
