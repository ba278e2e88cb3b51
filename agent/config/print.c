/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration as a file: what is in force, and the default. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "agent/config/keys.h"
#include "output/output.h"

#define INDENT 2
/* The column where comments behind values begin, if there is room. */
#define COMMENT_COLUMN 40
#define WIDTH 100

/* --- sections --- */

static unsigned depth_of(const char *path)
{
	unsigned depth = 0;

	for (; *path; path++)
		depth += *path == '.';
	return depth;
}

static const char *name_of(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot ? dot + 1 : path;
}

/* Appends the names of the sections that a key stands in and the key before it did not. */
static void add_sections(struct tc_buffer *text, const char *before, const char *path)
{
	unsigned depth = 0;

	for (const char *dot = path; (dot = strchr(dot, '.')); dot++, depth++) {
		size_t length = (size_t)(dot - path) + 1;
		const char *start = dot;

		if (strncmp(before, path, length) == 0)
			continue;
		while (start > path && start[-1] != '.')
			start--;
		tc_buffer_printf(text, "%*s%.*s:\n", (int)(depth * INDENT), "", (int)(dot - start),
				 start);
	}
}

/* --- values --- */

static bool is_plain(const char *string)
{
	const char *c = string;

	if (!isalnum((unsigned char)*c) && *c != '/' && *c != '_' && *c != '.')
		return false;
	for (; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("/_.@:+-=|%", *c))
			return false;
	return c[-1] != ':';
}

