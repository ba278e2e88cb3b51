/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

struct tc_recording {
	struct tc_recording_source source;
	int fd; /* of a file; -1: not ours */
	ZSTD_DCtx *zstd;
	uint64_t offset;       /* of what is read next */
	uint64_t frame_offset; /* of the last frame */
	uint64_t n_blocks, n_records;
	uint32_t n_frames;
	enum tc_recording_end end;
	struct tc_recording_fault fault; /* DAMAGED: why */

	struct tc_frame frame;
	char *stored, *unpacked; /* of the last frame */
	size_t stored_size, unpacked_size;
	const char *bytes; /* of the last frame: one of the two */
	size_t at, length; /* in bytes */

	char *header;
	struct tc_named_list header_list;
	struct tc_layout *layout;
};

static int damaged(struct tc_recording *recording, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int damaged(struct tc_recording *recording, const char *format, ...)
{
	va_list args;

	recording->fault.offset = recording->frame_offset;
	recording->fault.block = recording->n_blocks;
	va_start(args, format);
	vsnprintf(recording->fault.reason, sizeof(recording->fault.reason), format, args);
	va_end(args);
	recording->end = TC_RECORDING_DAMAGED;
	return -EBADMSG;
}

/* The file ends within a frame. */
static int cut(struct tc_recording *recording, uint64_t wanted, uint64_t there)
{
	recording->fault.is_cut = true;
	return damaged(recording, "cut: %" PRIu64 " of the %" PRIu64 " bytes of a frame are there",
		       there, wanted);
}

/* --- bytes --- */

/* Reads until there are size bytes, or the end. Their number, or a negative errno. */
static ssize_t read_bytes(struct tc_recording *recording, void *bytes, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t got = recording->source.read(recording->source.context,
						     (char *)bytes + length, size - length);

		if (got < 0)
			return got;
		if (got == 0)
			break;
		length += (size_t)got;
	}
	recording->offset += length;
	return (ssize_t)length;
}

static int reserve(char **bytes, size_t *size, size_t wanted)
{
	char *grown;

	/* Nothing has a place, too. */
	if (*bytes && wanted <= *size)
		return 0;
	grown = realloc(*bytes, wanted ? wanted : 1);
	if (!grown)
		return -ENOMEM;
	*bytes = grown;
	*size = wanted;
	return 0;
}

/* --- frames --- */

static int check_head(struct tc_recording *recording, size_t length)
{
	const struct tc_frame *frame = &recording->frame;

	if (length >= sizeof(frame->magic) && frame->magic == TC_FRAME_MAGIC_SWAPPED)
		return damaged(recording, "recorded on a machine of the other byte order");
	if (length >= sizeof(frame->magic) && frame->magic != TC_FRAME_MAGIC)
		return damaged(recording, recording->n_frames ? "no frame begins here"
							      : "this is not a recording");
	if (length < sizeof(*frame))
		return cut(recording, sizeof(*frame), length);
	if (frame->stored > TC_FRAME_BYTES_MAX || frame->size > TC_FRAME_BYTES_MAX)
		return damaged(recording,
			       "a frame of %" PRIu32 " bytes, unpacked %" PRIu32 ": more than %u",
			       frame->stored, frame->size, TC_FRAME_BYTES_MAX);
	if (frame->number != recording->n_frames)
		return damaged(recording, "frame %" PRIu32 " stands where %" PRIu32 " belongs",
			       frame->number, recording->n_frames);
	return 0;
}

static int unpack(struct tc_recording *recording)
{
	const struct tc_frame *frame = &recording->frame;
	size_t unpacked;

	recording->length = frame->size;
	recording->bytes = recording->stored;
	if (frame->packing == TC_PACKING_NONE && frame->size == frame->stored)
		return 0;
	if (frame->packing != TC_PACKING_ZSTD)
		return damaged(recording, "packed in a way that this version does not know");
	if (reserve(&recording->unpacked, &recording->unpacked_size, frame->size) < 0)
		return -ENOMEM;
	recording->bytes = recording->unpacked;
	unpacked = ZSTD_decompressDCtx(recording->zstd, recording->unpacked, frame->size,
				       recording->stored, frame->stored);
	if (ZSTD_isError(unpacked))
		return damaged(recording, "cannot be unpacked: %s", ZSTD_getErrorName(unpacked));
	if (unpacked != frame->size)
		return damaged(recording, "unpacks to %zu bytes, not %" PRIu32, unpacked,
			       frame->size);
	return 0;
}

