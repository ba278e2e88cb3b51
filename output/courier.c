/* SPDX-License-Identifier: Apache-2.0 */
#include "output/courier.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "agent/buffer.h"
#include "agent/enrich/clock.h"
#include "agent/log.h"
#include "output/format/format.h"
#include "agent/timestamp.h"
#include "output/limit.h"
#include "output/route.h"
#include "output/summary.h"

#define NS_PER_MS 1000000ULL
/* Rows of one reading. */
#define ROWS_MAX 512
/* Messages that an output may have taken and not delivered. */
#define TAKEN_MAX 65536
/* How long one step waits for deliveries when there is nothing else to do. */
#define FLUSH_MS 200
/* Pause after a failure: doubles up to the longest, and is drawn from +-25 % of that. */
#define PAUSE_FIRST_NS (100 * NS_PER_MS)
#define PAUSE_LONGEST_NS (30000 * NS_PER_MS)
/* A cursor is stored no more often. */
#define STORE_NS (500 * NS_PER_MS)
#define NAME_MAX_BYTES 64

#define N_LIMITS 2

/* Numbers of the rows whose messages the output took and did not deliver yet, in order. */
struct taken {
	uint64_t *seqs;
	size_t first, count, size;
};

struct tc_courier {
	const struct tc_output *output;
	void *state;
	struct tc_buffer spec; /* without its secrets */
	char *name;
	tc_format format;
	struct tc_route route;
	struct tc_limit limits[N_LIMITS]; /* folding, then the rate */
	struct tc_summary summary;
	bool resumes;	   /* goes on from its cursor at the next start */
	bool from_start;   /* start=beginning */
	uint64_t start_ns; /* start=TIME; 0: not given */

	struct tc_cursors *cursors;
	char *journal_path;
	struct tc_journal_reader *reader; /* of the file that has this inode; NULL: to be opened */
	struct stat journal;
	struct tc_journal_beginning beginning; /* of that journal */
	atomic_bool damaged; /* the journal cannot be read, and nobody knows it yet */
	_Atomic uint64_t cursor_seq;
	uint64_t read_seq;   /* rows up to this one were taken by the output, or left out */
	uint64_t judged_seq; /* row that the limits let through, and that may not be taken yet */
	/* Rows from this one on were kept back by a limit, and their summary is not delivered yet;
	 * UINT64_MAX: there are none. After a crash or a failure they are counted again. */
	uint64_t summed_seq;
	struct taken taken;
	struct tc_buffer text;
	bool more; /* there may be rows behind read_seq */
	bool full; /* the output takes no more before a flush */
	bool stopping, done;

	uint64_t pause_ns;	/* after the next failure */
	uint64_t retry_ns;	/* nothing is tried before */
	uint64_t stored_ns;	/* when the cursor was stored last */
	bool dirty;		/* the cursor, or what follows, is not stored yet */
	struct tc_buffer error; /* what failed last */
	uint64_t error_ns, errors, delivered, suppressed;
};

/* --- what is on the way --- */

static int taken_add(struct taken *taken, uint64_t seq)
{
	if (taken->first + taken->count == taken->size && taken->first > taken->size / 2) {
		memmove(taken->seqs, taken->seqs + taken->first,
			taken->count * sizeof(*taken->seqs));
		taken->first = 0;
	}
	if (taken->first + taken->count == taken->size) {
		size_t size = taken->size ? 2 * taken->size : ROWS_MAX;
		uint64_t *seqs = realloc(taken->seqs, size * sizeof(*seqs));

		if (!seqs)
			return -ENOMEM;
		taken->seqs = seqs;
		taken->size = size;
	}
	taken->seqs[taken->first + taken->count++] = seq;
	return 0;
}

/*
 * Forgets those up to a number; returns how many that were. A summary has the number of the row
 * before it: where several have that number, it does not say which of them, and they stay until all
 * is delivered, or something behind them.
 */
