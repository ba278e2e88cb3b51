/* SPDX-License-Identifier: Apache-2.0 */
/* Recordings as files: what is written is read, and of a damaged one everything before the damage.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>

#include "recording/recorder.h"
#include "tests/unit/agent/make_record.h"
#include "tests/unit/recording/scratch.h"

#define BLOCKS 6
#define PER_BLOCK 5
#define FLIPS 10000

/* A file of BLOCKS blocks, its bytes, and where its frames begin. */
static struct sample {
	char *bytes;
	size_t size, n_frames;
	size_t frames[BLOCKS + 2]; /* header, blocks, index */
} sample;

static const struct tc_recorder_about about = {
	.kinds = TC_KIND_BIT(TC_KIND_exec), .scope = "/test", .source = "lsm"};
static const struct tc_host_about host = {.clock = {.real_minus_boot_ns = -5},
					  .boot_id = "01234567-89ab-cdef-0123-456789abcdef",
					  .hostname = "host.example.org"};

/* Record n: an exec whose path says which. */
static void make(union made *made, unsigned n)
{
	char path[64];

	snprintf(path, sizeof(path), "/bin/program-%u", n);
	make_exec(made, 100 + n, SECOND, "x", path);
	made->header.time_ns = (n + 1) * SECOND;
	made->header.seq = n;
	made->header.cpu = n % 3;
}

static void write_sample(const char *path)
{
	struct tc_recorder_counts counts;
	struct tc_recorder *recorder;
	union made made;

	assert_int_equal(tc_recorder_open(path, &recorder), 0);
	tc_recorder_begin(recorder, &about, &host);
	for (unsigned n = 0; n < BLOCKS * PER_BLOCK; n++) {
		if (n % PER_BLOCK == 0)
			tc_recorder_add(recorder, TC_ENTRY_USERS, "some facts", 10);
		make(&made, n);
		assert_int_equal(tc_recorder_take(recorder, &made, made.header.size), 0);
		if (n % PER_BLOCK == PER_BLOCK - 1)
			tc_recorder_flush(recorder, 0);
	}
	assert_int_equal(tc_recorder_close(recorder, &counts), 0);
	assert_int_equal(counts.records, BLOCKS * PER_BLOCK);
}

/* Frames are not aligned. */
static struct tc_frame frame_at(const char *bytes, size_t at)
{
	struct tc_frame frame;

	memcpy(&frame, bytes + at, sizeof(frame));
	return frame;
}

static void put_frame(char *bytes, size_t at, struct tc_frame *frame)
{
	if (frame->stored < sample.size)
		tc_frame_seal(frame, bytes + at + sizeof(*frame));
	memcpy(bytes + at, frame, sizeof(*frame));
}

static int set_up(void **state)
{
	struct scratch scratch = scratch_make();
	struct tc_frame frame;

	write_sample(scratch.path);
	sample.bytes = scratch_read(&scratch, &sample.size);
	scratch_remove(&scratch);
	for (size_t at = 0; at < sample.size; at += sizeof(frame) + frame.stored) {
		frame = frame_at(sample.bytes, at);
		sample.frames[sample.n_frames++] = at;
	}
	return sample.n_frames == BLOCKS + 2 ? 0 : -1;
}

static int tear_down(void **state)
{
	free(sample.bytes);
	return 0;
}

/* What came of reading bytes. */
struct outcome {
	int error; /* of the opening, or of the last entry */
	unsigned records;
	enum tc_recording_end end;
	struct tc_recording_fault fault;
};

/* Reads all; records must be the first ones of the sample, in order. */
static struct outcome read_all(const char *bytes, size_t size)
{
	struct memory memory = {.bytes = bytes, .size = size};
	struct tc_recording_source source = memory_source(&memory);
	struct outcome outcome = {0};
	struct tc_recording *recording;
	struct tc_entry entry;
	union made made;

