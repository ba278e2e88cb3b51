/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/config/load.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/config/expand.h"
#include "agent/config/keys.h"
#include "agent/config/outputs.h"
#include "agent/nearest.h"
#include "output/output.h"
#include "rules/language/source.h"

/* --- scalars --- */

static const char *copy(struct tc_config_load *load, const char *text)
{
	return tc_arena_copy(&load->config->arena, text, strlen(text));
}

static int tell_fault(struct tc_config_load *load, const struct tc_yaml *node,
		      const struct tc_config_fault *fault, struct tc_config_scalar *scalar)
{
	const struct tc_where where = {node, (uint32_t)fault->offset, (uint32_t)fault->length};
	bool elsewhere = fault->absent && load->purpose == TC_CONFIG_TO_EXAMINE;

	struct tc_diagnostic *found = tc_where_report(
		load->diagnostics,
		elsewhere ? TC_DIAGNOSTIC_CONFIG_ELSEWHERE : TC_DIAGNOSTIC_CONFIG_REFERENCE, where,
		"%s", fault->problem.bytes ? fault->problem.bytes : "");
	unsigned line, column;

	tc_source_position(node->source, node->start, &line, &column);
	/* Of a value of several lines it does not show whether it is a secret. */
	if (found && found->line != line) {
		free(found->snippet);
		found->snippet = NULL;
	}
	scalar->known = false;
	return elsewhere ? 0 : -EINVAL;
}

int tc_config_scalar_read(struct tc_config_load *load, const struct tc_yaml *node,
			  struct tc_config_scalar *ret_scalar)
{
	_cleanup_buffer_ struct tc_buffer text = {0};
	struct tc_config_scalar scalar = {.known = true};
	struct tc_config_fault fault = {0};
	int r = 0;

	scalar.text = copy(load, node->text);
	if (tc_config_has_references(node->text)) {
		scalar.shown = scalar.text;
		r = tc_config_expand(node->text, &text, &fault);
		if (r == -EINVAL)
			r = tell_fault(load, node, &fault, &scalar);
		else if (!r)
			scalar.text = tc_buffer_failed(&text) ? NULL : copy(load, text.bytes);
		tc_buffer_done(&fault.problem);
	}
	if (!r && !scalar.text)
		r = -ENOMEM;
	if (!r)
		*ret_scalar = scalar;
	return r;
}

struct tc_config_origin tc_config_origin_of(struct tc_config_load *load, const struct tc_yaml *node)
{
	unsigned line, column;

	tc_source_position(node->source, node->start, &line, &column);
	return (struct tc_config_origin){copy(load, node->source->path), line};
}

/* --- values of keys --- */

static void tell_type(struct tc_config_load *load, const struct tc_config_key *key,
		      const struct tc_yaml *node)
{
	_cleanup_buffer_ struct tc_buffer wanted = {0};

	tc_config_wanted(key, &wanted);
	tc_where_report(load->diagnostics, TC_DIAGNOSTIC_KEY_TYPE, tc_yaml_where(node),
			"`%s` takes %s", key->path, tc_buffer_failed(&wanted) ? "" : wanted.bytes);
}

/* The agent's working directory is nobody's choice. */
static bool is_absolute(struct tc_config_load *load, const struct tc_config_key *key,
			const struct tc_yaml *node, const struct tc_config_scalar *scalar)
{
	if (*scalar->text == '/' || !scalar->known)
		return true;
	tc_where_report(load->diagnostics, TC_DIAGNOSTIC_CONFIG_VALUE, tc_yaml_where(node),
			"`%s`: a path in a configuration is absolute", key->path);
	return false;
}

static int read_scalar(struct tc_config_load *load, const struct tc_config_key *key,
		       const struct tc_yaml *node)
{
	_cleanup_buffer_ struct tc_buffer problem = {0};
	struct tc_config_scalar scalar;
	int r;

	if (node->kind != TC_YAML_SCALAR || !node->length) {
		tell_type(load, key, node);
		return 0;
	}
	r = tc_config_scalar_read(load, node, &scalar);
	if (r)
		return r == -EINVAL ? 0 : r;
	if (key->type == TC_CONFIG_TYPE_PATH && !is_absolute(load, key, node, &scalar))
		return 0;
	load->config->shown[key->id] = scalar.shown;
	if (scalar.known &&
	    tc_config_value_read(key, scalar.text, tc_config_member(load->config, key), &problem))
		tc_where_report(load->diagnostics, TC_DIAGNOSTIC_CONFIG_VALUE, tc_yaml_where(node),
				"`%s`: %s", key->path, problem.bytes ? problem.bytes : "");
	return 0;
}

