/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: segments that follow each other, what is proven of them, and what happens when
 * they cannot be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "recording/audit.h"
#include "recording/audit_verify.h"
#include "recording/past.h"
#include "recording/series.h"
#include "recording/tap.h"
#include "tests/unit/agent/make_record.h"
#include "tests/unit/recording/observer.h"

#define PATIENCE_S 120

static const struct tc_recorder_about about = {.kinds = TC_KIND_BIT(TC_KIND_open)};

struct log {
	char directory[32];
	struct tc_audit_options options;
	struct tc_audit *audit;
	struct observer live;
	unsigned n; /* records so far */
	struct tc_audit_claims claims;
};

static void log_make(struct log *log)
{
	*log = (struct log){.directory = "/tmp/tocsin-audit-XXXXXX"};
	assert_non_null(mkdtemp(log->directory));
	log->options = (struct tc_audit_options){
		.directory = log->directory,
		.segment_bytes = UINT64_MAX,
		.segment_age_ns = 1,
		.retry_ns = 1,
	};
}

/* An agent starts. */
static void log_start(struct log *log)
{
	assert_int_equal(tc_audit_open(&log->options, &log->audit), 0);
	observer_make(&log->live,
		      tc_tap_new(tc_host_new("", 0), tc_audit_sink(log->audit), &about));
	tc_audit_set_world(log->audit, &log->live.world);
}

static void note_claim(struct log *log, const struct tc_audit_report *report)
{
	struct tc_audit_claim claim = {.began = report->segment,
				       .ended = report->ended,
				       .taken_until = report->taken_until};

	claim.has_hash = tc_hash_parse(report->hash, &claim.hash) == 0;
	assert_int_equal(tc_audit_claims_append(&log->claims, &claim), 0);
}

static void log_stop(struct log *log)
{
	struct tc_audit_report report;

	tc_audit_stop(log->audit);
	while (tc_audit_take_report(log->audit, &report))
		note_claim(log, &report);
	tc_audit_free(log->audit);
	observer_done(&log->live);
}

static void log_remove(struct log *log)
{
	char path[PATH_MAX];
	const struct dirent *entry;
	DIR *directory = opendir(log->directory);

	assert_non_null(directory);
	while ((entry = readdir(directory)) != NULL) {
		snprintf(path, sizeof(path), "%s/%s", log->directory, entry->d_name);
		if (entry->d_name[0] != '.')
			assert_int_equal(unlink(path), 0);
	}
	closedir(directory);
	assert_int_equal(rmdir(log->directory), 0);
	tc_audit_claims_done(&log->claims);
}

static int take(void *audit, const void *bytes, size_t size)
{
	tc_audit_take(audit, bytes, size);
	return 0;
}

/* One more event of this process; what its fields say goes to text. */
static void log_event(struct log *log, struct tc_buffer *text)
{
	union made made;
	char path[32];

	snprintf(path, sizeof(path), "event-%u", log->n);
	MAKE(&made, open, (uint32_t)getpid(), 0, path);
	made.header.time_ns = tc_clock_boot_ns();
	made.header.seq = log->n++;
	observe(&log->live, &made, made.header.size, take, log->audit, text);
}

static void wait_a_moment(void)
{
	nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
}

/* Flushes until the writer tells something. */
static struct tc_audit_report log_report(struct log *log)
{
	uint64_t until_ns = tc_clock_monotonic_ns() + PATIENCE_S * SECOND;
	struct tc_audit_report report = {0};

	while (!tc_audit_take_report(log->audit, &report)) {
		assert_true(tc_clock_monotonic_ns() < until_ns);
		tc_audit_flush(log->audit, 0);
		wait_a_moment();
	}
	note_claim(log, &report);
	return report;
}

