/* SPDX-License-Identifier: Apache-2.0 */
/* Right sides of checks: the words that they stand for, lists expanded. */
#include "rules/compile/gather.h"

#include <errno.h>

#include "agent/nearest.h"

/* Deepest nesting of lists in lists. */
#define LIST_DEPTH_MAX 100

/* Whether a word of a list stands for another list that it sees. */
static struct tc_list *list_of(const struct tc_library *library, const struct tc_term *word,
			       uint32_t visibility)
{
	struct tc_list *list;

	if (word->quoted)
		return NULL;
	list = tc_library_list(library, word->text, word->length);
	return list && list->definition.index < visibility ? list : NULL;
}

/* Lists that are being put into one operand: each is put in once, and not into itself. */
struct expansion {
	struct tc_compiler *compiler;
	struct tc_words *words;
	struct tc_map seen;
	const struct tc_list *open[LIST_DEPTH_MAX];
	unsigned depth;
};

static int add_word(struct expansion *expansion, const struct tc_term *word)
{
	struct tc_compiler *compiler = expansion->compiler;

	if (++compiler->n_words > TC_COMPILE_WORDS_MAX) {
		tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_VALUES, word->where,
				"the conditions hold more than %d values", TC_COMPILE_WORDS_MAX);
		return -EINVAL;
	}
	return tc_words_add(expansion->words, word);
}

static bool is_open(const struct expansion *expansion, const struct tc_list *list)
{
	for (unsigned i = 0; i < expansion->depth; i++) {
		if (expansion->open[i] == list)
			return true;
	}
	return false;
}

/* Adds the values of a list; word is what names it. */
static int add_list(struct expansion *expansion, struct tc_list *list, const struct tc_term *word)
{
	struct tc_compiler *compiler = expansion->compiler;
	uint32_t ignored;
	int r = 0;

	list->definition.used = true;
	if (tc_map_get(&expansion->seen, &list, sizeof(list), &ignored))
		return 0;
	if (list->definition.faulty)
		return -EINVAL;
	if (expansion->depth == LIST_DEPTH_MAX) {
		tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_DEPTH, word->where,
				"lists in lists are nested deeper than %d", LIST_DEPTH_MAX);
		return -EINVAL;
	}
	r = tc_map_add(&expansion->seen, &list, sizeof(list), 0);
	expansion->open[expansion->depth++] = list;
	for (const struct tc_term *item = list->items; item && !r; item = item->next) {
		struct tc_list *inner =
			list_of(compiler->library, item, list->definition.visibility);

		/* A list that names itself means the word. */
		if (inner && !is_open(expansion, inner))
			r = add_list(expansion, inner, item);
		else
			r = add_word(expansion, item);
	}
	expansion->depth--;
	return r;
}

/* All values of a list in parentheses. */
static int add_terms(struct tc_compiler *compiler, const struct tc_term *list,
		     struct tc_words *words)
{
	struct expansion expansion = {.compiler = compiler, .words = words};
	int r = 0;

	for (const struct tc_term *word = list->children; word && !r; word = word->next) {
		struct tc_list *inner = list_of(compiler->library, word, UINT32_MAX);

		r = inner ? add_list(&expansion, inner, word) : add_word(&expansion, word);
	}
	tc_map_done(&expansion.seen);
	return r;
}

static int report_unknown_list(struct tc_compiler *compiler, const struct tc_term *word)
{
	const struct tc_library *library = compiler->library;
	struct tc_nearest nearest = {.word = word->text, .length = word->length};
	struct tc_diagnostic *found;

	if (library->partial)
		return -EINVAL;
	found = tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_LIST_UNKNOWN, word->where,
				"unknown list `%s`", word->text);
	for (size_t i = 0; found && i < library->n_lists; i++)
		tc_nearest_offer(&nearest, library->lists[i]->definition.name);
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	else
		tc_diagnostic_hint(found, "for one value write `(%s)`", word->text);
	return -EINVAL;
}

/* The set behind in, intersects, pmatch: a list in parentheses, or a list's name. */
static int gather_set(struct tc_compiler *compiler, const struct tc_term *operand,
		      struct tc_words *words)
{
	struct expansion expansion = {.compiler = compiler, .words = words};
	struct tc_list *list;
	int r;

	if (operand->kind == TC_TERM_LIST)
		return add_terms(compiler, operand, words);
	list = list_of(compiler->library, operand, UINT32_MAX);
	if (!list)
		return report_unknown_list(compiler, operand);
	r = add_list(&expansion, list, operand);
	tc_map_done(&expansion.seen);
	return r;
}

/* The one value behind other operators. The name of a list with one item stands for it. */
static int gather_one(struct tc_compiler *compiler, const struct tc_term *operand,
		      struct tc_words *words)
{
	struct tc_list *list = list_of(compiler->library, operand, UINT32_MAX);
	struct expansion expansion = {.compiler = compiler, .words = words};
	struct tc_diagnostic *found;
	int r;

	if (!list)
		return tc_words_add(words, operand);
	r = add_list(&expansion, list, operand);
	tc_map_done(&expansion.seen);
	if (r || words->count == 1)
		return r;
	found = tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_LIST_MISUSED, operand->where,
				"`%s` is a list of %zu values", operand->text, words->count);
	tc_diagnostic_hint(found, "use `in (%s)`, or put quotes around the word", operand->text);
	return -EINVAL;
}

int tc_gather(struct tc_compiler *compiler, const struct tc_term *operand, bool set,
	      struct tc_words *words)
{
	return set ? gather_set(compiler, operand, words) : gather_one(compiler, operand, words);
}
