/* SPDX-License-Identifier: Apache-2.0 */
/* tocsin verify: are the journal and the audit log what the agent wrote? */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/cmd/cmd.h"
#include "agent/cmd/verify_audit.h"
#include "agent/log.h"
#include "agent/value.h"
#include "output/format/json_writer.h"
#include "agent/timestamp.h"
#include "output/journal.h"
#include "output/journal_verify.h"

struct verify_options {
	const char *journal, *audit, *head; /* of journal and audit NULL: not that */
	bool json;
	bool any_audit; /* none was named: whether there is a log is to be found out */
};

/* What was found out. */
struct answer {
	struct tc_verification journal;
	struct verify_audit audit;
};

static int parse(struct verify_options *options, int argc, char **argv)
{
	const struct tc_option rows[] = {
		{"journal", 'j', TC_OPTION_STRING, "FILE", &options->journal,
		 "database to verify (" TC_JOURNAL_DEFAULT_PATH ")"},
		{"audit", 'a', TC_OPTION_STRING, "DIRECTORY", &options->audit,
		 "audit log to verify; without --journal, it alone (" TC_AUDIT_DEFAULT_DIRECTORY
		 ", if there is one or the journal knows of one)"},
		{"head", 0, TC_OPTION_STRING, "HASH", &options->head,
		 "a head that was noted earlier, and must be in the chain still"},
		{"json", 0, TC_OPTION_FLAG, NULL, &options->json, "print one JSON object"},
		{0},
	};
	const struct tc_usage usage = {
		.command = "verify",
		.synopsis = "[OPTION]...",
		.doc = "Recomputes the chain of the journal and names the first row that was "
		       "changed, removed, inserted or swapped, or that the end was cut off. Prints "
		       "the head of the chain: note it where nobody who can write the journal can "
		       "write, and give it to --head later. Of an audit log it looks at every "
		       "block, at the hashes by which segments name each other, and at those that "
		       "the journal was told. Exits with 0 when all is whole, 1 when not.",
		.options = rows,
	};
	int code = tc_options_parse(&usage, argc, argv, NULL);

	if (options->journal || options->audit)
		return code;
	options->journal = TC_JOURNAL_DEFAULT_PATH;
	options->audit = TC_AUDIT_DEFAULT_DIRECTORY;
	options->any_audit = true;
	return code;
}

static int usage_error(const char *why)
{
	fprintf(stderr, "tocsin verify: --head: %s\n", why);
	return TC_EXIT_USAGE;
}

static int read_head(const struct verify_options *options, struct tc_hash *ret_head)
{
	if (!options->head)
		return -1;
	if (!options->journal)
		return usage_error("it is that of a journal: name it by --journal");
	if (tc_hash_parse(options->head, ret_head) == 0)
		return -1;
	return usage_error("not the hash of a row: 64 hexadecimal digits, as tocsin verify prints "
			   "them");
}

/* --- for people --- */

/* Text of the command line or the database: no byte of it must reach a terminal as it is. */
static void print_escaped(const char *text)
{
	_cleanup_buffer_ struct tc_buffer escaped = {0};

	tc_text_escape(&escaped, text, strlen(text));
	if (escaped.length && !tc_buffer_failed(&escaped))
		fputs(escaped.bytes, stdout);
}

static void print_rows(const struct tc_verification *told)
{
	char since[TC_TIMESTAMP_BYTES], until[TC_TIMESTAMP_BYTES];

	if (!told->rows) {
		printf("rows       none\n");
		return;
	}
	tc_timestamp_utc(told->since_ns, since);
	tc_timestamp_utc(told->until_ns, until);
	printf("rows       %llu, %lld to %lld, of %llu boot%s\n", (unsigned long long)told->rows,
	       (long long)told->first_seq, (long long)told->last_seq,
	       (unsigned long long)told->boots, told->boots == 1 ? "" : "s");
	printf("time       %s to %s\n", since, until);
}

static void print_origin(const struct tc_verification *told)
{
	printf("chain      begins behind row %lld", (long long)told->origin_seq);
	if (told->unchained)
		printf("; the %llu rows before it were written by a Tocsin without a chain",
		       (unsigned long long)told->unchained);
	if (told->predecessor[0]) {
		printf("; it follows one that was ");
		print_escaped(told->reason);
		printf(" (set aside as ");
		print_escaped(told->predecessor);
		putchar(')');
	}
	putchar('\n');
}

static void print_marks(const struct tc_verification *told)
{
	char time[TC_TIMESTAMP_BYTES], hash[TC_HASH_LENGTH + 1];

	if (told->checkpoints) {
		tc_timestamp_utc(told->taken_ns, time);
		printf("retention  %llu rows taken by %llu checkpoint%s, up to row %lld at %s",
		       (unsigned long long)told->taken, (unsigned long long)told->checkpoints,
		       told->checkpoints == 1 ? "" : "s", (long long)told->taken_seq, time);
		if (told->undelivered)
			printf("; %llu of them not delivered",
			       (unsigned long long)told->undelivered);
		putchar('\n');
	}
	if (told->has_head) {
		tc_timestamp_utc(told->head_ns, time);
		tc_hash_print(&told->head, hash);
		printf("head       %s (row %lld, at %s)\n", hash, (long long)told->head_seq, time);
	}
	if (told->noted_found)
		printf("noted      the head that was noted is that of row %lld\n",
		       (long long)told->noted_seq);
}

static void print_text(const struct verify_options *options, const struct tc_verification *told)
{
	print_escaped(options->journal);
	if (told->finding == TC_FINDING_NONE) {
		printf(": whole\n");
	} else {
		printf(": NOT whole: ");
		print_escaped(told->message);
		putchar('\n');
	}
	print_rows(told);
	if (told->reason[0])
		print_origin(told);
	print_marks(told);
}

