/* SPDX-License-Identifier: Apache-2.0 */
/* Expectations that the tests of files share. */
#ifndef TOCSIN_TESTS_EVENTS_FILE_H
#define TOCSIN_TESTS_EVENTS_FILE_H

#include "tests/events/harness.h"

/* The kernel adds it to every open(2) of a 64-bit program; the C library's constant is 0. */
#define KERNEL_O_LARGEFILE 0100000U

/* How an event of the file family came about. */
struct by {
	int syscall;
	uint32_t flags;	       /* TC_RECORD_* */
	const struct who *who; /* NULL: the child */
	const char *raw_path;  /* of an open, where it is told; NULL: it is not */
};

/* The next open (or open_read) record: of run->notes->file[index], with these open(2) flags, under
 * that path. The file was there before. */
void expect_open(struct run *run, enum tc_kind kind, struct by by, unsigned index,
		 uint32_t open_flags, const char *path, uint32_t path_flags);
/* The next create record: below run->notes->file[index]. mode holds the type. */
void expect_create(struct run *run, struct by by, unsigned index, mode_t mode, uint32_t rdev,
		   const char *path);
void expect_truncate(struct run *run, struct by by, unsigned index, const char *path);
void expect_mkdir(struct run *run, struct by by, unsigned index, mode_t mode, const char *path);
/* The next unlink or rmdir record. */
void expect_unlink(struct run *run, enum tc_kind kind, struct by by, unsigned index,
		   const char *path);
/* The next rename record; flags: those of renameat2(2). */
void expect_rename(struct run *run, struct by by, unsigned index, uint32_t flags, bool replaced,
		   const char *oldpath, const char *newpath);

#endif