static int add_path(struct tc_config_load *load, const struct tc_config_key *key,
		    const struct tc_yaml *node)
{
	struct tc_config_scalar scalar;
	int r = 0;

	if (node->kind == TC_YAML_SCALAR && node->length)
		r = tc_config_scalar_read(load, node, &scalar);
	else
		tell_type(load, key, node);
	if (r || node->kind != TC_YAML_SCALAR || !node->length ||
	    !is_absolute(load, key, node, &scalar))
		return r == -EINVAL ? 0 : r;
	return tc_strings_add(tc_config_member(load->config, key), scalar.text);
}

static int read_paths(struct tc_config_load *load, const struct tc_config_key *key,
		      const struct tc_yaml *node)
{
	struct tc_strings *paths = tc_config_member(load->config, key);
	int r = 0;

	paths->count = 0;
	if (node->kind != TC_YAML_SEQUENCE)
		return add_path(load, key, node);
	if (!node->first)
		tell_type(load, key, node);
	for (const struct tc_yaml *item = node->first; item && !r; item = item->next)
		r = add_path(load, key, item);
	return r;
}

static int read_key(struct tc_config_load *load, const struct tc_config_key *key,
		    const struct tc_yaml *name)
{
	const struct tc_yaml *value = name->next;

	load->config->origins[key->id] = tc_config_origin_of(load, name);
	if (!load->config->origins[key->id].name)
		return -ENOMEM;
	switch (key->type) {
	case TC_CONFIG_TYPE_PATHS:
		return read_paths(load, key, value);
	case TC_CONFIG_TYPE_OUTPUTS:
		return tc_config_outputs_read(load, value);
	default:
		return read_scalar(load, key, value);
	}
}

/* --- the tree --- */

/* Whether keys stand below a path. */
static bool is_section(const char *path)
{
	size_t length = strlen(path);

	for (unsigned id = 0; id < TC_CONFIG_MAX; id++) {
		const char *other = tc_config_key(id)->path;

		if (strncmp(other, path, length) == 0 && other[length] == '.')
			return true;
	}
	return false;
}

/* The name behind a section's path, up to the next dot; NULL when the key is not in the section. */
static char *name_below(const char *section, const char *path)
{
	size_t length = strlen(section);

	if (strncmp(path, section, length) != 0 || (length && path[length] != '.'))
		return NULL;
	path += length + (length > 0);
	return strndup(path, strcspn(path, "."));
}

/* The key that was meant: of this section, or one of that name in another. */
static void hint_at_key(struct tc_diagnostic *found, const char *section, const char *word)
{
	struct tc_nearest nearest = {.word = word, .length = strlen(word)};
	char *names[TC_CONFIG_MAX];

	for (unsigned id = 0; id < TC_CONFIG_MAX; id++) {
		names[id] = name_below(section, tc_config_key(id)->path);
		if (names[id])
			tc_nearest_offer(&nearest, names[id]);
	}
	if (nearest.best)
		tc_diagnostic_hint(found, "did you mean `%s`?", nearest.best);
	for (unsigned id = 0; id < TC_CONFIG_MAX; id++) {
		const char *path = tc_config_key(id)->path, *dot = strrchr(path, '.');

		if (!nearest.best && dot && strcmp(dot + 1, word) == 0)
			tc_diagnostic_hint(found, "it stands under `%.*s:`", (int)(dot - path),
					   path);
		free(names[id]);
	}
}

static int read_section(struct tc_config_load *load, const char *section,
			const struct tc_yaml *mapping);

static int read_entry(struct tc_config_load *load, const char *section, const struct tc_yaml *name)
{
	const struct tc_yaml *value = name->next;
	const struct tc_config_key *key;
	char path[128];

	snprintf(path, sizeof(path), "%s%s%s", section, *section ? "." : "", name->text);
	key = strchr(name->text, '.') ? NULL : tc_config_key_find(path);
	if (key)
		return read_key(load, key, name);
	if (!is_section(path) || strchr(name->text, '.')) {
		hint_at_key(tc_where_report(load->diagnostics, TC_DIAGNOSTIC_KEY_UNKNOWN,
					    tc_yaml_where(name), "unknown key `%s`%s%s%s",
					    name->text, *section ? " in `" : "", section,
					    *section ? "`" : ""),
			    section, name->text);
		return 0;
	}
	/* All that stands in it may be a comment. */
	if (value->kind == TC_YAML_SCALAR && !value->length && value->style == TC_YAML_PLAIN)
		return 0;
	if (value->kind == TC_YAML_MAPPING)
		return read_section(load, path, value);
	tc_where_report(load->diagnostics, TC_DIAGNOSTIC_KEY_TYPE, tc_yaml_where(value),
			"`%s` takes a mapping", path);
	return 0;
}

