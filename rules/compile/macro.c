/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/compile/macro.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/nearest.h"

enum macro_state { MACRO_NEW, MACRO_BUSY, MACRO_DONE, MACRO_FAILED };

struct tc_compiled_macro {
	enum macro_state state;
	uint32_t node;
	const struct tc_ast *tree; /* NULL: trees do not stay */
	size_t first, last; /* its findings in compiler->pending, those of macros within too */
	size_t errors;	    /* how many there were, those that were not kept too */
	bool told;
	uint32_t *names; /* macros that it names, n_names of them */
	size_t n_names;
};

int tc_macros_init(struct tc_compiler *compiler)
{
	size_t n = compiler->library->n_macros;

	compiler->n_macros = n;
	compiler->macros = calloc(n + 1, sizeof(*compiler->macros));
	compiler->reached = calloc(n + 1, sizeof(*compiler->reached));
	compiler->is_reached = calloc(n + 1, sizeof(*compiler->is_reached));
	return compiler->macros && compiler->reached && compiler->is_reached ? 0 : -ENOMEM;
}

void tc_macros_done(struct tc_compiler *compiler)
{
	for (size_t i = 0; compiler->macros && i < compiler->n_macros; i++)
		free(compiler->macros[i].names);
	free(compiler->macros);
	free(compiler->reached);
	free(compiler->is_reached);
	tc_diagnostics_done(&compiler->pending);
}

static int compile_macro(struct tc_compiler *compiler, size_t number)
{
	const struct tc_macro *macro = compiler->library->macros[number];
	struct tc_compiled_macro *compiled = &compiler->macros[number];
	uint32_t visibility = compiler->visibility;
	struct tc_compiled_macro *outer = compiler->open;
	int r;

	if (compiled->state != MACRO_NEW)
		return 0;
	if (macro->definition.faulty || !macro->condition.n_pieces) {
		compiled->state = MACRO_FAILED;
		return 0;
	}
	compiled->state = MACRO_BUSY;
	compiled->first = compiler->pending.count;
	compiled->errors = compiler->pending.errors;
	compiler->visibility = macro->definition.visibility;
	compiler->open = compiled;
	r = tc_compile_text(compiler, &macro->condition, &compiled->node, &compiled->tree);
	compiler->open = outer;
	compiler->visibility = visibility;
	compiled->last = compiler->pending.count;
	compiled->errors = compiler->pending.errors - compiled->errors;
	compiled->state = r ? MACRO_FAILED : MACRO_DONE;
	return r == -ENOMEM ? r : 0;
}

int tc_compile_macros(struct tc_compiler *compiler)
{
	struct tc_diagnostics *told = compiler->diagnostics;
	int r = 0;

	compiler->diagnostics = &compiler->pending;
	for (size_t i = 0; i < compiler->n_macros && !r; i++)
		r = compile_macro(compiler, i);
	compiler->diagnostics = told;
	return r;
}

static int report_unknown_macro(struct tc_compiler *compiler, const struct tc_ast *ast)
{
	const struct tc_library *library = compiler->library;
	struct tc_nearest nearest = {.word = ast->name, .length = strlen(ast->name)};
	struct tc_diagnostic *found;

	/* It may be in the part of a file that could not be read. */
	if (library->partial)
		return -EINVAL;
	found = tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_MACRO_UNKNOWN, ast->where,
				"unknown macro `%s`", ast->name);
	for (size_t i = 0; found && i < library->n_macros; i++)
		tc_nearest_offer(&nearest, library->macros[i]->definition.name);
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	else if (tc_library_list(library, ast->name, nearest.length))
		tc_diagnostic_hint(found, "`%s` is a list: write `field in (%s)`", ast->name,
				   ast->name);
	return -EINVAL;
}

static int report_cycle(struct tc_compiler *compiler, const struct tc_ast *ast)
{
	tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_MACRO_CYCLE, ast->where,
			"macro `%s` contains itself", ast->name);
	return -EINVAL;
}

static int report_later(struct tc_compiler *compiler, const struct tc_ast *ast,
			const struct tc_definition *definition)
{
	unsigned line, column;
	struct tc_diagnostic *found =
		tc_where_report(compiler->diagnostics, TC_DIAGNOSTIC_MACRO_UNKNOWN, ast->where,
				"macro `%s` is defined only later", ast->name);

	tc_source_position(definition->source, definition->where.node->start, &line, &column);
	tc_diagnostic_hint(found, "a macro sees those before it; move it up from %s:%u",
			   definition->source->path, line);
	return -EINVAL;
}

