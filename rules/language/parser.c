/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/language/parser.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

struct parser {
	struct tc_lexer lexer;
	struct tc_arena *arena;
	struct tc_diagnostics *diagnostics;
	unsigned depth;
	bool faulty; /* a mistake was told, and parsing went on */
};

static int parse_or(struct parser *parser, struct tc_ast **ret_tree);

static struct tc_where where(const struct parser *parser, struct tc_token token)
{
	return tc_text_where(parser->lexer.text, token.start, token.length);
}

static const char *bytes_of(const struct parser *parser, struct tc_token token)
{
	return parser->lexer.text->buffer.bytes + token.start;
}

/* What stands at the parser's place, for messages: a word, or one character. */
static struct tc_token next_token(const struct parser *parser)
{
	struct tc_lexer ahead = parser->lexer;
	struct tc_token token;

	if (tc_lexer_bare(&ahead, &token))
		return token;
	return (struct tc_token){ahead.at, tc_lexer_peek(&ahead) ? 1 : 0};
}

static void hint_keyword(struct tc_diagnostic *found, const char *word, size_t length)
{
	static const struct {
		const char *wrong, *right;
	} words[] = {{"&&", "and"}, {"||", "or"}, {"AND", "and"}, {"OR", "or"}, {"And", "and"},
		     {"Or", "or"},  {"!", "not"}, {"NOT", "not"}, {"&", "and"}, {"|", "or"}};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (strlen(words[i].wrong) == length && !memcmp(words[i].wrong, word, length))
			tc_diagnostic_hint(found, "write `%s`", words[i].right);
	}
}

/* Tells that something else was expected at the parser's place. */
static int expected(struct parser *parser, const char *what)
{
	struct tc_token token = next_token(parser);
	struct tc_diagnostic *found;

	if (token.length)
		found = tc_where_report(parser->diagnostics, TC_DIAGNOSTIC_SYNTAX,
					where(parser, token), "expected %s, found `%.*s`", what,
					(int)token.length, bytes_of(parser, token));
	else
		found = tc_where_report(parser->diagnostics, TC_DIAGNOSTIC_SYNTAX,
					where(parser, token), "expected %s, but the text ends",
					what);
	hint_keyword(found, bytes_of(parser, token), token.length);
	if (token.length == 1 && bytes_of(parser, token)[0] == '=')
		tc_diagnostic_hint(found,
				   "a value with blanks or any of ()\"'=, in it goes in quotes");
	return -EINVAL;
}

static struct tc_ast *new_node(struct parser *parser, enum tc_ast_kind kind, struct tc_token token)
{
	struct tc_ast *node = tc_arena_alloc(parser->arena, sizeof(*node));

	if (node)
		*node = (struct tc_ast){.kind = kind, .where = where(parser, token)};
	return node;
}

static struct tc_term *new_term(struct parser *parser, enum tc_term_kind kind,
				struct tc_token token)
{
	struct tc_term *term = tc_arena_alloc(parser->arena, sizeof(*term));

	if (!term)
		return NULL;
	*term = (struct tc_term){
		.kind = kind, .where = where(parser, token), .length = token.length};
	term->text = tc_arena_copy(parser->arena, bytes_of(parser, token), token.length);
	return term->text ? term : NULL;
}

static int parse_quoted(struct parser *parser, struct tc_term **ret_term)
{
	const char *string, *problem;
	struct tc_token token;
	size_t length;
	int r = tc_lexer_quoted(&parser->lexer, parser->arena, &token, &string, &length, &problem);

	if (r == -EINVAL)
		tc_diagnostic_hint(
			tc_where_report(parser->diagnostics, TC_DIAGNOSTIC_SYNTAX,
					where(parser, token), "%s", problem),
			"in quotes a backslash and the quote itself are written \\\\ and \\%c",
			tc_lexer_peek(&parser->lexer));
	if (r)
		return r;

	struct tc_term *term = new_term(parser, TC_TERM_WORD, (struct tc_token){token.start, 0});
	if (!term)
		return -ENOMEM;
	term->where = where(parser, token);
	term->quoted = true;
	term->text = string;
	term->length = length;
	*ret_term = term;
	return 0;
}