static int read_section(struct tc_config_load *load, const char *section,
			const struct tc_yaml *mapping)
{
	int r = 0;

	for (const struct tc_yaml *name = mapping->first; name && !r; name = name->next->next)
		if (name->kind == TC_YAML_SCALAR)
			r = read_entry(load, section, name);
	return r;
}

/*
 * A line with a secret in it must not be shown, also where it is not well-formed: what stands
 * behind a word that names secrets is left out.
 */
static void hide_secret(struct tc_diagnostic *found)
{
	char *line = found->snippet;

	for (char *colon = line; (colon = strchr(colon, ':')); colon++) {
		bool is_secret;

		*colon = '\0';
		is_secret = tc_output_key_is_secret(line);
		if (is_secret && asprintf(&found->snippet, "%s: ***", line) < 0)
			found->snippet = NULL;
		*colon = ':';
		if (is_secret) {
			free(line);
			return;
		}
	}
}

/* all: of a file that is not well-formed nobody knows which lines belong to a secret. */
static void hide_secrets(struct tc_diagnostics *diagnostics, size_t first, bool all)
{
	for (size_t i = first; i < diagnostics->count; i++) {
		struct tc_diagnostic *found = &diagnostics->items[i];

		if (all) {
			free(found->snippet);
			found->snippet = NULL;
		} else if (found->snippet) {
			hide_secret(found);
		}
	}
}

static int read_source(struct tc_config_load *load, const struct tc_source *source)
{
	struct tc_diagnostics *diagnostics = load->diagnostics;
	size_t before = diagnostics->count;
	struct tc_arena trees = {0};
	struct tc_yaml *documents;
	int r = tc_yaml_read(source, &trees, diagnostics, &documents);
	const struct tc_yaml *document = r ? NULL : documents->first;
	bool well_formed = r == 0;

	/* A file of comments has none. */
	if (document && (document->next || document->kind != TC_YAML_MAPPING))
		tc_where_report(diagnostics, TC_DIAGNOSTIC_CONFIG_SHAPE,
				tc_yaml_where(document->next ? document->next : document),
				"a configuration is one mapping, such as `journal:`");
	else if (document)
		r = read_section(load, "", document);
	tc_arena_done(&trees);
	hide_secrets(diagnostics, before, !well_formed);
	return r == -EINVAL ? 0 : r;
}

/* --- what is a configuration --- */

static bool has_name(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	static const char parent[] = TC_CONFIG_DROP_INS "/";
	size_t length = strlen(parent);

	if (strcmp(name, "tocsin.yaml") == 0)
		return true;
	return (size_t)(name - path) >= length && strncmp(name - length, parent, length) == 0 &&
	       ((size_t)(name - path) == length || name[-(ptrdiff_t)length - 1] == '/');
}

static bool has_content(const struct tc_yaml *document)
{
	bool content = false;

	if (tc_yaml_get(document, "detection") || tc_yaml_get(document, "tests"))
		return false;
	for (const struct tc_yaml *key = document->first; key && !content; key = key->next->next)
		content = key->kind == TC_YAML_SCALAR && !strchr(key->text, '.') &&
			  (tc_config_key_find(key->text) || is_section(key->text));
	return content;
}

bool tc_config_recognise(const char *path)
{
	struct tc_diagnostics ignored = {0};
	struct tc_sources sources = {0};
	struct tc_arena trees = {0};
	struct tc_yaml *documents;
	struct stat info;
	bool yes = stat(path, &info) == 0 && S_ISREG(info.st_mode);

	if (!yes || has_name(path))
		return yes;
	yes = tc_sources_read(&sources, path, &ignored) == 0 && sources.count == 1 &&
	      tc_yaml_read(sources.items[0], &trees, &ignored, &documents) != -ENOMEM &&
	      documents->first && documents->first->kind == TC_YAML_MAPPING &&
	      has_content(documents->first);
	tc_arena_done(&trees);
	tc_sources_done(&sources);
	tc_diagnostics_done(&ignored);
	return yes;
}

