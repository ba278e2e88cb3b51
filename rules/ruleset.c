/* SPDX-License-Identifier: Apache-2.0 */
#include "rules/ruleset.h"

#include <endian.h>
#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rules/compile/compile.h"
#include "rules/compile/expression.h"
#include "rules/kernel/review.h"
#include "rules/language/library.h"
#include "rules/rate.h"
#include "rules/review.h"
#include "rules/template.h"
#include "rules/written.h"

/* What is needed while rules are made of files. */
struct loading {
	struct tc_sources sources;
	struct tc_library library;
	struct tc_compiler compiler;
	struct tc_review review;
	struct tc_diagnostics *diagnostics;
	struct tc_ruleset *set;
	struct tc_written *written; /* NULL: what was written is not kept */
	struct tc_arena trees;	    /* of rules, where there is no written */
	struct tc_enforcing *enforcing;
	size_t n_enforcing;
};

static const char *copy(struct loading *loading, const char *text, size_t length)
{
	return tc_arena_copy(&loading->set->arena, text, length);
}

static int copy_tags(struct loading *loading, const struct tc_rule_source *from,
		     struct tc_rule *rule)
{
	const char **tags =
		tc_arena_alloc(&loading->set->arena, (from->n_tags + 1) * sizeof(*tags));

	if (!tags)
		return -ENOMEM;
	for (size_t i = 0; i < from->n_tags; i++) {
		tags[i] = copy(loading, from->tags[i]->text, from->tags[i]->length);
		if (!tags[i])
			return -ENOMEM;
	}
	rule->tags = tags;
	rule->n_tags = from->n_tags;
	return 0;
}

static int fill_rule(struct loading *loading, const struct tc_rule_source *from, uint32_t node,
		     struct tc_rule *rule)
{
	const struct tc_definition *definition = &from->definition;

	rule->name = copy(loading, definition->name, strlen(definition->name));
	rule->description =
		copy(loading, from->description.buffer.bytes, from->description.buffer.length);
	rule->file = copy(loading, definition->source->path, strlen(definition->source->path));
	rule->source = "syscall";
	rule->priority = from->priority;
	rule->action = from->action;
	rule->error = from->error;
	rule->best_effort = from->best_effort;
	rule->kinds = loading->set->program.nodes[node].may_hold;
	tc_source_position(definition->source, definition->where.node->start, &rule->line,
			   &rule->column);
	return rule->name && rule->description && rule->file ? copy_tags(loading, from, rule)
							     : -ENOMEM;
}

/* Checks a rule; one that is whole and enabled is put into force. */
static int load_rule(struct loading *loading, const struct tc_rule_source *from)
{
	struct tc_ruleset *set = loading->set;
	struct tc_rule rule = {0};
	const struct tc_ast *tree;
	uint32_t node;
	int r, failed;

	if (from->skipped || from->definition.faulty || !from->condition.n_pieces ||
	    !from->output.n_pieces)
		return 0;
	r = tc_compile_rule(&loading->compiler, from, &node, &tree);
	if (r == -ENOMEM)
		return r;
	if (r == -ENOENT) {
		loading->library.skipped = true;
		return 0;
	}
	failed = tc_template_parse(&from->output, &set->arena, loading->diagnostics, &rule.output);
	if (failed != -ENOMEM && from->rate_limit) {
		int wrong = tc_rate_limit_read(from->rate_limit, &set->arena, loading->diagnostics,
					       &rule.limit);

		failed = wrong ? wrong : failed;
	}
	if (r || failed)
		return failed == -ENOMEM ? failed : 0;
	r = fill_rule(loading, from, node, &rule);
	if (r)
		return r;
	set->rules[set->n_rules] = rule;
	set->nodes[set->n_rules] = node;
	if (!from->enabled)
		return 0;
	if (loading->written)
		loading->written->rules[set->n_rules] = tree;
	if (from->action >= TC_ACTION_BLOCK)
		loading->enforcing[loading->n_enforcing++] =
			(struct tc_enforcing){set->n_rules, from, tree};
	r = tc_review_rule(&loading->review, set, from, set->n_rules, loading->diagnostics);
	set->n_rules++;
	set->kinds |= rule.kinds;
	return r;
}

static void warn_unused(struct loading *loading, const struct tc_definition *definition,
			const char *what)
{
	if (!definition->used)
		tc_where_report(loading->diagnostics, TC_DIAGNOSTIC_UNUSED, definition->where,
				"%s `%s` is not used", what, definition->name);
}

