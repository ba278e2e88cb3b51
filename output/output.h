/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Outputs: where alerts go besides the journal. The pipeline writes an alert to each output,
 * commits the journal, and then flushes the outputs: nothing is told before it is committed. An
 * output tells only what a flush came for.
 */
#ifndef TOCSIN_OUTPUT_OUTPUT_H
#define TOCSIN_OUTPUT_OUTPUT_H

#include <stddef.h>
#include <stdio.h>

#include "output/alert.h"

/* A setting that an output understands: SPEC is NAME or NAME:KEY=VALUE,KEY=VALUE. */
struct tc_output_key {
	const char *name;
	const char *values; /* the words it may be, separated by blanks, the default first; NULL:
			       any text */
	const char *doc;
};

/* The settings of one output, in the order of its keys. */
struct tc_output_settings {
	const struct tc_output_key *keys;
	char *const *values; /* NULL where nothing was given */
};

/* The value of a setting, or its default; NULL when there is neither. */
const char *tc_output_setting(const struct tc_output_settings *settings, const char *key);

/* What an output does. One row in outputs.def names it. */
struct tc_output_ops {
	const struct tc_output_key
		*keys; /* ends with a row whose name is NULL; NULL: there are none */
	/* Makes the output's state. 0 or a negative errno, logged. settings are gone afterwards. */
	int (*open)(const struct tc_output_settings *settings, void **ret_state);
	/*
	 * Takes an alert to be told at the next flush; keeps what it needs of it. 0 or a negative
	 * errno. An alert that cannot be taken is counted and logged by the output itself.
	 */
	int (*write)(void *state, const struct tc_alert *alert);
	/*
	 * All that was taken is committed: tells it. 0; -EAGAIN: the reader is slow, the rest stays
	 * for the next flush; other errors, logged by the output itself.
	 */
	int (*flush)(void *state);
	/*
	 * Tells what flushes left, if that does not take long. What was taken behind the last flush
	 * was never committed: it is not told. Logs how many alerts were not told, and frees the
	 * state.
	 */
	void (*close)(void *state);
};

#define TC_OUTPUT(name, ops, doc) extern const struct tc_output_ops ops;
#include "output/outputs.def"
#undef TC_OUTPUT

struct tc_output;

/*
 * Opens an output. -EINVAL for an unknown name, key or value (what would be right is logged),
 * -ENOMEM, or the output's own error, logged.
 */
int tc_output_open(const char *spec, struct tc_output **ret_output);
/*
 * An output of operations that need not be in the table, on a state that they know and close()
 * frees. 0 or -ENOMEM; then the state is still the caller's.
 */
int tc_output_attach(const char *spec, const struct tc_output_ops *ops, void *state,
		     struct tc_output **ret_output);
/* The specification that it was opened with. */
const char *tc_output_spec(const struct tc_output *output);
int tc_output_write(struct tc_output *output, const struct tc_alert *alert);
int tc_output_flush(struct tc_output *output);
/* Takes NULL. */
void tc_output_close(struct tc_output *output);

/* Prints the outputs and their settings, for --help. */
void tc_output_list(FILE *stream);

#endif
