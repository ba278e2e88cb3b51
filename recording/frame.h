/* SPDX-License-Identifier: Apache-2.0 */
/* What a recording is made of on disk: docs/recording.md is the reference. */
#ifndef TOCSIN_RECORDING_FRAME_H
#define TOCSIN_RECORDING_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of what stands in frames; told in the header. */
#define TC_RECORDING_FORMAT 1

/* The first bytes of each frame, so of the file: "TOCR". */
#define TC_FRAME_MAGIC 0x52434f54U
/* The same on a machine of the other byte order. */
#define TC_FRAME_MAGIC_SWAPPED 0x544f4352U
/* Neither packed nor unpacked are the bytes behind a frame's head more. */
#define TC_FRAME_BYTES_MAX (16U << 20)

enum tc_frame_type {
	TC_FRAME_HEADER = 1, /* named values; once, first */
	TC_FRAME_BLOCK = 2,  /* entries */
	TC_FRAME_INDEX = 3,  /* struct tc_index_row; once, last */
};

enum tc_frame_packing {
	TC_PACKING_NONE = 0,
	TC_PACKING_ZSTD = 1, /* one frame of RFC 8878 */
};

/* All numbers in this and what follows are in the byte order of the host that recorded. */
struct tc_frame {
	uint32_t magic;
	uint32_t crc; /* CRC-32C of this head, with 0 here, and of the bytes stored behind it */
	uint16_t type;
	uint16_t packing;
	uint32_t number;	    /* of frames before this one */
	uint32_t stored;	    /* bytes behind this head */
	uint32_t size;		    /* of these bytes when they are unpacked */
	uint64_t records;	    /* a block: in it; the index: in all */
	uint64_t first_ns, last_ns; /* lowest and highest time of its records, since boot */
};

struct tc_index_row {
	uint64_t offset;  /* of a block, from the beginning of the file */
	uint64_t records; /* before this block */
	uint64_t first_ns, last_ns;
};

/* Types of entries. Types that a reader does not know are passed over. */
enum tc_entry_type {
	TC_ENTRY_RECORD = 1, /* as it came from the ring, or from the agent itself */
	/* What the agent was told by its host before the next record, as named values. */
	TC_ENTRY_USERS = 2,
	TC_ENTRY_SERVICES = 3,
	TC_ENTRY_CGROUP = 4,
	TC_ENTRY_PROCESS = 5,
	TC_ENTRY_START = 6,
	TC_ENTRY_CONTAINER = 7,
	/* No record came up to a time since boot (now_ns): what ends by then ended here. */
	TC_ENTRY_TIME = 8,
	/* Ends what a segment of an audit log says of the host at its beginning: whoever read the
	 * segment before, which it continues, knows better. Empty. */
	TC_ENTRY_KNOWN = 9,
	/* Rules that judge, and records that name this generation: a number and the hash of their
	 * files. */
	TC_ENTRY_GENERATION = 10,
};

/* Stands before each entry of a block. The next one begins at the next multiple of TC_ENTRY_ALIGN
 * behind its bytes. */
struct tc_entry_head {
	uint32_t size; /* bytes, without this head and what fills up */
	uint16_t type;
	uint16_t zero;
};

#define TC_ENTRY_ALIGN 8
/* A larger one does not fit into a frame. */
#define TC_ENTRY_BYTES_MAX (TC_FRAME_BYTES_MAX - 2 * TC_ENTRY_ALIGN)
/* Entries between one step (a record, or time) and the next hold at most so much; of what the
 * agent knew at its start, too. */
#define TC_FACTS_BYTES_MAX (64U << 20)

static inline size_t tc_entry_padded(size_t size)
{
	return (size + TC_ENTRY_ALIGN - 1) / TC_ENTRY_ALIGN * TC_ENTRY_ALIGN;
}

/* What may still be told before the next step. Zero-initialised is all of it. */
struct tc_fact_room {
	size_t taken;
	bool warned;
};

/* Whether so many bytes may be told; if not, says once that facts are left out of a recording. */
bool tc_fact_room_take(struct tc_fact_room *room, size_t size, const char *path);
void tc_fact_room_clear(struct tc_fact_room *room);

/* Sets the checksum over all else. */
void tc_frame_seal(struct tc_frame *frame, const void *stored);
bool tc_frame_is_sealed(const struct tc_frame *frame, const void *stored);

#endif
