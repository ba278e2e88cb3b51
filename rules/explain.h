/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a rule matched an event or did not: the condition as it was written, with the truth of every
 * part. The truth is that of the program which judges events; here is no second judge.
 */
#ifndef TOCSIN_RULES_EXPLAIN_H
#define TOCSIN_RULES_EXPLAIN_H

#include "rules/kernel/split.h"
#include "rules/written.h"

/* What a check looked at. */
struct tc_why_value {
	const struct tc_field *field; /* NULL: made by the expression */
	const struct tc_expression *expression;
	const char *name;  /* as a condition writes it */
	const char *shown; /* as outputs show it; NULL: there is no value */
};

/* A part of a condition. */
struct tc_why {
	const struct tc_ast *ast;
	const char *text;     /* of a check as it is written; the name of a macro; else NULL */
	struct tc_why *child; /* first; of a macro, its condition */
	struct tc_why *next;  /* sibling */
	struct tc_why_value *values; /* of a check, n_values of them */
	size_t n_values;
	struct tc_split split; /* where it is decided */
	bool holds;	       /* with an event */
	bool decides;	       /* with an event: the whole is what it is because of this */
};

struct tc_explanation {
	const struct tc_rule *rule;
	const struct tc_kind_info *kind; /* of the event; NULL: there was none */
	struct tc_why *root;
};

/*
 * Explains a rule in force by its place in the set, for an event or, with NULL, by itself. Judges
 * the event anew. All parts lie in the arena. 0 or -ENOMEM.
 */
int tc_explain(struct tc_ruleset *set, const struct tc_written *written, size_t rule,
	       struct tc_event *event, struct tc_arena *arena, struct tc_explanation *ret_why);

/* Appends one sentence that tells why the rule matched or did not. */
void tc_explain_reason(const struct tc_explanation *why, struct tc_buffer *text);

/* Where a macro or list was written, NULL when there is none of that name. */
const struct tc_definition *tc_written_macro(const struct tc_written *written, const char *name);

/* The list that a word stands for, NULL for none. visibility: of what the word is in (library.h).
 */
const struct tc_list *tc_written_list(const struct tc_written *written, const struct tc_term *word,
				      uint32_t visibility);
/* Appends the items of a list, in parentheses and separated by commas, at most max of them. */
void tc_written_items(const struct tc_written *written, const struct tc_list *list, size_t max,
		      struct tc_buffer *text);

#endif
