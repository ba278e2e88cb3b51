/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How records lie in memory: the schema's rows as a recording keeps them, and the way from the rows
 * of another version to those of this one, member by member, by name.
 */
#ifndef TOCSIN_RECORDING_LAYOUT_H
#define TOCSIN_RECORDING_LAYOUT_H

#include "agent/buffer.h"
#include "agent/schema.h"
#include "record.h"

struct tc_layout;

/* Appends the rows of this version, as lines of text: docs/recording.md, "The layout". */
void tc_layout_write(struct tc_buffer *text);

/* Why a layout cannot be read. */
struct tc_layout_fault {
	unsigned line; /* from 1 */
	char reason[96];
};

/* Reads what some version wrote. 0, -EBADMSG with the reason, or -ENOMEM. */
int tc_layout_read(const char *text, size_t length, struct tc_layout **ret_layout,
		   struct tc_layout_fault *ret_fault);
/* Takes NULL. */
void tc_layout_free(struct tc_layout *layout);
/* Whether records are those of this version, so that nothing is to be done. */
bool tc_layout_is_own(const struct tc_layout *layout);

/* Members of a kind of this version that records have not, as bits by their place in
 * tc_kind_info.members. */
uint64_t tc_layout_missing(const struct tc_layout *layout, const struct tc_kind_info *kind);

/* The kind of a record that lies as in this version, with its slots inside of it; bytes are aligned
 * to 8. NULL: it does not. */
const struct tc_kind_info *tc_layout_own_kind(const void *bytes, size_t size);

/* Room for a record; aligned as tc_decode() wants it. */
union tc_layout_room {
	struct tc_record header;
	char bytes[TC_RECORD_MAX];
};

/*
 * A record as this version would have it, aligned to 8: the bytes themselves where they are so
 * already, else made in room. What was not recorded has no value; what this version does not know
 * is left out. 0; -ENOENT when this version knows no such kind (the name in *ret_kind, valid as
 * long as the layout); -EBADMSG when the record does not fit its own layout.
 */
int tc_layout_apply(const struct tc_layout *layout, const void *bytes, size_t size,
		    union tc_layout_room *room, const struct tc_record **ret_record,
		    const char **ret_kind);

#endif
