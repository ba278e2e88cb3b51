/* SPDX-License-Identifier: GPL-2.0-only OR Apache-2.0 */
/*
 * Looks at values of a record, or of a task's facts, by the tables in place: what each leaves of a
 * decision under way. lib/classify.h says what a look means; here are the ways to the values.
 *
 * Functions that the verifier checks once take numbers alone, so each asks anew for the tables:
 * when others came meanwhile the decision is stale, and nothing is done any more.
 */
#ifndef TOCSIN_PROBES_LOOK_H
#define TOCSIN_PROBES_LOOK_H

#include "probes/lib/inode.h"
#include "probes/lib/path.h"

static __always_inline const struct tc_tables *tables_in_place(void)
{
	__u32 zero = 0;
	void *of_generation = bpf_map_lookup_elem(&tables, &zero);

	return of_generation ? bpf_map_lookup_elem(of_generation, &zero) : NULL;
}

/* Those that the decision is made by; NULL when they are not in place any more. */
static __always_inline const struct tc_tables *tables_of(struct judging *j)
{
	const struct tc_tables *t = tables_in_place();

	if (t && t->generation == j->generation)
		return t;
	j->is_stale = true;
	return NULL;
}

static __always_inline struct scratch *scratch_at(__u32 index)
{
	return bpf_map_lookup_elem(&scratches, &index);
}

/* --- strings --- */

/*
 * The verifier goes through every turn of a loop: short loops in functions of their own. Calls may
 * be nested eight deep, which is just enough for the fallback's programs.
 */
#define STRING_LEG_BYTES 64
#define STRING_LEGS 64
/* Enough for a path of which each byte is a finding. */
#define STRING_ROUNDS (TC_PATH_MAX / STRING_LEGS + 2)

__noinline int string_find(__u32 index, __u32 finding)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_of(&s->judging) : NULL;

	if (t)
		tc_find(t, &t->looks[s->judging.look & (TC_LOOKS_MAX - 1)], finding, &s->judging.d);
	return 0;
}

enum string_leg { LEG_LAST, LEG_ON, LEG_FOUND };

/* A leg ends where something was found. */
__noinline int string_leg(__u32 index)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_of(&s->judging) : NULL;
	__u32 automaton, state;
	__u64 at, end;

	if (!t)
		return LEG_LAST;
	at = s->judging.at;
	end = s->judging.end;
	barrier_var(at);
	if (at >= end || at > sizeof(*s) - STRING_LEG_BYTES)
		return LEG_LAST;
	automaton = t->looks[s->judging.look & (TC_LOOKS_MAX - 1)].automaton;
	state = s->judging.state;
	at += tc_string_run(t, automaton, &state, (const __u8 *)s + at, end - at, STRING_LEG_BYTES);
	s->judging.at = at;
	s->judging.state = state;
	s->judging.found = tc_string_found(t, automaton, state);
	if (s->judging.found)
		return LEG_FOUND;
	return at < end ? LEG_ON : LEG_LAST;
}

__noinline int string_legs(__u32 index)
{
	struct scratch *s = scratch_at(index);
	int leg = LEG_LAST;

	if (!s)
		return LEG_LAST;
#pragma clang loop unroll(disable)
	for (int i = 0; i < STRING_LEGS; i++) {
		leg = string_leg(index);
		if (leg == LEG_FOUND)
			string_find(index, s->judging.found);
		if (leg == LEG_LAST)
			break;
	}
	return leg;
}

/* Looks at the bytes from judging.at to judging.end. */
static __always_inline void look_at_bytes(struct scratch *s, const struct tc_tables *t,
					  const struct tc_look *look)
{
	int leg = LEG_ON;
	__u32 last;

	tc_string_begin(&s->judging.d);
	s->judging.state = t->automata[look->automaton & (TC_AUTOMATA_MAX - 1)].start;
#pragma clang loop unroll(disable)
	for (int i = 0; i < STRING_ROUNDS && leg != LEG_LAST; i++)
		leg = string_legs(s->index);
	if (leg != LEG_LAST) {
		tc_look_doubt(t, look, &s->judging.d);
		return;
	}
	last = tc_string_last(t, look->automaton, s->judging.state);
	if (last)
		string_find(s->index, last);
	tc_string_end(t, look, &s->judging.d);
}