/* Appends a string as a scalar of YAML. */
static void add_scalar(struct tc_buffer *text, const char *string)
{
	if (is_plain(string)) {
		tc_buffer_add_string(text, string);
		return;
	}
	tc_buffer_add_char(text, '"');
	for (; *string; string++) {
		unsigned char c = (unsigned char)*string;

		if (c == '"' || c == '\\')
			tc_buffer_printf(text, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			tc_buffer_printf(text, "\\x%02x", c);
		else
			tc_buffer_add_char(text, (char)c);
	}
	tc_buffer_add_char(text, '"');
}

static void add_origin(struct tc_buffer *text, size_t line_start,
		       const struct tc_config_origin *origin)
{
	size_t width = text->length - line_start;

	tc_buffer_printf(text, "%*s# ", (int)(width < COMMENT_COLUMN ? COMMENT_COLUMN - width : 1),
			 "");
	if (!origin->name)
		tc_buffer_add_string(text, "default");
	else if (origin->line)
		tc_buffer_printf(text, "%s:%u", origin->name, origin->line);
	else
		tc_buffer_add_string(text, origin->name);
	tc_buffer_add_char(text, '\n');
}

static void add_paths(struct tc_buffer *text, const struct tc_strings *paths, unsigned indent)
{
	for (size_t i = 0; i < paths->count; i++) {
		tc_buffer_printf(text, "%*s- ", (int)indent, "");
		add_scalar(text, paths->items[i]);
		tc_buffer_add_char(text, '\n');
	}
}

static void add_output(struct tc_buffer *text, const struct tc_config_output *output)
{
	size_t start = text->length;

	tc_buffer_printf(text, "%*s", INDENT, "");
	add_scalar(text, output->name);
	tc_buffer_add_char(text, ':');
	add_origin(text, start, &output->origin);
	tc_buffer_printf(text, "%*stype: %s\n", 2 * INDENT, "", output->type);
	for (size_t i = 0; i < output->n_settings; i++) {
		tc_buffer_printf(text, "%*s%s: ", 2 * INDENT, "", output->settings[i].key);
		add_scalar(text, output->settings[i].shown);
		tc_buffer_add_char(text, '\n');
	}
}

static void add_value(struct tc_buffer *text, const struct tc_config *config,
		      const struct tc_config_key *key)
{
	_cleanup_buffer_ struct tc_buffer value = {0};

	if (config->shown[key->id])
		tc_buffer_add_string(&value, config->shown[key->id]);
	else
		tc_config_value_print(key, tc_config_value(config, key), &value);
	tc_buffer_add_char(text, ' ');
	add_scalar(text, tc_buffer_failed(&value) ? "" : value.bytes);
}

/* A key that has no value cannot be written as one. */
static bool is_set(const struct tc_config *config, const struct tc_config_key *key)
{
	return key->preset || key->type == TC_CONFIG_TYPE_OUTPUTS || config->origins[key->id].name;
}

static void add_key(struct tc_buffer *text, const struct tc_config *config,
		    const struct tc_config_key *key)
{
	unsigned indent = depth_of(key->path) * INDENT;
	size_t start = text->length;

	tc_buffer_printf(text, "%*s%s%s:", (int)indent, "", is_set(config, key) ? "" : "# ",
			 name_of(key->path));
	if (is_set(config, key) && key->type != TC_CONFIG_TYPE_OUTPUTS &&
	    key->type != TC_CONFIG_TYPE_PATHS)
		add_value(text, config, key);
	add_origin(text, start, &config->origins[key->id]);
	if (key->type == TC_CONFIG_TYPE_PATHS)
		add_paths(text, tc_config_value(config, key), indent + INDENT);
	if (key->type != TC_CONFIG_TYPE_OUTPUTS)
		return;
	for (size_t i = 0; i < config->outputs.count; i++)
		add_output(text, &config->outputs.items[i]);
	if (!config->outputs.count)
		tc_buffer_printf(text, "%*sstdout: {}\n", INDENT, "");
}

void tc_config_print(const struct tc_config *config, struct tc_buffer *text)
{
	const char *before = "";

	for (unsigned id = 0; id < TC_CONFIG_MAX; id++) {
		const struct tc_config_key *key = tc_config_key(id);

		add_sections(text, before, key->path);
		add_key(text, config, key);
		before = key->path;
	}
}

/* --- the default file --- */

/* Appends text as comments of at most WIDTH columns. */
static void add_comment(struct tc_buffer *text, unsigned indent, const char *words)
{
	size_t column = WIDTH;
	bool first = true;

	while (*words) {
		size_t length = strcspn(words, " ");

		if (column + 1 + length > WIDTH) {
			tc_buffer_printf(text, "%s%*s#", first ? "" : "\n", (int)indent, "");
			column = indent + 1;
		}
		tc_buffer_printf(text, " %.*s", (int)length, words);
		column += 1 + length;
		words += length + strspn(words + length, " ");
		first = false;
	}
	tc_buffer_add_char(text, '\n');
}

static void add_default_key(struct tc_buffer *text, const struct tc_config_key *key)
{
	_cleanup_buffer_ struct tc_buffer words = {0};
	unsigned indent = depth_of(key->path) * INDENT;

	tc_config_describe(key, &words);
	add_comment(text, indent, tc_buffer_failed(&words) ? "" : words.bytes);
	if (key->type == TC_CONFIG_TYPE_OUTPUTS)
		tc_buffer_add_string(text, "# outputs:\n#   stdout: {}\n");
	else if (key->type == TC_CONFIG_TYPE_PATHS)
		tc_buffer_printf(text, "%*s# %s:\n%*s#   - %s\n", (int)indent, "",
				 name_of(key->path), (int)indent, "", key->preset);
	else
		tc_buffer_printf(text, "%*s# %s:%s%s\n", (int)indent, "", name_of(key->path),
				 key->preset ? " " : "", key->preset ? key->preset : "");
}

void tc_config_print_default(struct tc_buffer *text)
{
	const char *before = "";

	tc_buffer_add_string(
		text,
		"# SPDX-License-Identifier: Apache-2.0\n"
		"# The configuration of tocsin(8), see tocsin.yaml(5). What is in a comment "
		"is the default.\n"
		"# Files conf.d/*.yaml beside this one are read after it. `tocsin check FILE` "
		"looks for mistakes,\n"
		"# `tocsin run --print-config` shows what is in force, and why.\n");
	for (unsigned id = 0; id < TC_CONFIG_MAX; id++) {
		const struct tc_config_key *key = tc_config_key(id);

		tc_buffer_add_char(text, '\n');
		add_sections(text, before, key->path);
		add_default_key(text, key);
		before = key->path;
	}
}
