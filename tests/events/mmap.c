/* SPDX-License-Identifier: Apache-2.0 */
/* Event mmap. */
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "tests/events/truth.h"

/* Values of the kernel's, which the C library's headers may not have. */
#define SHARED_VALIDATE 3
#define NR_32_MPROTECT 125
#define PAGE 4096

struct mapping {
	int prot, flags;
};

static void *map(struct run *run, int fd, int prot, int flags)
{
	void *memory = mmap(NULL, PAGE, prot, flags, fd, 0);

	must(run, memory != MAP_FAILED);
	return memory;
}

static int open_file(struct run *run)
{
	int fd;

	make_file(run, "file", 0640, PAGE);
	fd = open("file", O_RDWR);
	must(run, fd >= 0);
	note_fd(run, 0, fd);
	return fd;
}

static void expect_mmap(struct run *run, int syscall, uint32_t flags, const struct mapping *mapping)
{
	const struct tc_mmap *record = take(run, mmap);
	unsigned type = (unsigned)mapping->flags & SHARED_VALIDATE;
	bool is_change = syscall != SYS_mmap;

	if (!record)
		return;
	expect_header(run, record, &run->notes->self, syscall, flags);
	expect_inode(run, record, &run->notes->file[0]);
	expect(run, record, &record->prot, (uint32_t)mapping->prot);
	expect(run, record, &record->map_flags,
	       is_change ? TC_ABSENT_U32 : (uint32_t)mapping->flags);
	expect(run, record, &record->is_exec, false);
	expect(run, record, &record->is_shared, type == MAP_SHARED || type == SHARED_VALIDATE);
	expect_text(run, record, &record->path, run->notes->text[0]);
}

/* text[0]: the path. */
static void note_path(struct run *run, const char *path)
{
	snprintf(run->notes->text[0], sizeof(run->notes->text[0]), "%s", path);
}

/* --- mmap --- */

static void act_mmap(struct run *run)
{
	const struct mapping *mapping = run->test->with;
	int fd = open_file(run);

	note_path(run, at(run, "file"));
	enter(run);
	map(run, fd, mapping->prot, mapping->flags);
}

static void check_mmap(struct run *run)
{
	expect_mmap(run, SYS_mmap, descriptor_flags(run), run->test->with);
}

/* What neither becomes code nor changes a file. */
static void act_ordinary(struct run *run)
{
	int fd = open_file(run);
	void *memory;

	enter(run);
	map(run, fd, PROT_READ, MAP_PRIVATE);
	map(run, fd, PROT_READ, MAP_SHARED);
	memory = map(run, fd, PROT_READ | PROT_WRITE, MAP_PRIVATE);
	must(run, mprotect(memory, PAGE, PROT_READ) == 0);
	must(run, mprotect(memory, PAGE, PROT_READ | PROT_WRITE) == 0);
	map(run, -1, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS);
	memory = map(run, -1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS);
	must(run, mprotect(memory, PAGE, PROT_READ | PROT_EXEC) == 0);
}

static void check_nothing(struct run *run)
{
	(void)run; /* expect_all() refuses all but the child's end */
}

/* --- mprotect: told once, when the mapping comes to allow it --- */

static const struct mapping executed = {PROT_READ | PROT_EXEC, MAP_PRIVATE};
static const struct mapping written = {PROT_READ | PROT_WRITE, MAP_SHARED};
static const struct mapping both = {PROT_READ | PROT_WRITE | PROT_EXEC, MAP_SHARED};

static void act_mprotect(struct run *run)
{
	int fd = open_file(run);
	void *code = map(run, fd, PROT_READ, MAP_PRIVATE);
	void *shared = map(run, fd, PROT_READ, MAP_SHARED);

	note_path(run, at(run, "file"));
	enter(run);
	must(run, mprotect(code, PAGE, executed.prot) == 0);
	must(run, mprotect(code, PAGE, executed.prot) == 0);
	must(run, mprotect(shared, PAGE, written.prot) == 0);
	must(run, mprotect(shared, PAGE, written.prot) == 0);
	must(run, syscall(SYS_pkey_mprotect, shared, PAGE, both.prot, -1) == 0);
}

static void check_mprotect(struct run *run)
{
	expect_mmap(run, SYS_mprotect, 0, &executed);
	expect_mmap(run, SYS_mprotect, 0, &written);
	expect_mmap(run, SYS_pkey_mprotect, 0, &both);
}

static void act_mprotect_32(struct run *run)
{
	void *code = map(run, open_file(run), PROT_READ, MAP_PRIVATE | MAP_32BIT);

	note_path(run, at(run, "file"));
	enter(run);
	must(run, call_32(NR_32_MPROTECT, (long)(intptr_t)code, PAGE, executed.prot) == 0);
}

static void check_mprotect_32(struct run *run)
{
	expect_mmap(run, NR_32_MPROTECT, TC_RECORD_COMPAT, &executed);
}

/* --- through an overlay: the path is that of the merged file, whose layer is mapped --- */

static void act_overlay(struct run *run)
{
	void *memory;
	int fd;

	overlay_directories(run);
	make_file(run, "lower/file", 0644, PAGE);
	overlay_mount(run);
	fd = open("merged/file", O_RDONLY);
	must(run, fd >= 0);
	note_file(run, 0, "merged/file");
	note_path(run, at(run, "merged/file"));
	memory = map(run, fd, PROT_READ, MAP_PRIVATE);
	enter(run);
	map(run, fd, executed.prot, executed.flags);
	must(run, mprotect(memory, PAGE, executed.prot) == 0);
}

static void check_overlay(struct run *run)
{
	expect_mmap(run, SYS_mmap, 0, &executed);
	expect_mmap(run, SYS_mprotect, 0, &executed);
}

#define MAPPING(...) (&(const struct mapping){__VA_ARGS__})

const struct test mmap_tests[] = {
	TEST(mmap_executable, ANY, NULL, act_mmap, check_mmap, .with = &executed),
	TEST(mmap_shared_writable, ANY, NULL, act_mmap, check_mmap, .with = &written),
	TEST(mmap_shared_both, ANY, NULL, act_mmap, check_mmap, .with = &both),
	TEST(mmap_validated, ANY, NULL, act_mmap, check_mmap,
	     .with = MAPPING(PROT_WRITE, SHARED_VALIDATE)),
	TEST(mmap_private_both, ANY, NULL, act_mmap, check_mmap,
	     .with = MAPPING(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_POPULATE)),
	TEST(mmap_ordinary, ANY, NULL, act_ordinary, check_nothing),
	TEST(mprotect, LSM, NULL, act_mprotect, check_mprotect),
	TEST(mprotect_32, LSM, NULL, act_mprotect_32, check_mprotect_32),
	TEST(mmap_overlay, LSM, lacks_overlay, act_overlay, check_overlay),
	{0},
};
