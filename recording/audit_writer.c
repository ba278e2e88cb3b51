/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/audit_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "agent/log.h"
#include "recording/audit_files.h"
#include "recording/segment.h"

/* What was written is forced to the disk so often, and at the end of a segment. */
#define SYNC_NS 5000000000ULL
#define NS_PER_S 1000000000ULL
/* Reports that wait to be taken; when so many do, no segment begins: each may add two more. */
#define REPORTS_MANY 60
#define REPORTS_MAX 64

struct tc_audit_writer {
	const struct tc_audit_options *options;
	int directory; /* locked */
	pthread_t thread;
	bool has_thread;

	pthread_mutex_t mutex; /* of what follows */
	pthread_cond_t more;
	struct tc_audit_item *first, **last;
	bool stopping;
	uint64_t lost;
	struct tc_audit_writer_state state;
	struct tc_audit_report reports[REPORTS_MAX];
	unsigned n_reports;

	/* The thread's own. */
	struct tc_audit_files files; /* segments that ended */
	struct tc_segment *segment;  /* NULL: none is written */
	uint64_t known_bytes;	     /* see tc_audit_writer_state */
	struct tc_audit_place place; /* of it, or of the last one */
	struct tc_hasher *hasher;    /* of its bytes */
	bool hash_failed;
	uint64_t synced_ns;
	bool dirty;
};

void tc_audit_item_free(struct tc_audit_item *item)
{
	if (!item)
		return;
	tc_block_done(&item->block);
	tc_buffer_done(&item->header);
	free(item);
}

/* --- what the thread and the others share --- */

static void report(struct tc_audit_writer *writer, const struct tc_audit_report *new)
{
	pthread_mutex_lock(&writer->mutex);
	if (writer->n_reports < REPORTS_MAX)
		writer->reports[writer->n_reports++] = *new;
	pthread_mutex_unlock(&writer->mutex);
}

/* Writing failed (error), or works. */
static void note_state(struct tc_audit_writer *writer, int error)
{
	struct tc_segment_counts counts = {0};
	bool failed_before;

	if (writer->segment)
		tc_segment_counts(writer->segment, &counts);
	pthread_mutex_lock(&writer->mutex);
	failed_before = writer->state.failed_ns;
	writer->state.segment_bytes = counts.file_bytes;
	writer->state.known_bytes = writer->known_bytes;
	writer->state.failed_ns = error < 0 ? tc_clock_monotonic_ns() : 0;
	pthread_mutex_unlock(&writer->mutex);
	if (error < 0 && !failed_before)
		tc_error("the audit log in %s cannot be written: %s; events are missing in it "
			 "until it can",
			 writer->options->directory, strerror(-error));
	if (error == 0 && failed_before)
		tc_info("the audit log in %s is written again", writer->options->directory);
}

static void count_lost(struct tc_audit_writer *writer, uint64_t records)
{
	pthread_mutex_lock(&writer->mutex);
	writer->lost += records;
	pthread_mutex_unlock(&writer->mutex);
}

void tc_audit_writer_put(struct tc_audit_writer *writer, struct tc_audit_item *item)
{
	pthread_mutex_lock(&writer->mutex);
	item->next = NULL;
	*writer->last = item;
	writer->last = &item->next;
	writer->state.waiting_bytes += item->block.entries.length;
	writer->state.begins_wait |= item->header.length > 0;
	pthread_cond_signal(&writer->more);
	pthread_mutex_unlock(&writer->mutex);
}

void tc_audit_writer_state(struct tc_audit_writer *writer, struct tc_audit_writer_state *ret_state)
{
	pthread_mutex_lock(&writer->mutex);
	*ret_state = writer->state;
	ret_state->many_reports = writer->n_reports >= REPORTS_MANY;
	pthread_mutex_unlock(&writer->mutex);
}

bool tc_audit_writer_take_report(struct tc_audit_writer *writer, struct tc_audit_report *ret_report)
{
	bool found;

	pthread_mutex_lock(&writer->mutex);
	found = writer->n_reports > 0;
	if (found) {
		*ret_report = writer->reports[0];
		writer->n_reports--;
		memmove(writer->reports, writer->reports + 1,
			writer->n_reports * sizeof(*writer->reports));
	}
	pthread_mutex_unlock(&writer->mutex);
	return found;
}

