/* SPDX-License-Identifier: Apache-2.0 */
/* The reading side of the journal. Reads while an agent writes, and never stops it. */
#ifndef TOCSIN_OUTPUT_JOURNAL_READER_H
#define TOCSIN_OUTPUT_JOURNAL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/chain.h"
#include "rules/rules.h"

struct tc_journal_reader;

/* A row of the journal. Strings are NUL-terminated and NULL where there is no value; valid during
 * the callback. */
struct tc_journal_row {
	uint64_t seq;
	const char *uuid;
	uint64_t time_ns; /* since the epoch */
	const char *boot_id;
	const char *rule; /* NULL: a notice */
	enum tc_priority priority;
	const char *kind;
	bool has_cgroup_id, has_pid;
	uint64_t cgroup_id;
	const char *cgroup_path;
	const char *container_id;
	uint32_t pid;
	uint64_t start_ns; /* since boot; 0 when there is none */
	const char *comm;
	const char *exe;
	const char *output; /* the line for people; NULL when the JSON is damaged */
	const char *json;
};

/* Whether a row is wanted; must not block. */
typedef bool (*tc_journal_judge)(const char *json, void *context);

/*
 * What rows to give; zero-initialised, but for max_priority, is all of them. Of strings NULL means
 * all; they are raw bytes, as the kernel tells them.
 */
struct tc_journal_filter {
	uint64_t after_seq; /* only rows with a higher number */
	uint64_t seq;	    /* only this row; 0: all */
	const char *uuid;   /* the same */
	uint64_t since_ns,
		until_ns; /* of the event, since the epoch, both included; until_ns 0: no end */
	const char *const *rules; /* globs with * ? [...], n_rules of them, one of which is to
				     match; none: all rows, notices too */
	size_t n_rules;
	enum tc_priority max_priority; /* this one and all that are more urgent (lower) */
	const char *kind;
	uint64_t kinds; /* one of these, as TC_KIND_BIT; 0: all */
	bool by_cgroup_id, by_pid;
	uint64_t cgroup_id;
	const char *cgroup_path; /* this cgroup and those below it */
	const char *unit;	 /* cgroups of this name (ssh.service, user.slice) and below */
	const char *container;	 /* its name, or the beginning of its id */
	const char *exe;
	const char *process; /* the name of the process or of its executable's file */
	uint32_t pid;
	tc_journal_judge judge; /* NULL: all; asked last, in any order */
	void *judge_context;
	uint64_t limit;	   /* the newest so many of the rows that match; 0: all */
	bool newest_first; /* otherwise in the order of their numbers */
	bool no_output;	   /* rows need not have their output */
};

/* Every row. */
#define TC_JOURNAL_FILTER_ALL ((struct tc_journal_filter){.max_priority = TC_PRIORITY_DEBUG})

/*
 * Opens the journal for reading. What is wrong is logged. -ENOENT when there is none, -EACCES, and
 * the errors of tc_journal_open().
 */
int tc_journal_reader_open(const char *path, struct tc_journal_reader **ret_reader);

/* Returns 0 to go on; anything else ends the query, which returns it. */
typedef int (*tc_journal_row_callback)(const struct tc_journal_row *row, void *context);

/* Whether the file is no longer where it was, or another one is there. */
bool tc_journal_reader_is_replaced(const struct tc_journal_reader *reader);

/*
 * Calls back for each row that matches. 0, what the callback returned, or a negative errno, logged.
 * The callback may block as long as it likes: nothing of the journal is held meanwhile. Rows that
 * come or go during the query may be given or not.
 */
int tc_journal_reader_query(struct tc_journal_reader *reader,
			    const struct tc_journal_filter *filter,
			    tc_journal_row_callback callback, void *context);

/* Counts the rows that match; limit means nothing. 0 or a negative errno, logged. */
int tc_journal_reader_count(struct tc_journal_reader *reader,
			    const struct tc_journal_filter *filter, uint64_t *ret_count);

/* tc_journal_reader_next() gives no further row when those it has hold so many bytes. */
#define TC_JOURNAL_NEXT_BYTES (1024 * 1024)

/*
 * Calls back for rows with a number above after_seq, in order: for at most max_rows, and for fewer
 * where they are large (but for one, if there is any). *ret_more: there are more behind them.
 * 0, what the callback returned, or a negative errno, logged. All rows were copied before the first
 * call: the callback may block as long as it likes, and they stay valid until the reader is used
 * again.
 */
int tc_journal_reader_next(struct tc_journal_reader *reader, uint64_t after_seq, size_t max_rows,
			   tc_journal_row_callback callback, void *context, bool *ret_more);

/*
 * The number behind which every row lies whose time is time_ns (since the epoch) or later: one less
 * than the first such row's, or that of the last row when there is none. Where the clock was set
 * back, rows of an earlier time may lie behind it as well. 0 or a negative errno, logged.
 */
int tc_journal_reader_find_time(struct tc_journal_reader *reader, uint64_t time_ns,
				uint64_t *ret_seq);

/* The highest number that was committed; 0 when there is no row. 0 or a negative errno, logged. */
int tc_journal_reader_last_seq(struct tc_journal_reader *reader, uint64_t *ret_seq);

/* The end of the chain, as the last commit noted it. */
struct tc_journal_head {
	uint64_t seq;	  /* of the row whose hash it is; 0: there is none */
	uint64_t time_ns; /* of the commit, since the epoch */
	struct tc_hash hash;
};

/* Not verified: what the journal says. 0 or a negative errno, logged. */
int tc_journal_reader_head(struct tc_journal_reader *reader, struct tc_journal_head *ret_head);

/* Where the chain begins: no two journals have the same. */
struct tc_journal_beginning {
	uint64_t seq; /* the number behind which its rows are */
	struct tc_hash hash;
	bool known; /* false: it has no chain yet */
};

/* Not verified: what the journal says. 0 or a negative errno, logged. */
int tc_journal_reader_beginning(struct tc_journal_reader *reader,
				struct tc_journal_beginning *ret_beginning);

/* Takes NULL. */
void tc_journal_reader_close(struct tc_journal_reader *reader);

static inline void tc_journal_reader_closep(struct tc_journal_reader **reader)
{
	tc_journal_reader_close(*reader);
}
#define _cleanup_journal_reader_ __attribute__((cleanup(tc_journal_reader_closep)))

#endif
