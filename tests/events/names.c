/* SPDX-License-Identifier: Apache-2.0 */
/* Events: mkdir, rmdir, unlink, symlink, link, rename. */
#include <linux/fs.h>
#include <string.h>
#include <sys/syscall.h>

#include "tests/events/file.h"
#include "tests/events/truth.h"

static struct by by_path(const struct run *run, int syscall)
{
	return (struct by){.syscall = syscall, .flags = path_flags(run)};
}

/* --- directories --- */

void expect_mkdir(struct run *run, struct by by, unsigned index, mode_t mode, const char *path)
{
	const struct tc_mkdir *record = take(run, mkdir);

	if (!record)
		return;
	expect_header(run, record, by.who ?: &run->notes->self, by.syscall, by.flags);
	expect_directory(run, record, known(run, by.flags, index));
	expect(run, record, &record->new_mode, mode);
	expect_text(run, record, &record->path, path);
}

void expect_unlink(struct run *run, enum tc_kind kind, struct by by, unsigned index,
		   const char *path)
{
	const struct tc_unlink *record = take_kind(run, kind); /* struct tc_rmdir is the same */

	if (!record)
		return;
	expect_header(run, record, by.who ?: &run->notes->self, by.syscall, by.flags);
	expect_inode(run, record, known(run, by.flags, index));
	expect_text(run, record, &record->path, path);
}

static void act_mkdir(struct run *run)
{
	note_file(run, 0, ".");
	enter(run);
	must(run, syscall(SYS_mkdir, "made", 01751) == 0);
	must(run, syscall(SYS_mkdirat, AT_FDCWD, "made/below", 0700) == 0);
	note_file(run, 1, "made");
}

static void check_mkdir(struct run *run)
{
	expect_mkdir(run, by_path(run, SYS_mkdir), 0, 01751, at(run, "made"));
	expect_mkdir(run, by_path(run, SYS_mkdirat), 1, 0700, at(run, "made/below"));
}

/* What is refused because the name is taken is no event: nothing is made. */
static void act_mkdir_there(struct run *run)
{
	must(run, mkdir("made", 0700) == 0);
	enter(run);
	must(run, syscall(SYS_mkdir, "made", 0700) < 0);
	must(run, syscall(SYS_rmdir, "absent") < 0);
	must(run, syscall(SYS_unlink, "absent") < 0);
	must(run, syscall(SYS_rename, "absent", "other") < 0);
}

static void check_nothing(struct run *run)
{
	(void)run; /* expect_all() refuses all but the child's end */
}

static void act_rmdir(struct run *run)
{
	must(run, mkdir("first", 0750) == 0 && mkdir("second", 0700) == 0);
	note_file(run, 0, "first");
	note_file(run, 1, "second");
	enter(run);
	must(run, syscall(SYS_rmdir, "first") == 0);
	must(run, syscall(SYS_unlinkat, AT_FDCWD, "second", AT_REMOVEDIR) == 0);
}

static void check_rmdir(struct run *run)
{
	expect_unlink(run, TC_KIND_rmdir, by_path(run, SYS_rmdir), 0, at(run, "first"));
	expect_unlink(run, TC_KIND_rmdir, by_path(run, SYS_unlinkat), 1, at(run, "second"));
}

/* --- unlink --- */

static void act_unlink(struct run *run)
{
	make_file(run, "first", 04750, 3);
	make_file(run, "second", 0600, 0);
	must(run, link("second", "third") == 0 && chown("first", 1000, 1001) == 0);
	must(run, symlink("second", "link") == 0);
	note_file(run, 0, "first");
	note_file(run, 1, "second"); /* two names */
	note_file(run, 2, "link");
	int dirfd = open("..", O_PATH | O_DIRECTORY);
	char relative[128];

	snprintf(relative, sizeof(relative), "%s/second", strrchr(run->dir, '/') + 1);
	enter(run);
	must(run, syscall(SYS_unlink, "first") == 0);
	must(run, syscall(SYS_unlinkat, dirfd, relative, 0) == 0);
	must(run, syscall(SYS_unlink, "link") == 0);
}