/* Reads a frame and unpacks it. 1; 0 at the end of the file; or a negative errno. */
static int read_frame(struct tc_recording *recording)
{
	struct tc_frame *frame = &recording->frame;
	ssize_t length;
	int error;

	recording->frame_offset = recording->offset;
	length = read_bytes(recording, frame, sizeof(*frame));
	if (length <= 0)
		return (int)length;
	error = check_head(recording, (size_t)length);
	if (error < 0)
		return error;
	if (reserve(&recording->stored, &recording->stored_size, frame->stored) < 0)
		return -ENOMEM;
	length = read_bytes(recording, recording->stored, frame->stored);
	if (length < 0)
		return (int)length;
	if ((uint32_t)length < frame->stored)
		return cut(recording, sizeof(*frame) + frame->stored,
			   sizeof(*frame) + (uint64_t)length);
	if (!tc_frame_is_sealed(frame, recording->stored))
		return damaged(recording, "the checksum is not that of the frame");
	error = unpack(recording);
	if (error < 0)
		return error;
	recording->n_frames++;
	recording->at = 0;
	return 1;
}

/* --- the header --- */

static int read_layout(struct tc_recording *recording)
{
	struct tc_layout_fault fault;
	const char *text;
	size_t length;
	int error;

	if (!tc_named_bytes(&recording->header_list, "layout", &text, &length))
		return damaged(recording, "the header has no layout of records");
	error = tc_layout_read(text, length, &recording->layout, &fault);
	if (error == -EBADMSG)
		return damaged(recording, "the layout of records, line %u: %s", fault.line,
			       fault.reason);
	return error;
}

static int read_header(struct tc_recording *recording)
{
	int r = read_frame(recording);
	uint64_t format;

	if (r < 0)
		return r;
	if (r == 0) {
		recording->fault.is_cut = true;
		return damaged(recording, "the file is empty");
	}
	if (recording->frame.type != TC_FRAME_HEADER)
		return damaged(recording, "it does not begin with a header");
	recording->header = malloc(recording->length + 1);
	if (!recording->header)
		return -ENOMEM;
	memcpy(recording->header, recording->bytes, recording->length);
	recording->header_list = (struct tc_named_list){recording->header, recording->length};
	recording->at = recording->length;
	format = tc_named_number(&recording->header_list, "format", 0);
	if (format != TC_RECORDING_FORMAT)
		return damaged(recording, "its format is %" PRIu64 ", this version reads %u",
			       format, TC_RECORDING_FORMAT);
	return read_layout(recording);
}

static int open_source(const struct tc_recording_source *source, int fd,
		       struct tc_recording **ret_recording, struct tc_recording_fault *ret_fault)
{
	struct tc_recording *recording = calloc(1, sizeof(*recording));
	int error = -ENOMEM;

	if (recording) {
		recording->source = *source;
		recording->fd = -1;
		recording->zstd = ZSTD_createDCtx();
		error = recording->zstd ? read_header(recording) : -ENOMEM;
		*ret_fault = recording->fault;
	}
	if (error < 0) {
		tc_recording_close(recording);
		return error;
	}
	recording->fd = fd;
	*ret_recording = recording;
	return 0;
}

int tc_recording_open(const struct tc_recording_source *source, struct tc_recording **ret_recording,
		      struct tc_recording_fault *ret_fault)
{
	return open_source(source, -1, ret_recording, ret_fault);
}

