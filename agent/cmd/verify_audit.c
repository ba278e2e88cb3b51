/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cmd/verify_audit.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/log.h"
#include "agent/timestamp.h"
#include "agent/value.h"
#include "output/journal_reader.h"

/* What an agent that writes may make untrue in a moment is believed when it stayed for ten seconds:
 * it tells the journal of segments that went when it next commits. */
#define RETRY_MS 200
#define RETRIES 50

/* --- what the journal knows --- */

struct claims {
	char directory[PATH_MAX]; /* without links, as the agent told it */
	struct tc_audit_claims list;
	bool is_moved;	      /* nothing is known of it: the list is of another directory, */
	char other[PATH_MAX]; /* this one */
	bool has_others;      /* and there are more than that one */
};

static uint64_t number_of(struct json_object *fields, const char *name)
{
	return json_object_get_uint64(json_object_object_get(fields, name));
}

static const char *text_of(struct json_object *fields, const char *name)
{
	return json_object_get_string(json_object_object_get(fields, name)) ?: "";
}

/* Whether a claim is about the directory; of a copy of a log, about the only one that there is. */
static bool is_wanted(struct claims *claims, const char *directory)
{
	if (!claims->is_moved && strcmp(directory, claims->directory) != 0)
		return false;
	if (claims->is_moved && !claims->other[0])
		snprintf(claims->other, sizeof(claims->other), "%s", directory);
	claims->has_others |= claims->is_moved && strcmp(directory, claims->other) != 0;
	return !claims->has_others;
}

/* A tc_journal_row_callback. */
static int add_claim(const struct tc_journal_row *row, void *context)
{
	struct json_object *notice = json_tokener_parse(row->json);
	struct json_object *fields = json_object_object_get(notice, "output_fields");
	struct claims *claims = context;
	struct tc_audit_claim claim = {.began = number_of(fields, "audit.segment"),
				       .ended = number_of(fields, "audit.ended")};
	int error = 0;

	claim.taken_until = number_of(fields, "audit.taken_until");
	claim.has_hash = tc_hash_parse(text_of(fields, "audit.hash"), &claim.hash) == 0;
	if (is_wanted(claims, text_of(fields, "audit.directory")))
		error = tc_audit_claims_append(&claims->list, &claim);
	json_object_put(notice);
	return error;
}

static int read_claims(const char *journal, bool is_there, struct claims *claims)
{
	_cleanup_journal_reader_ struct tc_journal_reader *reader = NULL;
	struct tc_journal_filter filter = TC_JOURNAL_FILTER_ALL;
	int error = tc_journal_reader_open(journal, &reader);

	filter.kind = "audit_segment";
	filter.no_output = true;
	if (error == 0)
		error = tc_journal_reader_query(reader, &filter, add_claim, claims);
	if (error < 0 || claims->list.count || !is_there)
		return error;
	claims->is_moved = true;
	error = tc_journal_reader_query(reader, &filter, add_claim, claims);
	if (claims->has_others)
		tc_audit_claims_done(&claims->list);
	return error;
}

/* What the journal was told of elsewhere is no proof of what is here. */
static void tell_claims(const struct claims *claims, const char *directory)
{
	if (claims->has_others)
		tc_warning("the journal tells of audit logs in other directories, not of %s: its "
			   "segments are not compared with what the journal knows",
			   directory);
	else if (claims->other[0])
		tc_info("%s is compared with what the journal knows of %s", directory,
			claims->other);
}

/* Whether there are segments; a negative errno, when that cannot be known. */
static int find_log(const char *directory, struct claims *claims)
{
	struct tc_audit_files files = {0};
	int error = tc_audit_files_list(directory, &files);
	bool is_there = files.count > 0;

	tc_audit_files_done(&files);
	if (error < 0 && error != -ENOENT)
		return error;
	if (!realpath(directory, claims->directory))
		snprintf(claims->directory, sizeof(claims->directory), "%s", directory);
	return is_there;
}

static int verify_once(const char *directory, const char *journal, bool is_first,
		       struct verify_audit *ret_audit)
{
	struct claims claims = {0};
	int r = find_log(directory, &claims);

	if (r >= 0 && journal) {
		r = read_claims(journal, r, &claims);
		if (is_first)
			tell_claims(&claims, directory);
	}
	*ret_audit = (struct verify_audit){
		.directory = directory,
		.asked_journal = journal,
		.claims = claims.list.count,
	};
	if (r >= 0)
		r = tc_audit_verify(directory, &claims.list, &ret_audit->told);
	tc_audit_claims_done(&claims.list);
	return r;
}