/* --- all of it --- */

/* Drop-ins beside a path, in heap memory. */
static char *drop_ins_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *drop_ins;

	if (asprintf(&drop_ins, "%.*s" TC_CONFIG_DROP_INS, slash ? (int)(slash - path) + 1 : 0,
		     path) < 0)
		return NULL;
	return drop_ins;
}

static int read_sources(struct tc_sources *sources, const struct tc_config_given *given,
			struct tc_diagnostics *diagnostics)
{
	const char *path = given->path ? given->path : TC_CONFIG_DEFAULT_PATH;
	char *drop_ins = drop_ins_of(path);
	int r = drop_ins ? 0 : -ENOMEM;

	if (!r)
		r = given->path ? tc_sources_read(sources, path, diagnostics)
				: tc_sources_read_optional(sources, path, diagnostics);
	if (!r)
		r = tc_sources_read_optional(sources, drop_ins, diagnostics);
	free(drop_ins);
	return r;
}

static int set_defaults(struct tc_config *config)
{
	_cleanup_buffer_ struct tc_buffer problem = {0};
	int r = 0;

	for (unsigned id = 0; id < TC_CONFIG_MAX && !r; id++) {
		const struct tc_config_key *key = tc_config_key(id);

		if (key->preset && key->type == TC_CONFIG_TYPE_PATHS)
			r = tc_strings_add(tc_config_member(config, key), key->preset);
		else if (key->preset)
			tc_config_value_read(key, key->preset, tc_config_member(config, key),
					     &problem);
	}
	return r;
}

static int set_option(struct tc_config *config, const struct tc_config_given *given,
		      const struct tc_config_option *option)
{
	const struct tc_config_key *key = tc_config_key(option->id);
	const struct tc_strings *texts = &given->keys[option->id].texts;
	const char *text =
		given->keys[option->id].flag ? option->word : given->keys[option->id].text;
	_cleanup_buffer_ struct tc_buffer problem = {0}, name = {0};
	bool several = key->type == TC_CONFIG_TYPE_PATHS || key->type == TC_CONFIG_TYPE_OUTPUTS;
	int r = 0;

	if (several ? !texts->count : !text)
		return 0;
	tc_buffer_printf(&name, "--%s", option->name);
	config->origins[key->id] = (struct tc_config_origin){
		.name = tc_arena_copy(&config->arena, name.bytes ? name.bytes : "", name.length)};
	config->shown[key->id] = NULL;
	if (!config->origins[key->id].name)
		return -ENOMEM;
	if (!several)
		return tc_config_value_read(key, text, tc_config_member(config, key), &problem);
	if (key->type == TC_CONFIG_TYPE_PATHS)
		((struct tc_strings *)tc_config_member(config, key))->count = 0;
	else
		config->outputs.count = 0;
	for (size_t i = 0; i < texts->count && !r; i++)
		r = key->type == TC_CONFIG_TYPE_PATHS
			    ? tc_strings_add(tc_config_member(config, key), texts->items[i])
			    : tc_config_outputs_add_spec(config, texts->items[i],
							 config->origins[key->id].name);
	return r;
}

int tc_config_load(const struct tc_config_given *given, enum tc_config_purpose purpose,
		   struct tc_diagnostics *diagnostics, struct tc_config **ret_config)
{
	_cleanup_config_ struct tc_config *config = calloc(1, sizeof(*config));
	struct tc_config_load load = {config, purpose, diagnostics};
	size_t errors = diagnostics->errors;
	struct tc_sources sources = {0};
	int r = config ? set_defaults(config) : -ENOMEM;

	if (!r)
		r = read_sources(&sources, given, diagnostics);
	for (size_t i = 0; i < sources.count && !r; i++)
		r = read_source(&load, sources.items[i]);
	tc_sources_done(&sources);
	for (unsigned id = 0; id < TC_CONFIG_MAX && !r; id++)
		if (tc_config_option(id))
			r = set_option(config, given, tc_config_option(id));
	if (!r && diagnostics->errors != errors)
		r = -EINVAL;
	if (r)
		return r;
	*ret_config = config;
	config = NULL;
	return 0;
}

void tc_config_free(struct tc_config *config)
{
	if (!config)
		return;
	free(config->rules.items);
	free(config->outputs.items);
	tc_arena_done(&config->arena);
	free(config);
}