static size_t taken_remove(struct taken *taken, uint64_t seq, bool all)
{
	const uint64_t *seqs = taken->seqs + taken->first;
	size_t count = 0, below;

	while (count < taken->count && seqs[count] <= seq)
		count++;
	for (below = count; below && seqs[below - 1] == seq; below--)
		;
	if (!all && count - below > 1)
		count = below;
	taken->first = count == taken->count ? 0 : taken->first + count;
	taken->count -= count;
	return count;
}

/* --- the setting up --- */

static int wrong(const struct tc_courier *courier, const char *key, const char *value,
		 const char *right)
{
	tc_error("output %s: %s=%s: it must be %s", courier->output->name, key, value, right);
	return -EINVAL;
}

static int read_name(struct tc_courier *courier, const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t length = strlen(name);

	if (!length || length > NAME_MAX_BYTES || strspn(name, allowed) != length)
		return wrong(courier, "name", name, "at most 64 letters, digits and . _ -");
	courier->name = strdup(name);
	return courier->name ? 0 : -ENOMEM;
}

static int read_format(struct tc_courier *courier, const char *name)
{
	_cleanup_buffer_ struct tc_buffer list = {0};

	courier->format = tc_format_find(name);
	if (courier->format)
		return 0;
	tc_buffer_add_string(&list, "one of: ");
	tc_format_list(&list, " ");
	return wrong(courier, "format", name, tc_buffer_failed(&list) ? "a format" : list.bytes);
}

static int read_start(struct tc_courier *courier, const char *start)
{
	courier->resumes = courier->output->ops->durable;
	if (!start || strcmp(start, "now") == 0)
		return 0;
	if (strcmp(start, "resume") == 0)
		courier->resumes = true;
	else if (strcmp(start, "beginning") == 0)
		courier->from_start = true;
	else if (tc_timestamp_parse(start, &courier->start_ns))
		return wrong(courier, "start", start,
			     "resume, now, beginning, or a time like 2026-01-31T12:00:00Z");
	return 0;
}

static int read_limits(struct tc_courier *courier, const struct tc_output_settings *settings)
{
	const char *rate = tc_output_setting(settings, "rate");
	const char *fold = tc_output_setting(settings, "fold");
	struct tc_limit *folding = &courier->limits[0], *rating = &courier->limits[1];

	*folding = (struct tc_limit){.by_process = true, .reason = "fold"};
	*rating = (struct tc_limit){.reason = "rate"};
	if (rate && tc_parse_rate(rate, &rating->count, &rating->span_ns))
		return wrong(courier, "rate", rate,
			     "N/DURATION, both above 0, such as 10/1m: ten in a minute");
	if (!fold)
		return 0;
	folding->count = 1;
	if (tc_parse_number(TC_OPTION_DURATION, fold, &folding->span_ns) || !folding->span_ns)
		return wrong(courier, "fold", fold,
			     "a duration above 0, such as 90s, 5m, 2h or 7d");
	return 0;
}

static int read_settings(struct tc_courier *courier, const struct tc_output_settings *settings)
{
	int error = read_name(courier, tc_output_setting(settings, "name"));

	if (!error)
		error = read_format(courier, tc_output_setting(settings, "format"));
	if (!error)
		error = read_start(courier, tc_output_setting(settings, "start"));
	if (!error)
		error = tc_route_read(courier->output->name, settings, &courier->route);
	if (!error)
		error = read_limits(courier, settings);
	return error;
}

static int read_spec(struct tc_courier *courier, const char *spec,
		     struct tc_output_settings **ret_settings)
{
	int error = tc_output_settings_read(courier->output, spec, ret_settings);

	if (error)
		return error;
	tc_output_settings_spec(*ret_settings, &courier->spec);
	return tc_buffer_failed(&courier->spec) ? -ENOMEM : read_settings(courier, *ret_settings);
}

/* A courier whose output is not open, and its settings. */
static int courier_read(const struct tc_output *output, const char *spec,
			struct tc_output_settings **ret_settings, struct tc_courier **ret_courier)
{
	struct tc_courier *courier = calloc(1, sizeof(*courier));
	int error;

