/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What exec gave a process: executable, arguments, working directory, capabilities, namespaces ...
 *
 * An image is an exec record that is kept: the record of the exec itself, or one put together from
 * /proc for a process that was there before the agent. So every field of an exec event is a field
 * of every later event of the process, read by the same schema row. Images never change; they are
 * shared by fork and replaced by exec.
 */
#ifndef TOCSIN_AGENT_ENRICH_IMAGE_H
#define TOCSIN_AGENT_ENRICH_IMAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

/* Places of exec's members in tc_kind_info.members: TC_MEMBER_exec_exe_ino and so on. */
#define TC_FIELD(event, wire, member, show, name, doc) TC_MEMBER_##event##_##member,
#define TC_EVENT(name, number, family, traits, syscalls, doc)                                      \
	enum tc_##name##_member                                                                    \
	{
#define TC_ALIAS(event, member, name)
#define TC_CONST(event, name, value)
#define TC_END(event)                                                                              \
	TC_MEMBER_##event##_MAX                                                                    \
	}                                                                                          \
	;
#include "schema/process.def"
#undef TC_EVENT
#undef TC_FIELD
#undef TC_ALIAS
#undef TC_CONST
#undef TC_END

#define TC_EXEC_BIT(member) (1ULL << TC_MEMBER_exec_##member)

/* Counts of images, for bounds and tests. */
struct tc_image_counts {
	uint64_t images;
	uint64_t bytes;
};

struct tc_image {
	struct tc_image_counts *counts;
	uint32_t refs;
	uint32_t bytes;	      /* of memory, this struct included */
	uint64_t absent;      /* TC_EXEC_BIT of members that are not known */
	uint32_t line_length; /* bytes in line */
	uint32_t exe_length;  /* bytes of argv[0] at the start of line */
	const char *line;     /* the arguments kept, joined by blanks; not terminated */
	struct tc_exec exec;  /* header.size bytes, the slots' bytes behind it */
};

/*
 * A copy of a checked exec record; of each slot at most slot_max bytes are kept, the rest is
 * flagged as cut: the last bytes of a path, the first of anything else. absent: TC_EXEC_BIT of
 * members that are not known. Has one reference. NULL when memory is out.
 */
struct tc_image *tc_image_new(struct tc_image_counts *counts, const struct tc_exec *exec,
			      uint64_t absent, uint32_t slot_max);
/* Whether an exec record, members of which are absent, tells of the same executable: device and
 * inode are the same, or neither tells of any. */
bool tc_image_same_exe(const struct tc_image *image, const struct tc_exec *exec, uint64_t absent);
/* Whether it tells of the same executable, arguments (as far as both were kept) and capabilities.
 */
bool tc_image_matches(const struct tc_image *image, const struct tc_exec *exec, uint64_t absent);
/* One more reference; takes and gives NULL. */
struct tc_image *tc_image_ref(struct tc_image *image);
/* One reference less; frees it with the last. Takes NULL. */
void tc_image_unref(struct tc_image *image);

#endif
