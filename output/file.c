/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file: one line for each alert.
 *
 * Readers see whole lines only: what a write could not finish is taken back. A crash may leave one
 * torn line at the end, which the next start cuts off; its alert was not counted as delivered, and
 * is written again.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/enrich/clock.h"
#include "agent/log.h"
#include "output/outbox.h"
#include "output/output.h"
#include "output/rotate.h"
#include "output/safe_file.h"

/* In messages, before the path. */
#define NOUN "output file"
#define NS_PER_S 1000000000ULL
/* A torn line is at most so long. */
#define LINE_MAX_BYTES (1 << 20)
/* How often a rotation that failed is tried again. */
#define ROTATE_AGAIN_NS (10 * NS_PER_S)
/* Where neither a size nor an age ends a file. */
#define NO_LIMIT UINT64_MAX

enum sync { SYNC_BATCH, SYNC_ALWAYS, SYNC_NEVER };

struct file_output {
	char *path; /* without symbolic links in the directory */
	int fd;	    /* -1: to be opened */
	enum sync sync;
	struct tc_rotation rotation;
	uint64_t size_max, age_max_ns;
	uint64_t size, born_ns; /* of the open file */
	uint64_t rotate_again_ns;
	struct tc_outbox lines;
	bool failing; /* told already */
};

static const struct tc_output_key keys[] = {
	{"path", NULL, "the file; its directory is made when it is missing"},
	{"sync", "batch always never",
	 "when it is written to the disk: after a batch, after each line, or when the kernel "
	 "likes"},
	{"rotate.size", NULL, "begin a new file before this one gets larger: 100M"},
	{"rotate.age", NULL, "begin a new file when this one is so old: 1d"},
	{"rotate.names", "numbered timed",
	 "names of former files: PATH.1 is the newest, or PATH-20260131T120000Z"},
	{"rotate.keep", NULL, "former files that are kept (10)"},
	{0},
};

/* --- opening --- */

static const char *known_word(const struct tc_output_settings *settings, const char *key)
{
	const char *word = tc_output_setting(settings, key);

	return word ? word : "";
}

static int read_settings(struct file_output *file, const struct tc_output_settings *settings)
{
	const char *path = tc_output_setting(settings, "path");
	const char *sync = known_word(settings, "sync");
	int error;

	if (!path || !*path) {
		tc_error("output file: it needs a path: file:path=/var/log/tocsin/alerts.json");
		return -EINVAL;
	}
	file->sync = strcmp(sync, "always") == 0  ? SYNC_ALWAYS
		     : strcmp(sync, "never") == 0 ? SYNC_NEVER
						  : SYNC_BATCH;
	file->rotation.timed = strcmp(known_word(settings, "rotate.names"), "timed") == 0;
	error = tc_output_setting_number(settings, "rotate.size", TC_OPTION_SIZE, &file->size_max);
	if (!error)
		error = tc_output_setting_number(settings, "rotate.age", TC_OPTION_DURATION,
						 &file->age_max_ns);
	if (!error)
		error = tc_output_setting_number(settings, "rotate.keep", TC_OPTION_NUMBER,
						 &file->rotation.keep);
	if (error)
		return error;
	if (!file->size_max || !file->age_max_ns || !file->rotation.keep ||
	    file->rotation.keep > TC_ROTATE_KEEP_MAX) {
		tc_error("output file: rotate.size and rotate.age must be above 0, and rotate.keep "
			 "from 1 to %d",
			 TC_ROTATE_KEEP_MAX);
		return -EINVAL;
	}
	return 0;
}

/* When the file was made; where the file system does not know that, now. */
static uint64_t find_birth_ns(int fd)
{
	struct statx info;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &info) == 0 && info.stx_mask & STATX_BTIME)
		return (uint64_t)info.stx_btime.tv_sec * NS_PER_S + info.stx_btime.tv_nsec;
	return tc_clock_real_now_ns();
}

/* Where the last whole line ends; size when there is no end of a line within reach. */
static off_t find_line_end(int fd, off_t size)
{
	off_t start = size > LINE_MAX_BYTES ? size - LINE_MAX_BYTES : 0;
	size_t length = (size_t)(size - start);
	char *bytes = malloc(length + 1), *newline = NULL;
	off_t end;

	if (bytes && pread(fd, bytes, length, start) == (ssize_t)length)
		newline = memrchr(bytes, '\n', length);
	end = newline ? start + (newline - bytes) + 1 : size;
	free(bytes);
	return end;
}