	if (!courier)
		return -ENOMEM;
	courier->output = output;
	courier->pause_ns = PAUSE_FIRST_NS;
	courier->summed_seq = UINT64_MAX;
	error = read_spec(courier, spec, ret_settings);
	courier->output = NULL;
	if (error)
		tc_courier_free(courier);
	else
		*ret_courier = courier;
	return error;
}

int tc_courier_check(const struct tc_output *output, const char *spec)
{
	_cleanup_output_settings_ struct tc_output_settings *settings = NULL;
	struct tc_courier *courier;
	int error = courier_read(output, spec, &settings, &courier);

	if (error)
		return error;
	tc_courier_free(courier);
	return output->ops->check ? output->ops->check(settings) : 0;
}

int tc_courier_new(const struct tc_output *output, const char *spec,
		   struct tc_courier **ret_courier)
{
	_cleanup_output_settings_ struct tc_output_settings *settings = NULL;
	struct tc_courier *courier;
	int error = courier_read(output, spec, &settings, &courier);

	if (error)
		return error;
	error = output->ops->open(settings, &courier->state);
	if (error) {
		tc_courier_free(courier);
		return error;
	}
	courier->output = output;
	*ret_courier = courier;
	return 0;
}

int tc_courier_terms_read(const struct tc_courier *courier, const char *spec,
			  struct tc_courier **ret_terms)
{
	_cleanup_output_settings_ struct tc_output_settings *settings = NULL;

	return courier_read(courier->output, spec, &settings, ret_terms);
}

static void take_terms(struct tc_courier *courier, struct tc_courier *terms)
{
	const struct tc_route route = courier->route;
	const struct tc_buffer spec = courier->spec;

	courier->route = terms->route;
	terms->route = route;
	courier->spec = terms->spec;
	terms->spec = spec;
	for (size_t i = 0; i < N_LIMITS; i++)
		tc_limit_change(&courier->limits[i], &terms->limits[i]);
	courier->dirty = true;
	tc_courier_free(terms);
}

void tc_courier_free(struct tc_courier *courier)
{
	if (!courier)
		return;
	if (courier->output)
		courier->output->ops->close(courier->state);
	tc_journal_reader_close(courier->reader);
	free(courier->journal_path);
	for (size_t i = 0; i < N_LIMITS; i++)
		tc_limit_reset(&courier->limits[i]);
	tc_summary_done(&courier->summary);
	tc_route_done(&courier->route);
	free(courier->taken.seqs);
	tc_buffer_done(&courier->text);
	tc_buffer_done(&courier->error);
	free(courier->name);
	tc_buffer_done(&courier->spec);
	free(courier);
}

const char *tc_courier_name(const struct tc_courier *courier)
{
	return courier->name;
}

uint64_t tc_courier_cursor(const struct tc_courier *courier)
{
	return courier->cursor_seq;
}

bool tc_courier_saw_damage(struct tc_courier *courier)
{
	return atomic_exchange(&courier->damaged, false);
}

/* --- where it begins --- */

/* What was stored of the output by an earlier agent. */
struct stored {
	bool found, has_journal;
	struct tc_hash journal;
	struct tc_courier *courier;
};

static int take_stored(const struct tc_cursor *cursor, void *context)
{
	struct stored *stored = context;
	struct tc_courier *courier = stored->courier;

	stored->found = cursor->durable;
	courier->cursor_seq = cursor->seq;
	courier->delivered = cursor->delivered;
	courier->suppressed = cursor->suppressed;
	if (cursor->error)
		tc_buffer_add_string(&courier->error, cursor->error);
	courier->error_ns = cursor->error_ns;
	stored->has_journal = cursor->journal;
	if (cursor->journal)
		stored->journal = *cursor->journal;
	return 0;
}

/* An output that has no cursor yet. */
static int find_start(struct tc_courier *courier, const struct tc_courier_place *place,
		      uint64_t *ret_seq)
{
	if (courier->start_ns)
		return tc_journal_reader_find_time(courier->reader, courier->start_ns, ret_seq);
	/* Where it was is not known any more: rather told twice than not at all. */
	*ret_seq = courier->from_start || (courier->resumes && place->cursors_lost)
			   ? 0
			   : place->last_seq;
	return 0;
}