/* Remembers that the macro, or the rule, which is being compiled names one. */
static int add_name(struct tc_compiler *compiler, uint32_t number)
{
	struct tc_compiled_macro *open = compiler->open;
	uint32_t *names;

	if (!open) {
		if (!compiler->is_reached[number])
			compiler->reached[compiler->n_reached++] = number;
		compiler->is_reached[number] = true;
		return 0;
	}
	names = tc_compiler_room(open->names, open->n_names, sizeof(*names));
	if (!names)
		return -ENOMEM;
	open->names = names;
	names[open->n_names++] = number;
	return 0;
}

int tc_compile_name(struct tc_compiler *compiler, const struct tc_ast *ast, uint32_t *ret_node)
{
	struct tc_library *library = compiler->library;
	uint32_t number;
	int r;

	if (!tc_map_get(&library->macro_names, ast->name, strlen(ast->name), &number))
		return report_unknown_macro(compiler, ast);

	struct tc_definition *definition = &library->macros[number]->definition;
	struct tc_compiled_macro *compiled = &compiler->macros[number];
	definition->used = true;
	if (compiled->state == MACRO_BUSY)
		return report_cycle(compiler, ast);
	if (definition->index >= compiler->visibility)
		return report_later(compiler, ast, definition);
	r = add_name(compiler, number);
	if (!r)
		r = compile_macro(compiler, number);
	if (r)
		return r;
	if (compiled->state != MACRO_DONE)
		return -EINVAL; /* told with the macro */
	*ret_node = compiled->node;
	return 0;
}

const struct tc_ast *tc_compiler_macro(const struct tc_compiler *compiler, size_t number)
{
	return compiler->macros[number].tree;
}

void tc_macros_begin(struct tc_compiler *compiler)
{
	for (size_t i = 0; i < compiler->n_reached; i++)
		compiler->is_reached[compiler->reached[i]] = false;
	compiler->n_reached = 0;
}

/* Adds the macros within those that the rule names. */
static void reach_all(struct tc_compiler *compiler)
{
	for (size_t i = 0; i < compiler->n_reached; i++) {
		const struct tc_compiled_macro *macro = &compiler->macros[compiler->reached[i]];

		for (size_t j = 0; j < macro->n_names; j++)
			add_name(compiler, macro->names[j]);
	}
}

void tc_macros_count_faults(struct tc_compiler *compiler, struct tc_faults *faults)
{
	reach_all(compiler);
	for (size_t i = 0; i < compiler->n_reached; i++) {
		const struct tc_compiled_macro *macro = &compiler->macros[compiler->reached[i]];

		tc_faults_count(faults, &compiler->pending, macro->first, macro->last);
	}
}

/* Whether a finding means that the text is none of the language, whatever fields there are. */
static bool breaks_language(enum tc_diagnostic_kind kind)
{
	return kind == TC_DIAGNOSTIC_SYNTAX || kind == TC_DIAGNOSTIC_DEPTH ||
	       kind == TC_DIAGNOSTIC_MACRO_UNKNOWN || kind == TC_DIAGNOSTIC_MACRO_CYCLE ||
	       kind == TC_DIAGNOSTIC_OPERATOR_UNKNOWN || kind == TC_DIAGNOSTIC_VALUES;
}

/* Moves what was found in a macro to what is told; errors become warnings when lenient. */
static void tell(struct tc_compiler *compiler, struct tc_compiled_macro *macro, bool lenient)
{
	struct tc_diagnostics *pending = &compiler->pending;
	size_t lost = macro->errors;

	macro->told = true;
	for (size_t i = macro->first; i < macro->last; i++) {
		struct tc_diagnostic *found = &pending->items[i];

		lost -= lost && found->severity == TC_SEVERITY_ERROR;
		if (lenient && !breaks_language(found->kind))
			found->severity = TC_SEVERITY_WARNING;
		tc_diagnostics_take(compiler->diagnostics, found);
	}
	compiler->diagnostics->errors += lost;
}

void tc_macros_tell(struct tc_compiler *compiler)
{
	reach_all(compiler);
	for (size_t i = 0; i < compiler->n_reached; i++) {
		struct tc_compiled_macro *macro = &compiler->macros[compiler->reached[i]];

		if (!macro->told)
			tell(compiler, macro, false);
	}
}

void tc_macros_tell_unused(struct tc_compiler *compiler)
{
	/* The rule that uses one may be in the part of a file that could not be read. */
	bool lenient = !compiler->library->partial;

	for (size_t i = 0; i < compiler->n_macros; i++) {
		if (!compiler->macros[i].told)
			tell(compiler, &compiler->macros[i], lenient);
	}
}