/* A word, in quotes or not. */
static int parse_word(struct parser *parser, const char *what, struct tc_term **ret_term)
{
	struct tc_token token;
	char c = tc_lexer_peek(&parser->lexer);

	if (c == '"' || c == '\'')
		return parse_quoted(parser, ret_term);
	if (!tc_lexer_bare(&parser->lexer, &token))
		return expected(parser, what);
	*ret_term = new_term(parser, TC_TERM_WORD, token);
	return *ret_term ? 0 : -ENOMEM;
}

/* Parses what is in the brackets behind a field's name. */
static int parse_argument(struct parser *parser, struct tc_term *field, size_t start)
{
	char c = tc_lexer_peek(&parser->lexer);
	struct tc_term *term;
	struct tc_token token;
	int r;

	if (c == '"' || c == '\'') {
		r = parse_quoted(parser, &term);
		if (r)
			return r;
		field->argument = term->text;
	} else if (tc_lexer_argument(&parser->lexer, &token)) {
		field->argument =
			tc_arena_copy(parser->arena, bytes_of(parser, token), token.length);
		if (!field->argument)
			return -ENOMEM;
	} else {
		return expected(parser, "a number in the brackets");
	}
	if (!tc_lexer_take(&parser->lexer, ']'))
		return expected(parser, "`]`");
	field->where = where(parser, (struct tc_token){start, parser->lexer.at - start});
	return 0;
}

static int parse_field(struct parser *parser, struct tc_token token, struct tc_term **ret_term)
{
	struct tc_term *field = new_term(parser, TC_TERM_FIELD, token);

	if (!field)
		return -ENOMEM;
	*ret_term = field;
	if (tc_lexer_take(&parser->lexer, '['))
		return parse_argument(parser, field, token.start);
	return 0;
}

static int parse_list(struct parser *parser, struct tc_term **ret_term);
static int parse_call(struct parser *parser, struct tc_token name, struct tc_term **ret_term);

/* What a transformer may be given: a field, another transformer, a list, a word. */
static int parse_given(struct parser *parser, struct tc_term **ret_term)
{
	struct tc_lexer before = parser->lexer;
	struct tc_token token;

	if (tc_lexer_peek(&parser->lexer) == '(')
		return parse_list(parser, ret_term);
	if (tc_lexer_name(&parser->lexer, &token)) {
		if (tc_lexer_peek(&parser->lexer) == '(')
			return parse_call(parser, token, ret_term);
		if (memchr(bytes_of(parser, token), '.', token.length))
			return parse_field(parser, token, ret_term);
		parser->lexer = before;
	}
	return parse_word(parser, "a field", ret_term);
}

static int enter(struct parser *parser)
{
	if (++parser->depth <= TC_CONDITION_DEPTH_MAX)
		return 0;
	tc_where_report(parser->diagnostics, TC_DIAGNOSTIC_DEPTH, where(parser, next_token(parser)),
			"nested deeper than %u", TC_CONDITION_DEPTH_MAX);
	return -EINVAL;
}

/* Terms separated by commas up to a closing parenthesis; the opening one was taken. */
static int parse_terms(struct parser *parser, int (*parse_term)(struct parser *, struct tc_term **),
		       struct tc_term **ret_first)
{
	struct tc_term **link = ret_first;
	int r = enter(parser);

	tc_lexer_blank(&parser->lexer);
	while (!r && tc_lexer_peek(&parser->lexer) != ')') {
		r = parse_term(parser, link);
		if (r)
			return r;
		link = &(*link)->next;
		tc_lexer_blank(&parser->lexer);
		if (tc_lexer_peek(&parser->lexer) == ')')
			break;
		if (!tc_lexer_take(&parser->lexer, ','))
			return expected(parser, "`,` or `)`");
		tc_lexer_blank(&parser->lexer);
		if (tc_lexer_peek(&parser->lexer) == ')')
			return expected(parser, "a value after the comma");
	}
	if (r)
		return r;
	parser->depth--;
	tc_lexer_take(&parser->lexer, ')');
	return 0;
}