/* A crash of the machine or of the agent may have torn the last line. 0 or a negative errno. */
static int mend(struct file_output *file, int fd)
{
	struct stat info;
	char last;
	off_t end;

	if (fstat(fd, &info))
		return -errno;
	file->size = (uint64_t)info.st_size;
	if (!info.st_size || (pread(fd, &last, 1, info.st_size - 1) == 1 && last == '\n'))
		return 0;
	end = find_line_end(fd, info.st_size);
	tc_warning("output file %s: its last line is torn, as by a crash: %s", file->path,
		   end < info.st_size ? "it is cut off, and its alert is written again"
				      : "the next one begins behind it");
	file->size = (uint64_t)end;
	if (end < info.st_size)
		return ftruncate(fd, end) ? -errno : 0;
	return write(fd, "\n", 1) == 1 ? 0 : -errno;
}

static int claim(struct file_output *file, int fd)
{
	int error = tc_safe_file(NOUN, file->path, "", fd);

	if (error)
		return error;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK)
			return tc_error_return(-errno, "output file %s: cannot lock it",
					       file->path);
		tc_error("output file %s: another agent or output writes it; give another path",
			 file->path);
		return -EBUSY;
	}
	error = mend(file, fd);
	return error ? tc_error_return(error, "output file %s: cannot look for a torn line",
				       file->path)
		     : 0;
}

/* A file that is on the disk is lost when its name is not. */
static void sync_name(const struct file_output *file)
{
	char *directory = strndup(file->path, (size_t)(strrchr(file->path, '/') - file->path) + 1);
	int fd = directory ? open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
	free(directory);
}

/* 0 or a negative errno, logged. */
static int open_file(struct file_output *file)
{
	int fd = open(file->path,
		      O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY,
		      0600);
	int error;

	if (fd < 0 && errno == ELOOP) {
		tc_error("output file %s: it is a symbolic link; give the path of the file itself",
			 file->path);
		return -ELOOP;
	}
	if (fd < 0)
		return tc_error_return(-errno, "output file %s: cannot open it", file->path);
	error = claim(file, fd);
	if (error) {
		close(fd);
		return error;
	}
	file->fd = fd;
	file->born_ns = find_birth_ns(fd);
	if (file->sync != SYNC_NEVER)
		sync_name(file);
	return 0;
}

static void close_file(struct file_output *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

static void file_close(void *state)
{
	struct file_output *file = state;

	close_file(file);
	tc_outbox_done(&file->lines);
	free(file->path);
	free(file);
}

static struct file_output *file_new(void)
{
	struct file_output *file = calloc(1, sizeof(*file));

	if (!file)
		return NULL;
	file->fd = -1;
	file->size_max = file->age_max_ns = NO_LIMIT;
	file->rotation.keep = 10;
	return file;
}

static int file_open(const struct tc_output_settings *settings, void **ret_state)
{
	struct file_output *file = file_new();
	int error;

	if (!file)
		return -ENOMEM;
	error = read_settings(file, settings);
	if (!error)
		error = tc_safe_path(NOUN, tc_output_setting(settings, "path"), &file->path);
	if (!error)
		error = open_file(file);
	if (error) {
		file_close(file);
		return error;
	}
	*ret_state = file;
	return 0;
}

static int file_check(const struct tc_output_settings *settings)
{
	struct file_output *file = file_new();
	int error = file ? read_settings(file, settings) : -ENOMEM;

	if (file)
		file_close(file);
	return error;
}

/* --- writing --- */

static int tell(struct file_output *file, int error)
{
	if (error && !file->failing)
		tc_error("output file %s: cannot write: %s", file->path, strerror(-error));
	if (!error && file->failing)
		tc_info("output file %s: writing again", file->path);
	file->failing = error;
	return error;
}

/* Somebody else may have moved, removed or cut the file: its size is asked for, not counted. */
static int look_at_file(struct file_output *file, uint64_t *ret_size)
{
	struct stat info;

	if (file->fd >= 0 && fstat(file->fd, &info))
		return -errno;
	if (file->fd >= 0 && info.st_nlink == 0)
		close_file(file); /* nobody could read what is written there */
	if (file->fd < 0) {
		int error = open_file(file);

		if (error || fstat(file->fd, &info))
			return error ? error : -errno;
	}
	*ret_size = (uint64_t)info.st_size;
	return 0;
}

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t written = write(fd, bytes, length);

		if (written < 0 && errno != EINTR)
			return -errno;
		bytes += written > 0 ? written : 0;
		length -= written > 0 ? (size_t)written : 0;
	}
	return 0;
}

