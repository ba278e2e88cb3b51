/* SPDX-License-Identifier: Apache-2.0 */
#include "recording/recorder.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zstd.h>

#include "agent/log.h"
#include "recording/layout.h"
#include "recording/named.h"
#include "recording/zone.h"

/* A block is written when it holds so much. */
#define BLOCK_BYTES (256U << 10)
/* Rows of the index. When there are more blocks, every second row goes: the index then leads to
 * every second block, and so on. */
#define INDEX_ROWS 65536
/* Level 1 makes the file a fifth larger than 3 at half the cost. */
#define ZSTD_LEVEL 1

struct tc_recorder {
	int fd;
	char *path;
	int error;
	struct tc_buffer block;	 /* entries that wait */
	struct tc_frame pending; /* of that block: records, first_ns, last_ns */
	uint64_t block_since_ns; /* CLOCK_MONOTONIC */
	uint32_t n_frames;
	struct tc_recorder_counts counts;
	ZSTD_CCtx *zstd;
	char *packed;
	size_t packed_size;
	struct tc_index_row *index;
	uint32_t n_rows, n_blocks;
	uint32_t stride; /* blocks for each row */
};

static void fail(struct tc_recorder *recorder, int error)
{
	if (recorder->error)
		return;
	recorder->error = error;
	tc_error("the recording %s ends here: %s", recorder->path, strerror(-error));
}

/* --- opening --- */