static int parse_call(struct parser *parser, struct tc_token name, struct tc_term **ret_term)
{
	struct tc_term *call = new_term(parser, TC_TERM_CALL, name);

	if (!call)
		return -ENOMEM;
	*ret_term = call;
	tc_lexer_take(&parser->lexer, '(');
	int r = parse_terms(parser, parse_given, &call->children);
	if (!r && tc_lexer_take(&parser->lexer, '[')) {
		struct tc_term scratch = *call;

		r = parse_argument(parser, &scratch, name.start);
		call->argument = scratch.argument;
	}
	return r;
}

static int parse_element(struct parser *parser, struct tc_term **ret_term)
{
	return parse_word(parser, "a value", ret_term);
}

static int parse_list(struct parser *parser, struct tc_term **ret_term)
{
	struct tc_term *list =
		new_term(parser, TC_TERM_LIST, (struct tc_token){parser->lexer.at, 1});

	if (!list)
		return -ENOMEM;
	*ret_term = list;
	tc_lexer_take(&parser->lexer, '(');
	return parse_terms(parser, parse_element, &list->children);
}

/* One value: a word or another field. */
static int parse_one(struct parser *parser, struct tc_term **ret_term)
{
	struct tc_lexer before = parser->lexer;
	struct tc_token token;

	if (tc_lexer_name(&parser->lexer, &token) && tc_lexer_peek(&parser->lexer) == '(')
		return parse_call(parser, token, ret_term);
	parser->lexer = before;
	return parse_word(parser, "a value", ret_term);
}

static int parse_operand(struct parser *parser, struct tc_ast *check)
{
	tc_lexer_blank(&parser->lexer);
	switch (check->op->takes) {
	case TC_TAKES_NONE:
		return 0;
	case TC_TAKES_ONE:
		if (!check->modifier)
			return parse_one(parser, &check->operand);
		if (tc_lexer_peek(&parser->lexer) == '(')
			return parse_list(parser, &check->operand);
		return parse_word(parser, "a list", &check->operand);
	case TC_TAKES_SET:
	default:
		if (tc_lexer_peek(&parser->lexer) == '(')
			return parse_list(parser, &check->operand);
		return parse_one(parser, &check->operand);
	}
}

/* Whether a list in parentheses, or a word that may name one, is what follows. */
static bool is_list_ahead(struct tc_lexer ahead)
{
	struct tc_token token;

	if (tc_lexer_peek(&ahead) == '(')
		return true;
	return !tc_lexer_keyword(&ahead, "and") && !tc_lexer_keyword(&ahead, "or") &&
	       tc_lexer_bare(&ahead, &token);
}

/* anyof and the like behind an op: only with a list or its name behind it, else it is a value. */
static int parse_modifier(struct parser *parser, struct tc_ast *check)
{
	struct tc_lexer ahead = parser->lexer;
	struct tc_token token;

	tc_lexer_blank(&ahead);
	if (!tc_lexer_name(&ahead, &token) ||
	    !tc_modifier_known(bytes_of(parser, token), token.length))
		return 0;
	tc_lexer_blank(&ahead);
	if (!is_list_ahead(ahead))
		return 0;
	check->modifier = tc_arena_copy(parser->arena, bytes_of(parser, token), token.length);
	check->modifier_where = where(parser, token);
	parser->lexer = ahead;
	return check->modifier ? 0 : -ENOMEM;
}