int verify_audit(const char *directory, const char *journal, struct verify_audit *ret_audit)
{
	const struct timespec pause = {.tv_nsec = RETRY_MS * 1000000};
	int r = verify_once(directory, journal, true, ret_audit);

	for (unsigned i = 0; i < RETRIES && r >= 0 && ret_audit->told.may_pass; i++) {
		nanosleep(&pause, NULL);
		r = verify_once(directory, journal, false, ret_audit);
	}
	return r;
}

/* --- for people --- */

static void print_times(const struct tc_audit_verification *told)
{
	char since[TC_TIMESTAMP_BYTES], until[TC_TIMESTAMP_BYTES];

	tc_timestamp_utc(told->since_ns, since);
	tc_timestamp_utc(told->until_ns, until);
	printf("segments   %" PRIu64 ", %" PRIu64 " to %" PRIu64 ", %" PRIu64
	       " bytes; the log began anew %" PRIu64 " time%s\n",
	       told->segments, told->first, told->last, told->bytes, told->beginnings,
	       told->beginnings == 1 ? "" : "s");
	printf("records    %" PRIu64 ", %s to %s\n", told->records, since, until);
}

static void print_proof(const struct verify_audit *audit)
{
	const struct tc_audit_verification *told = &audit->told;
	char hash[TC_HASH_LENGTH + 1];

	if (told->taken_until)
		printf("retention  took segments up to %" PRIu64 "\n", told->taken_until);
	if (told->torn)
		printf("torn       %" PRIu64 " segment%s in the middle of a block, where the agent "
		       "was killed or the power failed\n",
		       told->torn, told->torn == 1 ? " ends" : "s end");
	if (audit->asked_journal)
		printf("journal    tells %zu times of segments of this log\n", audit->claims);
	if (!told->segments)
		return;
	tc_hash_print(&told->head, hash);
	if (told->is_open)
		printf("open       segment %" PRIu64 " has no end yet: no hash proves it\n",
		       told->last);
	else
		printf("head       %s (segment %" PRIu64 ")\n", hash, told->last);
}

void verify_audit_print(const struct verify_audit *audit)
{
	const struct tc_audit_verification *told = &audit->told;
	_cleanup_buffer_ struct tc_buffer text = {0};

	tc_text_escape(&text, audit->directory, strlen(audit->directory));
	tc_buffer_add_string(&text, told->message[0] ? ": NOT whole: " : ": whole");
	tc_text_escape(&text, told->message, strlen(told->message));
	if (!tc_buffer_failed(&text))
		puts(text.bytes);
	if (told->segments)
		print_times(told);
	print_proof(audit);
}

/* --- JSON --- */

static void write_finding(struct tc_json *json, const struct tc_audit_verification *told)
{
	tc_json_key(json, "finding");
	if (!told->message[0]) {
		tc_json_null(json);
		return;
	}
	tc_json_object_begin(json);
	tc_json_key(json, "segment");
	tc_json_uint(json, told->segment);
	tc_json_key(json, "message");
	tc_json_bytes(json, told->message, strlen(told->message));
	tc_json_object_end(json);
}

static void write_numbers(struct tc_json *json, const struct verify_audit *audit)
{
	const struct tc_audit_verification *told = &audit->told;
	const struct {
		const char *key;
		uint64_t number;
	} rows[] = {
		{"segments", told->segments},
		{"first", told->first},
		{"last", told->last},
		{"records", told->records},
		{"bytes", told->bytes},
		{"taken_until", told->taken_until},
		{"beginnings", told->beginnings},
		{"torn", told->torn},
		{"claims", audit->claims},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		tc_json_key(json, rows[i].key);
		tc_json_uint(json, rows[i].number);
	}
}

void verify_audit_json(const struct verify_audit *audit, struct tc_json *json)
{
	const struct tc_audit_verification *told = &audit->told;
	char hash[TC_HASH_LENGTH + 1];

	tc_json_object_begin(json);
	tc_json_key(json, "directory");
	tc_json_bytes(json, audit->directory, strlen(audit->directory));
	tc_json_key(json, "whole");
	tc_json_bool(json, !told->message[0]);
	write_finding(json, told);
	write_numbers(json, audit);
	if (told->segments) {
		verify_write_time(json, "since", told->since_ns);
		verify_write_time(json, "until", told->until_ns);
	}
	tc_json_key(json, "head");
	tc_hash_print(&told->head, hash);
	if (told->is_open || !told->segments)
		tc_json_null(json);
	else
		tc_json_string(json, hash);
	tc_json_object_end(json);
}
