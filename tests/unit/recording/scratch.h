/* SPDX-License-Identifier: Apache-2.0 */
/* For tests of recordings: a directory that goes with the test, files in memory. Include after
 * cmocka.h. */
#ifndef TOCSIN_TESTS_RECORDING_SCRATCH_H
#define TOCSIN_TESTS_RECORDING_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "recording/recording.h"

struct scratch {
	char directory[32], path[64];
};

static inline struct scratch scratch_make(void)
{
	struct scratch scratch = {.directory = "/tmp/tocsin-recording-XXXXXX"};

	assert_non_null(mkdtemp(scratch.directory));
	snprintf(scratch.path, sizeof(scratch.path), "%s/file", scratch.directory);
	return scratch;
}

static inline void scratch_remove(const struct scratch *scratch)
{
	unlink(scratch->path);
	assert_int_equal(rmdir(scratch->directory), 0);
}

/* The file's bytes, on the heap. */
static inline char *scratch_read(const struct scratch *scratch, size_t *ret_size)
{
	FILE *file = fopen(scratch->path, "re");
	char *bytes;

	assert_non_null(file);
	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	*ret_size = (size_t)ftell(file);
	rewind(file);
	bytes = malloc(*ret_size + 1);
	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
	fclose(file);
	return bytes;
}

/* Bytes as a source; gives them in small pieces, as a pipe might. */
struct memory {
	const char *bytes;
	size_t at, size;
};

static inline ssize_t memory_read(void *context, void *bytes, size_t size)
{
	struct memory *memory = context;
	size_t left = memory->size - memory->at;
	size_t length = size < left ? size : left;

	if (length > 4099)
		length = 4099;
	memcpy(bytes, memory->bytes + memory->at, length);
	memory->at += length;
	return (ssize_t)length;
}

static inline struct tc_recording_source memory_source(struct memory *memory)
{
	return (struct tc_recording_source){.read = memory_read, .context = memory};
}

#endif