	outcome.error = tc_recording_open(&source, &recording, &outcome.fault);
	if (outcome.error < 0)
		return outcome;
	while ((outcome.error = tc_recording_next(recording, &entry, &outcome.fault)) > 0) {
		if (entry.type != TC_ENTRY_RECORD) {
			assert_int_equal(entry.type, TC_ENTRY_USERS);
			assert_memory_equal(entry.bytes, "some facts", 10);
			continue;
		}
		make(&made, outcome.records++);
		assert_int_equal((uintptr_t)entry.bytes % 8, 0);
		assert_int_equal(entry.size, made.header.size);
		assert_memory_equal(entry.bytes, &made, entry.size);
	}
	/* The end stays the end. */
	assert_int_equal(tc_recording_next(recording, &entry, &outcome.fault), outcome.error);
	outcome.end = tc_recording_end(recording);
	tc_recording_close(recording);
	return outcome;
}

static void what_is_written_is_read(void **state)
{
	struct outcome outcome = read_all(sample.bytes, sample.size);

	assert_int_equal(outcome.error, 0);
	assert_int_equal(outcome.records, BLOCKS * PER_BLOCK);
	assert_int_equal(outcome.end, TC_RECORDING_WHOLE);
}

static void the_header_tells_of_the_host(void **state)
{
	struct memory memory = {.bytes = sample.bytes, .size = sample.size};
	struct tc_recording_source source = memory_source(&memory);
	struct tc_recording_fault fault;
	struct tc_recording *recording;
	const struct tc_named_list *header;
	char text[64];

	assert_int_equal(tc_recording_open(&source, &recording, &fault), 0);
	header = tc_recording_header(recording);
	assert_int_equal(tc_named_number(header, "format", 0), TC_RECORDING_FORMAT);
	assert_int_equal(tc_named_number(header, "real_minus_boot_ns", 0), (uint64_t)-5);
	tc_named_text(header, "hostname", text, sizeof(text));
	assert_string_equal(text, "host.example.org");
	tc_named_text(header, "boot_id", text, sizeof(text));
	assert_string_equal(text, host.boot_id);
	tc_named_text(header, "scope", text, sizeof(text));
	assert_string_equal(text, "/test");
	tc_named_text(header, "kind", text, sizeof(text));
	assert_string_equal(text, "exec");
	tc_named_text(header, "agent", text, sizeof(text));
	assert_string_equal(text, TOCSIN_VERSION);
	assert_true(tc_layout_is_own(tc_recording_layout(recording)));
	tc_recording_close(recording);
}

/* The place of the frame that a byte belongs to. */
static size_t frame_of(size_t offset)
{
	size_t frame = 0;

	while (frame + 1 < sample.n_frames && sample.frames[frame + 1] <= offset)
		frame++;
	return frame;
}

/* Frames 1 to BLOCKS are blocks; whole ones before a frame. */
static unsigned records_before(size_t frame)
{
	size_t blocks = frame ? frame - 1 : 0;

	return (unsigned)(blocks < BLOCKS ? blocks : BLOCKS) * PER_BLOCK;
}

static void cut_anywhere_everything_before_is_read(void **state)
{
	for (size_t size = 0; size < sample.size; size++) {
		struct outcome outcome = read_all(sample.bytes, size);
		size_t frame = frame_of(size);
		bool between = sample.frames[frame] == size;

		assert_int_equal(outcome.records, records_before(frame));
		if (between && frame) {
			assert_int_equal(outcome.error, 0);
			assert_int_equal(outcome.end, TC_RECORDING_UNFINISHED);
			continue;
		}
		assert_int_equal(outcome.error, -EBADMSG);
		assert_int_equal(outcome.fault.offset, sample.frames[frame]);
		assert_non_null(strstr(outcome.fault.reason, size ? "cut" : "empty"));
	}
}

