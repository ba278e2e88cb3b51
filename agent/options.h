/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Command line options as tables: the table gives the parser, --help and the man page.
 */
#ifndef TOCSIN_AGENT_OPTIONS_H
#define TOCSIN_AGENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Exit codes of every subcommand. */
enum tc_exit_code {
	TC_EXIT_GOOD = 0,
	TC_EXIT_NO = 1,		 /* the answer is no: invalid, mismatch */
	TC_EXIT_USAGE = 2,	 /* the command line is wrong */
	TC_EXIT_ENVIRONMENT = 3, /* the host lacks something: told which */
};

enum tc_option_kind {
	TC_OPTION_FLAG,	    /* bool *target: set to true */
	TC_OPTION_STRING,   /* const char **target: points into argv */
	TC_OPTION_STRINGS,  /* struct tc_strings *target: may be given more than once */
	TC_OPTION_DURATION, /* uint64_t *target: nanoseconds; "90", "90s", "5m", "2h", "7d", "250ms"
			     */
	TC_OPTION_SIZE,	    /* uint64_t *target: bytes; "4096", "64K", "8M", "1G" */
	TC_OPTION_NUMBER,   /* uint64_t *target */
};

/* A list of strings that point into argv. items is heap memory. */
struct tc_strings {
	const char **items;
	size_t count;
};

struct tc_option {
	const char *name; /* long name without -- */
	char letter;	  /* short name, or 0 */
	enum tc_option_kind kind;
	const char *value; /* placeholder in --help: FILE, DURATION ...; NULL for flags */
	void *target;
	const char *doc;
};

/* A subcommand's command line. */
struct tc_usage {
	const char *command;		       /* "check" */
	const char *synopsis;		       /* "[OPTION]... PATH..." */
	const char *doc;		       /* one or more sentences */
	const struct tc_option *options;       /* ends with a row whose name is NULL */
	size_t positional_min, positional_max; /* SIZE_MAX: no bound */
	void (*more)(FILE *stream); /* prints what --help says behind the options; NULL */
};

/*
 * Reads argv (argv[0] is the subcommand's name). --help prints the usage on standard output.
 *
 * Returns -1 when the subcommand goes on; otherwise the exit code to leave with: TC_EXIT_GOOD after
 * --help, TC_EXIT_USAGE after a mistake, which was told. On -1 *ret_positional are the other
 * arguments (heap memory, to be freed by the caller with free(ret_positional->items));
 * ret_positional is NULL where there can be none.
 */
int tc_options_parse(const struct tc_usage *usage, int argc, char **argv,
		     struct tc_strings *ret_positional);

/* --help calls back instead of printing, for those who want to know all options; NULL: no longer.
 */
typedef void (*tc_usage_callback)(const struct tc_usage *usage, void *context);
void tc_options_divert_help(tc_usage_callback callback, void *context);

/* Appends to a list. 0 or -ENOMEM. */
int tc_strings_add(struct tc_strings *strings, const char *string);
/* Reads a value of one of the kinds that are numbers. 0, -EINVAL for a malformed one, -ERANGE when
 * it does not fit. */
int tc_parse_number(enum tc_option_kind kind, const char *text, uint64_t *ret_number);
/* Reads a rate, "10/1m": so many in a span, both above 0. 0 or -EINVAL. */
int tc_parse_rate(const char *text, uint64_t *ret_count, uint64_t *ret_span_ns);
/* What such a value is, for messages: "a size such as 4096, 64K, 8M or 1G". */
const char *tc_number_wanted(enum tc_option_kind kind);
/* Reads a duration into nanoseconds. 0, -EINVAL for a malformed one, -ERANGE when it does not fit.
 */
int tc_parse_duration(const char *text, unsigned long long *ret_ns);
/* The word nearest to a wrong one (see agent/nearest.h), or NULL. */
const char *tc_nearest_word(const char *word, const char *const *words, size_t count);

#endif