static int prepare_written(struct loading *loading)
{
	struct tc_written *written = loading->written;

	loading->compiler.trees = &written->trees;
	written->rules = calloc(loading->library.n_rules + 1, sizeof(*written->rules));
	written->macros = calloc(loading->library.n_macros + 1, sizeof(*written->macros));
	return written->rules && written->macros ? 0 : -ENOMEM;
}

/* What is written of rules is kept when somebody wants it, and to say which part of one cannot be
 * enforced. */
static int prepare_trees(struct loading *loading)
{
	const struct tc_library *library = &loading->library;

	loading->enforcing = calloc(library->n_rules + 1, sizeof(*loading->enforcing));
	if (!loading->enforcing)
		return -ENOMEM;
	if (loading->written)
		return prepare_written(loading);
	for (size_t i = 0; i < library->n_rules; i++)
		if (library->rules[i]->action >= TC_ACTION_BLOCK)
			loading->compiler.trees = &loading->trees;
	return 0;
}

/* Hands over what the rules were made of. */
static void keep_written(struct loading *loading)
{
	struct tc_written *written = loading->written;

	for (size_t i = 0; i < loading->library.n_macros && written->macros; i++)
		written->macros[i] = tc_compiler_macro(&loading->compiler, i);
	written->library = loading->library;
	written->library.diagnostics = NULL;
	written->sources = loading->sources;
	loading->library = (struct tc_library){0};
	loading->sources = (struct tc_sources){0};
}

static int load_rules(struct loading *loading)
{
	struct tc_library *library = &loading->library;
	struct tc_ruleset *set = loading->set;
	int r = tc_compiler_init(&loading->compiler, library, &set->program);

	set->rules = calloc(library->n_rules + 1, sizeof(*set->rules));
	set->nodes = calloc(library->n_rules + 1, sizeof(*set->nodes));
	if (r || !set->rules || !set->nodes)
		return -ENOMEM;
	if (prepare_trees(loading) < 0)
		return -ENOMEM;
	r = tc_compile_macros(&loading->compiler);
	for (size_t i = 0; i < library->n_rules && !r; i++)
		r = load_rule(loading, library->rules[i]);
	if (r)
		return r;
	r = tc_kernel_review(set, &loading->compiler, loading->enforcing, loading->n_enforcing,
			     loading->diagnostics);
	if (r)
		return r;
	tc_macros_tell_unused(&loading->compiler);
	if (loading->diagnostics->errors || library->skipped)
		return 0;
	for (size_t i = 0; i < library->n_macros; i++)
		warn_unused(loading, &library->macros[i]->definition, "macro");
	for (size_t i = 0; i < library->n_lists; i++)
		warn_unused(loading, &library->lists[i]->definition, "list");
	return 0;
}

static int list_files(struct loading *loading)
{
	struct tc_ruleset *set = loading->set;

	set->files = calloc(loading->sources.count + 1, sizeof(*set->files));
	if (!set->files)
		return -ENOMEM;
	for (size_t i = 0; i < loading->sources.count; i++) {
		const struct tc_source *source = loading->sources.items[i];

		set->files[i] = (struct tc_rule_file){
			.path = copy(loading, source->path, strlen(source->path)),
			.n_rules = source->n_rules,
			.n_macros = source->n_macros,
			.n_lists = source->n_lists};
		if (!set->files[i].path)
			return -ENOMEM;
	}
	set->n_files = loading->sources.count;
	return 0;
}

static int list_left_out(struct loading *loading)
{
	const struct tc_library *library = &loading->library;
	struct tc_ruleset *set = loading->set;

	set->left_out = calloc(library->n_left_out + 1, sizeof(*set->left_out));
	if (!set->left_out)
		return -ENOMEM;
	for (size_t i = 0; i < library->n_left_out; i++) {
		const struct tc_left_out *from = &library->left_out[i];
		const struct tc_source *source = from->name->source;
		struct tc_rule_left_out *left_out = &set->left_out[set->n_left_out++];
		unsigned column;

		left_out->name = copy(loading, from->name->text, from->name->length);
		left_out->reason = copy(loading, from->reason, strlen(from->reason));
		left_out->file = copy(loading, source->path, strlen(source->path));
		tc_source_position(source, from->name->start, &left_out->line, &column);
		if (!left_out->name || !left_out->reason || !left_out->file)
			return -ENOMEM;
	}
	return 0;
}