#define SLASH_LEG_BYTES 64
#define SLASH_LEGS (TC_PATH_MAX / SLASH_LEG_BYTES)

/* The place behind the last slash of the bytes of the scratch from at to end, or 0: of the last
 * SLASH_LEG_BYTES. */
__noinline int slash_leg(__u32 index, __u32 at, __u32 end)
{
	struct scratch *s = scratch_at(index);
	__u64 place = end;

	if (!s)
		return 0;
#pragma clang loop unroll(disable)
	for (int i = 0; i < SLASH_LEG_BYTES; i++) {
		if (place <= at)
			return 0;
		place--;
		barrier_var(place);
		if (place >= sizeof(*s))
			return 0;
		if (((const char *)s)[place] == '/')
			return place + 1;
	}
	return 0;
}

static __always_inline __u32 last_slash(__u32 index, __u32 at, __u32 end)
{
	int place;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < SLASH_LEGS; i++) {
		if (end <= at + i * SLASH_LEG_BYTES)
			break;
		place = slash_leg(index, at, end - i * SLASH_LEG_BYTES);
		if (place)
			return place;
	}
	return 0;
}

/* Narrows judging.at and end to the part that the look is about. False when there is none: as in
 * the agent, a directory that was opened has no file name and is its own directory. */
__noinline int string_view(__u32 index, __u32 view)
{
	struct scratch *s = scratch_at(index);
	const struct tc_open *record; /* views are of opened files alone */
	__u32 behind;

	if (!s)
		return 0;
	behind = last_slash(index, s->judging.at, s->judging.end);
	if (!behind)
		return 0;
	record = (const struct tc_open *)s->record;
	if ((record->type & S_IFMT) == S_IFDIR)
		return view == TC_VIEW_DIRECTORY;
	if (view == TC_VIEW_FILENAME)
		s->judging.at = behind;
	else
		s->judging.end = behind - 1 > s->judging.at ? behind - 1 : behind;
	return 1;
}

/* --- one look --- */

/* The largest struct that a look reads. */
#define LOOKED_AT_BYTES sizeof(struct tc_comm)

enum look_value { VALUE_IS_THERE, VALUE_IS_ABSENT, VALUE_IS_DOUBTFUL };

/* Points judging.at and end to a slot's bytes. */
static __always_inline enum look_value find_slot(struct scratch *s, const struct tc_slot *slot)
{
	if (!(slot->flags & TC_SLOT_PRESENT))
		return VALUE_IS_ABSENT;
	if (slot->flags & (TC_SLOT_CUT | TC_SLOT_UNREADABLE | TC_SLOT_RACED))
		return VALUE_IS_DOUBTFUL;
	s->judging.at = __builtin_offsetof(struct scratch, record) + slot->offset;
	s->judging.end = s->judging.at + slot->stored;
	return VALUE_IS_THERE;
}

static __always_inline enum look_value find_comm(struct scratch *s, const struct tc_comm *comm,
						 __u32 at)
{
	__u64 length = 0, goes_on = 1;

	for (int i = 0; i < TC_COMM_MAX; i++) {
		goes_on &= tc_meet(comm->bytes[i], 0xff);
		length += goes_on;
	}
	s->judging.at = at;
	s->judging.end = at + length;
	return VALUE_IS_THERE;
}

/* The path of the executable was walked; see walk_exe(). */
static __always_inline enum look_value find_exe(struct scratch *s)
{
	if (!s->judging.exe_dentry)
		return VALUE_IS_ABSENT;
	if (s->walk.flags & (TC_SLOT_CUT | TC_SLOT_UNREADABLE | TC_SLOT_RACED))
		return VALUE_IS_DOUBTFUL;
	s->judging.at = __builtin_offsetof(struct scratch, walk.bytes) + s->walk.offset;
	s->judging.end = __builtin_offsetof(struct scratch, walk.bytes) + TC_PATH_MAX;
	return VALUE_IS_THERE;
}

