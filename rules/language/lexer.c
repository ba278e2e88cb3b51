/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/language/lexer.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

static char byte_at(const struct tc_lexer *lexer, size_t at)
{
	return at < lexer->text->buffer.length ? lexer->text->buffer.bytes[at] : '\0';
}

static size_t left(const struct tc_lexer *lexer)
{
	return lexer->text->buffer.length - lexer->at;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\b';
}

bool tc_lexer_blank(struct tc_lexer *lexer)
{
	size_t start = lexer->at;

	while (is_blank(byte_at(lexer, lexer->at)))
		lexer->at++;
	return lexer->at != start;
}

char tc_lexer_peek(const struct tc_lexer *lexer)
{
	return byte_at(lexer, lexer->at);
}

bool tc_lexer_take(struct tc_lexer *lexer, char c)
{
	if (tc_lexer_peek(lexer) != c)
		return false;
	lexer->at++;
	return true;
}

bool tc_lexer_keyword(struct tc_lexer *lexer, const char *word)
{
	size_t length = strlen(word);
	char after;

	if (left(lexer) < length || memcmp(lexer->text->buffer.bytes + lexer->at, word, length))
		return false;
	after = byte_at(lexer, lexer->at + length);
	if (after && !is_blank(after) && after != '(' && after != ')')
		return false;
	lexer->at += length;
	return true;
}

static bool is_letter(char c)
{
	return isascii((unsigned char)c) && isalpha((unsigned char)c);
}

static bool is_name_character(char c)
{
	return is_letter(c) || (c >= '0' && c <= '9') || c == '_';
}

bool tc_lexer_name(struct tc_lexer *lexer, struct tc_token *ret_token)
{
	size_t at = lexer->at;

	while (is_letter(byte_at(lexer, at))) {
		while (is_name_character(byte_at(lexer, at)))
			at++;
		if (byte_at(lexer, at) != '.' || !is_letter(byte_at(lexer, at + 1)))
			break;
		at++;
	}
	if (at == lexer->at)
		return false;
	*ret_token = (struct tc_token){lexer->at, at - lexer->at};
	lexer->at = at;
	return true;
}

const struct tc_operator *tc_lexer_operator(struct tc_lexer *lexer, struct tc_token *ret_token)
{
	const struct tc_operator *op =
		tc_operator_at(lexer->text->buffer.bytes + lexer->at, left(lexer));

	if (!op)
		return NULL;
	/* = and == are one operator of two lengths. */
	size_t length = strlen(op->word);
	if (op->kind == TC_OPERATOR_EQ && byte_at(lexer, lexer->at + 1) != '=')
		length = 1;
	*ret_token = (struct tc_token){lexer->at, length};
	lexer->at += length;
	return op;
}

static bool take_run(struct tc_lexer *lexer, const char *stop, struct tc_token *ret_token)
{
	size_t at = lexer->at;
	char c;

	while ((c = byte_at(lexer, at)) && !isspace((unsigned char)c) && !strchr(stop, c))
		at++;
	if (at == lexer->at)
		return false;
	*ret_token = (struct tc_token){lexer->at, at - lexer->at};
	lexer->at = at;
	return true;
}

bool tc_lexer_bare(struct tc_lexer *lexer, struct tc_token *ret_token)
{
	return take_run(lexer, "()\"'=,", ret_token);
}

bool tc_lexer_argument(struct tc_lexer *lexer, struct tc_token *ret_token)
{
	return take_run(lexer, "[]\"'", ret_token);
}

/* The byte that \c stands for, '\0' when it stands for none. */
static char unescape(char c, char quote)
{
	switch (c) {
	case 'b':
		return '\b';
	case 'f':
		return '\f';
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case ' ': /* Falco reads it so, for old rules */
	case '\\':
		return '\\';
	case '/':
		return '/';
	default:
		return c == quote ? c : '\0';
	}
}

int tc_lexer_quoted(struct tc_lexer *lexer, struct tc_arena *arena, struct tc_token *ret_token,
		    const char **ret_string, size_t *ret_length, const char **ret_problem)
{
	char quote = tc_lexer_peek(lexer), c;
	size_t at = lexer->at + 1, length = 0, end = at;

	for (; (c = byte_at(lexer, end)) && c != quote; end++)
		end += c == '\\' && byte_at(lexer, end + 1);
	if (!c) {
		*ret_token = (struct tc_token){lexer->at, 1};
		*ret_problem = "the quote is not closed";
		return -EINVAL;
	}

	char *string = tc_arena_alloc(arena, end - at + 1);
	if (!string)
		return -ENOMEM;
	for (; at < end; at++) {
		c = byte_at(lexer, at);
		if (c == '\\') {
			c = unescape(byte_at(lexer, ++at), quote);
			if (!c) {
				*ret_token = (struct tc_token){at - 1, 2};
				*ret_problem = "no such escape";
				return -EINVAL;
			}
		}
		string[length++] = c;
	}
	string[length] = '\0';
	*ret_token = (struct tc_token){lexer->at, end + 1 - lexer->at};
	*ret_string = string;
	*ret_length = length;
	lexer->at = end + 1;
	return 0;
}