/*
 * Brings a stored cursor into a journal that it may not be of. Of one that follows another and goes
 * on with its numbers the cursor is right as far as the other went.
 */
static void fit_cursor(struct tc_courier *courier, const struct stored *stored, uint64_t last_seq)
{
	const struct tc_journal_beginning *beginning = &courier->beginning;
	uint64_t seq = courier->cursor_seq;
	bool other = stored->has_journal && beginning->known &&
		     memcmp(&stored->journal, &beginning->hash, sizeof(beginning->hash)) != 0;

	if (other && seq > beginning->seq) {
		courier->cursor_seq = beginning->seq;
		tc_warning("output %s: it was at row %llu of another journal, which was replaced; "
			   "this one is told from its beginning, behind row %llu",
			   courier->name, (unsigned long long)seq,
			   (unsigned long long)beginning->seq);
	} else if (seq > last_seq) {
		courier->cursor_seq = 0;
		tc_warning("output %s: it was at row %llu, and the journal ends at %llu: it is "
			   "another journal; told from its beginning",
			   courier->name, (unsigned long long)seq, (unsigned long long)last_seq);
	}
}

static int find_cursor(struct tc_courier *courier, const struct tc_courier_place *place)
{
	struct stored stored = {.courier = courier};
	uint64_t seq = 0;
	int error = 0;

	if (courier->cursors)
		error = tc_cursors_each(courier->cursors, courier->name, take_stored, &stored);
	if (error)
		return error;
	if (stored.found && courier->resumes) {
		fit_cursor(courier, &stored, place->last_seq);
		return 0;
	}
	error = find_start(courier, place, &seq);
	courier->cursor_seq = seq;
	return error;
}

/* Where the output is to go on when this courier ends now: rows that are counted, but whose count
 * is not told, are read again. */
static uint64_t resume_seq(const struct tc_courier *courier)
{
	uint64_t first_seq = courier->summed_seq, seq = courier->cursor_seq;

	for (size_t i = 0; i < N_LIMITS; i++) {
		uint64_t kept_seq = tc_limit_first_seq(&courier->limits[i]);

		first_seq = kept_seq < first_seq ? kept_seq : first_seq;
	}
	return first_seq <= seq ? first_seq - 1 : seq;
}

static int store(struct tc_courier *courier, uint64_t now_ns)
{
	const struct tc_cursor cursor = {
		.name = courier->name,
		.spec = courier->spec.bytes,
		.durable = courier->resumes,
		.active = true,
		.seq = resume_seq(courier),
		.reached_seq = courier->cursor_seq,
		.updated_ns = tc_clock_real_now_ns(),
		.error = courier->error.bytes,
		.error_ns = courier->error_ns,
		.errors = courier->errors,
		.delivered = courier->delivered,
		.suppressed = courier->suppressed,
		.journal = courier->beginning.known ? &courier->beginning.hash : NULL,
	};
	int error = courier->cursors ? tc_cursors_put(courier->cursors, &cursor) : 0;

	courier->stored_ns = now_ns;
	courier->dirty = error;
	return error;
}

static bool is_same_journal(const struct tc_courier *courier, const struct stat *info)
{
	return info->st_ino == courier->journal.st_ino && info->st_dev == courier->journal.st_dev;
}

/* The agent sets a journal that was damaged or replaced aside and goes on with a new one: that is
 * where news are. */
static int look_at_journal(struct tc_courier *courier)
{
	struct stat now;
	int error = 0;

	if (stat(courier->journal_path, &now))
		/* Removed: what was in it can be read on, until the agent begins a new one. */
		return courier->reader && errno == ENOENT ? 0 : -errno;
	if (!courier->reader || !is_same_journal(courier, &now)) {
		tc_journal_reader_close(courier->reader);
		courier->reader = NULL;
		courier->journal = now;
		courier->beginning.known = false;
		error = tc_journal_reader_open(courier->journal_path, &courier->reader);
	}
	/* One that is just being made has none yet. */
	if (!error && !courier->beginning.known) {
		error = tc_journal_reader_beginning(courier->reader, &courier->beginning);
		courier->dirty |= courier->beginning.known;
	}
	return error;
}