static ssize_t read_file(void *context, void *bytes, size_t size)
{
	ssize_t got;

	do
		got = read((int)(intptr_t)context, bytes, size);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

int tc_recording_open_file(const char *path, struct tc_recording **ret_recording,
			   struct tc_recording_fault *ret_fault)
{
	bool is_stdin = strcmp(path, "-") == 0;
	int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
	struct tc_recording_source source = {.read = read_file, .context = (void *)(intptr_t)fd};
	int error;

	if (fd < 0)
		return -errno;
	error = open_source(&source, is_stdin ? -1 : fd, ret_recording, ret_fault);
	if (error < 0 && !is_stdin)
		close(fd);
	return error;
}

void tc_recording_close(struct tc_recording *recording)
{
	if (!recording)
		return;
	if (recording->fd >= 0)
		close(recording->fd);
	ZSTD_freeDCtx(recording->zstd);
	tc_layout_free(recording->layout);
	free(recording->header);
	free(recording->stored);
	free(recording->unpacked);
	free(recording);
}

const struct tc_named_list *tc_recording_header(const struct tc_recording *recording)
{
	return &recording->header_list;
}

const struct tc_layout *tc_recording_layout(const struct tc_recording *recording)
{
	return recording->layout;
}

enum tc_recording_end tc_recording_end(const struct tc_recording *recording)
{
	return recording->end;
}

uint64_t tc_recording_offset(const struct tc_recording *recording)
{
	return recording->offset;
}

/* --- entries --- */

static int end(struct tc_recording *recording, enum tc_recording_end how)
{
	recording->end = how;
	return 0;
}

/* The index is the last frame; what it says of the whole is checked. */
static int read_end(struct tc_recording *recording)
{
	char more;

	if (recording->frame.records != recording->n_records)
		return damaged(recording,
			       "the index tells of %" PRIu64 " records, %" PRIu64 " were there",
			       recording->frame.records, recording->n_records);
	recording->frame_offset = recording->offset;
	if (read_bytes(recording, &more, 1) > 0)
		return damaged(recording, "there is more behind the index");
	return end(recording, TC_RECORDING_WHOLE);
}

/* The next block with entries in it. 1, 0 at the end, or a negative errno. */
static int next_block(struct tc_recording *recording)
{
	int r;

	do {
		r = read_frame(recording);
		if (r == 0)
			return end(recording, TC_RECORDING_UNFINISHED);
		if (r < 0)
			return r;
		if (recording->frame.type == TC_FRAME_INDEX)
			return read_end(recording);
		if (recording->frame.type == TC_FRAME_HEADER)
			return damaged(recording, "a second header");
		/* Frames of later versions are passed over. */
	} while (recording->frame.type != TC_FRAME_BLOCK || !recording->length);
	recording->n_blocks++;
	return 1;
}

static int take_entry(struct tc_recording *recording, struct tc_entry *ret_entry)
{
	size_t left = recording->length - recording->at;
	struct tc_entry_head head;

	if (left < sizeof(head))
		return damaged(recording, "a block ends within an entry");
	memcpy(&head, recording->bytes + recording->at, sizeof(head));
	left -= sizeof(head);
	if (head.size > left || tc_entry_padded(head.size) > left)
		return damaged(recording, "an entry of %" PRIu32 " bytes has %zu left in its block",
			       head.size, left);
	*ret_entry = (struct tc_entry){
		.type = head.type,
		.bytes = recording->bytes + recording->at + sizeof(head),
		.size = head.size,
	};
	recording->at += sizeof(head) + tc_entry_padded(head.size);
	recording->n_records += head.type == TC_ENTRY_RECORD;
	return 1;
}

int tc_recording_next(struct tc_recording *recording, struct tc_entry *ret_entry,
		      struct tc_recording_fault *ret_fault)
{
	int r = 1;

	if (recording->end == TC_RECORDING_GOES_ON) {
		if (recording->at == recording->length)
			r = next_block(recording);
		if (r > 0)
			r = take_entry(recording, ret_entry);
		if (r < 0 && r != -EBADMSG)
			r = r == -ENOMEM ? r
					 : damaged(recording, "cannot be read: %s", strerror(-r));
	} else {
		r = recording->end == TC_RECORDING_DAMAGED ? -EBADMSG : 0;
	}
	*ret_fault = recording->fault;
	return r;
}