/* The hash that names the files' content. */
static int hash_sources(struct loading *loading)
{
	unsigned char digest[TC_RULESET_HASH_LENGTH / 2];
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL);

	for (size_t i = 0; i < loading->sources.count && good; i++) {
		const struct tc_source *source = loading->sources.items[i];
		uint64_t size = htobe64(source->length);

		good = EVP_DigestUpdate(context, &size, sizeof(size)) &&
		       EVP_DigestUpdate(context, source->text, source->length);
	}
	good = good && EVP_DigestFinal_ex(context, digest, NULL);
	EVP_MD_CTX_free(context);
	for (size_t i = 0; i < sizeof(digest) && good; i++)
		snprintf(loading->set->hash + 2 * i, 3, "%02x", digest[i]);
	return good ? 0 : -ENOMEM;
}

/* From sources to a set. */
static int load_sources(struct loading *loading)
{
	struct tc_ruleset *set = loading->set;
	int r = 0;

	loading->library.diagnostics = loading->diagnostics;
	for (size_t i = 0; i < loading->sources.count && !r; i++)
		r = tc_library_add(&loading->library, loading->sources.items[i]);
	if (!r)
		r = list_files(loading);
	if (!r)
		r = list_left_out(loading);
	if (!r)
		r = hash_sources(loading);
	if (!r)
		r = load_rules(loading);
	if (!r)
		r = tc_program_seal(&set->program);
	return r ? r : tc_dispatch_init(&set->dispatch, &set->program, set->nodes, set->n_rules);
}

/* Frees what is only needed for loading, and hands over the set. */
static int finish(struct loading *loading, int r, struct tc_ruleset **ret_set)
{
	if (loading->written)
		keep_written(loading);
	tc_review_done(&loading->review);
	free(loading->enforcing);
	tc_arena_done(&loading->trees);
	tc_compiler_done(&loading->compiler);
	tc_library_done(&loading->library);
	tc_sources_done(&loading->sources);
	if (!r && loading->diagnostics->failed)
		r = -ENOMEM;
	if (r)
		tc_ruleset_free(loading->set);
	else
		*ret_set = loading->set;
	return r;
}

/* Whether a path was given before. */
static bool is_repeated(const char *const *paths, size_t i)
{
	for (size_t before = 0; before < i; before++) {
		if (!strcmp(paths[before], paths[i]))
			return true;
	}
	return false;
}

static int examine(const char *const *paths, size_t n_paths, struct tc_diagnostics *diagnostics,
		   struct tc_written *written, struct tc_ruleset **ret_set)
{
	struct loading loading = {.diagnostics = diagnostics, .written = written};
	int r = 0;

	loading.set = calloc(1, sizeof(*loading.set));
	if (!loading.set)
		return -ENOMEM;
	size_t before = diagnostics->errors;
	for (size_t i = 0; i < n_paths && !r; i++) {
		if (!is_repeated(paths, i))
			r = tc_sources_read(&loading.sources, paths[i], diagnostics);
	}
	/* What a file that could not be read defines is not missing for sure. */
	loading.library.partial = diagnostics->errors != before;
	return finish(&loading, r ? r : load_sources(&loading), ret_set);
}

static int examine_bytes(const char *path, const char *bytes, size_t length,
			 struct tc_diagnostics *diagnostics, struct tc_written *written,
			 struct tc_ruleset **ret_set)
{
	struct loading loading = {.diagnostics = diagnostics, .written = written};
	int r;

	loading.set = calloc(1, sizeof(*loading.set));
	loading.sources.items = calloc(1, sizeof(*loading.sources.items));
	if (!loading.set || !loading.sources.items)
		return finish(&loading, -ENOMEM, ret_set);
	r = tc_source_from_bytes(path, bytes, length, &loading.sources.items[0]);
	if (r == -E2BIG) {
		tc_diagnostics_add(diagnostics, TC_DIAGNOSTIC_FILE_SIZE, path, "%zu bytes", length);
		r = 0;
	} else if (!r) {
		loading.sources.count = 1;
	}
	return finish(&loading, r ? r : load_sources(&loading), ret_set);
}

int tc_ruleset_examine(const char *const *paths, size_t n_paths, struct tc_diagnostics *diagnostics,
		       struct tc_ruleset **ret_set)
{
	return examine(paths, n_paths, diagnostics, NULL, ret_set);
}

int tc_ruleset_examine_bytes(const char *path, const char *bytes, size_t length,
			     struct tc_diagnostics *diagnostics, struct tc_ruleset **ret_set)
{
	return examine_bytes(path, bytes, length, diagnostics, NULL, ret_set);
}