/* Steps over the operand of an operator that nobody knows, so that the rest can be looked at. */
static int skip_operand(struct parser *parser)
{
	struct tc_term *ignored;

	tc_lexer_blank(&parser->lexer);
	switch (tc_lexer_peek(&parser->lexer)) {
	case '(':
		return parse_list(parser, &ignored);
	case ')':
	case '\0':
		return 0;
	default:
		return parse_word(parser, "a value", &ignored);
	}
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && !memcmp(text, word, length);
}

static int parse_unknown_operator(struct parser *parser)
{
	struct tc_token token = next_token(parser);
	const char *word = bytes_of(parser, token), *near;
	struct tc_diagnostic *found;

	if (!token.length || !tc_lexer_bare(&parser->lexer, &token))
		return expected(parser, "an operator");
	found = tc_where_report(parser->diagnostics, TC_DIAGNOSTIC_OPERATOR_UNKNOWN,
				where(parser, token), "unknown operator `%.*s`", (int)token.length,
				word);
	near = tc_operator_nearest(word, token.length);
	if (near)
		tc_diagnostic_hint(found, "did you mean `%s`?", near);
	if (is_word(word, token.length, "and") || is_word(word, token.length, "or") ||
	    is_word(word, token.length, "not")) {
		tc_diagnostic_hint(found, "a field needs an operator; one that is true or false is "
					  "written `field = true`");
		return -EINVAL;
	}
	parser->faulty = true;
	return skip_operand(parser);
}

static int parse_check(struct parser *parser, struct tc_term *subject, size_t start,
		       struct tc_ast **ret_tree)
{
	struct tc_ast *check = new_node(parser, TC_AST_CHECK, (struct tc_token){start, 1});
	struct tc_token token;
	int r;

	if (!check)
		return -ENOMEM;
	*ret_tree = check;
	check->subject = subject;
	tc_lexer_blank(&parser->lexer);
	check->op = tc_lexer_operator(&parser->lexer, &token);
	if (!check->op)
		return parse_unknown_operator(parser);
	check->operator_where = where(parser, token);
	r = check->op->takes == TC_TAKES_ONE ? parse_modifier(parser, check) : 0;
	if (!r)
		r = parse_operand(parser, check);
	check->where = where(parser, (struct tc_token){start, parser->lexer.at - start});
	return r;
}

static int parse_primary(struct parser *parser, struct tc_ast **ret_tree)
{
	struct tc_term *subject;
	struct tc_token token;
	int r;

	if (tc_lexer_take(&parser->lexer, '(')) {
		r = enter(parser);
		if (!r)
			r = parse_or(parser, ret_tree);
		if (r)
			return r;
		parser->depth--;
		return tc_lexer_take(&parser->lexer, ')') ? 0
							  : expected(parser, "`and`, `or` or `)`");
	}
	struct tc_lexer ahead = parser->lexer;
	if (tc_lexer_keyword(&ahead, "and") || tc_lexer_keyword(&ahead, "or") ||
	    !tc_lexer_name(&parser->lexer, &token))
		return expected(parser, "a field, a macro or `(`");
	if (tc_lexer_peek(&parser->lexer) == '(')
		r = parse_call(parser, token, &subject);
	else if (memchr(bytes_of(parser, token), '.', token.length))
		r = parse_field(parser, token, &subject);
	else {
		struct tc_ast *macro = *ret_tree = new_node(parser, TC_AST_MACRO, token);

		if (macro)
			macro->name =
				tc_arena_copy(parser->arena, bytes_of(parser, token), token.length);
		return macro && macro->name ? 0 : -ENOMEM;
	}
	return r ? r : parse_check(parser, subject, token.start, ret_tree);
}

static int parse_not(struct parser *parser, struct tc_ast **ret_tree)
{
	struct tc_token token = {0};
	bool inverted = false;

	tc_lexer_blank(&parser->lexer);
	for (size_t at = parser->lexer.at; tc_lexer_keyword(&parser->lexer, "not");
	     at = parser->lexer.at) {
		token = (struct tc_token){at, 3};
		inverted = !inverted;
		tc_lexer_blank(&parser->lexer);
	}
	int r = parse_primary(parser, ret_tree);
	if (r || !inverted)
		return r;

	struct tc_ast *node = new_node(parser, TC_AST_NOT, token);
	if (!node)
		return -ENOMEM;
	node->children = *ret_tree;
	*ret_tree = node;
	return 0;
}

