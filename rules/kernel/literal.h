/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Literals: what a condition asks of one value, exactly as the agent would judge it. A number or an
 * address is one of a set, a string has one of some shapes or none of them, a cgroup satisfies a
 * part of a condition.
 *
 * Each exists once, by its number.
 */
#ifndef TOCSIN_RULES_KERNEL_LITERAL_H
#define TOCSIN_RULES_KERNEL_LITERAL_H

#include "rules/kernel/shape.h"
#include "rules/kernel/subject.h"
#include "rules/kernel/spans.h"

enum tc_literal_how { TC_LITERAL_CGROUP, TC_LITERAL_SPANS, TC_LITERAL_SHAPES };

struct tc_literal {
	uint8_t how;	  /* enum tc_literal_how */
	bool wants;	  /* CGROUP: the node holds; SHAPES: has one, else has none */
	bool when_absent; /* holds when there is no value */
	bool is_doubtful; /* CGROUP: may not be known yet when the cgroup is judged */
	uint32_t subject; /* CGROUP: the node */
	struct tc_spans spans;
	const uint32_t *shapes; /* n_shapes of them, ascending */
	uint32_t n_shapes;
};

/* In place of a literal's number. */
#define TC_LITERAL_TRUE UINT32_MAX
#define TC_LITERAL_FALSE (UINT32_MAX - 1)
#define TC_LITERAL_NONE (UINT32_MAX - 2) /* not to be had */

struct tc_literals {
	const struct tc_program *program;
	struct tc_arena arena;
	struct tc_map map;   /* to literals, by content */
	struct tc_map known; /* to literals, by check, subject and what is wanted */
	struct tc_map joined;
	struct tc_literal *items;
	size_t n;
	struct tc_subject *subjects;
	size_t n_subjects;
	struct tc_shapes shapes;
	struct tc_presenter presenter;
};

int tc_literals_init(struct tc_literals *literals, const struct tc_program *program);
void tc_literals_done(struct tc_literals *literals);

/*
 * The literal of a check in a kind of event, or of its opposite; TRUE or FALSE where nothing need
 * be looked at. *ret_why is TC_JUDGED, or says why there is none. 0 or -ENOMEM.
 */
int tc_literal_find(struct tc_literals *literals, uint32_t check, unsigned kind, bool wants,
		    uint32_t *ret_literal, enum tc_unjudged *ret_why);
/* The literal of a node that asks for the cgroup alone. 0 or -ENOMEM. */
int tc_literal_cgroup(struct tc_literals *literals, uint32_t node, bool wants, bool is_doubtful,
		      uint32_t *ret_literal);

/* Where a look finds what a literal asks for in a kind of event; false when none does. */
bool tc_literal_place(const struct tc_literals *literals, uint32_t literal, unsigned kind,
		      struct tc_subject *ret_subject, struct tc_place *ret_place);
/* Whether that is not known yet where a rule of an action decides. */
bool tc_literal_is_late(const struct tc_literals *literals, uint32_t literal, unsigned kind,
			enum tc_action action);

/* The literal that holds when both do, or when either does; NONE when they do not become one. 0 or
 * -ENOMEM. */
int tc_literals_join(struct tc_literals *literals, uint32_t a, uint32_t b, bool both,
		     uint32_t *ret_literal);

#endif
