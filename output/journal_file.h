/* SPDX-License-Identifier: Apache-2.0 */
/* The journal as a file of one agent: found, judged safe, locked, missed, set aside. */
#ifndef TOCSIN_OUTPUT_JOURNAL_FILE_H
#define TOCSIN_OUTPUT_JOURNAL_FILE_H

#include <stdbool.h>
#include <sys/types.h>

struct tc_journal_file {
	char *path;   /* as given: for messages */
	char *real;   /* the same file by a path without symbolic links */
	int lock_fd;  /* of FILE.lock; -1: not claimed */
	dev_t device; /* of the database, when it was made or found */
	ino_t inode;
};

/*
 * Makes directory and file where they are missing, looks whether both are safe, and locks the file
 * against other agents. 0 or an error of tc_journal_open(), logged. To be released in either case.
 */
int tc_journal_file_claim(struct tc_journal_file *file, const char *path);
void tc_journal_file_release(struct tc_journal_file *file);

/* Makes the file of a claimed path, and that of its lock, when it is missing. 0 or a negative
 * errno, logged. */
int tc_journal_file_make(struct tc_journal_file *file);

/* What became of the file that was made or found. */
enum tc_journal_file_state {
	TC_JOURNAL_FILE_THERE,
	TC_JOURNAL_FILE_REMOVED,  /* there is nothing of that name */
	TC_JOURNAL_FILE_REPLACED, /* there is something else */
};

enum tc_journal_file_state tc_journal_file_state(const struct tc_journal_file *file);

/* Whether what SQLite does not take for a database was a journal once, and may be set aside: its
 * header still says so, or is nothing but zeros, as after a power cut. */
bool tc_journal_file_is_ours(const struct tc_journal_file *file);

/*
 * Renames what has the name of the database, and what SQLite keeps beside it, to FILE.WHY-TIME
 * (heap memory): WHY is damaged, removed (only what was beside it may be there) or replaced. No
 * connection for writing may be open. 0 or a negative errno, logged.
 */
int tc_journal_file_set_aside(const struct tc_journal_file *file, const char *why, char **ret_name);

#endif