int tc_recorder_open(const char *path, struct tc_recorder **ret_recorder)
{
	struct tc_recorder *recorder = calloc(1, sizeof(*recorder));

	if (!recorder)
		return -ENOMEM;
	recorder->stride = 1;
	recorder->path = strdup(path);
	recorder->zstd = ZSTD_createCCtx();
	recorder->index = malloc(INDEX_ROWS * sizeof(*recorder->index));
	recorder->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
	if (recorder->fd < 0 || !recorder->path || !recorder->zstd || !recorder->index) {
		int error = recorder->fd < 0 ? -errno : -ENOMEM;

		recorder->error = error;
		tc_recorder_close(recorder, NULL);
		if (error == -EEXIST)
			tc_error("%s is there already: no recording is written over another", path);
		else
			tc_error("cannot write %s: %s", path, strerror(-error));
		return error;
	}
	ZSTD_CCtx_setParameter(recorder->zstd, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	*ret_recorder = recorder;
	return 0;
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
static int write_frame(struct tc_recorder *recorder, struct tc_frame *frame, const void *stored)
{
	struct iovec parts[] = {{frame, sizeof(*frame)}, {(void *)stored, frame->stored}};
	int error;

	frame->magic = TC_FRAME_MAGIC;
	frame->number = recorder->n_frames;
	tc_frame_seal(frame, stored);
	error = write_parts(recorder->fd, parts, 2);
	if (error < 0) {
		if (ftruncate(recorder->fd, (off_t)recorder->counts.file_bytes) < 0)
			tc_debug("%s: ftruncate: %s", recorder->path, strerror(errno));
		return error;
	}
	recorder->n_frames++;
	recorder->counts.file_bytes += sizeof(*frame) + frame->stored;
	return 0;
}

static int reserve(struct tc_recorder *recorder, size_t size)
{
	char *packed;

	if (size <= recorder->packed_size)
		return 0;
	packed = realloc(recorder->packed, size);
	if (!packed)
		return -ENOMEM;
	recorder->packed = packed;
	recorder->packed_size = size;
	return 0;
}

static int pack_frame(struct tc_recorder *recorder, struct tc_frame *frame, const void *bytes,
		      size_t size)
{
	size_t bound = ZSTD_compressBound(size), packed;
	int error = reserve(recorder, bound);

	if (error < 0)
		return error;
	packed = ZSTD_compress2(recorder->zstd, recorder->packed, bound, bytes, size);
	if (ZSTD_isError(packed))
		return -ENOMEM;
	frame->packing = TC_PACKING_ZSTD;
	frame->stored = (uint32_t)packed;
	frame->size = (uint32_t)size;
	return write_frame(recorder, frame, recorder->packed);
}

/* --- header --- */

static void put_kinds(struct tc_buffer *body, uint64_t kinds)
{
	for (unsigned kind = 0; kind < TC_KIND_LIMIT; kind++)
		if (kinds >> kind & 1 && tc_kind_info(kind))
			tc_named_put_text(body, "kind", tc_kind_info(kind)->name);
}

static void put_layout(struct tc_buffer *body)
{
	_cleanup_buffer_ struct tc_buffer layout = {0};

	tc_layout_write(&layout);
	if (tc_buffer_failed(&layout))
		body->failed = true;
	else
		tc_named_put_bytes(body, "layout", layout.bytes, layout.length);
}

static void put_host(struct tc_buffer *body, const struct tc_host_about *host)
{
	char zone[TC_ZONE_MAX];
	struct utsname kernel;

	tc_zone_of_host("", zone);
	tc_named_put_text(body, "hostname", host->hostname);
	tc_named_put_text(body, "boot_id", host->boot_id);
	tc_named_put_text(body, "zone", zone);
	tc_named_put_number(body, "now_ns", host->now_ns);
	tc_named_put_number(body, "real_minus_boot_ns", (uint64_t)host->clock.real_minus_boot_ns);
	if (uname(&kernel) == 0) {
		tc_named_put_text(body, "kernel", kernel.release);
		tc_named_put_text(body, "machine", kernel.machine);
	}
}

void tc_recorder_begin(struct tc_recorder *recorder, const struct tc_recorder_about *about,
		       const struct tc_host_about *host)
{
	_cleanup_buffer_ struct tc_buffer body = {0};
	struct tc_frame frame = {.type = TC_FRAME_HEADER};
	int error;

	if (recorder->error)
		return;
	tc_named_put_number(&body, "format", TC_RECORDING_FORMAT);
	tc_named_put_text(&body, "agent", TOCSIN_VERSION);
	tc_named_put_text(&body, "scope", about->scope);
	tc_named_put_text(&body, "source", about->source);
	put_host(&body, host);
	put_kinds(&body, about->kinds);
	put_layout(&body);
	error = tc_buffer_failed(&body) ? -ENOMEM
					: pack_frame(recorder, &frame, body.bytes, body.length);
	if (error < 0)
		fail(recorder, error);
}

/* --- blocks --- */

static void index_block(struct tc_recorder *recorder, uint64_t offset)
{
	const struct tc_frame *block = &recorder->pending;

	if (recorder->n_blocks++ % recorder->stride)
		return;
	if (recorder->n_rows == INDEX_ROWS) {
		for (uint32_t i = 0; i < INDEX_ROWS / 2; i++)
			recorder->index[i] = recorder->index[2 * i];
		recorder->n_rows /= 2;
		recorder->stride *= 2;
	}
	recorder->index[recorder->n_rows++] = (struct tc_index_row){
		.offset = offset,
		.records = recorder->counts.records - block->records,
		.first_ns = block->first_ns,
		.last_ns = block->last_ns,
	};
}

static void write_block(struct tc_recorder *recorder)
{
	uint64_t offset = recorder->counts.file_bytes;
	int error;

	if (recorder->error || !recorder->block.length)
		return;
	recorder->pending.type = TC_FRAME_BLOCK;
	error = tc_buffer_failed(&recorder->block)
			? -ENOMEM
			: pack_frame(recorder, &recorder->pending, recorder->block.bytes,
				     recorder->block.length);
	if (error < 0)
		fail(recorder, error);
	else
		index_block(recorder, offset);
	tc_buffer_reset(&recorder->block);
	recorder->pending = (struct tc_frame){0};
}

void tc_recorder_add(struct tc_recorder *recorder, enum tc_entry_type type, const void *bytes,
		     size_t size)
{
	static const char zeros[TC_ENTRY_ALIGN];
	const struct tc_entry_head head = {.size = (uint32_t)size, .type = (uint16_t)type};
	size_t whole = sizeof(head) + tc_entry_padded(size);

	if (recorder->error)
		return;
	if (size > TC_FRAME_BYTES_MAX - sizeof(head) - TC_ENTRY_ALIGN) {
		tc_warning("recording %s: %zu bytes of facts are too many, and left out",
			   recorder->path, size);
		return;
	}
	if (recorder->block.length && recorder->block.length + whole > BLOCK_BYTES)
		write_block(recorder);
	if (!recorder->block.length)
		recorder->block_since_ns = tc_clock_monotonic_ns();
	tc_buffer_add(&recorder->block, &head, sizeof(head));
	tc_buffer_add(&recorder->block, bytes, size);
	tc_buffer_add(&recorder->block, zeros, tc_entry_padded(size) - size);
}

int tc_recorder_take(void *context, const void *bytes, size_t size)
{
	struct tc_recorder *recorder = context;
	const struct tc_record *record = bytes;
	uint64_t time_ns;

	/* Bytes of any kind, if few enough that a reader takes them for a record. */
	if (recorder->error || size > TC_RECORD_MAX)
		return 0;
	tc_recorder_add(recorder, TC_ENTRY_RECORD, bytes, size);
	time_ns = size >= sizeof(*record) ? record->time_ns : recorder->pending.last_ns;
	if (!recorder->pending.records || time_ns < recorder->pending.first_ns)
		recorder->pending.first_ns = time_ns;
	if (time_ns > recorder->pending.last_ns)
		recorder->pending.last_ns = time_ns;
	recorder->pending.records++;
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
}

void tc_recorder_flush(struct tc_recorder *recorder, uint64_t age_ns)
{
	if (recorder->block.length && tc_clock_monotonic_ns() - recorder->block_since_ns >= age_ns)
		write_block(recorder);
}

/* --- the end --- */

static void write_index(struct tc_recorder *recorder)
{
	struct tc_frame frame = {.type = TC_FRAME_INDEX, .records = recorder->counts.records};
	int error = pack_frame(recorder, &frame, recorder->index,
			       recorder->n_rows * sizeof(*recorder->index));

	if (error == 0 && fsync(recorder->fd) < 0)
		error = -errno;
	if (error < 0)
		fail(recorder, error);
}

int tc_recorder_error(const struct tc_recorder *recorder)
{
	return recorder->error;
}

int tc_recorder_close(struct tc_recorder *recorder, struct tc_recorder_counts *ret_counts)
{
	int error;

	if (!recorder)
		return 0;
	if (recorder->n_frames)
		write_block(recorder);
	if (recorder->n_frames && !recorder->error)
		write_index(recorder);
	error = recorder->error;
	if (ret_counts)
		*ret_counts = recorder->counts;
	/* Nothing was begun: a second try finds the place free. */
	if (recorder->fd >= 0 && !recorder->n_frames)
		unlink(recorder->path);
	if (recorder->fd >= 0)
		close(recorder->fd);
	ZSTD_freeCCtx(recorder->zstd);
	tc_buffer_done(&recorder->block);
	free(recorder->packed);
	free(recorder->index);
	free(recorder->path);
	free(recorder);
	return error;
}