/* An agent that writes so many segments with two events in each. */
static void write_segments(struct log *log, unsigned count, struct tc_buffer *text)
{
	uint64_t last;

	log_start(log);
	last = log_report(log).segment;
	tc_sink_add_generation(tc_audit_sink(log->audit), 7, "hash of rules");
	for (unsigned i = 0; i < count; i++) {
		log_event(log, text);
		log_event(log, text);
		while (i + 1 < count && log_report(log).segment <= last)
			continue;
		last++;
	}
	log_stop(log);
}

static struct tc_audit_verification verify(const struct log *log, bool with_claims)
{
	struct tc_audit_verification told;

	assert_int_equal(tc_audit_verify(log->directory, with_claims ? &log->claims : NULL, &told),
			 0);
	return told;
}

static const char *path_of(const struct log *log, uint64_t number)
{
	static char paths[2][PATH_MAX]; /* those of two calls are good at a time */
	static unsigned turn;

	turn = !turn;
	tc_audit_path(log->directory, number, paths[turn]);
	return paths[turn];
}

/* All that the log has, as a world of its own sees it. */
static void replay(const struct log *log, struct tc_buffer *text, unsigned *ret_worlds)
{
	struct tc_recording *recording;
	struct tc_recording_fault fault;
	struct tc_past *past = NULL;
	struct observer observer;
	struct tc_series *series;
	struct tc_past_step step;
	bool continues;

	*ret_worlds = 0;
	assert_int_equal(tc_series_open(log->directory, &series), 0);
	while (tc_series_next(series, &recording, &continues, &fault) > 0) {
		if (continues) {
			tc_past_continue(past, recording);
		} else {
			if (past)
				observer_done(&observer);
			tc_past_free(past);
			assert_int_equal(tc_past_new(recording, &past, &fault), 0);
			observer_make(&observer, tc_past_host(past));
			++*ret_worlds;
		}
		while (tc_past_next(past, &step, &fault) > 0)
			if (step.bytes)
				observe(&observer, step.bytes, step.size, NULL, NULL, text);
	}
	/* Each segment says by which rules it goes on. */
	assert_true(tc_past_had_rules(past, 7, "hash of rules"));
	assert_false(tc_past_had_rules(past, 7, "another"));
	assert_false(tc_past_had_rules(past, 8, "hash of rules"));
	observer_done(&observer);
	tc_past_free(past);
	tc_series_close(series);
}

static void segments_follow_each_other(void **state)
{
	struct tc_buffer live = {0}, past = {0};
	struct tc_audit_verification told;
	unsigned worlds;
	struct log log;

	log_make(&log);
	write_segments(&log, 3, &live);
	told = verify(&log, true);
	assert_string_equal(told.message, "");
	assert_true(told.segments >= 3);
	assert_int_equal(told.last, told.segments);
	assert_int_equal(told.records, 6);
	assert_int_equal(told.beginnings, 1);
	assert_false(told.is_open);
	replay(&log, &past, &worlds);
	assert_int_equal(worlds, 1);
	assert_string_equal(past.bytes, live.bytes);
	log_remove(&log);
	tc_buffer_done(&live);
	tc_buffer_done(&past);
}

/* Events are counted from where the reading began. */
static void forget_numbers(char *text)
{
	static const char number[] = " evt.num[-1]=";

	while ((text = strstr(text, number)) != NULL)
		for (text += strlen(number); *text >= '0' && *text <= '9'; text++)
			*text = '#';
}

/* The oldest that retention left is read alone: its beginning tells of the host. */
static void a_segment_by_itself_knows_the_host(void **state)
{
	struct tc_buffer live = {0}, past = {0};
	unsigned worlds;
	struct log log;

	log_make(&log);
	write_segments(&log, 2, &live);
	assert_int_equal(unlink(path_of(&log, 1)), 0);
	replay(&log, &past, &worlds);
	assert_int_equal(worlds, 1);
	assert_true(past.length > 0 && past.length < live.length);
	forget_numbers(live.bytes);
	forget_numbers(past.bytes);
	assert_string_equal(past.bytes, live.bytes + live.length - past.length);
	log_remove(&log);
	tc_buffer_done(&live);
	tc_buffer_done(&past);
}

