/* SPDX-License-Identifier: Apache-2.0 */
/* The syntax tree of a condition. Every node knows where it was written. All of it lies in an
 * arena. */
#ifndef TOCSIN_RULES_LANGUAGE_AST_H
#define TOCSIN_RULES_LANGUAGE_AST_H

#include "rules/language/words.h"
#include "rules/language/yaml.h"

enum tc_term_kind {
	TC_TERM_WORD,  /* text, in quotes or not */
	TC_TERM_FIELD, /* text is its name; argument is what is in brackets, or NULL */
	TC_TERM_CALL,  /* text is a transformer's name, children are what it is given */
	TC_TERM_LIST,  /* children */
};

/* An operand or subject of a check. */
struct tc_term {
	enum tc_term_kind kind;
	bool quoted; /* WORD */
	struct tc_where where;
	const char *text; /* NUL-terminated, no NUL within */
	size_t length;
	const char *argument;
	struct tc_term *children;
	struct tc_term *next; /* sibling */
};

enum tc_ast_kind {
	TC_AST_OR,    /* two or more children */
	TC_AST_AND,   /* two or more children */
	TC_AST_NOT,   /* one child */
	TC_AST_MACRO, /* name */
	TC_AST_CHECK, /* subject, op, modifier, operand */
};

struct tc_ast {
	enum tc_ast_kind kind;
	struct tc_where where;
	struct tc_ast *children;
	struct tc_ast *next; /* sibling */
	const char *name;
	struct tc_term *subject;      /* FIELD or CALL */
	const struct tc_operator *op; /* NULL: unknown, which was told */
	const char *modifier;	      /* NULL, or anyof and the like */
	struct tc_where operator_where, modifier_where;
	struct tc_term *operand; /* NULL when the operator takes none */
	uint32_t node;		 /* of the program that judges it; written by the compiler */
};

#endif