int tc_courier_start(struct tc_courier *courier, const struct tc_courier_place *place)
{
	int error = 0;

	courier->cursors = place->cursors;
	courier->journal_path = strdup(place->journal_path);
	error = courier->journal_path ? look_at_journal(courier) : -ENOMEM;
	if (!error)
		error = find_cursor(courier, place);
	if (error)
		return error;
	courier->read_seq = courier->cursor_seq;
	courier->more = true;
	/* Stored before the first row: what comes from here on is not missed after a crash. */
	return store(courier, tc_clock_monotonic_ns());
}

/* --- one step --- */

/* Drawn anew each time, so that many hosts do not come back to a server at the same moment. */
static uint64_t with_jitter(uint64_t pause_ns)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint32_t)tc_clock_monotonic_ns();
	return pause_ns * 3 / 4 + pause_ns / 2 * (random % 1024) / 1024;
}

/* For `tocsin status`; the output itself has logged it. -EAGAIN is one where the output has words.
 */
static void note_error(struct tc_courier *courier, int error)
{
	const struct tc_output_ops *ops = courier->output->ops;
	const char *words = ops->explain ? ops->explain(courier->state) : NULL;

	if (!words && error == -EAGAIN)
		return;
	tc_buffer_reset(&courier->error);
	tc_buffer_add_string(&courier->error, words ? words : strerror(-error));
	courier->error_ns = tc_clock_real_now_ns();
	courier->dirty = true;
}

/* Everything that was not delivered is read again after a pause. */
static void fail(struct tc_courier *courier, int error)
{
	const struct tc_output_ops *ops = courier->output->ops;

	note_error(courier, error);
	courier->errors++;
	ops->reset(courier->state);
	courier->taken.first = courier->taken.count = 0;
	courier->cursor_seq = resume_seq(courier);
	courier->read_seq = courier->cursor_seq;
	courier->summed_seq = UINT64_MAX;
	courier->judged_seq = 0;
	for (size_t i = 0; i < N_LIMITS; i++)
		tc_limit_reset(&courier->limits[i]);
	courier->more = true;
	courier->retry_ns = tc_clock_monotonic_ns() + with_jitter(courier->pause_ns);
	courier->pause_ns *= 2;
	if (courier->pause_ns > PAUSE_LONGEST_NS)
		courier->pause_ns = PAUSE_LONGEST_NS;
	courier->dirty = true;
	courier->done = courier->stopping;
}

static void move_cursor(struct tc_courier *courier, uint64_t seq)
{
	if (seq > courier->cursor_seq) {
		courier->cursor_seq = seq;
		courier->dirty = true;
	}
}

/* What the output says of its deliveries; all: there are no others. */
static void settle(struct tc_courier *courier, uint64_t delivered_seq, bool all)
{
	size_t count = taken_remove(&courier->taken, delivered_seq, all);

	courier->delivered += count;
	if (count) {
		courier->errors = 0;
		courier->pause_ns = PAUSE_FIRST_NS;
		courier->dirty = true;
	}
	if (!courier->taken.count && courier->summed_seq != UINT64_MAX) {
		courier->summed_seq = UINT64_MAX;
		courier->dirty = true;
	}
	/* Rows behind the last message were left out: nothing is to be waited for. */
	move_cursor(courier, courier->taken.count ? delivered_seq : courier->read_seq);
}

/* Ends a walk through the rows; no errno has this value. */
#define WALK_FULL 1

