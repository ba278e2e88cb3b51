/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values that checks and outputs look at: fields, constants, and what transformers make of them.
 *
 * Of an expression nothing is kept between two looks but what the event itself keeps of its fields.
 */
#ifndef TOCSIN_RULES_COMPILE_EXPRESSION_H
#define TOCSIN_RULES_COMPILE_EXPRESSION_H

#include "agent/event.h"
#include "rules/language/ast.h"

struct tc_transformer;

/* Plain data; all it points to lies in the arena that it was made in. */
struct tc_expression {
	enum tc_type type; /* of the value */
	uint64_t kinds;	   /* kinds of events in which there may be a value */
	/* A list that was put together of several values: any element may be a cut one. */
	bool gathered;
	/* One of three. A field: */
	const struct tc_field *field;
	int index; /* or -1 */
	/* A call: */
	const struct tc_transformer *transformer;
	const struct tc_expression *arguments; /* n_arguments of them */
	uint32_t n_arguments;
	char option; /* what is in brackets behind getopt(), '\0' for nothing */
	/* Or a constant: a string, or a list whose elements end with a NUL each. */
	const char *bytes;
	uint32_t length;
};

/* Deepest nesting of transformers. */
#define TC_EXPRESSION_DEPTH_MAX 32

/*
 * Makes the expression of a field or a call. Lies in the arena and does not need the term
 * afterwards. right: it stands behind an operator, where val() may be. 0; -EINVAL, which was told;
 * -ENOMEM.
 */
int tc_expression_make(const struct tc_term *term, bool right, struct tc_arena *arena,
		       struct tc_diagnostics *diagnostics, struct tc_expression *ret_expression);

/*
 * The value of an expression in an event; bytes may lie in the event's arena. False, and a value of
 * type NONE, when there is none.
 *
 * Of values that are not whole (rules/compile/test.h) a transformer makes one only as far as it is
 * known whatever the missing bytes are; else there is none.
 */
bool tc_expression_get(const struct tc_expression *expression, struct tc_event *event,
		       struct tc_value *ret_value);

/* Whether a value is known to its last byte. */
bool tc_value_is_whole(const struct tc_value *value);

#endif
