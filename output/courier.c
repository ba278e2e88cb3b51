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
#include "output/format/timestamp.h"

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
	bool resumes;	   /* goes on from its cursor at the next start */
	bool from_start;   /* start=beginning */
	uint64_t start_ns; /* start=TIME; 0: not given */

	struct tc_cursors *cursors;
	char *journal_path;
	struct tc_journal_reader *reader; /* of the file that has this inode; NULL: to be opened */
	struct stat journal;
	atomic_bool damaged; /* the journal cannot be read, and nobody knows it yet */
	_Atomic uint64_t cursor_seq;
	uint64_t read_seq; /* rows up to this one were taken by the output, or left out */
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
	uint64_t error_ns, errors, delivered;
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

/* Forgets those up to a number; returns how many that were. */
static size_t taken_remove(struct taken *taken, uint64_t seq)
{
	size_t count = 0;

	while (count < taken->count && taken->seqs[taken->first + count] <= seq)
		count++;
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

static int read_settings(struct tc_courier *courier, const struct tc_output_settings *settings)
{
	int error = read_name(courier, tc_output_setting(settings, "name"));

	if (!error)
		error = read_format(courier, tc_output_setting(settings, "format"));
	if (!error)
		error = read_start(courier, tc_output_setting(settings, "start"));
	return error;
}

int tc_courier_new(const struct tc_output *output, const char *spec,
		   struct tc_courier **ret_courier)
{
	_cleanup_output_settings_ struct tc_output_settings *settings = NULL;
	struct tc_courier *courier = calloc(1, sizeof(*courier));
	int error;

	if (!courier)
		return -ENOMEM;
	courier->output = output;
	courier->pause_ns = PAUSE_FIRST_NS;
	error = tc_output_settings_read(output, spec, &settings);
	if (!error) {
		tc_output_settings_spec(settings, &courier->spec);
		error = tc_buffer_failed(&courier->spec) ? -ENOMEM
							 : read_settings(courier, settings);
	}
	if (!error)
		error = output->ops->open(settings, &courier->state);
	if (error) {
		courier->output = NULL; /* it is not open */
		tc_courier_free(courier);
		return error;
	}
	*ret_courier = courier;
	return 0;
}

void tc_courier_free(struct tc_courier *courier)
{
	if (!courier)
		return;
	if (courier->output)
		courier->output->ops->close(courier->state);
	tc_journal_reader_close(courier->reader);
	free(courier->journal_path);
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
	bool found;
	struct tc_courier *courier;
};

static int take_stored(const struct tc_cursor *cursor, void *context)
{
	struct stored *stored = context;
	struct tc_courier *courier = stored->courier;

	stored->found = cursor->durable;
	courier->cursor_seq = cursor->seq;
	courier->delivered = cursor->delivered;
	if (cursor->error)
		tc_buffer_add_string(&courier->error, cursor->error);
	courier->error_ns = cursor->error_ns;
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

static int find_cursor(struct tc_courier *courier, const struct tc_courier_place *place)
{
	struct stored stored = {.courier = courier};
	uint64_t seq = 0;
	int error = 0;

	if (courier->cursors)
		error = tc_cursors_each(courier->cursors, courier->name, take_stored, &stored);
	if (error || (stored.found && courier->resumes && courier->cursor_seq <= place->last_seq))
		return error;
	if (stored.found && courier->resumes)
		tc_warning("output %s: it was at row %llu, and the journal ends at %llu: it is "
			   "another journal; told from its beginning",
			   courier->name, (unsigned long long)courier->cursor_seq,
			   (unsigned long long)place->last_seq);
	else
		error = find_start(courier, place, &seq);
	courier->cursor_seq = seq;
	return error;
}

static int store(struct tc_courier *courier, uint64_t now_ns)
{
	const struct tc_cursor cursor = {
		.name = courier->name,
		.spec = courier->spec.bytes,
		.durable = courier->resumes,
		.active = true,
		.seq = courier->cursor_seq,
		.updated_ns = tc_clock_real_now_ns(),
		.error = courier->error.bytes,
		.error_ns = courier->error_ns,
		.errors = courier->errors,
		.delivered = courier->delivered,
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

/* The agent sets a damaged journal aside and goes on with a new one: that is where news are. */
static int look_at_journal(struct tc_courier *courier)
{
	struct stat now;

	if (stat(courier->journal_path, &now))
		return -errno;
	if (courier->reader && is_same_journal(courier, &now))
		return 0;
	tc_journal_reader_close(courier->reader);
	courier->reader = NULL;
	courier->journal = now;
	return tc_journal_reader_open(courier->journal_path, &courier->reader);
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

/* Everything that was not delivered is read again after a pause. The output itself has told why. */
static void fail(struct tc_courier *courier, int error)
{
	const struct tc_output_ops *ops = courier->output->ops;
	const char *words = ops->explain ? ops->explain(courier->state) : NULL;

	tc_buffer_reset(&courier->error);
	tc_buffer_add_string(&courier->error, words ? words : strerror(-error));
	courier->error_ns = tc_clock_real_now_ns();
	courier->errors++;
	ops->reset(courier->state);
	courier->taken.first = courier->taken.count = 0;
	courier->read_seq = courier->cursor_seq;
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

/* What the output says of its deliveries. */
static void settle(struct tc_courier *courier, uint64_t delivered_seq)
{
	size_t count = taken_remove(&courier->taken, delivered_seq);

	courier->delivered += count;
	if (count) {
		courier->errors = 0;
		courier->pause_ns = PAUSE_FIRST_NS;
		courier->dirty = true;
	}
	/* Rows behind the last message were left out: nothing is to be waited for. */
	move_cursor(courier, courier->taken.count ? delivered_seq : courier->read_seq);
}

/* Ends a walk through the rows; no errno has this value. */
#define WALK_FULL 1

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

static int take_row(const struct tc_journal_row *row, void *context)
{
	struct tc_courier *courier = context;

	tc_buffer_reset(&courier->text);
	int error = courier->format(row, &courier->text);
	if (error == -EINVAL) {
		tc_error("output %s: row %llu of the journal is damaged: it is not told",
			 courier->name, (unsigned long long)row->seq);
		error = 0;
	} else if (!error) {
		error = hand_over(courier, row);
	}
	if (!error)
		courier->read_seq = row->seq;
	return error;
}

/* Hands over the next rows. 0 or a negative errno. */
static int hand_over_rows(struct tc_courier *courier)
{
	bool more = false;
	int error;

	courier->full = false;
	if (!courier->more)
		return 0;
	error = look_at_journal(courier);
	if (error)
		return error;
	error = tc_journal_reader_next(courier->reader, courier->read_seq, ROWS_MAX, take_row,
				       courier, &more);
	struct stat now;
	/* The agent may know it already, and have set it aside. */
	if (error == -EUCLEAN && !stat(courier->journal_path, &now) &&
	    is_same_journal(courier, &now))
		courier->damaged = true;
	courier->full = error == WALK_FULL;
	courier->more = courier->full || more;
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
	settle(courier, seq);
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
	return courier->more || courier->taken.count;
}

static void obey(struct tc_courier *courier, const struct tc_courier_orders *orders)
{
	if (orders->news)
		courier->more = true;
	if (orders->reopen && courier->output->ops->reopen)
		courier->output->ops->reopen(courier->state);
	if (orders->stop && !courier->stopping) {
		courier->stopping = courier->more = true;
		courier->retry_ns = 0;
	}
}

uint64_t tc_courier_step(struct tc_courier *courier, const struct tc_courier_orders *orders)
{
	uint64_t now_ns = tc_clock_monotonic_ns(), due_ns = TC_COURIER_IDLE;

	obey(courier, orders);
	if (has_work(courier) && now_ns >= courier->retry_ns)
		work(courier);
	now_ns = tc_clock_monotonic_ns();
	if (courier->stopping && (!has_work(courier) || now_ns >= orders->stop_by_ns))
		courier->done = true;
	if (courier->dirty && now_ns >= courier->stored_ns + STORE_NS)
		store(courier, now_ns);
	if (has_work(courier))
		due_ns = courier->retry_ns;
	if (courier->dirty && courier->stored_ns + STORE_NS < due_ns)
		due_ns = courier->stored_ns + STORE_NS;
	return due_ns;
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
