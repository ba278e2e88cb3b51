/* SPDX-License-Identifier: Apache-2.0 */
/* What the rule files define, all files taken together: lists, macros and rules under their names.
 */
#ifndef TOCSIN_RULES_LANGUAGE_LIBRARY_H
#define TOCSIN_RULES_LANGUAGE_LIBRARY_H

#include "rules/language/ast.h"
#include "rules/language/item.h"
#include "rules/language/text.h"
#include "rules/map.h"
#include "rules/rules.h"

/*
 * Order decides what an item sees. index counts items in the order of their first definition;
 * visibility counts again with each change, so that what a later file appends may use what it
 * defines before. An item sees those whose index is less than its visibility. Rules see everything.
 */
struct tc_definition {
	const char *name;
	struct tc_where where;		/* of the name, in the last definition */
	const struct tc_source *source; /* of the last definition */
	uint32_t index, visibility;
	bool used;
	bool faulty; /* a mistake in it was told */
};

struct tc_list {
	struct tc_definition definition;
	struct tc_term *items, **link; /* words in the order written */
};

struct tc_macro {
	struct tc_definition definition;
	struct tc_text condition;
};

struct tc_exception {
	const struct tc_yaml *name; /* of the scalar */
	const struct tc_yaml *fields, *comps;
	const struct tc_yaml **values; /* sequences, in the order appended */
	size_t n_values;
};

struct tc_rule_source {
	struct tc_definition definition;
	struct tc_text condition, output, description;
	enum tc_priority priority;
	bool enabled;
	bool warn_kinds;		  /* tell when it may match most kinds of events */
	bool skip_unknown;		  /* leave it out when it names fields that are not known */
	bool skipped;			  /* it is for events of a source that there is none of */
	const struct tc_yaml *scope;	  /* NULL: everywhere */
	const struct tc_yaml *rate_limit; /* NULL: none */
	uint8_t action;			  /* enum tc_action */
	uint16_t error;			  /* that a blocked call gets */
	bool best_effort;		  /* it alerts where it cannot enforce */
	const struct tc_yaml *action_at, *errno_at; /* NULL: not written */
	const char *id;				    /* of a Sigma rule; NULL: none */
	const struct tc_yaml **tags;
	size_t n_tags;
	struct tc_exception *exceptions;
	size_t n_exceptions;
};

/* A rule that is known and not put into force, and why. */
struct tc_left_out {
	const struct tc_yaml *name;
	const char *reason;
};

/* Zero-initialised is empty. */
struct tc_library {
	struct tc_arena arena; /* trees, terms, nodes */
	struct tc_diagnostics *diagnostics;
	struct tc_list **lists;
	struct tc_macro **macros;
	struct tc_rule_source **rules;
	size_t n_lists, n_macros, n_rules;
	struct tc_left_out *left_out;
	size_t n_left_out;
	struct tc_map list_names, macro_names, rule_names;
	uint32_t order;
	struct tc_source *source; /* being read */
	bool skipped;		  /* a rule was: what it alone uses looks unused */
	bool partial; /* a part of the files could not be read: what is not known may be there */
};

/* Adds what a file defines. Mistakes are added to library->diagnostics. 0 also then, or -ENOMEM. */
int tc_library_add(struct tc_library *library, struct tc_source *source);
void tc_library_done(struct tc_library *library);

/* By name; NULL when there is none. */
struct tc_list *tc_library_list(const struct tc_library *library, const char *name, size_t length);
struct tc_macro *tc_library_macro(const struct tc_library *library, const char *name,
				  size_t length);

struct tc_rule_source *tc_library_rule(const struct tc_library *library, const char *name,
				       size_t length);

/* A new rule, or the one of that name, whose content is forgotten. 0 or -ENOMEM. */
int tc_library_define_rule(struct tc_library *library, const struct tc_yaml *name,
			   struct tc_rule_source **ret_rule);
/* Notes that a rule is not put into force; the reason must live on. 0 or -ENOMEM. */
int tc_library_leave_out(struct tc_library *library, const struct tc_yaml *name,
			 const char *reason);
/* Appends a tag. 0 or -ENOMEM. */
int tc_rule_add_tag(struct tc_rule_source *rule, const struct tc_yaml *tag);

/* The condition of a rule with its exceptions and its scope. 0, -EINVAL (told), or -ENOMEM. */
int tc_rule_condition(const struct tc_rule_source *rule, struct tc_diagnostics *diagnostics,
		      struct tc_text *ret_text);
/*
 * Adds the exceptions of an item to a rule; those with a name that the rule has already give it
 * more values. 0, -EINVAL (told), or -ENOMEM.
 */
int tc_exceptions_add(struct tc_rule_source *rule, const struct tc_yaml *node,
		      struct tc_diagnostics *diagnostics);
void tc_exceptions_clear(struct tc_rule_source *rule);

/* Set what the values of `action`, `errno` and `enforcement` say. 0 or -EINVAL (told). */
int tc_action_set(struct tc_rule_source *rule, const struct tc_yaml *node,
		  struct tc_diagnostics *diagnostics);
int tc_action_set_errno(struct tc_rule_source *rule, const struct tc_yaml *node,
			struct tc_diagnostics *diagnostics);
int tc_action_set_enforcement(struct tc_rule_source *rule, const struct tc_yaml *node,
			      struct tc_diagnostics *diagnostics);
/* Whether they go together. 0 or -EINVAL (told). */
int tc_action_check(const struct tc_rule_source *rule, struct tc_diagnostics *diagnostics);

/* Looks at the value of `scope`. 0 or -EINVAL (told). */
int tc_scope_check(const struct tc_yaml *scope, struct tc_diagnostics *diagnostics);
/* Adds the part of a condition that the scope, which is right, becomes. */
void tc_scope_add(struct tc_text *text, const struct tc_yaml *scope);

#endif