/* One or more operands joined by a keyword. */
static int parse_joined(struct parser *parser, const char *keyword, enum tc_ast_kind kind,
			int (*parse_operand_of)(struct parser *, struct tc_ast **),
			struct tc_ast **ret_tree)
{
	struct tc_ast *first, *node, **link;
	size_t start;
	int r;

	tc_lexer_blank(&parser->lexer);
	start = parser->lexer.at;
	r = parse_operand_of(parser, &first);
	if (r)
		return r;
	link = &first->next;
	for (;;) {
		tc_lexer_blank(&parser->lexer);
		if (!tc_lexer_keyword(&parser->lexer, keyword))
			break;
		r = parse_operand_of(parser, link);
		if (r)
			return r;
		link = &(*link)->next;
	}
	*ret_tree = first;
	if (!first->next)
		return 0;
	node = new_node(parser, kind, (struct tc_token){start, parser->lexer.at - start});
	if (!node)
		return -ENOMEM;
	node->children = first;
	*ret_tree = node;
	return 0;
}

static int parse_and(struct parser *parser, struct tc_ast **ret_tree)
{
	return parse_joined(parser, "and", TC_AST_AND, parse_not, ret_tree);
}

static int parse_or(struct parser *parser, struct tc_ast **ret_tree)
{
	return parse_joined(parser, "or", TC_AST_OR, parse_and, ret_tree);
}

int tc_condition_parse(const struct tc_text *text, struct tc_arena *arena,
		       struct tc_diagnostics *diagnostics, struct tc_ast **ret_tree)
{
	struct parser parser = {
		.lexer = {.text = text}, .arena = arena, .diagnostics = diagnostics};
	struct tc_ast *tree;
	int r;

	if (!text->buffer.length) {
		tc_where_report(diagnostics, TC_DIAGNOSTIC_SYNTAX, tc_text_where(text, 0, 0),
				"the condition is empty");
		return -EINVAL;
	}
	r = parse_or(&parser, &tree);
	if (r)
		return r;
	if (parser.lexer.at != text->buffer.length)
		return expected(&parser, "`and` or `or`");
	if (parser.faulty)
		return -EINVAL;
	*ret_tree = tree;
	return 0;
}

int tc_call_parse(struct tc_lexer *lexer, struct tc_token name, struct tc_arena *arena,
		  struct tc_diagnostics *diagnostics, struct tc_term **ret_term)
{
	struct parser parser = {.lexer = *lexer, .arena = arena, .diagnostics = diagnostics};
	int r = parse_call(&parser, name, ret_term);

	*lexer = parser.lexer;
	return r;
}

int tc_item_parse(const struct tc_yaml *node, struct tc_arena *arena,
		  struct tc_diagnostics *diagnostics, struct tc_term **ret_term)
{
	__attribute__((cleanup(tc_text_done))) struct tc_text text = {0};
	struct parser parser = {
		.lexer = {.text = &text}, .arena = arena, .diagnostics = diagnostics};
	int r;

	tc_text_add_value(&text, node);
	if (tc_text_failed(&text))
		return -ENOMEM;
	char first = tc_lexer_peek(&parser.lexer);
	if (first != '"' && first != '\'') {
		*ret_term =
			new_term(&parser, TC_TERM_WORD, (struct tc_token){0, text.buffer.length});
		return *ret_term ? 0 : -ENOMEM;
	}
	r = parse_quoted(&parser, ret_term);
	if (r)
		return r;
	tc_lexer_blank(&parser.lexer);
	return tc_lexer_peek(&parser.lexer) ? expected(&parser, "the end of the item") : 0;
}
