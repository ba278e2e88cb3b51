/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel can look at: for the input of a check and a kind of event, the value that a look
 * finds there, or why there is none.
 *
 * A subject is the value as it is encoded, the same in all kinds that encode it alike; where it
 * lies in one of them is its place.
 */
#ifndef TOCSIN_RULES_KERNEL_SUBJECT_H
#define TOCSIN_RULES_KERNEL_SUBJECT_H

#include "agent/enrich/world.h"
#include "decide.h"
#include "rules/compile/program.h"

/* Why a check is not judged at the hook. */
enum tc_unjudged {
	TC_JUDGED, /* it is */
#define TC_UNJUDGED(name, text, hint) TC_UNJUDGED_##name,
#include "rules/kernel/unjudged.def"
	TC_UNJUDGED_MAX,
};

/* What to tell of it: behind "because", and what else would do ("" where nothing would). */
const char *tc_unjudged_text(enum tc_unjudged why);
const char *tc_unjudged_hint(enum tc_unjudged why);

/* A value that a field gets from one member and nothing else. */
struct tc_single;

struct tc_subject {
	const struct tc_field *field;
	const struct tc_single *single; /* NULL: the member itself, as its show presents it */
	uint64_t mask;			/* of a number */
	enum tc_look_of of;
	enum tc_view view;
	enum tc_wire wire;
	enum tc_show show; /* of the member */
	bool is_task;	   /* a fact about the task, in every kind */
	bool has_absent;   /* TC_ABSENT_* stands for no value */
	bool is_constant;  /* nothing need be looked at: the value is that of number 0 */
};

/* The list of looks that a value is in, and where. */
struct tc_place {
	enum tc_place_list { TC_PLACE_TASK, TC_PLACE_KEPT, TC_PLACE_LOOKS } list;
	uint16_t offset;
};

/*
 * Finds what a look sees of an input in a kind of event. mask: the bits of a number that matter,
 * where less than all do.
 */
enum tc_unjudged tc_subject_find(const struct tc_input *input, unsigned kind, uint64_t mask,
				 struct tc_subject *ret_subject, struct tc_place *ret_place);
/* Where a subject lies in a kind; false when it has none there. */
bool tc_subject_place(const struct tc_subject *subject, unsigned kind,
		      struct tc_subject *ret_subject, struct tc_place *ret_place);
bool tc_subject_equal(const struct tc_subject *a, const struct tc_subject *b);

/* Whether an input says something of the acting task's cgroup and of nothing else. */
enum tc_cgroup_share { TC_CGROUP_NOTHING, TC_CGROUP_PATH, TC_CGROUP_FACTS };
enum tc_cgroup_share tc_subject_cgroup(const struct tc_input *input);

/* Numbers on the wire as rules see them, by the agent's own getters. */
struct tc_presenter {
	struct tc_world world;
	struct tc_event event;
	char *record; /* TC_FIXED_MAX bytes */
};

int tc_presenter_init(struct tc_presenter *presenter);
void tc_presenter_done(struct tc_presenter *presenter);
/* The value of a subject in a kind when its member has this number; NONE: it has none. Lives until
 * the next call. */
void tc_presenter_value(struct tc_presenter *presenter, const struct tc_subject *subject,
			unsigned kind, uint64_t number, struct tc_value *ret_value);

#endif
