/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/enrich/image.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "agent/schema.h"

static_assert(TC_MEMBER_exec_MAX <= 64, "absent members of an image are bits of 64");

static struct tc_slot *slot_of(void *record, const struct tc_member *member)
{
	return (struct tc_slot *)((char *)record + member->offset);
}

/* Bytes that the slots of a record need when each is cut to slot_max. */
static uint32_t tail_size(const struct tc_kind_info *kind, const struct tc_exec *exec,
			  uint32_t slot_max)
{
	uint32_t size = 0;

	for (unsigned i = 0; i < kind->n_members; i++) {
		if (kind->members[i].wire != TC_W_slot)
			continue;
		uint32_t stored = slot_of((void *)exec, &kind->members[i])->stored;
		size += stored < slot_max ? stored : slot_max;
	}
	return size;
}

/*
 * Keeps at most slot_max bytes; returns the place of the first of them. What tells most of a path
 * is its end; but one that already lacks its end keeps its beginning, lest it had neither.
 */
static const char *shorten(struct tc_slot *slot, const struct tc_exec *exec,
			   const struct tc_member *member, uint32_t slot_max)
{
	const char *bytes = (const char *)exec + slot->offset;
	bool lacks_end = slot->flags & TC_SLOT_UNREADABLE ||
			 (slot->flags & (TC_SLOT_CUT | TC_SLOT_TAIL)) == TC_SLOT_CUT;

	if (slot->stored <= slot_max)
		return bytes;
	slot->flags &= ~TC_SLOT_TAIL;
	if (member->show == TC_SHOW_path && !lacks_end) {
		bytes += slot->stored - slot_max;
		slot->flags |= TC_SLOT_TAIL;
	}
	slot->flags |= TC_SLOT_CUT;
	slot->stored = (uint16_t)slot_max;
	return bytes;
}

/* Moves the bytes of a slot to offset in the copy; returns the offset behind them. */
static uint32_t copy_slot(struct tc_exec *copy, const struct tc_exec *exec,
			  const struct tc_member *member, uint32_t offset, uint32_t slot_max)
{
	struct tc_slot *slot = slot_of(copy, member);
	char *bytes = (char *)copy + offset;
	const char *from;

	if (!slot->stored) {
		slot->offset = 0;
		return offset;
	}
	from = shorten(slot, exec, member, slot_max);
	memcpy(bytes, from, slot->stored);
	if (member->show == TC_SHOW_args && slot->stored)
		bytes[slot->stored - 1] = '\0';
	slot->offset = (uint16_t)offset;
	return offset + slot->stored;
}

/* Writes the arguments, joined by blanks, to line. */
static void join(struct tc_image *image, char *line)
{
	const struct tc_slot *argv = &image->exec.argv;
	const char *bytes = (const char *)&image->exec + argv->offset;
	char *nul, *end;

	image->line = line;
	if (!argv->stored)
		return;
	image->line_length = argv->stored - 1U;
	memcpy(line, bytes, argv->stored);
	image->exe_length = (uint32_t)strnlen(line, argv->stored);
	for (end = line + image->line_length; (nul = memchr(line, '\0', (size_t)(end - line)));
	     line = nul + 1)
		*nul = ' ';
}

/* Numbers that say themselves that there is no value; of an id it is one, see shows.def. */
static uint64_t absent_numbers(const struct tc_kind_info *kind, const struct tc_exec *exec)
{
	uint64_t absent = 0;

	for (unsigned i = 0; i < kind->n_members; i++) {
		const struct tc_member *member = &kind->members[i];

		if (member->wire == TC_W_u32 && member->show != TC_SHOW_id &&
		    *(const uint32_t *)((const char *)exec + member->offset) == TC_ABSENT_U32)
			absent |= 1ULL << i;
	}
	return absent;
}

struct tc_image *tc_image_new(struct tc_image_counts *counts, const struct tc_exec *exec,
			      uint64_t absent, uint32_t slot_max)
{
	const struct tc_kind_info *kind = tc_kind_info(TC_KIND_exec);
	uint32_t tail = tail_size(kind, exec, slot_max);
	uint32_t argv = exec->argv.stored < slot_max ? exec->argv.stored : slot_max;
	size_t bytes = sizeof(struct tc_image) + tail + argv;
	struct tc_image *image = malloc(bytes);
	uint32_t offset = sizeof(struct tc_exec);

	if (!image)
		return NULL;
	*image = (struct tc_image){.counts = counts,
				   .refs = 1,
				   .bytes = (uint32_t)bytes,
				   .absent = absent | absent_numbers(kind, exec),
				   .exec = *exec};
	for (unsigned i = 0; i < kind->n_members; i++)
		if (kind->members[i].wire == TC_W_slot)
			offset = copy_slot(&image->exec, exec, &kind->members[i], offset, slot_max);
	image->exec.header.size = offset;
	join(image, (char *)&image->exec + offset);
	counts->images++;
	counts->bytes += bytes;
	return image;
}

/* --- is it still this one? --- */

/* Whether both know what the bits stand for, or neither does. */
static bool both(const struct tc_image *image, uint64_t absent, uint64_t bits)
{
	return ((image->absent ^ absent) & bits) == 0;
}

bool tc_image_same_exe(const struct tc_image *image, const struct tc_exec *exec, uint64_t absent)
{
	return both(image, absent, TC_EXEC_BIT(exe_ino) | TC_EXEC_BIT(exe_dev)) &&
	       image->exec.exe_ino == exec->exe_ino && image->exec.exe_dev == exec->exe_dev;
}

/* What both kept, less the NUL that may have been put where one was cut. */
static bool same_args(const struct tc_exec *a, const struct tc_exec *b)
{
	uint32_t stored = a->argv.stored < b->argv.stored ? a->argv.stored : b->argv.stored;

	if (a->argv.size != b->argv.size ||
	    (a->argv.flags ^ b->argv.flags) & (TC_SLOT_PRESENT | TC_SLOT_UNREADABLE))
		return false;
	return stored < 2 || memcmp((const char *)a + a->argv.offset,
				    (const char *)b + b->argv.offset, stored - 1) == 0;
}

bool tc_image_matches(const struct tc_image *image, const struct tc_exec *exec, uint64_t absent)
{
	const struct tc_exec *own = &image->exec;

	return tc_image_same_exe(image, exec, absent) &&
	       both(image, absent,
		    TC_EXEC_BIT(argv) | TC_EXEC_BIT(cap_permitted) | TC_EXEC_BIT(cap_effective) |
			    TC_EXEC_BIT(cap_inheritable)) &&
	       same_args(own, exec) && own->cap_permitted == exec->cap_permitted &&
	       own->cap_effective == exec->cap_effective &&
	       own->cap_inheritable == exec->cap_inheritable;
}

/* --- references --- */

struct tc_image *tc_image_ref(struct tc_image *image)
{
	if (image)
		image->refs++;
	return image;
}

void tc_image_unref(struct tc_image *image)
{
	if (!image || --image->refs)
		return;
	image->counts->images--;
	image->counts->bytes -= image->bytes;
	free(image);
}