static void what_is_changed_or_missing_is_found(void **state)
{
	struct tc_buffer text = {0};
	struct tc_audit_verification told;
	struct log log;
	char other[PATH_MAX];
	struct stat stat_;
	int fd;

	log_make(&log);
	write_segments(&log, 4, &text);
	/* Its last byte: a whole file otherwise. */
	assert_int_equal(stat(path_of(&log, 2), &stat_), 0);
	fd = open(path_of(&log, 2), O_WRONLY);
	assert_int_equal(pwrite(fd, "\x55", 1, stat_.st_size - 1), 1);
	close(fd);
	assert_int_equal(verify(&log, false).segment, 2);
	assert_int_equal(verify(&log, true).segment, 2);
	/* Missing in the middle. */
	snprintf(other, sizeof(other), "%s/other", log.directory);
	assert_int_equal(rename(path_of(&log, 2), other), 0);
	assert_string_equal(verify(&log, false).message, "segment 2 is missing: not by retention");
	/* Another one in its place. */
	assert_int_equal(link(path_of(&log, 1), path_of(&log, 2)), 0);
	told = verify(&log, false);
	assert_string_equal(told.message, "segment 2 says that it is number 1");
	/* Of the end only the journal knows. */
	assert_int_equal(unlink(path_of(&log, 2)), 0);
	for (uint64_t number = 3; number <= told.last; number++)
		assert_int_equal(unlink(path_of(&log, number)), 0);
	assert_string_equal(verify(&log, false).message, "");
	assert_int_equal(verify(&log, true).segment, 2);
	log_remove(&log);
	tc_buffer_done(&text);
}

/* A log that was written by whoever can write the files: each block is right, the hashes are not.
 */
static void another_log_in_its_place_is_found(void **state)
{
	struct tc_buffer text = {0};
	struct log log, other;

	log_make(&log);
	log_make(&other);
	write_segments(&log, 3, &text);
	write_segments(&other, 3, &text);
	assert_int_equal(rename(path_of(&other, 2), path_of(&log, 2)), 0);
	assert_string_equal(verify(&log, false).message,
			    "segment 1 is not what it was when the next one began");
	log_remove(&log);
	log_remove(&other);
	tc_buffer_done(&text);
}

/* The agent is killed in the middle of a block. */
static void the_next_agent_goes_on_behind_a_torn_segment(void **state)
{
	struct tc_buffer live = {0}, past = {0};
	struct tc_audit_verification told;
	unsigned worlds;
	struct log log;
	uint64_t last;
	struct stat stat_;

	log_make(&log);
	write_segments(&log, 1, &live);
	last = verify(&log, false).last;
	assert_int_equal(stat(path_of(&log, last), &stat_), 0);
	assert_int_equal(truncate(path_of(&log, last), stat_.st_size - 5), 0);
	tc_audit_claims_done(&log.claims);
	assert_string_equal(verify(&log, false).message, "");
	assert_true(verify(&log, false).is_open);

	write_segments(&log, 1, &live);
	told = verify(&log, true);
	assert_string_equal(told.message, "");
	assert_int_equal(told.torn, 1);
	assert_int_equal(told.beginnings, 2);
	assert_int_equal(told.records, 4);
	replay(&log, &past, &worlds);
	assert_int_equal(worlds, 2);
	assert_string_equal(past.bytes, live.bytes);
	log_remove(&log);
	tc_buffer_done(&live);
	tc_buffer_done(&past);
}

/* ... or the power fails before the header of a segment is on the disk. */
static void a_segment_without_a_header_is_torn(void **state)
{
	struct tc_buffer text = {0};
	struct tc_audit_verification told;
	struct log log;
	uint64_t last;

	log_make(&log);
	write_segments(&log, 1, &text);
	tc_audit_claims_done(&log.claims);
	last = verify(&log, false).last;
	assert_int_equal(truncate(path_of(&log, last), 0), 0);
	told = verify(&log, false);
	assert_string_equal(told.message, "");
	assert_true(told.is_open);
	write_segments(&log, 1, &text);
	told = verify(&log, true);
	assert_string_equal(told.message, "");
	assert_int_equal(told.torn, 1);
	log_remove(&log);
	tc_buffer_done(&text);
}