/* 0, WALK_FULL or a negative errno. */
static int hand_over(struct tc_courier *courier, const struct tc_journal_row *row)
{
	const struct tc_message message = {
		.row = row, .bytes = courier->text.bytes, .length = courier->text.length};
	int error =
		courier->taken.count < TAKEN_MAX ? taken_add(&courier->taken, row->seq) : -EAGAIN;

	if (error)
		return error == -EAGAIN ? WALK_FULL : error;
	error = courier->output->ops->write(courier->state, &message);
	if (error)
		courier->taken.count--;
	return error == -EAGAIN ? WALK_FULL : error;
}

static int tell_row(struct tc_courier *courier, const struct tc_journal_row *row)
{
	int error;

	tc_buffer_reset(&courier->text);
	error = courier->format(row, &courier->text);
	if (!error)
		return hand_over(courier, row);
	if (error == -EINVAL) {
		tc_error("output %s: row %llu of the journal is damaged: it is not told",
			 courier->name, (unsigned long long)row->seq);
		error = 0;
	}
	return error;
}

/* A span of a limit has ended. */
static int tell_kept_back(const struct tc_kept_back *kept, void *context)
{
	struct tc_courier *courier = context;
	uint64_t resume = resume_seq(courier);
	int error = tc_summary_make(&courier->summary, kept, courier->read_seq);

	if (!error)
		error = tell_row(courier, &courier->summary.row);
	if (error)
		return error;
	courier->suppressed += kept->count;
	/* The rows are not done with before that is delivered. */
	if (resume + 1 < courier->summed_seq)
		courier->summed_seq = resume + 1;
	return 0;
}

/* Tells what limits kept back in spans that are over at a time. 0, WALK_FULL or a negative errno.
 */
static int end_spans(struct tc_courier *courier, uint64_t time_ns)
{
	int error = 0;

	for (size_t i = 0; i < N_LIMITS && !error; i++)
		if (tc_limit_is_due(&courier->limits[i], time_ns))
			error = tc_limit_end(&courier->limits[i], time_ns, tell_kept_back, courier);
	return error;
}

/* Looks whether all limits let an alert through. 0, WALK_FULL or a negative errno. */
static int pass_limits(struct tc_courier *courier, const struct tc_journal_row *row,
		       bool *ret_passes)
{
	bool passes = true;
	int error = end_spans(courier, row->time_ns);

	for (size_t i = 0; i < N_LIMITS && !error && passes; i++) {
		struct tc_limit *limit = &courier->limits[i];

		if (tc_limit_is_full(limit))
			error = tc_limit_end(limit, UINT64_MAX, tell_kept_back, courier);
		if (!error)
			passes = tc_limit_takes_row(limit, row);
	}
	if (!error)
		*ret_passes = passes;
	return error;
}

static int take_row(const struct tc_journal_row *row, void *context)
{
	struct tc_courier *courier = context;
	bool passes = tc_route_takes(&courier->route, row);
	int error = 0;

	/* A row for which there was no room comes again: it is counted once. */
	if (passes && row->rule && courier->judged_seq != row->seq)
		error = pass_limits(courier, row, &passes);
	if (error)
		return error;
	courier->judged_seq = row->seq;
	error = passes ? tell_row(courier, row) : 0;
	if (!error)
		courier->read_seq = row->seq;
	return error;
}

static int read_rows(struct tc_courier *courier)
{
	int error = look_at_journal(courier);
	bool more = false;
	struct stat now;

	if (!error)
		error = tc_journal_reader_next(courier->reader, courier->read_seq, ROWS_MAX,
					       take_row, courier, &more);
	if (!error)
		courier->more = more;
	/* The agent may know it already, and have set it aside. */
	if (error == -EUCLEAN && !stat(courier->journal_path, &now) &&
	    is_same_journal(courier, &now))
		courier->damaged = true;
	return error;
}

/* Hands over the next rows; behind the last one, the time of day ends spans of limits. 0 or a
 * negative errno. */
static int hand_over_rows(struct tc_courier *courier)
{
	int error = courier->more ? read_rows(courier) : 0;

	if (!error && !courier->more)
		error = end_spans(courier, courier->stopping ? UINT64_MAX : tc_clock_real_now_ns());
	courier->full = error == WALK_FULL;
	return courier->full ? 0 : error;
}