static void check_unlink(struct run *run)
{
	expect_unlink(run, TC_KIND_unlink, by_path(run, SYS_unlink), 0, at(run, "first"));
	expect_unlink(run, TC_KIND_unlink, by_path(run, SYS_unlinkat), 1, at(run, "second"));
	expect_unlink(run, TC_KIND_unlink, by_path(run, SYS_unlink), 2, at(run, "link"));
}

/* --- symlink --- */

#define TARGET "../no such\nplace/\xff"

static void act_symlink(struct run *run)
{
	note_file(run, 0, ".");
	must(run, mkdir("sub", 0755) == 0);
	note_file(run, 1, "sub");
	int dirfd = open("sub", O_PATH | O_DIRECTORY);

	memset(run->notes->text[0], 't', TC_PATH_MAX - 1);
	enter(run);
	must(run, syscall(SYS_symlink, TARGET, "first") == 0);
	must(run, syscall(SYS_symlinkat, run->notes->text[0], dirfd, "second") == 0);
}

static void expect_symlink(struct run *run, int syscall, unsigned index, const char *target,
			   const char *path)
{
	const struct tc_symlink *record = take(run, symlink);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, syscall, path_flags(run));
	expect_directory(run, record, known(run, path_flags(run), index));
	expect_text(run, record, &record->target, target);
	expect_text(run, record, &record->path, path);
}

static void check_symlink(struct run *run)
{
	expect_symlink(run, SYS_symlink, 0, TARGET, at(run, "first"));
	expect_symlink(run, SYS_symlinkat, 1, run->notes->text[0], at(run, "sub/second"));
}

/* --- link --- */

static void act_link(struct run *run)
{
	make_file(run, "old", 0640, 7);
	note_file(run, 0, "old");
	enter(run);
	must(run, syscall(SYS_link, "old", "new") == 0);
	note_file(run, 1, "old"); /* two names now */
	must(run, syscall(SYS_linkat, AT_FDCWD, "new", AT_FDCWD, "newer", 0) == 0);
}

static void expect_link(struct run *run, int syscall, unsigned index, const char *oldpath,
			const char *newpath)
{
	const struct tc_link *record = take(run, link);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, syscall, path_flags(run));
	expect_inode(run, record, known(run, path_flags(run), index));
	expect_text(run, record, &record->oldpath, oldpath);
	expect_text(run, record, &record->newpath, newpath);
}

static void check_link(struct run *run)
{
	expect_link(run, SYS_link, 0, at(run, "old"), at(run, "new"));
	expect_link(run, SYS_linkat, 1, at(run, "new"), at(run, "newer"));
}

/* A file that had no name gets one: O_TMPFILE, then linkat() of its descriptor. */
static void act_link_tmpfile(struct run *run)
{
	int fd = open(".", O_WRONLY | O_TMPFILE, 0600);

	must(run, fd >= 0);
	note_fd(run, 0, fd);
	enter(run);
	must(run, syscall(SYS_linkat, fd, "", AT_FDCWD, "named", AT_EMPTY_PATH) == 0);
}

static void check_link_tmpfile(struct run *run)
{
	char name[32];

	snprintf(name, sizeof(name), "#%llu", (unsigned long long)run->notes->file[0].st.st_ino);
	const struct tc_link *record = take(run, link);
	const char *path = at(run, name);

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, SYS_linkat, path_flags(run));
	expect_inode(run, record, &run->notes->file[0]);
	expect_slot(run, record, &record->oldpath, path, (uint32_t)strlen(path),
		    (uint32_t)strlen(path), TC_SLOT_DELETED);
	expect_at(run, record, &record->newpath, "named");
}

/* --- rename --- */

/* Before v5.19 the hook is not told the flags (include/schema/probes.def). */
static bool knows_flags(const struct run *run)
{
	return run->fallback || attached(run, "path_rename");
}