uint64_t tc_audit_writer_take_lost(struct tc_audit_writer *writer)
{
	uint64_t lost;

	pthread_mutex_lock(&writer->mutex);
	lost = writer->lost;
	writer->lost = 0;
	pthread_mutex_unlock(&writer->mutex);
	return lost;
}

/* --- segments --- */

static void hash_bytes(void *context, const void *bytes, size_t size)
{
	struct tc_audit_writer *writer = context;

	if (tc_hash_add(writer->hasher, bytes, size) < 0)
		writer->hash_failed = true;
}

/* The segment is closed as it is: of one that could not be finished the hash is that of its whole
 * frames. */
static void end_segment(struct tc_audit_writer *writer, struct tc_audit_report *ret_report)
{
	struct tc_audit_file file = {.number = writer->place.segment};
	struct tc_segment_counts counts;
	int error;

	if (!writer->segment)
		return;
	error = tc_segment_finish(writer->segment);
	tc_segment_counts(writer->segment, &counts);
	tc_segment_free(writer->segment);
	writer->segment = NULL;
	if (error < 0)
		note_state(writer, error);
	writer->place.has_previous =
		!writer->hash_failed && tc_hash_end(writer->hasher, &writer->place.previous) == 0;
	file.bytes = counts.file_bytes;
	file.changed_ns = tc_clock_real_now_ns();
	if (tc_audit_files_append(&writer->files, &file) < 0)
		tc_warning("audit log: out of memory: retention forgets segment %llu",
			   (unsigned long long)file.number);
	ret_report->ended = file.number;
	ret_report->records = counts.records;
	ret_report->bytes = counts.file_bytes;
	if (writer->place.has_previous)
		tc_hash_print(&writer->place.previous, ret_report->hash);
}

/* What an agent before this one left: as it ended then, by itself or not. */
static void adopt(struct tc_audit_writer *writer, struct tc_audit_report *ret_report)
{
	const struct tc_audit_file *file = &writer->files.items[writer->files.count - 1];
	char path[PATH_MAX];
	int error;

	tc_audit_path(writer->options->directory, file->number, path);
	error = tc_audit_hash_file(path, &writer->place.previous);
	writer->place.taken_until =
		tc_audit_files_taken(writer->options->directory, &writer->files);
	writer->place.segment = file->number;
	writer->place.has_previous = error == 0;
	if (error < 0)
		tc_warning("audit log: %s cannot be read: %s", path, strerror(-error));
	ret_report->ended = file->number;
	ret_report->bytes = file->bytes;
	if (error == 0)
		tc_hash_print(&writer->place.previous, ret_report->hash);
}

/* How large the segment that begins may become: the host is as large as it was for the last one. */
static uint64_t full_bytes(const struct tc_audit_writer *writer)
{
	const uint64_t bytes = writer->options->segment_bytes;

	return bytes > 2 * writer->known_bytes ? bytes : 2 * writer->known_bytes;
}

static bool is_to_go(const struct tc_audit_writer *writer, size_t index, uint64_t bytes,
		     uint64_t now_ns)
{
	const struct tc_audit_options *options = writer->options;
	const struct tc_audit_file *file = &writer->files.items[index];

	return file->number <= writer->place.taken_until ||
	       (options->max_bytes && bytes > options->max_bytes) ||
	       (options->max_age_ns && file->changed_ns < now_ns &&
		now_ns - file->changed_ns > options->max_age_ns);
}

/*
 * How many of the oldest segments are to go. The header of the segment that begins names the last
 * of them before any is removed: nobody who is killed between leaves a gap that looks like theft.
 */
static size_t choose_old(struct tc_audit_writer *writer)
{
	uint64_t bytes = full_bytes(writer), now_ns = tc_clock_real_now_ns();
	size_t count = 0;

	for (size_t i = 0; i < writer->files.count; i++)
		bytes += writer->files.items[i].bytes;
	for (; count < writer->files.count && is_to_go(writer, count, bytes, now_ns); count++)
		bytes -= writer->files.items[count].bytes;
	if (count && writer->files.items[count - 1].number > writer->place.taken_until)
		writer->place.taken_until = writer->files.items[count - 1].number;
	return count;
}

