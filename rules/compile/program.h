/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What conditions compile to: a graph of checks joined by and, or, not, in which every distinct
 * part exists once, however many rules and macros hold it, and is judged at most once for an event.
 *
 * Where many checks look at one input, a matcher (matcher.h) looks at it first, for all of them at
 * once, and says which can hold; only those are tested. It says so of too many rather than of too
 * few: the test behind an operator alone decides.
 */
#ifndef TOCSIN_RULES_COMPILE_PROGRAM_H
#define TOCSIN_RULES_COMPILE_PROGRAM_H

#include "agent/arena.h"
#include "agent/event.h"
#include "rules/language/words.h"

struct tc_expression;
struct tc_matcher;
struct tc_net;
struct tc_regex;

/* Strings with a quick no by their length. Filled once. */
struct tc_string_set {
	struct tc_set_entry *entries;
	size_t mask;	  /* number of entries - 1 */
	uint64_t lengths; /* bit n: one has n bytes; bit 63: 63 or more */
};

/* A path that leads to others. */
struct tc_prefix {
	const char *bytes; /* without empty components: "etc/ssh" */
	uint32_t length;
	bool pattern; /* a component holds *, ? or [ */
};

/* The right side of a check, in the type that its test takes. */
struct tc_operand {
	union {
		uint64_t uint;
		int64_t sint;
		bool yes;
		struct {
			const char *bytes;
			uint32_t length;
		};
		const struct tc_string_set *strings;
		const uint64_t *uints;		  /* n of them, ascending */
		const int64_t *sints;		  /* n of them, ascending */
		const struct tc_prefix *prefixes; /* n of them */
		unsigned yeses;			  /* bit 0: false is in the set, bit 1: true */
		const struct tc_net *nets;	  /* n of them, arranged */
		struct tc_regex *regex;		  /* freed with the program */
	};
	uint32_t n;
};

/* Whether an operator holds for a value; the value's type is the one that the test was made for. */
typedef bool (*tc_test)(const struct tc_operand *operand, const struct tc_value *value);

/* What a check looks at: each field with each index once, and each value made of fields. */
struct tc_input {
	const struct tc_field *field; /* NULL: the value is made by the expression */
	int index;		      /* or -1 */
	enum tc_type type;	      /* of the value */
	bool gathered;		      /* a list that was put together of several values */
	uint64_t kinds;		      /* kinds of events in which there may be a value */
	uint32_t cost;		      /* a guess at the work of reading it */
	const struct tc_expression *expression;
	/* Tells at once which checks can hold; NULL where it would not pay. */
	struct tc_matcher *matcher;
};

#define TC_INPUT_NONE UINT32_MAX

/* What to do with the elements of a list. */
enum tc_spread {
	TC_SPREAD_NONE, /* the value is no list */
	TC_SPREAD_ANY,	/* the test holds for at least one */
	TC_SPREAD_ALL,	/* there is one, and it holds for each */
};

struct tc_check {
	uint32_t input;
	uint32_t right; /* the input that it is compared with; TC_INPUT_NONE: the operand */
	enum tc_operator_kind op;
	enum tc_spread spread;
	tc_test test; /* NULL: that there is a value is enough */
	/* A guess at how often the matcher of its input lets it hold, of 2^20. 0: it knows nothing
	 * of the check. */
	uint32_t odds;
	struct tc_operand operand;
};

enum tc_node_kind {
	TC_NODE_CHECK,
	TC_NODE_AND,
	TC_NODE_OR,
	TC_NODE_NOT,
	TC_NODE_ONE, /* exactly one of the children holds */
};

/* A condition or a part of one. Children have lower numbers than their parents. */
struct tc_node {
	uint64_t may_hold; /* kinds of events for which it may be true */
	uint64_t may_fail; /* kinds of events for which it may be false */
	uint8_t kind;	   /* enum tc_node_kind */
	uint16_t depth;	   /* of the graph below it */
	uint32_t first, n; /* CHECK: first is its number. Else: children in program->children */
	/* Guesses, see estimate.h: the work, and how often it holds, of 1. */
	uint32_t cost;
	float likely;
};

/* What is known of an input in the event that is being judged. Epochs are those of the program. */
struct tc_reading {
	uint32_t read;	  /* epoch in which the value was read */
	uint32_t matched; /* epoch in which the matcher was run */
	uint32_t asked;	  /* what checks cost that were tested without it */
	struct tc_value value;
};

/* Zero-initialised is empty. */
struct tc_program {
	struct tc_arena arena; /* operands */
	struct tc_node *nodes;
	uint32_t *children;
	struct tc_check *checks;
	struct tc_input *inputs;
	size_t n_nodes, n_children, n_checks, n_inputs;
	/* Of the event that is being judged. */
	uint32_t *verdicts;	     /* by node: epoch << 1 | verdict */
	struct tc_reading *readings; /* by input */
	uint32_t *came_up;	     /* by check: epoch in which a matcher let it hold */
	uint32_t *came;		     /* the checks that came up, n_came of them */
	size_t n_came;
	uint32_t epoch;
};

#define TC_NODE_DEPTH_MAX 1000

/* Makes matchers, and room for verdicts, once all nodes are there. 0 or -ENOMEM. */
int tc_program_seal(struct tc_program *program);
void tc_program_done(struct tc_program *program);
/* The next event: forgets the verdicts on the one before. */
void tc_program_next(struct tc_program *program);
/* Whether a check holds for a value of its input's type: its test alone, without all that is known
 * of the event. */
bool tc_check_holds(const struct tc_check *check, const struct tc_input *input,
		    const struct tc_value *value);
/*
 * Runs the matcher of an input, which must have one, if it was not run for this event: checks that
 * it knows of hold only if they are in program->came from here on.
 */
void tc_program_match(struct tc_program *program, struct tc_event *event, uint32_t input);
/* What an input says in the event that is being judged. */
const struct tc_value *tc_program_value(struct tc_program *program, struct tc_event *event,
					uint32_t input);
/* Whether a node holds for the event; kind is the bit of its kind. */
bool tc_program_holds(struct tc_program *program, struct tc_event *event, uint64_t kind,
		      uint32_t node);

#endif