/* Without segments there is no log, unless the journal knows of some. */
static void a_log_that_was_removed_is_found(void **state)
{
	struct tc_buffer text = {0};
	struct tc_audit_verification told;
	struct log log;
	uint64_t last;

	log_make(&log);
	assert_int_equal(tc_audit_verify(log.directory, &log.claims, &told), -ENODATA);
	write_segments(&log, 2, &text);
	last = verify(&log, true).last;
	for (uint64_t number = 1; number <= last; number++)
		assert_int_equal(unlink(path_of(&log, number)), 0);
	assert_int_equal(tc_audit_verify(log.directory, NULL, &told), -ENODATA);
	told = verify(&log, true);
	assert_int_equal(told.segment, 1);
	assert_non_null(strstr(told.message, "the journal knows of it"));
	/* An agent that finds nothing begins with 1 again, and goes on farther than the last. */
	write_segments(&log, (unsigned)last + 1, &text);
	assert_string_equal(verify(&log, false).message, "");
	told = verify(&log, true);
	assert_int_equal(told.segment, 1);
	assert_non_null(strstr(told.message, "the log began anew with segment 1"));
	log_remove(&log);
	tc_buffer_done(&text);
}

/* The header of the last segment is not proven: that retention took some the journal must know. */
static void what_retention_took_the_journal_knows(void **state)
{
	struct tc_audit_verification told;
	struct tc_buffer text = {0};
	struct log log;

	log_make(&log);
	write_segments(&log, 2, &text);
	log.options.max_age_ns = 1;
	write_segments(&log, 2, &text);
	assert_string_equal(verify(&log, true).message, "");
	for (size_t i = 0; i < log.claims.count; i++)
		log.claims.items[i].taken_until = 0;
	assert_string_equal(verify(&log, false).message, "");
	told = verify(&log, true);
	assert_non_null(strstr(told.message, "the journal does not know that retention took them"));
	/* It may learn of it soon; what is wrong beside it stays wrong. */
	assert_true(told.may_pass);
	log.claims.items[0].hash.bytes[0] ^= 1;
	log.claims.items[0].has_hash = true;
	log.claims.items[0].ended = told.last;
	for (size_t i = 1; i < log.claims.count; i++)
		log.claims.items[i] = (struct tc_audit_claim){.taken_until = told.last - 1};
	told = verify(&log, true);
	assert_non_null(strstr(told.message, "when the journal was told of its end"));
	assert_false(told.may_pass);
	log_remove(&log);
	tc_buffer_done(&text);
}

static void old_segments_go(void **state)
{
	struct tc_buffer text = {0};
	struct tc_audit_verification told;
	struct log log;

	log_make(&log);
	write_segments(&log, 2, &text);
	log.options.max_age_ns = 1;
	write_segments(&log, 3, &text);
	told = verify(&log, true);
	assert_string_equal(told.message, "");
	assert_int_equal(told.segments, 1);
	assert_int_equal(told.taken_until, told.last - 1);

	/* Two whole ones, and room for the next, which may become twice what it begins with. */
	log.options.max_age_ns = 0;
	log.options.segment_bytes = 1;
	log.options.max_bytes = 4 * told.bytes + told.bytes / 2;
	write_segments(&log, 5, &text);
	told = verify(&log, true);
	assert_string_equal(told.message, "");
	assert_in_range(told.segments, 2, 3);
	assert_int_equal(told.first, told.taken_until + 1);
	log_remove(&log);
	tc_buffer_done(&text);
}