/* Gives what was written if there is a set. */
static int give_written(int r, struct tc_written *written, struct tc_written **ret_written)
{
	if (r)
		tc_written_free(written);
	else
		*ret_written = written;
	return r;
}

int tc_ruleset_examine_written(const char *const *paths, size_t n_paths,
			       struct tc_diagnostics *diagnostics, struct tc_ruleset **ret_set,
			       struct tc_written **ret_written)
{
	struct tc_written *written = calloc(1, sizeof(*written));

	if (!written)
		return -ENOMEM;
	return give_written(examine(paths, n_paths, diagnostics, written, ret_set), written,
			    ret_written);
}

int tc_ruleset_examine_written_bytes(const char *path, const char *bytes, size_t length,
				     struct tc_diagnostics *diagnostics,
				     struct tc_ruleset **ret_set, struct tc_written **ret_written)
{
	struct tc_written *written = calloc(1, sizeof(*written));

	if (!written)
		return -ENOMEM;
	return give_written(examine_bytes(path, bytes, length, diagnostics, written, ret_set),
			    written, ret_written);
}

void tc_written_free(struct tc_written *written)
{
	if (!written)
		return;
	tc_library_done(&written->library);
	tc_sources_done(&written->sources);
	tc_arena_done(&written->trees);
	free(written->rules);
	free(written->macros);
	free(written);
}

int tc_ruleset_load(const char *const *paths, size_t n_paths, struct tc_diagnostics *diagnostics,
		    struct tc_ruleset **ret_set)
{
	size_t before = diagnostics->errors;
	struct tc_ruleset *set;
	int r = tc_ruleset_examine(paths, n_paths, diagnostics, &set);

	if (r)
		return r;
	if (diagnostics->errors != before) {
		tc_ruleset_free(set);
		return -EINVAL;
	}
	*ret_set = set;
	return 0;
}

void tc_ruleset_free(struct tc_ruleset *set)
{
	if (!set)
		return;
	tc_dispatch_done(&set->dispatch);
	tc_program_done(&set->program);
	tc_arena_done(&set->arena);
	free(set->rules);
	free(set->nodes);
	free(set->files);
	free(set->left_out);
	free(set);
}

int tc_rule_matching_parse(const char *word, enum tc_rule_matching *ret_matching)
{
	if (strcmp(word, "first") && strcmp(word, "all"))
		return -EINVAL;
	*ret_matching = strcmp(word, "all") ? TC_MATCHING_FIRST : TC_MATCHING_ALL;
	return 0;
}

void tc_ruleset_set_matching(struct tc_ruleset *set, enum tc_rule_matching matching)
{
	set->first_only = matching == TC_MATCHING_FIRST;
}

size_t tc_ruleset_count(const struct tc_ruleset *set)
{
	return set->n_rules;
}

const struct tc_rule *tc_ruleset_at(const struct tc_ruleset *set, size_t index)
{
	return index < set->n_rules ? &set->rules[index] : NULL;
}

const char *tc_ruleset_hash(const struct tc_ruleset *set)
{
	return set->hash;
}

uint64_t tc_ruleset_kinds(const struct tc_ruleset *set)
{
	return set->kinds;
}

/* Whether a field, or an expression (NULL: there is none), looks at the field of that name. */
static bool is_named(const struct tc_field *field, const struct tc_expression *expression,
		     const char *name)
{
	if (field && strcmp(field->name, name) == 0)
		return true;
	if (!expression)
		return false;
	for (uint32_t i = 0; i < expression->n_arguments; i++)
		if (is_named(expression->arguments[i].field, &expression->arguments[i], name))
			return true;
	return false;
}

bool tc_ruleset_names(const struct tc_ruleset *set, const char *field)
{
	for (size_t i = 0; i < set->program.n_inputs; i++)
		if (is_named(set->program.inputs[i].field, set->program.inputs[i].expression,
			     field))
			return true;
	for (size_t i = 0; i < set->n_rules; i++) {
		size_t n;
		const struct tc_template_field *fields =
			tc_template_fields(set->rules[i].output, &n);

		for (size_t j = 0; j < n; j++)
			if (is_named(fields[j].field, fields[j].expression, field))
				return true;
	}
	return false;
}

const struct tc_rule_file *tc_ruleset_files(const struct tc_ruleset *set, size_t *ret_count)
{
	*ret_count = set->n_files;
	return set->files;
}
