/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outputs: where alerts go besides the journal.
 *
 * An output is a table of operations (struct tc_output_ops) and one row in outputs.def. Its courier
 * (output/courier.h), a thread, reads committed rows of the journal, leaves out what the output is
 * not to tell, formats the others, hands them to the output, and remembers how far they were
 * delivered. So nothing is told before it is on the disk, and no output waits for another.
 */
#ifndef TOCSIN_OUTPUT_OUTPUT_H
#define TOCSIN_OUTPUT_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "agent/buffer.h"
#include "agent/options.h"
#include "output/journal_reader.h"

/* No operation may take longer, but for flush(), which is told how long it may. */
#define TC_OUTPUT_BLOCK_MAX_MS 1000

/*
 * A setting that an output understands: SPEC is NAME or NAME:KEY=VALUE,KEY=VALUE; a comma or a
 * backslash in a value is written \, and \\ .
 */
struct tc_output_key {
	const char *name;   /* "broker"; one that ends in ".*" takes every key that begins so */
	const char *values; /* the words it may be, separated by blanks, the default first; NULL:
			       any text */
	const char *doc;
};

struct tc_output_settings;

/* The value of a setting, or its default; NULL when there is neither. Of an output's own keys and
 * of the common ones. */
const char *tc_output_setting(const struct tc_output_settings *settings, const char *key);

/* Reads a setting that is a duration (in ns), a size (in bytes) or a number; *value stays as it is
 * where none was given. 0; -EINVAL, logged with what would be right. */
int tc_output_setting_number(const struct tc_output_settings *settings, const char *key,
			     enum tc_option_kind kind, uint64_t *value);

/* Returns 0 to go on; anything else ends the walk, which returns it. key is without the prefix. */
typedef int (*tc_output_setting_callback)(const char *key, const char *value, void *context);

/* Calls back for each setting under a prefix ("librdkafka."), in the order they were given. */
int tc_output_settings_with(const struct tc_output_settings *settings, const char *prefix,
			    tc_output_setting_callback callback, void *context);

/* Whether values of a setting must not be shown: passwords and the like. */
bool tc_output_key_is_secret(const char *key);

/* A committed row, formatted for this output. Valid during write(). */
struct tc_message {
	const struct tc_journal_row *row;
	const char *bytes; /* no newline at the end; not terminated */
	size_t length;
};

/*
 * What an output does. Its courier's thread calls all of them, one at a time; but open() is called
 * before the thread starts, and close() after it ended if it never did.
 */
struct tc_output_ops {
	const struct tc_output_key *keys; /* ends with a row whose name is NULL; NULL: none */
	const char *format;		  /* default format; NULL: json */
	bool durable;			  /* goes on where it was when the agent starts again */
	/*
	 * Makes the output's state. 0 or a negative errno, logged. settings are gone afterwards. It
	 * does not need the network: a server that is away is the matter of write().
	 */
	int (*open)(const struct tc_output_settings *settings, void **ret_state);
	/*
	 * Whether open() would take the settings: 0, or a negative errno, logged. Touches nothing
	 * outside of the process. NULL: all that settings.h lets through.
	 */
	int (*check)(const struct tc_output_settings *settings);
	/*
	 * Takes one message; copies what it keeps. 0; -EAGAIN: no room before a flush; other errno:
	 * the connection (or the file) failed. The output logs the first failure in a row, and the
	 * recovery.
	 */
	int (*write)(void *state, const struct tc_message *message);
	/*
	 * Delivers what was taken, and waits for that at most timeout_ms. *ret_seq, set also on
	 * failure: the number of the row up to which every message that was taken since the last
	 * reset is delivered (in the kernel or on the disk as configured, or acknowledged by the
	 * server); 0: none. 0: all are delivered; -EAGAIN: some are on the way, call again; other
	 * errno: failed.
	 */
	int (*flush)(void *state, unsigned timeout_ms, uint64_t *ret_seq);
	/*
	 * write() or flush() failed: forgets all that was taken and not delivered. It is given
	 * again, from the first message on that was not delivered. May close the connection, which
	 * the next write() opens again.
	 */
	void (*reset)(void *state);
	/* What failed last, in words that name the server or the file; valid until the next call.
	 * NULL, or the result NULL: the errno says enough. */
	const char *(*explain)(void *state);
	/* SIGHUP: opens files anew. NULL: there are none. */
	void (*reopen)(void *state);
	/* Frees the state. What was not flushed by now is not delivered. */
	void (*close)(void *state);
};

#define TC_OUTPUT(name, ops, doc) extern const struct tc_output_ops ops;
#include "output/outputs.def"
#undef TC_OUTPUT

/* A row of outputs.def. */
struct tc_output {
	const char *name;
	const struct tc_output_ops *ops;
	const char *doc;
};

/* By its name; NULL when there is none. */
const struct tc_output *tc_output_named(const char *name);
/* The name that is nearest to a wrong one; NULL: none is near. */
const char *tc_output_nearest(const char *name);
/* The output of a SPEC: what stands before its colon. NULL when there is none, logged with what
 * would be right. */
const struct tc_output *tc_output_find(const char *spec);

/*
 * Reads the settings of a SPEC for that output. What is wrong is logged with what would be right:
 * -EINVAL. -ENOMEM. Free them with tc_output_settings_free().
 */
int tc_output_settings_read(const struct tc_output *output, const char *spec,
			    struct tc_output_settings **ret_settings);
/* Appends the SPEC that reads as these settings, with *** in the place of secrets: for people. */
void tc_output_settings_spec(const struct tc_output_settings *settings, struct tc_buffer *spec);
/* Takes NULL. */
void tc_output_settings_free(struct tc_output_settings *settings);

static inline void tc_output_settings_freep(struct tc_output_settings **settings)
{
	tc_output_settings_free(*settings);
}
#define _cleanup_output_settings_ __attribute__((cleanup(tc_output_settings_freep)))

/* Prints the outputs, their settings and those of all, for --help. */
void tc_output_list(FILE *stream);

#endif
