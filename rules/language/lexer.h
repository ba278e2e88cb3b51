/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words of a condition. What a word may be made of depends on its place (proc.name>=x is a field
 * and an op, runc:[0:PARENT] is one value), so the parser asks for what it expects.
 */
#ifndef TOCSIN_RULES_LANGUAGE_LEXER_H
#define TOCSIN_RULES_LANGUAGE_LEXER_H

#include "agent/arena.h"
#include "rules/language/text.h"
#include "rules/language/words.h"

struct tc_lexer {
	const struct tc_text *text;
	size_t at;
};

/* A part of the text: bytes start to start + length. */
struct tc_token {
	size_t start, length;
};

/* Steps over white space; true when there was some. */
bool tc_lexer_blank(struct tc_lexer *lexer);
/* The next byte, '\0' at the end. */
char tc_lexer_peek(const struct tc_lexer *lexer);
/* Each of these steps over what it finds and returns true, or returns false and stays. */
bool tc_lexer_take(struct tc_lexer *lexer, char c);
/* A whole word: and, or, not. A blank, a parenthesis or the end follows. */
bool tc_lexer_keyword(struct tc_lexer *lexer, const char *word);
/* Letters, digits and _, parts joined by dots: a field or a macro. */
bool tc_lexer_name(struct tc_lexer *lexer, struct tc_token *ret_token);
const struct tc_operator *tc_lexer_operator(struct tc_lexer *lexer, struct tc_token *ret_token);
/* A run without blanks, quotes, parentheses, = and comma. */
bool tc_lexer_bare(struct tc_lexer *lexer, struct tc_token *ret_token);
/* What is in brackets without quotes: a run without blanks, quotes and brackets. */
bool tc_lexer_argument(struct tc_lexer *lexer, struct tc_token *ret_token);

/*
 * A string in quotes at the lexer's place. 0 with the string in the arena; -EINVAL with
 * *ret_problem and the token that it is about; -ENOMEM.
 */
int tc_lexer_quoted(struct tc_lexer *lexer, struct tc_arena *arena, struct tc_token *ret_token,
		    const char **ret_string, size_t *ret_length, const char **ret_problem);

#endif