/* Bytes of a segment before its first block with events. */
static uint64_t known_bytes(const char *path)
{
	FILE *file = fopen(path, "re");
	struct tc_frame frame;
	long at = 0;

	assert_non_null(file);
	while (fread(&frame, sizeof(frame), 1, file) == 1 && !frame.records) {
		at += (long)(sizeof(frame) + frame.stored);
		assert_int_equal(fseek(file, at, SEEK_SET), 0);
	}
	fclose(file);
	return (uint64_t)at;
}

/* A segment that what is known of the host fills goes on until as much again happened. */
static void a_segment_is_more_than_its_beginning(void **state)
{
	uint64_t until_ns = tc_clock_monotonic_ns() + PATIENCE_S * SECOND;
	struct tc_buffer text = {0};
	struct tc_audit_report report;
	struct log log;

	log_make(&log);
	log.options.segment_bytes = 1;
	log.options.segment_age_ns = UINT64_MAX;
	log_start(&log);
	assert_int_equal(log_report(&log).segment, 1);
	while (!tc_audit_take_report(log.audit, &report)) {
		assert_true(tc_clock_monotonic_ns() < until_ns);
		log_event(&log, &text);
		tc_audit_flush(log.audit, 0);
		wait_a_moment();
	}
	note_claim(&log, &report);
	assert_int_equal(report.ended, 1);
	assert_int_equal(report.segment, 2);
	assert_true(known_bytes(path_of(&log, 1)) > 0);
	assert_true(report.bytes >= 2 * known_bytes(path_of(&log, 1)));
	log_stop(&log);
	assert_string_equal(verify(&log, true).message, "");
	log_remove(&log);
	tc_buffer_done(&text);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* Nothing waits for a disk that fails: it is counted, and the log goes on with another segment. */
static void what_cannot_be_written_is_counted(void **state)
{
	struct tc_buffer text = {0};
	struct tc_audit_verification told;
	struct tc_audit_report report;
	struct log log;
	uint64_t lost = 0, until_ns = tc_clock_monotonic_ns() + PATIENCE_S * SECOND;

	signal(SIGXFSZ, SIG_IGN);
	log_make(&log);
	log.options.segment_age_ns = UINT64_MAX;
	log_start(&log);
	assert_int_equal(log_report(&log).segment, 1);
	log_event(&log, &text);
	limit_files(1);
	while (!lost) {
		assert_true(tc_clock_monotonic_ns() < until_ns);
		tc_audit_flush(log.audit, 0);
		wait_a_moment();
		lost = tc_audit_take_lost(log.audit);
	}
	assert_int_equal(lost, 1);
	report = log_report(&log);
	assert_int_equal(report.ended, 1);
	limit_files(RLIM_INFINITY);
	while (log_report(&log).segment != 2)
		continue;
	log_event(&log, &text);
	log_stop(&log);
	told = verify(&log, true);
	assert_string_equal(told.message, "");
	assert_int_equal(told.segments, 2);
	assert_int_equal(told.beginnings, 2);
	assert_int_equal(told.records, 1);
	log_remove(&log);
	tc_buffer_done(&text);
}

static void one_agent_at_a_time(void **state)
{
	struct tc_audit *second;
	struct log log;

	log_make(&log);
	log_start(&log);
	assert_int_equal(tc_audit_open(&log.options, &second), -EBUSY);
	log_stop(&log);
	log_remove(&log);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_follow_each_other),
		cmocka_unit_test(a_segment_by_itself_knows_the_host),
		cmocka_unit_test(what_is_changed_or_missing_is_found),
		cmocka_unit_test(another_log_in_its_place_is_found),
		cmocka_unit_test(the_next_agent_goes_on_behind_a_torn_segment),
		cmocka_unit_test(a_segment_without_a_header_is_torn),
		cmocka_unit_test(a_log_that_was_removed_is_found),
		cmocka_unit_test(what_retention_took_the_journal_knows),
		cmocka_unit_test(old_segments_go),
		cmocka_unit_test(a_segment_is_more_than_its_beginning),
		cmocka_unit_test(what_cannot_be_written_is_counted),
		cmocka_unit_test(one_agent_at_a_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
