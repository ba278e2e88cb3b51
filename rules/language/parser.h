/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions to syntax trees.
 *
 *	or      ::= and ('or' and)*
 *	and     ::= not ('and' not)*
 *	not     ::= 'not'* primary
 *	primary ::= '(' or ')' | macro | subject operator operand
 *	subject ::= field ('[' argument ']')? | transformer '(' terms ')'
 *	operand ::= word | '(' words ')' | list | subject        as the operator takes it
 */
#ifndef TOCSIN_RULES_LANGUAGE_PARSER_H
#define TOCSIN_RULES_LANGUAGE_PARSER_H

#include "rules/language/ast.h"
#include "rules/language/lexer.h"
#include "rules/language/text.h"

/* Deepest nesting of parentheses. */
#define TC_CONDITION_DEPTH_MAX 1000

/*
 * Parses a condition; the tree lies in the arena and needs neither text nor its pieces afterwards.
 * 0; -EINVAL when something is wrong, which was added to diagnostics; -ENOMEM.
 */
int tc_condition_parse(const struct tc_text *text, struct tc_arena *arena,
		       struct tc_diagnostics *diagnostics, struct tc_ast **ret_tree);

/*
 * Parses what a transformer is given, with the parentheses around it; the lexer, whose text it is,
 * stands behind the name and then behind the call. Errors as above.
 */
int tc_call_parse(struct tc_lexer *lexer, struct tc_token name, struct tc_arena *arena,
		  struct tc_diagnostics *diagnostics, struct tc_term **ret_term);

/*
 * Parses an item of a list as it would be read between the parentheses of a condition: a word, in
 * quotes or not. An item with blanks in it and no quote at its start is one word as it is. Errors
 * as above.
 */
int tc_item_parse(const struct tc_yaml *node, struct tc_arena *arena,
		  struct tc_diagnostics *diagnostics, struct tc_term **ret_term);

#endif