/* --- JSON --- */

void verify_write_time(struct tc_json *json, const char *key, uint64_t time_ns)
{
	char time[TC_TIMESTAMP_BYTES];

	tc_timestamp_utc(time_ns, time);
	tc_json_key(json, key);
	tc_json_string(json, time);
}

static void write_number(struct tc_json *json, const char *key, int64_t number)
{
	tc_json_key(json, key);
	tc_json_int(json, number);
}

static void write_string(struct tc_json *json, const char *key, const char *text)
{
	tc_json_key(json, key);
	if (text[0])
		tc_json_bytes(json, text, strlen(text));
	else
		tc_json_null(json);
}

static void write_finding(struct tc_json *json, const struct tc_verification *told)
{
	tc_json_key(json, "finding");
	if (told->finding == TC_FINDING_NONE) {
		tc_json_null(json);
		return;
	}
	tc_json_object_begin(json);
	write_string(json, "kind", tc_finding_name(told->finding));
	write_number(json, "seq", told->seq);
	write_number(json, "until_seq", told->until_seq);
	write_string(json, "message", told->message);
	tc_json_object_end(json);
}

static void write_rows(struct tc_json *json, const struct tc_verification *told)
{
	write_number(json, "rows", (int64_t)told->rows);
	write_number(json, "unchained", (int64_t)told->unchained);
	write_number(json, "boots", (int64_t)told->boots);
	if (!told->rows)
		return;
	write_number(json, "first_seq", told->first_seq);
	write_number(json, "last_seq", told->last_seq);
	verify_write_time(json, "since", told->since_ns);
	verify_write_time(json, "until", told->until_ns);
}

static void write_marks(struct tc_json *json, const struct tc_verification *told)
{
	char hash[TC_HASH_LENGTH + 1];

	tc_json_key(json, "origin");
	tc_json_object_begin(json);
	write_number(json, "seq", told->origin_seq);
	write_string(json, "reason", told->reason);
	write_string(json, "predecessor", told->predecessor);
	tc_json_object_end(json);
	tc_json_key(json, "retention");
	tc_json_object_begin(json);
	write_number(json, "checkpoints", (int64_t)told->checkpoints);
	write_number(json, "seq", told->taken_seq);
	write_number(json, "rows", (int64_t)told->taken);
	write_number(json, "undelivered", (int64_t)told->undelivered);
	if (told->checkpoints)
		verify_write_time(json, "time", told->taken_ns);
	tc_json_object_end(json);
	tc_json_key(json, "head");
	if (!told->has_head) {
		tc_json_null(json);
		return;
	}
	tc_hash_print(&told->head, hash);
	tc_json_object_begin(json);
	write_number(json, "seq", told->head_seq);
	write_string(json, "hash", hash);
	verify_write_time(json, "time", told->head_ns);
	write_string(json, "boot_id", told->head_boot_id);
	tc_json_object_end(json);
}

static void write_journal(struct tc_json *json, const struct verify_options *options,
			  const struct tc_verification *told)
{
	write_string(json, "journal", options->journal);
	tc_json_key(json, "whole");
	tc_json_bool(json, told->finding == TC_FINDING_NONE);
	write_finding(json, told);
	write_rows(json, told);
	write_marks(json, told);
	if (told->noted_found)
		write_number(json, "noted_seq", told->noted_seq);
}

/* 0 or -ENOMEM. */
static int print_json(const struct verify_options *options, const struct answer *answer)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	_cleanup_json_ struct tc_json json = {.buffer = &text};

	tc_json_object_begin(&json);
	if (options->journal)
		write_journal(&json, options, &answer->journal);
	if (options->audit) {
		tc_json_key(&json, "audit");
		verify_audit_json(&answer->audit, &json);
	}
	tc_json_object_end(&json);
	if (tc_buffer_failed(&text))
		return -ENOMEM;
	puts(text.bytes);
	return 0;
}

static int print(const struct verify_options *options, const struct answer *answer)
{
	if (options->json)
		return print_json(options, answer);
	if (options->journal)
		print_text(options, &answer->journal);
	if (options->journal && options->audit)
		putchar('\n');
	if (options->audit)
		verify_audit_print(&answer->audit);
	return 0;
}

/* 0, also when there is no log and need not be; or a negative errno, told. The answer about the
 * journal does not depend on it. */
static int ask_audit(struct verify_options *options, struct answer *answer)
{
	const char *directory = options->audit;
	int error = verify_audit(directory, options->journal, &answer->audit);

	if (error == 0)
		return 0;
	options->audit = NULL;
	if (options->any_audit && (error == -ENODATA || error == -ENOENT))
		return 0;
	if (error != -ENODATA)
		return tc_error_return(error, "cannot read the audit log %s", directory);
	tc_error("no audit log: %s has no segments", directory);
	return error;
}

int tc_cmd_verify(int argc, char **argv)
{
	struct verify_options options = {0};
	struct answer answer = {0};
	struct tc_hash head;
	int code = parse(&options, argc, argv);
	int error = 0;
	bool whole;

	if (code < 0)
		code = read_head(&options, &head);
	if (code >= 0)
		return code;
	if (options.journal &&
	    tc_journal_verify(options.journal, options.head ? &head : NULL, &answer.journal))
		return TC_EXIT_ENVIRONMENT;
	if (options.audit)
		error = ask_audit(&options, &answer);
	if ((options.journal || options.audit) && print(&options, &answer))
		return TC_EXIT_ENVIRONMENT;
	if (error < 0)
		return TC_EXIT_ENVIRONMENT;
	whole = answer.journal.finding == TC_FINDING_NONE && !answer.audit.told.message[0];
	return whole ? TC_EXIT_GOOD : TC_EXIT_NO;
}