static void a_flipped_bit_is_told_where_it_is(void **state)
{
	char *bytes = malloc(sample.size);
	uint64_t random = 1;

	memcpy(bytes, sample.bytes, sample.size);
	for (unsigned n = 0; n < FLIPS; n++) {
		size_t at;
		struct outcome outcome;
		size_t frame;

		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		at = (random >> 20) % sample.size;
		bytes[at] ^= (char)(1 << (random >> 60 & 7));
		outcome = read_all(bytes, sample.size);
		memcpy(bytes + at, sample.bytes + at, 1);
		frame = frame_of(at);
		assert_int_equal(outcome.error, -EBADMSG);
		assert_int_equal(outcome.records, records_before(frame));
		assert_int_equal(outcome.fault.offset, sample.frames[frame]);
		assert_int_equal(outcome.fault.block, frame ? frame - 1 : 0);
		assert_int_not_equal(strlen(outcome.fault.reason), 0);
	}
	free(bytes);
}

/* A frame that somebody changed and sealed again. */
static struct outcome read_forged(size_t frame, void (*forge)(struct tc_frame *, char *stored))
{
	char *bytes = malloc(sample.size + 1);
	struct tc_frame head = frame_at(sample.bytes, sample.frames[frame]);
	struct outcome outcome;

	memcpy(bytes, sample.bytes, sample.size);
	forge(&head, bytes + sample.frames[frame] + sizeof(head));
	put_frame(bytes, sample.frames[frame], &head);
	outcome = read_all(bytes, sample.size);
	free(bytes);
	return outcome;
}

static void forge_stored(struct tc_frame *frame, char *stored)
{
	frame->stored = UINT32_MAX;
}

static void forge_size(struct tc_frame *frame, char *stored)
{
	frame->size = TC_FRAME_BYTES_MAX + 1;
}

static void forge_larger(struct tc_frame *frame, char *stored)
{
	frame->size = TC_FRAME_BYTES_MAX;
}

static void forge_smaller(struct tc_frame *frame, char *stored)
{
	frame->size = 16;
}

static void forge_packing(struct tc_frame *frame, char *stored)
{
	frame->packing = 7;
}

static void forge_number(struct tc_frame *frame, char *stored)
{
	frame->number++;
}

static void forge_header(struct tc_frame *frame, char *stored)
{
	frame->type = TC_FRAME_HEADER;
}

static void forge_garbage(struct tc_frame *frame, char *stored)
{
	memset(stored, 0x5a, frame->stored);
}

/* Entries, not packed: the first is longer than what is left. */
static void forge_entry(struct tc_frame *frame, char *stored)
{
	struct tc_entry_head head = {.size = frame->stored - sizeof(head) + 1,
				     .type = TC_ENTRY_RECORD};

	frame->packing = TC_PACKING_NONE;
	frame->size = frame->stored;
	memcpy(stored, &head, sizeof(head));
}

static void forge_order(struct tc_frame *frame, char *stored)
{
	frame->magic = TC_FRAME_MAGIC_SWAPPED;
}

static void forge_empty(struct tc_frame *frame, char *stored)
{
	frame->stored = frame->size = 0;
}

static void forge_empty_plain(struct tc_frame *frame, char *stored)
{
	frame->packing = TC_PACKING_NONE;
	frame->stored = frame->size = 0;
}

static void an_empty_header_is_refused(void **state)
{
	struct outcome plain = read_forged(0, forge_empty_plain);
	struct outcome packed = read_forged(0, forge_empty);

	assert_int_equal(plain.error, -EBADMSG);
	assert_non_null(strstr(plain.fault.reason, "its format is 0"));
	assert_int_equal(packed.error, -EBADMSG);
}