/* Removes them; what cannot be is tried again with the next segment. */
static void remove_old(struct tc_audit_writer *writer, size_t count,
		       struct tc_audit_report *ret_report)
{
	char path[PATH_MAX];

	for (; count; count--) {
		tc_audit_path(writer->options->directory, writer->files.items[0].number, path);
		if (unlink(path) < 0 && errno != ENOENT) {
			tc_error("audit log: %s cannot be removed: %s", path, strerror(errno));
			return;
		}
		ret_report->taken++;
		tc_audit_files_shift(&writer->files);
	}
}

static int create_segment(struct tc_audit_writer *writer, struct tc_audit_item *item)
{
	char path[PATH_MAX];
	int error;

	tc_audit_path(writer->options->directory, writer->place.segment, path);
	error = tc_segment_create(path, &writer->segment);
	if (error < 0)
		return error;
	writer->hash_failed = tc_hash_begin(writer->hasher) < 0;
	tc_segment_watch(writer->segment, hash_bytes, writer);
	tc_audit_place_put(&item->header, &writer->place);
	error = tc_segment_begin(writer->segment, &item->header);
	/* On the disk before the segments that it says are gone are. */
	if (error == 0)
		error = tc_segment_sync(writer->segment);
	if (error == 0)
		error = fsync(writer->directory) < 0 ? -errno : 0;
	if (error < 0) {
		tc_segment_free(writer->segment);
		writer->segment = NULL;
		/* With a header it is not gone by that, and a second try would find it there. */
		unlink(path);
	}
	return error;
}

static int begin_segment(struct tc_audit_writer *writer, struct tc_audit_item *item)
{
	struct tc_audit_report new = {.directory = writer->options->directory};
	uint64_t last = writer->place.segment;
	bool continues = item->continues && writer->segment;
	size_t old;
	int error;

	end_segment(writer, &new);
	if (!last && writer->files.count) {
		adopt(writer, &new);
		last = writer->place.segment;
	}
	old = choose_old(writer);
	new.taken_until = writer->place.taken_until;
	writer->place.segment = last + 1;
	if (!continues)
		writer->place.first_segment = writer->place.segment;
	error = create_segment(writer, item);
	/* Also when there is no room for a new one: that makes some. */
	remove_old(writer, old, &new);
	if (error < 0)
		writer->place.segment = last;
	else
		new.segment = writer->place.segment;
	if (new.segment || new.ended || new.taken)
		report(writer, &new);
	return error;
}

/* --- the thread --- */

static int write_item(struct tc_audit_writer *writer, struct tc_audit_item *item)
{
	int error = item->header.length ? begin_segment(writer, item) : 0;

	if (error == 0 && !writer->segment)
		error = -EIO;
	if (error == 0)
		error = tc_segment_append(writer->segment, &item->block);
	writer->dirty |= error == 0;
	return error;
}

/* A segment that cannot be written on ends there: what comes until the next begins is lost. */
static void give_up_segment(struct tc_audit_writer *writer, int error)
{
	struct tc_audit_report new = {.directory = writer->options->directory,
				      .taken_until = writer->place.taken_until};

	note_state(writer, error);
	end_segment(writer, &new);
	if (new.ended)
		report(writer, &new);
}

static void take_item(struct tc_audit_writer *writer, struct tc_audit_item *item)
{
	bool was_open = writer->segment || item->header.length;
	struct tc_segment_counts counts;
	int error = write_item(writer, item);

	if (error == 0) {
		tc_segment_counts(writer->segment, &counts);
		if (item->is_known)
			writer->known_bytes = counts.file_bytes;
		note_state(writer, 0);
		return;
	}
	count_lost(writer, item->block.frame.records);
	if (was_open)
		give_up_segment(writer, error);
}

/* What the disk did not take is lost: a later call would say that all is well (fsync(2)). */
static void sync_segment(struct tc_audit_writer *writer)
{
	uint64_t now_ns = tc_clock_monotonic_ns();
	int error;

	if (!writer->dirty || !writer->segment || now_ns - writer->synced_ns < SYNC_NS)
		return;
	error = tc_segment_sync(writer->segment);
	writer->dirty = false;
	writer->synced_ns = now_ns;
	if (error < 0)
		give_up_segment(writer, error);
}