void expect_rename(struct run *run, struct by by, unsigned index, uint32_t flags, bool replaced,
		   const char *oldpath, const char *newpath)
{
	const struct tc_rename *record = take(run, rename);

	if (!record)
		return;
	expect_header(run, record, by.who ?: &run->notes->self, by.syscall, by.flags);
	expect_inode(run, record, known(run, by.flags, index));
	expect(run, record, &record->rename_flags, knows_flags(run) ? flags : TC_ABSENT_U32);
	expect(run, record, &record->replaced,
	       run->fallback ? !!(flags & RENAME_EXCHANGE) : replaced);
	expect_text(run, record, &record->oldpath, oldpath);
	expect_text(run, record, &record->newpath, newpath);
}

static void act_rename(struct run *run)
{
	make_file(run, "first", 0640, 0);
	make_file(run, "second", 0600, 0);
	must(run, mkdir("sub", 0755) == 0 && mkdir("moved", 0711) == 0);
	note_file(run, 0, "first");
	note_file(run, 1, "second");
	note_file(run, 2, "moved");
	int dirfd = open("sub", O_PATH | O_DIRECTORY);

	enter(run);
	must(run, syscall(SYS_rename, "first", "sub/renamed") == 0);
	must(run, syscall(SYS_renameat, AT_FDCWD, "second", dirfd, "renamed") == 0); /* replaces */
	must(run, syscall(SYS_renameat2, AT_FDCWD, "moved", dirfd, "below", 0) == 0);
}

static void check_rename(struct run *run)
{
	expect_rename(run, by_path(run, SYS_rename), 0, 0, false, at(run, "first"),
		      at(run, "sub/renamed"));
	expect_rename(run, by_path(run, SYS_renameat), 1, 0, true, at(run, "second"),
		      at(run, "sub/renamed"));
	expect_rename(run, by_path(run, SYS_renameat2), 2, 0, false, at(run, "moved"),
		      at(run, "sub/below"));
}

static void act_rename_noreplace(struct run *run)
{
	make_file(run, "first", 0640, 0);
	make_file(run, "there", 0600, 0);
	note_file(run, 0, "first");
	enter(run);
	must(run,
	     syscall(SYS_renameat2, AT_FDCWD, "first", AT_FDCWD, "there", RENAME_NOREPLACE) < 0);
	must(run,
	     syscall(SYS_renameat2, AT_FDCWD, "first", AT_FDCWD, "free", RENAME_NOREPLACE) == 0);
}

static void check_rename_noreplace(struct run *run)
{
	expect_rename(run, by_path(run, SYS_renameat2), 0, RENAME_NOREPLACE, false,
		      at(run, "first"), at(run, "free"));
}

static void act_rename_exchange(struct run *run)
{
	make_file(run, "first", 0640, 0);
	make_file(run, "second", 0600, 0);
	note_file(run, 0, "first");
	note_file(run, 1, "second");
	enter(run);
	must(run,
	     syscall(SYS_renameat2, AT_FDCWD, "first", AT_FDCWD, "second", RENAME_EXCHANGE) == 0);
}

/* Both directions; before v5.19 the other one comes first. */
static void check_rename_exchange(struct run *run)
{
	bool forwards = knows_flags(run);

	for (unsigned i = 0; i < 2; i++) {
		bool first = (i == 0) == forwards;

		expect_rename(run, by_path(run, SYS_renameat2), first ? 0 : 1, RENAME_EXCHANGE,
			      true, at(run, first ? "first" : "second"),
			      at(run, first ? "second" : "first"));
	}
}

const struct test name_tests[] = {
	TEST(mkdir, ANY, NULL, act_mkdir, check_mkdir),
	TEST(names_refused, ANY, NULL, act_mkdir_there, check_nothing),
	TEST(rmdir, ANY, NULL, act_rmdir, check_rmdir),
	TEST(unlink, ANY, NULL, act_unlink, check_unlink),
	TEST(symlink, ANY, NULL, act_symlink, check_symlink),
	TEST(link, ANY, NULL, act_link, check_link),
	TEST(link_tmpfile, LSM, NULL, act_link_tmpfile, check_link_tmpfile),
	TEST(rename, ANY, NULL, act_rename, check_rename),
	TEST(rename_noreplace, ANY, NULL, act_rename_noreplace, check_rename_noreplace),
	TEST(rename_exchange, ANY, NULL, act_rename_exchange, check_rename_exchange),
	{0},
};