static void forged_frames_are_refused(void **state)
{
	static const struct {
		void (*forge)(struct tc_frame *frame, char *stored);
		const char *reason;
	} rows[] = {
		{forge_stored, "more than"},
		{forge_size, "more than"},
		{forge_larger, "unpacks to"},
		{forge_smaller, "cannot be unpacked"},
		{forge_packing, "packed in"},
		{forge_number, "frame 4 stands where 3 belongs"},
		{forge_header, "second header"},
		{forge_garbage, "cannot be unpacked"},
		{forge_entry, "left in its block"},
		{forge_order, "byte order"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct outcome outcome = read_forged(3, rows[i].forge);

		assert_int_equal(outcome.error, -EBADMSG);
		assert_int_equal(outcome.records, 2 * PER_BLOCK);
		assert_int_equal(outcome.fault.offset, sample.frames[3]);
		assert_non_null(strstr(outcome.fault.reason, rows[i].reason));
	}
}

/* What later versions add is passed over; that the records are gone the index tells. */
static void frames_of_later_versions_are_passed_over(void **state)
{
	struct memory memory;
	char *bytes = malloc(sample.size);
	struct tc_frame head = frame_at(sample.bytes, sample.frames[BLOCKS]);
	struct tc_recording_source source = memory_source(&memory);
	struct tc_recording_fault fault;
	struct tc_recording *recording;
	struct tc_entry entry;
	unsigned records = 0;
	int r;

	memcpy(bytes, sample.bytes, sample.size);
	head.type = 99;
	put_frame(bytes, sample.frames[BLOCKS], &head);
	memory = (struct memory){.bytes = bytes, .size = sample.size};
	assert_int_equal(tc_recording_open(&source, &recording, &fault), 0);
	while ((r = tc_recording_next(recording, &entry, &fault)) > 0)
		records += entry.type == TC_ENTRY_RECORD;
	assert_int_equal(records, (BLOCKS - 1) * PER_BLOCK);
	assert_int_equal(r, -EBADMSG);
	assert_non_null(strstr(fault.reason, "the index tells of 30 records, 25"));
	tc_recording_close(recording);
	free(bytes);
}

static void what_follows_the_index_is_damage(void **state)
{
	char *bytes = calloc(1, sample.size + 1);
	struct outcome outcome;

	memcpy(bytes, sample.bytes, sample.size);
	outcome = read_all(bytes, sample.size + 1);
	assert_int_equal(outcome.error, -EBADMSG);
	assert_int_equal(outcome.records, BLOCKS * PER_BLOCK);
	assert_int_equal(outcome.fault.offset, sample.size);
	free(bytes);
}

static void other_files_are_no_recordings(void **state)
{
	struct outcome outcome = read_all("#!/bin/sh\n", 10);

	assert_int_equal(outcome.error, -EBADMSG);
	assert_string_equal(outcome.fault.reason, "this is not a recording");
	assert_int_equal(outcome.fault.offset, 0);
}

static ssize_t read_broken(void *context, void *bytes, size_t size)
{
	struct memory *memory = context;

	return memory->at < sample.frames[2] + 10
		       ? memory_read(context, bytes, size < 100 ? size : 100)
		       : -EIO;
}

static void what_cannot_be_read_ends_it(void **state)
{
	struct memory memory = {.bytes = sample.bytes, .size = sample.size};
	struct tc_recording_source source = {.read = read_broken, .context = &memory};
	struct tc_recording_fault fault;
	struct tc_recording *recording;
	struct tc_entry entry;
	unsigned records = 0;
	int r;

	assert_int_equal(tc_recording_open(&source, &recording, &fault), 0);
	while ((r = tc_recording_next(recording, &entry, &fault)) > 0)
		records += entry.type == TC_ENTRY_RECORD;
	assert_int_equal(r, -EBADMSG);
	assert_int_equal(records, PER_BLOCK);
	assert_non_null(strstr(fault.reason, "Input/output error"));
	tc_recording_close(recording);
}

static void no_recording_is_written_over_another(void **state)
{
	struct scratch scratch = scratch_make();
	struct tc_recorder *recorder;

	write_sample(scratch.path);
	assert_int_equal(tc_recorder_open(scratch.path, &recorder), -EEXIST);
	scratch_remove(&scratch);
}

/* As on a full disk: what was whole stays whole, and the rest is not tried. */
static void a_file_that_cannot_grow_ends_the_recording(void **state)
{
	struct scratch scratch = scratch_make();
	struct rlimit before, limit;
	struct tc_recorder_counts counts;
	struct tc_recorder *recorder;
	struct outcome outcome;
	union made made;
	char *bytes;
	size_t size;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	signal(SIGXFSZ, SIG_IGN);
	limit = (struct rlimit){sample.frames[3] + 7, before.rlim_max};
	assert_int_equal(tc_recorder_open(scratch.path, &recorder), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	tc_recorder_begin(recorder, &about, &host);
	for (unsigned n = 0; n < BLOCKS * PER_BLOCK; n++) {
		if (n % PER_BLOCK == 0)
			tc_recorder_add(recorder, TC_ENTRY_USERS, "some facts", 10);
		make(&made, n);
		tc_recorder_take(recorder, &made, made.header.size);
		if (n % PER_BLOCK == PER_BLOCK - 1)
			tc_recorder_flush(recorder, 0);
	}
	assert_int_equal(tc_recorder_error(recorder), -EFBIG);
	assert_int_equal(tc_recorder_close(recorder, &counts), -EFBIG);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	bytes = scratch_read(&scratch, &size);
	assert_int_equal(size, sample.frames[3]);
	assert_int_equal(counts.file_bytes, size);
	outcome = read_all(bytes, size);
	assert_int_equal(outcome.error, 0);
	assert_int_equal(outcome.end, TC_RECORDING_UNFINISHED);
	assert_int_equal(outcome.records, 2 * PER_BLOCK);
	free(bytes);
	scratch_remove(&scratch);
}

/* Entries of all sizes up to the largest; what is larger is left out, and that is logged. */
static void large_entries_have_blocks_of_their_own(void **state)
{
	static const size_t sizes[] = {0, 1, 7, 8, 9, 300000, 5000000, TC_FRAME_BYTES_MAX - 16};
	struct scratch scratch = scratch_make();
	struct tc_recording_fault fault;
	struct tc_recording *recording;
	struct tc_recorder *recorder;
	struct tc_entry entry;
	char *bytes = calloc(1, TC_FRAME_BYTES_MAX);

	assert_int_equal(tc_recorder_open(scratch.path, &recorder), 0);
	tc_recorder_begin(recorder, &about, &host);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		tc_recorder_add(recorder, TC_ENTRY_CGROUP, bytes, sizes[i]);
	tc_recorder_add(recorder, TC_ENTRY_CGROUP, bytes, TC_FRAME_BYTES_MAX);
	assert_int_equal(tc_recorder_close(recorder, NULL), 0);
	assert_int_equal(tc_recording_open_file(scratch.path, &recording, &fault), 0);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		assert_int_equal(tc_recording_next(recording, &entry, &fault), 1);
		assert_int_equal(entry.size, sizes[i]);
		assert_memory_equal(entry.bytes, bytes, entry.size);
	}
	assert_int_equal(tc_recording_next(recording, &entry, &fault), 0);
	assert_int_equal(tc_recording_end(recording), TC_RECORDING_WHOLE);
	tc_recording_close(recording);
	free(bytes);
	scratch_remove(&scratch);
}

static void a_file_that_is_not_there_is_told(void **state)
{
	struct tc_recording_fault fault;
	struct tc_recording *recording;

	assert_int_equal(tc_recording_open_file("/no/such/file", &recording, &fault), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(the_header_tells_of_the_host),
		cmocka_unit_test(cut_anywhere_everything_before_is_read),
		cmocka_unit_test(a_flipped_bit_is_told_where_it_is),
		cmocka_unit_test(forged_frames_are_refused),
		cmocka_unit_test(an_empty_header_is_refused),
		cmocka_unit_test(frames_of_later_versions_are_passed_over),
		cmocka_unit_test(what_follows_the_index_is_damage),
		cmocka_unit_test(other_files_are_no_recordings),
		cmocka_unit_test(what_cannot_be_read_ends_it),
		cmocka_unit_test(no_recording_is_written_over_another),
		cmocka_unit_test(a_file_that_cannot_grow_ends_the_recording),
		cmocka_unit_test(large_entries_have_blocks_of_their_own),
		cmocka_unit_test(a_file_that_is_not_there_is_told),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