/* NULL: none came for a while, or (with *ret_over) none will. Its bytes wait until it is written.
 */
static struct tc_audit_item *next_item(struct tc_audit_writer *writer, bool *ret_over)
{
	struct tc_audit_item *item;
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += SYNC_NS / NS_PER_S;
	pthread_mutex_lock(&writer->mutex);
	while (!writer->first && !writer->stopping)
		if (pthread_cond_timedwait(&writer->more, &writer->mutex, &until) == ETIMEDOUT)
			break;
	item = writer->first;
	if (item) {
		writer->first = item->next;
		if (!writer->first)
			writer->last = &writer->first;
	}
	*ret_over = !item && writer->stopping;
	pthread_mutex_unlock(&writer->mutex);
	return item;
}

static void item_done(struct tc_audit_writer *writer, struct tc_audit_item *item)
{
	pthread_mutex_lock(&writer->mutex);
	writer->state.waiting_bytes -= item->block.entries.length;
	if (item->header.length)
		writer->state.begins_wait = false;
	pthread_mutex_unlock(&writer->mutex);
	tc_audit_item_free(item);
}

static void *write_all(void *context)
{
	struct tc_audit_writer *writer = context;
	struct tc_audit_report new = {.directory = writer->options->directory};
	struct tc_audit_item *item;
	bool over = false;

	while (!over) {
		item = next_item(writer, &over);
		if (item) {
			take_item(writer, item);
			item_done(writer, item);
		}
		sync_segment(writer);
	}
	end_segment(writer, &new);
	new.taken_until = writer->place.taken_until;
	if (new.ended)
		report(writer, &new);
	return NULL;
}

static int start_thread(struct tc_audit_writer *writer)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(&writer->thread, NULL, write_all, writer);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	writer->has_thread = error == 0;
	return error;
}

/* --- opening --- */

static int open_directory(struct tc_audit_writer *writer)
{
	const char *path = writer->options->directory;
	int error;

	writer->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (writer->directory < 0)
		return tc_error_return(-errno, "audit log: cannot open %s", path);
	if (flock(writer->directory, LOCK_EX | LOCK_NB) < 0) {
		tc_error("audit log: %s: %s", path,
			 errno == EWOULDBLOCK ? "another agent writes it" : strerror(errno));
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	}
	error = tc_audit_files_list(path, &writer->files);
	return error < 0 ? tc_error_return(error, "audit log: cannot read %s", path) : 0;
}

int tc_audit_writer_new(const struct tc_audit_options *options, struct tc_audit_writer **ret_writer)
{
	struct tc_audit_writer *writer = calloc(1, sizeof(*writer));
	pthread_condattr_t clock;
	int error;

	if (!writer)
		return -ENOMEM;
	writer->options = options;
	writer->last = &writer->first;
	pthread_mutex_init(&writer->mutex, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->more, &clock);
	pthread_condattr_destroy(&clock);
	error = open_directory(writer);
	if (error == 0)
		error = tc_hasher_new(&writer->hasher);
	if (error == 0)
		error = start_thread(writer);
	if (error < 0) {
		tc_audit_writer_free(writer);
		return error;
	}
	*ret_writer = writer;
	return 0;
}

void tc_audit_writer_stop(struct tc_audit_writer *writer)
{
	if (!writer->has_thread)
		return;
	pthread_mutex_lock(&writer->mutex);
	writer->stopping = true;
	pthread_cond_signal(&writer->more);
	pthread_mutex_unlock(&writer->mutex);
	pthread_join(writer->thread, NULL);
	writer->has_thread = false;
}

void tc_audit_writer_free(struct tc_audit_writer *writer)
{
	if (!writer)
		return;
	if (writer->directory >= 0)
		close(writer->directory);
	pthread_mutex_destroy(&writer->mutex);
	pthread_cond_destroy(&writer->more);
	tc_hasher_free(writer->hasher);
	tc_audit_files_done(&writer->files);
	free(writer);
}
