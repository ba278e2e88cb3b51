/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Slots: the variable parts of a record, appended behind its fixed part.
 *
 * Every part is bounded by a constant, and all parts of one record together by TC_TAIL_MAX, so that
 * the offset can be checked by comparing.
 */
#ifndef TOCSIN_PROBES_SLOT_H
#define TOCSIN_PROBES_SLOT_H

#include "probes/lib/record.h"

/*
 * Offset for a part of at most max bytes, or 0 when there is no room (which the constants rule
 * out). The barriers keep clang from folding the bound into a form that the verifier cannot follow.
 */
static __always_inline __u64 slot_offset(struct scratch *s, __u32 max)
{
	__u64 offset = ((struct tc_record *)s->record)->size;

	barrier_var(offset);
	if (offset > TC_RECORD_MAX - max)
		return 0;
	barrier_var(offset);
	return offset;
}

static __always_inline void slot_close(struct scratch *s, struct tc_slot *slot, __u32 offset,
				       __u32 stored, __u32 size, __u32 flags)
{
	struct tc_record *header = (struct tc_record *)s->record;

	slot->offset = offset;
	slot->stored = stored;
	slot->size = size;
	slot->flags = flags | TC_SLOT_PRESENT | (size > stored ? TC_SLOT_CUT : 0);
	if (size > stored)
		header->flags |= TC_RECORD_CUT;
	if (flags & TC_SLOT_UNREADABLE)
		header->flags |= TC_RECORD_UNREADABLE;
	header->size = offset + stored;
}

/* A string that fills the room up to its NUL looks like one that was cut: the byte behind what was
 * kept tells. */
static __always_inline bool string_goes_on(const char *text, __u32 length, bool user)
{
	char byte = 1;

	if (user)
		bpf_probe_read_user(&byte, 1, text + length);
	else
		bpf_probe_read_kernel(&byte, 1, text + length);
	return byte != 0;
}

static __always_inline void slot_kernel_text(struct scratch *s, struct tc_slot *slot,
					     const void *text, __u32 max)
{
	__u64 offset = slot_offset(s, max);
	long length;

	if (!text || !offset)
		return;
	length = bpf_probe_read_kernel_str(s->record + offset, max, text);
	if (length <= 0 || length > max)
		slot_close(s, slot, offset, 0, 0, TC_SLOT_UNREADABLE);
	else if (length == max && string_goes_on(text, max - 1, false)) /* nobody knows how far */
		slot_close(s, slot, offset, max - 1, max, 0);
	else
		slot_close(s, slot, offset, length - 1, length - 1, 0);
}

/* Appends a NUL-terminated string of kernel memory, without its NUL. A NULL pointer is no value. */
static __always_inline void slot_text(struct scratch *s, struct tc_slot *slot, const void *text)
{
	slot_kernel_text(s, slot, text, TC_TEXT_MAX);
}

/* The same for text as long as a path. */
static __always_inline void slot_path_text(struct scratch *s, struct tc_slot *slot,
					   const void *text)
{
	slot_kernel_text(s, slot, text, TC_PATH_MAX);
}

/* Appends a NUL-terminated string of user memory: the caller's words. */
static __always_inline void slot_user_text(struct scratch *s, struct tc_slot *slot,
					   const void *text)
{
	__u64 offset = slot_offset(s, TC_PATH_MAX);
	long length;

	if (!text || !offset)
		return;
	length = bpf_probe_read_user_str(s->record + offset, TC_PATH_MAX, text);
	if (length <= 0 || length > TC_PATH_MAX)
		slot_close(s, slot, offset, 0, 0, TC_SLOT_UNREADABLE);
	else if (length == TC_PATH_MAX && string_goes_on(text, TC_PATH_MAX - 1, true))
		slot_close(s, slot, offset, TC_PATH_MAX - 1, TC_PATH_MAX, 0);
	else
		slot_close(s, slot, offset, length - 1, length - 1, 0);
}

/*
 * Appends a user memory area that holds NUL-terminated strings one after the other: the first max
 * bytes, a power of two.
 */
static __always_inline void slot_user_strings(struct scratch *s, struct tc_slot *slot,
					      unsigned long start, unsigned long end, __u32 max)
{
	__u64 offset = slot_offset(s, max);
	__u64 size = end - start;
	__u32 stored = size;

	if (!offset || end <= start)
		return;
	if (size > max)
		stored = max;
	if (bpf_probe_read_user(s->record + offset, stored, (const void *)start)) {
		slot_close(s, slot, offset, 0, size, TC_SLOT_UNREADABLE);
		return;
	}
	/* A list's last string always ends, also where it was cut or the program wrote over the
	 * NUL. */
	s->record[offset + ((stored - 1) & (max - 1))] = 0;
	slot_close(s, slot, offset, stored, size, 0);
}

#define ARGS_FIRST (TC_ARGS_MAX - TC_ARGS_LAST - sizeof(TC_ARGS_GAP))

/* The same of a program's arguments: of more than TC_ARGS_MAX bytes the first and the last. */
static __always_inline void slot_arguments(struct scratch *s, struct tc_slot *slot,
					   unsigned long start, unsigned long end)
{
	static const char gap[] = TC_ARGS_GAP;
	__u64 offset = slot_offset(s, TC_ARGS_MAX);
	__u64 size = end - start;

	if (end <= start || size <= TC_ARGS_MAX) {
		slot_user_strings(s, slot, start, end, TC_ARGS_MAX);
		return;
	}
	if (!offset)
		return;
	if (bpf_probe_read_user(s->record + offset, ARGS_FIRST, (const void *)start) ||
	    bpf_probe_read_user(s->record + offset + ARGS_FIRST + sizeof(gap), TC_ARGS_LAST,
				(const void *)(end - TC_ARGS_LAST))) {
		slot_close(s, slot, offset, 0, size, TC_SLOT_UNREADABLE);
		return;
	}
	s->record[offset + ARGS_FIRST - 1] = 0;
	__builtin_memcpy(s->record + offset + ARGS_FIRST, gap, sizeof(gap));
	s->record[offset + TC_ARGS_MAX - 1] = 0;
	slot_close(s, slot, offset, TC_ARGS_MAX, size, 0);
}

#endif