/* Waits for deliveries only where there is nothing to read meanwhile. */
static int flush(struct tc_courier *courier)
{
	unsigned timeout_ms = courier->more && !courier->full ? 0 : FLUSH_MS;
	uint64_t seq = 0;
	int error = 0;

	if (courier->taken.count || courier->full)
		error = courier->output->ops->flush(courier->state, timeout_ms, &seq);
	if (courier->taken.count && !error)
		seq = courier->read_seq;
	settle(courier, seq, !error);
	if (error == -EAGAIN && timeout_ms)
		note_error(courier, error);
	return error == -EAGAIN ? 0 : error;
}

static void work(struct tc_courier *courier)
{
	int error = hand_over_rows(courier), flushed = 0;

	/* A reading that failed says nothing of what is on the way, but write() does. */
	if (!error)
		flushed = flush(courier);
	if (error || flushed)
		fail(courier, error ? error : flushed);
}

static bool has_work(const struct tc_courier *courier)
{
	return courier->more || courier->full || courier->taken.count;
}

/* When a span of a limit ends, by the monotonic clock; 0: it is over. */
static uint64_t next_end_ns(const struct tc_courier *courier, uint64_t now_ns)
{
	uint64_t real_ns = tc_clock_real_now_ns(), due_ns = TC_COURIER_IDLE;

	for (size_t i = 0; i < N_LIMITS; i++) {
		const struct tc_limit *limit = &courier->limits[i];

		if (!limit->spans)
			continue;
		if (tc_limit_is_due(limit, real_ns))
			return 0;
		if (now_ns + (limit->next_end_ns - real_ns) < due_ns)
			due_ns = now_ns + (limit->next_end_ns - real_ns);
	}
	return due_ns;
}

static void obey(struct tc_courier *courier, const struct tc_courier_orders *orders)
{
	if (orders->news)
		courier->more = true;
	if (orders->reopen && courier->output->ops->reopen)
		courier->output->ops->reopen(courier->state);
	if (orders->terms)
		take_terms(courier, orders->terms);
	if (orders->stop && !courier->stopping) {
		courier->stopping = courier->more = true;
		courier->retry_ns = 0;
	}
}

/* When there is something to do again. */
static uint64_t find_due_ns(const struct tc_courier *courier, uint64_t now_ns)
{
	uint64_t due_ns = has_work(courier) ? 0 : next_end_ns(courier, now_ns);

	if (due_ns < courier->retry_ns)
		due_ns = courier->retry_ns;
	if (courier->dirty && courier->stored_ns + STORE_NS < due_ns)
		due_ns = courier->stored_ns + STORE_NS;
	return due_ns;
}

uint64_t tc_courier_step(struct tc_courier *courier, const struct tc_courier_orders *orders)
{
	uint64_t now_ns = tc_clock_monotonic_ns();

	obey(courier, orders);
	if (now_ns >= courier->retry_ns && (has_work(courier) || next_end_ns(courier, now_ns) == 0))
		work(courier);
	now_ns = tc_clock_monotonic_ns();
	if (courier->stopping && (!has_work(courier) || now_ns >= orders->stop_by_ns))
		courier->done = true;
	if (courier->dirty && now_ns >= courier->stored_ns + STORE_NS)
		store(courier, now_ns);
	return find_due_ns(courier, now_ns);
}

bool tc_courier_is_done(const struct tc_courier *courier)
{
	return courier->done;
}

void tc_courier_end(struct tc_courier *courier)
{
	uint64_t last_seq = courier->cursor_seq;

	if (courier->reader)
		tc_journal_reader_last_seq(courier->reader, &last_seq);
	if (last_seq > courier->cursor_seq)
		tc_warning("output %s: the last %llu rows of the journal were not delivered; %s",
			   courier->name, (unsigned long long)(last_seq - courier->cursor_seq),
			   courier->resumes ? "it goes on with them when the agent starts again"
					    : "`tocsin query` shows them");
	store(courier, tc_clock_monotonic_ns());
}
