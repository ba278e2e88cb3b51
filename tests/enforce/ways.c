/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The same things on other ways: by 32-bit calls, io_uring, another name, another mount, a link, a
 * descriptor that somebody gave. The object is resolved before the hook, so that all come to the
 * same path; where they do not, the row says what rules must ask for instead.
 */
#include "tests/enforce/enforce.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "tests/events/truth.h"

SLOT_OF(open, path)
SLOT_OF(link, oldpath)

static void prepare_file(struct run *run)
{
	make_file(run, "file", 0600, 10);
}

static bool is_emptied(struct run *run)
{
	struct stat st = {0};

	stat("file", &st);
	return st.st_size == 0;
}

static int open_by(const char *path)
{
	return attempt_of(open(path, O_WRONLY | O_TRUNC));
}

/* A path below 4 GiB, for 32-bit calls. */
static int attempt_32(struct run *run)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);

	must(run, low != MAP_FAILED);
	strcpy(low, "file");
	return (int)call_32(5 /* open */, (long)(intptr_t)low, O_WRONLY | O_TRUNC, 0);
}

static int attempt_uring(struct run *run)
{
	struct io_uring_params params = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 4, &params);
	char *sq, *cq;
	struct io_uring_sqe *sqes;
	unsigned *tail, *head;

	must(run, fd >= 0);
	sq = mmap(NULL, params.sq_off.array + 16, PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		  IORING_OFF_SQ_RING);
	cq = mmap(NULL, params.cq_off.cqes + 8 * sizeof(struct io_uring_cqe),
		  PROT_READ | PROT_WRITE, MAP_SHARED, fd, IORING_OFF_CQ_RING);
	sqes = mmap(NULL, 4 * sizeof(*sqes), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		    IORING_OFF_SQES);
	must(run, sq != MAP_FAILED && cq != MAP_FAILED && sqes != MAP_FAILED);
	sqes[0] = (struct io_uring_sqe){.opcode = IORING_OP_OPENAT,
					.fd = AT_FDCWD,
					.addr = (uintptr_t) "file",
					.open_flags = O_WRONLY | O_TRUNC};
	tail = (void *)(sq + params.sq_off.tail);
	head = (void *)(cq + params.cq_off.head);
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	must(run, syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) >= 0);
	return ((struct io_uring_cqe *)(void *)(cq + params.cq_off.cqes))[*head].res;
}

static const char *lacks_ring(void)
{
	struct io_uring_params params = {0};
	int fd = (int)syscall(SYS_io_uring_setup, 4, &params);

	if (fd >= 0)
		close(fd);
	return fd < 0 && errno == ENOSYS ? "no io_uring" : NULL;
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

static bool is_emptied_in_b(struct run *run)
{
	struct stat st = {0};

	return stat("b/file", &st) == 0 && st.st_size == 0;
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

static bool is_emptied_in_a(struct run *run)
{
	struct stat st = {0};

	return stat("a/file", &st) == 0 && st.st_size == 0;
}

/* The task's own name is another one: what was kept of it is not. */
static int attempt_kept_name(struct run *run)
{
	open_often(run, "file");
	rename_self(run, "forbidden");
	return open_by("file");
}

const struct row way_rows[] = {
	ROW("way_32", open, "fd.name = $D/file", NULL, prepare_file, attempt_32, is_emptied),
	ROW("way_uring", open, "fd.name = $D/file", lacks_ring, prepare_file, attempt_uring,
	    is_emptied),
	ROW("way_symlink", open, "fd.name = $D/file", NULL, prepare_symlink, attempt_other,
	    is_emptied, .path = open_path, .path_is = "file"),
	ROW("way_dots", open, "fd.name = $D/file", NULL, prepare_file, attempt_dots, is_emptied),
	ROW("way_proc_root", open, "fd.name = $D/file", NULL, prepare_file, attempt_root,
	    is_emptied),
	ROW("way_chroot", open, "fd.name = $D/file", NULL, prepare_file, attempt_in_chroot,
	    is_emptied),
	ROW("way_proc_fd", open, "fd.name = $D/file", NULL, prepare_descriptor, attempt_reopen,
	    is_emptied),
	ROW("way_hard_link_inode", open, "fd.ino = $N", NULL, prepare_link, attempt_other,
	    is_emptied),
	ROW("way_hard_link_made", link, "evt.arg.oldpath = $D/file", NULL, prepare_file,
	    attempt_link, is_linked, .path = link_oldpath, .path_is = "file"),
	ROW("way_bind_mount_inode", open, "fd.ino = $N", NULL, prepare_bind, attempt_bound,
	    is_emptied),
	ROW("way_renamed", open, "fd.name = $D/b/file", NULL, prepare_renamed, attempt_renamed,
	    is_emptied),
	ROW("kept_rename", open, "fd.name = $D/b/file", NULL, prepare_above, attempt_kept_rename,
	    is_emptied_in_b),
	ROW("kept_link", open, "fd.name = $D/file", NULL, prepare_above, attempt_kept_link,
	    is_emptied),
	ROW("kept_mount", open, "fd.name = $D/there/file", NULL, prepare_there, attempt_kept_mount,
	    is_emptied_in_a),
	ROW("kept_task_name", open, "fd.name = $D/file and proc.name = forbidden", NULL,
	    prepare_file, attempt_kept_name, is_emptied),
	{0},
};
