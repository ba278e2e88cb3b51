/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How far each output has come in the journal: a SQLite database beside the journal (outputs.db for
 * journal.db). Couriers write it, `tocsin status` reads it.
 */
#ifndef TOCSIN_OUTPUT_CURSORS_H
#define TOCSIN_OUTPUT_CURSORS_H

#include <stdbool.h>
#include <stdint.h>

#include "output/chain.h"

/* PRAGMA application_id ("TOCO") and user_version of the database. */
#define TC_CURSORS_APPLICATION_ID 0x544f434f
#define TC_CURSORS_SCHEMA_VERSION 2

struct tc_cursors;

/* The state of one output. Strings belong to whoever fills it. */
struct tc_cursor {
	const char *name;
	const char *spec;
	bool durable;	      /* the output goes on from seq when the agent starts again */
	bool active;	      /* the agent that wrote last has this output */
	uint64_t seq;	      /* it goes on behind this row: all up to it are done with */
	uint64_t reached_seq; /* delivered or left out up to here; rows behind seq are counted, and
			       * their count is to be told */
	uint64_t updated_ns;  /* since the epoch */
	const char *error;    /* what failed last; NULL: nothing so far */
	uint64_t error_ns;    /* when, since the epoch; 0: never */
	uint64_t errors;      /* failures in a row; 0: it works */
	uint64_t delivered, suppressed; /* messages, and rows that a limit kept back; ever */
	const struct tc_hash *journal;	/* whose rows the numbers are: the hash of its origin; NULL:
					   not known */
};

/* The database that belongs to a journal; heap memory, NULL when memory is out. */
char *tc_cursors_path(const char *journal_path);

/*
 * Opens the database of a journal, whose lock the caller has, for writing; makes it when it is
 * missing. One that is damaged is set aside, and *ret_lost tells that positions are lost. 0 or a
 * negative errno, logged.
 */
int tc_cursors_open(const char *journal_path, struct tc_cursors **ret_cursors, bool *ret_lost);
/* For reading. -ENOENT, not logged, when there is none. */
int tc_cursors_open_readonly(const char *journal_path, struct tc_cursors **ret_cursors);
/* Takes NULL. */
void tc_cursors_close(struct tc_cursors *cursors);

/* All outputs are those of an earlier agent from now on, until tc_cursors_put(). */
int tc_cursors_retire(struct tc_cursors *cursors);
/* Stores one; any thread. 0 or a negative errno; the first failure in a row is logged. */
int tc_cursors_put(struct tc_cursors *cursors, const struct tc_cursor *cursor);

/* Returns 0 to go on; anything else ends the walk, which returns it. */
typedef int (*tc_cursor_callback)(const struct tc_cursor *cursor, void *context);
/* Calls back for each, ordered by name; name: only that one; NULL: all. 0, what the callback
 * returned, or a negative errno, logged. */
int tc_cursors_each(struct tc_cursors *cursors, const char *name, tc_cursor_callback callback,
		    void *context);

#endif