/* A string of the scratch: at is where its slot or its bytes lie. */
static __always_inline void look_at_string(struct scratch *s, const struct tc_tables *t,
					   const struct tc_look *look, const void *place, __u32 at)
{
	enum look_value value;

	if (look->of == TC_LOOK_SLOT)
		value = find_slot(s, place);
	else if (look->of == TC_LOOK_COMM)
		value = find_comm(s, place, at);
	else
		value = find_exe(s);
	if (value == VALUE_IS_THERE && look->view != TC_VIEW_WHOLE &&
	    !string_view(s->index, look->view))
		value = VALUE_IS_ABSENT;
	if (value == VALUE_IS_THERE)
		look_at_bytes(s, t, look);
	else if (value == VALUE_IS_ABSENT)
		tc_look_absent(t, look, &s->judging.d);
	else
		tc_look_doubt(t, look, &s->judging.d);
}

static __always_inline void look_at_address(struct scratch *s, const struct tc_tables *t,
					    const struct tc_look *look, const struct tc_slot *slot)
{
	enum look_value value = find_slot(s, slot);
	__u64 at = s->judging.at;
	const __u64 *halves;

	barrier_var(at);
	if (value == VALUE_IS_ABSENT) {
		tc_look_absent(t, look, &s->judging.d);
	} else if (value == VALUE_IS_DOUBTFUL || at > sizeof(*s) - TC_IP_BYTES) {
		tc_look_doubt(t, look, &s->judging.d);
	} else {
		halves = (const void *)((const char *)s + at);
		tc_look_span(t, look, __builtin_bswap64(halves[0]), __builtin_bswap64(halves[1]),
			     &s->judging.d);
	}
}

static __always_inline void look_at_number(struct scratch *s, const struct tc_tables *t,
					   const struct tc_look *look, const void *place)
{
	__u64 value;

	if (look->bytes == 2)
		value = *(const __u16 *)place;
	else if (look->bytes == 4)
		value = *(const __u32 *)place;
	else
		value = *(const __u64 *)place;
	tc_look_number(t, look, value, &s->judging.d);
}

/* Of a string: judging.look at judging.place. */
__noinline int look_string(__u32 index)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_of(&s->judging) : NULL;
	__u64 place;

	if (!t)
		return 0;
	place = s->judging.place;
	barrier_var(place);
	if (place > sizeof(*s) - LOOKED_AT_BYTES)
		return 0;
	look_at_string(s, t, &t->looks[s->judging.look & (TC_LOOKS_MAX - 1)],
		       (const char *)s + place, place);
	return tc_is_any_left(t, &s->judging.d);
}

enum look_goes { LOOK_OVER, LOOK_ON, LOOK_STRING };

/* One look, when it can take a term that is left: at a number or an address at once, at a string it
 * is due. base: where in the scratch the struct lies that its offset is for. */
__noinline int look_at(__u32 index, __u32 number, __u32 base)
{
	struct scratch *s = scratch_at(index);
	const struct tc_tables *t = s ? tables_of(&s->judging) : NULL;
	const struct tc_look *look;
	__u64 place;

	if (!t)
		return LOOK_OVER;
	look = &t->looks[number & (TC_LOOKS_MAX - 1)];
	place = base + look->offset;
	barrier_var(place);
	if (place > sizeof(*s) - LOOKED_AT_BYTES)
		return LOOK_OVER;
	if (look->offset < s->judging.known_from || look->offset >= s->judging.known_until ||
	    !tc_meet_any(s->judging.d.words, &s->judging.d.left, tc_row(t, look->cares)))
		return LOOK_ON;
	if (look->offset < sizeof(struct tc_record) &&
	    base == __builtin_offsetof(struct scratch, record))
		record_fill(index);
	s->judging.look = number;
	s->judging.place = place;
	if (look->of == TC_LOOK_NUMBER)
		look_at_number(s, t, look, (const char *)s + place);
	else if (look->of == TC_LOOK_ADDRESS)
		look_at_address(s, t, look, (const void *)((const char *)s + place));
	else
		return LOOK_STRING;
	return tc_is_any_left(t, &s->judging.d) ? LOOK_ON : LOOK_OVER;
}

/* Until nothing is left. */
static __always_inline void look_list(struct scratch *s, const struct tc_look_list *list,
				      __u32 base)
{
	__u32 first = list->first, n = list->n;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < TC_KIND_LOOKS_MAX && i < n; i++) {
		int goes = look_at(s->index, first + i, base);

		if (goes == LOOK_OVER || (goes == LOOK_STRING && !look_string(s->index)))
			break;
	}
}

#endif
