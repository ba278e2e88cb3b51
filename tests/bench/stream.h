/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stream of records as a busy host makes it: services, and a build or a batch of scripts that
 * forks, executes, opens files for writing and ends, many thousand processes in all. Always the
 * same one for the same count.
 */
#ifndef TOCSIN_BENCH_STREAM_H
#define TOCSIN_BENCH_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct stream {
	unsigned char *bytes; /* the records, each aligned to 8 */
	size_t *offsets;      /* count of them */
	size_t count, used, size;
	uint64_t processes; /* distinct ones */
};

/* 0 or -ENOMEM. */
int stream_make(struct stream *stream, size_t count);
void stream_done(struct stream *stream);

static inline const struct tc_record *stream_at(const struct stream *stream, size_t i)
{
	return (const struct tc_record *)(stream->bytes + stream->offsets[i]);
}

#endif
