/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/log.h"
#include "recording/header.h"
#include "recording/named.h"
#include "recording/segment.h"

struct tc_recorder {
	struct tc_sink sink; /* first */
	struct tc_segment *segment;
	char *path;
	int error;
	bool begun;
	struct tc_block block; /* entries that wait */
	struct tc_fact_room facts;
	struct tc_recorder_counts counts;
};

static void fail(struct tc_recorder *recorder, int error)
{
	if (recorder->error || error == 0)
		return;
	recorder->error = error;
	tc_error("the recording %s ends here: %s", recorder->path, strerror(-error));
}

static void begin(struct tc_sink *sink, const struct tc_recorder_about *about,
		  const struct tc_host_about *host)
{
	tc_recorder_begin((struct tc_recorder *)sink, about, host);
}

static void add(struct tc_sink *sink, enum tc_entry_type type, const void *bytes, size_t size)
{
	tc_recorder_add((struct tc_recorder *)sink, type, bytes, size);
}

static const struct tc_sink_ops sink_ops = {.begin = begin, .add = add};

struct tc_sink *tc_recorder_sink(struct tc_recorder *recorder)
{
	return &recorder->sink;
}

/* Why a file cannot be made, and what to do. */
static int refuse(const char *path, int error)
{
	struct stat stat_;

	if (error == -EISDIR || (stat(path, &stat_) == 0 && S_ISDIR(stat_.st_mode)))
		tc_error("%s is a directory, and a recording is one file: name a file in it. What "
			 "is "
			 "kept in a directory, in segments that grow old, is the audit log: "
			 "`tocsin run --audit --audit-directory DIRECTORY`",
			 path);
	else if (error == -EEXIST)
		tc_error("%s is there already, and no recording is written over another: name "
			 "another file",
			 path);
	else
		tc_error("cannot write %s: %s", path, strerror(-error));
	return error;
}

int tc_recorder_open(const char *path, struct tc_recorder **ret_recorder)
{
	struct tc_recorder *recorder = calloc(1, sizeof(*recorder));
	int error;

	if (!recorder)
		return -ENOMEM;
	recorder->sink.ops = &sink_ops;
	recorder->path = strdup(path);
	error = recorder->path ? tc_segment_create(path, &recorder->segment) : -ENOMEM;
	if (error < 0) {
		tc_recorder_close(recorder, NULL);
		return refuse(path, error);
	}
	*ret_recorder = recorder;
	return 0;
}

void tc_recorder_begin(struct tc_recorder *recorder, const struct tc_recorder_about *about,
		       const struct tc_host_about *host)
{
	_cleanup_buffer_ struct tc_buffer header = {0};

	tc_header_put(&header, about, host);
	tc_recorder_begin_as(recorder, &header);
}

void tc_recorder_begin_as(struct tc_recorder *recorder, const struct tc_buffer *header)
{
	if (recorder->error)
		return;
	fail(recorder, tc_segment_begin(recorder->segment, header));
	recorder->begun = !recorder->error;
}

static void write_block(struct tc_recorder *recorder)
{
	if (!recorder->error)
		fail(recorder, tc_segment_append(recorder->segment, &recorder->block));
	tc_block_reset(&recorder->block);
}

void tc_recorder_add(struct tc_recorder *recorder, enum tc_entry_type type, const void *bytes,
		     size_t size)
{
	if (recorder->error || !tc_fact_room_take(&recorder->facts, size, recorder->path))
		return;
	if (!tc_block_has_room(&recorder->block, size))
		write_block(recorder);
	tc_block_add(&recorder->block, type, bytes, size);
}

int tc_recorder_take(void *context, const void *bytes, size_t size)
{
	struct tc_recorder *recorder = context;

	/* Bytes of any kind, if few enough that a reader takes them for a record. */
	if (recorder->error || size > TC_RECORD_MAX)
		return 0;
	if (!tc_block_has_room(&recorder->block, size))
		write_block(recorder);
	tc_block_add_record(&recorder->block, bytes, size);
	tc_fact_room_clear(&recorder->facts);
	recorder->counts.records++;
	recorder->counts.record_bytes += size;
	return 0;
}

void tc_recorder_pass(struct tc_recorder *recorder, uint64_t now_ns)
{
	_cleanup_buffer_ struct tc_buffer body = {0};

	tc_named_put_number(&body, "now_ns", now_ns);
	if (tc_buffer_failed(&body))
		fail(recorder, -ENOMEM);
	else
		tc_recorder_add(recorder, TC_ENTRY_TIME, body.bytes, body.length);
	tc_fact_room_clear(&recorder->facts);
}

void tc_recorder_flush(struct tc_recorder *recorder, uint64_t age_ns)
{
	if (recorder->block.entries.length &&
	    tc_clock_monotonic_ns() - recorder->block.since_ns >= age_ns)
		write_block(recorder);
}

int tc_recorder_error(const struct tc_recorder *recorder)
{
	return recorder->error;
}

int tc_recorder_close(struct tc_recorder *recorder, struct tc_recorder_counts *ret_counts)
{
	struct tc_segment_counts written = {0};
	int error;

	if (!recorder)
		return 0;
	if (recorder->begun)
		write_block(recorder);
	if (recorder->begun && !recorder->error)
		fail(recorder, tc_segment_finish(recorder->segment));
	if (recorder->segment)
		tc_segment_counts(recorder->segment, &written);
	error = recorder->error;
	recorder->counts.file_bytes = written.file_bytes;
	if (ret_counts)
		*ret_counts = recorder->counts;
	tc_segment_free(recorder->segment);
	tc_block_done(&recorder->block);
	free(recorder->path);
	free(recorder);
	return error;
}
