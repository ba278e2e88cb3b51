/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zstd.h>

#include "agent/log.h"

/* Rows of the index. When there are more blocks, every second row goes: the index then leads to
 * every second block, and so on. */
#define INDEX_ROWS 65536
/* Level 1 makes the file a fifth larger than 3 at half the cost. */
#define ZSTD_LEVEL 1

struct tc_segment {
	int fd;
	char *path;
	uint32_t n_frames;
	struct tc_segment_counts counts;
	tc_segment_callback appended; /* NULL: nobody is told */
	void *context;
	ZSTD_CCtx *zstd;
	char *packed;
	size_t packed_size;
	struct tc_index_row *index;
	uint32_t n_rows, n_blocks;
	uint32_t stride; /* blocks for each row */
};

int tc_segment_create(const char *path, struct tc_segment **ret_segment)
{
	struct tc_segment *segment = calloc(1, sizeof(*segment));
	int error;

	if (!segment)
		return -ENOMEM;
	segment->stride = 1;
	segment->path = strdup(path);
	segment->zstd = ZSTD_createCCtx();
	segment->index = malloc(INDEX_ROWS * sizeof(*segment->index));
	segment->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	error = segment->fd < 0 ? -errno : 0;
	if (error < 0 || !segment->path || !segment->zstd || !segment->index) {
		tc_segment_free(segment);
		return error < 0 ? error : -ENOMEM;
	}
	ZSTD_CCtx_setParameter(segment->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	*ret_segment = segment;
	return 0;
}

void tc_segment_free(struct tc_segment *segment)
{
	if (!segment)
		return;
	/* Nothing was begun: a second try finds the place free. */
	if (segment->fd >= 0 && !segment->n_frames)
		unlink(segment->path);
	if (segment->fd >= 0)
		close(segment->fd);
	ZSTD_freeCCtx(segment->zstd);
	free(segment->packed);
	free(segment->index);
	free(segment->path);
	free(segment);
}

void tc_segment_watch(struct tc_segment *segment, tc_segment_callback appended, void *context)
{
	segment->appended = appended;
	segment->context = context;
}

void tc_segment_counts(const struct tc_segment *segment, struct tc_segment_counts *ret_counts)
{
	*ret_counts = segment->counts;
}

/* --- frames --- */

/* Writes all parts, in one call where the file system takes it so. */
static int write_parts(int fd, struct iovec *parts, int count)
{
	while (count) {
		ssize_t written = writev(fd, parts, count);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return -errno;
		for (; count && (size_t)written >= parts->iov_len; parts++, count--)
			written -= (ssize_t)parts->iov_len;
		if (count) {
			parts->iov_base = (char *)parts->iov_base + written;
			parts->iov_len -= (size_t)written;
		}
	}
	return 0;
}

/* All or nothing: what was written of a frame that did not fit is taken away again. */
static int write_frame(struct tc_segment *segment, struct tc_frame *frame)
{
	struct iovec parts[] = {{frame, sizeof(*frame)}, {segment->packed, frame->stored}};
	int error;

	frame->magic = TC_FRAME_MAGIC;
	frame->number = segment->n_frames;
	tc_frame_seal(frame, segment->packed);
	error = write_parts(segment->fd, parts, 2);
	if (error < 0) {
		if (ftruncate(segment->fd, (off_t)segment->counts.file_bytes) < 0)
			tc_debug("%s: ftruncate: %s", segment->path, strerror(errno));
		return error;
	}
	if (segment->appended) {
		segment->appended(segment->context, frame, sizeof(*frame));
		segment->appended(segment->context, segment->packed, frame->stored);
	}
	segment->n_frames++;
	segment->counts.file_bytes += sizeof(*frame) + frame->stored;
	return 0;
}

static int reserve(struct tc_segment *segment, size_t size)
{
	char *packed;

	if (size <= segment->packed_size)
		return 0;
	packed = realloc(segment->packed, size);
	if (!packed)
		return -ENOMEM;
	segment->packed = packed;
	segment->packed_size = size;
	return 0;
}

static int pack_frame(struct tc_segment *segment, struct tc_frame *frame, const void *bytes,
		      size_t size)
{
	size_t bound = ZSTD_compressBound(size), packed;
	int error = reserve(segment, bound);

	if (error < 0)
		return error;
	packed = ZSTD_compress2(segment->zstd, segment->packed, bound, bytes, size);
	if (ZSTD_isError(packed))
		return -ENOMEM;
	frame->packing = TC_PACKING_ZSTD;
	frame->stored = (uint32_t)packed;
	frame->size = (uint32_t)size;
	return write_frame(segment, frame);
}

int tc_segment_begin(struct tc_segment *segment, const struct tc_buffer *header)
{
	struct tc_frame frame = {.type = TC_FRAME_HEADER};

	return tc_buffer_failed(header)
		       ? -ENOMEM
		       : pack_frame(segment, &frame, header->bytes, header->length);
}

static void index_block(struct tc_segment *segment, const struct tc_frame *block, uint64_t offset)
{
	if (segment->n_blocks++ % segment->stride)
		return;
	if (segment->n_rows == INDEX_ROWS) {
		for (uint32_t i = 0; i < INDEX_ROWS / 2; i++)
			segment->index[i] = segment->index[2 * i];
		segment->n_rows /= 2;
		segment->stride *= 2;
	}
	segment->index[segment->n_rows++] = (struct tc_index_row){
		.offset = offset,
		.records = segment->counts.records,
		.first_ns = block->first_ns,
		.last_ns = block->last_ns,
	};
}

int tc_segment_append(struct tc_segment *segment, struct tc_block *block)
{
	uint64_t offset = segment->counts.file_bytes;
	int error;

	if (!block->entries.length)
		return 0;
	block->frame.type = TC_FRAME_BLOCK;
	error = tc_buffer_failed(&block->entries)
			? -ENOMEM
			: pack_frame(segment, &block->frame, block->entries.bytes,
				     block->entries.length);
	if (error < 0)
		return error;
	index_block(segment, &block->frame, offset);
	segment->counts.records += block->frame.records;
	return 0;
}

int tc_segment_sync(struct tc_segment *segment)
{
	return fdatasync(segment->fd) < 0 ? -errno : 0;
}

int tc_segment_finish(struct tc_segment *segment)
{
	struct tc_frame frame = {.type = TC_FRAME_INDEX, .records = segment->counts.records};
	int error = pack_frame(segment, &frame, segment->index,
			       segment->n_rows * sizeof(*segment->index));

	if (error == 0 && fsync(segment->fd) < 0)
		error = -errno;
	return error;
}