/* Writes all lines that wait, or none. */
static int write_lines(struct file_output *file)
{
	size_t rest = tc_outbox_rest(&file->lines);
	uint64_t start;
	int error = rest ? look_at_file(file, &start) : 0;

	if (!rest || error)
		return error;
	error = write_all(file->fd, file->lines.bytes.bytes, rest);
	if (error) {
		if (ftruncate(file->fd, (off_t)start))
			tc_error("output file %s: cannot take back a torn line: %s", file->path,
				 strerror(errno));
		return error;
	}
	file->size = start + rest;
	/* What a sync does not bring to the disk is written again: it is not taken off before. */
	if (file->sync != SYNC_NEVER && fdatasync(file->fd))
		return -errno;
	tc_outbox_take(&file->lines, rest);
	return 0;
}

/* --- rotation --- */

/* Before a line of that length is added. */
static bool must_rotate(const struct file_output *file, size_t length)
{
	uint64_t size = file->size + tc_outbox_rest(&file->lines);
	uint64_t now_ns = tc_clock_real_now_ns();

	if (!size || file->fd < 0 || tc_clock_monotonic_ns() < file->rotate_again_ns)
		return false;
	if (size + length > file->size_max)
		return true;
	return file->age_max_ns != NO_LIMIT && now_ns > file->born_ns &&
	       now_ns - file->born_ns >= file->age_max_ns;
}

/* Everything that waited was written. Where the file cannot be renamed it grows on: a file that is
 * too large is better than alerts that are missing. */
static int rotate(struct file_output *file)
{
	int error = tc_rotate(&file->rotation, file->path);

	if (error) {
		tc_error("output file %s: cannot rotate it: %s; it grows on", file->path,
			 strerror(-error));
		file->rotate_again_ns = tc_clock_monotonic_ns() + ROTATE_AGAIN_NS;
		return 0;
	}
	close_file(file);
	return open_file(file);
}

/* --- the operations --- */

static int file_write(void *state, const struct tc_message *message)
{
	struct file_output *file = state;
	int error = 0;

	if (tc_outbox_is_full(&file->lines))
		return -EAGAIN;
	if (must_rotate(file, message->length + 1)) {
		if (tc_outbox_rest(&file->lines))
			return -EAGAIN; /* these first */
		error = rotate(file);
	}
	if (error)
		return error;
	tc_buffer_add(&file->lines.bytes, message->bytes, message->length);
	tc_buffer_add_char(&file->lines.bytes, '\n');
	error = tc_outbox_mark(&file->lines, message->row->seq);
	if (!error && file->sync == SYNC_ALWAYS)
		error = tell(file, write_lines(file));
	return error;
}

static int file_flush(void *state, unsigned timeout_ms, uint64_t *ret_seq)
{
	struct file_output *file = state;
	int error = tell(file, write_lines(file));

	*ret_seq = file->lines.delivered_seq;
	return error;
}

static void file_reset(void *state)
{
	struct file_output *file = state;

	tc_outbox_reset(&file->lines);
}

/* logrotate(8) has moved the file away: what waits goes into the new one. */
static void file_reopen(void *state)
{
	struct file_output *file = state;

	close_file(file);
	if (open_file(file) == 0)
		tc_info("output file %s: opened anew", file->path);
}

const struct tc_output_ops tc_file_ops = {
	.keys = keys,
	.durable = true,
	.open = file_open,
	.check = file_check,
	.write = file_write,
	.flush = file_flush,
	.reset = file_reset,
	.reopen = file_reopen,
	.close = file_close,
};
